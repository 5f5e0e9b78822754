//! The answer to "why is this not cached?": what is stored under a key, whether it would be served, and if not, what is in the way.
//! The facts are the store's and the [table of fates](fates); here they are put in order.

pub(crate) mod fates;

use std::fmt;
use std::time::Duration;

use crate::Tag;
use crate::backend::memory::Inspected;
use crate::clock::{Moment, NEVER};
use crate::engine::{Engine, frame};
use crate::events::Refusal;
use fates::Ending;

/// What there is to say about a key, from [`Cache::explain`](crate::Cache::explain): as fields for programs, printed for people.
///
/// # Example: a value that is not served any more
/// ```
/// use easy_cache_core::{Cache, Tag, Verdict};
///
/// # fn main() -> Result<(), easy_cache_core::Error> {
/// let cache = Cache::new();
/// cache.set("books:count", 7).tags(["books"]).wait();
/// assert!(matches!(cache.explain("books:count").verdict, Verdict::Served { .. }));
///
/// cache.invalidate_tags(["books"]).wait()?;
/// let explanation = cache.explain("books:count");
/// let Verdict::Outdated { changes } = &explanation.verdict else { unreachable!("a tag has changed") };
/// assert_eq!(changes[0].tag, Some(Tag::new("books")));
/// assert!(explanation.to_string().contains("tag `books` was invalidated"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explanation {
    /// The key, as it [may be shown](crate::CacheBuilder::redact_keys).
    pub key: String,
    /// Whether a call would be served now; if not, why not.
    pub verdict: Verdict,
    /// How long ago the value was stored that is there; none if none is.
    pub stored: Option<Duration>,
    /// The tags that it carries, each once, in order.
    pub tags: Vec<Tag>,
    /// A value that was computed later than the one that is there, and not kept: why not, and how long ago.
    pub refused: Option<(Refusal, Duration)>,
    /// The tags in the order of the sentences, as they may be shown.
    shown: Vec<String>,
}

/// Whether a call would be served. Durations are counted from the moment of the question, backwards unless the name says
/// otherwise.
///
/// # Example
/// ```
/// use easy_cache_core::{Cache, Verdict};
///
/// # fn main() -> Result<(), easy_cache_core::Error> {
/// let cache = Cache::new();
/// assert_eq!(cache.explain("answer").verdict, Verdict::Absent);
/// cache.set("answer", 42).wait();
/// cache.invalidate_key("answer").wait()?;
/// assert!(matches!(cache.explain("answer").verdict, Verdict::Removed { .. }));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Yes.
    Served {
        /// How much longer; none if it has no ttl.
        remaining: Option<Duration>,
    },
    /// Its ttl has passed. A policy that allows for stale values may still serve it for some time.
    Expired {
        /// How long ago.
        ago: Duration,
    },
    /// Something that it depends on has changed.
    Outdated {
        /// What.
        changes: Vec<Change>,
    },
    /// A writer's transaction is under way, whose outcome is not known yet.
    Held {
        /// On what, and since when.
        holds: Vec<Change>,
    },
    /// It was there, and had to make room for others: the cache is too small, or others are in greater demand.
    Evicted {
        /// How long ago.
        ago: Duration,
    },
    /// It was computed, and is too large for this cache.
    TooLarge {
        /// How long ago.
        ago: Duration,
    },
    /// The key was invalidated.
    Removed {
        /// How long ago.
        ago: Duration,
    },
    /// It was computed, and not kept.
    Refused {
        /// Why not.
        why: Refusal,
        /// How long ago.
        ago: Duration,
    },
    /// Everything was invalidated, and the key was not stored since.
    Emptied {
        /// How long ago.
        ago: Duration,
    },
    /// It was never stored; or that is long ago, and forgotten.
    Absent,
    /// The cache is switched off.
    Disabled,
    /// The question was asked inside a transaction, where no cache is used.
    Bypassed,
}

/// A tag that is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The tag; none stands for the whole namespace.
    pub tag: Option<Tag>,
    /// How long ago it was invalidated (the last time), or began to be held.
    pub ago: Duration,
}

impl Engine {
    /// Explains one key. Not fast: it looks at everything there is.
    pub(crate) fn explain(&self, key: &[u8]) -> Explanation {
        let now = self.store.clock().precise();
        let found = self.store.examine(key);
        let fate = self.events.fates.find(key);
        let stored = found.as_ref().map(|found| found.stored);
        let refused = fate.as_ref().filter(|fate| stored.is_some_and(|stored| fate.at >= stored)).and_then(|fate| {
            let Ending::Refused(why) = &fate.ending else { return None };
            Some((why.clone(), since(fate.at, now)))
        });
        let verdict = match &found {
            _ if frame::is_bypassing() => Verdict::Bypassed,
            _ if !self.is_usable() => Verdict::Disabled,
            Some(found) => found.verdict(now),
            None => match fate {
                Some(fate) => fate.ending.verdict(since(fate.at, now)),
                None => {
                    self.events.fates.emptied().map_or(Verdict::Absent, |at| Verdict::Emptied { ago: since(at, now) })
                }
            },
        };
        let tags = found.map(|found| found.tags).unwrap_or_default();
        let shown = verdict.tags().chain(refused.iter().filter_map(|(why, _)| why.tag())).chain(&tags);
        let shown = shown.map(|tag| self.events.show_tag(tag).to_string()).collect();
        let key = self.events.show(key).to_string();
        Explanation { key, verdict, stored: stored.map(|at| since(at, now)), tags, refused, shown }
    }
}

const fn since(at: Moment, now: Moment) -> Duration {
    Duration::from_nanos(now.saturating_sub(at))
}

impl Inspected {
    fn verdict(&self, now: Moment) -> Verdict {
        let changes = |list: &[(Option<Tag>, Moment)]| {
            list.iter().map(|(tag, at)| Change { tag: tag.clone(), ago: since(*at, now) }).collect()
        };
        if !self.changed.is_empty() {
            Verdict::Outdated { changes: changes(&self.changed) }
        } else if !self.held.is_empty() {
            Verdict::Held { holds: changes(&self.held) }
        } else if now >= self.fresh_until {
            Verdict::Expired { ago: since(self.fresh_until, now) }
        } else {
            let remaining = (self.fresh_until != NEVER).then(|| since(now, self.fresh_until));
            Verdict::Served { remaining }
        }
    }
}

impl Ending {
    fn verdict(self, ago: Duration) -> Verdict {
        match self {
            Self::Evicted => Verdict::Evicted { ago },
            Self::TooLarge => Verdict::TooLarge { ago },
            Self::Removed => Verdict::Removed { ago },
            Self::Refused(why) => Verdict::Refused { why, ago },
        }
    }
}

impl Verdict {
    /// The tags that its sentence names, in that order.
    fn tags(&self) -> impl Iterator<Item = &Tag> {
        let (changes, why) = match self {
            Self::Outdated { changes } | Self::Held { holds: changes } => (changes.as_slice(), None),
            Self::Refused { why, .. } => (&[][..], why.tag()),
            _ => (&[][..], None),
        };
        changes.iter().filter_map(|change| change.tag.as_ref()).chain(why)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.shown.iter().map(String::as_str);
        write!(f, "`{}`: ", self.key)?;
        self.verdict.print(f, &mut shown)?;
        if let Some(stored) = self.stored {
            write!(f, "; stored {} ago", Age(stored))?;
        }
        if let Some((why, ago)) = &self.refused {
            write!(f, "; {} ago a newer value was not kept: ", Age(*ago))?;
            why.print(f, &mut shown)?;
        }
        if !self.tags.is_empty() {
            write!(f, "; tags: {}", shown.collect::<Vec<_>>().join(", "))?;
        }
        Ok(())
    }
}

impl Verdict {
    fn print<'a>(&self, f: &mut fmt::Formatter<'_>, shown: &mut impl Iterator<Item = &'a str>) -> fmt::Result {
        match self {
            Self::Served { remaining: Some(remaining) } => write!(f, "served, for {} more", Age(*remaining)),
            Self::Served { remaining: None } => f.write_str("served, until it is invalidated or evicted"),
            Self::Expired { ago } => write!(f, "not served: its ttl passed {} ago", Age(*ago)),
            Self::Outdated { changes } => print_changes(f, changes, "was invalidated", shown),
            Self::Held { holds } => print_changes(f, holds, "is held by a writer, since", shown),
            Self::Evicted { ago } => write!(f, "not there: it had to make room {} ago", Age(*ago)),
            Self::TooLarge { ago } => write!(f, "not there: computed {} ago, and too large for the cache", Age(*ago)),
            Self::Removed { ago } => write!(f, "not there: its key was invalidated {} ago", Age(*ago)),
            Self::Refused { why, ago } => {
                write!(f, "not there: computed {} ago, and not kept: ", Age(*ago))?;
                why.print(f, shown)
            }
            Self::Emptied { ago } => write!(f, "not there: everything was invalidated {} ago", Age(*ago)),
            Self::Absent => f.write_str("not there: never stored, or long ago"),
            Self::Disabled => f.write_str("not served: the cache is switched off"),
            Self::Bypassed => f.write_str("not served: no cache is used inside a transaction"),
        }
    }
}

fn print_changes<'a>(
    f: &mut fmt::Formatter<'_>,
    changes: &[Change],
    what: &str,
    shown: &mut impl Iterator<Item = &'a str>,
) -> fmt::Result {
    f.write_str("not served: ")?;
    for (number, change) in changes.iter().enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        match change.tag.as_ref().and_then(|_| shown.next()) {
            Some(tag) => write!(f, "{comma}tag `{tag}` {what} {} ago", Age(change.ago))?,
            None => write!(f, "{comma}the whole namespace {what} {} ago", Age(change.ago))?,
        }
    }
    Ok(())
}

impl Refusal {
    fn print<'a>(&self, f: &mut fmt::Formatter<'_>, shown: &mut impl Iterator<Item = &'a str>) -> fmt::Result {
        match self {
            Self::Key => f.write_str("its key was invalidated meanwhile"),
            Self::Tag(_) => write!(f, "tag `{}` was invalidated meanwhile", shown.next().unwrap_or("…")),
            Self::Everything => f.write_str("everything was invalidated meanwhile"),
            Self::Tainted => f.write_str("it saw what others may not see, or used a value that was not kept"),
            Self::Stale => f.write_str("it was built from a value that is not fresh"),
            Self::Unusable => f.write_str("the cache was switched off meanwhile"),
            Self::Foreign => f.write_str("it depends on tags of another cache, of which a shared store knows nothing"),
        }
    }
}

/// A duration as people read it: as coarse as it may be.
struct Age(Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0 => write!(f, "{} ms", self.0.as_millis()),
            1..=119 => write!(f, "{seconds} s"),
            120..=7199 => write!(f, "{} min", seconds / 60),
            _ => write!(f, "{} h", seconds / 3600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_as_coarse_as_people_say_them() {
        let printed = |seconds: f64| Age(Duration::from_secs_f64(seconds)).to_string();
        let ages = [0.0004, 0.25, 1.9, 119.0, 120.0, 7199.0, 7200.0, 90_000.0].map(printed);
        assert_eq!(ages, ["0 ms", "250 ms", "1 s", "119 s", "2 min", "119 min", "2 h", "25 h"]);
    }
}
