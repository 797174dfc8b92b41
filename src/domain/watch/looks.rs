//! What the operator watches: a few cheap looks, all by index. Counts of cases are the queues'.

use diesel::prelude::*;

use crate::base::id::AlarmId;
use crate::base::time::Timestamp;
use crate::db::dialect;
use crate::db::schema::{alarms, events, idempotency, outbox as jobs, queue_counts};
use crate::domain::ledger::outbox;
use crate::domain::paging::unseen;
use crate::domain::unit::Look;
use crate::error::Result;

/// After how long owed work that failed and waits is worth a word: a mail server may be away for a minute.
const FAILING: std::time::Duration = std::time::Duration::from_mins(2);

/// What a look found.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Owed jobs that wait or are being done.
    pub waiting: i64,
    /// Jobs that were laid aside.
    pub dead: i64,
    /// When the oldest job that waits was due; it may lie ahead.
    pub oldest_due_at: Option<Timestamp>,
    /// Whether owed work fails, and has for two minutes.
    pub failing: bool,
    /// Alarms that nobody has taken.
    pub open_alarms: i64,
    /// Open cases that nobody may work on.
    pub unseen: i64,
    /// Whether there ever was an alarm.
    pub ever_alarmed: bool,
    /// When a process that runs the jobs last counted the queues.
    pub counted_at: Option<Timestamp>,
    /// The newest time that stands in a row as the present.
    pub newest_at: Option<Timestamp>,
    /// What the database server's own clock says, where it has one.
    pub server_now: Option<Timestamp>,
}

/// Looks.
pub fn look(rx: &mut Look<'_>) -> Result<Watched> {
    let (waiting, dead) = outbox::depth(rx)?;
    let oldest_due_at = jobs::table
        .filter(jobs::done_at.is_null().and(jobs::dead_at.is_null()))
        .select(diesel::dsl::min(jobs::run_at))
        .first(rx.conn())?;
    let before = rx.now().minus(FAILING);
    let failing: Option<String> = jobs::table
        .filter(jobs::done_at.is_null().and(jobs::dead_at.is_null()))
        .filter(jobs::last_error.is_not_null().and(jobs::created_at.lt(before)))
        .select(jobs::id)
        .first(rx.conn())
        .optional()?;
    let open_alarms = alarms::table.filter(alarms::closed_at.is_null()).count().get_result(rx.conn())?;
    let first: Option<AlarmId> = alarms::table.select(alarms::id).first(rx.conn()).optional()?;
    let counted_at: Option<Timestamp> =
        queue_counts::table.select(diesel::dsl::max(queue_counts::as_of)).first(rx.conn())?;
    let told: Option<Timestamp> = events::table.select(diesel::dsl::max(events::created_at)).first(rx.conn())?;
    let asked: Option<Timestamp> =
        idempotency::table.select(diesel::dsl::max(idempotency::created_at)).first(rx.conn())?;
    Ok(Watched {
        waiting,
        dead,
        oldest_due_at,
        failing: failing.is_some(),
        open_alarms,
        unseen: unseen::count(rx)?,
        ever_alarmed: first.is_some(),
        counted_at,
        newest_at: [counted_at, told, asked].into_iter().flatten().max(),
        server_now: dialect::server_now(rx.conn())?.map(Timestamp::from_micros),
    })
}
