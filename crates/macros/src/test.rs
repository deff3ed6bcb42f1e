//! `#[test]` for a function that is run in many worlds.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Error, Expr, ItemFn, Result, Token,
    parse::{Parse, ParseStream},
    parse_quote,
    spanned::Spanned,
};

/// What stands in the brackets.
pub(crate) struct Options {
    seeds: Expr,
    strategy: Option<Expr>,
    is_once: bool,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self { seeds: parse_quote!(100), strategy: None, is_once: false };
        while !input.is_empty() {
            let name: syn::Ident = input.parse()?;
            match name.to_string().as_str() {
                "once" => options.is_once = true,
                "seeds" => {
                    input.parse::<Token![=]>()?;
                    options.seeds = input.parse()?;
                }
                "strategy" => {
                    input.parse::<Token![=]>()?;
                    options.strategy = Some(input.parse()?);
                }
                _ => return Err(Error::new(name.span(), "one of `seeds`, `strategy`, `once`")),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

pub(crate) fn expand(options: &Options, mut function: ItemFn) -> Result<TokenStream> {
    if function.sig.inputs.len() != 1 {
        let hint = "a test in a world takes the world: `fn it_works(world: &World)`";
        return Err(Error::new(function.sig.span(), hint));
    }
    let Options { seeds, strategy, is_once } = options;
    let attributes = std::mem::take(&mut function.attrs);
    let name = &function.sig.ident;
    let strategy = strategy.as_ref().map(|it| quote!(.strategy(#it)));
    let once = is_once.then(|| quote!(.once()));
    let body = if function.sig.asyncness.is_some() {
        quote!(|world| world.block_on(#name(world)))
    } else {
        quote!(#name)
    };
    Ok(quote! {
        #(#attributes)*
        #[::core::prelude::v1::test]
        fn #name() {
            #function
            ::ghostlight::testkit::Explorer::seeds(#seeds) #strategy #once.run(#body);
        }
    })
}
