//! Answers that are kept and repeated: how a call and its key are read, and how an answer is written.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use serde::Serialize;

use super::aside::SHORT;
use super::body::Raw;
use super::extract::Call;
use super::tags::etag;
use crate::domain::ledger::idempotency::{Answer, Answered, Keyed};
use crate::domain::vault::Keyring;
use crate::error::Result;

/// The call under the key that its row asks for, or what is wrong with the key; of a body that is not short aside.
///
/// # Errors
/// Passing trouble, as [`super::aside::unless_passing`] says.
pub(super) async fn keyed_aside(call: &Call, raw: &Raw) -> Result<Result<Keyed>> {
    match call.idempotency_key() {
        Ok(key) => keyed_part(call, raw, &key, None).await.map(Ok),
        Err(refused) => Ok(Err(refused)),
    }
}

/// A call under a key; or an item of its body, by its place, under the key of the whole. Of a body that is not short it is
/// made aside.
pub(super) async fn keyed_part(call: &Call, raw: &Raw, key: &str, place: Option<usize>) -> Result<Keyed> {
    if raw.0.len() <= SHORT {
        return Ok(made(&call.shared.app.kit.keyring, named(call), &raw.0, key, place));
    }
    let (kit, named) = (Arc::clone(&call.shared.app.kit), named(call));
    let (bytes, key) = (raw.0.clone(), key.to_owned());
    let work = move || Ok(made(&kit.keyring, named, &bytes, &key, place));
    call.shared.aside.run(&call.payer(), raw.length(), work).await
}

/// The call under the key that its row asks for, or what is wrong with the key.
pub(super) fn keyed(call: &Call, raw: &Raw) -> Result<Keyed> {
    Ok(made(&call.shared.app.kit.keyring, named(call), &raw.0, &call.idempotency_key()?, None))
}

/// What a call is of: its operation, and all that stands in its address.
struct Named {
    operation: String,
    target: String,
}

fn named(call: &Call) -> Named {
    let route = call.request().match_pattern().unwrap_or_default();
    let target = call.request().uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    Named { operation: format!("{} {route}", call.request().method()), target }
}

fn made(keyring: &Keyring, named: Named, bytes: &[u8], key: &str, place: Option<usize>) -> Keyed {
    let place = place.map(|place| place.to_string()).unwrap_or_default();
    let content = [named.target.as_bytes(), bytes];
    Keyed::new(keyring, named.operation, &[key.as_bytes(), place.as_bytes()], &content)
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
