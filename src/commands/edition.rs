//! `recourse edition`: what is committed to, built, published, verified and rebuilt.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use recourse::app::App;
use recourse::base::output::{confirm, say};
use recourse::config::Config;
use recourse::domain::counting::{self, Quarter};
use recourse::error::Error;
use recourse::jobs::editions as jobs;
use recourse::statistics::editions::{self, Bundle, Committed, EditionId, File, PublicKey, Shelf};
use recourse::words;

use super::admin::printable;

#[derive(Debug, Subcommand)]
pub(super) enum EditionCommand {
    /// Commit to the edition of the quarter that runs, and publish the hash of its secret. The jobs do it by themselves
    /// when a quarter begins.
    Commit,
    /// List what was committed to, built and published.
    List,
    /// Count a quarter that is over, and put its edition aside until its day. May be repeated: the same count gives the
    /// same bytes, and every attempt is published.
    Build {
        /// Such as 2026-q3.
        edition: EditionId,
    },
    /// Publish a built edition. Before the day of the calendar it is refused.
    Publish {
        /// Such as 2026-q3.
        edition: EditionId,
    },
    /// Announce the one replacement that a published edition may have, after a fault in method or code. It has noise of
    /// its own, which is added to the public budget; the first edition stays and is marked. Then build and publish
    /// 2026-q3-r.
    Replace {
        /// Such as 2026-q3.
        edition: EditionId,
        /// Why; it is published.
        #[arg(long)]
        reason: String,
    },
    /// Verify published editions: every byte, every signature, and the chain of manifests. Needs nothing but the files and
    /// the key.
    Verify {
        /// The folder with a folder for each edition.
        folder: PathBuf,
        /// The public key, 64 hexadecimal digits, as /transparency/verify names it.
        #[arg(long)]
        key: String,
    },
    /// Make every file of an edition again from its auditor's bundle, and compare it with what was published.
    Rebuild {
        /// The bundle, such as auditor/2026-q3.json.
        bundle: PathBuf,
        /// The published edition to compare with.
        #[arg(long, value_name = "FOLDER")]
        compare: Option<PathBuf>,
        /// Where to write the files.
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
    /// Print the public key that verifies this service's editions.
    Key,
}

impl EditionCommand {
    /// Runs what needs neither settings nor a database; gives the others back.
    pub(super) fn offline(self) -> Result<anyhow::Result<ExitCode>, Self> {
        match self {
            Self::Verify { folder, key } => Ok(verify(&folder, &key)),
            Self::Rebuild { bundle, compare, out } => Ok(rebuild(&bundle, compare.as_deref(), out.as_deref())),
            online @ (Self::Commit
            | Self::List
            | Self::Build { .. }
            | Self::Publish { .. }
            | Self::Replace { .. }
            | Self::Key) => Err(online),
        }
    }
}

/// Runs a command that needs the service.
pub(super) async fn run(config: Config, command: EditionCommand) -> anyhow::Result<ExitCode> {
    let app = super::open_existing(config).await?;
    match command {
        EditionCommand::Commit => commit(&app).await?,
        EditionCommand::List => list(&app).await?,
        EditionCommand::Build { edition } => build(&app, edition).await?,
        EditionCommand::Publish { edition } => {
            jobs::publish(&app, edition).await.map_err(told)?;
            confirm(format_args!("published: {edition}, in {}", app.editions().published(edition).display()))?;
            let bundle = app.editions().bundle(edition);
            if bundle.exists() {
                confirm(format_args!("next: give {} to the auditor, and remove it here", bundle.display()))?;
            }
        }
        EditionCommand::Replace { edition, reason } => replace(&app, edition, reason).await?,
        EditionCommand::Key => say(jobs::key(&app))?,
        EditionCommand::Verify { .. } | EditionCommand::Rebuild { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// A refusal of the domain in words for a terminal.
fn told(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<Error>() {
        Some(Error::Invalid(violations)) => {
            let told: Vec<_> = violations.named.iter().map(|violation| words::rule(&violation.rule)).collect();
            anyhow::anyhow!(told.join("; "))
        }
        Some(Error::Erased) => {
            anyhow::anyhow!("its secret is the auditor's alone since it was published; see recourse edition rebuild")
        }
        _ => error,
    }
}

async fn commit(app: &Arc<App>) -> anyhow::Result<()> {
    let waits = jobs::commit_due(app).await.map_err(told)?;
    let id = EditionId::of(Quarter::of(app.clock.now()));
    let committed = app.read(move |rx| editions::find(rx, id)).await?;
    if let Some(committed) = committed {
        let entry = committed.entry;
        confirm(format_args!(
            "{}: committed {}, published on {}",
            entry.edition, entry.committed_at, entry.release_at
        ))?;
        confirm(format_args!("hash of its secret: {}", entry.key_commitment))?;
    } else if let Some(before) = waits {
        say(format_args!(
            "{id}: not committed to yet, because {} decides which tables it has\n\
             next: publish {}, due {}; the service commits then by itself, or a week after that day",
            before.edition, before.edition, before.release_at
        ))?;
    }
    Ok(())
}

async fn list(app: &Arc<App>) -> anyhow::Result<()> {
    let (shelf, _) = jobs::shelf(app)?;
    for committed in app.read(editions::all).await? {
        say(format_args!("{}: {}", committed.entry.edition, state(app, &committed, &shelf)))?;
    }
    Ok(())
}

/// Where an edition stands, on record and in the folder, and what is next.
fn state(app: &App, committed: &Committed, shelf: &Shelf) -> String {
    let (id, release, now) = (committed.entry.edition, committed.entry.release_at, app.clock.now());
    let is_placed = app.editions().published(id).is_dir();
    if committed.published_at.is_some() {
        return match (shelf.edition(id), is_placed) {
            (Some(_), _) => "published",
            (None, true) => "published, and not as it was signed: put it back from a backup of the folder",
            (None, false) => "published, and not in the folder: put it back from a backup of the folder",
        }
        .to_owned();
    }
    if is_placed {
        return format!("in its place, and not on record as published: recourse edition publish {id}");
    }
    let is_built = app.editions().staged(id).is_dir();
    if is_built && now < release {
        format!("built; published on {release}")
    } else if is_built {
        format!("built, and its day has come: recourse edition publish {id}")
    } else if now < id.quarter().until() {
        format!("its quarter runs; published on {release}")
    } else if now < release {
        format!("to be built by {release}: recourse edition build {id}")
    } else {
        format!("to be built, late since {release}: recourse edition build {id}")
    }
}

async fn build(app: &Arc<App>, id: EditionId) -> anyhow::Result<()> {
    // Shown on a terminal only.
    let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {msg} {elapsed}")?);
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    let told_bar = bar.clone();
    let built = jobs::build(app, id, &move |what| told_bar.set_message(what.to_owned())).await.map_err(told);
    bar.finish_and_clear();
    let (bundle, files) = built?;
    confirm(format_args!("built: {id}, {files} files, attempt {}", bundle.builds.len()))?;
    confirm(format_args!("  aside until {}: {}", bundle.imprint.published_at, app.editions().staged(id).display()))?;
    confirm(format_args!("  the auditor's bundle, for nobody else: {}", app.editions().bundle(id).display()))?;
    let capped = app.read(move |rx| counting::capped(rx, id.quarter())).await?;
    if capped > 0 {
        say(format_args!("  not counted, because two of the same account were: {capped}"))?;
    }
    confirm(format_args!("next: recourse edition publish {id}"))?;
    Ok(())
}

async fn replace(app: &Arc<App>, id: EditionId, reason: String) -> anyhow::Result<()> {
    let committed = jobs::replace(app, id, reason).await.map_err(told)?;
    say(format_args!(
        "announced: {} replaces {id}, not before {}",
        committed.entry.edition, committed.entry.release_at
    ))?;
    confirm(format_args!("next: recourse edition build {}", committed.entry.edition))?;
    Ok(())
}

fn verify(folder: &Path, key: &str) -> anyhow::Result<ExitCode> {
    let key = PublicKey::read(key).context("the key must be 64 hexadecimal digits of an Ed25519 public key")?;
    let (found, flaws) =
        editions::verify(folder, &key).with_context(|| format!("{} cannot be read", folder.display()))?;
    for id in &found {
        say(format_args!("{id}: signature holds"))?;
    }
    for flaw in &flaws {
        say(format_args!("wrong: {}: {}", flaw.place, flaw.what))?;
    }
    if found.is_empty() && flaws.is_empty() {
        anyhow::bail!("{} holds no edition; give the folder that has a folder for each", folder.display());
    }
    let word = if flaws.is_empty() { "every file is as it was published" } else { "do not rely on these files" };
    say(format_args!("{} editions, {} flaws: {word}", found.len(), flaws.len()))?;
    Ok(if flaws.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rebuild(bundle: &Path, compare: Option<&Path>, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let text = std::fs::read(bundle).with_context(|| format!("{} cannot be read", bundle.display()))?;
    let bundle: Bundle = serde_json::from_slice(&text).context("this is no auditor's bundle")?;
    let files = jobs::rebuild(&bundle)?;
    if let Some(out) = out {
        for file in &files {
            anyhow::ensure!(editions::is_within(&file.path), "{} leads out of its folder", file.path);
            let place = out.join(&file.path);
            std::fs::create_dir_all(place.parent().unwrap_or(out))?;
            std::fs::write(place, &file.bytes)?;
        }
    }
    say(format_args!("rebuilt: {}, {} files", bundle.imprint.edition, files.len()))?;
    let Some(folder) = compare else { return Ok(ExitCode::SUCCESS) };
    let differ = differences(folder, &files)?;
    for line in &differ {
        say(line)?;
    }
    let added = differ.iter().filter(|line| line.starts_with(ADDED)).count();
    let changed = differ.len() - added;
    say(format_args!("{} files the same, {changed} differ, {added} do not belong to it", files.len() - changed))?;
    Ok(if differ.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const ADDED: &str = "does not belong to it: ";

/// How what was published differs from what the bundle makes. The signature is the publisher's, and is not made again.
fn differences(folder: &Path, files: &[File]) -> anyhow::Result<Vec<String>> {
    let there = editions::paths(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let is_other = |file: &&File| std::fs::read(folder.join(&file.path)).ok().as_deref() != Some(file.bytes.as_slice());
    let is_strange = |path: &&String| *path != editions::SIGNATURE && files.iter().all(|file| file.path != **path);
    let changed = files.iter().filter(is_other).map(|file| format!("differs: {}", file.path));
    let added = there.iter().filter(is_strange).map(|path| format!("{ADDED}{}", printable(path)));
    Ok(changed.chain(added).collect())
}
