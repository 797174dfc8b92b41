//! Reports as their platform reads them: ids, category, status and dates. Never a word, a name or a contact.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::base::id::{CaseId, ReportId};
use crate::base::page::{Limit, Page, read_cursor};
use crate::base::time::Timestamp;
use crate::db::schema::reports;
use crate::domain::access::Tenant;
use crate::domain::case::report::{ReportOutcome, Status};
use crate::domain::terms::taxonomy::CategoryCode;
use crate::domain::unit::Look;
use crate::error::rules::Parameter;
use crate::error::{Refused, Result};

/// A report in the platform's view.
#[derive(Debug, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = reports)]
pub struct ReportView {
    /// Its id.
    #[schema(value_type = String, example = "rep_00000000000000000000000000")]
    pub id: ReportId,
    /// Your own reference.
    #[schema(example = "SPK-2026-004711")]
    pub platform_report_ref: String,
    /// What it is about.
    pub category: CategoryCode,
    /// Where it stands.
    pub status: Status,
    /// How it ended.
    pub outcome: Option<ReportOutcome>,
    /// When it was received.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// When a person will have read it.
    #[schema(value_type = String, format = DateTime)]
    pub human_review_by: Timestamp,
    /// The version that the `ETag` names.
    #[serde(skip)]
    pub version: i64,
    #[serde(skip)]
    pub(super) case_id: CaseId,
}

/// One report of the tenant.
///
/// # Errors
/// `NotFound` for another tenant's.
pub fn find(rx: &mut Look<'_>, tenant: &Tenant, id: &ReportId) -> Result<ReportView> {
    own(rx, tenant, id)
}

pub(super) fn own(rx: &mut Look<'_>, tenant: &Tenant, id: &ReportId) -> Result<ReportView> {
    Ok(reports::table
        .find(id)
        .filter(reports::platform_id.eq(&tenant.platform).and(reports::mode.eq(tenant.mode)))
        .select(ReportView::as_select())
        .first(rx.conn())?)
}

/// The tenant's report with this reference of its own, if there is one.
///
/// # Errors
/// What the database says.
pub fn find_by_reference(rx: &mut Look<'_>, tenant: &Tenant, reference: &str) -> Result<Option<ReportView>> {
    Ok(reports::table
        .filter(reports::platform_report_ref.eq(reference))
        .filter(reports::platform_id.eq(&tenant.platform).and(reports::mode.eq(tenant.mode)))
        .select(ReportView::as_select())
        .first(rx.conn())
        .optional()?)
}

/// A page of the tenant's reports, the newest first.
///
/// # Errors
/// `Parameter` for a cursor of another list.
pub fn list(rx: &mut Look<'_>, tenant: &Tenant, cursor: Option<&str>, limit: Limit) -> Result<Page<ReportView>> {
    const NAME: &str = "reports";
    let mut query = reports::table
        .filter(reports::platform_id.eq(&tenant.platform).and(reports::mode.eq(tenant.mode)))
        .order((reports::received_at.desc(), reports::id.desc()))
        .limit(limit.with_probe())
        .select(ReportView::as_select())
        .into_boxed();
    if let Some(text) = cursor {
        let (at, id): (i64, ReportId) =
            read_cursor(NAME, text).ok_or(Refused::Parameter { name: "cursor", wanted: Parameter::Cursor })?;
        let at = Timestamp::from_micros(at);
        query = query.filter(reports::received_at.le(at).and(reports::received_at.lt(at).or(reports::id.lt(id))));
    }
    let rows: Vec<ReportView> = query.load(rx.conn())?;
    let key = |report: &ReportView| (report.received_at.micros(), report.id.clone());
    Ok(Page::cut_short(rows, limit, NAME, key, |report| serde_json::to_string(report).map_or(0, |text| text.len())))
}
