//! Lending in every order of small programs: turns within turns are nested, whoever is not let in is
//! handled afterwards in order, and every reply comes.

use std::collections::BTreeMap;

use ghostlight::Admit::{self, All, CallChain};
use ghostlight_testkit::World;

use crate::explored::{Act, Do, Event, Heard, How, Number, Played, Program, Script, Who, explore};

/// In which turn it was sent, and how.
struct Sent {
    within: Number,
    how: How,
}

/// Follows a run; knows nothing of how it is done.
#[derive(Default)]
struct Rules {
    sent: BTreeMap<Number, Sent>,
    /// What has not begun, by whom it is for, oldest first.
    waiting: BTreeMap<Who, Vec<Number>>,
    /// The turns that have begun and not ended, the innermost last.
    turns: BTreeMap<Who, Vec<Number>>,
    /// The ask for which a turn lends its actor now.
    lends: BTreeMap<Number, (Number, Admit)>,
    /// How many turns began inside others.
    n_inside: usize,
    heard: BTreeMap<Number, Heard>,
}

impl Rules {
    fn heeds(&mut self, event: &Event) {
        match *event {
            Event::Sends { within, to, number, how, .. } => {
                self.sent.insert(number, Sent { within, how });
                self.waiting.entry(to).or_default().push(number);
                if let How::Lend(admit) = how {
                    self.lends.insert(within, (number, admit));
                }
            }
            Event::Begins { who, number } => self.begins(who, number),
            Event::Ends { who, number } | Event::Breaks { who, number } => {
                let innermost = self.turns.get_mut(&who).and_then(Vec::pop);
                assert_eq!(innermost, Some(number), "the innermost ends first");
            }
            Event::Hears { number, ref what } => {
                let sender = self.sent[&number].within;
                self.lends.remove(&sender);
                self.heard.insert(number, what.clone());
                let is_innermost = self.turns.values().any(|it| it.last() == Some(&sender));
                assert!(sender == 0 || is_innermost, "what runs inside ends before a turn goes on");
            }
        }
    }

    /// It may begin: it is next, or comes of the call that it is let in by.
    fn begins(&mut self, who: Who, number: Number) {
        let waiting = self.waiting.get_mut(&who).expect("it was sent");
        let place =
            waiting.iter().position(|it| *it == number).expect("it was sent, and not begun");
        waiting.remove(place);
        let earlier = waiting[..place].to_vec();
        let outer = self.turns.get(&who).and_then(|it| it.last()).copied();
        match outer.map(|it| self.lends.get(&it).copied()) {
            None | Some(Some((_, All))) => {
                assert!(earlier.is_empty(), "{number} overtakes {earlier:?}");
            }
            Some(Some((ask, _))) => {
                assert!(self.comes_of(number, ask), "{number} is not of the call {ask}");
                let of_call: Vec<_> =
                    earlier.iter().filter(|it| self.comes_of(**it, ask)).collect();
                assert!(of_call.is_empty(), "{number} overtakes {of_call:?}");
            }
            Some(None) => panic!("{number} begins inside {outer:?}, which lends nothing"),
        }
        self.n_inside += usize::from(outer.is_some());
        self.turns.entry(who).or_default().push(number);
    }

    /// Whether `number` is asked in a turn for `call`, or in one for what such a turn asks.
    fn comes_of(&self, mut number: Number, call: Number) -> bool {
        while number != call {
            match self.sent.get(&number) {
                Some(it) if it.how != How::Tell => number = it.within,
                _ => return false,
            }
        }
        true
    }
}

/// Holds a run against the rules, and gives how many turns ran inside others, and how many replies came.
fn follow(world: &World, played: Played, kills: bool) -> (usize, usize) {
    let Played { events, system, hands } = played;
    let mut rules = Rules::default();
    events.iter().for_each(|it| rules.heeds(it));
    assert!(rules.turns.values().all(Vec::is_empty), "a turn waits for ever: {events:?}");
    assert!(system.waits().is_empty(), "{:?}", system.waits());
    let counters = system.counters();
    assert!(counters.conserves() && counters.queued == 0, "{counters}");
    let n_done = rules.heard.values().filter(|it| **it == Heard::Done).count();
    if !kills {
        assert!(rules.waiting.values().all(Vec::is_empty), "left over: {events:?}");
        assert_eq!(n_done, rules.sent.len(), "every reply comes: {events:?}");
        for (who, hand) in hands.iter().enumerate() {
            let asked = world.block_on(async { hand.ask(Do::NOTHING).queued().await });
            assert!(asked.is_ok(), "{who} lives on: {asked:?}");
        }
    }
    (rules.n_inside, n_done - rules.sent.values().filter(|it| it.how == How::Tell).count())
}

/// In every order the rules hold; so many turns can run inside others.
#[track_caller]
fn check(what: &str, program: &Program, inside: &[usize]) {
    let outcomes = explore(what, program, |world, it| follow(world, it, false).0);
    assert_eq!(outcomes, inside.iter().copied().collect(), "{what}: how many run inside others");
}

#[track_caller]
fn check_both(what: &str, program: &Program, inside: &[usize]) {
    check(what, program, inside);
    check(&format!("{what}, on callers"), &program.clone().on_callers(), inside);
}

fn nothing() -> Script {
    Vec::new()
}

/// Asks the first of them to ask the next, and so on.
fn along(whom: &[Who], last: Script) -> Script {
    match whom {
        [] => last,
        [first, rest @ ..] => vec![Act::Ask(*first, along(rest, last))],
    }
}

/// Lends the actor, and asks the first of them to ask the next, and so on.
fn lend(admit: Admit, whom: &[Who], last: Script) -> Script {
    vec![Act::Lend(admit, whom[0], along(&whom[1..], last))]
}

#[test]
fn a_call_that_comes_back_is_let_in_from_however_far() {
    for admit in [CallChain, All] {
        check_both("self", &Program::new(1, [(0, lend(admit, &[0], nothing()))]), &[1]);
        check_both("one between", &Program::new(2, [(0, lend(admit, &[1, 0], nothing()))]), &[1]);
        check_both(
            "two between",
            &Program::new(3, [(0, lend(admit, &[1, 2, 0], nothing()))]),
            &[1],
        );
        check(
            "three between",
            &Program::new(4, [(0, lend(admit, &[1, 2, 3, 0], nothing()))]),
            &[1],
        );
    }
}

#[test]
fn of_two_calls_at_once_each_is_let_in_by_its_own_turn_or_by_any() {
    let of = |admit| [0, 0].map(|who| (who, lend(admit, &[1, 0], nothing())));
    check_both("two calls", &Program::new(2, of(CallChain)), &[2]);
    // The second call begins inside the first, as soon as that waits.
    check_both("two calls, all let in", &Program::new(2, of(All)), &[3]);
}

#[test]
fn a_stranger_stays_queued_unless_all_are_let_in() {
    let stranger = |admit| {
        let tells = vec![Act::Tell(0, nothing())];
        Program::new(3, [(0, lend(admit, &[1, 0], nothing())), (2, tells)])
    };
    check_both("stranger", &stranger(CallChain), &[1]);
    check_both("stranger, all let in", &stranger(All), &[1, 2]);
}

#[test]
fn a_turn_that_was_let_in_lends_in_turn() {
    for admit in [CallChain, All] {
        let inner = lend(admit, &[2, 0], nothing());
        check("inside the inside", &Program::new(3, [(0, lend(admit, &[1, 0], inner))]), &[2]);
    }
}

#[test]
fn a_lender_that_is_killed_leaves_nobody_waiting() {
    for admit in [CallChain, All] {
        let first = [(0, lend(admit, &[1, 0], nothing())), (2, vec![Act::Kill(0)])];
        let program = Program::new(3, first);
        let outcomes = explore("killed", &program, |world, it| follow(world, it, true));
        assert!(outcomes.contains(&(0, 0)) && outcomes.contains(&(1, 2)), "{outcomes:?}");
    }
}

#[test]
fn a_lender_that_is_told_to_stop_leaves_nobody_waiting() {
    for admit in [CallChain, All] {
        let first = [(0, lend(admit, &[1, 0], nothing())), (2, vec![Act::Stop(0)])];
        let program = Program::new(3, first);
        let outcomes = explore("stopped", &program, |world, it| follow(world, it, true));
        assert!(outcomes.contains(&(0, 0)) && outcomes.contains(&(1, 2)), "{outcomes:?}");
    }
}
