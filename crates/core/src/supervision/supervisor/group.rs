//! How well the group of children is.

use super::{Effect, Key, Step, Supervisor, closing::Door, table::Phase};
use crate::{Health, StopReason, supervision::strategy::Threshold};

/// What is known of the group as a whole.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Whether as many children have run as must. Before, it is starting up, not unwell.
    pub(super) has_been_complete: bool,
    /// What was reported last.
    is_unhealthy: bool,
    /// Whose end made the group too small.
    last_fall: Option<(Key, StopReason)>,
}

impl Supervisor {
    /// How well the group is.
    pub(crate) fn health(&self) -> Health {
        let (running, least) = (self.table.n_running(), self.options.threshold.n());
        if self.group.has_been_complete && running < least {
            return Health::unhealthy(format!("{running} of at least {least} children run"));
        }
        Health::Healthy
    }

    /// To be called before a child is no longer running; for any other child it does nothing.
    pub(super) fn fell(&mut self, key: Key, reason: &StopReason) {
        let is_running = self.table.phase(key) == Some(Phase::Running);
        if is_running && self.table.n_running() == self.options.threshold.n() {
            self.group.last_fall = Some((key, reason.clone()));
        }
    }

    /// Once for each change. Where the owner fails for that, it fails once.
    pub(super) fn report_health(&mut self, has_failed: bool, step: &mut Step<'_>) {
        let fall = self.group.last_fall.take();
        if self.door != Door::Open {
            return;
        }
        let threshold = self.options.threshold;
        self.group.has_been_complete |= threshold.n() <= self.table.n_running();
        let health = self.health();
        let is_unhealthy = !health.is_healthy();
        if is_unhealthy == self.group.is_unhealthy {
            return;
        }
        self.group.is_unhealthy = is_unhealthy;
        step.effects.push(Effect::Health(health));
        let must_fail = is_unhealthy && matches!(threshold, Threshold::Fail(_)) && !has_failed;
        if let Some((key, reason)) = fall.filter(|_| must_fail) {
            step.effects.push(Effect::Fail(key, reason));
        }
    }
}
