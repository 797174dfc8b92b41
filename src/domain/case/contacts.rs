//! How a person may be reached, as the reports of a case say it, oldest first.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::base::id::{CaseId, ReportId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::reports;
use crate::domain::terms::contact::ContactBody;
use crate::domain::terms::words::Relation;
use crate::domain::unit::Look;
use crate::domain::vault::{Contact, Damaged, Identity, Owner, Sealed};
use crate::error::{Error, Result};

/// So many reports of a case are read for it, more than any case had. Behind them nobody knows any more what was said.
pub(in crate::domain) const MOST: usize = 1_000;

/// How to reach them, sealed under `contact`.
#[derive(Serialize, Deserialize)]
pub(in crate::domain) struct ContactPart {
    pub(in crate::domain) contact: Option<ContactBody>,
    pub(in crate::domain) intimate_image_contact: Option<String>,
}

/// What a report says of contact.
pub(in crate::domain) enum Heard {
    /// This.
    Wishes(Box<ContactBody>),
    /// Something that does not open, or cannot be read: it may have been anything.
    Unreadable,
}

/// A report that says something of contact.
pub(in crate::domain) struct Said {
    /// Which, where that can be read.
    pub(in crate::domain) report: Option<ReportId>,
    /// When it came in.
    pub(in crate::domain) at: Timestamp,
    /// Whether the person herself sent it.
    pub(in crate::domain) hers: bool,
    /// From which country she wrote it: numbers are often written for use inside it.
    pub(in crate::domain) country: Option<String>,
    /// What it says.
    pub(in crate::domain) heard: Heard,
}

silent! { ContactPart Heard Said }

/// Of who reported only the country: how a number is written there.
#[derive(Deserialize)]
struct Whence {
    reporter: Country,
}

#[derive(Deserialize)]
struct Country {
    #[serde(default)]
    country: Option<String>,
}

type Row = (Perhaps<ReportId>, Perhaps<Timestamp>, Perhaps<Relation>, Perhaps<Vec<u8>>, Perhaps<Vec<u8>>);

/// What the reports of a case say of contact that came in at `since` or later, oldest first, in one statement. Whoever
/// erased it said nothing; what does not open may have been anything, and so may all behind the first [`MOST`].
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn said(rx: &mut Look<'_>, case: &CaseId, since: Timestamp) -> Result<Vec<Said>> {
    let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
    let rows: Vec<Row> = reports::table
        .filter(reports::case_id.eq(case).and(reports::contact.is_not_null()).and(reports::received_at.ge(since)))
        .order((reports::received_at, reports::id))
        .limit(limit)
        .select((
            reports::id,
            reports::received_at,
            reports::relation,
            reports::identity,
            reports::contact.assume_not_null(),
        ))
        .load(rx.conn())?;
    let too_many = rows.len() > MOST;
    let mut all = Vec::with_capacity(rows.len());
    for (id, at, relation, identity, contact) in rows.into_iter().take(MOST) {
        let hers = relation.0 == Some(Relation::SelfReported);
        let at = at.0.unwrap_or_else(|| rx.now());
        let heard = match (&id.0, contact.0) {
            (Some(id), Some(sealed)) => match heard(rx, case, id, &Sealed::from_stored(sealed)) {
                Err(Error::Erased) => continue,
                heard => heard?,
            },
            (Some(_) | None, _) => Some(Heard::Unreadable),
        };
        let Some(heard) = heard else { continue };
        let country = match (&id.0, identity.0) {
            (Some(id), Some(sealed)) if hers => country(rx, case, id, &Sealed::from_stored(sealed))?,
            (Some(_) | None, _) => None,
        };
        all.push(Said { report: id.0, at, hers, country, heard });
    }
    if too_many {
        all.push(Said { report: None, at: rx.now(), hers: false, country: None, heard: Heard::Unreadable });
    }
    Ok(all)
}

/// What a report says of contact; nothing where it holds only where a platform answers about an image.
fn heard(rx: &mut Look<'_>, case: &CaseId, id: &ReportId, sealed: &Sealed<Contact>) -> Result<Option<Heard>> {
    let key = rx.keys(Owner::case(case))?.existing::<Contact>();
    match key.and_then(|key| key.open::<ContactPart>("contact", id.as_str(), sealed)) {
        Ok(part) => Ok(part.into_exposed().contact.map(|wishes| Heard::Wishes(Box::new(wishes)))),
        Err(error) if Damaged::is(&error) => Ok(Some(Heard::Unreadable)),
        Err(error) => Err(error),
    }
}

/// From which country a report came; nothing where that was not told, was erased, or does not open.
fn country(rx: &mut Look<'_>, case: &CaseId, id: &ReportId, sealed: &Sealed<Identity>) -> Result<Option<String>> {
    let key = rx.keys(Owner::case(case))?.existing::<Identity>();
    match key.and_then(|key| key.open::<Whence>("identity", id.as_str(), sealed)) {
        Ok(whence) => Ok(whence.into_exposed().reporter.country),
        Err(Error::Erased) => Ok(None),
        Err(error) if Damaged::is(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// From which country the person last wrote herself, in one statement.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn country_of_hers(rx: &mut Look<'_>, case: &CaseId) -> Result<Option<String>> {
    let newest: Option<(Perhaps<ReportId>, Perhaps<Vec<u8>>)> = reports::table
        .filter(reports::case_id.eq(case).and(reports::relation.eq(Relation::SelfReported)))
        .order((reports::received_at.desc(), reports::id.desc()))
        .select((reports::id, reports::identity))
        .first(rx.conn())
        .optional()?;
    match newest {
        Some((Perhaps(Some(id)), Perhaps(Some(sealed)))) => country(rx, case, &id, &Sealed::from_stored(sealed)),
        Some(_) | None => Ok(None),
    }
}

/// The reports of a case that came in at this very instant.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn reports_at(rx: &mut Look<'_>, case: &CaseId, at: Timestamp) -> Result<Vec<ReportId>> {
    Ok(reports::table
        .filter(reports::case_id.eq(case).and(reports::received_at.eq(at)))
        .select(reports::id)
        .load(rx.conn())?)
}
