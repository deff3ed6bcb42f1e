//! Reads that run side by side.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "read_overtakes_a_write",
        says: "A read is let in beside others although a write came before it.",
        file: "reads.rs",
        find: "    let handled = cell.handled.load(Ordering::Relaxed);",
        plant: r"    let handled = cell.handled.load(Ordering::Relaxed);
    if !is_read
        && FAULT
        && let Some(read) = batch.take_first(A::Protocol::is_read).or_else(|| inbox.take_first(A::Protocol::is_read))
    {
        return Poll::Ready(Next::Read(read));
    }",
    },
    Fault {
        name: "closed_door_looks_open",
        says: "A read that would wait behind a write for the read that asks for it is not refused.",
        file: "reads.rs",
        find: "        cell.system.waits.close_reads(cell.id);",
        plant: r"        if !FAULT {
            cell.system.waits.close_reads(cell.id);
        }",
    },
    Fault {
        name: "door_looks_closed_for_ever",
        says: "Once a write has waited for reads, a read that comes back is always refused.",
        file: "reads.rs",
        find: "            cell.system.waits.end_reads(cell.id);",
        plant: r"            if !FAULT {
                cell.system.waits.end_reads(cell.id);
            }",
    },
    Fault {
        name: "reply_of_the_first_read_lost",
        says: "A read that its asker has begun does not answer if it ends beside others.",
        file: "reads.rs",
        find: "            if let Some(caller) = caller {",
        plant: "            if let Some(caller) = caller.filter(|_| !FAULT) {",
    },
    Fault {
        name: "reply_waits_for_the_last_read",
        says: "The read whose turn it is answers only when all that run beside it have ended.",
        file: "reads.rs",
        find: r"        First::Reply(reply) => {
",
        plant: r"        First::Reply(reply) => {
            if FAULT {
                poll_fn(|task| {
                    _ = others.go_on(task);
                    if others.running.is_empty() {
                        return Poll::Ready(());
                    }
                    _ = others.let_in(cx.batch(), task);
                    Poll::Pending
                })
                .await;
            }
",
    },
    Fault {
        name: "one_read_too_many",
        says: "One read more than may be runs beside the others.",
        file: "reads.rs",
        find: "self.running.len() < MOST {",
        plant: "self.running.len() < MOST + usize::from(FAULT) {",
    },
    Fault {
        name: "reads_keep_the_thread",
        says: "However many reads are next, all of them begin before others have their share.",
        file: "reads.rs",
        find: "            share = share.saturating_sub(1);",
        plant: "            share = share.saturating_sub(u32::from(!FAULT));",
    },
    Fault {
        name: "drained_reads_without_bounds",
        says: "A drain lets more reads in beside others than it may handle messages.",
        file: "reads.rs",
        find: "inbox.allowed(handled) == 0 {",
        plant: "inbox.allowed(handled) == 0 && !FAULT {",
    },
    Fault {
        name: "read_serves_its_neighbour",
        says: "What a read asks is asked for whomever the read before it is for.",
        file: "reads.rs",
        find: "        let outer = here::swap(mem::replace(&mut self.cause, Cause::NONE));",
        plant: r"        let mut cause = mem::replace(&mut self.cause, Cause::NONE);
        if FAULT {
            cause.purpose = here::purpose();
        }
        let outer = here::swap(cause);",
    },
    Fault {
        name: "read_of_ones_own_refused",
        says: "A read that asks its own actor for a read is refused.",
        file: "here.rs",
        find: "if self.reads.get() == self.actor.get() {",
        plant: "if self.reads.get() == self.actor.get() && !FAULT {",
    },
    Fault {
        name: "orders_let_reads_in",
        says: "A read begins beside others after its actor was told to end.",
        file: "reads.rs",
        find: "        if self.cx.cell().signals().any(Signals::ORDERS) && !self.is_closed {",
        plant: "        if self.cx.cell().signals().any(Signals::ORDERS) && !self.is_closed && !FAULT {",
    },
];
