//! Whether the service lives, and whether it can take reports.

use std::borrow::Cow;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::Call;
use super::limits::Policy;
use super::row::{Caller, Row};
use crate::error::Result;

/// Something that needs the operator.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reason {
    /// For machines.
    #[schema(example = "jobs_late")]
    code: &'static str,
    /// What to do, for a person.
    detail: Cow<'static, str>,
}

/// The state of the service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ready {
    /// `ready`, or `degraded` when reports are taken but something needs the operator.
    status: &'static str,
    /// What needs the operator; empty while `ready`.
    reasons: Vec<Reason>,
    /// Which database answers.
    database: &'static str,
    /// The rule set in force; `none` while the rule file cannot be used and every case is p1.
    ruleset: String,
}

/// `GET /healthz`.
#[utoipa::path(get, path = "/healthz", tag = "service", operation_id = "healthz", summary = "Whether the process lives", description = "Nothing is looked at.",
    responses((status = 200, description = "It lives", content_type = "text/plain", body = String)))]
async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`.
#[utoipa::path(get, path = "/readyz", tag = "service", operation_id = "readyz", summary = "Whether reports can be taken",
    description = "Looks at the database, the keyring and the rules. 200 with `degraded` when something needs the operator.",
    responses((status = 200, description = "They can", body = Ready)))]
async fn ready(call: Call) -> Result<HttpResponse> {
    let app = &call.shared.app;
    let found = app.check_ready().await?;
    let reasons: Vec<Reason> =
        found.into_iter().map(|reason| Reason { code: reason.code, detail: reason.detail }).collect();
    let broken = app.kit.triage.failure().is_some();
    Ok(HttpResponse::Ok().json(Ready {
        status: if reasons.is_empty() { "ready" } else { "degraded" },
        reasons,
        database: app.db.kind(),
        ruleset: if broken { "none".to_owned() } else { app.kit.triage.rules().version().to_owned() },
    }))
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_alive, alive, Caller::Anyone, Policy::Read),
        Row::of(__path_ready, ready, Caller::Anyone, Policy::Read).refused_with(&["503"]),
    ]
}
