//! The faults that are planted, by what of core they are in.

mod ask;
mod budget;
mod family;
mod lending;
mod life;
mod mailbox;
mod names;
mod reads;
mod stash;
mod supervision;
mod task;
mod timeout;
mod timer;
mod turn;
mod waits;
mod watch;

/// A mistake that somebody might make in core.
#[derive(Debug)]
pub(crate) struct Fault {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// What goes wrong.
    pub(crate) says: &'static str,
    /// Where it is planted, below the source of core.
    pub(crate) file: &'static str,
    /// What stands there, exactly once.
    pub(crate) find: &'static str,
    /// What is put in its place; `FAULT` asks whether this fault is on.
    pub(crate) plant: &'static str,
}

/// Every fault there is.
pub(crate) fn all() -> impl Iterator<Item = &'static Fault> {
    let tables = [
        mailbox::FAULTS,
        turn::FAULTS,
        ask::FAULTS,
        life::FAULTS,
        family::FAULTS,
        supervision::FAULTS,
        watch::FAULTS,
        names::FAULTS,
        timer::FAULTS,
        stash::FAULTS,
        waits::FAULTS,
        lending::FAULTS,
        reads::FAULTS,
        task::FAULTS,
        timeout::FAULTS,
        budget::FAULTS,
    ];
    tables.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{super::plant::FAULT, *};

    #[test]
    fn there_are_many_faults_and_each_has_a_name_of_its_own() {
        let names: BTreeSet<_> = all().map(|it| it.name).collect();
        assert_eq!(names.len(), all().count());
        assert!(names.len() >= 40, "{} faults", names.len());
    }

    #[test]
    fn each_fault_can_be_switched_on_and_stands_in_one_line_of_the_table() {
        for it in all() {
            let is_word = it.name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
            assert!(is_word, "{}", it.name);
            assert!(it.plant.contains(FAULT), "{} is always on", it.name);
            assert!(!it.says.contains(['|', '`', '\n']) && it.says.ends_with('.'), "{}", it.name);
        }
    }
}
