//! Primary keys: their columns, the values that are bound to a statement, and the one text that all spellings of the
//! same key share. Where in a statement a key is found is left to `analyze::rows`.
//!
//! The rule everywhere: two values that the database may take for the same key either have the same text or have none.
//! A value without a text makes the rows unknown, which is always safe.

use crate::{
    Dialect,
    name::{escape_into, is_escaped, unescape},
};

/// Longer text keys are not worth a tag of their own.
const LONGEST_TEXT_KEY: usize = 255;

/// One column of a primary key, with the type that says when two values are the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyColumn {
    name: String,
    kind: KeyKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Integer,
    Text,
    Uuid,
}

impl KeyColumn {
    /// A column of any integer type.
    pub fn integer(name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: KeyKind::Integer }
    }

    /// A text column that compares byte by byte, as columns do in SQLite and PostgreSQL unless declared otherwise
    /// (`COLLATE NOCASE`, `citext`, `char(n)`, nondeterministic collations: do not register these). MySQL ignores case
    /// and accents by default, so text keys give no row tags there.
    pub fn text(name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: KeyKind::Text }
    }

    /// A UUID, whether stored as such, as 16 bytes, or as text.
    pub fn uuid(name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: KeyKind::Uuid }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn kind(&self) -> KeyKind {
        self.kind
    }
}

/// One bound value, as far as it can be part of a key.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Bind<'a> {
    /// Any integer.
    Integer(i128),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A UUID.
    Uuid([u8; 16]),
    /// An array, as in `id = ANY($1)`.
    List(Vec<Self>),
    /// Anything else: null, floating point, dates, JSON. Never part of a key.
    Other,
}

/// The values bound to a statement, in the order of the placeholders. Implement it for a driver's own values, so that
/// only those that turn out to be keys are looked at.
pub trait Values {
    /// How many values are bound.
    fn len(&self) -> usize;

    /// The value at `index`, counted from zero; [`Bind::Other`] if there is none.
    fn get(&self, index: usize) -> Bind<'_>;

    /// Whether nothing is bound.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Values for [Bind<'_>] {
    fn len(&self) -> usize {
        <[Bind<'_>]>::len(self)
    }

    fn get(&self, index: usize) -> Bind<'_> {
        <[Bind<'_>]>::get(self, index).cloned().unwrap_or(Bind::Other)
    }
}

impl<const N: usize> Values for [Bind<'_>; N] {
    fn len(&self) -> usize {
        N
    }

    fn get(&self, index: usize) -> Bind<'_> {
        Values::get(self.as_slice(), index)
    }
}

impl KeyKind {
    /// The text that every spelling of this key shares, or `None` if the database might see another key in it.
    pub(crate) fn text_of(self, value: &Bind<'_>, dialect: Dialect) -> Option<String> {
        match self {
            Self::Integer => integer_text(value),
            Self::Text => plain_text(value, dialect),
            Self::Uuid => uuid_text(value, dialect),
        }
    }
}

fn integer_text(value: &Bind<'_>) -> Option<String> {
    let number = match value {
        Bind::Integer(number) => *number,
        // `'42'` is 42 for an integer column; `'042'` or `' 42'` might be, so they are no key at all.
        Bind::Text(text) => text.parse::<i128>().ok().filter(|number| number.to_string() == *text)?,
        _ => return None,
    };
    // Wide numbers take long to write, and hardly any key is one.
    let narrow = i64::try_from(number).map(|narrow| narrow.to_string());
    narrow.or_else(|_| u64::try_from(number).map(|wide| wide.to_string())).ok()
}

fn plain_text(value: &Bind<'_>, dialect: Dialect) -> Option<String> {
    match value {
        Bind::Text(text) if dialect != Dialect::MySql && text.len() <= LONGEST_TEXT_KEY => Some((*text).to_owned()),
        // SQLite stores an integer in a text column as its digits.
        Bind::Integer(number) if dialect == Dialect::Sqlite => i64::try_from(*number).ok().map(|n| n.to_string()),
        _ => None,
    }
}

fn uuid_text(value: &Bind<'_>, dialect: Dialect) -> Option<String> {
    let bytes = match value {
        Bind::Uuid(bytes) => *bytes,
        Bind::Bytes(bytes) if dialect != Dialect::Postgres => (*bytes).try_into().ok()?,
        Bind::Text(text) => parse_uuid(text)?,
        _ => return None,
    };
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    Some(text)
}

/// Reads every form that PostgreSQL accepts: any case, hyphens anywhere, in braces or not.
fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let bare = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    let digits: Vec<u8> = bare
        .chars()
        .filter(|character| *character != '-')
        .map(|character| character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    if digits.len() == 32 { bytes.try_into().ok() } else { None }
}

/// Joins the texts of a key's columns. Escaping keeps `("a,b", "c")` and `("a", "b,c")` apart, and the empty text
/// visible.
pub(crate) fn join_columns<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    let mut key = String::new();
    for (index, column) in columns.into_iter().enumerate() {
        if index > 0 {
            key.push(',');
        }
        if column.is_empty() {
            key.push('%');
        }
        escape_into(&mut key, column);
    }
    key
}

/// The same for a key of one column.
pub(crate) fn join_one(column: String) -> String {
    let is_plain = !column.is_empty() && !column.contains(is_escaped);
    if is_plain { column } else { join_columns([column.as_str()]) }
}

/// The texts of a key's columns again; `None` if this was not joined by [`join_columns`].
pub(crate) fn columns_of(key: &str) -> Option<Vec<String>> {
    key.split(',').map(|column| if column == "%" { Some(String::new()) } else { unescape(column) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_has_one_text_whatever_its_type() {
        for value in [Bind::Integer(42), Bind::Text("42")] {
            assert_eq!(KeyKind::Integer.text_of(&value, Dialect::Sqlite).as_deref(), Some("42"));
        }
    }

    #[test]
    fn text_that_may_be_another_spelling_of_an_integer_is_no_key() {
        for text in ["042", " 42", "42.0", "4.2e1", "+42", "", "x", "42abc", "-0"] {
            assert_eq!(KeyKind::Integer.text_of(&Bind::Text(text), Dialect::MySql), None, "{text:?}");
        }
    }

    #[test]
    fn all_forms_of_a_uuid_have_one_text() {
        let bytes = *b"\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11";
        let expected = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        let spelled = [expected, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}"];
        for value in spelled.map(Bind::Text).into_iter().chain([Bind::Uuid(bytes), Bind::Bytes(&bytes)]) {
            assert_eq!(KeyKind::Uuid.text_of(&value, Dialect::Sqlite).as_deref(), Some(expected));
        }
        assert_eq!(KeyKind::Uuid.text_of(&Bind::Text("a0eebc99"), Dialect::Sqlite), None);
    }

    #[test]
    fn mysql_text_is_no_key_because_its_collations_ignore_case() {
        assert_eq!(KeyKind::Text.text_of(&Bind::Text("a"), Dialect::MySql), None);
        assert_eq!(KeyKind::Text.text_of(&Bind::Text("a"), Dialect::Postgres).as_deref(), Some("a"));
    }

    #[test]
    fn columns_of_a_key_cannot_run_into_each_other() {
        assert_ne!(join_columns(["a,b", "c"]), join_columns(["a", "b,c"]));
        assert_ne!(join_columns(["", "a"]), join_columns(["%", "a"]));
        assert_ne!(join_columns(["*"]), "*");
    }
}
