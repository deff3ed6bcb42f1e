//! Circles, and what is none.

use super::*;

const fn id(n: u32) -> ActorId {
    ActorId::from_parts(1, n, 1)
}

fn wait(from: u32, to: u32) -> Wait {
    Wait {
        from: id(from),
        to: id(to),
        what: WaitFor::Reply,
        message_type: "Get",
        is_read: false,
        serves: WaitId::NONE,
        lends: Lends::Nothing,
    }
}

/// The actors of a circle, in order.
fn actors(circle: &[Wait]) -> Vec<u32> {
    circle.iter().map(|it| it.from.slot()).collect()
}

#[test]
fn the_wait_that_closes_a_ring_is_refused_with_the_whole_ring_and_leaves_nothing() {
    for n in 1..50 {
        let mut graph = Graph::default();
        let ids: Vec<_> = (0..n - 1).map(|it| graph.begin(wait(it, it + 1)).unwrap()).collect();
        let circle = graph.begin(wait(n - 1, 0)).unwrap_err();
        assert_eq!(actors(&circle), (0..n).collect::<Vec<_>>());
        assert_eq!(graph.waits.len(), n as usize - 1);
        ids.into_iter().for_each(|it| graph.end(it));
        assert!(graph.waits.is_empty() && graph.of.is_empty());
        assert_eq!(graph.begin(wait(n - 1, 0)).is_ok(), n > 1, "what has ended closes nothing");
    }
}

#[test]
fn long_chains_diamonds_and_many_waits_of_one_are_no_circles() {
    let mut graph = Graph::default();
    for n in 0..10_000 {
        graph.begin(wait(n, n + 1)).unwrap();
        graph.begin(wait(n, n + 2)).unwrap();
    }
    assert!(graph.begin(wait(10_001, 5_000)).is_err());
    assert!(graph.begin(wait(20_000, 0)).is_ok());
}

#[test]
fn each_of_several_waits_of_one_counts_until_it_ends() {
    let mut graph = Graph::default();
    let [first, second] = [1, 2].map(|it| graph.begin(wait(0, it)).unwrap());
    assert!(graph.begin(wait(1, 0)).is_err() && graph.begin(wait(2, 0)).is_err());
    graph.end(first);
    assert!(graph.begin(wait(1, 0)).is_ok() && graph.begin(wait(2, 0)).is_err());
    graph.end(second);
    graph.end(second);
    assert!(graph.begin(wait(2, 0)).is_ok());
}

#[test]
fn what_was_passed_on_is_waited_for_where_it_went() {
    let mut graph = Graph::default();
    let asked = graph.begin(wait(0, 1)).unwrap();
    graph.redirect(asked, id(2), false).unwrap();
    assert!(graph.begin(wait(1, 0)).is_ok(), "it has nothing to do with that any more");
    assert_eq!(actors(&graph.begin(wait(2, 0)).unwrap_err()), [0, 2]);
    let waits = graph.begin(wait(3, 0)).unwrap();
    assert_eq!(actors(&graph.redirect(asked, id(3), false).unwrap_err()), [3, 0]);
    graph.end(waits);
    graph.redirect(WaitId(99), id(3), false).unwrap();
}

#[test]
fn whoever_lends_itself_to_the_call_chain_lets_in_what_comes_of_its_own_wait() {
    let mut graph = Graph::default();
    let lent = graph.begin(Wait { lends: Lends::CallChain, ..wait(0, 1) }).unwrap();
    let second = graph.begin(Wait { serves: lent, ..wait(1, 2) }).unwrap();
    let back = Wait { serves: second, ..wait(2, 0) };
    assert!(graph.begin(wait(2, 0)).is_err(), "of another call");
    assert!(graph.begin(Wait { what: WaitFor::Room, ..back }).is_err(), "no ask");
    assert!(graph.begin(Wait { what: WaitFor::End, ..back }).is_err(), "no message");
    let back = graph.begin(back).unwrap();
    let callers: Vec<_> = graph.callers(back).map(|it| it.1.from.slot()).collect();
    assert_eq!(callers, [2, 1, 0]);
    // The turn that was let in waits like any other.
    let inner = Wait { serves: back, ..wait(0, 2) };
    assert_eq!(actors(&graph.begin(inner).unwrap_err()), [2, 0]);
}

#[test]
fn whoever_lends_itself_to_all_lets_in_every_message_and_nothing_else() {
    let mut graph = Graph::default();
    graph.begin(Wait { lends: Lends::Everything, ..wait(0, 1) }).unwrap();
    for what in [WaitFor::Reply, WaitFor::Room] {
        let back = graph.begin(Wait { what, ..wait(1, 0) }).unwrap();
        graph.end(back);
    }
    assert!(graph.begin(Wait { what: WaitFor::End, ..wait(1, 0) }).is_err());
}

#[test]
fn one_that_begins_to_lend_itself_lets_in_what_waits_already_and_what_it_asks_itself() {
    let mut graph = Graph::default();
    graph.begin(wait(1, 0)).unwrap();
    for (lends, is_let_in) in
        [(Lends::Nothing, false), (Lends::CallChain, false), (Lends::Everything, true)]
    {
        assert_eq!(graph.begin(Wait { lends, ..wait(0, 1) }).is_ok(), is_let_in, "{lends:?}");
        let own = graph.begin(Wait { lends, ..wait(5, 5) });
        assert_eq!(own.is_ok(), lends != Lends::Nothing, "{lends:?}");
        own.into_iter().for_each(|it| graph.end(it));
    }
}

/// What any graph must answer, found the long way.
fn reaches(waits: &[(u32, u32)], from: u32, to: u32) -> bool {
    let mut reached = vec![from];
    let mut at = 0;
    while at < reached.len() {
        let ahead = waits.iter().filter(|it| it.0 == reached[at]).map(|it| it.1);
        let ahead: Vec<_> = ahead.filter(|it| !reached.contains(it)).collect();
        reached.extend(ahead);
        at += 1;
    }
    reached.contains(&to)
}

#[test]
fn a_million_random_steps_refuse_exactly_what_closes_a_circle() {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut graph = Graph::default();
    let mut standing: Vec<(WaitId, (u32, u32))> = Vec::new();
    for _ in 0..1_000_000 {
        if rng.u8(..) < 110 && !standing.is_empty() {
            let (id, _) = standing.swap_remove(rng.usize(..standing.len()));
            graph.end(id);
            continue;
        }
        let (from, to) = (rng.u32(..12), rng.u32(..12));
        let pairs: Vec<_> = standing.iter().map(|it| it.1).collect();
        match graph.begin(wait(from, to)) {
            Ok(id) => {
                assert!(!reaches(&pairs, to, from), "{from} to {to} among {pairs:?}");
                standing.push((id, (from, to)));
            }
            Err(circle) => {
                assert!(reaches(&pairs, to, from), "{from} to {to} among {pairs:?}");
                let ahead = circle.iter().cycle().skip(1);
                assert!(circle.iter().zip(ahead).all(|(it, next)| it.to == next.from));
                assert_eq!(circle.last(), Some(&wait(from, to)));
            }
        }
    }
}
