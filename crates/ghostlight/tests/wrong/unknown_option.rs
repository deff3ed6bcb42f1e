//! Options that do not exist.

use ghostlight::prelude::*;

#[derive(Message)]
#[message(replies = u64)]
struct Count;

#[derive(Actor)]
#[actor(handle(Count))]
struct Counter;

#[derive(Message)]
#[message(wire = "bank/balance")]
struct Balance;

fn main() {}
