//! What comes after a report: more words, more answers, and the wish to withdraw.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::result::Error as DieselError;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::IdentifierBody;
use super::facts::{answers, signals};
use super::found::LeftOut;
use super::left_out;
use super::open;
use super::read::own;
use super::reader::Taken;
use super::ready::ReadyAddition;
use super::receipt::{AdditionReceipt, NotAccepted};
use super::submit::IdentityPart;
use crate::base::id::{AdditionId, CaseId, ReportId};
use crate::base::page::Part;
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::schema::{additions, reports};
use crate::domain::access::Tenant;
use crate::domain::case;
use crate::domain::case::report;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::paging::owed::{self, Job};
use crate::domain::people::staff;
use crate::domain::terms::words::Answer;
use crate::domain::triage::Facts;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Answers, Identity, Owner, Sealed, Statement, Subject};
use crate::error::{Error, Result};

/// An addition, as its sender reads it back.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdditionView {
    /// Its id.
    #[schema(value_type = String, example = "add_00000000000000000000000000")]
    pub id: AdditionId,
    /// The report it belongs to.
    #[schema(value_type = String, example = "rep_00000000000000000000000000")]
    pub report_id: ReportId,
    /// When it was received.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
}

/// Adds words, answers or identifiers to a report. The rules are run again; a closed case opens.
///
/// # Errors
/// `NotFound` for another tenant's report.
pub fn add(tx: &mut Unit<'_>, tenant: &Tenant, report: &ReportId, ready: &ReadyAddition) -> Result<AdditionReceipt> {
    ready.sender.check(tenant)?;
    let kit = tx.kit();
    let case = own(tx, tenant, report)?.case_id;
    let Taken { body, found } = &ready.taken;
    let id = AdditionId::random();
    // The case's row is locked first, and its keys are read under that lock.
    let event = Event::AdditionReceived { report: report.clone(), addition: id.clone() };
    let facts = Facts {
        categories: BTreeSet::new(),
        answers: answers(&body.answers),
        child: found.may_be_child(),
        doubtful_no: false,
        signals: signals(kit.triage.rules(), found),
    };
    let stands_first = staff::stand_on_first_rules(tx)?;
    open::take_in_addition(tx, &case, event, &facts, ready.names.kept(stands_first))?;
    let row_id = id.as_str();
    let statement = match &body.statement {
        Some(words) => Some(tx.keys(Owner::case(&case))?.sealing::<Statement>()?.seal("addition", row_id, words)?),
        None => None,
    };
    let given = if body.answers.is_empty() {
        None
    } else {
        Some(tx.keys(Owner::case(&case))?.sealing::<Answers>()?.seal("addition", row_id, &body.answers)?)
    };
    let subject = if body.identifiers.is_empty() {
        None
    } else {
        Some(tx.keys(Owner::case(&case))?.sealing::<Subject>()?.seal("addition", row_id, &body.identifiers)?)
    };
    left_out::store(tx, &case, row_id, found.left_out())?;
    if found.contact_is_barred() {
        report::bar_contact(tx, report)?;
    }
    let row = (
        additions::id.eq(&id),
        additions::report_id.eq(report),
        additions::case_id.eq(&case),
        additions::received_at.eq(tx.now()),
        additions::statement.eq(statement),
        additions::answers.eq(given),
        additions::subject.eq(subject),
    );
    diesel::insert_into(additions::table).values(row).execute(tx.conn())?;
    report::note_addition(tx, report)?;
    let addition = AdditionView { id, report_id: report.clone(), received_at: tx.now() };
    Ok(AdditionReceipt { addition, not_accepted: found.broken().iter().map(NotAccepted::from).collect(), case })
}

/// The country from which a report came; nothing when that was not told, or was erased.
///
/// # Errors
/// `NotFound` for another tenant's report.
pub fn country_of(rx: &mut Look<'_>, tenant: &Tenant, report: &ReportId) -> Result<Option<String>> {
    let (case, sealed): (CaseId, Sealed<Identity>) = reports::table
        .find(report)
        .filter(reports::platform_id.eq(&tenant.platform).and(reports::mode.eq(tenant.mode)))
        .select((reports::case_id, reports::identity))
        .first(rx.conn())?;
    match rx.keys(Owner::case(&case))?.existing::<Identity>() {
        Ok(key) => Ok(key.open::<IdentityPart>("identity", report.as_str(), &sealed)?.into_exposed().reporter.country),
        Err(Error::Erased) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Notes that someone asked in the app to withdraw. The case and its clocks go on; staff look whether she was made to
/// ask, and she is asked herself when she returns. The platform learns nothing from it.
///
/// # Errors
/// `NotFound` for another tenant's report.
pub fn withdraw(tx: &mut Unit<'_>, tenant: &Tenant, report: &ReportId) -> Result<CaseId> {
    let found = own(tx, tenant, report)?;
    audit::record(tx, Owner::case(&found.case_id), Event::WithdrawalAsked { report: report.clone() })?;
    report::note_withdrawal(tx, report)?;
    case::note_withdrawal(tx, &found.case_id)?;
    let (now, came) = (tx.now(), Job::WishCame { case: found.case_id.clone() });
    owed::owe(tx, &came, now, None)?;
    Ok(found.case_id)
}

/// An addition's content, for colleagues.
#[derive(Serialize, ToSchema)]
pub struct Added {
    /// What could not be used, as it came. Read it first.
    pub left_out: Vec<LeftOut>,
    /// Its id.
    #[schema(value_type = String)]
    pub id: AdditionId,
    /// The report it belongs to.
    #[schema(value_type = String)]
    pub report_id: ReportId,
    /// When it came in.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// The words.
    pub statement: Option<String>,
    /// The answers.
    pub answers: BTreeMap<String, Answer>,
    /// The identifiers.
    pub identifiers: Vec<IdentifierBody>,
    /// Which part of it this is, when it is too long for one page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub part: Option<Part>,
}

impl Added {
    /// The addition without what it says.
    pub(in crate::domain) fn bare(&self) -> Self {
        Self {
            left_out: Vec::new(),
            id: self.id.clone(),
            report_id: self.report_id.clone(),
            received_at: self.received_at,
            statement: None,
            answers: BTreeMap::new(),
            identifiers: Vec::new(),
            part: None,
        }
    }
}

type Row =
    (AdditionId, ReportId, Timestamp, Option<Sealed<Statement>>, Option<Sealed<Answers>>, Option<Sealed<Subject>>);

/// These additions of the case, opened, in a statement for their rows and one for what was left out of them. Where one of them
/// cannot be read they are read one by one.
pub(in crate::domain) fn several(
    rx: &mut Look<'_>,
    case: &CaseId,
    ids: &[String],
) -> Result<BTreeMap<String, Result<Added>>> {
    let rows = match rows_of(rx, ids) {
        Err(DieselError::DeserializationError(_)) => {
            let each = |id: &String| (id.clone(), rows_of(rx, std::slice::from_ref(id)));
            ids.iter().map(each).collect::<Vec<_>>()
        }
        rows => rows?.into_iter().map(|row| (row.0.to_string(), Ok(vec![row]))).collect(),
    };
    let mut left_out = left_out::of_sources(rx, case, ids)?;
    let mut all = BTreeMap::new();
    for (id, rows) in rows {
        let left = left_out.remove(&id).unwrap_or_else(|| Ok(Vec::new()));
        match rows {
            Ok(rows) => all.extend(rows.into_iter().next().map(|row| (id, opened(rx, case, row, left)))),
            Err(error) => all.extend([(id, Err(error.into()))]),
        }
    }
    Ok(all)
}

fn rows_of(rx: &mut Look<'_>, ids: &[String]) -> QueryResult<Vec<Row>> {
    additions::table
        .filter(additions::id.eq_any(ids.to_vec()))
        .select((
            additions::id,
            additions::report_id,
            additions::received_at,
            additions::statement,
            additions::answers,
            additions::subject,
        ))
        .load(rx.conn())
}

/// An addition of the case, opened.
///
/// # Errors
/// `Erased` when the case's content was.
fn opened(rx: &mut Look<'_>, case: &CaseId, row: Row, left_out: Result<Vec<LeftOut>>) -> Result<Added> {
    let (own, report_id, received_at, statement, given, subject) = row;
    let (left_out, id) = (left_out?, own.as_str());
    let keys = rx.keys(Owner::case(case))?;
    let statement = match statement {
        Some(sealed) => Some(keys.existing::<Statement>()?.open("addition", id, &sealed)?.into_exposed()),
        None => None,
    };
    let answers = match given {
        Some(sealed) => keys.existing::<Answers>()?.open("addition", id, &sealed)?.into_exposed(),
        None => BTreeMap::new(),
    };
    let identifiers = match subject {
        Some(sealed) => keys.existing::<Subject>()?.open("addition", id, &sealed)?.into_exposed(),
        None => Vec::new(),
    };
    Ok(Added { left_out, id: own, report_id, received_at, statement, answers, identifiers, part: None })
}

silent! { Added }
