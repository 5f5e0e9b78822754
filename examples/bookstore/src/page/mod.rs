//! The views as HTML: complete pages that work without scripts and load nothing from elsewhere.
//! Routes, statuses and forms' contents are left to the binaries; this module only knows the addresses.

mod author;
mod book;
mod form;
mod layout;
mod list;
mod problem;
mod stats;

pub use author::author;
pub use book::book;
pub use list::books;
pub use problem::problem;
pub use stats::stats;
