//! Cached functions under every lint of the compiler and of clippy that makes sense for code that somebody else wrote.

#![deny(warnings, unused, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![deny(rust_2018_idioms, rust_2024_compatibility, single_use_lifetimes, unused_lifetimes, let_underscore_drop)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery, clippy::allow_attributes, clippy::expect_used)]
#![deny(clippy::allow_attributes_without_reason, clippy::absolute_paths, clippy::shadow_reuse, clippy::shadow_same)]
#![deny(
    clippy::missing_inline_in_public_items,
    clippy::implicit_return,
    clippy::question_mark_used,
    clippy::min_ident_chars
)]
#![deny(
    clippy::single_call_fn,
    clippy::if_then_some_else_none,
    clippy::pattern_type_mismatch,
    clippy::single_char_lifetime_names
)]
#![allow(clippy::blanket_clippy_restriction_lints, reason = "these are the ones that generated code tends to meet")]
#![allow(clippy::implicit_return, clippy::question_mark_used, reason = "our own code uses them")]
#![allow(clippy::missing_inline_in_public_items, clippy::single_call_fn, reason = "our own functions are like that")]

use easy_cache_core::{ecached, Cache};
use std::num::ParseIntError;
use std::sync::Arc;
use std::time::Duration;

/// A shop.
#[derive(Debug)]
pub struct Shop {
    id: u64,
    cache: Cache,
}

/// Doubles.
#[ecached]
#[must_use]
pub fn double(number: u64) -> u64 {
    number.wrapping_mul(2)
}

/// Parses.
///
/// # Errors
/// If the text is no number.
#[ecached("strict:{text}", ttl = "1m", tags = ["strict", "by:{text}", |number| [format!("n:{number}")]], prefix = "p:{text}")]
#[inline]
pub async fn parse(_unused: &Shop, text: &str) -> Result<u64, ParseIntError> {
    let number = text.parse()?;
    Ok(number)
}

/// A generic function whose body has an expected lint.
#[ecached(skip(source), only_if = |text| !text.is_empty(), ttl = Duration::from_secs(seconds))]
#[expect(clippy::unused_async, reason = "it stands for one that waits")]
pub async fn generic<Source: AsRef<str> + Sync, const SIZE: usize>(source: &Source, mut seconds: u64) -> Arc<String> {
    seconds = seconds.saturating_add(1);
    Arc::new(format!("{}{seconds}{SIZE}", source.as_ref()))
}

impl Shop {
    /// The name.
    #[ecached("name:{self.id}", cache = self.cache, cache_none)]
    pub fn name(&self, (first, second): (u8, u8)) -> Option<String> {
        (first == second).then(|| format!("{}", self.id))
    }

    /// The same, private.
    #[ecached(skip(self), local)]
    async fn hidden<'text>(&'text self, text: &'text str) -> Vec<String> {
        vec![text.to_owned(), self.id.to_string()]
    }

    /// Uses it.
    pub async fn shown(&self) -> usize {
        self.hidden("a").await.len()
    }
}

/// What goods cost.
pub trait Prices {
    /// Why they cost nothing.
    type Error;

    /// The price.
    ///
    /// # Errors
    /// If there is none.
    fn price(&self, id: u64) -> Result<u64, Self::Error>;
}

#[ecached(skip(self), prefix = |meta| meta.function().to_owned(), cache = self.cache)]
impl Prices for Shop {
    type Error = String;

    #[ecached(ttl = "1h", jitter = "1m", cache_err = "1s", weight = |value, _meta| value.as_ref().map_or(8, |price| *price))]
    fn price(&self, id: u64) -> Result<u64, Self::Error> {
        id.checked_mul(self.id).ok_or_else(|| Self::Error::from("too much"))
    }
}

#[ecached(no_handle)]
impl Prices for Vec<u64> {
    type Error = u8;

    #[ecached(key = || (self.len(), id), local)]
    fn price(&self, id: u64) -> Result<u64, Self::Error> {
        usize::try_from(id).ok().and_then(|index| self.get(index)).copied().ok_or(0)
    }
}

#[ecached(ttl = "1m")]
impl Shop {
    /// From its number, taken along.
    #[ecached("arc:{self.id}:{text}", detach)]
    pub async fn by_arc(self: Arc<Self>, text: String) -> Option<String> {
        (self.id > 0).then_some(text)
    }

    /// Without an instance.
    #[ecached]
    #[must_use]
    pub fn associated(number: u64) -> u64 {
        number
    }
}

#[cfg(test)]
mod web {
    #![allow(unused_variables, clippy::all, clippy::pedantic, reason = "what `debug_handler` writes is not as strict")]

    use axum::{extract::Path, routing::get, Router};
    use easy_cache_core::ecached;

    /// Above, the handler is checked as it is written; below, as it is expanded.
    #[axum::debug_handler]
    #[ecached("above:{0.0}", tags = ["handlers"])]
    async fn above(Path(number): Path<u64>) -> String {
        number.to_string()
    }

    #[ecached(key = || number.0)]
    #[axum::debug_handler]
    async fn below(number: Path<u64>) -> Result<String, String> {
        Ok(number.0.to_string())
    }

    #[test]
    fn cached_functions_are_handlers() {
        let _router: Router = Router::new().route("/above/{n}", get(above)).route("/below/{n}", get(below));
    }
}

#[cfg(test)]
mod signatures {
    #![allow(clippy::all, clippy::pedantic, clippy::nursery, reason = "shared with tests that are not as strict")]
    #![allow(clippy::allow_attributes_without_reason, clippy::absolute_paths, clippy::min_ident_chars)]
    #![allow(clippy::shadow_reuse, clippy::single_char_lifetime_names, clippy::pattern_type_mismatch)]
    #![allow(single_use_lifetimes)]

    include!("../../../easy-cache-core/tests/common/signatures.rs");
}
