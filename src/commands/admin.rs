//! `recourse admin`: platforms, credentials and staff accounts. Secrets are printed once and stored nowhere.

mod declared;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use recourse::app::App;
use recourse::base::id::ClientId;
use recourse::base::secret::{Sensitive, base64_url, random_bytes};
use recourse::config::Config;
use recourse::db::{Actor, Tx};
use recourse::domain::cases::rights::Ended;
use recourse::domain::platforms::{self, Mode, NewCredential, Scope, parse_scopes, scope_text};
use recourse::domain::staff::{self, NewMember, Role};
use recourse::domain::triage::Queue;
use recourse::domain::{access, outbox};
use recourse::error::Error;

use self::declared::Declared;
use super::rota;

#[derive(Debug, Subcommand)]
pub(super) enum Admin {
    /// Dating apps.
    #[command(subcommand)]
    Platform(PlatformCommand),
    /// Credentials of dating apps.
    #[command(subcommand)]
    Client(ClientCommand),
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
    Roles,
}

#[derive(Debug, Subcommand)]
pub(super) enum PlatformCommand {
    /// Add a platform: `admin platform add spark "Spark"`.
    Add {
        /// Short name: a-z, 0-9 and -.
        slug: String,
        /// Name for people.
        name: String,
    },
    /// List platforms and their credentials.
    List,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ModeName {
    /// Real reports.
    Live,
    /// Trials.
    Test,
}

#[derive(Debug, Subcommand)]
pub(super) enum ClientCommand {
    /// Make a credential for a platform. The secret is shown once.
    Add {
        /// The platform's short name.
        platform: String,
        /// Real life or trials.
        #[arg(long, value_enum, default_value = "live")]
        mode: ModeName,
        /// What it may ask for, separated by commas.
        #[arg(long, default_value = "reports:write,reports:read,requests:write")]
        scopes: String,
    },
    /// Replace a credential's secret; the old one and its tokens are void at once.
    Rotate {
        /// The `client_id`.
        client: ClientId,
    },
    /// Void a credential and its tokens at once.
    Revoke {
        /// The `client_id`.
        client: ClientId,
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
    List,
}

#[derive(Debug, Subcommand)]
pub(super) enum OutboxCommand {
    /// Say how much waits and how much is dead.
    Status,
    /// Put dead jobs back to work.
    Replay,
}

/// Runs an administrator's command.
pub(super) async fn run(config: Config, command: Admin) -> anyhow::Result<ExitCode> {
    if let Admin::Roles = command {
        println!("{}", access::table());
        return Ok(ExitCode::SUCCESS);
    }
    let app = super::open_existing(config).await?;
    let done = match command {
        Admin::Platform(command) => platform(&app, command).await,
        Admin::Client(command) => client(&app, command).await,
        Admin::Staff(command) => colleague(&app, command).await,
        Admin::Rota(command) => rota::run(&app, command).await,
        Admin::Outbox(command) => owed(&app, command).await,
        Admin::Roles => Ok(()),
    };
    done.map_err(told)?;
    Ok(ExitCode::SUCCESS)
}

/// A refusal in words for a terminal.
fn told(error: Error) -> anyhow::Error {
    match error {
        Error::NotFound => {
            anyhow::anyhow!("there is no such thing; see `recourse admin platform list` and `staff list`")
        }
        Error::Conflict(_) => anyhow::anyhow!("this name is taken; choose another"),
        Error::Invalid(violations) => {
            let all: Vec<String> =
                violations.0.iter().map(|v| format!("{}: {}", v.pointer.trim_start_matches('/'), v.detail)).collect();
            anyhow::anyhow!(all.join("; "))
        }
        error => anyhow::Error::new(error),
    }
}

async fn platform(app: &Arc<App>, command: PlatformCommand) -> Result<(), Error> {
    match command {
        PlatformCommand::Add { slug, name } => {
            let added = app
                .db
                .write(move |tx| {
                    tx.act_as(Actor::OPERATOR);
                    platforms::add(tx, &slug, &name)
                })
                .await?;
            println!("{} {}", added.id, added.slug);
            println!("next: recourse admin client add {}", added.slug);
        }
        PlatformCommand::List => {
            for (platform, clients) in app.db.read(platforms::list).await? {
                let name = platforms::shown(&platform.name, &platform.slug);
                println!("{} {} ({name})", platform.slug, platform.id);
                for client in clients {
                    let state = if client.revoked_at.is_some() { "revoked" } else { "active" };
                    println!("  {} {} {state} {}", client.id, client.mode.as_str(), scope_text(&client.scopes()));
                }
            }
        }
    }
    Ok(())
}

async fn client(app: &Arc<App>, command: ClientCommand) -> Result<(), Error> {
    match command {
        ClientCommand::Add { platform, mode, scopes } => {
            let unknown = || {
                Error::invalid(
                    "/scopes",
                    "unknown_scope",
                    "use reports:write, reports:read, requests:write, webhooks:manage, metrics:read",
                )
            };
            let scopes: Vec<Scope> = parse_scopes(&scopes.replace(',', " ")).ok_or_else(unknown)?;
            let mode = match mode {
                ModeName::Live => Mode::Live,
                ModeName::Test => Mode::Test,
            };
            let new = app
                .db
                .write(move |tx| {
                    tx.act_as(Actor::OPERATOR);
                    let platform = platforms::find(tx, &platform)?.ok_or(Error::NotFound)?;
                    platforms::add_client(tx, &platform, mode, &scopes)
                })
                .await?;
            show(&new);
        }
        ClientCommand::Rotate { client } => {
            let rotate = move |tx: &mut recourse::db::Tx<'_>| {
                tx.act_as(Actor::OPERATOR);
                platforms::rotate_client(tx, &client)
            };
            show(&app.db.write(rotate).await?);
        }
        ClientCommand::Revoke { client } => {
            app.db
                .write(move |tx| {
                    tx.act_as(Actor::OPERATOR);
                    platforms::revoke_client(tx, &client)
                })
                .await?;
            println!("revoked");
        }
    }
    Ok(())
}

fn show(new: &NewCredential) {
    println!("client_id:     {}", new.client);
    println!("client_secret: {}", new.secret.expose());
    println!("The secret is shown this once. Keep it in a secret store.");
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
            app.db
                .write(move |tx| {
                    tx.act_as(Actor::OPERATOR);
                    staff::add(tx, &kit.kit, new)
                })
                .await?;
            show_credentials(&password, &totp);
        }
        StaffCommand::Declare { username, kind } => {
            let mut value = String::new();
            std::io::stdin().read_line(&mut value).map_err(|error| Error::Internal(error.into()))?;
            let declared = Declared::parse(&kind, value.trim())?;
            // What it ended is not said: whoever declares may stand beside, and must not learn of a case.
            app.db
                .write(move |tx| {
                    tx.act_as(Actor::OPERATOR);
                    declared.keep(tx, &kit.kit, &username)
                })
                .await?;
            println!("declared; it is kept sealed, and compared by keyed hash");
        }
        StaffCommand::List => {
            for member in app.db.read(staff::list).await? {
                let queues: Vec<&str> = member.queues.iter().map(|queue| queue.as_str()).collect();
                println!("{} {} {} {}", member.username, member.id, member.role.as_str(), queues.join(","));
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
            let secret = totp.clone();
            let ended = by_operator(app, move |tx| staff::reset(tx, &kit.kit, &username, &hash, &secret)).await?;
            show_credentials(&password, &totp);
            ended
        }
        StaffCommand::Close { username } => {
            let ended = by_operator(app, move |tx| staff::close(tx, &kit.kit, &username)).await?;
            println!("closed");
            ended
        }
        StaffCommand::Role { username, role } => {
            let role = role_of(&role)?;
            let (member, ended) = by_operator(app, move |tx| staff::set_role(tx, &kit.kit, &username, role)).await?;
            let queues: Vec<&str> = member.queues.iter().map(|queue| queue.as_str()).collect();
            println!("changed; queues as before: {}", queues.join(","));
            ended
        }
        StaffCommand::Queues { username, queues } => {
            let queues = queue_list(&queues)?;
            let ended = by_operator(app, move |tx| staff::set_queues(tx, &kit.kit, &username, &queues)).await?;
            println!("changed");
            ended
        }
        StaffCommand::Add { .. } | StaffCommand::Declare { .. } | StaffCommand::List => Ended::default(),
    };
    if ended.cases > 0 {
        println!("cases that are free again: {}", ended.cases);
    }
    if ended.acts > 0 {
        println!("proposals that are void: {}", ended.acts);
    }
    Ok(())
}

fn role_of(text: &str) -> Result<Role, Error> {
    let known = "use advocate, lead, safeguarding_lead, auditor or administrator";
    Role::parse(text).ok_or_else(|| Error::invalid("/role", "unknown_role", known))
}

fn queue_list(text: &str) -> Result<Vec<Queue>, Error> {
    let known: Vec<&str> = Queue::ALL.iter().map(|queue| queue.as_str()).collect();
    let unknown = || Error::invalid("/queues", "unknown_queue", format!("use {}", known.join(", ")));
    text.split(',').map(|name| Queue::parse(name.trim()).ok_or_else(unknown)).collect()
}

/// 132 random bits: nobody is asked to invent a password.
fn new_password() -> Sensitive<String> {
    Sensitive::new(base64_url(&random_bytes::<17>()))
}

fn show_credentials(password: &Sensitive<String>, totp: &Sensitive<Vec<u8>>) {
    println!("password:    {}", password.expose());
    println!("totp secret: {} (base32: 30 seconds, 6 digits, SHA-1)", staff::base32_secret(totp).expose());
    println!("Both are shown this once. Hand them over in person.");
}

async fn owed(app: &Arc<App>, command: OutboxCommand) -> Result<(), Error> {
    match command {
        OutboxCommand::Status => {
            let (waiting, dead) = app.db.read(outbox::depth).await?;
            println!("{waiting} waiting, {dead} dead");
        }
        OutboxCommand::Replay => {
            let count = app.db.write(outbox::replay_dead).await?;
            println!("{count} put back to work");
        }
    }
    Ok(())
}
