//! The embedded migrations of both databases, under the same names.

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::{Connection, PgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::link::{self, Access, Place, Session};
use super::{AnyConnection, shape};
use crate::error::{Error, Result};

pub(super) const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Brings the database to this version, and names the migrations it applied.
///
/// # Errors
/// `Unavailable` when it cannot be reached; `Internal`, in our own words, when a migration fails, which then left no trace.
pub fn up(place: &Place) -> Result<Vec<String>> {
    let mut conn = link::open(place, Access::ReadWrite, Session::Lent)?;
    let applied = match &mut conn {
        AnyConnection::Sqlite(conn) => names(conn.run_pending_migrations(SQLITE)),
        AnyConnection::Postgres(conn) => up_on_postgres(conn),
    };
    match applied {
        Err(cause) if lost_records(place, &mut conn) => {
            tracing::debug!(%cause, "a migration failed");
            Err(Error::Internal(anyhow::anyhow!(
                "all that the migrations make is there, and their record is not whole: the table \
                 __diesel_schema_migrations has lost rows (`recourse migrate status` names them). Put it back from a \
                 backup; nothing was changed"
            )))
        }
        applied => applied.map_err(|error| failed(&*error)),
    }
}

/// Whether a migration failed only because it was applied before, which nothing remembers.
fn lost_records(place: &Place, conn: &mut AnyConnection) -> bool {
    let is_whole = shape::missing_in(conn).is_ok_and(|missing| missing.is_empty());
    is_whole && pending(place).is_ok_and(|pending| !pending.is_empty())
}

/// Several processes may start at once: one applies what is pending, and the others wait and find it done. The lock ends
/// with the transaction, so it holds behind a pooler too.
const TURN: &str =
    "SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(20261126); SET LOCAL lock_timeout = '5s'";

#[expect(clippy::disallowed_methods, reason = "migrations are no unit of work of the service")]
fn up_on_postgres(conn: &mut PgConnection) -> std::result::Result<Vec<String>, Told> {
    conn.transaction(|conn| {
        conn.batch_execute(TURN)?;
        names(conn.run_pending_migrations(POSTGRES))
    })
}

/// Takes every migration back. All data are lost.
///
/// # Errors
/// As [`up`].
pub fn down(place: &Place) -> Result<Vec<String>> {
    let reverted = match link::open(place, Access::ReadWrite, Session::Lent)? {
        AnyConnection::Sqlite(mut conn) => names(conn.revert_all_migrations(SQLITE)),
        AnyConnection::Postgres(mut conn) => names(conn.revert_all_migrations(POSTGRES)),
    };
    reverted.map_err(|error| failed(&*error))
}

/// The migrations that this version has and the database does not.
///
/// # Errors
/// `Unavailable` when it cannot be reached.
pub fn pending(place: &Place) -> Result<Vec<String>> {
    match link::open(place, Access::ReadWrite, Session::Lent)? {
        AnyConnection::Sqlite(mut conn) => {
            conn.pending_migrations(SQLITE).map(|m| titles(&m)).map_err(|error| failed(&*error))
        }
        AnyConnection::Postgres(mut conn) => {
            conn.pending_migrations(POSTGRES).map(|m| titles(&m)).map_err(|error| failed(&*error))
        }
    }
}

/// The migrations in the binary, by database: the two lists must be the same.
#[must_use]
pub fn embedded() -> (Vec<String>, Vec<String>) {
    let sqlite: Vec<Box<dyn Migration<diesel::sqlite::Sqlite>>> = SQLITE.migrations().unwrap_or_default();
    let postgres: Vec<Box<dyn Migration<diesel::pg::Pg>>> = POSTGRES.migrations().unwrap_or_default();
    (titles(&sqlite), titles(&postgres))
}

fn titles<DB: diesel::backend::Backend>(migrations: &[Box<dyn Migration<DB>>]) -> Vec<String> {
    migrations.iter().map(|migration| migration.name().to_string()).collect()
}

type Told = Box<dyn std::error::Error + Send + Sync>;

fn names(
    versions: std::result::Result<Vec<diesel::migration::MigrationVersion<'_>>, Told>,
) -> std::result::Result<Vec<String>, Told> {
    versions.map(|versions| versions.iter().map(ToString::to_string).collect())
}

/// The database's own words stand in the log alone: they may be in its language.
fn failed(error: &(dyn std::error::Error + Send + Sync)) -> Error {
    tracing::debug!(%error, "a migration failed");
    Error::Internal(anyhow::anyhow!(
        "a migration failed, and left no trace: the database is not as an earlier version left it, or its role may not \
         change tables (RECOURSE_LOG=recourse=debug says what it answered). Put it back from a backup, or look at the role"
    ))
}
