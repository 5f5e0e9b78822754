//! What the engine writes behind a value that leaves the process: how long it is fresh, how far it may be served past that,
//! what it cost, its validator. Behind, and not before, so that neither writing nor reading moves the value.
//!
//! No moment is in it by which anything is decided: an entry's age is the store's to say. How the value itself is written is
//! the codec's.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::clock::{Moment, NEVER};
use crate::freshness::Times;

/// The version of the layout: the last byte of every payload.
const LAYOUT: u8 = 1;
/// The label's length, and the layout.
const END: usize = 4 + 1;
const ENDLESS: u64 = u64::MAX;

/// The spans of a value, in nanoseconds, as they were when it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    /// When it was written, by the writer's calendar: for people. Nothing is decided by it.
    pub(crate) written: Duration,
    /// `ENDLESS`: until it is invalidated or evicted.
    fresh_for: u64,
    cost: u64,
    grace: u64,
    fail_safe: u64,
    validator: Option<Arc<str>>,
}

impl Label {
    /// Of a value that is stored now.
    pub(crate) fn of(times: &Times, now: Moment, calendar: SystemTime) -> Self {
        let fresh_for = if times.fresh_until == NEVER { ENDLESS } else { times.fresh_until.saturating_sub(now) };
        let (grace, fail_safe) = times.spans();
        let written = calendar.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { written, fresh_for, cost: times.cost, grace, fail_safe, validator: times.validator().cloned() }
    }

    /// How long it is fresh, if that has an end.
    pub(crate) fn fresh_for(&self) -> Option<Duration> {
        (self.fresh_for != ENDLESS).then(|| Duration::from_nanos(self.fresh_for))
    }

    /// How long the store is to keep it, if that has an end. What has a validator is kept for as long again as it is fresh, to be
    /// confirmed.
    pub(crate) fn kept_for(&self) -> Option<Duration> {
        let to_confirm = if self.validator.is_some() { self.fresh_for } else { 0 };
        let longest = self.grace.max(self.fail_safe).max(to_confirm);
        self.fresh_for().map(|_| Duration::from_nanos(self.fresh_for.saturating_add(longest).min(ENDLESS - 1)))
    }

    /// The times of a value of this age, by the clock of this cache. The store's word on how much longer it keeps the entry counts before
    /// its word on how old it is.
    pub(crate) fn times(&self, age: Duration, remaining: Option<Duration>, now: Moment) -> Times {
        let age = match (self.kept_for(), remaining) {
            (Some(kept), Some(remaining)) => kept.saturating_sub(remaining),
            _ => age,
        };
        let stored = now.saturating_sub(crate::clock::nanoseconds(age));
        let fresh_until = if self.fresh_for == ENDLESS { NEVER } else { stored.saturating_add(self.fresh_for) };
        Times::arrived(stored, fresh_until, self.cost, (self.grace, self.fail_safe), self.validator.clone())
    }

    /// Writes it behind a value.
    pub(crate) fn append(&self, payload: &mut Vec<u8>) {
        let begin = payload.len();
        let milliseconds = u64::try_from(self.written.as_millis()).unwrap_or(u64::MAX);
        for number in [milliseconds, self.fresh_for, self.cost, self.grace, self.fail_safe] {
            payload.extend(number.to_le_bytes());
        }
        payload.push(u8::from(self.validator.is_some()));
        payload.extend(self.validator.as_deref().unwrap_or_default().as_bytes());
        let len = (payload.len() - begin) as u32;
        payload.extend(len.to_le_bytes());
        payload.push(LAYOUT);
    }

    /// Takes it off a payload; what is left is the value. `None`: these bytes have no label of this layout.
    pub(crate) fn split(payload: &mut Vec<u8>) -> Option<Self> {
        let (value, label) = Self::behind(payload)?;
        let begin = value.len();
        payload.truncate(begin);
        Some(label)
    }

    /// The same for who leaves the payload as it is: the value, and its label.
    pub(crate) fn behind(payload: &[u8]) -> Option<(&[u8], Self)> {
        let (rest, end) = payload.split_last_chunk::<END>()?;
        let (len, layout) = end.split_first_chunk::<4>()?;
        if layout != [LAYOUT] {
            return None;
        }
        let (value, label) = rest.split_at_checked(rest.len().checked_sub(u32::from_le_bytes(*len) as usize)?)?;
        Some((value, Self::read(label)?))
    }

    fn read(mut bytes: &[u8]) -> Option<Self> {
        let mut number = || {
            let (number, rest) = bytes.split_first_chunk::<8>()?;
            bytes = rest;
            Some(u64::from_le_bytes(*number))
        };
        let [written, fresh_for, cost, grace, fail_safe] = [number()?, number()?, number()?, number()?, number()?];
        let validator = match bytes.split_first()? {
            (0, []) => None,
            (1, text) => Some(Arc::from(std::str::from_utf8(text).ok()?)),
            _ => return None,
        };
        let written = Duration::from_millis(written);
        Some(Self { written, fresh_for, cost, grace, fail_safe, validator })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Policy;

    const SECOND: u64 = 1_000_000_000;

    fn label() -> Label {
        let policy = Policy::new().ttl(Duration::from_secs(10)).stale_while_revalidate(Duration::from_secs(5));
        let mut policy = policy.fail_safe(Duration::from_secs(60));
        policy.freshness_mut().validator = Some(Arc::from("\"größe\""));
        let times = Times::new(&policy, 100 * SECOND, 98 * SECOND, NEVER, 0.0);
        Label::of(&times, 100 * SECOND, SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123))
    }

    fn written(label: &Label) -> Vec<u8> {
        let mut payload = b"value".to_vec();
        label.append(&mut payload);
        payload
    }

    /// A change of these bytes is a decision: what other releases have stored would no longer be read.
    #[test]
    fn the_stored_bytes_are_those_of_the_golden_file() {
        // case 72
        let golden = include_str!("../../../tests/golden/label.hex");
        let hex: String = written(&label()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, golden.split_whitespace().collect::<String>());
    }

    #[test]
    fn a_label_of_another_layout_is_not_read() {
        // case 72
        let mut payload = written(&label());
        *payload.last_mut().unwrap() = LAYOUT + 1;
        assert_eq!(Label::split(&mut payload), None);
    }

    #[test]
    fn a_label_that_is_cut_is_not_read() {
        let payload = written(&label());
        for len in 0..payload.len() {
            let read = Label::split(&mut payload[..len].to_vec());
            assert_ne!(read, Some(label()), "cut after {len}");
        }
    }

    #[test]
    fn what_the_store_says_of_the_end_counts_before_what_it_says_of_the_age() {
        let label = label();
        assert_eq!(label.kept_for(), Some(Duration::from_secs(70)));
        let now = 1_000 * SECOND;
        let times = label.times(Duration::from_secs(900), Some(Duration::from_secs(62)), now);
        assert_eq!((times.stored, times.fresh_until), (now - 8 * SECOND, now + 2 * SECOND));
        let times = label.times(Duration::from_secs(3), None, now);
        assert_eq!((times.stored, times.fresh_until), (now - 3 * SECOND, now + 7 * SECOND));
    }

    #[test]
    fn what_never_ends_is_kept_without_end() {
        let label = Label::of(&Times::new(&Policy::new(), SECOND, 0, NEVER, 0.0), SECOND, SystemTime::UNIX_EPOCH);
        assert_eq!((label.fresh_for(), label.kept_for()), (None, None));
        assert_eq!(label.times(Duration::from_secs(5), None, 9 * SECOND).fresh_until, NEVER);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn hostile_bytes_are_refused_without_a_panic(mut bytes: Vec<u8>, len: u8) {
            bytes.extend(u32::from(len).to_le_bytes());
            bytes.push(LAYOUT);
            let whole = bytes.clone();
            if let Some(label) = Label::split(&mut bytes) {
                label.append(&mut bytes);
                prop_assert_eq!(bytes, whole);
            }
        }
    }
}
