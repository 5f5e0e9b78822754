//! Which database the keys of cached queries belong to, and how long such queries are fresh. What the keys say besides is `query`'s.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the application said about its cached queries.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    pub(crate) name: Option<String>,
    pub(crate) ttl: Option<Duration>,
}

/// Tells the queries of one database from those of all others in the same cache, here and in other processes.
#[derive(Debug)]
pub(crate) struct Identity {
    name: Name,
    ttl: Option<Duration>,
}

#[derive(Debug)]
enum Name {
    /// By the application.
    Given(String),
    /// By nobody: no other process comes upon it, and no other connection.
    Drawn { number: u64, random: u64 },
}

impl Identity {
    pub(crate) fn of(queries: Queries) -> Self {
        static DATABASES: AtomicU64 = AtomicU64::new(0);
        let name = queries.name.map(Name::Given);
        let name = name.unwrap_or_else(|| Name::drawn(DATABASES.fetch_add(1, Ordering::Relaxed)));
        Self { name, ttl: queries.ttl }
    }

    pub(crate) const fn ttl(&self) -> Option<Duration> {
        self.ttl
    }
}

impl Name {
    fn drawn(number: u64) -> Self {
        Self::Drawn { number, random: RandomState::new().hash_one((number, std::process::id())) }
    }
}

/// Quoted, so that a name cannot look like one that was drawn, nor end where the key goes on.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Name::Given(name) => write!(f, "{name:?}"),
            Name::Drawn { number, random } => write!(f, "{number}-{random:016x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: Option<&str>) -> String {
        Identity::of(Queries { name: name.map(str::to_owned), ttl: None }).to_string()
    }

    #[test]
    fn a_name_is_the_same_everywhere_and_no_name_nowhere() {
        assert_eq!(named(Some("shop")), named(Some("shop")));
        assert_ne!(named(None), named(None));
    }

    #[test]
    fn the_first_connection_of_one_process_is_not_that_of_another() {
        let first = || Identity { name: Name::drawn(0), ttl: None }.to_string();
        assert_ne!(first(), first());
    }

    #[test]
    fn no_name_looks_like_another_or_ends_early() {
        let drawn = named(None);
        assert_ne!(named(Some(&drawn)), drawn);
        assert_eq!(named(Some("a\":all:")), r#""a\":all:""#);
    }
}
