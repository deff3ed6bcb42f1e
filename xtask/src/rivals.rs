//! `cargo x rivals`: us and the others, in one run, judged against our goals.
//!
//! Each figure comes from a process of its own, in shuffled order, round by round, because what
//! ran before changes what runs next. Figures are divided within a round, and only then is a
//! median taken: between rounds a shared machine drifts by more than most goals allow.
//!
//! Reading order: [`plan`] says what is measured, [`launch`] and [`rounds`] do it, [`figures`]
//! keep it, [`judge`] turns it into lines, [`table`] and [`json`] print them.

mod figures;
mod goals;
mod json;
mod judge;
mod launch;
mod options;
mod own;
mod plan;
mod rounds;
mod shuffle;
mod table;

use std::{
    env, fs,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use self::{figures::Figures, judge::Report, options::Options};

/// How long a quick run measures. With the last process it stays below five minutes.
const QUICK_BUDGET: Duration = Duration::from_secs(285);

/// Runs the command with the arguments after its name.
pub(crate) fn main(args: impl Iterator<Item = String>) -> ExitCode {
    let options = match Options::parse(args) {
        Ok(options) => options,
        Err(fault) => {
            eprintln!("{fault}");
            return ExitCode::from(2);
        }
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let (libraries, mut complaints) = launch::build_all(&root.join("rivals"), &options);
    let load_before = load_average();
    let started = Instant::now();
    let deadline = options.is_quick.then(|| started + QUICK_BUDGET);
    let (figures, more) = rounds::run(&libraries, &options, deadline);
    complaints.extend(more);
    let report = judge::judge(&libraries, &figures, &options);

    println!("{}", table::render(&report, &libraries));
    for complaint in &complaints {
        println!("left out: {complaint}");
    }
    println!("{}", circumstances(&figures, started.elapsed(), &load_before));
    if let Err(error) = write_json(root, &report) {
        eprintln!("target/rivals.json: {error}");
        return ExitCode::FAILURE;
    }
    exit_code(&options, &report)
}

/// Success when complete; with `--strict` a goal that is missed, or lacks a figure, fails.
fn exit_code(options: &Options, report: &Report) -> ExitCode {
    if options.is_strict && report.missed() + report.unjudged.len() > 0 {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn write_json(root: &Path, report: &Report) -> std::io::Result<()> {
    let dir = root.join("target");
    fs::create_dir_all(&dir)?;
    fs::write(dir.join("rivals.json"), json::render(report))
}

fn circumstances(figures: &Figures, took: Duration, load_before: &str) -> String {
    format!(
        "{} processes in {:.0?}; on ct {} figures were dropped because something else ran; \
         load average {load_before} before, {} after; two workers say nothing about sixteen",
        figures.processes(),
        took,
        figures.dropped(),
        load_average(),
    )
}

/// Of the last minute. Empty where the system does not say.
fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().into()
}
