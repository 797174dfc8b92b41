//! What of the owed work is due: looked for kind by kind where very many may wait, so that ten thousand mails that nobody takes keep
//! no page waiting, and cost no look at all of them.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::base::id::StaffId;
use crate::db::perhaps::Perhaps;
use crate::db::schema::outbox;
use crate::db::written::written;
use crate::domain::unit::Look;
use crate::error::Result;

/// Kinds of which very many may wait at once: each is looked for by itself, and all others together. The conditions of two indexes
/// name them.
pub const MANY: [&str; 3] = ["mail", "pager", "tell_service"];
const OTHERS: &str = "kind NOT IN ('mail', 'pager', 'tell_service')";

/// What may not be begun just now, because as much of it is under way as may be.
#[derive(Clone, Debug, Default)]
pub struct Full {
    /// Some of those of which there may be very many.
    pub kinds: Vec<&'static str>,
    /// Colleagues to whom mails are on their way.
    pub recipients: Vec<StaffId>,
}

/// A job that is due.
#[derive(Debug)]
pub struct DueJob {
    /// Empty where it cannot be read.
    pub(super) id: String,
    pub(super) payload: String,
    run_at: i64,
    pub(super) attempts: i64,
    pub(super) failed_before: bool,
}

impl DueJob {
    /// What is owed, as whoever owes it wrote it.
    #[must_use]
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// Whether it was tried before.
    #[must_use]
    pub const fn is_retry(&self) -> bool {
        self.attempts > 0
    }
}

/// Jobs that are due and not held by a living worker, up to `limit` of each kind of which there may be very many, and of all others:
/// those that were never tried first, so that what fails again and again keeps nothing new waiting.
///
/// # Errors
/// What the database says.
pub fn due(rx: &mut Look<'_>, full: &Full, limit: i64) -> Result<Vec<DueJob>> {
    let mut all = Vec::new();
    for is_retry in [false, true] {
        let mut some = Vec::new();
        for kind in MANY.into_iter().filter(|kind| !full.kinds.contains(kind)) {
            some.extend(of_kind(rx, Some(kind), is_retry, (kind == "mail").then_some(&*full.recipients), limit)?);
        }
        some.extend(of_kind(rx, None, is_retry, None, limit)?);
        some.sort_by(|one, other| (one.run_at, &one.id).cmp(&(other.run_at, &other.id)));
        all.extend(some);
    }
    Ok(all)
}

type Row = (Perhaps<String>, Perhaps<String>, i64, i64, bool);

/// Those of one kind, or of all of which there are never very many; but for some recipients.
fn of_kind(
    rx: &mut Look<'_>,
    kind: Option<&'static str>,
    is_retry: bool,
    but: Option<&[StaffId]>,
    limit: i64,
) -> Result<Vec<DueJob>> {
    let now = rx.now();
    let tried = written::<Bool>(if is_retry { "attempts > 0" } else { "attempts = 0" });
    let mut due = outbox::table
        .filter(outbox::done_at.is_null().and(outbox::dead_at.is_null()).and(outbox::run_at.le(now)))
        .filter(tried)
        .filter(outbox::lease_until.is_null().or(outbox::lease_until.lt(now)))
        .order((outbox::run_at, outbox::id))
        .limit(limit)
        .select((outbox::id, outbox::payload, outbox::run_at, outbox::attempts, outbox::last_error.is_not_null()))
        .into_boxed();
    due = match kind {
        Some(kind) => due.filter(outbox::kind.eq(kind)),
        None => due.filter(written::<Bool>(OTHERS)),
    };
    for staff in but.unwrap_or_default() {
        // The key of each mail ends with whom it is to.
        due = due.filter(outbox::dedupe_key.is_null().or(outbox::dedupe_key.not_like(format!("%:{staff}"))));
    }
    let rows: Vec<Row> = due.load(rx.conn())?;
    let job = |row: Row| {
        let (id, payload, run_at, attempts, failed_before) = row;
        DueJob { id: id.0.unwrap_or_default(), payload: payload.0.unwrap_or_default(), run_at, attempts, failed_before }
    };
    Ok(rows.into_iter().map(job).collect())
}
