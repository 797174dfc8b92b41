//! Drafting a hand-over and sending it.

use std::time::Duration;

use super::consents::Used;
use super::guards;
use super::kept::{self, Kept, New, Referral};
use super::shape::NewReferral;
use super::state::{Move, State};
use super::steps::{self, MOST, Taken};
use super::view::{ReferralView, view};
use crate::base::id::{CaseId, ReferralId, StaffId};
use crate::base::time::Timestamp;
use crate::domain::access::{Grant, Refer, SignSecond};
use crate::domain::case::clocks::{self, ClockKind};
use crate::domain::case::{Case, store};
use crate::domain::casework::{self, wishes};
use crate::domain::counting;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::ledger::seen::Seen;
use crate::domain::paging::{self, Call, Rung};
use crate::domain::people::staff::{self, Role};
use crate::domain::triage::Priority;
use crate::domain::unit::Unit;
use crate::domain::vault::Owner;
use crate::error::rules::{Form, Referring};
use crate::error::{Conflict, Error, Forbidden, Result};

/// A case has so many at most.
const LONGEST: usize = 100;
/// How long a child's p0 waits for a second person, before it goes out all the same.
const SIGNED: Duration = Duration::from_mins(10);

/// Drafts a hand-over. Nothing leaves by it.
///
/// # Errors
/// `Conflict` of a closed case, `Unread` when not all of it was read, `Invalid` with everything that is wrong.
pub fn draft(tx: &mut Unit<'_>, grant: Grant<Refer>, new: &NewReferral) -> Result<ReferralView> {
    let (mut case, who) = grant.into_parts();
    let mut new = new.clone();
    new.sheet.confirmed_at = new.sheet.confirmed_at.by_another_clock(tx.now());
    let new = &new;
    is_open(&case)?;
    casework::require_known(tx, &case, &who.id)?;
    let used = guards::consent(tx, &case, &new.consent_id, &new.service_id)?;
    guards::service(tx, &case, &new.service_id)?;
    guards::knows_nobody_there(tx, &who, &new.service_id)?;
    let (wishes, now) = (wishes::in_force(tx, &case.id)?, tx.now());
    new.check(&used.scopes, &wishes, now)?;
    let kept = Kept::of(new, &case, guards::basis(&case, &used.scopes));
    let made = New { kept, summary: new.summary.as_deref(), sheet: &new.sheet, by: &who.id, replaces: None };
    let referral = begin(tx, &mut case, made)?;
    casework::note_act(tx, &mut case, &who)?;
    view(tx, &case.id, &referral, true)
}

fn is_open(case: &Case) -> Result<()> {
    if case.state.is_open() {
        return Ok(());
    }
    Err(Conflict::Transition { from: case.state.as_str(), action: "refer" }.into())
}

/// Keeps a draft, with its clock and its record.
pub(super) fn begin(tx: &mut Unit<'_>, case: &mut Case, new: New<'_>) -> Result<Referral> {
    // All of a case are looked at whenever one moves.
    if kept::of_case(tx, &case.id, MOST)?.len() >= LONGEST {
        return Err(Error::invalid("", Form::TooMany(LONGEST)));
    }
    let referral = kept::insert(tx, &case.id, case.mode, new)?;
    let (id, service, consent) = (referral.id.clone(), referral.service.clone(), referral.consent.clone());
    audit::record(tx, Owner::case(&case.id), Event::ReferralDrafted { referral: id, service, consent })?;
    steps::begin_clock(tx, case, &referral)?;
    steps::stand(tx, case)?;
    store::bump(tx, case)?;
    store::requeue(tx, case)?;
    Ok(referral)
}

/// A hand-over of a case, with what the caller saw of it compared.
pub(super) fn seen(tx: &mut Unit<'_>, case: &CaseId, id: &ReferralId, seen: &Seen) -> Result<Referral> {
    let referral = kept::find(tx, case, id)?.ok_or(Error::NotFound)?;
    seen.holds(referral.version)?;
    Ok(referral)
}

/// How somebody sends.
pub struct Sending {
    /// What they saw of it.
    pub seen: Seen,
    /// That they know that nobody is there until its answer is due.
    pub knowing_closed: bool,
}

/// Sends a hand-over; of a child it is asked for, until the safeguarding lead signs it. Everything is looked at again.
///
/// # Errors
/// `PreconditionFailed` when it has changed, `ReferralMoved` when it is none that is sent, `NoPolicy` while no documents are named,
/// `Invalid` for what does not hold any more.
pub fn send(tx: &mut Unit<'_>, grant: Grant<Refer>, id: &ReferralId, how: &Sending) -> Result<ReferralView> {
    let (mut case, who) = grant.into_parts();
    let mut referral = seen(tx, &case.id, id, &how.seen)?;
    casework::require_known(tx, &case, &who.id)?;
    guards::may_send_mirrored(tx, &case, &who)?;
    guards::knows_nobody_there(tx, &who, &referral.service)?;
    if case.child && who.role != Role::SafeguardingLead {
        may_go(tx, &case, &referral, how.knowing_closed)?;
        ask(tx, &mut case, &mut referral, &who.id, how.knowing_closed)?;
    } else {
        go(tx, &mut case, &mut referral, Taken::Staff(&who.id), how.knowing_closed)?;
    }
    casework::note_act(tx, &mut case, &who)?;
    view(tx, &case.id, &referral, true)
}

/// Has the safeguarding lead asked to sign a child's hand-over, and told now. A p0 does not wait for long.
pub(super) fn ask(
    tx: &mut Unit<'_>,
    case: &mut Case,
    referral: &mut Referral,
    by: &StaffId,
    knowing_closed: bool,
) -> Result<()> {
    let now = tx.now();
    let mut kept = referral.kept()?.clone();
    if kept.sending.asked.is_none() {
        kept.sending.asked = Some((by.clone(), now));
    }
    kept.sending.knowing_closed = knowing_closed;
    referral.kept = Some(kept);
    kept::keep(tx, referral)?;
    let asked = Event::ReferralAsked { referral: referral.id.clone() };
    audit::record(tx, Owner::case(&case.id), asked)?;
    if case.priority == Priority::P0 {
        let all = clocks::of_case(tx, &case.id)?;
        let mine = |clock: &&clocks::Clock| clock.referral_id.as_ref() == Some(&referral.id) && clock.runs();
        if let Some(clock) = all.iter().find(mine) {
            clocks::tell_at(tx, clock.id(), now.plus(SIGNED))?;
        }
    }
    store::bump(tx, case)?;
    paging::call(tx, case, Call { reason: "referral_to_sign", at: now, least: Rung::SafeguardingLead })
}

/// Since when a child's p0 waits too long for its second person.
pub(super) fn waits_too_long(case: &Case, referral: &Referral, now: Timestamp) -> bool {
    let asked = referral.kept.as_ref().and_then(|kept| kept.sending.asked.as_ref());
    let is_urgent = referral.state == State::Drafted && case.priority == Priority::P0;
    is_urgent && asked.is_some_and(|(_, at)| at.plus(SIGNED) <= now)
}

/// Signs a child's hand-over, which goes out by it.
///
/// # Errors
/// `SecondPerson` for the one who asked; `ReferralMoved` when nobody asked, or it has gone; else as [`send`].
pub fn sign(tx: &mut Unit<'_>, grant: Grant<SignSecond>, id: &ReferralId, seen_of: &Seen) -> Result<ReferralView> {
    let (mut case, who) = grant.into_parts();
    let mut referral = seen(tx, &case.id, id, seen_of)?;
    casework::require_known(tx, &case, &who.id)?;
    let sending = referral.kept()?.sending.clone();
    let Some((asker, _)) = sending.asked.filter(|_| referral.state == State::Drafted) else {
        return Err(Conflict::ReferralMoved { state: referral.state.as_str() }.into());
    };
    guards::knows_nobody_there(tx, &who, &referral.service)?;
    if staff::person_of(tx, &asker)?.is_none_or(|person| person == who.person) {
        return Err(Error::Forbidden(Forbidden::SecondPerson));
    }
    go(tx, &mut case, &mut referral, Taken::Staff(&who.id), sending.knowing_closed)?;
    casework::note_act(tx, &mut case, &who)?;
    view(tx, &case.id, &referral, true)
}

/// Whether it can go now: all that has to hold of consent, service and contact sheet, but for who sends it.
pub(super) fn may_go(tx: &mut Unit<'_>, case: &Case, referral: &Referral, knowing_closed: bool) -> Result<Used> {
    if referral.state != State::Drafted {
        return Err(Conflict::ReferralMoved { state: referral.state.as_str() }.into());
    }
    is_open(case)?;
    guards::policy(tx, case)?;
    let kept = referral.kept()?;
    let used = guards::consent(tx, case, &kept.consent, &kept.service)?;
    let service = guards::service(tx, case, &kept.service)?;
    let sheet = referral.sheet(tx)?;
    let hours = super::shape::CONFIRMED.as_secs() / 3_600;
    let sheet = sheet.ok_or_else(|| Error::invalid("/sheet/confirmed_at", Referring::Confirmed(hours)))?;
    guards::sheet(tx, case, kept, &sheet)?;
    if guards::is_closed_till_late(tx, case, &service) && !knowing_closed {
        return Err(Error::invalid("/knowing_closed", Referring::ClosedTillLate));
    }
    Ok(used)
}

/// Sends it. That is a decision to escalate, and counts for the public as other acts do.
pub(super) fn go(
    tx: &mut Unit<'_>,
    case: &mut Case,
    referral: &mut Referral,
    by: Taken<'_>,
    knowing_closed: bool,
) -> Result<()> {
    let used = may_go(tx, case, referral, knowing_closed)?;
    let mut kept = referral.kept()?.clone();
    kept.basis = guards::basis(case, &used.scopes);
    kept.sending.knowing_closed = knowing_closed;
    kept.sending.sent_by = match by {
        Taken::Staff(id) => Some(id.clone()),
        Taken::Service(_) | Taken::System => None,
    };
    referral.kept = Some(kept);
    steps::take(tx, case, referral, Move::Send, by.silently())?;
    clocks::meet(tx, &case.id, ClockKind::EscalationDecision, None)?;
    counting::count(tx, case)?;
    store::requeue(tx, case)
}
