//! `recourse services`: the directory of services that help.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use recourse::app::App;
use recourse::base::output::{confirm, remark, say};
use recourse::base::time::{Clock, Timestamp};
use recourse::base::zone::Zone;
use recourse::config::Config;
use recourse::domain::directory::files::{self, Assumed, Contents, LONGEST_FILE};
use recourse::domain::directory::stale;
use recourse::domain::directory::{self, Agreement, Check, Doubt, Entry, Imported, Kind, Need, Service, WayIn};
use recourse::domain::unit::{Caller, Unit};
use recourse::error::rules::{Directory, Typed};
use recourse::error::{Error, Result};
use serde::Serialize;

use super::admin::{say_json, told, unknown};

#[derive(Debug, Subcommand)]
pub(super) enum ServicesCommand {
    /// Take over the services of a file: our own TOML, or JSON of HSDS 3.1. All of it or, if anything is wrong, nothing.
    /// A file opens no way in: that is `services open`.
    Import(Import),
    /// Write the directory to the standard output as TOML; read back, it changes nothing.
    Export {
        /// As JSON of HSDS 3.1, for other directories.
        #[arg(long)]
        hsds: bool,
    },
    /// List the services: until when each is relied on, how a referral comes there, and what speaks against it.
    List {
        /// Only those that end within a fortnight, or have ended.
        #[arg(long)]
        stale: bool,
        /// Print one JSON object, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Say that you have looked a service up just now and that all of it is right; without a name, look through the
    /// directory and say what is to be looked up (exit code 1 if anything has expired).
    Check {
        /// Its short name, from `services list`.
        slug: Option<String>,
        /// Where you read it, if not where it was read before.
        #[arg(long, requires = "slug")]
        source: Option<String>,
    },
    /// Open ways in to a service, by an agreement with it.
    Open {
        /// Its short name.
        slug: String,
        /// Which: api, inbox or phone; several with commas.
        #[arg(long = "way", required = true, value_delimiter = ',', value_parser = way)]
        ways: Vec<WayIn>,
        /// Who agreed to it, on their side and on ours.
        #[arg(long)]
        by: String,
        /// Until when it holds: a day (2027-06-30) or a time of RFC 3339.
        #[arg(long, value_parser = day)]
        until: Timestamp,
        /// Where they are written to when something waits for them: an address of their work. The mail says nothing of a case.
        #[arg(long)]
        mail: Option<String>,
    },
    /// Close every way in to a service, and end what was agreed.
    Close {
        /// Its short name.
        slug: String,
    },
    /// Say that a service takes nobody until then; or, without --until, that it takes people again.
    Full {
        /// Its short name.
        slug: String,
        /// Until when: a day or a time of RFC 3339.
        #[arg(long, value_parser = day)]
        until: Option<Timestamp>,
    },
    /// Take a service out of the directory. Importing it anew brings it back.
    Retire {
        /// Its short name.
        slug: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The file.
    #[arg(required_unless_present = "shipped", conflicts_with = "shipped")]
    file: Option<PathBuf>,
    /// The services that this program ships. None of them takes a referral.
    #[arg(long)]
    shipped: bool,
    /// Look, and store nothing.
    #[arg(long)]
    dry_run: bool,
    /// For HSDS of others: the zone of its hours, such as Europe/London. Its own zones are offsets, which are wrong for
    /// half of the year.
    #[arg(long, value_parser = zone)]
    zone: Option<Zone>,
    /// For HSDS of others: where its services help (GB, GB-KEN, sussex); several with commas.
    #[arg(long = "area", value_delimiter = ',')]
    areas: Vec<String>,
    /// For HSDS of others: what its services are.
    #[arg(long, default_value = "helpline", value_parser = kind)]
    kind: Kind,
    /// For HSDS of others: what they help with; several with commas.
    #[arg(long, default_value = "victims", value_delimiter = ',', value_parser = need)]
    helps_with: Vec<Need>,
}

/// Reads a word of a closed list.
fn word<T: Copy>(text: &str, all: &[T], code: fn(T) -> &'static str) -> std::result::Result<T, String> {
    let found = all.iter().copied().find(|one| code(*one) == text);
    found.ok_or_else(|| format!("use one of {}", all.iter().map(|one| code(*one)).collect::<Vec<_>>().join(", ")))
}

fn way(text: &str) -> std::result::Result<WayIn, String> {
    word(text, &[WayIn::Api, WayIn::Inbox, WayIn::Phone], WayIn::as_str)
}

fn kind(text: &str) -> std::result::Result<Kind, String> {
    word(text, Kind::ALL, Kind::as_str)
}

fn need(text: &str) -> std::result::Result<Need, String> {
    word(text, Need::ALL, Need::as_str)
}

fn zone(text: &str) -> std::result::Result<Zone, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

pub(super) fn day(text: &str) -> std::result::Result<Timestamp, &'static str> {
    let read = Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z")));
    read.ok_or("use a day such as 2027-06-30, or a time such as 2027-06-30T12:00:00Z")
}

/// How many services one transaction takes over: reports that come in wait no longer than that.
const SOME: usize = 50;
/// From how many on it is said how far it has come.
const MANY: usize = 500;

/// Runs a command of the directory.
pub(super) async fn run(config: Config, command: ServicesCommand) -> anyhow::Result<ExitCode> {
    let app = recourse::app::open_existing(config, Clock::machine()).await?;
    done(&app, command).await.map_err(told)
}

async fn done(app: &Arc<App>, command: ServicesCommand) -> Result<ExitCode> {
    let done = match command {
        ServicesCommand::Check { slug: None, .. } => return look_through(app).await,
        ServicesCommand::Import(given) => import(app, given).await,
        ServicesCommand::Export { hsds } => {
            let book = app.read_directory().await?;
            let text = if hsds { files::write_hsds(&book)? } else { files::write_toml(&book)? };
            Ok(say(text.trim_end())?)
        }
        ServicesCommand::List { stale, json } => list(app, stale, json).await,
        ServicesCommand::Check { slug: Some(slug), source } => {
            let check = Check { source, expires_at: None };
            let act = move |tx: &mut Unit<'_>, slug: &str| directory::check_by_operator(tx, slug, check);
            one(app, slug, "checked: it is relied on for 90 days from now", act).await
        }
        ServicesCommand::Open { slug, ways, by, until, mail } => {
            let agreement = Agreement { by, until, mail };
            let act = move |tx: &mut Unit<'_>, slug: &str| directory::open(tx, slug, ways, agreement);
            one(app, slug, "opened", act).await
        }
        ServicesCommand::Close { slug } => one(app, slug, "closed", directory::close).await,
        ServicesCommand::Full { slug, until } => {
            let words =
                if until.is_some() { "noted: nobody is led there until then" } else { "noted: it takes people" };
            one(app, slug, words, move |tx, slug| directory::set_full(tx, slug, until)).await
        }
        ServicesCommand::Retire { slug } => retire(app, slug).await,
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// Takes one out of the directory, with its credentials: no older database gives those back.
async fn retire(app: &Arc<App>, slug: String) -> Result<()> {
    one(app, slug, "out of the directory; its credentials are void", directory::retire).await?;
    super::admin::remember(app).await;
    Ok(())
}

/// Changes one service, by its short name.
async fn one(
    app: &Arc<App>,
    slug: String,
    words: &str,
    act: impl FnOnce(&mut Unit<'_>, &str) -> Result<()> + Send + 'static,
) -> Result<()> {
    let work = move |tx: &mut Unit<'_>| {
        act(tx, &slug).map_err(|error| {
            let is_unknown = matches!(error, Error::NotFound);
            if is_unknown { unknown("slug", &slug, "services list") } else { error }
        })
    };
    app.write(Caller::Command("services"), work).await?;
    Ok(confirm(words)?)
}

async fn import(app: &Arc<App>, given: Import) -> Result<()> {
    let Import { file, shipped, dry_run, zone, areas, kind, helps_with } = given;
    let assumed = Assumed { kind, helps_with, areas, zone };
    let contents = match &file {
        Some(file) if !shipped => files::read(&read(file)?, &assumed)?,
        _ => Contents { entries: files::shipped()?, skipped: Vec::new() },
    };
    directory::check_all(&contents.entries, app.clock.now())?;
    for skipped in &contents.skipped {
        remark(format_args!("left out: {}: {}", skipped.name.escape_debug(), skipped.why));
    }
    let (total, mut done) = (contents.entries.len(), Imported::default());
    if dry_run {
        return Ok(confirm(format_args!("{total} services can be taken over; nothing was stored"))?);
    }
    let mut entries = contents.entries.into_iter().peekable();
    let mut stored = 0;
    while entries.peek().is_some() {
        let some: Vec<Entry> = entries.by_ref().take(SOME).collect();
        stored += some.len();
        done.absorb(app.write(Caller::Command("services"), move |tx| directory::import(tx, some)).await?);
        if total >= MANY && stored % MANY == 0 {
            remark(format_args!("{stored} of {total}"));
        }
    }
    let Imported { added, changed, unchanged, left_closed } = done;
    confirm(format_args!("{added} added, {changed} changed, {unchanged} stood there already"))?;
    if !left_closed.is_empty() {
        let names = left_closed.join(", ");
        remark(format_args!(
            "a file opens no way in; what these bring of one was left: {names}. `recourse services open` opens one"
        ));
    }
    Ok(())
}

/// The text of a file.
fn read(file: &Path) -> Result<String> {
    let name = file.display().to_string();
    let unreadable = |error: &std::io::Error| {
        Error::invalid("/file", Typed::FileUnreadable { file: name.clone(), reason: error.to_string() })
    };
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(|error| unreadable(&error))?;
    opened.take(LONGEST_FILE + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LONGEST_FILE {
        let reason = format!("it is longer than {} MiB: divide it", LONGEST_FILE / 1024 / 1024);
        return Err(Error::invalid("/file", Directory::File(reason)));
    }
    String::from_utf8(bytes).map_err(|_| Error::invalid("/file", Directory::File("it is not in UTF-8".to_owned())))
}

/// A service, as `--json` prints it.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    slug: &'a str,
    name: &'a str,
    kind: Kind,
    ways_in: &'a [WayIn],
    checked_at: Timestamp,
    /// When it ends next that somebody can be referred there.
    ends_at: Timestamp,
    full_until: Option<Timestamp>,
    /// What speaks against a referral.
    doubts: Vec<Doubt>,
}

impl<'a> Listed<'a> {
    fn of(service: &'a Service, now: Timestamp) -> Self {
        let entry = &service.entry;
        Self {
            id: service.id.as_str(),
            slug: &entry.slug,
            name: &entry.name,
            kind: entry.kind,
            ways_in: &entry.ways_in,
            checked_at: entry.checked_at,
            ends_at: service.ends_at(),
            full_until: service.full_until.filter(|until| now < *until),
            doubts: service.doubts(now),
        }
    }
}

#[derive(Serialize)]
struct Services<'a> {
    data: Vec<Listed<'a>>,
}

fn codes<T: Copy>(all: &[T], code: fn(T) -> &'static str) -> String {
    all.iter().map(|one| code(*one)).collect::<Vec<_>>().join(" ")
}

async fn list(app: &Arc<App>, stale: bool, json: bool) -> Result<()> {
    let (book, now) = (app.read_directory().await?, app.clock.now());
    let shown = book.services().iter().filter(|service| !stale || service.is_stale(now));
    let data: Vec<Listed<'_>> = shown.map(|service| Listed::of(service, now)).collect();
    if json {
        return say_json(&Services { data });
    }
    for one in &data {
        let ways = codes(one.ways_in, WayIn::as_str);
        let doubts = codes(&one.doubts, Doubt::as_str);
        let day: String = one.ends_at.to_string().chars().take(10).collect();
        let full = if one.full_until.is_some() { " full" } else { "" };
        let against = if doubts.is_empty() { String::new() } else { format!(" ({doubts})") };
        say(format_args!("{} {} until {day}, in: {ways}{full}{against}: {}", one.slug, one.kind.as_str(), one.name))?;
    }
    if data.is_empty() {
        let words =
            if stale { "none ends within a fortnight" } else { "the directory is empty: `recourse services import`" };
        say(words)?;
    }
    Ok(())
}

/// Looks through the directory. Whether anything has expired is the exit code.
async fn look_through(app: &Arc<App>) -> Result<ExitCode> {
    let (book, now) = (app.read_directory().await?, app.clock.now());
    let [(_, total), (_, open), (_, expired), (_, soon)] = stale::counts(&book, now);
    say(format_args!(
        "{total} services, {open} of them open to referrals; {expired} expired, {soon} end within a fortnight"
    ))?;
    for service in book.services().iter().filter(|service| service.is_stale(now)) {
        let ends_at = service.ends_at();
        let state = if service.is_expired(now) { "expired" } else { "ends" };
        say(format_args!(
            "{}: {state} {ends_at}; look it up, then `recourse services check {}`",
            service.entry.slug, service.entry.slug
        ))?;
    }
    Ok(if expired > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
