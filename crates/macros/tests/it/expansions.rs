//! What each macro writes, printed as one would type it.

use expect_test::{Expect, expect};
use proc_macro2::TokenStream;

#[track_caller]
fn check(expansion: syn::Result<TokenStream>, expected: &Expect) {
    let printed = match expansion {
        Ok(tokens) => prettyplease::unparse(&syn::parse2(tokens).unwrap()),
        Err(error) => format!("error: {error}\n"),
    };
    expected.assert_eq(&printed);
}

#[track_caller]
fn message(code: &str, expected: &Expect) {
    check(crate::message::expand(&syn::parse_str(code).unwrap()), expected);
}

#[track_caller]
fn actor(code: &str, expected: &Expect) {
    check(crate::actor::expand(&syn::parse_str(code).unwrap()), expected);
}

#[track_caller]
fn handlers(code: &str, expected: &Expect) {
    let block = syn::parse_str(code).unwrap();
    check(crate::handlers::expand(&TokenStream::new(), block), expected);
}

#[test]
fn a_message_answers_nothing_unless_it_says_so() {
    message(
        "struct Ping;",
        &expect![[r#"
        impl ::ghostlight::Message for Ping {
            type Reply = ();
        }
    "#]],
    );
}

#[test]
fn a_message_says_what_it_answers_its_name_and_its_patience() {
    message(
        r#"
        #[message(reply = Result<i64, Overdrawn>, wire = "bank.withdraw.v3", deadline_ms = 500)]
        struct Withdraw { cents: i64 }
        "#,
        &expect![[r#"
            impl ::ghostlight::Message for Withdraw {
                type Reply = Result<i64, Overdrawn>;
                const WIRE: ::core::option::Option<::ghostlight::WireName> = ::core::option::Option::Some(
                    ::ghostlight::WireName::new("bank.withdraw", 3u16),
                );
                const DEADLINE: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
                    ::core::time::Duration::from_millis(500),
                );
                fn is_error(reply: &Self::Reply) -> bool {
                    reply.is_err()
                }
            }
        "#]],
    );
}

#[test]
fn a_generic_message_can_be_sent_if_its_parts_can() {
    message(
        "#[message(reply = T)] struct Get<T: Clone>(T);",
        &expect![[r#"
        impl<T: Clone + ::core::marker::Send + 'static> ::ghostlight::Message for Get<T> {
            type Reply = T;
        }
    "#]],
    );
}

#[test]
fn a_wire_name_without_a_version_is_the_first() {
    message(
        r#"#[message(wire = "bank.close")] struct Close;"#,
        &expect![[r#"
        impl ::ghostlight::Message for Close {
            type Reply = ();
            const WIRE: ::core::option::Option<::ghostlight::WireName> = ::core::option::Option::Some(
                ::ghostlight::WireName::new("bank.close", 1u16),
            );
        }
    "#]],
    );
}

#[test]
fn a_wire_name_is_plain() {
    message(
        r#"#[message(wire = "bank/close")] struct Close;"#,
        &expect![[r#"
        error: a wire name is letters, digits, `.`, `-` and `_`, as in "bank.balance.v1"
    "#]],
    );
    message(
        r#"#[message(wire = "bank.close.v70000")] struct Close;"#,
        &expect![[r#"
        error: a version is a number up to 65535
    "#]],
    );
}

#[test]
fn an_actor_lists_what_it_handles_and_reads() {
    actor(
        "#[actor(handles(Withdraw), reads(Balance))] struct Account { cents: i64 }",
        &expect![[r#"
            impl ::ghostlight::Actor for Account {
                type Protocol = (
                    <::ghostlight::derived::Fit<
                        { ::core::mem::size_of::<Withdraw>() > 5 * ::core::mem::size_of::<usize>() },
                    > as ::ghostlight::derived::Choose>::Of<Withdraw>,
                    <::ghostlight::derived::Fit<
                        { ::core::mem::size_of::<Balance>() > 5 * ::core::mem::size_of::<usize>() },
                    > as ::ghostlight::derived::Choose>::Of<Balance>,
                );
            }
            const _: fn() = || {
                fn is_read<A: ::ghostlight::ReadHandler<Balance>>() {}
                is_read::<Account>();
            };
        "#]],
    );
}

#[test]
fn an_actor_may_list_nothing() {
    actor(
        "struct Idle;",
        &expect![[r#"
        impl ::ghostlight::Actor for Idle {
            type Protocol = ();
        }
    "#]],
    );
}

#[test]
fn a_generic_actor_boxes_nothing_by_itself() {
    actor(
        "#[actor(handles(Put<T>))] struct Shelf<T>(Vec<T>);",
        &expect![[r#"
        impl<T: ::core::marker::Send + 'static> ::ghostlight::Actor for Shelf<T> {
            type Protocol = (Put<T>,);
        }
    "#]],
    );
}

#[test]
fn an_unknown_option_is_answered_with_the_known_ones() {
    actor(
        "#[actor(handle(Ping))] struct Player;",
        &expect![[r#"
        error: an actor has `handles(..)` and `reads(..)`
    "#]],
    );
    message(
        "#[message(replies = u64)] struct Ping;",
        &expect![[r#"
        error: a message has `reply = Type`, `wire = "name.v1"` and `deadline_ms = N`
    "#]],
    );
}

#[test]
fn methods_become_handlers() {
    handlers(
        "
        impl Account {
            async fn withdraw(
                &mut self,
                ask: Withdraw,
                cx: &mut Context<'_, Self>,
            ) -> Result<i64, Overdrawn> {
                todo()
            }

            fn balance(&self, _: Balance) -> i64 {
                self.cents
            }
        }
        ",
        &expect![[r#"
            impl Account {
                async fn withdraw(
                    &mut self,
                    ask: Withdraw,
                    cx: &mut Context<'_, Self>,
                ) -> Result<i64, Overdrawn> {
                    todo()
                }
                fn balance(&self, _: Balance) -> i64 {
                    self.cents
                }
            }
            impl ::ghostlight::Actor for Account {
                type Protocol = (
                    <::ghostlight::derived::Fit<
                        { ::core::mem::size_of::<Withdraw>() > 5 * ::core::mem::size_of::<usize>() },
                    > as ::ghostlight::derived::Choose>::Of<Withdraw>,
                    <::ghostlight::derived::Fit<
                        { ::core::mem::size_of::<Balance>() > 5 * ::core::mem::size_of::<usize>() },
                    > as ::ghostlight::derived::Choose>::Of<Balance>,
                );
            }
            impl ::ghostlight::Handler<Withdraw> for Account {
                async fn handle(
                    &mut self,
                    message: Withdraw,
                    cx: &mut ::ghostlight::Context<'_, Self>,
                ) -> Result<i64, Overdrawn> {
                    _ = &cx;
                    self.withdraw(message, cx).await
                }
            }
            impl ::ghostlight::ReadHandler<Balance> for Account {
                async fn read(
                    &self,
                    message: Balance,
                    cx: &::ghostlight::ReadContext<'_, Self>,
                ) -> i64 {
                    _ = cx;
                    self.balance(message)
                }
            }
        "#]],
    );
}

#[test]
fn a_helper_does_not_stand_among_handlers() {
    handlers(
        "impl Account { fn fee(&self) -> i64 { 1 } }",
        &expect![[r#"
        error: everything in a `#[handlers]` block takes `&mut self` or `&self`, a message, and perhaps the context; move the rest to another `impl` block
    "#]],
    );
}

#[test]
fn started_and_stopped_become_hooks() {
    handlers(
        "
        impl Idle {
            async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
                Ok(())
            }
        }
        ",
        &expect![[r#"
            impl Idle {}
            impl ::ghostlight::Actor for Idle {
                type Protocol = ();
                async fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
                    Ok(())
                }
            }
        "#]],
    );
}

#[track_caller]
fn test(options: &str, code: &str, expected: &Expect) {
    let options = syn::parse_str(options).unwrap();
    check(crate::test::expand(&options, syn::parse_str(code).unwrap()), expected);
}

#[test]
fn a_test_in_worlds_is_a_test_that_explores() {
    test(
        "seeds = 200",
        "/// Why. \n async fn nothing_is_lost(world: &World) { world.note(\"it\"); }",
        &expect![[r#"
            /// Why.
            #[::core::prelude::v1::test]
            fn nothing_is_lost() {
                async fn nothing_is_lost(world: &World) {
                    world.note("it");
                }
                ::ghostlight::testkit::Explorer::seeds(200)
                    .run(|world| world.block_on(nothing_is_lost(world)));
            }
        "#]],
    );
}

#[test]
fn a_test_in_worlds_may_say_how_they_choose() {
    test(
        "seeds = 7, strategy = Strategy::RoundRobin, once",
        "fn it_works(world: &World) {}",
        &expect![[r#"
            #[::core::prelude::v1::test]
            fn it_works() {
                fn it_works(world: &World) {}
                ::ghostlight::testkit::Explorer::seeds(7)
                    .strategy(Strategy::RoundRobin)
                    .once()
                    .run(it_works);
            }
        "#]],
    );
}

#[test]
fn a_test_in_worlds_takes_the_world() {
    test(
        "",
        "fn it_works() {}",
        &expect![[r#"
        error: a test in a world takes the world: `fn it_works(world: &World)`
    "#]],
    );
}
