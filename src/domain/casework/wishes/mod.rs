//! How she may be reached: the wishes in force. Only what she said herself opens a way, in her first report that says
//! anything of it or live to a colleague. What comes through a platform afterwards tightens at once and loosens nothing:
//! whoever holds her telephone writes there in her name. What she tells a colleague live, alone, replaces what was before.

mod standing;
#[cfg(test)]
mod tests;
mod told;

use diesel::prelude::*;

pub use standing::ContactInForce;
pub use told::NewWishes;

use super::notes::{self, Records};
use super::review;
use super::rights;
use crate::base::id::{CaseId, NoteId, StaffId};
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::notes as rows;
use crate::domain::access::{Grant, WriteNote};
use crate::domain::case::Case;
use crate::domain::case::named::{self, Named};
use crate::domain::case::{contacts, report, store};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Contact, Damaged, Owner, Sealed};
use crate::error::{Error, Result};
use standing::Standing;
use told::Told;

/// What is looked at for the newest: several may have been written in one instant.
const LOOKED_AT: i64 = 100;

/// Her wishes as a colleague wrote them down.
struct Written {
    by: Option<StaffId>,
    at: Timestamp,
    /// Nothing where they do not open, or cannot be read.
    told: Option<Told>,
}

/// The wishes in force of a case, in two statements however many reports it has.
///
/// # Errors
/// What the database says. What does not open is no error: then no way is safe until somebody has asked her.
pub(in crate::domain) fn in_force(rx: &mut Look<'_>, case: &CaseId) -> Result<ContactInForce> {
    let barred = report::contact_is_barred(rx, case)?;
    in_force_of(rx, case, barred)
}

/// The same where it is known already whether contact is barred.
pub(in crate::domain) fn in_force_of(rx: &mut Look<'_>, case: &CaseId, barred: bool) -> Result<ContactInForce> {
    let written = written(rx, case)?;
    let since = written.as_ref().map_or(Timestamp::from_micros(0), |written| written.at);
    let said = contacts::said(rx, case, since)?;
    let mut standing = Standing::default();
    let mut beside = Vec::new();
    match written {
        Some(Written { by, at, told: Some(told) }) => {
            beside.clone_from(&told.beside);
            standing.told(&told, by, at);
        }
        Some(Written { at, told: None, .. }) => standing.cannot_read(at),
        None => {}
    }
    // Those of the very instant at which she was heard came before.
    for said in said.iter().filter(|said| said.report.as_ref().is_none_or(|report| !beside.contains(report))) {
        standing.said(said);
    }
    Ok(standing.in_force(barred))
}

/// What she told a colleague last; nothing where nobody wrote any down, or it was erased.
fn written(rx: &mut Look<'_>, case: &CaseId) -> Result<Option<Written>> {
    type Row = (Perhaps<NoteId>, Perhaps<StaffId>, Timestamp, Perhaps<Vec<u8>>);
    let newest: Vec<Row> = rows::table
        .filter(rows::case_id.eq(case).and(rows::records.eq(Records::WishesTold)))
        .order((rows::at.desc(), rows::id.desc()))
        .limit(LOOKED_AT)
        .select((rows::id, rows::author, rows::at, rows::contact.assume_not_null()))
        .load(rx.conn())?;
    let Some(at) = newest.first().map(|row| row.2) else { return Ok(None) };
    let mut last: Option<Written> = None;
    for (id, author, _, sealed) in newest.into_iter().take_while(|row| row.2 == at) {
        let told = match (id.0, sealed.0) {
            (Some(id), Some(sealed)) => match opened(rx, case, &id, &Sealed::from_stored(sealed)) {
                Err(Error::Erased) => return Ok(None),
                told => told?,
            },
            (Some(_) | None, _) => None,
        };
        let Some(told) = told else { return Ok(Some(Written { by: author.0, at, told: None })) };
        let is_later = |known: &Written| known.told.as_ref().is_none_or(|known| told.number > known.number);
        if last.as_ref().is_none_or(is_later) {
            last = Some(Written { by: author.0, at, told: Some(told) });
        }
    }
    Ok(last)
}

/// What a note holds of her wishes; nothing where it does not open.
fn opened(rx: &mut Look<'_>, case: &CaseId, id: &NoteId, sealed: &Sealed<Contact>) -> Result<Option<Told>> {
    let key = rx.keys(Owner::case(case))?.existing::<Contact>();
    match key.and_then(|key| key.open::<Told>("wishes", id.as_str(), sealed)) {
        Ok(told) => Ok(Some(told.into_exposed())),
        Err(error) if Damaged::is(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whom the wishes of a case name that were told, read again from what is sealed, each with when it was told; and whether some of
/// them were destroyed.
///
/// # Errors
/// `Internal` when one does not open.
pub(in crate::domain) fn named_anew(rx: &mut Look<'_>, case: &CaseId) -> Result<(Vec<(Named, Timestamp)>, bool)> {
    let keyring = &rx.kit().keyring;
    let all: Vec<(NoteId, Timestamp, Sealed<Contact>)> = rows::table
        .filter(rows::case_id.eq(case).and(rows::records.eq(Records::WishesTold)).and(rows::contact.is_not_null()))
        .order((rows::at, rows::id))
        .select((rows::id, rows::at, rows::contact.assume_not_null()))
        .load(rx.conn())?;
    let (mut names, mut lost) = (Vec::new(), false);
    for (id, at, sealed) in all {
        let key = rx.keys(Owner::case(case))?.existing::<Contact>();
        let told = match key.and_then(|key| key.open::<Told>("wishes", id.as_str(), &sealed)) {
            Err(Error::Erased) => {
                lost = true;
                continue;
            }
            told => told?.into_exposed(),
        };
        names.extend(told::named(keyring, &told).into_iter().map(|named| (named, at)));
    }
    Ok((names, lost))
}

/// Writes down what she told a colleague live. It replaces all that was before, and lifts a bar: she was asked.
///
/// # Errors
/// `Invalid` when she was not heard live or was not alone, and for ways that lead nowhere or contradict each other.
pub fn record_wishes(tx: &mut Unit<'_>, grant: Grant<WriteNote>, new: &NewWishes) -> Result<(Case, ContactInForce)> {
    let (mut case, who) = grant.into_parts();
    let country = contacts::country_of_hers(tx, &case.id)?;
    let mut told = Told::of(new, country.as_deref())?;
    let now = tx.now();
    let before = written(tx, &case.id)?.filter(|written| written.at == now);
    told.number = before.and_then(|written| written.told).map_or(0, |told| told.number + 1);
    told.beside = contacts::reports_at(tx, &case.id, now)?;
    report::lift_bar(tx, &case.id)?;
    let id = notes::write_told(tx, &case.id, &who, new.how, new.alone)?;
    let sealed = tx.keys(Owner::case(&case.id))?.sealing::<Contact>()?.seal("wishes", id.as_str(), &told)?;
    diesel::update(rows::table.find(&id)).set(rows::contact.eq(sealed)).execute(tx.conn())?;
    review::note_act(tx, &mut case, &who)?;
    store::bump(tx, &mut case)?;
    if named::add(tx, &case.id, &told::named(&tx.kit().keyring, &told))? {
        rights::look_again(tx, &mut case)?;
    }
    let in_force = in_force(tx, &case.id)?;
    Ok((case, in_force))
}
