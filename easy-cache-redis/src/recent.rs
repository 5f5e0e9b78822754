//! Invalidations that were acknowledged a moment ago. They are sent again on a new connection: the server behind it may have
//! taken the place of one that died before it could pass them on.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Replicas are behind by less, as long as they are of any use.
const AGE: Duration = Duration::from_secs(10);
/// Nobody can tell here when a server died, and nothing was acknowledged after that. So what counts is how old something was at the latest of them,
/// as long as it may take until another one is in its place: Sentinel waits for half a minute before it begins.
const FAILOVER: Duration = Duration::from_secs(120);
/// More names than these are sent again as everything.
const MOST: usize = 2_000;

/// What was invalidated lately, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Past>);

type Past = VecDeque<(Instant, What)>;

/// The name of a record, as it is stored; `None` for everything.
type What = Option<Box<[u8]>>;

/// What is to be sent again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Again {
    Names(Vec<Vec<u8>>),
    Everything,
}

impl Recent {
    /// Names were invalidated at this moment.
    pub(crate) fn note(&self, names: Vec<Vec<u8>>, now: Instant) {
        let mut recent = self.0.lock();
        recent.extend(names.into_iter().map(|name| (now, Some(name.into()))));
        Self::trim(&mut recent, now);
    }

    /// Everything was.
    pub(crate) fn note_everything(&self, now: Instant) {
        let mut recent = self.0.lock();
        recent.clear();
        recent.push_back((now, None));
    }

    /// What has happened lately.
    pub(crate) fn again(&self, now: Instant) -> Again {
        let mut recent = self.0.lock();
        if recent.back().is_some_and(|(latest, _)| now.duration_since(*latest) > FAILOVER) {
            recent.clear();
        }
        let names: Option<Vec<Vec<u8>>> = recent.iter().map(|(_, name)| name.as_deref().map(<[u8]>::to_vec)).collect();
        names.map_or(Again::Everything, Again::Names)
    }

    fn trim(recent: &mut Past, now: Instant) {
        while recent.front().is_some_and(|(then, _)| now.duration_since(*then) > AGE) {
            recent.pop_front();
        }
        if recent.len() > MOST {
            recent.clear();
            recent.push_back((now, None));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<Vec<u8>> {
        names.iter().map(|name| name.as_bytes().to_vec()).collect()
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let (recent, begin) = (Recent::default(), Instant::now());
        recent.note(names(&["a", "b"]), begin);
        recent.note(names(&["c"]), begin + AGE);
        assert_eq!(recent.again(begin + AGE), Again::Names(names(&["a", "b", "c"])));
        recent.note(names(&["d"]), begin + AGE * 3 / 2);
        assert_eq!(recent.again(begin + AGE * 3 / 2), Again::Names(names(&["c", "d"])));
    }

    #[test]
    fn while_a_server_is_gone_nothing_gets_older() {
        let (recent, begin) = (Recent::default(), Instant::now());
        recent.note(names(&["a"]), begin);
        recent.note(names(&["b"]), begin + AGE);
        assert_eq!(recent.again(begin + AGE + FAILOVER), Again::Names(names(&["a", "b"])));
        assert_eq!(recent.again(begin + AGE + FAILOVER * 2), Again::Names(Vec::new()));
    }

    #[test]
    fn everything_and_too_much_are_everything_for_a_while() {
        let (recent, begin) = (Recent::default(), Instant::now());
        recent.note_everything(begin);
        recent.note(names(&["a"]), begin + AGE);
        assert_eq!(recent.again(begin + AGE), Again::Everything);
        recent.note(names(&["b"]), begin + AGE + AGE / 2);
        assert_eq!(recent.again(begin + AGE + AGE / 2), Again::Names(names(&["a", "b"])));
        recent.note(vec![b"x".to_vec(); MOST + 1], begin + AGE);
        assert_eq!(recent.again(begin + AGE), Again::Everything);
    }
}
