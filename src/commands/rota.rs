//! `recourse admin rota`: who is at work when, and where pages reach them.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use recourse::app::App;
use recourse::base::id::ShiftId;
use recourse::base::time::Timestamp;
use recourse::db::Actor;
use recourse::domain::paging::rota;
use recourse::domain::staff;
use recourse::error::Error;
use recourse::outbound::is_address;

#[derive(Debug, Subcommand)]
pub(super) enum RotaCommand {
    /// Add a shift: `rota add amina --from 2026-11-24T18:00:00Z --until 2026-11-25T06:00:00Z`.
    Add {
        /// The account.
        username: String,
        /// When it begins, RFC 3339.
        #[arg(long)]
        from: String,
        /// When it ends, RFC 3339.
        #[arg(long)]
        until: String,
    },
    /// Add all shifts of a file, or none: a line each, `username,from,until`; lines that begin with # are left out.
    Load {
        /// The file.
        file: PathBuf,
    },
    /// List the shifts that have not ended.
    List,
    /// Take a shift off.
    Remove {
        /// Its id, from `rota list`.
        shift: ShiftId,
    },
    /// Set where an account's pages go. The address is read from the standard input and kept sealed; an empty line
    /// takes it away.
    Mail {
        /// The account.
        username: String,
    },
}

/// Runs a command of the rota.
pub(super) async fn run(app: &Arc<App>, command: RotaCommand) -> Result<(), Error> {
    match command {
        RotaCommand::Add { username, from, until } => {
            add(app, vec![(username, time("from", &from)?, time("until", &until)?)]).await
        }
        RotaCommand::Load { file } => {
            let text = std::fs::read_to_string(&file).map_err(|error| {
                Error::invalid("/file", "unreadable", format!("{} cannot be read: {error}", file.display()))
            })?;
            add(app, read(&text)?).await
        }
        RotaCommand::List => list(app).await,
        RotaCommand::Remove { shift } => {
            app.db
                .write(move |tx| {
                    tx.act_as(Actor::OPERATOR);
                    rota::remove(tx, &shift)
                })
                .await?;
            println!("removed");
            Ok(())
        }
        RotaCommand::Mail { username } => mail(app, username).await,
    }
}

type Line = (String, Timestamp, Timestamp);

/// The shifts of a file.
fn read(text: &str) -> Result<Vec<Line>, Error> {
    let mut shifts = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let parts: Vec<&str> = line.split(',').map(str::trim).collect();
        let [username, from, until] = parts[..] else {
            let detail = format!("line {}: write username,from,until", number + 1);
            return Err(Error::invalid("/file", "bad_line", detail));
        };
        let name = format!("file, line {}", number + 1);
        shifts.push((username.to_owned(), time(&name, from)?, time(&name, until)?));
    }
    Ok(shifts)
}

fn time(name: &str, text: &str) -> Result<Timestamp, Error> {
    Timestamp::parse(text).ok_or_else(|| {
        Error::invalid(&format!("/{name}"), "bad_time", format!("`{text}` is no time such as 2026-11-24T18:00:00Z"))
    })
}

async fn add(app: &Arc<App>, shifts: Vec<Line>) -> Result<(), Error> {
    let count = shifts.len();
    app.db
        .write(move |tx| {
            tx.act_as(Actor::OPERATOR);
            shifts.iter().try_for_each(|(username, from, until)| rota::add(tx, username, *from, *until).map(|_| ()))
        })
        .await?;
    println!("{count} added");
    Ok(())
}

async fn list(app: &Arc<App>) -> Result<(), Error> {
    for shift in app.db.read(rota::list).await? {
        println!("{} {} {} until {}", shift.id, shift.username, shift.starts_at, shift.ends_at);
    }
    let staffed = app.db.read(rota::is_staffed).await?;
    println!("{}", if staffed { "somebody is at work now" } else { "nobody is at work now: pages go to the leads" });
    Ok(())
}

async fn mail(app: &Arc<App>, username: String) -> Result<(), Error> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| Error::Internal(error.into()))?;
    let address = Some(line.trim().to_owned()).filter(|address| !address.is_empty());
    if address.as_deref().is_some_and(|address| !is_address(address)) {
        return Err(Error::invalid("/address", "bad_address", "this is no mail address"));
    }
    let (kit, set) = (Arc::clone(app), address.is_some());
    app.db
        .write(move |tx| {
            tx.act_as(Actor::OPERATOR);
            staff::set_mail(tx, &kit.kit, &username, address.as_deref())
        })
        .await?;
    println!("{}", if set { "set; it is kept sealed" } else { "taken away" });
    Ok(())
}
