//! What operators ask: an entry with the records that decide about it, and how much there is of a namespace.
//!
//! Names are found by `lru_crawler metadump`, on a connection of its own: it answers in lines that no other command has. By
//! its table (`hash`), since what the server moves from one of its lists to another meanwhile would be left out. What the answers mean is left to who asked.

use std::time::Duration;

use easy_cache_core::store::{
    Dependency, DependsOn, Found, Inspect, Progress, RecordState, StoreFuture, Stored, Survey, Version,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::MemcachedStore;
use crate::failure::Failure;
use crate::layout::{Entry, Keys, Record};
use crate::store::Inner;
use crate::trip::{Ticket, Trip};

/// How often progress is told, in names.
const TOLD_EVERY: u64 = 1000;

/// How long it is left alone that makes a list for somebody else.
const BUSY_FOR: Duration = Duration::from_millis(20);

/// What is said of a server: the lines of `stats` that matter to a cache.
const TOLD: [&str; 9] = [
    "version",
    "uptime",
    "curr_connections",
    "bytes",
    "limit_maxbytes",
    "curr_items",
    "evictions",
    "get_hits",
    "get_misses",
];

impl Inspect for MemcachedStore {
    fn kinds<'a>(&'a self, key: &'a [u8], progress: Progress<'a>) -> StoreFuture<'a, Vec<u64>> {
        self.run("look for the entries of a key", self.inner.kinds_of(key, progress))
    }

    fn inspect<'a>(&'a self, key: &'a [u8], kind: u64) -> StoreFuture<'a, Found> {
        self.run("look at an entry", self.inner.stored(key, kind))
    }

    fn survey<'a>(&'a self, progress: Progress<'a>) -> StoreFuture<'a, Survey> {
        self.run("count what is stored", self.inner.count(progress))
    }
}

impl Inner {
    async fn kinds_of(&self, key: &[u8], progress: Progress<'_>) -> Result<Vec<u64>, Failure> {
        let mut kinds = Vec::new();
        self.each_name(self.place_of_key(key), progress, |name| {
            kinds.extend(self.keys.kind_in(name).filter(|kind| self.keys.entry(key, *kind) == name));
        })
        .await?;
        kinds.sort_unstable();
        kinds.dedup();
        Ok(kinds)
    }

    async fn stored(&self, key: &[u8], kind: u64) -> Result<Found, Failure> {
        let (mut trip, deadline) = (Trip::new(&self.servers), self.deadline());
        let home = self.place_of_key(key);
        let entry = trip.add(home, |commands| commands.get(&self.keys.entry(key, kind)));
        let answers = trip.send(&self.servers, deadline).await?;
        let reply = answers.reply(entry)?;
        if reply.value.is_empty() {
            return Ok(Found::Nothing);
        }
        let Some(envelope) = Entry::decode(&reply.value, key, kind) else {
            return Ok(Found::Unreadable(reply.value.len() as u64));
        };
        let remaining = reply.remaining.map(|seconds| Duration::from_secs(seconds.into()));
        let age = envelope.ttl.zip(remaining).map(|(ttl, remaining)| ttl.saturating_sub(remaining));
        let mut carried = vec![
            (DependsOn::Everything, self.place_of_epoch(), self.keys.epoch(), envelope.epoch),
            (DependsOn::Key, home, self.keys.key(key), envelope.key),
        ];
        carried.extend(envelope.tags.into_iter().map(|tag| {
            let (server, item) = (self.place_of_tag(&tag.tag), self.keys.tag(&tag.tag));
            (DependsOn::Tag(tag.tag), server, item, tag.version)
        }));
        let depends_on = self.compare(carried).await?;
        Ok(Found::Entry(Box::new(Stored {
            payload: envelope.payload,
            age: age.unwrap_or_default(),
            remaining,
            depends_on,
        })))
    }

    /// What an entry carries beside what there is now.
    async fn compare(&self, carried: Vec<(DependsOn, usize, Vec<u8>, Version)>) -> Result<Vec<Dependency>, Failure> {
        let mut trip = Trip::new(&self.servers);
        let get = |(_, server, item, _): &(_, usize, Vec<u8>, _)| trip.add(*server, |commands| commands.get(item));
        let tickets: Vec<Ticket> = carried.iter().map(get).collect();
        let answers = trip.send(&self.servers, self.deadline()).await?;
        let compare = |((name, _, _, stored), ticket)| {
            let record = Record::read(&answers.reply(ticket)?.value);
            let record = match record.version {
                _ if !record.marks.is_empty() => RecordState::Held,
                Some(version) => RecordState::Free(version),
                None => RecordState::Absent,
            };
            Ok(Dependency { name, stored, record })
        };
        carried.into_iter().zip(tickets).map(compare).collect()
    }

    async fn count(&self, progress: Progress<'_>) -> Result<Survey, Failure> {
        let mut survey = Survey::default();
        for server in 0..self.servers.len() {
            let name = self.servers.name(server);
            let label = |line: &str| if self.servers.len() == 1 { line.to_owned() } else { format!("{name} {line}") };
            self.lines(server, b"stats\r\n", |line| {
                let mut words = line.split_whitespace().skip(1);
                if let (Some(about), Some(value)) = (words.next().filter(|about| TOLD.contains(about)), words.next()) {
                    survey.server.push((label(about), value.to_owned()));
                }
            })
            .await?;
            self.each_name(server, progress, |name| match self.keys.family_of(name) {
                Some("e") => survey.entries += 1,
                Some("f" | "k" | "t") => survey.records += 1,
                Some("l") => survey.leases += 1,
                Some(_) => {}
                None => survey.others += 1,
            })
            .await?;
        }
        Ok(survey)
    }

    /// All names on a server.
    async fn each_name(
        &self,
        server: usize,
        progress: Progress<'_>,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), Failure> {
        let (mut seen, deadline) = (0, self.deadline());
        let mut line = |line: &str| {
            let Some(name) = line.strip_prefix("key=").and_then(|rest| rest.split(' ').next()) else { return };
            each(&decoded(name));
            seen += 1;
            if seen % TOLD_EVERY == 0 {
                progress(seen);
            }
        };
        // A server makes one list at a time, and says so before it begins.
        loop {
            match self.lines(server, b"lru_crawler metadump hash\r\n", &mut line).await {
                Err(Failure::Refused(words)) if words.starts_with("BUSY") && Instant::now() < deadline => {
                    sleep(BUSY_FOR).await;
                }
                ended => break ended?,
            }
        }
        progress(seen);
        Ok(())
    }

    /// The lines that a server answers, up to its `END`. Each one may take as long as an operation.
    async fn lines(&self, server: usize, command: &[u8], mut each: impl FnMut(&str)) -> Result<(), Failure> {
        let late = |_| Failure::Late(self.limits.operation);
        let mut stream = timeout(self.limits.dial, TcpStream::connect(self.servers.name(server)))
            .await
            .map_err(|_| Failure::Late(self.limits.dial))??;
        stream.write_all(command).await?;
        let (mut stream, mut line) = (BufReader::new(stream), Vec::new());
        loop {
            line.clear();
            timeout(self.limits.operation, stream.read_until(b'\n', &mut line)).await.map_err(late)??;
            let text = String::from_utf8_lossy(&line);
            match text.trim_end() {
                "END" => return Ok(()),
                "" => return Err(Failure::Garbled("a list without an end")),
                text if !text.starts_with("key=") && !text.starts_with("STAT") => {
                    return Err(Failure::Refused(text.to_owned()));
                }
                text => each(text),
            }
        }
    }
}

impl Keys {
    /// The kind in the name of an entry.
    fn kind_in(&self, name: &[u8]) -> Option<u64> {
        let name = std::str::from_utf8(name).ok()?;
        let mut words = name.strip_prefix(self.namespace())?.strip_prefix(':')?.split(':');
        let digits = matches!(words.next(), Some("e" | "#e")).then(|| words.next())??;
        u64::from_str_radix(digits, 16).ok()
    }

    /// What sort of item of this namespace it is; `None` if it is of another.
    fn family_of<'a>(&self, name: &'a [u8]) -> Option<&'a str> {
        let rest = std::str::from_utf8(name).ok()?.strip_prefix(self.namespace())?.strip_prefix(':')?;
        rest.split(':').next().map(|family| family.trim_start_matches('#'))
    }
}

/// A name as it was before it was written with `%` and digits.
fn decoded(name: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::with_capacity(name.len()), name.as_bytes());
    while let Some((&first, others)) = rest.split_first() {
        let digits = others.get(..2).filter(|_| first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &others[2..];
            }
            None => {
                bytes.push(first);
                rest = others;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_a_server_writes_them() {
        assert_eq!(decoded("shop%3Ae%3aab%3Ak%25"), b"shop:e:ab:k%");
        assert_eq!(decoded("a%"), b"a%");
        assert_eq!(decoded("a%zz"), b"a%zz");
    }

    #[test]
    fn the_kind_of_an_entry_is_in_its_name() {
        let keys = Keys::new("shop");
        assert_eq!(keys.kind_in(&keys.entry(b"a:b", 0xfe)), Some(0xfe));
        assert_eq!(keys.kind_in(&keys.entry(&[b'x'; 600], u64::MAX)), Some(u64::MAX));
        assert_eq!(keys.kind_in(&keys.key(b"a")), None);
        assert_eq!(keys.family_of(&keys.key(&[b'x'; 600])), Some("k"));
        assert_eq!(keys.family_of(&Keys::new("shopping").key(b"a")), None);
    }
}
