//! Taking a report in: one transaction in which it is sealed, lands in its case, and stands in its queue.

use std::collections::BTreeSet;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::body::{
    ContactBody, DesiredOutcome, IntimateImage, Occurred, PlatformContext, Relation, ReportBody, Reporter, SubjectBody,
    Survivor,
};
use super::names::{Said, names, pair};
use super::{ReportOutcome, Status};
use crate::base::id::{CaseId, ReportId};
use crate::base::secret::same;
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::Tx;
use crate::db::dialect::native;
use crate::db::schema::reports;
use crate::domain::Kit;
use crate::domain::access::{AsPlatform, Grant, Tenant};
use crate::domain::cases::{self, Incoming, Landed};
use crate::domain::events::{self, EventType, NewEvent};
use crate::domain::flows::Region;
use crate::domain::staff;
use crate::domain::taxonomy::{CategoryCode, KeyCode};
use crate::domain::triage::{Answer, Declarations, Facts, intimate_image_clock_applies};
use crate::domain::vault::{Answers, Contact, Identity, Keys, Sealed, Statement, Subject};
use crate::error::{Conflict, Error, Result};

/// A report that was taken in, now or before.
#[derive(Debug)]
pub struct Submitted<'k> {
    /// Its id.
    pub id: ReportId,
    /// Whether this call stored it.
    pub is_new: bool,
    /// Where it stands.
    pub status: Status,
    /// When it was received: immutable.
    pub received_at: Timestamp,
    /// When a person will have read it, as promised for its category group.
    pub human_review_by: Timestamp,
    /// The platform's view's version.
    pub version: i64,
    /// The case, for what is kept under its keys.
    pub case: CaseId,
    /// The case's open keys.
    pub keys: Keys<'k>,
}

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

/// How to reach them, sealed under `contact`.
#[derive(Serialize, Deserialize)]
pub(in crate::domain) struct ContactPart {
    pub(in crate::domain) contact: Option<ContactBody>,
    pub(in crate::domain) intimate_image_contact: Option<String>,
}

struct Known {
    id: ReportId,
    case_id: CaseId,
    digest: Vec<u8>,
    status: Status,
    received_at: Timestamp,
    human_review_by: Timestamp,
    version: i64,
}

/// Takes a report in. The same reference with the same content is the same report.
///
/// `body` has passed [`super::validate`].
///
/// # Errors
/// `DuplicateReference` when the reference is known with another content; `InFlight` when a twin is being stored.
pub fn submit<'k>(
    tx: &mut Tx<'_>,
    kit: &'k Kit,
    grant: &Grant<AsPlatform, Tenant>,
    body: ReportBody,
) -> Result<Submitted<'k>> {
    let tenant = grant.row();
    let digest = digest(kit, &body)?;
    if let Some(known) = known(tx, tenant, &body.platform_report_ref)? {
        if !same(&known.digest, &digest) {
            return Err(Conflict::DuplicateReference.into());
        }
        let keys = Keys::load(tx, &kit.keyring, known.case_id.as_str())?;
        return Ok(Submitted {
            id: known.id,
            is_new: false,
            status: known.status,
            received_at: known.received_at,
            human_review_by: known.human_review_by,
            version: known.version,
            case: known.case_id,
            keys,
        });
    }
    let id = ReportId::random();
    let incoming = incoming(tx, kit, tenant, &id, &body)?;
    let human_review_by = incoming.promised;
    let category = incoming.category;
    let Landed { case, mut keys } = cases::land(tx, kit, incoming)?;
    store(tx, &mut keys, &case, (&id, category, human_review_by), (body, digest))?;
    let received =
        NewEvent::new((&case.platform_id, case.mode), EventType::ReportReceived, 1, tx.now(), (id.clone(), None));
    events::insert(tx, &[received])?;
    keys.store(tx)?;
    Ok(Submitted {
        id,
        is_new: true,
        status: Status::Received,
        received_at: tx.now(),
        human_review_by,
        version: 1,
        case: case.id,
        keys,
    })
}

fn digest(kit: &Kit, body: &ReportBody) -> Result<[u8; 32]> {
    let canonical = serde_json::to_vec(body).map_err(anyhow::Error::new)?;
    Ok(kit.keyring.keyed("report-body", &[&canonical]))
}

fn known(tx: &mut Tx<'_>, tenant: &Tenant, reference: &str) -> Result<Option<Known>> {
    type Row = (ReportId, CaseId, Vec<u8>, Status, Timestamp, Timestamp, i64);
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
            reports::version,
        ))
        .first(tx.conn())
        .optional()?;
    Ok(row.map(|(id, case_id, digest, status, received_at, human_review_by, version)| Known {
        id,
        case_id,
        digest,
        status,
        received_at,
        human_review_by,
        version,
    }))
}

fn incoming(tx: &mut Tx<'_>, kit: &Kit, tenant: &Tenant, id: &ReportId, body: &ReportBody) -> Result<Incoming> {
    let unknown = || Error::invalid("/category", "unknown_category", "use a code of GET /v1/categories");
    let category = CategoryCode::parse(&body.category).ok_or_else(unknown)?;
    let others = body.other_categories.iter().filter_map(|code| CategoryCode::parse(code));
    let categories: BTreeSet<CategoryCode> = std::iter::once(category).chain(others).collect();
    let declared = body.intimate_image.as_ref().map(declarations);
    let image_clock = declared.is_some_and(|made| categories.iter().any(|c| intimate_image_clock_applies(*c, &made)));
    let facts = Facts {
        categories,
        answers: answers(&body.answers),
        child: body.names_a_child(),
        doubtful_no: body.has_doubtful_no(),
        signals: BTreeSet::new(),
    };
    let said = Said::of(body);
    let place = (tenant.platform.as_str(), tenant.mode.as_str());
    let stands_first = staff::stand_on_first_rules(tx)?;
    Ok(Incoming {
        report: id.clone(),
        platform: tenant.platform.clone(),
        mode: tenant.mode,
        category,
        pair: pair(kit, place, &said),
        facts,
        image_clock,
        promised: tx.now().plus(kit.triage.rules().promise(category.group())),
        names: names(kit, place, &said, stands_first),
        region: region(body),
    })
}

/// Where the person harmed lives: the reporter, unless somebody else was harmed.
fn region(body: &ReportBody) -> Region {
    let own = body.reporter.relation == Relation::SelfReported;
    let of_survivor = body.survivor.as_ref().and_then(|survivor| survivor.region.as_deref());
    Region::of(if own { body.reporter.region.as_deref() } else { of_survivor })
}

fn declarations(image: &IntimateImage) -> Declarations {
    let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    Declarations {
        is_intimate_image: image.is_intimate_image,
        is_subject_or_agent: image.is_subject_or_agent,
        good_faith: image.good_faith,
        has_locator: given(&image.locator),
        has_contact: given(&image.contact),
    }
}

/// Answers whose keys the taxonomy knows.
pub(super) fn answers(
    given: &std::collections::BTreeMap<String, Answer>,
) -> std::collections::BTreeMap<KeyCode, Answer> {
    given.iter().filter_map(|(key, answer)| Some((KeyCode::parse(key)?, *answer))).collect()
}

#[derive(Insertable)]
#[diesel(table_name = reports)]
struct Row<'a> {
    id: &'a ReportId,
    platform_id: &'a crate::base::id::PlatformId,
    mode: crate::domain::platforms::Mode,
    case_id: &'a CaseId,
    platform_report_ref: String,
    category: CategoryCode,
    relation: Relation,
    desired_outcome: DesiredOutcome,
    received_at: Timestamp,
    human_review_by: Timestamp,
    body_digest: Vec<u8>,
    status: Status,
    outcome: Option<ReportOutcome>,
    statement: Sealed<Statement>,
    identity: Sealed<Identity>,
    answers: Sealed<Answers>,
    contact: Option<Sealed<Contact>>,
    subject: Option<Sealed<Subject>>,
    event_seq: i64,
    version: i64,
}

fn store(
    tx: &mut Tx<'_>,
    keys: &mut Keys<'_>,
    case: &cases::Case,
    (id, category, human_review_by): (&ReportId, CategoryCode, Timestamp),
    (mut body, digest): (ReportBody, [u8; 32]),
) -> Result<()> {
    let row_id = id.as_str();
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
    let contact = if has_contact { Some(keys.sealing::<Contact>()?.seal("contact", row_id, &contact)?) } else { None };
    let subject: Option<SubjectBody> = body.subject;
    let subject = match &subject {
        Some(subject) => Some(keys.sealing::<Subject>()?.seal("subject", row_id, subject)?),
        None => None,
    };
    let row = Row {
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
        body_digest: digest.to_vec(),
        status: Status::Received,
        outcome: None,
        statement: keys.sealing::<Statement>()?.seal("statement", row_id, &statement)?,
        identity: keys.sealing::<Identity>()?.seal("identity", row_id, &identity)?,
        answers: keys.sealing::<Answers>()?.seal("answers", row_id, &body.answers)?,
        contact,
        subject,
        event_seq: 1,
        version: 1,
    };
    let added =
        native!(tx.conn(), |c| diesel::insert_into(reports::table).values(&row).on_conflict_do_nothing().execute(c))?;
    // A twin with another key took the reference between the look and here; asked again, it is found.
    if added == 1 { Ok(()) } else { Err(Conflict::InFlight.into()) }
}

silent! { StatementPart IdentityPart ContactPart }
