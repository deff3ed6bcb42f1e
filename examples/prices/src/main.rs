//! A feed is faster than the board that shows it. Old prices are worthless, so the board's mailbox
//! keeps the newest and drops the rest, and the feed never waits.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ghostlight::{DeadLetter, Observer, prelude::*};

const TICKS: u64 = 50_000;
const KEPT: u32 = 8;

#[derive(Message)]
struct Price {
    number: u64,
    cents: u64,
}

/// What the board shows: the number of the price, and how many were shown before.
#[derive(Message)]
#[message(reply = (u64, u64))]
struct Shown;

struct Board {
    last: u64,
    shown: u64,
}

impl Actor for Board {
    type Protocol = (Price, Shown);

    /// The mailbox belongs to the actor rather than to each place that spawns one.
    fn options() -> SpawnOptions {
        let latest = MailboxOptions::drop_oldest(Capacity::of::<KEPT>());
        SpawnOptions::default().name("board").mailbox(latest)
    }
}

impl Handler<Price> for Board {
    async fn handle(&mut self, price: Price, cx: &mut Context<'_, Self>) {
        // Painting takes its time.
        cx.sleep(Duration::from_millis(1)).await;
        assert!(self.last <= price.number, "prices are shown in order");
        self.last = price.number;
        self.shown += 1;
        if self.shown % 20 == 1 {
            println!("{:>8}: {}.{:02}", price.number, price.cents / 100, price.cents % 100);
        }
    }
}

impl ReadHandler<Shown> for Board {
    async fn read(&self, _: Shown, _: &ReadContext<'_, Self>) -> (u64, u64) {
        (self.last, self.shown)
    }
}

/// Counts the prices that nobody saw.
#[derive(Clone, Default)]
struct Missed(Arc<AtomicU64>);

impl Observer for Missed {
    fn dead_letter(&self, _: &DeadLetter) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let missed = Missed::default();
    let system = System::builder("market").observer(missed.clone()).build();
    let board = system.spawn(Board { last: 0, shown: 0 });

    for number in 1..=TICKS {
        let cents = 10_000 + number % 700;
        board.tell(Price { number, cents }).await?;
        if number % 500 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let (last, shown) = board.ask(Shown).await?;
    let missed = missed.0.load(Ordering::Relaxed);
    println!("{TICKS} prices, {shown} shown, {missed} dropped, the last one is number {last}");

    assert_eq!(last, TICKS, "the newest price is always shown");
    assert_eq!(shown + missed, TICKS, "each price was shown or dropped");
    assert!(missed > 0, "the board kept up, and this shows nothing");
    assert!(board.counters().conserves(), "a message was lost");
    Ok(())
}
