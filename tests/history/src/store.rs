//! What a store must offer to be checked. Another store is checked by implementing [`Store`] for it.

use crate::database::Rows;

/// The ways in which values are built from rows. Each row has one key of each shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One row, under a tag that is known before.
    Known,
    /// One row, under a tag that is known from the result.
    Late,
    /// One row, read by an async caller.
    Async,
    /// One row, stale for a while and renewed meanwhile.
    Stale,
    /// This row and the next: the first collected when it is read, the second through the value of [`Shape::Known`].
    Pair,
    /// A pair through [`Shape::Pair`], with nothing of its own.
    Nested,
}

impl Shape {
    /// How many there are.
    pub const COUNT: usize = 6;
    /// All of them.
    pub const ALL: [Self; Self::COUNT] = [Self::Known, Self::Late, Self::Async, Self::Stale, Self::Pair, Self::Nested];

    /// Whether its value has the next row as well.
    #[must_use]
    pub const fn has_next(self) -> bool {
        matches!(self, Self::Pair | Self::Nested)
    }

    /// Whether its value is built from other entries, and outlives their removal by key.
    #[must_use]
    pub const fn has_others_inside(self) -> bool {
        matches!(self, Self::Pair | Self::Nested)
    }
}

/// A value: the write number of each row that it was built from. The second one is zero where there is one row only.
pub type Built = [u64; 2];

/// A store under test, with everything that its callers may do.
pub trait Store: Sync {
    /// A writer's mark.
    type Hold;

    /// The value, from the store, or built from the database.
    fn read(&self, shape: Shape, row: usize, database: &dyn Rows) -> Built;

    /// The value that is there, if one would be served.
    fn look(&self, shape: Shape, row: usize) -> Option<Built>;

    /// Builds the value anew, and stores it.
    fn refresh(&self, shape: Shape, row: usize, database: &dyn Rows) -> Built;

    /// Reads in an open transaction, past the store.
    fn read_within_transaction(&self, shape: Shape, row: usize, database: &dyn Rows) -> Built;

    /// The row has changed.
    fn invalidate(&self, row: usize);

    /// One key is to be removed.
    fn invalidate_key(&self, shape: Shape, row: usize);

    /// Everything has changed.
    fn invalidate_all(&self);

    /// Before a COMMIT.
    fn hold(&self, row: usize) -> Self::Hold;

    /// After it.
    fn commit(&self, hold: Self::Hold);

    /// Instead of it.
    fn roll_back(&self, hold: Self::Hold);

    /// Lets the deadline of all holds pass; nobody is between a hold and its COMMIT.
    fn pass_deadlines(&self);
}
