//! The reply to a lookup: an array of strings, as it arrived, or as the client library has read it.

use std::mem;
use std::ops::Range;

use bytes::Bytes;
use deadpool_redis::redis::{Cmd, RedisWrite, Value, parse_redis_value};

use super::ask::Arrived;
use super::frame::Strings;
use crate::failure::Failure;

/// As many strings as were asked for.
#[derive(Debug)]
pub(crate) enum Reply {
    /// All of it, in one piece, and where in it the last string is.
    Whole(Bytes, Option<Range<usize>>),
    /// By the library.
    Read(Vec<Value>),
}

impl Reply {
    /// Of what has arrived. Whatever else that is, the library says what it means.
    pub(crate) fn of(arrived: Arrived, count: usize) -> Result<Self, Failure> {
        match arrived.strings {
            Some(strings) if strings.count == count => Ok(Self::Whole(arrived.bytes, strings.last)),
            _ => Self::read(parse_redis_value(&arrived.bytes)?, count),
        }
    }

    /// Of a value that the library has read.
    pub(crate) fn read(value: Value, count: usize) -> Result<Self, Failure> {
        match value.extract_error()? {
            Value::Array(values) if values.len() == count => Ok(Self::Read(values)),
            Value::Array(_) => Err(Failure::Garbled("another number of values than it was asked for")),
            _ => Err(Failure::Garbled("no list of values")),
        }
    }

    /// Of what has arrived where a number was asked for.
    #[cfg(feature = "cluster")]
    pub(crate) fn number(arrived: &Arrived) -> Result<i64, Failure> {
        let digits = arrived.bytes.strip_prefix(b":").and_then(|line| line.strip_suffix(b"\r\n"));
        if let Some(number) = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()) {
            return Ok(number);
        }
        // Whatever else that is, the library says what it means.
        parse_redis_value(&arrived.bytes)?.extract_error()?;
        Err(Failure::Garbled("no number where one was asked for"))
    }

    /// In the order in which they were asked for.
    pub(crate) fn values(&self) -> Values<'_> {
        match self {
            Self::Whole(arrived, _) => Strings::of(arrived).map_or(Values::Read([].iter()), Values::Whole),
            Self::Read(values) => Values::Read(values.iter()),
        }
    }

    /// The last of the values, to be kept: without a copy.
    pub(crate) fn take_last(&mut self) -> Option<Bytes> {
        match self {
            Self::Whole(arrived, last) => last.clone().map(|last| arrived.slice(last)),
            Self::Read(values) => values.last_mut().and_then(string),
        }
    }
}

fn string(value: &mut Value) -> Option<Bytes> {
    match mem::take(value) {
        Value::BulkString(bytes) => Some(bytes.into()),
        _ => None,
    }
}

/// The values of a reply, each of which may be missing.
#[derive(Debug, Clone)]
pub(crate) enum Values<'a> {
    Whole(Strings<'a>),
    Read(std::slice::Iter<'a, Value>),
}

impl<'a> Iterator for Values<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Whole(strings) => strings.next(),
            Self::Read(values) => values.next().map(|value| match value {
                Value::BulkString(bytes) => Some(bytes.as_slice()),
                _ => None,
            }),
        }
    }
}

/// A command as the library sends it, of one as it is written.
pub(crate) fn command(written: &[u8]) -> Cmd {
    let mut command = Cmd::new();
    Strings::of(written).into_iter().flatten().flatten().for_each(|string| command.write_arg(string));
    command
}

#[cfg(all(test, feature = "cluster"))]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_and_what_a_node_says_instead_keeps_its_meaning() {
        let number = |text: &'static str| Reply::number(&Arrived { bytes: Bytes::from(text), strings: None });
        assert_eq!(number(":1234\r\n").unwrap(), 1234);
        assert_eq!(number(":-2\r\n").unwrap(), -2);
        for (said, code) in [
            ("-MOVED 3999 10.0.0.2:7002\r\n", "MOVED"),
            ("-ASK 3999 10.0.0.2:7002\r\n", "ASK"),
            ("-LOADING Redis is loading the dataset in memory\r\n", "LOADING"),
        ] {
            assert_eq!(number(said).unwrap_err().code(), Some(code));
        }
        assert!(matches!(number("$1\r\n1\r\n"), Err(Failure::Garbled(_))));
    }
}
