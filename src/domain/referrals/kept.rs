//! Hand-overs as they are kept. All that counts of one stands sealed under the keys of its case: whoever can write to the
//! database alone leads it to no other service, and rests it on no other consent.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::notices::Notice;
use super::shape::{HandOver, NewReferral, Place, Sheet};
use super::state::State;
use super::steps::Outcome;
use crate::base::id::{CaseId, ConsentId, ReferralId, ServiceId, StaffId};
use crate::base::secret::{Sensitive, silent};
use crate::base::time::Timestamp;
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::{additions, referrals as table, reports};
use crate::domain::case::Case;
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Contact, Damaged, Notes, Owner, Sealed, Statement};
use crate::error::{Error, Result};

/// What counts of a hand-over.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) service: ServiceId,
    pub(super) consent: ConsentId,
    pub(super) place: Place,
    pub(super) time_critical: bool,
    pub(super) handover: HandOver,
    pub(super) word: Option<String>,
    pub(super) label: String,
    /// That she changed a way herself which she had forbidden.
    pub(super) she_changed_this: bool,
    pub(super) subject_reason: Option<String>,
    /// A time that was agreed with her.
    pub(super) agreed_at: Option<Timestamp>,
    /// When she confirmed the contact sheet.
    pub(super) confirmed_at: Timestamp,
    /// What had come in by then may be seen by the service.
    pub(super) shared_until: Timestamp,
    /// The ids of the reports and additions that it may see: the newest of those.
    #[serde(default)]
    pub(super) shared: Vec<String>,
    /// Where it stands, and since when: what its row says else does not count.
    #[serde(default)]
    pub(super) standing: Option<Standing>,
    /// On what the sending stands, as codes of the data protection law.
    pub(super) basis: Basis,
    pub(super) sending: Sending,
    /// How the service says that it ended.
    pub(super) outcome: Option<Outcome>,
    /// Which credential or account of the service took it on; nothing where that was said by telephone.
    #[serde(default)]
    pub(super) accepter: Option<String>,
}

/// Where a hand-over stands, as it is sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Standing {
    mode: Mode,
    state: State,
    sent_at: Option<Timestamp>,
    received_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

/// How it came to be sent.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Sending {
    /// Who asked a second person to send it, and when.
    pub(super) asked: Option<(StaffId, Timestamp)>,
    /// Who sent it; nobody where the service itself did.
    pub(super) sent_by: Option<StaffId>,
    /// That it opens only after its answer is due.
    pub(super) knowing_closed: bool,
    /// That nobody signed it in time, and it went out all the same.
    pub(super) alone_on_shift: bool,
}

/// The conditions of the UK GDPR and the Data Protection Act 2018 on which a sending stands (domain.md 5.6). Her consent is none
/// of them: she can take it back, and it lowers nothing.
#[derive(Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ReferralBasis)]
pub struct Basis {
    /// Of Article 6.
    #[schema(example = "legitimate_interests")]
    #[serde(rename = "article_6")]
    pub general: String,
    /// Of Article 9, by Schedule 1 of the act.
    #[schema(example = "schedule_1_counselling")]
    #[serde(rename = "article_9")]
    pub special: String,
    /// Of Article 10, by the same; `none` where no allegation goes out.
    #[schema(example = "schedule_1_unlawful_acts")]
    #[serde(rename = "article_10")]
    pub criminal: String,
}

silent! { Kept Standing Sending Basis }

/// A hand-over of a case.
pub(super) struct Referral {
    pub(super) id: ReferralId,
    pub(super) case: CaseId,
    pub(super) service: ServiceId,
    pub(super) consent: ConsentId,
    pub(super) mode: Mode,
    pub(super) state: State,
    pub(super) made_by: Option<StaffId>,
    pub(super) made_at: Timestamp,
    pub(super) sent_at: Option<Timestamp>,
    pub(super) received_at: Option<Timestamp>,
    pub(super) answered_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) replaces: Option<ReferralId>,
    pub(super) version: i64,
    /// What became of the newest mail to the service; nothing where none was owed.
    pub(super) notice: Option<Notice>,
    /// Nothing where it does not open, or its row says something else than what is sealed.
    pub(super) kept: Option<Kept>,
    summary: Option<Sealed<Statement>>,
    sheet: Option<Sealed<Contact>>,
}

silent! { Referral }

type Row = (
    (
        Perhaps<ReferralId>,
        Perhaps<ServiceId>,
        Perhaps<ConsentId>,
        Perhaps<Mode>,
        Perhaps<State>,
        Perhaps<StaffId>,
        Perhaps<Timestamp>,
    ),
    (Perhaps<Option<Timestamp>>, Perhaps<Option<Timestamp>>, Perhaps<Option<Timestamp>>, Perhaps<Option<Timestamp>>),
    (
        Perhaps<Option<ReferralId>>,
        i64,
        Perhaps<Option<Notice>>,
        Perhaps<Vec<u8>>,
        Perhaps<Option<Vec<u8>>>,
        Perhaps<Option<Vec<u8>>>,
    ),
);
type Columns = (
    (table::id, table::service_id, table::consent_id, table::mode, table::state, table::made_by, table::made_at),
    (table::sent_at, table::received_at, table::answered_at, table::ended_at),
    (table::replaces, table::version, table::notice, table::body, table::summary, table::sheet),
);
const COLUMNS: Columns = (
    (table::id, table::service_id, table::consent_id, table::mode, table::state, table::made_by, table::made_at),
    (table::sent_at, table::received_at, table::answered_at, table::ended_at),
    (table::replaces, table::version, table::notice, table::body, table::summary, table::sheet),
);

/// A hand-over of a case.
pub(super) fn find(rx: &mut Look<'_>, case: &CaseId, id: &ReferralId) -> Result<Option<Referral>> {
    let of_it = table::table.filter(table::id.eq(id).and(table::case_id.eq(case)));
    let row: Option<Row> = of_it.select(COLUMNS).first(rx.conn()).optional()?;
    row.map_or(Ok(None), |row| opened(rx, case, row))
}

/// The hand-overs of a case, the newest first: so many at the most.
pub(super) fn of_case(rx: &mut Look<'_>, case: &CaseId, most: i64) -> Result<Vec<Referral>> {
    let all = table::table.filter(table::case_id.eq(case)).order((table::made_at.desc(), table::id.desc()));
    let rows: Vec<Row> = all.limit(most).select(COLUMNS).load(rx.conn())?;
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        read.extend(opened(rx, case, row)?);
    }
    Ok(read)
}

fn opened(rx: &mut Look<'_>, case: &CaseId, row: Row) -> Result<Option<Referral>> {
    let (
        (id, service, consent, mode, state, made_by, made_at),
        times,
        (replaces, version, notice, body, summary, sheet),
    ) = row;
    let (Some(id), Some(service), Some(consent)) = (id.0, service.0, consent.0) else { return Ok(None) };
    let (Some(mode), Some(state)) = (mode.0, state.0) else { return Ok(None) };
    let kept = match body.0 {
        Some(body) => open_body(rx, case, &id, &Sealed::from_stored(body))?,
        None => None,
    };
    let (sent_at, received_at) = (times.0.0.flatten(), times.1.0.flatten());
    let ended_at = times.3.0.flatten();
    let standing = Standing { mode, state, sent_at, received_at, ended_at };
    // What counts is what is sealed: a row that says something else is one that somebody changed.
    let is_sealed = |kept: &Kept| {
        let stands = kept.standing.as_ref().is_none_or(|sealed| *sealed == standing);
        kept.service == service && kept.consent == consent && stands
    };
    Ok(Some(Referral {
        kept: kept.filter(is_sealed),
        case: case.clone(),
        mode,
        made_by: made_by.0,
        made_at: made_at.0.unwrap_or_else(|| Timestamp::from_micros(0)),
        sent_at,
        received_at,
        answered_at: times.2.0.flatten(),
        ended_at,
        replaces: replaces.0.flatten(),
        notice: notice.0.flatten(),
        summary: summary.0.flatten().map(Sealed::from_stored),
        sheet: sheet.0.flatten().map(Sealed::from_stored),
        id,
        service,
        consent,
        state,
        version,
    }))
}

fn open_body(rx: &mut Look<'_>, case: &CaseId, id: &ReferralId, sealed: &Sealed<Notes>) -> Result<Option<Kept>> {
    let key = rx.keys(Owner::case(case))?.existing::<Notes>();
    unless_lost(key.and_then(|key| key.open::<Kept>("referral", id.as_str(), sealed).map(Sensitive::into_exposed)))
}

fn unless_lost<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(open) => Ok(Some(open)),
        Err(Error::Erased) => Ok(None),
        Err(error) if Damaged::is(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Referral {
    /// What counts of it.
    ///
    /// # Errors
    /// `Internal` where it does not open: nothing is done with what nobody can read.
    pub(super) fn kept(&self) -> Result<&Kept> {
        self.kept.as_ref().ok_or_else(|| Damaged::error(format!("the referral {} does not open", self.id)))
    }

    /// What the service is to know; nothing where there is none, or it does not open.
    pub(super) fn summary(&self, rx: &mut Look<'_>) -> Result<Option<String>> {
        let Some(sealed) = &self.summary else { return Ok(None) };
        let key = rx.keys(Owner::case(&self.case))?.existing::<Statement>();
        let open = key.and_then(|key| key.open::<String>("referral_summary", self.id.as_str(), sealed));
        unless_lost(open.map(Sensitive::into_exposed))
    }

    /// How she is reached; nothing where it was destroyed, or does not open.
    pub(super) fn sheet(&self, rx: &mut Look<'_>) -> Result<Option<Sheet>> {
        let Some(sealed) = &self.sheet else { return Ok(None) };
        let key = rx.keys(Owner::case(&self.case))?.existing::<Contact>();
        let open = key.and_then(|key| key.open::<Sheet>("referral_sheet", self.id.as_str(), sealed));
        unless_lost(open.map(Sensitive::into_exposed))
    }

    /// Where it stands, as it is to be sealed.
    const fn standing(&self) -> Standing {
        Standing {
            mode: self.mode,
            state: self.state,
            sent_at: self.sent_at,
            received_at: self.received_at,
            ended_at: self.ended_at,
        }
    }

    /// Whether a service has had what was sent before it.
    pub(super) const fn was_read(&self) -> bool {
        self.received_at.is_some()
    }
}

/// A hand-over that is about to be kept.
pub(super) struct New<'a> {
    pub(super) kept: Kept,
    pub(super) summary: Option<&'a str>,
    pub(super) sheet: &'a Sheet,
    pub(super) by: &'a StaffId,
    pub(super) replaces: Option<&'a ReferralId>,
}

impl Kept {
    /// What counts of a draft, made of what a colleague wrote.
    pub(super) fn of(new: &NewReferral, case: &Case, basis: Basis) -> Self {
        Self {
            service: new.service_id.clone(),
            consent: new.consent_id.clone(),
            place: new.place.normalised(),
            time_critical: new.time_critical,
            handover: new.handover,
            word: new.word.clone(),
            label: new.label.clone(),
            she_changed_this: new.she_changed_this,
            subject_reason: new.subject_reason.clone(),
            agreed_at: new.sheet.agreed_at,
            confirmed_at: new.sheet.confirmed_at,
            shared_until: case.content_at,
            shared: Vec::new(),
            standing: None,
            basis,
            sending: Sending::default(),
            outcome: None,
            accepter: None,
        }
    }
}

/// Keeps a draft.
pub(super) fn insert(tx: &mut Unit<'_>, case: &CaseId, mode: Mode, new: New<'_>) -> Result<Referral> {
    let New { mut kept, summary, sheet, by, replaces } = new;
    kept.standing = Some(Standing { mode, state: State::Drafted, sent_at: None, received_at: None, ended_at: None });
    if kept.shared.is_empty() {
        kept.shared = come_in(tx, case)?;
    }
    let (id, now) = (ReferralId::random(), tx.now());
    let keys = tx.keys(Owner::case(case))?;
    let body = keys.sealing::<Notes>()?.seal("referral", id.as_str(), &kept)?;
    let sheet = keys.sealing::<Contact>()?.seal("referral_sheet", id.as_str(), sheet)?;
    let summary = match summary {
        Some(words) => Some(keys.sealing::<Statement>()?.seal("referral_summary", id.as_str(), &words.to_owned())?),
        None => None,
    };
    let row = (
        (table::id.eq(&id), table::case_id.eq(case), table::mode.eq(mode), table::state.eq(State::Drafted)),
        (table::service_id.eq(&kept.service), table::consent_id.eq(&kept.consent), table::version.eq(1_i64)),
        (table::made_by.eq(by), table::made_at.eq(now), table::replaces.eq(replaces)),
        (table::body.eq(body), table::summary.eq(summary), table::sheet.eq(sheet)),
    );
    diesel::insert_into(table::table).values(row).execute(tx.conn())?;
    find(tx, case, &id)?.ok_or(Error::NotFound)
}

/// Keeps where it stands now, and what counts of it.
pub(super) fn keep(tx: &mut Unit<'_>, referral: &mut Referral) -> Result<()> {
    referral.version += 1;
    let standing = referral.standing();
    if let Some(kept) = &mut referral.kept {
        kept.standing = Some(standing);
    }
    let body = match &referral.kept {
        Some(kept) => {
            let keys = tx.keys(Owner::case(&referral.case))?;
            Some(keys.sealing::<Notes>()?.seal("referral", referral.id.as_str(), kept)?)
        }
        // What does not open stays as it is.
        None => None,
    };
    let it = table::table.find(&referral.id);
    diesel::update(it)
        .set((
            table::state.eq(referral.state),
            table::sent_at.eq(referral.sent_at),
            table::received_at.eq(referral.received_at),
            table::answered_at.eq(referral.answered_at),
            table::ended_at.eq(referral.ended_at),
            table::version.eq(referral.version),
        ))
        .execute(tx.conn())?;
    if let Some(body) = body {
        diesel::update(it).set(table::body.eq(body)).execute(tx.conn())?;
    }
    Ok(())
}

/// So many reports of a case are shared with a service, and so many additions: the newest.
const SHARED: i64 = 50;

/// What has come in of a case by now, by its ids: reports, and what was added to them.
pub(super) fn come_in(rx: &mut Look<'_>, case: &CaseId) -> Result<Vec<String>> {
    let of_case = reports::table.filter(reports::case_id.eq(case)).order((reports::received_at.desc(), reports::id));
    let mut all: Vec<String> = readable(of_case.limit(SHARED).select(reports::id).load(rx.conn())?);
    let added = additions::table
        .inner_join(reports::table.on(reports::id.eq(additions::report_id)))
        .filter(reports::case_id.eq(case))
        .order((additions::received_at.desc(), additions::id));
    all.extend(readable::<String>(added.limit(SHARED).select(additions::id).load(rx.conn())?));
    Ok(all)
}
