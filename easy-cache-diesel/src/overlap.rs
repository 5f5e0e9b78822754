//! Which statement has ended, on a connection where that is not clear: futures are dropped in the middle, and then nobody says how
//! they ended; and several may run at once. What is done about it is left to `tracker`.

use std::collections::VecDeque;
use std::fmt::Display;
use std::time::Duration;

use easy_cache_sql::hook::{HOLD_FOR, Hook, Pending};

use crate::text::Text;

/// More than this are not in flight on one connection.
pub(crate) const MOST_LATE: usize = 32;

/// What is known of the statements of one connection that may still run beside the last.
#[derive(Debug, Default)]
pub(crate) struct Overlap {
    kind: Kind,
    /// The statement that has ended.
    ended: Text,
    late: VecDeque<Late>,
    /// Whether others have the text of the one that has just ended.
    is_ambiguous: bool,
}

/// Asynchronous connections show a statement without its values when it has ended, others with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Unknown,
    Synchronous,
    Asynchronous,
}

/// A statement whose end nobody has seen.
#[derive(Debug)]
struct Late {
    sql: String,
    visible: Pending,
    /// By the cache's clock.
    until: Duration,
}

/// What it means that a statement has ended.
pub(crate) struct Ended {
    /// Whether it may be the one that was begun last.
    pub(crate) is_last: bool,
    /// What the others that it may be have made visible.
    pub(crate) again: Pending,
}

impl Overlap {
    pub(crate) fn expect(&mut self) {
        self.kind = Kind::Asynchronous;
    }

    /// Whether it is certain that statements may overlap.
    pub(crate) fn is_certain(&self) -> bool {
        self.kind == Kind::Asynchronous
    }

    /// Whether it is certain that they do not.
    pub(crate) fn is_excluded(&self) -> bool {
        self.kind == Kind::Synchronous
    }

    /// Another statement has begun before this one has ended.
    pub(crate) fn add(&mut self, sql: &str, visible: Pending, hook: &Hook) {
        if visible.is_empty() || self.is_excluded() {
            return;
        }
        let now = hook.cache().clock().elapsed();
        self.late.retain(|late| late.until > now);
        if self.late.len() == MOST_LATE {
            // Rather one that this may have been than one that waits for an end of its own.
            let oldest = self.late.iter().position(|late| late.sql == sql).unwrap_or_default();
            self.late.remove(oldest);
        }
        self.late.push_back(Late { sql: sql.to_owned(), visible, until: now + HOLD_FOR });
    }

    /// A statement has ended. `last` is the one that was begun last.
    pub(crate) fn ended(&mut self, last: &Text, query: &(impl Display + ?Sized)) -> Ended {
        if self.kind != Kind::Synchronous {
            self.ended.read(query);
        }
        if self.kind == Kind::Unknown && last.shows_values() {
            self.kind = if self.ended.shows_values() { Kind::Synchronous } else { Kind::Asynchronous };
        }
        if self.kind == Kind::Synchronous {
            return Ended { is_last: true, again: Pending::default() };
        }
        let mut again = Pending::default();
        for late in self.late.iter().filter(|late| late.sql == self.ended.sql()) {
            again.merge(late.visible.clone());
        }
        self.is_ambiguous = !again.is_empty();
        Ended { is_last: self.ended.sql() == last.sql(), again }
    }

    /// The last one has ended, or it was another one with its text: then it is late, and this is true.
    pub(crate) fn keep(&mut self, sql: &str, visible: &Pending, hook: &Hook) -> bool {
        let is_ambiguous = std::mem::take(&mut self.is_ambiguous);
        if is_ambiguous {
            self.add(sql, visible.clone(), hook);
        }
        is_ambiguous
    }
}
