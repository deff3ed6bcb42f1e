//! A handler takes the context of another actor.

use ghostlight::prelude::*;

#[derive(Message)]
struct Ping;

#[derive(Actor)]
struct Other;

#[derive(Actor)]
#[actor(handles(Ping))]
struct Player;

impl Handler<Ping> for Player {
    async fn handle(&mut self, _: Ping, _: &mut Context<'_, Other>) {}
}

fn main() {}
