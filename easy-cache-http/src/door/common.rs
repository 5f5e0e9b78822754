//! Values of header fields that many responses have in common: each thread keeps the last ones that it has written. What they
//! say is decided elsewhere.

use std::cell::RefCell;
use std::time::SystemTime;

use http::HeaderValue;

use crate::CacheStatus;
use crate::cache_status::Spoken;
use crate::date;

/// Each is one of few: the same word for all that is not kept, the same ttl for all pages of a kind.
const LINES: usize = 8;

/// What this thread has written.
#[derive(Default)]
struct Written {
    date: Option<(u64, HeaderValue)>,
    lines: [Option<(Spoken, HeaderValue)>; LINES],
}

thread_local! {
    static WRITTEN: RefCell<Written> = RefCell::default();
}

/// The value of `Date` for a moment.
pub(crate) fn date(time: SystemTime) -> HeaderValue {
    let second = date::second_of(time);
    WRITTEN.with_borrow_mut(|written| match &written.date {
        Some((known, value)) if *known == second => value.clone(),
        _ => {
            let value = value_of(&date::format(time));
            written.date = Some((second, value.clone()));
            value
        }
    })
}

/// The line of `Cache-Status`, one of those that many responses have.
pub(crate) fn status(status: CacheStatus<'_>) -> HeaderValue {
    let Some(place) = Spoken::place(&status) else { return line(status) };
    WRITTEN.with_borrow_mut(|written| {
        let known = &mut written.lines[place % LINES];
        match known {
            Some((said, value)) if said.is(&status) => value.clone(),
            _ => {
                let value = line(status);
                *known = Some((Spoken::of(&status), value.clone()));
                value
            }
        }
    })
}

/// The same, written anew. A structured field has no byte that a header must not have.
pub(crate) fn line(status: CacheStatus<'_>) -> HeaderValue {
    let mut line = String::with_capacity(96);
    status.write(&mut line);
    value_of(&line)
}

fn value_of(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("easy-cache"))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::Forward;

    #[test]
    fn what_was_written_is_not_taken_for_something_else() {
        let hit = |ttl| CacheStatus::hit("a").ttl(ttl);
        let passed = |word| CacheStatus::forwarded("a", Forward::UriMiss).status(200).detail(word);
        let said = [
            hit(1),
            hit(9),
            hit(1).collapsed(),
            hit(1).key("k"),
            hit(1).key("l"),
            passed("no-store"),
            passed("no-stora"),
            passed("no-store").status(404),
            passed("no-store").stored(),
            CacheStatus::hit("b").ttl(1),
            CacheStatus::generated("a").ttl(1),
        ];
        for _ in 0..3 {
            for said in said {
                assert_eq!(status(said), said.to_string());
                assert_eq!(status(said), said.to_string());
            }
        }
    }

    #[test]
    fn a_date_is_that_of_its_second() {
        for second in [1, 1, 2, 1] {
            let time = UNIX_EPOCH + Duration::from_secs(second);
            assert_eq!(date(time), date::format(time));
        }
    }
}
