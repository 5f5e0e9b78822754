//! What can be kept: any shared value in memory, and what can also travel to a store outside the process.

use std::any::Any;
use std::sync::Arc;

use bincode::enc::write::Writer;
use bincode::error::EncodeError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{self, CodecError, Format};

/// A stored value, shared between the cache and its readers; nobody copies it on a hit.
pub type Shared = Arc<dyn Any + Send + Sync>;

/// A value that may leave this process: anything that `serde` can write and read back.
///
/// Cached functions ask for it by default, so that moving from memory to a shared store later changes no function.
/// A type that cannot be serialised is kept in this process with the word `local`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a shared cache",
    label = "this value is not `Serialize + DeserializeOwned`",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, or keep it in this process: `#[ecached(.., local)]`, `get_or_compute(..).local()`"
)]
pub trait Portable {
    /// The size of the value in bytes when it is written, as its weight in a bounded cache.
    fn measure(&self) -> u64;

    /// The kind of the value: the name of its type and the application's version of it. Entries of two kinds stand side by side under one key, so
    /// that two releases of a program do not overwrite each other's for ever.
    fn kind(format: Format) -> u64
    where
        Self: Sized;

    /// The value as bytes.
    ///
    /// # Errors
    /// If the type's `Serialize` refuses, or the value is larger than 64 MiB.
    fn encode(&self, format: Format) -> Result<Vec<u8>, CodecError>;

    /// The value from its bytes. Whatever they are, this neither panics nor reserves memory for what they only claim.
    ///
    /// # Errors
    /// If they are not a value of this type, written in this format.
    fn decode(payload: &[u8], format: Format) -> Result<Self, CodecError>
    where
        Self: Sized;
}

// Without this, the compiler would talk about `serde::Deserialize<'de>` instead of the note above.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Portable for T {
    fn measure(&self) -> u64 {
        let mut counter = Counter(0);
        match bincode::serde::encode_into_writer(self, &mut counter, bincode::config::standard()) {
            Ok(()) => counter.0.max(size_of_val(self) as u64),
            Err(_) => size_of_val(self) as u64,
        }
    }

    fn kind(format: Format) -> u64 {
        codec::fingerprint::<T>(format.version)
    }

    fn encode(&self, format: Format) -> Result<Vec<u8>, CodecError> {
        codec::write(self, format)
    }

    fn decode(payload: &[u8], format: Format) -> Result<Self, CodecError> {
        codec::read(payload, format)
    }
}

struct Counter(u64);

impl Writer for &mut Counter {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0 = self.0.saturating_add(bytes.len() as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_of_a_value_counts_what_it_owns() {
        assert!(vec![7_u8; 10_000].measure() >= 10_000);
        assert!("x".repeat(5_000).measure() >= 5_000);
        assert!(7_u64.measure() >= 8);
    }
}
