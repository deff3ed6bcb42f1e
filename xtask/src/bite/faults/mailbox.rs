//! Queues, room in them, and who waits for it.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "capacity_off_by_one",
        says: "A mailbox takes one message more than it has room for.",
        file: "mailbox/inbox.rs",
        find: r"|it| it.get());
        let rare = self.rare.as_deref();",
        plant: r"|it| it.get() + u32::from(FAULT));
        let rare = self.rare.as_deref();",
    },
    Fault {
        name: "overflow_drops_the_newest",
        says: "Where the oldest message is to be dropped, the newest is.",
        file: "mailbox/inbox.rs",
        find: "return self.queue.pop_front();",
        plant: "return if FAULT { self.queue.pop_back() } else { self.queue.pop_front() };",
    },
    Fault {
        name: "overflow_drops_in_silence",
        says: "A message that arrives at a full mailbox is dropped without a dead letter.",
        file: "cell.rs",
        find: "self.bury_one(message, DeadReason::Overflow(rule));",
        plant: r"if !FAULT {
                    self.bury_one(message, DeadReason::Overflow(rule));
                }",
    },
    Fault {
        name: "urgent_waits_for_the_batch",
        says: "An urgent message waits until those that came before it have been handled.",
        file: "cell.rs",
        find: r"if inbox.is_urgent() {
            self.signals.raise",
        plant: r"if inbox.is_urgent() && !FAULT {
            self.signals.raise",
    },
    Fault {
        name: "least_urgent_first",
        says: "Of several priorities the lowest goes first.",
        file: "mailbox/lanes.rs",
        find: "let next = starved.or_else(|| (0..5).find(|&it| waits(it)));",
        plant: r"let first = if FAULT { (0..5).rfind(|&it| waits(it)) } else { (0..5).find(|&it| waits(it)) };
        let next = starved.or(first);",
    },
    Fault {
        name: "low_level_starves",
        says: "A flood of urgent messages holds up the others for ever.",
        file: "mailbox/lanes.rs",
        find: "waits(it) && self.passed[it] >= MAX_CONSECUTIVE",
        plant: "waits(it) && !FAULT && self.passed[it] >= MAX_CONSECUTIVE",
    },
    Fault {
        name: "newcomer_takes_the_place",
        says: "A message that arrives takes the room that was kept for a sender who waits.",
        file: "mailbox/inbox.rs",
        find: "map_or(0, |it| it.senders.reserved()) as usize;",
        plant: "map_or(0, |it| if FAULT { 0 } else { it.senders.reserved() }) as usize;",
    },
    Fault {
        name: "senders_let_in_backwards",
        says: "Of the senders that wait for room the last is let in first.",
        file: "mailbox/senders.rs",
        find: "let (_, waker) = self.parked.pop_front()?;",
        plant: r"let next = if FAULT { self.parked.pop_back() } else { self.parked.pop_front() };
        let (_, waker) = next?;",
    },
    Fault {
        name: "place_kept_for_ever",
        says: "A place in the mailbox is still kept after it was taken.",
        file: "mailbox/senders.rs",
        find: "self.reserved = left;",
        plant: "self.reserved = if FAULT { self.reserved } else { left };",
    },
    Fault {
        name: "place_not_passed_on",
        says: "A sender that gives up the place kept for it passes it on to nobody.",
        file: "mailbox/senders.rs",
        find: r"        self.admit_one()
    }",
        plant: r"        if FAULT {
            return None;
        }
        self.admit_one()
    }",
    },
    Fault {
        name: "place_lost_with_its_sender",
        says: "A place that was kept for a sender who gave up is kept for ever.",
        file: "mailbox/senders.rs",
        find: "self.reserved = self.reserved.checked_sub(1)?;",
        plant: r"let one = u32::from(!FAULT);
        self.reserved = self.reserved.checked_sub(one)?;",
    },
    Fault {
        name: "senders_not_woken",
        says: "Senders are let in while the actor waits within a turn, and not woken.",
        file: "runner/mod.rs",
        find: "senders.into_iter().for_each(Waker::wake);",
        plant: "senders.into_iter().filter(|_| !FAULT).for_each(Waker::wake);",
    },
    Fault {
        name: "stop_forgets_the_senders",
        says: "Senders that wait for room when an actor is told to end are not sent away.",
        file: "life.rs",
        find: r"        cell.raise(inbox, signal);
    }
    senders.into_iter()",
        plant: r"        cell.raise(inbox, signal);
    }
    senders.into_iter().filter(|_| !FAULT)",
    },
    Fault {
        name: "place_kept_across_an_end",
        says: "A place that was kept for a sender when its actor was told to end is kept in the next incarnation too.",
        file: "mailbox/senders.rs",
        find: "        self.reserved = 0;",
        plant: "        self.reserved = if FAULT { self.reserved } else { 0 };",
    },
    Fault {
        name: "shut_door_lets_in",
        says: "A mailbox that is shut takes messages all the same.",
        file: "mailbox/inbox.rs",
        find: "self.is_open && self.queue.len() as u32",
        plant: "(self.is_open || FAULT) && self.queue.len() as u32",
    },
];
