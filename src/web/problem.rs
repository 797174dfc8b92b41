//! Errors as RFC 9457 documents. One exhaustive table gives each its status and code, `words` what is said of it; causes
//! stay in the log.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::limits::whole_seconds;
use crate::base::code::open_schema;
use crate::error::rules::{Form, Parameter};
use crate::error::{Conflict, Error, Forbidden, Refused, Unauthenticated, Violation};
use crate::words::{self, Said};

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
    /// Each broken rule of the content: the first fifty.
    #[schema(max_items = 50)]
    pub errors: Vec<ProblemError>,
    /// How many more rules are broken, when not all are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub more_errors: Option<usize>,
    /// Whether the same request may succeed later as it is.
    pub retryable: bool,
    /// The report that has the reference already: with `duplicate_reference`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "rep_00000000000000000000000000")]
    pub report_id: Option<String>,
    /// Since when all is there that was to be read: with `unread`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub unread_since: Option<String>,
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
        let Violation { pointer, rule } = violation;
        Self { pointer: pointer.clone(), code: rule.code(), detail: words::rule(rule).into_owned() }
    }
}

/// The stable code of a problem.
pub(super) fn code(error: &Error) -> &'static str {
    of(error).1
}

/// The table: status and code. What is said of each stands in `words`.
fn of(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Unauthenticated(Unauthenticated::Missing) => (StatusCode::UNAUTHORIZED, "credential_missing"),
        Error::Unauthenticated(Unauthenticated::Invalid) => (StatusCode::UNAUTHORIZED, "credential_invalid"),
        Error::Unauthenticated(Unauthenticated::SecondFactorClosed) => {
            (StatusCode::UNAUTHORIZED, "second_factor_closed")
        }
        Error::Forbidden(Forbidden::Scope(_)) => (StatusCode::FORBIDDEN, "scope_missing"),
        Error::Forbidden(Forbidden::Role) => (StatusCode::FORBIDDEN, "role_not_allowed"),
        Error::Forbidden(Forbidden::SecondPerson) => (StatusCode::FORBIDDEN, "second_person_required"),
        Error::Forbidden(Forbidden::Origin) => (StatusCode::FORBIDDEN, "origin_not_ours"),
        Error::Forbidden(Forbidden::Ahead) => (StatusCode::FORBIDDEN, "asked_ahead"),
        Error::Forbidden(Forbidden::Proposer) => (StatusCode::FORBIDDEN, "not_the_proposer"),
        Error::Forbidden(Forbidden::DeclareFirst) => (StatusCode::FORBIDDEN, "declare_first"),
        Error::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Error::Erased => (StatusCode::GONE, "erased"),
        Error::Conflict(why) => (StatusCode::CONFLICT, conflict(why)),
        Error::Refused(why) => refused(why),
        Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed"),
        Error::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "quota_exceeded"),
        Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

const fn conflict(why: &Conflict) -> &'static str {
    match why {
        Conflict::Transition { .. } => "transition_refused",
        Conflict::ClaimedByOther => "claimed_by_other",
        Conflict::ClaimLost => "claim_lost",
        Conflict::DuplicateReference { .. } => "duplicate_reference",
        Conflict::InFlight => "in_flight",
        Conflict::ActDecided => "act_decided",
        Conflict::ActVoid => "act_void",
        Conflict::ActWithdrawn => "act_withdrawn",
        Conflict::ConsentEnded => "consent_ended",
        Conflict::ReferralOpen => "referral_open",
        Conflict::ReferralMoved { .. } => "referral_moved",
        Conflict::NoPolicy => "no_policy",
        Conflict::NotInForce => "not_in_force",
        Conflict::ActOutdated => "act_outdated",
        Conflict::Unread { .. } => "unread",
        Conflict::NameTaken => "name_taken",
        Conflict::EndpointDisabled => "endpoint_disabled",
    }
}

const fn refused(why: &Refused) -> (StatusCode, &'static str) {
    match why {
        Refused::Malformed => (StatusCode::BAD_REQUEST, "malformed"),
        Refused::Parameter { .. } | Refused::Query { .. } => (StatusCode::BAD_REQUEST, "bad_parameter"),
        Refused::IdempotencyKeyMissing => (StatusCode::BAD_REQUEST, "idempotency_key_missing"),
        Refused::IdempotencyKeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
        Refused::PreconditionRequired => (StatusCode::PRECONDITION_REQUIRED, "precondition_required"),
        Refused::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "precondition_failed"),
        Refused::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type"),
        Refused::Encoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_encoding"),
        Refused::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        Refused::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too_slow"),
        Refused::Method => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
    }
}

/// The document of an error, for answers that hold one as a part.
#[must_use]
pub fn document(error: &Error, instance: &str) -> Problem {
    let (status, code) = of(error);
    let Said { title, detail } = words::problem(error);
    let broken = if let Error::Invalid(wrong) = error { wrong.named.as_slice() } else { &[] };
    let more = if let Error::Invalid(wrong) = error { wrong.more } else { 0 };
    Problem {
        kind: format!("/problems#{code}"),
        title,
        status: status.as_u16(),
        detail: detail.into_owned(),
        instance: instance.to_owned(),
        code,
        errors: broken.iter().map(ProblemError::from).collect(),
        more_errors: Some(more).filter(|more| *more > 0),
        retryable: error.is_retryable(),
        report_id: if let Error::Conflict(Conflict::DuplicateReference { report }) = error {
            Some(report.clone())
        } else {
            None
        },
        unread_since: if let Error::Conflict(Conflict::Unread { since }) = error { Some(since.clone()) } else { None },
    }
}

impl Problem {
    /// This with so many broken rules named at most: where it is a part of a larger answer.
    #[must_use]
    pub(super) fn naming(mut self, most: usize) -> Self {
        let more = self.errors.len().saturating_sub(most) + self.more_errors.unwrap_or_default();
        self.errors.truncate(most);
        self.more_errors = Some(more).filter(|more| *more > 0);
        self
    }
}

/// The answer to a request that failed. The cause of a fault is logged here, once.
pub(super) fn response(error: &Error, instance: &str) -> HttpResponse {
    let document = document(error, instance);
    let mut response = HttpResponse::build(of(error).0).content_type(MEDIA_TYPE).json(document);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    // In how many seconds the same call may go better.
    let wait = match error {
        Error::Internal(cause) => {
            tracing::error!(cause = format!("{cause:#}"), "a fault");
            None
        }
        Error::Unavailable(reason) => {
            tracing::warn!(%reason, "not available");
            Some(1)
        }
        Error::Throttled { retry_after, .. } => Some(whole_seconds(*retry_after)),
        Error::Conflict(Conflict::InFlight) => Some(1),
        Error::Unauthenticated(_)
        | Error::Forbidden(_)
        | Error::NotFound
        | Error::Erased
        | Error::Conflict(_)
        | Error::Refused(_)
        | Error::Invalid(_) => None,
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
        of(self).0
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
        Error::Unauthenticated(Unauthenticated::SecondFactorClosed),
        Error::Forbidden(Forbidden::Scope("reports:write")),
        Error::Forbidden(Forbidden::Role),
        Error::Forbidden(Forbidden::SecondPerson),
        Error::Forbidden(Forbidden::Origin),
        Error::Forbidden(Forbidden::Ahead),
        Error::Forbidden(Forbidden::Proposer),
        Error::Forbidden(Forbidden::DeclareFirst),
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
        Conflict::ActWithdrawn,
        Conflict::ConsentEnded,
        Conflict::ReferralOpen,
        Conflict::ReferralMoved { state: "sent" },
        Conflict::NoPolicy,
        Conflict::NotInForce,
        Conflict::ActOutdated,
        Conflict::Unread { since: "2026-11-21T19:04:02Z".to_owned() },
        Conflict::NameTaken,
        Conflict::EndpointDisabled,
    ];
    all.extend(conflicts.map(Error::Conflict));
    let refusals = [
        Refused::Malformed,
        Refused::Parameter { name: "limit", wanted: Parameter::Form(Form::WholeNumber) },
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
    all.push(Error::invalid("/statement", Form::NoWords));
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
