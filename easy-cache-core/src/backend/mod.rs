//! Where entries live. A backend keeps the records of the protocol and knows nothing of functions, futures or requests.

pub(crate) mod memory;
pub(crate) mod shared;
