//! What a refused attribute leaves behind: the message and the item as it was written, so that one mistake gives
//! one message and not a second one at every call.

use crate::parse::{self, Target};
use proc_macro2::TokenStream;
use quote::ToTokens;

/// The message, then the item untouched. The methods of a block lose their marks, or they would be expanded after all.
pub(crate) fn plain(refusal: &syn::Error, item: TokenStream) -> TokenStream {
    let mut code = refusal.to_compile_error();
    match parse::target(item.clone()) {
        Ok(Target::Block(block)) => block.item.to_tokens(&mut code),
        _ => code.extend(item),
    }
    code
}
