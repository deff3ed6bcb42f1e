//! A handler that may change the state takes the context of one that only reads.

use ghostlight::prelude::*;

#[derive(Message)]
struct Ping;

#[derive(Actor)]
#[actor(handles(Ping))]
struct Player;

impl Handler<Ping> for Player {
    async fn handle(&mut self, _: Ping, _: &ReadContext<'_, Self>) {}
}

fn main() {}
