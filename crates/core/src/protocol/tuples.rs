//! Envelopes, answers and turn loops for tuples of up to sixteen messages.

use std::{
    any::{Any, type_name},
    sync::Arc,
};

use super::{Answered, Letter, Parcel, Protocol, Remains, Slot, look_around, serve};
use ghostlight_rt::BoxFuture;

use crate::{
    Actor, Failure, Handler, Message, MessageType, ReadContext,
    ask::{AskCell, Asker, Waiting},
    core::Held,
    here,
    lend::{Host, serve_guest},
    mailbox::Queue,
    reads::{Read, begin_read},
    run::run_errand,
    turn::UNLISTED_TELL,
    waits::WaitId,
};

/// Takes a value out if it is of type `T`: decided when compiling, since both types are known then.
#[inline]
fn take_as<S: 'static, T: 'static>(slot: &mut Option<S>) -> Option<T> {
    (slot as &mut dyn Any).downcast_mut::<Option<T>>().and_then(Option::take)
}

macro_rules! protocol {
    ($module:ident: $($P:ident $asked:ident),*) => {
        #[allow(dead_code, unused_mut, reason = "the empty tuple takes nothing out and numbers nothing")]
        mod $module {
            use super::*;

            /// A message in the queue. Two variants a message, rather than one with an enum in it,
            /// because a tag within a tag costs every message a word.
            pub enum Envelope<A: Actor, $($P: Slot),*> {
                $($P($P), $asked(Arc<AskCell<$P::Message>>),)*
                Unlisted(Box<dyn Parcel<A>>),
            }

            /// By which number each turn goes, for `LastTurn`.
            enum Number {
                $($P, $asked,)*
            }

            /// The reply of a turn, left for the caller that ran it.
            #[derive(Default)]
            pub enum Answer<$($P: Slot),*> {
                #[default]
                Nothing,
                Later(Box<dyn Any + Send>),
                Unlisted(Box<dyn Any + Send>),
                $($P(<$P::Message as Message>::Reply),)*
            }

            impl<A, $($P),*> Protocol<A> for ($($P,)*)
            where
                A: Actor<Protocol = Self> $(+ Handler<$P::Message>)*,
                $($P: Slot,)*
            {
                type Envelope = Envelope<A, $($P),*>;
                type Answer = Answer<$($P),*>;

                fn surface() -> Vec<MessageType> {
                    vec![$(MessageType::new(
                        type_name::<$P::Message>(),
                        <$P::Message as Message>::WIRE,
                        <A as Handler<$P::Message>>::READS.is_some(),
                    )),*]
                }

                #[inline]
                fn tell<M: Message>(message: M, queue: &mut Queue<Self::Envelope>)
                where
                    A: Handler<M>,
                {
                    let mut slot = Some(message);
                    $(if let Some(message) = take_as::<M, $P::Message>(&mut slot) {
                        return queue.push_back(Envelope::$P($P::pack(message)));
                    })*
                    if let Some(message) = slot {
                        queue.push_back(Envelope::Unlisted(Box::new(Letter::Tell(message))));
                    }
                }

                #[inline]
                fn ask<M: Message>(ask: Arc<AskCell<M>>, queue: &mut Queue<Self::Envelope>)
                where
                    A: Handler<M>,
                {
                    let mut slot = Some(ask);
                    $(if let Some(ask) =
                        take_as::<Arc<AskCell<M>>, Arc<AskCell<$P::Message>>>(&mut slot)
                    {
                        return queue.push_back(Envelope::$asked(ask));
                    })*
                    if let Some(ask) = slot {
                        queue.push_back(Envelope::Unlisted(Box::new(Letter::Ask(ask))));
                    }
                }

                fn parcel(parcel: Box<dyn Parcel<A>>) -> Self::Envelope {
                    Envelope::Unlisted(parcel)
                }

                fn message_type(envelope: &Self::Envelope) -> &'static str {
                    match envelope {
                        $(Envelope::$P(_) | Envelope::$asked(_) => type_name::<$P::Message>(),)*
                        Envelope::Unlisted(it) => it.message_type(),
                    }
                }

                fn wait(envelope: &Self::Envelope) -> WaitId {
                    match envelope {
                        $(Envelope::$P(_) => WaitId::NONE,
                        Envelope::$asked(ask) => ask.wait(),)*
                        Envelope::Unlisted(it) => it.wait(),
                    }
                }

                fn is_read(envelope: &Self::Envelope) -> bool {
                    match envelope {
                        $(Envelope::$P(_) | Envelope::$asked(_) => {
                            <A as Handler<$P::Message>>::READS.is_some()
                        })*
                        Envelope::Unlisted(it) => it.is_read(),
                    }
                }

                fn read<'h>(
                    envelope: Self::Envelope,
                    actor: &'h A,
                    cx: ReadContext<'h, A>,
                ) -> Option<Read<'h>> {
                    match envelope {
                        $(Envelope::$P(it) => begin_read(actor, cx, Letter::Tell(it.unpack())),
                        Envelope::$asked(it) => begin_read(actor, cx, Letter::Ask(it)),)*
                        Envelope::Unlisted(it) => it.read(actor, cx),
                    }
                }

                fn lend<'h>(
                    envelope: Self::Envelope,
                    actor: &'h mut A,
                    host: Host<'h, A>,
                ) -> BoxFuture<'h, Option<Failure>> {
                    match envelope {
                        $(Envelope::$P(it) => {
                            Box::pin(serve_guest(actor, host, Letter::Tell(it.unpack())))
                        }
                        Envelope::$asked(it) => {
                            Box::pin(serve_guest(actor, host, Letter::Ask(it)))
                        })*
                        Envelope::Unlisted(it) => it.lend(actor, host),
                    }
                }

                fn remains(envelope: Self::Envelope) -> Box<dyn Remains> {
                    match envelope {
                        $(Envelope::$P(it) => Box::new(Letter::Tell(it.unpack())),
                        Envelope::$asked(it) => Box::new(Letter::Ask(it)),)*
                        Envelope::Unlisted(it) => it.into_remains(),
                    }
                }

                fn leave<M: Message>(reply: M::Reply) -> Self::Answer
                where
                    A: Handler<M>,
                {
                    let mut slot = Some(reply);
                    $(if let Some(reply) =
                        take_as::<M::Reply, <$P::Message as Message>::Reply>(&mut slot)
                    {
                        return Answer::$P(reply);
                    })*
                    Answer::Unlisted(Box::new(slot))
                }

                fn put_off(later: Box<dyn Any + Send>) -> Self::Answer {
                    Answer::Later(later)
                }

                fn collect<M: Message>(answer: Self::Answer) -> Answered<M::Reply>
                where
                    A: Handler<M>,
                {
                    match answer {
                        Answer::Nothing => Answered::Nothing,
                        Answer::Later(later) => Answered::Later(later),
                        Answer::Unlisted(slot) => slot
                            .downcast::<Option<M::Reply>>()
                            .ok()
                            .and_then(|it| *it)
                            .map_or(Answered::Nothing, Answered::Reply),
                        $(Answer::$P(reply) => take_as(&mut Some(reply))
                            .map_or(Answered::Nothing, Answered::Reply),)*
                    }
                }

                async fn turns() {
                    loop {
                        if let Some(mut core) = Held::<A>::take() {
                            if core.errand.is_hook() {
                                run_errand(&mut *core).await;
                            }
                            while let Some(envelope) = core.next() {
                                // Looked at first and taken out then, in the arm that knows its
                                // type: so only the message itself lives through the turn.
                                match envelope {
                                    $(Envelope::$P(_) => {
                                        let Some(Envelope::$P(it)) = core.pop(Number::$P as u8) else {
                                            break;
                                        };
                                        let asker = core.teller();
                                        serve!(core, $P::Message, it.unpack(), asker);
                                    }
                                    Envelope::$asked(_) => {
                                        let Some(Envelope::$asked(ask)) = core.pop(Number::$asked as u8) else {
                                            break;
                                        };
                                        match ask.begin() {
                                            Ok(message) => {
                                                ask.serve();
                                                let asker = Asker::Waiting(Waiting::new(ask));
                                                serve!(core, $P::Message, message, asker);
                                                here::end_turn();
                                            }
                                            Err(skipped) => core.skip(skipped),
                                        }
                                    })*
                                    Envelope::Unlisted(_) => {
                                        let Some(Envelope::Unlisted(it)) = core.pop(UNLISTED_TELL) else {
                                            break;
                                        };
                                        it.open(&mut core).await;
                                        here::end_turn();
                                    }
                                }
                            }
                        }
                        look_around().await;
                    }
                }
            }
        }
    };
}

protocol!(none:);
protocol!(one: P0 A0);
protocol!(two: P0 A0, P1 A1);
protocol!(three: P0 A0, P1 A1, P2 A2);
protocol!(four: P0 A0, P1 A1, P2 A2, P3 A3);
protocol!(five: P0 A0, P1 A1, P2 A2, P3 A3, P4 A4);
protocol!(six: P0 A0, P1 A1, P2 A2, P3 A3, P4 A4, P5 A5);
protocol!(seven: P0 A0, P1 A1, P2 A2, P3 A3, P4 A4, P5 A5, P6 A6);
protocol!(eight: P0 A0, P1 A1, P2 A2, P3 A3, P4 A4, P5 A5, P6 A6, P7 A7);
protocol!(nine: P0 A0, P1 A1, P2 A2, P3 A3, P4 A4, P5 A5, P6 A6, P7 A7, P8 A8);
protocol!(ten: P0 A0, P1 A1, P2 A2, P3 A3, P4 A4, P5 A5, P6 A6, P7 A7, P8 A8, P9 A9);
protocol!(eleven: P0 A0, P1 A1, P2 A2, P3 A3, P4 A4, P5 A5, P6 A6, P7 A7, P8 A8, P9 A9, P10 A10);
protocol!(
    twelve: P0 A0, P1 A1, P2 A2, P3 A3, P4 A4, P5 A5, P6 A6, P7 A7, P8 A8, P9 A9, P10 A10, P11 A11
);
protocol!(
    thirteen: P0 A0, P1 A1, P2 A2, P3 A3, P4 A4, P5 A5, P6 A6, P7 A7, P8 A8, P9 A9, P10 A10,
    P11 A11, P12 A12
);
protocol!(
    fourteen: P0 A0, P1 A1, P2 A2, P3 A3, P4 A4, P5 A5, P6 A6, P7 A7, P8 A8, P9 A9, P10 A10,
    P11 A11, P12 A12, P13 A13
);
protocol!(
    fifteen: P0 A0, P1 A1, P2 A2, P3 A3, P4 A4, P5 A5, P6 A6, P7 A7, P8 A8, P9 A9, P10 A10,
    P11 A11, P12 A12, P13 A13, P14 A14
);
protocol!(
    sixteen: P0 A0, P1 A1, P2 A2, P3 A3, P4 A4, P5 A5, P6 A6, P7 A7, P8 A8, P9 A9, P10 A10,
    P11 A11, P12 A12, P13 A13, P14 A14, P15 A15
);
