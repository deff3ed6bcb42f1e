//! Who uses the tree, and who wrecks it meanwhile.

use std::{ops::AddAssign, sync::Arc, time::Duration};

use ghostlight::{AskError, Instant, Rng, Runtime};
use tokio::sync::mpsc;

use crate::{
    audit::PATIENCE,
    directory::Directory,
    ledger::{Ledger, Told},
    options::Pace,
    tree::{A_MOMENT, Collapse, Fate, How, Increment, When},
};

/// How many ask at a time.
pub(crate) const CLIENTS: u64 = 64;

/// One in so many increments makes its worker fail.
const FAILING: usize = 100;

/// One in so many pauses.
const PAUSING: usize = 100;

/// One in so many has its worker killed while it pauses.
const KILLING: usize = 5_000;

/// After one in so many failures the worker is killed, just as its wait is over.
const KICKING: usize = 4;

/// One in so many is waited for no longer than [`A_MOMENT`].
const HASTY: usize = 50;

/// Who uses the tree, and who wrecks it meanwhile.
pub(crate) struct Load {
    pub(crate) runtime: Runtime,
    pub(crate) directory: Directory,
    pub(crate) ledger: Ledger,
    pub(crate) seed: u64,
    pub(crate) pace: Pace,
}

/// What came of a load.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) acked: u64,
    pub(crate) refused: u64,
    pub(crate) in_doubt: u64,
    pub(crate) killed_workers: u64,
    pub(crate) killed_supervisors: u64,
    /// What should not happen at all.
    pub(crate) odd: Vec<String>,
}

impl Load {
    /// Uses and wrecks the tree for so long, by the chance of this round.
    pub(crate) async fn press(self: &Arc<Self>, round: u64, time: Duration) -> Tally {
        let until = self.runtime.now() + time;
        let chance = |number| Rng::seeded(self.seed ^ (round << 48) ^ (number << 32));
        let (tell, mut told) = mpsc::channel(1);
        self.employ(&tell, "wrecker", Arc::clone(self).wreck(chance(0), until));
        for number in 1..=CLIENTS {
            self.employ(&tell, "client", Arc::clone(self).use_tree(chance(number), until));
        }
        drop(tell);
        let mut limit = self.runtime.sleep(time + PATIENCE);
        let (mut sum, mut n) = (Tally::default(), 0);
        loop {
            tokio::select! {
                biased;     // so that a world can replay it
                end = told.recv() => match end {
                    Some(tally) => sum += tally,
                    None => break,
                },
                () = &mut limit => break,
            }
            n += 1;
        }
        if n != CLIENTS + 1 {
            sum.odd.push(format!("{n} callers came to an end, of {}", CLIENTS + 1));
        }
        sum
    }

    /// Has somebody do something, and tell what came of it.
    fn employ(
        &self,
        tell: &mpsc::Sender<Tally>,
        name: &'static str,
        work: impl Future<Output = Tally> + Send + 'static,
    ) {
        let tell = tell.clone();
        let work = async move {
            let tally = work.await;
            // Nobody listens any more if it took too long, which is a fault by itself.
            _ = tell.send(tally).await;
        };
        drop(self.runtime.spawn_named(|| name.to_owned(), work));
    }

    async fn use_tree(self: Arc<Self>, mut chance: Rng, until: Instant) -> Tally {
        let (mut tally, most) = (Tally::default(), 2 * self.pace.rest.as_micros() as usize);
        while self.runtime.now() < until {
            self.increment(&mut chance, &mut tally).await;
            if most > 0 {
                let rest = Duration::from_micros(chance.below(most) as u64);
                self.runtime.sleep(rest).await;
            }
        }
        tally
    }

    /// Asks a worker somewhere to count one more.
    async fn increment(&self, chance: &mut Rng, tally: &mut Tally) {
        let team = chance.below(self.directory.teams());
        let seat = chance.below(self.directory.seats(team));
        let worker = self.directory.worker(team, seat);
        let is_killed = one_in(KILLING, chance);
        let does_pause = is_killed || one_in(PAUSING, chance);
        let pause = does_pause.then(|| when(chance));
        let increment = Increment { fate: fate(chance), pause };
        let (fate, ask) = (increment.fate, worker.ask(increment));
        let ask = if one_in(4, chance) { ask.queued() } else { ask };
        let ask = if one_in(HASTY, chance) { ask.within(A_MOMENT) } else { ask };
        let end = if is_killed {
            tally.killed_workers += 1;
            // The ask is polled first, so that the kill finds it running.
            tokio::join!(ask.into_future(), async { worker.kill() }).0
        } else {
            ask.await
        };
        if matches!(end, Err(AskError::Failed(_))) && one_in(KICKING, chance) {
            self.runtime.sleep(A_MOMENT).await;
            tally.killed_workers += 1;
            worker.kill();
        }
        match self.ledger.note((team, seat), fate, &end) {
            Ok(Told::Acked) => tally.acked += 1,
            Ok(Told::InDoubt) => tally.in_doubt += 1,
            Ok(Told::Refused) => {
                tally.refused += 1;
                self.directory.refresh(team).await;
            }
            Err(fault) => tally.odd.push(fault),
        }
    }

    /// Has one supervisor after another fail, one way or the other, or kills it.
    async fn wreck(self: Arc<Self>, mut chance: Rng, until: Instant) -> Tally {
        let mut tally = Tally::default();
        let pause = self.pace.lifetime / self.directory.teams() as u32;
        for n in 0_u64.. {
            self.runtime.sleep(pause).await;
            if until <= self.runtime.now() {
                break;
            }
            let supervisor = self.directory.supervisor(chance.below(self.directory.teams()));
            let how = match n % 3 {
                0 => {
                    supervisor.kill();
                    tally.killed_supervisors += 1;
                    continue;
                }
                1 => How::Panic,
                _ => How::Declare,
            };
            if supervisor.ask(Collapse(how)).await.is_ok() {
                tally.odd.push("a supervisor that failed gave an answer".to_owned());
            }
        }
        tally
    }
}

fn one_in(n: usize, chance: &mut Rng) -> bool {
    chance.below(n) == 0
}

fn when(chance: &mut Rng) -> When {
    if one_in(2, chance) { When::Before } else { When::After }
}

fn fate(chance: &mut Rng) -> Fate {
    if !one_in(FAILING, chance) {
        return Fate::Serve;
    }
    let how = if one_in(2, chance) { How::Panic } else { How::Declare };
    Fate::Fail(when(chance), how)
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.acked += other.acked;
        self.refused += other.refused;
        self.in_doubt += other.in_doubt;
        self.killed_workers += other.killed_workers;
        self.killed_supervisors += other.killed_supervisors;
        self.odd.extend(other.odd);
    }
}
