//! Which trouble of a `PostgreSQL` server passes, without reading its words: a server speaks the language of whoever
//! runs it, and diesel hands on the code (SQLSTATE) of a few kinds of trouble only.

use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::AnyConnection;
use super::link::LOCK_PATIENCE;
use crate::error::Error;

/// A statement that is wrong is refused before it runs. Locks are waited for: at least a second before the server looks
/// for a deadlock, and [`LOCK_PATIENCE`] before it gives up.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Weighs a fault that came out of a transaction on `PostgreSQL` that `took` so long.
///
/// Broken constraints, closed connections, failed serialisation and read-only servers have kinds of their own, made from
/// the code. What is left has none: locks that cannot be had, deadlocks, time limits, full disks, servers that shut down,
/// lack of memory, and statements that are wrong. Only the last are faults of ours. The server refuses them at once and
/// says at which character it stumbled; a lock has such a place too, and takes its time. All else is passing trouble.
pub(super) fn weigh(error: Error, took: Duration) -> Error {
    let Error::Internal(cause) = &error else { return error };
    match cause.downcast_ref::<DieselError>() {
        Some(cause @ DieselError::DatabaseError(DatabaseErrorKind::Unknown, told))
            if told.statement_position().is_none() || took >= AT_ONCE =>
        {
            Error::not_done(cause)
        }
        _ => error,
    }
}

/// Whether a statement gave up because somebody else held a lock for as long as may be waited. Told by the time that it
/// took (`waited`), since the server has no word for it that holds everywhere. `SQLite` has one writer, which waits for
/// nobody.
#[must_use]
pub fn gave_up_waiting(conn: &AnyConnection, error: &DieselError, waited: Duration) -> bool {
    matches!(conn, AnyConnection::Postgres(_))
        && matches!(error, DieselError::DatabaseError(DatabaseErrorKind::Unknown, _))
        && waited >= LOCK_PATIENCE
}
