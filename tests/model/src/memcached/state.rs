//! What a memcached server keeps for one namespace, and what each actor around it carries along.
//!
//! Plain data. Versions come from a supply that is never used twice; the server's own numbers (CAS ids) begin anew with it.

pub(super) const ROWS: usize = 2;
/// The record of the tag that is known from the arguments. What holds for it holds for the namespace, the tag of every entry.
pub(super) const KNOWN: usize = 0;
/// The record of the tag that is known only from the result.
pub(super) const LATE: usize = 1;
/// The record of the key.
pub(super) const KEY: usize = 2;
pub(super) const RECORDS: usize = 3;
pub(super) const ACTORS: usize = 5;

/// The record of one name: a log that is only appended to, or replaced if it is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Record {
    /// None yet: a lookup that found no record has made an empty one.
    pub(super) version: Option<u8>,
    /// The writers that hold the name (a set of bits).
    pub(super) marks: u8,
    /// The server's number of its last change.
    pub(super) id: u8,
}

/// The stored value: two rows, under the versions of all three records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) rows: [u8; ROWS],
    pub(super) versions: [u8; RECORDS],
}

/// What a lookup has read so far, and over which connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Seen {
    pub(super) entry: Option<Entry>,
    pub(super) records: [Option<Record>; RECORDS],
    pub(super) connection: u8,
}

/// A value while it is computed and offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Value {
    pub(super) rows: [u8; ROWS],
    /// The records as the lookup found them; those that it did not ask for are missing.
    pub(super) seen: [Option<Record>; RECORDS],
    /// The highest number that the server was known to have given when the computation began.
    pub(super) fence: u8,
    pub(super) connection: u8,
    /// The version of the late tag that came with a copy of row 1.
    pub(super) inner: Option<u8>,
    /// The versions that the entry will carry.
    pub(super) versions: [Option<u8>; RECORDS],
    pub(super) checked: bool,
    /// Whether a record was no longer as the lookup had found it.
    pub(super) overtaken: bool,
    /// The writers that held one of its names when they were compared.
    pub(super) marks: u8,
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
    pub(super) records: [Option<Record>; RECORDS],
    /// The number of the last invalidation among the names of the late tag's bucket.
    pub(super) order: Option<u8>,
    /// The writers whose lease is there (a set of bits).
    pub(super) leases: u8,
    pub(super) entry: Option<Entry>,
    /// The last number that the server gave.
    pub(super) last: u8,
    /// Which connection the process has to the server; a server that starts anew is met over another.
    pub(super) connection: u8,
    /// The highest number that the process has seen over this connection.
    pub(super) known: u8,
    /// The next version that has never been used.
    pub(super) unused: u8,
    /// A copy of row 1 in a near cache, with the version of the late tag.
    pub(super) near: Option<(u8, u8)>,
    pub(super) flight: Flight,
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
    /// Somebody replaces a record by a shorter one that says the same.
    Compactor,
    /// Something is lost at some moment, if at all.
    Loss(Loss),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Reader {
    pub(super) role: Role,
    /// Whether its lookups know the late tag's name.
    pub(super) remembers: bool,
    /// What it must not get anything older than, and what was committed when it began.
    pub(super) floor: [u8; ROWS],
    pub(super) committed: [u8; ROWS],
    pub(super) at: Reading,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Role {
    Alone,
    /// Shares a flight with others of its kind.
    Caller,
    /// Computes with the near copy of row 1, if there is one.
    Outer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Reading {
    Start,
    /// Looks up once more: what it followed may not be handed to it.
    Again,
    /// In the middle of a lookup: the server executes one command after the other.
    LookUp {
        seen: Seen,
    },
    /// The entry names a tag that the lookup did not know.
    LookUpLate {
        seen: Seen,
    },
    /// A record is marked: whose lease is still there?
    AskLease {
        seen: Seen,
        name: u8,
    },
    /// The lease has ended: the order goes first.
    SettleOrder {
        seen: Seen,
        name: u8,
    },
    Settle {
        seen: Seen,
        name: u8,
    },
    Join {
        seen: Seen,
    },
    Follow,
    WaitClosed,
    Compute {
        seen: Seen,
    },
    ComputeLate {
        value: Value,
    },
    Close {
        value: Value,
    },
    /// Adds a record for the late tag, if there is none.
    Add {
        value: Value,
    },
    Adopt {
        value: Value,
    },
    Check {
        value: Value,
    },
    /// Writes a version into a record that the lookup found, or made, empty.
    Claim {
        value: Value,
        name: u8,
    },
    Verify {
        value: Value,
    },
    Write {
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
    /// The row it writes, and with it the tag.
    pub(super) row: u8,
    pub(super) ending: Ending,
    pub(super) at: Writing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Ending {
    Commit,
    Rollback,
    /// Nobody is there when the database answers the COMMIT, whether it was executed or not.
    Crash,
    /// The writer dies at any of its steps.
    Death,
    /// Never holds.
    Unheld,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Writing {
    Lease,
    /// Adds a record, if there is none.
    Add,
    Mark,
    Commit,
    /// The first command of an invalidation.
    Order,
    Append {
        covers: u8,
    },
    /// The invalidation has been executed; its answer is on the way.
    Return {
        covers: u8,
    },
    Unmark,
    EndLease,
    /// Nobody is there any more: the server ends the lease, which is an invalidation of what was committed.
    Expired {
        covers: u8,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Removing {
    Write,
    Append,
    Return { covers: u8 },
}

/// What an accident may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Loss {
    /// One record, the order or the entry.
    One,
    /// A writer's lease.
    Lease,
    /// Everything, while the server goes on.
    Flush,
    /// Everything, the server's numbers included.
    Restart,
}

impl State {
    /// `warm`: all records are there from the beginning. `stored`: the entry is, too.
    pub(super) fn new(actors: [Actor; ACTORS], warm: bool, stored: bool) -> Self {
        let mut state = Self {
            db: [0; ROWS],
            floor: [0; ROWS],
            records: [None; RECORDS],
            order: None,
            leases: 0,
            entry: None,
            last: 0,
            connection: 0,
            known: 0,
            unused: 1,
            near: None,
            flight: Flight::Absent,
            actors,
        };
        if warm {
            state.order = Some(state.id());
            (0..RECORDS).for_each(|name| {
                let version = state.version();
                state.put(name, Some(version), 0);
            });
        }
        let versions = state.records.map(|record| record.and_then(|record| record.version).unwrap_or_default());
        state.entry = stored.then_some(Entry { rows: [0; ROWS], versions });
        state
    }

    /// The server's next number.
    pub(super) fn id(&mut self) -> u8 {
        self.last += 1;
        self.last
    }

    /// A version that nobody has seen.
    pub(super) fn version(&mut self) -> u8 {
        self.unused += 1;
        self.unused - 1
    }

    pub(super) fn put(&mut self, name: usize, version: Option<u8>, marks: u8) {
        let id = self.id();
        self.records[name] = Some(Record { version, marks, id });
    }

    /// Reads a record, as every lookup does: one that is missing is made, and is empty.
    pub(super) fn look_at(&mut self, name: usize) -> Option<Record> {
        if self.records[name].is_none() {
            self.put(name, None, 0);
        }
        self.learn(self.records[name].map_or(0, |record| record.id));
        self.records[name]
    }

    /// The process has met one of the server's numbers.
    pub(super) fn learn(&mut self, id: u8) {
        self.known = self.known.max(id);
    }

    pub(super) fn lose_everything(&mut self) {
        self.records = [None; RECORDS];
        self.order = None;
        self.leases = 0;
        self.entry = None;
    }
}
