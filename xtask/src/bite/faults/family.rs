//! Owners, their children, and whole systems.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "owner_ends_first",
        says: "An owner ends without waiting for its children.",
        file: "runner/ending.rs",
        find: r"    family.feed(Input::Close(if is_killed { Manner::Kill } else { Manner::Stop }));
    family.is_closed()",
        plant: r"    family.feed(Input::Close(if is_killed { Manner::Kill } else { Manner::Stop }));
    family.is_closed() || FAULT",
    },
    Fault {
        name: "children_end_in_order",
        says: "Children end in the order in which they were started.",
        file: "supervision/supervisor/table.rs",
        find: "        self.children.last_key_value().map(",
        plant: r"        let last = if FAULT { self.children.first_key_value() } else { self.children.last_key_value() };
        last.map(",
    },
    Fault {
        name: "kill_stays_with_the_owner",
        says: "A kill that comes while an owner waits for its children does not reach them.",
        file: "runner/ending.rs",
        find: r"    if seen.has(Signals::KILL) {
        family.feed",
        plant: r"    if seen.has(Signals::KILL) && !FAULT {
        family.feed",
    },
    Fault {
        name: "owner_not_nudged",
        says: "An owner does not hear that its last child has ended.",
        file: "family.rs",
        find: "owner.into_iter().for_each(Member::nudge);",
        plant: "owner.into_iter().filter(|_| !FAULT).for_each(Member::nudge);",
    },
    Fault {
        name: "ending_owner_has_children",
        says: "An actor that was told to end can still have children.",
        file: "children.rs",
        find: "let is_ending = self.is_stopping();",
        plant: "let is_ending = self.is_stopping() && !FAULT;",
    },
    Fault {
        name: "clock_not_moved_up",
        says: "A child whose wait is shorter is started only when that of another is over.",
        file: "family.rs",
        find: "clock.into_iter().for_each(Waker::wake);",
        plant: "clock.into_iter().filter(|_| !FAULT).for_each(Waker::wake);",
    },
    Fault {
        name: "effects_out_of_order",
        says: "Of several things that a supervisor decides, the last is done first.",
        file: "family.rs",
        find: "while let Some((effect, member)) = inside.effects.pop_front() {",
        plant: r"while let Some((effect, member)) =
            if FAULT { inside.effects.pop_back() } else { inside.effects.pop_front() }
        {",
    },
    Fault {
        name: "shutdown_in_order",
        says: "A system ends its actors in the order in which they were spawned.",
        file: "system/shutdown.rs",
        find: r"        let mut all = lock(&self.roster).newest_first();
        all.retain(",
        plant: r"        let mut all = lock(&self.roster).newest_first();
        if FAULT {
            all.reverse();
        }
        all.retain(",
    },
    Fault {
        name: "started_while_the_owner_ends",
        says: "A child whose wait is over is started again while its owner ends.",
        file: "supervision/supervisor/mod.rs",
        find: "Some(Phase::Waiting) if self.door == Door::Open =>",
        plant: "Some(Phase::Waiting) if FAULT || self.door == Door::Open =>",
    },
    Fault {
        name: "clock_stops_for_good",
        says: "Once nothing is due for a while, no wait before a restart is ever over again.",
        file: "family.rs",
        find: r"                inside.has_clock = false;
                return Poll::Ready(());",
        plant: r"                inside.has_clock = FAULT;
                return Poll::Ready(());",
    },
];
