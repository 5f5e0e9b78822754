//! A value in the bytes of one codec. Which one it is, and of which type the value is, stands before it and is not its business.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
#[cfg(any(feature = "postcard", feature = "messagepack", feature = "json"))]
use serde::de::DeserializeSeed;

use super::guard::{Guarded, Limits};
use super::{Codec, LIMIT};

/// Why not.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Appends the value to what there is.
pub(super) fn append<T: Serialize>(value: &T, codec: Codec, mut payload: Vec<u8>) -> Result<Vec<u8>, Cause> {
    match codec {
        Codec::Bincode => {
            bincode::serde::encode_into_std_write(value, &mut payload, bincode::config::standard())?;
        }
        #[cfg(feature = "postcard")]
        Codec::Postcard => payload = postcard::to_extend(value, payload)?,
        #[cfg(feature = "messagepack")]
        Codec::MessagePack => rmp_serde::encode::write_named(&mut payload, value)?,
        #[cfg(feature = "json")]
        Codec::Json => serde_json::to_writer(&mut payload, value)?,
    }
    Ok(payload)
}

/// The value that these bytes are, to the last of them.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8], codec: Codec) -> Result<T, Cause> {
    let limits = Limits::of(bytes.len());
    let seed = Guarded::new(PhantomData::<T>, &limits);
    let (value, is_whole) = match codec {
        Codec::Bincode => {
            let bounded = bincode::config::standard().with_limit::<LIMIT>();
            let (value, read) = bincode::serde::seed_decode_from_slice(seed, bytes, bounded)?;
            (value, read == bytes.len())
        }
        #[cfg(feature = "postcard")]
        Codec::Postcard => {
            let mut postcard = postcard::Deserializer::from_bytes(bytes);
            let value = seed.deserialize(&mut postcard)?;
            (value, postcard.finalize()?.is_empty())
        }
        #[cfg(feature = "messagepack")]
        Codec::MessagePack => {
            let mut rest = bytes;
            let value = seed.deserialize(&mut rmp_serde::Deserializer::new(&mut rest))?;
            (value, rest.is_empty())
        }
        #[cfg(feature = "json")]
        Codec::Json => {
            let mut json = serde_json::Deserializer::from_slice(bytes);
            let value = seed.deserialize(&mut json)?;
            (value, json.end().is_ok())
        }
    };
    if is_whole { Ok(value) } else { Err("there is more than one value".into()) }
}
