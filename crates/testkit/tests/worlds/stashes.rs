//! Messages that are set aside, beside a list that says what must become of them.

use ghostlight::{
    Actor, ActorRef, Backoff, Capacity, ChildSpec, Context, DeadReason, Failure, Handler,
    MailboxOptions, Message, Overflow, RestartWindow, SpawnOptions, Supervision,
};
use ghostlight_testkit::explore;

use crate::support::{Log, WORLDS, end_of, ms};

const ROOM: usize = 5;

/// Sets aside who knocks while it is shut.
struct Door {
    is_open: bool,
    log: Log<u64>,
}

#[derive(Debug, Message)]
struct Knock(u64);

#[derive(Clone, Copy, Debug, Message)]
enum Turn {
    Open,
    Shut,
    Fail,
    Rest,
}

impl Actor for Door {
    type Protocol = (Knock, Turn);
}

impl Handler<Knock> for Door {
    async fn handle(&mut self, knock: Knock, cx: &mut Context<'_, Self>) {
        if !self.is_open {
            return cx.stash(knock).await;
        }
        self.log.push(knock.0);
    }
}

impl Handler<Turn> for Door {
    async fn handle(&mut self, turn: Turn, cx: &mut Context<'_, Self>) {
        match turn {
            Turn::Open => {
                self.is_open = true;
                cx.unstash_all();
            }
            Turn::Shut => self.is_open = false,
            Turn::Fail => cx.fail::<()>(Failure::recoverable("off its hinges")).await,
            Turn::Rest => cx.sleep(ms(1)).await,
        }
    }
}

#[test]
fn what_is_set_aside_comes_back_in_order_before_what_came_later_and_dies_with_its_actor() {
    explore(WORLDS, |world| {
        let (system, log, mut rng) = (world.system("doors"), Log::default(), world.rng("knocks"));
        let mut letters = system.dead_letters(1000);
        system.supervision(Supervision::one_for_one());
        let made = log.clone();
        let options = SpawnOptions::default()
            .mailbox(MailboxOptions::wait(Capacity::of::<{ ROOM as u32 }>()));
        let spec = ChildSpec::transient()
            .window(RestartWindow::new(1000, ms(1)))
            .backoff(Backoff::none())
            .options(options);
        // It is shut when it is made, so that what comes back at a restart is set aside again.
        let make = move || Door { is_open: false, log: made.clone() };
        let door: ActorRef<Door> = system.supervise(make, spec);
        let (mut aside, mut handled, mut dead) = (Vec::new(), Vec::new(), Vec::new());
        let (mut is_open, mut next) = (false, 0);
        for _ in 0..12 {
            // All of a batch arrives while it is in a turn.
            door.try_tell(Turn::Rest).unwrap();
            world.settle();
            for _ in 0..ROOM {
                if rng.below(3) > 0 {
                    door.try_tell(Knock(next)).unwrap();
                    if is_open {
                        handled.push(next);
                    } else if aside.len() < ROOM {
                        aside.push(next);
                    } else {
                        dead.push(next);
                    }
                    next += 1;
                    continue;
                }
                let turn = [Turn::Open, Turn::Shut, Turn::Fail][rng.below(3)];
                door.try_tell(turn).unwrap();
                match turn {
                    Turn::Open => {
                        handled.append(&mut aside);
                        is_open = true;
                    }
                    _ => is_open = false,
                }
            }
            world.advance(ms(2));
            assert_eq!(log.all(), handled);
        }
        door.stop();
        end_of(world, &door);
        let dropped = dead.len();
        dead.extend(aside);
        let letters: Vec<_> = std::iter::from_fn(|| letters.try_recv()).collect();
        let told: Vec<_> =
            letters.iter().filter_map(|it| it.take::<Knock>()).map(|it| it.0).collect();
        assert_eq!(told, dead);
        let full = DeadReason::Overflow(Overflow::Reject);
        assert_eq!(letters.iter().filter(|it| it.reason == full).count(), dropped);
    });
}

#[test]
fn what_comes_back_at_a_restart_is_handled_by_the_next_incarnation_without_being_asked() {
    explore(WORLDS, |world| {
        let (system, log, mut rng) = (world.system("doors"), Log::default(), world.rng("knocks"));
        let made = log.clone();
        let shut_once = std::sync::atomic::AtomicBool::new(false);
        let make = move || Door {
            is_open: shut_once.swap(true, std::sync::atomic::Ordering::Relaxed),
            log: made.clone(),
        };
        let door = system.supervise(make, ChildSpec::permanent().backoff(Backoff::none()));
        let (before, after) = (1 + rng.below(4) as u64, rng.below(4) as u64);
        (0..before).for_each(|n| door.try_tell(Knock(n)).unwrap());
        if rng.below(2) == 0 {
            world.settle();
        }
        door.try_tell(Turn::Fail).unwrap();
        (before..before + after).for_each(|n| door.try_tell(Knock(n)).unwrap());
        world.advance(ms(5));
        assert_eq!(log.all(), (0..before + after).collect::<Vec<_>>());
        world.advance(ms(5));
    });
}
