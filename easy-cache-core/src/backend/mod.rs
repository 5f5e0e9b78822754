//! Where entries live: in this process, or outside of it. A backend keeps the records of the protocol, and knows nothing of
//! cached functions, flights or requests.

pub(crate) mod memory;
pub(crate) mod shared;
