//! Errors as RFC 9457 documents. One exhaustive table gives each its status, code and title; causes stay in the log.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::limits::whole_seconds;
use crate::base::code::open_schema;
use crate::error::{Conflict, Error, Forbidden, Refused, Unauthenticated, Violation};

/// The media type of problem documents.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A problem document.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Where the kind of problem is explained.
    #[serde(rename = "type")]
    #[schema(example = "/problems#validation_failed")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What to do about this one.
    pub detail: String,
    /// The request's id, as in `X-Request-Id`.
    pub instance: String,
    /// The kind of problem, stable.
    #[schema(value_type = ProblemCode)]
    pub code: &'static str,
    /// Each broken rule of the content.
    pub errors: Vec<ProblemError>,
    /// Whether the same request may succeed later as it is.
    pub retryable: bool,
    /// The report that has the reference already: with `duplicate_reference`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "rep_00000000000000000000000000")]
    pub report_id: Option<String>,
}

/// The code of a problem, for the API document: a code may be added.
#[derive(Debug)]
pub struct ProblemCode;

impl utoipa::PartialSchema for ProblemCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let about = "The kind of problem, stable; `/problems` explains each. There may be more one day: go by `status` and \
                     `retryable` for one that you do not know.";
        open_schema(about, examples().iter().map(code))
    }
}

impl ToSchema for ProblemCode {}

/// A broken rule of the content.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemError {
    /// Where, as an RFC 6901 pointer.
    #[schema(example = "/statement")]
    pub pointer: String,
    /// Which rule.
    #[schema(example = "required")]
    pub code: &'static str,
    /// What to do.
    pub detail: String,
}

impl From<&Violation> for ProblemError {
    fn from(violation: &Violation) -> Self {
        Self { pointer: violation.pointer.clone(), code: violation.code, detail: violation.detail.clone().into_owned() }
    }
}

/// A kind of problem.
struct Kind {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
}

fn kind(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Kind {
    Kind { status, code, title, detail: detail.into() }
}

/// The stable code of a problem.
pub(super) fn code(error: &Error) -> &'static str {
    of(error).code
}

/// The table.
fn of(error: &Error) -> Kind {
    match error {
        Error::Unauthenticated(why) => unauthenticated(*why),
        Error::Forbidden(why) => forbidden(why),
        Error::NotFound => {
            kind(StatusCode::NOT_FOUND, "not_found", "Not found", "There is nothing here for this credential.")
        }
        Error::Erased => kind(StatusCode::GONE, "erased", "Erased", "What this call answered was erased."),
        Error::Conflict(why) => conflict(why),
        Error::Refused(why) => refused(why),
        Error::Invalid(_) => kind(
            StatusCode::UNPROCESSABLE_ENTITY,
            "validation_failed",
            "The content breaks a rule",
            "See `errors`; mend each and send the request again.",
        ),
        Error::Throttled { policy, .. } => kind(
            StatusCode::TOO_MANY_REQUESTS,
            "quota_exceeded",
            "Too many requests",
            format!("The limit `{policy}` was passed. Wait as long as `Retry-After` says."),
        ),
        Error::Unavailable(_) => kind(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Not available just now",
            "Nothing was stored. Send the same request again, with the same Idempotency-Key.",
        ),
        Error::Internal(_) => kind(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "A fault of this service",
            "It was noted under this request's id. Nothing was stored; you may send the request again.",
        ),
    }
}

fn unauthenticated(why: Unauthenticated) -> Kind {
    let status = StatusCode::UNAUTHORIZED;
    match why {
        Unauthenticated::Missing => {
            kind(status, "credential_missing", "No credential", "Send `Authorization: Bearer` with an access token.")
        }
        Unauthenticated::Invalid => kind(
            status,
            "credential_invalid",
            "The credential does not hold",
            "It is wrong, has expired or was revoked. Get a new one.",
        ),
    }
}

fn forbidden(why: &Forbidden) -> Kind {
    let status = StatusCode::FORBIDDEN;
    match why {
        Forbidden::Scope(scope) => kind(
            status,
            "scope_missing",
            "The access token lacks a scope",
            format!("This call needs the scope `{scope}`."),
        ),
        Forbidden::Role => kind(status, "role_not_allowed", "Your role has no right to this", "Ask a lead."),
        Forbidden::SecondPerson => kind(
            status,
            "second_person_required",
            "A second person must decide",
            "Who proposed an act cannot approve or refuse it.",
        ),
    }
}

fn conflict(why: &Conflict) -> Kind {
    let status = StatusCode::CONFLICT;
    match why {
        Conflict::Transition { from, action } => kind(
            status,
            "transition_refused",
            "Not possible from this state",
            format!("`{action}` is not possible from `{from}`."),
        ),
        Conflict::ClaimedByOther => kind(
            status,
            "claimed_by_other",
            "Somebody else holds the case",
            "Take another one, or ask a lead to hand it over.",
        ),
        Conflict::ClaimLost => {
            let detail = "The claim has lapsed or never was. Claim the case again.";
            kind(status, "claim_lost", "You do not hold the case", detail)
        }
        Conflict::DuplicateReference { .. } => kind(
            status,
            "duplicate_reference",
            "The reference is taken",
            "A report with this platform_report_ref and another content is here already: `report_id` names it. Send an addition, or use a new reference.",
        ),
        Conflict::InFlight => {
            kind(status, "in_flight", "The same request is being worked on", "Send it again after `Retry-After`.")
        }
        Conflict::ActDecided => {
            kind(status, "act_decided", "Already decided", "Somebody has approved or refused this act.")
        }
        Conflict::ActVoid => {
            let detail = "The case was closed, or whoever proposed this may not work on it any more. Read the case, and propose anew what still holds.";
            kind(status, "act_void", "It waits no longer", detail)
        }
        Conflict::ActOutdated => {
            let detail =
                "More is known, or was judged, than this act answers. Refuse it, look again, and propose anew.";
            kind(status, "act_outdated", "More has come in since", detail)
        }
        Conflict::NameTaken => kind(status, "name_taken", "The name is taken", "Choose another."),
        Conflict::EndpointDisabled => {
            kind(status, "endpoint_disabled", "The endpoint is not called", "Switch it on again first.")
        }
    }
}

fn parameter(name: &str, detail: &str) -> Kind {
    let detail = format!("`{name}`: {detail}.");
    kind(StatusCode::BAD_REQUEST, "bad_parameter", "A parameter is missing or badly formed", detail)
}

fn refused(why: &Refused) -> Kind {
    let bad = StatusCode::BAD_REQUEST;
    match why {
        Refused::Malformed => {
            kind(bad, "malformed", "The body cannot be read", "Send one JSON object in UTF-8, nested at most 128 deep.")
        }
        Refused::Parameter { name, detail } => parameter(name, detail),
        Refused::Query { name, detail } => parameter(name, detail),
        Refused::IdempotencyKeyMissing => kind(
            bad,
            "idempotency_key_missing",
            "No Idempotency-Key",
            "Send `Idempotency-Key` with 1 to 255 printable ASCII characters, new for each new call.",
        ),
        Refused::IdempotencyKeyReused => {
            let (status, title) = (StatusCode::UNPROCESSABLE_ENTITY, "The key belongs to another call");
            let detail = "This Idempotency-Key was used with another content. Use a new key.";
            kind(status, "idempotency_key_reused", title, detail)
        }
        Refused::PreconditionRequired => kind(
            StatusCode::PRECONDITION_REQUIRED,
            "precondition_required",
            "No If-Match",
            "Read the resource and send its ETag in `If-Match`.",
        ),
        Refused::PreconditionFailed => kind(
            StatusCode::PRECONDITION_FAILED,
            "precondition_failed",
            "The resource has changed",
            "Read it again, look at what changed, and decide anew.",
        ),
        Refused::MediaType => {
            kind(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", "Not JSON", "Send `Content-Type: application/json`.")
        }
        Refused::Encoding => {
            let detail = "Send it as it is, without `Content-Encoding`.";
            kind(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_encoding", "The body is packed", detail)
        }
        Refused::TooLarge => {
            let detail = "A body may have 256 KiB, a batch 8 MiB. A report may have more only in `platform_context.messages`, up to 2 MiB in all.";
            kind(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is too large", detail)
        }
        Refused::TooSlow => {
            kind(StatusCode::REQUEST_TIMEOUT, "too_slow", "The body did not arrive", "Send the request again.")
        }
        Refused::Method => {
            kind(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Not with this method", "See `Allow`.")
        }
    }
}

/// The document of an error, for answers that hold one as a part.
#[must_use]
pub fn document(error: &Error, instance: &str) -> Problem {
    let kind = of(error);
    let errors = match error {
        Error::Invalid(violations) => violations.0.iter().map(ProblemError::from).collect(),
        _ => Vec::new(),
    };
    Problem {
        kind: format!("/problems#{}", kind.code),
        title: kind.title,
        status: kind.status.as_u16(),
        detail: kind.detail,
        instance: instance.to_owned(),
        code: kind.code,
        errors,
        retryable: error.is_retryable(),
        report_id: match error {
            Error::Conflict(Conflict::DuplicateReference { report }) => Some(report.clone()),
            _ => None,
        },
    }
}

/// The answer to a request that failed. The cause of a fault is logged here, once.
pub(super) fn response(error: &Error, instance: &str) -> HttpResponse {
    match error {
        Error::Internal(cause) => tracing::error!(cause = format!("{cause:#}"), "a fault"),
        Error::Unavailable(reason) => tracing::warn!(%reason, "not available"),
        _ => {}
    }
    let document = document(error, instance);
    let mut response = HttpResponse::build(of(error).status).content_type(MEDIA_TYPE).json(document);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    let wait = match error {
        Error::Throttled { retry_after, .. } => Some(whole_seconds(*retry_after)),
        Error::Unavailable(_) | Error::Conflict(Conflict::InFlight) => Some(1),
        _ => None,
    };
    if let Some(seconds) = wait {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if matches!(error, Error::Unauthenticated(_)) {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        of(self).status
    }

    fn error_response(&self) -> HttpResponse {
        // The outer door renders the document: it knows the request's id.
        HttpResponse::new(self.status_code())
    }
}

/// One of each kind of problem, for the catalogue and its test.
fn examples() -> Vec<Error> {
    let transition = Conflict::Transition { from: "closed", action: "hold" };
    let wait = std::time::Duration::from_secs(1);
    let mut all = vec![
        Error::Unauthenticated(Unauthenticated::Missing),
        Error::Unauthenticated(Unauthenticated::Invalid),
        Error::Forbidden(Forbidden::Scope("reports:write")),
        Error::Forbidden(Forbidden::Role),
        Error::Forbidden(Forbidden::SecondPerson),
        Error::NotFound,
        Error::Erased,
    ];
    let conflicts = [
        transition,
        Conflict::ClaimedByOther,
        Conflict::ClaimLost,
        Conflict::DuplicateReference { report: String::new() },
        Conflict::InFlight,
        Conflict::ActDecided,
        Conflict::ActVoid,
        Conflict::ActOutdated,
        Conflict::NameTaken,
        Conflict::EndpointDisabled,
    ];
    all.extend(conflicts.map(Error::Conflict));
    let refusals = [
        Refused::Malformed,
        Refused::Parameter { name: "limit", detail: "use a whole number" },
        Refused::IdempotencyKeyMissing,
        Refused::IdempotencyKeyReused,
        Refused::PreconditionRequired,
        Refused::PreconditionFailed,
        Refused::MediaType,
        Refused::Encoding,
        Refused::TooLarge,
        Refused::TooSlow,
        Refused::Method,
    ];
    all.extend(refusals.map(Error::Refused));
    all.push(Error::invalid("/statement", "required", "say in their words what happened"));
    all.push(Error::Throttled { policy: "ingest", retry_after: wait });
    all.push(Error::Unavailable("the database".into()));
    all.push(Error::Internal(anyhow::anyhow!("a fault")));
    all
}

/// Every kind of problem as text: what `/problems` serves and `docs/problems.md` holds.
#[must_use]
pub fn catalogue() -> String {
    let head = "# Problems\n\nErrors are `application/problem+json` (RFC 9457). `code` is stable; `retryable` says \
                    whether the same request may succeed later as it is.\n\n| status | code | retryable | title | what to do |\n\
                    |---|---|---|---|---|\n";
    let row = |error: Error| {
        let problem = document(&error, "");
        let retry = if problem.retryable { "yes" } else { "no" };
        format!("| {} | `{}` | {retry} | {} | {} |\n", problem.status, problem.code, problem.title, problem.detail)
    };
    let rows: Vec<String> = examples().into_iter().map(row).collect();
    format!("{head}{}", rows.concat())
}
