//! Wall time and processor time, side by side.

use std::time::{Duration, Instant};

/// What a measured part took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) wall: Duration,
    /// Of all threads of the process, system calls and page faults included.
    pub(crate) cpu: Duration,
}

/// Both clocks at the start of a measured part.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { cpu: cpu_time(), wall: Instant::now() }
    }

    pub(crate) fn stop(&self) -> Spent {
        Spent { wall: self.wall.elapsed(), cpu: cpu_time() - self.cpu }
    }
}

fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live `timespec`, which is all the call writes to.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0, "the processor clock can be read");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
