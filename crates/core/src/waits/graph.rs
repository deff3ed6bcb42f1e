//! Who waits for whom. Knows no lock, no clock and no message.
//!
//! Rules:
//! 1. A wait is noted before it begins, and forgotten however it ends. So whoever closes a circle
//!    finds it whole.
//! 2. Only the wait that would close a circle is refused; the others in it go on.
//! 3. What its holder may have given away is nobody's: no false alarm is worth one that is missed.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use crate::ActorId;

/// Which wait; never zero, and never given twice.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct WaitId(u64);

impl WaitId {
    /// No wait.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// What somebody waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WaitFor {
    /// The reply to an ask.
    Reply,
    /// Room in a mailbox.
    Room,
    /// An actor's start.
    Start,
    /// An actor's end.
    End,
    /// The end of a task.
    Task,
}

/// Which messages an actor lets in while it waits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Lends {
    #[default]
    Nothing,
    /// Asks that come of the very call that it waits in.
    CallChain,
    Everything,
}

/// Somebody who waits for somebody.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wait {
    pub(crate) from: ActorId,
    pub(crate) to: ActorId,
    pub(crate) what: WaitFor,
    /// The type of the message that is asked or sent, as a label.
    pub(crate) message_type: &'static str,
    /// The wait that the waiting turn is to end; none, if nobody waits for it.
    pub(crate) serves: WaitId,
    pub(crate) lends: Lends,
}

/// All waits of a system.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// The waits of each actor that has any, oldest first.
    of: Map<ActorId, Vec<Noted>>,
    /// Whose wait each is.
    whose: Map<WaitId, ActorId>,
    made: u64,
    /// How many searches there were.
    searches: u64,
}

#[derive(Debug)]
struct Noted {
    id: WaitId,
    wait: Wait,
    /// The last search that has seen it.
    seen: u64,
}

/// Never iterated over but to be put in order, so that its own order decides nothing.
type Map<K, V> = HashMap<K, V, BuildHasherDefault<Fold>>;

impl Graph {
    /// Notes a wait that closes no circle: nobody whom it is for waits yet.
    pub(crate) fn note(&mut self, wait: Wait) -> WaitId {
        self.made += 1;
        let id = WaitId(self.made);
        self.of.entry(wait.from).or_default().push(Noted { id, wait, seen: 0 });
        self.whose.insert(id, wait.from);
        id
    }

    /// Notes a wait, unless it would close a circle; then gives that out, with this wait as the last.
    pub(crate) fn begin(&mut self, wait: Wait) -> Result<WaitId, Vec<Wait>> {
        match self.circle(wait) {
            None => Ok(self.note(wait)),
            Some(circle) => Err(circle),
        }
    }

    /// Forgets a wait that has ended, or whose end is in unknown hands.
    pub(crate) fn end(&mut self, id: WaitId) {
        let Some(from) = self.whose.remove(&id) else { return };
        let Some(waits) = self.of.get_mut(&from) else { return };
        waits.retain(|it| it.id != id);
        if waits.is_empty() {
            self.of.remove(&from);
        }
    }

    /// The one who has what a wait is for has passed it on to `to`.
    pub(crate) fn redirect(&mut self, id: WaitId, to: ActorId) -> Result<(), Vec<Wait>> {
        let Some(&wait) = self.get(id) else { return Ok(()) };
        let moved = Wait { to, ..wait };
        if let Some(circle) = self.circle(moved) {
            return Err(circle);
        }
        let waits = self.of.get_mut(&wait.from).into_iter().flatten();
        waits.filter(|it| it.id == id).for_each(|it| it.wait = moved);
        Ok(())
    }

    fn get(&self, id: WaitId) -> Option<&Wait> {
        let waits = self.of.get(self.whose.get(&id)?)?;
        waits.iter().find(|it| it.id == id).map(|it| &it.wait)
    }

    /// Who waits for a turn that serves `id`, who for the turn of that one, and so on; the nearest
    /// first.
    pub(crate) fn callers(&self, id: WaitId) -> impl Iterator<Item = (WaitId, &Wait)> {
        let mut next = id;
        std::iter::from_fn(move || {
            let wait = self.get(next)?;
            let id = next;
            // Always an earlier one, so this ends.
            next = wait.serves;
            Some((id, wait))
        })
    }

    /// All waits, oldest first.
    pub(crate) fn all(&self) -> Vec<Wait> {
        let mut all: Vec<_> = self.of.values().flatten().collect();
        all.sort_unstable_by_key(|it| it.id);
        all.into_iter().map(|it| it.wait).collect()
    }

    /// The circle that a wait would close, with that wait as the last.
    fn circle(&mut self, closing: Wait) -> Option<Vec<Wait>> {
        if closing.from == closing.to {
            // One that lends itself lets its own request in.
            return (closing.lends == Lends::Nothing).then(|| vec![closing]);
        }
        // The usual case: whom this is for does not wait.
        if !self.of.contains_key(&closing.to) {
            return None;
        }
        self.searches += 1;
        let mut path = vec![closing];
        while let Some(&by) = path.last() {
            let Some(wait) = self.next_step(by) else {
                path.pop();
                continue;
            };
            if wait.to == closing.from && !closing.lets_all_in(&wait) {
                path.push(wait);
                path.rotate_left(1);
                return Some(path);
            }
            path.push(wait);
        }
        None
    }

    /// A wait of whom `by` is for that holds it up, and that this search has not seen yet.
    fn next_step(&mut self, by: Wait) -> Option<Wait> {
        let search = self.searches;
        let waits = self.of.get(&by.to)?;
        let is_next = |it: &Noted| it.seen != search && !self.lets_in(it.id, &it.wait, &by);
        let at = waits.iter().position(is_next)?;
        let next = self.of.get_mut(&by.to)?.get_mut(at)?;
        next.seen = search;
        Some(next.wait)
    }

    /// Whether `arriving` gets in where `wait`, with this id, is waited for.
    fn lets_in(&self, id: WaitId, wait: &Wait, arriving: &Wait) -> bool {
        match wait.lends {
            Lends::Nothing => false,
            Lends::Everything => wait.lets_all_in(arriving),
            Lends::CallChain => {
                arriving.what == WaitFor::Reply
                    && self.callers(arriving.serves).any(|it| it.0 == id)
            }
        }
    }
}

impl Wait {
    /// Whether every message gets in where this is waited for, and `arriving` is one.
    fn lets_all_in(&self, arriving: &Self) -> bool {
        self.lends == Lends::Everything && matches!(arriving.what, WaitFor::Reply | WaitFor::Room)
    }
}

/// A hasher for small numbers that nobody outside chooses.
#[derive(Default)]
pub(crate) struct Fold(u64);

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&it| self.write_u64(it.into()));
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(n.into());
    }

    fn write_u64(&mut self, n: u64) {
        // Multiplying by an odd number spreads the low bits upwards, and the turn brings them back.
        self.0 = (self.0 ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    }
}

#[cfg(test)]
mod tests;
