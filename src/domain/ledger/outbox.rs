//! Owed work. A row commits with the change that owes it; a worker takes it by a lease, works outside any
//! transaction and finishes in a new one. At least once, with a stable id; what fails for good stays visible.

mod due;

use std::time::Duration;

use diesel::prelude::*;
use serde::Serialize;

use crate::base::id::JobId;
use crate::base::time::Timestamp;
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::outbox;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

pub use due::{DueJob, Full, MANY, due};

/// How long a worker may work before another may take over.
pub const LEASE: Duration = Duration::from_mins(1);
/// After how many attempts a job is laid aside as dead, unless it is tried until it is done.
const ATTEMPTS: i64 = 12;
/// How long such a one waits at the most after it failed.
const SOON: Duration = Duration::from_mins(1);

/// How long a job that fails is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Twelve times, each time later.
    Some,
    /// Until it is done, every minute.
    Endless,
}

/// What a worker holds of a job, which only [`take`] gives: nobody ends a job that somebody else has taken over.
#[derive(Debug)]
pub struct Lease {
    /// The job, stable across attempts.
    pub id: JobId,
    /// Which attempt this is, from 1.
    pub attempt: i64,
    worker: String,
}

/// Owed work that this worker holds.
#[derive(Debug)]
pub struct Taken {
    /// By what it is held.
    pub lease: Lease,
    /// What is owed, as whoever owes it wrote it.
    pub payload: String,
    /// Whether an earlier attempt ended, and failed; one whose worker died said nothing.
    pub failed_before: bool,
}

/// Adds owed work: of what kind it is, and what the room that does it reads again, in ids and codes, never in a person's
/// words. With a `dedupe_key` that is known it is owed once.
///
/// # Errors
/// What the database says.
pub fn enqueue(
    tx: &mut Unit<'_>,
    kind: &str,
    payload: &str,
    run_at: Timestamp,
    dedupe_key: Option<&str>,
) -> Result<()> {
    let row = (
        outbox::id.eq(JobId::random()),
        outbox::kind.eq(kind),
        outbox::payload.eq(payload),
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

/// Leases those of the jobs that no other worker has taken meanwhile.
///
/// # Errors
/// What the database says.
pub fn lease(tx: &mut Unit<'_>, worker: &str, some: &[DueJob]) -> Result<Vec<Taken>> {
    let now = tx.now();
    let mut all = Vec::with_capacity(some.len());
    for DueJob { id, payload, attempts, failed_before, .. } in some {
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
        match id.parse() {
            // A job that was taken this often and never finished has taken its workers down with it.
            Ok(_) if *attempts >= ATTEMPTS && !failed_before => lay_aside(tx, id, "no worker finished it")?,
            Ok(id) => {
                let lease = Lease { id, attempt: attempts + 1, worker: worker.to_owned() };
                all.push(Taken { lease, payload: payload.clone(), failed_before: *failed_before });
            }
            Err(_) => lay_aside(tx, id, "its id cannot be read")?,
        }
    }
    Ok(all)
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

/// The job, as long as the lease is the last one that anybody was given and nobody has ended it.
#[diesel::dsl::auto_type]
fn held<'a>(lease: &'a Lease) -> _ {
    let (id, worker): (&'a JobId, &'a str) = (&lease.id, &lease.worker);
    let attempt: i64 = lease.attempt;
    let last = outbox::lease_by.eq(worker).and(outbox::attempts.eq(attempt));
    outbox::table.filter(outbox::id.eq(id).and(last).and(outbox::done_at.is_null()).and(outbox::dead_at.is_null()))
}

/// Notes that a job is done. Says whether the lease was still ours; otherwise nothing is changed.
///
/// # Errors
/// What the database says.
pub fn finish(tx: &mut Unit<'_>, lease: &Lease) -> Result<bool> {
    let changed = diesel::update(held(lease))
        .set((outbox::done_at.eq(tx.now()), outbox::lease_until.eq(None::<Timestamp>)))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// Gives a failed job back for a later attempt, or lays it aside when it has had all of them. Says whether the lease was
/// still ours; otherwise nothing is changed.
///
/// # Errors
/// What the database says.
pub fn fail(tx: &mut Unit<'_>, lease: &Lease, reason: &str, patience: Patience) -> Result<bool> {
    let endless = patience == Patience::Endless;
    if lease.attempt >= ATTEMPTS && !endless {
        return bury(tx, lease, reason);
    }
    let doubled = u32::try_from(lease.attempt).unwrap_or(16).min(12);
    let wait = Duration::from_secs(2_u64.saturating_pow(doubled));
    let later = tx.now().plus(if endless { wait.min(SOON) } else { wait });
    let changed = diesel::update(held(lease))
        .set((outbox::run_at.eq(later), outbox::lease_until.eq(None::<Timestamp>), outbox::last_error.eq(reason)))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// Lays a job aside for good. It stays visible, and can be put back to work. Says whether the lease was still ours;
/// otherwise nothing is changed.
///
/// # Errors
/// What the database says.
pub fn bury(tx: &mut Unit<'_>, lease: &Lease, reason: &str) -> Result<bool> {
    let changed = diesel::update(held(lease))
        .set((outbox::dead_at.eq(tx.now()), outbox::last_error.eq(reason)))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// Lays aside what was taken just now, and cannot be done.
fn lay_aside(tx: &mut Unit<'_>, id: &str, reason: &str) -> Result<()> {
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

/// Since when the oldest job is due that waits: one that failed since it was owed, however often it was tried. And how many
/// have failed and wait.
///
/// # Errors
/// What the database says.
pub fn lateness(rx: &mut Look<'_>) -> Result<(Option<Timestamp>, i64)> {
    use diesel::dsl::min;
    let tried = || {
        outbox::table
            .filter(outbox::done_at.is_null().and(outbox::dead_at.is_null()))
            .filter(outbox::last_error.is_not_null())
    };
    let fresh = outbox::table.filter(outbox::done_at.is_null().and(outbox::dead_at.is_null()));
    let fresh: Option<Timestamp> =
        fresh.filter(outbox::last_error.is_null()).select(min(outbox::run_at)).first(rx.conn())?;
    let failing: Option<Timestamp> = tried().select(min(outbox::created_at)).first(rx.conn())?;
    let oldest = [fresh, failing].into_iter().flatten().min();
    Ok((oldest, tried().count().get_result(rx.conn())?))
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

/// Jobs that are still owed and whose payload nobody knows: `limit` of them at the most.
///
/// # Errors
/// What the database says.
pub fn unreadable(rx: &mut Look<'_>, is_known: fn(&str) -> bool, limit: usize) -> Result<Vec<String>> {
    let owed = outbox::table.filter(outbox::done_at.is_null().and(outbox::dead_at.is_null())).order(outbox::id);
    let rows: Vec<(Perhaps<String>, Perhaps<String>)> = owed.select((outbox::id, outbox::payload)).load(rx.conn())?;
    let rows = rows.into_iter().filter_map(|(id, payload)| id.0.zip(payload.0));
    let unread = rows.filter(|(_, payload)| !is_known(payload));
    Ok(unread.map(|(id, _)| id).take(limit).collect())
}
