//! All that the outbox has, for tests that compare it with what was invalidated.

use super::{Notice, OUTBOX, Texts, Unreadable};

impl Notice {
    /// The query for all that the outbox has, in its order. Its rows are for [`of_texts`](Self::of_texts).
    #[must_use]
    pub fn all() -> String {
        format!("SELECT tbl, operation, row_keys FROM {OUTBOX} ORDER BY id")
    }

    /// Reads a row of the answer to [`all`](Self::all).
    ///
    /// # Errors
    /// [`Unreadable`] if this is nothing that our triggers write.
    pub fn of_texts(row: &Texts) -> Result<Self, Unreadable> {
        let column = |index: usize| row.get(index).and_then(Option::as_deref);
        match (column(0), column(1)) {
            (Some(table), Some(operation)) => Self::from_row(table, operation, column(2)),
            _ => Err(Unreadable("a column is missing")),
        }
    }
}
