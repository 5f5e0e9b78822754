//! What a store outside the process says of the tags of an entry that came from there: it is carried along, so that what is built
//! from the entry is compared with it. The cells know only what was heard.

use std::sync::Arc;

use crate::events::Refusal;
use crate::store::{Version, VersionedTag};

/// The records of a store outside that an entry depends on, as they were when it answered.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) epoch: Version,
    /// Each tag once.
    pub(crate) tags: Vec<VersionedTag>,
}

impl Origin {
    /// All of them as one. Two versions of one record cannot both be current.
    pub(super) fn agreed(mut origins: Vec<Arc<Self>>) -> Result<Option<Arc<Self>>, Refusal> {
        origins.sort_unstable_by_key(|origin| Arc::as_ptr(origin).addr());
        origins.dedup_by(|a, b| Arc::ptr_eq(a, b));
        let Some(last) = origins.pop() else { return Ok(None) };
        if origins.is_empty() {
            return Ok(Some(last));
        }
        let mut agreed = Self::clone(&last);
        origins.iter().try_for_each(|origin| agreed.add(origin))?;
        Ok(Some(Arc::new(agreed)))
    }

    fn add(&mut self, other: &Self) -> Result<(), Refusal> {
        if self.epoch != other.epoch {
            return Err(Refusal::Everything);
        }
        self.tags.extend(other.tags.iter().cloned());
        self.tags.sort_unstable_by(|a, b| a.tag.cmp(&b.tag));
        self.tags.dedup();
        match self.tags.windows(2).find(|pair| pair[0].tag == pair[1].tag) {
            Some(pair) => Err(Refusal::Tag(pair[0].tag.clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tag;

    fn origin(epoch: u8, tags: &[(&str, u8)]) -> Arc<Origin> {
        let version = |byte| Version::from_bytes([byte; Version::LEN]);
        let tags = tags.iter().map(|(tag, byte)| VersionedTag { tag: Tag::new(tag), version: version(*byte) });
        Arc::new(Origin { epoch: version(epoch), tags: tags.collect() })
    }

    #[test]
    fn what_several_entries_say_is_put_together_if_they_agree() {
        let agreed = Origin::agreed(vec![origin(1, &[("a", 1), ("b", 2)]), origin(1, &[("b", 2), ("c", 3)])]);
        let names: Vec<_> = agreed.unwrap().unwrap().tags.iter().map(|seen| seen.tag.clone()).collect();
        assert_eq!(names, ["a", "b", "c"].map(Tag::new));
    }

    #[test]
    fn two_versions_of_one_record_are_refused() {
        let tags = Origin::agreed(vec![origin(1, &[("a", 1)]), origin(1, &[("a", 2)])]);
        assert!(matches!(tags, Err(Refusal::Tag(tag)) if tag == Tag::new("a")));
        let epochs = Origin::agreed(vec![origin(1, &[]), origin(2, &[])]);
        assert!(matches!(epochs, Err(Refusal::Everything)));
    }
}
