//! One case, made anew.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::late;
use crate::base::id::CaseId;
use crate::db::schema::cases as table;
use crate::domain::case;
use crate::domain::case::Case;
use crate::domain::case::named::{self, Key, Name, Named};
use crate::domain::case::store;
use crate::domain::casework;
use crate::domain::casework::rights;
use crate::domain::intake::{self, Anew};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::people::staff;
use crate::domain::terms::identifiers::RULES;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;

/// Makes the names and the pair of a case anew. What was destroyed of it keeps the names that it has, since nobody can read it any
/// more; one past the time in which names are compared is made anew for walls, and matched with nothing.
///
/// # Errors
/// `Internal` when something sealed does not open: nothing has changed then.
pub fn renew(tx: &mut Unit<'_>, id: &CaseId) -> Result<()> {
    let Some(case) = case::find(tx, id)? else { return Ok(()) };
    let rival = rival_to_be(tx, &case)?;
    let mut both: Vec<&CaseId> = rival.iter().chain([id]).collect();
    both.sort();
    for id in both {
        case::find_locked(tx, id)?;
    }
    let Some(mut case) = case::find(tx, id)? else { return Ok(()) };
    let anew = read(tx, &case)?;
    let mut names = names(tx, id, &anew)?;
    if anew.lost {
        let stood = named::of(tx, id)?;
        if !stood.fit {
            return named::accept(tx, id);
        }
        let known: BTreeSet<Key> = names.iter().map(Name::key).collect();
        let others = stood.all.into_iter().filter(|name| !known.contains(&name.key()));
        names.extend(others.map(|name| Name { rules: RULES, ..name }));
    } else {
        give_pair(tx, &mut case, &anew, rival.as_ref())?;
    }
    if named::replace(tx, id, names)? {
        audit::record(tx, Owner::case(id), Event::NamesRenewed { rules: RULES })?;
        rights::look_again(tx, &mut case)?;
        late::compare(tx, &case)?;
    }
    Ok(())
}

/// Whom the case names, by these rules.
fn read(tx: &mut Unit<'_>, case: &Case) -> Result<Anew> {
    let stands_first = staff::stand_on_first_rules(tx)?;
    intake::anew(tx, case, stands_first)
}

/// The other case of the pair that this one comes to be of. Looked for before either is locked, so that both are locked in
/// the order of their ids.
fn rival_to_be(tx: &mut Unit<'_>, case: &Case) -> Result<Option<CaseId>> {
    if pair_of(tx, &case.id)?.is_none() {
        return Ok(None);
    }
    match read(tx, case) {
        Ok(Anew { pair: Some(pair), lost: false, .. }) => rival(tx, case, &pair),
        Ok(_) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn pair_of(rx: &mut Look<'_>, id: &CaseId) -> Result<Option<Vec<u8>>> {
    Ok(table::table.find(id).select(table::pair_digest).first(rx.conn())?)
}

/// Another case of the pair.
fn rival(tx: &mut Unit<'_>, case: &Case, pair: &[u8; 32]) -> Result<Option<CaseId>> {
    Ok(table::table
        .filter(table::pair_digest.eq(pair.to_vec()).and(table::id.ne(&case.id)))
        .filter(table::platform_id.eq(&case.platform_id).and(table::mode.eq(case.mode)))
        .select(table::id)
        .first(tx.conn())
        .optional()?)
}

/// Gives the case the pair that it has by these rules. Of two cases that come to be of one pair the newer loses it, and they
/// are linked: never merged, for each was worked on by itself.
fn give_pair(tx: &mut Unit<'_>, case: &mut Case, anew: &Anew, locked: Option<&CaseId>) -> Result<()> {
    let before = pair_of(tx, &case.id)?;
    let after = anew.pair.map(|pair| pair.to_vec());
    // A pair that was given up stays so.
    if before.is_none() || before == after {
        return Ok(());
    }
    let other = match &anew.pair {
        Some(pair) => rival(tx, case, pair)?,
        None => None,
    };
    let Some(other) = other else { return store::set_pair(tx, &case.id, after) };
    if locked != Some(&other) {
        // It came between the look and the lock: the pair is settled when the run passes again, or by the next report.
        return Ok(());
    }
    let Some(mut other) = case::find(tx, &other)? else { return Ok(()) };
    let is_newer = (case.received_at, &case.id) > (other.received_at, &other.id);
    store::set_pair(tx, if is_newer { &case.id } else { &other.id }, None)?;
    if !is_newer {
        store::set_pair(tx, &case.id, after)?;
    }
    casework::link_one_pair(tx, case, &mut other)
}

/// All that names the case: each name once, for all that it is for; and the case itself, where a colleague has left it who
/// knows somebody in it.
pub(super) fn names(rx: &mut Look<'_>, id: &CaseId, anew: &Anew) -> Result<Vec<Name>> {
    let mut all: BTreeMap<Key, Name> = BTreeMap::new();
    let itself = Named::case_itself(&rx.kit().keyring, id);
    let left = staff::is_left_by_anybody(rx, id)?.then(|| (itself, rx.now()));
    for (named, at) in anew.names.iter().chain(&left) {
        let name = Name::of(named, *at);
        let known = all.entry(name.key()).or_insert_with(|| name.clone());
        known.used = known.used.and(name.used);
    }
    Ok(all.into_values().collect())
}
