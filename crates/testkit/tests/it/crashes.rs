//! Systems that end at once, and what their disks keep.

use std::{
    collections::BTreeSet,
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ghostlight::{Actor, ActorRef, ChildSpec, Context, Handler, Message, SpawnOptions, StopReason};
use ghostlight_testkit::{DiskFault, Fault, LinkClosed, Plan, World, explore};

const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Message)]
#[message(reply = u32)]
struct Work(u32);

/// Works for a second in a task of its own as well, and counts how often it has come to an end.
struct Worker(Arc<AtomicU32>);

impl Actor for Worker {
    type Protocol = (Work,);

    async fn stopped(&mut self, _: &StopReason, _: &mut Context<'_, Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Handler<Work> for Worker {
    async fn handle(&mut self, Work(number): Work, cx: &mut Context<'_, Self>) -> u32 {
        let (runtime, ends) = (cx.system().runtime().clone(), Arc::clone(&self.0));
        let aside = async move {
            runtime.sleep(SECOND).await;
            ends.fetch_add(1, Ordering::Relaxed);
        };
        drop(cx.system().runtime().spawn(aside));
        cx.sleep(SECOND).await;
        self.0.fetch_add(1, Ordering::Relaxed);
        number
    }
}

fn workers(world: &World, ends: &Arc<AtomicU32>) -> [ActorRef<Worker>; 3] {
    let (system, ends) = (world.system("mill"), Arc::clone(ends));
    let busy = system.spawn(Worker(Arc::clone(&ends)));
    let idle = system.spawn(Worker(Arc::clone(&ends)));
    let spec = ChildSpec::permanent().options(SpawnOptions::default().name("kept"));
    let kept = system.supervise(move || Worker(Arc::clone(&ends)), spec);
    [busy, idle, kept]
}

#[test]
fn a_crash_ends_all_actors_and_tasks_at_once_without_hooks_and_another_may_start() {
    explore(20, |world| {
        let ends = Arc::new(AtomicU32::new(0));
        let old = workers(world, &ends);
        old[0].try_tell(Work(1)).unwrap();
        old[2].try_tell(Work(2)).unwrap();
        world.advance(SECOND / 2);
        assert!(world.crash("mill"));
        assert!(old.iter().all(|it| !it.is_alive()));
        assert!(!world.crash("mill"), "it is gone");
        world.advance(10 * SECOND);
        assert_eq!(ends.load(Ordering::Relaxed), 0);
        world.block_on(async { old[1].ask(Work(3)).await.unwrap_err() });

        let new = workers(world, &ends);
        assert_eq!(world.block_on(async { new[2].ask(Work(4)).await }).unwrap(), 4);
        world.settle();
        assert_eq!(ends.load(Ordering::Relaxed), 2, "the handler, and the task aside");
    });
}

#[test]
fn a_crash_by_plan_cuts_who_asks_and_closes_links_with_what_is_on_its_way() {
    explore(20, |world| {
        let ends = Arc::new(AtomicU32::new(0));
        let [busy, ..] = workers(world, &ends);
        let (mill, mut town) = world.links().open("mill", "town");
        mill.send(b"flour").unwrap();
        world.unleash(Plan::default().after(SECOND / 2000, Fault::crash("mill")));
        world.block_on(async {
            busy.ask(Work(1)).await.unwrap_err();
            assert_eq!(town.recv().await, None);
        });
        assert!(world.elapsed() < SECOND);
        assert_eq!(mill.send(b"bread"), Err(LinkClosed));
        assert_eq!(ends.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn nothing_runs_that_is_spawned_in_a_system_that_has_crashed() {
    let world = World::seeded(1);
    let runtime = world.system("mill").runtime().clone();
    world.crash("mill");
    let ends = Arc::new(AtomicU32::new(0));
    let late = Arc::clone(&ends);
    drop(runtime.spawn(async move { _ = late.fetch_add(1, Ordering::Relaxed) }));
    world.settle();
    assert_eq!(ends.load(Ordering::Relaxed), 0);
}

#[test]
fn other_systems_of_the_world_go_on() {
    let world = World::seeded(1).telling();
    let ends = Arc::new(AtomicU32::new(0));
    let other = world.system("bakery").spawn(Worker(Arc::clone(&ends)));
    let _mill = workers(&world, &ends);
    let plan = Plan::default().after(SECOND / 2, Fault::crash("mill"));
    world.unleash(plan.after(SECOND, Fault::crash("mill")));
    assert_eq!(world.block_on(async { other.ask(Work(5)).await }).unwrap(), 5);
    world.advance(SECOND);
    let story = world.story().to_string();
    assert!(story.contains("FAULT: the system mill crashes"), "{story}");
    assert!(story.contains("FAULT: mill would crash, and is not there"), "{story}");
    world.finish();
}

#[test]
fn a_disk_keeps_what_was_synced_and_of_the_rest_some_beginning() {
    let mut kept = BTreeSet::new();
    for seed in 0..40 {
        let world = World::seeded(seed);
        let disk = world.disk("mill");
        drop(world.system("mill"));
        disk.append(b"synced").unwrap();
        disk.sync().unwrap();
        disk.append(b"not").unwrap();
        assert_eq!(disk.read(), b"syncednot");
        world.crash("mill");
        let left = disk.read();
        assert!(b"syncednot".starts_with(&left) && left.len() >= 6, "{left:?}");
        kept.insert(left.len());
    }
    assert_eq!(kept, [6, 7, 8, 9].into());
}

/// What a disk with this fault says to two writes and a sync, and what it then holds.
fn with_fault(seed: u64, fault: DiskFault) -> (Vec<Result<(), ErrorKind>>, Vec<u8>, Vec<u8>) {
    let world = World::seeded(seed);
    drop(world.system("mill"));
    world.unleash(Plan::default().after(SECOND, Fault::disk("mill", fault)));
    world.advance(SECOND);
    let disk = world.disk("mill");
    let said = [disk.append(b"first"), disk.append(b"second"), disk.sync()];
    let before = disk.read();
    world.crash("mill");
    let said = said.map(|it| it.map_err(|it| it.kind()));
    (said.into(), before, world.disk("mill").read())
}

#[test]
fn a_write_fails_whole_or_in_the_middle_and_the_next_succeeds() {
    let failed = Err(ErrorKind::Other);
    let (said, held, after) = with_fault(1, DiskFault::FailWrite);
    assert_eq!(
        (said, held, after),
        (vec![failed, Ok(()), Ok(())], b"second".into(), b"second".into())
    );
    let mut torn = BTreeSet::new();
    for seed in 0..40 {
        let (said, held, _) = with_fault(seed, DiskFault::TearWrite);
        assert_eq!(said, [failed, Ok(()), Ok(())]);
        let beginning = held.strip_suffix(b"second").unwrap();
        assert!(b"first".starts_with(beginning) && beginning.len() < 5);
        torn.insert(beginning.len());
    }
    assert_eq!(torn, [0, 1, 2, 3, 4].into());
}

#[test]
fn a_full_disk_refuses_what_does_not_fit() {
    let (said, held, _) = with_fault(1, DiskFault::Full { left: 6 });
    assert_eq!(said, [Ok(()), Err(ErrorKind::StorageFull), Ok(())]);
    assert_eq!(held, b"first");
}

#[test]
fn what_a_failed_or_lying_sync_was_to_keep_may_be_lost() {
    for (fault, third) in [(DiskFault::FailSync, Err(ErrorKind::Other)), (DiskFault::Lie, Ok(()))] {
        let runs: Vec<_> = (0..40).map(|it| with_fault(it, fault)).collect();
        assert!(runs.iter().all(|it| it.0 == [Ok(()), Ok(()), third] && it.1 == b"firstsecond"));
        let left: BTreeSet<_> = runs.iter().map(|it| it.2.len()).collect();
        assert!(left.contains(&0) && left.contains(&11) && left.len() > 5, "{left:?}");
    }
}

#[test]
fn a_sync_after_a_failed_one_does_not_bring_back_what_that_was_to_keep() {
    let lost = (0..40).any(|seed| {
        let world = World::seeded(seed);
        drop(world.system("mill"));
        let disk = world.disk("mill");
        disk.break_it(DiskFault::FailSync);
        disk.append(b"paid").unwrap();
        disk.sync().unwrap_err();
        disk.sync().unwrap();
        world.crash("mill");
        disk.read().len() < 4
    });
    assert!(lost);
}
