//! `recourse admin`: platforms, services, credentials and staff accounts. Secrets are printed once and stored nowhere.

mod accounts;
mod cases;
mod colleagues;
mod declared;
mod listings;
mod partners;
mod platforms;
mod webhooks;

use std::io::{BufRead as _, Read as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Subcommand;
use recourse::app::App;
use recourse::base::output::{Unheard, confirm, entrust, remark, say};
use recourse::config::Config;
use recourse::domain::ledger::outbox;
use recourse::domain::unit::{Caller, Unit};
use recourse::error::rules::Typed;
use recourse::error::{Conflict, Error, Violation, in_our_words};
use recourse::words;
use serde::Serialize;

pub(super) use self::listings::say_json;
use self::listings::{Account, Listing, roles};
use super::rota;

/// Nothing that is typed is longer than this, in bytes.
const LONGEST_LINE: u64 = 4_096;

#[derive(Debug, Subcommand)]
pub(super) enum Admin {
    /// Dating apps.
    #[command(subcommand)]
    Platform(platforms::PlatformCommand),
    /// Credentials of dating apps.
    #[command(subcommand)]
    Client(platforms::ClientCommand),
    /// Where dating apps are told of their events.
    #[command(subcommand)]
    Webhook(webhooks::WebhookCommand),
    /// Services that cases are referred to.
    #[command(subcommand)]
    Service(partners::ServiceCommand),
    /// Colleagues.
    #[command(subcommand)]
    Staff(colleagues::StaffCommand),
    /// Who is at work when.
    #[command(subcommand)]
    Rota(rota::RotaCommand),
    /// Whom cases name, and what must be kept of them.
    #[command(subcommand)]
    Case(cases::CaseCommand),
    /// Owed work.
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// Print the table of roles, queues and rights.
    Roles {
        /// Print one JSON object, for scripts.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum OutboxCommand {
    /// Say how much waits, how much is dead, and why what failed did.
    Status {
        /// Print one JSON object, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Put dead jobs back to work.
    Replay,
}

/// How much is owed, as `--json` prints it.
#[derive(Serialize)]
struct Owed {
    waiting: i64,
    dead: i64,
    /// What failed, and why.
    troubles: Vec<outbox::Trouble>,
}

/// Runs an administrator's command.
pub(super) async fn run(config: Config, command: Admin) -> anyhow::Result<ExitCode> {
    if let Admin::Roles { json } = command {
        roles(json).map_err(told)?;
        return Ok(ExitCode::SUCCESS);
    }
    let app = super::open_existing(config).await?;
    let ends_rights = matches!(command, Admin::Client(_) | Admin::Service(_) | Admin::Staff(_) | Admin::Case(_));
    let done = match command {
        Admin::Platform(command) => platforms::platform(&app, command).await,
        Admin::Client(command) => platforms::client(&app, command).await,
        Admin::Webhook(command) => webhooks::webhook(&app, command).await,
        Admin::Service(command) => partners::service(&app, command).await,
        Admin::Staff(command) => colleagues::colleague(&app, command).await,
        Admin::Rota(command) => rota::run(&app, command).await,
        Admin::Case(command) => cases::case(&app, command).await,
        Admin::Outbox(command) => owed(&app, command).await,
        Admin::Roles { .. } => Ok(()),
    };
    done.map_err(told)?;
    if ends_rights {
        remember(&app).await;
    }
    Ok(ExitCode::SUCCESS)
}

/// Has the high-water file remember what was ended.
pub(super) async fn remember(app: &App) {
    if let Err(error) = app.raise_high_water().await {
        let file = app.high_water_file();
        remark(format_args!(
            "recourse: done; but {} does not remember it, so that an older database could take it back: {error}",
            file.display()
        ));
    }
}

/// A refusal in words for a terminal: a line for each thing that is wrong.
pub(super) fn told(error: Error) -> anyhow::Error {
    match error {
        Error::NotFound => {
            anyhow::anyhow!("there is no such thing; see `recourse admin platform list` and `staff list`")
        }
        Error::Conflict(Conflict::NameTaken) => anyhow::anyhow!("this name is taken; choose another"),
        Error::Conflict(_) => anyhow::anyhow!("its state does not allow this now; look at it again"),
        Error::Invalid(violations) => {
            let line = |v: &Violation| format!("{}: {}", v.pointer.trim_start_matches('/'), words::rule(&v.rule));
            anyhow::anyhow!(violations.named.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
        Error::Internal(cause) if cause.is::<Unheard>() => cause,
        Error::Internal(cause) => in_our_words(cause).context("nothing was changed"),
        error @ (Error::Unauthenticated(_)
        | Error::Forbidden(_)
        | Error::Erased
        | Error::Refused(_)
        | Error::Throttled { .. }
        | Error::Unavailable(_)) => anyhow::Error::new(error),
    }
}

/// A name that stands for nothing here, and where those that do are listed.
pub(super) fn unknown(what: &'static str, name: &str, listing: &'static str) -> Error {
    Error::invalid(&format!("/{what}"), Typed::Unknown { name: printable(name), listing })
}

/// The line that is typed or piped in. When there is none at all, nobody has said anything yet, not even "nothing".
pub(super) fn typed() -> Result<String, Error> {
    let mut line = String::new();
    let read = std::io::stdin().lock().take(LONGEST_LINE).read_line(&mut line);
    match read.map_err(|error| Error::invalid("/value", Typed::Unreadable(error.to_string())))? {
        0 => Err(Error::invalid("/value", Typed::NoLine)),
        _ => Ok(line),
    }
}

/// A word that is none of a closed list, and the list.
fn none_of(what: &'static str, word: &str, known: &str) -> Error {
    Error::invalid(&format!("/{what}"), Typed::NoneOf { word: printable(word), known: known.to_owned() })
}

/// What was typed, so that it can be shown on any terminal: short, and without what would move the cursor or the words.
pub(super) fn printable(text: &str) -> String {
    let mut shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().count() > 60 {
        shown.push('…');
    }
    shown
}

/// Makes secrets and shows them, in this order: the change is committed once they were heard. Who pipes them into
/// something that goes away has the old ones still.
async fn shown<T: Send + 'static>(
    app: &Arc<App>,
    make: impl FnOnce(&mut Unit<'_>) -> Result<(String, T), Error> + Send + 'static,
) -> Result<T, Error> {
    let heard = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&heard);
    let work = move |tx: &mut Unit<'_>| {
        let (secrets, rest) = make(tx)?;
        entrust(secrets)?;
        note.store(true, Ordering::SeqCst);
        Ok(rest)
    };
    let done = by_operator(app, work).await;
    if done.is_err() && heard.load(Ordering::SeqCst) {
        remark("recourse: what was just shown was not kept and does not hold; what held before holds still");
    }
    done
}

/// Writes for whoever has a shell on the machine.
async fn by_operator<T, F>(app: &Arc<App>, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce(&mut Unit<'_>) -> Result<T, Error> + Send + 'static,
{
    app.write(Caller::Command("admin"), work).await
}

pub(super) fn no_account(username: &str) -> impl FnOnce(Error) -> Error {
    move |error| if let Error::NotFound = error { unknown("account", username, "admin staff list") } else { error }
}

async fn owed(app: &Arc<App>, command: OutboxCommand) -> Result<(), Error> {
    match command {
        OutboxCommand::Status { json } => {
            let ((waiting, dead), troubles) = app.read(|rx| Ok((outbox::depth(rx)?, outbox::troubles(rx)?))).await?;
            if json {
                return say_json(&Owed { waiting, dead, troubles });
            }
            say(format_args!("{waiting} waiting, {dead} dead"))?;
            for trouble in &troubles {
                let outbox::Trouble { kind, reason, jobs, since, attempts, at, .. } = trouble;
                let (state, then) = if trouble.dead { ("dead", "given up at") } else { ("waiting", "next try at") };
                say(format_args!(
                    "{state}: {jobs} {kind}, owed since {since}, tried {attempts} times, {then} {at}: {reason}"
                ))?;
            }
            if dead > 0 {
                say("when mended: recourse admin outbox replay")?;
            }
        }
        OutboxCommand::Replay => {
            let count = app.write(Caller::Command("admin"), outbox::replay_dead).await?;
            confirm(format_args!("{count} put back to work"))?;
        }
    }
    Ok(())
}
