//! The tests that faults are shown to: built once, run with one fault on at a time.

use std::{
    fmt,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    str::FromStr,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use serde_json::Value;

use super::copy::{self, VARIABLE};
use crate::process;

/// Tests that faults are shown to.
#[derive(Clone, Copy, Debug)]
struct Target {
    /// What the table calls it.
    label: &'static str,
    /// The crate whose tests they are, and its folder.
    package: &'static str,
    folder: &'static str,
    /// The test target, and the beginning of the names that are run.
    target: &'static str,
    names: &'static str,
    /// When its turn comes.
    rank: Rank,
}

/// Which tests a fault is shown to first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rank {
    /// Those that run core in worlds, and are soon built and run.
    Usual,
    /// Core's own: each once, on a paused clock, and some on real threads.
    Once,
    /// The same in worlds: hundreds of tests, in a binary of minutes.
    LastResort,
}

/// The targets, in the order in which a fault is shown to them.
const TARGETS: &[Target] = &[
    of_testkit("worlds", "", Rank::Usual),
    of_testkit("it", "storm::", Rank::Usual),
    Target {
        label: "core",
        package: "ghostlight-core",
        folder: "crates/core",
        target: "it",
        names: "",
        rank: Rank::Once,
    },
    of_testkit("conformance", "", Rank::LastResort),
];

const fn of_testkit(target: &'static str, names: &'static str, rank: Rank) -> Target {
    let (package, folder) = ("ghostlight-testkit", "crates/testkit");
    Target { label: target, package, folder, target, names, rank }
}

/// How long a test may go on without an end, and how much longer for each world. One that is well
/// takes a second or two for a hundred worlds.
const PATIENCE: Duration = Duration::from_secs(20);
const PATIENCE_PER_WORLD: Duration = Duration::from_millis(100);

/// So much memory a test may take, in KiB: a fault may ask for all there is.
const MEMORY: &str = "4000000";

/// The test binaries of the copy.
#[derive(Debug)]
pub(crate) struct Suite {
    folder: PathBuf,
    binaries: Vec<Binary>,
}

#[derive(Debug)]
struct Binary {
    of: Target,
    path: PathBuf,
}

/// One test, as the table names it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Test {
    pub(crate) target: String,
    pub(crate) name: String,
}

/// A test that did not end well.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Catch {
    pub(crate) test: Test,
    pub(crate) how: How,
}

/// How a test does not end well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum How {
    /// In this world, the first being 1; `None` if it does not say.
    Fails(Option<u64>),
    Hangs,
    Crashes,
}

impl Suite {
    /// Makes the copy and builds its tests: those of the targets that are `wanted`.
    ///
    /// # Errors
    /// If a fault has no place any more, the copy does not build, or nothing is wanted.
    pub(crate) fn build(root: &Path, wanted: impl Fn(&str) -> bool) -> Result<Self, String> {
        let targets: Vec<_> = TARGETS.iter().filter(|it| wanted(it.label)).collect();
        if targets.is_empty() {
            let labels: Vec<_> = TARGETS.iter().map(|it| it.label).collect();
            return Err(format!("the targets that faults are shown to are {}", labels.join(", ")));
        }
        let folder = copy::make(root)?;
        let mut binaries = Vec::new();
        for group in targets.chunk_by(|one, other| one.package == other.package) {
            binaries.append(&mut build(root, &folder, group)?);
        }
        Ok(Self { folder, binaries })
    }

    /// Whether a target has this rank.
    pub(crate) fn has_rank(label: &str, rank: Rank) -> bool {
        TARGETS.iter().any(|it| it.label == label && it.rank == rank)
    }

    /// Whether its tests are others in each world.
    pub(crate) fn is_in_worlds(&self) -> bool {
        self.binaries.iter().any(|it| it.of.rank != Rank::Once)
    }

    /// Runs everything with this fault on, until a test does not end well.
    pub(crate) fn run(&self, fault: Option<&str>, seeds: u64) -> Option<Catch> {
        self.binaries.iter().find_map(|it| {
            let mut command = self.command(it, fault, seeds);
            command.arg(it.of.names);
            watch(command, it.of.label, it.patience(seeds))
        })
    }

    /// Runs one test with this fault on.
    pub(crate) fn run_one(&self, fault: Option<&str>, test: &Test, seeds: u64) -> Option<Catch> {
        let binary = self.binaries.iter().find(|it| it.of.label == test.target)?;
        let mut command = self.command(binary, fault, seeds);
        command.args(["--exact", &test.name]);
        watch(command, binary.of.label, binary.patience(seeds))
    }

    fn command(&self, binary: &Binary, fault: Option<&str>, seeds: u64) -> Command {
        let mut command = Command::new("sh");
        let script = format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"");
        command.args(["-c", &script]).arg(&binary.path).arg("--test-threads=1");
        let folder = self.folder.join(binary.of.folder);
        command.current_dir(folder).env("GHOSTLIGHT_SEEDS", seeds.to_string());
        command.env("RUST_BACKTRACE", "0").env_remove("GHOSTLIGHT_REPLAY").env_remove(VARIABLE);
        fault.into_iter().for_each(|it| _ = command.env(VARIABLE, it));
        command
    }
}

/// Builds test targets of one package.
fn build(root: &Path, folder: &Path, targets: &[&Target]) -> Result<Vec<Binary>, String> {
    let [first, ..] = targets else { return Ok(Vec::new()) };
    let mut build = process::command(root, ".", "cargo");
    // Nobody looks for where in the copy something fails.
    build.env("CARGO_PROFILE_DEV_DEBUG", "none");
    // Elsewhere than the workspace itself, whose crates go by the same names.
    let to = process::target_dir(root).join("bite/target");
    build.current_dir(folder).env("CARGO_TARGET_DIR", to);
    build.args(["test", "--locked", "-q", "-p", first.package, "--no-run"]);
    build.arg("--message-format=json-render-diagnostics");
    targets.iter().for_each(|it| _ = build.args(["--test", it.target]));
    let told = process::output(build).ok_or("the copy with the faults does not build")?;
    let built: Vec<_> = targets.iter().filter_map(|it| Binary::among(&told, **it)).collect();
    if built.len() < targets.len() {
        return Err(format!("cargo built {} of {} tests", built.len(), targets.len()));
    }
    Ok(built)
}

impl Binary {
    /// The binary of a target, as cargo tells of it.
    fn among(told: &str, of: Target) -> Option<Self> {
        let told = told.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
        let of_target =
            |it: &Value| it["target"]["name"] == of.target && it["profile"]["test"] == true;
        let path = told.filter(of_target).find_map(|it| it["executable"].as_str().map(Into::into));
        path.map(|path| Self { of, path })
    }

    fn patience(&self, seeds: u64) -> Duration {
        match self.of.rank {
            // Some do much, and once.
            Rank::Once => 3 * PATIENCE,
            Rank::Usual | Rank::LastResort => patience(seeds),
        }
    }
}

/// Watches tests run, one after the other, until one does not end well.
fn watch(mut command: Command, target: &str, patience: Duration) -> Option<Catch> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.ok()?;
    let output = listen(&mut child);
    let mut told = String::new();
    let heard = hear(&output, patience, &mut told);
    _ = child.kill();
    _ = child.wait();
    let (name, how) = judged(&told, heard)?;
    Some(Catch { test: Test { target: target.to_owned(), name }, how })
}

fn patience(seeds: u64) -> Duration {
    let worlds = u32::try_from(seeds).unwrap_or(u32::MAX);
    PATIENCE.saturating_add(PATIENCE_PER_WORLD.saturating_mul(worlds))
}

/// How listening came to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Heard {
    Everything,
    Silence,
}

fn hear(output: &Receiver<Vec<u8>>, patience: Duration, told: &mut String) -> Heard {
    loop {
        match output.recv_timeout(patience) {
            Ok(bytes) => told.push_str(&String::from_utf8_lossy(&bytes)),
            Err(RecvTimeoutError::Disconnected) => return Heard::Everything,
            Err(RecvTimeoutError::Timeout) => return Heard::Silence,
        }
        // What a failed test has printed comes at the very end; with others to run first, it does
        // not pay to wait for that.
        let has_failed = told.lines().any(|it| it.ends_with("... FAILED"));
        if has_failed && !told.starts_with("\nrunning 1 test\n") {
            return Heard::Everything;
        }
    }
}

fn listen(child: &mut Child) -> Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    if let Some(mut stdout) = child.stdout.take() {
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = stdout.read(&mut buffer) {
                if send.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
    }
    receive
}

/// The test that did not end well, by what the tests have told.
fn judged(told: &str, heard: Heard) -> Option<(String, How)> {
    let tests = told.lines().filter_map(|it| it.strip_prefix("test ")?.split_once(" ... "));
    for (name, result) in tests {
        let how = match result {
            "FAILED" => How::Fails(world(told)),
            result if result.starts_with("ok") || result.starts_with("ignored") => continue,
            // Its name stands there before it runs.
            _ if heard == Heard::Silence => How::Hangs,
            _ => How::Crashes,
        };
        return Some((name.to_owned(), how));
    }
    None
}

/// The world in which a test failed, as it says itself.
fn world(told: &str) -> Option<u64> {
    let (_, rest) = told.split_once("found in world ")?;
    rest.split_once(' ')?.0.parse().ok()
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.target, self.name)
    }
}

impl FromStr for Test {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (target, name) = text.split_once('/').ok_or_else(|| format!("`{text}` is no test"))?;
        Ok(Self { target: target.to_owned(), name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[track_caller]
    fn check(told: &str, heard: Heard, expected: Option<(&str, How)>) {
        let judged = judged(told, heard);
        assert_eq!(judged.as_ref().map(|it| (&*it.0, it.1)), expected);
    }

    #[test]
    fn the_test_that_failed_is_named_with_its_world() {
        let told = "\nrunning 2 tests\ntest a::b ... ok\ntest a::c ... FAILED\n";
        check(told, Heard::Everything, Some(("a::c", How::Fails(None))));
        let told = "test c ... FAILED\n\nfound in world 17 of c; smallest: 3";
        check(told, Heard::Everything, Some(("c", How::Fails(Some(17)))));
    }

    #[test]
    fn the_test_that_has_no_end_is_the_one_whose_name_stands_there_without_a_result() {
        let told = "\nrunning 2 tests\ntest a ... ok\ntest b ... ";
        check(told, Heard::Silence, Some(("b", How::Hangs)));
        check(told, Heard::Everything, Some(("b", How::Crashes)));
    }

    #[test]
    fn tests_that_end_well_or_are_left_out_catch_nothing() {
        let told = "test a ... ok\ntest b ... ignored, slow\n\ntest result: ok. 1 passed";
        check(told, Heard::Everything, None);
    }

    #[test]
    fn each_target_has_a_name_of_its_own_and_those_of_one_package_stand_side_by_side() {
        let labels: BTreeSet<_> = TARGETS.iter().map(|it| it.label).collect();
        assert_eq!(labels.len(), TARGETS.len());
        for rank in [Rank::Usual, Rank::Once, Rank::LastResort] {
            let of_rank: Vec<_> = TARGETS.iter().filter(|it| it.rank == rank).collect();
            let groups = of_rank.chunk_by(|one, other| one.package == other.package);
            assert_eq!(groups.count(), 1, "{rank:?} is built at once");
        }
    }

    #[test]
    fn a_test_that_runs_once_has_no_more_patience_for_more_worlds() {
        let binary = |label| {
            let of = TARGETS.iter().find(|it| it.label == label);
            Binary { of: *of.unwrap(), path: PathBuf::new() }
        };
        assert_eq!(binary("core").patience(1000), binary("core").patience(1));
        assert!(binary("worlds").patience(1000) > PATIENCE);
    }

    #[test]
    fn a_test_reads_as_it_prints() {
        let test: Test = "worlds/asks::one".parse().unwrap();
        assert_eq!(test.to_string().parse(), Ok(test));
    }
}
