//! A function that has everything inside, for where nothing can stand beside it: implementations of traits for types of
//! other crates, traits behind `dyn`.

use super::names::{self, Names};
use super::{attributes, handle, key, wrapper};
use crate::validate::Cached;
use proc_macro2::TokenStream;
use quote::quote_spanned;

/// The key is written once, used for the look into the cache, and moved into the handle; neither is part of the future.
pub(crate) fn function(cached: &Cached, names: &Names) -> TokenStream {
    let (at, item) = (names.at, &cached.function.item);
    let (attributes, visibility, signature) =
        (attributes::of_wrapper(cached), &item.vis, wrapper::without_patterns(cached));
    let (site, key, cache) = (names::new_site(cached, names), names.local("key"), names.local("cache"));
    let (write_key, found_cache) = (key::statements(cached, names, &key), names::cache(cached, names));
    let bypass = names::bypass(cached, names);
    let keyed = names::of_result(cached, "keyed", &quote_spanned!(at=> site, #cache, buffer));
    let hit = names::of_result(cached, "hit", &quote_spanned!(at=> #cache, &buffer));
    let handle = handle::statements(cached, names, &keyed);
    let run = wrapper::run(cached, &quote_spanned!(at=> handle.get()), names);
    let body = quote_spanned! {at=>
        let site: &'static ::easy_cache_core::__macro::Site = { #site };
        let #cache = #found_cache;
        let mut buffer = ::easy_cache_core::__macro::KeyBuf::new();
        {
            let #key = &mut buffer;
            #write_key
        }
        if !#bypass
            && let ::easy_cache_core::__macro::Option::Some(found) =
                #hit
        {
            return found;
        }
        let handle = { #handle };
    };
    quote_spanned! {at=>
        #attributes
        #visibility #signature {
            #body
            #run
        }
    }
}
