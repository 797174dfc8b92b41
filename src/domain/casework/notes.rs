//! Notes: what staff write for each other, and the record that something due was done.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::prelude::*;
use diesel::result::Error as DieselError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::contacts;
use super::priority;
use super::review;
use super::wishes::NewWishes;
use crate::base::code::codes;
use crate::base::id::{CaseId, NoteId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::schema::notes;
use crate::domain::access::{Acting, Grant, WriteNote};
use crate::domain::case::clocks::{self, Clock, ClockKind};
use crate::domain::case::store;
use crate::domain::counting;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::paging;
use crate::domain::terms::words::Answer;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Notes, Owner, Sealed};
use crate::error::rules::{Casework, Form};
use crate::error::{Error, Result, Violations};

pub(super) const LONGEST: usize = 20_000;
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
        /// That she told a colleague how she may be reached. It is written by `wishes` alone.
        WishesTold = "wishes_told",
        /// Contact that was made although the way was not known to be safe. `text` says why. It is no contact that counts,
        /// and the safeguarding lead is told now.
        UnsafeContact = "unsafe_contact",
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

codes! {
    /// By which way a contact was made.
    pub enum Reached as ContactWay {
        /// She came to us.
        Incoming = "incoming",
        /// On the pages to which she comes back.
        Portal = "portal",
        /// By e-mail.
        Email = "email",
        /// By a call.
        Phone = "phone",
        /// By a text message.
        Sms = "sms",
        /// Through the platform.
        Platform = "platform",
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
    /// For `safe_contact` and `unsafe_contact`, which need it: by which way. A `safe_contact` is made by one of the channels of
    /// `contact_in_force`, or is `incoming`: she came to us.
    #[serde(default)]
    pub channel: Option<Reached>,
    /// For `safe_contact`: that the channel was confirmed safe for this contact; `incoming` needs no such word. Nobody is
    /// rung to stop a clock.
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
    /// For `standby`: when somebody looks again whether contact is safe. Of a p0 it is needed and at most 2 hours ahead, of a
    /// p1 needed and 24; of others at most 7 days.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub look_again_by: Option<Timestamp>,
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
    /// The words; none of `wishes_told`, which stand in `contact_in_force`.
    pub text: String,
    /// By which way contact was made: for `safe_contact` and `unsafe_contact`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Reached>,
    /// By which way she was heard: for `withdrawal_told`, `coercion_check` and `wishes_told`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<Way>,
    /// Whether she was alone: for `coercion_check` and `wishes_told`.
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
    contacts::is_open(tx, &case.id, note)?;
    if note.records.is_some_and(Records::is_judgement) {
        review::require_known(tx, &case, &who.id)?;
    }
    let id = insert(tx, &case.id, &who, &Kept::of(note), note.records)?;
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
        Some(Records::WithdrawalTold | Records::CoercionCheck | Records::WishesTold) | None => {}
    }
    store::bump(tx, &mut case)?;
    if note.records.is_some_and(Records::is_counted) {
        counting::count(tx, &case)?;
    }
    if note.records.is_some() && case.state.is_open() {
        store::requeue(tx, &mut case)?;
    }
    let NewNote { records, channel, how, alone, told_at, .. } = *note;
    let (author, at, text) = (who.id.clone(), tx.now(), note.text.clone());
    Ok(NoteView { id, author, at, records, text, channel, how, alone, told_at })
}

/// Writes down that she told how she may be reached. What she told is not in it.
pub(super) fn write_told(tx: &mut Unit<'_>, case: &CaseId, who: &Acting, new: &NewWishes) -> Result<NoteId> {
    let kept = Kept { text: String::new(), how: Some(new.how), alone: Some(new.alone), told_at: None };
    insert(tx, case, who, &kept, Some(Records::WishesTold))
}

impl Records {
    /// Whether it weighs what was said, so that its author has read all of that. A contact and a wish are told by whoever
    /// heard of them first.
    const fn is_judgement(self) -> bool {
        match self {
            Self::Standby | Self::EscalationDecision | Self::ReReview | Self::CoercionCheck => true,
            Self::SafeContact | Self::WithdrawalTold | Self::WishesTold | Self::UnsafeContact => false,
        }
    }

    /// Whether the case is counted for the public with it. What she wishes makes nobody count who was not counted, nor does contact
    /// that should not have been.
    const fn is_counted(self) -> bool {
        match self {
            Self::SafeContact | Self::Standby | Self::EscalationDecision | Self::ReReview => true,
            Self::WithdrawalTold | Self::CoercionCheck | Self::WishesTold | Self::UnsafeContact => false,
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

type NoteRow = (NoteId, StaffId, Timestamp, Option<Records>, Sealed<Notes>, Option<Reached>);

/// A note of the case, opened.
///
/// # Errors
/// `Erased` when the case's content was.
pub(in crate::domain) fn note(rx: &mut Look<'_>, case: &CaseId, id: &str) -> Result<NoteView> {
    let row: NoteRow = notes::table
        .filter(notes::id.eq(id))
        .select((notes::id, notes::author, notes::at, notes::records, notes::body, notes::channel))
        .first(rx.conn())?;
    opened(rx, case, row)
}

/// These notes of the case, opened, in one statement. Where one of them cannot be read they are read one by one.
pub(in crate::domain) fn several(
    rx: &mut Look<'_>,
    case: &CaseId,
    ids: &[String],
) -> Result<BTreeMap<String, Result<NoteView>>> {
    let of_case = notes::table.filter(notes::case_id.eq(case).and(notes::id.eq_any(ids.to_vec())));
    let rows: QueryResult<Vec<NoteRow>> = of_case
        .select((notes::id, notes::author, notes::at, notes::records, notes::body, notes::channel))
        .load(rx.conn());
    match rows {
        Err(DieselError::DeserializationError(_)) => {
            Ok(ids.iter().map(|id| (id.clone(), note(rx, case, id))).collect())
        }
        rows => Ok(rows?.into_iter().map(|row| (row.0.to_string(), opened(rx, case, row))).collect()),
    }
}

/// The notes of a case that record one of these, oldest first.
pub(super) fn recording(rx: &mut Look<'_>, case: &CaseId, wanted: &[Records]) -> Result<Vec<NoteView>> {
    let rows: Vec<NoteRow> = notes::table
        .filter(notes::case_id.eq(case).and(notes::records.eq_any(wanted.to_vec())))
        .order((notes::at, notes::id))
        .select((notes::id, notes::author, notes::at, notes::records, notes::body, notes::channel))
        .load(rx.conn())?;
    rows.into_iter().map(|row| opened(rx, case, row)).collect()
}

fn opened(rx: &mut Look<'_>, case: &CaseId, row: NoteRow) -> Result<NoteView> {
    let (id, author, at, records, body, channel) = row;
    let key = rx.keys(Owner::case(case))?.existing::<Notes>()?;
    let Kept { text, how, alone, told_at } = key.open::<Kept>("body", id.as_str(), &body)?.into_exposed();
    Ok(NoteView { id, author, at, records, text, channel, how, alone, told_at })
}

silent! { NewNote NoteView Kept }
