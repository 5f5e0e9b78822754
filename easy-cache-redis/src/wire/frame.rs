//! Where a reply ends, and what is in one: as much of the protocol (RESP, in both versions) as that takes.
//!
//! Nothing is believed. A length reserves no memory, a depth costs none, and what is no reply is told as that, for the client library to
//! report.

use std::ops::{Deref, Range};

/// What no server sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Garbage;

/// Follows replies to their ends, in whatever pieces they arrive. Commands are written in the same way.
#[derive(Debug, Default)]
pub(super) struct Boundary {
    at: Place,
    /// Values that are still to come until the reply is complete, but for the one that has begun.
    open: u64,
    /// A reply has begun.
    inside: bool,
}

#[derive(Debug, Default, Clone, Copy)]
enum Place {
    /// Before the first byte of a value.
    #[default]
    Between,
    /// In a number, behind the byte that says of what.
    Number { of: u8, negative: bool, value: Option<u64> },
    /// Before the last byte of the line with a number.
    NumberEnd { of: u8, negative: bool, value: u64 },
    /// In a line that ends the value.
    Line { after_return: bool },
    /// So many bytes before the end of a string, and of the line break behind it.
    Bytes(u64),
}

impl Boundary {
    /// Whether the next byte begins a reply.
    pub(super) const fn is_between(&self) -> bool {
        !self.inside
    }

    /// How many bytes come that say nothing about where the reply ends.
    pub(super) const fn bytes_left(&self) -> u64 {
        match self.at {
            Place::Bytes(left) => left,
            _ => 0,
        }
    }

    /// Goes on through these bytes: up to the end of a reply, if it is among them, and no further. How far that was, and whether it is the end.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<(usize, bool), Garbage> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let ends = if let Place::Bytes(left) = &mut self.at {
                let passed = (*left).min((bytes.len() - at) as u64);
                *left -= passed;
                at += passed as usize;
                *left == 0
            } else if let Some((passed, ends)) = self.begin_at_once(&bytes[at..])? {
                at += passed;
                ends
            } else {
                at += 1;
                self.step(*byte)?
            };
            if ends && self.value_ends() {
                return Ok((at, true));
            }
        }
        Ok((at, false))
    }

    /// A string or an array whose first line is there as a whole, as almost always: how long that is, and whether the value ends with it.
    fn begin_at_once(&mut self, bytes: &[u8]) -> Result<Option<(usize, bool)>, Garbage> {
        let (Place::Between, [of @ (b'$' | b'*'), line @ ..]) = (self.at, bytes) else { return Ok(None) };
        let Some((rest, number)) = number(line) else { return Ok(None) };
        self.inside = true;
        let ends = self.begin(*of, number.is_none(), number.unwrap_or(1))?;
        Ok(Some((bytes.len() - rest.len(), ends)))
    }

    /// One byte outside of strings; whether a value ends with it.
    fn step(&mut self, byte: u8) -> Result<bool, Garbage> {
        self.at = match (self.at, byte) {
            (Place::Between, b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(') => {
                self.inside = true;
                Place::Line { after_return: false }
            }
            (Place::Between, b'$' | b'=' | b'!' | b'*' | b'~' | b'%' | b'|' | b'>') => {
                self.inside = true;
                Place::Number { of: byte, negative: false, value: None }
            }
            (Place::Number { of, negative: false, value: None }, b'-') => {
                Place::Number { of, negative: true, value: None }
            }
            (Place::Number { of, negative, value }, b'0'..=b'9') => {
                let value =
                    value.unwrap_or(0).checked_mul(10).and_then(|value| value.checked_add(u64::from(byte - b'0')));
                Place::Number { of, negative, value: Some(value.filter(|value| *value <= MOST).ok_or(Garbage)?) }
            }
            (Place::Number { of, negative, value: Some(value) }, b'\r') => Place::NumberEnd { of, negative, value },
            (Place::NumberEnd { of, negative, value }, b'\n') => return self.begin(of, negative, value),
            (Place::Line { after_return: true }, b'\n') => return Ok(true),
            (Place::Line { .. }, byte) => Place::Line { after_return: byte == b'\r' },
            _ => return Err(Garbage),
        };
        Ok(false)
    }

    /// What a number means; whether a value ends with it.
    fn begin(&mut self, of: u8, negative: bool, number: u64) -> Result<bool, Garbage> {
        self.at = Place::Between;
        let values = match (of, negative && number > 0) {
            (b'$' | b'*' | b'~' | b'>', true) => return Ok(true),
            (_, true) => return Err(Garbage),
            (b'$' | b'=' | b'!', _) => {
                self.at = Place::Bytes(number + LINE_BREAK);
                return Ok(false);
            }
            // Pairs, and the value that they are said of is still to come.
            (b'|', _) => number * 2 + 1,
            (b'%', _) => number * 2,
            _ => number,
        };
        self.open = self.open.checked_add(values).ok_or(Garbage)?;
        Ok(true)
    }

    /// Whether the reply ends with it.
    fn value_ends(&mut self) -> bool {
        self.at = Place::Between;
        self.inside = self.open > 0;
        self.open = self.open.saturating_sub(1);
        !self.inside
    }
}

const LINE_BREAK: u64 = 2;
/// Lengths and numbers of values: more than anybody has, and twice as much is still a number.
const MOST: u64 = 1 << 48;

/// What is in an array of strings that is there as a whole. Whatever else it is, it ends where that begins.
#[derive(Debug, Clone)]
pub(crate) struct Strings<'a> {
    rest: &'a [u8],
    count: u64,
}

impl<'a> Strings<'a> {
    pub(super) fn of(array: &'a [u8]) -> Option<Self> {
        let (rest, count) = number(array.strip_prefix(b"*")?)?;
        Some(Self { rest, count: count? })
    }

    /// An array that is there as a whole, and may have something behind it.
    #[inline]
    pub(super) fn measure(bytes: &'a [u8]) -> Option<Measure> {
        let mut strings = Self::of(bytes)?;
        let count = usize::try_from(strings.count).ok()?;
        let (mut met, mut last) = (0, None);
        for string in strings.by_ref() {
            (met, last) = (met + 1, string);
        }
        let length = bytes.len() - strings.rest.len();
        // Behind a string there is a line break.
        let last = last.map(|last| length - 2 - last.len()..length - 2);
        (met == count).then_some(Measure { count, length, last })
    }

    /// The strings of an array of so many that is there as a whole, and how long it is; it may have something behind it.
    pub(super) fn all(bytes: &'a [u8], count: usize) -> Option<(Vec<Option<&'a [u8]>>, usize)> {
        let mut strings = Self::of(bytes).filter(|strings| strings.count == count as u64)?;
        let mut all = Vec::with_capacity(count);
        all.extend(strings.by_ref());
        (all.len() == count).then(|| (all, bytes.len() - strings.rest.len()))
    }

    #[inline]
    fn read(&mut self) -> Option<Option<&'a [u8]>> {
        let [b'$', line @ ..] = self.rest else { return None };
        let (rest, length) = number(line)?;
        let Some(length) = length else {
            self.rest = rest;
            return Some(None);
        };
        let (string, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        let [b'\r', b'\n', rest @ ..] = rest else { return None };
        self.rest = rest;
        Some(Some(string))
    }
}

/// How large an array of strings is, and where in it the last one is.
#[derive(Debug, Clone)]
pub(super) struct Measure {
    pub(super) count: usize,
    pub(super) length: usize,
    pub(super) last: Option<Range<usize>>,
}

/// A number with its line break, and what is behind it; `None` for one below zero.
#[inline]
fn number(line: &[u8]) -> Option<(&[u8], Option<u64>)> {
    match line {
        [one @ b'0'..=b'9', b'\r', b'\n', rest @ ..] => Some((rest, Some(u64::from(one - b'0')))),
        [ten @ b'0'..=b'9', one @ b'0'..=b'9', b'\r', b'\n', rest @ ..] => {
            Some((rest, Some(u64::from(ten - b'0') * 10 + u64::from(one - b'0'))))
        }
        _ => long_number(line),
    }
}

fn long_number(line: &[u8]) -> Option<(&[u8], Option<u64>)> {
    let negative = *line.first()? == b'-';
    let begin = usize::from(negative);
    let (mut at, mut value) = (begin, 0);
    loop {
        let digit = line.get(at)?.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value * 10 + u64::from(digit);
        at += 1;
        if value > MOST {
            return None;
        }
    }
    let [b'\r', b'\n', rest @ ..] = &line[at..] else { return None };
    (at > begin).then_some((rest, (!negative || value == 0).then_some(value)))
}

impl<'a> Iterator for Strings<'a> {
    /// `None` is one that is not there.
    type Item = Option<&'a [u8]>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.count = self.count.checked_sub(1)?;
        let string = self.read();
        if string.is_none() {
            self.count = 0;
        }
        string
    }
}

/// Writes one string.
pub(crate) fn write(bytes: &mut Vec<u8>, string: &[u8]) {
    bytes.extend_from_slice(&Number::new(b'$', string.len()));
    bytes.extend_from_slice(string);
    bytes.extend_from_slice(b"\r\n");
}

/// The length of a string, or how many there are, as it is written.
pub(crate) struct Number {
    line: [u8; 24],
    from: usize,
}

impl Number {
    /// Behind the byte that says of what.
    pub(crate) fn new(of: u8, number: usize) -> Self {
        let (mut line, mut from, mut rest) = ([of; 24], 22, number);
        line[22..].copy_from_slice(b"\r\n");
        loop {
            from -= 1;
            line[from] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                return Self { line, from: from - 1 };
            }
        }
    }
}

impl Deref for Number {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.line[self.from..]
    }
}
