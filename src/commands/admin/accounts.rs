//! `recourse admin service account`: accounts of people at services, who read and answer in the inbox.

use std::sync::Arc;

use clap::Subcommand;
use recourse::app::App;
use recourse::base::output::{confirm, say};
use recourse::base::time::Timestamp;
use recourse::domain::directory;
use recourse::domain::people::door;
use recourse::domain::people::partners::accounts::{self, NewAccount};
use recourse::domain::referrals;
use recourse::domain::unit::Unit;
use recourse::error::Error;
use serde::Serialize;

use super::colleagues::{credentials, new_password};
use super::partners::no_service;
use super::{Listing, by_operator, say_json, shown, unknown};

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account for somebody at a service, who reads and answers in the inbox (/inbox). Password and second factor are shown
    /// once.
    Add {
        /// The service's short name.
        service: String,
        /// The name to sign in with: 2 to 60 of a-z 0-9 . - _ @.
        username: String,
        /// They coordinate: what somebody else there took on opens to them too.
        #[arg(long)]
        coordinates: bool,
    },
    /// List the open accounts of a service.
    List {
        /// The service's short name.
        service: String,
        /// Print one JSON object, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Give an account a new password and second factor, shown once; its sessions end.
    Reset {
        /// The account.
        username: String,
    },
    /// Open the second factor of an account again, which ten wrong codes have closed. Hear their voice first.
    OpenSecondFactor {
        /// The account.
        username: String,
    },
    /// Close an account and its sessions at once. What it did stays on record.
    Close {
        /// The account.
        username: String,
    },
}

/// An account, as `--json` prints it.
#[derive(Serialize)]
struct AccountListed {
    account_id: String,
    username: String,
    coordinates: bool,
    created_at: Timestamp,
    declared_at: Option<Timestamp>,
    second_factor_closed_at: Option<Timestamp>,
}

/// Runs a command about accounts.
pub(super) async fn account(app: &Arc<App>, command: AccountCommand) -> Result<(), Error> {
    match command {
        AccountCommand::Add { service, username, coordinates } => {
            let (password, totp) = (new_password(), door::new_secret());
            let password_hash = app.passwords.hash(password.clone()).await?;
            let add = move |tx: &mut Unit<'_>| {
                let service = directory::id_of(tx, &service).map_err(no_service(&service))?;
                let totp_secret = totp.clone();
                let is_given = true;
                let new = NewAccount { service, username, coordinates, password_hash, is_given, totp_secret };
                let id = accounts::add(tx, new)?;
                let username = accounts::find(tx, &id)?.ok_or(Error::NotFound)?.username;
                Ok((format!("username:    {username}\n{}", credentials(&username, &password, &totp)?), ()))
            };
            shown(app, add).await?;
            Ok(confirm("They say first whom they know (/inbox/known); nothing opens to them before.")?)
        }
        AccountCommand::List { service, json } => list(app, service, json).await,
        AccountCommand::Reset { username } => {
            let (password, totp) = (new_password(), door::new_secret());
            let hash = app.passwords.hash(password.clone()).await?;
            let reset = move |tx: &mut Unit<'_>| {
                accounts::reset(tx, &username, &hash, &totp).map_err(no_account(&username))?;
                Ok((credentials(&username, &password, &totp)?, ()))
            };
            shown(app, reset).await
        }
        AccountCommand::OpenSecondFactor { username } => {
            let open =
                move |tx: &mut Unit<'_>| accounts::open_second_factor(tx, &username).map_err(no_account(&username));
            let was_closed = by_operator(app, open).await?;
            Ok(confirm(if was_closed { "open again" } else { "it was open, and is" })?)
        }
        AccountCommand::Close { username } => {
            let close = move |tx: &mut Unit<'_>| {
                // One that somebody else wrote is closed all the same.
                let known = match accounts::named(tx, &username) {
                    Err(Error::NotFound) => None,
                    known => Some(known?),
                };
                let taken_on = match &known {
                    Some(account) => referrals::partners::taken_on_by(tx, &account.id)?,
                    None => 0,
                };
                accounts::close(tx, &username).map_err(no_account(&username))?;
                let left = match &known {
                    Some(account) => Some(accounts::who_can_come_in(tx, &account.service)?.len()),
                    None => None,
                };
                Ok((taken_on, left))
            };
            let (taken_on, left) = by_operator(app, close).await?;
            confirm("closed")?;
            if taken_on > 0 {
                confirm(format_args!(
                    "referrals that they had taken on: {taken_on}; tell whoever coordinates there to see to them"
                ))?;
            }
            if left == Some(0) {
                confirm(
                    "nobody of this service can read the inbox now: nothing is sent there by it until there is an account",
                )?;
            }
            Ok(())
        }
    }
}

async fn list(app: &Arc<App>, service: String, json: bool) -> Result<(), Error> {
    let read = app.read(move |rx| {
        let id = directory::id_of(rx, &service).map_err(no_service(&service))?;
        Ok((accounts::of_service(rx, &id)?, accounts::closed_factors(rx)?))
    });
    let (open, closed) = read.await?;
    let listed = open.into_iter().map(|account| AccountListed {
        second_factor_closed_at: closed.iter().find(|(id, _)| *id == account.id).map(|(_, at)| *at),
        account_id: account.id.to_string(),
        username: account.username,
        coordinates: account.coordinates,
        created_at: account.created_at,
        declared_at: account.declared_at,
    });
    let data: Vec<AccountListed> = listed.collect();
    if json {
        return say_json(&Listing { data });
    }
    for account in &data {
        let coordinates = if account.coordinates { " coordinates" } else { "" };
        let declared = if account.declared_at.is_none() { "; has not said whom they know" } else { "" };
        let closed = account.second_factor_closed_at.map(|at| format!("; second factor closed since {at}"));
        say(format_args!(
            "{} {}{coordinates}{declared}{}",
            account.account_id,
            account.username,
            closed.unwrap_or_default()
        ))?;
    }
    Ok(())
}

fn no_account(username: &str) -> impl FnOnce(Error) -> Error {
    move |error| {
        if let Error::NotFound = error { unknown("account", username, "admin service account list") } else { error }
    }
}
