//! The driver that every compared library runs, and the adapter it runs it through.
//!
//! A binary describes its library and implements [`Library`]; [`main`] does the rest: it runs
//! exactly one workload, on one runtime, with one variant, and prints one line of JSON. Nothing
//! is shared between two figures but the machine, because whatever runs earlier in a process
//! changes what runs later: pages, caches, allocator.
//!
//! Rules of the driver, each the answer to a figure that was once wrong:
//!
//! 1. The driver is a task of the runtime and is joined; `block_on` runs on no worker.
//! 2. An adapter is static. The driver boxes nothing and dispatches nothing dynamically, so no
//!    library pays for being measured.
//! 3. Counts and sums are asserted. A lost message is very fast.
//! 4. Any panic, wherever it happens and whoever catches it, ends the process with a failure.
//! 5. A process that does not end by itself is ended, and says what it was waiting for.

mod allocator;
mod board;
mod branch;
mod clock;
mod describe;
mod drive;
mod library;
mod options;
mod outcome;
mod size;
mod tally;
mod watchdog;
mod workload;

pub use board::Board;
pub use branch::{Branch, Share};
pub use describe::{Description, Role, Variant};
pub use drive::{Cell, main};
pub use library::{Library, build_runtime, run_spawned};
pub use outcome::Outcome;
pub use tally::{Duty, Tally};
pub use workload::{Runtime, Workload};
