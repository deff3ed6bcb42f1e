//! How many operations a workload performs.

use crate::Runtime;

/// The number of operations, full or quick.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Quick: a fifth of the operations, a tenth of the actors where those are what is measured.
    pub(crate) is_quick: bool,
    /// Where an exchange crosses threads, fewer of them take as long.
    pub(crate) runtime: Runtime,
}

/// Tells between two yields of a steady sender.
pub(crate) const BURST: u64 = 256;
/// Actors told in turn.
pub(crate) const ROUND_ROBIN: u64 = 100;
/// Actors told at once.
pub(crate) const AUDIENCE: u64 = 1000;
/// Tasks that ask one actor.
pub(crate) const ASKERS: u64 = 64;

impl Size {
    pub(crate) const fn tells(self) -> u64 {
        self.fifth(1_000_000)
    }

    /// Rounds of one tell to each of [`AUDIENCE`].
    pub(crate) const fn rounds(self) -> u64 {
        self.fifth(1000)
    }

    pub(crate) const fn asks(self) -> u64 {
        self.fifth(match self.runtime {
            Runtime::Ct => 200_000,
            Runtime::Mt => 50_000,
        })
    }

    /// Asks that [`ASKERS`] share.
    pub(crate) const fn shared_asks(self) -> u64 {
        self.fifth(200_000)
    }

    pub(crate) const fn hops(self) -> u64 {
        self.fifth(match self.runtime {
            Runtime::Ct => 250_000,
            Runtime::Mt => 100_000,
        })
    }

    /// Actors spawned and stopped.
    pub(crate) const fn lives(self) -> u64 {
        self.fifth(100_000)
    }

    /// Actors whose memory is weighed.
    pub(crate) const fn population(self) -> u64 {
        if self.is_quick { 30_000 } else { 300_000 }
    }

    pub(crate) const fn leaves(self) -> u64 {
        if self.is_quick { 100_000 } else { 1_000_000 }
    }

    const fn fifth(self, full: u64) -> u64 {
        if self.is_quick { full / 5 } else { full }
    }
}

#[cfg(test)]
mod tests {
    use super::{ASKERS, ROUND_ROBIN, Size};
    use crate::Runtime;

    #[test]
    fn operations_divide_evenly_among_those_who_share_them() {
        for is_quick in [false, true] {
            for runtime in Runtime::ALL {
                let size = Size { is_quick, runtime };
                for sharers in [4, 64, ROUND_ROBIN] {
                    assert_eq!(size.tells() % sharers, 0, "{size:?} among {sharers}");
                }
                assert_eq!(size.shared_asks() % ASKERS, 0, "{size:?}");
            }
        }
    }
}
