//! Who works where, as far as anybody has heard.

use std::{
    error::Error,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ghostlight::prelude::*;

use crate::tree::{Root, Supervisor, Supervisors, Team, Worker};

/// Who works where, as far as anybody has heard. A supervisor that is started again hires a new team,
/// and refs to the old one are refused from then on.
pub(crate) struct Directory {
    supervisors: Vec<ActorRef<Supervisor>>,
    teams: Vec<Mutex<Vec<ActorRef<Worker>>>>,
}

impl Directory {
    /// Asks everybody.
    pub(crate) async fn of(root: &ActorRef<Root>) -> Result<Self, Box<dyn Error>> {
        let supervisors = root.ask(Supervisors).await?;
        let mut teams = Vec::new();
        for supervisor in &supervisors {
            teams.push(Mutex::new(supervisor.ask(Team).await?));
        }
        Ok(Self { supervisors, teams })
    }

    pub(crate) fn supervisor(&self, team: usize) -> &ActorRef<Supervisor> {
        &self.supervisors[team]
    }

    pub(crate) fn worker(&self, team: usize, seat: usize) -> ActorRef<Worker> {
        self.team(team)[seat].clone()
    }

    /// How many teams there are.
    pub(crate) const fn teams(&self) -> usize {
        self.teams.len()
    }

    /// How many work in a team.
    pub(crate) fn seats(&self, team: usize) -> usize {
        self.team(team).len()
    }

    /// Asks for the team of today. A supervisor that cannot say is asked again by the next who is
    /// refused.
    pub(crate) async fn refresh(&self, team: usize) {
        if let Ok(workers) = self.supervisors[team].ask(Team).await {
            *self.team(team) = workers;
        }
    }

    fn team(&self, team: usize) -> MutexGuard<'_, Vec<ActorRef<Worker>>> {
        self.teams[team].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
