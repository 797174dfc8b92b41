//! `recourse admin webhook`: where platforms are told of their events, for whoever runs the service.

use std::sync::Arc;

use clap::Subcommand;
use recourse::app::App;
use recourse::base::id::EndpointId;
use recourse::base::output::{confirm, say};
use recourse::domain::people::platforms;
use recourse::domain::webhooks::{self, Standing};
use recourse::error::Error;

use super::{Listing, by_operator, say_json, unknown};

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// List the endpoints of platforms by their hosts: a path may be a secret.
    List {
        /// The short name of one platform.
        #[arg(long)]
        platform: Option<String>,
        /// Print one JSON object, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Switch an endpoint off at once. What is owed to it waits. Its platform can switch it on again.
    Disable {
        /// The endpoint's id.
        #[arg(value_parser = endpoint_id)]
        endpoint: EndpointId,
    },
}

fn endpoint_id(text: &str) -> Result<EndpointId, &'static str> {
    text.parse().map_err(|_| "an id has the form whe_ and 26 characters; see `recourse admin webhook list`")
}

/// Runs a command about webhooks.
pub(super) async fn webhook(app: &Arc<App>, command: WebhookCommand) -> Result<(), Error> {
    match command {
        WebhookCommand::List { platform, json } => list(app, platform, json).await,
        WebhookCommand::Disable { endpoint } => {
            let id = endpoint.clone();
            let was_called = by_operator(app, move |tx| webhooks::disable(tx, &id)).await.map_err(|error| {
                let is_unknown = matches!(error, Error::NotFound);
                if is_unknown { unknown("endpoint", endpoint.as_str(), "admin webhook list") } else { error }
            })?;
            Ok(confirm(if was_called { "switched off" } else { "it was off already" })?)
        }
    }
}

async fn list(app: &Arc<App>, platform: Option<String>, json: bool) -> Result<(), Error> {
    let listed = app.read(move |rx| {
        if let Some(slug) = &platform
            && platforms::find(rx, slug)?.is_none()
        {
            return Err(unknown("platform", slug, "admin platform list"));
        }
        webhooks::listed(rx, platform.as_deref())
    });
    let data = listed.await?;
    if json {
        return say_json(&Listing { data });
    }
    for endpoint in data {
        let (mode, state) = (endpoint.mode.as_str(), endpoint.state.as_str());
        let why = endpoint.disabled_reason.map(|reason| format!(" {}", reason.as_str())).unwrap_or_default();
        say(format_args!("{} {} {mode} {state}{why} {}", endpoint.id, endpoint.platform, endpoint.host))?;
    }
    Ok(())
}

/// Where a platform is told of its events after one of its credentials has changed; whoever had the secret may have made
/// an endpoint.
pub(super) fn in_words(standing: &Standing) -> String {
    let listed = |head: &str, all: &[(EndpointId, String)]| {
        let lines: Vec<String> = all.iter().map(|(id, host)| format!("\n  {id} {host}")).collect();
        if all.is_empty() { String::new() } else { format!("\n{head}{}", lines.concat()) }
    };
    let ended = "switched off, because no credential is left that could manage them or read events:";
    let mut text = listed(ended, &standing.ended)
        + &listed("webhook endpoints that still are sent what happens:", &standing.called);
    if !standing.called.is_empty() {
        text += "\nIf one is not the platform's own: recourse admin webhook disable, and its id";
    }
    text
}
