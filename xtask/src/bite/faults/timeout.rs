//! Turns that take long: their limits, budgets of rounds, who watches them, and where they run.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "time_of_the_last_turn_goes_on",
        says: "A turn has only what the one before it has left of its time.",
        file: "runner/limit.rs",
        find: "        let term = self.0.as_mut().and_then(|it| it.term.take());",
        plant: "        let term = self.0.as_mut().filter(|_| !FAULT).and_then(|it| it.term.take());",
    },
    Fault {
        name: "time_of_a_cut_turn_goes_on",
        says: "A turn after one that was cut has only what that one has left of its time.",
        file: "runner/limit.rs",
        find: r"        if let Some(aside) = &mut self.0 {
            aside.term = None;",
        plant: r"        if let Some(aside) = &mut self.0
            && !FAULT
        {
            aside.term = None;",
    },
    Fault {
        name: "warned_once",
        says: "Of a turn that takes longer than it may is told once only.",
        file: "term.rs",
        find: "timeout.after.saturating_mul(2)",
        plant: "timeout.after.saturating_mul(if FAULT { 1_000_000 } else { 2 })",
    },
    Fault {
        name: "cut_turn_not_mended",
        says: "An actor does not get to repair its state after a turn that was cut.",
        file: "runner/limit.rs",
        find: "            core.mend();",
        plant: r"            if !FAULT {
                core.mend();
            }",
    },
    Fault {
        name: "late_turn_stops_nobody",
        says: "An actor that is to end with a late turn goes on.",
        file: "runner/limit.rs",
        find: "if timeout.action == OnTimeout::Stop {",
        plant: "if timeout.action == OnTimeout::Stop && !FAULT {",
    },
    Fault {
        name: "ask_has_the_time_of_a_tell",
        says: "An ask whose turn began on its asker's thread has the limit of a tell.",
        file: "runner/limit.rs",
        find: "message) if is_call => (TurnKind::Ask, message),",
        plant: "message) if is_call && !FAULT => (TurnKind::Ask, message),",
    },
    Fault {
        name: "slow_turn_untold",
        says: "An actor never learns of a turn that took long.",
        file: "term.rs",
        find: "        (was_told && !is_hook).then_some(slow)",
        plant: "        (was_told && !is_hook && !FAULT).then_some(slow)",
    },
    Fault {
        name: "quick_turn_told_as_slow",
        says: "An actor is told of every turn that it waited in.",
        file: "term.rs",
        find: "        let was_told = next != self.limit;",
        plant: "        let was_told = FAULT || next != self.limit;",
    },
    Fault {
        name: "slow_start_told",
        says: "An actor is told of its own start.",
        file: "term.rs",
        find: "        let is_hook = matches!(",
        plant: "        let is_hook = !FAULT && matches!(",
    },
    Fault {
        name: "slow_reads_untold",
        says: "An actor never learns of slow reads that ran side by side.",
        file: "reads.rs",
        find: "        if !self.slow.is_empty() {",
        plant: "        if !self.slow.is_empty() && !FAULT {",
    },
    Fault {
        name: "failed_turn_told_as_slow",
        says: "An actor that has failed in a slow turn is told of that turn.",
        file: "runner/mod.rs",
        find: "            if !core.errand.has_failed() {
                core.note_slow",
        plant: "            if !core.errand.has_failed() || FAULT {
                core.note_slow",
    },
    Fault {
        name: "late_turn_told_as_loss",
        says: "The asker of a turn that was cut hears that it is lost, and not why.",
        file: "ask/port.rs",
        find: "thread::panicking() || IS_CUT.get()",
        plant: "thread::panicking() || (IS_CUT.get() && !FAULT)",
    },
    Fault {
        name: "limit_of_the_type_wins",
        says: "The limit that an actor's type sets goes before that of whoever spawns it.",
        file: "timeout.rs",
        find: "            ask: self.ask.or(below.ask),",
        plant: "            ask: if FAULT { below.ask.or(self.ask) } else { self.ask.or(below.ask) },",
    },
    Fault {
        name: "yields_one_round_late",
        says: "A budget of rounds yields a round later than it should.",
        file: "yield_budget.rs",
        find: "self.limit <= self.ticks + 1",
        plant: "self.limit <= self.ticks + u32::from(!FAULT)",
    },
    Fault {
        name: "budget_breaks_its_word",
        says: "What a budget has said about the next round is not what that does.",
        file: "yield_budget.rs",
        find: "        let yields = self.should_yield();",
        plant: r"        self.decided = self.decided.filter(|_| !FAULT);
        let yields = self.should_yield();",
    },
    Fault {
        name: "quantum_spent_for_ever",
        says: "A budget whose time was spent yields at every round from then on.",
        file: "yield_budget.rs",
        find: "            quantum.since = quantum.runtime.now();",
        plant: r"            if !FAULT {
                quantum.since = quantum.runtime.now();
            }",
    },
    Fault {
        name: "slow_poll_told_again",
        says: "A watchdog tells of the same poll each time it looks.",
        file: "watchdog/looks.rs",
        find: "            kept.note(Told::Slow);",
        plant: r"            if !FAULT {
                kept.note(Told::Slow);
            }",
    },
    Fault {
        name: "poll_never_ends",
        says: "A watchdog takes a thread that has gone on to something else for one that is kept.",
        file: "watchdog/polls.rs",
        find: r"            slot.is_call.store(is_call, Ordering::Relaxed);
            if is_first {
                slot.count_on();
            }
            if let",
        plant: r"            slot.is_call.store(is_call, Ordering::Relaxed);
            if is_first && !FAULT {
                slot.count_on();
            }
            if let",
    },
    Fault {
        name: "work_of_another_counts",
        says: "What an actor has another do on its thread counts as its own time.",
        file: "watchdog/times.rs",
        find: "            *times.entry(outer).or_default() -= took;",
        plant: "            *times.entry(outer).or_default() -= if FAULT { 0 } else { took };",
    },
    Fault {
        name: "bound_value_within_reach",
        says: "A value that is bound to one thread gives a value that is bound to another.",
        file: "thread_bound.rs",
        find: "        if thread::current().id() != self.thread {",
        plant: "        if thread::current().id() != self.thread && !FAULT {",
    },
    Fault {
        name: "bound_value_lost_in_a_panic",
        says: "A value that is bound to a thread is gone once its use has panicked.",
        file: "thread_bound.rs",
        find: "        if let Some(value) = self.value.take() {",
        plant: "        if let Some(value) = self.value.take().filter(|_| !FAULT || !thread::panicking()) {",
    },
    Fault {
        name: "own_thread_is_any",
        says: "An actor that is to have a thread of its own runs on those where blocking is allowed.",
        file: "cell.rs",
        find: "            Backend::Blocking => drop(",
        plant: r"            Backend::Thread if FAULT => drop(runtime.spawn_on_blocking(name, runner)),
            Backend::Blocking => drop(",
    },
];
