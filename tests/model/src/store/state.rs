//! What a shared store keeps for one namespace, and what each actor around it carries along.
//!
//! Plain data. Versions and epochs come from one supply of numbers that are never used twice.

pub(super) const TAGS: usize = 2;
/// The place of the key among the names of the order record, behind both tags.
pub(super) const KEY: usize = 2;
pub(super) const ACTORS: usize = 6;

/// What a lookup reads before a computation starts. Without an order record there is no epoch, and what is computed is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Fence {
    pub(super) epoch: Option<u8>,
    pub(super) sequence: u8,
}

/// The stored value: built from two rows, under tag 0 (known from the arguments) and tag 1 (known only from the result).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) rows: [u8; TAGS],
    pub(super) versions: [u8; TAGS],
    pub(super) fence: Fence,
}

/// A value while it is computed and offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Value {
    pub(super) rows: [u8; TAGS],
    pub(super) fence: Fence,
    /// The version of tag 1 that came with a copy of row 1.
    pub(super) seen: Option<u8>,
    /// The clock when the fence was taken.
    pub(super) fenced_at: u8,
}

/// A copy of row 1 in some process, with the version of tag 1 that it was filled under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct NearCopy {
    pub(super) row: u8,
    pub(super) version: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Flight {
    Absent,
    Open,
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(super) db: [u8; TAGS],
    /// The rows as they were when the latest invalidation was executed that has returned.
    pub(super) floor: [u8; TAGS],
    /// The order record; it is missing if there is no epoch.
    pub(super) epoch: Option<u8>,
    pub(super) sequence: u8,
    pub(super) order: [u8; TAGS + 1],
    /// The records of both tags, and beside them who holds the tag.
    pub(super) records: [Option<u8>; TAGS],
    pub(super) holds: [u8; TAGS],
    pub(super) entry: Option<Entry>,
    pub(super) near: Option<NearCopy>,
    pub(super) flight: Flight,
    pub(super) now: u8,
    pub(super) drops: u8,
    /// The next number that has never been used.
    pub(super) unused: u8,
    pub(super) actors: [Actor; ACTORS],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Actor {
    Done,
    Reader(Reader),
    Writer(Writer),
    /// Changes row 0, and removes the key instead of invalidating the tag.
    Remover(Removing),
    /// A near cache elsewhere takes its copy of row 1 at some moment, if at all.
    NearFill,
    /// A record is lost at some moment, if at all.
    Loss(Loss),
    /// The coarse clock of the process ticks; so often.
    Ticker {
        times: u8,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Reader {
    pub(super) role: Role,
    /// What it must not get anything older than.
    pub(super) floor: [u8; TAGS],
    pub(super) at: Reading,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Role {
    /// Looks up (a second trip for the late tag), computes, fills.
    Alone,
    /// Shares a flight; its lookups know the names of both tags and take one trip.
    Caller,
    /// Computes with the near copy of row 1, if there is one.
    Outer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Reading {
    Start,
    LookUp {
        called_at: u8,
        shares: bool,
    },
    /// Asks for the record of the late tag. `current`: whether all rows were the committed ones at the first trip.
    Late {
        entry: Entry,
        fence: Fence,
        current: bool,
    },
    Join {
        called_at: u8,
        shares: bool,
        fence: Fence,
        fenced_at: u8,
    },
    Follow {
        called_at: u8,
    },
    WaitClosed {
        called_at: u8,
    },
    Compute {
        value: Value,
        row: u8,
    },
    Close {
        value: Value,
    },
    Fill {
        value: Value,
    },
    Tell {
        value: Value,
        kept: bool,
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
    Hold,
    Commit,
    Invalidate,
    /// The invalidation has been executed; its answer is on the way.
    Return {
        covers: [u8; TAGS],
    },
    Release,
    /// The deadline of the hold has passed; the next who meets it settles it.
    Expired,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Removing {
    Write,
    Remove,
    Return { covers: u8 },
}

/// What an accident may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Loss {
    /// A tag's record, or the entry.
    Record,
    /// One of these, or the order record.
    RecordOrOrder,
    /// One of these, or all of it, holds included.
    AnythingOrEverything,
}

impl State {
    pub(super) fn new(actors: [Actor; ACTORS], drops: u8) -> Self {
        Self {
            db: [0; TAGS],
            floor: [0; TAGS],
            epoch: None,
            sequence: 0,
            order: [0; TAGS + 1],
            records: [None; TAGS],
            holds: [0; TAGS],
            entry: None,
            near: None,
            flight: Flight::Absent,
            now: 0,
            drops,
            unused: 1,
            actors,
        }
    }

    pub(super) fn fence(&self) -> Fence {
        Fence { epoch: self.epoch, sequence: self.sequence }
    }

    /// The record of a tag. Who needs one gets one: it is created if it is missing, with a version that nobody has seen.
    pub(super) fn record(&mut self, tag: usize) -> u8 {
        let unused = self.unused;
        *self.records[tag].get_or_insert_with(|| {
            self.unused += 1;
            unused
        })
    }

    /// Creates the order record if it is missing: a new epoch.
    pub(super) fn ensure_order(&mut self) {
        if self.epoch.is_none() {
            self.lose_order();
            self.epoch = Some(self.unused);
            self.unused += 1;
        }
    }

    pub(super) fn lose_order(&mut self) {
        self.epoch = None;
        self.sequence = 0;
        self.order = [0; TAGS + 1];
    }
}
