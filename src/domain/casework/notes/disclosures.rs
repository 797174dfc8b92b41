//! What is told to others without her consent, because it cannot wait or she cannot decide. It needs neither her consent nor a
//! second person: in an emergency the law lets one person share what is needed (domain.md 5.6, "Emergency"). What it needs is a
//! record, and another person who looks at it within a day.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Disclosure, NewNote, Records, kept};
use crate::base::id::{CaseId, NoteId};
use crate::base::time::Timestamp;
use crate::domain::access::Acting;
use crate::domain::case::Case;
use crate::domain::case::clocks::{self, ClockKind};
use crate::domain::casework::claims;
use crate::domain::paging;
use crate::domain::people::staff;
use crate::domain::unit::{Look, Unit};
use crate::error::rules::Casework;
use crate::error::{Error, Forbidden, Result, Violations};

/// Within what time another person looks at it.
const REVIEWED: Duration = Duration::from_hours(24);

/// What the note says of a disclosure, where it says all of it.
pub(super) fn of(note: &NewNote) -> Option<Disclosure> {
    let (to, why, asked_her, told_her) = (note.to?, note.why?, note.asked_her?, note.told_her?);
    Some(Disclosure { to, why, asked_her, told_her })
}

/// What such a note needs, and what no other note has.
pub(super) fn is_sound(note: &NewNote) -> Result<()> {
    let mut v = Violations::default();
    let is_one = note.records == Some(Records::EmergencyDisclosure);
    let members = [
        ("/to", note.to.is_some()),
        ("/why", note.why.is_some()),
        ("/asked_her", note.asked_her.is_some()),
        ("/told_her", note.told_her.is_some()),
    ];
    for (place, is_there) in members {
        v.require(is_there || !is_one, place, Casework::NotSaidOfDisclosure);
        v.require(!is_there || is_one, place, Casework::NotOfThisNote);
    }
    let reviews = note.records == Some(Records::DisclosureReviewed);
    v.require(note.reviews.is_some() || !reviews, "/reviews", Casework::NoDisclosure);
    v.require(note.reviews.is_none() || reviews, "/reviews", Casework::NotOfThisNote);
    v.into_result()
}

/// Whether a review names a disclosure of the case, and is another person's than who made it, whatever account they use.
pub(super) fn review_is_sound(tx: &mut Unit<'_>, case: &CaseId, who: &Acting, note: &NewNote) -> Result<()> {
    let Some(id) = &note.reviews else { return Ok(()) };
    let made = kept::recording(tx, case, &[Records::EmergencyDisclosure])?;
    let found = made.iter().find(|made| made.id == *id);
    let found = found.ok_or_else(|| Error::invalid("/reviews", Casework::NoDisclosure))?;
    let author = staff::person_of(tx, &found.author)?;
    if author.is_none_or(|author| author == who.person) {
        return Err(Error::Forbidden(Forbidden::SecondPerson));
    }
    Ok(())
}

/// What follows: it is the decision to escalate, the safeguarding lead hears now, and another person looks at it in time. A case
/// that was closed is taken up again, of which its platform learns nothing.
pub(super) fn was_made(tx: &mut Unit<'_>, case: &mut Case, id: &NoteId) -> Result<()> {
    claims::wake(tx, case)?;
    clocks::meet(tx, &case.id, ClockKind::EscalationDecision, None)?;
    clocks::within(tx, &case.id, ClockKind::DisclosureReview, REVIEWED)?;
    paging::tell_of_disclosure(tx, case, id)
}

/// The emergency disclosures of a case that nobody else has looked at yet, and when each was written down.
///
/// # Errors
/// What the database says.
pub fn unreviewed(rx: &mut Look<'_>, case: &CaseId) -> Result<Vec<(NoteId, Timestamp)>> {
    let all = kept::recording(rx, case, &[Records::EmergencyDisclosure, Records::DisclosureReviewed])?;
    let reviewed: BTreeSet<&NoteId> = all.iter().filter_map(|note| note.reviews.as_ref()).collect();
    let open = all.iter().filter(|note| note.records == Some(Records::EmergencyDisclosure));
    let open = open.filter(|note| !reviewed.contains(&note.id));
    Ok(open.map(|note| (note.id.clone(), note.at)).collect())
}

/// What follows of a review: when every disclosure has one, none is due.
pub(super) fn was_reviewed(tx: &mut Unit<'_>, case: &CaseId) -> Result<()> {
    if unreviewed(tx, case)?.is_empty() {
        clocks::meet(tx, case, ClockKind::DisclosureReview, None)?;
    }
    Ok(())
}
