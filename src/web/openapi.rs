//! The API document, made from the code. What every operation shares (credentials, limits, keys, problems) is added
//! here from the table of endpoints, so that the document cannot forget it.

use actix_web::HttpResponse;
use utoipa::OpenApi;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::security::{
    ClientCredentials, Flow, Http, HttpAuthScheme, OAuth2, Scopes, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, Content, OpenApi as Document, Ref, RefOr, Required};

use super::endpoints::{self, Caller, Endpoint};
use super::problem::Problem;
use super::{health, platform, problem, triage};
use crate::domain::platforms::Scope;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Recourse",
        description = "Turns abuse reports from dating apps into help. Platforms submit reports and answer requests; advocates' tools work the queues. Priorities order the queues: they predict nothing, and a person decides.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "platform", description = "For a dating app's server"),
        (name = "triage", description = "For advocates' tools"),
        (name = "service", description = "For whoever runs it")
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
        triage::decisions::link, triage::acts::approve, triage::acts::refuse
    ),
    components(schemas(Problem, platform::reports::Validity, crate::domain::webhooks::Payload))
)]
struct Annotated;

/// The whole document.
#[must_use]
pub fn document() -> Document {
    let mut document = Annotated::openapi();
    document
        .components
        .get_or_insert_with(Components::new)
        .security_schemes
        .extend(schemes().map(|(name, scheme)| (name.to_owned(), RefOr::T(scheme))));
    for row in endpoints::all() {
        if let Some(operation) = document.paths.paths.get_mut(row.path).and_then(|item| operation(item, &row)) {
            complete(operation, &row);
        }
    }
    document
}

/// The document as YAML: `openapi/recourse.yaml`.
///
/// # Errors
/// When it cannot be written.
pub fn yaml() -> anyhow::Result<String> {
    Ok(document().to_yaml()?)
}

fn operation<'a>(item: &'a mut PathItem, row: &Endpoint) -> Option<&'a mut Operation> {
    match row.method.as_str() {
        "GET" => item.get.as_mut(),
        "POST" => item.post.as_mut(),
        "DELETE" => item.delete.as_mut(),
        _ => None,
    }
}

/// Adds what all operations share.
fn complete(operation: &mut Operation, row: &Endpoint) {
    operation.security = match row.caller {
        Caller::Anyone => None,
        Caller::Platform(scope) => {
            let scopes: Vec<&str> = scope.iter().map(|scope| scope.as_str()).collect();
            Some(vec![SecurityRequirement::new("platform", scopes)])
        }
        Caller::Staff => Some(vec![SecurityRequirement::new("staff", [""; 0])]),
    };
    let mut parameters = operation.parameters.take().unwrap_or_default();
    if row.keyed {
        let about = "1 to 255 printable ASCII characters, new for each new call; kept for 30 days";
        parameters.push(header_parameter("Idempotency-Key", about));
    }
    if row.conditional {
        parameters.push(header_parameter("If-Match", "The ETag of what you change, as you read it"));
    }
    operation.parameters = Some(parameters).filter(|parameters| !parameters.is_empty());
    for (status, about) in problems(row) {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| problem_response(about));
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            add_headers(response, row, status);
        }
    }
    examples(operation);
}

/// The refusals that an operation can meet.
fn problems(row: &Endpoint) -> Vec<(&'static str, &'static str)> {
    let mut all = vec![
        ("429", "The limit was passed; wait as long as Retry-After says"),
        ("503", "Not available just now; nothing was stored"),
    ];
    if row.path.starts_with("/v1/") {
        all.push(("400", "The call is not of the right form"));
        all.push(("401", "The credential does not hold"));
    }
    if row.caller != Caller::Anyone && row.caller != Caller::Platform(None) {
        all.push(("403", "The credential has no right to this"));
    }
    if row.path.contains('{') || row.path == "/v1/triage/cases" {
        all.push(("404", "There is no such thing for this credential"));
    }
    if row.keyed {
        all.extend([
            ("409", "The state does not allow it, or a twin of the call is being worked on"),
            ("410", "What the call answered was erased"),
            ("413", "The body is too large"),
            ("415", "Not JSON"),
            ("422", "The content breaks a rule; see `errors`"),
        ]);
    } else if row.method == actix_web::http::Method::POST {
        all.extend([
            ("409", "The state does not allow it"),
            ("413", "The body is too large"),
            ("415", "Not JSON"),
            ("422", "The content breaks a rule"),
        ]);
    }
    if row.conditional {
        all.extend([("412", "It has changed since you read it"), ("428", "Send If-Match")]);
    } else if row.keyed && row.path.contains("{id}") && row.path.starts_with("/v1/re") {
        all.push(("412", "It has changed since you read it, when you sent If-Match"));
    }
    all
}

fn header_parameter(name: &str, about: &str) -> RefOr<Parameter> {
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some(about))
        .schema(Some(Object::with_type(Type::String)))
        .build();
    RefOr::T(parameter)
}

fn problem_response(about: &str) -> RefOr<Response> {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    RefOr::T(ResponseBuilder::new().description(about).content(problem::MEDIA_TYPE, content).build())
}

fn add_headers(response: &mut Response, row: &Endpoint, status: &str) {
    let mut add = |name: &str, about: &str| {
        let header =
            HeaderBuilder::new().schema(Some(Object::with_type(Type::String))).description(Some(about)).build();
        response.headers.entry(name.to_owned()).or_insert(header.into());
    };
    add("X-Request-Id", "The request's id, as in the log");
    add("RateLimit", "What is left of the limit, and when it renews");
    add("RateLimit-Policy", "The limit that counts");
    match status {
        "429" | "503" => add("Retry-After", "After how many seconds to send the request again"),
        "401" => add("WWW-Authenticate", "How to prove who you are"),
        _ => {}
    }
    if row.keyed && status.starts_with('2') {
        add("Idempotency-Replayed", "`true` when the answer repeats an earlier one");
    }
    if row.path.starts_with("/v1/triage/cases/{id}") && status == "200" {
        add("ETag", "The case's version, for If-Match");
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
        Some("submit_report") => include_str!("examples/report.json"),
        Some("ask_platform") => include_str!("examples/platform_request.json"),
        Some("answer_request") => include_str!("examples/answer.json"),
        Some("create_webhook_endpoint") => include_str!("examples/webhook_endpoint.json"),
        Some("replay_events") => include_str!("examples/replay.json"),
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
    responses((status = 200, description = "The document", content_type = "application/json", body = Object)))]
pub(super) async fn json() -> HttpResponse {
    HttpResponse::Ok().json(document())
}
