//! Some minutes in a world, twice.

use std::time::Duration;

use crate::{
    in_world, keep_quiet_on_purpose,
    options::{Options, Place},
};

#[test]
fn the_same_minutes_come_again_for_the_same_seed_and_nothing_is_lost_in_them() {
    keep_quiet_on_purpose();
    let digest = |seed| {
        let time = Duration::from_secs(60);
        let options = Options { actors: 100, time, seed, place: Place::World };
        let passed = in_world(&options).expect("everybody starts");
        assert_eq!(passed.faults, Vec::<String>::new(), "seed {seed}");
        passed.digest
    };
    let (one, again, other) = (digest(1), digest(1), digest(2));
    assert_eq!(one, again);
    assert_ne!(one, other);
}
