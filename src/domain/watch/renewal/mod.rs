//! Names made anew: when the rules of identifiers change, the keyed hashes of cases and declarations are made again from
//! what is sealed. A run can be stopped at any moment and goes on where it was; a case that cannot be read stays as it
//! stands and stops no other.
//!
//! Walls hold at every moment: a case gives up its old hashes in the transaction that gives it the new ones, and what
//! was declared stands on both until no case has old ones. A wall that is new holds at once, and whoever has a case
//! behind it loses it. What now matches among old cases pages nobody: it is listed for a lead ([`late`]).

mod case;
pub mod late;
mod whole;

use diesel::prelude::*;

pub use case::renew;
pub use whole::{Whole, is_whole};

use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::perhaps::readable;
use crate::db::schema::{blind_indexes, cases, renewals};
use crate::domain::case::named;
use crate::domain::people::staff;
use crate::domain::terms::identifiers::RULES;
use crate::domain::unit::{Look, Unit};
use crate::error::{Error, Result};

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = renewals)]
pub struct Run {
    /// The version of the rules.
    pub rules: i64,
    /// The last case that was looked at, in the order of ids; empty before the first.
    pub after_case: String,
    /// How many cases were looked at.
    pub looked_at: i64,
    /// How many of them could not be made anew.
    pub failed: i64,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// The run to these rules; nothing when none has begun.
///
/// # Errors
/// What the database says.
pub fn run(rx: &mut Look<'_>) -> Result<Option<Run>> {
    Ok(renewals::table.find(RULES).select(Run::as_select()).first(rx.conn()).optional()?)
}

/// Begins a run, once. Where nothing was made by older rules, it has ended.
///
/// # Errors
/// What the database says.
pub fn begin(tx: &mut Unit<'_>) -> Result<()> {
    let begun_at = tx.now();
    let ended_at = if older(tx, 1)?.is_empty() { Some(begun_at) } else { None };
    let new = Run { rules: RULES, after_case: String::new(), looked_at: 0, failed: 0, begun_at, ended_at };
    native!(tx.conn(), |c| diesel::insert_into(renewals::table).values(&new).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// Makes a few declarations anew. Says how many were left to do.
///
/// # Errors
/// What the database says.
pub fn declarations(tx: &mut Unit<'_>, limit: i64) -> Result<usize> {
    staff::renew_declarations(tx, limit)
}

/// The next cases behind `after`, in the order of their ids.
///
/// # Errors
/// What the database says.
pub fn next(rx: &mut Look<'_>, after: &str, limit: i64) -> Result<Vec<CaseId>> {
    let behind = cases::table.filter(cases::id.gt(after)).order(cases::id).limit(limit);
    Ok(readable(behind.select(cases::id).load(rx.conn())?))
}

/// The next cases behind `after`, in the order of their ids, and those of them whose names were changed outside the service.
///
/// # Errors
/// What the database says.
pub fn changed(rx: &mut Look<'_>, after: &str, limit: i64) -> Result<(Vec<CaseId>, Vec<CaseId>)> {
    let some = next(rx, after, limit)?;
    let mut changed = Vec::new();
    for id in &some {
        if !named::fit(rx, id)? {
            changed.push(id.clone());
        }
    }
    Ok((some, changed))
}

/// Makes the names of a case anew for whoever runs the service. Says whether they are those that the service wrote down by now:
/// they are not where nobody can read any more what they are made of.
///
/// # Errors
/// `NotFound` when there is no such case; as [`renew`].
pub fn mend(tx: &mut Unit<'_>, id: &CaseId) -> Result<bool> {
    if crate::domain::case::find(tx, id)?.is_none() {
        return Err(Error::NotFound);
    }
    renew(tx, id)?;
    named::fit(tx, id)
}

/// Notes how far the run has come, unless another process has come further.
///
/// # Errors
/// What the database says.
pub fn pass(tx: &mut Unit<'_>, after: &str, some: &[CaseId], failed: i64) -> Result<()> {
    let Some(last) = some.last() else { return Ok(()) };
    let count = i64::try_from(some.len()).unwrap_or(i64::MAX);
    diesel::update(renewals::table.find(RULES).filter(renewals::after_case.eq(after)))
        .set((
            renewals::after_case.eq(last.as_str()),
            renewals::looked_at.eq(renewals::looked_at + count),
            renewals::failed.eq(renewals::failed + failed),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Ends the run. What was declared stands on the new hashes alone, unless a case still has old ones.
///
/// # Errors
/// What the database says.
pub fn end(tx: &mut Unit<'_>) -> Result<()> {
    if older(tx, 1)?.is_empty() {
        staff::drop_first(tx)?;
    }
    diesel::update(renewals::table.find(RULES).filter(renewals::ended_at.is_null()))
        .set(renewals::ended_at.eq(tx.now()))
        .execute(tx.conn())?;
    Ok(())
}

/// Cases whose names stand as older rules made them.
///
/// # Errors
/// What the database says.
pub fn older(rx: &mut Look<'_>, limit: i64) -> Result<Vec<CaseId>> {
    let older = blind_indexes::table.filter(blind_indexes::rules.lt(RULES)).select(blind_indexes::case_id);
    Ok(readable(older.distinct().limit(limit).load(rx.conn())?))
}
