//! The buffer in which the key of one call is written: on the stack up to 96 bytes, on the heap beyond.
//! How single values are written into it is `key_part.rs`.

use std::fmt;

/// Keys up to this length live on the stack. Templates of real applications stay well below.
const INLINE: usize = 96;

/// Aligned, so that a hash and a comparison, which read long words, meet as few edges of cache lines as can be.
#[repr(align(16))]
struct Inline([u8; INLINE]);

/// Where the key of a call is written. Filling it allocates only for keys longer than 96 bytes.
///
/// You meet it when you implement [`KeyPart`](crate::KeyPart) for a type of your own.
///
/// # Example
/// ```
/// use easy_cache_core::{KeyBuf, KeyPart};
///
/// let mut key = KeyBuf::new();
/// key.put_raw("user:");
/// 7_u64.write_key(&mut key);
/// assert_eq!(key.as_str(), "user:7");
/// ```
pub struct KeyBuf {
    /// Bytes in use; more than `INLINE` says that all of them are in `spilled`.
    len: usize,
    inline: Inline,
    #[expect(clippy::box_collection, reason = "one word to prepare for each call instead of three; few keys need it")]
    spilled: Option<Box<Vec<u8>>>,
    prefix_len: Option<usize>,
    escaping: bool,
}

impl KeyBuf {
    /// An empty buffer that takes text as it is.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self { len: 0, inline: Inline([0; INLINE]), spilled: None, prefix_len: None, escaping: false }
    }

    /// From here on, `:` and `\` in values are escaped by `\`, so that neighbours cannot run into each other.
    #[inline]
    pub fn escape_values(&mut self) {
        self.escaping = true;
    }

    /// Declares what is written so far the prefix of the key.
    #[inline]
    pub fn end_prefix(&mut self) {
        self.prefix_len = Some(self.len);
        self.put_raw(":");
    }

    /// Appends text that belongs to the structure of the key: never escaped.
    #[inline]
    pub fn put_raw(&mut self, text: &str) {
        self.put_bytes(text.as_bytes());
    }

    /// Only ever called with text, whole.
    #[inline]
    fn put_bytes(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        match self.inline.0.get_mut(self.len..end) {
            Some(place) => place.copy_from_slice(bytes),
            None => self.spill(bytes),
        }
        self.len = end;
    }

    /// Appends the text of a value. A default key escapes it, a template takes it as it is.
    #[inline]
    pub fn put_str(&mut self, text: &str) {
        if self.escaping && needs_escape(text.as_bytes()) { self.put_escaped(text) } else { self.put_raw(text) }
    }

    /// Appends formatted text, as [`put_str`](Self::put_str) does.
    pub fn put_fmt(&mut self, text: fmt::Arguments<'_>) {
        // Writing into this buffer cannot fail; an error of the value's own `Display` leaves what it wrote so far.
        let _ = fmt::Write::write_fmt(self, text);
    }

    /// Appends a whole number, in decimal digits.
    #[inline]
    pub fn put_u64(&mut self, number: u64) {
        let end = self.len + digits(number);
        if let Some(place) = self.inline.0.get_mut(self.len..end) {
            write_digits(number, place);
            self.len = end;
        } else {
            self.put_fmt(format_args!("{number}"));
        }
    }

    /// The key as bytes, the form in which stores know it.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.inline.0.get(..self.len).unwrap_or_else(|| self.spilled.as_deref().map_or(&[], Vec::as_slice))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only whole strings are ever appended, so the default is never taken.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The prefix that the key begins with, if its function has one.
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        self.prefix_len.and_then(|len| self.as_str().get(..len))
    }

    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        let spilled = self.spilled.get_or_insert_default();
        if let Some(written) = self.inline.0.get(..self.len) {
            spilled.extend_from_slice(written);
        }
        spilled.extend_from_slice(bytes);
    }

    #[cold]
    fn put_escaped(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find([':', '\\']) {
            self.put_raw(&rest[..at]);
            self.put_raw("\\");
            self.put_raw(&rest[at..=at]);
            rest = &rest[at + 1..];
        }
        self.put_raw(rest);
    }
}

impl Default for KeyBuf {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Write for KeyBuf {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put_str(text);
        Ok(())
    }
}

impl fmt::Debug for KeyBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyBuf").field(&self.as_str()).finish()
    }
}

/// How many digits the number has, zero having one: a digit for each 1233/4096 bits, which is one too many below the power
/// of ten that begins there.
#[inline]
const fn digits(number: u64) -> usize {
    let bits = 64 - (number | 1).leading_zeros() as usize;
    let about = (bits * 1233) >> 12;
    about + (number >= POWERS[about]) as usize
}

/// From where on a number has one digit more than the index says.
static POWERS: [u64; 20] = {
    let mut powers = [0; 20];
    let mut exponent = 1;
    while exponent < 20 {
        powers[exponent] = 10_u64.pow(exponent as u32);
        exponent += 1;
    }
    powers
};

/// Fills the place, which is as long as the number, from its end: two digits for each division.
///
/// Written where they are to stay, for copying bytes that were just stored one by one makes a processor wait.
#[inline]
fn write_digits(mut number: u64, place: &mut [u8]) {
    let (first, pairs) = place.as_rchunks_mut();
    for pair in pairs.iter_mut().rev() {
        *pair = PAIRS[(number % 100) as usize];
        number /= 100;
    }
    if let [digit] = first {
        *digit = b'0' + number as u8;
    }
}

/// `00` to `99`.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// Whether a `:` or a `\` is among the bytes; eight at a time, for this runs over every string of every default key.
fn needs_escape(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().any(|word| {
        let word = u64::from_le_bytes(*word);
        has_byte(word, b':') || has_byte(word, b'\\')
    }) || rest.iter().any(|byte| matches!(byte, b':' | b'\\'))
}

/// Whether one of the eight bytes equals `byte`: a byte that becomes zero borrows from its own top bit.
const fn has_byte(word: u64, byte: u8) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let zero_where_equal = word ^ (ONES * byte as u64);
    zero_where_equal.wrapping_sub(ONES) & !zero_where_equal & (ONES << 7) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_key_moves_to_the_heap_whole() {
        for total in [INLINE - 1, INLINE, INLINE + 1, INLINE * 3] {
            let mut key = KeyBuf::new();
            let text: String = ('a'..='z').cycle().take(total).collect();
            for chunk in text.as_bytes().chunks(7) {
                key.put_str(std::str::from_utf8(chunk).unwrap());
            }
            assert_eq!(key.as_str(), text);
        }
    }

    #[test]
    fn numbers_are_written_as_display_writes_them() {
        let powers = (0..20).map(|exponent| 10_u64.pow(exponent));
        for number in powers.flat_map(|power| [power - 1, power, power + 1, power.wrapping_mul(7)]).chain([u64::MAX]) {
            for before in [0, INLINE - 20, INLINE - 1, INLINE, INLINE + 5] {
                let mut key = KeyBuf::new();
                key.put_raw(&"x".repeat(before));
                key.put_u64(number);
                key.put_raw("y");
                assert_eq!(key.as_str(), format!("{}{number}y", "x".repeat(before)));
            }
        }
    }

    #[test]
    fn the_prefix_is_what_was_written_before_its_end() {
        let mut key = KeyBuf::new();
        key.put_str("größe:7");
        key.end_prefix();
        key.put_str("rest");
        assert_eq!((key.prefix(), key.as_str()), (Some("größe:7"), "größe:7:rest"));
    }

    #[test]
    fn the_scan_finds_a_separator_at_every_position() {
        for length in 0..40 {
            assert!(!needs_escape(&vec![b'x'; length]));
            assert!(!needs_escape(&vec![0xff; length]));
            for at in 0..length {
                for separator in [b':', b'\\'] {
                    let mut bytes = vec![b'x'; length];
                    bytes[at] = separator;
                    assert!(needs_escape(&bytes), "{separator} at {at} of {length}");
                    bytes[at] = separator ^ 0x80;
                    assert!(!needs_escape(&bytes));
                }
            }
        }
    }
}
