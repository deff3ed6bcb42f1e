//! Tasks and scopes: who owns them, how they are cancelled, and what comes of them.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "losers_go_on",
        says: "Once the answer of a joiner is certain, the tasks that are left go on.",
        file: "scope/joining.rs",
        find: r"        self.hold.0.cancel();
        fold",
        plant: r"        if !FAULT {
            self.hold.0.cancel();
        }
        fold",
    },
    Fault {
        name: "quorum_given_up_early",
        says: "A quorum that all the tasks that are left could still make is given up.",
        file: "scope/quorum.rs",
        find: "n_values + pending < self.0",
        plant: "n_values + pending < self.0 + usize::from(FAULT)",
    },
    Fault {
        name: "quorum_given_up_late",
        says: "A quorum that cannot be made any more is waited for until every task has ended.",
        file: "scope/quorum.rs",
        find: "n_values >= self.0 ||",
        plant: "n_values >= self.0 || !FAULT &&",
    },
    Fault {
        name: "latest_end_first",
        says: "Of several tasks that have ended the last is joined first.",
        file: "scope/joining.rs",
        find: "        let next = self.ended.pop_front();",
        plant: "        let next = if FAULT { self.ended.pop_back() } else { self.ended.pop_front() };",
    },
    Fault {
        name: "joining_begins_anew",
        says: "What a joiner had taken is lost when the joining is given up.",
        file: "scope/joining.rs",
        find: "            ledger.aside = Some(Box::new(state));",
        plant: "            ledger.aside = (!FAULT).then(|| Box::new(state) as _);",
    },
    Fault {
        name: "inner_shield_takes_the_outer_away",
        says: "When one of several shields of a task ends, none stands any more.",
        file: "task/standing.rs",
        find: r"const fn remove_shield(&mut self) {
        self.n_shields -= 1;",
        plant: r"fn remove_shield(&mut self) {
        self.n_shields = if FAULT { 0 } else { self.n_shields - 1 };",
    },
    Fault {
        name: "shield_puts_nothing_off",
        says: "A task is aborted when its grace is over although it is shielded.",
        file: "task/standing.rs",
        find: "            _ => self.limits.shield_max,",
        plant: r"            _ if FAULT => Duration::ZERO,
            _ => self.limits.shield_max,",
    },
    Fault {
        name: "grace_ignored",
        says: "A task that is asked to end is aborted at once.",
        file: "task/standing.rs",
        find: "requested + self.limits.grace + patience",
        plant: "requested + if FAULT { Duration::ZERO } else { self.limits.grace } + patience",
    },
    Fault {
        name: "grace_begins_anew",
        says: "Each further request to end gives a task its whole grace again.",
        file: "task/standing.rs",
        find: "        self.requested.get_or_insert(now);",
        plant: r"        self.requested = self.requested.filter(|_| !FAULT);
        self.requested.get_or_insert(now);",
    },
    Fault {
        name: "detached_not_listed",
        says: "A detached task is on no list.",
        file: "task/list.rs",
        find: "        state.alive.insert(record.id, Arc::clone(record));",
        plant: r"        if !FAULT || record.tenure() != super::Tenure::Detached {
            state.alive.insert(record.id, Arc::clone(record));
        }",
    },
    Fault {
        name: "reaped_for_ever",
        says: "A task that was left to the reaper stays on the list when it has ended.",
        file: "task/list.rs",
        find: "        let record = state.alive.remove(&id);",
        plant: r"        let stays = FAULT && state.alive.get(&id).is_some_and(|it| it.holder.is_reaped());
        let record = if stays { None } else { state.alive.remove(&id) };",
    },
    Fault {
        name: "late_sibling_slips_through",
        says: "A task that is spawned into a cancelled scope runs.",
        file: "task/holder.rs",
        find: "        if is_cancelled {",
        plant: "        if is_cancelled && !FAULT {",
    },
    Fault {
        name: "scope_within_not_cancelled",
        says: "The scopes within a scope that is cancelled are not.",
        file: "task/holder.rs",
        find: "state.scopes.values().filter_map(Weak::upgrade)",
        plant: "state.scopes.values().filter(|_| !FAULT).filter_map(Weak::upgrade)",
    },
    Fault {
        name: "shelter_leaks",
        says: "A request to end reaches a scope that was made inside of a shield.",
        file: "task/holder.rs",
        find: "reach == Reach::All || !it.is_sheltered",
        plant: "reach == Reach::All || FAULT || !it.is_sheltered",
    },
    Fault {
        name: "scope_within_outlasts_its_deadline",
        says: "A scope has the deadline it was given although the scope around it ends sooner.",
        file: "scope/mod.rs",
        find: "|own| own.min(at)",
        plant: "|own| if FAULT { at } else { own.min(at) }",
    },
    Fault {
        name: "joined_task_is_no_wait",
        says: "Nobody notes that a turn which joins a scope waits for its tasks.",
        file: "scope/mod.rs",
        find: "self.nodes().into_iter().map(|it| Held",
        plant: "self.nodes().into_iter().filter(|_| !FAULT).map(|it| Held",
    },
];
