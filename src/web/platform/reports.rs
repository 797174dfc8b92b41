//! Reports: submit, read, add to, ask to withdraw.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{List, enter, list_response};
use crate::base::id::{ReportId, ReportKind};
use crate::base::page::Limit;
use crate::base::time::Timestamp;
use crate::db::Tx;
use crate::domain::Kit;
use crate::domain::access::{self, AsPlatform, Grant, Tenant};
use crate::domain::acknowledgement::{Acknowledgement, ReportTo, acknowledge, report_child_material_to};
use crate::domain::paging::rota;
use crate::domain::platforms::{Mode, Scope};
use crate::domain::reports::body::{AdditionBody, ReportBody};
use crate::domain::reports::{self, AdditionView, ReportView, Status, Submitted};
use crate::domain::taxonomy::CategoryCode;
use crate::domain::triage::child_rule_holds;
use crate::error::{Error, Refused, Result};
use crate::web::body::Raw;
use crate::web::extract::Call;
use crate::web::idempotent::{Reply, once};
use crate::web::problem::ProblemError;
use crate::web::tags::{Tags, etag};

type ReportList = List<ReportView>;

/// What a submission may ask for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct SubmitQuery {
    /// Run every check and store nothing.
    #[serde(default)]
    validate_only: bool,
}

/// A page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct PageQuery {
    /// How many entries, 1 to 100; more is coerced.
    #[param(minimum = 1, maximum = 100, default = 25)]
    pub(super) limit: Option<u64>,
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    pub(super) cursor: Option<String>,
}

/// The answer to a submission. Nothing in it depends on triage.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct Receipt {
    /// The report's id.
    #[schema(value_type = String, example = "rep_00000000000000000000000000")]
    id: ReportId,
    /// Your own reference.
    #[schema(example = "SPK-2026-004711")]
    platform_report_ref: String,
    /// Where it stands.
    status: Status,
    /// When it was received: immutable.
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// What to tell the reporter at once.
    acknowledgement: Acknowledgement,
    /// A one-time link for the person in the app; null until the survivors' pages exist.
    #[schema(value_type = Option<Object>)]
    survivor_access: Option<()>,
    /// What was not taken, and where to bring it.
    not_accepted: Vec<NotAccepted>,
}

/// Something in a report that was thrown away unread.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct NotAccepted {
    /// Where it stood.
    #[schema(example = "/attachments/0")]
    pointer: String,
    /// Why it was not taken.
    #[schema(example = "child_material_not_accepted")]
    code: &'static str,
    /// Where to report it instead.
    report_to: Option<ReportTo>,
}

/// What a submission that stores nothing new is answered.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the two answers that one status has")]
pub(in crate::web) enum KnownOrValid {
    /// The report that is here already.
    Known(Receipt),
    /// With `validate_only`: whether it would be taken.
    Tried(Validity),
}

/// The answer to a trial of the content.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct Validity {
    /// Whether a submission would be taken.
    valid: bool,
    /// Each broken rule.
    errors: Vec<ProblemError>,
}

/// `POST /v1/reports`.
#[utoipa::path(post, path = "/v1/reports", tag = "platform", operation_id = "submit_report", summary = "Submit a report",
    description = "When you read 201, the report is stored durably and stands in its queue. Without an answer, send the \
                   same request again with the same Idempotency-Key.",
    params(SubmitQuery), request_body = ReportBody,
    responses(
        (status = 201, description = "Stored", body = Receipt, headers(("ETag" = String), ("Location" = String))),
        (status = 200, description = "The same report is here already, or with `validate_only` the verdict (`Validity`)", body = KnownOrValid, headers(("ETag" = String), ("Content-Location" = String)))))]
pub(in crate::web) async fn submit(call: Call, raw: Raw) -> Result<HttpResponse> {
    let query: SubmitQuery = call.query()?;
    let token = call.token()?;
    // Read and checked before the transaction, whose thread others wait for; told only after the replay was looked for.
    let body = checked(&raw.0);
    if query.validate_only {
        call.shared.app.db.read(move |rx| access::platform(rx, &token, Some(Scope::ReportsWrite)).map(|_| ())).await?;
        return validity(body.map(|_| ()));
    }
    let mode = token.mode;
    let answer =
        once(&call, &raw, enter(token, Scope::ReportsWrite), move |tx, kit, who| take(tx, kit, &who, body?)).await?;
    let again = answer.headers().contains_key("idempotency-replayed");
    count(&call, answer.status().as_u16(), again, mode);
    Ok(answer)
}

/// Counts a report that was stored by this very call.
pub(super) fn count(call: &Call, status: u16, again: bool, mode: Mode) {
    if status == StatusCode::CREATED && !again {
        call.shared.app.metrics.report_taken(mode);
    }
}

/// A body of the right shape that keeps the rules.
pub(super) fn checked(bytes: &[u8]) -> Result<ReportBody> {
    let body: ReportBody = crate::web::body::parse(bytes)?;
    reports::validate(&body)?;
    Ok(body)
}

fn validity(checked: Result<()>) -> Result<HttpResponse> {
    let errors = match checked {
        Ok(()) => Vec::new(),
        Err(Error::Invalid(violations)) => violations.0.iter().map(ProblemError::from).collect(),
        Err(error) => return Err(error),
    };
    Ok(HttpResponse::Ok().json(Validity { valid: errors.is_empty(), errors }))
}

/// Takes a report in and writes its receipt.
pub(super) fn take<'k>(
    tx: &mut Tx<'_>,
    kit: &'k Kit,
    who: &Grant<AsPlatform, Tenant>,
    body: ReportBody,
) -> Result<Reply<'k>> {
    let not_accepted = not_accepted(&body);
    let reference = body.platform_report_ref.clone();
    let staffed = rota::is_staffed(tx)?;
    let acknowledgement = acknowledge(&body, tx.now(), staffed);
    let submitted: Submitted<'k> = reports::submit(tx, kit, who, body)?;
    let receipt = Receipt {
        platform_report_ref: reference,
        status: submitted.status,
        received_at: submitted.received_at,
        acknowledgement: Acknowledgement { human_review_by: submitted.human_review_by, ..acknowledgement },
        survivor_access: None,
        not_accepted,
        id: submitted.id.clone(),
    };
    let place = format!("/v1/reports/{}", submitted.id);
    let (status, header) =
        if submitted.is_new { (StatusCode::CREATED, "location") } else { (StatusCode::OK, "content-location") };
    let reply = Reply::of_case(status, submitted.case.as_str(), &receipt)?;
    Ok(reply.tagged(submitted.version).with_header(header, place).with_keys(submitted.keys))
}

fn not_accepted(body: &ReportBody) -> Vec<NotAccepted> {
    let codes = std::iter::once(&body.category).chain(&body.other_categories);
    let categories = codes.filter_map(|code| CategoryCode::parse(code)).collect();
    let child = child_rule_holds(body.names_a_child(), &categories);
    let country = body.reporter.country.as_deref();
    (0..body.attachments.len())
        .map(|i| NotAccepted {
            pointer: format!("/attachments/{i}"),
            code: if child { "child_material_not_accepted" } else { "attachments_not_accepted" },
            report_to: if child { report_child_material_to(country) } else { None },
        })
        .collect()
}

/// `GET /v1/reports`.
#[utoipa::path(get, path = "/v1/reports", tag = "platform", operation_id = "list_reports", summary = "Your reports, the newest first",
    description = "As you may see them: ids, category, status, dates. What people wrote never comes back.",
    params(PageQuery), responses((status = 200, description = "A page", body = ReportList)))]
pub(in crate::web) async fn list(call: Call) -> Result<HttpResponse> {
    let query: PageQuery = call.query()?;
    let token = call.token()?;
    let page = call
        .shared
        .app
        .db
        .read(move |rx| {
            let grant = access::platform(rx, &token, Some(Scope::ReportsRead))?;
            reports::list(rx, &grant, query.cursor.as_deref(), Limit::coerce(query.limit))
        })
        .await?;
    Ok(list_response(call.request(), page))
}

/// `GET /v1/reports/{id}`.
#[utoipa::path(get, path = "/v1/reports/{id}", tag = "platform", operation_id = "get_report", summary = "One of your reports",
    description = "Its status and, once it is closed, its outcome.",
    params(("id" = String, Path, description = "The report's id")),
    responses((status = 200, description = "The report", body = ReportView, headers(("ETag" = String))), (status = 304, description = "Unchanged", headers(("ETag" = String)))))]
pub(in crate::web) async fn find(call: Call) -> Result<HttpResponse> {
    let id = call.id::<ReportKind>("id")?;
    let token = call.token()?;
    let report = call
        .shared
        .app
        .db
        .read(move |rx| {
            let grant = access::platform(rx, &token, Some(Scope::ReportsRead))?;
            reports::find(rx, &grant, &id)
        })
        .await?;
    Ok(conditional(&call, report.version, &report))
}

/// A resource with its tag; nothing but the tag when the caller has it already.
pub(in crate::web) fn conditional<T: Serialize>(call: &Call, version: i64, body: &T) -> HttpResponse {
    let tag = etag(version);
    let tags = Tags::of(call.request().headers(), IF_NONE_MATCH);
    let known = tags == Tags::Any || tags.name(&version.to_string());
    let mut response = if known { HttpResponse::NotModified().finish() } else { HttpResponse::Ok().json(body) };
    if let Ok(value) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(ETAG, value);
    }
    response
}

/// `POST /v1/reports/{id}/additions`.
#[utoipa::path(post, path = "/v1/reports/{id}/additions", tag = "platform", operation_id = "add_to_report",
    summary = "Add words, answers or identifiers to a report",
    description = "The rules run again over all that is known, and a closed case opens.", params(("id" = String, Path, description = "The report's id")),
    request_body = AdditionBody, responses((status = 201, description = "Stored", body = AdditionView)))]
pub(in crate::web) async fn add(call: Call, raw: Raw) -> Result<HttpResponse> {
    let id = call.id::<ReportKind>("id")?;
    let token = call.token()?;
    let precondition = call.if_match();
    let body = raw.parse::<AdditionBody>();
    once(&call, &raw, enter(token, Scope::ReportsWrite), move |tx, kit, who| {
        let known = reports::find(tx, &who, &id)?;
        if let Some(precondition) = precondition {
            precondition.holds(known.version)?;
        }
        let (view, case) = reports::add(tx, kit, &who, &id, &body?)?;
        Reply::of_case(StatusCode::CREATED, case.as_str(), &view)
    })
    .await
}

/// The answer to every wish to withdraw: the same whatever stands behind it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct WithdrawalAnswer {
    /// What happens now.
    text: &'static str,
}

/// `POST /v1/reports/{id}/withdrawal`.
#[utoipa::path(post, path = "/v1/reports/{id}/withdrawal", tag = "platform", operation_id = "ask_withdrawal",
    summary = "Tell us that someone asked in the app to withdraw",
    description = "The answer is always the same. The case goes on until a person has made sure that nobody was made to ask.",
    params(("id" = String, Path, description = "The report's id")),
    responses((status = 202, description = "Noted", body = WithdrawalAnswer)))]
pub(in crate::web) async fn withdraw(call: Call, raw: Raw) -> Result<HttpResponse> {
    let id = call.id::<ReportKind>("id")?;
    let token = call.token()?;
    if !raw.0.is_empty() {
        let _: serde_json::Map<String, serde_json::Value> =
            raw.parse().map_err(|_| Error::Refused(Refused::Malformed))?;
    }
    once(&call, &raw, enter(token, Scope::ReportsWrite), move |tx, _, who| {
        let case = reports::withdraw(tx, &who, &id)?;
        let text = "The wish is noted. A person looks at it before anything changes.";
        Reply::of_case(StatusCode::ACCEPTED, case.as_str(), &WithdrawalAnswer { text })
    })
    .await
}
