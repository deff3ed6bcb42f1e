//! Groups: who is in them, and who hears of that.

use ghostlight::GroupChange::{Joined, Left};
use ghostlight_testkit::explore;

use crate::support::{Log, Note, Player, WORLDS, end_of, later, moment, ms};

#[test]
fn an_actor_is_in_a_group_once_until_it_leaves_or_ends_and_who_watches_hears_each_change_once() {
    explore(WORLDS, |world| {
        let (system, mut rng) = (world.system("groups"), world.rng("race"));
        let group = system.group::<Note>("choir");
        let heard = Log::default();
        let (log, mut changes) = (heard.clone(), group.changes(1000));
        let listener = world.runtime().spawn(async move {
            loop {
                log.push(changes.recv().await);
            }
        });
        let logs: Vec<_> = (0..4).map(|_| Log::default()).collect();
        let mut left = Vec::new();
        let mut singers = Vec::new();
        for log in &logs {
            let singer = system.spawn(Player { log: log.clone(), ..Player::default() });
            for _ in 0..1 + rng.below(2) {
                let (group, singer) = (group.clone(), singer.clone());
                later(world, moment(&mut rng, 4), move || group.join(&singer).unwrap());
            }
            let (who, group, way) = (singer.clone(), group.clone(), rng.below(4));
            later(world, ms(4) + moment(&mut rng, 3), move || match way {
                0 => who.stop(),
                1 => who.kill(),
                2 => group.leave(&who),
                _ => {}
            });
            left.push(way < 3);
            singers.push(singer);
        }
        world.advance(ms(10));
        let report = group.broadcast(Note(1));
        world.settle();
        let members: Vec<_> = group.local_members().iter().map(|it| it.id()).collect();
        for ((singer, log), left) in singers.iter().zip(&logs).zip(&left) {
            let id = singer.id();
            let is_in = members.iter().filter(|it| **it == id).count();
            assert_eq!((is_in, log.len()), (usize::from(!left), usize::from(!left)));
            let told: Vec<_> = heard
                .all()
                .into_iter()
                .filter(|it| matches!(it, Joined(who) | Left(who) if *who == id))
                .collect();
            let expected = if *left { vec![Joined(id), Left(id)] } else { vec![Joined(id)] };
            assert_eq!(told, expected);
        }
        assert_eq!((report.sent, report.refused.len()), (members.len(), 0));
        listener.abort();
        singers.iter().for_each(|it| it.stop());
        singers.iter().for_each(|it| drop(end_of(world, it)));
        assert!(group.local_members().is_empty(), "the dead are in no group");
    });
}

#[test]
fn an_actor_that_ends_joins_no_group_any_more_not_even_in_the_same_moment() {
    explore(WORLDS, |world| {
        let (system, mut rng) = (world.system("groups"), world.rng("race"));
        let group = system.group::<Note>("choir");
        let singer = system.spawn(Player::default());
        let (ends_at, joins_at) = (moment(&mut rng, 3), moment(&mut rng, 3));
        let (ends, joins, choir) = (singer.clone(), singer.clone(), group.clone());
        later(world, ends_at, move || ends.stop());
        later(world, joins_at, move || {
            assert_eq!(choir.join(&joins).is_ok(), joins.is_alive());
        });
        end_of(world, &singer);
        world.advance(ms(5));
        assert!(group.local_members().is_empty(), "the dead are in no group");
        assert!(system.groups().is_empty());
    });
}
