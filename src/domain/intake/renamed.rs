//! Whom a case names, and which pair it is of, read again from what is sealed.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::body::{IdentifierBody, SubjectBody};
use super::left_out;
use super::names::{Said, identified, names, pair, perhaps_named};
use super::submit::IdentityPart;
use crate::base::id::{AdditionId, CaseId, ReportId};
use crate::base::secret::Sensitive;
use crate::base::time::Timestamp;
use crate::db::schema::{additions, reports};
use crate::domain::case::Case;
use crate::domain::case::contacts::ContactPart;
use crate::domain::case::named::Named;
use crate::domain::casework::wishes;
use crate::domain::terms::identifiers::Place;
use crate::domain::unit::Look;
use crate::domain::vault::{Contact, Identity, Owner, Sealed, Subject};
use crate::error::{Error, Result};

/// What the rules make of a case now.
pub(in crate::domain) struct Anew {
    /// Whom it names, each with when that came in.
    pub(in crate::domain) names: Vec<(Named, Timestamp)>,
    /// The keyed hash of its two accounts.
    pub(in crate::domain) pair: Option<[u8; 32]>,
    /// Whether something that named people was destroyed: what it named is known by what stands alone.
    pub(in crate::domain) lost: bool,
}

impl Anew {
    /// What was opened; nothing, which is noted, where it was destroyed.
    fn kept<T>(&mut self, opened: Result<Sensitive<T>>) -> Result<Option<T>> {
        match opened {
            Ok(open) => Ok(Some(open.into_exposed())),
            Err(Error::Erased) => {
                self.lost = true;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn add(&mut self, names: &[Named], at: Timestamp) {
        self.names.extend(names.iter().map(|named| (*named, at)));
    }
}

type SealedReport = (ReportId, Timestamp, Sealed<Identity>, Option<Sealed<Contact>>, Option<Sealed<Subject>>);

type SealedAddition = (AdditionId, ReportId, Timestamp, Option<Sealed<Subject>>);

/// Reads the names of a case again. `stands_first`: whether a wall stands on the first rules.
///
/// # Errors
/// `Internal` when a part does not open.
pub(in crate::domain) fn anew(rx: &mut Look<'_>, case: &Case, stands_first: bool) -> Result<Anew> {
    let keyring = &rx.kit().keyring;
    let place = Place { platform: &case.platform_id, mode: case.mode };
    let mut anew = Anew { names: Vec::new(), pair: None, lost: false };
    let left_out = left_out::of_case(rx, &case.id)?;
    let hidden = |row: &str| left_out.get(row).map(|left| left_out::named_in(left)).unwrap_or_default();
    let mut countries: BTreeMap<ReportId, Option<String>> = BTreeMap::new();
    for (id, at, identity, contact, subject) in sealed(rx, &case.id)? {
        let row = id.as_str();
        let key = rx.keys(Owner::case(&case.id))?.existing::<Identity>();
        let identity = anew.kept(key.and_then(|key| key.open::<IdentityPart>("identity", row, &identity)))?;
        let contact = match contact {
            Some(sealed) => {
                let key = rx.keys(Owner::case(&case.id))?.existing::<Contact>();
                anew.kept(key.and_then(|key| key.open::<ContactPart>("contact", row, &sealed)))?
            }
            None => None,
        };
        let subject = match subject {
            Some(sealed) => {
                let key = rx.keys(Owner::case(&case.id))?.existing::<Subject>();
                anew.kept(key.and_then(|key| key.open::<SubjectBody>("subject", row, &sealed)))?
            }
            None => None,
        };
        let Some(identity) = identity else { continue };
        let (reach, beyond) = hidden(row);
        let said = Said {
            reach: &reach,
            beyond: &beyond,
            left_out: left_out.get(row).map(Vec::as_slice).unwrap_or_default(),
            reporter: &identity.reporter,
            subject: subject.as_ref(),
            contact: contact.as_ref().and_then(|part| part.contact.as_ref()),
            image_contact: contact.as_ref().and_then(|part| part.intimate_image_contact.as_deref()),
        };
        anew.pair = anew.pair.or_else(|| pair(keyring, place, &said));
        anew.add(names(keyring, place, &said).kept(stands_first), at);
        countries.insert(id, identity.reporter.country);
    }
    let (told, lost) = wishes::named_anew(rx, &case.id)?;
    anew.names.extend(told);
    anew.lost |= lost;
    for (id, report, at, sealed) in added(rx, &case.id)? {
        let country = countries.get(&report).and_then(Option::as_deref);
        let (_, beyond) = hidden(id.as_str());
        anew.add(identified(keyring, &beyond, country).kept(stands_first), at);
        let unread = left_out.get(id.as_str()).map(Vec::as_slice).unwrap_or_default();
        anew.add(&perhaps_named(keyring, place, unread, country), at);
        let Some(sealed) = sealed else { continue };
        let key = rx.keys(Owner::case(&case.id))?.existing::<Subject>();
        let given = anew.kept(key.and_then(|key| key.open::<Vec<IdentifierBody>>("addition", id.as_str(), &sealed)))?;
        let Some(given) = given else { continue };
        anew.add(identified(keyring, &given, country).kept(stands_first), at);
    }
    Ok(anew)
}

fn sealed(rx: &mut Look<'_>, case: &CaseId) -> Result<Vec<SealedReport>> {
    Ok(reports::table
        .filter(reports::case_id.eq(case))
        .order((reports::received_at, reports::id))
        .select((reports::id, reports::received_at, reports::identity, reports::contact, reports::subject))
        .load(rx.conn())?)
}

fn added(rx: &mut Look<'_>, case: &CaseId) -> Result<Vec<SealedAddition>> {
    Ok(additions::table
        .filter(additions::case_id.eq(case))
        .order((additions::received_at, additions::id))
        .select((additions::id, additions::report_id, additions::received_at, additions::subject))
        .load(rx.conn())?)
}
