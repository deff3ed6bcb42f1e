//! An actor lists a message and has no handler for it.

use ghostlight::prelude::*;

#[derive(Message)]
struct Ping;

#[derive(Actor)]
#[actor(handles(Ping))]
struct Player;

fn main() {
    let system = System::new("game");
    system.spawn(Player);
}
