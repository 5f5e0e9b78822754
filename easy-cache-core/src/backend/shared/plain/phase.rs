//! Whether an entry is past the time for which it is fresh, told by the only clock that is trusted: a mark beside the entry, which
//! the store forgets when that time is over. Calendars only say how far in it is, within what the mark leaves open.

use std::time::Duration;

use super::super::Version;

/// At the end of a payload: there is no mark.
const PLAIN: u8 = 0;
/// There is one.
const MARKED: u8 = 1;
/// What the calendars may not make of "it is still there".
const MOMENT: Duration = Duration::from_millis(1);

/// The mark of an entry that is kept for longer than it is fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phase {
    /// What the mark has to be.
    pub(super) mark: Version,
    pub(super) fresh: Duration,
}

impl Phase {
    /// Of an entry that is fresh for a part of its ttl.
    pub(super) fn of(fresh: Option<Duration>, ttl: Option<Duration>) -> Result<Option<Self>, crate::Error> {
        match (fresh, ttl) {
            (Some(fresh), Some(ttl)) if fresh < ttl => Ok(Some(Self { mark: Version::random()?, fresh })),
            _ => Ok(None),
        }
    }

    /// Writes it behind a payload.
    pub(super) fn append(phase: Option<Self>, payload: &mut Vec<u8>) {
        if let Some(Self { mark, fresh }) = phase {
            payload.extend(mark.as_bytes());
            payload.extend(u64::try_from(fresh.as_nanos()).unwrap_or(u64::MAX).to_le_bytes());
        }
        payload.push(if phase.is_some() { MARKED } else { PLAIN });
    }

    /// Takes it off a payload; `None` if these bytes have none.
    pub(super) fn split(payload: &mut Vec<u8>) -> Option<Option<Self>> {
        match payload.pop()? {
            PLAIN => Some(None),
            MARKED => {
                let (rest, fresh) = payload.split_last_chunk::<8>()?;
                let (rest, mark) = rest.split_last_chunk::<{ Version::LEN }>()?;
                let phase =
                    Self { mark: Version::from_bytes(*mark), fresh: Duration::from_nanos(u64::from_le_bytes(*fresh)) };
                payload.truncate(rest.len());
                Some(Some(phase))
            }
            _ => None,
        }
    }
}

/// How old an entry is that is still there: what the calendars say, within what the store says.
pub(super) fn age(by_calendar: Duration, ttl: Option<Duration>, phase: Option<(Phase, bool)>) -> Duration {
    let end = ttl.map_or(Duration::MAX, |ttl| ttl.saturating_sub(MOMENT));
    match phase {
        None => by_calendar.min(end),
        Some((phase, true)) => by_calendar.min(phase.fresh.saturating_sub(MOMENT)),
        Some((phase, false)) => by_calendar.clamp(phase.fresh, end.max(phase.fresh)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn what_was_written_behind_a_payload_is_read_and_what_is_cut_is_not() {
        for phase in [None, Some(Phase { mark: Version::from_bytes([7; 16]), fresh: seconds(60) })] {
            let mut payload = b"value".to_vec();
            Phase::append(phase, &mut payload);
            assert_eq!(Phase::split(&mut payload.clone()), Some(phase));
            let mut read = payload.clone();
            Phase::split(&mut read);
            assert_eq!(read, b"value");
        }
        for bytes in [&b""[..], b"\x01", b"12345678\x01", b"\x02"] {
            assert_eq!(Phase::split(&mut bytes.to_vec()), None);
        }
    }

    #[test]
    fn calendars_say_nothing_against_the_mark() {
        // case 56
        let phase = Phase { mark: Version::from_bytes([7; 16]), fresh: seconds(60) };
        let (ttl, off) = (Some(seconds(90)), seconds(900));
        assert!(age(off, ttl, Some((phase, true))) < seconds(60));
        assert_eq!(age(Duration::ZERO, ttl, Some((phase, false))), seconds(60));
        assert!(age(off, ttl, Some((phase, false))) < seconds(90));
        assert!(age(off, ttl, None) < seconds(90));
        assert_eq!(age(off, None, None), off);
    }
}
