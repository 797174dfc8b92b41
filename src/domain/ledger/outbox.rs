//! Owed work. A row commits with the change that owes it; a worker takes it by a lease, works outside any
//! transaction and finishes in a new one. At least once, with a stable id; what fails for good stays visible.

use std::time::Duration;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::base::id::{CaseId, EndpointId, JobId, StaffId};
use crate::base::time::Timestamp;
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::outbox;
use crate::domain::paging::{Notice, RingOf, Rung, Urgency};
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// What is owed. Payloads hold ids and codes, never a person's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum Job {
    /// Write to a colleague.
    Mail {
        /// To whom.
        staff: StaffId,
        /// What about.
        notice: Notice,
    },
    /// Tell the log, and the operator's pager where there is one, that an alarm rings.
    Pager {
        /// The case.
        case: CaseId,
        /// Which rule, clock or fault rings.
        reason: String,
        /// How high up.
        rung: Rung,
        /// How soon to look.
        urgency: Urgency,
        /// How many people are written to.
        told: i64,
        /// Which ring it is; jobs of earlier versions do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<RingOf>,
    },
    /// Tell the safeguarding lead that a colleague met a wall.
    TellOfWall {
        /// The case behind the wall.
        case: CaseId,
    },
    /// Tell that nobody may work on these cases.
    TellOfUnseen {
        /// Some of them.
        cases: Vec<CaseId>,
        /// How many there are.
        count: usize,
    },
    /// Tell the operator that nobody may work on a case.
    TellOperatorOfUnseen,
    /// Tell the operator that a colleague met a wall of which no safeguarding lead may hear.
    TellOperatorOfWall,
    /// Tell the operator that an alarm rings and no mail reaches anybody.
    TellOperatorUnheard {
        /// Which ring.
        of: RingOf,
    },
    /// Tell a platform that its endpoint has taken nothing for a day.
    EndpointFailing {
        /// The endpoint.
        endpoint: EndpointId,
    },
    /// Tell a platform that its endpoint is no longer called.
    EndpointDisabled {
        /// The endpoint.
        endpoint: EndpointId,
    },
}

/// How long a worker may work before another may take over.
pub const LEASE: Duration = Duration::from_mins(1);
/// After how many attempts a job is laid aside as dead, unless it is a page.
const ATTEMPTS: i64 = 12;
/// How long a page that failed waits at the most.
const PAGE_AGAIN: Duration = Duration::from_mins(1);

/// A job that this worker holds.
#[derive(Debug)]
pub struct Leased {
    /// Stable across attempts.
    pub id: JobId,
    /// What is owed.
    pub job: Job,
    /// Which attempt this is, from 1.
    pub attempt: i64,
    /// Whether an earlier attempt ended, and failed; one whose worker died said nothing.
    pub failed_before: bool,
}

impl Job {
    /// Whether somebody is woken by it. It is tried until it is done or the alarm is over, and never long after.
    #[must_use]
    pub const fn is_page(&self) -> bool {
        matches!(
            self,
            Self::Pager { .. } | Self::Mail { notice: Notice::Page { .. }, .. } | Self::TellOperatorUnheard { .. }
        )
    }

    /// One word for what kind it is.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Mail { .. } => "mail",
            Self::Pager { .. } => "pager",
            Self::TellOfWall { .. } | Self::TellOperatorOfWall => "tell_of_wall",
            Self::TellOperatorUnheard { .. } => "tell_of_unheard",
            Self::TellOfUnseen { .. } | Self::TellOperatorOfUnseen => "tell_of_unseen",
            Self::EndpointFailing { .. } | Self::EndpointDisabled { .. } => "webhook_endpoint",
        }
    }
}

/// Adds owed work. A job with a known `dedupe_key` is owed once.
pub fn enqueue(tx: &mut Unit<'_>, job: &Job, run_at: Timestamp, dedupe_key: Option<&str>) -> Result<()> {
    let text = serde_json::to_value(job).map_err(anyhow::Error::new)?;
    let kind = text.get("kind").and_then(|kind| kind.as_str()).unwrap_or_default().to_owned();
    let row = (
        outbox::id.eq(JobId::random()),
        outbox::kind.eq(kind),
        outbox::payload.eq(text.to_string()),
        outbox::dedupe_key.eq(dedupe_key),
        outbox::created_at.eq(tx.now()),
        outbox::run_at.eq(run_at),
        outbox::attempts.eq(0_i64),
    );
    crate::db::dialect::native!(tx.conn(), |c| diesel::insert_into(outbox::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if run_at <= tx.now() {
        tx.owe();
    }
    Ok(())
}

/// Whether any of the jobs with these keys is done, or about to be: one that has failed may never be.
///
/// # Errors
/// What the database says.
pub fn arrives(rx: &mut Look<'_>, dedupe_keys: Vec<String>) -> Result<bool> {
    let well = outbox::done_at.is_not_null().or(outbox::dead_at.is_null().and(outbox::last_error.is_null()));
    let any = outbox::table.filter(outbox::dedupe_key.eq_any(dedupe_keys).and(well));
    Ok(any.select(outbox::id).first::<String>(rx.conn()).optional()?.is_some())
}

/// What may not be begun just now, because as much of it is under way as may be.
#[derive(Clone, Debug, Default)]
pub struct Full {
    /// Kinds of jobs.
    pub kinds: Vec<&'static str>,
    /// Colleagues to whom mails are on their way.
    pub recipients: Vec<StaffId>,
}

/// A job that is due.
#[derive(Debug)]
pub struct DueJob {
    /// Empty where it cannot be read.
    id: String,
    payload: String,
    attempts: i64,
    failed_before: bool,
}

impl DueJob {
    /// What it is about; nothing when this version does not know it.
    #[must_use]
    pub fn job(&self) -> Option<Job> {
        serde_json::from_str(&self.payload).ok()
    }

    /// Whether it was tried before.
    #[must_use]
    pub const fn is_retry(&self) -> bool {
        self.attempts > 0
    }
}

/// Up to `limit` jobs that are due and not held by a living worker: those that were never tried first, so that what fails
/// again and again keeps nothing new waiting.
///
/// # Errors
/// What the database says.
pub fn due(rx: &mut Look<'_>, full: &Full, limit: i64) -> Result<Vec<DueJob>> {
    let now = rx.now();
    let mut due = outbox::table
        .filter(outbox::done_at.is_null().and(outbox::dead_at.is_null()).and(outbox::run_at.le(now)))
        .filter(outbox::lease_until.is_null().or(outbox::lease_until.lt(now)))
        .filter(outbox::kind.ne_all(full.kinds.clone()))
        .order((outbox::attempts, outbox::run_at, outbox::id))
        .limit(limit)
        .select((outbox::id, outbox::payload, outbox::attempts, outbox::last_error.is_not_null()))
        .into_boxed();
    for staff in &full.recipients {
        // The key of each mail ends with whom it is to.
        due = due.filter(outbox::dedupe_key.is_null().or(outbox::dedupe_key.not_like(format!("%:{staff}"))));
    }
    let rows: Vec<(Perhaps<String>, Perhaps<String>, i64, bool)> = due.load(rx.conn())?;
    let job = |(id, payload, attempts, failed_before): (Perhaps<String>, Perhaps<String>, i64, bool)| {
        let (id, payload) = (id.0.unwrap_or_default(), payload.0.unwrap_or_default());
        DueJob { id, payload, attempts, failed_before }
    };
    Ok(rows.into_iter().map(job).collect())
}

/// Leases those of the jobs that no other worker has taken meanwhile, and that can be done.
///
/// # Errors
/// What the database says.
pub fn take(tx: &mut Unit<'_>, worker: &str, some: &[DueJob]) -> Result<Vec<Leased>> {
    let now = tx.now();
    let mut leased = Vec::with_capacity(some.len());
    for DueJob { id, payload, attempts, failed_before } in some {
        if id.is_empty() {
            bury_unreadable(tx)?;
            continue;
        }
        let free = outbox::lease_until.is_null().or(outbox::lease_until.lt(now));
        let still = outbox::done_at.is_null().and(outbox::dead_at.is_null()).and(outbox::attempts.eq(attempts));
        let taken = diesel::update(outbox::table.find(id).filter(free).filter(still))
            .set((
                outbox::lease_until.eq(now.plus(LEASE)),
                outbox::lease_by.eq(worker),
                outbox::attempts.eq(attempts + 1),
            ))
            .execute(tx.conn())?;
        if taken == 0 {
            continue;
        }
        match (id.parse(), serde_json::from_str(payload)) {
            // A job that was taken this often and never finished has taken its workers down with it.
            (Ok(_), Ok(_)) if *attempts >= ATTEMPTS && !failed_before => bury(tx, id, "no worker finished it")?,
            (Ok(id), Ok(job)) => {
                leased.push(Leased { id, job, attempt: attempts + 1, failed_before: *failed_before });
            }
            (Err(_), _) => bury(tx, id, "its id cannot be read")?,
            (_, Err(_)) => bury(tx, id, "the payload is not known to this version")?,
        }
    }
    Ok(leased)
}

/// Frees what a process held that is no more. Only where no other can be alive: the file of `SQLite` has one worker.
///
/// # Errors
/// What the database says.
pub fn take_over(tx: &mut Unit<'_>) -> Result<()> {
    let held = outbox::table.filter(outbox::done_at.is_null().and(outbox::lease_until.is_not_null()));
    diesel::update(held).set(outbox::lease_until.eq(None::<Timestamp>)).execute(tx.conn())?;
    Ok(())
}

/// Notes that a job is done. Says whether the lease was still ours.
pub fn finish(tx: &mut Unit<'_>, id: &JobId, worker: &str) -> Result<bool> {
    let changed = diesel::update(outbox::table.find(id).filter(outbox::lease_by.eq(worker)))
        .set((outbox::done_at.eq(tx.now()), outbox::lease_until.eq(None::<Timestamp>)))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// Gives a failed job back for a later attempt, or lays it aside when it has had all of them.
pub fn fail(tx: &mut Unit<'_>, leased: &Leased, reason: &str) -> Result<()> {
    let page = leased.job.is_page();
    if leased.attempt >= ATTEMPTS && !page {
        return bury(tx, leased.id.as_str(), reason);
    }
    let doubled = u32::try_from(leased.attempt).unwrap_or(16).min(12);
    let wait = Duration::from_secs(2_u64.saturating_pow(doubled));
    let later = tx.now().plus(if page { wait.min(PAGE_AGAIN) } else { wait });
    diesel::update(outbox::table.find(&leased.id))
        .set((outbox::run_at.eq(later), outbox::lease_until.eq(None::<Timestamp>), outbox::last_error.eq(reason)))
        .execute(tx.conn())?;
    Ok(())
}

/// Lays a job aside for good. It stays visible, and can be put back to work.
pub fn bury(tx: &mut Unit<'_>, id: &str, reason: &str) -> Result<()> {
    diesel::update(outbox::table.find(id))
        .set((outbox::dead_at.eq(tx.now()), outbox::last_error.eq(reason)))
        .execute(tx.conn())?;
    Ok(())
}

/// Lays aside what is due and has no id of ours, so that none can name it.
fn bury_unreadable(tx: &mut Unit<'_>) -> Result<()> {
    // A prefix, an underscore and 26 characters.
    let ours = outbox::id.like(format!("job{}", "_".repeat(27)));
    let due = outbox::done_at.is_null().and(outbox::dead_at.is_null()).and(outbox::run_at.le(tx.now()));
    let dead = (outbox::dead_at.eq(tx.now()), outbox::last_error.eq("its id cannot be read"));
    diesel::update(outbox::table.filter(due).filter(diesel::dsl::not(ours))).set(dead).execute(tx.conn())?;
    Ok(())
}

/// Puts every dead job back to work, and says how many.
pub fn replay_dead(tx: &mut Unit<'_>) -> Result<usize> {
    Ok(diesel::update(outbox::table.filter(outbox::dead_at.is_not_null()))
        .set((
            outbox::dead_at.eq(None::<Timestamp>),
            outbox::lease_until.eq(None::<Timestamp>),
            outbox::attempts.eq(0_i64),
            outbox::run_at.eq(tx.now()),
        ))
        .execute(tx.conn())?)
}

/// How many jobs wait and how many are dead.
pub fn depth(rx: &mut Look<'_>) -> Result<(i64, i64)> {
    let waiting =
        outbox::table.filter(outbox::done_at.is_null().and(outbox::dead_at.is_null())).count().get_result(rx.conn())?;
    let dead = outbox::table.filter(outbox::dead_at.is_not_null()).count().get_result(rx.conn())?;
    Ok((waiting, dead))
}

/// Jobs that failed and wait, or are dead, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// Whether they were given up.
    pub dead: bool,
    /// What kind they are.
    pub kind: String,
    /// Why the last attempt failed: codes and sentences of ours, never an address.
    pub reason: String,
    /// How many there are.
    pub jobs: i64,
    /// Since when the oldest is owed.
    pub since: Timestamp,
    /// How often the one was tried that was tried most.
    pub attempts: i64,
    /// When the next is tried, or when the last was given up.
    pub at: Timestamp,
}

/// What is wrong with owed jobs, the worst first: the dead, then the oldest. Bounded, whatever the database holds.
pub fn troubles(rx: &mut Look<'_>) -> Result<Vec<Trouble>> {
    use diesel::dsl::{count_star, max, min};
    type Row = (Perhaps<String>, Perhaps<Option<String>>, i64, Option<Timestamp>, Option<i64>, Option<Timestamp>);
    const MOST: i64 = 50;
    let (kind, reason, since) = (outbox::kind, outbox::last_error, min(outbox::created_at));
    let dead: Vec<Row> = outbox::table
        .filter(outbox::dead_at.is_not_null())
        .group_by((kind, reason))
        .select((kind, reason, count_star(), since, max(outbox::attempts), max(outbox::dead_at)))
        .order((since, kind))
        .limit(MOST)
        .load(rx.conn())?;
    let waiting: Vec<Row> = outbox::table
        .filter(outbox::done_at.is_null().and(outbox::dead_at.is_null()).and(reason.is_not_null()))
        .group_by((kind, reason))
        .select((kind, reason, count_star(), since, max(outbox::attempts), min(outbox::run_at)))
        .order((since, kind))
        .limit(MOST)
        .load(rx.conn())?;
    let now = rx.now();
    let trouble = |dead: bool| {
        move |(kind, reason, jobs, since, attempts, at): Row| Trouble {
            dead,
            kind: kind.0.unwrap_or_default(),
            reason: reason.0.flatten().unwrap_or_else(|| "no reason was noted".to_owned()),
            jobs,
            since: since.unwrap_or(now),
            attempts: attempts.unwrap_or(0),
            at: at.unwrap_or(now),
        }
    };
    Ok(dead.into_iter().map(trouble(true)).chain(waiting.into_iter().map(trouble(false))).collect())
}

/// Forgets done jobs that ended before `before`: `limit` of them at the most. How many there were.
pub fn forget_done(tx: &mut Unit<'_>, before: Timestamp, limit: i64) -> Result<usize> {
    let old: Vec<Perhaps<String>> =
        outbox::table.filter(outbox::done_at.lt(before)).limit(limit).select(outbox::id).load(tx.conn())?;
    Ok(diesel::delete(outbox::table.filter(outbox::id.eq_any(readable(old)))).execute(tx.conn())?)
}

/// Jobs that are still owed and cannot be read: `limit` of them at the most.
///
/// # Errors
/// What the database says.
pub fn unreadable(rx: &mut Look<'_>, limit: usize) -> Result<Vec<String>> {
    let owed = outbox::table.filter(outbox::done_at.is_null().and(outbox::dead_at.is_null())).order(outbox::id);
    let rows: Vec<(Perhaps<String>, Perhaps<String>)> = owed.select((outbox::id, outbox::payload)).load(rx.conn())?;
    let rows = rows.into_iter().filter_map(|(id, payload)| id.0.zip(payload.0));
    let unread = rows.filter(|(_, payload)| serde_json::from_str::<Job>(payload).is_err());
    Ok(unread.map(|(id, _)| id).take(limit).collect())
}
