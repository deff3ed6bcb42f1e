//! Asks, replies and deadlines.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "asker_not_woken",
        says: "A reply does not wake whoever waits for it.",
        file: "ask/cell.rs",
        find: r"                drop(state);
                waker.wake();",
        plant: r"                drop(state);
                if !FAULT {
                    waker.wake();
                }",
    },
    Fault {
        name: "asker_on_move_not_found",
        says: "An ask that is polled from elsewhere wakes whoever polled it first.",
        file: "ask/cell.rs",
        find: "if !matches!(waiter, Waiter::Task(it) if it.will_wake(cx.waker())) {",
        plant: "if !matches!(waiter, Waiter::Task(it) if FAULT || it.will_wake(cx.waker())) {",
    },
    Fault {
        name: "late_ask_waits_on",
        says: "An ask whose time is over waits on.",
        file: "ask/request.rs",
        find: r"        ready!(Pin::new(timer).poll(cx));
        Poll::Ready(match mem::replace(&mut self.state",
        plant: r"        ready!(Pin::new(timer).poll(cx));
        if FAULT {
            return Poll::Pending;
        }
        Poll::Ready(match mem::replace(&mut self.state",
    },
    Fault {
        name: "late_ask_is_lost",
        says: "An ask whose time is over keeps the message that nobody has begun with.",
        file: "ask/cell.rs",
        find: r"Err(AskError::Deadline { message: Some(message) }),
            State::Running",
        plant: r"Err(AskError::Deadline { message: Some(message).filter(|_| !FAULT) }),
            State::Running",
    },
    Fault {
        name: "withdrawn_ask_still_runs",
        says: "An ask whose asker has left is handled all the same.",
        file: "ask/cell.rs",
        find: r"    pub(crate) fn withdraw(&self) -> Option<M> {
",
        plant: r"    pub(crate) fn withdraw(&self) -> Option<M> {
        if FAULT {
            return None;
        }
",
    },
    Fault {
        name: "orphaned_ask_still_runs",
        says: "An ask that was passed on is handled though its asker has left.",
        file: "ask/cell.rs",
        find: "                if waiter.has_left() {",
        plant: "                if waiter.has_left() && !FAULT {",
    },
    Fault {
        name: "default_deadline_not_kept",
        says: "Nobody keeps the deadline that was not written down.",
        file: "cell.rs",
        find: "asks.iter().for_each(|it| it.expire_at(tick));",
        plant: "asks.iter().filter(|_| !FAULT).for_each(|it| it.expire_at(tick));",
    },
    Fault {
        name: "deadline_ends_with_the_actor",
        says: "An answer that was put off has no deadline any more once its actor has ended.",
        file: "life.rs",
        find: "    cell.system.adopt(asks.unwrap_or_default());",
        plant: "    cell.system.adopt(asks.filter(|_| !FAULT).unwrap_or_default());",
    },
    Fault {
        name: "sweep_gives_up_early",
        says: "The sweep for default deadlines ends while asks still wait.",
        file: "system/sweep.rs",
        find: "list.is_running = !(list.actors.is_empty() && list.orphans.is_empty());",
        plant: "list.is_running = !(list.actors.len() <= usize::from(FAULT) && list.orphans.is_empty());",
    },
    Fault {
        name: "dropped_port_says_nothing",
        says: "Whoever drops the right to answer leaves the asker waiting.",
        file: "ask/port.rs",
        find: "Sink::Asker(asker) => asker.fail(AskError::NoReply),",
        plant: r"Sink::Asker(asker) if FAULT => drop(asker),
            Sink::Asker(asker) => asker.fail(AskError::NoReply),",
    },
    Fault {
        name: "queued_ask_left_at_the_end",
        says: "An ask that waits in the mailbox of an actor that ends is not answered.",
        file: "ask/cell.rs",
        find: r"            State::Queued(message, waiter) => {
                self.conclude(state, waiter, Err(error(message)));",
        plant: r"            State::Queued(_, waiter) if FAULT => {
                drop(waiter);
                Ok(())
            }
            State::Queued(message, waiter) => {
                self.conclude(state, waiter, Err(error(message)));",
    },
    Fault {
        name: "cut_turn_leaves_its_asker",
        says: "An asker who began a turn that is cut hears nothing.",
        file: "runner/mod.rs",
        find: r"            if let Some(parked) = parked {
                drop(cell.forget_caller());
                parked.lose(AskError::Lost, cell);",
        plant: r"            if let Some(parked) = parked.filter(|_| !FAULT) {
                drop(cell.forget_caller());
                parked.lose(AskError::Lost, cell);",
    },
    Fault {
        name: "failure_told_as_loss",
        says: "The asker of a turn that fails after it has waited is not told why.",
        file: "runner/mod.rs",
        find: "match panicked.as_ref().or_else(|| core.errand.failure()).cloned() {",
        plant: "match panicked.as_ref().or_else(|| core.errand.failure()).filter(|_| !FAULT).cloned() {",
    },
];
