//! A tag of a cached function that is the same for all its calls.

use std::sync::OnceLock;

use crate::Tag;

/// Made at the first call that needs it; lives in a static that the attribute writes.
#[derive(Debug)]
pub struct FixedTag {
    name: &'static str,
    tag: OnceLock<Tag>,
}

impl FixedTag {
    /// Not made yet.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, tag: OnceLock::new() }
    }
}

impl From<&FixedTag> for Tag {
    fn from(fixed: &FixedTag) -> Self {
        fixed.tag.get_or_init(|| Self::new(fixed.name)).clone()
    }
}
