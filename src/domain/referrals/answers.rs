//! What a service said by telephone, as a colleague writes it down, step by step.

use std::time::Duration;

use serde::Deserialize;
use utoipa::ToSchema;

use super::failures::{self, failed};
use super::kept::{self, Referral};
use super::state::Move;
use super::steps::{self, DeclineReason, Outcome, Said, Step, Taken, Told};
use super::view::{ReferralView, view};
use crate::base::code::codes;
use crate::base::id::ReferralId;
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::access::{Grant, WriteNote};
use crate::domain::case::clocks;
use crate::domain::case::{Case, store};
use crate::domain::casework;
use crate::domain::casework::owed_words::OwedWord;
use crate::domain::unit::Unit;
use crate::error::rules::{Form, Referring};
use crate::error::{Conflict, Error, Result, Violations};

codes! {
    /// What a service can say of a hand-over.
    pub enum Answer as ReferralAnswer {
        /// They have it before them.
        Receive = "receive",
        /// They take it on.
        Accept = "accept",
        /// They cannot take it, or not go on with it.
        Decline = "decline",
        /// They were in contact with her.
        Contacted = "contacted",
        /// They could not reach her.
        UnableToContact = "unable_to_contact",
        /// They are done.
        Close = "close",
        /// No copy is left there: of one that was taken back, or of what she took back a part.
        Acknowledge = "acknowledge",
    }
}

impl Answer {
    const fn as_move(self) -> Option<Move> {
        match self {
            Self::Receive => Some(Move::Receive),
            Self::Accept => Some(Move::Accept),
            Self::Decline => Some(Move::Decline),
            Self::Contacted => Some(Move::Contacted),
            Self::UnableToContact => Some(Move::UnableToContact),
            Self::Close => Some(Move::Close),
            Self::Acknowledge => None,
        }
    }
}

/// What a service said by telephone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReferralByPhone)]
pub struct ByPhone {
    /// What they said.
    pub answer: Answer,
    /// Who said it.
    #[schema(min_length = 1, max_length = 100)]
    pub who: String,
    /// When, within the last 30 days.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Of a decline: why.
    #[serde(default)]
    pub reason: Option<DeclineReason>,
    /// Of the end: how it ended.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// Of a decline or the end: what they say was missing.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub missing: Option<String>,
    /// What else they said.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub words: Option<String>,
}

silent! { ByPhone }

/// How long ago it may have been said that is written down now.
const SAID_DAYS: u64 = 30;
const SAID: Duration = Duration::from_hours(SAID_DAYS * 24);

impl ByPhone {
    fn said(&self, now: Timestamp) -> Said {
        Said {
            reason: self.reason,
            outcome: self.outcome,
            missing: self.missing.clone(),
            words: self.words.clone(),
            who: Some(self.who.clone()),
            at: Some(self.at.by_another_clock(now)),
        }
    }

    fn check(&self, now: Timestamp) -> Result<()> {
        let mut v = Violations::default();
        v.require(!self.who.trim().is_empty(), "/who", Form::Required);
        v.require(self.who.chars().count() <= 100, "/who", Form::TooLong(100));
        let at = self.at.by_another_clock(now);
        v.require(at <= now && now.since(at) <= SAID, "/at", Referring::Happened(SAID_DAYS));
        check_words(&self.said(now), self.answer, &mut v);
        v.into_result()
    }
}

/// Writes down what a service said by telephone. It needs no claim: whoever hears it writes it down.
///
/// # Errors
/// `NotFound` when the case has none of this id; `ReferralMoved` where its answer leads nowhere from where it stands.
pub fn by_phone(tx: &mut Unit<'_>, grant: Grant<WriteNote>, id: &ReferralId, new: &ByPhone) -> Result<ReferralView> {
    let (mut case, who) = grant.into_parts();
    let mut referral = kept::find(tx, &case.id, id)?.ok_or(Error::NotFound)?;
    new.check(tx.now())?;
    let said = new.said(tx.now());
    answer(tx, &mut case, &mut referral, new.answer, Told { by: Taken::Staff(&who.id), said: &said })?;
    casework::note_act(tx, &mut case, &who)?;
    view(tx, &case.id, &referral, true)
}

/// Looks at what is said with an answer of a service.
///
/// # Errors
/// `Invalid` with everything that is wrong.
pub(super) fn check_said(said: &Said, answer: Answer) -> Result<()> {
    let mut v = Violations::default();
    check_words(said, answer, &mut v);
    v.into_result()
}

fn check_words(said: &Said, answer: Answer, v: &mut Violations) {
    let Said { reason, outcome, missing, words, .. } = said;
    for (place, text, most) in [("/missing", missing, 500), ("/words", words, 1_000)] {
        let Some(text) = text else { continue };
        v.require(!text.trim().is_empty(), place, Form::Required);
        v.require(text.chars().count() <= most, place, Form::TooLong(most));
    }
    let (declines, ends) = (answer == Answer::Decline, answer == Answer::Close);
    v.require(reason.is_some() || !declines, "/reason", Referring::NoReason);
    v.require(reason.is_none() || declines, "/reason", Referring::NotOfThisMove);
    v.require(outcome.is_some() || !ends, "/outcome", Referring::NoOutcome);
    v.require(outcome.is_none() || ends, "/outcome", Referring::NotOfThisMove);
    v.require(missing.is_none() || declines || ends, "/missing", Referring::NotOfThisMove);
}

/// Takes an answer of a service, with all that follows.
pub(super) fn answer(
    tx: &mut Unit<'_>,
    case: &mut Case,
    referral: &mut Referral,
    answer: Answer,
    told: Told<'_>,
) -> Result<()> {
    let Some(made) = answer.as_move() else { return acknowledge(tx, case, referral, told) };
    steps::take(tx, case, referral, made, told)?;
    match made {
        Move::Decline => failed(tx, case, referral, Some(OwedWord::CouldNotTakeIt), "referral_declined"),
        Move::UnableToContact => failed(tx, case, referral, Some(OwedWord::CouldNotReachYou), "referral_not_reached"),
        Move::Close => match told.said.outcome {
            Some(Outcome::NotReached) => {
                failed(tx, case, referral, Some(OwedWord::CouldNotReachYou), "referral_not_reached")
            }
            Some(Outcome::Other) => failed(tx, case, referral, Some(OwedWord::Ended), "referral_ended"),
            Some(Outcome::ReferredOn) => failures::owe(tx, case, referral, OwedWord::Ended),
            // She knows.
            Some(Outcome::Supported | Outcome::SurvivorDeclined) | None => Ok(()),
        },
        Move::Send | Move::Receive | Move::Accept | Move::Contacted | Move::Withdraw | Move::Expire => Ok(()),
    }
}

/// Takes the word of a service that no copy is left with it.
fn acknowledge(tx: &mut Unit<'_>, case: &mut Case, referral: &mut Referral, told: Told<'_>) -> Result<()> {
    if !clocks::meet_acknowledgement(tx, &referral.id)? {
        return Err(Conflict::ReferralMoved { state: referral.state.as_str() }.into());
    }
    kept::keep(tx, referral)?;
    steps::write(tx, referral, Step::Acknowledge, told)?;
    store::bump(tx, case)?;
    store::requeue(tx, case)
}
