//! Who works on a case: claims with a lease, holds, and taking a case up again.

use std::time::Duration;

use diesel::prelude::*;

use super::hand_overs;
use super::moved;
use super::priority;
use super::review;
use crate::base::time::Timestamp;
use crate::db::due::{self, DueRow};
use crate::db::schema::cases;
use crate::domain::access::{Acting, Claim, Grant, Read, Reopen, Work};
use crate::domain::case::clocks::{self, Clock, ClockKind};
use crate::domain::case::store;
use crate::domain::case::{Action, Case, State};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::paging;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::rules::Casework;
use crate::error::{Conflict, Error, Result};

/// How long a claim holds without a heartbeat.
pub(in crate::domain) const LEASE: Duration = Duration::from_mins(15);
/// How long a case may be set aside.
pub(in crate::domain) const LONGEST_HOLD: Duration = Duration::from_hours(LONGEST_HOLD_HOURS);
const LONGEST_HOLD_HOURS: u64 = 72;
/// How long a case that was handed to somebody is offered to them alone: a shift. Never past its next deadline, so
/// that a person who is away lets nothing lapse.
pub(in crate::domain) const RESERVED: Duration = Duration::from_hours(8);

/// Takes a case; one that somebody else holds when they have offered it. Taking one's own again renews the lease.
///
/// # Errors
/// `ClaimedByOther`, or `Transition` for a case that is closed or on hold.
pub fn claim(tx: &mut Unit<'_>, grant: Grant<Claim>) -> Result<Case> {
    let (mut case, who) = grant.into_parts();
    may_claim(tx, &case, &who)?;
    write_claim(tx, &mut case, &who)?;
    Ok(case)
}

/// Whether the case can be taken by this person as it stands.
pub(super) fn may_claim(rx: &mut Look<'_>, case: &Case, who: &Acting) -> Result<()> {
    if case.is_held_by_other(&who.id, rx.now()) && !hand_overs::is_offered(rx, case, &who.id)? {
        return Err(Conflict::ClaimedByOther.into());
    }
    if !case.state.is_claimable() && case.state != State::AwaitingPlatform {
        return Err(Conflict::Transition { from: case.state.as_str(), action: "claim" }.into());
    }
    Ok(())
}

/// Writes the claim down. It ends the alarm of what wakes nobody, and stills that of what does for a while: only who
/// reads the case and does something about it ends that one ([`super::review`]).
pub(in crate::domain) fn write_claim(tx: &mut Unit<'_>, case: &mut Case, who: &Acting) -> Result<()> {
    let kit = tx.kit();
    let until = tx.now().plus(LEASE);
    let renews = case.is_held_by(&who.id, tx.now());
    case.assigned_to = Some(who.id.clone());
    case.claimed_until = Some(until);
    case.reserved_until = None;
    if !renews {
        case.read_at = None;
        case.acted_at = None;
        hand_overs::end_by_claim(tx, case, &who.id)?;
    }
    store::set_holder(tx, case)?;
    match (priority::is_urgent(kit, case.priority), renews) {
        (true, false) => paging::still(tx, case, &who.person)?,
        (true, true) => {}
        (false, _) => paging::quiet(tx, &case.id)?,
    }
    audit::record(tx, Owner::case(&case.id), Event::Claimed { until })
}

/// Renews the lease.
pub fn heartbeat(tx: &mut Unit<'_>, grant: Grant<Work>) -> Result<Case> {
    let (mut case, _) = grant.into_parts();
    case.claimed_until = Some(tx.now().plus(LEASE));
    store::set_holder(tx, &mut case)?;
    Ok(case)
}

/// Renews the lease of a colleague who looks at the case and holds it: whoever asks for a page of it is there. For anybody else
/// nothing changes. Gives the case as it is then.
///
/// # Errors
/// What the database says.
pub fn keep_if_held(tx: &mut Unit<'_>, grant: Grant<Read>) -> Result<Case> {
    let (mut case, who) = grant.into_parts();
    keep(tx, &mut case, &who)?;
    Ok(case)
}

/// The same, for a case that is in hand.
pub(in crate::domain) fn keep(tx: &mut Unit<'_>, case: &mut Case, who: &Acting) -> Result<()> {
    if case.is_held_by(&who.id, tx.now()) {
        case.claimed_until = Some(tx.now().plus(LEASE));
        store::set_holder(tx, case)?;
    }
    Ok(())
}

/// Gives the case back to its queue. An urgent one is nobody's then, so somebody is told: at once, when whoever had it
/// did nothing about it.
pub fn release(tx: &mut Unit<'_>, grant: Grant<Work>) -> Result<Case> {
    let (mut case, who) = grant.into_parts();
    audit::record(tx, Owner::case(&case.id), Event::Released)?;
    give_back(tx, &mut case, &who, "released")?;
    Ok(case)
}

/// Makes a case nobody's that this person holds, and has somebody told of an urgent one for this reason.
pub(super) fn give_back(tx: &mut Unit<'_>, case: &mut Case, who: &Acting, reason: &str) -> Result<()> {
    let attended = case.is_attended(tx.now());
    hand_overs::end(tx, case, "released")?;
    case.assigned_to = None;
    case.claimed_until = None;
    case.reserved_until = None;
    store::set_holder(tx, case)?;
    if attended {
        priority::page_if_urgent(tx, case, reason)?;
    } else {
        priority::page_now_if_urgent(tx, case, reason)?;
    }
    // Who gave it back and takes it again stills nothing.
    paging::note_stilled(tx, &case.id, &who.person)
}

/// Begins the work.
pub(super) fn start(tx: &mut Unit<'_>, grant: Grant<Work>) -> Result<Case> {
    let (mut case, who) = grant.into_parts();
    moved::move_along(tx, &mut case, Action::Start, None)?;
    review::note_act(tx, &mut case, &who)?;
    Ok(case)
}

/// Sets the case aside with a reason. The claim ends, the person keeps it, and its clocks run on.
///
/// # Errors
/// `Unread` when they have not read all of it; `Invalid` without a reason or with an `until` that has passed or lies more than 72 hours ahead.
pub(super) fn hold(tx: &mut Unit<'_>, grant: Grant<Work>, reason: &str, until: Option<Timestamp>) -> Result<Case> {
    let (mut case, who) = grant.into_parts();
    let until = until.ok_or_else(|| Error::invalid("/until", Casework::HoldWithoutEnd(LONGEST_HOLD_HOURS)))?;
    if until <= tx.now() || until > tx.now().plus(LONGEST_HOLD) {
        return Err(Error::invalid("/until", Casework::HoldOutOfRange(LONGEST_HOLD_HOURS)));
    }
    require_reason(reason)?;
    may_hold(&case)?;
    moved::move_along(tx, &mut case, Action::Hold, None)?;
    crate::domain::casework::notes::write_reason(tx, &case.id, &who, reason)?;
    review::note_act(tx, &mut case, &who)?;
    hand_overs::end(tx, &case, "held")?;
    case.claimed_until = None;
    case.held_until = Some(until);
    store::set_holder(tx, &mut case)?;
    Ok(case)
}

/// Whether its holder can set the case aside as it stands.
pub(super) fn may_hold(case: &Case) -> Result<()> {
    case.next(Action::Hold)?;
    review::require_read(case)
}

/// Takes a case up again that was on hold, or that waits for a platform. An urgent one is nobody's then, so somebody is
/// told, unless it is claimed by then.
pub(super) fn resume(tx: &mut Unit<'_>, grant: Grant<Reopen>) -> Result<Case> {
    let (mut case, _) = grant.into_parts();
    set_going(tx, &mut case)?;
    priority::page_if_left(tx, &case, "resumed")?;
    Ok(case)
}

/// Has a case worked on again that was set aside or waits for its platform, because something has happened. Says whether
/// it was one; any other stays as it is.
pub(in crate::domain) fn bring_back(tx: &mut Unit<'_>, case: &mut Case) -> Result<bool> {
    let waits = case.state.next(Action::Resume).is_some();
    if waits {
        set_going(tx, case)?;
    }
    Ok(waits)
}

/// Moves the case along, and offers it to whom it belongs for a while.
fn set_going(tx: &mut Unit<'_>, case: &mut Case) -> Result<()> {
    let kit = tx.kit();
    moved::move_along(tx, case, Action::Resume, None)?;
    // What has somebody woken is kept for nobody: the one who knew it may be asleep.
    let keep = case.assigned_to.is_some() && !priority::is_urgent(kit, case.priority);
    case.reserved_until = keep.then(|| reserved(tx.now(), case.next_due_at));
    store::set_holder(tx, case)
}

pub(super) fn reserved(now: Timestamp, next_due_at: Timestamp) -> Timestamp {
    store::earlier(now.plus(RESERVED), next_due_at)
}

/// Takes a closed case up again, by a person with a reason.
pub(super) fn reopen(tx: &mut Unit<'_>, grant: Grant<Reopen>, reason: &str) -> Result<Case> {
    let (mut case, who) = grant.into_parts();
    require_reason(reason)?;
    open_again(tx, &mut case)?;
    crate::domain::casework::notes::write_reason(tx, &case.id, &who, reason)?;
    priority::page_if_left(tx, &case, "reopened")?;
    Ok(case)
}

/// Takes a closed case up again for something that its platform must not learn of, such as a hand-over that failed. Any other
/// case stays as it is.
pub(in crate::domain) fn wake(tx: &mut Unit<'_>, case: &mut Case) -> Result<()> {
    if case.state != State::Closed {
        return Ok(());
    }
    moved::reopen_unseen(tx, case)?;
    start_anew(tx, case)
}

/// Opens a closed case again, because a person has a reason or more has come in, and starts its clocks anew.
pub(in crate::domain) fn open_again(tx: &mut Unit<'_>, case: &mut Case) -> Result<()> {
    moved::move_along(tx, case, Action::Reopen, None)?;
    start_anew(tx, case)
}

fn start_anew(tx: &mut Unit<'_>, case: &mut Case) -> Result<()> {
    case.assigned_to = None;
    case.claimed_until = None;
    case.reserved_until = None;
    store::set_holder(tx, case)?;
    let now = tx.now();
    let due = priority::due_for(tx, case.priority, &case.queues())?;
    let mut fresh = clocks::first(&case.id, now, &due, now.plus(due.human_review));
    // A first contact happens once; one that never happened is due again.
    let reached = clocks::of_case(tx, &case.id)?.iter().any(Clock::is_first_contact_made);
    fresh.retain(|clock: &Clock| !(reached && clock.kind == ClockKind::FirstContactOrStandby));
    clocks::insert(tx, &fresh)?;
    store::requeue(tx, case)
}

/// A few of the cases whose claim ran out without a word.
///
/// # Errors
/// What the database says.
pub fn claims_lapsed(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let ((at, id), now) = (due::place(after), rx.now());
    due::walk(limit, |limit| {
        let further = cases::claimed_until.gt(at).or(cases::claimed_until.eq(at).and(cases::id.gt(id)));
        cases::table
            .filter(cases::claimed_until.le(now).and(further))
            .order((cases::claimed_until, cases::id))
            .limit(limit)
            .select((cases::claimed_until.assume_not_null(), cases::id))
            .load(rx.conn())
    })
}

/// Ends such a claim. Whoever held the case has said nothing for a quarter of an hour: of an urgent one somebody is told
/// at once, and they with them.
///
/// # Errors
/// What the database says.
pub fn lapse(tx: &mut Unit<'_>, id: &str) -> Result<()> {
    let kit = tx.kit();
    let Some(mut case) = store::find_locked(tx, &due::id(id)?)? else { return Ok(()) };
    if case.claimed_until.is_none_or(|until| until > tx.now()) {
        return Ok(());
    }
    hand_overs::end(tx, &case, "lapsed")?;
    case.claimed_until = None;
    store::set_holder(tx, &mut case)?;
    if let Some(staff) = case.assigned_to.clone() {
        audit::record(tx, Owner::case(&case.id), Event::ClaimEnded { staff, what: "claim", cause: "lapsed" })?;
    }
    let waits = case.state.is_open() && priority::is_urgent(kit, case.priority);
    if waits { priority::call_now(tx, &case, "claim_lapsed") } else { Ok(()) }
}

/// A few of the cases whose hold has ended.
pub fn holds_ended(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let ((at, id), now) = (due::place(after), rx.now());
    due::walk(limit, |limit| {
        cases::table
            .filter(cases::held_until.le(now))
            .filter(cases::held_until.gt(at).or(cases::held_until.eq(at).and(cases::id.gt(id))))
            .order((cases::held_until, cases::id))
            .limit(limit)
            .select((cases::held_until.assume_not_null(), cases::id))
            .load(rx.conn())
    })
}

/// Takes up a case whose hold has ended.
pub fn end_hold(tx: &mut Unit<'_>, id: &str) -> Result<()> {
    let Some(mut case) = store::find_locked(tx, &due::id(id)?)? else { return Ok(()) };
    let over = case.held_until.is_some_and(|until| until <= tx.now());
    if case.state == State::OnHold && over && bring_back(tx, &mut case)? {
        priority::page_if_left(tx, &case, "hold_ended")?;
    }
    Ok(())
}

/// A reason in words.
pub(super) fn require_reason(reason: &str) -> Result<()> {
    if reason.trim().is_empty() {
        return Err(Error::invalid("/reason", Casework::NoReason));
    }
    Ok(())
}

/// Ends a claim without a trace of its own, when an act that ends it is recorded anyway; and what was offered of it.
pub(super) fn end(tx: &mut Unit<'_>, case: &mut Case, why: &'static str) -> Result<()> {
    hand_overs::end(tx, case, why)?;
    case.claimed_until = None;
    case.reserved_until = None;
    store::set_holder(tx, case)
}
