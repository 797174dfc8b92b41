//! `recourse admin`: platforms, credentials and staff accounts. Secrets are printed once and stored nowhere.

mod declared;
mod listings;
mod platforms;

use std::io::{BufRead as _, Read as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Subcommand;
use recourse::app::App;
use recourse::base::output::{remark, say};
use recourse::base::secret::{Sensitive, base64_url, random_bytes};
use recourse::config::Config;
use recourse::db::{Actor, Tx};
use recourse::domain::cases::rights::Ended;
use recourse::domain::outbox;
use recourse::domain::staff::{self, NewMember, Role};
use recourse::domain::triage::Queue;
use recourse::error::{Conflict, Error};
use serde::Serialize;

use self::declared::Declared;
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
    /// Colleagues.
    #[command(subcommand)]
    Staff(StaffCommand),
    /// Who is at work when.
    #[command(subcommand)]
    Rota(rota::RotaCommand),
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
pub(super) enum StaffCommand {
    /// Make an account. Password and second factor are shown once.
    Add {
        /// The name to sign in with.
        username: String,
        /// advocate, lead, `safeguarding_lead`, auditor or administrator.
        #[arg(long)]
        role: String,
        /// The queues, separated by commas; the usual ones of the role when absent.
        #[arg(long)]
        queues: Option<String>,
    },
    /// Give an account a new password and second factor, and end its sessions.
    Reset {
        /// The account.
        username: String,
    },
    /// Close an account at once.
    Close {
        /// The account.
        username: String,
    },
    /// Change what an account does here. Its queues stay as they are.
    Role {
        /// The account.
        username: String,
        /// advocate, lead, `safeguarding_lead`, auditor or administrator.
        role: String,
    },
    /// Change an account's queues.
    Queues {
        /// The account.
        username: String,
        /// The queues, separated by commas.
        queues: String,
    },
    /// Declare an identifier of a colleague, or of someone close to them: they never meet a case that names it.
    /// The value is read from the standard input, so that it stays out of the shell's history.
    Declare {
        /// The account.
        username: String,
        /// phone (with its country: +44 …), email, handle, `profile_url`, device, payment, or account: the platform's
        /// short name, a space, and the account as the platform calls it.
        #[arg(long)]
        kind: String,
    },
    /// List open accounts.
    List {
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
    let done = match command {
        Admin::Platform(command) => platforms::platform(&app, command).await,
        Admin::Client(command) => platforms::client(&app, command).await,
        Admin::Staff(command) => colleague(&app, command).await,
        Admin::Rota(command) => rota::run(&app, command).await,
        Admin::Outbox(command) => owed(&app, command).await,
        Admin::Roles { .. } => Ok(()),
    };
    done.map_err(told)?;
    Ok(ExitCode::SUCCESS)
}

/// A refusal in words for a terminal: a line for each thing that is wrong.
fn told(error: Error) -> anyhow::Error {
    match error {
        Error::NotFound => {
            anyhow::anyhow!("there is no such thing; see `recourse admin platform list` and `staff list`")
        }
        Error::Conflict(Conflict::NameTaken) => anyhow::anyhow!("this name is taken; choose another"),
        Error::Conflict(_) => anyhow::anyhow!("its state does not allow this now; look at it again"),
        Error::Invalid(violations) => {
            let all: Vec<String> =
                violations.0.iter().map(|v| format!("{}: {}", v.pointer.trim_start_matches('/'), v.detail)).collect();
            anyhow::anyhow!(all.join("\n"))
        }
        Error::Internal(cause) => cause.context("a fault of the service; nothing was changed"),
        error => anyhow::Error::new(error),
    }
}

/// A name that stands for nothing here, and where those that do are listed.
pub(super) fn unknown(what: &'static str, name: &str, listing: &'static str) -> Error {
    let detail = format!("there is none called `{}`; see `recourse {listing}`", printable(name));
    Error::invalid(&format!("/{what}"), "unknown", detail)
}

/// The line that is typed or piped in. When there is none at all, nobody has said anything yet, not even "nothing".
pub(super) fn typed() -> Result<String, Error> {
    let mut line = String::new();
    let read = std::io::stdin().lock().take(LONGEST_LINE).read_line(&mut line);
    match read.map_err(|error| Error::invalid("/value", "unreadable", format!("it cannot be read: {error}")))? {
        0 => Err(Error::invalid("/value", "required", "type it, or pipe it in, and end it with Enter")),
        _ => Ok(line),
    }
}

/// A word that is none of a closed list, and the list.
fn none_of(what: &'static str, word: &str, known: &str) -> Error {
    let detail = format!("`{}` is none; use {known}", printable(word));
    Error::invalid(&format!("/{what}"), "unknown", detail)
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
    make: impl FnOnce(&mut Tx<'_>) -> Result<(String, T), Error> + Send + 'static,
) -> Result<T, Error> {
    let heard = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&heard);
    let work = move |tx: &mut Tx<'_>| {
        let (secrets, rest) = make(tx)?;
        say(secrets)?;
        note.store(true, Ordering::SeqCst);
        Ok(rest)
    };
    let done = by_operator(app, work).await;
    if done.is_err() && heard.load(Ordering::SeqCst) {
        remark("recourse: what was just shown was not kept and does not hold; what held before holds still");
    }
    done
}

async fn colleague(app: &Arc<App>, command: StaffCommand) -> Result<(), Error> {
    let kit = Arc::clone(app);
    match command {
        StaffCommand::Add { username, role, queues } => {
            let role = role_of(&role)?;
            let queues = queues.as_deref().map(queue_list).transpose()?.unwrap_or_default();
            let (password, totp) = (new_password(), staff::new_totp_secret());
            let hash = app.passwords.hash(password.clone()).await?;
            let new = NewMember { username, role, queues, password_hash: hash, totp_secret: totp.clone() };
            let add = move |tx: &mut Tx<'_>| {
                let added = staff::add(tx, &kit.kit, new)?;
                let before = staff::count_declared(tx, &added.id)? > 0;
                let name = format!("username:    {}\n", added.username);
                Ok((name + &credentials(&added.username, &password, &totp)?, before))
            };
            if shown(app, add).await? {
                say("A closed account had this name: what was declared for it is declared for this one too.")?;
            }
        }
        StaffCommand::Declare { username, kind } => {
            let declared = Declared::read(&kind, typed)?;
            // What it ended is not said: whoever declares may stand beside, and must not learn of a case.
            app.db
                .write(move |tx| {
                    tx.act_as(Actor::OPERATOR);
                    declared.keep(tx, &kit.kit, &username)
                })
                .await?;
            say("declared; it is kept sealed, and compared by keyed hash")?;
        }
        StaffCommand::List { json: true } => {
            let data = app.db.read(staff::list).await?.into_iter().map(Account::from).collect();
            say_json(&Listing { data })?;
        }
        StaffCommand::List { json: false } => {
            for member in app.db.read(staff::list).await? {
                let queues: Vec<&str> = member.queues.iter().map(|queue| queue.as_str()).collect();
                let (role, queues) = (member.role.as_str(), queues.join(","));
                say(format_args!("{} {} {role} {queues}", member.username, member.id))?;
            }
        }
        StaffCommand::Reset { .. }
        | StaffCommand::Close { .. }
        | StaffCommand::Role { .. }
        | StaffCommand::Queues { .. } => return change(app, command).await,
    }
    Ok(())
}

/// Writes for whoever has a shell on the machine.
async fn by_operator<T, F>(app: &Arc<App>, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
{
    let work = move |tx: &mut Tx<'_>| {
        tx.act_as(Actor::OPERATOR);
        work(tx)
    };
    app.db.write(work).await
}

/// Changes what an account may do, and says what has ended with it.
async fn change(app: &Arc<App>, command: StaffCommand) -> Result<(), Error> {
    let kit = Arc::clone(app);
    let ended = match command {
        StaffCommand::Reset { username } => {
            let (password, totp) = (new_password(), staff::new_totp_secret());
            let hash = app.passwords.hash(password.clone()).await?;
            let reset = move |tx: &mut Tx<'_>| {
                let ended = staff::reset(tx, &kit.kit, &username, &hash, &totp).map_err(no_account(&username))?;
                Ok((credentials(&username, &password, &totp)?, ended))
            };
            shown(app, reset).await?
        }
        StaffCommand::Close { username } => {
            let close = move |tx: &mut Tx<'_>| staff::close(tx, &kit.kit, &username).map_err(no_account(&username));
            let ended = by_operator(app, close).await?;
            say("closed")?;
            ended
        }
        StaffCommand::Role { username, role } => {
            let role = role_of(&role)?;
            let set =
                move |tx: &mut Tx<'_>| staff::set_role(tx, &kit.kit, &username, role).map_err(no_account(&username));
            let (member, ended) = by_operator(app, set).await?;
            let queues: Vec<&str> = member.queues.iter().map(|queue| queue.as_str()).collect();
            say(format_args!("changed; queues as before: {}", queues.join(",")))?;
            ended
        }
        StaffCommand::Queues { username, queues } => {
            let queues = queue_list(&queues)?;
            let set = move |tx: &mut Tx<'_>| {
                staff::set_queues(tx, &kit.kit, &username, &queues).map_err(no_account(&username))
            };
            let ended = by_operator(app, set).await?;
            say("changed")?;
            ended
        }
        StaffCommand::Add { .. } | StaffCommand::Declare { .. } | StaffCommand::List { .. } => Ended::default(),
    };
    if ended.cases > 0 {
        say(format_args!("cases that are free again: {}", ended.cases))?;
    }
    if ended.acts > 0 {
        say(format_args!("proposals that are void: {}", ended.acts))?;
    }
    Ok(())
}

fn role_of(text: &str) -> Result<Role, Error> {
    let known = "advocate, lead, safeguarding_lead, auditor or administrator";
    Role::parse(text).ok_or_else(|| none_of("role", text, known))
}

fn queue_list(text: &str) -> Result<Vec<Queue>, Error> {
    let known = Queue::ALL.iter().map(|queue| queue.as_str()).collect::<Vec<_>>().join(", ");
    let queue = |name: &str| Queue::parse(name).ok_or_else(|| none_of("queues", name, &known));
    let names: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(Error::invalid("/queues", "required", format!("name at least one of {known}")));
    }
    names.into_iter().map(queue).collect()
}

/// 132 random bits: nobody is asked to invent a password.
fn new_password() -> Sensitive<String> {
    Sensitive::new(base64_url(&random_bytes::<17>()))
}

pub(super) fn no_account(username: &str) -> impl FnOnce(Error) -> Error {
    move |error| match error {
        Error::NotFound => unknown("account", username, "admin staff list"),
        other => other,
    }
}

fn credentials(username: &str, password: &Sensitive<String>, totp: &Sensitive<Vec<u8>>) -> Result<String, Error> {
    Ok(format!(
        "password:    {}\ntotp secret: {} (base32: 30 seconds, 6 digits, SHA-1)\notpauth:     {}\n\
         All are shown this once. Hand them over in person.",
        password.expose(),
        staff::base32_secret(totp).expose(),
        staff::otpauth(username, totp)?.expose()
    ))
}

async fn owed(app: &Arc<App>, command: OutboxCommand) -> Result<(), Error> {
    match command {
        OutboxCommand::Status { json } => {
            let ((waiting, dead), troubles) = app.db.read(|rx| Ok((outbox::depth(rx)?, outbox::troubles(rx)?))).await?;
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
            let count = app.db.write(outbox::replay_dead).await?;
            say(format_args!("{count} put back to work"))?;
        }
    }
    Ok(())
}
