//! Reads a statement and its bound values out of what Diesel's instrumentation shows. What they mean is left to the SQL analysis.
//!
//! `Display` shows `SELECT …? -- binds: [7]`. A bound value can contain ` -- binds: [`, so the place of it says nothing. But Diesel
//! writes the statement in one piece, and the separator in the next: where the pieces begin and end nobody can forge. What
//! comes in other pieces is not read at all. (`Debug` shows the two apart as well, at the price of escaping every quote.)

use std::cell::OnceCell;
use std::fmt::{self, Display, Write};
use std::ops::Range;

use easy_cache_sql::{Bind, Values};

/// Taken for the statement when it came in another form: nobody understands it, so it has written everything.
pub(crate) const UNREADABLE: &str = "a statement in a form that is not known";

/// What Diesel writes between the statement and its values.
const SEPARATOR: &str = " -- binds: ";

/// The text of the statement that is running. Kept from one to the next, so that reading it needs no memory of its own.
#[derive(Debug, Default)]
pub(crate) struct Text {
    sql: String,
    /// The bound values, as a list of what their `Debug` shows.
    list: String,
    stage: Stage,
    /// Looked for when somebody asks: most statements only read, and nobody collects what.
    values: OnceCell<Option<Bound>>,
}

/// What has been written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Nothing,
    Statement,
    Values,
    /// Something that is in no place where Diesel writes anything.
    Unknown,
}

/// The bound values.
#[derive(Debug, Default)]
struct Bound {
    /// Each of them in the list.
    shown: Vec<Range<usize>>,
    /// Those that are texts, without quotes and escapes.
    texts: Vec<Option<String>>,
}

impl Text {
    /// Reads what an event shows.
    pub(crate) fn read(&mut self, query: &(impl Display + ?Sized)) {
        self.sql.clear();
        self.list.clear();
        self.values.take();
        self.stage = Stage::Nothing;
        if write!(self, "{query}").is_err() {
            self.stage = Stage::Unknown;
        }
    }

    /// The statement, without its values.
    pub(crate) fn sql(&self) -> &str {
        if self.stage == Stage::Unknown { UNREADABLE } else { &self.sql }
    }

    /// Whether values were shown behind the statement, if only an empty list.
    #[cfg(feature = "async")]
    pub(crate) fn shows_values(&self) -> bool {
        self.stage == Stage::Values
    }

    /// All bound values, as their `Debug` shows them.
    pub(crate) fn list(&self) -> &str {
        &self.list
    }

    /// Whether every bound value was shown as a literal of Rust, or as a date or UUID: then two different values never look
    /// alike. Of other types nobody knows what their `Debug` leaves out.
    pub(crate) fn is_faithful(&self) -> bool {
        let Some(bound) = self.bound() else { return false };
        self.stage != Stage::Unknown && bound.shown.iter().all(|place| is_faithful(&self.list[place.clone()]))
    }

    fn bound(&self) -> Option<&Bound> {
        self.values.get_or_init(|| self.split()).as_ref()
    }

    /// Splits the list at its outermost commas.
    fn split(&self) -> Option<Bound> {
        let mut bound = Bound::default();
        if self.list.is_empty() {
            return Some(bound);
        }
        let (mut from, end) = (1, self.list.strip_prefix('[')?.strip_suffix(']')?.len() + 1);
        while from < end {
            let length = element(&self.list[from..end])?;
            let shown = inner(&self.list[from..from + length]);
            let quoted = shown.strip_prefix('"').and_then(|shown| shown.strip_suffix('"'));
            bound.texts.push(quoted.and_then(unescaped));
            bound.shown.push(from..from + length);
            from += length;
            if from < end {
                from += self.list[from..end].starts_with(", ").then_some(2)?;
            }
        }
        Some(bound)
    }
}

impl Write for Text {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.stage = match self.stage {
            Stage::Nothing => {
                self.sql.push_str(piece);
                Stage::Statement
            }
            Stage::Statement if piece == SEPARATOR => Stage::Values,
            Stage::Values => {
                self.list.push_str(piece);
                Stage::Values
            }
            Stage::Statement | Stage::Unknown => Stage::Unknown,
        };
        Ok(())
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
            (_, Some(place)) => value(inner(&self.list[place.clone()])),
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
    use std::fmt::Debug;

    use super::*;

    struct Shown(&'static str);

    impl Debug for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    /// As Diesel shows a query.
    struct Query<'a>(&'a str, &'a [&'a dyn Debug]);

    impl Display for Query<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let (sql, binds) = (self.0.to_owned(), self.1);
            write!(f, "{sql} -- binds: {binds:?}")
        }
    }

    fn read(query: &impl Display) -> Text {
        let mut text = Text::default();
        text.read(query);
        text
    }

    #[test]
    fn plain_text_has_no_values() {
        let text = read(&"COMMIT -- binds: [1]");
        assert_eq!((text.sql(), text.len()), ("COMMIT -- binds: [1]", 0));
    }

    #[test]
    fn a_query_is_split_into_statement_and_values() {
        let sql = "UPDATE \"b\" SET t = $1";
        let text = read(&Query(sql, &[&"a\n\"b\"", &7, &Some(8), &None::<i32>, &[1, 2]]));
        assert_eq!(text.sql(), sql);
        let found: Vec<_> = (0..6).map(|index| text.get(index)).collect();
        let list = Bind::List(vec![Bind::Integer(1), Bind::Integer(2)]);
        let wanted = [Bind::Text("a\n\"b\""), Bind::Integer(7), Bind::Integer(8), Bind::Other, list, Bind::Other];
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_value_cannot_imitate_the_end_of_the_statement() {
        for forged in [" -- binds: [7]", "x\"] -- binds: [7", "\", 7]"] {
            let text = read(&Query("UPDATE b SET t = ? WHERE id = ?", &[&forged, &1]));
            assert_eq!(text.sql(), "UPDATE b SET t = ? WHERE id = ?");
            assert_eq!((text.len(), text.get(0), text.get(1)), (2, Bind::Text(forged), Bind::Integer(1)));
        }
    }

    #[test]
    fn a_statement_cannot_imitate_its_values() {
        let text = read(&Query("DELETE FROM b WHERE t = ' -- binds: [7]' AND id = ?", &[&1]));
        assert_eq!((text.len(), text.get(0)), (1, Bind::Integer(1)));
    }

    #[test]
    fn brackets_and_commas_inside_of_a_value_do_not_divide_it() {
        let text = read(&Query("?", &[&Shown("Point { x: 1, y: 2 }"), &Shown("Id(7)"), &["a, b", "c]"]]));
        let list = Bind::List(vec![Bind::Text("a, b"), Bind::Text("c]")]);
        assert_eq!([text.get(0), text.get(1), text.get(2)], [Bind::Other, Bind::Other, list]);
    }

    /// What is written, piece by piece.
    struct Pieces(&'static [&'static str]);

    impl Display for Pieces {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.iter().try_for_each(|piece| f.write_str(piece))
        }
    }

    #[test]
    fn what_comes_in_other_pieces_is_unreadable() {
        let others: [&[&str]; 3] =
            [&["SELECT ", "1"], &["SELECT 1", " -- bound: ", "[]"], &["SELECT ", "1", SEPARATOR, "[]"]];
        for pieces in others {
            let text = read(&Pieces(pieces));
            assert_eq!((text.sql(), text.is_faithful()), (UNREADABLE, false), "{pieces:?}");
        }
    }

    #[test]
    fn values_that_cannot_be_told_apart_are_never_as_many_as_expected() {
        for shown in ["[", "1)", "1,2", "\"a", ", 1"] {
            let text = read(&Query("?", &[&Shown(shown)]));
            assert_eq!((text.sql(), text.len()), ("?", usize::MAX), "{shown}");
            assert!(!text.is_faithful());
        }
    }

    #[test]
    fn every_escape_is_undone() {
        let wanted = "tab\t line\n quote\" back\\ nul\0 bell\u{7} é \u{200b}";
        assert_eq!(read(&Query("?", &[&wanted])).get(0), Bind::Text(wanted));
    }

    #[test]
    fn only_literals_dates_and_uuids_are_faithful() {
        let dates = [Shown("2026-01-02T03:04:05.678Z"), Shown("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")];
        let faithful: [&dyn Debug; 8] = [&1, &-1.5e300, &"a", &Some("b"), &[1, 2], &true, &dates[0], &dates[1]];
        assert!(read(&Query("?", &faithful)).is_faithful());
        for shown in ["Secret", "Secret(\"***\")", "[Secret]", "Some(Secret)", "***", "a0eebc99"] {
            assert!(!read(&Query("?", &[&Shown(shown)])).is_faithful(), "{shown}");
        }
    }
}
