//! When a child is started again, how often, and what an order does about it.

use std::time::Duration;

use ghostlight::{
    Actor, ActorRef, Backoff, Capacity, ChildSpec, Context, Failure, Handler, Health,
    MailboxOptions, Message, Observer, RestartRecord, RestartWindow, SpawnOptions, Status,
    StopReason, Subject, Supervision, System,
};
use ghostlight_rt::Instant;
use ghostlight_testkit::{World, explore};

use crate::support::{Fail, Log, Player, WORLDS, Work, end_of, later, moment, ms};

/// A child that says when it is made.
fn child(world: &World, system: &System, born: &Log<Instant>, spec: ChildSpec) -> ActorRef<Player> {
    let (born, runtime) = (born.clone(), world.runtime().clone());
    let make = move || {
        born.push(runtime.now());
        Player::default()
    };
    system.supervise(make, spec)
}

fn waiting(wait: Duration) -> Backoff {
    Backoff::default().min(wait).max(wait).jitter(0.0)
}

#[test]
fn a_child_comes_back_as_often_as_its_window_allows_and_the_window_slides() {
    explore(WORLDS, |world| {
        let (born, mut rng) = (Log::default(), world.rng("failures"));
        let limit = rng.below(4);
        let window = RestartWindow::new(limit as u32, ms(100));
        let spec = ChildSpec::permanent().window(window).backoff(Backoff::none());
        let child = child(world, &world.system("budgets"), &born, spec);
        world.settle();
        let (mut taken, mut is_up) = (Vec::new(), true);
        for _ in 0..12 {
            let now = world.now();
            child.try_tell(Fail(Duration::ZERO)).unwrap();
            taken.retain(|it| now - *it < ms(100));
            is_up = taken.len() < limit;
            taken.push(now);
            world.settle();
            assert_eq!(child.is_alive(), is_up, "{taken:?}");
            if !is_up {
                break;
            }
            world.advance(ms(10) * (1 + rng.below(8)) as u32);
        }
        if !is_up {
            let end = end_of(world, &child);
            assert!(matches!(end, StopReason::LimitExhausted(_)), "{end}");
        }
    });
}

#[test]
fn each_wait_is_longer_than_the_last_until_the_child_has_been_well_for_long() {
    explore(WORLDS, |world| {
        let (born, mut rng) = (Log::default(), world.rng("failures"));
        let backoff = Backoff::default().min(ms(10)).max(ms(500)).jitter(0.0).reset_after(ms(1000));
        let spec = ChildSpec::permanent().window(RestartWindow::new(100, ms(1))).backoff(backoff);
        let child = child(world, &world.system("waits"), &born, spec);
        world.settle();
        let mut in_a_row = 0;
        for n in 1..12 {
            let well = ms([1, 500, 999, 1000, 2000][rng.below(5)]);
            world.advance(well);
            in_a_row = if well >= ms(1000) { 0 } else { in_a_row };
            let wait = (ms(10) * 2_u32.pow(in_a_row)).min(ms(500));
            in_a_row += 1;
            let failed_at = world.now();
            child.try_tell(Fail(Duration::ZERO)).unwrap();
            world.advance(wait);
            assert_eq!(born.len(), n + 1, "it is back after {wait:?}");
            assert_eq!(born.all()[n], failed_at + wait);
        }
    });
}

#[derive(Clone, Copy, Debug, Message)]
enum End {
    Well,
    Badly,
    ForGood,
}

/// Ends as it is told.
#[derive(Actor)]
#[actor(handles(End))]
struct Ending;

impl Handler<End> for Ending {
    async fn handle(&mut self, end: End, cx: &mut Context<'_, Self>) {
        match end {
            End::Well => cx.stop(),
            End::Badly => cx.fail(Failure::recoverable("badly")).await,
            End::ForGood => cx.fail(Failure::fatal("for good")).await,
        }
    }
}

/// Owns somebody who ends.
struct Owner(Log<ActorRef<Ending>>, fn() -> ChildSpec);

impl Actor for Owner {
    type Protocol = ();

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.0.push(cx.supervise_with(|| Ending, (self.1)().backoff(Backoff::none())));
        Ok(())
    }
}

#[test]
fn what_follows_an_end_goes_by_its_kind_and_that_of_the_child_and_giving_up_reaches_the_owner() {
    explore(WORLDS, |world| {
        let mut rng = world.rng("ends");
        let (children, kind, end) = (Log::default(), rng.below(3), rng.below(3));
        let spec = [ChildSpec::permanent, ChildSpec::transient, ChildSpec::temporary][kind];
        let owner = world.system("owners").spawn(Owner(children.clone(), spec));
        world.settle();
        let child = children.all()[0].clone();
        child.try_tell([End::Well, End::Badly, End::ForGood][end]).unwrap();
        world.settle();
        let comes_back = matches!((kind, end), (0, 0 | 1) | (1, 1));
        assert_eq!(child.is_alive(), comes_back, "{kind} {end}");
        assert!(!comes_back || matches!(child.status(), Status::Running), "{:?}", child.status());
        let is_given_up = kind < 2 && end == 2;
        assert_eq!(owner.is_alive(), !is_given_up, "{kind} {end}");
    });
}

#[test]
fn a_child_that_is_told_to_stop_stays_away_wherever_it_stands() {
    explore(WORLDS * 4, |world| {
        let (born, mut rng) = (Log::default(), world.rng("orders"));
        let wait = ms(2 * rng.below(2) as u64);
        let spec = ChildSpec::transient().backoff(waiting(wait));
        let child = child(world, &world.system("orders"), &born, spec);
        let (fails, stops) = (child.clone(), child.clone());
        let takes = moment(&mut rng, 2);
        later(world, ms(1), move || _ = fails.try_tell(Fail(takes)));
        // At the moment at which it fails, while it waits, or at which it comes back.
        let at = ms(1) + moment(&mut rng, 5);
        later(world, at, move || stops.stop());
        world.advance(ms(1000));
        assert!(!child.is_alive(), "it was told to stop");
        let after = born.all().into_iter().filter(|it| *it > Instant::ORIGIN + at).count();
        assert_eq!(after, 0, "it came back");
        end_of(world, &child);
    });
}

/// Owns a child in each of its incarnations.
struct Head(Log<ActorRef<Player>>);

impl Actor for Head {
    type Protocol = (End,);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.0.push(cx.spawn(Player::default()));
        Ok(())
    }
}

impl Handler<End> for Head {
    async fn handle(&mut self, _: End, cx: &mut Context<'_, Self>) {
        cx.fail::<()>(Failure::recoverable("badly")).await;
    }
}

#[test]
fn each_incarnation_has_children_of_its_own_and_those_of_the_one_before_have_ended() {
    explore(WORLDS, |world| {
        let (children, mut rng) = (Log::default(), world.rng("failures"));
        let system = world.system("heads");
        system.supervision(Supervision::one_for_one());
        let made = children.clone();
        let spec = ChildSpec::permanent().backoff(waiting(moment(&mut rng, 2)));
        let head = system.supervise(move || Head(made.clone()), spec);
        for n in 1..4 {
            world.advance(ms(10));
            let alive: Vec<_> = children.all().iter().map(ActorRef::is_alive).collect();
            let expected: Vec<_> = (1..=n).map(|it| it == n).collect();
            assert_eq!(alive, expected);
            assert!(matches!(head.status(), Status::Running), "{:?}", head.status());
            head.try_tell(End::Badly).unwrap();
        }
        world.advance(ms(10));
    });
}

/// Writes down what it sees of restarts and health.
struct Scribe(Log<&'static str>);

impl Observer for Scribe {
    fn restarting(&self, _: Subject<'_>, _: &RestartRecord) {
        self.0.push("restarting");
    }

    fn gave_up(&self, _: Subject<'_>, _: &StopReason) {
        self.0.push("given up");
    }

    fn health(&self, _: Subject<'_>, health: &Health) {
        self.0.push(if health.is_healthy() { "healthy" } else { "unhealthy" });
    }
}

/// Is well only while all of its three children are.
struct House(Log<ActorRef<Player>>);

impl Actor for House {
    type Protocol = ();

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.supervision(Supervision::one_for_one().min_healthy(3));
        for n in 1..4 {
            let spec = ChildSpec::permanent()
                .window(RestartWindow::new(1, ms(100)))
                .backoff(waiting(ms(n)))
                .tolerated();
            self.0.push(cx.supervise_with(Player::default, spec));
        }
        Ok(())
    }
}

#[test]
fn what_is_told_of_one_end_comes_in_the_order_in_which_it_was_decided() {
    explore(WORLDS, |world| {
        let (told, children, mut rng) = (Log::default(), Log::default(), world.rng("failures"));
        let scribe = Scribe(told.clone());
        let house =
            world.system_with("told", |it| it.observer(scribe)).spawn(House(children.clone()));
        world.advance(ms(1));
        let falls = children.all()[rng.below(3)].clone();
        falls.try_tell(Fail(Duration::ZERO)).unwrap();
        world.advance(ms(10));
        falls.try_tell(Fail(Duration::ZERO)).unwrap();
        world.advance(ms(10));
        let expected = ["restarting", "unhealthy", "healthy", "given up", "unhealthy"];
        assert_eq!(told.all(), expected);
        assert!(house.is_alive() && !falls.is_alive());
    });
}

#[test]
fn whoever_was_let_in_as_an_incarnation_ends_leaves_no_place_taken_for_the_next() {
    explore(WORLDS, |world| {
        let (born, mut rng) = (Log::default(), world.rng("orders"));
        let mailbox = MailboxOptions::wait(Capacity::of::<2>());
        let spec = ChildSpec::permanent()
            .backoff(waiting(ms(1)))
            .options(SpawnOptions::default().mailbox(mailbox));
        let child = child(world, &world.system("places"), &born, spec);
        child.try_tell(Work(0, ms(2))).unwrap();
        world.settle();
        (1..3).for_each(|n| child.try_tell(Work(n, ms(2))).unwrap());
        for n in 3..6 {
            let child = child.clone();
            drop(world.runtime().spawn(async move { _ = child.tell(Work(n, ms(2))).await }));
            world.settle();
        }
        // In the very moment in which there is room for the first of them.
        let stops = child.clone();
        later(world, ms(2) * (1 + rng.below(2) as u32), move || stops.stop());
        world.advance(ms(100));
        assert_eq!(born.len(), 2);
        child.try_tell(Work(6, ms(2))).unwrap();
        world.settle();
        (7..9).for_each(|n| child.try_tell(Work(n, ms(2))).expect("all its places are free"));
        assert!(child.try_tell(Work(9, ms(2))).is_err(), "there is room for two");
        world.advance(ms(100));
    });
}

#[test]
fn a_child_that_fails_again_after_all_has_been_quiet_comes_back_again() {
    explore(WORLDS, |world| {
        let (born, mut rng) = (Log::default(), world.rng("failures"));
        let spec = ChildSpec::permanent().backoff(waiting(ms(3)));
        let child = child(world, &world.system("quiet"), &born, spec);
        for n in 1..4 {
            world.advance(ms(1) + moment(&mut rng, 10));
            assert_eq!(born.len(), n);
            child.try_tell(Fail(Duration::ZERO)).unwrap();
            world.advance(ms(3));
        }
        assert_eq!(born.len(), 4);
    });
}
