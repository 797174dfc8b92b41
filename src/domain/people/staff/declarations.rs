//! What colleagues declare of themselves and of those close to them: a wall stands where it names anyone in a case.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::declared_set;
use crate::base::id::{CaseId, DeclarationId, PlatformId, ServiceId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::perhaps::{Perhaps, first_readable, readable};
use crate::db::schema::{blind_indexes, declarations, staff, staff_identifiers};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::people::platforms;
use crate::domain::terms::Mode;
use crate::domain::terms::identifiers::{
    Identifier, IdentifierKind, Place, RULES, account_digest, account_wall_digest, case_wall_digest, is_no_one,
    service_wall_digest,
};
use crate::domain::unit::{Kit, Look, Unit};
use crate::domain::vault::{Damaged, Owner, Sealed, Secret};
use crate::error::rules::Names;
use crate::error::{Error, Result};

/// The longest identifier, in characters.
const LONGEST: usize = 500;

/// A declaration as it was made, sealed under the account's own key.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::domain) enum Declaration {
    Identifier {
        kind: IdentifierKind,
        value: String,
    },
    Account {
        platform: PlatformId,
        account: String,
    },
    /// A case that names somebody whom they know: which person, they need not say.
    Case {
        case: CaseId,
    },
    /// A service at which they, or somebody close to them, work.
    Service {
        service: ServiceId,
    },
}

/// The hashes that a declaration stands on: those of these rules, and the one of the first, by which cases are found
/// whose names were not made anew yet.
struct Hashes {
    now: Vec<[u8; 32]>,
    first: Vec<[u8; 32]>,
}

impl Declaration {
    /// An identifier of a colleague or of someone close to them. It is kept sealed, and compared by keyed hash.
    ///
    /// # Errors
    /// `Invalid` for what cannot be compared, such as a telephone number without its country, and for what stands for nobody.
    pub(in crate::domain) fn of_identifier(identifier: &Identifier) -> Result<Self> {
        let refused = |rule: Names| Error::invalid("/value", rule);
        let (kind, value) = (identifier.kind, identifier.value());
        if value.chars().count() > LONGEST {
            return Err(refused(Names::IdentifierTooLong(LONGEST)));
        }
        if identifier.is_of_no_country() {
            return Err(refused(Names::NoCountry));
        }
        if identifier.is_nobody() {
            return Err(refused(Names::Nobody));
        }
        Ok(Self::Identifier { kind, value: value.trim().to_owned() })
    }

    /// An account of a colleague, or of someone close to them, on a platform: in real life and in its trials.
    ///
    /// # Errors
    /// `NotFound` when there is no such platform; `Invalid` for a word that stands for nobody.
    pub(in crate::domain) fn of_account(rx: &mut Look<'_>, slug: &str, account: &str) -> Result<Self> {
        let platform = platforms::find(rx, slug)?.ok_or(Error::NotFound)?;
        if is_no_one(account) {
            return Err(Error::invalid("/value", Names::NoAccount));
        }
        Ok(Self::Account { platform: platform.id, account: account.trim().to_owned() })
    }

    /// All hashes that it stands on, by these rules and by the first ones.
    pub(in crate::domain) fn digests(&self, kit: &Kit) -> Vec<[u8; 32]> {
        let Hashes { now, first } = self.hashes(kit);
        now.into_iter().chain(first).collect()
    }

    /// Of which kind it is.
    pub(in crate::domain) const fn kind(&self) -> &'static str {
        match self {
            Self::Identifier { kind, .. } => kind.as_str(),
            Self::Account { .. } => "account",
            Self::Case { .. } => "case",
            Self::Service { .. } => "service",
        }
    }

    fn hashes(&self, kit: &Kit) -> Hashes {
        match self {
            Self::Identifier { kind, value } => {
                let identifier = Identifier::new(*kind, value);
                let first = identifier.first_digest(&kit.keyring);
                Hashes { now: identifier.declared(&kit.keyring), first: first.into_iter().collect() }
            }
            // In real life and in trials.
            Self::Account { platform, account } => {
                let each = |digest: fn(&_, Place<'_>, &str) -> [u8; 32]| {
                    let place = |mode: &Mode| Place { platform, mode: *mode };
                    Mode::ALL.iter().map(|mode| digest(&kit.keyring, place(mode), account)).collect::<Vec<_>>()
                };
                Hashes { now: each(account_wall_digest), first: each(account_digest) }
            }
            Self::Case { case } => Hashes { now: vec![case_wall_digest(&kit.keyring, case)], first: Vec::new() },
            Self::Service { service } => {
                Hashes { now: vec![service_wall_digest(&kit.keyring, service)], first: Vec::new() }
            }
        }
    }
}

/// Puts up a wall of what was declared, unless it stands.
pub(in crate::domain) fn declare(tx: &mut Unit<'_>, staff: &StaffId, declaration: &Declaration) -> Result<()> {
    let (kind, hashes) = (declaration.kind(), declaration.hashes(tx.kit()));
    Owner::staff(staff).lock(tx)?;
    if !stands(tx, staff, &hashes.now)? {
        let id = store(tx, staff, declaration)?;
        raise(tx, staff, &id, kind, &hashes)?;
    }
    declared_set::seal(tx, staff)?;
    audit::record(tx, Owner::staff(staff), Event::WallDeclared { identifier: kind })
}

/// Puts up a wall before one case, because its colleague knows somebody in it. The case is named so by [`case_wall_digest`].
/// What did not fit before is not made good by it: it is not who keeps the accounts that asks for it.
pub(in crate::domain) fn declare_case(tx: &mut Unit<'_>, staff: &StaffId, case: &CaseId) -> Result<()> {
    let declaration = Declaration::Case { case: case.clone() };
    let (kind, hashes) = (declaration.kind(), declaration.hashes(tx.kit()));
    Owner::staff(staff).lock(tx)?;
    if stands(tx, staff, &hashes.now)? {
        return Ok(());
    }
    declared_set::change(tx, staff, |tx| {
        let id = store(tx, staff, &declaration)?;
        raise(tx, staff, &id, kind, &hashes)
    })?;
    audit::record(tx, Owner::staff(staff), Event::WallDeclared { identifier: kind })
}

/// Whether anybody has put up a wall before this case itself.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn is_left_by_anybody(rx: &mut Look<'_>, case: &CaseId) -> Result<bool> {
    let digest = case_wall_digest(&rx.kit().keyring, case).to_vec();
    let of_case = staff_identifiers::table.filter(staff_identifiers::digest.eq(digest));
    Ok(of_case.count().get_result::<i64>(rx.conn())? > 0)
}

/// Keeps the walls of a closed account up for the one that has its name now. Whoever comes back has the same people close
/// to them, and one wall too many hides a case from one colleague; one too few shows them their own.
pub(super) fn hand_on(tx: &mut Unit<'_>, before: &StaffId, now: &StaffId) -> Result<()> {
    type Hash = (Vec<u8>, String, Timestamp, i64);
    let kit = tx.kit();
    let theirs = staff_identifiers::staff_id.eq(before);
    let columns =
        (staff_identifiers::digest, staff_identifiers::kind, staff_identifiers::created_at, staff_identifiers::rules);
    // The hashes first: they hold whether an original opens or not.
    let hashes: Vec<Hash> = staff_identifiers::table.filter(theirs).select(columns).load(tx.conn())?;
    for (digest, kind, created_at, rules) in &hashes {
        let row = (
            staff_identifiers::staff_id.eq(now),
            staff_identifiers::digest.eq(digest),
            staff_identifiers::kind.eq(kind),
            staff_identifiers::created_at.eq(created_at),
            staff_identifiers::rules.eq(rules),
        );
        diesel::insert_into(staff_identifiers::table).values(row).execute(tx.conn())?;
    }
    let originals: Vec<(DeclarationId, Sealed<Secret>)> = declarations::table
        .filter(declarations::staff_id.eq(before))
        .select((declarations::id, declarations::body))
        .load(tx.conn())?;
    for (id, body) in originals {
        let opened = tx
            .keys(Owner::staff(before))?
            .existing::<Secret>()
            .and_then(|key| key.open::<Declaration>("declaration", id.as_str(), &body));
        let original = match opened {
            Ok(original) => original.into_exposed(),
            Err(error) if Damaged::is(&error) => continue,
            Err(error) => return Err(error),
        };
        let new = store(tx, now, &original)?;
        raise(tx, now, &new, original.kind(), &original.hashes(kit))?;
    }
    declared_set::seal(tx, now)?;
    let kept = Event::WallDeclared { identifier: "kept_for_name" };
    if hashes.is_empty() { Ok(()) } else { audit::record(tx, Owner::staff(now), kept) }
}

/// How many identifiers stand for this account.
pub fn count_declared(rx: &mut Look<'_>, id: &StaffId) -> Result<i64> {
    Ok(staff_identifiers::table.filter(staff_identifiers::staff_id.eq(id)).count().get_result(rx.conn())?)
}

/// Keeps the original, sealed.
fn store(tx: &mut Unit<'_>, staff: &StaffId, original: &Declaration) -> Result<DeclarationId> {
    let id = DeclarationId::random();
    let body = tx.keys(Owner::staff(staff))?.sealing::<Secret>()?.seal("declaration", id.as_str(), original)?;
    let row = (
        declarations::id.eq(&id),
        declarations::staff_id.eq(staff),
        declarations::kind.eq(original.kind()),
        declarations::rules.eq(RULES),
        declarations::created_at.eq(tx.now()),
        declarations::body.eq(body),
    );
    diesel::insert_into(declarations::table).values(row).execute(tx.conn())?;
    Ok(id)
}

/// Whether all of this was declared before, with its original, under these rules.
fn stands(rx: &mut Look<'_>, staff: &StaffId, hashes: &[[u8; 32]]) -> Result<bool> {
    let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.to_vec()).collect();
    let wanted = i64::try_from(hashes.len()).unwrap_or(i64::MAX);
    let there: i64 = staff_identifiers::table
        .filter(staff_identifiers::staff_id.eq(staff).and(staff_identifiers::digest.eq_any(hashes)))
        .filter(staff_identifiers::declaration_id.is_not_null().and(staff_identifiers::rules.eq(RULES)))
        .count()
        .get_result(rx.conn())?;
    Ok(there == wanted)
}

/// Writes the hashes of a declaration down, in place of those that stood without an original.
fn raise(tx: &mut Unit<'_>, staff: &StaffId, id: &DeclarationId, kind: &str, hashes: &Hashes) -> Result<()> {
    let first = hashes.first.iter().filter(|hash| !hashes.now.contains(hash)).map(|hash| (hash, 1));
    let all = hashes.now.iter().map(|hash| (hash, RULES)).chain(first);
    for (hash, rules) in all {
        let owned = (staff_identifiers::declaration_id.eq(Some(id)), staff_identifiers::rules.eq(rules));
        let there = staff_identifiers::table.find((staff, hash.to_vec()));
        if diesel::update(there).set(owned).execute(tx.conn())? == 0 {
            let row = (
                staff_identifiers::staff_id.eq(staff),
                staff_identifiers::digest.eq(hash.to_vec()),
                staff_identifiers::kind.eq(kind),
                staff_identifiers::created_at.eq(tx.now()),
                owned.0,
                owned.1,
            );
            native!(tx.conn(), |c| diesel::insert_into(staff_identifiers::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(c))?;
        }
    }
    if !are_first_cases(tx)? {
        drop_first(tx)?;
    }
    Ok(())
}

/// The declarations of an account whose walls do not stand as their originals make them. One that waits to be made anew
/// has hashes of older rules, of which any will do; one that does not open is named by itself.
pub(in crate::domain) fn fallen_walls(rx: &mut Look<'_>, staff: &StaffId) -> Result<Vec<DeclarationId>> {
    let kit = rx.kit();
    let all: Vec<(DeclarationId, i64, String, Sealed<Secret>)> = declarations::table
        .filter(declarations::staff_id.eq(staff))
        .order(declarations::id)
        .select((declarations::id, declarations::rules, declarations::kind, declarations::body))
        .load(rx.conn())?;
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let stand: Vec<(Vec<u8>, String)> = staff_identifiers::table
        .filter(staff_identifiers::staff_id.eq(staff))
        .select((staff_identifiers::digest, staff_identifiers::kind))
        .load(rx.conn())?;
    let mut fallen = Vec::new();
    for (id, rules, kind, body) in all {
        let opened = rx
            .keys(Owner::staff(staff))?
            .existing::<Secret>()
            .and_then(|key| key.open::<Declaration>("declaration", id.as_str(), &body));
        let stands = match opened {
            _ if rules < RULES => stand.iter().any(|(_, of)| *of == kind),
            Ok(original) => {
                let wanted = original.into_exposed().hashes(kit).now;
                wanted.iter().all(|hash| stand.iter().any(|(there, _)| there == hash))
            }
            Err(Error::Erased) => true,
            Err(error) if Damaged::is(&error) => true,
            Err(error) => return Err(error),
        };
        if !stands {
            fallen.push(id);
        }
    }
    Ok(fallen)
}

/// Whether names of cases stand under older rules than these.
fn are_first_cases(rx: &mut Look<'_>) -> Result<bool> {
    let older = blind_indexes::table.filter(blind_indexes::rules.lt(RULES)).select(blind_indexes::case_id);
    Ok(older.first::<Perhaps<CaseId>>(rx.conn()).optional()?.is_some())
}

/// Takes away the hashes of older rules of declarations that have others: no case is found by them any more.
pub(in crate::domain) fn drop_first(tx: &mut Unit<'_>) -> Result<()> {
    let superseded = staff_identifiers::declaration_id.is_not_null().and(staff_identifiers::rules.lt(RULES));
    let theirs = staff_identifiers::table.filter(superseded).select(staff_identifiers::staff_id).distinct();
    for staff in readable::<StaffId>(theirs.load(tx.conn())?) {
        let of_one = superseded.and(staff_identifiers::staff_id.eq(staff.clone()));
        declared_set::change(tx, &staff, |tx| {
            diesel::delete(staff_identifiers::table.filter(of_one)).execute(tx.conn())?;
            Ok(())
        })?;
    }
    diesel::delete(staff_identifiers::table.filter(superseded)).execute(tx.conn())?;
    Ok(())
}

/// Whether a wall stands that was declared before originals were kept: cases are then also named by the first rules.
pub(in crate::domain) fn stand_on_first_rules(rx: &mut Look<'_>) -> Result<bool> {
    let bare = staff_identifiers::table.filter(staff_identifiers::declaration_id.is_null());
    Ok(bare.select(staff_identifiers::staff_id).first::<Perhaps<StaffId>>(rx.conn()).optional()?.is_some())
}

/// Open accounts with a declaration that has no original: name, and what kind it is of.
pub(in crate::domain) fn to_declare_again(rx: &mut Look<'_>) -> Result<Vec<(String, String)>> {
    Ok(staff_identifiers::table
        .inner_join(staff::table.on(staff::id.eq(staff_identifiers::staff_id)))
        .filter(staff_identifiers::declaration_id.is_null().and(staff::active.eq(true)))
        .order((staff::username, staff_identifiers::kind))
        .select((staff::username, staff_identifiers::kind))
        .distinct()
        .load(rx.conn())?)
}

/// Makes the hashes of a few declarations anew that were made by older rules. Says how many.
pub(in crate::domain) fn renew(tx: &mut Unit<'_>, limit: i64) -> Result<usize> {
    type Row = (DeclarationId, StaffId, Sealed<Secret>);
    let older: Vec<Row> = first_readable(limit, |limit| {
        type Loaded = (Perhaps<DeclarationId>, Perhaps<StaffId>, Sealed<Secret>);
        let loaded: Vec<Loaded> = declarations::table
            .filter(declarations::rules.lt(RULES))
            .order(declarations::id)
            .limit(limit)
            .select((declarations::id, declarations::staff_id, declarations::body))
            .load(tx.conn())?;
        Ok(loaded.into_iter().map(|(id, staff, body)| Some((id.0?, staff.0?, body))).collect())
    })?;
    for (id, staff, body) in &older {
        declared_set::change(tx, staff, |tx| renew_one(tx, id, staff, body))?;
        diesel::update(declarations::table.find(id)).set(declarations::rules.eq(RULES)).execute(tx.conn())?;
    }
    Ok(older.len())
}

fn renew_one(tx: &mut Unit<'_>, id: &DeclarationId, staff: &StaffId, body: &Sealed<Secret>) -> Result<()> {
    let kit = tx.kit();
    let opened = tx
        .keys(Owner::staff(staff))
        .and_then(|keys| keys.existing::<Secret>()?.open::<Declaration>("declaration", id.as_str(), body));
    match opened {
        Err(error @ Error::Unavailable(_)) => return Err(error),
        Ok(original) => {
            let original = original.into_exposed();
            raise(tx, staff, id, original.kind(), &original.hashes(kit))?;
        }
        // Its wall stands as it did, and `recourse check` says to declare it again.
        Err(error) => {
            tracing::error!(%error, declaration = %id, "a declaration could not be made anew");
            diesel::update(staff_identifiers::table.filter(staff_identifiers::declaration_id.eq(id)))
                .set(staff_identifiers::declaration_id.eq(None::<DeclarationId>))
                .execute(tx.conn())?;
        }
    }
    Ok(())
}

/// Who has declared anything, and how much.
pub fn declared(rx: &mut Look<'_>) -> Result<BTreeMap<StaffId, i64>> {
    let rows: Vec<(Perhaps<StaffId>, i64)> = staff_identifiers::table
        .group_by(staff_identifiers::staff_id)
        .select((staff_identifiers::staff_id, diesel::dsl::count_star()))
        .load(rx.conn())?;
    Ok(rows.into_iter().filter_map(|(id, count)| Some((id.0?, count))).collect())
}

silent! { Declaration }
