//! Builds the binaries, asks them what they are, and runs one for one figure.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    figures::Sample,
    options::Options,
    plan::{Cell, Library, PACKAGES, Package, Role},
};

/// How much longer than its own limit a process is waited for.
const GRACE: Duration = Duration::from_secs(5);

/// Builds each package by itself, so that one that fails takes no other along.
///
/// Returns the libraries that can be measured, and why others cannot.
pub(crate) fn build_all(workspace: &Path, options: &Options) -> (Vec<Library>, Vec<String>) {
    let (mut libraries, mut complaints) = (Vec::new(), Vec::new());
    for package in PACKAGES.iter().filter(|it| !(options.is_quick && it.is_for_full_runs)) {
        let start = Instant::now();
        let described = build(workspace, package).and_then(|binary| describe(&binary));
        match described {
            Ok(library) => {
                eprintln!("{}: built in {:.0?}", package.name, start.elapsed());
                admit(library, &mut libraries);
            }
            Err(why) => {
                eprintln!("{}: {why}", package.name);
                complaints.push(format!("{}: {why}", package.name));
            }
        }
    }
    (libraries, complaints)
}

/// A library may come in several binaries, each with other variants.
fn admit(library: Library, libraries: &mut Vec<Library>) {
    match libraries.iter_mut().find(|it| it.name == library.name) {
        Some(known) => known.variants.extend(library.variants),
        None => libraries.push(library),
    }
}

fn build(workspace: &Path, package: &Package) -> Result<PathBuf, String> {
    let target = workspace.join("target");
    let output = Command::new("cargo")
        .args(["build", "--release", "--quiet", "--package", package.name])
        .arg("--manifest-path")
        .arg(workspace.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .output()
        .map_err(|error| format!("cargo does not run: {error}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("does not build: {}", first_error(&errors)));
    }
    set_aside(&target, package).map_err(|error| format!("its binary cannot be copied: {error}"))
}

/// Copies a binary to where no later build replaces it in the middle of a run.
fn set_aside(target: &Path, package: &Package) -> io::Result<PathBuf> {
    let dir = target.join("measured");
    fs::create_dir_all(&dir)?;
    let copy = dir.join(package.name);
    fs::copy(target.join("release").join(package.name), &copy)?;
    Ok(copy)
}

/// The line that says most, and what cargo says was behind it.
fn first_error(errors: &str) -> String {
    let first = errors.lines().find(|it| it.starts_with("error")).or_else(|| errors.lines().next());
    let first = first.unwrap_or("no reason given");
    match errors.rsplit_once("Caused by:") {
        Some((_, cause)) => format!("{first}: {}", cause.trim().replace('\n', " ")),
        None => first.into(),
    }
}

fn describe(binary: &Path) -> Result<Library, String> {
    let output = Command::new(binary)
        .arg("--describe")
        .output()
        .map_err(|error| format!("does not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_description(&text, binary).ok_or_else(|| format!("does not describe itself: {text}"))
}

fn parse_description(text: &str, binary: &Path) -> Option<Library> {
    let value: Value = serde_json::from_str(text.trim()).ok()?;
    let names = |key: &str| -> Option<Vec<String>> {
        value[key].as_array()?.iter().map(|it| Some(it.as_str()?.to_owned())).collect()
    };
    Some(Library {
        name: value["library"].as_str()?.into(),
        version: value["version"].as_str()?.into(),
        role: match value["role"].as_str()? {
            "ours" => Role::Ours,
            "peer" => Role::Peer,
            "reference" => Role::Reference,
            _ => return None,
        },
        variants: names("variants")?.into_iter().map(|it| (it, binary.to_owned())).collect(),
        waits: value["waits"].as_bool()?,
        hops: names("hops")?,
        missing: names("missing")?,
    })
}

/// Runs a cell in a process of its own.
pub(crate) fn measure(
    binary: &Path,
    cell: &Cell,
    is_quick: bool,
    limit: Duration,
) -> Result<Sample, String> {
    let mut command = Command::new(binary);
    command.args(["--workload", cell.workload, "--variant", &cell.variant]);
    command.args(["--runtime", &cell.runtime.to_string()]);
    command.args(["--limit", &limit.as_secs().to_string()]);
    if is_quick {
        command.arg("--quick");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("does not start: {error}"))?;
    let (output, errors) = (read(child.stdout.take()), read(child.stderr.take()));
    // The process watches itself; this is for one that cannot even do that.
    let Ok(output) = output.recv_timeout(limit + GRACE) else {
        end(&mut child);
        return Err(format!("not done within {limit:?}, and had to be killed"));
    };
    let status = child.wait().map_err(|error| error.to_string())?;
    if !status.success() {
        let errors = errors.recv_timeout(GRACE).unwrap_or_default();
        return Err(format!("{status}: {}", errors.trim().replace('\n', " ")));
    }
    parse_sample(&output).ok_or_else(|| format!("reports no figure: {output}"))
}

/// Reads in a thread of its own until the other end is closed.
fn read<R: Read + Send + 'static>(pipe: Option<R>) -> mpsc::Receiver<String> {
    let (sender, text) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before a failure is all there is to say.
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    text
}

fn end(child: &mut Child) {
    // It may have ended just now.
    let _ = child.kill();
    let _ = child.wait();
}

fn parse_sample(text: &str) -> Option<Sample> {
    let value: Value = serde_json::from_str(text.trim()).ok()?;
    let values = value["values"].as_object()?;
    Some(Sample {
        values: values
            .iter()
            .map(|(name, it)| Some((name.clone(), it.as_f64()?)))
            .collect::<Option<_>>()?,
        wall_ns: value["wall_ns"].as_f64()?,
        cpu_ns: value["cpu_ns"].as_f64()?,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{
        super::plan::{Role, tests::library},
        admit, first_error, parse_description, parse_sample,
    };

    #[test]
    fn a_sample_is_read_from_a_line_of_json() {
        let line =
            r#"{"library":"raw","ops":10,"wall_ns":500,"cpu_ns":490,"values":{"ns_per_op":50.0}}"#;
        let sample = parse_sample(line).unwrap();
        assert_eq!((sample.wall_ns, sample.cpu_ns), (500.0, 490.0));
        assert_eq!(sample.values["ns_per_op"], 50.0);
        assert!(parse_sample("thread panicked").is_none());
    }

    #[test]
    fn a_description_says_which_binary_runs_which_variant() {
        let line = r#"{"library":"xtra","version":"0.6.0","role":"peer","variants":["bounded"],
            "waits":true,"hops":[],"missing":["spawn_stop mt"]}"#;
        let library = parse_description(line, Path::new("bin")).unwrap();
        assert_eq!(library.role, Role::Peer);
        assert_eq!(library.variants["bounded"], Path::new("bin"));
        assert_eq!(library.missing, ["spawn_stop mt"]);
    }

    #[test]
    fn two_binaries_of_one_library_add_their_variants() {
        let mut libraries = Vec::new();
        admit(library("ours", Role::Ours, &["bounded"], true), &mut libraries);
        admit(library("ours", Role::Ours, &["off", "observed"], true), &mut libraries);
        assert_eq!(libraries.len(), 1);
        assert_eq!(libraries[0].variants.len(), 3);
    }

    #[test]
    fn of_a_failed_build_the_first_error_is_told() {
        assert_eq!(first_error("warning: x\nerror[E1]: y\nerror: z"), "error[E1]: y");
        assert_eq!(first_error(""), "no reason given");
        assert_eq!(first_error("error: a\n\nCaused by:\n  b\n\nCaused by:\n  c\n"), "error: a: c");
    }
}
