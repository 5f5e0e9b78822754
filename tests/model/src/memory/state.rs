//! What the actors of the memory store share, and what each of them carries along.
//!
//! Plain data, small and comparable: millions of these are kept at once. What happens to it is told by the other files.

pub(super) const TAGS: usize = 2;
pub(super) const ACTORS: usize = 6;
const KEYS: usize = 2;
const CELLS: usize = 7;

/// The number of a cell that stands for no cell.
pub(super) const NONE: u8 = u8::MAX;
/// The cell that every entry depends on: the epoch.
pub(super) const EVERYTHING: u8 = 0;

/// A tag's record: its version, the writers that hold it, and which of these have missed their deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Cell {
    pub(super) version: u8,
    pub(super) holds: u8,
    pub(super) expired: u8,
}

/// What a value depends on: a tag's cell and its version. Before the fill has looked at it, only its name is known
/// (`cell` is [`NONE`]), unless it was `seen` on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Dependency {
    pub(super) cell: u8,
    pub(super) version: u8,
    pub(super) seen: bool,
}

impl Dependency {
    pub(super) const BY_NAME: Self = Self { cell: NONE, version: 0, seen: false };
}

/// What is read before a computation starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Fence {
    pub(super) epoch: u8,
    pub(super) sequence: u8,
}

/// A value that is being computed or stored: its rows, the versions of its tags, the fence it was computed behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Value {
    pub(super) rows: [u8; TAGS],
    pub(super) tags: [Dependency; TAGS],
    pub(super) fence: Fence,
    /// The clock when the fence was taken, for a value that is computed for a flight.
    pub(super) led_at: Option<u8>,
}

impl Value {
    pub(super) const EMPTY: Self = Self {
        rows: [0; TAGS],
        tags: [Dependency::BY_NAME; TAGS],
        fence: Fence { epoch: 0, sequence: 0 },
        led_at: None,
    };
}

/// The one computation that callers of a key share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Flight {
    Absent,
    Open,
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// The committed rows in the database. Row 0 carries tag 0, row 1 tag 1.
    pub(super) db: [u8; TAGS],
    /// The rows as they were when the latest invalidation began that has returned.
    pub(super) floor: [u8; TAGS],
    pub(super) sequence: u8,
    pub(super) buckets: [u8; TAGS + KEYS],
    /// The map from tags to cells.
    pub(super) map: [u8; TAGS],
    pub(super) cells: [Cell; CELLS],
    pub(super) entries: [Option<Value>; KEYS],
    pub(super) flight: Flight,
    /// A coarse clock: much may happen in one tick.
    pub(super) now: u8,
    /// How many leaders may still be dropped.
    pub(super) drops: u8,
    pub(super) actors: [Actor; ACTORS],
}

/// An actor and how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Actor {
    Done,
    Reader(Reader),
    Writer(Writer),
    /// Changes row 0, and then removes a key instead of invalidating the tag.
    Remover(Remover),
    /// Whoever meets a hold that has missed its deadline.
    Settler(Settler),
    /// The map makes room.
    Evictor {
        key: u8,
    },
    /// Cells that nobody refers to leave the map; so often.
    Sweeper {
        times: u8,
    },
    /// The coarse clock ticks; so often.
    Ticker {
        times: u8,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Reader {
    pub(super) role: Role,
    pub(super) key: u8,
    /// What it must not get anything older than.
    pub(super) floor: [u8; TAGS],
    pub(super) at: Reading,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Role {
    /// Looks up, computes, fills.
    Alone,
    /// Shares a flight with the other callers of its key.
    Caller,
    /// Computes key 0, taking row 1 from the cached value of key 1, or from a flight for it.
    Outer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Reading {
    Start,
    LookUp,
    /// Reads the cells of an entry, one by one, under the read lock of the entry's shard. `current`: whether each row was the
    /// committed one at the first of these reads, and again when its own cell was read.
    Validate {
        entry: Value,
        next: u8,
        current: bool,
    },
    Join {
        missed_at: u8,
    },
    /// Follows an open flight.
    Follow {
        missed_at: u8,
    },
    /// Waits for the outcome of a flight that was closed already.
    WaitClosed,
    FenceEpoch,
    FenceSequence {
        epoch: u8,
    },
    Compute {
        value: Value,
        next: u8,
    },
    InnerLookUp {
        value: Value,
    },
    InnerValidate {
        value: Value,
        entry: Value,
        next: u8,
    },
    InnerJoin {
        value: Value,
        missed_at: u8,
    },
    InnerFollow {
        value: Value,
        missed_at: u8,
    },
    Close {
        value: Value,
    },
    ReadCells {
        value: Value,
        next: u8,
    },
    CheckBuckets {
        value: Value,
        next: u8,
    },
    CheckEpoch {
        value: Value,
    },
    /// About to lock the stripe of the key.
    CheckKey {
        value: Value,
    },
    /// Has locked the stripe.
    Insert {
        value: Value,
    },
    /// Only in a mutation: has inserted, and checks afterwards.
    CheckInserted {
        value: Value,
    },
    /// Looks at the cells once more, for those who wait.
    Stand {
        value: Value,
        next: u8,
    },
    Tell {
        value: Value,
        kept: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Writer {
    pub(super) id: u8,
    /// The rows it writes, and with them the tags; no rows at all stand for a write that nobody understands: it changes all rows, and holds and
    /// invalidates everything.
    pub(super) rows: u8,
    pub(super) ending: Ending,
    /// The cells that it holds, by pointer.
    pub(super) held: [u8; TAGS],
    pub(super) at: Writing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Ending {
    Commit,
    Rollback,
    /// Is dropped while the COMMIT is on its way; the hold stays until its deadline.
    Crash,
    /// Commits in time; the deadline of its hold passes before it has invalidated.
    Late,
    /// Commits and invalidates without ever holding anything.
    Unheld,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Writing {
    Hold {
        next: u8,
    },
    Commit,
    /// The steps of the invalidation, by position in [`super::writing`]'s order.
    Invalidate {
        part: u8,
        next: u8,
        sequence: u8,
        covers: [u8; TAGS],
    },
    Release {
        next: u8,
    },
    /// Dropped: the database may still execute the COMMIT, and the deadline passes.
    Limbo,
    Expire,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Remover {
    pub(super) key: u8,
    pub(super) at: Removing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Removing {
    Write,
    Invalidate { part: u8, sequence: u8, covers: u8 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Settler {
    Watch,
    Settle { cell: u8, tag: u8, writers: u8, part: u8, sequence: u8 },
}

impl State {
    pub(super) fn new(actors: [Actor; ACTORS], drops: u8) -> Self {
        Self {
            db: [0; TAGS],
            floor: [0; TAGS],
            sequence: 0,
            buckets: [0; TAGS + KEYS],
            map: [NONE; TAGS],
            cells: [Cell::default(); CELLS],
            entries: [None; KEYS],
            flight: Flight::Absent,
            now: 0,
            drops,
            actors,
        }
    }

    pub(super) fn cell(&self, cell: u8) -> &Cell {
        &self.cells[usize::from(cell)]
    }

    pub(super) fn cell_mut(&mut self, cell: u8) -> &mut Cell {
        &mut self.cells[usize::from(cell)]
    }

    /// The cell of a tag by name. Who asks gets one: it is created if there is none.
    pub(super) fn resolve(&mut self, tag: usize) -> u8 {
        if self.map[tag] == NONE {
            let taken = self.referenced() | self.mapped();
            let vacant = (1..CELLS as u8).find(|cell| taken & (1 << cell) == 0);
            self.map[tag] =
                vacant.unwrap_or_else(|| unreachable!("a world has fewer cells alive than there are places"));
            *self.cell_mut(self.map[tag]) = Cell::default();
        }
        self.map[tag]
    }

    /// The set of cells that somebody other than the map points to.
    pub(super) fn referenced(&self) -> u8 {
        let entries = self.entries.iter().flatten().map(Value::cells).fold(0, |all, cells| all | cells);
        self.actors.iter().fold(entries, |all, actor| all | actor.cells())
    }

    fn mapped(&self) -> u8 {
        self.map.iter().fold(0, |all, &cell| all | bit(cell))
    }

    /// Forgets the contents of cells that nobody can reach any more.
    pub(super) fn collect_garbage(&mut self) {
        let alive = self.referenced() | self.mapped() | bit(EVERYTHING);
        for cell in (0..CELLS as u8).filter(|cell| alive & (1 << cell) == 0) {
            *self.cell_mut(cell) = Cell::default();
        }
    }
}

/// The set that contains this cell alone.
fn bit(cell: u8) -> u8 {
    if cell == NONE { 0 } else { 1 << cell }
}

impl Value {
    fn cells(&self) -> u8 {
        self.tags.iter().fold(0, |all, tag| all | bit(tag.cell))
    }
}

impl Actor {
    /// The set of cells that it points to.
    fn cells(&self) -> u8 {
        match self {
            Self::Reader(reader) => reader.at.cells(),
            Self::Writer(writer) => writer.held.iter().fold(0, |all, &cell| all | bit(cell)),
            Self::Settler(Settler::Settle { cell, .. }) => bit(*cell),
            _ => 0,
        }
    }
}

impl Reading {
    fn cells(&self) -> u8 {
        match self {
            Self::InnerValidate { value, entry, .. } => value.cells() | entry.cells(),
            Self::Validate { entry: value, .. }
            | Self::Compute { value, .. }
            | Self::InnerLookUp { value }
            | Self::InnerJoin { value, .. }
            | Self::InnerFollow { value, .. }
            | Self::Close { value }
            | Self::ReadCells { value, .. }
            | Self::CheckBuckets { value, .. }
            | Self::CheckEpoch { value }
            | Self::CheckKey { value }
            | Self::Insert { value }
            | Self::CheckInserted { value }
            | Self::Stand { value, .. }
            | Self::Tell { value, .. } => value.cells(),
            _ => 0,
        }
    }
}
