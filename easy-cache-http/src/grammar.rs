//! The small pieces of grammar that several fields and URIs share: lists, tokens, quoted strings, numbers, seconds, percent
//! escapes (RFC 9110 §5.6, RFC 9111 §1.2.2, RFC 3986 §2.1). What a field means is left to the module of that field.

use std::borrow::Cow;
use std::time::Duration;

/// The largest number of seconds that is told apart: anything above counts as this (RFC 9111 §1.2.2). It is 68 years,
/// and small enough that sums of a few of them cannot overflow.
pub(crate) const MAX_DELTA: Duration = Duration::from_secs(1 << 31);

/// Removes the optional white space around a value (RFC 9110 §5.6.3).
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !is_space(*byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !is_space(*byte)).map_or(start, |last| last + 1);
    &bytes[start..end]
}

/// Says whether the bytes are one token (RFC 9110 §5.6.2).
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is_token_byte(*byte))
}

pub(crate) fn is_token_byte(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

/// For each byte whether tokens may have it: directives are read byte by byte on the way of each response.
const TOKEN: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0_u8);
    while byte < 128 {
        let is_mark = matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        );
        table[byte as usize] = byte.is_ascii_alphanumeric() || is_mark;
        byte += 1;
    }
    table
};

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Walks through the members of a comma-separated list, trimmed, empty ones skipped (RFC 9110 §5.6.1). Commas inside a
/// quoted string do not separate. A quote that is never closed opens nothing, so that it cannot hide what follows it.
pub(crate) fn members(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    pieces(list, b',').map(trim).filter(|member| !member.is_empty())
}

/// Splits at a separator that stands outside of quoted strings.
pub(crate) fn pieces(list: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(list);
    let mut quoting = true;
    std::iter::from_fn(move || {
        let bytes = rest?;
        let end = piece_end(bytes, separator, &mut quoting);
        rest = bytes.get(end + 1..);
        Some(&bytes[..end])
    })
}

/// Where the first piece ends. The first unclosed quote switches `quoting` off for good, which keeps the time linear.
fn piece_end(bytes: &[u8], separator: u8, quoting: &mut bool) -> usize {
    let mut at = 0;
    while at < bytes.len() && bytes[at] != separator {
        let quoted = if *quoting && bytes[at] == b'"' { quoted_length(&bytes[at..]) } else { Some(1) };
        *quoting &= quoted.is_some();
        at += quoted.unwrap_or(1);
    }
    at
}

/// The length of the quoted string at the start, both quotes included; `None` if it is not closed.
fn quoted_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Reads a quoted string that fills all of `bytes` (RFC 9110 §5.6.4); borrows unless something is escaped.
pub(crate) fn unquote(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    if bytes.first() != Some(&b'"') || quoted_length(bytes) != Some(bytes.len()) {
        return None;
    }
    let inner = &bytes[1..bytes.len() - 1];
    if !inner.contains(&b'\\') {
        return Some(Cow::Borrowed(inner));
    }
    let mut escaped = false;
    let unescaped = inner.iter().copied().filter(|byte| {
        escaped = *byte == b'\\' && !escaped;
        !escaped
    });
    Some(Cow::Owned(unescaped.collect()))
}

/// Reads a number: digits only, any length, saturating.
pub(crate) fn number(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(bytes.iter().fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'))))
}

/// Reads a number of seconds, which saturates earlier (RFC 9111 §1.2.2).
pub(crate) fn delta_seconds(bytes: &[u8]) -> Option<Duration> {
    number(bytes).map(|seconds| Duration::from_secs(seconds).min(MAX_DELTA))
}

/// The byte that the two digits of a percent escape stand for (RFC 3986 §2.1); `None` if they are not digits.
pub(crate) fn escaped(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' | b'A'..=b'F' => Some((byte | 0x20) - b'a' + 10),
        _ => None,
    };
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(list: &str) -> Vec<&str> {
        members(list.as_bytes()).map(|member| std::str::from_utf8(member).unwrap()).collect()
    }

    #[test]
    fn lists_skip_empty_members_and_outer_white_space() {
        assert_eq!(split(" a ,\t, b,,c "), ["a", "b", "c"]);
        assert!(split(" , ").is_empty());
    }

    #[test]
    fn commas_in_a_quoted_string_do_not_separate() {
        assert_eq!(split(r#"a="x, y", b="\", z", c"#), [r#"a="x, y""#, r#"b="\", z""#, "c"]);
    }

    #[test]
    fn an_unclosed_quote_hides_nothing() {
        assert_eq!(split(r#"a="x, no-store"#), [r#"a="x"#, "no-store"]);
        assert_eq!(split(r#"a="x\"#), [r#"a="x\"#]);
    }

    #[test]
    fn quoted_strings_are_unescaped() {
        assert_eq!(unquote(br#""a\"b\\c""#).unwrap().as_ref(), br#"a"b\c"#);
        for broken in [r#""a"b""#, r#"""#, "a", "", r#""a\""#] {
            assert_eq!(unquote(broken.as_bytes()), None, "{broken}");
        }
    }

    #[test]
    fn seconds_saturate_and_refuse_all_but_digits() {
        assert_eq!(delta_seconds(b"003600"), Some(Duration::from_secs(3600)));
        assert_eq!(delta_seconds(b"99999999999999999999999999"), Some(MAX_DELTA));
        for broken in ["", "-1", "+1", "1.0", "1 ", "a1", "1a"] {
            assert_eq!(delta_seconds(broken.as_bytes()), None, "{broken}");
        }
    }
}
