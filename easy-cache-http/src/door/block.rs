//! The header fields of a stored response, in one piece of memory however many they are, and mostly its body with them; and the same as
//! the map that each hit needs one of, made for the first hit and then copied. Which fields are kept is decided in `headers`.
//!
//! What is kept lies between what handlers ask for and give back, and each piece that stays there makes the next one slower to find.

use std::ops::Range;

use bytes::Bytes;
use http::header::{AGE, CACHE_STATUS};
use http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;

/// Lines, each as the lengths of its name and its value, its name, and its value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Block {
    lines: usize,
    bytes: Bytes,
}

/// A line, and where its value is.
struct Line<'a> {
    name: &'a str,
    value: Range<usize>,
    is_sensitive: bool,
}

/// What stands before a line: two numbers.
const LENGTHS: usize = 2 * size_of::<u32>();

/// Stands in the length of a name: its value is not to be logged, nor to be remembered by HTTP/2. No name is that long.
const SENSITIVE: u32 = 1 << 31;

/// A body up to this size that nobody else has is copied to its fields. Moving more than that takes longer than it saves.
const SMALL: usize = 1 << 14;

impl Block {
    /// Those lines of a map whose names are kept.
    pub(crate) fn of(received: &HeaderMap, keeps: impl Fn(&str) -> bool) -> Self {
        let kept = || received.iter().filter(|(name, _)| keeps(name.as_str()));
        // No more than is kept: what is left over would be memory that nobody counts.
        let size = kept().map(|(name, value)| LENGTHS + name.as_str().len() + value.len()).sum();
        let (mut bytes, mut lines) = (Vec::with_capacity(size), 0);
        for (name, value) in kept() {
            let mark = if value.is_sensitive() { SENSITIVE } else { 0 };
            bytes.extend_from_slice(&(name.as_str().len() as u32 | mark).to_le_bytes());
            bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(value.as_bytes());
            lines += 1;
        }
        Self { lines, bytes: bytes.into() }
    }

    /// The same with a body in one piece of memory, if that is small and nobody else's. What its handler had asked for beyond its length is
    /// given back with it.
    pub(crate) fn beside(&mut self, body: Bytes) -> Bytes {
        if body.len() > SMALL || !body.is_unique() {
            return body;
        }
        let mut both = Vec::with_capacity(self.bytes.len() + body.len());
        both.extend_from_slice(&self.bytes);
        both.extend_from_slice(&body);
        let mut both = Bytes::from(both);
        let body = both.split_off(self.bytes.len());
        self.bytes = both;
        body
    }

    pub(crate) fn len(&self) -> usize {
        self.lines
    }

    /// The bytes of all names and values, and of what is written between them.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn has(&self, name: &HeaderName) -> bool {
        self.lines().any(|line| line.name == name.as_str())
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let (name, rest) = self.bytes.get(start..)?.split_first_chunk()?;
            let (value, _) = rest.split_first_chunk()?;
            let (name, value) = (u32::from_le_bytes(*name), u32::from_le_bytes(*value));
            let named = start + LENGTHS..start + LENGTHS + (name & !SENSITIVE) as usize;
            let value = named.end..named.end + value as usize;
            start = value.end;
            let bytes = self.bytes.get(named)?;
            Some(Line { name: std::str::from_utf8(bytes).ok()?, value, is_sensitive: name & SENSITIVE != 0 })
        })
    }

    /// All lines as a map, with room for a few more. The values stay where they are.
    pub(crate) fn to_map(&self, keeps: impl Fn(&str) -> bool) -> HeaderMap {
        // A map that is asked for too much room at once panics; it grows by itself.
        let mut map = HeaderMap::with_capacity(self.len().min(MANY) + ROOM);
        for line in self.lines().filter(|line| keeps(line.name)) {
            if let Ok(name) = HeaderName::from_bytes(line.name.as_bytes())
                && let Ok(mut value) = HeaderValue::from_maybe_shared(self.bytes.slice(line.value))
            {
                value.set_sensitive(line.is_sensitive);
                map.append(name, value);
            }
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
        let length = block.bytes.len();
        assert_eq!((block.len(), length), (2, 15 + 2 * LENGTHS));
        assert_eq!(Vec::from(block.bytes).capacity(), length, "a buffer goes back as it was made");
    }

    #[test]
    fn a_small_body_that_is_nobody_elses_is_put_to_its_fields() {
        let received = map(&[("etag", "\"one\""), ("x-empty", "")]);
        let mut room = Vec::with_capacity(1000);
        room.extend_from_slice(b"body");
        for (body, moves) in [(Bytes::from(room), true), (Bytes::new(), false), (vec![7; SMALL + 1].into(), false)] {
            let (mut block, copy, at) = (Block::of(&received, |_| true), body.to_vec(), body.as_ptr());
            let body = block.beside(body);
            assert_eq!((&*body, block.to_map(|_| true)), (&*copy, received.clone()));
            assert_eq!(body.as_ptr() != at, moves);
        }
        let shared = Bytes::from(vec![7; 10]);
        let _other = shared.clone();
        assert_eq!(Block::of(&received, |_| true).beside(shared.clone()).as_ptr(), shared.as_ptr());
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
