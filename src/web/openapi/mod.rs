//! The API document, made from the code. What every operation shares (credentials, limits, keys, problems) is added
//! from the table of endpoints, so that the document cannot forget it; the messages of webhooks are added from their
//! list.

mod operations;
mod webhooks;
mod yaml;

use std::sync::OnceLock;

use actix_web::HttpResponse;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ClientCredentials, Flow, Http, HttpAuthScheme, OAuth2, Scopes, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Document, RefOr};

use super::endpoints::{self, Endpoint};
use super::problem::Problem;
use super::{health, platform, problem, triage};
use crate::domain::people::platforms::Scope;
use crate::error::Result;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Recourse",
        description = "Turns abuse reports from dating apps into help. Platforms submit reports and answer requests; advocates' tools work the queues. Priorities order the queues: they predict nothing, and a person decides. Where GET is answered, HEAD is too, save where a reading goes on record.",
        contact(name = "Whoever runs the service that you call"),
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "The service that this document came from. Its operator tells you the address.")),
    tags(
        (name = "platform", description = "For a dating app's server"),
        (name = "triage", description = "For advocates' tools"),
        (name = "service", description = "For whoever runs it"),
        (name = "webhooks", description = "What a platform's endpoints are sent")
    ),
    paths(
        health::alive, health::ready, json, problem::catalogue_page,
        platform::token::issue, platform::status::status, platform::status::categories,
        platform::reports::submit, platform::reports::list, platform::reports::find, platform::reports::add,
        platform::reports::withdraw, platform::batch::submit,
        platform::requests::list, platform::requests::find, platform::requests::answer, platform::events::list,
        platform::events::find, platform::events::replay, platform::events::replay_many,
        platform::webhooks::create, platform::webhooks::list, platform::webhooks::find, platform::webhooks::remove,
        platform::webhooks::rotate, platform::webhooks::test, platform::webhooks::enable,
        triage::sessions::open, triage::sessions::close, triage::queues::list, triage::queues::claim,
        triage::cases::list, triage::cases::view, triage::cases::claim, triage::cases::heartbeat,
        triage::cases::release, triage::cases::assign, triage::cases::transition,
        triage::decisions::note, triage::decisions::priority, triage::decisions::decide, triage::decisions::ask,
        triage::decisions::link, triage::late_matches::list, triage::acts::list, triage::acts::approve,
        triage::acts::refuse
    ),
    components(schemas(Problem, crate::domain::webhooks::Payload))
)]
struct Annotated;

/// The whole document.
#[must_use]
pub fn document() -> Document {
    let mut document = Annotated::openapi();
    for row in endpoints::all() {
        if let Some(operation) = document.paths.paths.get_mut(row.path).and_then(|item| operation(item, &row)) {
            operations::complete(operation, &row);
            examples(operation);
        }
    }
    document.webhooks = Some(webhooks::messages());
    let components = document.components.get_or_insert_with(Components::new);
    components.security_schemes.extend(schemes().map(|(name, scheme)| (name.to_owned(), RefOr::T(scheme))));
    operations::add_shared(components);
    document
}

/// The document as YAML: `openapi/recourse.yaml`.
///
/// # Errors
/// When it cannot be written.
pub fn yaml() -> anyhow::Result<String> {
    Ok(yaml::unmistakable(&document().to_yaml()?))
}

fn operation<'a>(item: &'a mut PathItem, row: &Endpoint) -> Option<&'a mut Operation> {
    match row.method.as_str() {
        "GET" => item.get.as_mut(),
        "POST" => item.post.as_mut(),
        "DELETE" => item.delete.as_mut(),
        _ => None,
    }
}

fn schemes() -> [(&'static str, SecurityScheme); 2] {
    let scopes = Scope::ALL.iter().map(|scope| (scope.as_str(), scope.as_str())).collect::<Scopes>();
    let flow = Flow::ClientCredentials(ClientCredentials::new("/oauth/token", scopes));
    [
        ("platform", SecurityScheme::OAuth2(OAuth2::new([flow]))),
        ("staff", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer))),
    ]
}

/// Whole examples of the bodies that everybody sends first.
fn examples(operation: &mut Operation) {
    let example = match operation.operation_id.as_deref() {
        Some("submit_report") => include_str!("../examples/report.json"),
        Some("ask_platform") => include_str!("../examples/platform_request.json"),
        Some("answer_request") => include_str!("../examples/answer.json"),
        Some("create_webhook_endpoint") => include_str!("../examples/webhook_endpoint.json"),
        Some("replay_events") => include_str!("../examples/replay.json"),
        _ => return,
    };
    let Some(RefOr::T(body)) = operation.request_body.as_mut() else { return };
    if let (Some(RefOr::T(content)), Ok(value)) =
        (body.content.get_mut("application/json"), serde_json::from_str(example))
    {
        content.example = Some(value);
    }
}

/// `GET /openapi.json`.
#[utoipa::path(get, path = "/openapi.json", tag = "service", operation_id = "get_api_document", summary = "This document",
    description = "As JSON. `recourse openapi` prints the same as YAML.",
    responses((status = 200, description = "The document", content_type = "application/json", body = Object)))]
pub(super) async fn json() -> Result<HttpResponse> {
    // Made once: it is the same for everybody, and takes longer than most calls.
    static MADE: OnceLock<String> = OnceLock::new();
    let made = if let Some(made) = MADE.get() {
        made
    } else {
        let text = serde_json::to_string(&document()).map_err(anyhow::Error::new)?;
        MADE.get_or_init(|| text)
    };
    Ok(HttpResponse::Ok().content_type("application/json").body(made.as_str()))
}
