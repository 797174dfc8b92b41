//! Links between cases: made by people, and by the service between two cases that come to be of one pair.

use diesel::prelude::*;

use crate::base::id::CaseId;
use crate::db::dialect::native;
use crate::db::schema::case_links;
use crate::domain::access::{self, Act, Acting, Grant, Link, Walls};
use crate::domain::case::Case;
use crate::domain::case::store;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::rules::Casework;
use crate::error::{Error, Result};

/// Links two cases that the same person may see. Linking them again changes nothing.
///
/// # Errors
/// `Invalid` for a case and itself.
pub fn link(tx: &mut Unit<'_>, one: Grant<Link>, other: Grant<Link>) -> Result<Case> {
    let ((mut one, who), (mut other, _)) = (one.into_parts(), other.into_parts());
    if one.id == other.id {
        return Err(Error::invalid("/case_id", Casework::SameCase));
    }
    if one.mode != other.mode {
        return Err(Error::invalid("/case_id", Casework::OtherMode));
    }
    tie(tx, &mut one, &mut other, who.id.as_str())?;
    Ok(one)
}

/// Links two cases that the rules of identifiers have come to call one pair. Both are locked.
pub(in crate::domain) fn link_one_pair(tx: &mut Unit<'_>, one: &mut Case, other: &mut Case) -> Result<()> {
    tie(tx, one, other, "system")
}

fn tie(tx: &mut Unit<'_>, one: &mut Case, other: &mut Case, by: &str) -> Result<()> {
    let mut added = 0;
    for (from, to) in [(&one.id, &other.id), (&other.id, &one.id)] {
        let row = (
            case_links::case_id.eq(from),
            case_links::other_id.eq(to),
            case_links::linked_by.eq(by),
            case_links::linked_at.eq(tx.now()),
        );
        added += native!(tx.conn(), |c| diesel::insert_into(case_links::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    if added > 0 {
        audit::record(tx, Owner::case(&one.id), Event::CaseLinked { other: other.id.clone() })?;
        audit::record(tx, Owner::case(&other.id), Event::CaseLinked { other: one.id.clone() })?;
        store::bump(tx, one)?;
        store::bump(tx, other)?;
    }
    Ok(())
}

/// So many links of a case are shown.
const SHOWN: usize = 100;

/// The cases linked with this one that the person may know of: the first of them.
pub(in crate::domain) fn of_case(rx: &mut Look<'_>, case: &CaseId, who: &Acting) -> Result<Vec<CaseId>> {
    let linked: Vec<CaseId> = case_links::table
        .filter(case_links::case_id.eq(case))
        .order(case_links::linked_at)
        .select(case_links::other_id)
        .load(rx.conn())?;
    let (walls, mut known) = (Walls::of(rx, &who.id)?, Vec::new());
    for other in linked {
        let seen = store::find(rx, &other)?.is_some_and(|other| access::may(who, &other, Act::Read));
        if known.len() < SHOWN && seen && !walls.stand_before(rx, &other)? {
            known.push(other);
        }
    }
    Ok(known)
}
