//! Colleagues, as leads see them: who cannot sign in.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::visit;
use crate::base::id::{StaffId, StaffKind};
use crate::base::page::Limit;
use crate::base::time::Timestamp;
use crate::domain::casework::colleagues::{self, Colleague};
use crate::domain::ledger::idempotency::Reply;
use crate::domain::people::staff::Role;
use crate::domain::vault::Owner;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::idempotent::{json, render};
use crate::web::limits::Policy;
use crate::web::lists::{List, list_response};
use crate::web::row::{Caller, Row};

/// Which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct ColleaguesQuery {
    /// How many entries, 1 to 100; more is coerced.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// A colleague.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ColleagueView {
    /// The account's id.
    #[schema(value_type = String, example = "stf_00000000000000000000000000")]
    id: StaffId,
    /// The name to sign in with.
    #[schema(example = "amina")]
    username: String,
    /// What they do here.
    role: Role,
    /// Since when their second factor is closed; null while it is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    second_factor_closed_at: Option<Timestamp>,
}

impl From<Colleague> for ColleagueView {
    fn from(of: Colleague) -> Self {
        let Colleague { member, closed_at } = of;
        Self { id: member.id, username: member.username, role: member.role, second_factor_closed_at: closed_at }
    }
}

type ColleagueList = List<ColleagueView>;

/// `GET /v1/triage/colleagues`.
#[utoipa::path(get, path = "/v1/triage/colleagues", tag = "triage", operation_id = "list_colleagues",
    summary = "Colleagues, by name", description = "For leads: who cannot sign in, because their second factor is closed.",
    params(ColleaguesQuery), responses((status = 200, description = "A page", body = ColleagueList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let query: ColleaguesQuery = call.query()?;
    let limit = Limit::coerce(query.limit);
    let page =
        desk::read(&call, call.bearer()?, move |rx, who| colleagues::list(rx, who, query.cursor.as_deref(), limit));
    Ok(list_response(call.request(), page.await?.map(ColleagueView::from)))
}

/// `POST /v1/triage/colleagues/{id}/open-second-factor`.
#[utoipa::path(post, path = "/v1/triage/colleagues/{id}/open-second-factor", tag = "triage",
    operation_id = "open_second_factor", summary = "Open a colleague's second factor again",
    description = "For leads, once they have heard their colleague's voice. Nobody opens their own. It is on record, and the \
                   colleague hears of it.",
    params(("id" = inline(StaffId), Path, description = "The account's id")),
    responses((status = 200, description = "It is open", body = ColleagueView)))]
async fn open(call: Call, raw: Raw) -> Result<HttpResponse> {
    let id = call.id::<StaffKind>("id");
    let answered = desk::once(&call, visit(&call, &raw)?, move |tx, who| {
        let opened = colleagues::open_second_factor(tx, who, id)?;
        let owner = Owner::staff(&opened.member.id);
        Ok(Reply::of(owner, json(StatusCode::OK, &ColleagueView::from(opened))?))
    });
    Ok(render(answered.await?))
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_list, list, Caller::Staff, Policy::Staff),
        Row::of(__path_open, open, Caller::Staff, Policy::Staff).json().keyed(),
    ]
}
