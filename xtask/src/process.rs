//! Running other programs.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often a process with a deadline is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// A command that runs in `folder`, below the project's root.
///
/// All workspaces build into one folder, so that what they share is compiled once.
pub(crate) fn command(root: &Path, folder: &str, program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root.join(folder)).env("CARGO_TARGET_DIR", target_dir(root));
    command
}

/// Where everything is built.
pub(crate) fn target_dir(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Whether a command line, whose words are parted by single spaces, ends well.
pub(crate) fn succeeds(root: &Path, folder: &str, line: &str) -> bool {
    let mut words = line.split(' ');
    let program = words.next().unwrap_or_default();
    command(root, folder, program).args(words).status().is_ok_and(|it| it.success())
}

/// What a program prints on standard output, if it ends well. What it complains of is shown.
pub(crate) fn output(mut command: Command) -> Option<String> {
    let output = command.stdout(Stdio::piped()).spawn().ok()?.wait_with_output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

/// Whether a program is there to be run.
pub(crate) fn exists(program: &str) -> bool {
    let mut probe = Command::new(program);
    probe.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok()
}

/// Runs a program; `None` if it had not ended after `limit`, and was killed.
pub(crate) fn run_within(mut command: Command, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let mut child = command.spawn()?;
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(GLANCE);
    }
    end(&mut child)?;
    Ok(None)
}

fn end(child: &mut Child) -> io::Result<()> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleep_for(seconds: &str) -> Command {
        let mut command = Command::new("sleep");
        command.arg(seconds);
        command
    }

    #[test]
    fn a_program_that_ends_in_time_has_a_status() {
        let ended = run_within(sleep_for("0"), Duration::from_secs(30)).unwrap();
        assert!(ended.unwrap().success());
    }

    #[test]
    fn a_program_that_does_not_end_in_time_is_killed() {
        let start = Instant::now();
        assert_eq!(run_within(sleep_for("60"), Duration::from_millis(60)).unwrap(), None);
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
