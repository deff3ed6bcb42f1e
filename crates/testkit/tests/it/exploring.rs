//! Finding a race, making it small, and running it again.

use std::{
    collections::{HashMap, hash_map::RandomState},
    env,
    hash::BuildHasher,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ghostlight::{Actor, ActorRef, Context, Handler, Message};
use ghostlight_testkit::{Exhaust, Explorer, Strategy, World, explore};

#[derive(Debug, Message)]
#[message(reply = u32)]
struct Get;

#[derive(Debug, Message)]
struct Set(u32);

#[derive(Debug, Message)]
struct Deposit;

/// An account whose balance is read and written in two messages: a mistake that every newcomer
/// makes once.
#[derive(Actor)]
#[actor(handles(Get, Set))]
struct Account(u32);

#[derive(Actor)]
#[actor(handles(Deposit))]
struct Clerk(ActorRef<Account>);

impl Handler<Get> for Account {
    async fn handle(&mut self, _: Get, _: &mut Context<'_, Self>) -> u32 {
        self.0
    }
}

impl Handler<Set> for Account {
    async fn handle(&mut self, Set(balance): Set, _: &mut Context<'_, Self>) {
        self.0 = balance;
    }
}

impl Handler<Deposit> for Clerk {
    async fn handle(&mut self, _: Deposit, _: &mut Context<'_, Self>) {
        let balance = self.0.ask(Get).await.unwrap();
        self.0.tell(Set(balance + 1)).await.unwrap();
    }
}

fn deposits(world: &World) {
    let bank = world.system("bank");
    let account = bank.spawn(Account(0));
    let clerks: Vec<_> = (0..2).map(|_| bank.spawn(Clerk(account.clone()))).collect();
    for clerk in clerks.iter().cycle().take(6) {
        clerk.try_tell(Deposit).unwrap();
    }
    world.settle();
    let balance = world.block_on(async { account.ask(Get).await.unwrap() });
    assert_eq!(balance, 6, "a deposit was lost");
}

#[test]
fn a_lost_update_is_found_and_shrunk_to_a_few_choices_and_its_story_names_those_who_took_part() {
    let found = Explorer::seeds(200).find(deposits).expect_err("there is a race");
    assert!(found.message.contains("a deposit was lost"), "{found}");
    assert!(found.at.as_ref().is_some_and(|it| it.contains("exploring.rs")), "{found}");
    assert!(found.n_choices.is_some_and(|it| it <= 3), "{found}");
    let text = found.to_string();
    for expected in
        ["Clerk 1.1", "Clerk 2.1", "Account 0.1", "Get", "Set", "GHOSTLIGHT_REPLAY='seed="]
    {
        assert!(text.contains(expected), "no `{expected}` in:\n{text}");
    }
}

#[test]
fn a_race_of_two_asks_of_an_idle_actor_is_found_though_each_could_run_on_its_caller() {
    let found = Explorer::seeds(200).find(|world| {
        let bank = world.system("bank");
        let account = bank.spawn(Account(0));
        for _ in 0..2 {
            bank.spawn(Clerk(account.clone())).try_tell(Deposit).unwrap();
        }
        world.settle();
        let balance = world.block_on(async { account.ask(Get).await.unwrap() });
        assert_eq!(balance, 2, "a deposit was lost");
    });
    let found = found.expect_err("both may read before either writes");
    assert!(found.message.contains("a deposit was lost"), "{found}");
}

#[test]
fn the_same_race_is_found_among_all_orders_that_stray_but_once_and_absent_from_none() {
    let found = Exhaust::straying(1).find(deposits).expect_err("there is a race");
    assert!(found.message.contains("a deposit was lost"), "{found}");
    assert!(found.n_choices.is_some_and(|it| it <= 1), "{found}");
}

#[test]
fn all_orders_of_a_small_test_are_covered_and_counted_unless_there_are_too_many() {
    let small = |world: &World| {
        let account = world.system("bank").spawn(Account(0));
        account.try_tell(Set(1)).unwrap();
        let balance = world.block_on(async { account.ask(Get).await.unwrap() });
        assert_eq!(balance, 1);
    };
    let covered = Exhaust::straying(3).find(small).expect("no race");
    assert!(covered.is_complete && covered.orders > 3, "{covered:?}");
    let fewer = Exhaust::straying(3).at_most(3).find(small).expect("no race");
    assert_eq!((fewer.orders, fewer.is_complete), (3, false));
}

fn quiet(world: &World) {
    let account = world.system("quiet").spawn(Account(1));
    assert_eq!(world.block_on(async { account.ask(Get).await.unwrap() }), 1);
}

const ASKED: &str = "GHOSTLIGHT_TEST_LOSES";

/// Not a test of its own: what the next ones run in another process.
#[test]
fn loses_a_deposit_if_asked_to() {
    match env::var(ASKED).as_deref() {
        Ok("yes") => explore(200, deposits),
        Ok(_) => Explorer::seeds(200).run(quiet),
        Err(_) => {}
    }
}

/// Whether a process that runs the test above fails, and what it prints; with these in its environment.
fn in_another_process(loses: &str, variables: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "exploring::loses_a_deposit_if_asked_to", "--nocapture"]);
    for name in ["REPLAY", "SEEDS", "STRATEGY", "PROGRESS"] {
        command.env_remove(format!("GHOSTLIGHT_{name}"));
    }
    let output = command.env(ASKED, loses).envs(variables.iter().copied()).output().unwrap();
    (!output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_line_that_a_failing_run_prints_replays_it_in_a_fresh_process() {
    let (has_failed, first) = in_another_process("yes", &[]);
    assert!(has_failed, "{first}");
    let line = first.lines().find(|it| it.contains("GHOSTLIGHT_REPLAY='")).expect("a line");
    assert!(line.contains("exploring::loses_a_deposit_if_asked_to -- --exact"), "{line}");
    let replay = line.split('\'').nth(1).unwrap();
    let (has_failed, second) = in_another_process("yes", &[("GHOSTLIGHT_REPLAY", replay)]);
    assert!(has_failed, "{second}");
    let story = |text: &str| {
        let lines = text.lines().skip_while(|it| !it.contains("Deposit"));
        lines.take_while(|it| !it.contains("replay it")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(!story(&first).is_empty(), "{first}");
    assert_eq!(story(&first), story(&second));
}

#[test]
fn the_environment_may_ask_for_a_number_of_seeds_and_to_be_told_how_it_goes() {
    let variables = [("GHOSTLIGHT_SEEDS", "37"), ("GHOSTLIGHT_PROGRESS", "1")];
    let (has_failed, text) = in_another_process("no", &variables);
    assert!(!has_failed, "{text}");
    let told: Vec<_> = text.lines().filter(|it| it.starts_with("explored ")).collect();
    assert!((9..=11).contains(&told.len()), "{text}");
    let last = told[told.len() - 1];
    assert!(last.starts_with("explored 37 of 37 worlds in "), "{last}");
    assert!(last.ends_with(" steps: exploring::loses_a_deposit_if_asked_to"), "{last}");
}

#[test]
fn the_environment_may_ask_for_a_strategy() {
    for (strategy, found) in
        [("round-robin", " round-robin'"), ("pct:2", " priorities=2:"), ("random", " random'")]
    {
        let variables = [("GHOSTLIGHT_STRATEGY", strategy)];
        let (has_failed, text) = in_another_process("yes", &variables);
        let as_found = text.lines().rfind(|it| it.contains("GHOSTLIGHT_REPLAY="));
        assert!(has_failed && as_found.is_some_and(|it| it.contains(found)), "{strategy}: {text}");
    }
}

#[test]
fn what_the_environment_asks_for_in_vain_is_refused_in_one_line() {
    for (variable, value, expected) in [
        (
            "GHOSTLIGHT_STRATEGY",
            "pct:often",
            "`pct:often` is no strategy; there are mixed, random,",
        ),
        ("GHOSTLIGHT_STRATEGY", "script", "`script` is no strategy;"),
        ("GHOSTLIGHT_SEEDS", "many", "`many` is no number"),
    ] {
        let (has_failed, text) = in_another_process("yes", &[(variable, value)]);
        let line = text.lines().find(|it| it.starts_with(&format!("{variable}: ")));
        assert!(has_failed && line.is_some_and(|it| it.contains(expected)), "{text}");
    }
}

#[test]
fn a_strategy_is_read_as_it_is_printed_and_nothing_else_is() {
    for strategy in [
        Strategy::Random,
        Strategy::RoundRobin,
        Strategy::Priorities { changes: 3, steps: 70 },
        Strategy::Script([].into()),
        Strategy::Script([(1, 2), (30, 4)].into()),
    ] {
        assert_eq!(strategy.to_string().parse(), Ok(strategy));
    }
    for text in ["", "random=1", "priorities", "priorities=3", "script", "script=1", "pct:3"] {
        let unread = text.parse::<Strategy>().expect_err(text);
        assert_eq!(unread.text, text);
    }
}

#[test]
fn a_test_without_a_race_passes_every_seed_and_each_counts_once() {
    let explored = Explorer::seeds(30).find(quiet).expect("no race");
    assert_eq!(explored.runs, 30);
    assert!(explored.steps >= 30);
}

#[test]
fn chance_that_is_not_the_worlds_is_noticed_because_two_runs_of_one_seed_differ() {
    let found = Explorer::seeds(30).find(|world| {
        let keys: HashMap<u64, ()> = (0..10).map(|it| (it, ())).collect();
        let runtime = world.runtime().clone();
        for key in keys.into_keys() {
            drop(runtime.spawn_named(move || format!("task {key}"), async {}));
        }
        world.settle();
    });
    let text = found.expect_err("the order of a map is chance").to_string();
    assert!(text.contains("two runs of one seed differ") && text.contains("task "), "{text}");
}

#[test]
fn a_delay_drawn_outside_of_the_world_is_noticed_too() {
    let found = Explorer::seeds(30).find(|world| {
        let micros = RandomState::new().hash_one(1) % 1_000_000;
        world.block_on(world.runtime().sleep(Duration::from_micros(micros)));
    });
    found.expect_err("the clock stops elsewhere each time");
}

/// Which of two branches that are both ready `tokio::select!` takes, eight times.
async fn selections(is_biased: bool) -> String {
    let mut taken = String::new();
    for _ in 0..8 {
        let (one, other) = (std::future::ready('a'), std::future::ready('b'));
        taken.push(if is_biased {
            tokio::select! { biased; it = one => it, it = other => it }
        } else {
            tokio::select! { it = one => it, it = other => it }
        });
    }
    taken
}

#[test]
fn a_biased_select_is_the_same_each_time_and_another_is_noticed_unless_tokio_takes_a_seed() {
    let select = |is_biased| {
        let select = move |world: &World| world.note(&world.block_on(selections(is_biased)));
        Explorer::seeds(10).find(select)
    };
    assert!(select(true).is_ok());
    assert_eq!(select(false).is_ok(), cfg!(tokio_unstable));
}

#[test]
fn a_failure_that_every_order_has_is_shrunk_to_no_choice_at_all() {
    let runs = AtomicU64::new(0);
    let found = Explorer::seeds(10).find(|world| {
        runs.fetch_add(1, Ordering::Relaxed);
        let _account = world.system("bank").spawn(Account(0));
        world.settle();
        panic!("always");
    });
    let found = found.expect_err("it always fails");
    assert_eq!((found.n_choices, found.runs), (Some(0), 1), "{found}");
    assert_eq!(found.smallest.strategy, Strategy::Script([].into()));
    assert!(runs.into_inner() < 10);
}
