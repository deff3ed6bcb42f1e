//! When a mailbox warns: B-11.

use ghostlight::{MailboxOptions, SpawnOptions};

use crate::{
    stage::{self, conformance},
    support::{Gate, Hold, Journal, Listed, Log, Note, Witness, park, rest},
};

fn with(mailbox: MailboxOptions) -> SpawnOptions {
    SpawnOptions::default().mailbox(mailbox)
}

#[conformance]
async fn the_high_water_warning_comes_once_per_crossing() {
    let witness = Witness::default();
    let system = stage::system_with("test", |it| it.observer(witness.clone()));
    for mailbox in [MailboxOptions::default(), MailboxOptions::unbounded()] {
        let options = with(mailbox.warn_at(10));
        let actor = system.spawn_with(Journal::<Listed>::new(&Log::default()), options);
        for crossing in 1..=3 {
            let gate = park(&actor).await;
            (0..9).for_each(|n| actor.try_tell(Note(n)).unwrap());
            assert!(witness.0.all().is_empty(), "nine are below the mark, crossing {crossing}");
            (0..20).for_each(|n| actor.try_tell(Note(n)).unwrap());
            assert_eq!(witness.0.take(), ["high water: 10"], "crossing {crossing}");
            gate.open();
            rest().await;
        }
    }
}

/// Fills to the mark, handles down to some depth, and fills to the mark again.
async fn warns_again(mark: u32, depth: u32) -> bool {
    let witness = Witness::default();
    let system = stage::system_with("test", |it| it.observer(witness.clone()));
    let options = with(MailboxOptions::unbounded().warn_at(mark));
    let actor = system.spawn_with(Journal::<Listed>::new(&Log::default()), options);
    let gate = park(&actor).await;
    let second = Gate::closed();
    // The second gate stands so deep that `depth` messages are left behind it.
    for waiting in (0..mark).rev() {
        if waiting == depth {
            actor.try_tell(Hold(second.clone())).unwrap();
        } else {
            actor.try_tell(Note(0)).unwrap();
        }
    }
    assert_eq!(witness.0.take().len(), 1, "the first crossing of {mark}");
    gate.open();
    second.arrived().await;
    assert_eq!(actor.mailbox_len(), depth as usize);
    (depth..mark).for_each(|_| actor.try_tell(Note(0)).unwrap());
    second.open();
    rest().await;
    !witness.0.all().is_empty()
}

#[conformance]
async fn the_warning_is_armed_again_only_below_half_of_its_mark() {
    // From 2 on, since the message that parks the actor reaches a mark of 1 by itself.
    for mark in 2..=8 {
        for depth in 0..mark {
            let warned = warns_again(mark, depth).await;
            assert_eq!(warned, 2 * depth < mark, "mark {mark}, after the depth fell to {depth}");
        }
    }
}
