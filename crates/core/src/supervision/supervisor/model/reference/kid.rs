//! One child of the reference, and what can be counted about it.

use std::time::Duration;

use ghostlight_rt::Instant;

use super::Plan;

pub(super) struct Kid {
    pub(super) plan: Plan,
    pub(super) lives: Vec<Life>,
    pub(super) does: Does,
    pub(super) alarm: Option<Instant>,
    pub(super) part: Part,
}

/// One incarnation.
#[derive(Default)]
pub(super) struct Life {
    pub(super) started: Option<Instant>,
    pub(super) ended: Option<Instant>,
    pub(super) follow_up: FollowUp,
}

/// What came after a life.
#[derive(Default, PartialEq)]
pub(super) enum FollowUp {
    /// The end, or a life that cost nothing.
    #[default]
    Free,
    Counted,
    Trial,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Does {
    Start,
    Run,
    /// It was told, and then becomes this.
    End(After, bool),
    Wait,
    /// Wait for the round.
    Hold,
    Rest,
    Leave,
    Nothing,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum After {
    Again,
    Round,
    Rest,
    Leave,
}

/// Its part in the round, besides that whoever holds is to start.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Part {
    None,
    ToStop,
    Stopping,
    Starting,
}

impl Kid {
    pub(super) fn is_up(&self) -> bool {
        matches!(self.does, Does::Start | Does::Run)
    }

    pub(super) fn is_down(&self) -> bool {
        matches!(self.does, Does::Wait | Does::Hold | Does::Rest)
    }

    pub(super) fn was_well(&self, life: usize) -> bool {
        let life = &self.lives[life];
        match (life.started, life.ended) {
            (Some(started), Some(ended)) => self.plan.reset_after <= ended - started,
            _ => false,
        }
    }

    /// Whether there was a trial before this life, and no life between them was well.
    pub(super) fn is_trial(&self, life: usize) -> bool {
        let trial = self.lives[..life].iter().rposition(|it| it.follow_up == FollowUp::Trial);
        trial.is_some_and(|it| (it + 1..life).all(|between| !self.was_well(between)))
    }

    /// The lives before the last one whose ends count.
    pub(super) fn counted_since(&self, is_reset: impl Fn(usize) -> bool) -> Vec<Instant> {
        let last = self.lives.len() - 1;
        let first = (0..=last).rfind(|&it| is_reset(it)).unwrap_or(0);
        let lives = &self.lives[first..last];
        let counted = lives.iter().filter(|it| it.follow_up == FollowUp::Counted);
        counted.filter_map(|it| it.ended).collect()
    }

    /// The wait before the next life, counted against the waits since it was well.
    pub(super) fn wait(&self, luck: f64) -> Duration {
        let n_before = self.counted_since(|it| self.was_well(it)).len();
        let (min, max) = self.plan.wait;
        let mut seconds = min.as_secs_f64();
        for _ in 0..n_before {
            seconds *= 2.0;
        }
        seconds = seconds.min(max.as_secs_f64() / (1.0 + self.plan.jitter));
        let wait = Duration::from_secs_f64(seconds * (1.0 + self.plan.jitter * luck));
        wait.clamp(min, max)
    }
}
