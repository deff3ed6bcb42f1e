//! What ties an actor to others, and outlives its incarnations.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Weak},
};

use crate::{
    Actor, ActorId, Endpoint, Failure, StopReason, Terminated,
    checkup::Checkup,
    core::EnvelopeOf,
    family::{Family, Post},
    group::Memberships,
    mailbox::Queue,
    member::Member,
    stash::Stash,
    task::Holder,
    timer::Timers,
    unreferenced::Keep,
    watch_restarts::RestartWatches,
};

/// How many notices there is always room for.
const FEW_NOTICES: usize = 4;

/// What ties an actor to others. Made with the first tie; it lies in the inbox, under its lock.
pub(crate) struct Kin<A: Actor> {
    /// Its place among the children of its owner; absent if the system itself owns it.
    pub(crate) post: Option<Post>,
    /// Its own children.
    pub(crate) family: Option<Arc<Family>>,
    /// What its supervisor has decided, until its task acts on that.
    pub(crate) next: Option<Next>,
    /// One incarnation has ended, and the next has not started.
    pub(crate) is_restarting: bool,
    /// The incarnation that ended last was killed.
    pub(crate) was_killed: bool,
    /// How many messages were sent away before its children ended.
    pub(crate) n_turned_away: usize,
    /// Who is told when it ends.
    pub(crate) watchers: BTreeMap<ActorId, Weak<dyn Member>>,
    /// Whose end it is told of.
    pub(crate) watched: BTreeMap<ActorId, Watched>,
    /// Who shares its failures.
    pub(crate) links: BTreeMap<ActorId, Weak<dyn Member>>,
    /// Takes the end of a link as a message instead of sharing it.
    pub(crate) traps_links: bool,
    /// Makes a message of a notice; known from the first watch on.
    pub(crate) write_notice: Option<WriteNotice<A>>,
    /// The names it is registered under.
    pub(crate) names: Vec<Arc<str>>,
    /// The groups it is in, and where it sits in each.
    pub(crate) groups: Memberships,
    /// What is to come later.
    pub(crate) timers: Option<Box<Timers<A>>>,
    /// The tasks and scopes of this incarnation.
    pub(crate) tasks: Option<Arc<Holder>>,
    /// Messages set aside.
    pub(crate) stash: Option<Box<Stash<A>>>,
    /// How its next start fails, where that was planted.
    pub(crate) start_failure: Option<Box<Failure>>,
    /// Who asks how it is, while it is busy.
    pub(crate) checkup: Option<Box<Checkup>>,
    /// Who is told of whose restarts.
    pub(crate) restarts: Option<Box<RestartWatches<A>>>,
    /// What it has not been told of yet, in order. Never more than there were ties.
    pub(crate) notices: VecDeque<Notice<A>>,
    /// What the refs share that keep it from ending, if it ends without any.
    pub(crate) keep: Weak<Keep<A>>,
}

/// Puts a notice into a queue, as the message that its actor handles.
pub(crate) type WriteNotice<A> = fn(Terminated, &mut Queue<EnvelopeOf<A>>);

/// What an actor has not been told of yet: one of a kind at most for each that it is tied to.
pub(crate) struct Notice<A: Actor> {
    pub(crate) about: ActorId,
    pub(crate) event: Event,
    pub(crate) envelope: EnvelopeOf<A>,
}

/// What there is to tell of another actor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Event {
    Restart,
    End,
}

/// What is to become of an actor whose incarnation has ended.
pub(crate) enum Next {
    /// Another one begins.
    Start,
    /// It ends for good.
    End(StopReason),
}

/// An actor whose end is waited for.
pub(crate) enum Watched {
    Here(Weak<dyn Member>),
    Elsewhere(Arc<dyn Endpoint>, Ticket),
}

/// One watch of an actor elsewhere: what comes late from an earlier one is not meant for it.
#[derive(Clone, Default)]
pub(crate) struct Ticket(Arc<()>);

impl PartialEq for Ticket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<A: Actor> Kin<A> {
    /// Whether there is a notice of this that was not told yet.
    pub(crate) fn has_untold(&self, about: ActorId, event: Event) -> bool {
        self.notices.iter().any(|it| (it.about, it.event) == (about, event))
    }

    /// Takes a notice back, if it was not told yet.
    pub(crate) fn take_back(&mut self, about: ActorId, event: Event) -> Option<Notice<A>> {
        let mut all = self.notices.iter();
        let at = all.position(|it| (it.about, it.event) == (about, event))?;
        self.notices.remove(at)
    }

    /// The next to tell. Room for many is given back when none is left.
    pub(crate) fn next_notice(&mut self) -> Option<EnvelopeOf<A>> {
        let notice = self.notices.pop_front()?;
        if self.notices.is_empty() {
            self.notices.shrink_to(FEW_NOTICES);
        }
        Some(notice.envelope)
    }
}

impl<A: Actor> Default for Kin<A> {
    fn default() -> Self {
        Self {
            post: None,
            family: None,
            next: None,
            is_restarting: false,
            was_killed: false,
            n_turned_away: 0,
            watchers: BTreeMap::new(),
            watched: BTreeMap::new(),
            links: BTreeMap::new(),
            traps_links: false,
            write_notice: None,
            restarts: None,
            notices: VecDeque::new(),
            names: Vec::new(),
            groups: Memberships::new(),
            timers: None,
            tasks: None,
            stash: None,
            keep: Weak::new(),
            start_failure: None,
            checkup: None,
        }
    }
}
