//! A column that somebody may have damaged.

use diesel::QueryResult;
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

/// The first rows of a query that can be read. Where none of `limit` rows can, more are asked for: those that cannot be read
/// hide no other, however many they are.
///
/// # Errors
/// What the query says.
pub fn first_readable<T>(limit: i64, mut load: impl FnMut(i64) -> QueryResult<Vec<Option<T>>>) -> QueryResult<Vec<T>> {
    let mut asked = limit;
    loop {
        let loaded = load(asked)?;
        let is_end = i64::try_from(loaded.len()).is_ok_and(|count| count < asked);
        let some: Vec<T> = loaded.into_iter().flatten().collect();
        if is_end || !some.is_empty() {
            return Ok(some);
        }
        asked = asked.saturating_mul(4);
    }
}

/// Those that can be read.
#[must_use]
pub fn readable<T>(all: Vec<Perhaps<T>>) -> Vec<T> {
    all.into_iter().filter_map(|one| one.0).collect()
}
