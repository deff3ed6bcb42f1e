//! Names: who has them, and for how long.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ghostlight::{
    Actor, ActorRef, Context, Handler, LookupError, Message, RegisterError, StopReason,
};
use ghostlight_testkit::explore;

use crate::support::{Log, Player, WORLDS, end_of, later, moment, ms};

/// Takes its time to end.
struct Lingering(Duration);

impl Actor for Lingering {
    type Protocol = (Id,);

    async fn stopped(&mut self, _: &StopReason, cx: &mut Context<'_, Self>) {
        cx.sleep(self.0).await;
    }
}

#[derive(Debug, Message)]
#[message(reply = u64)]
struct Id;

impl Handler<Id> for Lingering {
    async fn handle(&mut self, _: Id, _: &mut Context<'_, Self>) -> u64 {
        1
    }
}

#[test]
fn a_name_is_found_while_its_holder_takes_messages_and_free_when_it_has_ended() {
    explore(WORLDS, |world| {
        let (system, mut rng) = (world.system("names"), world.rng("race"));
        let holder = system.spawn(Lingering(ms(3)));
        let (stops_at, names_at) = (moment(&mut rng, 4), moment(&mut rng, 6));
        let stops = holder.clone();
        later(world, stops_at, move || stops.stop());
        let (names, named) = (system.clone(), holder.clone());
        later(world, names_at, move || {
            let was_open = named.is_alive();
            let registered = names.register("it", &named);
            let is_refused = matches!(registered, Err(RegisterError::Ended { .. }));
            assert_eq!(registered.is_ok(), was_open, "{registered:?}");
            assert!(was_open || is_refused);
        });
        for at in 0..10 {
            let (system, holder) = (system.clone(), holder.clone());
            later(world, ms(at), move || match system.lookup::<Lingering>("it") {
                Ok(found) => assert!(found.is_alive() && found == holder, "it is told to end"),
                Err(other) => assert!(matches!(other, LookupError::NotFound { .. })),
            });
        }
        end_of(world, &holder);
        assert!(system.names().is_empty(), "{:?}", system.names());
        world.advance(ms(20));
        let next = system.spawn(Player::default());
        system.register("it", &next).unwrap();
        assert!(world.breaches().is_empty(), "{:?}", world.breaches());
    });
}

#[test]
fn a_name_that_is_taken_is_refused_and_he_who_has_it_keeps_it() {
    explore(WORLDS, |world| {
        let system = world.system("names");
        let players = [0, 1, 2].map(|_| system.spawn(Player::default()));
        let taken = Log::default();
        for player in &players {
            let (system, player, taken) = (system.clone(), player.clone(), taken.clone());
            later(world, ms(1), move || {
                if system.register("it", &player).is_ok() {
                    taken.push(player.id());
                }
            });
        }
        world.advance(ms(2));
        assert_eq!(taken.len(), 1, "one has it");
        assert_eq!(system.lookup::<Player>("it").unwrap().id(), taken.all()[0]);
    });
}

#[test]
fn who_looks_up_a_name_at_once_or_while_its_holder_ends_gets_the_same_actor_as_the_others() {
    explore(WORLDS, |world| {
        let (system, mut rng) = (world.system("names"), world.rng("race"));
        let made = Arc::new(AtomicU64::new(0));
        let first = system.spawn(Lingering(ms(3)));
        system.register("it", &first).unwrap();
        let stops = first.clone();
        later(world, moment(&mut rng, 3), move || stops.stop());
        let found = Log::<ActorRef<Lingering>>::default();
        for _ in 0..6 {
            let (system, made, found) = (system.clone(), Arc::clone(&made), found.clone());
            let (runtime, at) = (world.runtime().clone(), moment(&mut rng, 8));
            drop(world.runtime().spawn(async move {
                runtime.sleep(at).await;
                let make = || {
                    made.fetch_add(1, Ordering::Relaxed);
                    Lingering(Duration::ZERO)
                };
                let it = system.lookup_or_spawn("it", make).await.unwrap();
                assert!(it.is_alive(), "it was told to end");
                found.push(it);
            }));
        }
        world.advance(ms(20));
        assert_eq!(found.len(), 6, "everybody has found one");
        assert!(made.load(Ordering::Relaxed) <= 1, "one was made");
        let others: Vec<_> = found.all().into_iter().filter(|it| *it != first).collect();
        assert!(others.windows(2).all(|it| it[0] == it[1]), "{others:?}");
        assert!(others.iter().all(ActorRef::is_alive));
    });
}
