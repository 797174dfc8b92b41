//! Mails to services: that something waits, and no word more. What became of the newest stands beside the hand-over; a mail that was
//! taken is no receipt.

use diesel::prelude::*;

use super::failures::failed;
use super::kept::{self, Referral};
use super::state::State;
use crate::base::code::codes;
use crate::base::id::{CaseId, ReferralId};
use crate::base::secret::Sensitive;
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::referrals as table;
use crate::domain::case;
use crate::domain::case::Case;
use crate::domain::case::clocks;
use crate::domain::casework::owed_words::OwedWord;
use crate::domain::directory;
use crate::domain::paging::owed::{self, Job, Occasion};
use crate::domain::paging::{self, Call, Rung};
use crate::domain::terms::Mode;
use crate::domain::triage::Phase;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

codes! {
    /// What became of the newest mail to the service.
    pub enum Notice as ReferralNotice {
        /// It is to be written.
        Owed = "owed",
        /// A mail server has taken it. Nobody has read anything by that.
        HandedOver = "handed_over",
        /// No mail server takes it: somebody rings the service.
        NotDelivered = "not_delivered",
    }
}

/// After so many attempts a mail counts as not delivered, some three minutes after the first; it is tried on all the same.
const ATTEMPTS: i64 = 8;

/// Owes the mails of a sending: now, and when half of the time for an answer has gone.
pub(super) fn of_sending(tx: &mut Unit<'_>, case: &Case, referral: &Referral) -> Result<()> {
    owe(tx, case, referral, Occasion::Sent)?;
    let half = tx.kit().referrals.span(Phase::Answer, case.priority) / 2;
    let at = tx.now().plus(half);
    if writes_to(tx, case.mode, referral)?.is_some() {
        enqueue(tx, referral, Occasion::Waits, at)?;
    }
    Ok(())
}

/// Owes the mail that something was taken back which the service has read.
pub(super) fn of_taking_back(tx: &mut Unit<'_>, case: &Case, referral: &Referral) -> Result<()> {
    owe(tx, case, referral, Occasion::TakenBack)
}

fn owe(tx: &mut Unit<'_>, case: &Case, referral: &Referral, occasion: Occasion) -> Result<()> {
    if writes_to(tx, case.mode, referral)?.is_none() {
        return Ok(());
    }
    let now = tx.now();
    enqueue(tx, referral, occasion, now)?;
    set(tx, &referral.id, Notice::Owed)
}

fn enqueue(tx: &mut Unit<'_>, referral: &Referral, occasion: Occasion, at: Timestamp) -> Result<()> {
    let (case, id) = (referral.case.clone(), referral.id.clone());
    let key = ["service", id.as_str(), occasion.as_str(), &referral.version.to_string()].join(":");
    owed::owe(tx, &Job::TellService { case, referral: id, occasion }, at, Some(&key))
}

/// Where the service is written to. Of a trial nobody is.
fn writes_to(rx: &mut Look<'_>, mode: Mode, referral: &Referral) -> Result<Option<String>> {
    if mode != Mode::Live {
        return Ok(None);
    }
    let now = rx.now();
    let service = directory::find(rx, &referral.service)?;
    let agreement = service.and_then(|service| service.entry.agreement).filter(|agreement| now < agreement.until);
    Ok(agreement.and_then(|agreement| agreement.mail))
}

fn set(tx: &mut Unit<'_>, id: &ReferralId, notice: Notice) -> Result<()> {
    let now = tx.now();
    let it = diesel::update(table::table.find(id));
    it.set((table::notice.eq(notice), table::notice_at.eq(now))).execute(tx.conn())?;
    Ok(())
}

fn notice_of(rx: &mut Look<'_>, id: &ReferralId) -> Result<Option<Notice>> {
    let notice = table::table.find(id).select(table::notice).first::<Perhaps<Option<Notice>>>(rx.conn());
    Ok(notice.optional()?.and_then(|notice| notice.0.flatten()))
}

/// Whether a mail is still to be written, looked at again before it goes: its address, or nothing where what it was for is done.
///
/// # Errors
/// What the database says.
pub fn current(
    rx: &mut Look<'_>,
    case: &CaseId,
    id: &ReferralId,
    occasion: Occasion,
) -> Result<Option<Sensitive<String>>> {
    let Some(case) = case::find(rx, case)? else { return Ok(None) };
    let Some(referral) = kept::find(rx, &case.id, id)? else { return Ok(None) };
    let waits = match occasion {
        Occasion::Sent => referral.state == State::Sent,
        Occasion::Waits => matches!(referral.state, State::Sent | State::Received),
        Occasion::TakenBack => {
            let owed = |clock: &clocks::Clock| clock.phase == Some(Phase::Acknowledgement) && clock.runs();
            let all = clocks::of_case(rx, &case.id)?;
            all.iter().any(|clock| clock.referral_id.as_ref() == Some(id) && owed(clock))
        }
    };
    // What a wall hides is not written about either.
    let service = directory::find(rx, &referral.service)?;
    let hidden = match &service {
        Some(service) => service.declared.stand_before(rx, &case.id)?,
        None => true,
    };
    if !waits || hidden || referral.kept.is_none() {
        return Ok(None);
    }
    Ok(writes_to(rx, case.mode, &referral)?.map(Sensitive::new))
}

/// Notes that a mail server has taken a mail.
///
/// # Errors
/// What the database says.
pub fn handed_over(tx: &mut Unit<'_>, id: &ReferralId) -> Result<()> {
    set(tx, id, Notice::HandedOver)
}

/// Notes that a mail was not taken: after some attempts, or for good. Somebody hears, once, and rings the service.
///
/// # Errors
/// What the database says.
pub fn not_taken(tx: &mut Unit<'_>, of: &CaseId, id: &ReferralId, attempt: Option<i64>) -> Result<()> {
    if attempt.is_some_and(|attempt| attempt < ATTEMPTS) || notice_of(tx, id)? == Some(Notice::NotDelivered) {
        return Ok(());
    }
    let Some(mut case) = case::find_locked(tx, of)? else { return Ok(()) };
    let Some(referral) = kept::find(tx, of, id)? else { return Ok(()) };
    set(tx, id, Notice::NotDelivered)?;
    let reason = "referral_notice_not_delivered";
    match referral.state {
        State::Sent | State::Received => failed(tx, &mut case, &referral, Some(OwedWord::NoAnswerYet), reason),
        State::Withdrawn | State::Accepted | State::Contacted | State::UnableToContact => {
            let at = tx.now();
            paging::call(tx, &case, Call { reason, at, least: Rung::OnCall })
        }
        State::Drafted | State::Declined | State::Closed | State::Expired => Ok(()),
    }
}
