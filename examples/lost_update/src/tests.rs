//! The test that one would write for either clerk, and what comes of it.

use std::{
    env,
    process::{Command, Output},
};

use ghostlight::{
    prelude::*,
    testkit::{Explorer, World},
};

use crate::{
    account::{Account, Balance},
    clerk::{CarefulClerk, Deposit, HastyClerk},
};

/// Two clerks of a kind make one deposit each.
fn two_deposits<C: Handler<Deposit>>(world: &World, clerk: impl Fn(ActorRef<Account>) -> C) {
    let bank = world.system("bank");
    let account = bank.spawn(Account::default());
    for _ in 0..2 {
        bank.spawn(clerk(account.clone())).try_tell(Deposit { cents: 5 }).expect("there is room");
    }
    world.settle();
    let balance = world.block_on(async { account.ask(Balance).await });
    assert_eq!(balance.expect("the account is open"), 10, "a deposit was lost");
}

#[ghostlight::test(seeds = 200)]
fn careful_clerks_lose_no_deposit(world: &World) {
    two_deposits(world, CarefulClerk);
}

#[ghostlight::test(seeds = 200)]
#[ignore = "it fails, which is what this example is about"]
fn hasty_clerks_lose_no_deposit(world: &World) {
    two_deposits(world, HastyClerk);
}

#[test]
fn the_race_is_found_and_made_so_small_that_its_story_can_be_read() {
    let found = Explorer::seeds(200).find(|world| two_deposits(world, HastyClerk));
    let found = found.expect_err("there is a race");
    assert!(found.message.contains("a deposit was lost"), "{found}");
    assert!(found.n_choices.is_some_and(|it| it <= 2), "{found}");
    let story = found.story.ending(100).to_string();
    let until_lost = story.lines().take_while(|it| !it.contains("has ended"));
    assert!(until_lost.count() < 15, "{story}");

    // Both clerks have read before the account handles what one of them has written.
    let [mut last_read, mut first_written] = [0, usize::MAX];
    for (number, line) in story.lines().enumerate() {
        if line.contains("HastyClerk") && line.contains("Balance to Account") {
            last_read = number;
        }
        if line.contains("Account 0.1 handles SetBalance") {
            first_written = first_written.min(number);
        }
    }
    assert!(0 < last_read && last_read < first_written && first_written < 15, "{story}");
}

/// Runs the test that fails, and that one alone, in a process of its own.
fn in_another_process(arguments: &[&str], replay: Option<&str>) -> String {
    let mut command = Command::new(env::current_exe().expect("a test runs from a file"));
    command.args(arguments).env_remove("GHOSTLIGHT_REPLAY");
    if let Some(replay) = replay {
        command.env("GHOSTLIGHT_REPLAY", replay);
    }
    let Output { status, stdout, stderr } = command.output().expect("it has run before");
    let text = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
    assert!(!status.success(), "it did not fail:\n{text}");
    text.into_owned()
}

#[test]
fn the_line_that_is_printed_replays_the_same_story_in_a_fresh_process() {
    let name = "tests::hasty_clerks_lose_no_deposit";
    let first = in_another_process(&["--exact", name, "--ignored", "--nocapture"], None);
    let line = first.lines().find(|it| it.contains("GHOSTLIGHT_REPLAY='")).expect("a line");
    let (_, line) = line.split_once('\'').expect("a value");
    let (replay, words) = line.split_once("' cargo test ").expect("a command");
    let words: Vec<_> = words.split(' ').filter(|it| *it != "--").collect();

    let second = in_another_process(&words, Some(replay));
    let story = |text: &str| {
        let lines = text.lines().skip_while(|it| !it.contains("sends Deposit"));
        lines.take_while(|it| !it.contains("replay it")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(story(&first).len() > 5, "{first}");
    assert_eq!(story(&first), story(&second));
}
