//! What a survivor is owed to know of hand-overs: as codes, under a label that she chose. Never why a service declined, that
//! somebody there is in conflict, what kind of service it is, or who works on her case.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::notes::{NewNote, Records};
use super::priority;
use crate::base::code::codes;
use crate::base::id::{CaseId, NoteId, OwedWordId, ReferralId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::owed_words;
use crate::domain::case::Case;
use crate::domain::case::clocks::{self, ClockKind};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Damaged, Notes, Owner, Sealed};
use crate::error::rules::{Casework, Form};
use crate::error::{Error, Result};

codes! {
    /// What she is owed to know.
    pub enum OwedWord {
        /// They could not take it on.
        CouldNotTakeIt = "could_not_take_it",
        /// They have not answered yet.
        NoAnswerYet = "no_answer_yet",
        /// They tried, and could not reach her.
        CouldNotReachYou = "could_not_reach_you",
        /// It has come to its end.
        Ended = "ended",
        /// It went to the next one that she agreed to.
        SentToNext = "sent_to_next",
    }
}

/// Something that she is owed to know, as colleagues see it.
#[derive(Serialize, ToSchema)]
pub struct OwedWordView {
    /// Its id, by which a note names it.
    #[schema(value_type = String, example = "owd_00000000000000000000000000")]
    pub id: OwedWordId,
    /// Of which hand-over.
    #[schema(value_type = String)]
    pub referral_id: ReferralId,
    /// What; null where it does not open.
    pub code: Option<OwedWord>,
    /// What she calls that service; absent for roles that may not read content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Since when it is owed.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The note that names it: that she was told, or that it waits because contact is not safe.
    #[schema(value_type = Option<String>)]
    pub note_id: Option<NoteId>,
    /// When she was told.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub told_at: Option<Timestamp>,
}

silent! { OwedWordView }

/// What counts of one.
#[derive(Serialize, Deserialize)]
struct Kept {
    code: OwedWord,
    label: String,
}

silent! { Kept }

/// So many are named by one note, and shown of a case.
const MOST: usize = 50;

/// Owes her word of a hand-over, within the time of a first contact; once for each that she has not been told.
pub(in crate::domain) fn owe(
    tx: &mut Unit<'_>,
    case: &Case,
    referral: &ReferralId,
    code: OwedWord,
    label: &str,
) -> Result<()> {
    let known = owed_words::table
        .filter(owed_words::case_id.eq(&case.id).and(owed_words::referral_id.eq(referral)))
        .filter(owed_words::code.eq(code).and(owed_words::told_at.is_null()));
    if known.select(owed_words::id).first::<String>(tx.conn()).optional()?.is_none() {
        let (id, now) = (OwedWordId::random(), tx.now());
        let kept = Kept { code, label: label.to_owned() };
        let body = tx.keys(Owner::case(&case.id))?.sealing::<Notes>()?.seal("owed_word", id.as_str(), &kept)?;
        let row = (
            (owed_words::id.eq(&id), owed_words::case_id.eq(&case.id), owed_words::referral_id.eq(referral)),
            (owed_words::code.eq(code), owed_words::at.eq(now), owed_words::body.eq(body)),
        );
        diesel::insert_into(owed_words::table).values(row).execute(tx.conn())?;
    }
    let span = priority::due_for(tx, case.priority, &case.queues())?.first_contact;
    clocks::within(tx, &case.id, ClockKind::TellSurvivor, span)
}

/// What she is owed to know of the hand-overs of a case, the newest first: so many at the most.
pub(in crate::domain) fn of_case(rx: &mut Look<'_>, case: &CaseId, content: bool) -> Result<Vec<OwedWordView>> {
    type Row = (
        Perhaps<OwedWordId>,
        Perhaps<ReferralId>,
        Perhaps<Timestamp>,
        Perhaps<Option<NoteId>>,
        Perhaps<Option<Timestamp>>,
        Perhaps<Vec<u8>>,
    );
    let rows: Vec<Row> = owed_words::table
        .filter(owed_words::case_id.eq(case))
        .order((owed_words::at.desc(), owed_words::id.desc()))
        .limit(i64::try_from(MOST).unwrap_or(i64::MAX))
        .select((
            owed_words::id,
            owed_words::referral_id,
            owed_words::at,
            owed_words::note_id,
            owed_words::told_at,
            owed_words::body,
        ))
        .load(rx.conn())?;
    let mut all = Vec::with_capacity(rows.len());
    for (id, referral, at, note, told_at, body) in rows {
        let (Some(id), Some(referral_id)) = (id.0, referral.0) else { continue };
        let kept = match body.0 {
            Some(body) => opened(rx, case, &id, &Sealed::from_stored(body))?,
            None => None,
        };
        all.push(OwedWordView {
            code: kept.as_ref().map(|kept| kept.code),
            label: kept.filter(|_| content).map(|kept| kept.label),
            at: at.0.unwrap_or_else(|| Timestamp::from_micros(0)),
            note_id: note.0.flatten(),
            told_at: told_at.0.flatten(),
            id,
            referral_id,
        });
    }
    Ok(all)
}

fn opened(rx: &mut Look<'_>, case: &CaseId, id: &OwedWordId, sealed: &Sealed<Notes>) -> Result<Option<Kept>> {
    let key = rx.keys(Owner::case(case))?.existing::<Notes>();
    match key.and_then(|key| key.open::<Kept>("owed_word", id.as_str(), sealed)) {
        Ok(kept) => Ok(Some(kept.into_exposed())),
        Err(Error::Erased) => Ok(None),
        Err(error) if Damaged::is(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a note names what she is owed to know, and may.
pub(super) fn are_sound(rx: &mut Look<'_>, case: &CaseId, note: &NewNote) -> Result<()> {
    if note.tells.is_empty() {
        return Ok(());
    }
    if !matches!(note.records, Some(Records::SafeContact | Records::Standby)) {
        return Err(Error::invalid("/tells", Casework::NotOfThisNote));
    }
    if note.tells.len() > MOST {
        return Err(Error::invalid("/tells", Form::TooMany(MOST)));
    }
    let owed: Vec<Perhaps<OwedWordId>> = owed_words::table
        .filter(owed_words::case_id.eq(case).and(owed_words::told_at.is_null()))
        .filter(owed_words::id.eq_any(note.tells.clone()))
        .select(owed_words::id)
        .load(rx.conn())?;
    let unknown = note.tells.iter().position(|id| !owed.iter().any(|row| row.0.as_ref() == Some(id)));
    match unknown {
        Some(at) => Err(Error::invalid(&["/tells", &at.to_string()].join("/"), Casework::NotOwed)),
        None => Ok(()),
    }
}

/// Notes what a note says of that which she is owed to know: she was told, or it waits because contact is not safe. When nothing
/// is left that no note names, nothing is due.
pub(super) fn name(tx: &mut Unit<'_>, case: &CaseId, note: &NoteId, new: &NewNote) -> Result<()> {
    if new.tells.is_empty() {
        return Ok(());
    }
    let told_at = (new.records == Some(Records::SafeContact)).then(|| tx.now());
    let named = owed_words::table.filter(owed_words::case_id.eq(case).and(owed_words::id.eq_any(new.tells.clone())));
    diesel::update(named).set((owed_words::note_id.eq(note), owed_words::told_at.eq(told_at))).execute(tx.conn())?;
    let left = owed_words::table
        .filter(owed_words::case_id.eq(case).and(owed_words::told_at.is_null()).and(owed_words::note_id.is_null()));
    if left.select(owed_words::id).first::<String>(tx.conn()).optional()?.is_none() {
        clocks::meet(tx, case, ClockKind::TellSurvivor, None)?;
    }
    Ok(())
}
