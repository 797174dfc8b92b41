//! The embedded migrations of both databases, under the same names.

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::{Connection, PgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::AnyConnection;
use super::link::{self, Access, Place, Session};
use crate::error::{Error, Result};

pub(super) const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Brings the database to this version, and names the migrations it applied.
///
/// # Errors
/// `Unavailable` when it cannot be reached; `Internal` when a migration fails, which then left no trace.
pub fn up(place: &Place) -> Result<Vec<String>> {
    let applied = match link::open(place, Access::ReadWrite, Session::Lent)? {
        AnyConnection::Sqlite(mut conn) => names(conn.run_pending_migrations(SQLITE)),
        AnyConnection::Postgres(mut conn) => up_on_postgres(&mut conn),
    };
    applied.map_err(failed)
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
    reverted.map_err(failed)
}

/// The migrations that this version has and the database does not.
///
/// # Errors
/// `Unavailable` when it cannot be reached.
pub fn pending(place: &Place) -> Result<Vec<String>> {
    match link::open(place, Access::ReadWrite, Session::Lent)? {
        AnyConnection::Sqlite(mut conn) => conn.pending_migrations(SQLITE).map(|m| titles(&m)).map_err(failed),
        AnyConnection::Postgres(mut conn) => conn.pending_migrations(POSTGRES).map(|m| titles(&m)).map_err(failed),
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

fn failed(error: Told) -> Error {
    Error::Internal(anyhow::anyhow!(error).context("a migration failed"))
}
