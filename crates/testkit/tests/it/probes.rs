//! Probes, and turns that are driven by hand.

use std::time::Duration;

use ghostlight::{Actor, Context, Handler, Message, Recipient, StopReason, Terminated};
use ghostlight_testkit::{Explorer, Probe, World};

const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Message, PartialEq)]
#[message(reply = u32)]
struct Price(&'static str);

#[derive(Debug, Message, PartialEq)]
struct Sold(u32);

#[derive(Debug, Message)]
struct Buy;

/// Asks a shop for a price, and tells a ledger.
#[derive(Actor)]
#[actor(handles(Buy))]
struct Client {
    shop: Recipient<Price>,
    ledger: Recipient<Sold>,
}

impl Handler<Buy> for Client {
    async fn handle(&mut self, _: Buy, cx: &mut Context<'_, Self>) {
        let price = self.shop.ask(Price("tea")).await;
        cx.sleep(SECOND).await;
        self.ledger.tell(Sold(price.unwrap_or(0))).await.unwrap();
    }
}

fn market(world: &World) -> (Probe, ghostlight::ActorRef<Client>) {
    let (system, probe) = (world.system("market"), world.probe());
    let (shop, ledger) = (probe.recipient(), probe.recipient());
    (probe, system.spawn(Client { shop, ledger }))
}

#[test]
fn a_probe_expects_answers_and_sees_that_nothing_else_comes() {
    let explored = Explorer::seeds(20).find(|world| {
        let (probe, client) = market(world);
        client.try_tell(Buy).unwrap();
        world.block_on(async {
            let asked = probe.expect::<Price>().within(SECOND).await;
            assert_eq!(asked.message, Price("tea"));
            asked.reply(7);
            probe.expect_nothing(SECOND / 2).await;
            assert_eq!(probe.expect::<Sold>().await.message, Sold(7));
            probe.expect_nothing(100 * SECOND).await;
        });
    });
    explored.expect("the client does as it should");
}

#[test]
fn an_answer_that_is_dropped_reaches_the_asker_as_none() {
    let world = World::seeded(1);
    let (probe, client) = market(&world);
    client.try_tell(Buy).unwrap();
    world.block_on(async {
        drop(probe.expect::<Price>().await);
        assert_eq!(probe.expect::<Sold>().await.message, Sold(0));
    });
    world.finish();
}

#[test]
fn a_probe_hears_of_an_end_that_it_watches() {
    let world = World::seeded(1);
    let (probe, client) = market(&world);
    probe.watch(&client);
    world.settle();
    client.stop();
    let end = world.block_on(async { probe.expect::<Terminated>().await });
    assert_eq!(end.message.id, client.id());
    assert!(matches!(end.message.why, StopReason::Stopped(_)), "{end:?}");
}

#[test]
#[should_panic(expected = "the probe expected Sold, and got Price")]
fn a_probe_that_gets_something_else_says_what_it_wanted_and_what_it_got() {
    let world = World::seeded(1);
    let (probe, client) = market(&world);
    client.try_tell(Buy).unwrap();
    world.block_on(async { probe.expect::<Sold>().await });
}

#[test]
#[should_panic(expected = "the probe expected Price within 3s, and got nothing")]
fn a_probe_that_gets_nothing_says_how_long_it_waited() {
    let world = World::seeded(1);
    let (probe, _client) = market(&world);
    world.block_on(async { probe.expect::<Price>().within(3 * SECOND).await });
}

#[test]
#[should_panic(expected = "the probe got Price, and expected nothing")]
fn a_probe_that_should_get_nothing_says_what_it_got() {
    let world = World::seeded(1);
    let (probe, client) = market(&world);
    client.try_tell(Buy).unwrap();
    world.block_on(probe.expect_nothing(SECOND));
}

#[test]
fn turns_can_be_driven_by_hand_one_message_each() {
    let world = World::seeded(1);
    let (probe, client) = market(&world);
    for _ in 0..2 {
        client.try_tell(Buy).unwrap();
    }
    assert!(!probe.has_mail());
    assert!(world.step());
    assert!(probe.has_mail());
    while world.step() {}
    assert_eq!(world.elapsed(), Duration::ZERO);
    assert_eq!(client.mailbox_len(), 1);
}
