//! The API document, made from the code. The table of endpoints names the operations, and what they share (credentials,
//! limits, keys, problems) follows from their rows, so that the document cannot forget it; the messages of webhooks are
//! added from their list.

mod operations;
mod webhooks;
mod yaml;

use std::sync::OnceLock;

use actix_web::HttpResponse;
use utoipa::OpenApi;
use utoipa::openapi::security::{ClientCredentials, Flow, Http, HttpAuthScheme, OAuth2, Scopes, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Document, RefOr};

use super::endpoints;
use super::limits::Policy;
use super::problem::Problem;
use super::row::{Caller, Row};
use crate::domain::people::partners::PartnerScope;
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
        (name = "partner", description = "For a service that cases are referred to"),
        (name = "triage", description = "For advocates' tools"),
        (name = "public", description = "For everybody"),
        (name = "service", description = "For whoever runs it"),
        (name = "webhooks", description = "What a platform's endpoints are sent")
    ),
    components(schemas(Problem, crate::domain::webhooks::Payload, crate::domain::webhooks::Challenge))
)]
struct Annotated;

/// The whole document.
#[must_use]
pub fn document() -> Document {
    let mut document = Annotated::openapi();
    let mut schemas = Vec::new();
    for row in endpoints::all() {
        if let Some((methods, mut operation)) = row.operation(&mut schemas) {
            operations::complete(&mut operation, row);
            document.paths.add_path_operation(&row.path, methods, operation);
        }
    }
    document.webhooks = Some(webhooks::messages());
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.extend(schemas);
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

fn schemes() -> [(&'static str, SecurityScheme); 3] {
    let scopes = Scope::ALL.iter().map(|scope| (scope.as_str(), scope.as_str())).collect::<Scopes>();
    let flow = Flow::ClientCredentials(ClientCredentials::new("/oauth/token", scopes));
    let of_partners = PartnerScope::ALL.iter().map(|scope| (scope.as_str(), scope.as_str())).collect::<Scopes>();
    let partner_flow = Flow::ClientCredentials(ClientCredentials::new("/oauth/token", of_partners));
    [
        ("platform", SecurityScheme::OAuth2(OAuth2::new([flow]))),
        ("partner", SecurityScheme::OAuth2(OAuth2::new([partner_flow]))),
        ("staff", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer))),
    ]
}

/// `GET /openapi.json`.
#[utoipa::path(get, path = "/openapi.json", tag = "service", operation_id = "get_api_document", summary = "This document",
    description = "As JSON. `recourse openapi` prints the same as YAML.",
    responses((status = 200, description = "The document", content_type = "application/json", body = Object)))]
async fn json() -> Result<HttpResponse> {
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

pub(super) fn rows() -> Vec<Row> {
    vec![Row::of(__path_json, json, Caller::Anyone, Policy::Portal)]
}
