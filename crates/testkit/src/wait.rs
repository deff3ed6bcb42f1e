//! Who waits for what.

use std::{collections::BTreeMap, fmt, sync::Arc};

use ghostlight_rt::Instant;

use crate::{
    World,
    engine::{Engine, TEST},
    trace::{Event, Recorder, short},
};

/// Somebody who waits, with what is known about it.
///
/// What is handled and what was sent is known in worlds that are [telling](World::telling), as that of
/// a failing test is when it is run again for its story.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Wait {
    /// An actor, by name and id, or another task, by its name.
    pub who: Arc<str>,
    /// The message that is being handled, by type; none in a hook, or if that is not known.
    pub handling: Option<&'static str>,
    /// Since when it waits.
    pub since: Option<Instant>,
    /// What it sent last, by type, and to whom: whose answer it waits for, if that was an ask.
    pub sent: Option<(Arc<str>, &'static str)>,
    /// How many messages wait for it meanwhile.
    pub queued: usize,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.who)?;
        if let Some(message) = self.handling {
            write!(f, " handles {}, and", short(message))?;
        }
        f.write_str(" waits")?;
        if let Some(since) = self.since {
            write!(f, " since {since:?}")?;
        }
        if let Some((to, message)) = &self.sent {
            write!(f, "; it last sent {} to {to}", short(message))?;
        }
        if self.queued > 0 {
            write!(f, "; {} messages wait for it", self.queued)?;
        }
        Ok(())
    }
}

/// Who waits when nothing can happen any more by itself; nobody, as it should be, or somebody.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Waits {
    /// Those who wait, in the order in which their tasks were spawned.
    pub all: Vec<Wait>,
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.all.iter().map(|it| format!("  {it}")).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// What everybody was seen to do last.
#[derive(Default)]
pub(crate) struct Doings(BTreeMap<Arc<str>, Doing>);

#[derive(Default)]
struct Doing {
    handling: Option<&'static str>,
    since: Option<Instant>,
    sent: Option<(Arc<str>, &'static str)>,
}

impl Doings {
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::Sent { from, to, message } => {
                self.0.entry(Arc::clone(from)).or_default().sent = Some((Arc::clone(to), message));
            }
            Event::Handling { actor, message } => self.begin(actor, message),
            Event::Called { from, actor, message } => {
                self.0.entry(Arc::clone(from)).or_default().sent =
                    Some((Arc::clone(actor), message));
                self.begin(actor, message);
            }
            Event::Failed { actor, .. } | Event::Stopped { actor, .. } => {
                self.0.remove(actor);
            }
            _ => {}
        }
    }

    fn begin(&mut self, actor: &Arc<str>, message: &'static str) {
        let doing = Doing { handling: Some(message), ..Doing::default() };
        self.0.insert(Arc::clone(actor), doing);
    }

    /// Its turn or hook waits for something.
    pub(crate) fn wait(&mut self, actor: Arc<str>, now: Instant) {
        self.0.entry(actor).or_default().since = Some(now);
    }

    /// It has a step, in which it may come to an end or wait again.
    pub(crate) fn step(&mut self, name: &str) {
        if let Some(doing) = self.0.get_mut(name) {
            doing.since = None;
        }
    }

    /// What it did before is over.
    pub(crate) fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }

    fn wait_of(&self, who: &Arc<str>, actors: &BTreeMap<String, usize>) -> Option<Wait> {
        let queued = who.rsplit(' ').next().and_then(|it| actors.get(it)).copied();
        let doing = self.0.get(who);
        let since = doing.and_then(|it| it.since);
        let is_at_rest = queued == Some(0) && since.is_none();
        (!is_at_rest).then(|| Wait {
            who: Arc::clone(who),
            handling: doing.and_then(|it| it.handling).filter(|_| since.is_some()),
            since,
            // Other tasks may share their name.
            sent: doing
                .and_then(|it| it.sent.clone())
                .filter(|_| queued.is_some() || **who == *TEST),
            queued: queued.unwrap_or(0),
        })
    }
}

impl Engine {
    /// Whoever waits now, the test left out; `actors` says how many messages wait for each.
    fn waits(&self, actors: &BTreeMap<String, usize>) -> Waits {
        let names = self.task_names();
        let state = self.lock();
        let all = names.iter().filter_map(|(_, name)| state.doings.wait_of(name, actors));
        Waits { all: all.map(|it| it.brief(&state.trace)).collect() }
    }

    /// Whoever waits, the test first, which is there only if it was seen to send something.
    pub(crate) fn why_stuck(&self) -> Waits {
        let names = self.task_names();
        let is_told = self.lock().trace.tells_messages;
        let ids = names.iter().filter_map(|(_, name)| name.rsplit(' ').next());
        let actors = ids.filter(|it| is_told && it.contains('@')).map(|it| (it.to_owned(), 0));
        let mut waits = self.waits(&actors.collect());
        let state = self.lock();
        let test = Arc::from(TEST);
        if let Some(wait) = state.doings.wait_of(&test, &BTreeMap::new())
            && wait.sent.is_some()
        {
            waits.all.insert(0, wait.brief(&state.trace));
        }
        waits
    }
}

impl Wait {
    /// The same with names as short as they can be.
    fn brief(self, trace: &Recorder) -> Self {
        let sent = self.sent.map(|(to, message)| (trace.brief(&to).into(), message));
        Self { who: trace.brief(&self.who).into(), sent, ..self }
    }
}

impl World {
    /// Whoever waits for something now, but for the test, and actors that wait for messages.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// use ghostlight::{Actor, Context, Handler, Message};
    /// use ghostlight_testkit::World;
    ///
    /// #[derive(Message)]
    /// struct Order;
    ///
    /// #[derive(Actor)]
    /// #[actor(handles(Order))]
    /// struct Shop;
    ///
    /// impl Handler<Order> for Shop {
    ///     async fn handle(&mut self, _: Order, _: &mut Context<'_, Self>) {
    ///         std::future::pending().await // for a delivery that never comes
    ///     }
    /// }
    ///
    /// let world = World::seeded(1).telling();
    /// let shop = world.system("town").spawn(Shop);
    /// shop.try_tell(Order).unwrap();
    /// shop.try_tell(Order).unwrap();
    /// world.settle();
    /// let wait = &world.waits().all[0];
    /// assert!(wait.to_string().ends_with("handles Order, and waits since 0ns; 1 messages wait for it"));
    /// ```
    #[must_use]
    pub fn waits(&self) -> Waits {
        let residents = self.residents();
        let actors = residents.iter().flat_map(|it| it.system.actors());
        self.engine().waits(&actors.map(|it| (it.id.to_string(), it.mailbox_len)).collect())
    }
}
