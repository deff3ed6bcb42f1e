//! What is measured: packages, rows of the report, and the cells they need.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use super::options::Options;

/// A crate of the workspace in `rivals/`.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    /// Slow to build or slow to run, and never the best peer: for full runs.
    pub(crate) is_for_full_runs: bool,
}

/// All that are built. One that is absent or does not build is reported and left out.
pub(crate) const PACKAGES: &[Package] = &[
    Package { name: "rivals-ghostlight", is_for_full_runs: false },
    Package { name: "rivals-raw", is_for_full_runs: false },
    Package { name: "rivals-actix", is_for_full_runs: false },
    Package { name: "rivals-xtra", is_for_full_runs: false },
    Package { name: "rivals-spawned", is_for_full_runs: false },
    Package { name: "rivals-kameo", is_for_full_runs: false },
    Package { name: "rivals-ractor", is_for_full_runs: false },
    Package { name: "rivals-coerce", is_for_full_runs: true },
    Package { name: "rivals-theta", is_for_full_runs: true },
];

/// What a library's figures are for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    /// Judged.
    Ours,
    /// What we are compared with.
    Peer,
    /// Printed, never the best peer.
    Reference,
}

/// A library, as its binary describes it.
#[derive(Clone, Debug)]
pub(crate) struct Library {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) role: Role,
    /// The binary of each variant.
    pub(crate) variants: BTreeMap<String, PathBuf>,
    /// Whether a bounded tell waits for room.
    pub(crate) waits: bool,
    /// Workloads that on `mt` cross threads by design.
    pub(crate) hops: Vec<String>,
    /// Workloads, or workloads with a runtime, that it cannot run.
    pub(crate) missing: Vec<String>,
}

impl Library {
    pub(crate) fn is_ours(&self) -> bool {
        self.role == Role::Ours
    }

    fn lacks(&self, workload: &str, runtime: Runtime) -> bool {
        self.missing.iter().any(|it| *it == workload || *it == format!("{workload} {runtime}"))
    }
}

/// Which runtime carries a figure.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Runtime {
    /// One thread.
    Ct,
    /// Two workers.
    Mt,
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ct => "ct",
            Self::Mt => "mt",
        })
    }
}

/// What a row's figures are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Times on both runtimes, in every round.
    Time,
    /// Exact figures, taken once on `ct`.
    Exact,
    /// Ratios of our own variants, whose figures other rows take.
    Own,
}

/// A row of the report, and the workloads whose figures it shows.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What ours runs for it.
    pub(crate) ours: &'static [&'static str],
    /// What the others run for it.
    pub(crate) theirs: &'static [&'static str],
    /// The figures it shows, with their units.
    pub(crate) figures: &'static [(&'static str, &'static str)],
    /// Whether only bounded mailboxes whose senders wait are compared.
    pub(crate) is_bounded_only: bool,
}

const NS: &[(&str, &str)] = &[("ns_per_op", "ns")];
const BYTES: &[(&str, &str)] = &[("bytes", "bytes"), ("rss_bytes", "bytes rss")];
const COUNTS: &[(&str, &str)] = &[
    ("spawn", "allocations per spawn"),
    ("tell", "allocations per tell"),
    ("tell_bytes", "bytes per tell"),
    ("ask", "allocations per ask"),
    ("ask_queued", "allocations per queued ask"),
];

/// All rows, in the order of the report.
pub(crate) const ROWS: &[Row] = &[
    time("tell_steady", &["tell_steady"]),
    time("tell_1m", &["tell_1m"]),
    time("round_robin_100", &["round_robin_100"]),
    time("producers_4", &["producers_4"]),
    time("producers_64", &["producers_64"]),
    time("types_4", &["types_4"]),
    time("broadcast_1000", &["broadcast_1000"]),
    Row { is_bounded_only: true, ..time("tell_steady_bounded", &["tell_steady"]) },
    Row { is_bounded_only: true, ..time("producers_4_bounded", &["producers_4"]) },
    time("ask_idle", &["ask_idle"]),
    Row { figures: &[("p99_ns", "ns")], ..time("ask_idle_p99", &["ask_idle_p99"]) },
    // Peers have no other way to ask: what they do in `ask_idle` is a queued ask.
    Row { theirs: &["ask_idle"], ..time("ask_queued", &["ask_queued"]) },
    time("askers_64", &["askers_64"]),
    time("ping_pong", &["ping_pong"]),
    time("spawn_stop", &["spawn_stop"]),
    time("skynet_1m", &["skynet_1m"]),
    Row { kind: Kind::Exact, figures: BYTES, ..time("bytes_idle", &["bytes_idle"]) },
    Row { kind: Kind::Exact, figures: BYTES, ..time("bytes_used", &["bytes_used"]) },
    Row { kind: Kind::Exact, figures: COUNTS, ..time("allocations", &["allocations"]) },
    own("bounded_over_unbounded", &["tell_steady", "producers_4"]),
    own("features", &["tell_steady", "ask_idle"]),
];

const fn time(name: &'static str, workloads: &'static [&'static str]) -> Row {
    let (ours, theirs) = (workloads, workloads);
    Row { name, kind: Kind::Time, ours, theirs, figures: NS, is_bounded_only: false }
}

const fn own(name: &'static str, workloads: &'static [&'static str]) -> Row {
    Row { kind: Kind::Own, theirs: &[], ..time(name, workloads) }
}

/// What one process measures.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Cell {
    pub(crate) library: String,
    pub(crate) variant: String,
    pub(crate) workload: &'static str,
    pub(crate) runtime: Runtime,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { library, variant, workload, runtime } = self;
        write!(f, "{library} {variant}, {workload} on {runtime}")
    }
}

/// The cells that the wanted rows need of these libraries, in no particular order.
pub(crate) fn cells(libraries: &[Library], options: &Options) -> Vec<Cell> {
    let mut cells = Vec::new();
    for row in &options.rows {
        for library in libraries {
            let workloads = if library.is_ours() { row.ours } else { row.theirs };
            for &workload in workloads {
                for variant in library.variants.keys().filter(|it| is_wanted(row, it)) {
                    for &runtime in runtimes(workload) {
                        if !library.lacks(workload, runtime) {
                            let (library, variant) = (library.name.clone(), variant.clone());
                            cells.push(Cell { library, variant, workload, runtime });
                        }
                    }
                }
            }
        }
    }
    cells.sort();
    cells.dedup();
    cells
}

/// Observers are measured where they could cost most, mailboxes everywhere.
fn is_wanted(row: &Row, variant: &str) -> bool {
    match variant {
        "bounded" => true,
        "unbounded" => !row.is_bounded_only && row.name != "features",
        _ => row.name == "features",
    }
}

/// Exact figures do not depend on the runtime.
fn runtimes(workload: &str) -> &'static [Runtime] {
    if is_exact(workload) { &[Runtime::Ct] } else { &[Runtime::Ct, Runtime::Mt] }
}

/// Whether one process suffices for a figure.
pub(crate) fn is_exact(workload: &str) -> bool {
    ROWS.iter().any(|row| row.kind == Kind::Exact && row.name == workload)
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Library, Options, ROWS, Role, cells};

    /// A library whose figures a test makes up.
    pub(crate) fn library(name: &str, role: Role, variants: &[&str], waits: bool) -> Library {
        Library {
            name: name.into(),
            version: "1.0".into(),
            role,
            variants: variants.iter().map(|it| ((*it).into(), "".into())).collect(),
            waits,
            hops: Vec::new(),
            missing: Vec::new(),
        }
    }

    pub(crate) fn options(only: &str) -> Options {
        let rows = ROWS.iter().filter(|it| it.name == only).collect();
        Options { is_quick: true, is_strict: false, rounds: 3, rows }
    }

    fn check(only: &str, libraries: &[Library], expected: &[&str]) {
        let planned: Vec<String> =
            cells(libraries, &options(only)).iter().map(ToString::to_string).collect();
        assert_eq!(planned, expected);
    }

    #[test]
    fn a_queued_ask_is_a_peers_only_ask() {
        let ours = library("ours", Role::Ours, &["bounded"], true);
        let peer = library("peer", Role::Peer, &["unbounded"], false);
        check(
            "ask_queued",
            &[ours, peer],
            &[
                "ours bounded, ask_queued on ct",
                "ours bounded, ask_queued on mt",
                "peer unbounded, ask_idle on ct",
                "peer unbounded, ask_idle on mt",
            ],
        );
    }

    #[test]
    fn bounded_rows_need_bounded_mailboxes_only() {
        let peer = library("peer", Role::Peer, &["bounded", "unbounded"], true);
        check(
            "tell_steady_bounded",
            &[peer],
            &["peer bounded, tell_steady on ct", "peer bounded, tell_steady on mt"],
        );
    }

    #[test]
    fn memory_is_weighed_on_one_runtime() {
        let peer = library("peer", Role::Peer, &["bounded"], true);
        check("bytes_idle", &[peer], &["peer bounded, bytes_idle on ct"]);
    }

    #[test]
    fn observers_are_measured_for_their_own_row_only() {
        let ours = library("ours", Role::Ours, &["bounded", "observed"], true);
        let planned = cells(std::slice::from_ref(&ours), &options("features"));
        assert_eq!(planned.len(), 8, "two variants, two workloads, two runtimes");
        assert_eq!(cells(&[ours], &options("tell_steady")).len(), 2);
    }

    #[test]
    fn what_a_library_cannot_run_is_not_planned() {
        let mut peer = library("peer", Role::Peer, &["bounded"], true);
        peer.missing = vec!["spawn_stop mt".into()];
        check("spawn_stop", &[peer], &["peer bounded, spawn_stop on ct"]);
    }
}
