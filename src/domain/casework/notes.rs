//! Notes: what staff write for each other, and the record that something due was done.

use std::time::Duration;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::priority;
use crate::base::code::codes;
use crate::base::id::{CaseId, NoteId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::schema::notes;
use crate::domain::access::{Acting, Grant, WriteNote};
use crate::domain::case::clocks::{self, Clock, ClockKind};
use crate::domain::case::report;
use crate::domain::case::store;
use crate::domain::counting;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Notes, Owner, Sealed};
use crate::error::rules::{Casework, Form};
use crate::error::{Error, Result};

const LONGEST: usize = 20_000;
/// How far ahead the next contact may be agreed.
const LATEST_CHECK_IN: Duration = Duration::from_hours(LATEST_CHECK_IN_DAYS * 24);
const LATEST_CHECK_IN_DAYS: u64 = 30;

codes! {
    /// What a note records as done.
    pub enum Records {
        /// Contact through a channel that was confirmed safe just before.
        SafeContact = "safe_contact",
        /// A reason to wait with contact, because it is not safe.
        Standby = "standby",
        /// The decision whether to hand over or go to the police.
        EscalationDecision = "escalation_decision",
        /// A fresh look at the case; the next one is due after its span.
        ReReview = "re_review",
    }
}

/// A note to be written.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    /// The words, for colleagues.
    #[schema(min_length = 1, max_length = 20000)]
    pub text: String,
    /// What it records as done.
    #[serde(default)]
    pub records: Option<Records>,
    /// For `safe_contact`: that the channel was confirmed safe for this contact. Nobody is rung to stop a clock.
    #[serde(default)]
    pub channel_confirmed_safe: bool,
    /// For `safe_contact`, when her contact wishes could not be read (`contact_barred` of the case): that she was asked
    /// herself how she may be reached, when she came back or by a way that she had named safe. It lifts the bar.
    #[serde(default)]
    pub wishes_asked: bool,
    /// For `safe_contact`: until when the next contact was agreed, at most 30 days ahead. When it passes and the case is
    /// urgent, that raises it.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub check_in_by: Option<Timestamp>,
}

/// A note as colleagues read it.
#[derive(Serialize, ToSchema)]
pub struct NoteView {
    /// Its id.
    #[schema(value_type = String, example = "note_00000000000000000000000000")]
    pub id: NoteId,
    /// Who wrote it.
    #[schema(value_type = String)]
    pub author: StaffId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What it records.
    pub records: Option<Records>,
    /// The words.
    pub text: String,
}

/// Writes a note and meets the clock of what it records.
///
/// # Errors
/// `Invalid` for empty or endless words, or a contact whose channel was not confirmed safe.
pub fn write_note(tx: &mut Unit<'_>, grant: Grant<WriteNote>, note: &NewNote) -> Result<NoteView> {
    let (mut case, who) = grant.into_parts();
    if note.text.trim().is_empty() || note.text.chars().count() > LONGEST {
        return Err(Error::invalid("/text", Casework::NoteLength(LONGEST)));
    }
    if note.records == Some(Records::SafeContact) && !note.channel_confirmed_safe {
        return Err(Error::invalid("/channel_confirmed_safe", Casework::ChannelNotConfirmed));
    }
    check_in_is_sound(note, tx.now())?;
    if note.records == Some(Records::SafeContact) {
        contact_is_open(tx, &case.id, note.wishes_asked)?;
    }
    let id = insert(tx, &case.id, &who, &note.text, note.records)?;
    match note.records {
        Some(Records::SafeContact) => {
            clocks::meet(tx, &case.id, ClockKind::FirstContactOrStandby, None)?;
            clocks::meet(tx, &case.id, ClockKind::CheckIn, None)?;
            if let Some(by) = note.check_in_by.filter(|_| case.state.is_open()) {
                let agreed = Clock::begin(&case.id, ClockKind::CheckIn, tx.now(), by);
                clocks::insert(tx, &[agreed])?;
            }
        }
        Some(Records::Standby) => clocks::meet(tx, &case.id, ClockKind::FirstContactOrStandby, None)?,
        Some(Records::EscalationDecision) => clocks::meet(tx, &case.id, ClockKind::EscalationDecision, None)?,
        Some(Records::ReReview) => {
            clocks::meet(tx, &case.id, ClockKind::ReReview, None)?;
            if case.state.is_open() {
                let span: Duration = priority::due_for(tx, case.priority, &case.queues())?.re_review;
                let now = tx.now();
                clocks::insert(tx, &[Clock::begin(&case.id, ClockKind::ReReview, now, now.plus(span))])?;
            }
        }
        None => {}
    }
    store::bump(tx, &mut case)?;
    if note.records.is_some() {
        counting::count(tx, &case)?;
    }
    if note.records.is_some() && case.state.is_open() {
        store::requeue(tx, &mut case)?;
    }
    Ok(NoteView { id, author: who.id.clone(), at: tx.now(), records: note.records, text: note.text.clone() })
}

/// Nobody reaches her while her wishes could not be read: they may have been "not by phone". Whoever has asked her says
/// so, and what she said then counts.
fn contact_is_open(tx: &mut Unit<'_>, case: &CaseId, asked: bool) -> Result<()> {
    if !report::contact_is_barred(tx, case)? {
        return Ok(());
    }
    if !asked {
        return Err(Error::invalid("/wishes_asked", Casework::ContactBarred));
    }
    report::lift_bar(tx, case)
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
    insert(tx, case, who, reason, None).map(|_| ())
}

fn insert(tx: &mut Unit<'_>, case: &CaseId, who: &Acting, text: &str, records: Option<Records>) -> Result<NoteId> {
    let id = NoteId::random();
    let body = tx.keys(Owner::case(case))?.sealing::<Notes>()?.seal("body", id.as_str(), &text)?;
    let row = (
        notes::id.eq(&id),
        notes::case_id.eq(case),
        notes::author.eq(&who.id),
        notes::at.eq(tx.now()),
        notes::records.eq(records),
        notes::body.eq(body),
    );
    diesel::insert_into(notes::table).values(row).execute(tx.conn())?;
    let event = Event::NoteWritten { note: id.clone(), records: records.map(Records::as_str) };
    audit::record(tx, Owner::case(case), event)?;
    Ok(id)
}

type NoteRow = (NoteId, StaffId, Timestamp, Option<Records>, Sealed<Notes>);

/// A note of the case, opened.
///
/// # Errors
/// `Erased` when the case's content was.
pub(in crate::domain) fn note(rx: &mut Look<'_>, case: &CaseId, id: &str) -> Result<NoteView> {
    let (id, author, at, records, body): NoteRow = notes::table
        .filter(notes::id.eq(id))
        .select((notes::id, notes::author, notes::at, notes::records, notes::body))
        .first(rx.conn())?;
    let key = rx.keys(Owner::case(case))?.existing::<Notes>()?;
    let text = key.open::<String>("body", id.as_str(), &body)?.into_exposed();
    Ok(NoteView { id, author, at, records, text })
}

silent! { NewNote NoteView }
