//! Who waits for whom, and the circles that are refused.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "late_ask_still_waits",
        says: "Whoever keeps an ask whose time is up still waits for it.",
        file: "ask/request.rs",
        find: r"        if polled.is_ready() {
            this.end_wait();",
        plant: r"        if polled.is_ready() && !FAULT {
            this.end_wait();",
    },
    Fault {
        name: "late_tell_still_waits",
        says: "Whoever keeps a tell whose time is over still waits for room.",
        file: "tell.rs",
        find: r"        if polled.is_ready() {
            self.end_wait();",
        plant: r"        if polled.is_ready() && !FAULT {
            self.end_wait();",
    },
    Fault {
        name: "dropped_ask_still_waits",
        says: "Whoever has dropped an ask still waits for it.",
        file: "ask/request.rs",
        find: r"        self.end_wait();
        match mem::replace(&mut self.state, State::Over) {
            // Never let in",
        plant: r"        if !FAULT {
            self.end_wait();
        }
        match mem::replace(&mut self.state, State::Over) {
            // Never let in",
    },
    Fault {
        name: "end_is_waited_for_for_ever",
        says: "Whoever has waited for an end, or for a task, waits for it ever after.",
        file: "waits/mod.rs",
        find: "self.wait.iter_mut().for_each(|it| end(Some(self.place), it));",
        plant: "self.wait.iter_mut().filter(|_| !FAULT).for_each(|it| end(Some(self.place), it));",
    },
    Fault {
        name: "wait_for_room_noted_late",
        says: "A wait for room is noted when it has been woken for the first time.",
        file: "tell.rs",
        find: r"            if !is_newcomer {
                break;
            }",
        plant: r"            if is_newcomer == FAULT || FAULT && !wait.is_none() {
                break;
            }",
    },
    Fault {
        name: "long_circle_overlooked",
        says: "A circle of more than two is not seen.",
        file: "waits/graph.rs",
        find: "            if seen.insert(next) {",
        plant: "            if seen.insert(next) && !FAULT {",
    },
    Fault {
        name: "diamond_is_a_circle",
        says: "Whoever can be reached on two ways is taken for a circle.",
        file: "waits/graph.rs",
        find: "            if wait.to == closing.from && !closing",
        plant: "            if (wait.to == closing.from || FAULT && seen.contains(&next)) && !closing",
    },
    Fault {
        name: "waits_forgotten_with_the_first",
        says: "When one of several waits of a turn ends, all of them close no circle any more.",
        file: "waits/graph.rs",
        find: "        } else if waits.others.is_empty() {",
        plant: "        } else if waits.others.is_empty() || FAULT {",
    },
    Fault {
        name: "first_wait_forgotten_with_another",
        says: "When a later one of several waits of a turn ends, the first is forgotten in its place.",
        file: "waits/graph.rs",
        find: "        if waits.first != id {",
        plant: "        if waits.first != id && !FAULT {",
    },
    Fault {
        name: "wait_of_a_failed_ask_kept",
        says: "Who asked a turn that was cut or has failed closes circles until it goes on.",
        file: "run.rs",
        find: "        cell.system.waits.end(asker.wait());",
        plant: "        cell.system.waits.end(if FAULT { crate::waits::WaitId::NONE } else { asker.wait() });",
    },
    Fault {
        name: "wait_of_a_lost_call_kept",
        says: "Who began a turn that was cut or has failed closes circles until it goes on.",
        file: "ask/caller.rs",
        find: r"        cell.system.waits.end(self.wait());
        self.fail(error);",
        plant: r"        if !FAULT {
            cell.system.waits.end(self.wait());
        }
        self.fail(error);",
    },
    Fault {
        name: "room_kept_from_the_circle",
        says: "Who asks the one that stands in line for the room it has just made is refused.",
        file: "waits/mod.rs",
        find: "                Err(circle) if self.lets_anyone_in(&circle) => {}",
        plant: "                Err(circle) if !FAULT && self.lets_anyone_in(&circle) => {}",
    },
    Fault {
        name: "redirect_forgotten",
        says: "What was passed on is still waited for where it came from.",
        file: "waits/graph.rs",
        find: "        self.waits.insert(id, moved);",
        plant: r"        if !FAULT {
            self.waits.insert(id, moved);
        }",
    },
    Fault {
        name: "redirect_closes_a_circle",
        says: "What is passed on to one who waits for it is not refused.",
        file: "waits/graph.rs",
        find: "        if let Some(circle) = self.circle(id, moved) {",
        plant: "        if let Some(circle) = self.circle(id, moved).filter(|_| !FAULT) {",
    },
    Fault {
        name: "inner_call_alone_noted",
        says: "Of asks that run inside one another on a thread only the last is noted as a wait.",
        file: "here.rs",
        find: "for slot in &it.calls[..it.depth.get()] {",
        plant: "for slot in it.calls[..it.depth.get()].iter().skip(if FAULT { it.depth.get().saturating_sub(1) } else { 0 }) {",
    },
    Fault {
        name: "purpose_lost_at_an_await",
        says: "A turn that has awaited no longer knows whom it is for.",
        file: "run.rs",
        find: "        Polled::Suspended => Ran::Suspended(Suspended { turns, cause }),",
        plant: r"        Polled::Suspended if FAULT => {
            Ran::Suspended(Suspended { turns, cause: Cause::NONE })
        }
        Polled::Suspended => Ran::Suspended(Suspended { turns, cause }),",
    },
    Fault {
        name: "number_of_another_system",
        says: "A wait goes by a number that means something in another system only.",
        file: "waits/mod.rs",
        find: "        if wait.from.origin() != self.origin {",
        plant: "        if wait.from.origin() != self.origin && !FAULT {",
    },
];
