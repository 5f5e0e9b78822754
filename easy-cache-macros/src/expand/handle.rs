//! The handle: the call with all its arguments, not yet made. The user's body is here, and only here.

use super::names::{self, Names, invented};
use super::{attributes, key, meta, parts, policy};
use crate::validate::Cached;
use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::spanned::Spanned;

/// `users_cache`. What follows from the arguments is computed before they move into the body.
pub(crate) fn handle(cached: &Cached, names: &Names) -> TokenStream {
    let (at, item) = (names.at, &cached.function.item);
    let (attributes, visibility) = (attributes::of_handle(cached), names::visibility(cached));
    let (name, generics) = (&names.handle, &item.sig.generics);
    let (parameters, clause, output) = (parameters(cached, names), &generics.where_clause, output(cached));
    let statements = statements(cached, names, &key::call_key(cached, names));
    let doc = format!("A call of `{}` that has not been made: make it, make it anew, or drop its entry.", names.text);
    quote_spanned! {at=>
        #attributes
        #[doc = #doc]
        #[allow(dead_code, reason = "written by a macro")]
        #visibility fn #name #generics(#parameters) -> #output #clause {
            #statements
        }
    }
}

/// The handle as a value, of which the last expression is.
pub(crate) fn statements(cached: &Cached, names: &Names, keyed: &TokenStream) -> TokenStream {
    let (at, bypass) = (names.at, names::bypass(cached, names));
    let meta = meta::is_asked_by_policy(cached).then(|| meta::for_policy(cached, names));
    let (policy, bound) = (policy::policy(cached, names), parts::bound(cached, names));
    quote_spanned! {at=>
        let keyed = #keyed;
        let bypass = #bypass;
        #meta
        let policy = #policy;
        #bound
    }
}

fn parameters(cached: &Cached, names: &Names) -> TokenStream {
    let at = names.at;
    let receiver = cached.function.receiver.iter();
    let typed = cached.function.arguments.iter().map(|argument| {
        let (name, ty) = (&argument.name, &argument.ty);
        match argument.is_named() {
            true => {
                let pattern = &argument.pattern;
                quote_spanned!(at=> #pattern: #ty)
            }
            false => quote_spanned!(at=> #name: #ty),
        }
    });
    quote_spanned!(at=> #(#receiver,)* #(#typed),*)
}

/// The `impl` has the span of this macro, whose edition is 2024: it captures every lifetime, in older crates too.
fn output(cached: &Cached) -> TokenStream {
    let result = &cached.result;
    let at = invented(result.span());
    let tagged = cached.options.tags().next().map(|_| quote_spanned!(at=> + ::easy_cache_core::__macro::Tagged));
    let prefixed = cached.options.prefix.as_ref().map(|_| quote_spanned!(at=> + ::easy_cache_core::__macro::Prefixed));
    let sent =
        cached.options.detach.as_ref().map(|_| quote_spanned!(at=> + ::easy_cache_core::__macro::Send + 'static));
    let cloned = sent.as_ref().map(|sent| quote_spanned!(at=> + ::easy_cache_core::__macro::Clone #sent));
    let load = parts::load_type(cached);
    let body = match cached.function.item.sig.asyncness {
        Some(_) => quote_spanned!(at=> ::easy_cache_core::__macro::Future<Output = #result>),
        None => quote_spanned!(at=> ::easy_cache_core::__macro::FnOnce() -> #result),
    };
    quote_spanned! {at=>
        ::easy_cache_core::__macro::Bound<
            #result,
            impl ::easy_cache_core::__macro::Plan<#result> #tagged #prefixed #cloned,
            #load<impl #body #sent>,
        >
    }
}
