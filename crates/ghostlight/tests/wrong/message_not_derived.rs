//! A plain struct is sent.

use ghostlight::prelude::*;

struct Ping;

#[derive(Actor)]
#[actor(handles(Ping))]
struct Player;

impl Handler<Ping> for Player {
    async fn handle(&mut self, _: Ping, _: &mut Context<'_, Self>) {}
}

fn main() {}
