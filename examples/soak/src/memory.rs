//! How much memory the process holds.

use std::{fmt, fs};

/// What may come on top of a tenth, in KiB: what the allocator keeps for itself.
const SLACK: u64 = 8 << 10;

/// Resident memory, in KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory(u64);

impl Memory {
    /// What the kernel says; nothing where it says nothing, which is anywhere but on Linux.
    pub(crate) fn resident() -> Option<Self> {
        // `status` rather than `statm`, which counts pages of whatever size.
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.parse().ok().map(Self)
    }

    /// What is wrong with having grown to `later`, if anything.
    pub(crate) fn growth_fault(self, later: Self) -> Option<String> {
        let most = Self(self.0 + self.0 / 10 + SLACK);
        let is_flat = later.0 <= most.0;
        (!is_flat).then(|| format!("memory has grown from {self} to {later}; {most} were allowed"))
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} MiB", self.0 as f64 / 1024.0)
    }
}
