//! From counting to publication: committing to the quarter that runs, building an edition once its quarter is over, and
//! publishing it when its day has come.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::interval;

use super::beat::Beat;
use super::counts;
use crate::app::App;
use crate::base::time::Timestamp;
use crate::domain::counting::Quarter;
use crate::domain::unit::Caller;
use crate::error::{Error, Result};
use crate::statistics::disclosure;
use crate::statistics::editions::{
    self, Around, Bundle, Calendar, CalendarEntry, Committed, EditionId, File, Flaw, Manifest, PublicKey, Shelf, Store,
    Turn, all_files, finish, signer,
};

/// How long the first quarter of a year waits for the last edition of the year before, once its day has come.
const WAITS: Duration = Duration::from_hours(7 * 24);
/// How often, and how many times, somebody looks whether it is their turn.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS: u32 = 1_200;
/// The commit that this program was built from, as `build.rs` finds it for release builds.
const CODE_COMMIT: &str = match option_env!("BUILT_FROM_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// Waits until no other process works on the editions. Who comes second does so on what the first one has left.
async fn turn(app: &App) -> anyhow::Result<Turn> {
    let mut looks = interval(LOOK);
    for look in 0..LOOKS {
        looks.tick().await;
        let folder = app.editions().public();
        let turn = app.editions().turn();
        if let Some(turn) = turn.with_context(|| format!("the folder {} cannot be locked", folder.display()))? {
            return Ok(turn);
        }
        if look == 0 {
            tracing::warn!("somebody else works on the editions: waiting for their end, two minutes at the most");
        }
    }
    bail!(
        "somebody else has been working on the editions for two minutes (`recourse edition`, or the service when it commits); \
         nothing was changed: look for that process, and run this again when it has ended"
    )
}

/// Commits to what is due, as a job: a quarter that nobody committed to has no edition, so whoever asks for readiness hears
/// of a failure.
pub(super) async fn commit(beat: &Beat) -> Result<()> {
    let done = commit_due(&beat.app).await;
    match &done {
        // Told of in another way, and no fault of the editions.
        Err(error) if matches!(error.downcast_ref(), Some(Error::Unavailable(_))) => {}
        done => beat.app.committed(done.is_ok()),
    }
    Ok(done.map(drop)?)
}

/// Commits to the quarter that runs, unless that was done, and writes the calendar. The first quarter of a year waits
/// for the last edition of the year before, which decides about its tables, but not for one that is a week late. Says
/// which edition it waits for.
///
/// # Errors
/// What the database or the file system says.
pub async fn commit_due(app: &Arc<App>) -> anyhow::Result<Option<CalendarEntry>> {
    let _turn = turn(app).await?;
    let now = app.clock.now();
    let quarter = Quarter::of(now);
    calendar(app).await?;
    let all = app.read(editions::all).await?;
    let known = all.iter().any(|committed| committed.entry.edition == EditionId::of(quarter));
    let comes = |committed: &&Committed| {
        let before = committed.entry.edition.quarter().next() == quarter && committed.published_at.is_none();
        before && now < committed.entry.release_at.plus(WAITS)
    };
    let waits = all.iter().find(comes).filter(|_| !known && quarter == quarter.first_of_year()).cloned();
    if !known && waits.is_none() {
        let entries: Vec<_> = all.into_iter().map(|committed| committed.entry).collect();
        let (shelf, _) = shelf(app)?;
        let plan = editions::plan(disclosure::rules(), quarter, &entries, &shelf);
        if app.write(Caller::Job("editions"), move |tx| editions::commit_due(tx, quarter, &plan)).await? {
            tracing::info!(edition = %quarter, "committed to an edition");
        }
    }
    write_calendar(app).await?;
    Ok(waits.map(|committed| committed.entry))
}

/// Announces the replacement of an edition.
///
/// # Errors
/// A sentence that says what stands in the way and what to do.
pub async fn replace(app: &Arc<App>, id: EditionId, reason: String) -> anyhow::Result<Committed> {
    let _turn = turn(app).await?;
    calendar(app).await?;
    // What could not be built is not announced.
    whole_shelf(app).await?;
    let committed = app.write(Caller::Job("editions"), move |tx| editions::replace(tx, id, &reason)).await?;
    let late = "it is announced on record and not yet in public: when this is mended, run `recourse edition commit`";
    write_calendar(app).await.context(late)?;
    Ok(committed)
}

/// Writes the public calendar as the database has it.
async fn write_calendar(app: &Arc<App>) -> anyhow::Result<()> {
    let calendar = calendar(app).await?;
    editions::write_calendar(app.editions(), &calendar).context("the calendar cannot be written")
}

/// What the database has committed to. It must keep all that the public calendar says: a promise that was published is not
/// replaced by another one. A replacement that was announced after the database was copied is noted again.
async fn calendar(app: &Arc<App>) -> anyhow::Result<Calendar> {
    let folder = app.editions().public();
    let told = editions::read_calendar(folder).context("the public calendar cannot be read")?;
    let known = app.read(editions::all).await?;
    let forgotten = editions::forgotten(&told, &known);
    let mut entries: Vec<_> = known.into_iter().map(|committed| committed.entry).chain(forgotten.clone()).collect();
    entries.sort_by_key(|entry| entry.edition);
    let calendar = Calendar { public_key: key(app).to_string(), editions: entries };
    if let Some(id) = told.broken_by(&calendar) {
        bail!(
            "{}/calendar.json has committed to {id}, and the database has not, or otherwise: restore a newer database; if \
             there is none, say so in public and move that file away",
            folder.display()
        );
    }
    for entry in forgotten {
        tracing::warn!(edition = %entry.edition, "the public calendar announces it, and the database did not: noted again");
        app.write(Caller::Job("editions"), move |tx| editions::remember(tx, &entry)).await?;
    }
    Ok(calendar)
}

/// The published editions as they stand in their folder, and what is wrong with them.
///
/// # Errors
/// When the folder cannot be read.
pub fn shelf(app: &App) -> anyhow::Result<(Shelf, Vec<Flaw>)> {
    let folder = app.editions().public();
    Shelf::read(folder, &key(app)).with_context(|| format!("{} cannot be read", folder.display()))
}

/// The shelf, when all that is on record as published stands on it as it was signed: each edition names the one before.
async fn whole_shelf(app: &Arc<App>) -> anyhow::Result<Shelf> {
    let (shelf, flaws) = shelf(app)?;
    if let Some(flaw) = flaws.first() {
        bail!(
            "{}: {}; mend the published editions first (recourse edition verify): put what was signed back from a backup of \
             the folder",
            flaw.place,
            flaw.what
        );
    }
    let all = app.read(editions::all).await?;
    let gone = |one: &&Committed| one.published_at.is_some() && shelf.edition(one.entry.edition).is_none();
    if let Some(gone) = all.iter().find(gone) {
        let (edition, folder) = (gone.entry.edition, app.editions().public().display());
        bail!("{edition} was published and is not in {folder}; put it back from a backup of the folder");
    }
    Ok(shelf)
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
    match counts::settle_all(&Beat::new(app, "settle")).await? {
        0 => Ok(()),
        count => Err(Error::Internal(anyhow::anyhow!("{count} cases cannot be counted; run `recourse check`"))),
    }
}

/// Builds an edition, and puts it aside until its day. `told` hears what is being done.
///
/// # Errors
/// A sentence that says what stands in the way and what to do.
pub async fn build(app: &Arc<App>, id: EditionId, told: &dyn Fn(&str)) -> anyhow::Result<(Bundle, usize)> {
    let _turn = turn(app).await?;
    told("reading the shelf");
    calendar(app).await?;
    let shelf = whole_shelf(app).await?;
    if app.editions().published(id).is_dir() {
        let known = app.read(move |rx| editions::find(rx, id)).await?;
        if known.is_some_and(|committed| committed.published_at.is_some()) {
            bail!("{id} is published; see `recourse edition replace --help`");
        }
        bail!("{id} is in its place already; run: recourse edition publish {id}");
    }
    told("counting what has come due");
    settle(app).await?;
    told("closing the quarter");
    let committed = app.write(Caller::Job("editions"), move |tx| editions::settle_and_close(tx, id)).await?;
    // What was counted just before the quarter was closed.
    settle(app).await?;
    let around = Around {
        history: shelf.history(id),
        previous_manifest_sha256: shelf.last_manifest_sha256(),
        code_commit: CODE_COMMIT.to_owned(),
        public_key: key(app).to_string(),
        site: app.config.base_url(),
    };
    told("counting the quarter");
    let mut bundle = app.read(move |rx| editions::count(rx, &committed, around)).await?;
    let noted = bundle.clone();
    bundle.builds = app.write(Caller::Job("editions"), move |tx| editions::note_attempt(tx, &noted)).await?;
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
    let _turn = turn(app).await?;
    calendar(app).await?;
    let found = app.read(move |rx| editions::find(rx, id)).await?;
    let committed = found.with_context(|| format!("nobody committed to {id}"))?;
    let release = committed.entry.release_at;
    if app.clock.now() < release {
        bail!("{id} is published on {release}, and not before: the calendar decides");
    }
    let store = app.editions().clone();
    let is_placed = store.published(id).is_dir();
    if committed.published_at.is_some() && !is_placed {
        let folder = store.public().display();
        bail!("{id} was published and is not in {folder}; put it back from a backup of the folder");
    }
    let place = if is_placed { store.published(id) } else { store.staged(id) };
    if !place.is_dir() {
        bail!("{id} is not built; run: recourse edition build {id}");
    }
    let damaged = |what| {
        let place = place.display();
        let from = format!("{place} is not as it was signed: put it back from a backup of the folder");
        anyhow::anyhow!(if is_placed { from } else { format!("{id}: {what}") })
    };
    let manifest = editions::check_staged(&place, &key(app)).map_err(damaged)?;
    if is_placed {
        return note_placed(app, manifest).await;
    }
    let shelf = whole_shelf(app).await?;
    if manifest.previous_manifest_sha256 != shelf.last_manifest_sha256() {
        bail!("another edition was published since {id} was built; build it again");
    }
    app.read(move |rx| editions::is_on_record(rx, &manifest)).await?;
    write_calendar(app).await?;
    let (shared, now) = (Arc::clone(app), app.clock.now());
    let placed = move || place_as_of(&shared, made_by_its_bundle(&store, &place, id)?, now);
    tokio::task::spawn_blocking(placed).await??;
    Ok(app.write(Caller::Job("editions"), move |tx| editions::mark_published(tx, id, now)).await?)
}

/// Notes an edition that stands in its place already: publishing was cut off, or an older database was restored. Its
/// bundle must make it; one that the auditor has by now cannot be asked for.
async fn note_placed(app: &Arc<App>, manifest: Manifest) -> anyhow::Result<()> {
    write_calendar(app).await?;
    let (store, id) = (app.editions().clone(), manifest.edition);
    tokio::task::spawn_blocking(move || {
        if store.bundle(id).exists() {
            made_by_its_bundle(&store, &store.published(id), id)?;
        }
        store.publish(id).context("what was built aside cannot be removed")
    })
    .await??;
    Ok(app.write(Caller::Job("editions"), move |tx| editions::adopt(tx, &manifest)).await?)
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
    let again = if place == store.published(id) {
        format!("put the right one back, or move {} away: the edition itself stands", store.bundle(id).display())
    } else {
        format!("build it again: recourse edition build {id}")
    };
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
