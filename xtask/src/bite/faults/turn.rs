//! Running turns, waking up for them, and what a restart makes of the mailbox.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "plain_tell_does_not_wake",
        says: "A message to an idle actor does not wake it.",
        file: "cell.rs",
        find: r"        if inbox.idle {
            self.wake_idle(inbox);
        }
        true",
        plant: r"        if inbox.idle && !FAULT {
            self.wake_idle(inbox);
        }
        true",
    },
    Fault {
        name: "wake_lost_on_the_caller",
        says: "What comes in during a turn on the thread of an asker wakes nobody.",
        file: "ask/caller.rs",
        find: r"    if !is_idle {
        let wake = inbox.wake_for_signal();",
        plant: r"    if !is_idle && !FAULT {
        let wake = inbox.wake_for_signal();",
    },
    Fault {
        name: "suspended_turn_is_not_taken_over",
        says: "A turn that an asker began and that waits is taken over by no task.",
        file: "ask/caller.rs",
        find: r"    let wake = inbox.wake_for_signal();
    drop(inbox);
    cell.wake(wake);
    cell.be_swept(is_new);",
        plant: r"    let wake = inbox.wake_for_signal();
    drop(inbox);
    if !FAULT {
        cell.wake(wake);
    }
    cell.be_swept(is_new);",
    },
    Fault {
        name: "order_during_a_turn_is_overlooked",
        says: "An order to end that a handler gives its own actor, before it waits, is not seen until something else happens.",
        file: "runner/mod.rs",
        find: "if is_news { Step::Again }",
        plant: "if is_news && !FAULT { Step::Again }",
    },
    Fault {
        name: "throughput_not_kept",
        says: "An actor with much to do never lets others go first.",
        file: "runner/shift.rs",
        find: "self.share -= self.ran;",
        plant: "self.share -= if FAULT { 0 } else { self.ran };",
    },
    Fault {
        name: "turn_that_was_none_counts",
        says: "A message that was taken out and not handled counts as handled.",
        file: "cell.rs",
        find: "self.handled.load(Ordering::Relaxed) - 1,",
        plant: "self.handled.load(Ordering::Relaxed) - u64::from(!FAULT),",
    },
    Fault {
        name: "batch_lost_at_restart",
        says: "What an incarnation took from the mailbox and did not come to is lost.",
        file: "life.rs",
        find: "    inbox.put_back(batch);",
        plant: r"    if !FAULT {
        inbox.put_back(batch);
    }",
    },
    Fault {
        name: "batch_put_back_behind",
        says: "What an incarnation did not come to goes behind what was sent since.",
        file: "mailbox/inbox.rs",
        find: r"        mem::swap(&mut self.queue, &mut batch);
        batch.for_each",
        plant: r"        if !FAULT {
            mem::swap(&mut self.queue, &mut batch);
        }
        batch.for_each",
    },
    Fault {
        name: "door_shut_at_failure",
        says: "An actor that will be started again refuses messages from its failure to its start.",
        file: "mailbox/inbox.rs",
        find: "if self.renewal >= renewal {",
        plant: "if self.renewal >= renewal && !FAULT {",
    },
];
