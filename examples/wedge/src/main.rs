//! Two services with bounded queues. The shop asks the store for each order; the store tells the shop when
//! something runs low. As long as the shop has room for that, all is well; on a busy day it has none, and
//! then each waits for the other.
//!
//! First on plain channels, where nothing moves any more and nobody says why; then the same on actors.

mod actors;
mod channels;

use std::error::Error;

/// How many orders come at once.
const ORDERS: u32 = 100;
/// How many messages each service keeps waiting.
const ROOM: usize = 4;
/// What is left when the store begins to warn.
const LOW: u32 = 50;

// One thread, so that every day is the same busy day.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let done = channels::run().await;
    println!("channels: {done} of {ORDERS} orders, and nothing moves any more");
    if done == ORDERS {
        return Err("this day was not busy enough".into());
    }

    let day = actors::run().await?;
    println!("actors: {} of {ORDERS} orders", day.done);
    let Some(refusal) = day.refusal else { return Err("nobody waited for anybody".into()) };
    println!("the store was refused once: {refusal}");
    println!(
        "it wrote {} warnings down instead, and the shop has read them since",
        day.written_down
    );
    if day.done != ORDERS || day.warnings != LOW {
        return Err(format!("{} orders, {} warnings", day.done, day.warnings).into());
    }
    Ok(())
}
