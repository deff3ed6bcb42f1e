//! The children of one owner: the shell around their supervisor, which decides.
//!
//! Rules:
//! 1. The supervisor is stepped under the lock; what follows from a step is done with it open, in
//!    order, by whoever finds nobody else doing so. So no effect overtakes an earlier one, and
//!    nothing is called from within itself, however deep a tree is.
//! 2. Doing an effect is quick: it raises a signal and wakes a task.
//! 3. While something is due, one task keeps the time.

use std::{
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, Weak},
    task::{Context as TaskContext, Poll, Waker},
};

use ghostlight_rt::{Instant, Sleep};

use crate::{
    ActorId, Failure, Health, RestartRecord, StopReason, Supervision,
    kin::Next,
    mailbox::{Order, Verb},
    member::Member,
    supervision::{Effect, Input, Key, Rules, Standing, Supervisor, last_grace_at},
    sync::lock,
    system::Shared,
};

/// The children of one owner.
pub(crate) struct Family {
    system: Arc<Shared>,
    /// Absent for the family of a whole system.
    owner: Option<Weak<dyn Member>>,
    /// How many owners there are above the actors in here, without the system.
    depth: u32,
    inside: Mutex<Inside>,
}

struct Inside {
    supervisor: Supervisor,
    members: BTreeMap<Key, Arc<dyn Member>>,
    /// What was decided and is not done yet.
    /// With whom each is about, who may have gone by the time that it is carried out.
    effects: VecDeque<(Effect, Option<Arc<dyn Member>>)>,
    /// Somebody is doing it.
    is_acting: bool,
    /// All children have ended, and everything that was decided about them is done: none of it can
    /// reach the owner's next incarnation.
    is_closed: bool,
    /// A task keeps the time.
    has_clock: bool,
    /// Wakes that task when something is due earlier.
    clock: Option<Waker>,
}

/// The place of a child in the family of its owner.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) family: Arc<Family>,
    pub(crate) key: Key,
}

impl Family {
    /// The actors that the system itself supervises.
    pub(crate) fn of_system(system: &Arc<Shared>) -> Arc<Self> {
        Self::new(system, None, 0)
    }

    /// The children of an actor, which must not be locked.
    pub(crate) fn of_actor(system: &Arc<Shared>, owner: &Arc<dyn Member>) -> Arc<Self> {
        let above = owner.post().map_or(0, |it| it.family.depth);
        Self::new(system, Some(Arc::downgrade(owner)), above.saturating_add(1))
    }

    fn new(system: &Arc<Shared>, owner: Option<Weak<dyn Member>>, depth: u32) -> Arc<Self> {
        let seed = system.draw("supervision").any();
        Arc::new(Self {
            system: Arc::clone(system),
            owner,
            depth,
            inside: Mutex::new(Inside {
                supervisor: Supervisor::new(seed, last_grace_at(depth)),
                members: BTreeMap::new(),
                effects: VecDeque::new(),
                is_acting: false,
                is_closed: false,
                has_clock: false,
                clock: None,
            }),
        })
    }

    pub(crate) fn set_options(&self, options: Supervision) {
        lock(&self.inside).supervisor.set_options(options);
    }

    /// Takes in a child that is about to start, unless the owner is ending.
    pub(crate) fn add(self: &Arc<Self>, child: Arc<dyn Member>, rules: Rules) -> Option<Post> {
        let mut inside = lock(&self.inside);
        let key = inside.supervisor.add(self.system.runtime.now(), rules)?;
        inside.members.insert(key, child);
        Some(Post { family: Arc::clone(self), key })
    }

    /// Whether all children have ended, after they were told to.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.inside).is_closed
    }

    /// Who owns these children.
    pub(crate) fn owner(&self) -> Option<ActorId> {
        Some(self.owner.as_ref()?.upgrade()?.id())
    }

    /// Why nobody can be spawned here any more.
    pub(crate) fn why_closed(&self) -> StopReason {
        if self.owner.is_some() { StopReason::OwnerEnded } else { StopReason::SystemShutdown }
    }

    pub(crate) fn health(&self) -> Health {
        lock(&self.inside).supervisor.health()
    }

    pub(crate) fn history(&self, key: Key) -> Vec<RestartRecord> {
        lock(&self.inside).supervisor.history(key)
    }

    /// Everybody, in order of start.
    pub(crate) fn list(&self) -> Vec<(Arc<dyn Member>, Standing)> {
        let inside = lock(&self.inside);
        let all = inside.supervisor.list();
        all.filter_map(|(key, it)| Some((Arc::clone(inside.members.get(&key)?), it))).collect()
    }

    /// The key of the child with this id.
    pub(crate) fn find(self: &Arc<Self>, id: ActorId) -> Option<Key> {
        let post = self.system.find(id)?.post()?;
        Arc::ptr_eq(&post.family, self).then_some(post.key)
    }

    /// Tells the supervisor what has happened, and does what it decides.
    pub(crate) fn feed(self: &Arc<Self>, input: Input) {
        let gone = match &input {
            Input::Gone(key, _) => Some(*key),
            _ => None,
        };
        let mut decided = Vec::new();
        let mut inside = lock(&self.inside);
        inside.is_closed &= !matches!(input, Input::Reopen);
        inside.supervisor.step(self.system.runtime.now(), input, &mut decided);
        for effect in decided {
            let member = effect.key().and_then(|key| inside.members.get(&key)).cloned();
            inside.effects.push_back((effect, member));
        }
        let member = gone.and_then(|key| inside.members.remove(&key));
        self.act(inside);
        drop(member);
    }

    fn act<'a>(self: &'a Arc<Self>, mut inside: MutexGuard<'a, Inside>) {
        if inside.is_acting {
            return;
        }
        inside.is_acting = true;
        while let Some((effect, member)) = inside.effects.pop_front() {
            inside.is_closed |= matches!(effect, Effect::Closed);
            drop(inside);
            self.carry_out(effect, member);
            inside = lock(&self.inside);
        }
        inside.is_acting = false;
        self.keep_time(inside);
    }

    fn carry_out(&self, effect: Effect, member: Option<Arc<dyn Member>>) {
        let to = Order::by_supervisor;
        match (effect, member) {
            (Effect::Closed, _) => {
                let owner = self.owner.as_ref().and_then(Weak::upgrade);
                owner.into_iter().for_each(Member::nudge);
            }
            (Effect::Health(health), _) => self.report_health(&health),
            (Effect::Start(_), Some(member)) => member.settle(Next::Start),
            (Effect::Forget(_, reason), Some(member)) => member.settle(Next::End(reason)),
            (Effect::Retire(_), Some(it)) => it.order(to(Verb::Retire, StopReason::Restart)),
            (Effect::Halt(_, reason), Some(member)) => member.order(to(Verb::Stop, reason)),
            (Effect::Shut(_), Some(member)) => member.shut(),
            (Effect::Kill(_), Some(member)) => member.order(to(Verb::Kill, StopReason::Killed)),
            (Effect::Fail(_, reason), Some(member)) => self.fail_owner(&*member, &reason),
            (Effect::Restarting(_, record), Some(member)) => {
                self.system.observe(|it| it.restarting(member.subject(), &record));
            }
            (Effect::GaveUp(_, reason), Some(member)) => self.report_end(&*member, &reason),
            (Effect::Abandon(_), Some(member)) => self.system.abandon(&*member),
            (_, None) => {}
        }
    }

    /// A child has ended for good, and its owner fails with it.
    fn fail_owner(&self, child: &dyn Member, reason: &StopReason) {
        let Some(owner) = self.owner.as_ref().and_then(Weak::upgrade) else { return };
        let failure = Failure::of_child(child.name(), child.id(), reason);
        owner.order(Order::new(Verb::Retire, StopReason::Failed(failure)));
    }

    fn report_end(&self, child: &dyn Member, reason: &StopReason) {
        let (id, name) = (child.id(), child.name());
        tracing::error!(actor = %id, name, %reason, "actor is not started again");
        self.system.observe(|it| it.gave_up(child.subject(), reason));
    }

    fn report_health(&self, health: &Health) {
        let Some(owner) = self.owner.as_ref().and_then(Weak::upgrade) else { return };
        tracing::warn!(actor = %owner.id(), name = owner.name(), %health, "health of children");
        self.system.observe(|it| it.health(owner.subject(), health));
    }

    /// Has a task wait for what is due next.
    fn keep_time<'a>(self: &'a Arc<Self>, mut inside: MutexGuard<'a, Inside>) {
        if inside.has_clock {
            // Also where nothing is due any more: then that task ends.
            let clock = inside.clock.take();
            drop(inside);
            clock.into_iter().for_each(Waker::wake);
            return;
        }
        if inside.supervisor.due().is_none() {
            return;
        }
        inside.has_clock = true;
        drop(inside);
        let (family, mut armed) = (Arc::clone(self), None);
        let name = || "clock of a family".to_owned();
        let clock = poll_fn(move |cx| family.poll_clock(&mut armed, cx));
        drop(self.system.runtime.spawn_named(name, clock));
    }

    fn poll_clock(
        self: &Arc<Self>,
        armed: &mut Option<(Instant, Sleep)>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<()> {
        loop {
            let mut inside = lock(&self.inside);
            let Some(due) = inside.supervisor.due() else {
                inside.has_clock = false;
                return Poll::Ready(());
            };
            inside.clock = Some(cx.waker().clone());
            drop(inside);
            if armed.as_ref().is_none_or(|it| it.0 != due) {
                *armed = Some((due, self.system.runtime.sleep_until(due)));
            }
            let Some((_, sleep)) = armed else { return Poll::Pending };
            if Pin::new(sleep).poll(cx).is_pending() {
                return Poll::Pending;
            }
            *armed = None;
            self.feed(Input::Due);
        }
    }
}
