//! Hand-overs as colleagues read them in their case. Every reading is recorded before it is shown; what people said only goes to
//! those whose role may read it.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::consents::ConsentList;
use super::kept::{self, Basis, Kept, Referral};
use super::notices::Notice;
use super::shape::{HandOver, Place, Sheet};
use super::state::State;
use super::steps::{self, StepView};
use crate::base::code::codes;
use crate::base::id::{CaseId, ConsentId, ReferralId, ServiceId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::access::{self, Act, Grant, Read, Sight};
use crate::domain::case::clocks::{self, Clock};
use crate::domain::casework::owed_words::{self, OwedWordView};
use crate::domain::directory::{self, Called};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::triage::Phase;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::{Error, Forbidden, Result};

/// A hand-over, as colleagues see it.
#[derive(Serialize, ToSchema)]
pub struct ReferralView {
    /// Its id.
    #[schema(value_type = String, example = "ref_00000000000000000000000000")]
    pub id: ReferralId,
    /// To which service.
    #[schema(value_type = String)]
    pub service_id: ServiceId,
    /// On which consent.
    #[schema(value_type = String)]
    pub consent_id: ConsentId,
    /// Where it stands.
    pub state: State,
    /// What is owed now, by when.
    pub waits_for: Vec<ReferralDue>,
    /// Who drafted it.
    #[schema(value_type = Option<String>)]
    pub made_by: Option<StaffId>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// When it was sent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sent_at: Option<Timestamp>,
    /// Since when the service has it before it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub received_at: Option<Timestamp>,
    /// When it said yes or no.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// The one whose place it took.
    #[schema(value_type = Option<String>)]
    pub replaces: Option<ReferralId>,
    /// What became of the newest mail to the service; null where none was owed. One that was taken is no receipt.
    pub notice: Option<Notice>,
    /// How it was drafted and sent; null where it does not open.
    pub about: Option<ReferralAbout>,
    /// What became of it, the oldest first: the newest 20 steps.
    #[schema(max_items = 20)]
    pub steps: Vec<StepView>,
    /// What the service is to know; absent, as is the next, for roles that may not read content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// How she is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<Sheet>,
    /// The version that the `ETag` names.
    pub version: i64,
}

/// What a hand-over waits for.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReferralDue {
    /// What.
    pub phase: Phase,
    /// By when.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// Whether that has passed.
    pub late: bool,
}

codes! {
    /// What is to be known of a sending.
    pub enum Remark as ReferralRemark {
        /// A second person is to sign it before it goes.
        ToBeSigned = "to_be_signed",
        /// Whoever sent it knew that nobody is there until its answer is due.
        KnowingClosed = "knowing_closed",
        /// It went out unsigned, because one person was at work alone.
        AloneOnShift = "alone_on_shift",
    }
}

/// How a hand-over was drafted and sent.
#[derive(Serialize, ToSchema)]
pub struct ReferralAbout {
    /// Whether it cannot wait for the next working day.
    pub time_critical: bool,
    /// Who makes the first contact.
    pub handover: HandOver,
    /// What else is to be known of its sending.
    #[schema(inline, max_items = 3)]
    pub remarks: Vec<Remark>,
    /// Who sent it; null where nobody did yet, or the service itself.
    #[schema(value_type = Option<String>)]
    pub sent_by: Option<StaffId>,
    /// Until when the service sees what has come in.
    #[schema(value_type = String, format = DateTime)]
    pub shared_until: Timestamp,
    /// On what the sending stands in law.
    pub basis: Basis,
    /// Where she says she is; absent, as are the next three, for roles that may not read content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The word that she says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// What she calls the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Why the service must know whom she reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_reason: Option<String>,
}

/// The hand-overs of a case, the newest first.
#[derive(Serialize, ToSchema)]
pub struct ReferralList {
    /// The newest 25.
    #[schema(max_items = 25)]
    pub data: Vec<ReferralView>,
    /// Whether there are more.
    pub has_more: bool,
    /// What she is owed to know of them, the newest first: 50 at the most.
    #[schema(max_items = 50)]
    pub to_tell: Vec<OwedWordView>,
    /// Whether they hold what people said.
    #[serde(skip)]
    content: bool,
}

silent! { ReferralView ReferralAbout ReferralList }

impl ReferralAbout {
    fn of(kept: Kept, state: State, content: bool) -> Self {
        let Kept { place, word, label, subject_reason, sending, .. } = kept;
        let all = [
            (Remark::ToBeSigned, sending.asked.is_some() && state == State::Drafted),
            (Remark::KnowingClosed, sending.knowing_closed),
            (Remark::AloneOnShift, sending.alone_on_shift),
        ];
        Self {
            time_critical: kept.time_critical,
            handover: kept.handover,
            remarks: all.into_iter().filter(|(_, holds)| *holds).map(|(remark, _)| remark).collect(),
            sent_by: sending.sent_by,
            shared_until: kept.shared_until,
            basis: kept.basis,
            place: content.then_some(place),
            word: word.filter(|_| content),
            label: content.then_some(label),
            subject_reason: subject_reason.filter(|_| content),
        }
    }
}

/// A hand-over as it stands in this transaction.
pub(super) fn view(rx: &mut Look<'_>, case: &CaseId, referral: &Referral, content: bool) -> Result<ReferralView> {
    let clocks = clocks::of_case(rx, case)?;
    of(rx, referral, &clocks, content)
}

fn of(rx: &mut Look<'_>, referral: &Referral, clocks: &[Clock], content: bool) -> Result<ReferralView> {
    let now = rx.now();
    let mine = clocks.iter().filter(|clock| clock.referral_id.as_ref() == Some(&referral.id) && clock.runs());
    let waits_for = mine
        .filter_map(|clock| Some(ReferralDue { phase: clock.phase?, due_at: clock.due_at, late: clock.due_at < now }));
    let (summary, sheet) = if content { (referral.summary(rx)?, referral.sheet(rx)?) } else { (None, None) };
    Ok(ReferralView {
        waits_for: waits_for.collect(),
        steps: steps::of(rx, &referral.case, &referral.id, content)?,
        about: referral.kept.clone().map(|kept| ReferralAbout::of(kept, referral.state, content)),
        id: referral.id.clone(),
        service_id: referral.service.clone(),
        consent_id: referral.consent.clone(),
        state: referral.state,
        made_by: referral.made_by.clone(),
        made_at: referral.made_at,
        sent_at: referral.sent_at,
        received_at: referral.received_at,
        answered_at: referral.answered_at,
        ended_at: referral.ended_at,
        replaces: referral.replaces.clone(),
        notice: referral.notice,
        summary,
        sheet,
        version: referral.version,
    })
}

/// So many are shown.
const SHOWN: i64 = 25;

/// The hand-overs of a case, and what she is owed to know of them. They may be shown when [`record`] has put the reading on record.
///
/// # Errors
/// What the database says.
pub fn list(rx: &mut Look<'_>, sight: &Sight) -> Result<ReferralList> {
    let case = sight.case();
    let content = access::allows(sight.who().role, case.queue, Act::ReadContent);
    let clocks = clocks::of_case(rx, &case.id)?;
    let mut data = Vec::new();
    let all = kept::of_case(rx, &case.id, SHOWN + 1)?;
    let has_more = i64::try_from(all.len()).unwrap_or(SHOWN) > SHOWN;
    for referral in all.iter().take(usize::try_from(SHOWN).unwrap_or(usize::MAX)) {
        data.push(of(rx, referral, &clocks, content)?);
    }
    Ok(ReferralList { data, has_more, to_tell: owed_words::of_case(rx, &case.id, content)?, content })
}

/// The most services that are named to whoever opens a case.
const NAMED: usize = 3;

/// Services that have not said in time what is awaited of them, so that whoever opens the case rings them. At most three, the longest
/// awaited first.
///
/// # Errors
/// What the database says.
pub fn to_ring(rx: &mut Look<'_>, sight: &Sight) -> Result<Vec<Called>> {
    let (case, now) = (&sight.case().id, rx.now());
    let is_awaited =
        |clock: &Clock| clock.runs() && clock.due_at < now && clock.phase.is_some_and(|of| of != Phase::Draft);
    let late = clocks::of_case(rx, case)?.into_iter().filter(is_awaited);
    let mut asked = BTreeSet::new();
    let mut named = Vec::new();
    for id in late.filter_map(|clock| clock.referral_id) {
        if named.len() == NAMED {
            break;
        }
        let Some(referral) = kept::find(rx, case, &id)? else { continue };
        if asked.insert(referral.service.clone()) {
            named.extend(directory::called(rx, &referral.service)?);
        }
    }
    Ok(named)
}

/// Puts on record that somebody looks at the hand-overs of a case and at what she agreed to, and gives both back as they may be shown.
///
/// # Errors
/// As [`record`].
pub fn record_with_consents(
    tx: &mut Unit<'_>,
    grant: Grant<Read>,
    agreed: ConsentList,
    handed: ReferralList,
) -> Result<(ConsentList, ReferralList)> {
    let role = grant.who().role.as_str();
    let read = Event::CaseRead { role, content: agreed.holds_content(), part: Some("consents") };
    let owner = Owner::case(&grant.case().id);
    let handed = record(tx, grant, handed)?;
    audit::record(tx, owner, read)?;
    Ok((agreed, handed))
}

/// Puts on record that somebody looks at the hand-overs of a case, and gives them back as they may be shown.
///
/// # Errors
/// `Forbidden` when they hold words that they may not read any more.
pub fn record(tx: &mut Unit<'_>, grant: Grant<Read>, list: ReferralList) -> Result<ReferralList> {
    let (case, who) = grant.into_parts();
    let content = list.content;
    if content && !access::allows(who.role, case.queue, Act::ReadContent) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    let read = Event::CaseRead { role: who.role.as_str(), content, part: Some("referrals") };
    audit::record(tx, Owner::case(&case.id), read)?;
    Ok(list)
}
