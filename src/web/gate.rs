//! Every request passes two doors. `frame` gives it an id, a log line and, when it fails, a problem document; `enter`,
//! at each path, checks the credential's form and the limit before anything else is looked at.
//! A path has one spelling: `frame` takes any other for a path that is not there.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use tracing::Instrument;

use super::Shared;
use super::body::{Begun, pass_over};
use super::browsers;
use super::desk;
use super::epochs::Signed;
use super::limits::{Policy, Verdict};
use super::network::network;
use super::page_errors;
use super::problem;
use super::refusals::{Known, Refusal};
use super::row::{Caching, Caller, Row};
use super::sending::sliced;
use super::turns::Held;
use crate::base::id::request_trace_id;
use crate::base::secret::{Sensitive, hex, sha256};
use crate::db::Share;
use crate::domain::people::staff::{Carrier, looks_like_session};
use crate::domain::people::tokens::{AccessToken, PartnerToken};
use crate::error::{Error, Refused, Result, Unauthenticated};

/// The request's id, in its extensions.
#[derive(Clone)]
pub(super) struct TraceId(pub(super) String);

/// For whom a request counts, in its extensions: a credential, a session or a network.
#[derive(Clone)]
pub(super) struct Payer(pub(super) String);

/// The pattern of the path, in the request's extensions: with it lines of the log are told apart, since ids there would tell whose case
/// was open when.
#[derive(Clone, Copy)]
struct Pattern(&'static str);

/// A colleague's bearer token, not yet looked up.
#[derive(Clone)]
pub(super) struct Bearer(pub(super) Sensitive<String>);

/// The outer door.
pub(super) async fn frame(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let id = request_trace_id();
    request.extensions_mut().insert(TraceId(id.clone()));
    let is_plain = is_plain(request.uri().path());
    let method = request.method().clone();
    let span =
        tracing::info_span!("request", request.id = %id, method = %request.method(), route = tracing::field::Empty);
    #[expect(clippy::disallowed_methods, reason = "measures how long an answer took, not when it was given")]
    let since = std::time::Instant::now();
    async move {
        let shared = request.app_data::<web::Data<Shared>>().cloned();
        let response = if is_plain {
            next.call(request).await?.map_into_boxed_body()
        } else {
            request.error_response(Error::NotFound)
        };
        let (request, response) = response.into_parts();
        let route = request.extensions().get::<Pattern>().map_or("none", |pattern| pattern.0);
        if route == "none" {
            tracing::Span::current().record("route", route);
        }
        let mut refusal = response.extensions().get::<Refusal>().cloned();
        let mut refuse = |error: &Error, limits: Limits| {
            if let Some(shared) = &shared {
                shared.app.metrics.refused(problem::code(error));
            }
            refusal = Some(Refusal::of(error));
            let mut rendered = if browsers::is_read_by_person(&request) {
                page_errors::response(&request, error, &id)
            } else {
                problem::response(error, &id)
            };
            copy_limits(limits, rendered.headers_mut());
            rendered
        };
        let response = match response.error().and_then(|error| error.as_error::<Error>()) {
            Some(error) => refuse(error, limits_of(response.headers())),
            None => response,
        };
        let limits = limits_of(response.headers());
        let room = shared.as_ref().and_then(|shared| room(shared, &request));
        let mut response = sliced(response, room).unwrap_or_else(|error| refuse(&error, limits));
        finish(&mut response, &id, shared.as_ref().map(web::Data::get_ref), &request);
        let took = since.elapsed();
        if let Some(shared) = &shared {
            shared.app.metrics.answered(method.as_str(), route, took);
        }
        let (status, micros) = (response.status().as_u16(), took.as_micros());
        match refusal {
            None => tracing::info!(status, micros, "answered"),
            Some(Refusal { code, places }) => {
                let caller = request.extensions().get::<Known>().map(|known| known.0.clone());
                tracing::info!(status, micros, code, caller, places, "answered");
            }
        }
        Ok(ServiceResponse::new(request, response))
    }
    .instrument(span)
    .await
}

/// Where the answers of a platform or colleague count while they are not sent. Pages that everybody may have are in memory once.
fn room(shared: &Shared, request: &actix_web::HttpRequest) -> Option<Held> {
    let extensions = request.extensions();
    let payer = extensions.get::<Payer>().filter(|_| extensions.get::<Known>().is_some());
    payer.map(|payer| shared.aside.room(&payer.0))
}

/// Whether a path is spelled in the one way that counts. A proxy lets paths through by their letters: `/%72eadyz`,
/// `//readyz` and `/x/../readyz` must be no names of what it keeps in. No path of ours needs an escape.
fn is_plain(path: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'/');
    let is_step = |part: &str| matches!(part, "." | "..");
    path.bytes().all(is_letter) && !path.contains("//") && !path.split('/').any(is_step)
}

/// What an answer says of limits and methods, which a refusal in its place says too.
type Limits = [(&'static str, Option<HeaderValue>); 3];

fn limits_of(headers: &header::HeaderMap) -> Limits {
    ["ratelimit", "ratelimit-policy", "allow"].map(|name| (name, headers.get(name).cloned()))
}

fn copy_limits(from: Limits, to: &mut header::HeaderMap) {
    for (name, value) in from {
        if let Some(value) = value {
            to.insert(HeaderName::from_static(name), value);
        }
    }
}

/// What a browser may do with an answer that says nothing of its own about it: nothing, also when somebody opens it there.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";
/// For two years browsers ask by https alone, where the service is reached by it.
const HTTPS_ONLY: &str = "max-age=63072000; includeSubDomains";

/// Headers that every answer has.
fn finish(response: &mut HttpResponse, id: &str, shared: Option<&Shared>, request: &actix_web::HttpRequest) {
    let verdict = request.extensions().get::<Verdict>().copied();
    let status = response.status();
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    if status == StatusCode::METHOD_NOT_ALLOWED
        && let Some(rows) = request.app_data::<web::Data<Vec<&'static Row>>>()
    {
        let mut methods: Vec<&str> = rows.iter().map(|row| row.method.as_str()).collect();
        methods.sort_unstable();
        if let Ok(methods) = HeaderValue::try_from(methods.join(", ")) {
            headers.insert(header::ALLOW, methods);
        }
    }
    if browsers::is_place(request.path()) {
        browsers::guard(headers);
    }
    guard(headers, shared.is_some_and(|shared| shared.app.config.is_by_https()));
    match Row::called(request).map_or(Caching::None, |row| row.caching) {
        Caching::ByAnswer if headers.contains_key(header::CACHE_CONTROL) => {}
        Caching::As(cached) if status.is_success() => {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cached));
        }
        Caching::ByAnswer | Caching::As(_) | Caching::None => {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
    match (verdict, shared) {
        // Whose credential does not hold is nobody, whatever it looked like.
        (Some(verdict), _) if status == StatusCode::UNAUTHORIZED => verdict.of_others().write(headers),
        (Some(verdict), _) => verdict.write(headers),
        // Paths that do not exist count as calls without a credential.
        (None, Some(shared)) => shared.limiter.check(Policy::Portal, &network(request)).write(headers),
        (None, None) => {}
    }
}

/// What keeps a browser from taking an answer for something else.
fn guard(headers: &mut header::HeaderMap, is_by_https: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in [(header::CONTENT_SECURITY_POLICY, POLICY), (header::REFERRER_POLICY, "no-referrer")] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if is_by_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HTTPS_ONLY));
    }
}

/// The door of a path.
pub(super) async fn enter(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    // A refusal goes on as an answer, so that the outer door can render it.
    let answer = match check(&request).await {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(refused) => {
            let mut payload = request.take_payload();
            pass_over(request.request(), &mut payload).await;
            request.error_response(refused)
        }
    };
    let answer = if answer.status() == StatusCode::UNAUTHORIZED {
        look_again(&answer);
        count_refusal(answer)
    } else {
        answer
    };
    end(answer.request(), answer.status());
    if answer.status() == StatusCode::TOO_MANY_REQUESTS {
        hold_back().await;
    }
    Ok(answer)
}

/// How long a caller past its limit waits for the refusal.
const HELD_BACK: std::time::Duration = std::time::Duration::from_millis(100);

/// Lets whoever goes on calling past a limit wait: a refusal is cheap, and ten thousand in a second are not.
async fn hold_back() {
    #[expect(clippy::disallowed_methods, reason = "the wait is the point; nothing follows from its length")]
    tokio::time::sleep(HELD_BACK).await;
}

/// Ends the turn of a call. When it could not be served, those of the same caller that wait for theirs are sent home first.
fn end(request: &HttpRequest, status: StatusCode) {
    let begun = request.extensions_mut().remove::<Begun>();
    let payer = request.extensions().get::<Payer>().map(|payer| payer.0.clone());
    if let (Some(_ends), Some(payer), Some(shared)) = (begun, payer, request.app_data::<web::Data<Shared>>())
        && status == StatusCode::SERVICE_UNAVAILABLE
    {
        shared.calls.send_home(&payer);
    }
}

/// After a token that seemed to count was refused by the transaction: its credential has changed since it was looked at, so the
/// calls that follow use up nobody's limit.
fn look_again(answer: &ServiceResponse) {
    let request = answer.request();
    let Some(shared) = request.app_data::<web::Data<Shared>>() else { return };
    let extensions = request.extensions();
    if let Some(token) = extensions.get::<AccessToken>() {
        shared.epochs.forget(&Signed::Platform(token));
    }
    if let Some(token) = extensions.get::<PartnerToken>() {
        shared.epochs.forget(&Signed::Partner(token));
    }
}

/// Counts an answer 401 for its network. Past the limit it becomes a 429, which tells a guesser nothing any more.
fn count_refusal(answer: ServiceResponse) -> ServiceResponse {
    let Some(shared) = answer.request().app_data::<web::Data<Shared>>().cloned() else { return answer };
    let verdict = shared.limiter.check(Policy::Refusals, &network(answer.request()));
    match verdict.into_result() {
        Ok(()) => answer,
        Err(throttled) => {
            let (request, _) = answer.into_parts();
            request.extensions_mut().insert(verdict);
            ServiceResponse::from_err(throttled, request)
        }
    }
}

async fn check(request: &ServiceRequest) -> Result<()> {
    let shared = request.app_data::<web::Data<Shared>>().cloned();
    let shared = shared.ok_or_else(|| anyhow::anyhow!("the gate stands without its data"))?;
    let rows = request.app_data::<web::Data<Vec<&'static Row>>>().cloned();
    let rows = rows.ok_or_else(|| anyhow::anyhow!("the gate stands without its rows"))?;
    if let Some(row) = rows.first() {
        request.extensions_mut().insert(Pattern(&row.path));
        tracing::Span::current().record("route", row.path.as_str());
    }
    let Some(row) = rows.iter().copied().find(|row| row.answers(request.method())) else {
        count(request, &shared, Policy::Portal, &network(request.request()))?;
        return Err(Refused::Method.into());
    };
    request.extensions_mut().insert(row);
    if browsers::is_place(request.path()) {
        browsers::check(request.request(), row, &shared)?;
    }
    let key = match row.caller {
        // Calls that prove who they are in their body count for that name too; the handler knows it.
        Caller::Anyone if row.policy == Policy::Token => {
            let network = network(request.request());
            request.extensions_mut().insert(Payer(network.clone()));
            return count(request, &shared, Policy::Network, &network);
        }
        Caller::Anyone => Ok(network(request.request())),
        Caller::Platform(_) => platform(request, &shared).await,
        Caller::Partner(_) => partner(request, &shared).await,
        Caller::Staff | Caller::AnyStaff => staff(request, &shared).await,
        Caller::Browser | Caller::Reader => return browsers::enter(request, row, &shared).await,
    };
    match key {
        Ok(key) => {
            request.extensions_mut().insert(Payer(key.clone()));
            if row.caller == Caller::Anyone {
                return count(request, &shared, row.policy, &key);
            }
            let verdict = shared.limiter.check(row.policy, &key).of_own();
            request.extensions_mut().insert(verdict);
            verdict.into_result()
        }
        Err(refused) => {
            // What is not known to be anybody's counts for its network.
            count(request, &shared, row.policy, &network(request.request()))?;
            Err(refused)
        }
    }
}

pub(super) fn count(request: &ServiceRequest, shared: &Shared, policy: Policy, network: &str) -> Result<()> {
    let verdict = shared.limiter.check(policy, network);
    request.extensions_mut().insert(verdict);
    verdict.into_result()
}

/// Checks the signature of a platform's token, and whether it counted a moment ago: one that is void uses up its network's
/// limit, and not that of the credential which it was made with. Whether it still counts is for the transaction to say.
async fn platform(request: &ServiceRequest, shared: &Shared) -> Result<String> {
    let token: AccessToken = shared.app.tokens.verify(bearer(request)?.expose(), shared.app.clock.now())?;
    let key = token.client.to_string();
    request.extensions_mut().insert(of_tenant(&token));
    request.extensions_mut().insert(Known(key.clone()));
    if !shared.epochs.count(&shared.app, &Signed::Platform(&token)).await {
        return Err(Error::Unauthenticated(Unauthenticated::Invalid));
    }
    request.extensions_mut().insert(token);
    Ok(key)
}

/// The same for a service's token.
async fn partner(request: &ServiceRequest, shared: &Shared) -> Result<String> {
    let token: PartnerToken = shared.app.tokens.verify_partner(bearer(request)?.expose(), shared.app.clock.now())?;
    let key = token.client.to_string();
    request.extensions_mut().insert(of_partner(&token));
    request.extensions_mut().insert(Known(key.clone()));
    if !shared.epochs.count(&shared.app, &Signed::Partner(&token)).await {
        return Err(Error::Unauthenticated(Unauthenticated::Invalid));
    }
    request.extensions_mut().insert(token);
    Ok(key)
}

/// Looks a colleague's session up among the readers, so that whoever makes tokens up gets no limit of their own and
/// never takes the turn of one who writes. Whether the session still lives is for the transaction to say once more.
async fn staff(request: &ServiceRequest, shared: &Shared) -> Result<String> {
    let token = bearer(request)?;
    if !looks_like_session(token.expose(), Carrier::Api) {
        return Err(Error::Unauthenticated(Unauthenticated::Invalid));
    }
    // In the turn of its network: whoever makes tokens up gets no turn of their own in the database either.
    let who = desk::holder(&shared.app, &of_network(request.request()), token.clone()).await?.to_string();
    request.extensions_mut().insert(Share::of(&who));
    request.extensions_mut().insert(Known(who));
    let key = hex(&sha256(token.expose().as_bytes()));
    request.extensions_mut().insert(Bearer(token));
    Ok(key)
}

fn bearer(request: &ServiceRequest) -> Result<Sensitive<String>> {
    let missing = Error::Unauthenticated(Unauthenticated::Missing);
    let value = request.headers().get(header::AUTHORIZATION).ok_or(missing)?;
    let text = value.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
            Ok(Sensitive::new(token.trim().to_owned()))
        }
        _ => Err(Error::Unauthenticated(Unauthenticated::Invalid)),
    }
}

/// In whose turn the database works for whoever has this token.
pub(super) fn of_tenant(token: &AccessToken) -> Share {
    Share::part_of(token.platform.as_str(), &format!("{}:{}", token.platform, token.mode.as_str()))
}

/// The same for a service's machine.
pub(super) fn of_partner(token: &PartnerToken) -> Share {
    Share::part_of(token.service.as_str(), &format!("{}:{}", token.service, token.mode.as_str()))
}

/// In whose turn the database works for somebody who is not known: each network has a line, and all have the connections of one.
pub(super) fn of_network(request: &HttpRequest) -> Share {
    Share::part_of("networks", &network(request))
}
