//! On which stages and backends the tests of the conformance suite run, and which do not run in a world
//! or on all backends.
//!
//! After a wanted change: `UPDATE_EXPECT=1 cargo test -p xtask --test stages`.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use expect_test::expect_file;

/// What a test needs, and the stages that it does not run on because of that.
const NEEDS: &[(&str, &str, &[Stage])] = &[
    ("virtual_time", "would be slow or inexact in real time", &[Stage::Threads]),
    (ONE_THREAD, ON_ONE_THREAD, &[Stage::Threads]),
    ("threads", "is about real threads", &[Stage::Threads, Stage::World]),
];

/// Where actors have threads of their own, it cannot be.
const ONE_THREAD: &str = "one_thread";
const ON_ONE_THREAD: &str = "holds where one thread does everything";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Threads,
    World,
}

#[test]
fn what_runs_where_is_as_recorded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let tests = tests(&root.join("crates/core/tests/it"));
    assert!(tests.len() > 400, "only {} tests were found", tests.len());
    expect_file![root.join("crates/core/tests/stages.txt")].assert_eq(&table(&tests));
}

/// A test of the suite, with what it says it needs.
struct Test {
    name: String,
    need: Option<String>,
    /// Why its actors are on the default backend alone.
    on_async: Option<String>,
}

impl Test {
    /// `needs` stands between the brackets of the attribute.
    fn new(name: String, needs: &str) -> Self {
        let why = needs.strip_prefix("on_async = \"").and_then(|it| it.split_once('"'));
        let (on_async, need) = match why {
            Some((why, rest)) => (Some(why), rest.trim_start_matches([',', ' '])),
            None => ((needs == ONE_THREAD).then_some(ON_ONE_THREAD), needs),
        };
        let need = (!need.is_empty()).then(|| need.to_owned());
        Self { name, need, on_async: on_async.map(str::to_owned) }
    }

    fn reason(&self) -> Option<&str> {
        let need = self.need.as_deref()?;
        let why = need.strip_prefix("no_world = ").map(|it| it.trim_matches('"'));
        why.or_else(|| Some(known(need)?.1))
    }

    fn runs_on(&self, stage: Stage) -> bool {
        match self.need.as_deref() {
            None => true,
            Some(need) => match known(need) {
                Some((_, _, not_on)) => !not_on.contains(&stage),
                None => stage != Stage::World,
            },
        }
    }
}

fn known(need: &str) -> Option<&'static (&'static str, &'static str, &'static [Stage])> {
    NEEDS.iter().find(|it| it.0 == need)
}

fn tests(folder: &Path) -> Vec<Test> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let module = file.file_stem().unwrap().to_string_lossy().into_owned();
        let mut need = None;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("#[conformance") {
                let inside = rest.trim_end_matches(']').trim_matches(['(', ')']);
                need = Some(inside.to_owned());
            } else if let Some(rest) = line.strip_prefix("async fn ")
                && let Some(need) = need.take()
            {
                let name = rest.split('(').next().unwrap();
                found.push(Test::new(format!("{module}::{name}"), &need));
            }
        }
    }
    found
}

fn table(tests: &[Test]) -> String {
    let on = |stage| tests.iter().filter(|it| it.runs_on(stage)).count();
    let mut text = format!(
        "{} tests run on a paused clock, {} in worlds, {} on threads in real time\n",
        tests.len(),
        on(Stage::World),
        on(Stage::Threads)
    );
    let everywhere = tests.iter().filter(|it| it.on_async.is_none()).count();
    writeln!(text, "{everywhere} run with their actors on every backend").unwrap();
    let mut counts = BTreeMap::new();
    for need in tests.iter().filter_map(|it| it.need.as_deref()) {
        *counts.entry(need.split(" = ").next().unwrap_or(need)).or_insert(0) += 1;
    }
    for (need, count) in counts {
        writeln!(text, "{count} need {need}").unwrap();
    }
    text.push_str("\nnot in a world:\n");
    for test in tests.iter().filter(|it| !it.runs_on(Stage::World)) {
        writeln!(text, "{}: {}", test.name, test.reason().unwrap_or_default()).unwrap();
    }
    text.push_str("\nwith actors on `Backend::Async` alone:\n");
    for test in tests {
        if let Some(why) = &test.on_async {
            writeln!(text, "{}: {why}", test.name).unwrap();
        }
    }
    text
}
