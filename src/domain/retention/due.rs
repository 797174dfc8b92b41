//! Of which cases something has to go, and when.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use serde::Serialize;

use super::Part;
use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::due::{self, DueRow};
use crate::db::perhaps::Perhaps;
use crate::db::schema::{case_keepings as table, cases, clocks, legal_holds, referrals};
use crate::domain::case::clocks as case_clocks;
use crate::domain::case::holds;
use crate::domain::case::keeping::Keeping;
use crate::domain::case::{Case, State};
use crate::domain::referrals as handed;
use crate::domain::terms::periods::Kept;
use crate::domain::unit::Look;
use crate::error::Result;

/// What goes of a case, and when at the earliest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Going {
    pub(super) part: Part,
    pub(super) at: Timestamp,
}

/// What goes next of a closed case; nothing while a hold stands, or anything of it is still awaited.
pub(super) fn going(rx: &mut Look<'_>, case: &Case, kept: Keeping, periods: &Kept) -> Result<Option<Going>> {
    if case.state != State::Closed || kept.record_ended_at.is_some() {
        return Ok(None);
    }
    let (hold, referred) = (holds::standing(rx, &case.id)?, handed::ends(rx, &case.id)?);
    if hold.in_force || referred.is_open || case_clocks::any_runs(rx, &case.id)? {
        return Ok(None);
    }
    if let Some(erased_at) = kept.erased_at {
        return Ok(Some(Going { part: Part::Record, at: erased_at.plus(periods.record) }));
    }
    let ended_at = referred.last.map_or(kept.closed_at, |last| last.max(kept.closed_at));
    if kept.contact_erased_at.is_none() {
        return Ok(Some(Going { part: Part::Contact, at: ended_at.plus(periods.contact) }));
    }
    let period = if referred.is_sent { periods.referred } else { periods.not_referred };
    let mut at = ended_at.max(case.content_at).plus(period);
    if case.child {
        at = at.max(case.received_at.plus(periods.child));
    }
    if let Some(ended_at) = hold.ended_at {
        at = at.max(ended_at.plus(periods.after_hold));
    }
    Ok(Some(Going { part: Part::Content, at }))
}

/// Whether a hold stands, by its row: the record is asked before anything goes.
#[diesel::dsl::auto_type]
fn is_held(now: Timestamp) -> _ {
    let stands = legal_holds::ended_at.is_null().and(legal_holds::until.is_null().or(legal_holds::until.gt(now)));
    exists(legal_holds::table.filter(legal_holds::case_id.eq(table::case_id).and(stands)))
}

#[diesel::dsl::auto_type]
fn is_awaited() -> _ {
    let runs = clocks::met_at.is_null().and(clocks::stopped_at.is_null());
    exists(clocks::table.filter(clocks::case_id.eq(table::case_id).and(runs)))
}

/// A few of the closed cases of which it may soon have to go how she may be reached.
///
/// # Errors
/// What the database says.
pub fn with_contact(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let Some(periods) = rx.kit().periods.in_force() else { return Ok(Vec::new()) };
    let ((at, id), now) = (due::place(after), rx.now());
    let closed = now.minus(periods.contact).plus(periods.notice);
    due::walk(limit, |limit| {
        table::table
            .filter(table::erase_at.is_null().and(table::contact_erased_at.is_null()))
            .filter(table::closed_at.le(closed))
            .filter(table::closed_at.gt(at).or(table::closed_at.eq(at).and(table::case_id.gt(id))))
            .filter(not(is_held(now)))
            .filter(not(is_awaited()))
            .order((table::closed_at, table::case_id))
            .limit(limit)
            .select((table::closed_at, table::case_id))
            .load(rx.conn())
    })
}

/// A few of those of which all may soon have to go.
///
/// # Errors
/// What the database says.
pub fn with_content(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let Some(periods) = rx.kit().periods.in_force() else { return Ok(Vec::new()) };
    let ((at, id), now) = (due::place(after), rx.now());
    let ago = |period| now.minus(period).plus(periods.notice);
    let sent = referrals::table.filter(referrals::case_id.eq(table::case_id).and(referrals::sent_at.is_not_null()));
    let young = cases::table.filter(cases::id.eq(table::case_id).and(cases::child.eq(true)));
    let young = young.filter(cases::received_at.gt(ago(periods.child)));
    due::walk(limit, |limit| {
        table::table
            .filter(table::erase_at.is_null().and(table::erased_at.is_null()))
            .filter(table::contact_erased_at.is_not_null())
            .filter(table::closed_at.le(ago(periods.not_referred)))
            .filter(table::closed_at.gt(at).or(table::closed_at.eq(at).and(table::case_id.gt(id))))
            .filter(table::closed_at.le(ago(periods.referred)).or(not(exists(sent))))
            .filter(not(exists(young)))
            .filter(not(is_held(now)))
            .filter(not(is_awaited()))
            .order((table::closed_at, table::case_id))
            .limit(limit)
            .select((table::closed_at, table::case_id))
            .load(rx.conn())
    })
}

/// A few of those whose record may soon have to go.
///
/// # Errors
/// What the database says.
pub fn with_record(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let Some(periods) = rx.kit().periods.in_force() else { return Ok(Vec::new()) };
    let ((at, id), now) = (due::place(after), rx.now());
    due::walk(limit, |limit| {
        table::table
            .filter(table::erase_at.is_null().and(table::record_ended_at.is_null()))
            .filter(table::erased_at.le(now.minus(periods.record).plus(periods.notice)))
            .filter(table::erased_at.gt(at).or(table::erased_at.eq(at).and(table::case_id.gt(id))))
            .order((table::erased_at, table::case_id))
            .limit(limit)
            .select((table::erased_at.assume_not_null(), table::case_id))
            .load(rx.conn())
    })
}

/// A few of those that were announced, and whose day has come.
///
/// # Errors
/// What the database says.
pub fn announced(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let ((at, id), now) = (due::place(after), rx.now());
    due::walk(limit, |limit| {
        table::table
            .filter(table::erase_at.le(now))
            .filter(table::erase_at.gt(at).or(table::erase_at.eq(at).and(table::case_id.gt(id))))
            .order((table::erase_at, table::case_id))
            .limit(limit)
            .select((table::erase_at.assume_not_null(), table::case_id))
            .load(rx.conn())
    })
}

/// A case of which something will be destroyed.
#[derive(Clone, Debug, Serialize)]
pub struct Leaving {
    /// Its id.
    pub case_id: CaseId,
    /// What goes.
    pub part: Part,
    /// When.
    pub at: Timestamp,
}

/// Those that were announced, the next first: so many behind one.
///
/// # Errors
/// What the database says.
pub fn leaving(rx: &mut Look<'_>, after: Option<&Leaving>, limit: i64) -> Result<Vec<Leaving>> {
    type Row = (Perhaps<CaseId>, Perhaps<Timestamp>, Perhaps<Option<Timestamp>>, Perhaps<Option<Timestamp>>);
    let (at, id) = after.map_or((Timestamp::from_micros(i64::MIN), ""), |last| (last.at, last.case_id.as_str()));
    let rows: Vec<Row> = table::table
        .filter(table::erase_at.is_not_null())
        .filter(table::erase_at.gt(at).or(table::erase_at.eq(at).and(table::case_id.gt(id))))
        .order((table::erase_at, table::case_id))
        .limit(limit)
        .select((table::case_id, table::erase_at.assume_not_null(), table::contact_erased_at, table::erased_at))
        .load(rx.conn())?;
    let one = |(id, at, contact, erased): Row| {
        let part = match (contact.0.flatten(), erased.0.flatten()) {
            (_, Some(_)) => Part::Record,
            (None, None) => Part::Contact,
            (Some(_), None) => Part::Content,
        };
        Some(Leaving { case_id: id.0?, part, at: at.0? })
    };
    Ok(rows.into_iter().filter_map(one).collect())
}
