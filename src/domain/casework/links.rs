//! Links between cases: made by people, and by the service between two cases that come to be of one pair.

use diesel::prelude::*;

use crate::db::dialect::native;
use crate::db::schema::case_links;
use crate::domain::access::{Grant, Link};
use crate::domain::case::Case;
use crate::domain::case::store;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::unit::Unit;
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
