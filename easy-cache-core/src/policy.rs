//! How a computed value is to be stored: for how long, under which tags, with which weight.

use std::sync::Arc;
use std::time::Duration;

use crate::Tag;
use crate::backend::memory::Kept;
use crate::few::Tags;
use crate::freshness::{Freshness, options};

/// How a computed value is to be stored. Without a ttl it stays until it is invalidated or evicted.
///
/// # Example: a minute, with two tags
/// ```
/// use std::time::Duration;
/// use easy_cache_core::Policy;
///
/// let policy = Policy::new().ttl(Duration::from_secs(60)).tags(["books", "authors"]);
/// assert_eq!(policy.time_to_live(), Some(Duration::from_secs(60)));
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Policy {
    ttl: Option<Duration>,
    tags: Tags,
    weight: Option<u64>,
    /// Most policies say no more than a ttl and tags: they stay small.
    freshness: Option<Box<Freshness>>,
}

impl Policy {
    /// No ttl, no tags.
    pub const fn new() -> Self {
        Self { ttl: None, tags: Tags::None, weight: None, freshness: None }
    }

    /// How long the value is fresh. Zero means that it is not stored.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Adds a tag.
    pub fn tag(mut self, tag: impl Into<Tag>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Adds tags.
    pub fn tags(mut self, tags: impl IntoIterator<Item: Into<Tag>>) -> Self {
        self.add_tags(tags);
        self
    }

    /// Adds the tag of a prefix. The beginning of the key is the caller's.
    pub fn prefix(self, prefix: &str) -> Self {
        self.tag(Tag::prefix(prefix))
    }

    /// The weight of the entry, in bytes, where the measured size would not say it.
    pub fn weight(mut self, bytes: u64) -> Self {
        self.weight = Some(bytes);
        self
    }

    options!(freshness_mut);

    /// Nobody waits longer than this: a caller for whom nothing is there in time gets an error instead, if its result can
    /// say one.
    pub fn hard_timeout(mut self, wait: Duration) -> Self {
        self.freshness_mut().hard_timeout = Some(wait);
        self
    }

    /// What is said beyond the ttl, to be changed in place.
    pub(crate) fn freshness_mut(&mut self) -> &mut Freshness {
        self.freshness.get_or_insert_default()
    }

    /// What is said beyond the ttl, if anything.
    pub(crate) fn freshness(&self) -> Option<&Freshness> {
        self.freshness.as_deref()
    }

    /// The same, where nothing said is as good as an answer.
    pub(crate) fn wishes(&self) -> &Freshness {
        self.freshness().unwrap_or(&Freshness::PLAIN)
    }

    /// Takes over what a computation has said of its result.
    pub(crate) fn heed(&mut self, notes: Notes) {
        self.ttl = notes.ttl.or(self.ttl);
        self.tags.extend(notes.tags);
        if notes.validator.is_some() {
            self.freshness_mut().validator = notes.validator;
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.ttl.is_none() && matches!(self.tags, Tags::None) && self.weight.is_none() && self.freshness.is_none()
    }

    /// Fills in what is not said here; tags of both count.
    pub(crate) fn or(&mut self, defaults: &Self) {
        self.ttl = self.ttl.or(defaults.ttl);
        self.weight = self.weight.or(defaults.weight);
        self.tags.extend(defaults.tags.iter().cloned());
        if let Some(freshness) = defaults.freshness() {
            self.freshness_mut().or(freshness);
        }
    }

    /// Sets the ttl in place.
    pub fn set_ttl(&mut self, ttl: Duration) {
        self.ttl = Some(ttl);
    }

    /// Adds tags in place.
    pub fn add_tags(&mut self, tags: impl IntoIterator<Item: Into<Tag>>) {
        self.tags.extend(tags.into_iter().map(Into::into));
    }

    /// The ttl, if there is one.
    #[must_use]
    pub const fn time_to_live(&self) -> Option<Duration> {
        self.ttl
    }

    /// Sets the weight unless one was chosen.
    pub(crate) fn measured(&mut self, measure: impl FnOnce() -> u64) {
        self.weight.get_or_insert_with(measure);
    }

    pub(crate) fn into_tags(self) -> Vec<Tag> {
        self.tags.into_vec()
    }

    pub(crate) fn named_tags(&self) -> &[Tag] {
        &self.tags
    }

    pub(crate) fn known_weight(&self) -> u64 {
        self.weight.unwrap_or(0)
    }
}

/// What a computation says of its result while it runs.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) ttl: Option<Duration>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) validator: Option<Arc<str>>,
    /// The result is the caller's, and not to be stored.
    pub(crate) skip: bool,
    /// If it fails, nothing is to stand in for it.
    pub(crate) no_stand_in: bool,
    /// The result is what was stored before.
    pub(crate) renews: Option<Kept>,
}
