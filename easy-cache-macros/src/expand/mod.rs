//! The third stage: the code. Of a function `users` come
//!
//! - `users`, the wrapper: a synchronous look into the cache, then the handle (`wrapper.rs`);
//! - `users_cache`, the handle: the body, once, and all that a miss needs (`handle.rs`, of `policy.rs` and `parts.rs`);
//! - `users_key`, the handle from the key's arguments alone, and two hidden functions that write the key and hold what
//!   is known of the function before a call (`key.rs`).
//!
//! With `no_handle` all of it is in the function itself (`alone.rs`). Every invented name has the hygiene of the macro;
//! the user's tokens keep theirs.

mod alone;
mod attributes;
mod block;
mod generics;
#[cfg(test)]
mod golden;
mod handle;
mod key;
mod meta;
mod names;
mod parts;
mod places;
mod policy;
mod wrapper;

use crate::validate::Cached;
use proc_macro2::TokenStream;

pub(crate) use block::block;

/// A cached function, and what stands beside it.
pub(crate) struct Written {
    pub(crate) function: TokenStream,
    pub(crate) siblings: TokenStream,
}

/// Writes everything.
pub(crate) fn expand(cached: &Cached) -> Written {
    let names = names::Names::of(cached);
    if cached.options.no_handle {
        return Written { function: alone::function(cached, &names), siblings: TokenStream::new() };
    }
    // The name of the site says what to do where nothing can stand beside a function. Of functions that a trait does not
    // know, the compiler names the first; of names that it does not find, the one that is used last.
    let mut siblings = key::site(cached, &names);
    siblings.extend(handle::handle(cached, &names));
    siblings.extend(key::functions(cached, &names));
    Written { function: wrapper::wrapper(cached, &names), siblings }
}
