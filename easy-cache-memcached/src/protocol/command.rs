//! Commands, one after the other in one buffer, which is written at once.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

/// When a value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Whatever is there.
    Set,
    /// If nothing is there.
    Add,
    /// Behind what is there, if something is. Its ttl stays.
    Append,
    /// If what is there was last changed under this number.
    Same(u64),
}

/// Several commands for one server. Each one's reply is at the place that its method yields.
#[derive(Debug)]
pub(crate) struct Commands {
    bytes: Vec<u8>,
    first: u32,
    count: u32,
}

/// The numbers of commands. They need to differ only from those that are under way on the same connection.
static NUMBERS: AtomicU32 = AtomicU32::new(0);
/// More commands than one operation has: so operations do not share numbers, mostly.
const STRIDE: u32 = 4096;

impl Commands {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::with_capacity(256), first: NUMBERS.fetch_add(STRIDE, Ordering::Relaxed), count: 0 }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The number of replies to wait for.
    pub(crate) const fn count(&self) -> u32 {
        self.count
    }

    /// The number of the first command; those of the others follow.
    pub(crate) const fn first(&self) -> u32 {
        self.first
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The value with its number and its remaining ttl.
    pub(crate) fn get(&mut self, key: &[u8]) -> usize {
        self.write(b"mg ", key, b" v c t")
    }

    /// The same; if there is nothing, an empty value is made, which stays for so many seconds.
    pub(crate) fn get_or_make(&mut self, key: &[u8], seconds: u32) -> usize {
        self.write(b"mg ", key, format!(" v c t N{seconds}").as_bytes())
    }

    /// Whether something is there.
    pub(crate) fn exists(&mut self, key: &[u8]) -> usize {
        self.write(b"mg ", key, b"")
    }

    /// How long the value is. It loses its ttl.
    pub(crate) fn keep_and_measure(&mut self, key: &[u8]) -> usize {
        self.write(b"mg ", key, b" s T0")
    }

    /// How long the value is.
    pub(crate) fn measure(&mut self, key: &[u8]) -> usize {
        self.write(b"mg ", key, b" s")
    }

    /// Stores a value for so many seconds; 0 is for ever.
    pub(crate) fn set(&mut self, key: &[u8], value: &[u8], mode: Mode, seconds: u32) -> usize {
        let flags = match mode {
            Mode::Set => format!(" {} c T{seconds}", value.len()),
            Mode::Add => format!(" {} c ME T{seconds}", value.len()),
            Mode::Append => format!(" {} c MA", value.len()),
            Mode::Same(number) => format!(" {} c T{seconds} C{number}", value.len()),
        };
        let place = self.write(b"ms ", key, flags.as_bytes());
        self.bytes.extend_from_slice(value);
        self.bytes.extend_from_slice(b"\r\n");
        place
    }

    /// Forgets a value.
    pub(crate) fn delete(&mut self, key: &[u8]) -> usize {
        self.write(b"md ", key, b"")
    }

    /// Forgets a value if it was last changed under this number.
    pub(crate) fn delete_same(&mut self, key: &[u8], number: u64) -> usize {
        self.write(b"md ", key, format!(" C{number}").as_bytes())
    }

    fn write(&mut self, verb: &[u8], key: &[u8], flags: &[u8]) -> usize {
        let number = self.first.wrapping_add(self.count);
        for part in [verb, key, flags] {
            self.bytes.extend_from_slice(part);
        }
        // Writing into a Vec cannot fail.
        let _ = write!(self.bytes, " O{number:x}\r\n");
        self.count += 1;
        self.count as usize - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_written_with_consecutive_numbers() {
        let mut commands = Commands::new();
        assert_eq!(commands.get_or_make(b"a", 60), 0);
        assert_eq!(commands.set(b"b", b"value", Mode::Same(7), 9), 1);
        assert_eq!(commands.set(b"c", b"", Mode::Append, 9), 2);
        let first = commands.first();
        let [a, b, c] = [0, 1, 2].map(|place| format!("{:x}", first.wrapping_add(place)));
        let expected = format!("mg a v c t N60 O{a}\r\nms b 5 c T9 C7 O{b}\r\nvalue\r\nms c 0 c MA O{c}\r\n\r\n");
        assert_eq!(String::from_utf8(commands.into_bytes()), Ok(expected));
    }
}
