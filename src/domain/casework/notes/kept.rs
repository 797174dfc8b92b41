//! Notes as they are kept: what a colleague wrote is sealed under the keys of the case.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::result::Error as DieselError;
use serde::{Deserialize, Serialize};

use super::disclosures;
use super::{Disclosure, NewNote, NoteView, Reached, Records, Way};
use crate::base::id::{CaseId, NoteId, OwedWordId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::schema::notes;
use crate::domain::access::Acting;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::terms::words::Answer;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Notes, Owner, Sealed};
use crate::error::Result;

/// A note as it is kept, sealed.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Kept {
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    how: Option<Way>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alone: Option<Answer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disclosure: Option<Disclosure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reviews: Option<NoteId>,
    /// What of that which she is owed to know it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tells: Vec<OwedWordId>,
}

impl Kept {
    pub(super) fn of(note: &NewNote) -> Self {
        let NewNote { how, alone, told_at, .. } = *note;
        let (reviews, tells) = (note.reviews.clone(), note.tells.clone());
        Self { text: note.text.clone(), how, alone, told_at, disclosure: disclosures::of(note), reviews, tells }
    }

    /// Words alone.
    pub(super) fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// That she told something else, which does not stand in it.
    pub(super) fn told(how: Way, alone: Answer) -> Self {
        Self { how: Some(how), alone: Some(alone), ..Self::default() }
    }
}

/// Stores a note.
pub(super) fn insert(
    tx: &mut Unit<'_>,
    case: &CaseId,
    who: &Acting,
    kept: &Kept,
    records: Option<Records>,
) -> Result<NoteId> {
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

/// Whether a note of the case records this.
pub(in crate::domain::casework) fn any_recording(rx: &mut Look<'_>, case: &CaseId, wanted: Records) -> Result<bool> {
    let any = notes::table.filter(notes::case_id.eq(case).and(notes::records.eq(wanted)));
    Ok(any.select(notes::id).first::<String>(rx.conn()).optional()?.is_some())
}

/// The notes of a case that record one of these, oldest first.
pub(in crate::domain::casework) fn recording(
    rx: &mut Look<'_>,
    case: &CaseId,
    wanted: &[Records],
) -> Result<Vec<NoteView>> {
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
    let kept = key.open::<Kept>("body", id.as_str(), &body)?.into_exposed();
    Ok(Head { id, author, at, records, channel }.view(kept))
}

/// What stands of a note beside its words.
pub(super) struct Head {
    pub(super) id: NoteId,
    pub(super) author: StaffId,
    pub(super) at: Timestamp,
    pub(super) records: Option<Records>,
    pub(super) channel: Option<Reached>,
}

impl Head {
    /// The note as it is shown.
    pub(super) fn view(self, kept: Kept) -> NoteView {
        let Self { id, author, at, records, channel } = self;
        let Kept { text, how, alone, told_at, disclosure, reviews, .. } = kept;
        NoteView { id, author, at, records, text, channel, how, alone, told_at, disclosure, reviews }
    }
}

silent! { Kept }
