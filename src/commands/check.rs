//! `recourse check`: whether what is stored is whole.

mod record;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use recourse::app::{App, look_at_files};
use recourse::base::output::say;
use recourse::base::text::is_hidden;
use recourse::config::Config;
use recourse::domain::directory::stale;
use recourse::domain::ledger::audit;
use recourse::domain::ledger::outbox;
use recourse::domain::paging::{rota, shown};
use recourse::domain::terms::identifiers::RULES;
use recourse::domain::unit::Look;
use recourse::domain::watch::renewal;
use recourse::domain::watch::soundness::{self, Finding, Seals};
use recourse::domain::webhooks;
use recourse::error::Error;
use recourse::statistics::editions::{self, Shelf};
use recourse::statistics::sound;
use serde::Serialize;

/// How many chains, owners or cases are read at a time.
const SOME: i64 = 500;
/// How late owed work may be, in seconds.
const LATE: u64 = 120;

/// What was found, as `--json` prints it.
#[derive(Default, Serialize)]
struct Report {
    sound: bool,
    ruleset: String,
    sealed: BTreeMap<&'static str, Seals>,
    audit_chains: usize,
    outbox_waiting: i64,
    outbox_dead: i64,
    outbox_late_seconds: u64,
    /// What is wrong.
    problems: Vec<Finding>,
    /// What the operator may have meant so.
    notes: Vec<Finding>,
    #[serde(skip)]
    said: Vec<String>,
}

impl Report {
    fn problem(&mut self, code: &'static str, table: &'static str, id: &str, detail: &'static str) {
        self.problems.push(Finding { code, table, id: id.to_owned(), detail });
    }

    /// One part of the look. What cannot be read in it is a finding of its own, so that one row hides no other; a database
    /// that does not answer ends it all.
    fn section(&mut self, table: &'static str, looked: anyhow::Result<()>) -> anyhow::Result<()> {
        match looked {
            Err(error) if matches!(error.downcast_ref(), Some(Error::Unavailable(_))) => Err(error),
            Err(error) => {
                // The words are the database's, and may be in its language.
                tracing::debug!(table, error = %format_args!("{error:#}"), "a part of the look ended early");
                self.said.push(format!("{table}: cannot be looked at to its end"));
                let detail = "something in it is missing or cannot be read, so the rest of it was not looked at: mend what \
                              else is named here, and run this again (RECOURSE_LOG=recourse=debug says more)";
                self.problem("cannot_be_read", table, "all", detail);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn print(&self) -> anyhow::Result<()> {
        for line in &self.said {
            say(line)?;
        }
        for (word, findings) in [("wrong", &self.problems), ("note", &self.notes)] {
            for finding in findings {
                // Whoever wrote an id past the service may have written what moves the cursor.
                let hidden = |c: char| if is_hidden(c) { c.escape_unicode().to_string() } else { c.to_string() };
                let id: String = finding.id.chars().map(hidden).collect();
                say(format_args!("{word}: {} {id}: {}\n  -> {}", finding.table, finding.code, finding.detail))?;
            }
        }
        Ok(())
    }
}

/// Verifies what can be verified and says what to do. Fails when anything is wrong.
pub(super) async fn check(config: Config, json: bool) -> anyhow::Result<ExitCode> {
    let app = super::open_existing(config).await?;
    let mut report = Report::default();
    report.said.push("keyring: belongs to this database".to_owned());
    let place = app.config.place().map_err(anyhow::Error::msg)?;
    let lax = look_at_files(&app.config, &place)?;
    report.said.push(format!("files: {} that others may read or exchange", lax.len()));
    report.problems.extend(lax);
    rules(&app, &mut report);
    shape(&app, &mut report).await?;
    let looked = unreadable(&app, &mut report).await;
    report.section("every table", looked)?;
    let looked = seals(&app, &mut report).await;
    report.section("sealed", looked)?;
    let looked = rows(&app, &mut report).await;
    report.section("rows", looked)?;
    let looked = contradictions(&app, &mut report).await;
    report.section("cases", looked)?;
    let looked = people(&app, &mut report).await;
    report.section("staff", looked)?;
    let looked = names(&app, &mut report).await;
    report.section("blind_indexes", looked)?;
    let looked = record::chains(&app, &mut report).await;
    report.section("audit_events", looked)?;
    let looked = record::digest(&app, &mut report).await;
    report.section("audit_digests", looked)?;
    let looked = record::high_water(&app, &mut report).await;
    report.section("audit_digests", looked)?;
    let looked = stumbles(&app, &mut report).await;
    report.section("stumbles", looked)?;
    let looked = owed(&app, &mut report).await;
    report.section("outbox", looked)?;
    let looked = published(&app, &mut report).await;
    report.section("editions", looked)?;
    report.sound = report.problems.is_empty();
    if json {
        say(serde_json::to_string_pretty(&report)?)?;
    } else {
        report.print()?;
    }
    Ok(if report.sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rules(app: &Arc<App>, report: &mut Report) {
    app.kit.triage.rules().version().clone_into(&mut report.ruleset);
    match app.kit.triage.failure() {
        None => report.said.push(format!("rules: {}", report.ruleset)),
        Some(reason) => {
            report.said.push(format!("rules: cannot be used: {reason}"));
            "none".clone_into(&mut report.ruleset);
            let detail = "every new case is p1 and the on-call is paged; mend rules_file and start again";
            report.problem("rules_broken", "settings", "rules_file", detail);
        }
    }
    report.said.push(format!("routing: {}", app.routing.version()));
    if let Some(reason) = app.routing.failure() {
        report.said.push(format!("routing: the operator's file cannot be used: {reason}"));
        let detail = "the built-in rules of routing are in force; mend routing_file and start again";
        report.problem("routing_broken", "settings", "routing_file", detail);
    }
    report.said.push(format!("referrals: {}", app.kit.referrals.version()));
    if let Some(reason) = app.kit.referrals.failure() {
        report.said.push(format!("referrals: the operator's file cannot be used: {reason}"));
        let detail = "the built-in spans of referrals are in force; mend referrals_file and start again";
        report.problem("referrals_broken", "settings", "referrals_file", detail);
    }
    report.said.push(match app.kit.periods.failure() {
        None => format!("periods: {}", app.kit.periods.version()),
        Some(reason) => format!("periods: cannot be used, and nothing is destroyed: {reason}"),
    });
    if app.kit.periods.failure().is_some() {
        let detail = "nothing that was closed is destroyed; mend periods_file and start again";
        report.problem("periods_broken", "settings", "periods_file", detail);
    }
}

/// Rows that nothing can read. They are looked for first: what follows passes them over.
async fn unreadable(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    let found = app.read(|rx| soundness::unreadable(rx, &sound::tables())).await?;
    report.said.push(format!("rows: {} that cannot be read", found.len()));
    report.problems.extend(found);
    Ok(())
}

/// Tries every sealed value, owner by owner, and whether those whom it names stand for walls.
async fn seals(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    let owners = app.read(audit::chains).await?;
    // Shown on a terminal only.
    let bar = ProgressBar::new(u64::try_from(owners)?)
        .with_style(ProgressStyle::with_template("sealed content {bar:40} {pos}/{len}")?);
    let (mut after, mut unnamed) = (String::new(), 0);
    loop {
        let (from, mut counts) = (after.clone(), std::mem::take(&mut report.sealed));
        let (last, looked, counts, found, nobody) = app
            .read(move |rx| {
                let some: Vec<String> = audit::heads(rx, &from, SOME)?.into_iter().map(|(id, _)| id).collect();
                let found = soundness::seals(rx, &soundness::tables(), &some, &mut counts)?;
                let nobody = soundness::names(rx, &some)?;
                Ok((some.last().cloned(), some.len(), counts, found, nobody))
            })
            .await?;
        report.sealed = counts;
        unnamed += nobody.len();
        report.problems.extend(found.into_iter().chain(nobody));
        bar.inc(u64::try_from(looked)?);
        let Some(last) = last else { break };
        after = last;
    }
    bar.finish_and_clear();
    let looked = secrets(app, report).await;
    report.section("editions", looked)?;
    for (scope, count) in &report.sealed {
        let Seals { opens, erased, wrong } = count;
        report.said.push(format!("sealed {scope}: {opens} open, {erased} erased, {wrong} wrong"));
    }
    report.said.push(format!("names and walls: {unnamed} missing"));
    Ok(())
}

/// Tries the secrets of editions.
async fn secrets(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    let (store, mut counts) = (app.editions().clone(), report.sealed.clone());
    let look = move |rx: &mut Look<'_>| sound::seals(rx, &store, &mut counts).map(|found| (found, counts));
    let (found, counts) = app.read(look).await?;
    report.sealed = counts;
    report.problems.extend(found);
    Ok(())
}

/// Whether the database has the tables, keys and indexes that the migrations make.
async fn shape(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    let missing = app.read(soundness::shape).await?;
    report.said.push(format!("schema: {} parts missing or changed", missing.len()));
    report.problems.extend(missing);
    Ok(())
}

/// Rows without an owner, with words that nobody knows, and that contradict themselves.
async fn rows(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    let orphans = app.read(|rx| soundness::orphans(rx, &sound::tables())).await?;
    let unknown = app.read(|rx| soundness::unknown_codes(rx, &sound::tables())).await?;
    let pairs = app.read(soundness::pairs).await?;
    report.said.push(format!(
        "rows: {} without their owner, {} with unknown codes, {} contradictions",
        orphans.len(),
        unknown.len(),
        pairs.len()
    ));
    report.problems.extend(orphans.into_iter().chain(unknown).chain(pairs));
    Ok(())
}

/// Cases that contradict themselves or what hangs on them.
async fn contradictions(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    let (mut after, mut total) = (Some(String::new()), 0);
    while let Some(from) = after {
        let look = move |rx: &mut Look<'_>| soundness::contradictions(rx, &from, SOME);
        let (found, last) = app.read(look).await?;
        total += found.len();
        report.problems.extend(found);
        after = last;
    }
    report.said.push(format!("cases: {total} contradictions"));
    Ok(())
}

/// Whether anybody can be paged. Without a mail server that is the operator's choice, and only noted.
async fn people(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    let forged = app.read(soundness::proofs).await?;
    report.said.push(format!("accounts, sessions, credentials: {} not as written", forged.len()));
    report.problems.extend(forged);
    let book = app.read_directory().await?;
    let [(_, total), (_, open), (_, expired), _] = stale::counts(&book, app.clock.now());
    report.said.push(format!("directory: {total} services, {open} open to referrals, {expired} expired"));
    let unseen = app.read(soundness::out_of_sight).await?;
    report.said.push(format!("cases: {} out of everybody's sight", unseen.len()));
    report.problems.extend(unseen);
    report.problems.extend(app.read(soundness::on_rota).await?);
    let (covered, told, no_rota) =
        app.read(|rx| Ok((rota::is_covered(rx)?, shown::is_staffed(rx)?, soundness::no_rota(rx)?))).await?;
    let word = |planned: bool| if planned { "somebody is" } else { "nobody is" };
    report.said.push(format!("rota: {} planned to be at work; reporters are told that {}", word(covered), word(told)));
    report.notes.extend(no_rota);
    let found = app.read(soundness::reachable).await?;
    let word = if app.mailer.is_some() { "a server is set" } else { "no server is set: pages stand in the log" };
    report.said.push(format!("mail: {word}; {} gaps among those who can be paged", found.len()));
    let list = if app.mailer.is_some() { &mut report.problems } else { &mut report.notes };
    list.extend(found);
    report.notes.extend(app.read(soundness::old_walls).await?);
    Ok(())
}

/// Whether the names of cases stand as the rules of identifiers in force make them.
async fn names(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    let (run, older) = app.read(|rx| Ok((renewal::run(rx)?, renewal::older(rx, SOME)?))).await?;
    let looked = run.as_ref().map_or(0, |run| run.looked_at);
    let has_ended = run.is_some_and(|run| run.ended_at.is_some());
    let word = if older.is_empty() || has_ended { "made anew" } else { "being made anew" };
    report.said.push(format!("names: {word} by rules {RULES}, {looked} cases looked at, {} as they were", older.len()));
    if has_ended {
        let detail =
            "its names stand as older rules made them, so that walls meet fewer spellings: see the log for why";
        for case in &older {
            report.problem("names_not_renewed", "cases", case.as_str(), detail);
        }
    }
    Ok(())
}

/// Rows that the jobs step over.
async fn stumbles(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    let found = app.read(soundness::stepped_over).await?;
    report.said.push(format!("jobs: {} rows stepped over", found.len()));
    report.problems.extend(found);
    Ok(())
}

async fn owed(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    (report.outbox_waiting, report.outbox_dead) = app.read(outbox::depth).await?;
    report.said.push(format!("outbox: {} waiting, {} dead", report.outbox_waiting, report.outbox_dead));
    if report.outbox_dead > 0 {
        let detail = "recourse admin outbox status says why; when mended: recourse admin outbox replay";
        report.problem("dead_jobs", "outbox", "dead", detail);
    }
    let (oldest, failing) = app.read(outbox::lateness).await?;
    report.outbox_late_seconds = oldest.map_or(0, |at| app.clock.now().since(at).as_secs());
    report.said.push(format!("outbox: {failing} failing, the oldest {} s late", report.outbox_late_seconds));
    if report.outbox_late_seconds > LATE {
        let detail = "owed work, such as pages, is more than two minutes late: look whether the jobs run, and at recourse \
                      admin outbox status";
        report.notes.push(Finding { code: "late_jobs", table: "outbox", id: "waiting".to_owned(), detail });
    }
    let hooks = app.read(webhooks::counts).await?;
    report.said.push(format!(
        "webhooks: {} endpoints, {} unproved, {} disabled; deliveries: {} pending, {} failed",
        hooks.endpoints, hooks.unproved, hooks.disabled, hooks.pending, hooks.failed
    ));
    Ok(())
}

/// Whether the published editions are as they were signed, and none is late.
async fn published(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    let folder = app.editions().public();
    let unreadable = || format!("{} cannot be read", folder.display());
    let (shelf, flaws) = Shelf::read(folder, &recourse::jobs::editions::key(app)).with_context(unreadable)?;
    report.said.push(format!("editions: {} published, {} flaws", shelf.editions().len(), flaws.len()));
    let told = flaws.clone();
    report.problems.extend(app.read(move |rx| sound::published(rx, &shelf, &told)).await?);
    for flaw in flaws {
        let detail = "a published file was changed or is missing; put the signed one back from a backup of the folder";
        report.problem("edition_changed", "editions", &flaw.place, detail);
    }
    let now = app.clock.now();
    for committed in app.read(editions::all).await? {
        let entry = committed.entry;
        if committed.published_at.is_some() && app.editions().bundle(entry.edition).exists() {
            let detail = "the auditor's bundle takes the noise off: hand it over and remove it here";
            report.notes.push(Finding {
                code: "bundle_here",
                table: "editions",
                id: entry.edition.to_string(),
                detail,
            });
        }
        if committed.published_at.is_none() && entry.release_at <= now {
            let detail = "its day has come: recourse edition build, then publish";
            report.notes.push(Finding {
                code: "edition_late",
                table: "editions",
                id: entry.edition.to_string(),
                detail,
            });
        }
    }
    Ok(())
}
