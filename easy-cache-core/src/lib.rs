//! The engine of easy-cache, and the wrappers that applications hold: compute once, keep the value under tags, drop it by
//! key, tag or prefix, and never serve it once an invalidation has returned.

mod backend;
mod cache;
mod clock;
mod computation;
mod engine;
mod error;
mod function;
mod hold;
mod operation;
mod plan;
mod policy;
pub mod registry;
pub mod scope;
mod tag;
mod value;
mod wrapper;

pub use easy_cache_macros::ecached;

pub use cache::{Cache, CacheBuilder, Fence};
pub use clock::{Clock, ManualClock, TICK};
pub use computation::{Computation, JoinFuture, Joined, Stored};
pub use error::{Error, ErrorKind};
#[doc(hidden)]
pub use function::expansion as __macro;
pub use function::{Bound, Bypass, KeyBuf, KeyPart, Keyed, Storable};
pub use hold::Hold;
pub use operation::{Operation, OperationFuture};
pub use plan::{Anywhere, InProcess, Mode, Outcome, Place, Plan, StoresPart, StoresWhole};
pub use policy::Policy;
pub use scope::Scope;
pub use tag::Tag;
pub use value::{Portable, Shared};
pub use wrapper::{GetOrCompute, GetOrComputeFuture, Kept, Set};
