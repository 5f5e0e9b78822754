//! An `impl` block with cached methods: each method in its place, and what stands beside the methods either in the same
//! block or, if that implements a trait, in a second one for the type.

use super::{Written, attributes, names};
use crate::parse::{Block, Method, Options};
use crate::validate;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, ImplItem, ItemImpl, Result};

/// Writes the block. A method that is refused stays as it was, with its message before the block.
pub(crate) fn block(options: &Options, mut block: Block) -> Result<TokenStream> {
    let no_handles = block.why_no_handles();
    let mut messages = TokenStream::new();
    let mut beside = TokenStream::new();
    for method in std::mem::take(&mut block.methods) {
        let index = method.index;
        match write(method, options, no_handles.as_ref()) {
            Ok(Written { mut function, siblings }) => {
                match block.item.trait_ {
                    Some(_) => beside.extend(siblings),
                    None => function.extend(siblings),
                }
                block.item.items[index] = ImplItem::Verbatim(function);
            }
            Err(refusal) => messages.extend(refusal.to_compile_error()),
        }
    }
    let beside = (!beside.is_empty()).then(|| around(&block.item, &beside));
    let item = &block.item;
    Ok(quote!(#messages #item #beside))
}

fn write(method: Method, options: &Options, no_handles: Option<&Error>) -> Result<Written> {
    let (own, function) = (method.options?, method.function?);
    let options = own.or(options);
    if let (Some(reason), false) = (no_handles, options.no_handle) {
        return Err(reason.clone());
    }
    Ok(super::expand(&validate::validate(options, function)?))
}

/// The same type with the same parameters.
fn around(item: &ItemImpl, methods: &TokenStream) -> TokenStream {
    let conditions = attributes::conditions(&item.attrs);
    let (generics, _, clause) = item.generics.split_for_impl();
    let ty = item.self_ty.to_token_stream();
    let at = names::invented(item.self_ty.span());
    quote_spanned! {at=>
        #conditions
        #[allow(private_interfaces, private_bounds, unreachable_pub, clippy::multiple_inherent_impl, reason = "written by a macro")]
        impl #generics #ty #clause {
            #methods
        }
    }
}
