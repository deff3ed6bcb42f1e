//! Waits inside handlers, kept so that the one that would never end is refused.

mod deadlock;
mod graph;

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex},
    task::{Wake, Waker},
};

use self::graph::Graph;
pub(crate) use self::graph::{Lends, Wait, WaitId};
pub use self::{
    deadlock::{Deadlock, WaitInfo},
    graph::WaitFor,
};
use crate::{ActorId, here, member::Member, sync::lock, system::Shared};

/// Who waits for whom among the actors of a system.
///
/// One lock for all: it is held for the length of a look-up, and taken only by an ask or a send that has
/// to wait, inside a handler.
#[derive(Debug)]
pub(crate) struct Waits {
    graph: Mutex<Graph>,
    origin: u32,
    is_on: bool,
}

impl Waits {
    pub(crate) fn new(origin: u32, is_on: bool) -> Self {
        Self { graph: Mutex::default(), origin, is_on }
    }

    /// Whether this is where waits for that actor are noted.
    pub(crate) const fn is_about(&self, actor: ActorId) -> bool {
        actor.origin() == self.origin
    }

    /// Notes a wait that can close no circle.
    pub(crate) fn note(&self, wait: Wait) -> WaitId {
        lock(&self.graph).note(self.apart(wait))
    }

    /// Forgets a wait, if there is one.
    #[inline]
    pub(crate) fn end(&self, id: WaitId) {
        if !id.is_none() {
            lock(&self.graph).end(id);
        }
    }

    /// A message that may write waits for the reads of `actor`: no other read is let in to them.
    pub(crate) fn close_reads(&self, actor: ActorId) {
        lock(&self.graph).close_reads(actor);
    }

    /// Those reads are over.
    pub(crate) fn end_reads(&self, actor: ActorId) {
        lock(&self.graph).end_reads(actor);
    }

    /// Whether `asked` is a wait of one of those, or of a call that one of them waits in.
    pub(crate) fn comes_of(&self, asked: WaitId, tasks: &[ActorId]) -> bool {
        !asked.is_none() && lock(&self.graph).callers(asked).any(|it| tasks.contains(&it.1.from))
    }

    /// Whether `asked` comes of the call that `wait` waits for.
    pub(crate) fn is_called_by(&self, asked: WaitId, wait: WaitId) -> bool {
        !asked.is_none() && lock(&self.graph).callers(asked).any(|it| it.0 == wait)
    }

    /// Numbers of waits mean something in their own system only.
    fn apart(&self, mut wait: Wait) -> Wait {
        if wait.from.origin() != self.origin {
            wait.serves = WaitId::NONE;
        }
        wait
    }
}

/// What a turn is about to wait for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) what: WaitFor,
    /// The type of the message that is asked or sent, as a label.
    pub(crate) message_type: &'static str,
    /// Whether handling that message only reads a state.
    pub(crate) is_read: bool,
    /// What the waiting actor lets in by its own choice.
    pub(crate) lends: Lends,
}

impl Wanted {
    /// Something that no ask is made for.
    pub(crate) const fn plainly(what: WaitFor, message_type: &'static str) -> Self {
        Self { what, message_type, is_read: false, lends: Lends::Nothing }
    }

    /// The wait of `from`, whose turn runs here, for that of `to`.
    fn noted(self, from: ActorId, to: ActorId) -> Wait {
        let Self { what, message_type, is_read, lends } = self;
        let lends = if lends == Lends::Nothing { here::lends() } else { lends };
        Wait { from, to, what, message_type, is_read, serves: WaitId::NONE, lends }
    }
}

/// Notes that the turn which runs here waits for whoever is at `place`; nothing, if none does.
///
/// # Errors
/// The circle that this would close.
#[inline]
pub(crate) fn begin(
    place: Option<(&Arc<Shared>, ActorId)>,
    wanted: Wanted,
) -> Result<WaitId, Deadlock> {
    match (here::actor(), place) {
        (Some(from), Some((system, to))) => system.begin_wait(wanted.noted(from, to)),
        _ => Ok(WaitId::NONE),
    }
}

/// A wait for the start or the end of an actor, forgotten when this is dropped.
pub(crate) struct Held<'a> {
    place: (&'a Arc<Shared>, ActorId),
    wait: Option<WaitId>,
}

impl<'a> Held<'a> {
    pub(crate) const fn new(system: &'a Arc<Shared>, actor: ActorId) -> Self {
        Self { place: (system, actor), wait: None }
    }

    /// Notes one for the end of a task, whatever it closes: for a wait that has no way to say no.
    /// Whoever in it asks back is refused instead.
    pub(crate) fn noted(system: &'a Arc<Shared>, task: ActorId, lends: Lends) -> Self {
        let wanted = Wanted { lends, ..Wanted::plainly(WaitFor::Task, "") };
        let wait = system.note_wait(task, wanted);
        Self { place: (system, task), wait: Some(wait) }
    }

    /// Notes it, the first time.
    ///
    /// # Errors
    /// The circle that this would close.
    pub(crate) fn begin(&mut self, what: WaitFor) -> Result<(), Deadlock> {
        if self.wait.is_none() {
            self.wait = Some(begin(Some(self.place), Wanted::plainly(what, ""))?);
        }
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.wait.iter_mut().for_each(|it| end(Some(self.place), it));
    }
}

/// That an actor which winds down waits for those that belong to it, forgotten when this is dropped.
pub(crate) struct Ends {
    system: Arc<Shared>,
    waits: Vec<WaitId>,
}

impl Ends {
    /// Notes that `owner` waits for the ends of `whom`. It cannot be refused that; whoever of them asks it
    /// for anything is.
    pub(crate) fn noted(
        system: &Arc<Shared>,
        owner: ActorId,
        whom: impl IntoIterator<Item = (ActorId, WaitFor)>,
    ) -> Self {
        let note = |(to, what)| {
            system.waits.note(Wait {
                from: owner,
                to,
                what,
                message_type: "",
                is_read: false,
                serves: WaitId::NONE,
                lends: Lends::Nothing,
            })
        };
        Self { waits: whom.into_iter().map(note).collect(), system: Arc::clone(system) }
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.waits.drain(..).for_each(|it| self.system.waits.end(it));
    }
}

/// Forgets that wait.
pub(crate) fn end(place: Option<(&Arc<Shared>, ActorId)>, wait: &mut WaitId) {
    if let Some((system, _)) = place {
        system.waits.end(mem::take(wait));
    }
}

/// Wakes a sender that was let in, or sent away. It waits no longer from then on, though it may go on much
/// later: whom it waited for may wait for it meanwhile.
struct LetIn {
    system: Arc<Shared>,
    wait: WaitId,
    waker: Waker,
}

impl Wake for LetIn {
    fn wake(self: Arc<Self>) {
        self.system.waits.end(self.wait);
        self.waker.wake_by_ref();
    }
}

/// What a sender that waits so is woken by, with `waker` as what wakes its task.
pub(crate) fn let_in(
    place: Option<(&Arc<Shared>, ActorId)>,
    wait: WaitId,
    waker: &Waker,
) -> Option<Waker> {
    let (system, _) = place.filter(|_| !wait.is_none())?;
    let (system, waker) = (Arc::clone(system), waker.clone());
    Some(Waker::from(Arc::new(LetIn { system, wait, waker })))
}

impl Shared {
    /// Notes a wait of the turn that runs here.
    ///
    /// # Errors
    /// The circle that this would close.
    fn begin_wait(&self, wait: Wait) -> Result<WaitId, Deadlock> {
        if !self.waits.is_about(wait.to) {
            return Ok(WaitId::NONE);
        }
        let serves = here::note_calls(&self.waits);
        let wait = self.waits.apart(Wait { serves, ..wait });
        self.unless_circle(
            |graph| {
                if self.waits.is_on { graph.begin(wait) } else { Ok(graph.note(wait)) }
            },
        )
    }

    /// Notes that the turn which runs here waits for `to`, whatever that closes; nothing, if none does.
    pub(crate) fn note_wait(&self, to: ActorId, wanted: Wanted) -> WaitId {
        let Some(from) = here::actor().filter(|_| self.waits.is_about(to)) else {
            return WaitId::NONE;
        };
        let serves = here::note_calls(&self.waits);
        self.waits.note(Wait { serves, ..wanted.noted(from, to) })
    }

    /// What a wait is for has been passed on to `to`.
    ///
    /// # Errors
    /// The circle that this closes.
    pub(crate) fn redirect_wait(
        &self,
        id: WaitId,
        to: ActorId,
        is_read: bool,
    ) -> Result<(), Deadlock> {
        if !self.waits.is_about(to) {
            self.waits.end(id);
            return Ok(());
        }
        self.unless_circle(|graph| graph.redirect(id, to, is_read))
    }

    /// Changes the waits, unless that closes a circle which is there to stay.
    fn unless_circle<T>(
        &self,
        change: impl Fn(&mut Graph) -> Result<T, Vec<Wait>>,
    ) -> Result<T, Deadlock> {
        loop {
            let changed = change(&mut lock(&self.waits.graph));
            match changed {
                Ok(it) => return Ok(it),
                Err(circle) if self.lets_anyone_in(&circle) => {}
                Err(circle) => return Err(self.told(&circle)),
            }
        }
    }

    /// Whether somebody in this circle waited for room that was there. A turn makes room by beginning, and
    /// it is given out when that turn first waits; the wait that closes a circle may be that one.
    fn lets_anyone_in(&self, circle: &[Wait]) -> bool {
        let sends = circle.iter().filter(|it| it.what == WaitFor::Room);
        sends.filter_map(|it| self.find(it.to)).any(|it| it.let_senders_in())
    }

    /// Who waits for the turn that serves `id`, and for whose turn that is, the outermost first.
    pub(crate) fn callers(&self, id: WaitId) -> Vec<ActorId> {
        let graph = lock(&self.waits.graph);
        let mut callers: Vec<_> = graph.callers(id).map(|it| it.1.from).collect();
        callers.reverse();
        callers
    }

    /// All waits of now, the oldest first.
    pub(crate) fn waits(&self) -> Vec<WaitInfo> {
        let waits = lock(&self.waits.graph).all();
        self.infos(&waits)
    }

    fn told(&self, circle: &[Wait]) -> Deadlock {
        Deadlock::new(self.infos(circle))
    }

    fn infos(&self, waits: &[Wait]) -> Vec<WaitInfo> {
        let roster = lock(&self.roster);
        let members: Vec<_> = waits.iter().map(|it| roster.find(it.from)).collect();
        drop(roster);
        // Of a thousand in a circle most have the name of their type, and share it.
        let mut labels = BTreeMap::new();
        let mut name = |id, member: Option<Arc<dyn Member>>| match member {
            Some(it) => it.given_name().unwrap_or_else(|| {
                let label = labels.entry(it.label()).or_insert_with_key(|it| Arc::from(*it));
                Arc::clone(label)
            }),
            None => self.tasks.name_of(id).unwrap_or_else(|| "?".into()),
        };
        let info = |(wait, member): (&Wait, _)| {
            let Wait { from: actor, to: on, what, message_type, .. } = *wait;
            WaitInfo { actor, name: name(actor, member), on, what, message_type }
        };
        waits.iter().zip(members).map(info).collect()
    }
}
