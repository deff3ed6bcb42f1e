//! Asks: who is answered, by when, and what becomes of those who leave.

use std::{future::poll_fn, pin::Pin, sync::Mutex, task::Poll, time::Duration};

use ghostlight::{
    Actor, ActorRef, AskError, Context, Handler, Message, Refused, ReplyPort, SpawnOptions,
};
use ghostlight_testkit::explore;

use crate::support::{Fail, Log, Player, WORLDS, Work, end_of, later, moment, ms};

fn player(log: &Log<u64>) -> Player {
    Player { log: log.clone(), ..Player::default() }
}

#[test]
fn each_asker_gets_the_answer_to_its_own_question_however_many_there_are() {
    explore(WORLDS, |world| {
        let (answers, mut rng) = (Log::default(), world.rng("askers"));
        let player = world.system("oracle").spawn(Player::default());
        for n in 0..12 {
            let (player, answers) = (player.clone(), answers.clone());
            let (at, takes) = (moment(&mut rng, 4), moment(&mut rng, 3));
            let runtime = world.runtime().clone();
            drop(world.runtime().spawn(async move {
                runtime.sleep(at).await;
                assert_eq!(player.ask(Work(n, takes)).await.unwrap(), n);
                answers.push(n);
            }));
        }
        world.advance(ms(100));
        assert_eq!(answers.len(), 12, "everybody is answered");
    });
}

#[test]
fn an_ask_is_answered_where_it_waits_wherever_it_was_begun() {
    explore(WORLDS, |world| {
        let player = world.system("oracle").spawn(Player::default());
        let answered = Log::default();
        let mut ask = Box::pin(async move { player.ask(Work(7, ms(5))).queued().await });
        // Polled here for the first time, and from then on in a task of its own.
        world.block_on(poll_fn(|cx| {
            assert!(Pin::new(&mut ask).poll(cx).is_pending());
            Poll::Ready(())
        }));
        let log = answered.clone();
        drop(world.runtime().spawn(async move { log.push(ask.await.unwrap()) }));
        world.advance(ms(10));
        assert_eq!(answered.all(), [7]);
    });
}

#[test]
fn an_ask_ends_at_its_deadline_and_what_has_not_begun_comes_back_and_never_runs() {
    explore(WORLDS, |world| {
        let (log, mut rng) = (Log::default(), world.rng("askers"));
        let player = world.system("oracle").spawn(player(&log));
        let (back, ended) = (Log::default(), Log::default());
        for n in 0..8 {
            let (player, back, ended) = (player.clone(), back.clone(), ended.clone());
            let (takes, within) = (moment(&mut rng, 5), moment(&mut rng, 12));
            let runtime = world.runtime().clone();
            drop(world.runtime().spawn(async move {
                let begun = runtime.now();
                match player.ask(Work(n, takes)).within(within).await {
                    Ok(_) => assert!(runtime.now() - begun <= within),
                    Err(AskError::Deadline { message }) => {
                        assert_eq!(runtime.now() - begun, within);
                        message.into_iter().for_each(|it| back.push(it.0));
                        // What has begun is still written down.
                        ended.push(n);
                    }
                    Err(other) => panic!("{other}"),
                }
            }));
        }
        world.advance(ms(100));
        let handled = log.all();
        for n in 0..8 {
            let (ran, came_back) = (handled.contains(&n), back.all().contains(&n));
            assert_ne!(ran, came_back, "{n}: either it ran or it came back");
        }
    });
}

#[test]
fn a_deadline_that_nobody_wrote_is_kept() {
    explore(WORLDS, |world| {
        let system = world.system("oracle");
        let options = || SpawnOptions::default().ask_deadline(ms(2000));
        let players: Vec<_> =
            (0..2).map(|_| system.spawn_with(Player::default(), options())).collect();
        let (late, mut rng) = (Log::default(), world.rng("askers"));
        for player in &players {
            player.try_tell(Work(0, ms(60_000))).unwrap();
            for _ in 0..3 {
                let (player, late, runtime) =
                    (player.clone(), late.clone(), world.runtime().clone());
                let at = moment(&mut rng, 3) * 150;
                drop(world.runtime().spawn(async move {
                    runtime.sleep(at).await;
                    let begun = runtime.now();
                    let asked = player.ask(Work(1, Duration::ZERO)).await;
                    assert!(matches!(asked, Err(AskError::Deadline { message: Some(_) })));
                    late.push(runtime.now() - begun);
                }));
            }
        }
        world.advance(ms(3000));
        let late = late.all();
        assert_eq!(late.len(), 6, "everybody's time is over");
        assert!(late.iter().all(|it| (ms(2000)..ms(2300)).contains(it)), "{late:?}");
        players.iter().for_each(ActorRef::kill);
    });
}

#[test]
fn what_its_asker_has_left_is_not_handled() {
    explore(WORLDS, |world| {
        let (log, mut rng) = (Log::default(), world.rng("askers"));
        let player = world.system("oracle").spawn(player(&log));
        let takes = 1 + rng.below(4) as u64;
        player.try_tell(Work(100, ms(takes))).unwrap();
        world.settle();
        let mut left = Vec::new();
        for n in 0..6 {
            let patience = rng.below(6) as u64;
            if patience < takes {
                left.push(n);
            }
            let player = player.clone();
            drop(world.runtime().spawn(async move {
                let ask = player.ask(Work(n, Duration::ZERO)).queued().into_future();
                _ = tokio::time::timeout(ms(patience), ask).await;
            }));
        }
        world.advance(ms(20));
        assert!(left.iter().all(|it| !log.all().contains(it)), "{left:?} {:?}", log.all());
    });
}

/// Passes questions on.
#[derive(Actor)]
#[actor(handles(Work))]
struct Desk(ActorRef<Player>);

impl Handler<Work> for Desk {
    async fn handle(&mut self, work: Work, cx: &mut Context<'_, Self>) -> u64 {
        let to = self.0.clone();
        cx.forward(&to, work).await
    }
}

#[test]
fn what_was_passed_on_is_not_handled_either_when_its_asker_has_left() {
    explore(WORLDS, |world| {
        let (log, mut rng) = (Log::default(), world.rng("askers"));
        let system = world.system("oracle");
        let player = system.spawn(player(&log));
        let desk = system.spawn(Desk(player.clone()));
        player.try_tell(Work(100, ms(5))).unwrap();
        world.settle();
        for n in 0..6 {
            let (desk, patience) = (desk.clone(), moment(&mut rng, 10));
            let is_patient = patience > ms(5);
            drop(world.runtime().spawn(async move {
                let asked = tokio::time::timeout(patience, desk.ask(Work(n, ms(0))).into_future());
                let asked = asked.await.ok().map(Result::unwrap);
                assert!(asked == Some(n) || !is_patient, "who waits is answered");
            }));
            if !is_patient && patience < ms(5) {
                let log = log.clone();
                later(world, ms(20), move || assert!(!log.all().contains(&n), "{n} has left"));
            }
        }
        world.advance(ms(30));
        assert!(world.breaches().is_empty());
    });
}

/// Answers later, or never.
struct Shelf(Log<Kept>);

/// A right to answer, to be taken once.
#[derive(Clone)]
struct Kept(std::sync::Arc<Mutex<Option<ReplyPort<u64>>>>);

#[derive(Debug, Message)]
#[message(reply = u64)]
struct Ticket;

impl Actor for Shelf {
    type Protocol = (Ticket,);

    fn options() -> SpawnOptions {
        SpawnOptions::default().ask_deadline(ms(3000))
    }
}

impl Handler<Ticket> for Shelf {
    async fn handle(&mut self, _: Ticket, cx: &mut Context<'_, Self>) -> u64 {
        let shelf = self.0.clone();
        let keep = |port| shelf.push(Kept(std::sync::Arc::new(Mutex::new(Some(port)))));
        cx.defer(keep).await
    }
}

/// What becomes of an answer that is put off.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Given,
    Dropped,
    Forgotten,
}

#[test]
fn an_answer_that_is_put_off_comes_or_is_missed_in_time_even_if_its_actor_has_ended() {
    explore(WORLDS, |world| {
        let (kept, mut rng) = (Log::default(), world.rng("fates"));
        let shelf = world.system("oracle").spawn(Shelf(kept.clone()));
        let fate = [Fate::Given, Fate::Dropped, Fate::Forgotten][rng.below(3)];
        let (at, ends_at) = (moment(&mut rng, 5), moment(&mut rng, 5));
        let asked = shelf.clone();
        let is_queued = rng.below(2) == 0;
        let ended = Log::default();
        let (log, runtime) = (ended.clone(), world.runtime().clone());
        drop(world.runtime().spawn(async move {
            let ask = asked.ask(Ticket);
            let outcome = if is_queued { ask.queued().await } else { ask.await };
            let outcome = match outcome {
                Ok(n) => Ok(n),
                Err(AskError::NoReply) => Err("no reply"),
                Err(AskError::Deadline { .. }) => Err("late"),
                Err(_) => Err("something else"),
            };
            log.push((outcome, runtime.now()));
        }));
        world.settle();
        let begun = world.now();
        later(world, ends_at, move || shelf.stop());
        let ports = kept.clone();
        later(world, at, move || {
            let port = ports.all()[0].0.lock().unwrap().take().unwrap();
            match fate {
                Fate::Given => port.send(7),
                Fate::Dropped => drop(port),
                Fate::Forgotten => *ports.all()[0].0.lock().unwrap() = Some(port),
            }
        });
        world.advance(ms(4000));
        let [(outcome, when)] = ended.all()[..] else { panic!("the ask has not ended") };
        match fate {
            Fate::Given => assert_eq!((outcome, when), (Ok(7), begun + at)),
            Fate::Dropped => assert_eq!((outcome, when), (Err("no reply"), begun + at)),
            Fate::Forgotten => assert_eq!(outcome, Err("late")),
        }
        drop(kept);
    });
}

#[test]
fn however_an_actor_ends_each_asker_hears_of_it_by_then_and_truly() {
    explore(WORLDS, |world| {
        let mut rng = world.rng("ends");
        let player = world.system("oracle").spawn(Player::default());
        let (failed, others) = (Log::default(), Log::default());
        let way = rng.below(3);
        let (at, takes) = (moment(&mut rng, 5), 6 + rng.below(3) as u64);
        for n in 0..5 {
            let (player, failed, others) = (player.clone(), failed.clone(), others.clone());
            let is_queued = rng.below(2) == 0;
            drop(world.runtime().spawn(async move {
                let outcome = match (n == 0, is_queued) {
                    (true, true) => {
                        player.ask(Fail(ms(takes))).queued().await.unwrap_err().without()
                    }
                    (true, false) => player.ask(Fail(ms(takes))).await.unwrap_err().without(),
                    (false, _) => player.ask(Work(n, ms(0))).queued().await.unwrap_err().without(),
                };
                match outcome {
                    End::Failed => failed.push(n),
                    other => others.push((n, other)),
                }
            }));
            world.settle();
        }
        let ends = player.clone();
        later(world, at, move || match way {
            0 => ends.kill(),
            1 => ends.stop(),
            _ => {}
        });
        end_of(world, &player);
        let ended_at = world.elapsed();
        world.settle();
        assert_eq!(world.elapsed(), ended_at);
        assert_eq!(ended_at, if way == 0 { at } else { ms(takes) });
        // The first was cut by a kill, and failed otherwise; the rest never began.
        let first = others.all().iter().filter(|it| it.0 == 0).map(|it| it.1).collect::<Vec<_>>();
        match way {
            0 => assert_eq!((failed.len(), &*first), (0, &[End::Lost][..])),
            _ => assert_eq!((failed.all(), &*first), (vec![0], &[][..])),
        }
        let rest: Vec<_> = others.all().into_iter().filter(|it| it.0 != 0).collect();
        assert!(rest.iter().all(|it| it.1 == End::Back), "{rest:?}");
        assert_eq!(rest.len(), 4, "everybody has heard");
    });
}

/// What an asker hears of an end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Failed,
    Lost,
    Back,
    Other,
}

trait Without {
    fn without(self) -> End;
}

impl<M> Without for AskError<M> {
    fn without(self) -> End {
        match self {
            Self::Failed(_) => End::Failed,
            Self::Lost => End::Lost,
            Self::Refused { why: Refused::Stopped, message: Some(_) } => End::Back,
            _ => End::Other,
        }
    }
}
