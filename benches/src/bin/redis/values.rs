//! The values that all candidates read, and the two tags of each.

use std::sync::Arc;

/// How many there are at most.
const MOST: usize = 1_000;
/// How many tags there are.
const TAGS: usize = 256;

/// What a candidate keeps and reads: shared, so that a call copies no names.
pub(crate) type Values = Arc<[Named]>;

/// A value with its names.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) key: String,
    pub(crate) tags: [String; 2],
    pub(crate) value: String,
}

/// Makes [`Values`].
pub(crate) trait OfSize {
    /// So many values, within reason, of so many bytes. Texts, since every codec writes those in one piece.
    fn of_size(count: usize, size: usize) -> Self;
}

impl OfSize for Values {
    fn of_size(count: usize, size: usize) -> Self {
        let named = |number: usize| {
            let tag = |number: usize| format!("customer:{}", number % TAGS);
            let mut value = format!("order {number} ");
            value.extend(std::iter::repeat_n('.', size - value.len()));
            Named { key: format!("user:{number}:orders"), tags: [tag(number), tag(7 * number + 3)], value }
        };
        (0..count.min(MOST)).map(named).collect()
    }
}
