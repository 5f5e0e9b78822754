//! What `#[ecached]` functions do when they run: build a key, look it up, and hand the rest to the engine.
//! The attribute itself is the crate `easy-cache-macros`; storing and computing is the engine's.

mod attribute;
mod bound;
mod bypass;
pub mod expansion;
mod fixed_tag;
mod key_buf;
mod key_part;
mod keyed;
mod meta;
mod negative;
mod of;
mod plan;
mod shape;
mod site;
mod weigh;

pub use attribute::ecached;
pub use bound::Bound;
pub use bypass::Bypass;
pub use key_buf::KeyBuf;
pub use key_part::KeyPart;
pub use keyed::Keyed;
pub use meta::Meta;
pub use of::{Of, OfSync, of, of_sync};
pub use shape::Storable;
pub use weigh::Weigh;

use plan::{Prefixed, Tagged};
use shape::Shape;
use site::Site;

// All that this folder needs from the engine.
use crate::{Cache, Error, Explanation, Mode, Operation, Plan, Policy, Portable, SaysLate, Shared, Tag, registry};
