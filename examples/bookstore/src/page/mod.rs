//! The views as HTML: complete pages that work without scripts and load nothing from elsewhere.
//! Routes, statuses and forms' contents are left to the binaries; this module only knows the addresses.

mod author;
mod book;
mod form;
mod layout;
mod list;
mod problem;
mod stats;

use std::hash::{DefaultHasher, Hasher as _};

pub use author::author;
pub use book::book;
pub use list::books;
pub use problem::problem;
pub use stats::stats;

/// The tag by which a browser that has a page asks whether it is still the same.
#[must_use]
pub fn etag(page: &str) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(page.as_bytes());
    format!("\"{:016x}\"", hasher.finish())
}
