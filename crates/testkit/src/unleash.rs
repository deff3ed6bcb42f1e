//! Carrying out a plan of faults, each in a task of its own.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use ghostlight_core::{ActorId, Failure, System};
use ghostlight_rt::Task;

use crate::{
    Fault, Plan, Ways, When, World,
    crash::{Resident, crash},
    engine::Engine,
    timers::Sleeping,
    trace::Event,
};

impl World {
    /// Lets a plan of faults loose on the systems that live here by now. What it does is part of the
    /// story; a failing run is made smaller by leaving faults out, too.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use std::time::Duration;
    /// # use ghostlight::{Actor, SpawnOptions};
    /// use ghostlight_testkit::{Fault, Plan, World};
    ///
    /// # #[derive(Actor)] struct Till;
    /// let world = World::seeded(1);
    /// let shop = world.system("shop");
    /// let till = shop.spawn_with(Till, SpawnOptions::default().name("till"));
    /// world.unleash(Plan::default().after(Duration::from_secs(1), Fault::kill("till")));
    /// world.advance(Duration::from_secs(2));
    /// assert!(!till.is_alive());
    /// ```
    pub fn unleash(&self, plan: Plan) {
        let systems = self.residents();
        for (when, fault) in plan.faults {
            if self.engine().leaves_out_fault() {
                continue;
            }
            let name = format!("fault: {fault}");
            let (engine, systems) = (Arc::clone(self.engine()), systems.clone());
            let unleashed = Unleashed { engine, systems };
            let task = self.runtime().spawn_named(|| name, unleashed.carry_out(when, fault));
            self.faults.borrow_mut().push(task);
        }
    }
}

impl World {
    /// Undoes what faults have done that goes on, and forgets those that did not come yet.
    pub(crate) fn calm_down(&self) {
        self.faults.take().iter().for_each(Task::abort);
        self.engine().feed_all();
        let mut state = self.engine().lock();
        state.ways.heal_all();
        state.platters.heal();
    }
}

/// The systems that may be harmed.
struct Unleashed {
    engine: Arc<Engine>,
    systems: Vec<Resident>,
}

impl Unleashed {
    async fn carry_out(self, when: When, fault: Fault) {
        match when {
            When::After(time) => self.sleep(time).await,
            When::Step(step) => self.step(step).await,
        }
        match fault {
            Fault::Kill { actor } => {
                if let Some((system, id)) = self.find(actor, "killed") {
                    system.inject_kill(id);
                }
            }
            Fault::Fail { actor } => {
                if let Some((system, id)) = self.find(actor, "made to fail") {
                    system.inject_failure(id, Failure::recoverable("a fault of the plan"));
                }
            }
            Fault::FailStart { actor } => {
                if let Some((system, id)) = self.find(actor, "not to start the next time") {
                    let failure = Failure::recoverable("a fault of the plan");
                    system.inject_start_failure(id, failure);
                }
            }
            Fault::Starve { actor, duration } => {
                let Some((_, id)) = self.find(actor, &format!("starved for {duration:?}")) else {
                    return;
                };
                self.engine.starve(&id.to_string());
                self.sleep(duration).await;
                self.engine.feed(&id.to_string());
            }
            Fault::WallClock { seconds } => {
                self.tell(format!("the clock on the wall jumps by {seconds} s"));
                self.engine.move_wall(seconds);
            }
            Fault::Crash { system } => {
                if !crash(&self.engine, &self.systems, &system) {
                    self.tell(format!("{system} would crash, and is not there"));
                }
            }
            more => self.spoil(&more),
        }
    }

    /// Carries out a fault of a link or a disk.
    fn spoil(&self, fault: &Fault) {
        self.tell(fault.to_string());
        let mut state = self.engine.lock();
        let ways = &mut state.ways;
        match fault {
            Fault::Partition { from, to, ways: directions } => {
                ways.trouble(from, to, |it| it.is_cut = true);
                if *directions == Ways::Both {
                    ways.trouble(to, from, |it| it.is_cut = true);
                }
            }
            Fault::Delay { from, to, by } => ways.trouble(from, to, |it| it.delay = *by),
            Fault::Lose { from, to, per_mille } => {
                ways.trouble(from, to, |it| it.loss = *per_mille);
            }
            Fault::Duplicate { from, to, per_mille } => {
                ways.trouble(from, to, |it| it.doubling = *per_mille);
            }
            Fault::Heal { one, other } => ways.heal(one, other),
            Fault::Disk { system, fault } => {
                drop(state);
                self.engine.disk(system).break_it(*fault);
            }
            _ => unreachable!("carried out elsewhere"),
        }
    }

    async fn sleep(&self, time: Duration) {
        Sleeping::until(Arc::clone(&self.engine), self.engine.now() + time).await;
    }

    async fn step(&self, step: u64) {
        poll_fn(|cx| match self.engine.wake_at_step(step, cx.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    /// An actor of this name, or any, that lives now.
    fn find(&self, name: Option<String>, what: &str) -> Option<(&System, ActorId)> {
        let alive = self.systems.iter().filter(|it| !self.engine.has_crashed(it.home));
        let all =
            alive.map(|it| &it.system).flat_map(|it| it.actors().into_iter().map(move |a| (it, a)));
        let mut fits: Vec<_> =
            all.filter(|(_, it)| name.as_ref().is_none_or(|name| it.name == *name)).collect();
        if fits.is_empty() {
            let name = name.unwrap_or_else(|| "anybody".to_owned());
            self.tell(format!("{name} would be {what}, and is not there"));
            return None;
        }
        let (system, actor) = fits.swap_remove(self.engine.draw_fault(fits.len()));
        self.tell(format!("{} {} is {what}", actor.name, actor.id));
        Some((system, actor.id))
    }

    fn tell(&self, what: String) {
        self.engine.tell(|_| Event::Fault { what });
    }
}
