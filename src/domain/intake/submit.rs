//! Taking a report in: one transaction in which it is sealed, lands in its case, and stands in its queue.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::body::{DesiredOutcome, IntimateImage, Occurred, PlatformContext, Reporter, SubjectBody, Survivor};
use super::facts;
use super::left_out;
use super::open;
use super::open::Incoming;
use super::reader::Taken;
use super::ready::ReadyReport;
use super::receipt::Receipt;
use crate::base::id::{CaseId, ReportId};
use crate::base::secret::{same, silent};
use crate::base::time::Timestamp;
use crate::db::schema::reports;
use crate::domain::access::Tenant;
use crate::domain::case::Case;
use crate::domain::case::contacts::ContactPart;
use crate::domain::case::report::{self, NewReport, Status};
use crate::domain::ledger::events::{self, EventType, Log, NewEvent};
use crate::domain::paging::shown;
use crate::domain::people::staff;
use crate::domain::terms::acknowledgement::{Acknowledgement, acknowledge};
use crate::domain::terms::taxonomy::CategoryCode;
use crate::domain::triage::intimate_image_clock_applies;
use crate::domain::unit::Unit;
use crate::domain::vault::{Answers, Contact, Identity, Owner, Statement, Subject};
use crate::error::rules::Form;
use crate::error::{Conflict, Error, Result};

/// The words, sealed under `statement`.
#[derive(Serialize, Deserialize)]
pub(in crate::domain) struct StatementPart {
    pub(in crate::domain) statement: String,
    pub(in crate::domain) occurred: Option<Occurred>,
    pub(in crate::domain) reported_at: Option<String>,
    pub(in crate::domain) platform_context: Option<PlatformContext>,
    pub(in crate::domain) intimate_image: Option<IntimateImage>,
}

/// Who reported, sealed under `identity`.
#[derive(Serialize, Deserialize)]
pub(in crate::domain) struct IdentityPart {
    pub(in crate::domain) reporter: Reporter,
    pub(in crate::domain) survivor: Option<Survivor>,
}

/// A report that stands here, and the keyed hash of what it says.
struct Stored {
    id: ReportId,
    case_id: CaseId,
    digest: Vec<u8>,
    status: Status,
    received_at: Timestamp,
    human_review_by: Timestamp,
    /// Whether they were told that somebody is planned to be at work.
    staffed: bool,
    version: i64,
}

/// Takes a report in, and says what its sender is told. The same reference with the same content is the same report.
///
/// # Errors
/// `DuplicateReference` when the reference is known with another content; `InFlight` when a twin is being stored.
pub fn submit(tx: &mut Unit<'_>, tenant: &Tenant, mut ready: ReadyReport) -> Result<Receipt> {
    ready.sender.check(tenant)?;
    let not_accepted = std::mem::take(&mut ready.not_accepted);
    let platform_report_ref = ready.taken.body.platform_report_ref.clone();
    let before = known(tx, tenant, &platform_report_ref)?;
    // What was told once is told again, whatever the hour.
    let staffed = match &before {
        Some(known) => known.staffed,
        None => shown::is_staffed(tx)?,
    };
    let acknowledgement = acknowledge(ready.taken.body.addressee(), tx.now(), staffed);
    let (stored, is_new) = match before {
        Some(known) if same(&known.digest, &ready.digest) => (known, false),
        Some(known) => return Err(Conflict::DuplicateReference { report: known.id.to_string() }.into()),
        None => (take_in(tx, tenant, ready, staffed)?, true),
    };
    Ok(Receipt {
        id: stored.id,
        platform_report_ref,
        status: stored.status,
        received_at: stored.received_at,
        acknowledgement: Acknowledgement { human_review_by: stored.human_review_by, ..acknowledgement },
        survivor_access: None,
        not_accepted,
        is_new,
        version: stored.version,
        case: stored.case_id,
    })
}

/// A report that is not here yet lands in its case.
fn take_in(tx: &mut Unit<'_>, tenant: &Tenant, ready: ReadyReport, staffed: bool) -> Result<Stored> {
    let id = ReportId::random();
    let incoming = incoming(tx, tenant, &id, &ready)?;
    let (category, human_review_by) = (incoming.category, incoming.promised);
    let case = open::land(tx, &incoming)?;
    let digest = ready.digest;
    store(tx, &case, &Promised { id: &id, category, human_review_by, staffed }, ready)?;
    let log = Log { platform: &case.platform_id, mode: case.mode };
    let received = NewEvent::new(log, EventType::ReportReceived, 1, tx.now(), id.clone());
    events::insert(tx, &[received])?;
    Ok(Stored {
        id,
        case_id: case.id,
        digest: digest.to_vec(),
        status: Status::Received,
        received_at: tx.now(),
        human_review_by,
        staffed,
        version: 1,
    })
}

fn known(tx: &mut Unit<'_>, tenant: &Tenant, reference: &str) -> Result<Option<Stored>> {
    type Row = (ReportId, CaseId, Vec<u8>, Status, Timestamp, Timestamp, bool, i64);
    let row: Option<Row> = reports::table
        .filter(reports::platform_report_ref.eq(reference))
        .filter(reports::platform_id.eq(&tenant.platform).and(reports::mode.eq(tenant.mode)))
        .select((
            reports::id,
            reports::case_id,
            reports::body_digest,
            reports::status,
            reports::received_at,
            reports::human_review_by,
            reports::staffed,
            reports::version,
        ))
        .first(tx.conn())
        .optional()?;
    Ok(row.map(|(id, case_id, digest, status, received_at, human_review_by, staffed, version)| Stored {
        id,
        case_id,
        digest,
        status,
        received_at,
        human_review_by,
        staffed,
        version,
    }))
}

/// What the case is told of it.
fn incoming<'a>(tx: &mut Unit<'_>, tenant: &Tenant, id: &ReportId, ready: &'a ReadyReport) -> Result<Incoming<'a>> {
    let kit = tx.kit();
    let body = &ready.taken.body;
    let unknown = || Error::invalid("/category", Form::CategoryCode);
    let category = CategoryCode::parse(&body.category).ok_or_else(unknown)?;
    let facts = facts::of_report(kit.triage.rules(), &ready.taken);
    let declared = body.intimate_image.as_ref().map(facts::declarations);
    let clock_applies = |made| facts.categories.iter().any(|code| intimate_image_clock_applies(*code, &made));
    let image_clock = declared.is_some_and(clock_applies);
    let stands_first = staff::stand_on_first_rules(tx)?;
    Ok(Incoming {
        report: id.clone(),
        platform: tenant.platform.clone(),
        mode: tenant.mode,
        category,
        pair: ready.pair,
        facts,
        image_clock,
        promised: tx.now().plus(kit.triage.rules().promise(category.group())),
        names: ready.names.kept(stands_first),
        region: facts::region(body),
    })
}

/// What a report is kept as, by when a person reads it, and what its reporter is told of the rota.
struct Promised<'a> {
    id: &'a ReportId,
    category: CategoryCode,
    human_review_by: Timestamp,
    staffed: bool,
}

fn store(tx: &mut Unit<'_>, case: &Case, promised: &Promised<'_>, ready: ReadyReport) -> Result<()> {
    let Promised { id, category, human_review_by, staffed } = *promised;
    let row_id = id.as_str();
    let ReadyReport { taken: Taken { mut body, found }, digest, .. } = ready;
    let relation = body.reporter.relation;
    let image_contact = body.intimate_image.as_mut().and_then(|image| image.contact.take());
    let contact = ContactPart { contact: body.contact, intimate_image_contact: image_contact };
    let statement = StatementPart {
        statement: body.statement,
        occurred: body.occurred,
        reported_at: body.reported_at,
        platform_context: body.platform_context,
        intimate_image: body.intimate_image,
    };
    let identity = IdentityPart { reporter: body.reporter, survivor: body.survivor };
    let has_contact = contact.contact.is_some() || contact.intimate_image_contact.is_some();
    let _keys = tx.keys(Owner::case(&case.id))?;
    let contact = if has_contact {
        Some(tx.keys(Owner::case(&case.id))?.sealing::<Contact>()?.seal("contact", row_id, &contact)?)
    } else {
        None
    };
    let subject: Option<SubjectBody> = body.subject;
    let subject = match &subject {
        Some(subject) => Some(tx.keys(Owner::case(&case.id))?.sealing::<Subject>()?.seal("subject", row_id, subject)?),
        None => None,
    };
    let row = NewReport {
        id,
        platform_id: &case.platform_id,
        mode: case.mode,
        case_id: &case.id,
        platform_report_ref: body.platform_report_ref,
        category,
        relation,
        desired_outcome: body.desired_outcome.unwrap_or(DesiredOutcome::Unsure),
        received_at: tx.now(),
        human_review_by,
        staffed,
        body_digest: digest.to_vec(),
        status: Status::Received,
        outcome: None,
        statement: tx.keys(Owner::case(&case.id))?.sealing::<Statement>()?.seal("statement", row_id, &statement)?,
        identity: tx.keys(Owner::case(&case.id))?.sealing::<Identity>()?.seal("identity", row_id, &identity)?,
        answers: tx.keys(Owner::case(&case.id))?.sealing::<Answers>()?.seal("answers", row_id, &body.answers)?,
        contact,
        subject,
        event_seq: 1,
        version: 1,
        contact_barred_at: found.contact_is_barred().then(|| tx.now()),
    };
    if !report::insert(tx, &row)? {
        // A twin with another key took the reference between the look and here; asked again, it is found.
        return Err(Conflict::InFlight.into());
    }
    left_out::store(tx, &case.id, row_id, found.left_out())
}

silent! { StatementPart IdentityPart }
