//! What operations share: credentials, headers, refusals. Each stands once among the components and is named where it
//! applies, so that a client made from the document has one type for it.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Components, Content, Ref, RefOr, Required};

use crate::web::problem;
use crate::web::row::{Body, Caller, Precondition, Row};

/// Headers of answers: name and meaning.
const HEADERS: [(&str, &str); 11] = [
    ("X-Request-Id", "The request's id, as in the log"),
    ("RateLimit", "What is left of the limit, and when it renews; told to those who have proved who they are"),
    ("RateLimit-Policy", "The limit that counts"),
    ("Retry-After", "After how many seconds to send the request again"),
    ("WWW-Authenticate", "How to prove who you are"),
    ("Idempotency-Replayed", "`true` when the answer repeats an earlier one; otherwise absent"),
    ("ETag", "The version, for If-Match"),
    ("Location", "Where it is"),
    ("Content-Location", "Where the report is that was there already"),
    ("Access-Control-Allow-Origin", "`*`: pages of any site may read it"),
    ("Link", "The next page, with `rel=\"next\"`; absent on the last one"),
];

/// Headers that every answer has.
const ALWAYS: [&str; 2] = ["X-Request-Id", "RateLimit-Policy"];
/// One that every answer has to a caller whose credential holds.
const PROVED: &str = "RateLimit";

/// Refusals: status, name among the components, and meaning.
const REFUSALS: [(&str, &str, &str); 15] = [
    ("400", "BadRequest", "The call is not of the right form"),
    ("401", "Unauthenticated", "The credential does not hold"),
    ("403", "Forbidden", "The credential has no right to this"),
    ("404", "NotFound", "There is no such thing for this credential"),
    ("408", "TooSlow", "The body did not arrive within 30 seconds"),
    ("409", "Conflict", "The state does not allow it, or a twin of the call is being worked on"),
    ("410", "Gone", "What the call answered was erased"),
    ("412", "PreconditionFailed", "It has changed since you read it"),
    ("413", "TooLarge", "The body is too large"),
    ("415", "NotJson", "The body is not JSON"),
    ("422", "Invalid", "The content breaks a rule (see `errors`), or the key was used with another content"),
    ("428", "PreconditionRequired", "Send If-Match"),
    ("429", "TooManyRequests", "The limit was passed; wait as long as Retry-After says"),
    ("500", "Fault", "A fault of this service; nothing was stored"),
    ("503", "Unavailable", "Not available just now; nothing was stored"),
];

/// Adds what operations share.
pub(super) fn complete(operation: &mut Operation, row: &Row) {
    operation.security = Some(match row.caller {
        // An empty list says that nothing is asked for; without one, a reader could not tell that from forgetting.
        Caller::Anyone => Vec::new(),
        Caller::Platform(scope) => {
            let scopes: Vec<&str> = scope.iter().map(|scope| scope.as_str()).collect();
            vec![SecurityRequirement::new("platform", scopes)]
        }
        Caller::Partner(scope) => vec![SecurityRequirement::new("partner", [scope.as_str()])],
        // Pages are no operations.
        Caller::Staff | Caller::AnyStaff | Caller::Browser | Caller::Reader => {
            vec![SecurityRequirement::new("staff", [""; 0])]
        }
    });
    let mut parameters = operation.parameters.take().unwrap_or_default();
    let unchanged = operation.responses.responses.contains_key("304");
    parameters.extend(headers_sent(row, unchanged).into_iter().map(|name| RefOr::Ref(parameter_ref(name))));
    let has = |place: &ParameterIn| parameters.iter().any(|p| matches!(p, RefOr::T(p) if p.parameter_in == *place));
    let (named, queried) = (has(&ParameterIn::Path), has(&ParameterIn::Query));
    operation.parameters = Some(parameters).filter(|parameters| !parameters.is_empty());
    add_example(operation, row);
    for status in refusals(row, named, queried) {
        let name = REFUSALS.iter().find(|(known, ..)| *known == status).map_or("", |(_, name, _)| *name);
        let refusal = || RefOr::Ref(Ref::from_response_name(name));
        operation.responses.responses.entry(status.to_owned()).or_insert_with(refusal);
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            add_headers(response, row, status);
        }
    }
}

/// Adds the components that operations name.
pub(super) fn add_shared(components: &mut Components) {
    for (name, about) in HEADERS {
        components.headers.insert(name.to_owned(), RefOr::T(header(name, about)));
    }
    for (name, parameter) in parameters() {
        components.parameters.insert(name.to_owned(), RefOr::T(parameter));
    }
    for (status, name, about) in REFUSALS {
        components.responses.insert(name.to_owned(), RefOr::T(refusal(status, about)));
    }
}

/// The refusals that an operation can meet. `named` is one whose path names a thing, `queried` one with a query.
fn refusals(row: &Row, named: bool, queried: bool) -> Vec<&'static str> {
    let mut all = vec!["429", "500"];
    let mut add = |when: bool, statuses: &[&'static str]| {
        if when {
            all.extend(statuses);
        }
    };
    let json = matches!(row.body, Body::Json(_) | Body::Report(_));
    // Who calls is looked up.
    add(row.proves_caller(), &["401", "503"]);
    add(json || queried, &["400"]);
    add(matches!(row.caller, Caller::Platform(Some(_)) | Caller::Partner(_) | Caller::Staff), &["403"]);
    add(named, &["404"]);
    add(json, &["408", "413", "415", "422"]);
    add(row.keyed, &["409", "410"]);
    add(row.precondition != Precondition::None, &["412"]);
    add(row.precondition == Precondition::Required, &["428"]);
    add(true, row.refused_with);
    all
}

/// The headers that callers of an operation send, by their names among the components.
fn headers_sent(row: &Row, unchanged: bool) -> Vec<&'static str> {
    let all = [
        (row.keyed, "IdempotencyKey"),
        (row.precondition == Precondition::Required, "IfMatch"),
        (row.precondition == Precondition::Optional, "IfMatchOptional"),
        (unchanged, "IfNoneMatch"),
    ];
    all.into_iter().filter_map(|(sent, name)| sent.then_some(name)).collect()
}

/// Adds the example of the body that the row has.
fn add_example(operation: &mut Operation, row: &Row) {
    let (Some(example), Some(RefOr::T(body))) = (row.example, operation.request_body.as_mut()) else { return };
    if let (Some(RefOr::T(content)), Ok(value)) =
        (body.content.get_mut("application/json"), serde_json::from_str(example))
    {
        content.example = Some(value);
    }
}

fn parameter_ref(name: &str) -> Ref {
    Ref::new(format!("#/components/parameters/{name}"))
}

/// The pattern of one entity tag, a weak one too.
const TAG: &str = r#"^(W/)?"[^"]*"$"#;
/// The pattern of one entity tag or more, weak ones among them, or of `*`.
const TAGS: &str = r#"^(\*|(W/)?"[^"]*"(\s*,\s*(W/)?"[^"]*")*)$"#;

/// The parameters that operations name, by their names among the components.
fn parameters() -> [(&'static str, Parameter); 4] {
    let text = || ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
    let make = |name: &str, required, about: &str, schema: ObjectBuilder| {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).required(required);
        parameter.description(Some(about)).schema(Some(schema.build())).build()
    };
    let key = text().max_length(Some(255)).pattern(Some("^[ -~]+$"));
    let tags = || text().max_length(Some(1_000)).pattern(Some(TAGS));
    let about_key = "1 to 255 printable ASCII characters, new for each new call; kept for 30 days";
    let tag = || text().max_length(Some(100)).pattern(Some(TAG));
    let about_match = "The ETag of what you change, as you read it: one version, for a list of several is refused (400), and `*` names none";
    let about_optional =
        "The ETag of what you answer or add to, when nothing may have changed since you read it: one version";
    let about_none = "The ETag that you have: while it holds, the answer is 304 without a body";
    [
        ("IdempotencyKey", make("Idempotency-Key", Required::True, about_key, key)),
        ("IfMatch", make("If-Match", Required::True, about_match, tag())),
        ("IfMatchOptional", make("If-Match", Required::False, about_optional, tag())),
        ("IfNoneMatch", make("If-None-Match", Required::False, about_none, tags())),
    ]
}

fn refusal(status: &str, about: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let mut response = ResponseBuilder::new().description(about).content(problem::MEDIA_TYPE, content).build();
    let more: &[&str] = match status {
        // Of a conflict, only with `in_flight`.
        "409" | "429" | "503" => &["Retry-After"],
        "401" => &["WWW-Authenticate"],
        _ => &[],
    };
    if status != "401" {
        refer(&mut response, PROVED);
    }
    for name in ALWAYS.iter().chain(more) {
        refer(&mut response, name);
    }
    response
}

fn add_headers(response: &mut Response, row: &Row, status: &str) {
    let annotated: Vec<String> = response.headers.keys().cloned().collect();
    for name in annotated.iter().map(String::as_str).chain(ALWAYS) {
        refer(response, name);
    }
    if status == "401" {
        refer(response, "WWW-Authenticate");
    } else if row.caller != Caller::Anyone {
        refer(response, PROVED);
    }
    if row.keyed && status.starts_with('2') {
        refer(response, "Idempotency-Replayed");
    }
    match schema_of(response) {
        Some("QueueList" | "EndpointList" | "ReferralList") | None => {}
        Some(
            "CaseSummary"
            | "CaseView"
            | "ContactInForce"
            | "HandOverAnswer"
            | "ServiceView"
            | "ReferralView"
            | "PartnerReferralView"
            | "PartnerReferral",
        ) => {
            refer(response, "ETag");
        }
        Some(name) if name.ends_with("List") => refer(response, "Link"),
        Some(_) => {}
    }
}

/// The name of the one schema that an answer's body has.
fn schema_of(response: &Response) -> Option<&str> {
    let RefOr::T(Content { schema: Some(RefOr::Ref(schema)), .. }) = response.content.values().next()? else {
        return None;
    };
    schema.ref_location.rsplit('/').next()
}

/// Has the response name a header of the components.
fn refer(response: &mut Response, name: &str) {
    response.headers.insert(name.to_owned(), RefOr::Ref(Ref::new(format!("#/components/headers/{name}"))));
}

fn header(name: &str, about: &str) -> Header {
    let text = if name == "Retry-After" { Object::with_type(Type::Integer) } else { Object::with_type(Type::String) };
    HeaderBuilder::new().schema(Some(text)).description(Some(about)).build()
}
