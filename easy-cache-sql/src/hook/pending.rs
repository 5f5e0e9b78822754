//! What writes have touched and nobody has been told of yet: tags for the cache, changes for callbacks. When it is told is left
//! to the integrations.

use std::collections::BTreeSet;

use easy_cache_core::Tag;

use super::{Changes, tag_of};
use crate::{Rows, TableName, Touched, Write, WriteKind};

/// What writes have touched and nobody has been told of yet. Nothing by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// `None` if some statement was not understood.
    tags: Option<BTreeSet<Tag>>,
    changes: Changes,
}

impl Default for Pending {
    fn default() -> Self {
        Self::of([])
    }
}

impl Pending {
    /// These tags.
    pub fn of(tags: impl IntoIterator<Item = Tag>) -> Self {
        Self { tags: Some(tags.into_iter().collect()), changes: Changes::default() }
    }

    /// Whatever there is: somebody lost track, or a statement was not understood.
    #[must_use]
    pub fn everything() -> Self {
        Self { tags: None, changes: Changes::default() }
    }

    /// What these writes make outdated.
    pub(crate) fn of_writes(touched: &Touched) -> Self {
        let mut pending = Self::default();
        touched.for_each_invalidated(|touching| pending.add(tag_of(touching)));
        if let Some(tags) = &mut pending.tags {
            let added = |write: &&Write| write.kind == WriteKind::Insert && write.rows == Rows::All;
            tags.extend(touched.writes.iter().filter(added).map(|write| new_rows(&write.table)));
        }
        pending
    }

    pub(super) fn with_changes(self, changes: Changes) -> Self {
        Self { changes, ..self }
    }

    /// The tags; `None` if it is everything.
    #[must_use]
    pub const fn tags(&self) -> Option<&BTreeSet<Tag>> {
        self.tags.as_ref()
    }

    pub(super) const fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tags.as_ref().is_some_and(BTreeSet::is_empty)
    }

    /// Adds what another write, or an inner transaction, has touched after this.
    pub fn merge(&mut self, other: Self) {
        match (&mut self.tags, other.tags) {
            (Some(tags), Some(more)) => tags.extend(more),
            _ => self.tags = None,
        }
        self.changes.extend(other.changes);
    }

    /// Everything has no tag.
    fn add(&mut self, tag: Option<Tag>) {
        match (&mut self.tags, tag) {
            (Some(tags), Some(tag)) => {
                tags.insert(tag);
            }
            _ => self.tags = None,
        }
    }
}

/// "Rows were added, and it is not known which": invalidated by such inserts, carried by what was read by primary key where
/// nobody counted the rows. The row that a key `+` would name shares it, which costs some hits and loses nothing.
pub(super) fn new_rows(table: &TableName) -> Tag {
    Tag::row(table.as_str(), "+")
}
