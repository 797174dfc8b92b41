//! What is done when a hand-over rests too long: the next one that she agreed to is asked, where that is safe to do without anybody;
//! in all other cases a person is told, again and again until it moves.

use std::time::Duration;

use super::consents::{self, Used};
use super::drafts::{self, waits_too_long};
use super::ends::{self, Replacement};
use super::failures::failed;
use super::guards;
use super::kept::{self, Referral};
use super::others;
use super::routing::keeps_away;
use super::state::{Move, State};
use super::steps::{self, Taken};
use crate::base::id::{CaseId, ClockId, ServiceId};
use crate::domain::case;
use crate::domain::case::clocks::{self, Clock, ClockKind};
use crate::domain::case::{Case, store};
use crate::domain::casework;
use crate::domain::casework::owed_words::OwedWord;
use crate::domain::paging::{self, Call, Rung};
use crate::domain::terms::words::YesNoUnknown;
use crate::domain::triage::Phase;
use crate::domain::unit::Unit;
use crate::domain::vault::Damaged;
use crate::error::{Error, Result};

/// Within what time somebody decides what becomes of what a service has, after what may be a wish to withdraw.
const DECIDED: Duration = Duration::from_hours(4);
/// A clock that has passed is told of again no sooner than this.
const AGAIN: Duration = Duration::from_mins(15);

/// Acts on a clock that is to be told of: of hand-overs here, of all others where cases are worked on.
///
/// # Errors
/// What the database says.
pub fn tell_of_clock(tx: &mut Unit<'_>, id: &str) -> Result<()> {
    let clock_id: ClockId = crate::db::due::id(id)?;
    let Some((of, clock)) = clocks::find(tx, &clock_id)? else { return Ok(()) };
    let now = tx.now();
    if !clock.runs() || clock.alarm_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    let has_passed = clock.due_at <= now;
    match clock.kind {
        ClockKind::Referral => {}
        ClockKind::TellSurvivor | ClockKind::DisclosureReview if has_passed => {
            // She is owed it, and it is owed to be looked at, all the same when the case was closed.
            if let Some(mut case) = case::find_locked(tx, &of)? {
                casework::wake(tx, &mut case)?;
            }
            casework::tell_of_clock(tx, id)?;
            return again(tx, &clock);
        }
        ClockKind::TellSurvivor
        | ClockKind::DisclosureReview
        | ClockKind::HumanReview
        | ClockKind::FirstContactOrStandby
        | ClockKind::EscalationDecision
        | ClockKind::ReReview
        | ClockKind::IntimateImage
        | ClockKind::Request
        | ClockKind::CheckIn
        | ClockKind::LookAgain => return casework::tell_of_clock(tx, id),
    }
    let Some(mut case) = case::find_locked(tx, &of)? else { return Ok(()) };
    let (Some(referral), Some(phase)) = (&clock.referral_id, clock.phase) else {
        return casework::tell_of_clock(tx, id);
    };
    let Some(mut referral) = kept::find(tx, &of, referral)? else {
        // Its row is gone, or cannot be read: a person is told, and `recourse check` says which.
        casework::tell_of_clock(tx, id)?;
        return paging::call(tx, &case, Call { reason: "referral_unreadable", at: now, least: Rung::Lead });
    };
    casework::tell_of_clock(tx, id)?;
    if phase == Phase::Draft && waits_too_long(&case, &referral, now) {
        return go_unsigned(tx, &mut case, &mut referral);
    }
    if has_passed {
        passed(tx, &mut case, &mut referral, phase)?;
        again(tx, &clock)?;
    }
    Ok(())
}

/// A clock that has passed is told of again after its span, until what it waits for has come.
fn again(tx: &mut Unit<'_>, clock: &Clock) -> Result<()> {
    let at = tx.now().plus(clock.due_at.since(clock.started_at).max(AGAIN));
    clocks::tell_at(tx, clock.id(), at)
}

/// A child's p0 goes out although nobody signed it: she is in danger, and whoever is at work is alone.
fn go_unsigned(tx: &mut Unit<'_>, case: &mut Case, referral: &mut Referral) -> Result<()> {
    let mut kept = referral.kept()?.clone();
    kept.sending.alone_on_shift = true;
    let knowing_closed = kept.sending.knowing_closed;
    referral.kept = Some(kept);
    let went = drafts::go(tx, case, referral, Taken::System, knowing_closed);
    let (reason, now) = match went {
        Ok(()) => ("referral_alone_on_shift", tx.now()),
        // It cannot go any more: somebody must do something else, now.
        Err(Error::Invalid(_) | Error::Conflict(_)) => ("referral_cannot_go", tx.now()),
        Err(error) => return Err(error),
    };
    paging::call(tx, case, Call { reason, at: now, least: Rung::SafeguardingLead })
}

fn passed(tx: &mut Unit<'_>, case: &mut Case, referral: &mut Referral, phase: Phase) -> Result<()> {
    match phase {
        Phase::Draft => draft_passed(tx, case, referral),
        Phase::Receipt | Phase::Answer => {
            if ask_next(tx, case, referral)? {
                return Ok(());
            }
            failed(tx, case, referral, Some(OwedWord::NoAnswerYet), "referral_silent")
        }
        Phase::Contact | Phase::NextWord => failed(tx, case, referral, Some(OwedWord::NoAnswerYet), "referral_silent"),
        Phase::Acknowledgement => {
            casework::wake(tx, case)?;
            let at = tx.now();
            paging::call(tx, case, Call { reason: "referral_not_acknowledged", at, least: Rung::Lead })
        }
    }
}

/// One that nobody has sent in time. Where its consent does not hold any more it can never go, and ends.
fn draft_passed(tx: &mut Unit<'_>, case: &mut Case, referral: &mut Referral) -> Result<()> {
    let holds = consents::in_force(tx, &case.id, &referral.consent)?.is_some();
    if !holds && referral.kept.is_some() {
        steps::take(tx, case, referral, Move::Expire, Taken::System.silently())?;
        return failed(tx, case, referral, Some(OwedWord::Ended), "referral_expired");
    }
    failed(tx, case, referral, None, "referral_not_sent")
}

/// Asks the next service in the place of one that is silent, once, where nothing speaks against doing so without anybody. Says
/// whether it did.
fn ask_next(tx: &mut Unit<'_>, case: &mut Case, referral: &mut Referral) -> Result<bool> {
    let Some(used) = consents::in_force(tx, &case.id, &referral.consent)? else { return Ok(false) };
    if !may_ask_next(tx, case, referral, &used)? {
        return Ok(false);
    }
    for service in used.fallbacks.iter().filter(|service| **service != referral.service) {
        if is_ready(tx, case, service)? {
            return send_next(tx, case, referral, service).map(|()| true);
        }
    }
    Ok(false)
}

/// Whether a service can be asked now, without anybody who knows that it is closed.
fn is_ready(tx: &mut Unit<'_>, case: &Case, service: &ServiceId) -> Result<bool> {
    match guards::service(tx, case, service) {
        Ok(service) => Ok(!guards::is_closed_till_late(tx, case, &service)),
        Err(Error::Invalid(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn may_ask_next(tx: &mut Unit<'_>, case: &Case, referral: &Referral, used: &Used) -> Result<bool> {
    let unread = referral.state == State::Sent && !referral.was_read();
    if referral.made_by.is_none()
        || !unread
        || !case.state.is_open()
        || case.child
        || used.alone != YesNoUnknown::Yes
        || referral.replaces.is_some()
    {
        return Ok(false);
    }
    if others::is_replaced(tx, referral)? || guards::policy(tx, case).is_err() || guards::is_mirrored(tx, case)? {
        return Ok(false);
    }
    // What came in, and contact that failed, since she agreed may have changed what is safe.
    if !guards::is_unchanged_since(case, used.given_at) || casework::contact_failed_since(tx, &case.id, used.given_at)?
    {
        return Ok(false);
    }
    let facts = match casework::facts(tx, &case.id) {
        Ok(Some(facts)) => facts,
        Ok(None) => return Ok(false),
        Err(error) if Damaged::is(&error) => return Ok(false),
        Err(error) => return Err(error),
    };
    let (Some(kept), Some(sheet)) = (&referral.kept, referral.sheet(tx)?) else { return Ok(false) };
    Ok(!keeps_away(&facts) && guards::sheet(tx, case, kept, &sheet).is_ok())
}

fn send_next(tx: &mut Unit<'_>, case: &mut Case, referral: &mut Referral, service: &ServiceId) -> Result<()> {
    let label = referral.kept()?.label.clone();
    let new =
        Replacement { service_id: service.clone(), consent_id: None, confirmed_at: None, label, knowing_closed: false };
    let mut next = ends::next_of(tx, case, referral, Taken::System, &new)?;
    drafts::go(tx, case, &mut next, Taken::System, false)?;
    let at = tx.now();
    // Whoever is at work rings the next one, and tells her.
    paging::call(tx, case, Call { reason: "referral_sent_to_next", at, least: Rung::OnCall })?;
    store::requeue(tx, case)
}

/// Something came from a platform that may be her wish to withdraw: nothing more is sent by what she agreed to before, and somebody
/// decides within four hours what becomes of what a service has already.
///
/// # Errors
/// What the database says.
pub fn note_wish(tx: &mut Unit<'_>, id: &CaseId) -> Result<()> {
    let Some(case) = &mut case::find_locked(tx, id)? else { return Ok(()) };
    if !others::one_lives(tx, &case.id, None)? {
        return Ok(());
    }
    casework::wake(tx, case)?;
    clocks::within(tx, &case.id, ClockKind::EscalationDecision, DECIDED)?;
    let at = tx.now();
    paging::call(tx, case, Call { reason: "wish_with_referral", at, least: Rung::OnCall })?;
    store::requeue(tx, case)
}
