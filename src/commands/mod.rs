//! What the binary can do: one subcommand each.

mod admin;
mod check;
mod edition;
mod rota;
mod serve;
mod services;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use recourse::app::{self, App, Occupied};
use recourse::base::output::{Unheard, remark, say};
use recourse::base::time::Clock;
use recourse::config::{Config, Given};
use recourse::db::standing::{Standing, look_at};
use recourse::domain::vault::{Keyring, KeyringError};
use recourse::error::in_our_words;
use recourse::{db, demo, telemetry, web};

/// Turns abuse reports from dating apps into help.
///
/// Settings come from recourse.toml in the working directory (or --config), then from RECOURSE_… in the environment
/// (RECOURSE_DATABASE_URL, RECOURSE_LIMITS__INGEST, …), then from the command line. RECOURSE_LOG sets the log filter.
#[derive(Debug, Parser)]
#[command(version, about, long_about)]
#[expect(clippy::doc_markdown, reason = "shown as help, where backticks would stand as they are")]
pub(crate) struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Settings {
    /// The data directory: database file, keyring.
    #[arg(long, global = true, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// The address to listen on.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// A settings file.
    #[arg(long, global = true, value_name = "FILE", env = "RECOURSE_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::doc_markdown, reason = "shown as help, where backticks would stand as they are")]
enum Command {
    /// Serve the HTTP API, and run the jobs unless told otherwise.
    Serve {
        /// Leave the jobs to `recourse work` processes; needs PostgreSQL.
        #[arg(long)]
        no_jobs: bool,
    },
    /// Run the jobs only; needs PostgreSQL.
    Work,
    /// Fill a fresh directory with three fictional platforms, five colleagues and a few hundred reports, and serve it.
    Demo {
        /// How many reports to post.
        #[arg(long, default_value_t = 320, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        reports: u32,
    },
    /// Bring the database to this version, or take it back.
    Migrate {
        #[command(subcommand)]
        direction: Option<Direction>,
    },
    /// Platforms, services, credentials and staff accounts.
    #[command(subcommand)]
    Admin(admin::Admin),
    /// The directory of services that help: import, export, list, check.
    #[command(subcommand)]
    Services(services::ServicesCommand),
    /// Published statistics: commit, build, publish, verify, rebuild, replace.
    #[command(subcommand)]
    Edition(edition::EditionCommand),
    /// Write the API document (OpenAPI 3.1, YAML) to the standard output.
    Openapi,
    /// Verify keyring, rules, sealed content, rows, rota and every audit chain, and say what to do.
    Check {
        /// Print one JSON object, for scripts.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Direction {
    /// Apply what is pending (this is also what a start does).
    Up,
    /// Show what is pending.
    Status,
    /// Take every migration back. All data are lost.
    Down {
        /// Yes, lose all data.
        #[arg(long)]
        lose_all_data: bool,
    },
}

/// What a shell says of a program that SIGPIPE has ended: 128 and the signal's number.
const CLOSED_PIPE: u8 = 141;

/// Runs a command; a failure is told in one sentence. A reader that went away is told nothing.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let given =
        Given { file: arguments.settings.config, data: arguments.settings.data, listen: arguments.settings.listen };
    match execute(&given, arguments.command) {
        Ok(code) => code,
        Err(error) if error.downcast_ref().is_some_and(Unheard::is_closed_pipe) => ExitCode::from(CLOSED_PIPE),
        Err(error) => {
            remark(format_args!("recourse: {:#}", in_our_words(error)));
            ExitCode::FAILURE
        }
    }
}

fn execute(given: &Given, command: Command) -> anyhow::Result<ExitCode> {
    if let Command::Openapi = command {
        say(web::openapi::yaml()?.trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    let command = if let Command::Edition(command) = command {
        match command.offline() {
            Ok(done) => return done,
            Err(command) => Command::Edition(command),
        }
    } else {
        command
    };
    let config = Config::load(given).map_err(|reason| anyhow::anyhow!("settings: {reason}"))?;
    let quiet = !matches!(command, Command::Serve { .. } | Command::Work);
    telemetry::init(config.log_format, quiet).map_err(|reason| anyhow::anyhow!("settings: {reason}"))?;
    let system = actix_web::rt::System::new();
    let (done, runtime) = system.block_on(async move {
        let done = within(config, given, command).await;
        (done, tokio::runtime::Handle::current())
    });
    // What is dropped with the system may say goodbye to others, as the mail client does: it needs a runtime for that.
    let _entered = runtime.enter();
    drop(system);
    done
}

/// Runs a command that needs settings.
async fn within(mut config: Config, given: &Given, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve { no_jobs } => serve::serve(config, !no_jobs).await,
        Command::Work => serve::work(config).await,
        Command::Demo { reports } => {
            if given.data.is_none() && config.data == Config::default().data {
                config.data = PathBuf::from("./recourse-demo");
            }
            demo::run(config, reports).await.map(|()| ExitCode::SUCCESS)
        }
        Command::Migrate { direction } => migrate(&config, direction.unwrap_or(Direction::Up)),
        Command::Admin(command) => admin::run(config, command).await,
        Command::Services(command) => services::run(config, command).await,
        Command::Check { json } => check::check(config, json).await,
        Command::Edition(command) => edition::run(config, command).await,
        Command::Openapi => Ok(ExitCode::SUCCESS),
    }
}

/// Opens the service with the machine's clock for a process that stays, and begins where nothing stands yet.
async fn open_alone(config: Config) -> anyhow::Result<Arc<App>> {
    app::open_alone(config, Clock::machine()).await
}

/// Opens the service where it stands already: a command that looks or administers makes no world.
async fn open_existing(config: Config) -> anyhow::Result<Arc<App>> {
    app::open_existing(config, Clock::machine()).await
}

fn migrate(config: &Config, direction: Direction) -> anyhow::Result<ExitCode> {
    let place = config.place().map_err(|reason| anyhow::anyhow!(reason))?;
    let standing = look_at(&place).map_err(|reason| anyhow::anyhow!(reason))?;
    let stands = standing != Standing::Nothing;
    if let Standing::Ours { unknown: unknown @ 1.., .. } = standing {
        return Err(app::too_new(&place, unknown));
    }
    // Nothing is changed under a service that runs.
    let _occupied = if matches!(direction, Direction::Status) { None } else { Occupied::early(&place)? };
    match direction {
        Direction::Up if !stands && Keyring::is_there(&config.keyring_file())? => {
            return Err(KeyringError::Alone(config.keyring_file(), place.to_string()).into());
        }
        Direction::Up => {
            app::refuse_missing_folder(config, &place)?;
            if matches!(place, db::Place::Sqlite(_)) {
                app::make_data_directory(config)?;
            }
        }
        Direction::Status | Direction::Down { .. } if !stands => return Err(app::nothing_here(&place)),
        Direction::Down { lose_all_data: false } => {
            anyhow::bail!("this would lose all data; if you mean it, add --lose-all-data")
        }
        Direction::Status | Direction::Down { lose_all_data: true } => {}
    }
    let (word, names) = match direction {
        Direction::Up => ("applied", db::migrate::up(&place)?),
        Direction::Status => ("pending", db::migrate::pending(&place)?),
        Direction::Down { .. } => ("taken back", db::migrate::down(&place)?),
    };
    if names.is_empty() {
        say(format_args!("nothing {word}"))?;
    }
    for name in names {
        say(format_args!("{word}: {name}"))?;
    }
    Ok(ExitCode::SUCCESS)
}
