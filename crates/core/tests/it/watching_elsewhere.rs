//! Watching what lives elsewhere: F1 to F5 at the seam for networks.

use std::sync::{Arc, Mutex};

use ghostlight::{
    ActorId, ActorRef, ChildSpec, Endpoint, How, Outbound, Refused, StopReason, System, Watcher,
};
use ghostlight_rt::{Instant, Runtime};

use crate::{
    stage::{self, conformance},
    support::{Boom, ELSEWHERE, Journal, Listed, Log, Note, assert_conserved, ended, park, rest},
    watchman::{Told, Watchman, watch, watchman, within},
};

/// A far side that keeps its watchers until the test tells them something.
struct Far {
    runtime: Runtime,
    watchers: Mutex<Vec<Watcher>>,
    unwatched: Log<(ActorId, ActorId)>,
    /// Whether a watch that is taken back lingers here.
    is_slow: bool,
    /// Told at once to whoever watches.
    has_ended: bool,
}

impl Far {
    fn new(system: &System, is_slow: bool) -> Arc<Self> {
        Self::with(system, is_slow, false)
    }

    fn with(system: &System, is_slow: bool, has_ended: bool) -> Arc<Self> {
        let (runtime, unwatched) = (system.runtime().clone(), Log::default());
        Arc::new(Self { runtime, watchers: Mutex::default(), unwatched, is_slow, has_ended })
    }

    fn reached_by(self: &Arc<Self>) -> ActorRef<Journal<Listed>> {
        ActorRef::from_endpoint(Arc::clone(self) as Arc<dyn Endpoint>)
    }

    fn watchers(&self) -> Vec<Watcher> {
        std::mem::take(&mut *self.watchers.lock().unwrap())
    }
}

impl Endpoint for Far {
    fn id(&self) -> ActorId {
        ELSEWHERE
    }

    fn name(&self) -> &str {
        "far"
    }

    fn deliver(&self, _: &mut Outbound<'_>) -> Result<(), Refused> {
        Err(Refused::Stopped)
    }

    fn is_alive(&self) -> bool {
        true
    }

    fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    fn watch(&self, watcher: Watcher) {
        if self.has_ended {
            return watcher.tell(StopReason::Normal, How::Seen, Instant::from_nanos(3));
        }
        self.watchers.lock().unwrap().push(watcher);
    }

    fn unwatch(&self, watcher: ActorId, watched: ActorId) {
        self.unwatched.push((watcher, watched));
        if !self.is_slow {
            self.watchers.lock().unwrap().retain(|it| it.id() != watcher);
        }
    }
}

#[conformance]
async fn what_an_endpoint_tells_its_watcher_is_the_notice() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let far = Far::new(&system, false);
    watch(&watcher, &far.reached_by()).await;
    watch(&watcher, &far.reached_by()).await;
    let mut watchers = far.watchers();
    assert_eq!(watchers.len(), 1, "watching twice is watching once");
    let it = watchers.remove(0);
    assert_eq!((it.id(), it.watched()), (watcher.id(), ELSEWHERE));
    let gate = park(&watcher).await;
    watcher.try_tell(Note(1)).unwrap();
    let at = Instant::from_nanos(7_000);
    let tell = move || it.tell(StopReason::Killed, How::Seen, at);
    stage::runtime().blocking(tell).await.unwrap();
    gate.open();
    rest().await;
    assert_eq!(told.log.take(), ["far: killed", "note 1"]);
    let end = told.ends.take().remove(0);
    assert_eq!((end.id, end.how, end.at), (ELSEWHERE, How::Seen, at));
    ended_without_unwatch(&watcher, &far).await;
    assert_conserved(&system);
}

/// Whoever was told needs not be forgotten.
async fn ended_without_unwatch(watcher: &ActorRef<Watchman<Listed>>, far: &Far) {
    watcher.stop();
    ended(watcher).await;
    assert!(far.unwatched.take().is_empty());
}

#[conformance(virtual_time)]
async fn a_watcher_that_is_dropped_presumes_the_end_now() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let far = Far::new(&system, false);
    watch(&watcher, &far.reached_by()).await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let now = system.runtime().now();
    drop(far.watchers());
    rest().await;
    let ends = told.ends.take();
    let [end] = &*ends else { panic!("{ends:?}") };
    assert_eq!((end.id, &*end.name, end.how, end.at), (ELSEWHERE, "far", How::Presumed, now));
    assert!(matches!(end.why, StopReason::Lost) && end.why.is_failure());
    ended_without_unwatch(&watcher, &far).await;
}

/// It does not override `watch`.
struct Blind(Runtime);
impl Endpoint for Blind {
    fn id(&self) -> ActorId {
        ELSEWHERE
    }
    fn name(&self) -> &str {
        "blind"
    }
    fn deliver(&self, _: &mut Outbound<'_>) -> Result<(), Refused> {
        Err(Refused::Stopped)
    }
    fn is_alive(&self) -> bool {
        true
    }
    fn runtime(&self) -> &Runtime {
        &self.0
    }
}

#[conformance]
async fn an_endpoint_that_cannot_watch_says_so_at_once() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let blind = Arc::new(Blind(system.runtime().clone())) as Arc<dyn Endpoint>;
    watch(&watcher, &ActorRef::<Journal<Listed>>::from_endpoint(blind)).await;
    rest().await;
    assert_eq!(told.ends.take().iter().map(|it| it.how).collect::<Vec<_>>(), [How::Presumed]);
}

#[conformance]
async fn an_endpoint_may_tell_while_it_is_asked_to_watch() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    watch(&watcher, &Far::with(&system, false, true).reached_by()).await;
    rest().await;
    assert_eq!(told.log.take(), ["far: ended by itself"]);
}

#[conformance]
async fn an_endpoint_hears_of_each_watch_that_is_taken_back() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let far = Far::new(&system, false);
    watch(&watcher, &far.reached_by()).await;
    within(&watcher, |cx| {
        cx.unwatch(ELSEWHERE);
        cx.unwatch(ELSEWHERE);
    })
    .await;
    assert_eq!(far.unwatched.take(), [(watcher.id(), ELSEWHERE)]);
    assert!(far.watchers().is_empty());
    rest().await;
    assert!(told.ends.take().is_empty(), "a watch that was taken back presumes nothing");
}

#[conformance]
async fn an_endpoint_hears_of_the_end_of_a_watcher_and_not_of_its_restart() {
    let system = stage::system("test");
    let (told, far) = (Told::default(), Far::new(&system, false));
    let theirs = told.clone();
    let make = move || Watchman::<Listed>::new(&theirs);
    let watcher = system.supervise(make, ChildSpec::permanent());
    watch(&watcher, &far.reached_by()).await;
    watcher.try_tell(Boom("torn")).unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(watcher.is_alive() && far.unwatched.all().is_empty());
    system.children().remove(watcher.id()).unwrap();
    ended(&watcher).await;
    assert_eq!(far.unwatched.take(), [(watcher.id(), ELSEWHERE)]);
    drop(far.watchers());
    assert!(told.ends.take().is_empty());
}

/// The far side comes to it only when the actor watches anew.
#[conformance]
async fn a_watch_that_was_taken_back_says_nothing_about_a_later_one() {
    let system = stage::system("test");
    let (watcher, told) = watchman::<Listed>(&system);
    let far = Far::new(&system, true);
    watch(&watcher, &far.reached_by()).await;
    within(&watcher, |cx| cx.unwatch(ELSEWHERE)).await;
    watch(&watcher, &far.reached_by()).await;
    let mut watchers = far.watchers();
    assert_eq!(watchers.len(), 2);
    drop(watchers.remove(0));
    rest().await;
    assert!(told.ends.take().is_empty(), "nobody asked that one any more");
    watchers.remove(0).tell(StopReason::Killed, How::Seen, Instant::ORIGIN);
    rest().await;
    assert_eq!(told.log.take(), ["far: killed"]);
}

#[conformance]
async fn a_link_does_not_reach_elsewhere() {
    let system = stage::system("test");
    let (actor, told) = watchman::<Listed>(&system);
    let far = Far::new(&system, false).reached_by();
    within(&actor, move |cx| {
        cx.trap_links();
        cx.link(&far);
        cx.unlink(&far);
    })
    .await;
    rest().await;
    assert!(actor.is_alive() && told.ends.take().is_empty());
}
