//! Signing in and out, sessions, and one's own password.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::id::{SessionId, SessionKind};
use crate::base::secret::Sensitive;
use crate::base::time::Timestamp;
use crate::domain::people::staff::{Carrier, Living, Role};
use crate::domain::triage::Queue;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::limits::Policy;
use crate::web::row::{Caller, Row};
use crate::web::sign_in::{Choice, Credentials, choose_password, sign_in};

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
    /// A password of their own, of 12 characters or more. A password that was given ends with the first sign-in, and needs
    /// one; later, it changes the password.
    #[schema(value_type = Option<String>, max_length = 1024)]
    new_password: Option<Sensitive<String>>,
}

/// Another password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct PasswordChange {
    /// The present one.
    #[schema(value_type = String, max_length = 1024)]
    password: Sensitive<String>,
    /// The present code of their second factor.
    #[schema(value_type = String, example = "492039", max_length = 32)]
    code: Sensitive<String>,
    /// The new one, of 12 characters or more.
    #[schema(value_type = String, max_length = 1024)]
    new_password: Sensitive<String>,
}

/// A session that lives.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct LivingSession {
    /// Its id.
    #[schema(value_type = String, example = "ses_00000000000000000000000000")]
    id: SessionId,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Its last call, to the minute.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// When it ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Whether it is the one of this call.
    current: bool,
    /// `api` for a tool's, `page` for one of the console in a browser.
    kind: Carrier,
}

/// The sessions of a colleague.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionList)]
pub(in crate::web) struct Sessions {
    /// Those that live, the oldest first: ten at the most.
    data: Vec<LivingSession>,
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
    description = "One answer for a wrong name, password or code, after the same work. Ten wrong codes after a right password \
                   close the second factor: 401 `second_factor_closed` for whoever has the password, until a lead opens it \
                   again; sessions that live go on. A password that was given ends with the first sign-in: 422 `required` at \
                   `/new_password` until one is chosen.", request_body = SignIn,
    responses((status = 200, description = "A session", body = Session)))]
async fn open(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<SignIn>(&call).await?;
    let with = body.map(|body| Credentials {
        username: body.username,
        password: body.password,
        code: body.code,
        new_password: body.new_password,
    });
    let opened = sign_in(&call, Carrier::Api, with).await?;
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
    desk::sign_out(&call, call.bearer()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /v1/triage/sessions`.
#[utoipa::path(get, path = "/v1/triage/sessions", tag = "triage", operation_id = "list_sessions", summary = "Your sessions",
    description = "Those that live: a session of which you know nothing is somebody else's. End it, and change your password.",
    responses((status = 200, description = "The sessions", body = Sessions)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let (living, this) = desk::sessions(&call, call.bearer()?).await?;
    let view = |session: Living| {
        let Living { id, created_at, seen_at, expires_at, carrier } = session;
        LivingSession { current: id == this, id, created_at, seen_at, expires_at, kind: carrier }
    };
    Ok(HttpResponse::Ok().json(Sessions { data: living.into_iter().map(view).collect() }))
}

/// `DELETE /v1/triage/sessions`.
#[utoipa::path(delete, path = "/v1/triage/sessions", tag = "triage", operation_id = "end_other_sessions",
    summary = "End all your other sessions", description = "The session of this call goes on, and keeps what you had claimed.",
    responses((status = 204, description = "They have ended")))]
async fn end_others(call: Call) -> Result<HttpResponse> {
    desk::end_sessions(&call, call.bearer()?, None).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /v1/triage/sessions/{id}`.
#[utoipa::path(delete, path = "/v1/triage/sessions/{id}", tag = "triage", operation_id = "end_session",
    summary = "End one of your sessions", description = "With the last one, what you had claimed is free.",
    params(("id" = inline(SessionId), Path, description = "The session's id")),
    responses((status = 204, description = "It has ended")))]
async fn end(call: Call) -> Result<HttpResponse> {
    let bearer = call.bearer()?;
    desk::end_sessions(&call, bearer, Some(call.id::<SessionKind>("id")?)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/triage/password`.
#[utoipa::path(post, path = "/v1/triage/password", tag = "triage", operation_id = "change_password", summary = "Change your password",
    description = "By the present one and a code. Your other sessions end. 12 characters or more, of any kind; what is tried \
                   first is refused: common words and rows of the keyboard alone, and your name.",
    request_body = PasswordChange, responses((status = 204, description = "The new password holds")))]
async fn change(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<PasswordChange>(&call).await?;
    let with = body.map(|body| Choice { password: body.password, code: body.code, new_password: body.new_password });
    choose_password(&call, with).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_open, open, Caller::Anyone, Policy::Token).json(),
        Row::of(__path_list, list, Caller::AnyStaff, Policy::Staff),
        Row::of(__path_end_others, end_others, Caller::AnyStaff, Policy::Staff),
        Row::of(__path_change, change, Caller::AnyStaff, Policy::Staff).json(),
        Row::of(__path_close, close, Caller::AnyStaff, Policy::Staff),
        Row::of(__path_end, end, Caller::AnyStaff, Policy::Staff),
    ]
}
