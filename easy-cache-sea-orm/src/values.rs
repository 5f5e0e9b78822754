//! SeaORM's bound values as the SQL analysis sees them: looked at in place, copied nowhere.

use easy_cache_sql::{Bind, Values};
use sea_orm::{Statement, Value};

/// The values of a statement.
pub(crate) struct Bound<'a>(&'a [Value]);

impl<'a> Bound<'a> {
    pub(crate) fn of(statement: &'a Statement) -> Self {
        Self(statement.values.as_ref().map(|values| values.0.as_slice()).unwrap_or_default())
    }

    /// Nothing is bound to text that is not prepared.
    pub(crate) const fn nothing() -> Self {
        Self(&[])
    }
}

impl Values for Bound<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Bind<'_> {
        self.0.get(index).map_or(Bind::Other, bind)
    }
}

/// Whatever has no canonical text as a key is `Other`: its row is not known.
pub(crate) fn bind(value: &Value) -> Bind<'_> {
    match value {
        Value::TinyInt(Some(n)) => Bind::Integer((*n).into()),
        Value::SmallInt(Some(n)) => Bind::Integer((*n).into()),
        Value::Int(Some(n)) => Bind::Integer((*n).into()),
        Value::BigInt(Some(n)) => Bind::Integer((*n).into()),
        Value::TinyUnsigned(Some(n)) => Bind::Integer((*n).into()),
        Value::SmallUnsigned(Some(n)) => Bind::Integer((*n).into()),
        Value::Unsigned(Some(n)) => Bind::Integer((*n).into()),
        Value::BigUnsigned(Some(n)) => Bind::Integer((*n).into()),
        Value::String(Some(text)) => Bind::Text(text),
        Value::Bytes(Some(bytes)) => Bind::Bytes(bytes),
        #[cfg(feature = "uuid")]
        Value::Uuid(Some(uuid)) => Bind::Uuid(*uuid.as_bytes()),
        _ => Bind::Other,
    }
}
