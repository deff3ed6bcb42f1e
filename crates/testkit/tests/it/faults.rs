//! Plans of faults.

use std::time::Duration;

use ghostlight::{Actor, ActorRef, ChildSpec, Context, Handler, Message, SpawnOptions, System};
use ghostlight_testkit::{Explorer, Fault, Plan, World};

const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Message)]
#[message(reply = u32)]
struct Next;

/// Counts, and forgets when it is started again.
#[derive(Actor, Default)]
#[actor(handles(Next))]
struct Counter(u32);

impl Handler<Next> for Counter {
    async fn handle(&mut self, _: Next, cx: &mut Context<'_, Self>) -> u32 {
        cx.sleep(SECOND).await;
        self.0 += 1;
        self.0
    }
}

fn counter(system: &System) -> ActorRef<Counter> {
    system.supervise(
        Counter::default,
        ChildSpec::permanent().options(SpawnOptions::default().name("counter")),
    )
}

fn next(world: &World, counter: &ActorRef<Counter>) -> Option<u32> {
    world.block_on(async { counter.ask(Next).within(100 * SECOND).await.ok() })
}

#[test]
fn an_actor_that_is_made_to_fail_is_started_again_as_after_a_failure_of_its_own() {
    let world = World::seeded(1).telling();
    let counter = counter(&world.system("counting"));
    world.unleash(Plan::default().after(3 * SECOND + SECOND / 2, Fault::fail("counter")));
    let counted: Vec<_> = (0..6).map(|_| next(&world, &counter)).collect();
    assert_eq!(counted[..3], [Some(1), Some(2), Some(3)]);
    assert!(counted[3..].contains(&Some(1)), "{counted:?}");
    let story = world.story().to_string();
    assert!(story.contains("FAULT: counter 0.1 is made to fail"), "{story}");
    assert!(story.contains("is to be started again"), "{story}");
    world.finish();
}

#[test]
fn an_actor_whose_start_is_made_to_fail_is_started_once_more() {
    let world = World::seeded(1).telling();
    let counter = counter(&world.system("counting"));
    let plan = Plan::default()
        .after(SECOND, Fault::fail_start("counter"))
        .after(2 * SECOND, Fault::fail("counter"));
    world.unleash(plan);
    world.advance(60 * SECOND);
    assert_eq!(next(&world, &counter), Some(1));
    let story = world.story().to_string();
    assert!(story.contains("counter 0.1 is not to start the next time"), "{story}");
    assert!(story.contains("counter 0.1 FAILS: a fault of the plan"), "{story}");
    assert_eq!(story.matches("is to be started again").count(), 2, "{story}");
    world.finish();
}

#[test]
fn a_fault_may_come_at_a_step() {
    let world = World::seeded(1);
    let system = world.system("counting");
    let named = SpawnOptions::default().name("counter");
    let counter = system.spawn_with(Counter::default(), named);
    world.unleash(Plan::default().at_step(5, Fault::kill("counter")));
    let counted: Vec<_> = (0..6).map(|_| next(&world, &counter)).collect();
    assert_eq!((counted[0], counted[5]), (Some(1), None), "{counted:?}");
    world.finish();
}

#[test]
fn a_starved_actor_stands_still_for_so_long_and_then_goes_on() {
    let world = World::seeded(1);
    let counter = counter(&world.system("counting"));
    world.unleash(Plan::default().after(SECOND / 2, Fault::starve("counter", 10 * SECOND)));
    assert_eq!(next(&world, &counter), Some(1));
    assert_eq!(world.elapsed(), 10 * SECOND + SECOND / 2);
    assert_eq!(next(&world, &counter), Some(2));
    world.finish();
}

#[test]
fn the_clock_on_the_wall_jumps_and_the_monotonic_one_does_not() {
    let world = World::seeded(1);
    let before = world.runtime().wall_now();
    world.unleash(Plan::default().after(SECOND, Fault::WallClock { seconds: -3600 }));
    world.advance(2 * SECOND);
    assert_eq!(world.elapsed(), 2 * SECOND);
    assert_eq!(world.runtime().wall_now() + 3600 * SECOND, before + 2 * SECOND);
}

#[test]
fn a_fault_for_nobody_says_so_and_one_that_did_not_come_is_no_leak() {
    let world = World::seeded(1).telling();
    let plan = Plan::default().after(SECOND, Fault::kill("ghost"));
    world.unleash(plan.after(1000 * SECOND, Fault::kill("ghost")));
    world.advance(2 * SECOND);
    assert!(world.story().to_string().contains("ghost would be killed, and is not there"));
    world.finish();
}

#[test]
fn a_plan_follows_from_its_seed() {
    let kinds = [Fault::kill("a"), Fault::fail("b"), Fault::WallClock { seconds: 5 }];
    let plan = |seed| {
        let world = World::seeded(seed);
        Plan::default().draw(10, &kinds, 100 * SECOND, &mut world.rng("plan"))
    };
    assert_eq!(plan(1), plan(1));
    assert_ne!(plan(1), plan(2));
    assert_eq!(plan(3).faults().len(), 10);
}

#[test]
fn a_failing_run_is_shrunk_to_the_one_fault_that_matters() {
    let found = Explorer::seeds(50).find(|world| {
        let counter = counter(&world.system("counting"));
        let kinds = [
            Fault::WallClock { seconds: 1 },
            Fault::fail("counter"),
            Fault::starve("counter", SECOND),
        ];
        let plan = Plan::default().draw(6, &kinds, 10 * SECOND, &mut world.rng("plan"));
        world.unleash(plan);
        let counted: Vec<_> = (0..8).filter_map(|_| next(world, &counter)).collect();
        assert!(counted.is_sorted(), "it has forgotten: {counted:?}");
    });
    let found = found.expect_err("a counter that fails forgets");
    let story = found.story.to_string();
    assert_eq!(found.smallest.without.len(), 5, "{found}");
    assert_eq!(story.matches("FAULT").count(), 1, "{found}");
    assert_eq!(found.smallest.to_string().parse(), Ok(found.smallest.clone()));
}
