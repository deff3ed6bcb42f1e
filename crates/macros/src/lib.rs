//! Shorthands that expand to code you could have typed.
//!
//! No macro here makes a name that you call. What each writes stands in its documentation, and the
//! golden files in this crate's tests hold it to that.

#![forbid(unsafe_code)]

mod actor;
mod handlers;
mod message;
mod test;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Implements `Message`.
///
/// ```ignore
/// #[derive(Message)]
/// #[message(reply = Result<i64, Overdrawn>, wire = "bank.withdraw.v1", deadline_ms = 500)]
/// struct Withdraw { cents: i64 }
/// ```
///
/// writes
///
/// ```ignore
/// impl ::ghostlight::Message for Withdraw {
///     type Reply = Result<i64, Overdrawn>;
///     const WIRE: Option<WireName> = Some(WireName::new("bank.withdraw", 1));
///     const DEADLINE: Option<Duration> = Some(Duration::from_millis(500));
///     fn is_error(reply: &Self::Reply) -> bool { reply.is_err() }
/// }
/// ```
///
/// | option | says | default |
/// |---|---|---|
/// | `reply = T` | what the handler answers | `()` |
/// | `wire = "name.vN"` | its name on a wire | none: it stays in this process |
/// | `deadline_ms = N` | how long an ask waits where the call does not say | the actor's |
///
/// `is_error` is written where the reply is spelled as a `Result`.
#[proc_macro_derive(Message, attributes(message))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    message::expand(&parse_macro_input!(input))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Implements `Actor`, for one without hooks.
///
/// ```ignore
/// #[derive(Actor)]
/// #[actor(handles(Withdraw), reads(Balance))]
/// struct Account { cents: i64 }
/// ```
///
/// writes
///
/// ```ignore
/// impl ::ghostlight::Actor for Account {
///     type Protocol = (Withdraw, Balance);
/// }
/// ```
///
/// with each entry spelled so that its size decides, when compiling, between `Withdraw` and
/// `Boxed<Withdraw>` (for messages of more than five words), and with a check that each message under
/// `reads` has a `ReadHandler`. What an actor handles without listing it works the same through a
/// box, at two allocations a message.
///
/// The messages must be as visible as the actor: a `pub` actor cannot list a private message, and
/// either makes it `pub` or leaves it out.
#[proc_macro_derive(Actor, attributes(actor))]
pub fn derive_actor(input: TokenStream) -> TokenStream {
    actor::expand(&parse_macro_input!(input)).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes each method of an `impl` block a handler, and the block's type an actor.
///
/// ```ignore
/// #[handlers]
/// impl Account {
///     async fn withdraw(&mut self, ask: Withdraw, cx: &mut Context<'_, Self>) -> Result<i64, Overdrawn> { .. }
///     fn balance(&self, _: Balance) -> i64 { self.cents }
/// }
/// ```
///
/// leaves the block as it is and writes
///
/// ```ignore
/// impl ::ghostlight::Actor for Account {
///     type Protocol = (Withdraw, Balance);
/// }
/// impl ::ghostlight::Handler<Withdraw> for Account {
///     async fn handle(&mut self, message: Withdraw, cx: &mut Context<'_, Self>) -> Result<i64, Overdrawn> {
///         self.withdraw(message, cx).await
///     }
/// }
/// impl ::ghostlight::ReadHandler<Balance> for Account {
///     async fn read(&self, message: Balance, cx: &ReadContext<'_, Self>) -> i64 {
///         self.balance(message)
///     }
/// }
/// ```
///
/// A method takes `&mut self` or `&self`, the message, and the context if it wants it; `&self` makes
/// a read handler. It may be `async` or not. Methods named `started` and `stopped` become the hooks.
/// Everything in the block is a handler or a hook; helpers go into another block.
#[proc_macro_attribute]
pub fn handlers(arguments: TokenStream, block: TokenStream) -> TokenStream {
    handlers::expand(&arguments.into(), parse_macro_input!(block))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a function a test that is run in many worlds, one for each seed.
///
/// ```ignore
/// #[ghostlight::test(seeds = 200)]
/// async fn nothing_is_lost(world: &World) { .. }
/// ```
///
/// writes
///
/// ```ignore
/// #[::core::prelude::v1::test]
/// fn nothing_is_lost() {
///     async fn nothing_is_lost(world: &World) { .. }
///     ::ghostlight::testkit::Explorer::seeds(200).run(|world| world.block_on(nothing_is_lost(world)));
/// }
/// ```
///
/// | option | says | default |
/// |---|---|---|
/// | `seeds = N` | in how many worlds | 100 |
/// | `strategy = S` | how each of them chooses the next task | by turns at random and by priorities |
/// | `once` | that no seed is run a second time, to see whether it replays | each is |
///
/// The function takes the world, and may be `async` or not.
#[proc_macro_attribute]
pub fn test(options: TokenStream, function: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as test::Options);
    test::expand(&options, parse_macro_input!(function))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
