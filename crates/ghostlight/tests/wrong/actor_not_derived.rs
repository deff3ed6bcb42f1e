//! A plain struct is spawned.

use ghostlight::prelude::*;

struct Player;

fn main() {
    let system = System::new("game");
    system.spawn(Player);
}
