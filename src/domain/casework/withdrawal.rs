//! Closing as withdrawn: only what she wished herself. Whoever makes a survivor withdraw stands beside her, or holds her
//! telephone; so a wish closes nothing until she was asked live and alone, by another way than the wish came, and on p0 and
//! p1 not on the same day. Until then the case is on hold or in standby.

use std::time::Duration;

use diesel::prelude::*;

use super::notes::{self, NoteView, Records, Way};
use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::schema::{additions, reports};
use crate::domain::case::Case;
use crate::domain::terms::words::Answer;
use crate::domain::triage::Priority;
use crate::domain::unit::Look;
use crate::error::rules::Casework;
use crate::error::{Error, Result};

/// How long after the wish the check is made, on what is or was p0 or p1.
const APART: Duration = Duration::from_hours(APART_HOURS);
const APART_HOURS: u64 = 24;

/// A wish to withdraw: when it was made known to us, and by which way.
struct Wish {
    at: Timestamp,
    way: Way,
}

/// Whether the case may be closed as withdrawn.
///
/// # Errors
/// `Invalid` at `/outcome`, with what is missing: the wish, the check after it and after all that she said since, that she
/// was alone, another way, a day between on p0 and p1, and that contact is not found unsafe since.
pub(super) fn check(rx: &mut Look<'_>, case: &Case) -> Result<()> {
    let missing = |rule| Error::invalid("/outcome", rule);
    let told = notes::recording(rx, &case.id, &[Records::WithdrawalTold])?;
    let wishes = wishes(rx, &case.id, &told)?;
    let Some(newest) = wishes.iter().map(|wish| wish.at).max() else { return Err(missing(Casework::NoWithdrawal)) };
    let since = said_last(rx, &case.id)?.map_or(newest, |said| said.max(newest));
    let mut checks = notes::recording(rx, &case.id, &[Records::CoercionCheck])?;
    let mut narrow = |rule, holds: &dyn Fn(&NoteView) -> bool| {
        checks.retain(|check| holds(check));
        if checks.is_empty() { Err(missing(rule)) } else { Ok(checks.iter().map(|check| check.at).max()) }
    };
    narrow(Casework::NoCoercionCheck, &|check| check.at >= since)?;
    narrow(Casework::CheckedNotAlone, &|check| check.alone == Some(Answer::Yes))?;
    let by_other_way =
        |check: &NoteView| check.how.is_some_and(|how| how.is_live() && wishes.iter().all(|wish| wish.way != how));
    narrow(Casework::CheckedSameWay, &by_other_way)?;
    let apart = if case.gravest() <= Priority::P1 { APART } else { Duration::ZERO };
    let checked = narrow(Casework::CheckedTooSoon(APART_HOURS), &|check| check.at >= newest.plus(apart))?;
    let found_unsafe = notes::recording(rx, &case.id, &[Records::Standby, Records::UnsafeContact])?;
    let unsafe_since = found_unsafe.iter().any(|found| checked.is_none_or(|checked| found.at > checked));
    if unsafe_since { Err(missing(Casework::ContactNotSafe)) } else { Ok(()) }
}

/// The wishes to withdraw: those that came through the app, and those that colleagues were told. What counts is when one
/// was written down here: a date that somebody typed makes no day pass.
fn wishes(rx: &mut Look<'_>, case: &CaseId, told: &[NoteView]) -> Result<Vec<Wish>> {
    let asked = reports::table.filter(reports::case_id.eq(case).and(reports::withdrawn_at.is_not_null()));
    let asked: Vec<Timestamp> = asked.select(reports::withdrawn_at.assume_not_null()).load(rx.conn())?;
    let by_app = asked.into_iter().map(|at| Wish { at, way: Way::App });
    let by_word = told.iter().filter_map(|note| Some(Wish { at: note.at, way: note.how? }));
    Ok(by_app.chain(by_word).collect())
}

/// When she last said something: a report, or an addition to one.
fn said_last(rx: &mut Look<'_>, case: &CaseId) -> Result<Option<Timestamp>> {
    use diesel::dsl::max;
    let reported: Option<Timestamp> =
        reports::table.filter(reports::case_id.eq(case)).select(max(reports::received_at)).first(rx.conn())?;
    let added: Option<Timestamp> =
        additions::table.filter(additions::case_id.eq(case)).select(max(additions::received_at)).first(rx.conn())?;
    Ok(reported.max(added))
}
