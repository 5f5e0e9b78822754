//! What a call that was not answered takes along: how its value is kept, and the body that computes it.

use super::names::{self, Names, invented};
use super::policy;
use crate::parse::{Argument, Callback, Negative, TagSource, Ttl};
use crate::validate::Cached;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;

/// The parts put together, with the span of the result: what is wrong with its type is then said there, and once.
pub(crate) fn bound(cached: &Cached, names: &Names) -> TokenStream {
    let (plan, load) = (plan(cached, names), load(cached, names));
    let (keyed, policy, bypass) = (names.local("keyed"), names.local("policy"), names.local("bypass"));
    let at = invented(cached.result.span());
    quote_spanned!(at=> ::easy_cache_core::__macro::bound(#keyed, #policy, #plan, #bypass, #load))
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
    let keep = match &cached.options.only_if {
        None => quote_spanned!(at=> |_| true),
        Some(callback) => {
            let (value, decision) = (names.local("value"), applied(callback, names));
            with_meta(quote_spanned!(at=> move |#value| #decision), [callback], names)
        }
    };
    let finish = finish(cached, names);
    let at = invented(result.span());
    let plan = quote_spanned!(at=> ::easy_cache_core::__macro::plan::<#result, _, _, _>(#shape, #keep, #finish));
    match cached.options.lengths.iter().any(|(name, _)| name == "hard_timeout") {
        true => quote_spanned!(at=> ::easy_cache_core::__macro::in_time::<#result, _>(#plan)),
        false => plan,
    }
}

fn finish(cached: &Cached, names: &Names) -> TokenStream {
    let (at, value, policy) = (names.at, names.local("value"), names.local("policy"));
    let callbacks: Vec<_> = cached.options.callbacks().filter(|callback| !callback.leaves_the_value_alone()).collect();
    let tags = cached.options.tags().filter_map(|tag| match tag {
        TagSource::FromValue(callback) if !callback.leaves_the_value_alone() => {
            let tags = applied(callback, names);
            Some(quote_spanned!(at=> #policy.add_tags(#tags);))
        }
        _ => None,
    });
    let ttl = match &cached.options.ttl {
        Some(Ttl::FromValue(callback)) if !callback.leaves_the_value_alone() => {
            let ttl = applied(callback, names);
            Some(quote_spanned!(at=> #policy.set_ttl(#ttl);))
        }
        _ => None,
    };
    let (none, err) = (&cached.options.cache_none, &cached.options.cache_err);
    let none = none.iter().map(|none| negative(none, "is_none", names));
    let err = err.iter().map(|err| negative(err, "is_err", names));
    let all: Vec<_> = tags.chain(ttl).chain(none).chain(err).chain(weight(cached, names)).collect();
    match all.is_empty() {
        true => quote_spanned!(at=> |_, _| {}),
        false => with_meta(quote_spanned!(at=> move |#value, #policy| { #(#all)* }), callbacks, names),
    }
}

/// A ttl for a value that is none. Without one, the question is asked all the same: it says whether the word makes sense.
fn negative(negative: &Negative, question: &str, names: &Names) -> TokenStream {
    let (at, value, policy) = (invented(negative.word.span()), names.local("value"), names.local("policy"));
    let question = Ident::new(question, at);
    let asked = quote_spanned!(at=> ::easy_cache_core::__macro::#question(#value));
    match &negative.ttl {
        None => quote_spanned!(at=> #asked;),
        Some(ttl) => {
            let ttl = policy::length(ttl, names);
            quote_spanned!(at=> if #asked { #policy.set_ttl(#ttl); })
        }
    }
}

/// What is not written anywhere is weighed by its type, as far as that says what it owns.
fn weight(cached: &Cached, names: &Names) -> Option<TokenStream> {
    let (at, value, policy) = (names.at, names.local("value"), names.local("policy"));
    let weight = match &cached.options.weight {
        Some(callback) => applied(callback, names),
        None if cached.options.local => quote_spanned!(at=> {
            use ::easy_cache_core::__macro::{ViaSize as _, ViaWeigh as _};
            (&::easy_cache_core::__macro::Weighed(#value)).in_bytes()
        }),
        None => return None,
    };
    Some(quote_spanned!(at=> ::easy_cache_core::__macro::set_weight(#policy, #weight);))
}

/// A closure that takes a copy of `meta` along, if one of its callbacks asks for it.
fn with_meta<'a>(
    closure: TokenStream,
    callbacks: impl IntoIterator<Item = &'a Callback>,
    names: &Names,
) -> TokenStream {
    if callbacks.into_iter().all(|callback| callback.meta().is_none()) {
        return closure;
    }
    let (at, meta) = (names.at, names.local("meta"));
    quote_spanned!(at=> {
        let #meta = ::easy_cache_core::__macro::Clone::clone(&#meta);
        #closure
    })
}

/// The callback's result for what is named `value`, and for what is named `meta` if it asks for that.
pub(crate) fn applied(callback: &Callback, names: &Names) -> TokenStream {
    let value = names.local("value");
    match callback {
        Callback::Path(path) => quote_spanned!(invented(path.span())=> #path(#value)),
        Callback::Closure(closure) => {
            let (body, known) = (&closure.body, names.local("meta"));
            let at = invented(body.span());
            let pattern = &closure.inputs[0];
            let value = (!callback.leaves_the_value_alone()).then(|| quote_spanned!(at=> let #pattern = #value;));
            let quietly = names::quietly(at);
            let meta = callback.meta().map(|pattern| quote_spanned!(at=> #quietly let #pattern = &#known;));
            quote_spanned!(at=> { #value #meta #body })
        }
    }
}

/// The body. In an async block, a return behind `if false` says the type that `?` and the last expression must have.
fn load(cached: &Cached, names: &Names) -> TokenStream {
    let (at, result) = (names.at, &cached.result);
    let statements = &cached.function.item.block.stmts;
    let patterns = cached.function.arguments.iter().filter_map(|argument| pattern(argument, names));
    let load = load_type(cached);
    match cached.function.item.sig.asyncness {
        Some(_) => quote_spanned! {at=>
            #load(async move {
                if false {
                    return ::easy_cache_core::__macro::never::<#result>();
                }
                #(#patterns)*
                #(#statements)*
            })
        },
        None => quote_spanned! {at=>
            #load(move || -> #result {
                #(#patterns)*
                #(#statements)*
            })
        },
    }
}

/// The kind of body: awaited or called, and whether it may go on without its caller.
pub(crate) fn load_type(cached: &Cached) -> TokenStream {
    let kind = match (&cached.function.item.sig.asyncness, &cached.options.detach) {
        (Some(_), None) => "Later",
        (Some(_), Some(_)) => "Behind",
        (None, None) => "Now",
        (None, Some(_)) => "BehindNow",
    };
    let at = invented(cached.result.span());
    let kind = Ident::new(kind, at);
    quote_spanned!(at=> ::easy_cache_core::__macro::#kind)
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
