//! `POST /oauth/token`: client credentials for an access token (RFC 6749, section 4.4).

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpMessage, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::id::PartnerClientId;
use crate::base::secret::Sensitive;
use crate::domain::people::partners;
use crate::domain::people::platforms::{self, Client, Scope, parse_scopes, scope_text};
use crate::error::Result;
use crate::web::extract::Call;
use crate::web::limits::Policy;
use crate::web::network::network;
use crate::web::refusals::{Known, Refusal};
use crate::web::row::{Body, Caller, Row};

/// The longest form, in bytes.
const LONGEST_FORM: usize = 16_384;

/// The form of a token call.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::web) struct TokenForm {
    /// `client_credentials`.
    #[schema(example = "client_credentials", pattern = "^client_credentials$", required = true, nullable = false)]
    grant_type: Option<String>,
    /// What to ask for, separated by spaces; all that the client has when absent.
    #[schema(example = "reports:write reports:read requests:write", max_length = 255, nullable = false)]
    scope: Option<String>,
    /// The client, when it is not sent by HTTP Basic; beside it, the same one.
    #[schema(max_length = 255, nullable = false)]
    client_id: Option<String>,
    /// Its secret, when it is not sent by HTTP Basic.
    #[schema(value_type = Option<String>, max_length = 255, nullable = false)]
    client_secret: Option<Sensitive<String>>,
}

/// An access token.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct TokenAnswer {
    /// The token.
    access_token: String,
    /// `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until it expires.
    #[schema(example = 600)]
    expires_in: u64,
    /// What was granted.
    scope: String,
}

/// Why no token was given (RFC 6749, section 5.2).
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct TokenError {
    /// The code of the RFC.
    #[schema(example = "invalid_client")]
    error: &'static str,
    /// What to do.
    error_description: &'static str,
}

/// `POST /oauth/token`.
#[utoipa::path(post, path = "/oauth/token", tag = "platform", operation_id = "issue_token",
    summary = "Get an access token with client credentials",
    description = "Send the client's id and secret by HTTP Basic or in the form, and the secret in one of them only. The token is good for ten minutes.",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A token", body = TokenAnswer),
        (status = 400, description = "The call is not of the right form", body = TokenError),
        (status = 401, description = "The credentials do not hold", body = TokenError)))]
async fn issue(call: Call, form: std::result::Result<web::Form<TokenForm>, actix_web::Error>) -> Result<HttpResponse> {
    let Ok(form) = form else {
        count(&call, "")?;
        return Ok(refusal("invalid_request", "send a form of application/x-www-form-urlencoded"));
    };
    let form = form.into_inner();
    let basic = basic(&call);
    // Many libraries name the client in the form beside HTTP Basic, or send members without a value.
    let client_id = form.client_id.filter(|id| !id.is_empty());
    let client_secret = form.client_secret.filter(|secret| !secret.expose().is_empty());
    let (id, secret) = match (basic, client_id, client_secret) {
        (Some(basic), None, None) => basic,
        (Some(basic), Some(id), None) if basic.0 == id => basic,
        (None, Some(id), Some(secret)) => (id, secret),
        (Some(_), Some(_), None) => {
            count(&call, "")?;
            return Ok(refusal("invalid_request", "`client_id` in the form names another client than HTTP Basic does"));
        }
        (Some(_), _, Some(_)) => {
            // Even when both are equal: one way of proving it, by RFC 6749, sections 2.3 and 5.2.
            count(&call, "")?;
            return Ok(refusal("invalid_request", "send the client's secret in one way only: HTTP Basic or the form"));
        }
        _ => {
            count(&call, "")?;
            return Ok(refusal("invalid_client", "send the client's id and secret"));
        }
    };
    count(&call, &id)?;
    if form.grant_type.as_deref() != Some("client_credentials") {
        let missing = form.grant_type.is_none();
        let error = if missing { "invalid_request" } else { "unsupported_grant_type" };
        return Ok(refusal(error, "send grant_type=client_credentials"));
    }
    if id.parse::<PartnerClientId>().is_ok() {
        return to_partner(&call, id, secret, form.scope.as_deref()).await;
    }
    let app = &call.shared.app;
    let (known, client) = app
        .read_for(&call.share(), move |rx| {
            let known = id.parse().ok().map(|id| platforms::client(rx, &id)).transpose()?.flatten();
            Ok((known, platforms::authenticate(rx, &id, &secret)?))
        })
        .await?;
    if let Some(known) = known {
        call.request().extensions_mut().insert(Known(known.id.to_string()));
    }
    let Some(client) = client else { return Ok(refusal("invalid_client", "the client or its secret is not valid")) };
    let Some(scopes) = granted(&client, form.scope.as_deref()) else {
        return Ok(refusal("invalid_scope", "the client may not ask for all of these scopes"));
    };
    let token = app.tokens.issue(&client, &scopes, app.clock.now())?;
    Ok(granting(token, scope_text(&scopes)))
}

/// The same for a service's credential.
async fn to_partner(call: &Call, id: String, secret: Sensitive<String>, asked: Option<&str>) -> Result<HttpResponse> {
    let app = &call.shared.app;
    let (known, client) = app
        .read_for(&call.share(), move |rx| {
            let known = id.parse().ok().map(|id| partners::client(rx, &id)).transpose()?.flatten();
            Ok((known, partners::authenticate(rx, &id, &secret)?))
        })
        .await?;
    if let Some(known) = known {
        call.request().extensions_mut().insert(Known(known.id.to_string()));
    }
    let Some(client) = client else { return Ok(refusal("invalid_client", "the client or its secret is not valid")) };
    let own = client.scopes();
    let scopes = match asked.filter(|text| !text.trim().is_empty()) {
        None => Some(own),
        Some(asked) => partners::parse_scopes(asked).filter(|scopes| scopes.iter().all(|scope| own.contains(scope))),
    };
    let Some(scopes) = scopes else {
        return Ok(refusal("invalid_scope", "the client may not ask for all of these scopes"));
    };
    let token = app.tokens.issue_to_partner(&client, &scopes, app.clock.now())?;
    Ok(granting(token, partners::scope_text(&scopes)))
}

fn granting(access_token: String, scope: String) -> HttpResponse {
    let answer = TokenAnswer { access_token, token_type: "Bearer", expires_in: 600, scope };
    HttpResponse::Ok().insert_header((header::PRAGMA, "no-cache")).json(answer)
}

/// Counts the call for its client, so that one platform's mistakes do not stop another's.
fn count(call: &Call, client: &str) -> Result<()> {
    let peer = network(call.request());
    let key = if client.is_empty() { peer } else { format!("{peer} {}", client.chars().take(64).collect::<String>()) };
    let verdict = call.shared.limiter.check(Policy::Token, &key);
    call.request().extensions_mut().insert(verdict);
    verdict.into_result()
}

/// All that was asked for, or nothing.
fn granted(client: &Client, asked: Option<&str>) -> Option<Vec<Scope>> {
    let own = client.scopes();
    let Some(asked) = asked.filter(|text| !text.trim().is_empty()) else { return Some(own) };
    parse_scopes(asked).filter(|scopes| scopes.iter().all(|scope| own.contains(scope)))
}

fn basic(call: &Call) -> Option<(String, Sensitive<String>)> {
    let value = call.request().headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, text) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = STANDARD.decode(text.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    // Ids and secrets hold no character that form encoding would change (RFC 6749, section 2.3.1).
    text.split_once(':').map(|(id, secret)| (id.to_owned(), Sensitive::new(secret.to_owned())))
}

fn refusal(error: &'static str, error_description: &'static str) -> HttpResponse {
    let status = if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    let mut response = HttpResponse::build(status).json(TokenError { error, error_description });
    response.extensions_mut().insert(Refusal::by_code(error));
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"recourse\""));
    }
    response
}

pub(super) fn rows() -> Vec<Row> {
    vec![Row::of(__path_issue, issue, Caller::Anyone, Policy::Token).reading(Body::Form(LONGEST_FORM))]
}
