//! The header fields of a stored response, in two pieces of memory however many they are; and the same as the map that each hit
//! needs one of, made for the first hit and then copied. Which fields are kept is decided in `headers`.

use bytes::Bytes;
use http::header::{AGE, CACHE_STATUS};
use http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;

/// Names, each with where its value ends, and the values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Block {
    names: Vec<Line>,
    values: Bytes,
}

#[derive(Debug, Clone)]
struct Line {
    name: HeaderName,
    end: u32,
    /// Not to be logged, nor to be remembered by HTTP/2.
    is_sensitive: bool,
}

impl Block {
    /// Those lines of a map whose names are kept.
    pub(crate) fn of(received: &HeaderMap, keeps: impl Fn(&str) -> bool) -> Self {
        let kept = || received.iter().filter(|(name, _)| keeps(name.as_str()));
        // No more than is kept: what is left over would be memory that nobody counts.
        let (lines, bytes) = kept().fold((0, 0), |(lines, bytes), (_, value)| (lines + 1, bytes + value.len()));
        let (mut names, mut values) = (Vec::with_capacity(lines), Vec::with_capacity(bytes));
        for (name, value) in kept() {
            values.extend_from_slice(value.as_bytes());
            names.push(Line { name: name.clone(), end: values.len() as u32, is_sensitive: value.is_sensitive() });
        }
        Self { names, values: values.into() }
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The bytes of all names and values.
    pub(crate) fn size(&self) -> usize {
        self.names.iter().map(|line| line.name.as_str().len()).sum::<usize>() + self.values.len()
    }

    pub(crate) fn has(&self, name: &HeaderName) -> bool {
        self.names.iter().any(|line| line.name == *name)
    }

    /// All lines as a map, with room for a few more. The values stay where they are.
    pub(crate) fn to_map(&self, keeps: impl Fn(&HeaderName) -> bool) -> HeaderMap {
        // A map that is asked for too much room at once panics; it grows by itself.
        let mut map = HeaderMap::with_capacity(self.len().min(MANY) + ROOM);
        let mut start = 0;
        for Line { name, end, is_sensitive } in &self.names {
            let end = *end as usize;
            if keeps(name)
                && let Ok(mut value) = HeaderValue::from_maybe_shared(self.values.slice(start..end))
            {
                value.set_sensitive(*is_sensitive);
                map.append(name, value);
            }
            start = end;
        }
        map
    }
}

impl Block {
    /// With these fields in place of all lines of their names.
    pub(crate) fn replace(&mut self, fields: &HeaderMap) {
        if !fields.is_empty() {
            let mut map = self.to_map(|name| !fields.contains_key(name));
            map.extend(fields.clone());
            *self = Self::of(&map, |_| true);
        }
    }
}

/// For `Age`, `Cache-Status`, a length and a range.
const ROOM: usize = 4;
/// More lines than that are nobody's.
const MANY: usize = 1 << 10;

/// The fields of the last hit. Most hits of a page that is asked for often say the same: their `Age` is that of the same second.
#[derive(Debug, Default)]
pub(crate) struct LastHit(Mutex<Option<Box<Said>>>);

#[derive(Debug)]
struct Said {
    by: String,
    age: u64,
    ttl: i64,
    fields: HeaderMap,
}

impl LastHit {
    /// The fields of this hit. Who finds another one at it makes them alone: nobody waits.
    pub(crate) fn fields(
        &self,
        (by, age, ttl): (&str, u64, i64),
        stored: impl FnOnce() -> HeaderMap,
        status: impl FnOnce() -> HeaderValue,
    ) -> HeaderMap {
        let Some(mut last) = self.0.try_lock() else {
            let mut fields = stored();
            say(&mut fields, age, status());
            return fields;
        };
        match &mut *last {
            Some(said) if said.age == age && said.ttl == ttl && said.by == by => said.fields.clone(),
            Some(said) => {
                (said.age, said.ttl) = (age, ttl);
                by.clone_into(&mut said.by);
                say(&mut said.fields, age, status());
                said.fields.clone()
            }
            None => {
                let mut fields = stored();
                say(&mut fields, age, status());
                let copy = fields.clone();
                *last = Some(Box::new(Said { by: by.to_owned(), age, ttl, fields }));
                copy
            }
        }
    }
}

/// Says what is true of this hit alone.
pub(crate) fn say(fields: &mut HeaderMap, age: u64, status: HeaderValue) {
    fields.insert(AGE, HeaderValue::from(age));
    fields.insert(CACHE_STATUS, status);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    fn said(last: &LastHit, stored: &HeaderMap, by: &str, age: u64, ttl: i64) -> HeaderMap {
        let status = || HeaderValue::from_str(&format!("{by} {ttl}")).unwrap();
        last.fields((by, age, ttl), || stored.clone(), status)
    }

    #[test]
    fn what_is_kept_of_a_map_is_that_map_again() {
        let mut received = map(&[("etag", "\"one\""), ("x-empty", ""), ("age", "7"), ("x-own", "1")]);
        received.append("x-own", HeaderValue::from_static("2"));
        received.get_mut("etag").unwrap().set_sensitive(true);
        let block = Block::of(&received, |name| name != "age");
        received.remove("age");
        assert_eq!(block.to_map(|_| true), received);
        assert!(block.to_map(|_| true)["etag"].is_sensitive() && !block.to_map(|_| true)["x-own"].is_sensitive());
        assert!(block.has(&HeaderName::from_static("etag")) && !block.has(&AGE));
        received.remove("x-own");
        assert_eq!(block.to_map(|name| name != "x-own"), received);
    }

    #[test]
    fn what_is_not_kept_of_a_map_takes_no_memory() {
        let long: &'static str = "x".repeat(1 << 14).leak();
        let mut received = map(&[("etag", "\"one\""), ("x-own", "1")]);
        (0..1_000).for_each(|_| _ = received.append("x-dropped", HeaderValue::from_static(long)));
        let block = Block::of(&received, |name| name != "x-dropped");
        assert_eq!((block.len(), block.size()), (2, 15));
        assert_eq!(block.names.capacity(), 2);
        assert_eq!(Vec::from(block.values).capacity(), 6, "a buffer goes back as it was made");
    }

    #[test]
    fn each_hit_says_what_is_true_of_it_whoever_came_before() {
        let (last, stored) = (LastHit::default(), map(&[("etag", "x")]));
        for (by, age, ttl) in [("a", 1, 9), ("a", 1, 9), ("a", 2, 8), ("b", 2, 8), ("a", 2, 8), ("a", 2, -1)] {
            let said = said(&last, &stored, by, age, ttl);
            let expected =
                [("etag", "x".to_owned()), ("age", age.to_string()), ("cache-status", format!("{by} {ttl}"))];
            assert_eq!(said.len(), 3);
            for (name, value) in expected {
                assert_eq!(said[name], value, "{by} {age} {ttl}");
            }
        }
    }

    #[test]
    fn who_meets_another_hit_at_it_does_not_wait() {
        let (last, stored) = (LastHit::default(), map(&[("etag", "x")]));
        let other = last.0.lock();
        assert_eq!(said(&last, &stored, "a", 1, 9).len(), 3);
        drop(other);
    }
}
