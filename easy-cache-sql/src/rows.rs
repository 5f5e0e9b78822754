//! Which rows a statement names, as far as the text alone tells: constants, and the places of bound values. Resolving
//! them against the values happens here too; finding them in a statement is left to `analyze::rows`.

use crate::{
    Dialect,
    key::{Bind, KeyKind, Values, join_columns, join_one},
    touch::Rows,
};

/// Beyond this many rows one tag for "unknown rows" is cheaper than a tag for each.
pub(crate) const MOST_KEYS: usize = 256;

/// The rows of one table that a statement names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RowPlan {
    /// The whole table, or rows whose identity the text does not tell.
    All,
    /// One entry for each row, in it one slot for each column of the key.
    Keys(Vec<Vec<Slot>>),
}

/// Where the value of one key column comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Slot {
    /// A constant in the text.
    Known(String),
    /// The bound value at this index.
    Bound { index: usize, kind: KeyKind },
    /// Each element of the bound array at this index.
    EachOf { index: usize, kind: KeyKind },
}

impl RowPlan {
    /// Resolves the rows; everything that is not exact becomes [`Rows::All`].
    pub(crate) fn bind<V: Values + ?Sized>(&self, values: &V, dialect: Dialect) -> Rows {
        match self {
            Self::All => Rows::All,
            Self::Keys(rows) => bind_rows(rows, values, dialect).map_or(Rows::All, Rows::Keys),
        }
    }
}

fn bind_rows<V: Values + ?Sized>(rows: &[Vec<Slot>], values: &V, dialect: Dialect) -> Option<Vec<String>> {
    // What nearly every statement with a key says: one row, by one column.
    if let [row] = rows
        && let [Slot::Bound { index, kind }] = row.as_slice()
    {
        return kind.text_of(&values.get(*index), dialect).map(|text| vec![join_one(text)]);
    }
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        let columns = row.iter().map(|slot| slot.texts(values, dialect)).collect::<Option<Vec<_>>>()?;
        for key in combinations(&columns)? {
            keys.push(join_columns(key.into_iter().map(String::as_str)));
        }
    }
    keys.sort_unstable();
    keys.dedup();
    (!keys.is_empty() && keys.len() <= MOST_KEYS).then_some(keys)
}

impl Slot {
    fn texts<V: Values + ?Sized>(&self, values: &V, dialect: Dialect) -> Option<Vec<String>> {
        match self {
            Self::Known(text) => Some(vec![text.clone()]),
            Self::Bound { index, kind } => kind.text_of(&values.get(*index), dialect).map(|text| vec![text]),
            Self::EachOf { index, kind } => match values.get(*index) {
                Bind::List(elements) if elements.len() <= MOST_KEYS => {
                    elements.iter().map(|element| kind.text_of(element, dialect)).collect()
                }
                _ => None,
            },
        }
    }
}

/// Every way to take one element of each list, or `None` if there are too many.
pub(crate) fn combinations<T>(columns: &[Vec<T>]) -> Option<Vec<Vec<&T>>> {
    let mut rows: Vec<Vec<&T>> = vec![Vec::with_capacity(columns.len())];
    for column in columns {
        if rows.len().saturating_mul(column.len()) > MOST_KEYS {
            return None;
        }
        rows = rows.iter().flat_map(|row| column.iter().map(|value| [row.as_slice(), &[value]].concat())).collect();
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(index: usize) -> Slot {
        Slot::Bound { index, kind: KeyKind::Integer }
    }

    #[test]
    fn a_key_is_the_combination_of_its_columns() {
        let plan =
            RowPlan::Keys(vec![vec![bound(1), Slot::Known("x".into())], vec![bound(0), Slot::Known("y".into())]]);
        let rows = plan.bind(&[Bind::Integer(1), Bind::Integer(2)], Dialect::Sqlite);
        assert_eq!(rows, Rows::Keys(vec!["1,y".into(), "2,x".into()]));
    }

    #[test]
    fn one_value_that_is_no_key_makes_all_rows_unknown() {
        let plan = RowPlan::Keys(vec![vec![bound(0)], vec![bound(1)]]);
        assert_eq!(plan.bind(&[Bind::Integer(1), Bind::Other], Dialect::Sqlite), Rows::All);
    }

    #[test]
    fn too_many_rows_are_unknown_rows() {
        let many = vec![Bind::Integer(7); MOST_KEYS + 1];
        let plan = RowPlan::Keys(vec![vec![Slot::EachOf { index: 0, kind: KeyKind::Integer }]]);
        assert_eq!(plan.bind(&[Bind::List(many)], Dialect::Postgres), Rows::All);
        assert_eq!(plan.bind(&[Bind::List(vec![])], Dialect::Postgres), Rows::All);
    }
}
