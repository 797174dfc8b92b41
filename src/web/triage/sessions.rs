//! Signing in and out.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::secret::Sensitive;
use crate::domain::people::staff::Role;
use crate::domain::triage::Queue;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::limits::Policy;
use crate::web::row::{Caller, Row};
use crate::web::sign_in::{Credentials, sign_in};

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
    let body = raw.parse::<SignIn>(&call).await?;
    let with = body.map(|body| Credentials { username: body.username, password: body.password, code: body.code });
    let opened = sign_in(&call, with).await?;
    let expires_in = opened.expires_at.since(call.shared.app.clock.now()).as_secs();
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
    desk::sign_out(&call.shared.app, call.bearer()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_open, open, Caller::Anyone, Policy::Token).json(),
        Row::of(__path_close, close, Caller::AnyStaff, Policy::Staff),
    ]
}
