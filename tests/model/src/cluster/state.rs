//! What a cluster keeps for one namespace, and what each actor around it carries along.
//!
//! Plain data. Versions and epochs come from one supply of numbers that are never used twice.

pub(super) const ROWS: usize = 2;
/// The tag that is known from the arguments, in group 0.
pub(super) const KNOWN: usize = 0;
/// The tag that is known only from the result, in group 1.
pub(super) const LATE: usize = 1;
/// The key, in group 0.
pub(super) const KEY: usize = 2;
pub(super) const NAMES: usize = 3;
pub(super) const GROUPS: usize = 2;
pub(super) const ACTORS: usize = 5;

/// The group in which the records of a name are, and the place in the order for it.
pub(super) const fn group_of(name: usize) -> usize {
    (name == LATE) as usize
}

/// What is known of a group's order record: none, or its epoch and sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Fence {
    pub(super) epoch: Option<u8>,
    pub(super) sequence: u8,
}

/// The stored value, on a node of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) rows: [u8; ROWS],
    pub(super) versions: [u8; NAMES],
    pub(super) epochs: [u8; GROUPS],
}

/// What a lookup has read: each group at a moment of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Seen {
    pub(super) entry: Option<Entry>,
    /// The groups that were asked, and what their order records said.
    pub(super) groups: [Option<Fence>; GROUPS],
    pub(super) versions: [Option<u8>; NAMES],
    pub(super) held: bool,
}

/// A value while it is computed and offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Value {
    pub(super) rows: [u8; ROWS],
    pub(super) fences: [Fence; GROUPS],
    /// The version of the late tag that came with a copy of row 1.
    pub(super) inner: Option<u8>,
    pub(super) versions: [Option<u8>; NAMES],
    /// What is written together with the scripts, until it is.
    pub(super) ahead: Option<Entry>,
    /// The same, to be compared with what the scripts have found.
    pub(super) assumed: [u8; NAMES],
    /// A version that nobody has seen, for records that are missing.
    pub(super) proposed: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(super) db: [u8; ROWS],
    /// The rows as they were when the latest invalidation began to be executed that has returned.
    pub(super) floor: [u8; ROWS],
    /// The order records; one is missing if it has no epoch.
    pub(super) groups: [Fence; GROUPS],
    pub(super) order: [u8; NAMES],
    pub(super) records: [Option<u8>; NAMES],
    pub(super) holds: [u8; NAMES],
    pub(super) entry: Option<Entry>,
    /// The order records as the process met them last.
    pub(super) known: [Fence; GROUPS],
    /// A copy of row 1 in a near cache, with the version of the late tag.
    pub(super) near: Option<(u8, u8)>,
    /// The next number that has never been used.
    pub(super) unused: u8,
    pub(super) actors: [Actor; ACTORS],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Actor {
    Done,
    Reader(Reader),
    Writer(Writer),
    /// Changes row 0, and removes the key instead of invalidating a tag.
    Remover(Removing),
    /// A near cache takes its copy of row 1 at some moment, if at all.
    NearFill,
    /// Something is lost at some moment, if at all.
    Loss(Loss),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Reader {
    /// Whether its lookups know the late tag's name.
    pub(super) remembers: bool,
    /// Whether it computes with the near copy of row 1, if there is one.
    pub(super) nests: bool,
    /// What it must not get anything older than, and what was committed when it began.
    pub(super) floor: [u8; ROWS],
    pub(super) committed: [u8; ROWS],
    pub(super) at: Reading,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Reading {
    Start,
    /// The next part of a lookup: the entry or a group.
    LookUp {
        seen: Seen,
        part: u8,
    },
    /// The entry names a tag of a group that was not asked.
    LookUpLate {
        seen: Seen,
    },
    Compute {
        seen: Seen,
    },
    ComputeLate {
        value: Value,
    },
    /// The script at one group.
    Acquire {
        value: Value,
        group: u8,
    },
    Write {
        value: Value,
    },
    /// A group has refused, and the entry that was sent ahead is still under way.
    Refused {
        value: Value,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Writer {
    pub(super) id: u8,
    /// The rows it writes, and with them the tags (a set of bits).
    pub(super) rows: u8,
    pub(super) ending: Ending,
    pub(super) at: Writing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Ending {
    Commit,
    Rollback,
    /// Nobody learns whether the COMMIT was executed.
    Crash,
    /// Never holds.
    Unheld,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Writing {
    Hold {
        group: u8,
    },
    Commit,
    Invalidate {
        group: u8,
        covers: [u8; ROWS],
    },
    /// All its scripts have been executed; the last answer is on the way.
    Return {
        covers: [u8; ROWS],
    },
    Release {
        group: u8,
    },
    /// The deadline of the hold has passed; who meets it at a group settles it there.
    Expired {
        group: u8,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Removing {
    Write,
    Invalidate,
    Return { covers: u8 },
}

/// What an accident may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Loss {
    /// A record, an order record, or the entry.
    One,
    /// All that one group has, holds included.
    Group,
}

impl State {
    pub(super) fn new(actors: [Actor; ACTORS]) -> Self {
        let mut state = Self {
            db: [0; ROWS],
            floor: [0; ROWS],
            groups: [Fence::default(); GROUPS],
            order: [0; NAMES],
            records: [None; NAMES],
            holds: [0; NAMES],
            entry: None,
            known: [Fence::default(); GROUPS],
            near: None,
            unused: 1,
            actors,
        };
        (0..GROUPS).for_each(|group| state.ensure_order(group));
        state.known = state.groups;
        state
    }

    /// A number that nobody has seen.
    pub(super) fn number(&mut self) -> u8 {
        self.unused += 1;
        self.unused - 1
    }

    /// Creates a group's order record if it is missing: a new epoch.
    pub(super) fn ensure_order(&mut self, group: usize) {
        if self.groups[group].epoch.is_none() {
            let epoch = Some(self.number());
            self.lose_order(group);
            self.groups[group].epoch = epoch;
        }
    }

    pub(super) fn lose_order(&mut self, group: usize) {
        self.groups[group] = Fence::default();
        names(group).for_each(|name| self.order[name] = 0);
    }
}

/// The names whose records are in a group.
pub(super) fn names(group: usize) -> impl Iterator<Item = usize> {
    (0..NAMES).filter(move |&name| group_of(name) == group)
}
