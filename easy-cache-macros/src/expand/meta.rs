//! What is known of a call, for the closures that ask for it.

use super::names::{self, Names};
use super::places;
use crate::parse::{Builder, Callback, Home, KeySource};
use crate::validate::Cached;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;

/// Whether a key or a prefix is built from it.
pub(crate) fn is_asked_by_key(cached: &Cached) -> bool {
    cached.options.key_sources().filter_map(KeySource::builder).any(|builder| Builder::meta(builder).is_some())
}

/// Whether tags, a ttl, a weight or a condition are.
pub(crate) fn is_asked_by_policy(cached: &Cached) -> bool {
    cached.options.callbacks().any(|callback| Callback::meta(callback).is_some())
}

/// `let meta = ..;` for a key, where the arguments are in scope. What cannot be written must be skipped: a key that
/// leaves it out by accident would give one call the value of another.
pub(crate) fn for_key(cached: &Cached, names: &Names) -> TokenStream {
    let key = names.local("key");
    let arguments = cached.function.arguments.iter().enumerate();
    let arguments =
        arguments.filter(|(_, argument)| !cached.options.skips(&argument.name)).map(|(position, argument)| {
            let (at, shown) = (names.at, argument.label(position));
            let written = places::write_value(&argument.name.to_token_stream(), argument.ty.span(), &key);
            quote_spanned!(at=> .with(#shown, |#key| { #written true }))
        });
    statement(cached, names, &arguments.collect())
}

/// The same for everything else: what cannot be written is not there.
pub(crate) fn for_policy(cached: &Cached, names: &Names) -> TokenStream {
    let arguments = cached.function.arguments.iter().enumerate().map(|(position, argument)| {
        let (at, shown, name) = (names.at, argument.label(position), &argument.name);
        quote_spanned!(at=> .with(#shown, |text| {
            use ::easy_cache_core::__macro::{ShowDisplay as _, ShowKeyPart as _, ShowNothing as _};
            (&&&::easy_cache_core::__macro::Shown(&#name)).show(text)
        }))
    });
    statement(cached, names, &arguments.collect())
}

fn statement(cached: &Cached, names: &Names, arguments: &TokenStream) -> TokenStream {
    let (at, meta, site) = (names.at, names.local("meta"), names::site(cached, names));
    let name = &names.text;
    let scope = match cached.function.home {
        Home::Module => quote_spanned!(at=> ::easy_cache_core::__macro::Option::None),
        Home::Type | Home::Trait => {
            quote_spanned!(at=> ::easy_cache_core::__macro::Option::Some(::easy_cache_core::__macro::type_name::<Self>()))
        }
    };
    quote_spanned! {at=>
        let #meta = ::easy_cache_core::__macro::Meta::new(#site.path(), #name, #scope) #arguments;
    }
}
