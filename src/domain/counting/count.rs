//! Counting: the acts that put a case into a flow, and the days that do.

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::{FlowKind, Quarter, Response, Standing, counted_in};
use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::dialect::{self, insert_new};
use crate::db::due::{self, DueRow};
use crate::db::schema::{blind_indexes, editions, flows, forwards};
use crate::domain::case;
use crate::domain::case::{Case, Outcome, State};
use crate::domain::terms::Mode;
use crate::domain::terms::region::Region;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{self, Owner};
use crate::error::Result;

/// After how long the response of a platform is counted.
const RESPONSE: Duration = Duration::from_hours(30 * 24);
/// After how long the standing of a case is counted.
const OUTCOME: Duration = Duration::from_hours(90 * 24);
/// How many cases of one account are counted in a quarter: what one person adds to any figure is bounded by it.
const OF_ONE_ACCOUNT: i64 = 2;

/// A case in a flow.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = flows)]
pub struct NewFlow {
    /// The case.
    pub case_id: String,
    /// The flow.
    pub flow: FlowKind,
    /// The day that decides the period.
    pub at: Timestamp,
    /// The platform's id.
    pub platform_id: String,
    /// The category group.
    pub category: String,
    /// Where the person harmed lives.
    pub region: Region,
    /// The response or standing; empty where a flow has none.
    pub value: String,
    /// Whether it stands in the totals.
    pub totalled: bool,
}

/// Counts a case that a person has read and does not call abuse. Counted before, it stays as it was; and so does one
/// that is past the cap of its account, for good.
pub(in crate::domain) fn count(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    let Some(group) = counted_in(case.category).filter(|_| case.mode == Mode::Live) else { return Ok(()) };
    // A later note does not count what was called abuse, or was withdrawn before anybody did anything about it.
    if matches!(case.outcome, Some(Outcome::Unfounded | Outcome::Withdrawn)) || is_decided(tx, &case.id)? {
        return Ok(());
    }
    if vault::is_erased(tx, &Owner::case(&case.id))? {
        return Ok(());
    }
    let flow = if is_past_the_cap(tx, case)? { FlowKind::Capped } else { FlowKind::Intake };
    let new = NewFlow {
        case_id: case.id.to_string(),
        flow,
        at: tx.now().day(),
        platform_id: case.platform_id.to_string(),
        category: group.as_str().to_owned(),
        region: case.region.unwrap_or(Region::OutsideOrUnknown),
        value: String::new(),
        totalled: false,
    };
    append(tx, new)
}

/// Whether it was decided that the case is counted, or that it is not.
fn is_decided(rx: &mut Look<'_>, case: &CaseId) -> Result<bool> {
    let either = flows::flow.eq_any([FlowKind::Intake, FlowKind::Capped]);
    let found = flows::table.filter(flows::case_id.eq(case.as_str()).and(either)).select(flows::case_id);
    Ok(found.first::<String>(rx.conn()).optional()?.is_some())
}

fn is_counted(rx: &mut Look<'_>, case: &CaseId) -> Result<bool> {
    Ok(intake(rx, case)?.is_some())
}

/// Where the case was counted: platform, category and region, which stay its own in every later flow.
fn intake(rx: &mut Look<'_>, case: &CaseId) -> Result<Option<(String, String, Region)>> {
    Ok(flows::table
        .find((case.as_str(), FlowKind::Intake))
        .select((flows::platform_id, flows::category, flows::region))
        .first(rx.conn())
        .optional()?)
}

/// Whether enough cases of the same account were counted this quarter. Who reports without an account cannot be held to
/// that, and the method says so.
fn is_past_the_cap(rx: &mut Look<'_>, case: &Case) -> Result<bool> {
    let quarter = Quarter::of(rx.now());
    let account = blind_indexes::role.eq("reporter").and(blind_indexes::kind.eq("account"));
    let mine: Vec<Vec<u8>> = blind_indexes::table
        .filter(blind_indexes::case_id.eq(&case.id).and(account))
        .select(blind_indexes::digest)
        .load(rx.conn())?;
    if mine.is_empty() {
        return Ok(false);
    }
    // As a literal: a database finds the index by the words of its condition.
    let indexed = sql::<Bool>("blind_indexes.role <> 'subject'");
    let theirs = blind_indexes::table
        .filter(blind_indexes::digest.eq_any(mine).and(account).and(indexed))
        .select(blind_indexes::case_id);
    let counted: i64 = flows::table
        .filter(flows::flow.eq(FlowKind::Intake).and(flows::case_id.eq_any(theirs)))
        .filter(flows::at.ge(quarter.from()).and(flows::at.lt(quarter.until())))
        .count()
        .get_result(rx.conn())?;
    Ok(counted >= OF_ONE_ACCOUNT)
}

/// Its platform is told of the case, by the first request: from now on the days of response and outcome are fixed.
pub(in crate::domain) fn forward(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    if !is_counted(tx, &case.id)? {
        return Ok(());
    }
    let now = tx.now();
    let row = (
        forwards::case_id.eq(&case.id),
        forwards::forwarded_at.eq(now),
        forwards::response_due_at.eq(now.plus(RESPONSE)),
        forwards::outcome_due_at.eq(now.plus(OUTCOME)),
    );
    insert_new!(tx.conn(), forwards::table, row)?;
    Ok(())
}

/// The platform gave an answer of substance. The first one counts.
pub(in crate::domain) fn answered(tx: &mut Unit<'_>, case: &CaseId) -> Result<()> {
    diesel::update(forwards::table.find(case).filter(forwards::answered_at.is_null()))
        .set(forwards::answered_at.eq(tx.now()))
        .execute(tx.conn())?;
    Ok(())
}

/// Counts what has come due of a case, as it stood on that day. Called before the case changes, so that a job that comes
/// late finds it as it was.
pub(in crate::domain) fn settle(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    type Row = (Timestamp, Option<Timestamp>, Option<Timestamp>, Option<Timestamp>);
    let now = tx.now();
    let row: Option<Row> = forwards::table
        .find(&case.id)
        .filter(forwards::response_due_at.le(now).or(forwards::outcome_due_at.le(now)))
        .select((forwards::forwarded_at, forwards::answered_at, forwards::response_due_at, forwards::outcome_due_at))
        .first(tx.conn())
        .optional()?;
    let Some((forwarded_at, answered_at, response_due, outcome_due)) = row else { return Ok(()) };
    if let Some(due) = response_due.filter(|due| *due <= now) {
        let took = answered_at.filter(|at| *at <= due).map(|at| at.since(forwarded_at));
        follow(tx, case, FlowKind::Response, due, Response::of(took).as_str())?;
        diesel::update(forwards::table.find(&case.id))
            .set(forwards::response_due_at.eq(None::<Timestamp>))
            .execute(tx.conn())?;
    }
    if let Some(due) = outcome_due.filter(|due| *due <= now) {
        let closed = case.state == State::Closed && case.closed_at.is_some_and(|at| at <= due);
        let standing = Standing::of(case.outcome.filter(|_| closed));
        follow(tx, case, FlowKind::Outcome, due, standing.as_str())?;
        diesel::update(forwards::table.find(&case.id))
            .set(forwards::outcome_due_at.eq(None::<Timestamp>))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Puts a counted case into a later flow, under what it was counted as. One that was erased since is left out.
fn follow(tx: &mut Unit<'_>, case: &Case, flow: FlowKind, day: Timestamp, value: &str) -> Result<()> {
    let Some((platform_id, category, region)) = intake(tx, &case.id)? else { return Ok(()) };
    if vault::is_erased(tx, &Owner::case(&case.id))? {
        return Ok(());
    }
    let (case_id, value) = (case.id.to_string(), value.to_owned());
    append(tx, NewFlow { case_id, flow, at: day.day(), platform_id, category, region, value, totalled: false })
}

/// A case that was counted turned out to be abuse of the service: what was published stays, and the yearly table of
/// corrections says so.
pub(in crate::domain) fn correct(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    let now = tx.now();
    follow(tx, case, FlowKind::Correction, now, "removed")
}

/// A few of the cases whose day of response has come.
pub fn responses_due(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let ((at, case), now) = (due::place(after), rx.now());
    due::walk(limit, |limit| {
        let further = forwards::response_due_at.eq(at).and(forwards::case_id.gt(case));
        forwards::table
            .filter(forwards::response_due_at.le(now))
            .filter(forwards::response_due_at.gt(at).or(further))
            .order((forwards::response_due_at, forwards::case_id))
            .limit(limit)
            .select((forwards::response_due_at.assume_not_null(), forwards::case_id))
            .load(rx.conn())
    })
}

/// A few of the cases whose day of outcome has come.
pub fn outcomes_due(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let ((at, case), now) = (due::place(after), rx.now());
    due::walk(limit, |limit| {
        let further = forwards::outcome_due_at.eq(at).and(forwards::case_id.gt(case));
        forwards::table
            .filter(forwards::outcome_due_at.le(now))
            .filter(forwards::outcome_due_at.gt(at).or(further))
            .order((forwards::outcome_due_at, forwards::case_id))
            .limit(limit)
            .select((forwards::outcome_due_at.assume_not_null(), forwards::case_id))
            .load(rx.conn())
    })
}

/// Counts what has come due of a case.
///
/// # Errors
/// What the database says.
pub fn settle_case(tx: &mut Unit<'_>, case: &str) -> Result<()> {
    match case::find_locked(tx, &due::id(case)?)? {
        Some(case) => settle(tx, &case),
        None => Ok(()),
    }
}

fn append(tx: &mut Unit<'_>, mut new: NewFlow) -> Result<()> {
    dialect::enter_flows(tx.conn())?;
    if let Some(open) = open_from(tx)? {
        new.at = new.at.max(open);
    }
    insert_new!(tx.conn(), flows::table, &new)?;
    Ok(())
}

/// Appends many rows as they are: for invented cases, which no act has counted.
///
/// # Errors
/// What the database says; a case that stands in the flow already stays as it is.
pub fn append_all(tx: &mut Unit<'_>, new: &[NewFlow]) -> Result<()> {
    insert_new!(tx.conn(), flows::table, new)?;
    Ok(())
}

/// The first day on which anything is still counted, as far as it is known: what comes late counts there. That is where
/// the last closed quarter ended, or where the first one begins that was committed to and is not closed: in a quarter that
/// nobody committed to, a case would be lost.
fn open_from(rx: &mut Look<'_>) -> Result<Option<Timestamp>> {
    let closed: Option<Timestamp> =
        editions::table.select(diesel::dsl::max(editions::closed_until)).first(rx.conn())?;
    let waiting: Vec<String> = editions::table
        .filter(editions::closed_until.is_null().and(editions::reason.is_null()))
        .select(editions::id)
        .load(rx.conn())?;
    let begins = waiting.iter().filter_map(|id| Some(id.parse::<Quarter>().ok()?.from())).min();
    Ok(closed.max(begins))
}

/// Closes every day before `until` for counting: whoever counts at this moment has finished, and whoever counts later
/// counts on a later day.
///
/// # Errors
/// What the database says.
pub fn close(tx: &mut Unit<'_>, edition: &str, until: Timestamp) -> Result<()> {
    dialect::bar_flows(tx.conn())?;
    diesel::update(editions::table.find(edition).filter(editions::closed_until.is_null()))
        .set(editions::closed_until.eq(until))
        .execute(tx.conn())?;
    Ok(())
}
