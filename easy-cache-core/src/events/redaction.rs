//! Keys and tags as people may see them: as they are, or without what belongs to somebody.

use std::fmt;

use ahash::RandomState;

use crate::Tag;

/// What is shown of keys and tags in events, errors and explanations.
///
/// # Example: logs that tell keys apart without telling whose they are
/// ```
/// use easy_cache_core::Cache;
/// use easy_cache_core::events::Redaction;
///
/// let cache = Cache::builder().redact_keys(Redaction::Hash).build();
/// let printed = cache.explain("user:ursula@example.org").to_string();
/// assert!(!printed.contains("ursula"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Redaction {
    /// A mark such as `#5f2c80d91b3e6a47` in its place: the same one for the same text as long as the cache lives, and of no use to
    /// whoever would like to guess the text.
    Hash,
    /// What stands before the first `:`, which most applications use for the kind of thing: `user:…`.
    FirstPart,
}

/// Shows keys and tags for one cache.
#[derive(Debug)]
pub(super) struct Redactor {
    redaction: Option<Redaction>,
    /// Random, so that nobody finds the text by hashing what it might be.
    secret: RandomState,
}

impl Redactor {
    pub(super) fn new(redaction: Option<Redaction>) -> Self {
        Self { redaction, secret: RandomState::new() }
    }

    pub(super) const fn key<'a>(&'a self, key: &'a [u8]) -> Shown<'a> {
        Shown { redactor: self, text: key }
    }

    pub(super) fn tag<'a>(&'a self, tag: &'a Tag) -> Shown<'a> {
        Shown { redactor: self, text: tag.name().as_bytes() }
    }
}

/// A name on its way to people: keys are bytes.
pub(super) struct Shown<'a> {
    redactor: &'a Redactor,
    text: &'a [u8],
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.redactor.redaction {
            None => f.write_str(&String::from_utf8_lossy(self.text)),
            Some(Redaction::Hash) => write!(f, "#{:016x}", self.redactor.secret.hash_one(self.text)),
            Some(Redaction::FirstPart) => match self.text.iter().position(|byte| *byte == b':') {
                Some(end) => write!(f, "{}:…", String::from_utf8_lossy(&self.text[..end])),
                None => f.write_str("…"),
            },
        }
    }
}

/// Several tags in one field.
pub(super) struct ShownTags<'a, I>(pub(super) &'a Redactor, pub(super) I);

impl<'a, I: Iterator<Item = &'a Tag> + Clone> fmt::Display for ShownTags<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, tag) in self.1.clone().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{}", self.0.tag(tag))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(redaction: Option<Redaction>, key: &str) -> String {
        Redactor::new(redaction).key(key.as_bytes()).to_string()
    }

    #[test]
    fn keys_are_shown_as_far_as_is_allowed() {
        assert_eq!(shown(None, "user:ada"), "user:ada");
        assert_eq!(shown(Some(Redaction::FirstPart), "user:ada:1"), "user:…");
        assert_eq!(shown(Some(Redaction::FirstPart), "ada"), "…", "a key of one part shows nothing");
    }

    #[test]
    fn a_mark_stands_for_one_key_in_one_cache() {
        let redactor = Redactor::new(Some(Redaction::Hash));
        let mark = |key: &str| redactor.key(key.as_bytes()).to_string();
        assert_eq!((mark("user:ada").len(), mark("user:ada")), (17, mark("user:ada")));
        assert_ne!(mark("user:ada"), mark("user:bob"));
        assert_ne!(mark("user:ada"), shown(Some(Redaction::Hash), "user:ada"), "elsewhere it has another one");
    }

    #[test]
    fn tags_are_redacted_like_keys() {
        let tags = [Tag::row("users", "ada"), Tag::new("all")];
        let shown = |redaction| ShownTags(&Redactor::new(redaction), tags.iter()).to_string();
        assert_eq!(shown(None), "users:ada, all");
        assert_eq!(shown(Some(Redaction::FirstPart)), "users:…, …");
    }
}
