//! Reads a statement and its bound values out of the only form in which Diesel's instrumentation shows both without doubt:
//! `Debug`. (`Display` separates the two by a comment, which a bound value can contain.) What they mean is left to the SQL
//! analysis.

use std::cell::OnceCell;
use std::fmt::{Debug, Write};
use std::ops::Range;

use easy_cache_sql::{Bind, Values};

/// Taken for the statement when the form is not the known one: nobody understands it, so it has written everything.
const UNREADABLE: &str = "a statement in a form that is not known";

/// The text of the statement that is running. Kept from one to the next, so that reading allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// What Diesel printed.
    shown: String,
    /// The statement, where `shown` has it with escapes.
    unescaped: String,
    sql: Place,
    /// Where the list of bound values is.
    list: Range<usize>,
    /// Looked for when somebody asks: most statements only read, and nobody collects what.
    values: OnceCell<Option<Bound>>,
}

/// Where the statement is.
#[derive(Debug, Default)]
enum Place {
    #[default]
    Nowhere,
    Shown(Range<usize>),
    Unescaped,
}

/// The bound values.
#[derive(Debug, Default)]
struct Bound {
    /// Each of them in what was shown.
    shown: Vec<Range<usize>>,
    /// Those that are texts, without quotes and escapes.
    texts: Vec<Option<String>>,
}

impl Text {
    /// Reads what an event shows.
    pub(crate) fn read(&mut self, query: &(impl Debug + ?Sized)) {
        self.shown.clear();
        self.values.take();
        self.list = 0..0;
        self.sql = Place::Nowhere;
        let is_read = write!(self.shown, "{query:?}").is_ok() && self.find().is_some();
        if !is_read {
            self.sql = Place::Nowhere;
        }
    }

    /// The statement, without its values.
    pub(crate) fn sql(&self) -> &str {
        match &self.sql {
            Place::Nowhere => UNREADABLE,
            Place::Shown(range) => &self.shown[range.clone()],
            Place::Unescaped => &self.unescaped,
        }
    }

    /// Everything that was shown: statement and values.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether every bound value was shown as a literal of Rust, or as a date or UUID: then two different values never look
    /// alike. Of other types nobody knows what their `Debug` leaves out.
    pub(crate) fn is_faithful(&self) -> bool {
        let Some(bound) = self.bound() else { return false };
        !matches!(self.sql, Place::Nowhere) && bound.shown.iter().all(|place| is_faithful(&self.shown[place.clone()]))
    }

    /// Finds the statement and its values in `"…"`, which shows plain text, or in `Query { sql: "…", binds: […] }`.
    fn find(&mut self) -> Option<()> {
        const SQL: &str = "Query { sql: ";
        const BINDS: &str = ", binds: [";
        let is_query = self.shown.starts_with(SQL);
        let start = if is_query { SQL.len() } else { 0 };
        let end = start + literal(&self.shown[start..])?;
        let inside = start + 1..end - 1;
        self.sql = if self.shown[inside.clone()].contains('\\') {
            self.unescaped.clear();
            unescape(&self.shown[inside], &mut self.unescaped)?;
            Place::Unescaped
        } else {
            Place::Shown(inside)
        };
        if is_query {
            let list = self.shown[end..].strip_prefix(BINDS)?.strip_suffix("] }")?;
            self.list = end + BINDS.len()..end + BINDS.len() + list.len();
            Some(())
        } else {
            (end == self.shown.len()).then_some(())
        }
    }

    fn bound(&self) -> Option<&Bound> {
        self.values.get_or_init(|| self.split()).as_ref()
    }

    /// Splits the list at its outermost commas.
    fn split(&self) -> Option<Bound> {
        let mut bound = Bound::default();
        let Range { start: mut from, end } = self.list;
        while from < end {
            let length = element(&self.shown[from..end])?;
            let shown = inner(&self.shown[from..from + length]);
            let quoted = shown.strip_prefix('"').and_then(|shown| shown.strip_suffix('"'));
            bound.texts.push(quoted.and_then(unescaped));
            bound.shown.push(from..from + length);
            from += length;
            if from < end {
                from += self.shown[from..end].starts_with(", ").then_some(2)?;
            }
        }
        Some(bound)
    }
}

impl Values for Text {
    /// More than there can be placeholders, if the values could not be told apart.
    fn len(&self) -> usize {
        self.bound().map_or(usize::MAX, |bound| bound.shown.len())
    }

    fn get(&self, index: usize) -> Bind<'_> {
        let Some(bound) = self.bound() else { return Bind::Other };
        match (bound.texts.get(index), bound.shown.get(index)) {
            (Some(Some(text)), _) => Bind::Text(text),
            (_, Some(place)) => value(inner(&self.shown[place.clone()])),
            _ => Bind::Other,
        }
    }
}

fn unescaped(escaped: &str) -> Option<String> {
    let mut text = String::with_capacity(escaped.len());
    unescape(escaped, &mut text)?;
    Some(text)
}

/// A value that is not a text by itself: a number, a UUID, or a list.
fn value(shown: &str) -> Bind<'_> {
    if let Ok(number) = shown.parse() {
        return Bind::Integer(number);
    }
    if is_uuid(shown) {
        return Bind::Text(shown);
    }
    match shown.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(list) => values(list).map_or(Bind::Other, Bind::List),
        None => Bind::Other,
    }
}

/// The elements of a list. Texts with escapes are none: there is no place to keep them.
fn values(list: &str) -> Option<Vec<Bind<'_>>> {
    let (mut rest, mut values) = (list, Vec::new());
    while !rest.is_empty() {
        let (shown, more) = rest.split_at(element(rest)?);
        let quoted = shown.strip_prefix('"').and_then(|shown| shown.strip_suffix('"'));
        values.push(match quoted {
            Some(text) => Bind::Text(Some(text).filter(|text| !text.contains('\\'))?),
            None => value(shown),
        });
        rest = more.strip_prefix(", ").unwrap_or(more);
    }
    Some(values)
}

/// What is inside of `Some(…)`: a value that may be null, and is not.
fn inner(shown: &str) -> &str {
    shown.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(shown)
}

/// The length of a quoted text at the start, quotes included.
fn literal(shown: &str) -> Option<usize> {
    let bytes = shown.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The length of the first element of a list: until a comma outside of brackets and quotes.
fn element(list: &str) -> Option<usize> {
    let bytes = list.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at += literal(&list[at..])? - 1,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => break,
            _ => {}
        }
        at += 1;
    }
    (depth == 0 && at > 0).then_some(at)
}

/// Adds the text without the escapes of Rust.
fn unescape(escaped: &str, text: &mut String) -> Option<()> {
    let mut rest = escaped;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let mut characters = rest[at + 1..].chars();
        let character = match characters.next()? {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '0' => '\0',
            same @ ('"' | '\'' | '\\') => same,
            'u' => {
                let (digits, after) = characters.as_str().strip_prefix('{')?.split_once('}')?;
                characters = after.chars();
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
            }
            _ => return None,
        };
        text.push(character);
        rest = characters.as_str();
    }
    text.push_str(rest);
    Some(())
}

fn is_faithful(shown: &str) -> bool {
    match shown.as_bytes() {
        b"None" | b"true" | b"false" => true,
        [b'"', ..] => literal(shown) == Some(shown.len()),
        [b'[', .., b']'] => are_faithful(&shown[1..shown.len() - 1]),
        [b'S', b'o', b'm', b'e', b'(', .., b')'] => is_faithful(inner(shown)),
        // Numbers, and dates and times, which begin with a digit or a sign.
        [b'0'..=b'9' | b'-' | b'+', rest @ ..] => {
            is_uuid(shown)
                || rest.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b':' | b'.' | b'T' | b'Z' | b'e'))
        }
        _ => is_uuid(shown),
    }
}

fn are_faithful(mut list: &str) -> bool {
    while !list.is_empty() {
        let Some(length) = element(list) else { return false };
        if !is_faithful(&list[..length]) {
            return false;
        }
        list = list[length..].strip_prefix(", ").unwrap_or(&list[length..]);
    }
    true
}

/// `a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`
fn is_uuid(shown: &str) -> bool {
    let is_place = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    shown.len() == 36 && shown.bytes().enumerate().all(is_place)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Shown(&'static str);

    impl Debug for Shown {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    /// As Diesel shows a query.
    #[derive(Debug)]
    #[expect(dead_code, reason = "only shown")]
    struct Query<T> {
        sql: &'static str,
        binds: T,
    }

    fn read(query: &impl Debug) -> Text {
        let mut text = Text::default();
        text.read(query);
        text
    }

    #[test]
    fn plain_text_has_no_values() {
        let text = read(&"COMMIT");
        assert_eq!((text.sql(), text.len()), ("COMMIT", 0));
    }

    #[test]
    fn a_query_is_split_into_statement_and_values() {
        let text = read(&Query { sql: "UPDATE \"b\" SET t = $1 WHERE id = $2", binds: ("a", 7, Some(8), None::<i32>) });
        assert_eq!(text.sql(), UNREADABLE, "a tuple is no list");
        let binds: [&dyn Debug; 5] = [&"a\n\"b\"", &7, &Some(8), &None::<i32>, &[1, 2]];
        let text = read(&Query { sql: "UPDATE \"b\" SET t = $1", binds });
        assert_eq!(text.sql(), "UPDATE \"b\" SET t = $1");
        let found: Vec<_> = (0..6).map(|index| text.get(index)).collect();
        let list = Bind::List(vec![Bind::Integer(1), Bind::Integer(2)]);
        let wanted = [Bind::Text("a\n\"b\""), Bind::Integer(7), Bind::Integer(8), Bind::Other, list, Bind::Other];
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_value_cannot_imitate_the_end_of_the_statement() {
        let forged = "x\", binds: [7] }";
        let binds: [&dyn Debug; 2] = [&forged, &1];
        let text = read(&Query { sql: "UPDATE b SET t = ? WHERE id = ?", binds });
        assert_eq!(text.get(0), Bind::Text(forged));
        assert_eq!((text.len(), text.get(1)), (2, Bind::Integer(1)));
    }

    #[test]
    fn brackets_and_commas_inside_of_a_value_do_not_divide_it() {
        let binds: [&dyn Debug; 3] = [&Shown("Point { x: 1, y: 2 }"), &Shown("Id(7)"), &["a, b", "c]"]];
        let text = read(&Query { sql: "?", binds });
        let list = Bind::List(vec![Bind::Text("a, b"), Bind::Text("c]")]);
        assert_eq!([text.get(0), text.get(1), text.get(2)], [Bind::Other, Bind::Other, list]);
    }

    #[test]
    fn what_has_another_form_is_unreadable() {
        for shown in ["", "SELECT 1", "\"open", "\"a\" b", "Query { sql: \"a\" }", "Query { sql: \"\\q\", binds: [] }"]
        {
            assert_eq!(read(&Shown(shown)).sql(), UNREADABLE, "{shown}");
        }
    }

    #[test]
    fn values_that_cannot_be_told_apart_are_never_as_many_as_expected() {
        for shown in ["[[]", "[1)]", "[1,2]", "[\"a]", "[, 1]"] {
            let text = read(&Shown(Box::leak(format!("Query {{ sql: \"?\", binds: {shown} }}").into_boxed_str())));
            assert_eq!((text.sql(), text.len()), ("?", usize::MAX), "{shown}");
            assert!(!text.is_faithful());
        }
    }

    #[test]
    fn every_escape_is_undone() {
        let wanted = "tab\t line\n quote\" back\\ nul\0 bell\u{7} é \u{200b}";
        assert_eq!(read(&wanted).sql(), wanted);
    }

    #[test]
    fn only_literals_dates_and_uuids_are_faithful() {
        let faithful: [&dyn Debug; 8] = [
            &1,
            &-1.5e300,
            &"a",
            &Some("b"),
            &[1, 2],
            &true,
            &Shown("2026-01-02T03:04:05.678Z"),
            &Shown("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ];
        assert!(read(&Query { sql: "?", binds: faithful }).is_faithful());
        for shown in ["Secret", "Secret(\"***\")", "[Secret]", "Some(Secret)", "***", "a0eebc99"] {
            let binds: [&dyn Debug; 1] = [&Shown(shown)];
            assert!(!read(&Query { sql: "?", binds }).is_faithful(), "{shown}");
        }
        assert!(!read(&Shown("?")).is_faithful());
    }
}
