//! What a refused attribute leaves behind: the message and the function as it was written, so that one mistake gives
//! one message and not a second one at every call.

use proc_macro2::TokenStream;

/// The message, then the item untouched.
pub(crate) fn plain(refusal: &syn::Error, item: TokenStream) -> TokenStream {
    let mut code = refusal.to_compile_error();
    code.extend(item);
    code
}
