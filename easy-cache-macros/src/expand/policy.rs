//! What is known before the body runs: ttl and tags from the arguments, and how the value is to be kept.

use super::names::{Names, invented};
use super::{parts, places};
use crate::parse::{Early, Length, TagSource, Ttl};
use crate::validate::Cached;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;

/// An expression of type `Policy`.
pub(crate) fn policy(cached: &Cached, names: &Names) -> TokenStream {
    let at = names.at;
    let ttl = ttl(cached, names);
    let tags = cached.options.tags().filter_map(|tag| known_tags(tag, cached, names));
    let lengths = cached.options.lengths.iter().map(|(name, length)| {
        let length = self::length(length, names);
        let name = Ident::new(&name.to_string(), invented(name.span()));
        quote_spanned!(name.span()=> .#name(#length))
    });
    let early = cached.options.early_refresh.as_ref().map(|early| {
        let early = early_refresh(early, names);
        quote_spanned!(at=> .early_refresh(#early))
    });
    quote_spanned!(at=> ::easy_cache_core::__macro::Policy::new() #ttl #(#tags)* #(#lengths)* #early)
}

/// A duration, with what is wrong with its type said at its own place.
pub(crate) fn length(length: &Length, names: &Names) -> TokenStream {
    let at = names.at;
    match length {
        Length::Fixed(length) => {
            let milliseconds = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
            quote_spanned!(at=> ::easy_cache_core::__macro::Duration::from_millis(#milliseconds))
        }
        Length::Expression(length) => duration(&length.to_token_stream(), names),
    }
}

fn duration(expression: &TokenStream, names: &Names) -> TokenStream {
    let at = names.at;
    quote_spanned!(at=> {
        let length: ::easy_cache_core::__macro::Duration = #expression;
        length
    })
}

fn ttl(cached: &Cached, names: &Names) -> Option<TokenStream> {
    let at = names.at;
    let ttl = match cached.options.ttl.as_ref()? {
        Ttl::Fixed(ttl) => length(&Length::Fixed(*ttl), names),
        Ttl::FromArguments(ttl) => duration(&ttl.to_token_stream(), names),
        Ttl::FromValue(callback) if callback.leaves_the_value_alone() => {
            duration(&parts::applied(callback, names), names)
        }
        Ttl::FromValue(_) => return None,
    };
    Some(quote_spanned!(at=> .ttl(#ttl)))
}

fn known_tags(tag: &TagSource, cached: &Cached, names: &Names) -> Option<TokenStream> {
    let at = names.at;
    match tag {
        TagSource::FromValue(callback) if callback.leaves_the_value_alone() => {
            let tags = parts::applied(callback, names);
            Some(quote_spanned!(at=> .tags(#tags)))
        }
        TagSource::FromValue(_) => None,
        TagSource::Template(template) => {
            if let Some(text) = template.text() {
                return Some(quote_spanned! {at=>
                    .tag({
                        static TAG: ::easy_cache_core::__macro::FixedTag = ::easy_cache_core::__macro::FixedTag::new(#text);
                        &TAG
                    })
                });
            }
            let tag = names.local("tag");
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
    }
}

fn early_refresh(early: &Early, names: &Names) -> TokenStream {
    let at = names.at;
    match early {
        Early::After(part) => quote_spanned!(at=> ::easy_cache_core::__macro::EarlyRefresh::after(#part)),
        Early::XFetch => quote_spanned!(at=> ::easy_cache_core::__macro::EarlyRefresh::xfetch(1.0)),
        Early::Expression(early) => {
            let at = invented(early.span());
            quote_spanned!(at=> {
                let early: ::easy_cache_core::__macro::EarlyRefresh = #early;
                early
            })
        }
    }
}
