//! What a world tells of a run.

use ghostlight::{Actor, ActorRef, Context, Failure, Handler, Message};
use ghostlight_testkit::World;

#[derive(Debug, Message)]
#[message(reply = u32)]
struct Price;

#[derive(Debug, Message)]
struct Buy;

#[derive(Debug, Message)]
struct Torn;

#[derive(Actor)]
#[actor(handles(Price, Torn))]
struct Shop;

#[derive(Actor)]
#[actor(handles(Buy))]
struct Client(ActorRef<Shop>);

impl Handler<Price> for Shop {
    async fn handle(&mut self, _: Price, _: &mut Context<'_, Self>) -> u32 {
        7
    }
}

impl Handler<Torn> for Shop {
    async fn handle(&mut self, _: Torn, cx: &mut Context<'_, Self>) {
        cx.fail::<()>(Failure::recoverable("torn page")).await;
    }
}

impl Handler<Buy> for Client {
    async fn handle(&mut self, _: Buy, _: &mut Context<'_, Self>) {
        if self.0.ask(Price).await.is_ok() {
            self.0.tell(Torn).await.unwrap();
        }
    }
}

fn run(world: &World) {
    let system = world.system("market");
    let shop = system.spawn(Shop);
    let client = system.spawn(Client(shop));
    client.try_tell(Buy).unwrap();
    client.try_tell(Buy).unwrap();
    world.settle();
}

#[test]
fn the_story_says_who_sent_what_to_whom_and_what_failed_in_order() {
    let world = World::seeded(5).telling();
    run(&world);
    let story = world.story().to_string();
    let mut rest = &*story;
    for expected in [
        "the test sends Buy to ",
        "Client",
        "handles Buy",
        "Client",
        "Shop",
        "Price",
        "sends Torn to ",
        "Shop",
        "handles Torn",
        "FAILS: torn page",
        "has ended: ",
    ] {
        let Some(at) = rest.find(expected) else { panic!("no `{expected}` in:\n{rest}\n{story}") };
        rest = &rest[at + expected.len()..];
    }
}

#[test]
fn telling_changes_nothing_about_the_run() {
    for seed in 0..200 {
        let (plain, telling) = (World::seeded(seed), World::seeded(seed).telling());
        run(&plain);
        run(&telling);
        assert_eq!((plain.hash(), plain.steps()), (telling.hash(), telling.steps()), "{seed}");
    }
}
