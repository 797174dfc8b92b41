//! The one replacement that a published edition may have: announced in the public calendar, and noted again by a database
//! that is older than the announcement.

use diesel::prelude::*;

use super::EditionId;
use super::calendar::{self, Calendar, CalendarEntry};
use super::commit::{Committed, find};
use crate::base::text::{is_hidden, is_seen};
use crate::db::dialect::insert_new;
use crate::db::schema::editions;
use crate::domain::unit::Unit;
use crate::domain::vault::{Sealed, Secret};
use crate::error::rules::Publishing;
use crate::error::{Error, Result};
use crate::statistics::disclosure::rules;
use crate::statistics::disclosure::{params_sha256, perturbation_sha256};

/// How long the reason of a replacement may be, in characters.
const LONGEST_REASON: usize = 500;

fn refuse(rule: Publishing) -> Error {
    Error::invalid("/edition", rule)
}

fn once() -> Error {
    refuse(Publishing::Replaced)
}

/// Announces the one replacement that a published edition may have. Its secret was committed to together with the first
/// one: it is not drawn now, when figures are known.
///
/// # Errors
/// `Invalid` when there is nothing published to replace, it was replaced already, or no reason is given.
pub fn replace(tx: &mut Unit<'_>, id: EditionId, reason: &str) -> Result<Committed> {
    let reason = reason.trim();
    if !reason.chars().any(is_seen) {
        return Err(Error::invalid("/reason", Publishing::NoReason));
    }
    if !is_plain(reason) {
        return Err(Error::invalid("/reason", Publishing::Reason(LONGEST_REASON)));
    }
    let before = find(tx, id)?.filter(|before| before.published_at.is_some());
    let before = before.ok_or_else(|| refuse(Publishing::NotPublished))?.entry;
    let key_commitment = before.replacement_key_commitment.ok_or_else(once)?;
    if let Some(next) = find(tx, id.replacement())? {
        return Err(if next.published_at.is_some() { once() } else { refuse(Publishing::Announced) });
    }
    let entry = CalendarEntry {
        edition: id.replacement(),
        committed_at: tx.now(),
        key_commitment,
        replacement_key_commitment: None,
        params_sha256: params_sha256(),
        ptable_sha256: perturbation_sha256(),
        plan: before.plan,
        release_at: calendar::replacement_at(rules(), tx.now()),
        reason: Some(reason.to_owned()),
    };
    note(tx, &entry)
}

/// Whether a reason is one line that hides nothing.
fn is_plain(reason: &str) -> bool {
    reason.chars().any(is_seen) && !reason.chars().any(is_hidden) && reason.chars().count() <= LONGEST_REASON
}

/// Writes the row of a replacement, with the secret that was committed to for it.
fn note(tx: &mut Unit<'_>, entry: &CalendarEntry) -> Result<Committed> {
    let before = EditionId::of(entry.edition.quarter()).to_string();
    let spare: Option<Sealed<Secret>> = editions::table.find(before).select(editions::spare).first(tx.conn())?;
    let row = (
        editions::id.eq(entry.edition.to_string()),
        editions::committed_at.eq(entry.committed_at),
        editions::key_commitment.eq(&entry.key_commitment),
        editions::params_sha256.eq(&entry.params_sha256),
        editions::ptable_sha256.eq(&entry.ptable_sha256),
        editions::plan.eq(serde_json::to_string(&entry.plan).map_err(anyhow::Error::new)?),
        editions::release_at.eq(entry.release_at),
        editions::reason.eq(&entry.reason),
        editions::secret.eq(spare.ok_or_else(once)?),
    );
    insert_new!(tx.conn(), editions::table, row)?;
    find(tx, entry.edition)?.ok_or(Error::NotFound)
}

/// The replacements that the public calendar announces and the database does not know: it was copied before. They are ours
/// when they name the secret that the database keeps for them, its tables, and the day that follows from the announcement.
#[must_use]
pub fn forgotten(told: &Calendar, all: &[Committed]) -> Vec<CalendarEntry> {
    let of = |id: EditionId| all.iter().find(|committed| committed.entry.edition == id);
    let is_ours = |entry: &&CalendarEntry| {
        let Some(before) = of(EditionId::of(entry.edition.quarter())) else { return false };
        let before = &before.entry;
        entry.edition.is_replacement()
            && of(entry.edition).is_none()
            && before.replacement_key_commitment.as_ref() == Some(&entry.key_commitment)
            && before.plan == entry.plan
            && before.release_at <= entry.committed_at
            && entry.release_at == calendar::replacement_at(rules(), entry.committed_at)
            && entry.reason.as_deref().is_some_and(is_plain)
    };
    told.editions.iter().filter(is_ours).cloned().collect()
}

/// Notes again what was announced, as it was.
///
/// # Errors
/// What the database says.
pub fn remember(tx: &mut Unit<'_>, entry: &CalendarEntry) -> Result<()> {
    if find(tx, entry.edition)?.is_none() {
        note(tx, entry)?;
    }
    Ok(())
}
