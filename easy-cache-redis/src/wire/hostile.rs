//! A door to what follows replies, for tests with hostile bytes.

use super::frame::{Boundary, Garbage, Strings};

/// Follows replies to their ends, all at once and byte by byte, and reads what is in the first.
///
/// # Panics
/// If they end elsewhere when they arrive in pieces.
pub(crate) fn replies(bytes: &[u8]) {
    assert_eq!(ends(bytes, bytes.len().max(1)), ends(bytes, 1), "replies end where they end, however they arrive");
    let read = Strings::of(bytes).map_or(0, |strings| strings.flatten().map(<[u8]>::len).sum());
    assert!(read <= bytes.len(), "nothing is in a reply that has not arrived");
    if let Some(measure) = Strings::measure(bytes) {
        assert!(measure.length <= bytes.len() && measure.last.is_none_or(|last| last.end <= measure.length));
    }
}

/// Where they end, up to what is none.
fn ends(bytes: &[u8], piece: usize) -> (Vec<usize>, Option<Garbage>) {
    let (mut boundary, mut at, mut ends) = (Boundary::default(), 0, Vec::new());
    for piece in bytes.chunks(piece) {
        let mut rest = piece;
        while !rest.is_empty() {
            match boundary.advance(rest) {
                Ok((passed, ended)) => {
                    at += passed;
                    rest = rest.get(passed..).unwrap_or_default();
                    ends.extend(ended.then_some(at));
                }
                Err(garbage) => return (ends, Some(garbage)),
            }
        }
    }
    (ends, None)
}
