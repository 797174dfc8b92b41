//! From the database to the auditor's bundle: the only place where an edition sees true counts.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::bundle::{Build, Bundle, Imprint, Listed, Past};
use super::commit::{self, Committed};
use super::tables;
use super::{Cell, EditionId, Snapshot, Span};
use crate::base::time::Timestamp;
use crate::db::schema::{edition_builds, platform_clients, platforms};
use crate::domain::counting::{self, FlowKind, Quarter};
use crate::domain::people::platforms::shown;
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::error::rules::Publishing;
use crate::error::{Error, Result};
use crate::statistics::disclosure::rules;
use crate::statistics::disclosure::{params_sha256, perturbation_sha256};

/// What a build takes from outside the database.
#[derive(Clone, Debug)]
pub struct Around {
    /// Earlier figures.
    pub history: Vec<Past>,
    /// SHA-256 of the manifest published before.
    pub previous_manifest_sha256: Option<String>,
    /// The commit that the program was built from.
    pub code_commit: String,
    /// Who signs, in hexadecimal.
    pub public_key: String,
    /// The address of the site.
    pub site: String,
}

/// Closes an edition's quarter for counting, unless it is closed.
///
/// # Errors
/// `Invalid` while the quarter runs, or for an edition that nobody committed to.
pub fn settle_and_close(tx: &mut Unit<'_>, id: EditionId) -> Result<Committed> {
    let refuse = |rule: Publishing| Error::invalid("/edition", rule);
    let missing = || refuse(Publishing::NotCommitted);
    let committed = commit::find(tx, id)?.ok_or_else(missing)?;
    if tx.now() < id.quarter().until() {
        return Err(refuse(Publishing::QuarterRuns));
    }
    if committed.published_at.is_some() {
        return Err(refuse(Publishing::Published));
    }
    let rules = (params_sha256(), perturbation_sha256());
    if (&committed.entry.params_sha256, &committed.entry.ptable_sha256) != (&rules.0, &rules.1) {
        return Err(refuse(Publishing::OtherRules));
    }
    counting::close(tx, &id.to_string(), id.quarter().until())?;
    Ok(committed)
}

/// Counts. Only a closed quarter is counted, so that it may be read while everybody else writes.
///
/// # Errors
/// `Invalid` when the totals of the job are not what was counted; `Erased` when the secret is the auditor's alone.
pub fn count(rx: &mut Look<'_>, committed: &Committed, around: Around) -> Result<Bundle> {
    let entry = &committed.entry;
    let id = entry.edition;
    let names: BTreeMap<String, String> = platforms::table
        .select((platforms::id, platforms::slug))
        .load::<(String, String)>(rx.conn())?
        .into_iter()
        .collect();
    let snapshot = snapshot(rx, &entry.plan, id.quarter(), &names)?;
    let imprint = Imprint {
        edition: id,
        site: around.site,
        // As it is planned: an edition that is built late is published late. Publishing sets it.
        published_at: entry.release_at.max(rx.now()),
        register: register(rx, id.quarter().until())?,
        plan: entry.plan.clone(),
        history: around.history,
        replaces: entry.reason.clone().map(|reason| (EditionId::of(id.quarter()), reason)),
    };
    let mut bundle = Bundle {
        imprint,
        code_commit: around.code_commit,
        params_sha256: params_sha256(),
        ptable_sha256: perturbation_sha256(),
        secret: commit::secret(rx, id)?,
        snapshot,
        draws: Vec::new(),
        builds: Vec::new(),
        previous_manifest_sha256: around.previous_manifest_sha256,
        public_key: around.public_key,
    };
    let secret = bundle.edition_secret().ok_or_else(|| anyhow::anyhow!("the edition's secret is damaged"))?;
    if secret.commitment() != entry.key_commitment {
        return Err(anyhow::anyhow!("the edition's secret is not the one committed to").into());
    }
    bundle.draws = tables::draws(rules(), &bundle)?;
    Ok(bundle)
}

/// The counts of every flow and span of the plan.
fn snapshot(
    rx: &mut Look<'_>,
    plan: &BTreeMap<String, Span>,
    quarter: Quarter,
    names: &BTreeMap<String, String>,
) -> Result<Snapshot> {
    let mut cells = Vec::new();
    for flow in FlowKind::ALL {
        let planned =
            |span: Span| rules().tables.iter().any(|table| table.flow == *flow && plan.get(&table.name) == Some(&span));
        let spans = [(Span::Quarter, quarter), (Span::Year, quarter.first_of_year())];
        for (span, first) in spans.into_iter().filter(|(span, _)| planned(*span)) {
            let mut part = first;
            while part <= quarter {
                let counted = counting::cube(rx, *flow, part.from(), part.until())?;
                if !counting::agree(rx, *flow, part, &counted)? {
                    return Err(Error::invalid("/edition", Publishing::TotalsDiffer));
                }
                add(&mut cells, *flow, span, names, counted)?;
                part = part.next();
            }
        }
    }
    Ok(Snapshot::new(cells))
}

/// Adds the counts of a quarter to those of the span.
fn add(
    cells: &mut Vec<Cell>,
    flow: FlowKind,
    span: Span,
    names: &BTreeMap<String, String>,
    counted: Vec<counting::CubeCell>,
) -> Result<()> {
    for cell in counted {
        let gone = || anyhow::anyhow!("a platform that has cases is not there any more");
        let platform = names.get(&cell.platform_id).ok_or_else(gone)?.clone();
        let counting::CubeCell { category, region, value, cases, .. } = cell;
        cells.push(Cell { flow, span, platform, category, region, value, cases });
    }
    Ok(())
}

/// The platforms that were connected for real life before the period ended. A platform stands in the tables because it is
/// connected, never because somebody reported from it.
fn register(rx: &mut Look<'_>, until: Timestamp) -> Result<Vec<Listed>> {
    let all: Vec<(String, String)> = platforms::table
        .inner_join(platform_clients::table)
        .filter(platform_clients::mode.eq(Mode::Live).and(platform_clients::created_at.lt(until)))
        .select((platforms::slug, platforms::name))
        .distinct()
        .load(rx.conn())?;
    let listed = |(slug, name): (String, String)| Listed { name: shown(&name, &slug), slug };
    let mut all: Vec<Listed> = all.into_iter().map(listed).collect();
    all.sort_by_key(|listed| (listed.name.to_lowercase(), listed.slug.clone()));
    Ok(all)
}

/// Puts an attempt on record, and gives back all of them.
///
/// # Errors
/// What the database says.
pub fn note_attempt(tx: &mut Unit<'_>, bundle: &Bundle) -> Result<Vec<Build>> {
    let id = bundle.imprint.edition.to_string();
    let secret = bundle.edition_secret().ok_or_else(|| anyhow::anyhow!("the edition's secret is damaged"))?;
    let of_edition = edition_builds::table.filter(edition_builds::edition_id.eq(&id));
    let before: i64 = of_edition.count().get_result(tx.conn())?;
    let row = (
        edition_builds::edition_id.eq(&id),
        edition_builds::attempt.eq(before + 1),
        edition_builds::at.eq(tx.now()),
        edition_builds::snapshot_commitment.eq(bundle.snapshot.commitment(secret.expose())),
    );
    diesel::insert_into(edition_builds::table).values(row).execute(tx.conn())?;
    commit::attempts(tx, bundle.imprint.edition)
}
