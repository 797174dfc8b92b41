//! Answers that are kept and repeated: how a call and its key are read, and how an answer is written.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use serde::Serialize;

use super::body::Raw;
use super::extract::Call;
use super::tags::etag;
use crate::domain::ledger::idempotency::{Answer, Answered, Keyed};
use crate::error::Result;

/// The call under the key that its row asks for, or what is wrong with the key.
pub(super) fn keyed(call: &Call, raw: &Raw) -> Result<Keyed> {
    Ok(keyed_part(call, raw, &call.idempotency_key()?, None))
}

/// A call under a key; or an item of its body, by its place, under the key of the whole.
pub(super) fn keyed_part(call: &Call, raw: &Raw, key: &str, place: Option<usize>) -> Keyed {
    let route = call.request().match_pattern().unwrap_or_default();
    let operation = format!("{} {route}", call.request().method());
    let target = call.request().uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let place = place.map(|place| place.to_string()).unwrap_or_default();
    let keyring = &call.shared.app.kit.keyring;
    Keyed::new(keyring, operation, &[key.as_bytes(), place.as_bytes()], &[target.as_bytes(), &raw.0])
}

/// An answer without a body.
pub(super) const fn empty() -> Answer {
    Answer { status: 204, headers: Vec::new(), body: String::new() }
}

/// A JSON answer.
pub(super) fn json<T: Serialize>(status: StatusCode, body: &T) -> Result<Answer> {
    let body = serde_json::to_string(body).map_err(anyhow::Error::new)?;
    Ok(Answer { status: status.as_u16(), headers: Vec::new(), body })
}

/// The answer with the entity tag of a version.
pub(super) fn tagged(version: i64, answer: Answer) -> Answer {
    answer.with_header("etag", etag(version))
}

/// An answer as HTTP.
pub(super) fn render(answered: Answered) -> HttpResponse {
    let Answered { answer: Answer { status, mut headers, body }, is_repeated } = answered;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    if !body.is_empty() {
        response.content_type("application/json");
    }
    let mut response = response.body(body);
    if is_repeated {
        headers.push(("idempotency-replayed".to_owned(), "true".to_owned()));
    }
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
