//! `recourse admin rota`: who is at work when, and where pages reach them.

mod file;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use recourse::app::App;
use recourse::base::id::ShiftId;
use recourse::base::output::{confirm, say};
use recourse::base::time::Timestamp;
use recourse::domain::paging::{rota, shown};
use recourse::domain::people::staff;
use recourse::domain::unit::{Caller, Look, Unit};
use recourse::error::rules::Typed;
use recourse::error::{Error, Violations};
use recourse::outbound::mail_address;
use serde::Serialize;

use super::admin::{no_account, say_json, typed, unknown};
use file::Line;

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
    /// Add all shifts of a file, or none: a line each, `username,from,until`, as a spreadsheet saves it or by hand.
    /// Lines that begin with # are left out, and so are shifts that stand on the rota already.
    Load {
        /// The file.
        file: PathBuf,
    },
    /// List the shifts that have not ended.
    List {
        /// Print one JSON object, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Take a shift off.
    Remove {
        /// Its id, from `rota list`.
        #[arg(value_parser = shift_id)]
        shift: ShiftId,
    },
    /// Set where an account's pages go. The address is read from the standard input and kept sealed; an empty line
    /// takes it away.
    Mail {
        /// The account.
        username: String,
    },
}

fn shift_id(text: &str) -> Result<ShiftId, &'static str> {
    text.parse().map_err(|_| "an id has the form shf_ and 26 characters; see `recourse admin rota list`")
}

/// The rota, as `--json` prints it.
#[derive(Serialize)]
struct Rota {
    data: Vec<Listed>,
    /// Whether somebody is planned to be at work now.
    staffed: bool,
    /// What reporters are told of it: a change shows from the next full hour.
    told: bool,
}

/// A shift, as `--json` prints it.
#[derive(Serialize)]
struct Listed {
    id: String,
    username: String,
    from: Timestamp,
    until: Timestamp,
    /// Whether the account is closed: nobody is at work then.
    closed: bool,
}

/// The name that an account had when it was closed.
fn name(shift: &rota::Shift) -> &str {
    shift.username.split('#').next().unwrap_or_default()
}

/// Runs a command of the rota.
pub(super) async fn run(app: &Arc<App>, command: RotaCommand) -> Result<(), Error> {
    match command {
        RotaCommand::Add { username, from, until } => {
            let time = |name: &str, text: &str| {
                file::time(text.trim()).map_err(|reason| Error::invalid(&format!("/{name}"), Typed::Time(reason)))
            };
            let (from, until) = (time("from", &from)?, time("until", &until)?);
            add(app, vec![Line { number: None, username, from, until }]).await
        }
        RotaCommand::Load { file } => add(app, file::read(&file)?).await,
        RotaCommand::List { json } => list(app, json).await,
        RotaCommand::Remove { shift } => {
            let remove = move |tx: &mut Unit<'_>| {
                rota::remove(tx, &shift).map_err(|error| {
                    let is_unknown = matches!(error, Error::NotFound);
                    if is_unknown { unknown("shift", shift.as_str(), "admin rota list") } else { error }
                })
            };
            app.write(Caller::Command("admin"), remove).await?;
            Ok(confirm("removed")?)
        }
        RotaCommand::Mail { username } => mail(app, username).await,
    }
}

/// Adds all shifts or none. Those of a file come with their line, which an error names.
async fn add(app: &Arc<App>, lines: Vec<Line>) -> Result<(), Error> {
    let add = move |tx: &mut Unit<'_>| {
        let (mut added, mut wrong) = (0_usize, Violations::default());
        for line in &lines {
            match rota::add(tx, &line.username, line.from, line.until) {
                Ok(new) => added += usize::from(new.is_some()),
                Err(error) => note(&mut wrong, line, error)?,
            }
        }
        wrong.into_result()?;
        Ok((added, lines.len() - added))
    };
    let (added, known) = app.write(Caller::Command("admin"), add).await?;
    let before = if known == 0 { String::new() } else { format!(", {known} stood there already") };
    Ok(confirm(format_args!("{added} added{before}"))?)
}

/// Notes what is wrong with a shift, and goes on to the next, so that all can be mended at once.
fn note(wrong: &mut Violations, line: &Line, error: Error) -> Result<(), Error> {
    let is_unknown = matches!(error, Error::NotFound);
    let found = if is_unknown { unknown("username", &line.username, "admin staff list") } else { error };
    let Error::Invalid(found) = found else { return Err(found) };
    for violation in found.named {
        let pointer = line.number.map_or_else(|| violation.pointer.clone(), |number| format!("/file, line {number}"));
        if wrong.named.len() < 10 {
            wrong.add(pointer, violation.rule);
        }
    }
    Ok(())
}

async fn list(app: &Arc<App>, json: bool) -> Result<(), Error> {
    let look = |rx: &mut Look<'_>| Ok((rota::list(rx)?, rota::is_covered(rx)?, shown::is_staffed(rx)?));
    let (shifts, staffed, told) = app.read(look).await?;
    if json {
        let listed = |shift: rota::Shift| Listed {
            id: shift.id.to_string(),
            username: name(&shift).to_owned(),
            closed: !shift.active,
            from: shift.starts_at,
            until: shift.ends_at,
        };
        return say_json(&Rota { data: shifts.into_iter().map(listed).collect(), staffed, told });
    }
    for shift in shifts {
        let closed = if shift.active { "" } else { " (closed: give the shift to another)" };
        let name = name(&shift);
        say(format_args!("{} {name} {} until {}{closed}", shift.id, shift.starts_at, shift.ends_at))?;
    }
    let planned =
        |is: bool| if is { "somebody is planned to be at work now" } else { "nobody is planned to be at work now" };
    let leads = if staffed { "" } else { ": pages go to the leads" };
    say(format_args!("{}{leads}", planned(staffed)))?;
    if told != staffed {
        say(format_args!("until the next full hour reporters are told that {}", planned(told)))?;
    }
    Ok(())
}

async fn mail(app: &Arc<App>, username: String) -> Result<(), Error> {
    let line = typed()?;
    let line = line.trim();
    let read = || mail_address(line).ok_or_else(|| Error::invalid("/address", Typed::MailAddress));
    let address = if line.is_empty() { None } else { Some(read()?) };
    let set = address.is_some();
    app.write(Caller::Command("admin"), move |tx| {
        staff::set_mail(tx, &username, address.as_deref()).map_err(no_account(&username))
    })
    .await?;
    Ok(confirm(if set { "set; it is kept sealed" } else { "taken away" })?)
}
