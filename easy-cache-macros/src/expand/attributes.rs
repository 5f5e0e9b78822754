//! Which of the user's attributes go where: all stay on the function, conditions go everywhere, and what is said about
//! lints goes with the body too.

use crate::validate::Cached;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Meta};

const LINTS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];

/// For the wrapper: everything.
pub(crate) fn of_wrapper(cached: &Cached) -> TokenStream {
    let written = cached.function.item.attrs.iter().map(without_expectation);
    let names = underscores(cached);
    quote!(#names #(#written)*)
}

/// For the function that has the body now.
pub(crate) fn of_handle(cached: &Cached) -> TokenStream {
    let attributes =
        cached.function.item.attrs.iter().filter(|attribute| is_condition(attribute) || is_lint(attribute));
    let written = attributes.map(without_expectation);
    let names = underscores(cached);
    quote!(#names #(#written)*)
}

/// What is expected of the whole function may happen in one of its parts only, so it is merely allowed.
fn without_expectation(attribute: &Attribute) -> TokenStream {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("expect") => {
            let lints = &list.tokens;
            quote!(#[allow(#lints)])
        }
        _ => quote!(#attribute),
    }
}

/// An argument that the body leaves alone is still passed on.
fn underscores(cached: &Cached) -> TokenStream {
    match cached.function.arguments.iter().any(|argument| argument.name.to_string().starts_with('_')) {
        true => quote!(#[allow(clippy::used_underscore_binding, reason = "written by a macro")]),
        false => TokenStream::new(),
    }
}

/// For functions without anything of the user's in them.
pub(crate) fn of_others(cached: &Cached) -> TokenStream {
    conditions(&cached.function.item.attrs)
}

/// The conditions among any attributes.
pub(crate) fn conditions(attributes: &[Attribute]) -> TokenStream {
    let written = attributes.iter().filter(|attribute| is_condition(attribute));
    quote!(#(#written)*)
}

fn is_condition(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
}

fn is_lint(attribute: &Attribute) -> bool {
    LINTS.iter().any(|lint| attribute.path().is_ident(lint))
}
