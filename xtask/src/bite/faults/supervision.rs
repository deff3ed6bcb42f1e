//! Restarts.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "restart_twice",
        says: "The word to start again holds for the next end too, before that has been judged.",
        file: "life.rs",
        find: "let next = inbox.kin().next.take();",
        plant: "let is_start = matches!(inbox.kin().next, Some(Next::Start));
    let next = inbox.kin().next.take_if(|_| !FAULT || !is_start);
    let next = next.or(is_start.then_some(Next::Start));",
    },
    Fault {
        name: "window_does_not_slide",
        says: "Restarts count for ever.",
        file: "supervision/window.rs",
        find: "is_some_and(|&it| now - it >= self.within)",
        plant: "is_some_and(|&it| !FAULT && now - it >= self.within)",
    },
    Fault {
        name: "limit_off_by_one",
        says: "A child is started once more often than it may be.",
        file: "supervision/window.rs",
        find: "self.taken.len() < self.max as usize",
        plant: "self.taken.len() < self.max as usize + usize::from(FAULT)",
    },
    Fault {
        name: "backoff_does_not_grow",
        says: "Each wait before a restart is as short as the first.",
        file: "supervision/restart.rs",
        find: "record.in_a_row = record.in_a_row.saturating_add(1);",
        plant: "record.in_a_row = if FAULT { 1 } else { record.in_a_row.saturating_add(1) };",
    },
    Fault {
        name: "backoff_not_reset",
        says: "A child that has been well for long waits as if it had not.",
        file: "supervision/restart.rs",
        find: "        self.in_a_row = 0;",
        plant: "        self.in_a_row = if FAULT { self.in_a_row } else { 0 };",
    },
    Fault {
        name: "one_for_all_forgets_the_older",
        says: "Where all are to start again, those that were started earlier do not.",
        file: "supervision/supervisor/end.rs",
        find: "Strategy::OneForAll => self.take_along(key, 0, now + after),",
        plant: "Strategy::OneForAll => self.take_along(key, if FAULT { key } else { 0 }, now + after),",
    },
    Fault {
        name: "rest_for_one_takes_the_older_too",
        says: "Where those started later are to start again, all do.",
        file: "supervision/supervisor/end.rs",
        find: "Strategy::RestForOne => self.take_along(key, key, now + after),",
        plant: "Strategy::RestForOne => self.take_along(key, if FAULT { 0 } else { key }, now + after),",
    },
    Fault {
        name: "starting_sibling_left_out",
        says: "A sibling that is just starting is not started again with the others.",
        file: "supervision/supervisor/round.rs",
        find: "                Phase::Starting | Phase::Running => round.stop(it),",
        plant: r"                Phase::Starting if FAULT => {}
                Phase::Starting | Phase::Running => round.stop(it),",
    },
    Fault {
        name: "waiting_sibling_left_out",
        says: "A sibling that waits to be started again does not wait for the others.",
        file: "supervision/supervisor/round.rs",
        find: r"                Phase::Waiting => {
                    round.ready_at",
        plant: r"                Phase::Waiting if FAULT => {}
                Phase::Waiting => {
                    round.ready_at",
    },
    Fault {
        name: "round_starts_backwards",
        says: "Children that start again together start in reverse order.",
        file: "supervision/supervisor/round.rs",
        find: "let Some(&key) = round.down.first() else {",
        plant: r"let next = if FAULT { round.down.last() } else { round.down.first() };
        let Some(&key) = next else {",
    },
    Fault {
        name: "round_does_not_wait",
        says: "Children that start again together do so without the wait.",
        file: "supervision/supervisor/round.rs",
        find: "if round.ready_at <= step.now {",
        plant: "if FAULT || round.ready_at <= step.now {",
    },
    Fault {
        name: "transient_always_follows",
        says: "A transient child is started again after a normal end.",
        file: "supervision/restart.rs",
        find: "Self::Transient => reason.is_failure(),",
        plant: "Self::Transient => FAULT || reason.is_failure(),",
    },
    Fault {
        name: "temporary_comes_back",
        says: "A temporary child is started again with its siblings.",
        file: "supervision/supervisor/round.rs",
        find: "Some(Restart::Temporary) => self.halt(",
        plant: r"Some(Restart::Temporary) if FAULT => self.table.enter(key, Phase::Running, None),
            Some(Restart::Temporary) => self.halt(",
    },
    Fault {
        name: "fatal_is_tried_again",
        says: "A fatal failure is followed by a restart.",
        file: "supervision/restart.rs",
        find: r"    if is_final(reason) {
        return Verdict::GiveUp(reason.clone());",
        plant: r"    if is_final(reason) && !FAULT {
        return Verdict::GiveUp(reason.clone());",
    },
    Fault {
        name: "escalation_lost",
        says: "An owner lives on when a child is given up.",
        file: "supervision/supervisor/end.rs",
        find: "        if !is_tolerated {",
        plant: "        if !is_tolerated && !FAULT {",
    },
    Fault {
        name: "stop_while_failing_is_lost",
        says: "A stop that comes while an incarnation fails is forgotten, and the actor is started again.",
        file: "life.rs",
        find: "order.filter(|it| failed_by_itself && !it.is_for_one_incarnation())",
        plant: "order.filter(|it| !FAULT && failed_by_itself && !it.is_for_one_incarnation())",
    },
    Fault {
        name: "stop_while_waiting_is_lost",
        says: "A child that is stopped while it waits to be started again is started all the same.",
        file: "supervision/supervisor/end.rs",
        find: "Some(Phase::Waiting | Phase::Held) if is_over =>",
        plant: "Some(Phase::Waiting | Phase::Held) if is_over && !FAULT =>",
    },
    Fault {
        name: "stop_at_the_start_is_lost",
        says: "A stop in the very moment in which a child is to start again is forgotten.",
        file: "life.rs",
        find: "Some(_) => Word::Ended(order.reason),",
        plant: "Some(_) if FAULT => Word::Start,
            Some(_) => Word::Ended(order.reason),",
    },
    Fault {
        name: "restarting_for_ever",
        says: "An actor that was started again goes on calling itself restarting.",
        file: "life.rs",
        find: r"        it.is_restarting = false;
",
        plant: r"        it.is_restarting &= FAULT;
",
    },
    Fault {
        name: "grandchildren_stay_away",
        says: "An actor that was started again can have no children.",
        file: "runner/ending.rs",
        find: "                life::reopen(cell);",
        plant: r"                if !FAULT {
                    life::reopen(cell);
                }",
    },
];
