//! Batches: up to a hundred reports in one call, each stored, refused and repeated by itself.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::once::{once, run};
use super::reports::{LONGEST_REPORT, count, prepared, ready, take};
use crate::base::json::{self, Json, Manner, few};
use crate::base::secret::silent;
use crate::domain::intake::body::ReportBody;
use crate::domain::intake::{Receipt, Sent, read_body};
use crate::domain::ledger::idempotency::{Answered, Reply};
use crate::domain::people::platforms::Scope;
use crate::domain::terms::Mode;
use crate::domain::vault::Owner;
use crate::error::rules::Form;
use crate::error::{Error, Refused, Result};
use crate::web::aside::{to_its_end, unless_passing};
use crate::web::body::{Raw, shape};
use crate::web::extract::Call;
use crate::web::idempotent::{empty, keyed_part};
use crate::web::limits::Policy;
use crate::web::problem::{self, Problem};
use crate::web::refusals::Refusal;
use crate::web::row::{Body, Caller, Row};

/// So many reports may be in a batch.
const MOST: usize = 100;

/// The longest batch, in bytes: a hundred reports of usual length.
const LONGEST_BATCH: usize = 8 * 1024 * 1024;
/// So many values has a batch that must be put right, at most: a hundred reports with what is usually in them.
const MOST_VALUES: usize = 250_000;
/// So many broken rules are named for an item, so that the answer stays within its bound.
const NAMED: usize = 10;

/// A batch. What else stands beside the reports of a live one is of no use, and stops none of them.
#[derive(Deserialize)]
struct LiveBatch {
    #[serde(deserialize_with = "few::<_, _, MOST>")]
    reports: Vec<Box<RawValue>>,
}

/// A batch of trials.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestBatch {
    #[serde(deserialize_with = "few::<_, _, MOST>")]
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
async fn submit(call: Call, raw: Raw) -> Result<HttpResponse> {
    to_its_end(submitted(call, raw)).await
}

async fn submitted(call: Call, raw: Raw) -> Result<HttpResponse> {
    let token = call.token()?;
    let key = call.idempotency_key();
    let whole = raw.clone();
    let split = prepared(&call, &token, raw.0.len(), move |sender| split(&whole.sent(), sender.mode())).await;
    let split = unless_passing(split)?;
    let (Parts { reports: items, is_mended }, verdict) = match split {
        Ok(parts) => (parts, Ok(())),
        Err(refused) => (Parts::default(), Err(refused)),
    };
    // The batch itself takes the key first: with another body it is refused as a whole. It keeps no answer of its
    // own, so that what was refused for a passing reason is tried again.
    let mark = once(&call, &raw, token.clone(), move |_, who| {
        verdict?;
        Ok(Reply::of(Owner::platform(&who.platform), empty()))
    })
    .await?;
    let mut replayed = mark.headers().contains_key("idempotency-replayed");
    let mut results = Vec::with_capacity(items.len());
    let key = key?;
    for (index, item) in items.into_iter().enumerate() {
        let item = raw.part(Bytes::from(item.get().to_owned()), is_mended);
        // What one call may not bring, a batch may not either.
        let too_large = item.0.len() > LONGEST_REPORT;
        let report = if too_large { Ok(Err(Refused::TooLarge.into())) } else { ready(&call, &token, &item).await };
        let part = keyed_part(&call, &item, &key, Some(index)).await;
        let done = match (report, part) {
            (Ok(report), Ok(part)) => run(&call, token.clone(), Ok(part), move |tx, who| take(tx, &who, report?)).await,
            (Err(passing), _) | (_, Err(passing)) => Err(passing),
        };
        let (status, report, problem) = match done {
            Ok(Answered { answer, is_repeated: again }) => {
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
                let problem = problem::document(&error, &call.trace).naming(NAMED);
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

/// The reports of a batch.
#[derive(Default)]
struct Parts {
    reports: Vec<Box<RawValue>>,
    /// Whether the batch had to be put right to be read.
    is_mended: bool,
}

/// The reports of a batch as they came. How deep each is nested is looked at when it is read.
fn split(sent: &Sent<'_>, mode: Mode) -> Result<Parts> {
    let (reports, is_mended) = match mode {
        Mode::Live => live(sent)?,
        Mode::Test => {
            let (text, _) = json::text(sent.bytes, Manner::Exact).ok_or(Refused::Malformed)?;
            (shape::<TestBatch>(&text)?.reports, false)
        }
    };
    if reports.is_empty() || reports.len() > MOST {
        return Err(Error::invalid("/reports", Form::Batch(MOST)));
    }
    Ok(Parts { reports, is_mended })
}

/// The reports of a live batch: as they came where it is JSON, and otherwise as they are plainly meant.
fn live(sent: &Sent<'_>) -> Result<(Vec<Box<RawValue>>, bool)> {
    let text = json::text(sent.bytes, Manner::Forgiving);
    let refused = match text.map(|(text, forgiven)| (shape::<LiveBatch>(&text), forgiven)) {
        Some((Ok(batch), forgiven)) => return Ok((batch.reports, forgiven)),
        Some((Err(refused), _)) => refused,
        None => Refused::Malformed.into(),
    };
    let reports = read_body(sent, MOST_VALUES).and_then(|body| match body {
        // One report, in a list or by itself.
        Json::Object(members) if members.iter().any(|(name, _)| name == "platform_report_ref") => {
            Some(Json::List(vec![Json::Object(members)]))
        }
        Json::Object(members) => members.into_iter().find(|(name, _)| is_list_of_reports(name)).map(|(_, list)| list),
        // The reports without what they stand in.
        list @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_)) => Some(list),
    });
    let items = match reports {
        Some(Json::List(items)) => items,
        Some(one @ Json::Object(_)) => vec![one],
        _ => return Err(if sent.is_mislabelled { Refused::MediaType.into() } else { refused }),
    };
    let reports = items.iter().map(|item| RawValue::from_string(item.to_text()).map_err(anyhow::Error::new));
    Ok((reports.collect::<std::result::Result<_, _>>()?, true))
}

/// `reports` in another spelling.
fn is_list_of_reports(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case("reports")
}

silent! { LiveBatch TestBatch BatchBody BatchAnswer BatchItem Parts }

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_submit, submit, Caller::with(Scope::ReportsWrite), Policy::Bulk)
            .reading(Body::Report(LONGEST_BATCH))
            .keyed(),
    ]
}
