//! What is committed to: the secret of an edition, before its quarter ends. Its hash is published, so that nobody, and
//! least of all whoever runs the service, can try secrets until the figures are nicer.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::bundle::Build;
use super::calendar::{self, CalendarEntry};
use super::{EditionId, Manifest, Span};
use crate::base::secret::hex;
use crate::base::time::Timestamp;
use crate::db::dialect::insert_new;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{edition_builds, editions, key_wraps};
use crate::domain::counting::Quarter;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Scope, Sealed, Secret};
use crate::error::rules::Publishing;
use crate::error::{Error, Result};
use crate::statistics::disclosure::rules;
use crate::statistics::disclosure::{EditionSecret, params_sha256, perturbation_sha256};

/// An edition's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// As it stands in the calendar.
    pub entry: CalendarEntry,
    /// Until when counting is closed for it; nothing before its first build.
    pub closed_until: Option<Timestamp>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = editions)]
struct Row {
    id: String,
    committed_at: Timestamp,
    key_commitment: String,
    params_sha256: String,
    ptable_sha256: String,
    plan: String,
    release_at: Timestamp,
    reason: Option<String>,
    spare_commitment: Option<String>,
    closed_until: Option<Timestamp>,
    published_at: Option<Timestamp>,
}

fn read(row: Row) -> Result<Committed> {
    let entry = CalendarEntry {
        edition: row.id.parse().map_err(anyhow::Error::new)?,
        committed_at: row.committed_at,
        key_commitment: row.key_commitment,
        replacement_key_commitment: row.spare_commitment,
        params_sha256: row.params_sha256,
        ptable_sha256: row.ptable_sha256,
        plan: serde_json::from_str(&row.plan).map_err(anyhow::Error::new)?,
        release_at: row.release_at,
        reason: row.reason,
    };
    Ok(Committed { entry, closed_until: row.closed_until, published_at: row.published_at })
}

/// Every edition that was committed to, in order.
///
/// # Errors
/// What the database says.
pub fn all(rx: &mut Look<'_>) -> Result<Vec<Committed>> {
    let rows: Vec<Row> = editions::table.order(editions::id).select(Row::as_select()).load(rx.conn())?;
    rows.into_iter().map(read).collect()
}

/// The editions, and their replacements, that are not on record as published: the keys of their secrets are there. A row
/// that cannot be read hides no other.
///
/// # Errors
/// What the database says.
pub fn unpublished(rx: &mut Look<'_>) -> Result<BTreeSet<EditionId>> {
    let rows: Vec<(Perhaps<String>, Perhaps<Option<Timestamp>>)> =
        editions::table.select((editions::id, editions::published_at)).load(rx.conn())?;
    let rows = rows.into_iter().filter_map(|(id, at)| Some((id.0?.parse::<EditionId>().ok()?, at.0?)));
    let (published, waiting): (Vec<_>, Vec<_>) = rows.partition(|(_, at)| at.is_some());
    let all = published.iter().chain(&waiting).flat_map(|(id, _)| [*id, id.replacement()]);
    Ok(all.filter(|id| !published.iter().any(|(other, _)| other == id)).collect())
}

/// One of them.
///
/// # Errors
/// What the database says.
pub fn find(rx: &mut Look<'_>, id: EditionId) -> Result<Option<Committed>> {
    let row: Option<Row> = editions::table.find(id.to_string()).select(Row::as_select()).first(rx.conn()).optional()?;
    row.map(read).transpose()
}

/// Commits to the edition of a quarter that is not over. Committed to already, it stays as it is.
///
/// # Errors
/// `Invalid` when the quarter is over.
pub fn commit(tx: &mut Unit<'_>, quarter: Quarter, plan: &BTreeMap<String, Span>) -> Result<Committed> {
    if tx.now() >= quarter.until() {
        return Err(Error::invalid("/edition", Publishing::QuarterOver));
    }
    let id = EditionId::of(quarter);
    let (name, next) = (id.to_string(), id.replacement().to_string());
    let (secret, commitment) = sealed(tx, &name)?;
    let (spare, spare_commitment) = sealed(tx, &next)?;
    let row = (
        editions::id.eq(&name),
        editions::committed_at.eq(tx.now()),
        editions::key_commitment.eq(commitment),
        editions::params_sha256.eq(params_sha256()),
        editions::ptable_sha256.eq(perturbation_sha256()),
        editions::plan.eq(serde_json::to_string(plan).map_err(anyhow::Error::new)?),
        editions::release_at.eq(calendar::release_at(rules(), quarter)),
        editions::secret.eq(secret),
        editions::spare.eq(spare),
        editions::spare_commitment.eq(spare_commitment),
    );
    // Another node may have been faster; then its secrets are the ones.
    insert_new!(tx.conn(), editions::table, row)?;
    find(tx, id)?.ok_or(Error::NotFound)
}

/// A new secret under the key of its edition, with its hash.
fn sealed(tx: &mut Unit<'_>, name: &str) -> Result<(Sealed<Secret>, String)> {
    let secret = EditionSecret::random();
    let keys = tx.stored_keys_named(name.to_owned(), Scope::Secret)?;
    let sealed = keys.existing::<Secret>()?.seal("edition", name, &hex(secret.expose()))?;
    Ok((sealed, secret.commitment()))
}

/// Commits to the edition of the quarter that runs, unless that was done. Says whether it was done now.
///
/// # Errors
/// What the database says.
pub fn commit_due(tx: &mut Unit<'_>, quarter: Quarter, plan: &BTreeMap<String, Span>) -> Result<bool> {
    if find(tx, EditionId::of(quarter))?.is_some() || quarter != Quarter::of(tx.now()) {
        return Ok(false);
    }
    commit(tx, quarter, plan).map(|_| true)
}

/// The secret of an edition, for its build.
///
/// # Errors
/// `Erased` once the edition was published: then the auditor alone has it.
pub fn secret(rx: &mut Look<'_>, id: EditionId) -> Result<String> {
    let name = id.to_string();
    let sealed: Sealed<Secret> = editions::table.find(&name).select(editions::secret).first(rx.conn())?;
    let keys = rx.keys_named(name.clone())?;
    Ok(keys.existing::<Secret>()?.open::<String>("edition", &name, &sealed)?.into_exposed())
}

/// Whether a built edition is the one on record: what was committed to, and every attempt, none left out.
///
/// # Errors
/// `Invalid` when it is another one.
pub fn is_on_record(rx: &mut Look<'_>, manifest: &Manifest) -> Result<()> {
    is_as_committed(rx, manifest)?;
    if manifest.build_attempts == attempts(rx, manifest.edition)? { Ok(()) } else { Err(not_on_record()) }
}

/// Puts an edition that stands in its place on record as published then. A database that was restored from before it was
/// published does not know of its last attempts; they are noted now.
///
/// # Errors
/// `Invalid` when it is not what was committed to, or leaves out an attempt that is on record.
pub fn adopt(tx: &mut Unit<'_>, manifest: &Manifest) -> Result<()> {
    is_as_committed(tx, manifest)?;
    let known = attempts(tx, manifest.edition)?;
    let later = manifest.build_attempts.strip_prefix(known.as_slice()).ok_or_else(not_on_record)?;
    for (attempt, build) in (1_i64..).zip(&manifest.build_attempts).skip(manifest.build_attempts.len() - later.len()) {
        let row = (
            edition_builds::edition_id.eq(manifest.edition.to_string()),
            edition_builds::attempt.eq(attempt),
            edition_builds::at.eq(build.at),
            edition_builds::snapshot_commitment.eq(&build.snapshot_commitment),
        );
        diesel::insert_into(edition_builds::table).values(row).execute(tx.conn())?;
    }
    mark_published(tx, manifest.edition, manifest.published_at)
}

/// Every attempt to build an edition that is on record.
pub(super) fn attempts(rx: &mut Look<'_>, id: EditionId) -> Result<Vec<Build>> {
    let all: Vec<(Timestamp, String)> = edition_builds::table
        .filter(edition_builds::edition_id.eq(id.to_string()))
        .order(edition_builds::attempt)
        .select((edition_builds::at, edition_builds::snapshot_commitment))
        .load(rx.conn())?;
    Ok(all.into_iter().map(|(at, snapshot_commitment)| Build { at, snapshot_commitment }).collect())
}

fn not_on_record() -> Error {
    Error::invalid("/edition", Publishing::NotOnRecord)
}

fn is_as_committed(rx: &mut Look<'_>, manifest: &Manifest) -> Result<()> {
    let entry = find(rx, manifest.edition)?.ok_or_else(not_on_record)?.entry;
    let same = manifest.key_commitment == entry.key_commitment
        && manifest.plan == entry.plan
        && manifest.params_sha256 == entry.params_sha256
        && manifest.ptable_sha256 == entry.ptable_sha256
        && manifest.published_at >= entry.release_at;
    if same { Ok(()) } else { Err(not_on_record()) }
}

/// Notes when an edition was published, and destroys the key of its secret: from now on only its auditor can take the
/// noise off.
///
/// # Errors
/// What the database says.
pub fn mark_published(tx: &mut Unit<'_>, id: EditionId, at: Timestamp) -> Result<()> {
    let name = id.to_string();
    diesel::update(editions::table.find(&name).filter(editions::published_at.is_null()))
        .set(editions::published_at.eq(at))
        .execute(tx.conn())?;
    diesel::delete(key_wraps::table.filter(key_wraps::owner.eq(&name))).execute(tx.conn())?;
    Ok(())
}
