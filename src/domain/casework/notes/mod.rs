//! Notes: what staff write for each other, and the record that something due was done.

mod disclosures;
mod kept;
mod shape;

use std::time::Duration;

use diesel::prelude::*;

use self::kept::{Head, Kept};
pub use disclosures::unreviewed as unreviewed_disclosures;
pub(in crate::domain) use kept::several;
pub(in crate::domain::casework) use kept::{any_recording, recording};
use shape::Disclosure;
pub(in crate::domain::casework) use shape::Way;
pub use shape::{NewNote, NoteView, Reached, Records};

use super::contacts;
use super::owed_words;
use super::priority;
use super::review;
use crate::base::id::{CaseId, NoteId};
use crate::base::time::Timestamp;
use crate::db::schema::notes;
use crate::domain::access::{Acting, Grant, WriteNote};
use crate::domain::case::clocks::{self, Clock, ClockKind};
use crate::domain::case::store;
use crate::domain::counting;
use crate::domain::paging;
use crate::domain::terms::words::Answer;
use crate::domain::unit::Unit;
use crate::error::rules::{Casework, Form};
use crate::error::{Error, Result, Violations};

pub(super) const LONGEST: usize = 20_000;
/// How far ahead the next contact may be agreed.
const LATEST_CHECK_IN: Duration = Duration::from_hours(LATEST_CHECK_IN_DAYS * 24);
const LATEST_CHECK_IN_DAYS: u64 = 30;
/// How long ago a wish may have been told that is recorded now.
const LONGEST_TOLD: Duration = Duration::from_hours(30 * 24);

/// Writes a note and meets the clock of what it records.
///
/// # Errors
/// `Invalid` for empty or endless words, a contact by a way that is not safe or was not confirmed, or what a note that
/// records something needs and does not say; `Unread` for a judgement by somebody who has not read all of the case.
pub fn write_note(tx: &mut Unit<'_>, grant: Grant<WriteNote>, note: &NewNote) -> Result<NoteView> {
    let (mut case, who) = grant.into_parts();
    if note.text.trim().is_empty() || note.text.chars().count() > LONGEST {
        return Err(Error::invalid("/text", Casework::NoteLength(LONGEST)));
    }
    if note.records == Some(Records::WishesTold) {
        return Err(Error::invalid("/records", Casework::WishesHaveACall));
    }
    contacts::note_is_sound(note, &case, tx.now())?;
    check_in_is_sound(note, tx.now())?;
    wish_is_sound(note, tx.now())?;
    disclosures::is_sound(note)?;
    owed_words::are_sound(tx, &case.id, note)?;
    contacts::is_open(tx, &case.id, note)?;
    disclosures::review_is_sound(tx, &case.id, &who, note)?;
    if note.records.is_some_and(Records::is_judgement) {
        review::require_known(tx, &case, &who.id)?;
    }
    let id = kept::insert(tx, &case.id, &who, &Kept::of(note), note.records)?;
    if let Some(channel) = note.channel {
        diesel::update(notes::table.find(&id)).set(notes::channel.eq(channel)).execute(tx.conn())?;
    }
    if note.records != Some(Records::UnsafeContact) {
        review::note_act(tx, &mut case, &who)?;
    }
    match note.records {
        Some(Records::SafeContact) => contacts::was_made(tx, &case, note)?,
        Some(Records::UnsafeContact) => paging::tell_of_unsafe_contact(tx, &case, &id)?,
        Some(Records::Standby) => contacts::waits(tx, &case, note)?,
        Some(Records::EscalationDecision) => clocks::meet(tx, &case.id, ClockKind::EscalationDecision, None)?,
        Some(Records::ReReview) => {
            clocks::meet(tx, &case.id, ClockKind::ReReview, None)?;
            if case.state.is_open() {
                let span: Duration = priority::due_for(tx, case.priority, &case.queues())?.re_review;
                let now = tx.now();
                clocks::insert(tx, &[Clock::begin(&case.id, ClockKind::ReReview, now, now.plus(span))])?;
            }
        }
        Some(Records::EmergencyDisclosure) => disclosures::was_made(tx, &mut case, &id)?,
        Some(Records::DisclosureReviewed) => disclosures::was_reviewed(tx, &case.id)?,
        Some(Records::WithdrawalTold | Records::CoercionCheck | Records::WishesTold | Records::SupportConfirmed)
        | None => {}
    }
    owed_words::name(tx, &case.id, &id, note)?;
    store::bump(tx, &mut case)?;
    if note.records.is_some_and(Records::is_counted) {
        counting::count(tx, &case)?;
    }
    if note.records.is_some() && case.state.is_open() {
        store::requeue(tx, &mut case)?;
    }
    let (author, at) = (who.id.clone(), tx.now());
    Ok(Head { id, author, at, records: note.records, channel: note.channel }.view(Kept::of(note)))
}

/// Writes down that she told how she may be reached. What she told is not in it.
pub(super) fn write_told(tx: &mut Unit<'_>, case: &CaseId, who: &Acting, how: Way, alone: Answer) -> Result<NoteId> {
    kept::insert(tx, case, who, &Kept::told(how, alone), Some(Records::WishesTold))
}

/// What a wish to withdraw and the check after it need, and what no other note has.
fn wish_is_sound(note: &NewNote, now: Timestamp) -> Result<()> {
    let mut v = Violations::default();
    let (told, check) = (note.records == Some(Records::WithdrawalTold), note.records == Some(Records::CoercionCheck));
    v.require(note.how.is_some() || !(told || check), "/how", Casework::NoHow);
    v.require(note.how.is_none() || told || check, "/how", Casework::NotOfThisNote);
    v.require(note.how.is_none_or(|how| !check || how.is_live()), "/how", Casework::NotLive);
    v.require(note.alone.is_some() || !check, "/alone", Casework::NoAlone);
    v.require(note.alone.is_none() || check, "/alone", Casework::NotOfThisNote);
    v.require(note.told_at.is_none() || told, "/told_at", Casework::NotOfThisNote);
    let in_time = note.told_at.is_none_or(|at| at <= now && at > now.minus(LONGEST_TOLD));
    v.require(in_time, "/told_at", Casework::ToldAt);
    v.into_result()
}

/// A check-in is agreed in a contact, and lies ahead.
fn check_in_is_sound(note: &NewNote, now: Timestamp) -> Result<()> {
    let Some(by) = note.check_in_by else { return Ok(()) };
    if note.records != Some(Records::SafeContact) {
        return Err(Error::invalid("/check_in_by", Casework::CheckInNotAgreed));
    }
    if by <= now || by > now.plus(LATEST_CHECK_IN) {
        return Err(Error::invalid("/check_in_by", Casework::CheckInOutOfRange(LATEST_CHECK_IN_DAYS)));
    }
    Ok(())
}

/// Writes the reason of an act as a note.
pub(super) fn write_reason(tx: &mut Unit<'_>, case: &CaseId, who: &Acting, reason: &str) -> Result<()> {
    if reason.chars().count() > LONGEST {
        return Err(Error::invalid("/reason", Form::TooLong(LONGEST)));
    }
    kept::insert(tx, case, who, &Kept::plain(reason), None).map(|_| ())
}
