//! Batches: up to a hundred reports in one call, each stored, refused and repeated by itself.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::enter;
use super::reports::{Receipt, checked, count, take};
use crate::base::secret::silent;
use crate::domain::platforms::Scope;
use crate::domain::reports::body::ReportBody;
use crate::error::{Error, Refused, Result};
use crate::web::body::{LONGEST, Raw};
use crate::web::extract::Call;
use crate::web::idempotent::{Reply, once, run};
use crate::web::problem::{self, Problem};
use crate::web::refusals::Refusal;

/// A batch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    reports: Vec<Box<RawValue>>,
}

/// A batch, for the API document.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, whose items are read one by one")]
pub(in crate::web) struct BatchBody {
    /// 1 to 100 reports.
    #[schema(min_items = 1, max_items = 100)]
    reports: Vec<ReportBody>,
}

/// The answer to a batch.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct BatchAnswer {
    /// One for each report, in order.
    results: Vec<BatchItem>,
}

/// What came of one report of a batch.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct BatchItem {
    /// Its place in the batch, from 0.
    index: usize,
    /// The status it would have had by itself.
    #[schema(example = 201)]
    status: u16,
    /// The receipt, when it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Receipt>)]
    report: Option<Box<RawValue>>,
    /// Why not, when it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// `POST /v1/reports/batch`.
#[utoipa::path(post, path = "/v1/reports/batch", tag = "platform", operation_id = "submit_reports",
    summary = "Submit up to a hundred reports",
    description = "Always 207 with a status for each. A report that was taken stays taken; send the whole batch again with the same Idempotency-Key to try the others again.",
    request_body = BatchBody,
    responses((status = 207, description = "A status for each report", body = BatchAnswer)))]
pub(in crate::web) async fn submit(call: Call, raw: Raw) -> Result<HttpResponse> {
    let token = call.token()?;
    let key = call.idempotency_key();
    let items = split(&raw).map(|_| ());
    // The batch itself takes the key first: with another body it is refused as a whole. It keeps no answer of its
    // own, so that what was refused for a passing reason is tried again.
    let mark = once(&call, &raw, enter(token.clone(), Scope::ReportsWrite), move |_, _, who| {
        items?;
        Ok(Reply::empty(who.row().platform.as_str()))
    })
    .await?;
    let items = split(&raw)?;
    let mut replayed = mark.headers().contains_key("idempotency-replayed");
    let mut results = Vec::with_capacity(items.len());
    let key = key?;
    for (index, item) in items.into_iter().enumerate() {
        let bytes = Raw(Bytes::from(item.get().to_owned()));
        // What one call may not bring, a batch may not either.
        let body = if bytes.0.len() > LONGEST { Err(Refused::TooLarge.into()) } else { checked(&bytes.0) };
        let enter = enter(token.clone(), Scope::ReportsWrite);
        let place = (Ok(key.clone()), Some(index));
        let done = run(&call, &bytes, place, enter, move |tx, kit, who| take(tx, kit, &who, body?)).await;
        let (status, report, problem) = match done {
            Ok((answer, again)) => {
                replayed &= again;
                count(&call, answer.status, again, token.mode);
                (answer.status, RawValue::from_string(answer.body).ok(), None)
            }
            Err(error) => {
                replayed = false;
                call.shared.app.metrics.refused(problem::code(&error));
                let Refusal { code, places } = Refusal::of(&error);
                tracing::info!(item = index, code, caller = %token.client, places, "refused within a batch");
                if let Error::Internal(cause) = &error {
                    tracing::error!(cause = format!("{cause:#}"), "a fault in a batch");
                }
                let problem = problem::document(&error, &call.trace);
                (problem.status, None, Some(problem))
            }
        };
        results.push(BatchItem { index, status, report, problem });
    }
    let mut response = HttpResponse::build(StatusCode::MULTI_STATUS);
    if replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    Ok(response.json(BatchAnswer { results }))
}

fn split(raw: &Raw) -> Result<Vec<Box<RawValue>>> {
    let batch: Batch = raw.parse_outside()?;
    if batch.reports.is_empty() || batch.reports.len() > 100 {
        return Err(Error::invalid("/reports", "bad_length", "send 1 to 100 reports"));
    }
    Ok(batch.reports)
}

silent! { Batch BatchBody BatchAnswer BatchItem }
