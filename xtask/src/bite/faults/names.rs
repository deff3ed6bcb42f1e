//! Names and groups.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "name_kept_after_the_end",
        says: "The name of an ended actor stays taken.",
        file: "life.rs",
        find: "    cell.system.registry.free(cell.id, &names);",
        plant: r"    if !FAULT {
        cell.system.registry.free(cell.id, &names);
    }",
    },
    Fault {
        name: "name_for_the_ending",
        says: "An actor that was told to end still gets a name.",
        file: "registry/table.rs",
        find: r"        if !inbox.is_open {
            return Err(RegisterError::Ended",
        plant: r"        if !inbox.is_open && !FAULT {
            return Err(RegisterError::Ended",
    },
    Fault {
        name: "ending_holder_is_given",
        says: "Who looks up a name or else spawns gets an actor that was told to end.",
        file: "registry/mod.rs",
        find: "Some(holder) if holder.is_open() => return typed(&name, holder),",
        plant: "Some(holder) if FAULT || holder.is_open() => return typed(&name, holder),",
    },
    Fault {
        name: "ending_holder_is_found",
        says: "A lookup finds an actor that was told to end.",
        file: "registry/mod.rs",
        find: "match holder.filter(|it| it.is_open()) {",
        plant: "match holder.filter(|it| FAULT || it.is_open()) {",
    },
    Fault {
        name: "joined_twice",
        says: "Who joins a group twice is in it twice.",
        file: "group/table.rs",
        find: "        if joined.contains_key(key) {",
        plant: "        if joined.contains_key(key) && !FAULT {",
    },
    Fault {
        name: "dead_stay_members",
        says: "An ended actor stays in its groups.",
        file: "life.rs",
        find: "    cell.system.groups.leave_all(&groups);",
        plant: r"    if !FAULT {
        cell.system.groups.leave_all(&groups);
    }",
    },
    Fault {
        name: "leaving_is_not_told",
        says: "Who watches a group does not hear of those that leave it.",
        file: "group/table.rs",
        find: "left.map_or_else(Vec::new, |id| room.tell(",
        plant: "left.filter(|_| !FAULT).map_or_else(Vec::new, |id| room.tell(",
    },
    Fault {
        name: "change_does_not_wake",
        says: "Whoever waits for a change of a group is not woken.",
        file: "group/change.rs",
        find: r"        inner.waker.take()
",
        plant: r"        inner.waker.take().filter(|_| !FAULT)
",
    },
    Fault {
        name: "ending_joins",
        says: "An actor that was told to end can still join a group.",
        file: "group/table.rs",
        find: r"        if !inbox.is_open {
            return Err(JoinGroupError::Ended);",
        plant: r"        if !inbox.is_open && !FAULT {
            return Err(JoinGroupError::Ended);",
    },
];
