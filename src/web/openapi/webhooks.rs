//! The messages that platforms' endpoints are sent, as Standard Webhooks 1.0.0 has them.

use serde_json::json;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem, Paths,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{AllOfBuilder, Object, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Content, Ref, RefOr, Required};

use crate::base::id::{EventKind, Kind, pattern};
use crate::domain::ledger::events::EventType;

/// One for each type of event.
pub(super) fn messages() -> Paths {
    EventType::ALL.iter().copied().fold(Paths::new(), |mut all, kind| {
        all.paths.insert(kind.as_str().to_owned(), PathItem::new(HttpMethod::Post, message(kind)));
        all
    })
}

fn message(kind: EventType) -> Operation {
    let content = Content::builder().schema(Some(body(kind))).example(Some(example(kind))).build();
    let body = RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True)).build();
    let operation = OperationBuilder::new()
        .tag("webhooks")
        .operation_id(Some(format!("on_{}", kind.as_str().replace('.', "_"))))
        .summary(Some(summary(kind)))
        .description(Some(if kind == EventType::WebhookChallenge {
            "Signed as all messages are. Verify it, and answer 2xx with JSON that repeats `data.challenge`, such as \
             `{\"challenge\": \"…\"}`. Until then nothing else is sent to the endpoint."
        } else {
            "Signed as Standard Webhooks 1.0.0 says: verify it over the bytes as they came. The same event comes under \
             the same `webhook-id` in every attempt and replay."
        }))
        .request_body(Some(body))
        .securities(Some([]));
    let operation = headers().into_iter().fold(operation, OperationBuilder::parameter);
    answers().into_iter().fold(operation, |operation, (status, answer)| operation.response(status, answer)).build()
}

const fn summary(kind: EventType) -> &'static str {
    match kind {
        EventType::ReportReceived => "A report of yours was stored",
        EventType::ReportStatusChanged => "The status of a report of yours changed",
        EventType::ReportClosed => "A report of yours was closed with an outcome",
        EventType::RequestCreated => "We ask you to do something",
        EventType::RequestDueSoon => "The time for an answer to a request is nearly over",
        EventType::RequestOverdue => "The time for an answer to a request has passed",
        EventType::WebhookTest => "Your endpoint is tried",
        EventType::WebhookChallenge => "Your endpoint is asked to show that it wants events",
    }
}

/// The common shape, with the one type that comes here.
fn body(kind: EventType) -> Schema {
    let shape = if kind == EventType::WebhookChallenge { "WebhookChallenge" } else { "WebhookPayload" };
    let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([kind.as_str()]));
    let only = ObjectBuilder::new().schema_type(Type::Object).property("type", name).required("type");
    AllOfBuilder::new().item(Ref::from_schema_name(shape)).item(only).build().into()
}

fn example(kind: EventType) -> serde_json::Value {
    let nil = "00000000000000000000000000";
    let data = match kind {
        EventType::ReportReceived | EventType::ReportStatusChanged | EventType::ReportClosed => {
            json!({"id": format!("rep_{nil}"), "sequence": 1, "report_id": format!("rep_{nil}")})
        }
        EventType::RequestCreated | EventType::RequestDueSoon | EventType::RequestOverdue => {
            let (report, request) = (format!("rep_{nil}"), format!("req_{nil}"));
            json!({"id": request, "sequence": 2, "report_id": report, "request_id": request})
        }
        EventType::WebhookTest => json!({"id": format!("whe_{nil}"), "sequence": 1, "report_id": null}),
        EventType::WebhookChallenge => json!({"challenge": "q".repeat(43)}),
    };
    json!({"type": kind.as_str(), "timestamp": "2026-11-21T19:04:02.123Z", "data": data})
}

fn headers() -> [Parameter; 3] {
    let make = |name: &str, about: &str, schema: Object| {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).required(Required::True);
        parameter.description(Some(about)).schema(Some(schema)).build()
    };
    let text = |form: String| ObjectBuilder::new().schema_type(Type::String).pattern(Some(form)).build();
    [
        make("webhook-id", "The event's id: handle each once", text(pattern(EventKind::PREFIX))),
        make("webhook-timestamp", "The time of the attempt, in seconds since 1970", text("^[0-9]+$".to_owned())),
        make(
            "webhook-signature",
            "Signatures by every living key, the newest first: `v1,` HMAC-SHA256 under the shared secret, `v1a,` Ed25519 \
             under the private key of `public_key`",
            text("^v1a?,[A-Za-z0-9+/=]+( v1a?,[A-Za-z0-9+/=]+)*$".to_owned()),
        ),
    ]
}

/// What an endpoint's answers mean.
fn answers() -> [(&'static str, RefOr<Response>); 3] {
    let answer = |about: &str| RefOr::T(ResponseBuilder::new().description(about).build());
    [
        (
            "2XX",
            answer("Taken. Answer within 15 seconds and work on it later; a challenge is taken when it is repeated"),
        ),
        ("410", answer("The endpoint is switched off at once")),
        ("default", answer("Not taken: it is tried again, unless the header `webhook-delivery` says `abort-message`")),
    ]
}
