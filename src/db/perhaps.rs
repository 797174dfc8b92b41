//! A column that somebody may have damaged.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};

/// What a column holds; nothing when that cannot be read. `SQLite` keeps any bytes in any column, so whoever lists rows
/// reads their columns so, and one that is damaged hides no other.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, FromSqlRow)]
pub struct Perhaps<T>(pub Option<T>);

impl<T, ST, DB> FromSql<ST, DB> for Perhaps<T>
where
    DB: Backend,
    T: FromSql<ST, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(T::from_sql(bytes).ok()))
    }

    fn from_nullable_sql(bytes: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
        Ok(Self(T::from_nullable_sql(bytes).ok()))
    }
}

/// Those that can be read.
#[must_use]
pub fn readable<T>(all: Vec<Perhaps<T>>) -> Vec<T> {
    all.into_iter().filter_map(|one| one.0).collect()
}
