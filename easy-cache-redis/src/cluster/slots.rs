//! Which slot a key is in, and which node serves a slot, as the nodes tell it.

use std::fmt;
use std::sync::Arc;

use deadpool_redis::redis::{Value, from_redis_value};

/// The number of slots that the nodes of a cluster share.
const SLOTS: u16 = 16_384;

/// Where a node is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    pub(crate) host: Arc<str>,
    pub(crate) port: u16,
}

impl Address {
    pub(crate) fn new(host: &str, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// As it stands in a redirection; the host may be missing, which means that of the node that says so.
    pub(crate) fn read(text: &str, said_by: &Self) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let host = if host.is_empty() { &said_by.host } else { host };
        Some(Self::new(host, port.parse().ok()?))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Slots, and who serves them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) first: u16,
    pub(crate) last: u16,
    pub(crate) master: Address,
}

/// The slot of a key: that of what stands in its first pair of braces, if anything does.
pub(crate) fn slot_of(key: &[u8]) -> u16 {
    crc16(together(key)) % SLOTS
}

fn together(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|byte| *byte == b'{') else { return key };
    let inside = &key[open + 1..];
    match inside.iter().position(|byte| *byte == b'}') {
        None | Some(0) => key,
        Some(close) => &inside[..close],
    }
}

/// CRC-16/XMODEM, as the specification of clusters says.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| (crc << 8) ^ TABLE[usize::from((crc >> 8) as u8 ^ byte)])
}

static TABLE: [u16; 256] = table();

const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let (mut crc, mut bit) = ((index as u16) << 8, 0);
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

/// The answer to `CLUSTER SLOTS`, sorted. Parts that cannot be understood are left out.
pub(crate) fn ranges(answer: &Value, said_by: &Address) -> Vec<Range> {
    let Value::Array(parts) = answer else { return Vec::new() };
    let mut ranges: Vec<Range> = parts.iter().filter_map(|part| range(part, said_by)).collect();
    ranges.sort_unstable_by_key(|range| range.first);
    ranges
}

fn range(part: &Value, said_by: &Address) -> Option<Range> {
    let Value::Array(part) = part else { return None };
    let [first, last, Value::Array(master), ..] = part.as_slice() else { return None };
    let [host, port, ..] = master.as_slice() else { return None };
    let host: Option<String> = from_redis_value(host.clone()).ok()?;
    let host = host.filter(|host| !host.is_empty() && host != "?");
    let number = |value: &Value| match value {
        Value::Int(number) => u16::try_from(*number).ok(),
        _ => None,
    };
    let master = Address::new(host.as_deref().unwrap_or(&said_by.host), number(port)?);
    Some(Range { first: number(first)?, last: number(last)?, master })
}

/// How often the cluster has changed, by the answer to `CLUSTER INFO`: of two views the one with the higher number is the newer.
pub(crate) fn epoch(answer: &Value) -> Option<u64> {
    let info: String = from_redis_value(answer.clone()).ok()?;
    info.lines().find_map(|line| line.strip_prefix("cluster_current_epoch:")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(slot_of(b"foo"), 12_182);
        assert_eq!(slot_of(b"{user1000}.following"), slot_of(b"{user1000}.followers"));
        assert_eq!(slot_of(b"foo{}{bar}"), crc16(b"foo{}{bar}") % SLOTS);
        assert_eq!(slot_of(b"foo{{bar}}zap"), slot_of(b"{bar"));
        assert_eq!(slot_of(b"foo{bar"), crc16(b"foo{bar") % SLOTS);
    }

    #[test]
    fn ranges_are_read_and_a_missing_host_is_that_of_the_speaker() {
        let said_by = Address::new("10.0.0.1", 7000);
        let text = |text: &str| Value::BulkString(text.into());
        let part = |first, last, host, port| {
            Value::Array(vec![Value::Int(first), Value::Int(last), Value::Array(vec![host, Value::Int(port)])])
        };
        let answer = Value::Array(vec![
            part(100, 200, text(""), 7001),
            part(0, 99, text("10.0.0.2"), 7002),
            part(300, 400, Value::Nil, 7003),
            part(-1, 400, text("x"), 7003),
            Value::Nil,
        ]);
        let read: Vec<_> =
            ranges(&answer, &said_by).iter().map(|range| (range.first, range.master.to_string())).collect();
        assert_eq!(read, [(0, "10.0.0.2:7002".into()), (100, "10.0.0.1:7001".into()), (300, "10.0.0.1:7003".into())]);
        assert_eq!(Address::read(":7005", &said_by).unwrap().to_string(), "10.0.0.1:7005");
        assert_eq!(epoch(&text("cluster_state:ok\r\ncluster_current_epoch:6\r\n")), Some(6));
    }
}
