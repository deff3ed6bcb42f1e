//! Who waits for whom. Knows no lock, no clock and no message.
//!
//! Rules:
//! 1. A wait is noted before it begins, and forgotten however it ends. So whoever closes a circle
//!    finds it whole.
//! 2. Only the wait that would close a circle is refused; the others in it go on.
//! 3. What its holder may have given away is nobody's: no false alarm is worth one that is missed.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
    iter, slice,
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
    /// Asks that come of the tasks that it waits for so.
    Tasks,
    /// Reads, because this is one: until a message that may write is next.
    Reads,
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
    /// Whether handling that message only reads the state of `to`.
    pub(crate) is_read: bool,
    /// The wait that the waiting turn is to end; none, if nobody waits for it.
    pub(crate) serves: WaitId,
    pub(crate) lends: Lends,
}

/// All waits of a system.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    waits: Map<WaitId, Wait>,
    /// The waits of each actor that has any.
    of: Map<ActorId, Waits>,
    /// The actors with reads that no other may join, since a write waits for them.
    closed: HashSet<ActorId, BuildHasherDefault<Fold>>,
    made: u64,
}

/// The waits of one actor, oldest first. There is one, unless a turn waits for several at once.
#[derive(Debug)]
struct Waits {
    first: WaitId,
    others: Vec<WaitId>,
}

/// Never iterated over, so that its order decides nothing.
type Map<K, V> = HashMap<K, V, BuildHasherDefault<Fold>>;

impl Graph {
    /// Notes a wait that closes no circle: nobody whom it is for waits yet.
    pub(crate) fn note(&mut self, wait: Wait) -> WaitId {
        self.made += 1;
        let id = WaitId(self.made);
        let others = Vec::new();
        let waits = self.of.entry(wait.from);
        waits.and_modify(|it| it.others.push(id)).or_insert(Waits { first: id, others });
        self.waits.insert(id, wait);
        id
    }

    /// Notes a wait, unless it would close a circle; then gives that out, with this wait as the last.
    pub(crate) fn begin(&mut self, wait: Wait) -> Result<WaitId, Vec<Wait>> {
        match self.circle(WaitId::NONE, wait) {
            None => Ok(self.note(wait)),
            Some(circle) => Err(circle),
        }
    }

    /// Forgets a wait that has ended, or whose end is in unknown hands.
    pub(crate) fn end(&mut self, id: WaitId) {
        let Some(wait) = self.waits.remove(&id) else { return };
        let Some(waits) = self.of.get_mut(&wait.from) else { return };
        if waits.first != id {
            waits.others.retain(|it| *it != id);
        } else if waits.others.is_empty() {
            self.of.remove(&wait.from);
        } else {
            waits.first = waits.others.remove(0);
        }
    }

    /// The one who has what a wait is for has passed it on to `to`.
    pub(crate) fn redirect(
        &mut self,
        id: WaitId,
        to: ActorId,
        is_read: bool,
    ) -> Result<(), Vec<Wait>> {
        let Some(&wait) = self.waits.get(&id) else { return Ok(()) };
        let moved = Wait { to, is_read, ..wait };
        if let Some(circle) = self.circle(id, moved) {
            return Err(circle);
        }
        self.waits.insert(id, moved);
        Ok(())
    }

    /// No other read joins those of `actor`: a write waits for them.
    pub(crate) fn close_reads(&mut self, actor: ActorId) {
        self.closed.insert(actor);
    }

    /// The reads of `actor` are over.
    pub(crate) fn end_reads(&mut self, actor: ActorId) {
        self.closed.remove(&actor);
    }

    /// Who waits for a turn that serves `id`, who for the turn of that one, and so on; the nearest
    /// first.
    pub(crate) fn callers(&self, id: WaitId) -> impl Iterator<Item = (WaitId, &Wait)> {
        let mut next = id;
        iter::from_fn(move || {
            let wait = self.waits.get(&next)?;
            let id = next;
            // Always an earlier one, so this ends.
            next = wait.serves;
            Some((id, wait))
        })
    }

    /// All waits, oldest first.
    pub(crate) fn all(&self) -> Vec<Wait> {
        let mut all: Vec<_> = self.waits.iter().collect();
        all.sort_unstable_by_key(|it| *it.0);
        all.into_iter().map(|it| *it.1).collect()
    }

    /// The circle that a wait, with this id if it has one, would close, with that wait as the last.
    fn circle(&self, id: WaitId, closing: Wait) -> Option<Vec<Wait>> {
        if closing.from == closing.to {
            // One that lends itself lets its own request in.
            let gets_in = match closing.lends {
                Lends::Nothing => false,
                Lends::Reads => self.lets_newcomer_in(&closing, &closing),
                Lends::CallChain | Lends::Tasks | Lends::Everything => true,
            };
            return (!gets_in).then(|| vec![closing]);
        }
        // The usual case: whom this is for does not wait.
        self.of.get(&closing.to)?;
        let mut path: Vec<Step<'_>> = vec![self.step(id, &closing)];
        let mut seen: HashSet<WaitId, BuildHasherDefault<Fold>> = HashSet::default();
        loop {
            let is_newcomer = path.len() == 1;
            let step = path.last_mut()?;
            let (by, by_id) = (step.wait, step.id);
            let Some(next) = step.next() else {
                path.pop();
                continue;
            };
            let Some(wait) = self.waits.get(&next) else { continue };
            let gets_in = match wait.lends {
                Lends::Reads if is_newcomer => self.lets_newcomer_in(wait, by),
                _ => self.lets_in(next, wait, by_id, by),
            };
            if gets_in {
                continue;
            }
            if wait.to == closing.from && !closing.lets_all_in(next, wait) {
                let rest = path[1..].iter().map(|it| *it.wait);
                return Some(rest.chain([*wait, closing]).collect());
            }
            if seen.insert(next) {
                path.push(self.step(next, wait));
            }
        }
    }

    fn step<'a>(&'a self, id: WaitId, wait: &'a Wait) -> Step<'a> {
        Step { id, wait, ahead: self.of.get(&wait.to).map(Waits::iter) }
    }

    /// Whether `arriving` gets in where `wait` is waited for; both with their ids.
    fn lets_in(&self, id: WaitId, wait: &Wait, arriving_id: WaitId, arriving: &Wait) -> bool {
        match wait.lends {
            Lends::Nothing => false,
            Lends::Reads | Lends::Everything => wait.lets_all_in(arriving_id, arriving),
            Lends::CallChain => {
                arriving.what == WaitFor::Reply
                    && self.callers(arriving.serves).any(|it| it.0 == id)
            }
            Lends::Tasks => {
                let is_awaited = |it| self.lends_to_task(wait.from, it);
                let callers = self.callers(arriving.serves).map(|it| it.1.from);
                arriving.what == WaitFor::Reply && callers.chain([arriving.from]).any(is_awaited)
            }
        }
    }

    /// Whether `actor` waits for that task, and lets in what comes of it.
    fn lends_to_task(&self, actor: ActorId, task: ActorId) -> bool {
        let waits = self.of.get(&actor).into_iter().flat_map(Waits::iter);
        waits
            .filter_map(|it| self.waits.get(&it))
            .any(|it| it.lends == Lends::Tasks && it.to == task)
    }

    /// Whether `arriving`, which has not begun, may join the read that waits so.
    fn lets_newcomer_in(&self, wait: &Wait, arriving: &Wait) -> bool {
        wait.lets_all_in(WaitId::NONE, arriving) && !self.closed.contains(&wait.from)
    }
}

impl Wait {
    /// Whether this is waited for by an actor that lets every message in, or every read, and `arriving`,
    /// with its id, is one. What this very wait is for, it must wait for.
    fn lets_all_in(&self, arriving_id: WaitId, arriving: &Self) -> bool {
        match (self.lends, arriving.what) {
            (Lends::Everything, WaitFor::Reply | WaitFor::Room) => true,
            (Lends::Reads, WaitFor::Reply) => {
                let is_served = !arriving_id.is_none() && self.serves == arriving_id;
                arriving.is_read && !is_served
            }
            // There is room as soon as the reads in front have begun.
            (Lends::Reads, WaitFor::Room) => true,
            _ => false,
        }
    }
}

impl Waits {
    fn iter(&self) -> Ahead<'_> {
        iter::once(self.first).chain(self.others.iter().copied())
    }
}

type Ahead<'a> = iter::Chain<iter::Once<WaitId>, iter::Copied<slice::Iter<'a, WaitId>>>;

/// A wait on a path, and the waits of whom it is for that were not looked at yet.
struct Step<'a> {
    id: WaitId,
    wait: &'a Wait,
    ahead: Option<Ahead<'a>>,
}

impl Step<'_> {
    fn next(&mut self) -> Option<WaitId> {
        self.ahead.as_mut()?.next()
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
