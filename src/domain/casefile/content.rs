//! The reports of a case as colleagues read them, opened part by part.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::result::Error as DieselError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::pages::Reading;
use crate::base::id::ReportId;
use crate::base::page::Part;
use crate::base::secret::{Sensitive, silent};
use crate::base::time::Timestamp;
use crate::db::schema::{platforms as platform_rows, reports};
use crate::domain::case::contacts::ContactPart;
use crate::domain::intake::body::{
    ContactBody, DesiredOutcome, IntimateImage, Occurred, PlatformContext, Relation, Reporter, SubjectBody, Survivor,
};
use crate::domain::intake::{IdentityPart, LeftOut, StatementPart, left_out_of};
use crate::domain::people::platforms;
use crate::domain::terms::taxonomy::CategoryCode;
use crate::domain::terms::words::Answer;
use crate::domain::unit::Look;
use crate::domain::vault::{Answers, Contact, Damaged, Identity, Keys, Owner, ScopeKind, Sealed, Statement, Subject};
use crate::error::{Error, Result};

/// A report of a case, with its content for those who may read it.
#[derive(Serialize, ToSchema)]
pub struct ReportInCase {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ReportId,
    /// The platform's short name.
    pub platform: String,
    /// The platform's name, as people know it.
    #[serde(skip)]
    pub platform_name: String,
    /// The platform's reference.
    pub platform_report_ref: String,
    /// What it is about.
    pub category: CategoryCode,
    /// Who sent it.
    pub relation: Relation,
    /// What they hope for.
    pub desired_outcome: DesiredOutcome,
    /// When it came in.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// When someone asked in the app to withdraw; check whether she was made to.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub withdrawal_asked_at: Option<Timestamp>,
    /// What people said; absent for roles that may not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<ReportContent>,
    /// Which part of it this is, when it is too long for one page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub part: Option<Part>,
}

/// What people said in a report. A part is absent when it was not sent, or was erased.
#[derive(Default, Serialize, ToSchema)]
pub struct ReportContent {
    /// What could not be used, as it came. Read it first.
    pub left_out: Vec<LeftOut>,
    /// Their words.
    pub statement: Option<String>,
    /// When it happened.
    pub occurred: Option<Occurred>,
    /// Who reported.
    pub reporter: Option<Reporter>,
    /// The person harmed, when somebody else reported.
    pub survivor: Option<Survivor>,
    /// Their answers.
    pub answers: BTreeMap<String, Answer>,
    /// How they may be reached.
    pub contact: Option<ContactBody>,
    /// Whom they reported: an allegation, never a finding.
    pub subject: Option<SubjectBody>,
    /// What the platform sent along.
    pub platform_context: Option<PlatformContext>,
    /// The declarations about an intimate image.
    pub intimate_image: Option<IntimateImage>,
}

/// A part whose key was destroyed, or that does not open, is absent, and the rest of the case is still read.
pub(super) fn part<T>(part: Result<T>, damaged: &mut bool) -> Result<Option<T>> {
    match part {
        Ok(part) => Ok(Some(part)),
        Err(Error::Erased) => Ok(None),
        Err(error) if Damaged::is(&error) || error.is_of_a_row() => {
            tracing::error!(%error, "a part of a case does not open, and is left out");
            *damaged = true;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = reports)]
struct SealedReport {
    id: ReportId,
    platform_report_ref: String,
    category: CategoryCode,
    relation: Relation,
    desired_outcome: DesiredOutcome,
    received_at: Timestamp,
    withdrawn_at: Option<Timestamp>,
    statement: Sealed<Statement>,
    identity: Sealed<Identity>,
    answers: Sealed<Answers>,
    contact: Option<Sealed<Contact>>,
    subject: Option<Sealed<Subject>>,
}

/// These reports of the case, opened part by part, in a statement for their rows and one for what was left out of them. One whose
/// row cannot be read is absent, and all are read one by one then.
pub(super) fn several(
    rx: &mut Look<'_>,
    reading: Reading<'_>,
    ids: &[String],
    damaged: &mut bool,
) -> Result<Vec<ReportInCase>> {
    let rows = match rows_of(rx, ids) {
        Err(DieselError::DeserializationError(_)) => {
            let mut readable = Vec::new();
            for id in ids {
                let row = rows_of(rx, std::slice::from_ref(id)).map_err(Error::from);
                readable.extend(part(row, damaged)?.unwrap_or_default());
            }
            readable
        }
        rows => rows?,
    };
    let mut left_out = if reading.content { left_out_of(rx, reading.case, ids)? } else { BTreeMap::new() };
    let mut all = Vec::with_capacity(rows.len());
    for (report, platform, name) in rows {
        let left = left_out.remove(report.id.as_str()).unwrap_or_else(|| Ok(Vec::new()));
        let content = if reading.content {
            let left_out = part(left, damaged)?.unwrap_or_default();
            Some(ReportContent { left_out, ..open(rx.keys(Owner::case(reading.case))?, &report, damaged)? })
        } else {
            None
        };
        all.push(ReportInCase {
            id: report.id,
            platform_name: platforms::shown(&name, &platform),
            platform,
            platform_report_ref: report.platform_report_ref,
            category: report.category,
            relation: report.relation,
            desired_outcome: report.desired_outcome,
            received_at: report.received_at,
            withdrawal_asked_at: report.withdrawn_at,
            content,
            part: None,
        });
    }
    Ok(all)
}

fn rows_of(rx: &mut Look<'_>, ids: &[String]) -> QueryResult<Vec<(SealedReport, String, String)>> {
    reports::table
        .inner_join(platform_rows::table.on(platform_rows::id.eq(reports::platform_id)))
        .filter(reports::id.eq_any(ids.to_vec()))
        .select((SealedReport::as_select(), platform_rows::slug, platform_rows::name))
        .load(rx.conn())
}

impl ReportInCase {
    /// The report without what people said.
    pub(super) fn without_content(&self) -> Self {
        Self {
            id: self.id.clone(),
            platform: self.platform.clone(),
            platform_name: self.platform_name.clone(),
            platform_report_ref: self.platform_report_ref.clone(),
            category: self.category,
            relation: self.relation,
            desired_outcome: self.desired_outcome,
            received_at: self.received_at,
            withdrawal_asked_at: self.withdrawal_asked_at,
            content: None,
            part: None,
        }
    }
}

fn open(keys: &mut Keys<'_>, report: &SealedReport, damaged: &mut bool) -> Result<ReportContent> {
    let row = report.id.as_str();
    let mut content = ReportContent::default();
    let statement = opened::<Statement, StatementPart>(keys, "statement", row, Some(&report.statement), damaged)?;
    if let Some(part) = statement {
        content.statement = Some(part.statement);
        content.occurred = part.occurred;
        content.platform_context = part.platform_context;
        content.intimate_image = part.intimate_image;
    }
    let identity = opened::<Identity, IdentityPart>(keys, "identity", row, Some(&report.identity), damaged)?;
    if let Some(part) = identity {
        content.reporter = Some(part.reporter);
        content.survivor = part.survivor;
    }
    content.answers = opened::<Answers, _>(keys, "answers", row, Some(&report.answers), damaged)?.unwrap_or_default();
    let contact = opened::<Contact, ContactPart>(keys, "contact", row, report.contact.as_ref(), damaged)?;
    if let Some(part) = contact {
        content.contact = part.contact;
        if let (Some(image), Some(contact)) = (&mut content.intimate_image, part.intimate_image_contact) {
            image.contact = Some(contact);
        }
    }
    content.subject = opened::<Subject, _>(keys, "subject", row, report.subject.as_ref(), damaged)?;
    Ok(content)
}

/// A value of a report, where it was sent, is not erased and opens.
fn opened<S: ScopeKind, T: DeserializeOwned>(
    keys: &mut Keys<'_>,
    field: &str,
    row: &str,
    sealed: Option<&Sealed<S>>,
    damaged: &mut bool,
) -> Result<Option<T>> {
    let Some(sealed) = sealed else { return Ok(None) };
    let value = keys.existing::<S>().and_then(|key| key.open::<T>(field, row, sealed));
    Ok(part(value, damaged)?.map(Sensitive::into_exposed))
}

silent! { ReportInCase ReportContent }
