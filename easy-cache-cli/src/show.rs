//! Names, times and bytes in the words that people read.

use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{DependsOn, RecordState, Version};

/// The most of a value that is shown.
const PREVIEW: usize = 240;

/// The family of a tag, as the options of `invalidate` are called.
pub(crate) fn family(tag: &Tag) -> &'static str {
    let table_or_row = |name: &str| if splits(name) { "row" } else { "table" };
    match tag.encoded().first() {
        Some(b'p') => "prefix",
        Some(b'd') => table_or_row(tag.name()),
        _ => "tag",
    }
}

/// Whether a colon that is not escaped separates a table from a row.
fn splits(name: &str) -> bool {
    let mut escaped = false;
    name.chars().any(|letter| {
        let separates = letter == ':' && !escaped;
        escaped = letter == '\\' && !escaped;
        separates
    })
}

pub(crate) fn name(name: &DependsOn) -> (&'static str, String) {
    match name {
        DependsOn::Everything => ("namespace", String::new()),
        DependsOn::Key => ("key", String::new()),
        DependsOn::Tag(tag) => (family(tag), tag.name().to_owned()),
        _ => ("other", String::new()),
    }
}

/// What has become of a record since the entry was stored, in one word.
pub(crate) fn state(stored: Version, record: RecordState) -> &'static str {
    match record {
        RecordState::Free(version) if version == stored => "current",
        RecordState::Free(_) => "changed",
        RecordState::Held => "held",
        RecordState::Absent => "gone",
        _ => "unknown",
    }
}

pub(crate) fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        seconds @ 1..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds @ 3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        seconds => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// Bytes as text: what does not print is a dot.
pub(crate) fn preview(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(PREVIEW)]).into_owned();
    let printed = text.chars().map(|letter| if letter.is_control() || letter == '\u{fffd}' { '·' } else { letter });
    let rest = if bytes.len() > PREVIEW { "…" } else { "" };
    format!("{}{rest}", printed.collect::<String>())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A number with a comma between thousands.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_called_as_the_options_that_name_them() {
        let families = [Tag::new("a:b"), Tag::prefix("a"), Tag::table("a:b"), Tag::row("a", 1), Tag::unknown_rows("a")];
        assert_eq!(families.each_ref().map(family), ["tag", "prefix", "table", "row", "row"]);
    }

    #[test]
    fn numbers_and_times_are_readable() {
        assert_eq!([7, 1000, 1_234_567].map(number), ["7", "1,000", "1,234,567"]);
        assert_eq!(
            [5, 65, 3661, 90_000].map(Duration::from_secs).map(seconds),
            ["5 s", "1 min 5 s", "1 h 1 min", "1 d 1 h"]
        );
        assert_eq!(seconds(Duration::from_millis(12)), "12 ms");
    }

    #[test]
    fn bytes_that_do_not_print_are_dots() {
        assert_eq!(preview(b"\x01Emma\n\xff"), "·Emma··");
        assert_eq!(preview(&[b'x'; 300]).chars().count(), PREVIEW + 1);
    }
}
