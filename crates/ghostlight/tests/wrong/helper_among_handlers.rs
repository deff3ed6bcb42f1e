//! A helper stands in a `#[handlers]` block.

use ghostlight::prelude::*;

#[derive(Message)]
struct Ping;

struct Player(u32);

#[handlers]
impl Player {
    fn ping(&mut self, _: Ping) {
        self.raise();
    }

    fn raise(&mut self) {
        self.0 += 1;
    }
}

fn main() {}
