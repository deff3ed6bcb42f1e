//! How well actors are: J-23.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::ThreadId,
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Backend, Backoff, Capacity, Context, Create, Failure, Handler, Health,
    MailboxOptions, Message, SpawnOptions, System,
};

use crate::{
    kin::{Act, Do, Plan, permanent},
    stage::{self, conformance},
    support::{
        Gate, Hold, Journal, Listed, Log, Note, Path, assert_conserved, ended, park, rest, soon,
    },
};

/// Says how it is, and who asked on which thread.
struct Patient {
    asked: Log<ThreadId>,
    health: fn(u64) -> Health,
    notes: u64,
}

impl Actor for Patient {
    type Protocol = (Note, Hold, Spin);

    fn health(&self) -> Health {
        self.asked.push(std::thread::current().id());
        (self.health)(self.notes)
    }
}
impl Handler<Note> for Patient {
    async fn handle(&mut self, _: Note, _: &mut Context<'_, Self>) {
        self.notes += 1;
    }
}
impl Handler<Hold> for Patient {
    async fn handle(&mut self, Hold(gate): Hold, _: &mut Context<'_, Self>) {
        gate.pass().await;
    }
}
/// Comes again as long as the count is not zero, after a millisecond.
#[derive(Debug, Message)]
struct Spin(Arc<AtomicU64>);
impl Handler<Spin> for Patient {
    async fn handle(&mut self, Spin(left): Spin, cx: &mut Context<'_, Self>) {
        cx.sleep(Duration::from_millis(1)).await;
        self.notes += 1;
        if left.fetch_sub(1, Ordering::Relaxed) > 1 {
            _ = cx.me().try_tell(Spin(left));
        }
    }
}

fn patient(system: &System, health: fn(u64) -> Health) -> (ActorRef<Patient>, Log<ThreadId>) {
    let asked = Log::default();
    (system.spawn(Patient { asked: asked.clone(), health, notes: 0 }), asked)
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A count as text.
fn counted(notes: u64) -> Health {
    Health::degraded(notes.to_string())
}

#[conformance]
async fn an_actor_is_healthy_unless_it_says_otherwise() {
    let system = stage::system("test");
    let journal = system.spawn(Journal::<Listed>::new(&Log::default()));
    assert_eq!(journal.health().await, Health::Healthy);
    let (actor, asked) = patient(&system, counted);
    for used in [false, true] {
        if used {
            actor.tell(Note(1)).await.unwrap();
            rest().await;
        }
        let health = Health::degraded(if used { "1" } else { "0" });
        assert_eq!(actor.health().await, health);
        if stage::backend() == Backend::Async {
            assert_eq!(actor.health().within(Duration::ZERO).await, health, "it had nothing to do");
        }
    }
    assert_eq!(asked.all().len(), if stage::backend() == Backend::Async { 4 } else { 2 });
    assert_eq!(actor.counters().sent, 1, "asking after its health is no message");
    assert_conserved(&system);
}

#[test]
fn an_idle_actor_is_asked_on_the_calling_thread() {
    let system = System::new("test");
    let (actor, asked) = patient(&system, counted);
    system.block_on(async { actor.health().await });
    assert_eq!(asked.all(), [std::thread::current().id()]);
}

#[conformance]
async fn it_is_asked_after_the_running_turn_and_before_all_that_waits() {
    for mailbox in [MailboxOptions::default(), MailboxOptions::drop_oldest(Capacity::of::<90>())] {
        let system = stage::system("test");
        let state = Patient { asked: Log::default(), health: counted, notes: 0 };
        let actor = system.spawn_with(state, SpawnOptions::default().mailbox(mailbox));
        // So many that long runs of turns are the rule.
        let rounds = stage::times(1000);
        for _ in 0..rounds {
            (0..50).for_each(|n| actor.try_tell(Note(n)).unwrap());
            rest().await;
        }
        let gate = park(&actor).await;
        (0..50).for_each(|n| actor.try_tell(Note(n)).unwrap());
        let asker = actor.clone();
        let checks: Vec<_> = (0..3)
            .map(|_| {
                let asker = asker.clone();
                stage::spawn(async move { asker.health().await })
            })
            .collect();
        rest().await;
        gate.open();
        for check in checks {
            let health = soon("health", check).await.unwrap();
            assert_eq!(
                health,
                Health::degraded((rounds * 50).to_string()),
                "not one more was handled"
            );
        }
        rest().await;
        assert_eq!(actor.health().await, Health::degraded((rounds * 50 + 50).to_string()));
        assert_conserved(&system);
    }
}

#[conformance]
async fn an_actor_that_never_rests_is_asked_between_two_turns() {
    for throughput in [1, 100] {
        let system = stage::system("test");
        let state = Patient { asked: Log::default(), health: counted, notes: 0 };
        let actor = system.spawn_with(state, SpawnOptions::default().throughput(throughput));
        let left = Arc::new(AtomicU64::new(2000));
        actor.tell(Spin(Arc::clone(&left))).await.unwrap();
        actor.tell(Spin(Arc::clone(&left))).await.unwrap();
        for _ in 0..100 {
            let health = actor.health().within(secs(1)).await;
            assert!(matches!(health, Health::Degraded(_)) && !health.to_string().contains("busy"));
        }
        assert!(left.load(Ordering::Relaxed) > 0, "it was busy all the time");
        left.store(0, Ordering::Relaxed);
    }
}

#[conformance(virtual_time)]
async fn a_stuck_actor_is_unhealthy_without_having_been_asked() {
    let system = stage::system("test");
    let (actor, asked) = patient(&system, |_| Health::Healthy);
    let gate = park(&actor).await;
    actor.try_tell(Note(1)).unwrap();
    let health = actor.health().await;
    let text = "unhealthy: no progress for at least 1.0s, 1 message waits, the oldest for as long";
    assert_eq!(health.to_string(), text);
    (0..16).for_each(|n| actor.try_tell(Note(n)).unwrap());
    tokio::time::sleep(secs(2)).await;
    let health = actor.health().within(Duration::from_millis(200)).await;
    let text = "unhealthy: no progress for at least 3.2s, 17 messages wait, the oldest for as long";
    assert_eq!(health.to_string(), text);
    assert_eq!(asked.all(), []);
    gate.open();
    rest().await;
    assert_eq!(actor.health().await, Health::Healthy);
    assert_eq!(asked.all().len(), 1, "nobody waits any more for what was asked before");

    // Stuck again: what is known begins anew.
    let gate = park(&actor).await;
    let health = actor.health().await.to_string();
    assert_eq!(health, "unhealthy: no progress for at least 1.0s, 0 messages wait");
    drop(gate);
    assert_conserved(&system);
}

#[conformance]
async fn a_panic_in_health_is_unhealthy_and_hurts_nobody() {
    let system = stage::system("test");
    let (actor, _) = patient(&system, |notes| {
        assert!(notes != 0, "nothing noted");
        Health::Healthy
    });
    let health = actor.health().await;
    assert!(matches!(&health, Health::Unhealthy(why) if why.contains("nothing noted")), "{health}");
    let gate = park(&actor).await;
    let asker = actor.clone();
    let check = stage::spawn(async move { asker.health().await });
    rest().await;
    gate.open();
    let health = soon("health", check).await.unwrap();
    assert!(matches!(&health, Health::Unhealthy(why) if why.contains("nothing noted")), "{health}");
    actor.tell(Note(1)).await.unwrap();
    rest().await;
    assert_eq!(actor.health().await, Health::Healthy);
}

#[conformance]
async fn an_actor_that_has_ended_is_unhealthy_and_says_why() {
    let system = stage::system("test");
    let (actor, _) = patient(&system, |_| Health::Healthy);
    actor.stop_because("enough");
    assert!(actor.health().await.to_string().starts_with("unhealthy: ended: "));
    assert!(actor.health().await.to_string().contains("enough"));

    let (actor, _) = patient(&system, |_| Health::Healthy);
    let gate = park(&actor).await;
    let asker = actor.clone();
    let check = stage::spawn(async move { asker.health().within(secs(10_000)).await });
    rest().await;
    actor.kill();
    let health = soon("health", check).await.unwrap();
    assert!(health.to_string().starts_with("unhealthy: ended: "), "{health}");
    drop(gate);
}

/// Is built when the gate is opened.
struct Slow;
impl Actor for Slow {
    type Protocol = ();
}
impl Create for Slow {
    type Args = Gate;

    async fn create(gate: Gate) -> Result<Self, Failure> {
        gate.pass().await;
        Ok(Self)
    }
}

/// Starts when the gate is opened.
struct Late(Gate);
impl Actor for Late {
    type Protocol = ();

    async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.0.pass().await;
        Ok(())
    }
}

#[conformance]
async fn an_actor_that_has_not_started_is_unhealthy_until_it_has() {
    let system = stage::system("test");
    let gate = Gate::closed();
    check(&system.create::<Slow>(gate.clone()), &gate).await;
    let gate = Gate::closed();
    check(&system.spawn(Late(gate.clone())), &gate).await;

    async fn check<A: Actor>(actor: &ActorRef<A>, gate: &Gate) {
        let health = actor.health().await.to_string();
        assert_eq!(health, "unhealthy: not started after 1.0s, 0 messages wait");
        let asker = actor.clone();
        let check = stage::spawn(async move { asker.health().await });
        rest().await;
        gate.open();
        assert_eq!(soon("health", check).await.unwrap(), Health::Healthy);
    }
}

#[conformance]
async fn dropping_a_check_leaves_nothing_behind() {
    let system = stage::system("test");
    let (actor, asked) = patient(&system, |_| Health::Healthy);
    let gate = park(&actor).await;
    for _ in 0..3 {
        let brief = Duration::from_millis(1);
        assert!(tokio::time::timeout(brief, actor.health()).await.is_err());
    }
    drop(actor.health());
    gate.open();
    rest().await;
    assert_eq!(asked.all(), []);
    actor.tell(Note(1)).await.unwrap();
    rest().await;
    assert_conserved(&system);
}

/// Checks, asks and ends race; nobody hangs and nothing is lost.
#[conformance(threads)]
async fn checks_race_with_everything_else_and_all_of_them_end() {
    for round in 0..200u64 {
        let system = stage::system("test");
        let (actor, _) = patient(&system, |_| Health::Healthy);
        let checkers: Vec<_> = (0..3)
            .map(|_| {
                let actor = actor.clone();
                stage::spawn(async move { while actor.health().await.is_healthy() {} })
            })
            .collect();
        let mut sent = 0;
        for n in 0..round {
            sent += u64::from(actor.try_tell(Note(n)).is_ok());
            if n % 7 == 0 {
                stage::yield_now().await;
            }
        }
        if round % 2 == 0 {
            actor.stop();
        } else {
            actor.kill();
        }
        ended(&actor).await;
        for checker in checkers {
            soon("checker that is done", checker).await.unwrap();
        }
        assert!(actor.counters().handled <= sent);
        assert_conserved(&system);
    }
}

#[conformance]
async fn a_check_changes_nothing_about_asks() {
    let system = stage::system("test");
    for path in Path::BOTH {
        let journal = system.spawn(Journal::<Listed>::new(&Log::default()));
        for n in 1..5 {
            assert_eq!(path.ask(&journal, crate::support::Add(1)).await.unwrap(), n);
            assert_eq!(journal.health().await, Health::Healthy);
        }
    }
    assert_conserved(&system);
}

#[conformance(virtual_time)]
async fn an_actor_that_waits_for_its_next_incarnation_is_degraded() {
    let system = stage::system("test");
    let plan = Plan::new("child", &Log::default());
    let child = system.supervise(plan.factory(), permanent().backoff(slow_backoff()));
    child.wait_started().await.unwrap();
    child.tell(Do(Act::Panic("torn"))).await.unwrap();
    rest().await;
    child.try_tell(Note(1)).unwrap();
    let health = child.health().within(secs(2)).await;
    assert_eq!(health.to_string(), "degraded: restarting, 1 message waits");
    tokio::time::sleep(secs(10)).await;
    assert_eq!(child.health().await, Health::Healthy);
    assert_conserved(&system);
}

fn slow_backoff() -> Backoff {
    Backoff::default().min(secs(5)).jitter(0.0)
}
