//! Which group the records of a name are in. The same in every program: it is part of what is stored.

use easy_cache_core::Tag;

use super::store::Inner;
use crate::layout::hash;

/// The names of one group.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) group: usize,
    pub(crate) has_key: bool,
    pub(crate) tags: Vec<Tag>,
    /// The records: the key's first, if it is here, then those of the tags.
    pub(crate) names: Vec<Vec<u8>>,
}

impl Inner {
    pub(crate) fn group_of_key(&self, key: &[u8]) -> usize {
        (hash(key) % self.groups.len() as u64) as usize
    }

    pub(crate) fn group_of_tag(&self, tag: &Tag) -> usize {
        (hash(tag.encoded()) % self.groups.len() as u64) as usize
    }

    /// Names by their groups: only the groups that have some.
    pub(crate) fn split(&self, keys: &[&[u8]], tags: &[Tag]) -> Vec<Part> {
        let mut parts: Vec<Part> = (0..self.groups.len()).map(|group| Part { group, ..Part::default() }).collect();
        for key in keys {
            let part = &mut parts[self.group_of_key(key)];
            part.has_key = true;
            part.names.push(self.groups[part.group].keys.key(key));
        }
        for tag in tags {
            let part = &mut parts[self.group_of_tag(tag)];
            part.names.push(self.groups[part.group].keys.tag(tag));
            part.tags.push(tag.clone());
        }
        parts.retain(|part| !part.names.is_empty());
        parts
    }
}
