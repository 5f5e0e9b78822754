//! The handle: the call with all its arguments, not yet made. The user's body is here, and only here.

use super::names::{self, Names, invented};
use super::{attributes, key, places};
use crate::parse::{Argument, Callback, TagSource, Ttl};
use crate::validate::Cached;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;

/// `users_cache`. What follows from the arguments is computed before they move into the body.
pub(crate) fn handle(cached: &Cached, names: &Names) -> TokenStream {
    let (at, item) = (names.at, &cached.function.item);
    let attributes = attributes::of_handle(cached);
    let (visibility, name, generics) = (&item.vis, &names.handle, &item.sig.generics);
    let (parameters, clause, output) = (parameters(cached, names), &generics.where_clause, output(cached));
    let (keyed, bypass) = (key::call_key(cached, names), names::bypass(cached, names));
    let (policy, bound) = (policy(cached, names), bound(cached, names));
    let doc = format!("A call of `{}` that has not been made: make it, make it anew, or drop its entry.", names.text);
    quote_spanned! {at=>
        #attributes
        #[doc = #doc]
        #[allow(dead_code, reason = "written by a macro")]
        #visibility fn #name #generics(#parameters) -> #output #clause {
            let keyed = #keyed;
            let bypass = #bypass;
            let policy = #policy;
            #bound
        }
    }
}

/// The parts put together, with the span of the result: what is wrong with its type is then said there, and once.
fn bound(cached: &Cached, names: &Names) -> TokenStream {
    let (plan, load) = (plan(cached, names), load(cached, names));
    let (keyed, policy, bypass) =
        (Ident::new("keyed", names.at), Ident::new("policy", names.at), Ident::new("bypass", names.at));
    let at = invented(cached.result.span());
    quote_spanned!(at=> ::easy_cache_core::__macro::bound(#keyed, #policy, #plan, #bypass, #load))
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
    let tagged = (!cached.options.tags.is_empty()).then(|| quote_spanned!(at=> + ::easy_cache_core::__macro::Tagged));
    let prefixed = cached.options.prefix.as_ref().map(|_| quote_spanned!(at=> + ::easy_cache_core::__macro::Prefixed));
    let load = match cached.function.item.sig.asyncness {
        Some(_) => quote_spanned! {at=>
            ::easy_cache_core::__macro::Later<impl ::easy_cache_core::__macro::Future<Output = #result>>
        },
        None => {
            quote_spanned!(at=> ::easy_cache_core::__macro::Now<impl ::easy_cache_core::__macro::FnOnce() -> #result>)
        }
    };
    quote_spanned! {at=>
        ::easy_cache_core::__macro::Bound<
            #result,
            impl ::easy_cache_core::__macro::Plan<#result> #tagged #prefixed,
            #load,
        >
    }
}

/// What is known before the body runs: ttl and tags from the arguments.
fn policy(cached: &Cached, names: &Names) -> TokenStream {
    let at = names.at;
    let ttl = match &cached.options.ttl {
        Some(Ttl::Fixed(ttl)) => {
            let milliseconds = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
            Some(quote_spanned!(at=> .ttl(::easy_cache_core::__macro::Duration::from_millis(#milliseconds))))
        }
        Some(Ttl::FromArguments(ttl)) => Some(quote_spanned! {at=>
            .ttl({
                let ttl: ::easy_cache_core::__macro::Duration = #ttl;
                ttl
            })
        }),
        Some(Ttl::FromValue(_)) | None => None,
    };
    let tags = cached.options.tags.iter().filter_map(|tag| match tag {
        TagSource::FromValue(_) => None,
        TagSource::Template(template) => {
            let tag = Ident::new("tag", at);
            let written = places::write(template, &cached.function, &tag);
            Some(quote_spanned! {at=>
                .tag({
                    let mut buffer = ::easy_cache_core::__macro::KeyBuf::new();
                    let #tag = &mut buffer;
                    #written
                    buffer
                }.as_str())
            })
        }
    });
    quote_spanned!(at=> ::easy_cache_core::__macro::Policy::new() #ttl #(#tags)*)
}

/// What depends on the value. The closures are written out inside ours, for a closure that gives something borrowed
/// from its argument cannot be passed to a function.
fn plan(cached: &Cached, names: &Names) -> TokenStream {
    let (at, result, shape) = (names.at, &cached.result, names::shape(cached));
    let shape = match cached.options.local {
        true => shape,
        false => {
            let at = invented(result.span());
            quote_spanned!(at=> ::easy_cache_core::__macro::portable::<#result, _>(#shape))
        }
    };
    let value = Ident::new("value", at);
    let keep = match &cached.options.only_if {
        None => quote_spanned!(at=> |_| true),
        Some(callback) => {
            let decision = applied(callback, &value);
            quote_spanned!(at=> move |#value| #decision)
        }
    };
    let finish = finish(cached, names, &value);
    let at = invented(result.span());
    quote_spanned!(at=> ::easy_cache_core::__macro::plan::<#result, _, _, _>(#shape, #keep, #finish))
}

fn finish(cached: &Cached, names: &Names, value: &Ident) -> TokenStream {
    let at = names.at;
    let policy = Ident::new("policy", at);
    let tags = cached.options.tags.iter().filter_map(|tag| match tag {
        TagSource::Template(_) => None,
        TagSource::FromValue(callback) => {
            let tags = applied(callback, value);
            Some(quote_spanned!(at=> #policy.add_tags(#tags);))
        }
    });
    let ttl = match &cached.options.ttl {
        Some(Ttl::FromValue(callback)) => {
            let ttl = applied(callback, value);
            Some(quote_spanned!(at=> #policy.set_ttl(#ttl);))
        }
        _ => None,
    };
    let all: Vec<_> = tags.chain(ttl).collect();
    match all.is_empty() {
        true => quote_spanned!(at=> |_, _| {}),
        false => quote_spanned!(at=> move |#value, #policy| { #(#all)* }),
    }
}

/// The callback's result for the value that is named `value`.
fn applied(callback: &Callback, value: &Ident) -> TokenStream {
    match callback {
        Callback::Path(path) => quote_spanned!(invented(path.span())=> #path(#value)),
        Callback::Closure(closure) => {
            let (pattern, body) = (&closure.inputs[0], &closure.body);
            quote_spanned!(invented(closure.body.span())=> { let #pattern = #value; #body })
        }
    }
}

/// The body. In an async block, a return behind `if false` says the type that `?` and the last expression must have.
fn load(cached: &Cached, names: &Names) -> TokenStream {
    let (at, result) = (names.at, &cached.result);
    let statements = &cached.function.item.block.stmts;
    let patterns = cached.function.arguments.iter().filter_map(|argument| pattern(argument, names));
    match cached.function.item.sig.asyncness {
        Some(_) => quote_spanned! {at=>
            ::easy_cache_core::__macro::Later(async move {
                if false {
                    return ::easy_cache_core::__macro::never::<#result>();
                }
                #(#patterns)*
                #(#statements)*
            })
        },
        None => quote_spanned! {at=>
            ::easy_cache_core::__macro::Now(move || -> #result {
                #(#patterns)*
                #(#statements)*
            })
        },
    }
}

/// The parameter's own pattern; nothing if that is a name.
fn pattern(argument: &Argument, names: &Names) -> Option<TokenStream> {
    let (pattern, name) = (&argument.pattern, &argument.name);
    if argument.is_named() {
        return None;
    }
    let at = names.at;
    let pattern = pattern.to_token_stream();
    Some(quote_spanned!(at=> let #pattern = #name;))
}
