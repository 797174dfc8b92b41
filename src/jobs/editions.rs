//! From counting to publication: committing to the quarter that runs, building an edition once its quarter is over, and
//! publishing it when its day has come.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::app::App;
use crate::base::time::Timestamp;
use crate::domain::disclosure;
use crate::domain::editions::{
    self, Around, Bundle, Calendar, Committed, EditionId, File, Manifest, PublicKey, Shelf, Store, all_files, finish,
    signer,
};
use crate::domain::flows::Quarter;
use crate::error::{Error, Result};

/// How long the first quarter of a year waits for the last edition of the year before, once its day has come.
const WAITS: Duration = Duration::from_hours(7 * 24);
/// The commit that this program was built from, as `build.rs` finds it for release builds.
pub const CODE_COMMIT: &str = match option_env!("RECOURSE_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// Commits to the quarter that runs, unless that was done, and writes the calendar. The first quarter of a year waits
/// for the last edition of the year before, which decides about its tables, but not for one that is a week late.
///
/// # Errors
/// What the database or the file system says.
pub async fn commit_due(app: &Arc<App>) -> anyhow::Result<()> {
    let now = app.clock.now();
    let quarter = Quarter::of(now);
    calendar(app).await?;
    let all = app.db.read(editions::all).await?;
    let known = all.iter().any(|committed| committed.entry.edition == EditionId::of(quarter));
    let comes = |committed: &Committed| {
        let before = committed.entry.edition.quarter().next() == quarter && committed.published_at.is_none();
        before && now < committed.entry.release_at.plus(WAITS)
    };
    let waits = quarter == quarter.first_of_year() && all.iter().any(comes);
    if !known && !waits {
        let entries: Vec<_> = all.into_iter().map(|committed| committed.entry).collect();
        let (shelf, _) = Shelf::read(app.editions().public(), &key(app))?;
        let plan = editions::plan(disclosure::rules(), quarter, &entries, &shelf);
        let shared = Arc::clone(app);
        if app.db.write(move |tx| editions::commit_due(tx, &shared.kit, quarter, &plan)).await? {
            tracing::info!(edition = %quarter, "committed to an edition");
        }
    }
    write_calendar(app).await
}

/// Writes the public calendar as the database has it.
///
/// # Errors
/// What the database or the file system says.
pub async fn write_calendar(app: &Arc<App>) -> anyhow::Result<()> {
    let calendar = calendar(app).await?;
    editions::write_calendar(app.editions(), &calendar).context("the calendar cannot be written")
}

/// What the database has committed to. It must keep all that the public calendar says: a promise that was published is not
/// replaced by another one.
async fn calendar(app: &Arc<App>) -> anyhow::Result<Calendar> {
    let entries = app.db.read(editions::all).await?.into_iter().map(|committed| committed.entry).collect();
    let calendar = Calendar { public_key: key(app).to_string(), editions: entries };
    let folder = app.editions().public();
    let told = editions::read_calendar(folder).context("the public calendar cannot be read")?;
    if let Some(id) = told.broken_by(&calendar) {
        bail!(
            "{}/calendar.json has committed to {id}, and the database has not, or otherwise: restore a newer database; if \
             there is none, say so in public and move that file away",
            folder.display()
        );
    }
    Ok(calendar)
}

/// The key that verifies editions.
#[must_use]
pub fn key(app: &App) -> PublicKey {
    PublicKey::of(&signer(&app.kit.keyring))
}

/// Brings the flows up to date: counts what is due, and adds up the totals.
///
/// # Errors
/// What the database says.
pub async fn settle(app: &Arc<App>) -> Result<()> {
    match super::settle(app).await? {
        0 => Ok(()),
        count => Err(Error::Internal(anyhow::anyhow!("{count} cases cannot be counted; run `recourse check`"))),
    }
}

/// Builds an edition, and puts it aside until its day. `told` hears what is being done.
///
/// # Errors
/// A sentence that says what stands in the way and what to do.
pub async fn build(app: &Arc<App>, id: EditionId, told: &dyn Fn(&str)) -> anyhow::Result<(Bundle, usize)> {
    let store = app.editions();
    if store.published(id).is_dir() {
        bail!("{id} is in its place already; run: recourse edition publish {id}");
    }
    told("counting what has come due");
    settle(app).await?;
    told("closing the quarter");
    let committed = app.db.write(move |tx| editions::settle_and_close(tx, id)).await?;
    // What was counted just before the quarter was closed.
    settle(app).await?;
    told("reading the shelf");
    let (shelf, flaws) = Shelf::read(store.public(), &key(app))?;
    if let Some(flaw) = flaws.first() {
        bail!("{}: {}; mend the published editions first (recourse edition verify)", flaw.place, flaw.what);
    }
    let all = app.db.read(editions::all).await?;
    let gone = |one: &&Committed| one.published_at.is_some() && shelf.edition(one.entry.edition).is_none();
    if let Some(gone) = all.iter().find(gone) {
        let edition = gone.entry.edition;
        bail!("{edition} was published and is not in {}; put it back from a backup", store.public().display());
    }
    let around = Around {
        history: shelf.history(id),
        previous_manifest_sha256: shelf.last_manifest_sha256(),
        code_commit: CODE_COMMIT.to_owned(),
        public_key: key(app).to_string(),
        site: app.config.base_url(),
    };
    told("counting the quarter");
    let shared = Arc::clone(app);
    let mut bundle = app.db.read(move |rx| editions::count(rx, &shared.kit, &committed, around)).await?;
    let noted = bundle.clone();
    bundle.builds = app.db.write(move |tx| editions::note_attempt(tx, &noted)).await?;
    told("drawing and writing the files");
    let shared = Arc::clone(app);
    tokio::task::spawn_blocking(move || {
        let files = finish(all_files(&bundle)?, &signer(&shared.kit.keyring));
        shared.editions().stage(&bundle, &files).context("the edition cannot be written")?;
        anyhow::Ok((bundle, files.len()))
    })
    .await?
}

/// Publishes a built edition. Done already, it stays as it is.
///
/// # Errors
/// A sentence that says what stands in the way and what to do.
pub async fn publish(app: &Arc<App>, id: EditionId) -> anyhow::Result<()> {
    let found = app.db.read(move |rx| editions::find(rx, id)).await?;
    let committed = found.with_context(|| format!("nobody committed to {id}"))?;
    let release = committed.entry.release_at;
    if app.clock.now() < release {
        bail!("{id} is published on {release}, and not before: the calendar decides");
    }
    let store = app.editions().clone();
    let is_placed = store.published(id).is_dir();
    let place = if is_placed { store.published(id) } else { store.staged(id) };
    if !place.is_dir() {
        bail!("{id} is not built; run: recourse edition build {id}");
    }
    let manifest = editions::check_staged(&place, &key(app)).map_err(|what| anyhow::anyhow!("{id}: {what}"))?;
    if is_placed {
        return note_placed(app, manifest).await;
    }
    let (shelf, _) = Shelf::read(store.public(), &key(app))?;
    if manifest.previous_manifest_sha256 != shelf.last_manifest_sha256() {
        bail!("another edition was published since {id} was built; build it again");
    }
    app.db.read(move |rx| editions::is_on_record(rx, &manifest)).await?;
    let (shared, now) = (Arc::clone(app), app.clock.now());
    let placed = move || place_as_of(&shared, made_by_its_bundle(&store, &place, id)?, now);
    tokio::task::spawn_blocking(placed).await??;
    app.db.write(move |tx| editions::mark_published(tx, id, now)).await?;
    write_calendar(app).await
}

/// Notes an edition that stands in its place already: publishing was cut off, or an older database was restored. Its
/// bundle must make it; one that the auditor has by now cannot be asked for.
async fn note_placed(app: &Arc<App>, manifest: Manifest) -> anyhow::Result<()> {
    let (store, id) = (app.editions().clone(), manifest.edition);
    tokio::task::spawn_blocking(move || {
        if store.bundle(id).exists() {
            made_by_its_bundle(&store, &store.published(id), id)?;
        }
        store.publish(id).context("what was built aside cannot be removed")
    })
    .await??;
    app.db.write(move |tx| editions::adopt(tx, &manifest)).await?;
    write_calendar(app).await
}

/// Moves an edition into its place as published at this instant: its files say when that was, and not when it was built
/// or planned. No figure hangs on it.
fn place_as_of(app: &App, mut bundle: Bundle, at: Timestamp) -> anyhow::Result<()> {
    bundle.imprint.published_at = at;
    let files = finish(all_files(&bundle)?, &signer(&app.kit.keyring));
    app.editions().stage(&bundle, &files).context("the edition cannot be written")?;
    app.editions().publish(bundle.imprint.edition).context("the edition cannot be moved into place")
}

/// The secret is destroyed when an edition is published. From then on its bundle must make it.
fn made_by_its_bundle(store: &Store, place: &Path, id: EditionId) -> anyhow::Result<Bundle> {
    let again = format!("build it again: recourse edition build {id}");
    let text = std::fs::read(store.bundle(id)).with_context(|| format!("the auditor's bundle is missing; {again}"))?;
    let bundle: Bundle =
        serde_json::from_slice(&text).with_context(|| format!("the bundle cannot be read; {again}"))?;
    let made = rebuild(&bundle)?.into_iter().find(|file| file.path == "manifest.json");
    if made.map(|file| file.bytes) != std::fs::read(place.join("manifest.json")).ok() {
        bail!("the auditor's bundle is not of this build; {again}");
    }
    Ok(bundle)
}

/// Makes every file of a bundle again, as its auditor does, without a database or a keyring. The signature is the
/// publisher's and cannot be made again.
///
/// # Errors
/// A sentence when the bundle does not hold together, or was made by other rules.
pub fn rebuild(bundle: &Bundle) -> anyhow::Result<Vec<File>> {
    let ours = (disclosure::params_sha256(), disclosure::perturbation_sha256());
    if (&bundle.params_sha256, &bundle.ptable_sha256) != (&ours.0, &ours.1) {
        bail!("the bundle was made by other rules; rebuild it with the program of commit {}", bundle.code_commit);
    }
    all_files(bundle)
}
