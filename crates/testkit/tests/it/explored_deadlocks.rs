//! Deadlock refusal in every order of small programs: what closes a circle is refused, nothing else is,
//! and everybody goes on.

use std::collections::{BTreeMap, BTreeSet};

use ghostlight::Capacity;
use ghostlight_testkit::World;

use crate::explored::{Act, Do, Event, Heard, How, Number, Played, Program, Script, Who, explore};

const ONE: Capacity = Capacity::of::<1>();

/// What the events say about who waits for whom; knows nothing of how it is done.
#[derive(Default)]
struct Oracle {
    room: usize,
    /// What each has in its mailbox, or in line for it, oldest first.
    queues: BTreeMap<Who, Vec<Number>>,
    waits: BTreeMap<Number, (Who, Who, How)>,
    ended: BTreeSet<Number>,
    /// The waits that nobody can ever end, with how it was when they would have begun.
    hopeless: BTreeMap<Number, BTreeSet<(Who, Who)>>,
    n_refused: usize,
}

impl Oracle {
    fn heeds(&mut self, event: &Event) {
        match event {
            &Event::Sends { from, to, number, how, .. } => {
                if how != How::Join {
                    self.queues.entry(to).or_default().push(number);
                }
                let wait = (from, to, how);
                if self.holds_up(number, wait) && self.reaches(to, from) {
                    self.leave_queue(to, number);
                    let edges = self.edges().chain([(from, to)]).collect();
                    self.hopeless.insert(number, edges);
                } else {
                    self.waits.insert(number, wait);
                }
            }
            &Event::Begins { who, number } => self.leave_queue(who, number),
            &Event::Ends { number, .. } => _ = self.ended.insert(number),
            Event::Hears { number, what } => self.judge(*number, what),
            Event::Breaks { .. } => panic!("nobody is killed: {event:?}"),
        }
    }

    fn judge(&mut self, number: Number, what: &Heard) {
        self.waits.remove(&number);
        match (self.hopeless.get(&number), what) {
            (None, Heard::Done) => {}
            (Some(edges), Heard::Circle(circle)) => {
                self.n_refused += 1;
                assert!(circle.iter().all(|it| edges.contains(it)), "{circle:?} of {edges:?}");
                let next = circle.iter().cycle().skip(1);
                assert!(circle.iter().zip(next).all(|(one, next)| one.1 == next.0), "{circle:?}");
            }
            (None, what) => panic!("{number} closes no circle: {what:?}"),
            (Some(edges), what) => panic!("{number} closes a circle in {edges:?}: {what:?}"),
        }
    }

    /// Whether that wait is not over yet.
    fn holds_up(&self, number: Number, (_, to, how): (Who, Who, How)) -> bool {
        match how {
            How::Tell => {
                let place = self.queues[&to].iter().position(|it| *it == number);
                place.is_some_and(|it| self.room <= it)
            }
            How::Ask | How::Lend(_) | How::Join => !self.ended.contains(&number),
        }
    }

    fn edges(&self) -> impl Iterator<Item = (Who, Who)> {
        let open = self.waits.iter().filter(|(number, wait)| self.holds_up(**number, **wait));
        open.map(|it| (it.1.0, it.1.1))
    }

    fn reaches(&self, from: Who, to: Who) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                open.extend(self.edges().filter(|it| it.0 == next).map(|it| it.1));
            }
        }
        seen.contains(&to)
    }

    fn leave_queue(&mut self, who: Who, number: Number) {
        self.queues.entry(who).or_default().retain(|it| *it != number);
    }
}

fn sorted<'a>(numbers: impl IntoIterator<Item = &'a Number>) -> Vec<Number> {
    let mut numbers: Vec<_> = numbers.into_iter().copied().collect();
    numbers.sort_unstable();
    numbers
}

/// Holds a run against the oracle, and gives how many were refused.
fn judge(program: &Program, world: &World, played: Played) -> usize {
    let Played { events, system, hands } = played;
    let mut oracle = Oracle { room: program.room.get() as usize, ..Oracle::default() };
    events.iter().for_each(|it| oracle.heeds(it));

    let numbers =
        |of: fn(&Event) -> Option<Number>| events.iter().filter_map(of).collect::<Vec<_>>();
    let begun = numbers(|it| match it {
        Event::Begins { number, .. } => Some(*number),
        _ => None,
    });
    let sent = numbers(|it| match it {
        Event::Sends { number, how: How::Ask | How::Tell, .. } => Some(*number),
        _ => None,
    });
    let unrefused = sent.iter().filter(|it| !oracle.hopeless.contains_key(it));
    assert_eq!(sorted(&begun), sorted(unrefused), "each is handled once, unless it was refused");
    assert!(begun.iter().all(|it| oracle.ended.contains(it)), "a turn waits for ever: {events:?}");
    assert!(oracle.waits.is_empty(), "for ever: {:?}\n{events:?}", oracle.waits);

    assert!(system.waits().is_empty(), "{:?}", system.waits());
    let counters = system.counters();
    assert!(counters.conserves() && counters.queued == 0, "{counters}");
    assert_eq!(counters.handled, begun.len() as u64, "{counters}");
    for (who, hand) in hands.iter().enumerate() {
        let asked = world.block_on(async { hand.ask(Do::NOTHING).queued().await });
        assert!(asked.is_ok(), "{who} lives on: {asked:?}");
    }
    oracle.n_refused
}

/// In every order each wait is refused if it closes a circle, and only then; so many can be, in one run.
#[track_caller]
fn check(what: &str, program: &Program, expected: &[usize]) {
    let judge = |world: &World, played| judge(program, world, played);
    let refused = explore(what, program, judge);
    assert_eq!(refused, expected.iter().copied().collect(), "{what}: how many are refused");
}

/// The same where asks are handled by who asks, if that can be, and where they are not: for programs so
/// small that all of that can be run.
#[track_caller]
fn check_both(what: &str, program: &Program, expected: &[usize]) {
    check(what, program, expected);
    check(&format!("{what}, on callers"), &program.clone().on_callers(), expected);
}

fn nothing() -> Script {
    Vec::new()
}

/// Each asks the next, and the last the first, all at the same time.
fn ring(n: usize) -> Program {
    Program::new(n, (0..n).map(|it| (it, vec![Act::Ask((it + 1) % n, nothing())])))
}

/// The same, but each first tells itself to do so: others may be served in between.
fn late(program: Program) -> Program {
    let tells_itself = |(who, script)| (who, vec![Act::Tell(who, script)]);
    Program { first: program.first.into_iter().map(tells_itself).collect(), ..program }
}

/// Asks the first of them to ask the next, and so on.
fn along(whom: &[Who]) -> Script {
    match whom {
        [] => nothing(),
        [first, rest @ ..] => vec![Act::Ask(*first, along(rest))],
    }
}

#[test]
fn two_that_ask_each_other_at_the_same_time() {
    check_both("pair", &ring(2), &[1]);
    check_both("late pair", &late(ring(2)), &[0, 1]);
}

#[test]
fn a_ring_of_three_that_is_closed_from_all_sides() {
    check_both("three", &ring(3), &[1]);
    check("late three", &late(ring(3)), &[0, 1]);
}

#[test]
fn a_ring_of_four_that_is_closed_from_all_sides() {
    check("four", &ring(4), &[1]);
}

#[test]
fn a_call_that_goes_round() {
    check_both("self", &Program::new(1, [(0, along(&[0]))]), &[1]);
    check_both("round", &Program::new(4, [(0, along(&[1, 2, 3, 0]))]), &[1]);
}

#[test]
fn two_that_fill_each_others_mailbox() {
    let fill = |to| vec![Act::Tell(to, nothing()), Act::Tell(to, nothing())];
    let program = Program { room: ONE, ..Program::new(2, [(0, fill(1)), (1, fill(0))]) };
    check_both("full", &program, &[1]);
}

#[test]
fn one_that_asks_and_one_that_fills_its_mailbox() {
    let fill = vec![Act::Tell(0, nothing()), Act::Tell(0, nothing())];
    let ask = vec![Act::Ask(1, nothing())];
    let program = Program { room: ONE, ..Program::new(2, [(0, ask), (1, fill)]) };
    check_both("mixed", &program, &[1]);
}

#[test]
fn one_that_has_let_a_sender_in_may_wait_for_it() {
    let (tells, fill) = (vec![Act::Tell(1, nothing())], [Act::Tell(0, nothing())]);
    let pauses = [&[Act::Ask(2, nothing())], &fill[..], &fill].concat();
    let program = Program { room: ONE, ..Program::new(3, [(0, tells), (1, pauses)]) };
    check("let in", &program, &[0]);
}

#[test]
fn chains_and_diamonds_close_no_circle() {
    check("chains", &Program::new(4, [(0, along(&[1, 2, 3])), (1, along(&[2, 3]))]), &[0]);
    check_both("chains", &Program::new(3, [(0, along(&[1, 2])), (1, along(&[2]))]), &[0]);
    let diamond = vec![Act::AskBoth([(1, along(&[3])), (2, along(&[3]))])];
    check("diamond", &Program::new(4, [(0, diamond)]), &[0]);
}

#[test]
fn one_that_waits_for_two_at_once() {
    let both = |back| vec![Act::AskBoth([(1, along(back)), (2, along(&[0]))])];
    check_both("both", &Program::new(3, [(0, both(&[]))]), &[1]);
    check_both("both back", &Program::new(3, [(0, both(&[0]))]), &[2]);
    check("both, and a third", &Program::new(3, [(0, both(&[])), (1, along(&[2]))]), &[1]);
}

#[test]
fn one_that_joins_a_task_which_asks_back() {
    for lets_others in [false, true] {
        let program = Program::new(1, [(0, vec![Act::JoinOneWhoAsksBack(lets_others)])]);
        check_both("join", &program, &[1]);
    }
}
