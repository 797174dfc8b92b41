//! Notes: what staff write for each other, and the record that something due was done.

use std::time::Duration;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::priority;
use super::review;
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
use crate::domain::terms::words::Answer;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Notes, Owner, Sealed};
use crate::error::rules::{Casework, Form};
use crate::error::{Error, Result, Violations};

const LONGEST: usize = 20_000;
/// How far ahead the next contact may be agreed.
const LATEST_CHECK_IN: Duration = Duration::from_hours(LATEST_CHECK_IN_DAYS * 24);
const LATEST_CHECK_IN_DAYS: u64 = 30;
/// How long ago a wish may have been told that is recorded now.
const LONGEST_TOLD: Duration = Duration::from_hours(30 * 24);

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
        /// That she told a colleague that she wants to withdraw. It lowers and closes nothing.
        WithdrawalTold = "withdrawal_told",
        /// That she was asked, live and alone, whether somebody makes her withdraw. `text` has her words.
        CoercionCheck = "coercion_check",
    }
}

codes! {
    /// By which way she was heard.
    pub enum Way {
        /// Through the app of the platform.
        App = "app",
        /// By telephone.
        Phone = "phone",
        /// By video.
        Video = "video",
        /// Face to face.
        InPerson = "in_person",
        /// By mail.
        Email = "email",
        /// By a message: a text message, a messenger.
        Message = "message",
        /// By a letter.
        Letter = "letter",
        /// Through somebody else: a service, a relative, the police.
        SomebodyElse = "somebody_else",
    }
}

impl Way {
    /// Whether one hears or sees the other at that moment.
    pub(super) const fn is_live(self) -> bool {
        match self {
            Self::Phone | Self::Video | Self::InPerson => true,
            Self::App | Self::Email | Self::Message | Self::Letter | Self::SomebodyElse => false,
        }
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
    /// For `withdrawal_told` and `coercion_check`, which need it: by which way she was heard. A check is made by `phone`,
    /// `video` or `in_person`.
    #[serde(default)]
    pub how: Option<Way>,
    /// For `coercion_check`, which needs it: what she said when she was asked whether she is alone. A check counts when it
    /// is `yes`.
    #[serde(default)]
    pub alone: Option<Answer>,
    /// For `withdrawal_told`: when she told it, within the last 30 days; now when absent. How long a check has to wait is
    /// counted from the note.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub told_at: Option<Timestamp>,
}

/// A note as it is kept, sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    how: Option<Way>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alone: Option<Answer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told_at: Option<Timestamp>,
}

impl Kept {
    fn of(note: &NewNote) -> Self {
        Self { text: note.text.clone(), how: note.how, alone: note.alone, told_at: note.told_at }
    }
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
    /// By which way she was heard: for `withdrawal_told` and `coercion_check`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<Way>,
    /// Whether she was alone: for `coercion_check`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alone: Option<Answer>,
    /// When she told it, where that was said: for `withdrawal_told`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub told_at: Option<Timestamp>,
}

/// Writes a note and meets the clock of what it records.
///
/// # Errors
/// `Invalid` for empty or endless words, a contact whose channel was not confirmed safe, or what a note that records
/// something needs and does not say; `Unread` for a judgement by somebody who has not read all of the case.
pub fn write_note(tx: &mut Unit<'_>, grant: Grant<WriteNote>, note: &NewNote) -> Result<NoteView> {
    let (mut case, who) = grant.into_parts();
    if note.text.trim().is_empty() || note.text.chars().count() > LONGEST {
        return Err(Error::invalid("/text", Casework::NoteLength(LONGEST)));
    }
    if note.records == Some(Records::SafeContact) && !note.channel_confirmed_safe {
        return Err(Error::invalid("/channel_confirmed_safe", Casework::ChannelNotConfirmed));
    }
    check_in_is_sound(note, tx.now())?;
    wish_is_sound(note, tx.now())?;
    if matches!(note.records, Some(Records::SafeContact | Records::CoercionCheck)) {
        contact_is_open(tx, &case.id, note.wishes_asked)?;
    }
    if note.records.is_some_and(Records::is_judgement) {
        review::require_known(tx, &case, &who.id)?;
    }
    let id = insert(tx, &case.id, &who, &Kept::of(note), note.records)?;
    review::note_act(tx, &mut case, &who)?;
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
        Some(Records::WithdrawalTold | Records::CoercionCheck) | None => {}
    }
    store::bump(tx, &mut case)?;
    if note.records.is_some_and(Records::is_counted) {
        counting::count(tx, &case)?;
    }
    if note.records.is_some() && case.state.is_open() {
        store::requeue(tx, &mut case)?;
    }
    let NewNote { records, how, alone, told_at, .. } = *note;
    let (author, at, text) = (who.id.clone(), tx.now(), note.text.clone());
    Ok(NoteView { id, author, at, records, text, how, alone, told_at })
}

impl Records {
    /// Whether it weighs what was said, so that its author has read all of that. A contact and a wish are told by whoever
    /// heard of them first.
    const fn is_judgement(self) -> bool {
        match self {
            Self::Standby | Self::EscalationDecision | Self::ReReview | Self::CoercionCheck => true,
            Self::SafeContact | Self::WithdrawalTold => false,
        }
    }

    /// Whether the case is counted for the public with it. A wish to withdraw makes nobody count who was not counted.
    const fn is_counted(self) -> bool {
        match self {
            Self::SafeContact | Self::Standby | Self::EscalationDecision | Self::ReReview => true,
            Self::WithdrawalTold | Self::CoercionCheck => false,
        }
    }
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
    let kept = Kept { text: reason.to_owned(), how: None, alone: None, told_at: None };
    insert(tx, case, who, &kept, None).map(|_| ())
}

fn insert(tx: &mut Unit<'_>, case: &CaseId, who: &Acting, kept: &Kept, records: Option<Records>) -> Result<NoteId> {
    let id = NoteId::random();
    let body = tx.keys(Owner::case(case))?.sealing::<Notes>()?.seal("body", id.as_str(), kept)?;
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
    let row: NoteRow = notes::table
        .filter(notes::id.eq(id))
        .select((notes::id, notes::author, notes::at, notes::records, notes::body))
        .first(rx.conn())?;
    opened(rx, case, row)
}

/// The notes of a case that record one of these, oldest first.
pub(super) fn recording(rx: &mut Look<'_>, case: &CaseId, wanted: &[Records]) -> Result<Vec<NoteView>> {
    let rows: Vec<NoteRow> = notes::table
        .filter(notes::case_id.eq(case).and(notes::records.eq_any(wanted.to_vec())))
        .order((notes::at, notes::id))
        .select((notes::id, notes::author, notes::at, notes::records, notes::body))
        .load(rx.conn())?;
    rows.into_iter().map(|row| opened(rx, case, row)).collect()
}

fn opened(rx: &mut Look<'_>, case: &CaseId, row: NoteRow) -> Result<NoteView> {
    let (id, author, at, records, body) = row;
    let key = rx.keys(Owner::case(case))?.existing::<Notes>()?;
    let Kept { text, how, alone, told_at } = key.open::<Kept>("body", id.as_str(), &body)?.into_exposed();
    Ok(NoteView { id, author, at, records, text, how, alone, told_at })
}

silent! { NewNote NoteView Kept }
