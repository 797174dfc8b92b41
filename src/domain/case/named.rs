//! Whom a case names, as keyed hashes: for walls, and for matching. One keyed hash over all of them stands on the case's
//! row, so that a name which was taken away, added, changed or moved past the service shows. Where it does not fit, nobody
//! knows whom the case names: whoever declared anything then stands behind a wall.
//!
//! Every statement that changes a name stands here, and each ends with the keyed hash. What did not fit before is not made
//! good by what comes in; only by names that are read anew from what is sealed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use diesel::prelude::*;

use super::store;
use crate::base::id::CaseId;
use crate::base::secret::same;
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{blind_indexes, cases};
use crate::domain::terms::identifiers::{RULES, Use, case_wall_digest};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Covered, Keyring, Proved, refuse};
use crate::error::Result;

/// How many rows one statement inserts: `PostgreSQL` binds 65,535 values at the most.
const ROWS: usize = 2_000;
/// Of so many cases the names are read in one statement.
const AT_ONCE: usize = 100;

/// How long a name is compared with new ones. Walls go on for as long as the case is kept.
pub(in crate::domain) const COMPARED: Duration = Duration::from_hours(24 * 730);

/// Whether who reported is whom they reported. Accounts say so where both are known: two people may share a telephone.
pub(in crate::domain) fn is_one_person(
    subjects: &BTreeSet<Vec<u8>>,
    reporters: &BTreeSet<Vec<u8>>,
    accounts: &BTreeSet<Vec<u8>>,
) -> bool {
    let of = |names: &BTreeSet<Vec<u8>>| names.intersection(accounts).cloned().collect::<BTreeSet<_>>();
    let (their_subjects, their_reporters) = (of(subjects), of(reporters));
    if their_subjects.is_empty() || their_reporters.is_empty() {
        return !subjects.is_disjoint(reporters);
    }
    !their_subjects.is_disjoint(&their_reporters)
}

/// A keyed hash of an account or identifier, and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// `subject` or `reporter`; `case` where it is the case itself.
    pub role: &'static str,
    /// What kind of identifier it is.
    pub kind: &'static str,
    /// The hash.
    pub digest: [u8; 32],
    /// What it is compared for.
    pub used: Use,
}

/// A name as its row has it.
#[derive(Clone, PartialEq, Eq, Insertable)]
#[diesel(table_name = blind_indexes)]
pub(in crate::domain) struct Name {
    pub(in crate::domain) digest: Vec<u8>,
    pub(in crate::domain) role: String,
    pub(in crate::domain) kind: String,
    pub(in crate::domain) created_at: Timestamp,
    pub(in crate::domain) used: Use,
    /// The version of the rules that made it.
    pub(in crate::domain) rules: i64,
}

impl Named {
    /// The case itself, for the walls of those who know somebody in it.
    pub(in crate::domain) fn case_itself(keyring: &Keyring, case: &CaseId) -> Self {
        Self { role: "case", kind: "case", digest: case_wall_digest(keyring, case), used: Use::Wall }
    }
}

/// What makes a name of a case one: its hash, and whose it is.
pub(in crate::domain) type Key = (Vec<u8>, String);

impl Name {
    /// A name made by these rules, of what came in then.
    pub(in crate::domain) fn of(named: &Named, at: Timestamp) -> Self {
        Self {
            digest: named.digest.to_vec(),
            role: named.role.to_owned(),
            kind: named.kind.to_owned(),
            created_at: at,
            used: named.used,
            rules: RULES,
        }
    }

    pub(in crate::domain) fn key(&self) -> Key {
        (self.digest.clone(), self.role.clone())
    }
}

/// Whom a case names.
pub(in crate::domain) struct Names {
    /// Those that can be read.
    pub(in crate::domain) all: Vec<Name>,
    /// Whether they are those that the service wrote down.
    pub(in crate::domain) fit: bool,
}

/// Each of these once, as rows of a case that is being opened.
pub(in crate::domain) fn of_new(names: &[Named], at: Timestamp) -> Vec<Name> {
    names.iter().map(|named| Name::of(named, at)).collect()
}

/// The keyed hash over all whom a case names.
pub(in crate::domain) fn proof(keyring: &Keyring, case: &CaseId, names: &[Name]) -> Vec<u8> {
    let mut names: Vec<&Name> = names.iter().collect();
    names.sort_by(|one, other| (&one.digest, &one.role).cmp(&(&other.digest, &other.role)));
    let mut covered = Covered::by("blind_indexes").and(case.as_str());
    for name in names {
        covered = covered.and(&name.digest).and(&name.role).and(&name.kind).number(name.created_at.micros());
        covered = covered.and(name.used.as_str()).number(name.rules);
    }
    covered.proof(keyring)
}

/// When and by what a name was made, as far as it can be read: absent in the one row of a case that names nobody.
type Made = (Perhaps<Option<Timestamp>>, Perhaps<Option<Use>>, Perhaps<Option<i64>>);

/// A name beside the row of its case.
type Read = (
    Perhaps<CaseId>,
    Perhaps<Vec<u8>>,
    Perhaps<Option<Vec<u8>>>,
    (Perhaps<Option<String>>, Perhaps<Option<String>>),
    Made,
);

/// Whom the case names, in one statement. Names that do not fit are told once in the log; of a case that is not there
/// nothing is said.
pub(in crate::domain) fn of(rx: &mut Look<'_>, case: &CaseId) -> Result<Names> {
    let rows = beside_names().filter(cases::id.eq(case)).select(columns()).load(rx.conn())?;
    Ok(as_written(rx, case, rows))
}

/// The same of several cases, in a statement for every few of them.
pub(in crate::domain) fn of_several(rx: &mut Look<'_>, ids: &[CaseId]) -> Result<BTreeMap<CaseId, Names>> {
    let mut all = BTreeMap::new();
    for some in ids.chunks(AT_ONCE) {
        let rows: Vec<Read> =
            beside_names().filter(cases::id.eq_any(some.to_vec())).select(columns()).load(rx.conn())?;
        let mut of_each: BTreeMap<CaseId, Vec<Read>> = BTreeMap::new();
        for row in rows {
            if let Some(id) = row.0.0.clone() {
                of_each.entry(id).or_default().push(row);
            }
        }
        for id in some {
            let names = as_written(rx, id, of_each.remove(id).unwrap_or_default());
            all.insert(id.clone(), names);
        }
    }
    Ok(all)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn beside_names() -> _ {
    cases::table.left_join(blind_indexes::table.on(blind_indexes::case_id.eq(cases::id)))
}

#[diesel::dsl::auto_type(no_type_alias)]
fn columns() -> _ {
    let whose = (blind_indexes::role.nullable(), blind_indexes::kind.nullable());
    let made = (blind_indexes::created_at.nullable(), blind_indexes::used.nullable(), blind_indexes::rules.nullable());
    (cases::id, cases::names_mac, blind_indexes::digest.nullable(), whose, made)
}

/// The names that rows of a case have, and whether they are those that the service wrote down.
fn as_written(rx: &Look<'_>, case: &CaseId, rows: Vec<Read>) -> Names {
    let Some(mac) = rows.first().map(|row| row.1.0.clone().unwrap_or_default()) else {
        return Names { all: Vec::new(), fit: true };
    };
    // The one row of a case that names nobody.
    let is_nobody = |row: &Read| row.2.0 == Some(None);
    let wanted = rows.iter().filter(|row| !is_nobody(row)).count();
    let readable = |(_, _, digest, (role, kind), (created_at, used, rules)): Read| {
        let (digest, role, kind) = (digest.0??, role.0??, kind.0??);
        Some(Name { digest, role, kind, created_at: created_at.0??, used: used.0??, rules: rules.0?? })
    };
    let all: Vec<Name> = rows.into_iter().filter_map(readable).collect();
    let covered = proof(&rx.kit().keyring, case, &all);
    let fit = all.len() == wanted && same(&covered, &mac);
    if !fit {
        refuse(&rx.kit().keyring, Proved::Names, case.as_str());
    }
    Names { all, fit }
}

/// Whether the names of the case are those that the service wrote down.
pub(in crate::domain) fn fit(rx: &mut Look<'_>, case: &CaseId) -> Result<bool> {
    Ok(of(rx, case)?.fit)
}

/// Writes down the names of a case whose row says already that it has them.
pub(in crate::domain) fn insert(tx: &mut Unit<'_>, case: &CaseId, names: &[Name]) -> Result<()> {
    for some in names.chunks(ROWS) {
        let rows: Vec<_> = some.iter().map(|name| (blind_indexes::case_id.eq(case), name)).collect();
        native!(tx.conn(), |c| diesel::insert_into(blind_indexes::table).values(rows).execute(c))?;
    }
    Ok(())
}

/// Adds whom a case names since, each of `names` once. Its row is locked, so nobody adds meanwhile. Says whether there is
/// anybody new.
pub(in crate::domain) fn add(tx: &mut Unit<'_>, case: &CaseId, names: &[Named]) -> Result<bool> {
    let (at, before) = (tx.now(), of(tx, case)?);
    let mut all: BTreeMap<Key, Name> = before.all.into_iter().map(|name| (name.key(), name)).collect();
    let (mut new, mut is_new) = (Vec::new(), false);
    for named in names {
        let name = Name::of(named, at);
        if let Some(known) = all.get_mut(&name.key()) {
            let used = known.used.and(name.used);
            if used != known.used {
                known.used = used;
                set_used(tx, case, known)?;
                is_new = true;
            }
            continue;
        }
        all.insert(name.key(), name.clone());
        new.push(name);
    }
    insert(tx, case, &new)?;
    is_new |= !new.is_empty();
    if is_new && before.fit {
        seal(tx, case, &all.into_values().collect::<Vec<_>>())?;
    }
    Ok(is_new)
}

/// Puts names that were read anew from what is sealed, each once, in the place of those that stand. Says whether any
/// differs. Of names that did not fit none is kept.
pub(in crate::domain) fn replace(tx: &mut Unit<'_>, case: &CaseId, anew: Vec<Name>) -> Result<bool> {
    let before = of(tx, case)?;
    let mut differs = !before.fit;
    if !before.fit {
        diesel::delete(blind_indexes::table.filter(blind_indexes::case_id.eq(case))).execute(tx.conn())?;
    }
    let stood = if before.fit { before.all } else { Vec::new() };
    let mut old: BTreeMap<Key, Name> = stood.into_iter().map(|name| (name.key(), name)).collect();
    let (mut all, mut new) = (Vec::with_capacity(anew.len()), Vec::new());
    for name in anew {
        let Some(known) = old.remove(&name.key()) else {
            new.push(name);
            continue;
        };
        let kept = Name { used: name.used, rules: name.rules, ..known.clone() };
        if kept.used != known.used {
            set_used(tx, case, &kept)?;
            differs = true;
        }
        all.push(kept);
    }
    differs |= !old.is_empty() || !new.is_empty();
    for (digest, role) in old.into_keys() {
        diesel::delete(blind_indexes::table.find((case, digest, role))).execute(tx.conn())?;
    }
    insert(tx, case, &new)?;
    all.extend(new);
    made_by_these_rules(tx, case)?;
    seal(tx, case, &all)?;
    Ok(differs)
}

/// Leaves the names as they are, for good: nobody can read any more what they are made of.
pub(in crate::domain) fn accept(tx: &mut Unit<'_>, case: &CaseId) -> Result<()> {
    let mut names = of(tx, case)?;
    made_by_these_rules(tx, case)?;
    if !names.fit {
        return Ok(());
    }
    names.all.iter_mut().for_each(|name| name.rules = RULES);
    seal(tx, case, &names.all)
}

fn made_by_these_rules(tx: &mut Unit<'_>, case: &CaseId) -> Result<()> {
    let theirs = blind_indexes::table.filter(blind_indexes::case_id.eq(case));
    diesel::update(theirs).set(blind_indexes::rules.eq(RULES)).execute(tx.conn())?;
    Ok(())
}

fn set_used(tx: &mut Unit<'_>, case: &CaseId, name: &Name) -> Result<()> {
    let row = blind_indexes::table.find((case, &name.digest, &name.role));
    diesel::update(row).set(blind_indexes::used.eq(name.used)).execute(tx.conn())?;
    Ok(())
}

fn seal(tx: &mut Unit<'_>, case: &CaseId, names: &[Name]) -> Result<()> {
    let mac = proof(&tx.kit().keyring, case, names);
    store::set_names_mac(tx, case, mac)
}
