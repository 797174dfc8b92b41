//! Opening one connection and setting it up: the only place that knows pragmas and session settings.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};

use super::AnyConnection;
use crate::error::{Error, Result};

/// Where a database is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A connection URL, which may hold a password: never print it.
    Postgres(String),
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    ReadWrite,
    ReadOnly,
}

/// `FULL` makes each commit reach the disk before it returns: a 201 promises that. The mmap and cache sizes bound memory.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; \
     PRAGMA wal_autocheckpoint = 4000;";

/// How long a statement waits for a lock that somebody else holds; the setting below says the same.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// A statement that waits longer than this has met a fault; the caller gets 503 and may come again. `synchronous_commit`
/// is set here too, so that a server with a lax default still keeps the promise of a 201.
const POSTGRES_SETTINGS: &str = "SET TIME ZONE 'UTC'; SET synchronous_commit = 'on'; SET lock_timeout = '5s'; SET statement_timeout = '15s'; \
     SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = 'warning';";

/// Opens a connection ready for work.
pub(super) fn open(place: &Place, access: Access) -> Result<AnyConnection> {
    match place {
        Place::Sqlite(path) => {
            create_for_owner(path);
            let path = path.to_str().ok_or_else(|| Error::Unavailable("the database path is not UTF-8".into()))?;
            let mut conn = SqliteConnection::establish(path).map_err(unreachable_database)?;
            conn.batch_execute(SQLITE_SETTINGS)?;
            if access == Access::ReadOnly {
                conn.batch_execute("PRAGMA query_only = ON;")?;
            }
            Ok(AnyConnection::Sqlite(conn))
        }
        Place::Postgres(url) => {
            let mut conn = PgConnection::establish(url).map_err(unreachable_database)?;
            conn.batch_execute(POSTGRES_SETTINGS)?;
            Ok(AnyConnection::Postgres(conn))
        }
    }
}

/// A new file is its owner's alone, whatever directory it stands in; `SQLite` gives the files beside it the same mode.
/// What goes wrong here goes wrong again, and is told, when the file is opened.
fn create_for_owner(path: &Path) {
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

/// The driver's own text may repeat the URL with its password, so it is not passed on.
fn unreachable_database(_: diesel::ConnectionError) -> Error {
    tracing::warn!("the database cannot be reached");
    Error::Unavailable("the database cannot be reached".into())
}
