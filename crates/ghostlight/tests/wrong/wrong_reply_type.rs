//! A handler answers something else than the message says.

use ghostlight::prelude::*;

#[derive(Message)]
#[message(reply = u64)]
struct Count;

#[derive(Actor)]
#[actor(handles(Count))]
struct Counter(u64);

impl Handler<Count> for Counter {
    async fn handle(&mut self, _: Count, _: &mut Context<'_, Self>) -> String {
        self.0.to_string()
    }
}

fn main() {}
