//! A disk in a world: bytes that are written, and those that would survive a crash.

use std::{collections::BTreeMap, fmt, io, sync::Arc};

use ghostlight_rt::Rng;

use crate::{World, digest::seed_for, engine::Engine, trace::Event};

/// How a disk fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DiskFault {
    /// The next write fails, and writes nothing.
    FailWrite,
    /// The next write fails, and writes only its beginning; the seed says how much.
    TearWrite,
    /// Only so many more bytes fit; a write that does not fit writes nothing.
    Full {
        /// How many.
        left: usize,
    },
    /// The next sync fails. What was to be synced may be lost in a crash, whatever later ones say.
    FailSync,
    /// Syncs do nothing from now on, and say that they did.
    Lie,
}

impl fmt::Display for DiskFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailWrite => f.write_str("fails its next write"),
            Self::TearWrite => f.write_str("tears its next write"),
            Self::Full { left } => write!(f, "has room for {left} more bytes"),
            Self::FailSync => f.write_str("fails its next sync"),
            Self::Lie => f.write_str("lies about what is synced"),
        }
    }
}

/// The disk of a system: one row of bytes, which outlives the system.
///
/// What was appended can be read at once. When the system [crashes](World::crash), only what was synced
/// is sure to be there afterwards: of the rest a beginning, as the seed says.
///
/// ```
/// use ghostlight_testkit::World;
///
/// let world = World::seeded(1);
/// let bank = world.system("bank");
/// let disk = world.disk("bank");
/// disk.append(b"paid").unwrap();
/// disk.sync().unwrap();
/// world.crash("bank");
/// assert_eq!(world.disk("bank").read(), b"paid");
/// ```
#[derive(Clone)]
pub struct Disk {
    engine: Arc<Engine>,
    system: Arc<str>,
}

/// The disks of a world, by system.
#[derive(Default)]
pub(crate) struct Platters(BTreeMap<Arc<str>, Platter>);

struct Platter {
    rng: Rng,
    bytes: Vec<u8>,
    /// How many of them survive whatever comes.
    synced: usize,
    /// From where on no sync reaches, since one has failed there.
    spoilt: Option<usize>,
    faults: Vec<DiskFault>,
}

impl Platter {
    fn take(&mut self, fault: DiskFault) -> bool {
        let found = self.faults.iter().position(|it| *it == fault);
        found.map(|it| self.faults.remove(it)).is_some()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.take(DiskFault::FailWrite) {
            return Err(io::Error::other("the write has failed"));
        }
        if self.take(DiskFault::TearWrite) {
            let kept = self.rng.below(bytes.len().max(1));
            self.bytes.extend(&bytes[..kept]);
            return Err(io::Error::other("the write has failed"));
        }
        for fault in &mut self.faults {
            if let DiskFault::Full { left } = fault {
                let Some(rest) = left.checked_sub(bytes.len()) else {
                    return Err(io::ErrorKind::StorageFull.into());
                };
                *left = rest;
            }
        }
        self.bytes.extend(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.take(DiskFault::FailSync) {
            self.spoilt.get_or_insert(self.synced);
            return Err(io::Error::other("the sync has failed"));
        }
        if !self.faults.contains(&DiskFault::Lie) {
            self.synced = self.spoilt.unwrap_or(self.bytes.len());
        }
        Ok(())
    }

    /// What was not synced is lost, but for a beginning; and whoever opens the disk again has a whole
    /// one.
    fn crash(&mut self) -> usize {
        let unsynced = self.bytes.len() - self.synced;
        let lost = unsynced - self.rng.below(unsynced + 1);
        self.bytes.truncate(self.bytes.len() - lost);
        self.synced = self.bytes.len();
        self.spoilt = None;
        lost
    }
}

impl Platters {
    fn of(&mut self, seed: u64, system: &Arc<str>) -> &mut Platter {
        self.0.entry(Arc::clone(system)).or_insert_with(|| Platter {
            rng: Rng::seeded(seed_for(seed, &format!("disk of {system}"))),
            bytes: Vec::new(),
            synced: 0,
            spoilt: None,
            faults: Vec::new(),
        })
    }

    pub(crate) fn heal(&mut self) {
        self.0.values_mut().for_each(|it| it.faults.clear());
    }
}

impl Disk {
    /// Appends all of `bytes`.
    ///
    /// # Errors
    /// If the disk is full, or fails as it was told to.
    pub fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.told("write", |it| it.append(bytes))
    }

    /// Sees to it that all that was written survives a crash, unless the disk lies.
    ///
    /// # Errors
    /// If the disk fails as it was told to; then nobody knows what survives of what was not synced.
    pub fn sync(&self) -> io::Result<()> {
        self.told("sync", Platter::sync)
    }

    /// All bytes that there are.
    #[must_use]
    pub fn read(&self) -> Vec<u8> {
        self.with(|it| it.bytes.clone())
    }

    /// Has the disk fail so.
    pub fn break_it(&self, fault: DiskFault) {
        self.with(|it| it.faults.push(fault));
    }

    fn told(&self, what: &str, act: impl FnOnce(&mut Platter) -> io::Result<()>) -> io::Result<()> {
        let done = self.with(act);
        if let Err(error) = &done {
            let what = format!("a {what} to the disk of {} fails: {error}", self.system);
            self.engine.tell(|_| Event::Fault { what });
        }
        done
    }

    fn with<T>(&self, act: impl FnOnce(&mut Platter) -> T) -> T {
        self.engine.saw_more();
        act(self.engine.lock().platters.of(self.engine.seed, &self.system))
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("system", &self.system).finish_non_exhaustive()
    }
}

impl Engine {
    pub(crate) fn disk(self: &Arc<Self>, system: &str) -> Disk {
        Disk { engine: Arc::clone(self), system: system.into() }
    }

    pub(crate) fn crash_disk(&self, system: &Arc<str>) {
        let lost = self.lock().platters.of(self.seed, system).crash();
        if lost > 0 {
            let what = format!("the disk of {system} has lost the last {lost} bytes");
            self.tell(|_| Event::Fault { what });
        }
    }
}

impl World {
    /// The disk of the system of this name, whether that lives or not.
    #[must_use]
    pub fn disk(&self, system: &str) -> Disk {
        self.engine().disk(system)
    }
}
