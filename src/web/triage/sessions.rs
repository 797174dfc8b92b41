//! Signing in and out.

use actix_web::{HttpMessage, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::secret::Sensitive;
use crate::domain::access;
use crate::domain::casework::colleagues;
use crate::domain::people::staff::{self, Role};
use crate::domain::triage::Queue;
use crate::error::{Error, Result, Unauthenticated};
use crate::web::body::Raw;
use crate::web::extract::Call;
use crate::web::gate::network;
use crate::web::limits::Policy;
use crate::web::refusals::Known;
use crate::web::row::{Caller, Row};

/// What a colleague signs in with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct SignIn {
    /// Their name; capitals are taken for small letters.
    #[schema(example = "amina", max_length = 200)]
    username: String,
    /// Their password.
    #[schema(value_type = String, max_length = 1024)]
    password: Sensitive<String>,
    /// The present code of their second factor, with or without the gap that apps show. Each works once.
    #[schema(value_type = String, example = "492039", max_length = 32)]
    code: Sensitive<String>,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct Session {
    /// The bearer token, shown once.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds until it ends at the latest; half an hour without a call ends it too.
    #[schema(example = 43200)]
    expires_in: u64,
    /// The account's id.
    #[schema(example = "stf_00000000000000000000000000")]
    staff_id: String,
    /// What they do here.
    role: Role,
    /// The queues on their list.
    queues: Vec<Queue>,
}

/// `POST /v1/triage/sessions`.
#[utoipa::path(post, path = "/v1/triage/sessions", tag = "triage", operation_id = "sign_in", summary = "Sign in",
    description = "One answer for a wrong name, password or code, after the same work.", request_body = SignIn,
    responses((status = 200, description = "A session", body = Session)))]
async fn open(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<SignIn>();
    let name = body.as_ref().map_or_else(|_| String::new(), |body| staff::typed::name(&body.username));
    let key = format!("{} {}", network(call.request().peer_addr()), name.chars().take(64).collect::<String>());
    let verdict = call.shared.limiter.check(Policy::Token, &key);
    call.request().extensions_mut().insert(verdict);
    verdict.into_result()?;
    let body = body?;
    let app = std::sync::Arc::clone(&call.shared.app);
    let username = body.username.clone();
    let account = app.read(move |rx| staff::account(rx, &username)).await?;
    if let Some(account) = &account {
        call.request().extensions_mut().insert(Known(account.member.id.to_string()));
    }
    let right = app
        .passwords
        .check(staff::typed::password(&body.password), account.map(|account| account.password_hash))
        .await?;
    let opened = app
        .enter(move |entry| {
            if right {
                staff::sign_in(entry, &body.username, body.code.expose())
            } else {
                staff::sign_in_failed(entry, &body.username).map(|()| None)
            }
        })
        .await?;
    let opened = opened.ok_or(Error::Unauthenticated(Unauthenticated::Invalid))?;
    let expires_in = opened.expires_at.since(app.clock.now()).as_secs();
    Ok(HttpResponse::Ok().json(Session {
        access_token: opened.token.into_exposed(),
        token_type: "Bearer",
        expires_in,
        staff_id: opened.member.id.to_string(),
        role: opened.member.role,
        queues: opened.member.queues,
    }))
}

/// `DELETE /v1/triage/sessions/current`.
#[utoipa::path(delete, path = "/v1/triage/sessions/current", tag = "triage", operation_id = "sign_out", summary = "Sign out",
    description = "The token is void at once. What you had claimed is free, unless you are signed in elsewhere.",
    responses((status = 204, description = "The session has ended")))]
async fn close(call: Call) -> Result<HttpResponse> {
    let bearer = call.bearer()?;
    let app = std::sync::Arc::clone(&call.shared.app);
    app.clone()
        .enter(move |tx| {
            let (tx, who) = access::member(tx, &bearer)?;
            colleagues::sign_out(tx, &who.id, &bearer)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_open, open, Caller::Anyone, Policy::Token).json(),
        Row::of(__path_close, close, Caller::AnyStaff, Policy::Staff),
    ]
}
