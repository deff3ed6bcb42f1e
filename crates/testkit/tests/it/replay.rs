//! The same again: in this process and in another.

use std::{env, process::Command};

use crate::actors::balls;

const ASKED: &str = "GHOSTLIGHT_TEST_HASH_OF";

/// Not a test of its own: what the next one runs in another process.
#[test]
fn tells_the_hash_it_is_asked_for() {
    if let Ok(seed) = env::var(ASKED) {
        panic!("hash {:?}", balls(seed.parse().unwrap()));
    }
}

#[test]
fn another_process_comes_to_the_same_hash() {
    for seed in [1, 2, 3] {
        let told = Command::new(env::current_exe().unwrap())
            .args(["--exact", "replay::tells_the_hash_it_is_asked_for", "--nocapture"])
            .env(ASKED, seed.to_string())
            .env("HOME", "/nowhere")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(told.contains(&format!("hash {:?}", balls(seed))), "{told}");
    }
}
