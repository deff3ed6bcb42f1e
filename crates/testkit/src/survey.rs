//! What each step of a run touched, as far as that can be known.
//!
//! A step is known if it is one of an actor that handles messages and waits for nothing in between,
//! and if nothing came of it but messages. All that others can see of an actor is looked at before and
//! after: whoever it sent to or woke it touched, and if anything else has changed, it counts as having
//! touched everything. So does whatever the test itself does, or a task that is no actor's.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::{Arc, atomic::Ordering},
};

use ghostlight_core::{ActorId, System};

use crate::{
    engine::Engine,
    roster::Roster,
    task::{MAIN, TaskId},
};

/// Something that a step can touch.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Thing {
    /// Its mailbox, and what else others can see of it.
    Actor(ActorId),
    /// Whether it can run.
    Task(TaskId),
}

/// What a step touched.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Touch {
    /// Nobody knows.
    All,
    Only(BTreeSet<Thing>),
}

impl Touch {
    /// Whether the order of two steps that touched this and that may matter.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Only(one), Self::Only(other)) => !one.is_disjoint(other),
            _ => true,
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Only(one), Self::Only(other)) => one.extend(other),
            _ => *self = Self::All,
        }
    }
}

/// Tasks whose next step need not be taken yet, with what it touched where it was.
pub(crate) type Sleepers = Vec<(TaskId, Touch)>;

/// One step of a run.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) task: TaskId,
    /// Those that could run, in the order of their places in the queue.
    pub(crate) ready: Vec<TaskId>,
    /// Whoever had nothing new to offer before it.
    pub(crate) asleep: Sleepers,
    /// What was drawn in it, apart from who runs.
    pub(crate) tosses: Vec<bool>,
    pub(crate) touch: Touch,
    /// Everything that has another number here comes before, or after, in any order.
    pub(crate) epoch: u32,
}

/// Looks at a run, and keeps it away from orders that were run already.
pub(crate) struct Survey {
    /// How many steps are prescribed.
    prescribed: usize,
    asleep: Sleepers,
    steps: Vec<Step>,
    open: Option<Open>,
    systems: Vec<System>,
    /// How the actors were when somebody looked last.
    roster: Roster,
    /// The actors with a turn or hook that has begun and waits.
    waiting: BTreeSet<ActorId>,
    /// Who may wait for an answer of that actor.
    askers: BTreeMap<ActorId, BTreeSet<Thing>>,
    epoch: u32,
    /// Steps ran within a step, so what touched what cannot be told.
    is_blind: bool,
    /// Nothing is looked at any more.
    is_over: bool,
}

/// The step that is being taken.
#[derive(Default)]
struct Open {
    /// What its task is called.
    name: Arc<str>,
    touched: BTreeSet<Thing>,
    sent_to: BTreeSet<ActorId>,
    called: BTreeSet<ActorId>,
    awaits: BTreeSet<ActorId>,
    is_unknown: bool,
}

impl Survey {
    /// Follows so many steps; at the last of them, those who sleep are as given.
    pub(crate) fn new(prescribed: usize, asleep: Sleepers) -> Self {
        Self {
            prescribed,
            asleep,
            steps: Vec::new(),
            open: None,
            systems: Vec::new(),
            roster: Roster::default(),
            waiting: BTreeSet::new(),
            askers: BTreeMap::new(),
            epoch: 0,
            is_blind: false,
            is_over: false,
        }
    }

    /// The steps up to where all that could run had been run before in an order that is as good.
    pub(crate) fn take_steps(&mut self) -> Vec<Step> {
        mem::take(&mut self.steps)
    }

    /// Which of those that can run is to be next, if that is not prescribed.
    pub(crate) fn prefer(&mut self, ready: &[TaskId]) -> usize {
        if self.is_over || ready.is_empty() || self.steps.len() < self.prescribed {
            return 0;
        }
        let is_new = |task: &TaskId| !self.asleep.iter().any(|(it, _)| it == task);
        let first = ready.iter().position(is_new);
        self.is_over = first.is_none();
        first.unwrap_or(0)
    }

    pub(crate) fn begin(&mut self, task: TaskId, name: &Arc<str>, ready: Vec<TaskId>) {
        if self.is_over {
            return;
        }
        self.open = Some(Open { name: Arc::clone(name), ..Open::default() });
        let is_counted = self.prescribed <= self.steps.len() + 1;
        let asleep = if is_counted { self.asleep.clone() } else { Vec::new() };
        let (touch, epoch) = (Touch::All, self.epoch);
        self.steps.push(Step { task, ready, asleep, tosses: Vec::new(), touch, epoch });
    }

    pub(crate) fn tossed(&mut self, value: bool) {
        if self.open.is_some()
            && let Some(step) = self.steps.last_mut()
        {
            step.tosses.push(value);
        }
    }

    /// A task was spawned: that of an actor, for its first message, or another.
    pub(crate) fn spawned(&mut self, task: TaskId, name: &str) {
        let actor = self.roster.find(name);
        if let Some(open) = &mut self.open {
            open.touched.insert(Thing::Task(task));
            open.is_unknown |= actor.is_none_or(|it| !open.sent_to.contains(&it));
        }
    }

    /// The task of the step that is being taken has ended.
    pub(crate) fn ended(&mut self) {
        if let Some(open) = &mut self.open {
            open.is_unknown = true;
        }
    }

    /// The step is over, and left the actors like this.
    fn end(&mut self, now: Roster, is_foreign: bool) {
        let before = mem::replace(&mut self.roster, now);
        let (Some(open), Some(step)) = (self.open.take(), self.steps.last_mut()) else { return };
        let own = self.roster.find(&open.name);
        let me = [Some(Thing::Task(step.task)), own.map(Thing::Actor)];
        let me: BTreeSet<Thing> = me.into_iter().flatten().collect();
        let reached: Vec<_> = open.sent_to.iter().chain(&open.called).copied().collect();

        // An answer may wake its asker by ways that nobody sees.
        let answering = open.called.iter().chain(&own).filter_map(|it| self.askers.get(it));
        let answered: BTreeSet<Thing> = answering.flatten().copied().collect();
        let has_waited = own.is_none_or(|it| self.waiting.contains(&it));
        open.called.iter().chain(&own).for_each(|it| _ = self.waiting.remove(it));
        self.waiting.extend(&open.awaits);

        let touched = open.touched.iter().chain(&me).chain(&answered).copied();
        let touched: BTreeSet<_> =
            touched.chain(reached.iter().map(|it| Thing::Actor(*it))).collect();
        let changed = self.roster.changes_since(&before);
        let is_known = own.is_some_and(|it| self.roster.is_running(it))
            && !(open.is_unknown || is_foreign || has_waited || self.is_blind)
            && open.awaits.is_empty()
            && changed.is_some_and(|it| it.iter().all(|it| touched.contains(&Thing::Actor(*it))));
        step.touch = if is_known { Touch::Only(touched) } else { Touch::All };

        let is_at_rest = own.is_some_and(|it| !self.waiting.contains(&it));
        if is_at_rest {
            self.askers.values_mut().for_each(|it| it.retain(|it| !me.contains(it)));
        }
        for to in reached {
            let askers = self.askers.entry(to).or_default();
            askers.extend(&answered);
            askers.extend(me.iter().filter(|_| !is_at_rest));
        }
        self.wake_those_it_matters_to();
    }

    /// Wakes those for whose next step the last one may make a difference.
    fn wake_those_it_matters_to(&mut self) {
        if let Some(step) = self.steps.last()
            && self.prescribed <= self.steps.len()
        {
            self.asleep.retain(|(task, touch)| *task != step.task && !touch.meets(&step.touch));
        }
    }

    /// The test goes on by itself: nothing can run, or it is as if it were part of the last step.
    fn rest(&mut self, is_quiet: bool) {
        for askers in self.askers.values_mut() {
            askers.retain(|it| *it != Thing::Task(TaskId(MAIN.into())));
        }
        if is_quiet {
            self.epoch += 1;
        } else if let Some(step) = self.steps.last_mut().filter(|_| !self.is_over) {
            step.touch = Touch::All;
            self.wake_those_it_matters_to();
        }
    }

    /// The clock moves on, which it does only when nothing can run.
    pub(crate) const fn clock(&mut self) {
        self.epoch += 1;
    }
}

/// What the engine tells its survey, if it has one.
impl Engine {
    pub(crate) fn be_surveyed(&self, survey: Survey) {
        self.is_surveyed.store(true, Ordering::Relaxed);
        let mut state = self.lock();
        state.survey = Some(survey);
        state.trace.tells_messages = true;
    }

    pub(crate) fn survey_system(&self, system: &System) {
        if let Some(survey) = &mut self.lock().survey {
            survey.systems.push(system.clone());
        }
    }

    /// Ends what is varied: what follows is not part of any order.
    pub(crate) fn seal(&self) {
        let mut state = self.lock();
        state.chooser.is_sealed = true;
        if let Some(survey) = &mut state.survey {
            survey.is_over = true;
        }
    }

    fn survey(&self, note: impl FnOnce(&mut Open)) {
        if self.is_surveyed.load(Ordering::Relaxed)
            && let Some(survey) = &mut self.lock().survey
            && let Some(open) = &mut survey.open
        {
            note(open);
        }
    }

    pub(crate) fn saw_send(&self, to: ActorId) {
        self.survey(|it| _ = it.sent_to.insert(to));
    }

    pub(crate) fn saw_call(&self, to: ActorId) {
        self.survey(|it| _ = it.called.insert(to));
    }

    pub(crate) fn saw_wait(&self, actor: ActorId) {
        self.survey(|it| _ = it.awaits.insert(actor));
    }

    pub(crate) fn saw_wake(&self, task: TaskId) {
        self.survey(|it| _ = it.touched.insert(Thing::Task(task)));
    }

    /// The running step did something whose reach nobody knows.
    pub(crate) fn saw_more(&self) {
        self.survey(|it| it.is_unknown = true);
    }

    /// A step is over. It counts as unknown if tasks that the world does not choose may have run too.
    pub(crate) fn end_of_step(&self, is_foreign: bool) {
        let Some(roster) = self.survey_roster() else { return };
        let mut state = self.lock();
        let is_foreign = is_foreign || state.harm.counts_steps();
        if let Some(survey) = &mut state.survey {
            survey.end(roster, is_foreign);
        }
    }

    /// The test has done something, and drives the world again.
    pub(crate) fn begin_of_drive(&self) {
        let Some(roster) = self.survey_roster() else { return };
        if let Some(survey) = &mut self.lock().survey {
            survey.roster = roster;
        }
    }

    /// Whoever drove the world has it back.
    pub(crate) fn end_of_drive(&self) {
        let mut state = self.lock();
        let is_quiet = state.tasks.ready.is_empty();
        if let Some(survey) = &mut state.survey {
            survey.rest(is_quiet);
        }
    }

    /// A task waits within its step, and others run meanwhile.
    pub(crate) fn lose_sight(&self) {
        if let Some(survey) = &mut self.lock().survey {
            survey.is_blind = true;
            survey.asleep.clear();
            survey.steps.iter_mut().for_each(|it| it.touch = Touch::All);
        }
    }

    /// How the actors are now, if anybody wants to know.
    fn survey_roster(&self) -> Option<Roster> {
        if !self.is_surveyed.load(Ordering::Relaxed) {
            return None;
        }
        let systems = self.lock().survey.as_ref().map(|it| it.systems.clone())?;
        Some(Roster::of(&systems))
    }
}
