//! One attribute, by which a test of the conformance suite runs on several stages.

#![forbid(unsafe_code)]

use std::iter;

use proc_macro::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};

/// Hands a test to the stage of the binary that it is compiled into.
///
/// ```ignore
/// #[conformance(virtual_time)]
/// async fn a_minute_passes() { .. }
/// ```
///
/// writes
///
/// ```ignore
/// crate::stage::on_stage! {
///     [virtual_time]
///     async fn a_minute_passes() { .. }
/// }
/// ```
///
/// | need | the test |
/// |---|---|
/// | none | runs everywhere |
/// | `virtual_time` | would be slow or inexact in real time: not on real threads |
/// | `one_thread` | says what holds where one thread does everything: not on real threads |
/// | `threads` | is about real threads: only in core's own binary, on several |
/// | `no_world = "why"` | cannot run in a world |
/// | `on_async = "why"`, before any other | is about what holds on one backend alone |
#[proc_macro_attribute]
pub fn conformance(needs: TokenStream, test: TokenStream) -> TokenStream {
    let here = Span::call_site();
    let name = |it: &str| TokenTree::from(Ident::new(it, here));
    let colons = || [Spacing::Joint, Spacing::Alone].map(|it| TokenTree::from(Punct::new(':', it)));
    let needs = TokenTree::from(Group::new(Delimiter::Bracket, needs));
    let body = Group::new(Delimiter::Brace, iter::once(needs).chain(test).collect());
    let mut call = vec![name("crate")];
    call.extend(colons());
    call.push(name("stage"));
    call.extend(colons());
    call.push(name("on_stage"));
    call.push(Punct::new('!', Spacing::Alone).into());
    call.push(body.into());
    call.into_iter().collect()
}
