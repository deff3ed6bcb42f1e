//! `#[handlers]` on an `impl` block.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{
    Error, FnArg, ImplItem, ImplItemFn, ItemImpl, ReceiverKind, Result, ReturnType, Type,
    parse_quote, spanned::Spanned,
};

use crate::actor::entries;

/// A method that handles a message.
struct Method<'a> {
    function: &'a ImplItemFn,
    message: &'a Type,
    reply: Type,
    takes_context: bool,
    is_read: bool,
}

pub(crate) fn expand(arguments: &TokenStream, mut block: ItemImpl) -> Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(Error::new(arguments.span(), "`#[handlers]` takes no arguments"));
    }
    if let Some((path, _)) = &block.trait_ {
        return Err(Error::new(path.span(), "`#[handlers]` goes on an `impl` of the type itself"));
    }
    let hooks = take_hooks(&mut block);
    let methods = block.items.iter().map(Method::of).collect::<Result<Vec<_>>>()?;
    let (impl_generics, _, bounds) = block.generics.split_for_impl();
    let actor = &block.self_ty;
    let is_generic = !block.generics.params.is_empty();
    let entries = entries(methods.iter().map(|it| it.message), is_generic)?;
    let handlers = methods.iter().map(|it| it.implement(&block));
    Ok(quote! {
        #block
        impl #impl_generics ::ghostlight::Actor for #actor #bounds {
            type Protocol = (#(#entries,)*);
            #(#hooks)*
        }
        #(#handlers)*
    })
}

/// Takes `started` and `stopped` out of the block.
fn take_hooks(block: &mut ItemImpl) -> Vec<ImplItem> {
    let (hooks, rest) = std::mem::take(&mut block.items).into_iter().partition(|item| {
        matches!(item, ImplItem::Fn(it) if it.sig.ident == "started" || it.sig.ident == "stopped")
    });
    block.items = rest;
    hooks
}

impl<'a> Method<'a> {
    fn of(item: &'a ImplItem) -> Result<Self> {
        let hint = "everything in a `#[handlers]` block takes `&mut self` or `&self`, a message, \
                    and perhaps the context; move the rest to another `impl` block";
        let ImplItem::Fn(function) = item else { return Err(Error::new(item.span(), hint)) };
        let mut inputs = function.sig.inputs.iter();
        let (Some(FnArg::Receiver(receiver)), Some(FnArg::Typed(message))) =
            (inputs.next(), inputs.next())
        else {
            return Err(Error::new(function.sig.ident.span(), hint));
        };
        let ReceiverKind::Reference(_, _, mutability) = &receiver.kind else {
            return Err(Error::new(receiver.span(), hint));
        };
        if inputs.len() > 1 {
            return Err(Error::new(function.sig.ident.span(), hint));
        }
        let reply = match &function.sig.output {
            ReturnType::Default => parse_quote!(()),
            ReturnType::Type(_, reply) => (**reply).clone(),
        };
        Ok(Self {
            function,
            message: &message.ty,
            reply,
            takes_context: inputs.next().is_some(),
            is_read: mutability.is_none(),
        })
    }

    fn implement(&self, block: &ItemImpl) -> TokenStream {
        let (impl_generics, _, bounds) = block.generics.split_for_impl();
        let actor = &block.self_ty;
        let Self { function, message, reply, .. } = self;
        let name = &function.sig.ident;
        let context = self.takes_context.then(|| quote! { cx });
        let awaited = function.sig.asyncness.is_some().then(|| quote! { .await });
        let span = function.sig.span();
        if self.is_read {
            return quote_spanned! { span =>
                impl #impl_generics ::ghostlight::ReadHandler<#message> for #actor #bounds {
                    async fn read(
                        &self,
                        message: #message,
                        cx: &::ghostlight::ReadContext<'_, Self>,
                    ) -> #reply {
                        _ = cx;
                        self.#name(message, #context) #awaited
                    }
                }
            };
        }
        quote_spanned! { span =>
            impl #impl_generics ::ghostlight::Handler<#message> for #actor #bounds {
                async fn handle(
                    &mut self,
                    message: #message,
                    cx: &mut ::ghostlight::Context<'_, Self>,
                ) -> #reply {
                    _ = &cx;
                    self.#name(message, #context) #awaited
                }
            }
        }
    }
}
