//! Timers.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "cancelled_tick_comes",
        says: "A tick that waits in the mailbox comes although its timer was cancelled.",
        file: "timer/table.rs",
        find: "else { return Taken::Cancelled(load) };",
        plant: r"else {
            return if FAULT { Taken::Last(load) } else { Taken::Cancelled(load) };
        };",
    },
    Fault {
        name: "timer_drifts",
        says: "A timer that repeats counts from when its tick was taken.",
        file: "timer/table.rs",
        find: "entry.at = next_tick(missed, entry.at, period, now);",
        plant: "entry.at = if FAULT { now + period } else { next_tick(missed, entry.at, period, now) };",
    },
    Fault {
        name: "timer_outlives_its_incarnation",
        says: "A timer goes on in the next incarnation.",
        file: "life.rs",
        find: "    timer::end_incarnation(cell);",
        plant: r"    if !FAULT {
        timer::end_incarnation(cell);
    }",
    },
    Fault {
        name: "namesake_goes_on",
        says: "A timer does not take the place of the one that had its name.",
        file: "timer/table.rs",
        find: "        self.remove(namesake)?.load",
        plant: r"        if FAULT {
            return None;
        }
        self.remove(namesake)?.load",
    },
    Fault {
        name: "alarm_not_moved_up",
        says: "A timer that is due sooner waits for the one that was set first.",
        file: "timer/alarm.rs",
        find: "is_none_or(|it| at < it.at)",
        plant: "is_none_or(|it| !FAULT && at < it.at)",
    },
    Fault {
        name: "silence_of_the_busy",
        says: "An actor that handles something for long is told that it has been idle.",
        file: "timer/table.rs",
        find: "if handled != Some(silence.handled) {",
        plant: "if handled != Some(silence.handled) && !FAULT {",
    },
    Fault {
        name: "mail_of_the_dead",
        says: "A timer ticks on after its actor was told to end.",
        file: "timer/alarm.rs",
        find: r"    if !inbox.is_open {
        let tick",
        plant: r"    if !inbox.is_open && !FAULT {
        let tick",
    },
];
