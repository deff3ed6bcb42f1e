//! What becomes of packets between systems.

use std::{collections::BTreeSet, time::Duration};

use ghostlight_testkit::{
    Explorer, Fate, Fault, LinkClosed, LinkEnd, LinkOptions, Plan, World, explore,
};

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Sends so many numbered packets, ten milliseconds apart.
async fn send(world: &World, end: &LinkEnd, n: u8) {
    for number in 0..n {
        end.send(&[number]).unwrap();
        world.runtime().sleep(10 * MILLI).await;
    }
}

/// The numbers that arrive before the pipe is closed.
async fn receive(mut end: LinkEnd) -> Vec<u8> {
    let mut got = Vec::new();
    while let Some(packet) = end.recv().await {
        got.extend(packet);
    }
    got
}

/// What arrives in Lima of so many packets from Paris.
fn arrived(world: &World, n: u8) -> Vec<u8> {
    let (paris, lima) = world.links().open("paris", "lima");
    world.block_on(async {
        let sending = async {
            send(world, &paris, n).await;
            drop(paris);
        };
        tokio::join!(sending, receive(lima)).1
    })
}

#[test]
fn packets_arrive_in_order_each_once_after_their_latency() {
    let world = World::seeded(1);
    world.links().set("paris", "lima", LinkOptions::default().latency(80 * MILLI));
    let (paris, mut lima) = world.links().open("paris", "lima");
    paris.send(b"hello").unwrap();
    assert_eq!(world.block_on(lima.recv()), Some(b"hello".to_vec()));
    assert_eq!(world.elapsed(), 80 * MILLI);
    assert_eq!(arrived(&world, 20), (0..20).collect::<Vec<_>>());
}

#[test]
fn jitter_keeps_the_order_unless_reordering_is_on() {
    let mut has_overtaken = false;
    for seed in 0..10 {
        let world = World::seeded(seed);
        let shaky = LinkOptions::default().jitter(SECOND);
        world.links().set_all(shaky);
        assert!(arrived(&world, 20).is_sorted());
        world.links().set_all(shaky.reordering());
        let got = arrived(&world, 20);
        has_overtaken |= !got.is_sorted();
        assert_eq!(got.into_iter().collect::<BTreeSet<_>>().len(), 20);
    }
    assert!(has_overtaken);
}

#[test]
fn loss_and_doubling_follow_from_the_seed_and_are_part_of_the_story() {
    let run = |seed| {
        let world = World::seeded(seed).telling();
        world.links().set_all(LinkOptions::default().loss(300).doubling(300));
        (arrived(&world, 100), world.hash(), world.story().to_string())
    };
    let (got, hash, story) = run(1);
    let distinct: BTreeSet<_> = got.iter().copied().collect();
    assert!((50..95).contains(&distinct.len()), "{got:?}");
    assert!(got.len() > distinct.len(), "{got:?}");
    assert_eq!(story.matches("from paris to lima is lost").count(), 100 - distinct.len());
    let n_doubled = story.matches("from paris to lima arrives twice").count();
    assert_eq!(n_doubled, got.len() - distinct.len());
    assert_eq!((&got, hash), (&run(1).0, run(1).1));
    assert_ne!((got, hash), (run(2).0, run(2).1));
}

#[test]
fn a_partition_cuts_one_way_or_both_until_it_is_healed() {
    let world = World::seeded(1);
    let links = world.links();
    let lost = || [("a", "b"), ("b", "a")].map(|(from, to)| links.packet(from, to) == Fate::Lose);
    let plan = Plan::default()
        .after(SECOND, Fault::partition_one_way("a", "b"))
        .after(2 * SECOND, Fault::partition("a", "b"))
        .after(3 * SECOND, Fault::heal("b", "a"));
    world.unleash(plan);
    let mut seen = vec![lost()];
    for _ in 0..3 {
        world.advance(SECOND);
        seen.push(lost());
    }
    assert_eq!(seen, [[false, false], [true, false], [true, true], [false, false]]);
    assert_ne!(links.packet("a", "c"), Fate::Lose);
}

#[test]
fn packets_are_delayed_lost_and_doubled_by_plan() {
    let link = || ("paris".to_owned(), "lima".to_owned());
    let ((from, to), (from2, to2)) = (link(), link());
    let world = World::seeded(1);
    world.unleash(Plan::default().after(SECOND, Fault::Delay { from, to, by: SECOND }));
    world.advance(2 * SECOND);
    assert_eq!(world.links().packet("paris", "lima"), Fate::Deliver { after: SECOND + MILLI });
    let lose = Fault::Lose { from: from2, to: to2, per_mille: 1000 };
    world.unleash(
        Plan::default().after(SECOND, lose).after(2 * SECOND, Fault::heal("paris", "lima")),
    );
    let (from, to) = link();
    let twice = Fault::Duplicate { from, to, per_mille: 1000 };
    world.unleash(Plan::default().after(3 * SECOND, twice));
    world.advance(SECOND);
    assert_eq!(arrived(&world, 5), []);
    world.advance(3 * SECOND);
    assert_eq!(arrived(&world, 3), [0, 0, 1, 1, 2, 2]);
}

#[test]
fn whoever_waits_at_a_pipe_hears_that_it_is_closed_but_not_before_what_is_on_its_way() {
    let world = World::seeded(1);
    let (paris, mut lima) = world.links().open("paris", "lima");
    paris.send(b"last words").unwrap();
    drop(paris);
    assert_eq!(lima.send(b"too late"), Err(LinkClosed));
    world.block_on(async {
        assert_eq!(lima.recv().await.unwrap(), b"last words");
        assert_eq!(lima.recv().await, None);
    });
}

#[test]
fn a_packet_that_overtakes_is_received_while_another_is_waited_for() {
    let world = World::seeded(1);
    let links = world.links();
    let (paris, mut lima) = links.open("paris", "lima");
    links.set_all(LinkOptions::default().latency(SECOND).reordering());
    paris.send(b"slow").unwrap();
    world.block_on(async {
        let faster = async {
            world.runtime().sleep(10 * MILLI).await;
            links.set_all(LinkOptions::default().reordering());
            paris.send(b"fast").unwrap();
        };
        let (first, ()) = tokio::join!(lima.recv(), faster);
        assert_eq!(first.unwrap(), b"fast");
    });
    assert_eq!(world.elapsed(), 11 * MILLI);
}

#[test]
fn every_seed_of_a_lossy_link_replays_and_a_failing_run_keeps_only_the_cut_that_matters() {
    explore(20, |world| {
        world.links().set_all(LinkOptions::default().jitter(5 * MILLI).loss(200).reordering());
        let plan = Plan::default().after(50 * MILLI, Fault::partition("paris", "lima"));
        world.unleash(plan.after(80 * MILLI, Fault::heal("paris", "lima")));
        assert!(arrived(world, 20).len() <= 17);
    });
    let found = Explorer::seeds(1).find(|world| {
        let plan = Plan::default().after(SECOND, Fault::WallClock { seconds: 1 });
        world.unleash(plan.after(SECOND / 10, Fault::partition("paris", "lima")));
        assert_eq!(arrived(world, 20).len(), 20, "packets are missing");
    });
    let found = found.expect_err("the link was cut");
    assert_eq!(found.smallest.without, [0].into(), "{found}");
}
