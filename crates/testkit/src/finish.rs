//! What must hold when a test is over.

use std::time::Duration;

use crate::World;

/// How long something may go on by itself after the systems have ended.
const GRACE: Duration = Duration::from_secs(1);

impl World {
    /// Settles, ends the systems that still run, and looks whether all is in order: nothing went on
    /// that no seed replays, every message is accounted for, and nothing is left over.
    ///
    /// [`explore`](crate::explore()) calls it at the end of each run.
    ///
    /// # Panics
    /// If something is not in order; it says what.
    #[track_caller]
    pub fn finish(&self) {
        self.calm_down();
        self.settle();
        let mut faults: Vec<String> = self.breaches().iter().map(ToString::to_string).collect();
        for system in self.take_systems() {
            let report = self.block_on(system.shutdown(Duration::from_secs(60)));
            if !(report.lost.is_empty() && report.lost_tasks.is_empty()) {
                faults.push(format!("system `{}` did not end: {report}", system.name()));
            }
            let counters = system.counters();
            if !counters.conserves() {
                faults.push(format!("messages of `{}` are missing: {counters:?}", system.name()));
            }
        }
        // What a system does for itself may see only at its next tick that the system has ended.
        self.advance(GRACE);
        faults.extend(self.left_over());
        assert!(faults.is_empty(), "the world is not in order:\n  {}", faults.join("\n  "));
    }
}
