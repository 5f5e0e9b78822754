//! The function itself: a look into the cache, and on a miss the handle.

use super::names::{self, Names, sibling, this};
use super::{attributes, generics, key};
use crate::validate::Cached;
use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{FnArg, Pat, PatIdent, Signature};

/// The function with its signature and attributes, and another body.
///
/// The key is built and dropped inside one expression, so that no buffer is part of the future. The handle is boxed as
/// what it is, not as a trait object: a recursive function would otherwise have to prove that it is `Send`.
pub(crate) fn wrapper(cached: &Cached, names: &Names) -> TokenStream {
    let item = &cached.function.item;
    let (at, visibility) = (names.at, &item.vis);
    let attributes = attributes::of_wrapper(cached);
    let signature = signature(cached);
    let key = names.local("key");
    let write_key = key::call_key_buf(cached, names, &key);
    let (cache, bypass) = (names::cache(cached, names), names::bypass(cached, names));
    let hit = names::of_result(cached, "hit", &quote_spanned!(at=> #cache, &#key));
    let miss = run(cached, &call_handle(cached, names), names);
    quote_spanned! {at=>
        #attributes
        #visibility #signature {
            if let ::easy_cache_core::__macro::Option::Some(found) = {
                if #bypass {
                    ::easy_cache_core::__macro::Option::None
                } else {
                    let mut #key = ::easy_cache_core::__macro::KeyBuf::new();
                    #write_key;
                    #hit
                }
            } {
                return found;
            }
            #miss
        }
    }
}

fn call_handle(cached: &Cached, names: &Names) -> TokenStream {
    let (at, this) = (names.at, this(cached));
    let handle = sibling(cached, &names.handle);
    let turbofish = generics::turbofish(&cached.function.item.sig.generics);
    let arguments = cached.function.arguments.iter().map(|argument| &argument.name);
    quote_spanned!(at=> #handle #turbofish(#this #(#arguments),*).get())
}

/// Runs a handle's `get()`.
pub(crate) fn run(cached: &Cached, get: &TokenStream, names: &Names) -> TokenStream {
    let at = names.at;
    match cached.function.item.sig.asyncness {
        Some(_) => quote_spanned!(at=> ::easy_cache_core::__macro::Box::pin(#get).await),
        None => get.clone(),
    }
}

/// The signature without patterns and `mut`: these are the body's business, which is elsewhere.
fn signature(cached: &Cached) -> Signature {
    let mut signature = without_patterns(cached);
    for input in &mut signature.inputs {
        match input {
            FnArg::Typed(typed) => {
                if let Pat::Ident(named) = &mut *typed.pat {
                    named.mutability = None;
                }
            }
            FnArg::Receiver(receiver) if receiver.reference.is_none() => receiver.mutability = None,
            FnArg::Receiver(_) => {}
        }
    }
    signature
}

/// The signature with a name for each argument that is taken apart.
pub(crate) fn without_patterns(cached: &Cached) -> Signature {
    let mut signature = cached.function.item.sig.clone();
    let typed = signature.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    });
    for (typed, argument) in typed.zip(&cached.function.arguments) {
        if !argument.is_named() {
            let ident = argument.name.clone();
            *typed.pat =
                Pat::Ident(PatIdent { attrs: Vec::new(), by_ref: None, mutability: None, ident, subpat: None });
        }
    }
    signature
}
