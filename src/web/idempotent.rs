//! Calls that create or change: done once for each key, in one transaction, and answered the same ever after.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use serde::Serialize;

use super::body::Raw;
use super::extract::Call;
use super::tags::etag;
use crate::base::id::CaseId;
use crate::base::secret::base64_text;
use crate::domain::ledger::idempotency::{self, Answer, Attempt, Taken};
use crate::domain::unit::{Entry, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;

/// What a call did: its answer, and under whose keys it is kept.
pub(super) struct Reply {
    answer: Answer,
    owner: Owner,
}

impl Reply {
    /// An answer without a body.
    pub(super) const fn empty(owner: Owner) -> Self {
        let answer = Answer { status: 204, headers: Vec::new(), body: String::new() };
        Self { answer, owner }
    }

    /// A JSON answer, and whose it is.
    pub(super) fn new<T: Serialize>(status: StatusCode, owner: Owner, body: &T) -> Result<Self> {
        let body = serde_json::to_string(body).map_err(anyhow::Error::new)?;
        Ok(Self { answer: Answer { status: status.as_u16(), headers: Vec::new(), body }, owner })
    }

    /// Adds the entity tag.
    pub(super) fn tagged(self, version: i64) -> Self {
        let tag = etag(version);
        self.with_header("etag", tag)
    }

    /// Adds a header that replays repeat.
    pub(super) fn with_header(mut self, name: &str, value: String) -> Self {
        self.answer.headers.push((name.to_owned(), value));
        self
    }
}

/// Who calls, in the words of the key's scope.
pub(super) trait Scoped {
    /// The tenant, or the account.
    fn scope(&self) -> String;

    /// Fails when the caller may not see this case any more. An answer given earlier is then not repeated.
    fn check_sight(&self, tx: &mut Unit<'_>, case: &CaseId) -> Result<()>;
}

/// Runs a call once. `enter` decides who calls; then the key is taken or the answer replayed; `work` does the rest.
pub(super) async fn once<G, E, W>(call: &Call, raw: &Raw, enter: E, work: W) -> Result<HttpResponse>
where
    G: Scoped + 'static,
    E: for<'e, 'u> FnOnce(&'e mut Entry<'u>) -> Result<(&'e mut Unit<'u>, G)> + Send + 'static,
    W: FnOnce(&mut Unit<'_>, G) -> Result<Reply> + Send + 'static,
{
    let key = call.idempotency_key();
    let (done, replayed) = run(call, raw, Key { given: key, part: None }, enter, work).await?;
    Ok(render(&done, replayed))
}

/// Under which key a call stands.
pub(super) struct Key {
    /// What the caller gave, or what is wrong with it: told once it is known who calls.
    pub(super) given: Result<String>,
    /// Which item of a larger body it is, if it is one.
    pub(super) part: Option<usize>,
}

/// Runs a call once, for callers that put the answer into a larger one: the answer, and whether it was given before.
pub(super) async fn run<G, E, W>(call: &Call, raw: &Raw, key: Key, enter: E, work: W) -> Result<(Answer, bool)>
where
    G: Scoped + 'static,
    E: for<'e, 'u> FnOnce(&'e mut Entry<'u>) -> Result<(&'e mut Unit<'u>, G)> + Send + 'static,
    W: FnOnce(&mut Unit<'_>, G) -> Result<Reply> + Send + 'static,
{
    let app = std::sync::Arc::clone(&call.shared.app);
    let route = call.request().match_pattern().unwrap_or_default();
    let operation = format!("{} {route}", call.request().method());
    let target = call.request().uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let fingerprint = app.kit.keyring.keyed("idempotency", &[target.as_bytes(), &raw.0]);
    app.clone()
        .enter(move |entry| {
            let (tx, who) = enter(entry)?;
            let Key { given, part } = key;
            let key = given?;
            // Only a keyed hash is stored: callers make keys of whatever they have at hand.
            let part = part.map(|part| part.to_string()).unwrap_or_default();
            let key = base64_text(&app.kit.keyring.keyed("idempotency-key", &[key.as_bytes(), part.as_bytes()]));
            let attempt = Attempt { scope: format!("{} {operation}", who.scope()), key, fingerprint };
            if let Taken::Replay(answer, owner) = idempotency::take(tx, &attempt)? {
                match &owner {
                    Owner::Case(case) => who.check_sight(tx, case)?,
                    Owner::Platform(_) | Owner::Staff(_) => {}
                }
                return Ok((answer, true));
            }
            let Reply { answer, owner } = work(tx, who)?;
            idempotency::keep(tx, &attempt, &owner, &answer)?;
            Ok((answer, false))
        })
        .await
}

/// An answer as HTTP.
fn render(answer: &Answer, replayed: bool) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    if !answer.body.is_empty() {
        response.content_type("application/json");
    }
    let mut response = response.body(answer.body.clone());
    let mut headers = answer.headers.clone();
    if replayed {
        headers.push(("idempotency-replayed".to_owned(), "true".to_owned()));
    }
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
