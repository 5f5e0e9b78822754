//! Replies, out of the bytes that a server sends. Whatever these are: no panic, and no memory for what is only claimed.

use bytes::{Buf, Bytes, BytesMut};

use crate::failure::Failure;

/// The longest first line of a reply, and the longest value. memcached allows keys of 250 bytes and, if told so, items of a gigabyte.
const LINE: usize = 2048;
const VALUE: usize = 128 << 20;

/// The first word of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// `HD`: done, or there.
    Done,
    /// `VA`: there, with the value.
    Value,
    /// `EN`: not there.
    Absent,
    /// `NS`: not stored.
    NotStored,
    /// `EX`: it was changed meanwhile.
    Changed,
    /// `NF`: not there any more.
    Gone,
    /// `SERVER_ERROR`, with the words behind it.
    Refused(String),
}

/// What a server said to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: Status,
    pub(crate) value: Bytes,
    /// The number under which the value was last changed.
    pub(crate) number: Option<u64>,
    /// The remaining ttl in seconds; none if there is no end.
    pub(crate) remaining: Option<u32>,
    pub(crate) size: Option<u64>,
    /// The number of the command.
    opaque: Option<u32>,
}

impl Reply {
    const fn new(status: Status) -> Self {
        Self { status, value: Bytes::new(), number: None, remaining: None, size: None, opaque: None }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.status == Status::Done
    }

    /// Refuses what answers another command. memcached repeats no numbers where it refuses.
    pub(crate) fn check(&self, number: u32) -> Result<(), Failure> {
        match self.opaque {
            Some(opaque) if opaque == number => Ok(()),
            None if matches!(self.status, Status::Refused(_)) => Ok(()),
            _ => Err(Failure::Garbled("the answer to another question")),
        }
    }
}

/// Bytes that have arrived, and become replies.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    pub(crate) bytes: BytesMut,
}

impl Replies {
    /// The next reply, if all of it has arrived.
    pub(crate) fn next(&mut self) -> Result<Option<Reply>, Failure> {
        let Some(end) = self.bytes.iter().take(LINE).position(|&byte| byte == b'\n') else {
            return if self.bytes.len() < LINE { Ok(None) } else { Err(Failure::Garbled("a line without an end")) };
        };
        let line = self.bytes.get(..end).and_then(|line| line.strip_suffix(b"\r"));
        let line = line.and_then(|line| std::str::from_utf8(line).ok()).ok_or(Failure::Garbled("a line of bytes"))?;
        let (mut reply, length) = parse(line)?;
        let Some(length) = length else {
            self.bytes.advance(end + 1);
            return Ok(Some(reply));
        };
        let whole = end + 1 + length + 2;
        if self.bytes.len() < whole {
            return Ok(None);
        }
        self.bytes.advance(end + 1);
        reply.value = self.bytes.split_to(length).freeze();
        let ends = self.bytes.starts_with(b"\r\n");
        self.bytes.advance(2);
        if ends { Ok(Some(reply)) } else { Err(Failure::Garbled("a value of another length")) }
    }
}

/// A first line, and how long the value behind it is, if there is one.
fn parse(line: &str) -> Result<(Reply, Option<usize>), Failure> {
    if let Some(words) = line.strip_prefix("SERVER_ERROR") {
        return Ok((Reply::new(Status::Refused(words.trim().to_owned())), None));
    }
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let (status, has_value) = match words.next() {
        Some("HD") => (Status::Done, false),
        Some("VA") => (Status::Value, true),
        Some("EN") => (Status::Absent, false),
        Some("NS") => (Status::NotStored, false),
        Some("EX") => (Status::Changed, false),
        Some("NF") => (Status::Gone, false),
        Some("ERROR" | "CLIENT_ERROR") => return Err(Failure::Garbled("it does not understand the meta protocol")),
        _ => return Err(Failure::Garbled("an unknown reply")),
    };
    let length = if has_value { Some(length(words.next())?) } else { None };
    let mut reply = Reply::new(status);
    for word in words {
        flag(&mut reply, word)?;
    }
    Ok((reply, length))
}

fn length(word: Option<&str>) -> Result<usize, Failure> {
    let length = word.and_then(|word| word.parse().ok()).ok_or(Failure::Garbled("a value without a length"))?;
    if length <= VALUE { Ok(length) } else { Err(Failure::Garbled("a value beyond all limits")) }
}

fn flag(reply: &mut Reply, word: &str) -> Result<(), Failure> {
    let bad = Failure::Garbled("a flag that is no number");
    let Some((name, text)) = word.split_at_checked(1) else { return Err(bad) };
    match name {
        "c" => reply.number = Some(text.parse().map_err(|_| bad)?),
        "s" => reply.size = Some(text.parse().map_err(|_| bad)?),
        "t" if text == "-1" => reply.remaining = None,
        "t" => reply.remaining = Some(text.parse().map_err(|_| bad)?),
        "O" => reply.opaque = Some(u32::from_str_radix(text, 16).map_err(|_| bad)?),
        _ => {} // W, Z, X: who has to compute is decided elsewhere
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<Reply>, Failure> {
        let mut replies = Replies { bytes: BytesMut::from(bytes) };
        let mut all = Vec::new();
        while let Some(reply) = replies.next()? {
            all.push(reply);
        }
        Ok(all)
    }

    #[test]
    fn replies_are_read_one_after_the_other() {
        let bytes =
            b"VA 3 c7 t-1 s3 Oa W\r\na\r\n\r\nHD c8 Ob\r\nEN Oc\r\nSERVER_ERROR out of memory storing object\r\n";
        let all = read(bytes).unwrap();
        assert_eq!(
            all.iter().map(|reply| &reply.status).collect::<Vec<_>>(),
            [
                &Status::Value,
                &Status::Done,
                &Status::Absent,
                &Status::Refused("out of memory storing object".to_owned())
            ]
        );
        assert_eq!((all[0].value.as_ref(), all[0].number, all[0].remaining), (b"a\r\n".as_slice(), Some(7), None));
        assert!(all[0].check(0xa).is_ok() && all[3].check(0xd).is_ok());
        assert!(all[1].check(0xa).is_err(), "the answer to another command");
    }

    #[test]
    fn what_has_not_arrived_is_waited_for() {
        let whole = b"VA 5 c7\r\nhello\r\n";
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]).unwrap(), [], "after {end} bytes");
        }
        assert_eq!(read(whole).unwrap().len(), 1);
    }

    #[test]
    fn what_no_memcached_says_is_refused() {
        for bytes in [
            b"ERROR\r\n".as_slice(),
            b"CLIENT_ERROR bad command line format\r\n",
            b"VA\r\n",
            b"VA -1\r\n",
            b"VA 99999999999999999999\r\n",
            b"VA 1000000000\r\n",
            b"VA 1 c7\r\nabc\r\n",
            b"HD cx\r\n",
            b"\xff\xfe\r\n",
            b"HTTP/1.1 400 Bad Request\r\n",
            b"\n",
            &[b'a'; LINE],
        ] {
            assert!(read(bytes).is_err(), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    proptest! {
        #[test]
        fn garbage_is_refused_or_waited_for(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }

        #[test]
        fn garbage_among_words_is_refused_or_waited_for(
            words in proptest::collection::vec("(HD|VA|EN|NS|SERVER_ERROR| |[0-9]{1,4}|c|t|O|-1|\r\n|\n|\r|[a-z])", 0..40)
        ) {
            let text = words.concat();
            if let Ok(replies) = read(text.as_bytes()) {
                prop_assert!(replies.iter().map(|reply| reply.value.len()).sum::<usize>() <= text.len());
            }
        }
    }
}
