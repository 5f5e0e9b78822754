//! Which of the user's attributes go where: all stay on the function, conditions go everywhere, and what is said about
//! lints goes with the body too.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Meta};

const LINTS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];

/// For the wrapper: everything. What is expected of the body no longer happens here, so it is merely allowed.
pub(crate) fn of_wrapper(attributes: &[Attribute]) -> TokenStream {
    let written = attributes.iter().map(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("expect") => {
            let lints = &list.tokens;
            quote!(#[allow(#lints)])
        }
        _ => quote!(#attribute),
    });
    quote!(#(#written)*)
}

/// For the function that has the body now.
pub(crate) fn of_handle(attributes: &[Attribute]) -> TokenStream {
    let written = attributes.iter().filter(|attribute| is_condition(attribute) || is_lint(attribute));
    quote!(#(#written)*)
}

/// For functions without anything of the user's in them.
pub(crate) fn of_others(attributes: &[Attribute]) -> TokenStream {
    let written = attributes.iter().filter(|attribute| is_condition(attribute));
    quote!(#(#written)*)
}

fn is_condition(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
}

fn is_lint(attribute: &Attribute) -> bool {
    LINTS.iter().any(|lint| attribute.path().is_ident(lint))
}
