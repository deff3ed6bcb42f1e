//! Who waits for what, when nothing can happen any more.

use std::time::Duration;

use ghostlight::{Actor, ActorRef, Context, Handler, Message, ReplyPort};
use ghostlight_rt::Instant;
use ghostlight_testkit::{Explorer, World};

const SECOND: Duration = Duration::from_secs(1);
const NEVER: Instant = Instant::from_nanos(u64::MAX);

#[derive(Debug, Message)]
#[message(reply = u32)]
struct Price;

#[derive(Debug, Message)]
struct Buy;

/// Keeps who asks, and never answers.
#[derive(Actor)]
#[actor(handles(Price))]
struct Shop(Vec<ReplyPort<u32>>);

impl Handler<Price> for Shop {
    async fn handle(&mut self, _: Price, cx: &mut Context<'_, Self>) -> u32 {
        cx.sleep(SECOND).await;
        cx.defer(|port| self.0.push(port)).await
    }
}

#[derive(Actor)]
#[actor(handles(Buy))]
struct Customer(ActorRef<Shop>);

impl Handler<Buy> for Customer {
    async fn handle(&mut self, _: Buy, _: &mut Context<'_, Self>) {
        _ = self.0.ask(Price).deadline(NEVER).await;
    }
}

fn shop_and_customer(world: &World) -> (ActorRef<Shop>, ActorRef<Customer>) {
    let town = world.system("town");
    let shop = town.spawn(Shop(Vec::new()));
    let customer = town.spawn(Customer(shop.clone()));
    (shop, customer)
}

#[test]
fn whoever_waits_for_an_answer_that_never_comes_is_named_with_its_handler_and_whom_it_asked() {
    for seed in 0..20 {
        let world = World::seeded(seed).telling();
        let (_shop, customer) = shop_and_customer(&world);
        customer.try_tell(Buy).unwrap();
        customer.try_tell(Buy).unwrap();
        let waits = world.run_until_idle();
        let text = waits.to_string();
        assert_eq!(waits.all.len(), 1, "{text}");
        assert!(text.contains("Customer 1.1 handles Buy, and waits since 0ns"), "{text}");
        assert!(text.contains("it last sent Price to Shop 0.1"), "{text}");
        assert!(text.ends_with("; 1 messages wait for it"), "{text}");
    }
}

#[test]
fn nobody_is_named_where_all_is_done() {
    let world = World::seeded(1).telling();
    let (_shop, _customer) = shop_and_customer(&world);
    drop(world.runtime().spawn(async {}));
    assert_eq!(world.run_until_idle().all, []);
}

#[test]
fn a_task_that_waits_is_named_and_without_the_story_an_actor_whose_messages_wait_is_too() {
    let world = World::seeded(1);
    let (_shop, customer) = shop_and_customer(&world);
    drop(world.runtime().spawn_named(|| "sleeper".to_owned(), std::future::pending()));
    customer.try_tell(Buy).unwrap();
    customer.try_tell(Buy).unwrap();
    let waits = world.run_until_idle();
    let text = waits.to_string();
    assert!(text.contains("sleeper waits"), "{text}");
    let customer = waits.all.iter().find(|it| it.who.contains("Customer")).expect("it is named");
    assert_eq!((customer.queued, customer.handling), (1, None));
}

#[test]
fn a_test_that_would_wait_for_ever_says_whom_it_asked_and_who_waits_there() {
    let found = Explorer::seeds(1).find(|world| {
        let (shop, customer) = shop_and_customer(world);
        customer.try_tell(Buy).unwrap();
        world.block_on(async { shop.ask(Price).deadline(NEVER).await }).unwrap();
    });
    let message = found.expect_err("nobody answers").message;
    assert!(message.starts_with("everybody waits"), "{message}");
    assert!(message.contains("the test waits; it last sent Price to Shop 0.1"), "{message}");
    assert!(message.contains("Customer 1.1 handles Buy, and waits since"), "{message}");
    assert!(!message.contains("Shop 0.1 waits"), "{message}");
}

#[test]
fn a_handler_that_went_on_is_named_no_longer() {
    let world = World::seeded(1).telling();
    let (shop, _customer) = shop_and_customer(&world);
    drop(world.runtime().spawn(async move { drop(shop.ask(Price).within(10 * SECOND).await) }));
    world.advance(SECOND / 2);
    assert!(world.waits().to_string().contains("Shop 0.1 handles Price, and waits since"));
    world.advance(SECOND);
    let waits = world.waits();
    assert!(waits.all.iter().all(|it| !it.who.contains("Shop")), "{waits}");
}
