//! What the two databases say differently: rows locked until the commit, and statements that diesel can only build
//! for a named backend (several rows at once, insert-if-new).

use diesel::sql_types::{BigInt, Text};
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

/// Inserts several rows at once, save those that are there already: `SQLite` has words of its own for that.
macro_rules! insert_new {
    ($conn:expr, $table:expr, $rows:expr) => {
        match $conn {
            $crate::db::AnyConnection::Sqlite(c) => diesel::insert_or_ignore_into($table).values($rows).execute(c),
            $crate::db::AnyConnection::Postgres(c) => {
                diesel::insert_into($table).values($rows).on_conflict_do_nothing().execute(c)
            }
        }
    };
}
pub(crate) use insert_new;

/// Locks the row of `table` with this id until the transaction ends. `SQLite` has one writer, which needs no lock.
///
/// # Errors
/// What the database says; a wait past its patience is passing trouble.
pub fn lock(conn: &mut AnyConnection, table: &'static str, id: &str) -> QueryResult<()> {
    if let AnyConnection::Postgres(conn) = conn {
        let statement = format!("SELECT 1 FROM {table} WHERE id = $1 FOR NO KEY UPDATE");
        sql_query(statement).bind::<Text, _>(id).execute(conn)?;
    }
    Ok(())
}

/// Whether [`lock`] may have waited for somebody else, so that what was read before it is to be read again.
#[must_use]
pub const fn locks_rows(conn: &AnyConnection) -> bool {
    matches!(conn, AnyConnection::Postgres(_))
}

/// Enters the flows to count a case: whoever closes a quarter waits for it, and it waits for them.
///
/// # Errors
/// What the database says.
pub fn enter_flows(conn: &mut AnyConnection) -> QueryResult<()> {
    lock_table(conn, "LOCK TABLE flows IN ROW EXCLUSIVE MODE")
}

/// Bars the flows until the transaction ends: whoever counts a case has finished, and the next one waits.
///
/// # Errors
/// What the database says.
pub fn bar_flows(conn: &mut AnyConnection) -> QueryResult<()> {
    lock_table(conn, "LOCK TABLE flows IN SHARE MODE")
}

/// Bars the totals for others that add up, until the transaction ends.
///
/// # Errors
/// What the database says.
pub fn bar_totals(conn: &mut AnyConnection) -> QueryResult<()> {
    lock_table(conn, "LOCK TABLE flow_totals IN SHARE ROW EXCLUSIVE MODE")
}

/// Bars the platforms for others that write there, until the transaction ends: names are compared with all of them.
///
/// # Errors
/// What the database says.
pub fn bar_platforms(conn: &mut AnyConnection) -> QueryResult<()> {
    lock_table(conn, "LOCK TABLE platforms IN SHARE ROW EXCLUSIVE MODE")
}

/// Bars the directory of services for others that write there, until the transaction ends: each change has a revision of its
/// own, later than all before it.
///
/// # Errors
/// What the database says.
pub fn bar_services(conn: &mut AnyConnection) -> QueryResult<()> {
    lock_table(conn, "LOCK TABLE services IN SHARE ROW EXCLUSIVE MODE")
}

/// `SQLite` has one writer, which needs no lock.
fn lock_table(conn: &mut AnyConnection, statement: &str) -> QueryResult<()> {
    if let AnyConnection::Postgres(conn) = conn {
        sql_query(statement).execute(conn)?;
    }
    Ok(())
}

/// What the database server's own clock says, in microseconds since 1970. `SQLite` has the process's.
///
/// # Errors
/// What the database says.
pub fn server_now(conn: &mut AnyConnection) -> QueryResult<Option<i64>> {
    #[derive(diesel::QueryableByName)]
    struct Told {
        #[diesel(sql_type = BigInt)]
        micros: i64,
    }
    let AnyConnection::Postgres(conn) = conn else { return Ok(None) };
    let statement = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros";
    Ok(Some(sql_query(statement).get_result::<Told>(conn)?.micros))
}
