//! What a service does with a hand-over: it reads it, and says what becomes of it.

use super::super::answers::{self, Answer};
use super::super::consents::Share;
use super::super::state::{Move, State};
use super::super::steps::{self, Said, Taken, Told};
use super::Handed;
use super::held::{Held, locked};
use crate::base::id::{CaseId, ReferralId};
use crate::domain::access::Partner;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::{Conflict, Result};

/// Puts on record that the service reads this much of it. The first time that it shows anything is the receipt.
///
/// # Errors
/// `NotFound` as [`held`]; `NotInForce` where less is to be shown by now than these scopes.
pub(in crate::domain) fn record(
    tx: &mut Unit<'_>,
    who: &Partner,
    id: &ReferralId,
    scopes: &[Share],
    shows: bool,
) -> Result<Handed> {
    let mut held = locked(tx, who, id)?;
    let now_shown = held.shown(tx, who)?.map(|shown| shown.scopes).unwrap_or_default();
    if scopes.iter().any(|scope| !now_shown.contains(scope)) {
        return Err(Conflict::NotInForce.into());
    }
    if shows && held.referral.state == State::Sent {
        let told = Taken::Service(who.agent.id()).silently();
        steps::take(tx, &mut held.case, &mut held.referral, Move::Receive, told)?;
    }
    let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let read = Event::ReferralRead { referral: id.clone(), scopes: words.join(" ") };
    audit::record(tx, Owner::case(&held.case.id), read)?;
    held.handed(tx)
}

/// Takes an answer of the service. The same one twice changes nothing.
///
/// # Errors
/// `NotFound` as [`held`]; `ReferralMoved` where it leads nowhere from where the hand-over stands; `NotInForce` for a yes to what
/// rests on nothing any more.
pub fn answer(
    tx: &mut Unit<'_>,
    who: &Partner,
    id: &ReferralId,
    answer: Answer,
    said: Result<Said>,
) -> Result<(CaseId, Handed)> {
    let mut held = locked(tx, who, id)?;
    let said = &said?;
    answers::check_said(said, answer)?;
    // What one has taken on is theirs to go on with, and whoever's who coordinates. That no copy is left anybody may say.
    if answer != Answer::Acknowledge && !held.is_for(tx, who)? {
        return Err(Conflict::ReferralMoved { state: held.referral.state.as_str() }.into());
    }
    if !is_said_already(tx, &held, who, answer, said)? {
        if answer == Answer::Accept && held.referral.state.is_open() && held.shown(tx, who)?.is_none() {
            return Err(Conflict::NotInForce.into());
        }
        let told = Told { by: Taken::Service(who.agent.id()), said };
        answers::answer(tx, &mut held.case, &mut held.referral, answer, told)?;
    }
    Ok((held.case.id.clone(), held.handed(tx)?))
}

/// Whether the service has said this before, and nothing has moved since.
fn is_said_already(rx: &mut Look<'_>, held: &Held, who: &Partner, answer: Answer, said: &Said) -> Result<bool> {
    let referral = &held.referral;
    Ok(match (answer, referral.state) {
        // A second person who says yes has not taken it on.
        (Answer::Accept, State::Accepted) => held.is_accepted_by(who),
        (Answer::Receive, State::Received)
        | (Answer::Contacted, State::Contacted)
        | (Answer::UnableToContact, State::UnableToContact) => true,
        (Answer::Close, State::Closed) => referral.kept.as_ref().is_some_and(|kept| kept.outcome == said.outcome),
        (Answer::Decline, State::Declined) => {
            let steps = steps::of(rx, &held.case.id, &referral.id, false)?;
            steps.last().is_some_and(|last| last.reason == said.reason)
        }
        (Answer::Acknowledge, _) => {
            let steps = steps::of(rx, &held.case.id, &referral.id, false)?;
            let was_said = steps.iter().any(|step| step.step == steps::Step::Acknowledge);
            was_said && !held.owes_acknowledgement(rx)?
        }
        (
            Answer::Receive
            | Answer::Accept
            | Answer::Decline
            | Answer::Contacted
            | Answer::UnableToContact
            | Answer::Close,
            _,
        ) => false,
    })
}
