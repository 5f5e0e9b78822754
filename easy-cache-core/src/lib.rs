//! The engine of easy-cache.

mod function;
mod standin;

pub use easy_cache_macros::ecached;
#[doc(hidden)]
pub use function::expansion as __macro;
pub use function::{Bound, Bypass, KeyBuf, KeyPart, Keyed, Portable, Storable};
pub use standin::{Cache, Error, Mode, Operation, Plan, Policy, Shared, Tag, registry};
