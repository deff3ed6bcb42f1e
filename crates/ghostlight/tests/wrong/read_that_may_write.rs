//! A message is listed under `reads`, and its handler takes `&mut self`.

use ghostlight::prelude::*;

#[derive(Message)]
struct Ping;

#[derive(Actor)]
#[actor(reads(Ping))]
struct Player;

impl Handler<Ping> for Player {
    async fn handle(&mut self, _: Ping, _: &mut Context<'_, Self>) {}
}

fn main() {}
