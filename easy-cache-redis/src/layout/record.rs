//! What a record says to who only reads.

use easy_cache_core::store::Version;

/// A record as a lookup finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record {
    /// Nothing, or nothing that could be read: what depends on it is outdated.
    Absent,
    /// A version, and no writer's mark.
    Free(Version),
    /// The mark of a writer, at least.
    Held,
}

impl Record {
    pub(crate) fn read(value: Option<&[u8]>) -> Self {
        let Some(bytes) = value else { return Self::Absent };
        match <[u8; Version::LEN]>::try_from(bytes) {
            Ok(none) if none == [0; Version::LEN] => Self::Absent,
            Ok(version) => Self::Free(Version::from_bytes(version)),
            Err(_) if bytes.len() > Version::LEN => Self::Held,
            Err(_) => Self::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_version_a_mark_or_nothing() {
        let read = |bytes: &[u8]| Record::read(Some(bytes));
        assert_eq!(read(&[7; 16]), Record::Free(Version::from_bytes([7; 16])));
        assert_eq!(read(&[7; 40]), Record::Held);
        for nothing in [&[][..], &[0; 16], &[7; 15]] {
            assert_eq!(read(nothing), Record::Absent, "{nothing:?}");
        }
        assert_eq!(Record::read(None), Record::Absent);
    }
}
