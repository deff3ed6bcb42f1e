//! `#[derive(Message)]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{DeriveInput, Error, Generics, LitInt, LitStr, Result, Type, parse_quote};

/// What `#[message(..)]` says.
#[derive(Default)]
struct Options {
    reply: Option<Type>,
    wire: Option<LitStr>,
    deadline_ms: Option<LitInt>,
}

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let options = Options::of(input)?;
    let name = &input.ident;
    let generics = sendable(&input.generics);
    let (impl_generics, types, bounds) = generics.split_for_impl();
    let reply = options.reply.clone().unwrap_or_else(|| parse_quote!(()));
    let wire = options.wire.as_ref().map(wire_name).transpose()?;
    let deadline = options.deadline_ms.map(|ms| {
        quote! {
            const DEADLINE: ::core::option::Option<::core::time::Duration> =
                ::core::option::Option::Some(::core::time::Duration::from_millis(#ms));
        }
    });
    let is_error = is_result(&reply).then(|| {
        quote! {
            fn is_error(reply: &Self::Reply) -> bool {
                reply.is_err()
            }
        }
    });
    Ok(quote! {
        impl #impl_generics ::ghostlight::Message for #name #types #bounds {
            type Reply = #reply;
            #wire
            #deadline
            #is_error
        }
    })
}

impl Options {
    fn of(input: &DeriveInput) -> Result<Self> {
        let mut options = Self::default();
        for attribute in input.attrs.iter().filter(|it| it.path().is_ident("message")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("reply") {
                    options.reply = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("wire") {
                    options.wire = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("deadline_ms") {
                    options.deadline_ms = Some(meta.value()?.parse()?);
                } else {
                    return Err(meta.error(
                        "a message has `reply = Type`, `wire = \"name.v1\"` and `deadline_ms = N`",
                    ));
                }
                Ok(())
            })?;
        }
        Ok(options)
    }
}

/// The generics, with what a message asks of each type parameter.
fn sendable(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::core::marker::Send));
        parameter.bounds.push(parse_quote!('static));
    }
    generics
}

/// `"bank.balance.v2"` as a name and a version; without one it is the first.
fn wire_name(wire: &LitStr) -> Result<TokenStream> {
    let text = wire.value();
    let (name, version) = match text.rsplit_once(".v") {
        Some((name, digits)) if digits.chars().all(|it| it.is_ascii_digit()) => {
            let version: u16 = digits
                .parse()
                .map_err(|_| Error::new(wire.span(), "a version is a number up to 65535"))?;
            (name.to_owned(), version)
        }
        _ => (text, 1),
    };
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_');
    if name.is_empty() || !name.chars().all(is_plain) {
        let hint = "a wire name is letters, digits, `.`, `-` and `_`, as in \"bank.balance.v1\"";
        return Err(Error::new(wire.span(), hint));
    }
    Ok(quote! {
        const WIRE: ::core::option::Option<::ghostlight::WireName> =
            ::core::option::Option::Some(::ghostlight::WireName::new(#name, #version));
    })
}

fn is_result(reply: &Type) -> bool {
    let Type::Path(path) = reply else { return false };
    let last = path.path.segments.last();
    last.is_some_and(|it| it.ident == "Result" && !it.arguments.to_token_stream().is_empty())
}
