//! A method in a `#[handlers]` block answers something else than the message says.

use ghostlight::prelude::*;

#[derive(Message)]
#[message(reply = u64)]
struct Count;

struct Counter(u64);

#[handlers]
impl Counter {
    fn count(&self, _: Count) -> String {
        self.0.to_string()
    }
}

fn main() {}
