//! What the two databases say differently: rows locked until the commit, and statements that diesel can only build
//! for a named backend (several rows at once, insert-if-new).

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Text;
use diesel::{QueryResult, RunQueryDsl, sql_query};

use super::AnyConnection;

/// Runs the same diesel expression on whichever connection is open, typed for its backend.
macro_rules! native {
    ($conn:expr, |$c:ident| $query:expr) => {
        match $conn {
            $crate::db::AnyConnection::Sqlite($c) => $query,
            $crate::db::AnyConnection::Postgres($c) => $query,
        }
    };
}
pub(crate) use native;

/// Runs an insert of several rows, or an update. `PostgreSQL` plans each text once and keeps the plan.
macro_rules! execute {
    ($conn:expr, $query:expr) => {
        match $conn {
            $crate::db::AnyConnection::Sqlite(conn) => diesel::RunQueryDsl::execute($query, conn),
            $crate::db::AnyConnection::Postgres(conn) => {
                diesel::RunQueryDsl::execute($crate::db::dialect::Kept($query), conn)
            }
        }
    };
}
pub(crate) use execute;

/// A statement that stays prepared under its text. Diesel by itself prepares updates and inserts of several rows anew
/// each time, because their texts may be many; ours are few: no text grows with anything but the rows of one report.
pub(crate) struct Kept<Q>(pub(crate) Q);

impl<Q> QueryId for Kept<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend, Q: QueryFragment<DB>> QueryFragment<DB> for Kept<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q, Conn> RunQueryDsl<Conn> for Kept<Q> {}

/// A row that every writer of its chain locks before it writes. They are always locked in the order of this list.
#[derive(Clone, Copy, Debug)]
pub enum Lock {
    /// A platform's row.
    Platform,
    /// A case's row.
    Case,
    /// A staff account's row.
    Staff,
}

/// Locks the row until the transaction ends. `SQLite` has one writer, which needs no lock.
///
/// # Errors
/// What the database says; a wait past its patience is passing trouble.
pub fn lock(conn: &mut AnyConnection, row: Lock, id: &str) -> QueryResult<()> {
    let statement = match row {
        Lock::Platform => "SELECT 1 FROM platforms WHERE id = $1 FOR NO KEY UPDATE",
        Lock::Case => "SELECT 1 FROM cases WHERE id = $1 FOR NO KEY UPDATE",
        Lock::Staff => "SELECT 1 FROM staff WHERE id = $1 FOR NO KEY UPDATE",
    };
    if let AnyConnection::Postgres(conn) = conn {
        Kept(sql_query(statement).bind::<Text, _>(id)).execute(conn)?;
    }
    Ok(())
}
