//! Reports: submit, read, add to, ask to withdraw.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::once::once;
use crate::base::id::{ReportId, ReportKind};
use crate::base::page::{Limit, Page};
use crate::domain::access::{self, Presented, Tenant};
use crate::domain::intake::body::{AdditionBody, ReportBody};
use crate::domain::intake::{self, AdditionReceipt, ReadyAddition, ReadyReport, Receipt, ReportView, Sender};
use crate::domain::ledger::idempotency::Reply;
use crate::domain::people::platforms::Scope;
use crate::domain::terms::Mode;
use crate::domain::unit::Unit;
use crate::domain::vault::Owner;
use crate::error::{Error, Result, Violations};
use crate::web::aside::{to_its_end, unless_passing};
use crate::web::body::Raw;
use crate::web::extract::Call;
use crate::web::idempotent::{json, tagged};
use crate::web::limits::Policy;
use crate::web::lists::{List, list_response};
use crate::web::problem::ProblemError;
use crate::web::row::{Body, Caller, Precondition, Row};
use crate::web::tags::{Tags, etag};

/// The longest report as it comes, in bytes: of a longer chat than fits into what is read the newest messages are kept.
pub(super) const LONGEST_REPORT: usize = 2 * 1024 * 1024;

const WRITER: Caller = Caller::with(Scope::ReportsWrite);
const READER: Caller = Caller::with(Scope::ReportsRead);

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
    /// Whether it keeps every rule. A trial that does not is refused; a live report is taken all the same when it has what
    /// is required.
    valid: bool,
    /// Each broken rule: the first fifty.
    #[schema(max_items = 50)]
    errors: Vec<ProblemError>,
    /// How many more rules are broken, when not all are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    more_errors: Option<usize>,
}

/// `POST /v1/reports`.
#[utoipa::path(post, path = "/v1/reports", tag = "platform", operation_id = "submit_report", summary = "Submit a report",
    description = "When you read 201, the report is stored durably and stands in its queue. Without an answer, send the \
                   same request again with the same Idempotency-Key.",
    params(SubmitQuery), request_body = ReportBody,
    responses(
        (status = 201, description = "Stored", body = Receipt, headers(("ETag" = String), ("Location" = String))),
        (status = 200, description = "The same report is here already, or with `validate_only` the verdict (`Validity`)", body = KnownOrValid, headers(("ETag" = String), ("Content-Location" = String)))))]
async fn submit(call: Call, raw: Raw) -> Result<HttpResponse> {
    to_its_end(submitted(call, raw)).await
}

async fn submitted(call: Call, raw: Raw) -> Result<HttpResponse> {
    let query: SubmitQuery = call.query()?;
    let token = call.token()?;
    let mode = token.mode;
    if query.validate_only {
        call.shared.app.read_for(&call.share(), move |rx| access::platform(rx, &token).map(|_| ())).await?;
        let (payer, length) = (call.payer(), raw.0.len());
        let checked = move || intake::read_report(raw.sent(), mode)?.found.complete();
        return validity(call.shared.aside.run(&payer, length, checked).await);
    }
    // Made ready before the transaction, whose thread others wait for; told only after the replay was looked for.
    let report = ready(&call, &token, &raw).await?;
    let answer = once(&call, &raw, token, move |tx, who| take(tx, &who, report?)).await?;
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

fn validity(checked: Result<()>) -> Result<HttpResponse> {
    let wrong = match checked {
        Ok(()) => Violations::default(),
        Err(Error::Invalid(wrong)) => wrong,
        Err(error) => return Err(error),
    };
    let errors: Vec<ProblemError> = wrong.named.iter().map(ProblemError::from).collect();
    let more_errors = Some(wrong.more).filter(|more| *more > 0);
    Ok(HttpResponse::Ok().json(Validity { valid: errors.is_empty(), errors, more_errors }))
}

/// Does aside what is long in a call, for a body of so many bytes. Nothing is done where the transaction will refuse the call whatever its body says, as
/// far as that is known without the database.
pub(super) async fn prepared<T: Send + 'static>(
    call: &Call,
    token: &Presented,
    length: usize,
    work: impl FnOnce(Sender) -> Result<T> + Send + 'static,
) -> Result<T> {
    call.idempotency_key()?;
    let sender = Sender::of(token)?;
    call.shared.aside.run(&call.payer(), length, move || work(sender)).await
}

/// Reads a report and names whom it names, aside. What is wrong with it is told only after the replay was looked for.
///
/// # Errors
/// Passing trouble, as [`unless_passing`] says.
pub(super) async fn ready(call: &Call, token: &Presented, raw: &Raw) -> Result<Result<ReadyReport>> {
    let (kit, raw, length) = (Arc::clone(&call.shared.app.kit), raw.clone(), raw.length());
    let ready = move |sender| intake::ready_report(&kit.keyring, sender, raw.sent());
    let report = prepared(call, token, length, ready).await;
    unless_passing(report)
}

/// Takes a report in and answers with its receipt.
pub(super) fn take(tx: &mut Unit<'_>, who: &Tenant, report: ReadyReport) -> Result<Reply> {
    let receipt = intake::submit(tx, who, report)?;
    let place = format!("/v1/reports/{}", receipt.id);
    let (status, header) =
        if receipt.is_new { (StatusCode::CREATED, "location") } else { (StatusCode::OK, "content-location") };
    let answer = tagged(receipt.version, json(status, &receipt)?).with_header(header, place);
    Ok(Reply::of(Owner::case(&receipt.case), answer))
}

/// Which reports to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct ReportsQuery {
    /// The one report with this reference of yours.
    #[param(min_length = 1, max_length = 255)]
    platform_report_ref: Option<String>,
    /// How many entries, 1 to 100; more is coerced.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// `GET /v1/reports`.
#[utoipa::path(get, path = "/v1/reports", tag = "platform", operation_id = "list_reports", summary = "Your reports, the newest first",
    description = "As you may see them: ids, category, status, dates. What people wrote never comes back. With `platform_report_ref` the one that has it, or none: so that what was sent can be found after an answer was lost.",
    params(ReportsQuery), responses((status = 200, description = "A page", body = ReportList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let query: ReportsQuery = call.query()?;
    let token = call.token()?;
    let page = call
        .shared
        .app
        .read_for(&call.share(), move |rx| {
            let grant = access::platform(rx, &token)?;
            if let Some(reference) = &query.platform_report_ref {
                let data: Vec<ReportView> = intake::find_by_reference(rx, &grant, reference)?.into_iter().collect();
                return Ok(Page { data, next: None });
            }
            intake::list(rx, &grant, query.cursor.as_deref(), Limit::coerce(query.limit))
        })
        .await?;
    Ok(list_response(call.request(), page))
}

/// `GET /v1/reports/{id}`.
#[utoipa::path(get, path = "/v1/reports/{id}", tag = "platform", operation_id = "get_report", summary = "One of your reports",
    description = "Its status and, once it is closed, its outcome.",
    params(("id" = inline(ReportId), Path, description = "The report's id")),
    responses((status = 200, description = "The report", body = ReportView, headers(("ETag" = String))), (status = 304, description = "Unchanged", headers(("ETag" = String)))))]
async fn find(call: Call) -> Result<HttpResponse> {
    let id = call.id::<ReportKind>("id")?;
    let token = call.token()?;
    let report = call
        .shared
        .app
        .read_for(&call.share(), move |rx| {
            let grant = access::platform(rx, &token)?;
            intake::find(rx, &grant, &id)
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
    description = "The rules run again over all that is known, and a closed case opens.", params(("id" = inline(ReportId), Path, description = "The report's id")),
    request_body = AdditionBody, responses((status = 201, description = "Stored", body = AdditionReceipt)))]
async fn add(call: Call, raw: Raw) -> Result<HttpResponse> {
    to_its_end(added(call, raw)).await
}

async fn added(call: Call, raw: Raw) -> Result<HttpResponse> {
    let id = call.id::<ReportKind>("id")?;
    let token = call.token()?;
    let precondition = call.if_match()?;
    let addition = unless_passing(ready_addition(&call, &token, &raw, &id).await)?;
    once(&call, &raw, token, move |tx, who| {
        let known = intake::find(tx, &who, &id)?;
        precondition.holds(known.version)?;
        let receipt = intake::add(tx, &who, &id, &addition?)?;
        Ok(Reply::of(Owner::case(&receipt.case), json(StatusCode::CREATED, &receipt)?))
    })
    .await
}

/// Reads an addition and names whom it names, aside. What is wrong with it is told only after the replay was looked for.
async fn ready_addition(call: &Call, token: &Presented, raw: &Raw, report: &ReportId) -> Result<ReadyAddition> {
    let (app, sent) = (&call.shared.app, raw.clone());
    let read =
        prepared(call, token, raw.0.len(), move |sender| intake::read_addition(sent.sent(), sender.mode())).await?;
    let country = if read.has_numbers() {
        let (token, report) = (token.clone(), report.clone());
        // By the way of writers: an addition that can be stored must not fail because those who only read have all of theirs.
        app.enter(&call.share(), move |rx| {
            access::platform(rx, &token).and_then(|who| intake::country_of(rx, &who, &report))
        })
        .await?
    } else {
        None
    };
    let kit = Arc::clone(&app.kit);
    let named = move |sender| Ok(intake::ready_addition(&kit.keyring, sender, read, country.as_deref()));
    prepared(call, token, raw.0.len(), named).await
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
    params(("id" = inline(ReportId), Path, description = "The report's id")),
    responses((status = 202, description = "Noted", body = WithdrawalAnswer)))]
async fn withdraw(call: Call, raw: Raw) -> Result<HttpResponse> {
    let id = call.id::<ReportKind>("id")?;
    let token = call.token()?;
    raw.says_nothing(&call).await?;
    once(&call, &raw, token, move |tx, who| {
        let case = intake::withdraw(tx, &who, &id)?;
        let text = "The wish is noted. A person looks at it before anything changes.";
        Ok(Reply::of(Owner::case(&case), json(StatusCode::ACCEPTED, &WithdrawalAnswer { text })?))
    })
    .await
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_submit, submit, WRITER, Policy::Ingest)
            .reading(Body::Report(LONGEST_REPORT))
            .keyed()
            .example(include_str!("../examples/report.json")),
        Row::of(__path_list, list, READER, Policy::Read),
        Row::of(__path_find, find, READER, Policy::Read),
        Row::of(__path_add, add, WRITER, Policy::Ingest).report().keyed().asking_for(Precondition::Optional),
        Row::of(__path_withdraw, withdraw, WRITER, Policy::Ingest).json().keyed(),
    ]
}
