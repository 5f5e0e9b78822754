//! Code that writes templates and arguments into a key.

use super::names::invented;
use crate::parse::{Function, Piece, Place, Root, Template};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

/// Statements that write a template into what `into` names, a `&mut KeyBuf`.
pub(crate) fn write(template: &Template, function: &Function, into: &Ident) -> TokenStream {
    let at = into.span();
    template
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => quote_spanned!(at=> #into.put_raw(#text);),
            Piece::Place(place) => write_place(place, function, into),
        })
        .collect()
}

fn write_place(place: &Place, function: &Function, into: &Ident) -> TokenStream {
    let root = root(place, function);
    let fields = &place.fields;
    let value = quote_spanned!(place.span=> #root #fields);
    match &place.format {
        None => write_value(&value, place.span, into),
        Some(format) => {
            let at = invented(place.span);
            let format = format!("{{:{format}}}");
            quote_spanned!(at=> #into.put_fmt(::easy_cache_core::__macro::format_args!(#format, #value));)
        }
    }
}

/// A statement that writes one value; what is wrong with the value is said at `place`.
pub(crate) fn write_value(value: &TokenStream, place: Span, into: &Ident) -> TokenStream {
    let at = invented(place);
    quote_spanned!(at=> {
        use ::easy_cache_core::__macro::{ViaDisplay as _, ViaKeyPart as _};
        (&::easy_cache_core::__macro::Part(&#value)).write_to(#into);
    })
}

/// The first word of a place, as it must be spelt where the function's parameters are in scope.
fn root(place: &Place, function: &Function) -> TokenStream {
    match &place.root {
        Root::This => Ident::new("self", this_span(place, function)).into_token_stream(),
        Root::Constant(path) => path.to_token_stream(),
        Root::Name(_) | Root::Position(_) => function
            .position(&place.root)
            .map(|position| {
                let mut name = function.arguments[position].name.clone();
                name.set_span(name.span().located_at(place.span));
                name.into_token_stream()
            })
            .unwrap_or_default(),
    }
}

fn this_span(place: &Place, function: &Function) -> Span {
    let this = function.receiver.as_ref().map_or(place.span, |receiver| receiver.self_token.span);
    this.located_at(place.span)
}
