//! `recourse admin platform` and `recourse admin client`: dating apps and their credentials.

use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use recourse::app::App;
use recourse::base::id::ClientId;
use recourse::base::output::{confirm, say};
use recourse::base::time::Timestamp;
use recourse::domain::people::platforms::{self, Client, NewCredential, Platform, Scope, parse_scopes, scope_text};
use recourse::domain::terms::Mode;
use recourse::domain::webhooks;
use recourse::error::Error;
use recourse::error::rules::Typed;
use serde::Serialize;

use super::webhooks::in_words;
use super::{Listing, by_operator, none_of, say_json, shown, unknown};

#[derive(Debug, Subcommand)]
pub(crate) enum PlatformCommand {
    /// Add a platform: `admin platform add spark "Spark"`.
    Add {
        /// Short name: a-z, 0-9 and -.
        slug: String,
        /// Name for people.
        name: String,
    },
    /// List platforms and their credentials.
    List {
        /// Print one JSON object, for scripts.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ModeName {
    /// Real reports.
    Live,
    /// Trials.
    Test,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Make a credential for a platform. The secret is shown once.
    Add {
        /// The platform's short name.
        platform: String,
        /// Real life or trials.
        #[arg(long, value_enum, default_value = "live")]
        mode: ModeName,
        /// What it may ask for, separated by commas: reports:write, reports:read, requests:write, webhooks:manage,
        /// metrics:read.
        #[arg(long, default_value = "reports:write,reports:read,requests:write,webhooks:manage")]
        scopes: String,
    },
    /// Change what a credential may ask for. Its tokens lose at once what is taken away; what is added comes with the
    /// next token.
    Scopes {
        /// The `client_id`.
        #[arg(value_parser = client_id)]
        client: ClientId,
        /// All that it may ask for from now on, separated by commas, as in `client add`.
        scopes: String,
    },
    /// Replace a credential's secret; the old one and its tokens are void at once.
    Rotate {
        /// The `client_id`.
        #[arg(value_parser = client_id)]
        client: ClientId,
    },
    /// Void a credential and its tokens at once.
    Revoke {
        /// The `client_id`.
        #[arg(value_parser = client_id)]
        client: ClientId,
    },
}

fn client_id(text: &str) -> Result<ClientId, &'static str> {
    text.parse().map_err(|_| "an id has the form plc_ and 26 characters; see `recourse admin platform list`")
}

/// A platform, as `--json` prints it.
#[derive(Serialize)]
struct PlatformListed {
    slug: String,
    id: String,
    name: String,
    created_at: Timestamp,
    clients: Vec<ClientListed>,
}

/// A credential, as `--json` prints it.
#[derive(Serialize)]
struct ClientListed {
    client_id: String,
    mode: Mode,
    scopes: Vec<Scope>,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

impl PlatformListed {
    fn of(platform: Platform, clients: Vec<Client>) -> Self {
        let clients = clients.into_iter().map(|client| ClientListed {
            scopes: client.scopes(),
            client_id: client.id.to_string(),
            mode: client.mode,
            created_at: client.created_at,
            revoked_at: client.revoked_at,
        });
        Self {
            id: platform.id.to_string(),
            name: platforms::shown(&platform.name, &platform.slug),
            slug: platform.slug,
            created_at: platform.created_at,
            clients: clients.collect(),
        }
    }
}

/// Runs a command about platforms.
pub(super) async fn platform(app: &Arc<App>, command: PlatformCommand) -> Result<(), Error> {
    match command {
        PlatformCommand::Add { slug, name } => {
            let added = by_operator(app, move |tx| platforms::add(tx, &slug, &name)).await?;
            confirm(format_args!("{} {}\nnext: recourse admin client add {}", added.id, added.slug, added.slug))?;
        }
        PlatformCommand::List { json: true } => {
            let data = app
                .read(platforms::list)
                .await?
                .into_iter()
                .map(|(platform, clients)| PlatformListed::of(platform, clients))
                .collect();
            say_json(&Listing { data })?;
        }
        PlatformCommand::List { json: false } => {
            for (platform, clients) in app.read(platforms::list).await? {
                let name = platforms::shown(&platform.name, &platform.slug);
                say(format_args!("{} {} ({name})", platform.slug, platform.id))?;
                for client in clients {
                    let state = if client.revoked_at.is_some() { "revoked" } else { "active" };
                    let (mode, scopes) = (client.mode.as_str(), scope_text(&client.scopes()));
                    say(format_args!("  {} {mode} {state} {scopes}", client.id))?;
                }
            }
        }
    }
    Ok(())
}

/// Runs a command about credentials.
pub(super) async fn client(app: &Arc<App>, command: ClientCommand) -> Result<(), Error> {
    match command {
        ClientCommand::Add { platform, mode, scopes } => {
            let scopes = scope_list(&scopes)?;
            let mode = match mode {
                ModeName::Live => Mode::Live,
                ModeName::Test => Mode::Test,
            };
            let add = move |tx: &mut recourse::domain::unit::Unit<'_>| {
                let missing = || unknown("platform", &platform, "admin platform list");
                let found = platforms::find(tx, &platform)?.ok_or_else(missing)?;
                Ok((credential(&platforms::add_client(tx, &found, mode, &scopes)?), ()))
            };
            shown(app, add).await
        }
        ClientCommand::Scopes { client, scopes } => {
            let scopes = scope_list(&scopes)?;
            let text = scope_text(&scopes);
            let set = move |tx: &mut recourse::domain::unit::Unit<'_>| {
                webhooks::set_scopes(tx, &client, &scopes).map_err(no_client(&client))
            };
            let hooks = by_operator(app, set).await?;
            Ok(confirm(format_args!(
                "changed: {text}\nWhat was taken away is gone at once; what was added comes with its next token.{}",
                in_words(&hooks)
            ))?)
        }
        ClientCommand::Rotate { client } => {
            let rotate = move |tx: &mut recourse::domain::unit::Unit<'_>| {
                let (new, hooks) = webhooks::rotate_client(tx, &client).map_err(no_client(&client))?;
                Ok((credential(&new) + &in_words(&hooks), ()))
            };
            shown(app, rotate).await
        }
        ClientCommand::Revoke { client } => {
            let revoke = move |tx: &mut recourse::domain::unit::Unit<'_>| {
                webhooks::revoke_client(tx, &client).map_err(no_client(&client))
            };
            let hooks = by_operator(app, revoke).await?;
            Ok(confirm(format_args!("revoked{}", in_words(&hooks)))?)
        }
    }
}

fn no_client(id: &ClientId) -> impl FnOnce(Error) -> Error {
    move |error| {
        if let Error::NotFound = error {
            unknown("living credential", id.as_str(), "admin platform list")
        } else {
            error
        }
    }
}

/// Scopes as a person lists them: between commas or spaces, in any order.
fn scope_list(text: &str) -> Result<Vec<Scope>, Error> {
    let words: Vec<&str> = text.split([',', ' ']).filter(|word| !word.is_empty()).collect();
    let known = scope_text(Scope::ALL).replace(' ', ", ");
    if let Some(word) = words.iter().find(|word| Scope::parse(word).is_none()) {
        return Err(none_of("scopes", word, &known));
    }
    let asked = parse_scopes(&words.join(" ")).unwrap_or_default();
    if asked.is_empty() {
        return Err(Error::invalid("/scopes", Typed::Nothing { known }));
    }
    Ok(Scope::ALL.iter().copied().filter(|scope| asked.contains(scope)).collect())
}

/// The secret comes first: whoever cuts the output short has it, and the id stands in every listing.
fn credential(new: &NewCredential) -> String {
    format!(
        "client_secret: {}\nclient_id:     {}\nThe secret is shown this once. Keep it in a secret store.",
        new.secret.expose(),
        new.client
    )
}
