//! The table that says which test catches which fault: `docs/bite.md`.

use std::{collections::BTreeSet, fmt, fs, path::Path};

use super::{
    faults::{self, Fault},
    hunt::Caught,
    suite::{How, Test},
};

/// Where it is recorded.
const FILE: &str = "docs/bite.md";

/// What stands above it there.
const HEAD: &str = "\
# Does the suite bite?

Each line is a fault that was planted in a copy of core, and the first test that caught it there. The
tests of `worlds` run core in worlds; the number is that of the first world in which the test fails.
Beyond 1, the fault shows only in some orders of events, or at some of the moments that the seed chooses.
Those of `core` are its own, and run once: on a paused clock, or on real threads.

`cargo x bite --record` writes this page, and fails if a fault survives; `ci` sees whether it is still
true. See [CONTRIBUTING](../CONTRIBUTING.md#planting-faults).

| fault | what goes wrong | caught by | in world |
|---|---|---|---|
";

/// One fault, and what became of it.
#[derive(Debug)]
pub(crate) struct Row {
    fault: &'static Fault,
    caught: Option<Caught>,
}

/// What became of all of them.
#[derive(Debug)]
pub(crate) struct Table(pub(crate) Vec<Row>);

impl Row {
    pub(crate) const fn new(fault: &'static Fault, caught: Option<Caught>) -> Self {
        Self { fault, caught }
    }
}

/// As it is printed while the others run.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { name, says, .. } = self.fault;
        match &self.caught {
            Some(Caught { by, how, took }) => {
                write!(f, "{name:<36} {how}, in {took:.1?}: {by}\n    {says}")
            }
            None => write!(f, "{name:<36} SURVIVED\n    {says}"),
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails(Some(world)) => write!(f, "{world}"),
            Self::Fails(None) => f.write_str("any"),
            Self::Hangs => f.write_str("hangs"),
            Self::Crashes => f.write_str("crashes"),
        }
    }
}

impl Table {
    /// Those that nobody caught.
    pub(crate) fn survivors(&self) -> Vec<&'static Fault> {
        self.0.iter().filter(|it| it.caught.is_none()).map(|it| it.fault).collect()
    }

    /// The same with what became of survivors elsewhere.
    pub(crate) fn with(mut self, others: Self) -> Self {
        for other in others.0 {
            let row = self.0.iter_mut().find(|it| it.fault.name == other.fault.name);
            row.into_iter().for_each(|it| it.caught.clone_from(&other.caught));
        }
        self
    }

    pub(crate) fn summary(&self) -> String {
        let (n, n_survivors) = (self.0.len(), self.survivors().len());
        let later = self.0.iter().filter(|it| {
            let how = it.caught.as_ref().map(|it| it.how);
            matches!(how, Some(How::Fails(Some(2..))))
        });
        let n_later = later.count();
        format!("{n} faults, {n_survivors} survived; {n_later} hide in the first world")
    }

    pub(crate) fn write(&self, root: &Path) -> Result<(), String> {
        fs::write(root.join(FILE), self.page()).map_err(|it| format!("{FILE}: {it}"))
    }

    fn page(&self) -> String {
        let lines = self.0.iter().filter_map(|Row { fault, caught }| {
            let Caught { by, how, .. } = caught.as_ref()?;
            Some(format!("| `{}` | {} | `{by}` | {how} |\n", fault.name, fault.says))
        });
        format!("{HEAD}{}", lines.collect::<String>())
    }
}

/// Which test the table says catches which fault.
///
/// # Errors
/// If it does not name each fault once.
pub(crate) fn read(root: &Path) -> Result<Vec<(&'static Fault, Test)>, String> {
    let page = fs::read_to_string(root.join(FILE)).map_err(|it| format!("{FILE}: {it}"))?;
    parse(&page)
}

fn parse(page: &str) -> Result<Vec<(&'static Fault, Test)>, String> {
    let lines = page.lines().filter_map(|it| it.strip_prefix("| `")?.split_once("` | "));
    let mut named = BTreeSet::new();
    let mut table = Vec::new();
    for (name, rest) in lines {
        let fault = faults::all().find(|it| it.name == name);
        let fault = fault.ok_or_else(|| format!("{FILE}: there is no fault `{name}`"))?;
        let test = rest.split('`').nth(1).unwrap_or_default().parse()?;
        if named.insert(name) {
            table.push((fault, test));
        }
    }
    let missing = faults::all().map(|it| it.name).find(|it| !named.contains(it));
    missing.map_or(Ok(table), |it| Err(format!("{FILE} does not name `{it}`")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn table() -> Table {
        let by: Test = "worlds/a::b".parse().unwrap();
        let caught = Caught { by, how: How::Fails(Some(3)), took: Duration::ZERO };
        Table(faults::all().map(|it| Row::new(it, Some(caught.clone()))).collect())
    }

    #[test]
    fn what_survived_one_half_of_the_tests_may_be_caught_by_the_other() {
        let mut table = table();
        let caught = table.0[1].caught.take();
        assert_eq!(table.survivors().len(), 1);
        let others = Table(vec![Row::new(table.0[1].fault, caught)]);
        assert!(table.with(others).survivors().is_empty());
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let read = parse(&table().page()).unwrap();
        assert_eq!(read.len(), faults::all().count());
        assert!(read.iter().all(|it| it.1.to_string() == "worlds/a::b"));
    }

    #[test]
    fn a_fault_that_the_table_does_not_name_is_an_error() {
        let mut table = table();
        let left_out = table.0.pop().unwrap().fault.name;
        assert!(parse(&table.page()).unwrap_err().contains(left_out));
    }

    #[test]
    fn the_recorded_table_names_every_fault_and_says_what_it_does() {
        let page = fs::read_to_string(crate::root().join(FILE)).unwrap();
        assert_eq!(parse(&page).map(|it| it.len()), Ok(faults::all().count()));
        for fault in faults::all() {
            let line = format!("| `{}` | {} |", fault.name, fault.says);
            assert!(page.contains(&line), "{} is told of otherwise", fault.name);
        }
    }
}
