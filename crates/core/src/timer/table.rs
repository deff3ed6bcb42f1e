//! Which timer is due when. Knows no clock, no lock and no message.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
    time::Duration,
};

use ghostlight_rt::Instant;

use super::MissedTicks;

/// The timers of one actor, each with what it carries.
///
/// A timer is in the table from when it is set until it is cancelled, or its only tick was taken.
/// While a tick is on its way the load is out, and nothing of that timer is due: so there is at
/// most one tick of it anywhere, and nobody wakes up only to find that.
#[derive(Debug)]
pub(crate) struct Table<T> {
    due: BTreeSet<(Instant, u64)>,
    /// Those that were due when nothing could be delivered.
    held: Vec<u64>,
    entries: BTreeMap<u64, Entry<T>>,
    names: BTreeMap<Arc<str>, u64>,
    silence: Option<Silence>,
    /// How many were ever set: no id is given twice.
    made: u64,
}

#[derive(Debug)]
struct Entry<T> {
    /// Absent while a tick is on its way.
    load: Option<T>,
    /// When the last tick was due, or the next one is.
    at: Instant,
    rhythm: Rhythm,
    name: Option<Arc<str>>,
    survives: bool,
}

/// How often a timer comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rhythm {
    Once,
    Every(Duration, MissedTicks),
    /// Whenever the actor has been silent for long enough.
    Silence,
}

/// What waits for an actor to fall silent.
#[derive(Debug)]
struct Silence {
    id: u64,
    after: Duration,
    /// When the silence has lasted long enough; absent while there is none that counts.
    due: Option<Instant>,
    /// How many messages had been handled when it began.
    handled: u64,
}

/// What became of a tick that was taken.
#[derive(Debug, PartialEq)]
pub(crate) enum Taken<T> {
    /// Its timer had been cancelled: it does not count.
    Cancelled(T),
    /// It was the last one.
    Last(T),
    /// More will come.
    Kept,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            due: BTreeSet::new(),
            held: Vec::new(),
            entries: BTreeMap::new(),
            names: BTreeMap::new(),
            silence: None,
            made: 0,
        }
    }
}

impl<T> Table<T> {
    /// Sets a timer whose first tick is due at `at`, with the load that `make` makes for its id.
    pub(crate) fn set(&mut self, at: Instant, rhythm: Rhythm, make: impl FnOnce(u64) -> T) -> u64 {
        let id = self.insert(at, rhythm, make);
        self.due.insert((at, id));
        id
    }

    fn insert(&mut self, at: Instant, rhythm: Rhythm, make: impl FnOnce(u64) -> T) -> u64 {
        let id = self.made;
        self.made += 1;
        let entry = Entry { load: Some(make(id)), at, rhythm, name: None, survives: false };
        self.entries.insert(id, entry);
        id
    }

    /// Sets what comes whenever the actor has been silent for `after`; gives out what was replaced.
    pub(crate) fn set_silence(
        &mut self,
        after: Duration,
        make: impl FnOnce(u64) -> T,
    ) -> Option<T> {
        let replaced = self.cancel_silence();
        let id = self.insert(Instant::ORIGIN, Rhythm::Silence, make);
        self.silence = Some(Silence { id, after, due: None, handled: 0 });
        replaced
    }

    /// Cancels that; gives out what is to be dropped.
    pub(crate) fn cancel_silence(&mut self) -> Option<T> {
        let silence = self.silence.take()?;
        self.cancel(silence.id)
    }

    /// Whether the actor, coming to rest now, begins to be silent in a way that counts.
    pub(crate) fn is_new_silence(&self, handled: u64) -> bool {
        self.silence.as_ref().is_some_and(|it| it.due.is_none() || it.handled != handled)
    }

    /// The actor is silent from `now` on. Says whether nothing was due for that before.
    pub(crate) fn begin_silence(&mut self, handled: u64, now: Instant) -> bool {
        let Some(silence) = &mut self.silence else { return false };
        silence.handled = handled;
        silence.due.replace(now + silence.after).is_none()
    }

    /// Takes out what comes when silence has lasted long enough, if it has; `handled` is absent
    /// when the actor is not silent at all.
    pub(crate) fn pop_silence(&mut self, now: Instant, handled: Option<u64>) -> Option<(u64, T)> {
        let silence = self.silence.as_mut()?;
        silence.due.take_if(|it| *it <= now)?;
        if handled != Some(silence.handled) {
            return None;
        }
        let load = self.entries.get_mut(&silence.id)?.load.take()?;
        Some((silence.id, load))
    }

    /// Gives a timer a name. Gives out what the timer that had it carried.
    pub(crate) fn rename(&mut self, id: u64, name: &Arc<str>) -> Option<T> {
        let entry = self.entries.get_mut(&id)?;
        if let Some(earlier) = entry.name.replace(Arc::clone(name)) {
            self.names.remove(&earlier);
        }
        let namesake = self.names.insert(Arc::clone(name), id)?;
        self.remove(namesake)?.load
    }

    /// Says what happens to missed ticks. Of no effect on a timer that comes but once.
    pub(crate) fn set_missed(&mut self, id: u64, missed: MissedTicks) {
        if let Some(Entry { rhythm: Rhythm::Every(_, it), .. }) = self.entries.get_mut(&id) {
            *it = missed;
        }
    }

    /// Has the timer outlive its incarnation.
    pub(crate) fn let_survive(&mut self, id: u64) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.survives = true;
        }
    }

    /// Cancels a timer; gives out what is to be dropped.
    pub(crate) fn cancel(&mut self, id: u64) -> Option<T> {
        let entry = self.remove(id)?;
        if let Some(name) = &entry.name {
            self.names.remove(name);
        }
        entry.load
    }

    /// The same by name.
    pub(crate) fn cancel_named(&mut self, name: &str) -> Option<T> {
        let id = *self.names.get(name)?;
        self.cancel(id)
    }

    /// Takes an entry out, and leaves its name to the caller.
    fn remove(&mut self, id: u64) -> Option<Entry<T>> {
        let entry = self.entries.remove(&id)?;
        self.due.remove(&(entry.at, id));
        Some(entry)
    }

    /// Whether a timer is set, or its tick not taken yet.
    pub(crate) fn is_pending(&self, id: u64) -> bool {
        self.entries.contains_key(&id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// When something is due next.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let first = self.due.first().map(|it| it.0);
        let silence = self.silence.as_ref().and_then(|it| it.due);
        first.into_iter().chain(silence).min()
    }

    /// Takes out the load of the timer that is due first, if one is.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<(u64, T)> {
        let &(at, id) = self.due.first().filter(|it| it.0 <= now)?;
        self.due.remove(&(at, id));
        let load = self.entries.get_mut(&id)?.load.take()?;
        Some((id, load))
    }

    /// Keeps a tick that cannot be delivered, until [`release`](Self::release). Gives out the load of
    /// a timer that does not go on for so long.
    pub(crate) fn hold(&mut self, id: u64, load: T) -> Option<T> {
        match self.entries.get_mut(&id) {
            Some(entry) if entry.survives => {
                entry.load = Some(load);
                self.held.push(id);
                None
            }
            _ => {
                self.cancel(id);
                Some(load)
            }
        }
    }

    /// Has every tick due that was held. Says whether there was one.
    pub(crate) fn release(&mut self) -> bool {
        let entries = &self.entries;
        let held = mem::take(&mut self.held).into_iter();
        let due = self.due.len();
        self.due.extend(held.filter_map(|id| Some((entries.get(&id)?.at, id))));
        self.due.len() > due
    }

    /// A tick was taken, or is lost: its load comes back, and the next tick is due.
    pub(crate) fn taken(&mut self, id: u64, load: T, now: Instant) -> Taken<T> {
        let Some(entry) = self.entries.get_mut(&id) else { return Taken::Cancelled(load) };
        match entry.rhythm {
            Rhythm::Once => {
                self.cancel(id);
                return Taken::Last(load);
            }
            Rhythm::Every(period, missed) => {
                entry.at = next_tick(missed, entry.at, period, now);
                self.due.insert((entry.at, id));
            }
            Rhythm::Silence => {}
        }
        entry.load = Some(load);
        Taken::Kept
    }

    /// Cancels what dies with the incarnation that set it; gives out what is to be dropped.
    pub(crate) fn end_incarnation(&mut self) -> Vec<T> {
        let mut dropped = Vec::new();
        self.silence = None;
        let entries = mem::take(&mut self.entries);
        for (id, entry) in entries {
            if entry.survives {
                self.entries.insert(id, entry);
                continue;
            }
            self.due.remove(&(entry.at, id));
            if let Some(name) = &entry.name {
                self.names.remove(name);
            }
            dropped.extend(entry.load);
        }
        dropped
    }

    /// Everything that is to be dropped at the end.
    pub(crate) fn into_loads(self) -> Vec<T> {
        self.entries.into_values().filter_map(|it| it.load).collect()
    }
}

/// When the tick after the one that was due at `due` comes, now that that has been taken.
fn next_tick(missed: MissedTicks, due: Instant, period: Duration, now: Instant) -> Instant {
    let regular = due + period;
    if now <= regular {
        return regular;
    }
    match missed {
        MissedTicks::Burst => regular,
        MissedTicks::Delay => now + period,
        MissedTicks::Skip => {
            let periods = (now - due).as_nanos().div_ceil(period.as_nanos().max(1));
            let ahead = periods.saturating_mul(period.as_nanos());
            due + Duration::from_nanos(u64::try_from(ahead).unwrap_or(u64::MAX))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    const fn every(period: u64, missed: MissedTicks) -> Rhythm {
        Rhythm::Every(ms(period), missed)
    }

    fn name(name: &str) -> Arc<str> {
        name.into()
    }

    fn is_bare<T>(table: &Table<T>) -> bool {
        table.is_empty() && table.due.is_empty() && table.names.is_empty()
    }

    #[test]
    fn what_is_held_is_due_again_once_it_is_released_unless_it_was_cancelled() {
        let mut table = Table::default();
        let [kept, gone, short] = [10, 20, 30].map(|it| table.set(at(it), Rhythm::Once, |id| id));
        table.let_survive(kept);
        table.let_survive(gone);
        assert!(!table.release());
        while let Some((id, load)) = table.pop_due(at(40)) {
            assert_eq!(table.hold(id, load), (id == short).then_some(short));
        }
        assert_eq!((table.next_due(), table.is_pending(short)), (None, false));
        assert_eq!(table.cancel(gone), Some(gone));
        assert!(table.release() && !table.release());
        assert_eq!(table.pop_due(at(40)), Some((kept, kept)));
        assert_eq!(table.taken(kept, kept, at(40)), Taken::Last(kept));
        assert!(is_bare(&table));
    }

    /// The ticks of a timer with a period of 10, each taken so late.
    #[track_caller]
    fn check(missed: MissedTicks, taken_at: &[u64], expected: &[u64]) {
        let mut table = Table::default();
        let id = table.set(at(10), every(10, missed), |_| ());
        let ticks = taken_at.iter().map(|&now| {
            let due = table.next_due().expect("a tick is due");
            let (popped, ()) = table.pop_due(due).expect("at that time");
            assert_eq!((popped, table.next_due()), (id, None), "one tick at a time");
            assert_eq!(table.taken(id, (), at(now)), Taken::Kept);
            due.as_nanos() / 1_000_000
        });
        let mut ticks: Vec<_> = ticks.collect();
        ticks.extend(table.next_due().map(|it| it.as_nanos() / 1_000_000));
        assert_eq!(ticks, expected, "{missed:?}");
    }

    #[test]
    fn a_tick_that_is_taken_within_its_period_moves_no_other() {
        for missed in [MissedTicks::Burst, MissedTicks::Skip, MissedTicks::Delay] {
            check(missed, &[10, 29, 30, 47], &[10, 20, 30, 40, 50]);
            check(missed, &[20, 20, 40], &[10, 20, 30, 40]);
        }
    }

    #[test]
    fn bursts_make_up_for_every_missed_tick() {
        check(MissedTicks::Burst, &[45, 45, 45, 45, 50], &[10, 20, 30, 40, 50, 60]);
    }

    #[test]
    fn skipping_leaves_missed_ticks_out_and_stays_in_step() {
        check(MissedTicks::Skip, &[45, 60, 99], &[10, 50, 60, 100]);
        check(MissedTicks::Skip, &[40, 40], &[10, 40, 50]);
    }

    #[test]
    fn delaying_starts_anew_from_the_late_tick() {
        check(MissedTicks::Delay, &[45, 56, 90], &[10, 55, 65, 100]);
    }

    #[test]
    fn moments_beyond_all_clocks_are_the_last_one() {
        let end = Instant::from_nanos(u64::MAX);
        for missed in [MissedTicks::Burst, MissedTicks::Skip, MissedTicks::Delay] {
            assert_eq!(next_tick(missed, at(1), Duration::MAX, end), end);
        }
        assert_eq!(next_tick(MissedTicks::Skip, at(1), ms(7), end), end);
    }

    #[test]
    fn timers_come_in_order_of_time_and_then_of_setting() {
        let mut table = Table::default();
        for (due, load) in [(30, 'c'), (10, 'a'), (30, 'd'), (20, 'b')] {
            table.set(at(due), Rhythm::Once, |_| load);
        }
        assert_eq!(table.pop_due(at(9)), None);
        let loads: String = std::iter::from_fn(|| table.pop_due(at(30)).map(|it| it.1)).collect();
        assert_eq!(loads, "abcd");
    }

    #[test]
    fn a_timer_that_comes_once_is_pending_until_its_tick_is_taken() {
        let mut table = Table::default();
        let id = table.set(at(1), Rhythm::Once, |id| id);
        assert!(table.pop_due(at(1)).is_some() && table.is_pending(id));
        assert_eq!(table.taken(id, 7, at(2)), Taken::Last(7));
        assert!(!table.is_pending(id) && is_bare(&table));
    }

    #[test]
    fn a_cancelled_timer_leaves_nothing_wherever_its_load_is() {
        let mut table = Table::default();
        let home = table.set(at(1), every(1, MissedTicks::Skip), |_| 'h');
        let out = table.set(at(1), every(1, MissedTicks::Skip), |_| 'o');
        table.rename(home, &name("home"));
        table.rename(out, &name("out"));
        assert_eq!(table.cancel(home), Some('h'));
        assert_eq!(table.pop_due(at(1)), Some((out, 'o')));
        assert_eq!(table.cancel_named("out"), None);
        assert_eq!(table.taken(out, 'o', at(2)), Taken::Cancelled('o'));
        assert!(is_bare(&table));
        assert_eq!((table.cancel(home), table.cancel_named("home")), (None, None));
    }

    #[test]
    fn a_name_belongs_to_the_timer_that_took_it_last() {
        let mut table = Table::default();
        let first = table.set(at(1), Rhythm::Once, |_| 1);
        assert_eq!(table.rename(first, &name("a")), None);
        let second = table.set(at(2), Rhythm::Once, |_| 2);
        assert_eq!(table.rename(second, &name("a")), Some(1));
        assert!(!table.is_pending(first));
        assert_eq!(table.rename(second, &name("b")), None);
        assert_eq!((table.cancel_named("a"), table.cancel_named("b")), (None, Some(2)));
        assert!(is_bare(&table));
    }

    #[test]
    fn naming_a_timer_twice_the_same_changes_nothing() {
        let mut table = Table::default();
        let id = table.set(at(1), Rhythm::Once, |_| ());
        table.rename(id, &name("a"));
        assert_eq!(table.rename(id, &name("a")), None);
        assert!(table.is_pending(id));
    }

    #[test]
    fn no_id_is_given_twice() {
        let mut table = Table::default();
        let first = table.set(at(1), Rhythm::Once, |_| ());
        table.cancel(first);
        assert_ne!(table.set(at(1), Rhythm::Once, |_| ()), first);
    }

    #[test]
    fn only_what_was_told_to_survive_outlives_its_incarnation() {
        let mut table = Table::default();
        let ids: Vec<_> = (1..5).map(|n| table.set(at(n), Rhythm::Once, |_| n)).collect();
        ids.iter().for_each(|&id| _ = table.rename(id, &name(&id.to_string())));
        table.let_survive(ids[1]);
        table.let_survive(ids[3]);
        table.set_silence(ms(1), |_| 9);
        assert_eq!(table.pop_due(at(1)), Some((ids[0], 1)), "one is out meanwhile");
        assert_eq!(table.end_incarnation(), [3, 9]);
        assert_eq!(table.taken(ids[0], 1, at(2)), Taken::Cancelled(1));
        assert_eq!((table.due.len(), table.names.len(), table.entries.len()), (2, 2, 2));
        assert_eq!(table.into_loads(), [2, 4]);
    }

    #[test]
    fn silence_is_due_so_long_after_the_last_message() {
        let mut table = Table::default();
        table.set_silence(ms(50), |_| 's');
        assert_eq!(table.next_due(), None, "not before the actor comes to rest");
        assert!(table.is_new_silence(3) && table.begin_silence(3, at(10)));
        assert!(!table.is_new_silence(3), "coming to rest again is no new silence");
        assert!(table.is_new_silence(4) && !table.begin_silence(4, at(40)));
        assert_eq!(table.next_due(), Some(at(90)));
        assert_eq!(table.pop_silence(at(89), Some(4)), None);
        assert_eq!(table.pop_silence(at(90), Some(4)), Some((0, 's')));
        assert_eq!(table.next_due(), None);
    }

    #[test]
    fn an_actor_that_is_busy_when_silence_was_due_was_not_silent() {
        let mut table = Table::default();
        table.set_silence(ms(50), |_| 's');
        for handled in [None, Some(2)] {
            table.begin_silence(1, at(0));
            assert_eq!(table.pop_silence(at(50), handled), None);
            assert!(table.next_due().is_none() && table.is_new_silence(1));
        }
    }

    #[test]
    fn a_new_silence_replaces_the_old_one() {
        let mut table = Table::default();
        assert_eq!(table.set_silence(ms(50), |_| 1), None);
        table.begin_silence(0, at(0));
        assert_eq!(table.set_silence(ms(70), |_| 2), Some(1));
        table.begin_silence(0, at(0));
        assert_eq!(table.next_due(), Some(at(70)));
        assert_eq!(table.cancel_silence(), Some(2));
        assert!(is_bare(&table) && table.next_due().is_none());
    }
}
