//! Old cases that match since the rules of identifiers changed.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::base::id::CaseId;
use crate::base::page::Limit;
use crate::base::time::Timestamp;
use crate::domain::terms::Mode;
use crate::domain::watch::renewal::late::{self, LateMatch};
use crate::error::Result;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::limits::Policy;
use crate::web::lists::{List, list_response};
use crate::web::row::{Caller, Row};

/// Which of them to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct LateMatchesQuery {
    /// `live`, or a platform's trials; live when absent.
    mode: Option<Mode>,
    /// How many entries, 1 to 100; more is coerced.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// Two cases that match since the rules of identifiers changed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct LateMatchView {
    /// One case.
    #[schema(value_type = String, example = "case_00000000000000000000000000")]
    case_id: CaseId,
    /// The other.
    #[schema(value_type = String, example = "case_00000000000000000000000001")]
    other_id: CaseId,
    /// The floor by which a new report would have raised them: `O17`, independent reporters of one subject, or `O21`, mirror
    /// reports.
    #[schema(example = "O17")]
    code: String,
    /// When that was found.
    #[schema(value_type = String, format = DateTime)]
    found_at: Timestamp,
}

impl From<LateMatch> for LateMatchView {
    fn from(row: LateMatch) -> Self {
        Self { case_id: row.case_id, other_id: row.other_id, code: row.code, found_at: row.found_at }
    }
}

type LateMatchList = List<LateMatchView>;

/// `GET /v1/triage/late-matches`.
#[utoipa::path(get, path = "/v1/triage/late-matches", tag = "triage", operation_id = "list_late_matches",
    summary = "Old cases that match since the rules of identifiers changed",
    description = "For leads. They raised nothing and paged nobody: read both, then link them, or raise them. A pair \
                   leaves the list when the two are linked or one is closed; pairs of which you may not see both are in no list.",
    params(LateMatchesQuery), responses((status = 200, description = "A page, the oldest first", body = LateMatchList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let query: LateMatchesQuery = call.query()?;
    let mode = query.mode.unwrap_or(Mode::Live);
    let limit = Limit::coerce(query.limit);
    let page =
        desk::read(&call, call.bearer()?, move |rx, who| late::list(rx, who, mode, query.cursor.as_deref(), limit))
            .await?;
    Ok(list_response(call.request(), page.map(LateMatchView::from)))
}

pub(super) fn rows() -> Vec<Row> {
    vec![Row::of(__path_list, list, Caller::Staff, Policy::Staff)]
}
