//! Orders to end, hooks, statuses, dead letters and counts.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "kill_waits_for_the_handler",
        says: "A kill does not cut a handler that waits.",
        file: "runner/mod.rs",
        find: "if seen.has(Signals::KILL) || self.is_out_of_grace(cell, cx) {",
        plant: "if seen.has(Signals::KILL) && !FAULT || self.is_out_of_grace(cell, cx) {",
    },
    Fault {
        name: "stop_waits_behind_messages",
        says: "A stop waits until everything that was sent before it has been handled.",
        file: "life.rs",
        find: "let signal = signal_for(order.verb);",
        plant: "let is_late = FAULT && order.verb == Verb::Stop;
        let signal = if is_late { Signals::DRAIN } else { signal_for(order.verb) };",
    },
    Fault {
        name: "weaker_order_wins",
        says: "An order to end takes the place of a stronger one.",
        file: "life.rs",
        find: "standing.is_none_or(|it| verb > it)",
        plant: "standing.is_none_or(|it| FAULT || verb > it)",
    },
    Fault {
        name: "drain_past_its_budget",
        says: "A drain handles more messages than it was allowed.",
        file: "runner/shift.rs",
        find: ".min(core.chunk.into()).min(allowed)",
        plant: ".min(core.chunk.into()).min(if FAULT { u32::MAX } else { allowed })",
    },
    Fault {
        name: "drain_budget_counts_from_birth",
        says: "The budget of a drain is spent by what was handled before it.",
        file: "life.rs",
        find: "let messages = order.messages.saturating_add(handled);",
        plant: "let messages = order.messages.saturating_add(if FAULT { 0 } else { handled });",
    },
    Fault {
        name: "drain_without_end",
        says: "A drain goes on beyond its time.",
        file: "runner/ending.rs",
        find: "let Some(time) = time else { return false };",
        plant: "let Some(time) = time.filter(|_| !FAULT) else { return false };",
    },
    Fault {
        name: "grace_doubled",
        says: "A handler has twice the time to end that it was given.",
        file: "runner/ending.rs",
        find: "let budget = cell.settings.shutdown;",
        plant: "let budget = cell.settings.shutdown * (1 + u32::from(FAULT));",
    },
    Fault {
        name: "grace_begins_late",
        says: "A handler that is told to end before it waits for the first time has no deadline.",
        file: "runner/mod.rs",
        find: "let seen = seen.without(Signals::ANY_END);",
        plant: "let seen = if FAULT { cell.signals().all() } else { seen.without(Signals::ANY_END) };",
    },
    Fault {
        name: "cut_handler_takes_its_hook_along",
        says: "An actor whose handler had to be cut does not run its stopped hook.",
        file: "runner/ending.rs",
        find: r"                let reason = ordered_reason(cell);
                return match",
        plant: r"                let reason = ordered_reason(cell);
                if FAULT {
                    return self.end(cell, Some(core), reason, cx);
                }
                return match",
    },
    Fault {
        name: "stopped_hook_twice",
        says: "The stopped hook runs twice.",
        file: "runner/ending.rs",
        find: "            (Errand::Stop(reason), None) | (Errand::StopFailed(reason), _) => {",
        plant: r"            (Errand::Stop(reason), None) if FAULT && !core.keeps_answer => {
                core.keeps_answer = true;
                After::Stop(core, *reason)
            }
            (Errand::Stop(reason), None) | (Errand::StopFailed(reason), _) => {",
    },
    Fault {
        name: "stopping_looks_running",
        says: "An actor that was told to end still calls itself running.",
        file: "cell.rs",
        find: "_ if seen.has(Signals::ANY_END) || !inbox.is_open => Status::Stopping,",
        plant: "_ if !FAULT && (seen.has(Signals::ANY_END) || !inbox.is_open) => Status::Stopping,",
    },
    Fault {
        name: "wait_stopped_not_woken",
        says: "Whoever waits for an end is not woken by it.",
        file: "life.rs",
        find: r"    let watchers = inbox.take_watchers();
    let late",
        plant: r"    let watchers = if FAULT { Vec::new() } else { inbox.take_watchers() };
    let late",
    },
    Fault {
        name: "wait_started_not_woken",
        says: "Whoever waits for a start is not woken by it.",
        file: "life.rs",
        find: r"    drop(inbox);
    watchers.into_iter().for_each(Waker::wake);
    post.into_iter()",
        plant: r"    drop(inbox);
    watchers.into_iter().filter(|_| !FAULT).for_each(Waker::wake);
    post.into_iter()",
    },
    Fault {
        name: "dead_reason_wrong",
        says: "Messages that die with a killed actor are told of as those of a stopped one.",
        file: "life.rs",
        find: "StopReason::Killed => DeadReason::Killed,",
        plant: r"StopReason::Killed => {
            if FAULT { DeadReason::Stopped } else { DeadReason::Killed }
        }",
    },
    Fault {
        name: "dead_letter_not_counted",
        says: "A message that dies with its actor is in no count.",
        file: "cell.rs",
        find: r"                self.lock().rare().losses.dead += 1;
                self.system.dead_letter(self, message, type_name, reason);",
        plant: r"                self.lock().rare().losses.dead += u64::from(!FAULT);
                self.system.dead_letter(self, message, type_name, reason);",
    },
    Fault {
        name: "dead_letter_told_twice",
        says: "A dead letter is told of twice.",
        file: "system/shared.rs",
        find: "            subscriber.put(letter.clone());",
        plant: r"            if FAULT {
                subscriber.put(letter.clone());
            }
            subscriber.put(letter.clone());",
    },
    Fault {
        name: "refusal_counted_twice",
        says: "A message that is refused counts twice.",
        file: "cell.rs",
        find: r"            self.system.count_refused_late();
        } else {
            inbox.rare().losses.refused_outside += 1;",
        plant: r"            self.system.count_refused_late();
        } else {
            inbox.rare().losses.refused_outside += 1 + u64::from(FAULT);",
    },
    Fault {
        name: "unreferenced_lives_on",
        says: "An actor that is to end with its last ref does not.",
        file: "unreferenced.rs",
        find: "        life::order(&self.0,",
        plant: r"        if FAULT {
            return;
        }
        life::order(&self.0,",
    },
    Fault {
        name: "task_outlives_its_actor",
        says: "The task of an actor that ends at rest is not woken, and stays.",
        file: "life.rs",
        find: "task.into_iter().for_each(Waker::wake);",
        plant: "task.into_iter().filter(|_| !FAULT).for_each(Waker::wake);",
    },
    Fault {
        name: "order_not_seen_while_it_is_made",
        says: "An order to end waits until the state of the actor has been made.",
        file: "runner/mod.rs",
        find: r"        if seen.has(Signals::ORDERS) {
            lay_off",
        plant: r"        if seen.has(Signals::ORDERS) && !FAULT {
            lay_off",
    },
];
