//! The first stage: tokens into what the user meant, without looking from the options to the function or back.

mod duration;
mod function;
mod options;
mod template;

pub(crate) use function::{Argument, Function, function};
pub(crate) use options::{CacheSource, Callback, Options, TagSource, Ttl};
pub(crate) use template::{Piece, Place, Root, Template};
