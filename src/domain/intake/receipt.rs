//! What whoever sends something in is told of it. Nothing in it depends on triage.

use serde::Serialize;
use utoipa::ToSchema;

use super::additions::AdditionView;
use super::body::ReportBody;
use super::found::Broken;
use super::reader::Taken;
use crate::base::id::{CaseId, ReportId};
use crate::base::time::Timestamp;
use crate::domain::case::report::Status;
use crate::domain::terms::acknowledgement::{Acknowledgement, ReportTo, report_child_material_to};
use crate::domain::terms::taxonomy::CategoryCode;
use crate::domain::triage::child_rule_holds;

/// The answer to a submission. Nothing in it depends on triage.
#[derive(Debug, Serialize, ToSchema)]
pub struct Receipt {
    /// The report's id.
    #[schema(value_type = String, example = "rep_00000000000000000000000000")]
    pub id: ReportId,
    /// Your own reference.
    #[schema(example = "SPK-2026-004711")]
    pub platform_report_ref: String,
    /// Where it stands.
    pub status: Status,
    /// When it was received: immutable.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// What to tell the reporter at once.
    pub acknowledgement: Acknowledgement,
    /// A one-time link for the person in the app; null until the survivors' pages exist.
    #[schema(value_type = Option<Object>)]
    pub survivor_access: Option<()>,
    /// What was not taken as it came.
    pub not_accepted: Vec<NotAccepted>,
    /// Whether this call stored it.
    #[serde(skip)]
    pub is_new: bool,
    /// The version of the platform's view, which the `ETag` names.
    #[serde(skip)]
    pub version: i64,
    /// The case, for what is kept under its keys.
    #[serde(skip)]
    pub case: CaseId,
}

/// The answer to an addition.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdditionReceipt {
    /// The addition.
    #[serde(flatten)]
    pub addition: AdditionView,
    /// What was not taken as it came.
    pub not_accepted: Vec<NotAccepted>,
    /// The case, for what is kept under its keys.
    #[serde(skip)]
    pub case: CaseId,
}

/// A rule that a live report or addition breaks. What stood there was left out, or read for what it plainly says; the
/// report was taken. One entry for each rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotAccepted {
    /// The first place.
    #[schema(example = "/reporter/region")]
    pub pointer: String,
    /// Which rule: the code that a trial is refused with, `attachments_not_accepted` or `child_material_not_accepted`.
    #[schema(example = "bad_region")]
    pub code: &'static str,
    /// How many more places break it.
    pub more: usize,
    /// Where to report it instead.
    pub report_to: Option<ReportTo>,
}

impl From<&Broken> for NotAccepted {
    fn from(broken: &Broken) -> Self {
        Self { pointer: broken.pointer.clone(), code: broken.code, more: broken.more, report_to: None }
    }
}

/// What was not taken of a report. Files come first, which never are: where the child rule holds, the sender is told who
/// takes them instead.
pub(super) fn not_accepted(taken: &Taken<ReportBody>) -> Vec<NotAccepted> {
    let body = &taken.body;
    let codes = std::iter::once(&body.category).chain(&body.other_categories);
    let categories = codes.filter_map(|code| CategoryCode::parse(code)).collect();
    let child = child_rule_holds(body.names_a_child(), &categories);
    let country = body.reporter.country.as_deref();
    let files = body.attachments.checked_sub(1).map(|more| NotAccepted {
        pointer: "/attachments/0".to_owned(),
        code: if child { "child_material_not_accepted" } else { "attachments_not_accepted" },
        more,
        report_to: if child { report_child_material_to(country) } else { None },
    });
    files.into_iter().chain(taken.found.broken().iter().map(NotAccepted::from)).collect()
}
