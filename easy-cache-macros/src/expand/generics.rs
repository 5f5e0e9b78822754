//! Type parameters of the functions that take only the arguments of the key: those that can still be inferred, or that
//! are part of the key or of the result.

use crate::parse::{mentions, parameter};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{GenericParam, Generics};

/// The parameters that the `used` tokens mention, with what is said of these alone.
pub(crate) fn mentioned(generics: &Generics, used: &TokenStream) -> Generics {
    let used = &with_bounds(generics, used);
    let is_kept = |param: &GenericParam| parameter(param).is_none_or(|name| mentions(used.clone(), name));
    let dropped: Vec<_> = generics.params.iter().filter(|param| !is_kept(param)).filter_map(parameter).collect();
    let mut kept = generics.clone();
    kept.params = generics.params.iter().filter(|param| is_kept(param)).cloned().collect();
    if let Some(clause) = &mut kept.where_clause {
        let says_kept = |tokens: TokenStream| dropped.iter().all(|name| !mentions(tokens.clone(), *name));
        clause.predicates = clause.predicates.iter().filter(|one| says_kept(one.to_token_stream())).cloned().collect();
    }
    kept
}

/// The names of the parameters that the tokens do not mention.
pub(crate) fn unmentioned(generics: &Generics, tokens: &TokenStream) -> TokenStream {
    let names = generics.params.iter().filter_map(parameter).filter(|name| !mentions(tokens.clone(), *name));
    names.map(ToTokens::to_token_stream).collect()
}

/// The tokens, and the bounds of the parameters that they mention, which may mention further ones.
fn with_bounds(generics: &Generics, used: &TokenStream) -> TokenStream {
    let mut all = used.clone();
    for _ in &generics.params {
        let found =
            generics.params.iter().filter(|param| parameter(param).is_some_and(|name| mentions(all.clone(), name)));
        let found: TokenStream = found.map(ToTokens::to_token_stream).collect();
        all = used.clone();
        all.extend(found);
    }
    all
}

/// `::<T, N>`, to pass the parameters on; nothing if there are none. Lifetimes are inferred.
pub(crate) fn turbofish(generics: &Generics) -> TokenStream {
    let names: Vec<_> = generics.params.iter().filter_map(parameter).collect();
    if names.is_empty() { TokenStream::new() } else { quote!(::<#(#names),*>) }
}
