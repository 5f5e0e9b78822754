//! Large values in fewer bytes: an lz4 block behind the length that it had.
//!
//! That length is what is reserved for reading it, so it is believed only as far as the block can bear it out.

use super::LIMIT;
use super::body::Cause;

/// What a byte of a block can stand for at most.
const RATIO: usize = 255;
const LENGTH: usize = 4;

/// The length and the block, if that is shorter than the bytes.
pub(super) fn shorter(bytes: &[u8]) -> Option<Vec<u8>> {
    let len = u32::try_from(bytes.len()).ok()?;
    let mut squeezed = len.to_le_bytes().to_vec();
    squeezed.extend(lz4_flex::block::compress(bytes));
    (squeezed.len() < bytes.len()).then_some(squeezed)
}

/// The bytes again.
pub(super) fn whole(squeezed: &[u8]) -> Result<Vec<u8>, Cause> {
    let (len, block) = squeezed.split_first_chunk::<LENGTH>().ok_or("it ends too early")?;
    let len = u32::from_le_bytes(*len) as usize;
    if len > LIMIT.min(block.len().saturating_mul(RATIO)) {
        return Err("it claims to be larger than it can be".into());
    }
    let mut bytes = vec![0; len];
    let filled = lz4_flex::block::decompress_into(block, &mut bytes)?;
    if filled == len { Ok(bytes) } else { Err("it is shorter than it claims".into()) }
}
