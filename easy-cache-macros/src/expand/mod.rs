//! The third stage: the code. Of a function `users` come
//!
//! - `users`, the wrapper: a synchronous look into the cache, then the handle (`wrapper.rs`);
//! - `users_cache`, the handle: the body, once, and all that a miss needs (`handle.rs`);
//! - `users_key`, the handle from the key's arguments alone, and two hidden functions that write the key and hold what
//!   is known of the function before a call (`key.rs`).
//!
//! Every invented name has the hygiene of the macro; the user's tokens keep theirs.

mod attributes;
mod generics;
mod handle;
mod key;
mod names;
mod places;
mod wrapper;

use crate::validate::Cached;
use proc_macro2::TokenStream;
use quote::quote;

/// Writes everything.
pub(crate) fn expand(cached: &Cached) -> TokenStream {
    let names = names::Names::of(cached);
    let wrapper = wrapper::wrapper(cached, &names);
    let handle = handle::handle(cached, &names);
    let key = key::functions(cached, &names);
    quote!(#wrapper #handle #key)
}
