//! One version that stands for those of all groups. The engine asks of each value for one version of the namespace; here every group has
//! its own, and a value touches some of them.

use std::collections::VecDeque;
use std::sync::Arc;

use easy_cache_core::store::Version;
use parking_lot::Mutex;

use super::group::Sight;
use crate::layout::Record;

/// States to remember. What is older is not used any more, or its values are computed once more.
const MOST: usize = 64;

/// The states of all groups that this process has met lately, each with a name of its own.
#[derive(Debug, Default)]
pub(crate) struct Epochs(Mutex<VecDeque<(Version, State)>>);

type State = Box<[Option<Record>]>;

impl Epochs {
    /// The name of a state. A single group's is its version.
    pub(crate) fn name(&self, sights: &[Option<Arc<Sight>>]) -> Version {
        let state = state(sights);
        if let [single] = &*state {
            return match single {
                Some(Record::Free(version)) => *version,
                _ => Version::from_bytes([0; 16]),
            };
        }
        let mut named = self.0.lock();
        if let Some((name, _)) = named.iter().find(|(_, known)| *known == state) {
            return *name;
        }
        // Without random bytes nothing else works either.
        let name = Version::random().unwrap_or(Version::from_bytes([0; 16]));
        named.push_front((name, state));
        named.truncate(MOST);
        name
    }

    /// Whether these groups are now as they were in the state of that name.
    pub(crate) fn agree(&self, name: Version, sights: &[Option<Arc<Sight>>], groups: &[usize]) -> bool {
        let now = state(sights);
        if let [single] = &*now {
            return *single == Some(Record::Free(name));
        }
        let named = self.0.lock();
        let then = named.iter().find(|(known, _)| *known == name).map(|(_, state)| state);
        then.is_some_and(|then| groups.iter().all(|group| then[*group].is_some() && then[*group] == now[*group]))
    }
}

fn state(sights: &[Option<Arc<Sight>>]) -> State {
    sights.iter().map(|sight| sight.as_ref().map(|sight| sight.epoch)).collect()
}
