//! Deadlines that go along with whoever asks.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "nested_deadline_lengthens",
        says: "A turn may ask for longer than it is waited for itself.",
        file: "ask/request.rs",
        find: "limit.map_or(NO_END, |it| it.instant(runtime)).min(given.until);",
        plant: "limit.map_or(given.until, |it| if FAULT { it.instant(runtime) } else { it.instant(runtime).min(given.until) });",
    },
    Fault {
        name: "default_deadline_not_shared",
        says: "What a turn asks has a whole default deadline, however little that turn has left of its own.",
        file: "ask/request.rs",
        find: "budget.due = budget.due.min(patience.due());",
        plant: "budget.due = if FAULT { patience.due() } else { budget.due.min(patience.due()) };",
    },
    Fault {
        name: "asked_too_late",
        says: "A turn whose time is over still asks.",
        file: "ask/request.rs",
        find: "        if is_over { Err(()) }",
        plant: "        if is_over && !FAULT { Err(()) }",
    },
    Fault {
        name: "afresh_ignored",
        says: "An ask that is to have time of its own has not.",
        file: "ask/request.rs",
        find: "        if self.options.is_afresh {",
        plant: "        if self.options.is_afresh && !FAULT {",
    },
    Fault {
        name: "tick_of_another_system",
        says: "A default deadline goes along to another system, where it is another moment.",
        file: "ask/request.rs",
        find: "if given.due != NEVER && !here::is_of",
        plant: "if given.due != NEVER && !FAULT && !here::is_of",
    },
    Fault {
        name: "forwarded_without_a_deadline",
        says: "A turn to which a request was passed on does not know how long its asker waits.",
        file: "context.rs",
        find: "                    let budget = here::budget();",
        plant: "                    let budget = if FAULT { crate::budget::Budget::NONE } else { here::budget() };",
    },
    Fault {
        name: "remaining_without_the_default",
        says: "A turn whose asker waits until the default deadline is told that it has for ever.",
        file: "budget.rs",
        find: "let due = (self.due != NEVER)",
        plant: "let due = (self.due != NEVER && !FAULT)",
    },
    Fault {
        name: "tell_has_the_time_of_an_ask",
        says: "A message that was told has the deadline of the ask before it.",
        file: "protocol/tuples.rs",
        find: r"                                                serve!(core, $P::Message, message, asker);
                                                here::end_turn();",
        plant: r"                                                serve!(core, $P::Message, message, asker);
                                                if !FAULT {
                                                    here::end_turn();
                                                }",
    },
];
