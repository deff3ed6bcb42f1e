//! Whether anybody in this process but the caller has anything to do.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    thread,
};

/// Whether that can be known here.
pub(crate) const CAN_TELL: bool = cfg!(target_os = "linux");

/// How many files are held open: a process may not have any number.
const MOST: usize = 200;

/// The other threads of this process.
#[derive(Default)]
pub(crate) struct Others {
    /// What the operating system says of each, held open because this is asked often.
    statuses: BTreeMap<OsString, File>,
}

/// How often each thread has gone to sleep and was held back.
type Runs = Vec<String>;

impl Others {
    /// Waits until all of them sleep.
    ///
    /// That is so when each is seen asleep twice, and has not run in between: then there was a moment,
    /// after the first look and before the second, at which all slept, and whoever sleeps is woken by a
    /// thread that does not. One that sleeps for a time of the real clock is asleep, too.
    pub(crate) fn wait_asleep(&mut self) {
        let mut before = None;
        loop {
            let now = self.look().ok();
            if now.is_some() && now == before {
                return;
            }
            if now.is_none() {
                thread::yield_now();
            }
            before = now;
        }
    }

    /// An error if one is awake, or has just ended.
    fn look(&mut self) -> io::Result<Runs> {
        let me = fs::read_link("/proc/thread-self")?;
        let mut runs = Runs::new();
        for thread in fs::read_dir("/proc/self/task")? {
            let thread = thread?.file_name();
            if Some(&*thread) != me.file_name() {
                runs.push(self.runs_of(&thread)?);
            }
        }
        Ok(runs)
    }

    fn runs_of(&mut self, thread: &OsString) -> io::Result<String> {
        if self.statuses.len() > MOST {
            self.statuses.clear();
        }
        if !self.statuses.contains_key(thread) {
            let status = File::open(format!("/proc/self/task/{}/status", thread.display()))?;
            self.statuses.insert(thread.clone(), status);
        }
        let text = &mut [0; 4096];
        let Ok(length) = self.statuses[thread].read_at(text, 0) else {
            // Another may be called the same by now.
            self.statuses.remove(thread);
            return Err(io::ErrorKind::NotFound.into());
        };
        asleep(&String::from_utf8_lossy(&text[..length]))
            .ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }
}

/// How often a thread has run that sleeps, given what is said of it.
fn asleep(status: &str) -> Option<String> {
    let (_, state) = status.split_once("State:\t")?;
    let (_, runs) = state.split_once("\nvoluntary_ctxt_switches:")?;
    state.starts_with('S').then(|| runs.to_owned())
}
