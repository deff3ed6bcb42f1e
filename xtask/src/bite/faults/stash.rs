//! What is set aside.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "stash_reversed",
        says: "What was set aside comes back in reverse order.",
        file: "stash.rs",
        find: "while let Some(envelope) = stash.aside.pop_front() {",
        plant: r"while let Some(envelope) =
        if FAULT { stash.aside.pop_back() } else { stash.aside.pop_front() }
    {",
    },
    Fault {
        name: "stash_without_bounds",
        says: "More can be set aside than there is room for.",
        file: "stash.rs",
        find: "if stash.aside.len() < room {",
        plant: "if stash.aside.len() < room || FAULT {",
    },
    Fault {
        name: "stash_stays_aside",
        says: "What was set aside does not come back when the actor is started again.",
        file: "runner/mod.rs",
        find: "        stash::restore(cell, &mut inbox);",
        plant: r"        if !FAULT {
            stash::restore(cell, &mut inbox);
        }",
    },
    Fault {
        name: "stash_goes_last",
        says: "What comes back from the stash goes behind what was sent later.",
        file: "stash.rs",
        find: "        batch.push_front(envelope);",
        plant: r"        if FAULT {
            batch.push_back(envelope);
            continue;
        }
        batch.push_front(envelope);",
    },
    Fault {
        name: "stash_lost_at_the_end",
        says: "What is still set aside at the end of an actor vanishes.",
        file: "stash.rs",
        find: "stash.into_iter().flat_map(|it| it.back.chain(it.aside))",
        plant: "stash.into_iter().filter(|_| !FAULT).flat_map(|it| it.back.chain(it.aside))",
    },
];
