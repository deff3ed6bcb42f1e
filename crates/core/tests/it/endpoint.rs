//! The seam for networks, used without one: what is elsewhere is reached like what is here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ghostlight::{
    Actor, ActorId, ActorRef, AskError, Context, Endpoint, Failure, Handler, Health, Message,
    Outbound, Refused, ReplyPort, System,
};
use ghostlight_rt::{Instant, Runtime};

use crate::{
    stage::{self, conformance},
    support::{
        Add, ELSEWHERE, Journal, Listed, Log, Note, Path, Slow, assert_conserved, rest, soon,
    },
};

/// What a parcel held, as far as this far side understands it.
enum Arrived {
    Note(Note),
    Add(Add, Option<ReplyPort<u64>>),
}

/// A far side that keeps what arrives, or refuses it.
pub(crate) struct Far {
    runtime: Runtime,
    refuses: Option<Refused>,
    is_alive: AtomicBool,
    arrived: Log<Arrived>,
    labels: Log<(&'static str, Option<String>, Option<Instant>)>,
}

impl Far {
    pub(crate) fn new(system: &System, refuses: Option<Refused>) -> Arc<Self> {
        Arc::new(Self {
            runtime: system.runtime().clone(),
            refuses,
            is_alive: AtomicBool::new(true),
            arrived: Log::default(),
            labels: Log::default(),
        })
    }

    pub(crate) fn reached_by(self: &Arc<Self>) -> ActorRef<Journal<Listed>> {
        ActorRef::from_endpoint(Arc::clone(self) as Arc<dyn Endpoint>)
    }

    fn reply_ports(&self) -> Vec<(u64, ReplyPort<u64>)> {
        let ports = self.arrived.take().into_iter().filter_map(|it| match it {
            Arrived::Add(Add(n), Some(port)) => Some((n, port)),
            Arrived::Add(_, None) | Arrived::Note(_) => None,
        });
        ports.collect()
    }
}

impl Endpoint for Far {
    fn id(&self) -> ActorId {
        ELSEWHERE
    }

    fn name(&self) -> &str {
        "far"
    }

    fn deliver(&self, parcel: &mut Outbound<'_>) -> Result<(), Refused> {
        let wire = parcel.wire().map(|it| it.to_string());
        self.labels.push((parcel.type_name(), wire, parcel.deadline()));
        if let Some(why) = self.refuses {
            return Err(why);
        }
        if let Some(note) = parcel.take::<Note>() {
            self.arrived.push(Arrived::Note(note));
            return Ok(());
        }
        let reply = parcel.take_reply::<Add>();
        match parcel.take::<Add>() {
            Some(add) => self.arrived.push(Arrived::Add(add, reply)),
            None => return Err(Refused::Rejected { by: "far", reason: "not served" }),
        }
        Ok(())
    }

    fn is_alive(&self) -> bool {
        self.is_alive.load(Ordering::Relaxed)
    }

    fn runtime(&self) -> &Runtime {
        &self.runtime
    }
}

#[conformance]
async fn a_tell_goes_through_an_endpoint_in_every_form() {
    let system = stage::system("test");
    let far = Far::new(&system, None);
    let actor = far.reached_by();
    actor.tell(Note(1)).await.unwrap();
    actor.try_tell(Note(2)).unwrap();
    actor.tell(Note(3)).within(Duration::from_secs(1)).await.unwrap();
    actor.recipient().tell(Note(4)).await.unwrap();
    actor.tell(Note(5)).priority(ghostlight::Priority::High).await.unwrap();
    let notes = far.arrived.take().into_iter().map(|it| match it {
        Arrived::Note(Note(n)) => n,
        Arrived::Add(..) => panic!("nothing was asked"),
    });
    assert_eq!(notes.collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

#[conformance]
async fn an_ask_through_an_endpoint_gets_the_reply_that_is_given_later() {
    let system = stage::system("test");
    let far = Far::new(&system, None);
    let actor = far.reached_by();
    for path in Path::BOTH {
        let asker = actor.clone();
        let asked = stage::spawn(async move { path.ask(&asker, Add(20)).await });
        rest().await;
        let mut ports = far.reply_ports();
        let (n, port) = ports.pop().expect("the request has arrived with the right to answer");
        assert!(ports.is_empty() && port.is_awaited(), "{path:?}: once");
        port.send(n + 1);
        assert_eq!(soon("reply", asked).await.unwrap().unwrap(), 21, "{path:?}");
    }
    let recipient = actor.recipient::<Add>();
    let asked = stage::spawn(async move { recipient.ask(Add(1)).await });
    rest().await;
    far.reply_ports().into_iter().for_each(|(n, port)| port.send(n));
    assert_eq!(soon("reply", asked).await.unwrap().unwrap(), 1);
}

#[conformance]
async fn an_endpoint_that_drops_the_right_to_answer_ends_the_ask_at_once() {
    let system = stage::system("test");
    let far = Far::new(&system, None);
    let actor = far.reached_by();
    let asked = stage::spawn(async move { actor.ask(Add(1)).await });
    rest().await;
    drop(far.reply_ports());
    let error = soon("end of the ask", asked).await.unwrap().unwrap_err();
    assert!(matches!(error, AskError::NoReply), "{error:?}");
}

#[conformance]
async fn what_an_endpoint_refuses_goes_back_to_its_sender() {
    let system = stage::system("test");
    for why in [Refused::Full, Refused::Stopped, Refused::Rejected { by: "guard", reason: "no" }] {
        let far = Far::new(&system, Some(why));
        let actor = far.reached_by();
        let error = actor.tell(Note(1)).await.unwrap_err();
        assert_eq!((error.refused(), error.into_message()), (Some(why), Some(Note(1))));
        let error = actor.try_tell(Note(2)).unwrap_err();
        assert_eq!((error.refused(), error.into_message()), (Some(why), Some(Note(2))));
        for path in Path::BOTH {
            let error = soon("refusal", path.ask(&actor, Add(3))).await.unwrap_err();
            assert_eq!((error.refused(), error.into_message()), (Some(why), Some(Add(3))));
        }
    }
}

/// `Slow` and `Add` have replies of one type, and are two messages all the same.
#[conformance]
async fn the_right_to_answer_is_given_out_only_for_the_message_that_was_asked() {
    let system = stage::system("test");
    let far = Far::new(&system, None);
    let error = soon("refusal", far.reached_by().ask(Slow(4))).await.unwrap_err();
    let why = Refused::Rejected { by: "far", reason: "not served" };
    assert_eq!(error.refused(), Some(why), "{error:?}: `take_reply::<Add>` took a reply to `Slow`");
    assert_eq!(error.into_message(), Some(Slow(4)));
}

#[conformance(virtual_time)]
async fn an_ask_through_an_endpoint_ends_at_its_deadline() {
    let system = stage::system("test");
    let far = Far::new(&system, None);
    let actor = far.reached_by();
    for (within, expected) in [(Some(50), 50), (None, 5000)] {
        let begin = system.runtime().now();
        let error = match within {
            Some(ms) => actor.ask(Add(1)).within(Duration::from_millis(ms)).await,
            None => soon("default deadline", actor.ask(Add(1))).await,
        };
        assert!(matches!(error, Err(AskError::Deadline { message: None })), "{error:?}");
        let took = system.runtime().now() - begin;
        let expected = Duration::from_millis(expected);
        assert!((expected..expected + Duration::from_millis(2)).contains(&took), "{took:?}");
    }
    assert!(far.reply_ports().iter().all(|(_, port)| !port.is_awaited()), "the askers have left");
}

#[derive(Debug, Message)]
#[message(wire = "test.named.v3")]
struct Named;
impl Handler<Named> for Journal<Listed> {
    async fn handle(&mut self, _: Named, _: &mut Context<'_, Self>) {}
}

#[conformance]
async fn a_parcel_names_its_type_and_its_name_on_a_wire() {
    let system = stage::system("test");
    let far = Far::new(&system, Some(Refused::Full));
    drop(far.reached_by().try_tell(Note(1)));
    drop(far.reached_by().try_tell(Named));
    let labels = far.labels.take();
    assert!(labels[0].0.ends_with("Note") && labels[0].1.is_none(), "{labels:?}");
    assert_eq!(labels[1].1.as_deref(), Some("test.named.v3"));
}

/// A node far away cannot skip what has expired without knowing when that is.
#[conformance(virtual_time)]
async fn a_parcel_says_when_its_asker_stops_waiting() {
    let system = stage::system("test");
    let far = Far::new(&system, Some(Refused::Full));
    let (now, second) = (system.runtime().now(), Duration::from_secs(1));
    drop(far.reached_by().ask(Add(1)).within(second).await);
    drop(far.reached_by().ask(Add(1)).deadline(now + 2 * second).await);
    let told: Vec<_> = far.labels.take().into_iter().map(|it| it.2).collect();
    assert_eq!(told, [Some(now + second), Some(now + 2 * second)]);
}

#[conformance]
async fn a_ref_to_elsewhere_is_a_ref_like_any_other() {
    let system = stage::system("test");
    let here = system.spawn(Journal::<Listed>::new(&Log::default()));
    let far = Far::new(&system, None);
    let (actor, same) = (far.reached_by(), far.reached_by());
    assert_eq!((actor.id(), actor.name()), (ELSEWHERE, "far"));
    assert_eq!(actor, same);
    assert_ne!(actor, here);
    let recipient = actor.recipient::<Note>();
    assert_eq!(recipient.id(), ELSEWHERE);
    let weak = actor.downgrade();
    assert!(actor.is_alive() && recipient.is_alive() && weak.upgrade().is_some());
    far.is_alive.store(false, Ordering::Relaxed);
    assert!(!actor.is_alive() && !recipient.is_alive() && weak.upgrade().is_none());
}

/// An ask that is passed on to elsewhere is answered from there.
struct Relay(ActorRef<Journal<Listed>>);
impl Actor for Relay {
    type Protocol = (Add,);
}
impl Handler<Add> for Relay {
    async fn handle(&mut self, add: Add, cx: &mut Context<'_, Self>) -> u64 {
        cx.forward(&self.0, add).await
    }
}

#[conformance]
async fn an_ask_is_forwarded_to_elsewhere_and_back() {
    let system = stage::system("test");
    for path in Path::BOTH {
        let far = Far::new(&system, None);
        let relay = system.spawn(Relay(far.reached_by()));
        let asked = stage::spawn(async move { path.ask(&relay, Add(8)).await });
        rest().await;
        far.reply_ports().into_iter().for_each(|(n, port)| port.send(n + 1));
        assert_eq!(soon("reply", asked).await.unwrap().unwrap(), 9, "{path:?}");

        let far = Far::new(&system, Some(Refused::Stopped));
        let relay = system.spawn(Relay(far.reached_by()));
        let error = soon("refusal", path.ask(&relay, Add(8))).await.unwrap_err();
        assert_eq!(error.refused(), Some(Refused::Stopped), "{path:?}: the true error");
    }
    assert_conserved(&system);
}

#[conformance]
async fn of_the_health_of_an_actor_elsewhere_nothing_is_known() {
    let system = stage::system("test");
    let health = Far::new(&system, None).reached_by().health().await;
    assert_eq!(health, Health::degraded("elsewhere: unknown"));
}

/// Sends a note every ten milliseconds.
struct Sender(ActorRef<Journal<Listed>>);
#[derive(Clone, Debug, Message)]
struct Again;
impl Handler<Again> for Journal<Listed> {
    async fn handle(&mut self, _: Again, _: &mut Context<'_, Self>) {}
}
impl Actor for Sender {
    type Protocol = ();

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let brief = Duration::from_millis(10);
        cx.send_after(&self.0, brief, Note(1));
        cx.send_after(&self.0.recipient::<Note>(), brief, Note(2));
        cx.send_every(&self.0, brief, Again);
        Ok(())
    }
}

#[conformance(virtual_time)]
async fn timers_send_through_an_endpoint_and_go_on_when_it_says_no() {
    let system = stage::system("test");
    let far = Far::new(&system, None);
    let sender = system.spawn(Sender(far.reached_by()));
    tokio::time::sleep(Duration::from_millis(35)).await;
    let notes = far.arrived.take().into_iter().filter_map(|it| match it {
        Arrived::Note(Note(n)) => Some(n),
        Arrived::Add(..) => None,
    });
    assert_eq!(notes.collect::<Vec<_>>(), [1, 2]);
    let refused = far.labels.take().into_iter().filter(|it| it.0.ends_with("Again"));
    assert_eq!(refused.count(), 3);
    assert!(sender.is_alive());
}
