//! `recourse admin service`: credentials of services that cases are referred to, accounts of their people, and whom those know.

use std::sync::Arc;

use clap::Subcommand;
use recourse::app::App;
use recourse::base::id::PartnerClientId;
use recourse::base::output::{confirm, say};
use recourse::base::time::Timestamp;
use recourse::domain::directory;
use recourse::domain::people::partners::{self, NewPartner, PartnerScope, parse_scopes, scope_text};
use recourse::domain::terms::Mode;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::unit::Unit;
use recourse::error::Error;
use recourse::error::rules::Typed;
use serde::Serialize;

use super::accounts::{self, AccountCommand};
use super::platforms::ModeName;
use super::{Listing, by_operator, none_of, say_json, shown, typed, unknown};

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Credentials by which a service's machine reads and answers referrals.
    #[command(subcommand)]
    Client(PartnerCommand),
    /// Accounts by which people of a service read and answer referrals in the inbox.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Declare somebody whom people of a service know: no case that names them is referred there, and none is shown there any
    /// more. The value is typed or piped in, and only a keyed hash of it is kept.
    Declare {
        /// The service's short name.
        service: String,
        /// `phone`, `email`, `handle`, `profile_url`, `device` or `payment`.
        #[arg(long)]
        kind: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PartnerCommand {
    /// Make a credential for a service. The secret is shown once.
    Add {
        /// The service's short name.
        service: String,
        /// Real life or trials.
        #[arg(long, value_enum, default_value = "live")]
        mode: ModeName,
        /// What it may ask for, separated by commas: referrals:read, referrals:write. A service is sent referrals only when one
        /// credential may ask for both.
        #[arg(long, default_value = "referrals:read,referrals:write")]
        scopes: String,
    },
    /// List the credentials of a service.
    List {
        /// The service's short name.
        service: String,
        /// Print one JSON object, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Replace a credential's secret; the old one and its tokens are void at once.
    Rotate {
        /// The `client_id`.
        #[arg(value_parser = client_id)]
        client: PartnerClientId,
    },
    /// Void a credential and its tokens at once.
    Revoke {
        /// The `client_id`.
        #[arg(value_parser = client_id)]
        client: PartnerClientId,
    },
}

fn client_id(text: &str) -> Result<PartnerClientId, &'static str> {
    text.parse().map_err(|_| "an id has the form svk_ and 26 characters; see `recourse admin service client list`")
}

/// A credential, as `--json` prints it.
#[derive(Serialize)]
struct PartnerListed {
    client_id: String,
    mode: Mode,
    scopes: Vec<PartnerScope>,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

/// Runs a command about a service.
pub(super) async fn service(app: &Arc<App>, command: ServiceCommand) -> Result<(), Error> {
    match command {
        ServiceCommand::Client(command) => client(app, command).await,
        ServiceCommand::Account(command) => accounts::account(app, command).await,
        ServiceCommand::Declare { service, kind } => {
            let known = "phone, email, handle, profile_url, device or payment";
            let kind = IdentifierKind::parse(&kind).ok_or_else(|| none_of("kind", &kind, known))?;
            let identifier = Identifier::new(kind, typed()?.trim());
            let declare =
                move |tx: &mut Unit<'_>| directory::declare(tx, &service, &identifier).map_err(no_service(&service));
            by_operator(app, declare).await?;
            Ok(confirm("declared: no case that names them is referred there or shown there from now on")?)
        }
    }
}

async fn client(app: &Arc<App>, command: PartnerCommand) -> Result<(), Error> {
    match command {
        PartnerCommand::Add { service, mode, scopes } => {
            let scopes = scope_list(&scopes)?;
            let mode = match mode {
                ModeName::Live => Mode::Live,
                ModeName::Test => Mode::Test,
            };
            let add = move |tx: &mut Unit<'_>| {
                let id = directory::id_of(tx, &service).map_err(no_service(&service))?;
                Ok((credential(&partners::add(tx, &id, mode, &scopes)?), ()))
            };
            shown(app, add).await
        }
        PartnerCommand::List { service, json } => {
            let clients = app.read(move |rx| {
                let id = directory::id_of(rx, &service).map_err(no_service(&service))?;
                partners::of_service(rx, &id)
            });
            let data = clients.await?.into_iter().map(|client| PartnerListed {
                scopes: client.scopes(),
                client_id: client.id.to_string(),
                mode: client.mode,
                created_at: client.created_at,
                revoked_at: client.revoked_at,
            });
            let data: Vec<PartnerListed> = data.collect();
            if json {
                return say_json(&Listing { data });
            }
            for client in &data {
                let state = if client.revoked_at.is_some() { "revoked" } else { "active" };
                let (mode, scopes) = (client.mode.as_str(), scope_text(&client.scopes));
                say(format_args!("{} {mode} {state} {scopes}", client.client_id))?;
            }
            Ok(())
        }
        PartnerCommand::Rotate { client } => {
            let rotate = move |tx: &mut Unit<'_>| {
                Ok((credential(&partners::rotate(tx, &client).map_err(no_client(&client))?), ()))
            };
            shown(app, rotate).await
        }
        PartnerCommand::Revoke { client } => {
            by_operator(app, move |tx| partners::revoke(tx, &client).map_err(no_client(&client))).await?;
            Ok(confirm("revoked")?)
        }
    }
}

pub(super) fn no_service(slug: &str) -> impl FnOnce(Error) -> Error {
    move |error| if let Error::NotFound = error { unknown("service", slug, "services list") } else { error }
}

fn no_client(id: &PartnerClientId) -> impl FnOnce(Error) -> Error {
    move |error| {
        if let Error::NotFound = error {
            unknown("living credential", id.as_str(), "admin service client list")
        } else {
            error
        }
    }
}

/// Scopes as a person lists them: between commas or spaces, in any order.
fn scope_list(text: &str) -> Result<Vec<PartnerScope>, Error> {
    let words: Vec<&str> = text.split([',', ' ']).filter(|word| !word.is_empty()).collect();
    let known = scope_text(PartnerScope::ALL).replace(' ', ", ");
    if let Some(word) = words.iter().find(|word| PartnerScope::parse(word).is_none()) {
        return Err(none_of("scopes", word, &known));
    }
    let asked = parse_scopes(&words.join(" ")).unwrap_or_default();
    if asked.is_empty() {
        return Err(Error::invalid("/scopes", Typed::Nothing { known }));
    }
    Ok(PartnerScope::ALL.iter().copied().filter(|scope| asked.contains(scope)).collect())
}

/// The secret comes first: whoever cuts the output short has it, and the id stands in every listing.
fn credential(new: &NewPartner) -> String {
    format!(
        "client_secret: {}\nclient_id:     {}\nThe secret is shown this once. Keep it in a secret store.",
        new.secret.expose(),
        new.client
    )
}
