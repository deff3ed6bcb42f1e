//! The system allocator, with a count of what passes through it while a count is wanted.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Off but for the measured part of the workloads that count: timed ones pay a load and a branch.
static IS_ON: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
/// Bytes allocated minus bytes freed. Negative when what was freed was allocated before the count.
static LIVE: AtomicI64 = AtomicI64::new(0);

/// What was allocated since the count began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub(crate) allocations: u64,
    pub(crate) bytes: u64,
    pub(crate) live: i64,
}

/// Starts a count at zero.
pub(crate) fn start_count() {
    ALLOCATIONS.store(0, Ordering::Relaxed);
    BYTES.store(0, Ordering::Relaxed);
    LIVE.store(0, Ordering::Relaxed);
    IS_ON.store(true, Ordering::SeqCst);
}

/// Reads the count, which goes on.
pub(crate) fn read_count() -> Count {
    Count {
        allocations: ALLOCATIONS.load(Ordering::Relaxed),
        bytes: BYTES.load(Ordering::Relaxed),
        live: LIVE.load(Ordering::Relaxed),
    }
}

/// Ends the count.
pub(crate) fn stop_count() -> Count {
    IS_ON.store(false, Ordering::SeqCst);
    read_count()
}

struct Counting;

impl Counting {
    // Relaxed throughout: counts order nothing, and are read when the actors are at rest.
    #[inline]
    fn note(&self, taken: usize, freed: usize) {
        if !IS_ON.load(Ordering::Relaxed) {
            return;
        }
        if taken != 0 {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
            BYTES.fetch_add(taken as u64, Ordering::Relaxed);
        }
        LIVE.fetch_add(taken as i64 - freed as i64, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system allocator unchanged; counting touches only atomics.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.note(layout.size(), 0);
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.note(layout.size(), 0);
        // SAFETY: the caller upholds the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.note(size, layout.size());
        // SAFETY: the caller upholds the contract of `realloc`.
        unsafe { System.realloc(block, layout, size) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.note(0, layout.size());
        // SAFETY: the caller upholds the contract of `dealloc`.
        unsafe { System.dealloc(block, layout) }
    }
}
