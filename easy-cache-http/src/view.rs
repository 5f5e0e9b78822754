//! How the rules look at header fields, so that they are tied to no framework's header map.
//! Which fields matter, and what they say, is left to the other modules.

/// Reads the header fields of a request or a response.
///
/// Implemented here for slices of pairs and, with the feature `http`, for the header map of `http` 1. A framework
/// with a map of its own implements it on a small wrapper.
///
/// # Example: fields written down by hand
/// ```
/// use easy_cache_http::Headers;
///
/// let fields = [("vary", "accept"), ("age", "7"), ("vary", "accept-language")];
/// assert_eq!(fields[..].lines_of("vary").count(), 2);
/// ```
pub trait Headers {
    /// Gives the values of all lines of one field, in the order they were received; `name` is in lower case.
    fn lines_of(&self, name: &str) -> impl Iterator<Item = &[u8]>;

    /// Gives every line as name and value; names are in lower case, lines of one field keep their order.
    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])>;

    /// Says whether the field is there at all, even if empty.
    fn has(&self, name: &str) -> bool {
        self.lines_of(name).next().is_some()
    }

    /// Gives the value of a field that may stand only once: `None` if it is missing or repeated.
    fn single(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.lines_of(name);
        let first = values.next()?;
        values.next().is_none().then_some(first)
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Headers for [(N, V)] {
    fn lines_of(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.lines().filter(move |(line, _)| *line == name).map(|(_, value)| value)
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

/// All lines, gathered once, for who asks for many fields: a response of a usual number of lines takes no memory for it, and what
/// it has not is mostly known without a look.
pub(crate) struct Lines<'a> {
    first: [(&'a str, &'a [u8]); USUAL],
    count: usize,
    /// All of them, if there are more.
    all: Vec<(&'a str, &'a [u8])>,
    /// A bit for each name that is there; names may share one.
    marks: u64,
}

const USUAL: usize = 12;

impl<'a> Lines<'a> {
    pub(crate) fn of<H: Headers + ?Sized>(headers: &'a H) -> Self {
        let mut lines = Self { first: [("", &[]); USUAL], count: 0, all: Vec::new(), marks: 0 };
        for line in headers.lines() {
            match lines.first.get_mut(lines.count) {
                Some(place) => *place = line,
                None => {
                    if lines.all.is_empty() {
                        lines.all.extend(lines.first);
                    }
                    lines.all.push(line);
                }
            }
            lines.marks |= mark(line.0);
            lines.count += 1;
        }
        lines
    }

    fn as_slice(&self) -> &[(&'a str, &'a [u8])] {
        if self.all.is_empty() { self.first.get(..self.count).unwrap_or_default() } else { &self.all }
    }
}

/// By length and first letter.
fn mark(name: &str) -> u64 {
    let letter = usize::from(name.as_bytes().first().copied().unwrap_or_default());
    1 << ((name.len() * 5 + letter) % 64)
}

impl Headers for Lines<'_> {
    #[inline]
    fn lines_of(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let lines = if self.marks & mark(name) == 0 { &[] } else { self.as_slice() };
        lines.lines_of(name)
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.as_slice().lines()
    }
}

/// A copy of all lines in one piece of memory, for who may ask for a few of them later.
#[cfg(feature = "door")]
#[derive(Debug)]
pub(crate) struct Copied(Vec<u8>);

#[cfg(feature = "door")]
thread_local! {
    /// The memory of a copy that is no longer needed.
    static SPARE: std::cell::Cell<Vec<u8>> = const { std::cell::Cell::new(Vec::new()) };
}

/// Larger ones are rare, and given back.
#[cfg(feature = "door")]
const LARGEST_SPARE: usize = 4096;

/// Most requests of browsers fit.
#[cfg(feature = "door")]
const ROOM: usize = 768;

#[cfg(feature = "door")]
impl Drop for Copied {
    fn drop(&mut self) {
        if self.0.capacity() <= LARGEST_SPARE {
            let spare = std::mem::take(&mut self.0);
            let _ended = SPARE.try_with(|place| place.set(spare)); // the thread itself may be ending
        }
    }
}

#[cfg(feature = "door")]
impl Copied {
    pub(crate) fn of<H: Headers + ?Sized>(headers: &H) -> Self {
        let mut lines = SPARE.take();
        lines.clear();
        lines.reserve(ROOM);
        for (name, value) in headers.lines() {
            lines.extend_from_slice(&(name.len() as u32).to_le_bytes());
            lines.extend_from_slice(&(value.len() as u32).to_le_bytes());
            lines.extend_from_slice(name.as_bytes());
            lines.extend_from_slice(value);
        }
        Self(lines)
    }

    fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let (name, after) = rest.split_first_chunk()?;
            let (value, after) = after.split_first_chunk()?;
            let (name, after) = after.split_at_checked(u32::from_le_bytes(*name) as usize)?;
            let (value, after) = after.split_at_checked(u32::from_le_bytes(*value) as usize)?;
            rest = after;
            Some((name, value))
        })
    }
}

#[cfg(feature = "door")]
impl Headers for Copied {
    fn lines_of(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.pairs().filter(move |(line, _)| *line == name.as_bytes()).map(|(_, value)| value)
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.pairs().map(|(name, value)| (std::str::from_utf8(name).unwrap_or_default(), value))
    }
}

/// Up to so many fields, to compare each name takes less time than to read a name and look it up by its hash.
#[cfg(feature = "http")]
const FEW: usize = 16;

/// The values of one field of a map.
#[cfg(feature = "http")]
enum Values<'a, 'n> {
    Compared(http::header::Iter<'a, http::HeaderValue>, &'n str),
    LookedUp(http::header::ValueIter<'a, http::HeaderValue>),
}

#[cfg(feature = "http")]
impl Headers for http::HeaderMap {
    fn lines_of(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let mut values = if self.len() <= FEW {
            Values::Compared(self.iter(), name)
        } else {
            Values::LookedUp(self.get_all(name).into_iter())
        };
        std::iter::from_fn(move || match &mut values {
            Values::Compared(lines, name) => lines.find(|(line, _)| line.as_str() == *name).map(|(_, value)| value),
            Values::LookedUp(values) => values.next(),
        })
        .map(http::HeaderValue::as_bytes)
    }

    fn has(&self, name: &str) -> bool {
        if self.len() <= FEW { self.keys().any(|line| line.as_str() == name) } else { self.contains_key(name) }
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_field_has_no_single_value() {
        let fields = [("age", "1"), ("etag", "x"), ("age", "2")];
        assert_eq!(fields[..].single("age"), None);
        assert_eq!(fields[..].single("etag"), Some(&b"x"[..]));
        assert!(fields[..].has("age") && !fields[..].has("date"));
    }

    #[test]
    fn lines_that_were_gathered_are_the_same_lines_few_or_many() {
        for count in [0, 1, USUAL - 1, USUAL, USUAL + 1, 3 * USUAL] {
            let fields: Vec<_> = (0..count).map(|number| (format!("f{}", number % 7), number.to_string())).collect();
            let gathered = Lines::of(&fields[..]);
            assert!(gathered.lines().eq(fields[..].lines()), "{count}");
            assert!(gathered.lines_of("f3").eq(fields[..].lines_of("f3")), "{count}");
            #[cfg(feature = "door")]
            {
                let copied = Copied::of(&fields[..]);
                assert!(copied.lines().eq(fields[..].lines()), "{count}");
                assert!(copied.lines_of("f3").eq(fields[..].lines_of("f3")), "{count}");
            }
        }
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_header_map_gives_all_lines_of_a_field_in_order() {
        let mut map = http::HeaderMap::new();
        map.append("Vary", http::HeaderValue::from_static("accept"));
        map.append("Age", http::HeaderValue::from_static("7"));
        map.append("vary", http::HeaderValue::from_static("range"));
        assert_eq!(map.lines_of("vary").collect::<Vec<_>>(), [b"accept".as_slice(), b"range"]);
        assert_eq!(Headers::lines(&map).filter(|(name, _)| *name == "vary").count(), 2);
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_header_map_of_many_fields_is_looked_at_like_one_of_few() {
        let mut map = http::HeaderMap::new();
        for number in 0..2 * FEW {
            assert!(!Headers::has(&map, "vary") && map.single("vary").is_none());
            let name = http::HeaderName::try_from(format!("x-{number}")).unwrap();
            map.append(name, http::HeaderValue::from(number));
        }
        map.append("vary", http::HeaderValue::from_static("accept"));
        assert!(Headers::has(&map, "vary") && map.single("vary") == Some(b"accept"));
        map.append("vary", http::HeaderValue::from_static("range"));
        assert_eq!(map.lines_of("vary").collect::<Vec<_>>(), [b"accept".as_slice(), b"range"]);
        assert_eq!(map.single("vary"), None);
    }
}
