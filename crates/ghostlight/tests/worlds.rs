//! `#[ghostlight::test]`, as a user writes it.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::time::Duration;

use ghostlight::{
    prelude::*,
    testkit::{Strategy, World},
};

#[derive(Message)]
#[message(reply = u32)]
struct Next;

#[derive(Actor)]
#[actor(handles(Next))]
struct Counter(u32);

impl Handler<Next> for Counter {
    async fn handle(&mut self, _: Next, cx: &mut Context<'_, Self>) -> u32 {
        cx.sleep(Duration::from_millis(1)).await;
        self.0 += 1;
        self.0
    }
}

/// Each number is given out once, whoever is first.
#[ghostlight::test(seeds = 50)]
async fn a_counter_gives_every_number_once(world: &World) {
    let counter = world.system("counting").spawn(Counter(0));
    let (one, other) = tokio::join!(counter.ask(Next), counter.ask(Next));
    assert_eq!(one.unwrap() + other.unwrap(), 3);
    assert_eq!(world.elapsed(), Duration::from_millis(2));
}

#[ghostlight::test(seeds = 3, strategy = Strategy::RoundRobin, once)]
fn a_test_need_not_be_async(world: &World) {
    let counter = world.system("counting").spawn(Counter(0));
    world.block_on(async { counter.ask(Next).await.unwrap() });
    world.advance(Duration::from_secs(1));
}

#[ghostlight::test(seeds = 2)]
#[should_panic(expected = "replay it")]
fn a_failing_test_says_how_to_run_it_again(world: &World) {
    assert_eq!(world.steps(), 1);
}
