//! What the operator watches: a few cheap looks, all by index. Counts of cases are the queues'.

use diesel::prelude::*;

use crate::base::time::Timestamp;
use crate::db::dialect;
use crate::db::schema::{alarms, queue_counts};
use crate::domain::ledger::outbox;
use crate::domain::paging::{owed, unseen};
use crate::domain::unit::Look;
use crate::error::Result;

/// What a look found.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Owed jobs that wait or are being done.
    pub waiting: i64,
    /// Jobs that were laid aside.
    pub dead: i64,
    /// Jobs that have failed and wait.
    pub failing: i64,
    /// Since when the oldest job that waits is due, however often it was tried; it may lie ahead.
    pub oldest_due_at: Option<Timestamp>,
    /// Since when the probe is owed, while it is not done.
    pub probe_owed_at: Option<Timestamp>,
    /// Alarms that nobody has taken.
    pub open_alarms: i64,
    /// Open cases that nobody may work on.
    pub unseen: i64,
    /// When a process that runs the jobs last counted the queues.
    pub counted_at: Option<Timestamp>,
    /// The newest time that a job wrote down as the present. Jobs do so whether or not anything comes in.
    pub newest_at: Option<Timestamp>,
    /// What the database server's own clock says, where it has one.
    pub server_now: Option<Timestamp>,
}

/// Looks.
pub fn look(rx: &mut Look<'_>) -> Result<Watched> {
    let (waiting, dead) = outbox::depth(rx)?;
    let (oldest_due_at, failing) = outbox::lateness(rx)?;
    let probe = owed::probe(rx)?;
    let open_alarms = alarms::table.filter(alarms::closed_at.is_null()).count().get_result(rx.conn())?;
    let counted_at: Option<Timestamp> =
        queue_counts::table.select(diesel::dsl::max(queue_counts::as_of)).first(rx.conn())?;
    Ok(Watched {
        waiting,
        dead,
        failing,
        oldest_due_at,
        probe_owed_at: probe.filter(|(_, is_done)| !is_done).map(|(at, _)| at),
        open_alarms,
        unseen: unseen::count(rx)?,
        counted_at,
        newest_at: counted_at.into_iter().chain(probe.map(|(at, _)| at)).max(),
        server_now: dialect::server_now(rx.conn())?.map(Timestamp::from_micros),
    })
}
