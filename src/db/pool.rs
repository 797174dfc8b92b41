//! Connections that are handed out one by one, and transactions on them.

use std::time::Duration;

use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::r2d2::{self, ManageConnection};

use super::AnyConnection;
use super::link::{self, Access, Place};
use crate::error::{Error, Result};

/// How long a caller waits for a free connection before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);

type Manager = <AnyConnection as Connection>::TransactionManager;

#[derive(Clone)]
pub(super) struct Pool {
    links: r2d2::Pool<Opener>,
}

/// A connection that remembers a failure, because diesel cannot tell a dead server from a refused statement.
struct Link {
    conn: AnyConnection,
    broken: bool,
}

struct Opener {
    place: Place,
    access: Access,
}

impl ManageConnection for Opener {
    type Connection = Link;
    type Error = r2d2::Error;

    fn connect(&self) -> std::result::Result<Link, r2d2::Error> {
        match link::open(&self.place, self.access) {
            Ok(conn) => Ok(Link { conn, broken: false }),
            Err(_) => {
                Err(r2d2::Error::ConnectionError(diesel::ConnectionError::BadConnection("database unreachable".into())))
            }
        }
    }

    fn is_valid(&self, _: &mut Link) -> std::result::Result<(), r2d2::Error> {
        Ok(())
    }

    fn has_broken(&self, link: &mut Link) -> bool {
        link.broken || Manager::is_broken_transaction_manager(&mut link.conn)
    }
}

impl Pool {
    pub(super) fn open(place: &Place, size: u32, access: Access) -> Result<Self> {
        let links = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .connection_timeout(PATIENCE)
            .test_on_check_out(false)
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build(Opener { place: place.clone(), access })
            .map_err(|_| Error::Unavailable("the database cannot be reached".into()))?;
        Ok(Self { links })
    }

    /// Runs `work` on one snapshot that nothing changes.
    pub(super) fn snapshot<T>(&self, work: impl FnOnce(&mut AnyConnection) -> Result<T>) -> Result<T> {
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", work)
    }

    /// Runs `work` between begin and commit; any error rolls back.
    pub(super) fn transaction<T>(&self, work: impl FnOnce(&mut AnyConnection) -> Result<T>) -> Result<T> {
        // Said, so that a server's own default cannot be another: late readers must see what was closed meanwhile.
        self.run("BEGIN ISOLATION LEVEL READ COMMITTED", work)
    }

    fn run<T>(&self, postgres: &'static str, work: impl FnOnce(&mut AnyConnection) -> Result<T>) -> Result<T> {
        let mut link = self.links.get().map_err(|_| Error::Unavailable("no database connection is free".into()))?;
        let answer = run(&mut link.conn, postgres, work);
        link.broken = matches!(answer, Err(Error::Unavailable(_)));
        answer
    }
}

fn run<T>(conn: &mut AnyConnection, postgres: &str, work: impl FnOnce(&mut AnyConnection) -> Result<T>) -> Result<T> {
    match conn {
        AnyConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN")?,
        AnyConnection::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(conn, postgres)?,
    }
    match work(conn) {
        Ok(value) => {
            Manager::commit_transaction(conn)?;
            Ok(value)
        }
        Err(error) => {
            // The caller's error is the one that counts; a failed rollback marks the connection broken by itself.
            let _ = Manager::rollback_transaction(conn);
            Err(error)
        }
    }
}
