//! The canonical name of a table, and the escaping that keeps names and keys apart in a tag. Which spellings mean the
//! same table is decided in `catalog`.

use std::{fmt, sync::Arc};

/// A table, named the same way whatever the spelling of the statement: `books`, or `shop.books` outside of the
/// default schema. Cheap to clone.
///
/// The text is escaped: `%`, `.`, `:`, `*` and `,` inside a name are written as `%25` and so on. Two tables never
/// share a text, and no name can imitate the tag of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName(Arc<str>);

impl TableName {
    /// Names the table `name` in `schema`, both already in the form that the database compares.
    pub(crate) fn new(schema: Option<&str>, name: &str) -> Self {
        let mut text = String::with_capacity(name.len());
        if let Some(schema) = schema {
            escape_into(&mut text, schema);
            text.push('.');
        }
        escape_into(&mut text, name);
        Self(text.into())
    }

    /// The canonical, escaped text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Appends `part` with every character that has a meaning in tags percent-encoded.
pub(crate) fn escape_into(text: &mut String, part: &str) {
    for character in part.chars() {
        match character {
            '%' => text.push_str("%25"),
            '.' => text.push_str("%2E"),
            ':' => text.push_str("%3A"),
            '*' => text.push_str("%2A"),
            ',' => text.push_str("%2C"),
            other => text.push(other),
        }
    }
}

/// Whether [`escape_into`] writes it in another way.
pub(crate) const fn is_escaped(character: char) -> bool {
    matches!(character, '%' | '.' | ':' | '*' | ',')
}

/// What was escaped; `None` if this is nothing that [`escape_into`] writes.
pub(crate) fn unescape(escaped: &str) -> Option<String> {
    let mut text = String::with_capacity(escaped.len());
    let mut parts = escaped.split('%');
    text.push_str(parts.next()?);
    for part in parts {
        let code = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok())?;
        text.push(char::from(code));
        text.push_str(&part[2..]);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_in_a_name_is_not_a_schema() {
        assert_ne!(TableName::new(None, "a.b"), TableName::new(Some("a"), "b"));
        assert_eq!(TableName::new(Some("a"), "b:*").as_str(), "a.b%3A%2A");
    }
}
