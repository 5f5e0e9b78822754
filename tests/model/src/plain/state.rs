//! What a plain store keeps for one namespace, and what each actor around it carries along.
//!
//! Plain data. All versions, markers and order records come from one supply of numbers that are never used twice.

pub(super) const ROWS: usize = 2;
/// The record of the tag that is known from the arguments. What holds for it holds for the epoch, the tag that every entry has.
pub(super) const KNOWN: usize = 0;
/// The record of the tag that is known only from the result.
pub(super) const LATE: usize = 1;
/// The record of the key.
pub(super) const KEY: usize = 2;
pub(super) const RECORDS: usize = 3;
pub(super) const ACTORS: usize = 5;

/// One tag's record: a version, or the marker of a writer that holds the tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Record {
    pub(super) version: u8,
    pub(super) held: bool,
}

/// The stored value: two rows, under the versions of all three records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) rows: [u8; ROWS],
    pub(super) versions: [u8; RECORDS],
}

/// What a lookup has read so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Seen {
    pub(super) entry: Option<Entry>,
    pub(super) order: Option<u8>,
    pub(super) records: [Option<Record>; RECORDS],
}

/// A value while it is computed and offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Value {
    pub(super) rows: [u8; ROWS],
    /// The order record as the lookup found it.
    pub(super) order: Option<u8>,
    /// The versions that the entry will carry.
    pub(super) versions: [Option<u8>; RECORDS],
    /// Whether the lookup met the marker of a writer.
    pub(super) met_marker: bool,
    /// Whether one of them was read, or created, after the computation began.
    pub(super) adopted: bool,
    /// Whether the order record was compared already.
    pub(super) checked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Flight {
    Absent,
    Open,
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(super) db: [u8; ROWS],
    /// The rows as they were when the latest invalidation began to be executed that has returned.
    pub(super) floor: [u8; ROWS],
    pub(super) order: Option<u8>,
    pub(super) records: [Option<Record>; RECORDS],
    pub(super) entry: Option<Entry>,
    pub(super) flight: Flight,
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
    /// Something is lost at some moment, if at all.
    Loss(Loss),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Reader {
    /// Whether it shares a flight with others of its kind.
    pub(super) shares: bool,
    /// Whether its lookups know the late tag's name.
    pub(super) remembers: bool,
    /// What it must not get anything older than, and what was committed when it began.
    pub(super) floor: [u8; ROWS],
    pub(super) committed: [u8; ROWS],
    pub(super) at: Reading,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Reading {
    Start,
    /// Looks up once more: what it followed may not be handed to it.
    Again,
    /// In the middle of a lookup: a store without transactions reads one key after the other.
    LookUp {
        seen: Seen,
    },
    /// The entry names a tag that the lookup did not know.
    LookUpLate {
        seen: Seen,
    },
    Join {
        value: Value,
    },
    Follow,
    WaitClosed,
    Compute {
        value: Value,
        row: u8,
    },
    /// Uses a value of the late tag that it finds.
    Use {
        value: Value,
    },
    Close {
        value: Value,
    },
    /// Its lookup met a marker.
    Refuse {
        value: Value,
    },
    Adopt {
        value: Value,
        name: u8,
    },
    Create {
        value: Value,
        name: u8,
    },
    Check {
        value: Value,
    },
    Write {
        value: Value,
    },
    /// It was refused for want of an order record, which it creates.
    CreateOrder {
        value: Value,
    },
    Tell {
        value: Value,
        kept: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Writer {
    /// The row it writes, and with it the tag.
    pub(super) row: u8,
    pub(super) ending: Ending,
    /// The marker that it left, and the version that was there before.
    pub(super) marker: u8,
    pub(super) before: Option<u8>,
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
    Hold,
    /// The second write of a hold.
    HoldOrder,
    Commit,
    /// The first write of an invalidation.
    Order,
    Record {
        covers: u8,
    },
    /// The invalidation has been executed; its answer is on the way.
    Return {
        covers: u8,
    },
    /// Looks whether the marker is still its own.
    Release,
    Replace,
    /// The store's own ttl ends the marker.
    Expired,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Removing {
    Write,
    Order,
    Record { covers: u8 },
    Entry { covers: u8 },
    Return { covers: u8 },
}

/// What an accident may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Loss {
    /// One record, the order record or the entry.
    One,
    /// One of these, or all of it.
    OneOrEverything,
}

impl State {
    /// `warm`: the tags' records are there from the beginning. `cold`: not even those of the order and the key are.
    pub(super) fn new(actors: [Actor; ACTORS], warm: bool, cold: bool) -> Self {
        let mut state = Self {
            db: [0; ROWS],
            floor: [0; ROWS],
            order: None,
            records: [None; RECORDS],
            entry: None,
            flight: Flight::Absent,
            unused: 1,
            actors,
        };
        if !cold {
            state.order = Some(state.number());
            state.write(KEY);
        }
        if warm {
            state.write(KNOWN);
            state.write(LATE);
        }
        state
    }

    /// A number that nobody has seen.
    pub(super) fn number(&mut self) -> u8 {
        self.unused += 1;
        self.unused - 1
    }

    /// Gives a record a new version, whatever was there.
    pub(super) fn write(&mut self, name: usize) -> u8 {
        let version = self.number();
        self.records[name] = Some(Record { version, held: false });
        version
    }

    /// The version of a record that is there and not held.
    pub(super) fn version(&self, name: usize) -> Option<u8> {
        self.records[name].filter(|record| !record.held).map(|record| record.version)
    }
}
