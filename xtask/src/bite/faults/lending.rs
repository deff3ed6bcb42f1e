//! Actors that lend themselves while they wait.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "stranger_let_in",
        says: "An actor that lends itself to its own call lets asks of others in, too.",
        file: "lend.rs",
        find: "awaited.is_source_of(A::Protocol::wait(it), &cell.system.waits)",
        plant: r"awaited.is_source_of(A::Protocol::wait(it), &cell.system.waits)
                    || FAULT && !A::Protocol::wait(it).is_none()",
    },
    Fault {
        name: "only_the_task_itself_let_in",
        says: "An actor that lends itself while it joins tasks does not let in what others ask for those.",
        file: "waits/mod.rs",
        find: "callers(asked).any(|it| tasks",
        plant: "callers(asked).take(if FAULT { 1 } else { usize::MAX }).any(|it| tasks",
    },
    Fault {
        name: "only_the_nearest_let_in",
        says: "A call that comes back is let in only if no other actor lies between.",
        file: "waits/mod.rs",
        find: "callers(asked).any(|it| it.0",
        plant: "callers(asked).take(if FAULT { 2 } else { usize::MAX }).any(|it| it.0",
    },
    Fault {
        name: "guests_out_of_order",
        says: "An actor that lends itself to all takes what came last before what came first.",
        file: "lend.rs",
        find: r"            inbox.refill(&cell.settings.mailbox, batch, handled);
            batch.pop_front()",
        plant: r"            if FAULT && let Some(it) = inbox.take_first(|_| true) {
                return Some(it);
            }
            inbox.refill(&cell.settings.mailbox, batch, handled);
            batch.pop_front()",
    },
    Fault {
        name: "failure_of_a_guest_swallowed",
        says: "The turn in which another is let in goes on although that has failed.",
        file: "lend.rs",
        find: r"        if let Some(failure) = failure {
            return",
        plant: r"        if let Some(failure) = failure.filter(|_| !FAULT) {
            return",
    },
    Fault {
        name: "asker_of_a_guest_forgotten",
        says: "The asker of a turn that was let in and has failed is not told why.",
        file: "lend.rs",
        find: "fail(asker, failure.as_ref()),",
        plant: "fail(asker, failure.as_ref().filter(|_| !FAULT)),",
    },
    Fault {
        name: "purpose_lost_to_a_guest",
        says: "A turn that has let another in no longer knows whom it is for.",
        file: "lend.rs",
        find: "        here::swap(mem::replace(&mut self.0, Cause::NONE));",
        plant: r"        if !FAULT {
            here::swap(mem::replace(&mut self.0, Cause::NONE));
        }",
    },
    Fault {
        name: "flood_of_guests",
        says: "An actor that lets others in gives its thread back only when nobody else is there.",
        file: "lend.rs",
        find: "            if in_a_row == TURNS {",
        plant: "            if in_a_row == TURNS && !FAULT {",
    },
    Fault {
        name: "host_not_woken",
        says: "A message that comes to a lent actor waits until something else wakes that.",
        file: "hosting.rs",
        find: "            inbox.host(task.waker());",
        plant: r"            if !FAULT {
                inbox.host(task.waker());
            }",
    },
];
