//! A case as the service sees it to which it was handed over. What is shown is made from a list of what may be, scope by scope, by
//! what she agrees to at this moment: whatever is not on the list is shown to nobody outside. Accounts, devices, payments and
//! networks of whoever reported, images, chats, notes, priorities, platforms and other cases stand on no list.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::content::{self, ReportInCase};
use super::pages::Reading;
use super::parts::{PAGE, length};
use crate::base::code::codes;
use crate::base::id::{CaseId, ReferralId};
use crate::base::page::Part;
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::base::zone::Zone;
use crate::db::perhaps::readable;
use crate::db::schema::{additions, reports};
use crate::domain::access::Partner;
use crate::domain::intake::body::{AgeBand, IdentifierBody, Occurred, Relation};
use crate::domain::intake::{Added, several_additions};
use crate::domain::referrals::consents::Share;
use crate::domain::referrals::partners::{self, Handed, Shown};
use crate::domain::referrals::{HandOver, InterpreterNeeded, Sheet, SheetWay};
use crate::domain::terms::identifiers::IdentifierKind;
use crate::domain::terms::taxonomy::CategoryCode;
use crate::domain::terms::words::Answer;
use crate::domain::unit::{Look, Unit};
use crate::error::{Error, Result};

codes! {
    /// What to know before anything is done.
    pub enum SharedCare as PartnerCare {
        /// What may be her wish to withdraw has come in by an app, and may not be hers: ring whoever sent it before any contact.
        CheckBeforeAnyContact = "check_before_any_contact",
        /// She took back all or a part of it: keep no copy of what is not shown any more, and say so by `acknowledge`.
        KeepNoCopy = "keep_no_copy",
    }
}

/// A referral, as its service sees it now.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerReferralView)]
pub struct Shared {
    /// It, as it stands in the list.
    #[serde(flatten)]
    pub handed: Handed,
    /// What to know before anything is done.
    #[schema(max_items = 2)]
    pub care: Vec<SharedCare>,
    /// Whether it is for whoever reads: nobody took it on yet, or they may open it.
    #[serde(skip)]
    pub is_theirs: bool,
    /// What was handed over; null after a decline, an expiry or a withdrawal, fourteen days after its close, and where the agreement
    /// with your service or what she agreed to has ended.
    pub content: Option<SharedContent>,
}

/// What was handed over, as far as she agrees to it now.
#[derive(Serialize, ToSchema)]
pub struct SharedContent {
    /// To what she agrees. What belongs to no scope of these is absent.
    #[schema(max_items = 5)]
    pub scopes: Vec<Share>,
    /// Whether it cannot wait for the next working day.
    pub time_critical: bool,
    /// Who makes the first contact.
    pub handover: HandOver,
    /// Where she contacts you: the word that she says, by which you know her.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// `identity`: who she is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<SharedIdentity>,
    /// `contact`: how she is reached without anybody else noticing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<SharedSheet>,
    /// `statement`: what it is about, in a few words of whoever sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// What was reported, the newest first.
    #[schema(max_items = 100)]
    pub entries: Vec<SharedEntry>,
    /// Which part of the entries this is: ask for the others by `part`.
    pub part: Part,
    /// Up to when what came in is shown. What came later is shown when whoever sent it shares it.
    #[schema(value_type = String, format = DateTime)]
    pub shared_until: Timestamp,
}

/// How she is reached without anybody else noticing: times by the clocks of `zone`.
#[derive(Serialize, ToSchema)]
pub struct SharedSheet {
    /// The ways, the best first; none where she contacts you.
    #[schema(max_items = 5)]
    pub channels: Vec<SheetWay>,
    /// When it is safe.
    pub safe_times: String,
    /// Her zone, by its IANA name.
    #[schema(value_type = String)]
    pub zone: Zone,
    /// A time for the first contact that was agreed with her.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub agreed_at: Option<Timestamp>,
    /// What to say when somebody else answers.
    pub if_somebody_else: String,
    /// Who shares her device or account.
    pub shared_with: String,
    /// Whom never to contact.
    pub never_contact: String,
    /// Whether somebody speaks between.
    pub interpreter: Option<InterpreterNeeded>,
    /// What she needs to take part.
    pub access_needs: Option<String>,
    /// When she confirmed all of this.
    #[schema(value_type = String, format = DateTime)]
    pub confirmed_at: Timestamp,
}

/// Who she is.
#[derive(Serialize, ToSchema)]
pub struct SharedIdentity {
    /// What to call her.
    pub name_to_use: Option<String>,
    /// Her age.
    pub age_band: Option<AgeBand>,
    /// Where she says she is, ISO 3166-1 alpha-2.
    pub country: String,
    /// The part of it, ISO 3166-2.
    pub region: Option<String>,
}

/// A report, or what was added to one: an allegation, never a finding.
#[derive(Default, Serialize, ToSchema)]
pub struct SharedEntry {
    /// When it came in.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Option<Timestamp>,
    /// `statement`: what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryCode>,
    /// `statement`: who sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// `statement`: when it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred: Option<Occurred>,
    /// `statement`: the words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// `answers`: what was answered.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, Answer>,
    /// `subject`: the name that whoever was reported goes by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_name: Option<String>,
    /// `subject`: telephones, mail addresses, handles and pages of theirs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub subject_identifiers: Vec<IdentifierBody>,
}

silent! { Shared SharedContent SharedSheet SharedIdentity SharedEntry }

/// Reads a referral for its service. It may be shown when [`record`] has put the reading on record.
///
/// # Errors
/// `NotFound` where there is none for this service, or a wall stands before it, or it has no such part.
pub fn read(rx: &mut Look<'_>, who: &Partner, id: &ReferralId, part: usize) -> Result<Shared> {
    let held = partners::held(rx, who, id)?;
    let handed = held.handed(rx)?;
    let mut care = Vec::new();
    if held.owes_acknowledgement(rx)? {
        care.push(SharedCare::KeepNoCopy);
    }
    if held.is_wished_back(rx)? {
        care.push(SharedCare::CheckBeforeAnyContact);
    }
    let content = match held.shown(rx, who)? {
        None if part == 1 => None,
        None => return Err(Error::NotFound),
        Some(shown) => Some(content_of(rx, &held.case.id, shown, part)?),
    };
    let is_theirs = held.is_for(rx, who)?;
    Ok(Shared { handed, care, is_theirs, content })
}

/// Puts on record that the service reads it, and gives it back as it may be shown. The first time is the receipt.
///
/// # Errors
/// `NotFound` as [`read`]; `NotInForce` where less may be shown by now.
pub fn record(tx: &mut Unit<'_>, who: &Partner, shared: Shared) -> Result<Shared> {
    let scopes = shared.content.as_ref().map(|content| content.scopes.clone()).unwrap_or_default();
    let shows = shared.content.as_ref().is_some_and(SharedContent::says_something);
    let handed = partners::record(tx, who, &shared.handed.id, &scopes, shows)?;
    Ok(Shared { handed, ..shared })
}

fn content_of(rx: &mut Look<'_>, case: &CaseId, shown: Shown, part: usize) -> Result<SharedContent> {
    let has = |scope: Share| shown.scopes.contains(&scope);
    let all = opened(rx, case, &shown.shared)?;
    let age_band = all.iter().find_map(|one| one.age_band);
    let entries = all.into_iter().map(|one| one.entry.keep(&shown.scopes));
    let entries = entries.filter(SharedEntry::says_something).collect::<Vec<_>>();
    let (entries, part) = cut(entries, part)?;
    let identity = has(Share::Identity).then(|| SharedIdentity {
        name_to_use: shown.sheet.as_ref().map(|sheet| sheet.name_to_use.clone()),
        age_band,
        country: shown.place.country.clone(),
        region: shown.place.region.clone(),
    });
    Ok(SharedContent {
        identity,
        contact: shown.sheet.filter(|_| shown.scopes.contains(&Share::Contact)).map(SharedSheet::of),
        summary: shown.summary,
        scopes: shown.scopes,
        time_critical: shown.time_critical,
        handover: shown.handover,
        word: shown.word,
        entries,
        part,
        shared_until: shown.shared_until,
    })
}

impl SharedSheet {
    /// The list itself; the name is of another scope.
    fn of(sheet: Sheet) -> Self {
        Self {
            channels: sheet.channels,
            safe_times: sheet.safe_times,
            zone: sheet.zone,
            agreed_at: sheet.agreed_at,
            if_somebody_else: sheet.if_somebody_else,
            shared_with: sheet.shared_with,
            never_contact: sheet.never_contact,
            interpreter: sheet.interpreter,
            access_needs: sheet.access_needs,
            confirmed_at: sheet.confirmed_at,
        }
    }
}

impl SharedContent {
    /// Whether a reading of it is one of anything.
    fn says_something(&self) -> bool {
        let name = self.identity.as_ref().is_some_and(|identity| identity.name_to_use.is_some());
        name || self.contact.is_some() || self.summary.is_some() || !self.entries.is_empty()
    }
}

/// An entry with all that any scope may show, and her age as it says it.
struct Opened {
    at: Timestamp,
    entry: SharedEntry,
    age_band: Option<AgeBand>,
}

/// Those of these reports and additions that are of the case, the newest first.
fn opened(rx: &mut Look<'_>, case: &CaseId, shared: &[String]) -> Result<Vec<Opened>> {
    let mut damaged = false;
    let of_case = reports::table.filter(reports::case_id.eq(case).and(reports::id.eq_any(shared.to_vec())));
    let ids: Vec<String> = readable(of_case.select(reports::id).load(rx.conn())?);
    let told = content::several(rx, Reading { case, content: true }, &ids, &mut damaged)?;
    let mut all: Vec<Opened> = told.into_iter().map(Opened::of_report).collect();
    let of_case = additions::table
        .inner_join(reports::table.on(reports::id.eq(additions::report_id)))
        .filter(reports::case_id.eq(case).and(additions::id.eq_any(shared.to_vec())));
    let ids: Vec<String> = readable(of_case.select(additions::id).load(rx.conn())?);
    for (_, added) in several_additions(rx, case, &ids)? {
        all.extend(content::part(added, &mut damaged)?.map(Opened::of_addition));
    }
    all.sort_by_key(|one| std::cmp::Reverse(one.at));
    Ok(all)
}

impl Opened {
    fn of_report(report: ReportInCase) -> Self {
        let content = report.content.unwrap_or_default();
        let told_of = content.survivor.as_ref().and_then(|survivor| survivor.age_band);
        let own = content
            .reporter
            .filter(|reporter| reporter.relation == Relation::SelfReported)
            .and_then(|own| own.age_band);
        let (subject_name, subject_identifiers) =
            content.subject.map(|subject| (subject.display_name, subject.identifiers)).unwrap_or_default();
        let entry = SharedEntry {
            received_at: Some(report.received_at),
            category: Some(report.category),
            relation: Some(report.relation),
            occurred: content.occurred,
            statement: content.statement,
            answers: content.answers,
            subject_name,
            subject_identifiers,
        };
        Self { at: report.received_at, entry, age_band: own.or(told_of) }
    }

    fn of_addition(added: Added) -> Self {
        let entry = SharedEntry {
            received_at: Some(added.received_at),
            statement: added.statement,
            answers: added.answers,
            subject_identifiers: added.identifiers,
            ..SharedEntry::default()
        };
        Self { at: added.received_at, entry, age_band: None }
    }
}

impl SharedEntry {
    /// What of it these scopes show: the list itself.
    fn keep(self, scopes: &[Share]) -> Self {
        let mut kept = Self { received_at: self.received_at, ..Self::default() };
        if scopes.contains(&Share::Statement) {
            kept.category = self.category;
            kept.relation = self.relation;
            kept.occurred = self.occurred;
            kept.statement = self.statement;
        }
        if scopes.contains(&Share::Answers) {
            kept.answers = self.answers;
        }
        if scopes.contains(&Share::Subject) {
            kept.subject_name = self.subject_name;
            kept.subject_identifiers = self.subject_identifiers;
            kept.subject_identifiers.retain(|one| match one.kind {
                IdentifierKind::Phone | IdentifierKind::Email | IdentifierKind::Handle | IdentifierKind::ProfileUrl => {
                    true
                }
                IdentifierKind::Device | IdentifierKind::Payment => false,
            });
        }
        kept
    }

    fn says_something(&self) -> bool {
        let Self {
            received_at: _,
            category,
            relation: _,
            occurred,
            statement,
            answers,
            subject_name,
            subject_identifiers,
        } = self;
        category.is_some()
            || occurred.is_some()
            || statement.is_some()
            || !answers.is_empty()
            || subject_name.is_some()
            || !subject_identifiers.is_empty()
    }
}

/// The entries of a part, and which part of how many it is. One entry is never cut: it is bounded by what a report may hold.
fn cut(entries: Vec<SharedEntry>, wanted: usize) -> Result<(Vec<SharedEntry>, Part)> {
    let mut parts: Vec<Vec<SharedEntry>> = vec![Vec::new()];
    let mut used = 0;
    for entry in entries {
        let length = length(&entry);
        if used > 0 && used + length > PAGE {
            parts.push(Vec::new());
            used = 0;
        }
        used += length;
        if let Some(last) = parts.last_mut() {
            last.push(entry);
        }
    }
    let of = parts.len();
    let number = wanted.checked_sub(1).and_then(|at| (at < of).then(|| parts.swap_remove(at)));
    number.map(|entries| (entries, Part { number: wanted, of })).ok_or(Error::NotFound)
}
