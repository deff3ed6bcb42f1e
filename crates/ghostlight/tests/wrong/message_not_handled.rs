//! A message is sent to an actor that has no handler for it.

use ghostlight::prelude::*;

#[derive(Message)]
struct Ping;

#[derive(Message)]
struct Pong;

#[derive(Message)]
struct Serve;

#[derive(Actor)]
#[actor(handles(Ping, Serve))]
struct Player;

impl Handler<Ping> for Player {
    async fn handle(&mut self, _: Ping, _: &mut Context<'_, Self>) {}
}

impl Handler<Serve> for Player {
    async fn handle(&mut self, _: Serve, _: &mut Context<'_, Self>) {}
}

fn main() {
    let system = System::new("game");
    let player = system.spawn(Player);
    system.block_on(async { player.tell(Pong).await }).unwrap();
}
