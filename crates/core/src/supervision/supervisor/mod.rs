//! The machine that supervises the children of one owner.
//!
//! It is told what happens and answers with what is to be done: [`Supervisor::step`] is all there
//! is. `table.rs` holds the children, `end.rs` decides about one that has ended, `order.rs` carries
//! out the owner's wishes, `round.rs` restarts a group, `closing.rs` ends it, `group.rs` says how
//! well it is.

mod closing;
mod end;
mod group;
#[cfg(test)]
mod model;
mod order;
mod round;
mod table;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ghostlight_rt::{Instant, Rng};

use self::{
    closing::Door,
    group::Group,
    round::Round,
    table::{Child, Phase, Table},
};
use super::{RestartRecord, Rules, Supervision};
use crate::{Health, StopReason};

/// How long an actor that was killed, or forgotten, may take to be gone: long enough for any task
/// that gives its thread back.
pub(crate) const LAST_GRACE: Duration = Duration::from_millis(500);

/// The same for the children of an owner at this depth, where the system's own are at zero: the
/// deeper, the shorter. So one that holds its thread is given up before its owner is, and not with it.
pub(crate) fn last_grace_at(depth: u32) -> Duration {
    LAST_GRACE / 2 + LAST_GRACE / 2 / (depth + 1)
}

/// Which child. Grows in order of start, and is never used twice.
pub(crate) type Key = u64;

/// What happens to an owner's children, or is asked of them.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// The `started` of an incarnation has ended well.
    Started(Key),
    /// An incarnation has ended and cleaned up; its child waits for `Start` or `Forget`.
    Ended(Key, StopReason),
    /// Somebody else wants the child to end, which waits for its next incarnation. A start that was
    /// decided in the same moment is still carried out.
    CalledOff(Key, StopReason),
    /// A child has ended for good, for this reason.
    Gone(Key, StopReason),
    /// The owner wants the child's incarnation ended, and none until it says [`Start`](Self::Start).
    Stop(Key),
    /// The owner wants a halted child back.
    Start(Key),
    /// The owner wants a new incarnation, at once; that counts against no limit.
    Restart(Key),
    /// The owner wants the child ended for good, whatever its rule.
    Remove(Key),
    /// The owner ends, or is started again: all its children end.
    Close(Manner),
    /// The owner's next incarnation begins, after [`Effect::Closed`].
    Reopen,
    /// Time has passed.
    Due,
}

/// How the children of a closing owner end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Manner {
    /// One after the other in reverse order of start, each within its own deadline.
    Stop,
    /// Killed, all at once.
    Kill,
    /// By somebody else, who sees to it; nobody is started again.
    Await,
}

/// What is to be done, in this order.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// Begin the child's next incarnation.
    Start(Key),
    /// End the incarnation with [`StopReason::Restart`]; the child keeps its queue and its door
    /// open. Answered with [`Input::Ended`].
    Retire(Key),
    /// End the incarnation as by an order to stop, for this reason. Answered with
    /// [`Input::Ended`], or [`Input::Gone`] where there is nothing to start it from.
    Halt(Key, StopReason),
    /// Let nobody in until `Start`: the child is to be halted, and its door is still open.
    Shut(Key),
    /// Kill the incarnation. Answered like [`Halt`](Self::Halt).
    Kill(Key),
    /// No further incarnation: end the child for good, for this reason. Answered with
    /// [`Input::Gone`].
    Forget(Key, StopReason),
    /// The owner fails, because this child ended so.
    Fail(Key, StopReason),
    /// For observers: the child will be started again.
    Restarting(Key, RestartRecord),
    /// For observers: the child will not be started again, though its rule asks for it.
    GaveUp(Key, StopReason),
    /// The child did not end when nothing was left but to end: it is out of the table and holds up
    /// nobody.
    Abandon(Key),
    /// The health of the group has changed to this.
    Health(Health),
    /// The owner is closing and nobody is left. Once for each closing.
    Closed,
}

impl Effect {
    /// Whom it concerns, if it is one child.
    pub(crate) const fn key(&self) -> Option<Key> {
        match self {
            Self::Start(key)
            | Self::Retire(key)
            | Self::Halt(key, _)
            | Self::Shut(key)
            | Self::Kill(key)
            | Self::Forget(key, _)
            | Self::Fail(key, _)
            | Self::Restarting(key, _)
            | Self::GaveUp(key, _)
            | Self::Abandon(key) => Some(*key),
            Self::Health(_) | Self::Closed => None,
        }
    }
}

/// Where a child stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// An incarnation has begun, and its `started` has not ended.
    Starting,
    /// An incarnation runs.
    Running,
    /// It waits for its next incarnation.
    Waiting,
    /// It was told to end, for now or for good.
    Ending,
    /// It was stopped by its owner, and waits to be started by it.
    Halted,
}

/// Supervises the children of one owner.
#[derive(Debug)]
pub(crate) struct Supervisor {
    options: Supervision,
    luck: Rng,
    last_grace: Duration,
    table: Table,
    /// The coordinated restart that is under way.
    round: Option<Round>,
    door: Door,
    group: Group,
}

/// What is needed to take one step.
struct Step<'a> {
    now: Instant,
    effects: &'a mut Vec<Effect>,
}

impl Supervisor {
    /// Whose jitter follows from `seed`, and whose children may take so long to be gone when nothing
    /// else is left to them.
    pub(crate) fn new(seed: u64, last_grace: Duration) -> Self {
        Self {
            options: Supervision::default(),
            luck: Rng::seeded(seed),
            last_grace,
            table: Table::default(),
            round: None,
            door: Door::Open,
            group: Group::default(),
        }
    }

    /// From now on the group goes by these.
    pub(crate) fn set_options(&mut self, options: Supervision) {
        self.options = options;
        self.group.has_been_complete = false;
    }

    /// Takes in a child whose first incarnation starts by itself. `None` while closing: an ending
    /// owner starts nobody.
    pub(crate) fn add(&mut self, _now: Instant, rules: Rules) -> Option<Key> {
        (self.door == Door::Open).then(|| self.table.add(rules))
    }

    /// Decides what is to be done now that this has happened.
    ///
    /// What does not fit a child's state, because it came late or twice, does nothing.
    pub(crate) fn step(&mut self, now: Instant, input: Input, effects: &mut Vec<Effect>) {
        let n_before = effects.len();
        let step = &mut Step { now, effects };
        self.take(input, step);
        loop {
            self.advance(step);
            let Some(key) = self.table.pop_due(now) else { break };
            self.time_is_up(key, step);
        }
        let has_failed = step.effects[n_before..].iter().any(|it| matches!(it, Effect::Fail(..)));
        self.report_health(has_failed, step);
    }

    /// When [`Input::Due`] must come at the latest.
    pub(crate) fn due(&self) -> Option<Instant> {
        let round = self.round.as_ref().and_then(Round::due);
        self.table.next_due().into_iter().chain(round).min()
    }

    /// Whether it is closing and no child is left.
    #[cfg(test)]
    pub(crate) fn is_closed(&self) -> bool {
        self.door == Door::Closed
    }

    /// The children in order of start.
    pub(crate) fn list(&self) -> impl Iterator<Item = (Key, Standing)> {
        self.table.from(0).map(|(key, child)| (key, child.phase().standing()))
    }

    /// The child's last hundred restarts, oldest first.
    pub(crate) fn history(&self, key: Key) -> Vec<RestartRecord> {
        self.table.get(key).map(Child::history).unwrap_or_default()
    }

    fn take(&mut self, input: Input, step: &mut Step<'_>) {
        match input {
            Input::Started(key) => self.started(key, step),
            Input::Ended(key, reason) => self.ended(key, reason, step),
            Input::CalledOff(key, reason) => self.called_off(key, reason, step),
            Input::Gone(key, reason) => self.gone(key, &reason),
            Input::Close(manner) => self.close(manner, step),
            Input::Reopen => self.reopen(),
            Input::Due => {}
            // An ending owner wants nothing but the end.
            Input::Stop(_) | Input::Start(_) | Input::Restart(_) | Input::Remove(_)
                if self.door != Door::Open => {}
            Input::Stop(key) => self.stop(key, step),
            Input::Start(key) => self.start(key, step),
            Input::Restart(key) => self.restart(key, step),
            Input::Remove(key) => self.remove(key, step),
        }
    }

    /// Whatever needs no further input.
    fn advance(&mut self, step: &mut Step<'_>) {
        match self.door {
            Door::Open => self.advance_round(step),
            Door::Closing(manner) => self.advance_closing(manner, step),
            Door::Closed => {}
        }
    }

    fn time_is_up(&mut self, key: Key, step: &mut Step<'_>) {
        match self.table.phase(key) {
            Some(Phase::Ending { then, is_killed: false }) => self.kill(key, then, step),
            Some(Phase::Ending { is_killed: true, .. } | Phase::Forgotten) => {
                self.leave(key);
                step.effects.push(Effect::Abandon(key));
            }
            Some(Phase::Waiting) if self.door == Door::Open => self.launch(key, step),
            _ => {}
        }
    }
}
