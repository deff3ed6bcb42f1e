//! `#[derive(Actor)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{
    DeriveInput, Error, Generics, Result, Token, Type, parenthesized, parse_quote,
    punctuated::Punctuated, spanned::Spanned,
};

/// The most messages that a tuple can list.
pub(crate) const MOST: usize = 16;

/// What `#[actor(..)]` says.
#[derive(Default)]
struct Options {
    handles: Vec<Type>,
    reads: Vec<Type>,
}

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Options { handles, reads } = Options::of(input)?;
    let name = &input.ident;
    let generics = sendable(&input.generics);
    let (impl_generics, types, bounds) = generics.split_for_impl();
    let is_generic = !input.generics.params.is_empty();
    // With an actor that lists nothing beside the error, it is the only one.
    let (entries, error) = match entries(handles.iter().chain(&reads), is_generic) {
        Ok(entries) => (entries, None),
        Err(error) => (Vec::new(), Some(error.into_compile_error())),
    };
    let checks = reads.iter().filter(|_| !is_generic).map(|message| {
        quote_spanned! { message.span() =>
            const _: fn() = || {
                fn is_read<A: ::ghostlight::ReadHandler<#message>>() {}
                is_read::<#name>();
            };
        }
    });
    Ok(quote! {
        impl #impl_generics ::ghostlight::Actor for #name #types #bounds {
            type Protocol = (#(#entries,)*);
        }
        #(#checks)*
        #error
    })
}

/// The entries of a protocol, each boxed if it is large.
///
/// Whether it is can only be asked of a type without parameters.
pub(crate) fn entries<'a>(
    messages: impl Iterator<Item = &'a Type>,
    is_generic: bool,
) -> Result<Vec<TokenStream>> {
    let messages: Vec<_> = messages.collect();
    if let Some(extra) = messages.get(MOST) {
        let hint = "a protocol lists at most 16 messages; leave the rarest out, they are handled \
                    all the same, through a box";
        return Err(Error::new(extra.span(), hint));
    }
    Ok(messages
        .iter()
        .map(|message| {
            if is_generic {
                return quote! { #message };
            }
            quote_spanned! { message.span() =>
                <::ghostlight::derived::Fit<
                    { ::core::mem::size_of::<#message>() > 5 * ::core::mem::size_of::<usize>() }
                > as ::ghostlight::derived::Choose>::Of<#message>
            }
        })
        .collect())
}

/// The generics, with what an actor asks of each type parameter.
fn sendable(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::core::marker::Send));
        parameter.bounds.push(parse_quote!('static));
    }
    generics
}

impl Options {
    fn of(input: &DeriveInput) -> Result<Self> {
        let mut options = Self::default();
        for attribute in input.attrs.iter().filter(|it| it.path().is_ident("actor")) {
            attribute.parse_nested_meta(|meta| {
                let list = if meta.path.is_ident("handles") {
                    &mut options.handles
                } else if meta.path.is_ident("reads") {
                    &mut options.reads
                } else {
                    return Err(meta.error("an actor has `handles(..)` and `reads(..)`"));
                };
                let content;
                parenthesized!(content in meta.input);
                list.extend(Punctuated::<Type, Token![,]>::parse_terminated(&content)?);
                Ok(())
            })?;
        }
        Ok(options)
    }
}
