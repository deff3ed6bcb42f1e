//! What errors say and answer: C-24.

use std::{error::Error, time::Duration};

use ghostlight::{
    AskError, Capacity, DeadReason, Delivery, Failure, MailboxOptions, Overflow, Refused,
    SpawnOptions, StopReason, TellError,
};

use crate::{
    stage::{self, conformance},
    support::{Add, Boom, Journal, Listed, Log, Note, Path, Slow, park},
};

/// Text, whether it may have run, whether asking again can help, whether the message is back.
type Said = (String, Delivery, bool, bool);

fn ask_said<M>(error: AskError<M>) -> Said {
    let (text, delivery, again) = (error.to_string(), error.delivery(), error.is_retryable());
    (text, delivery, again, error.into_message().is_some())
}

fn tell_said<M>(error: TellError<M>) -> Said {
    let (text, delivery, again) = (error.to_string(), error.delivery(), error.is_retryable());
    (text, delivery, again, error.into_message().is_some())
}

#[track_caller]
fn check(said: Said, text: &str, delivery: Delivery, is_retryable: bool, has_message: bool) {
    let (said, rest) = (said.0, (said.1, said.2, said.3));
    assert_eq!(said, text);
    assert_eq!(rest, (delivery, is_retryable, has_message), "{text}");
    let first = text.chars().next().unwrap();
    assert!(first.is_lowercase() && !text.ends_with('.'), "{text:?}");
}

#[conformance]
async fn errors_have_a_lowercase_text_and_answer_whether_they_may_be_retried() {
    use Delivery::{Never, Unknown};
    let system = stage::system("test");
    let full = |mailbox: fn(Capacity) -> MailboxOptions| {
        let options = SpawnOptions::default().mailbox(mailbox(Capacity::of::<1>()));
        system.spawn_with(Journal::<Listed>::new(&Log::default()), options)
    };
    let soon = Duration::from_millis(10);

    let waits = full(MailboxOptions::wait);
    let gate = park(&waits).await;
    waits.try_tell(Note(1)).unwrap();
    check(tell_said(waits.try_tell(Note(2)).unwrap_err()), "mailbox full", Never, true, true);
    let error = waits.tell(Note(2)).within(soon).await.unwrap_err();
    check(tell_said(error), "no room in the mailbox before the deadline", Never, true, true);
    let error = waits.ask(Add(2)).within(soon).await.unwrap_err();
    check(ask_said(error), "deadline passed before the request began", Never, true, true);
    gate.open();

    let rejects = full(MailboxOptions::reject);
    let gate = park(&rejects).await;
    rejects.try_tell(Note(1)).unwrap();
    let error = rejects.ask(Add(2)).await.unwrap_err();
    check(ask_said(error), "mailbox full", Never, true, true);
    gate.open();

    let sheds = full(MailboxOptions::drop_newest);
    let gate = park(&sheds).await;
    sheds.try_tell(Note(1)).unwrap();
    let error = sheds.ask(Add(2)).await.unwrap_err();
    check(ask_said(error), "shed by a full mailbox that drops the newest", Never, true, true);
    gate.open();

    let fails = system.spawn(Journal::<Listed>::new(&Log::default()));
    let error = fails.ask(Slow(500)).within(soon).await.unwrap_err();
    check(ask_said(error), "deadline passed while the request was running", Unknown, false, false);
    let error = fails.ask(Boom("oops")).await.unwrap_err();
    check(ask_said(error), "the handler failed: oops", Unknown, false, false);
    fails.kill();
    let error = fails.tell(Note(2)).await.unwrap_err();
    check(tell_said(error), "the actor has stopped", Never, false, true);
    for path in Path::BOTH {
        let error = path.ask(&fails, Add(2)).await.unwrap_err();
        check(ask_said(error), "the actor has stopped", Never, false, true);
    }
    let (text, lost) = ("the actor ended while the request was running", AskError::<Add>::Lost);
    check(ask_said(lost), text, Unknown, false, false);
    let (text, none) = ("the reply was put off and then dropped", AskError::<Add>::NoReply);
    check(ask_said(none), text, Unknown, false, false);
}

#[test]
fn reasons_and_refusals_have_a_lowercase_text() {
    let failure = || Failure::recoverable("no disk");
    let texts = [
        Refused::Shed(Overflow::DropOldest).to_string(),
        Refused::Rejected { by: "guard", reason: "too late" }.to_string(),
        StopReason::Normal.to_string(),
        StopReason::Stopped(Some("closing".into())).to_string(),
        StopReason::SystemShutdown.to_string(),
        StopReason::Killed.to_string(),
        StopReason::Failed(failure()).to_string(),
        StopReason::StartFailed(failure()).to_string(),
        StopReason::Lost.to_string(),
        DeadReason::Stopped.to_string(),
        DeadReason::Overflow(Overflow::DropNewest).to_string(),
        DeadReason::Withdrawn.to_string(),
    ];
    for text in texts {
        assert!(text.chars().all(|it| !it.is_uppercase()) && !text.ends_with('.'), "{text:?}");
    }
    assert!(!Refused::Rejected { by: "guard", reason: "no" }.is_retryable());
}

#[derive(Debug)]
struct Outer(std::io::Error);
impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("journal not written")
    }
}
impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_failure_keeps_the_chain_of_its_causes() {
    let failure: Failure = Outer(std::io::Error::other("disk gone")).into();
    let error = AskError::<Add>::Failed(failure.clone());
    let outer = error.source().expect("the error that the handler returned");
    assert_eq!(outer.to_string(), "journal not written");
    assert_eq!(outer.source().expect("its own cause").to_string(), "disk gone");
    assert!(matches!(failure, Failure::Recoverable(_)) && !failure.cause().is_panic());
    assert!(failure.cause().error().is_some_and(|it| it.is::<Outer>()), "readable by type");
}

#[test]
fn debug_needs_no_debug_of_the_message() {
    struct Secret;
    impl ghostlight::Message for Secret {
        type Reply = ();
    }
    let error = TellError::Refused { why: Refused::Full, message: Some(Secret) };
    assert_eq!(format!("{error:?}"), "Refused(Full)");
    let error = AskError::Deadline { message: Some(Secret) };
    assert_eq!(format!("{error:?}"), "Deadline { begun: false }");
}
