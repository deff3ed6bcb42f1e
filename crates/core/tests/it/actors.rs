//! Actors and what they are sent.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use ghostlight::{
    Actor, ActorRef, Capacity, Context, Handler, MailboxOptions, Message, Mode, ReadContext,
    ReadHandler, SpawnOptions, handlers, surface,
};

use crate::{
    stage::{self, conformance},
    support::{
        Add, Form, Journal, Listed, Log, Note, Path, Plain, Slow, assert_conserved, park, rest,
        soon,
    },
};

async fn two_handlers<F: Form>(path: Path) {
    let system = stage::system("test");
    let log = Log::default();
    let actor = system.spawn(Journal::<F>::new(&log));
    actor.tell(Note(5)).await.unwrap();
    assert_eq!(path.ask(&actor, Slow(3)).await.unwrap(), 3);
    assert_eq!(path.ask(&actor, Add(40)).await.unwrap(), 40);
    assert_eq!(path.ask(&actor, Add(2)).await.unwrap(), 42);
    assert_eq!(log.all(), [5, 3]);
    assert_conserved(&system);
}

#[conformance]
async fn two_handlers_for_two_message_types_answer_on_one_ref() {
    for path in Path::BOTH {
        two_handlers::<Listed>(path).await;
        two_handlers::<Plain>(path).await;
    }
}

#[test]
fn the_surface_is_what_is_listed_and_nothing_else() {
    let names: Vec<_> = surface::<Journal<Listed>>().iter().map(|it| it.type_name).collect();
    assert!(names[0].ends_with("Note") && names[2].ends_with("Add"), "{names:?}");
    assert_eq!(names.len(), 8, "{names:?}");
    assert!(surface::<Journal<Plain>>().is_empty());
}

#[derive(Debug, Message)]
#[message(reply = (u8, String))]
struct Pair;

#[derive(Debug, Message)]
#[message(reply = Result<std::net::IpAddr, std::net::AddrParseError>)]
struct Parse(&'static str);

#[derive(Debug, Message)]
#[message(reply = ActorRef<Replies>)]
struct Introduce;

struct Replies;

#[handlers]
impl Replies {
    fn pair(&mut self, _: Pair) -> (u8, String) {
        (1, "one".to_owned())
    }

    fn parse(&mut self, Parse(text): Parse) -> Result<std::net::IpAddr, std::net::AddrParseError> {
        text.parse()
    }

    fn introduce(&mut self, _: Introduce, cx: &mut Context<'_, Self>) -> ActorRef<Self> {
        cx.me()
    }
}

#[conformance]
async fn a_reply_may_be_a_tuple_a_result_of_foreign_types_or_a_ref() {
    let system = stage::system("test");
    let actor = system.spawn(Replies);
    for path in Path::BOTH {
        assert_eq!(path.ask(&actor, Pair).await.unwrap(), (1, "one".to_owned()));
        assert!(path.ask(&actor, Parse("::1")).await.unwrap().is_ok());
        assert!(path.ask(&actor, Parse("localhost")).await.unwrap().is_err());
        assert_eq!(path.ask(&actor, Introduce).await.unwrap(), actor);
    }
}

/// Notices when two turns overlap.
#[derive(Default)]
struct Alone {
    inside: Arc<AtomicBool>,
    overlaps: Arc<AtomicUsize>,
    turns: usize,
}

#[derive(Debug, Message)]
#[message(reply = usize)]
struct Enter {
    suspends: bool,
}

impl Actor for Alone {
    type Protocol = (Enter,);
}
impl Handler<Enter> for Alone {
    async fn handle(&mut self, message: Enter, _: &mut Context<'_, Self>) -> usize {
        if self.inside.swap(true, Ordering::SeqCst) {
            self.overlaps.fetch_add(1, Ordering::SeqCst);
        }
        if message.suspends {
            stage::yield_now().await;
        }
        self.turns += 1;
        self.inside.store(false, Ordering::SeqCst);
        self.turns
    }
}

#[conformance(threads)]
async fn two_turns_never_overlap_with_asks_and_tells_from_many_threads() {
    const EACH: usize = 3000;
    let system = stage::system("test");
    let alone = Alone::default();
    let overlaps = Arc::clone(&alone.overlaps);
    let actor = system.spawn(alone);
    let senders: Vec<_> = (0..8usize)
        .map(|sender| {
            let actor = actor.clone();
            stage::spawn(async move {
                for i in 0..EACH {
                    let enter = Enter { suspends: (i + sender) % 7 == 0 };
                    match (i + sender) % 3 {
                        0 => actor.tell(enter).await.unwrap(),
                        1 => drop(actor.ask(enter).await.unwrap()),
                        _ => drop(actor.ask(enter).queued().await.unwrap()),
                    }
                }
            })
        })
        .collect();
    for sender in senders {
        soon("sender that is done", sender).await.unwrap();
    }
    let turns = actor.ask(Enter { suspends: false }).queued().await.unwrap();
    assert_eq!(overlaps.load(Ordering::SeqCst), 0, "two turns had the state at once");
    assert_eq!(turns, 8 * EACH + 1, "a turn was lost, or its change was overwritten");
    assert_conserved(&system);
}

struct Labelled(Log<String>);
#[derive(Debug, Message)]
#[message(reply = String)]
struct Name;

impl Actor for Labelled {
    type Protocol = (Name,);

    fn options() -> SpawnOptions {
        SpawnOptions::default().name("by type").mailbox(MailboxOptions::reject(Capacity::of::<2>()))
    }

    fn label() -> &'static str {
        "labelled"
    }
}
impl ReadHandler<Name> for Labelled {
    async fn read(&self, _: Name, cx: &ReadContext<'_, Self>) -> String {
        self.0.push(cx.id().to_string());
        cx.name().to_owned()
    }
}

#[conformance]
async fn two_actors_may_share_a_label_and_never_share_an_id() {
    let system = stage::system("test");
    let log = Log::default();
    let (one, other) = (system.spawn(Labelled(log.clone())), system.spawn(Labelled(log.clone())));
    assert_ne!(one.id(), other.id());
    one.ask(Name).await.unwrap();
    other.ask(Name).await.unwrap();
    assert_eq!(log.all(), [one.id().to_string(), other.id().to_string()]);
    let labels: Vec<_> = system.actors().iter().map(|it| it.label).collect();
    assert_eq!(labels, ["labelled", "labelled"]);
}

#[conformance]
async fn options_at_the_spawn_site_beat_those_of_the_type_which_beat_those_of_the_system() {
    let defaults = stage::defaults()
        .name("by system")
        .mailbox(MailboxOptions::drop_newest(Capacity::of::<7>()));
    let system = stage::system_with("test", |it| it.defaults(defaults));

    let by_site = SpawnOptions::default().name("by site");
    let actor = system.spawn_with(Labelled(Log::default()), by_site);
    assert_eq!(actor.ask(Name).await.unwrap(), "by site");
    let actor = system.spawn(Labelled(Log::default()));
    assert_eq!(actor.ask(Name).await.unwrap(), "by type");
    let actor = system.spawn(Journal::<Listed>::new(&Log::default()));
    assert_eq!(actor.name(), "by system");

    let gate = park(&actor).await;
    (0..9).for_each(|n| actor.try_tell(Note(n)).unwrap());
    assert_eq!(actor.mailbox_len(), 7, "the mailbox is that of the system");
    gate.open();
}

#[derive(Debug, Message)]
#[message(reply = Mode)]
struct WhichMode(Log<Mode>);

struct Modes;
impl Actor for Modes {
    type Protocol = ();
}
impl Handler<WhichMode> for Modes {
    async fn handle(&mut self, WhichMode(log): WhichMode, cx: &mut Context<'_, Self>) -> Mode {
        log.push(cx.mode());
        cx.mode()
    }
}

#[conformance]
async fn the_context_says_whether_a_turn_is_a_tell_or_an_ask() {
    let system = stage::system("test");
    let actor = system.spawn(Modes);
    let log = Log::default();
    for path in Path::BOTH {
        assert_eq!(path.ask(&actor, WhichMode(log.clone())).await.unwrap(), Mode::Ask);
    }
    actor.tell(WhichMode(log.clone())).await.unwrap();
    rest().await;
    assert_eq!(log.all(), [Mode::Ask, Mode::Ask, Mode::Tell]);
}

#[derive(Debug, Message)]
#[message(reply = u64)]
struct Draw;

struct Chance;
impl Actor for Chance {
    type Protocol = (Draw,);
}
impl Handler<Draw> for Chance {
    async fn handle(&mut self, _: Draw, cx: &mut Context<'_, Self>) -> u64 {
        cx.rng().any()
    }
}

#[conformance]
async fn chance_drawn_in_two_turns_is_drawn_twice() {
    let system = stage::system("test");
    let actor = system.spawn(Chance);
    let (one, other) = (actor.ask(Draw).await.unwrap(), actor.ask(Draw).await.unwrap());
    assert_ne!(one, other, "`cx.rng()` starts over in every turn, so jitter would not jitter");
}
