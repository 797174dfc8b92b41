//! Taking a hand-over back, replacing one by another, and letting a service see what has come in since.

use serde::Deserialize;
use utoipa::ToSchema;

use super::drafts::{self, begin, seen};
use super::failures;
use super::guards;
use super::kept::{self, New, Referral};
use super::notices;
use super::others;
use super::state::{Move, State};
use super::steps::{self, MOST, Said, Taken, Told};
use super::view::{ReferralView, view};
use crate::base::id::{CaseId, ConsentId, ReferralId, ServiceId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::access::{Grant, Refer, WriteNote};
use crate::domain::case::clocks::{self, Clock, ClockKind};
use crate::domain::case::{Case, store};
use crate::domain::casework;
use crate::domain::casework::owed_words::OwedWord;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::ledger::seen::Seen;
use crate::domain::people::staff::Role;
use crate::domain::triage::Phase;
use crate::domain::unit::Unit;
use crate::domain::vault::Owner;
use crate::error::rules::{Form, Referring};
use crate::error::{Conflict, Error, Result};

/// That a hand-over is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReferralWithdrawal)]
pub struct Withdrawal {
    /// Whether she asked for it. Otherwise she is owed to know that it ended.
    pub she_asked: bool,
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    pub words: String,
}

silent! { Withdrawal }

/// Takes a hand-over back. It needs no claim, and holds from the commit on.
///
/// # Errors
/// `NotFound` when the case has none of this id; `ReferralMoved` when it has ended.
pub fn withdraw(tx: &mut Unit<'_>, grant: Grant<WriteNote>, id: &ReferralId, new: &Withdrawal) -> Result<ReferralView> {
    let (mut case, who) = grant.into_parts();
    let mut referral = kept::find(tx, &case.id, id)?.ok_or(Error::NotFound)?;
    let length = new.words.chars().count();
    if new.words.trim().is_empty() || length > 1_000 {
        let rule = if length > 1_000 { Form::TooLong(1_000) } else { Form::Required };
        return Err(Error::invalid("/words", rule));
    }
    let was_sent = referral.sent_at.is_some();
    let said = Said { words: Some(new.words.clone()), ..Said::default() };
    steps::take(tx, &mut case, &mut referral, Move::Withdraw, Told { by: Taken::Staff(&who.id), said: &said })?;
    if was_sent && !new.she_asked {
        failures::owe(tx, &case, &referral, OwedWord::Ended)?;
        store::requeue(tx, &mut case)?;
    }
    casework::note_act(tx, &mut case, &who)?;
    view(tx, &case.id, &referral, true)
}

/// She took a consent back: every hand-over that rests on it is taken back with it, and whoever has read one that has ended says that
/// no copy is left.
pub(super) fn end_with_consent(tx: &mut Unit<'_>, case: &mut Case, consent: &ConsentId, by: &StaffId) -> Result<()> {
    for mut referral in resting_on(tx, &case.id, consent)? {
        if !referral.state.has_ended() {
            steps::take(tx, case, &mut referral, Move::Withdraw, Taken::Staff(by).silently())?;
        } else if referral.was_read() && referral.state != State::Withdrawn {
            owe_acknowledgement(tx, case, &mut referral)?;
        }
    }
    Ok(())
}

/// She took a part of a consent back: whoever has read what she took back says that no copy is left.
pub(super) fn narrow_with_consent(tx: &mut Unit<'_>, case: &mut Case, consent: &ConsentId) -> Result<()> {
    for mut referral in resting_on(tx, &case.id, consent)?.into_iter().filter(Referral::was_read) {
        owe_acknowledgement(tx, case, &mut referral)?;
    }
    store::requeue(tx, case)
}

fn resting_on(tx: &mut Unit<'_>, case: &CaseId, consent: &ConsentId) -> Result<Vec<Referral>> {
    let mut all = kept::of_case(tx, case, MOST)?;
    all.retain(|referral| referral.consent == *consent);
    Ok(all)
}

/// A service owes the word that no copy is left. Its version moves, so that whoever goes by that reads it again.
fn owe_acknowledgement(tx: &mut Unit<'_>, case: &Case, referral: &mut Referral) -> Result<()> {
    kept::keep(tx, referral)?;
    let phase = Phase::Acknowledgement;
    let due_at = steps::due(tx, case, referral, phase);
    let clock = Clock::begin(&case.id, ClockKind::Referral, tx.now(), due_at).of_referral(&referral.id, phase);
    clocks::insert(tx, &[clock])?;
    notices::of_taking_back(tx, case, referral)
}

/// What takes the place of a hand-over that came to nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReferralReplacement)]
pub struct Replacement {
    /// To which service it goes now.
    #[schema(value_type = String, pattern = "^svc_[0-9a-hjkmnp-tv-z]{26}$")]
    pub service_id: ServiceId,
    /// On which consent, if not on the same.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^con_[0-9a-hjkmnp-tv-z]{26}$")]
    pub consent_id: Option<ConsentId>,
    /// When she confirmed the contact sheet again, where that was more than 72 hours ago.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub confirmed_at: Option<Timestamp>,
    /// What she calls this service.
    #[schema(min_length = 1, max_length = 60)]
    pub label: String,
    /// That you know that nobody is there until its answer is due.
    #[serde(default)]
    pub knowing_closed: bool,
}

silent! { Replacement }

/// Sends another service what one did not take: the same contact sheet and summary, after every check of a sending. The one that is
/// replaced ends, and says that no copy is left where it has read it. She is owed to know.
///
/// # Errors
/// As [`drafts::send`]; `ReferralMoved` for one that was never sent, is done, or was replaced before.
pub fn replace(
    tx: &mut Unit<'_>,
    grant: Grant<Refer>,
    id: &ReferralId,
    seen_of: &Seen,
    new: &Replacement,
) -> Result<ReferralView> {
    let (mut case, who) = grant.into_parts();
    let mut old = seen(tx, &case.id, id, seen_of)?;
    casework::require_known(tx, &case, &who.id)?;
    guards::may_send_mirrored(tx, &case, &who)?;
    guards::knows_nobody_there(tx, &who, &new.service_id)?;
    let length = new.label.chars().count();
    if new.label.trim().is_empty() || length > 60 {
        let rule = if length > 60 { Form::TooLong(60) } else { Form::Required };
        return Err(Error::invalid("/label", rule));
    }
    let mut next = next_of(tx, &mut case, &mut old, Taken::Staff(&who.id), new)?;
    if case.child && who.role != Role::SafeguardingLead {
        drafts::may_go(tx, &case, &next, new.knowing_closed)?;
        drafts::ask(tx, &mut case, &mut next, &who.id, new.knowing_closed)?;
    } else {
        drafts::go(tx, &mut case, &mut next, Taken::Staff(&who.id), new.knowing_closed)?;
    }
    casework::note_act(tx, &mut case, &who)?;
    view(tx, &case.id, &next, true)
}

/// Ends one that came to nothing, and drafts the one that takes its place.
pub(super) fn next_of(
    tx: &mut Unit<'_>,
    case: &mut Case,
    old: &mut Referral,
    by: Taken<'_>,
    new: &Replacement,
) -> Result<Referral> {
    let moved = Error::from(Conflict::ReferralMoved { state: old.state.as_str() });
    if others::is_replaced(tx, old)? || old.sent_at.is_none() {
        return Err(moved);
    }
    match old.state {
        State::Sent => steps::take(tx, case, old, Move::Expire, by.silently())?,
        State::Received | State::Accepted | State::Contacted | State::UnableToContact => {
            steps::take(tx, case, old, Move::Withdraw, by.silently())?;
        }
        State::Declined | State::Expired => {}
        State::Drafted | State::Withdrawn | State::Closed => return Err(moved),
    }
    let made_by = match by {
        Taken::Staff(id) => Some(id.clone()),
        Taken::Service(_) | Taken::System => old.made_by.clone(),
    };
    let made_by = made_by.ok_or(Error::NotFound)?;
    let mut kept = old.kept()?.clone();
    let (summary, sheet) = (old.summary(tx)?, old.sheet(tx)?);
    let hours = super::shape::CONFIRMED.as_secs() / 3_600;
    let mut sheet = sheet.ok_or_else(|| Error::invalid("/confirmed_at", Referring::Confirmed(hours)))?;
    sheet.confirmed_at = new.confirmed_at.map_or(sheet.confirmed_at, |at| at.by_another_clock(tx.now()));
    sheet.agreed_at = sheet.agreed_at.filter(|at| *at > tx.now());
    (kept.agreed_at, kept.confirmed_at) = (sheet.agreed_at, sheet.confirmed_at);
    kept.service = new.service_id.clone();
    kept.consent = new.consent_id.clone().unwrap_or(kept.consent);
    kept.label.clone_from(&new.label);
    // The first service took it on, if anybody did: of the next one nobody has.
    (kept.sending, kept.outcome, kept.accepter) = (kept::Sending::default(), None, None);
    failures::owe(tx, case, old, OwedWord::SentToNext)?;
    let made = New { kept, summary: summary.as_deref(), sheet: &sheet, by: &made_by, replaces: Some(&old.id) };
    begin(tx, case, made)
}

/// Lets a service see what has come in since it was sent, by the consent as it holds now.
///
/// # Errors
/// `ReferralMoved` for one that is with no service; `Invalid` when nothing is new, or the consent does not hold.
pub fn share(tx: &mut Unit<'_>, grant: Grant<Refer>, id: &ReferralId, seen_of: &Seen) -> Result<ReferralView> {
    let (mut case, who) = grant.into_parts();
    let mut referral = seen(tx, &case.id, id, seen_of)?;
    casework::require_known(tx, &case, &who.id)?;
    if !referral.state.is_living() {
        return Err(Conflict::ReferralMoved { state: referral.state.as_str() }.into());
    }
    let mut kept = referral.kept()?.clone();
    guards::consent(tx, &case, &kept.consent, &kept.service)?;
    if kept.shared_until >= case.content_at {
        return Err(Error::invalid("", Referring::NothingNew));
    }
    kept.shared_until = case.content_at;
    kept.shared = kept::come_in(tx, &case.id)?;
    referral.kept = Some(kept);
    kept::keep(tx, &mut referral)?;
    let shared = Event::ReferralShared { referral: referral.id.clone() };
    audit::record(tx, Owner::case(&case.id), shared)?;
    casework::note_act(tx, &mut case, &who)?;
    store::bump(tx, &mut case)?;
    view(tx, &case.id, &referral, true)
}
