//! What else changes when a table is written: the tables behind a view, those that a foreign key or a trigger reaches, and what was declared
//! to cascade. What a statement itself does is left to `analyze`; where the rules come from, to `catalog` and `introspect`.

use crate::{TableName, WriteKind, catalog::Catalog};

/// What a write does to the rows of its table, as far as others are concerned.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Deed {
    pub(crate) inserts: bool,
    pub(crate) deletes: bool,
    /// Rows of all tables that refer to this one are removed, whatever their foreign keys say (`TRUNCATE … CASCADE`).
    pub(crate) empties: bool,
    pub(crate) assigns: Assigned,
}

/// The columns that a write gives other values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Assigned {
    #[default]
    Nothing,
    /// These, as the database compares names.
    Columns(Vec<String>),
    Anything,
}

impl Deed {
    pub(crate) fn inserts() -> Self {
        Self { inserts: true, ..Self::default() }
    }

    pub(crate) fn deletes() -> Self {
        Self { deletes: true, ..Self::default() }
    }

    pub(crate) fn empties() -> Self {
        Self { deletes: true, empties: true, ..Self::default() }
    }

    pub(crate) fn assigns(assigns: Assigned) -> Self {
        Self { assigns, ..Self::default() }
    }

    /// Whatever rows can suffer from a statement that nobody has seen.
    pub(crate) fn anything() -> Self {
        Self { inserts: true, deletes: true, empties: false, assigns: Assigned::Anything }
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        self.inserts |= other.inserts;
        self.deletes |= other.deletes;
        self.empties |= other.empties;
        self.assigns = self.assigns.and(other.assigns);
        self
    }

    /// The same after these triggers: one that runs before an update may give the row at hand other values than the statement does.
    fn changed_by(&self, fired: &[&Trigger]) -> Self {
        let is_changed = self.updates() && fired.iter().any(|trigger| trigger.on.update);
        let assigns = if is_changed { Assigned::Anything } else { self.assigns.clone() };
        Self { assigns, ..self.clone() }
    }

    const fn updates(&self) -> bool {
        !matches!(self.assigns, Assigned::Nothing)
    }
}

impl Assigned {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, assigned) | (assigned, Self::Nothing) => assigned,
            (Self::Columns(mut columns), Self::Columns(more)) => {
                columns.extend(more);
                Self::Columns(columns)
            }
            _ => Self::Anything,
        }
    }

    /// Whether one of these columns may get another value. No columns: it is not known which are meant.
    fn touches(&self, columns: &[String]) -> bool {
        match self {
            Self::Nothing => false,
            Self::Columns(assigned) => columns.is_empty() || assigned.iter().any(|column| columns.contains(column)),
            Self::Anything => true,
        }
    }
}

/// A foreign key, seen from the table that it refers to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reference {
    /// The table that refers.
    pub(crate) child: TableName,
    /// Its columns.
    pub(crate) columns: Vec<String>,
    /// The columns that they refer to; empty if that is not known.
    pub(crate) parent_columns: Vec<String>,
    pub(crate) on_delete: Action,
    pub(crate) on_update: Action,
}

/// What becomes of a row when what it refers to is gone, or another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Action {
    /// Nothing: the write is refused.
    #[default]
    Refused,
    /// It goes, or changes, as well.
    Cascades,
    /// It gets another value for the reference.
    Sets,
}

impl Reference {
    /// What a write to the table that is referred to does to the one that refers.
    fn carries(&self, deed: &Deed) -> Option<Deed> {
        let set = || Deed::assigns(Assigned::Columns(self.columns.clone()));
        let deleted = match self.on_delete {
            _ if deed.empties => Some(Deed::empties()),
            Action::Cascades if deed.deletes => Some(Deed::deletes()),
            Action::Sets if deed.deletes => Some(set()),
            _ => None,
        };
        let updated = self.on_update != Action::Refused && deed.assigns.touches(&self.parent_columns);
        match (deleted, updated.then(set)) {
            (Some(deleted), Some(updated)) => Some(deleted.and(updated)),
            (deleted, updated) => deleted.or(updated),
        }
    }
}

/// A trigger, and the tables that it writes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trigger {
    pub(crate) on: Events,
    /// `None`: nobody knows, so it may be any.
    pub(crate) writes: Option<Vec<TableName>>,
}

/// When a trigger runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Events {
    pub(crate) insert: bool,
    pub(crate) update: bool,
    pub(crate) delete: bool,
}

impl Events {
    pub(crate) const ALL: Self = Self { insert: true, update: true, delete: true };

    const fn meet(self, deed: &Deed) -> bool {
        (self.insert && deed.inserts) || (self.update && deed.updates()) || (self.delete && deed.deletes)
    }
}

/// What a write brings about elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Consequences {
    /// Tables of which unknown rows change, each with what is done to them.
    pub(crate) changes: Vec<(TableName, Deed)>,
    /// Whether there is a trigger of which nobody knows what it writes.
    pub(crate) everything: bool,
}

impl Catalog {
    /// The next step from one table: what follows from its consequences is asked for them in turn.
    pub(crate) fn consequences(&self, table: &TableName, kind: WriteKind, deed: &Deed) -> Consequences {
        let mut found = Consequences::default();
        let mut reach = |tables: &[TableName], deed: &Deed| {
            found.changes.extend(tables.iter().map(|table| (table.clone(), deed.clone())));
        };
        let behind = if kind == WriteKind::Insert { Deed::inserts() } else { Deed::anything() };
        reach(self.views.get(table).map_or(&[], Vec::as_slice), &behind);
        if kind != WriteKind::Insert {
            reach(self.cascades.get(table).map_or(&[], Vec::as_slice), &Deed::anything());
        }
        let fired: Vec<&Trigger> = self.triggers_of(table).filter(|trigger| trigger.on.meet(deed)).collect();
        let changed = deed.changed_by(&fired);
        for reference in self.references.get(table).into_iter().flatten() {
            if let Some(deed) = reference.carries(&changed) {
                reach(std::slice::from_ref(&reference.child), &deed);
            }
        }
        for trigger in fired {
            match &trigger.writes {
                Some(tables) => reach(tables, &Deed::anything()),
                None => found.everything = true,
            }
        }
        found
    }

    fn triggers_of(&self, table: &TableName) -> impl Iterator<Item = &Trigger> {
        self.triggers.get(table).into_iter().flatten()
    }
}
