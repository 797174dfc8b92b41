//! What is owed to people: mails, calls of the pager, word to the operator.

use serde::{Deserialize, Serialize};

use super::{Rung, Urgency};
use crate::base::code::codes;
use crate::base::id::{ActId, AlarmId, CaseId, EndpointId, ReferralId, ShiftId, StaffId};
use crate::base::time::Timestamp;
use crate::domain::ledger::again;
use crate::domain::ledger::outbox::{self, DueJob, Lease, Patience};
use crate::domain::people::staff;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// What is owed. Payloads hold ids and codes, never a person's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum Job {
    /// Write to a colleague.
    Mail {
        /// To whom.
        staff: StaffId,
        /// What about.
        notice: Notice,
    },
    /// Tell the log, and the operator's pager where there is one, that an alarm rings.
    Pager {
        /// The case.
        case: CaseId,
        /// Which rule, clock or fault rings.
        reason: String,
        /// How high up.
        rung: Rung,
        /// How soon to look.
        urgency: Urgency,
        /// How many people are written to.
        told: i64,
        /// Which ring it is; jobs of earlier versions do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<RingOf>,
    },
    /// Tell the log, and the operator's pager where there is one, that an urgent case is offered to somebody.
    Offer {
        /// The case.
        case: CaseId,
        /// To whom.
        staff: StaffId,
        /// Until when it stands.
        until: Timestamp,
        /// How many people are written to.
        told: i64,
    },
    /// Tell the safeguarding lead that a colleague met a wall.
    TellOfWall {
        /// The case behind the wall.
        case: CaseId,
    },
    /// Tell the safeguarding lead that a colleague knows somebody in a case and has left it.
    TellOfLeft {
        /// The case.
        case: CaseId,
    },
    /// Tell the safeguarding lead that contact was made by a way that was not known to be safe.
    TellOfUnsafeContact {
        /// The case.
        case: CaseId,
    },
    /// Tell the safeguarding lead that something was told to others without the survivor's consent.
    TellOfDisclosure {
        /// The case.
        case: CaseId,
    },
    /// Tell the operator of one or the other, because no safeguarding lead may hear.
    TellOperatorOfUnsafeContact,
    /// Look what becomes of the hand-overs of a case, after what may be a wish to withdraw. It is owed of each, so that no answer
    /// tells whether there are any.
    WishCame {
        /// The case.
        case: CaseId,
    },
    /// Write to a service that something waits for it.
    TellService {
        /// The case.
        case: CaseId,
        /// Which hand-over.
        referral: ReferralId,
        /// Why.
        occasion: Occasion,
    },
    /// Tell that nobody may work on these cases.
    TellOfUnseen {
        /// Some of them.
        cases: Vec<CaseId>,
        /// How many there are.
        count: usize,
    },
    /// Tell the operator that nobody may work on a case.
    TellOperatorOfUnseen,
    /// Tell the operator that a colleague met a wall of which no safeguarding lead may hear.
    TellOperatorOfWall,
    /// Tell the operator that an alarm rings and no mail reaches anybody.
    TellOperatorUnheard {
        /// Which ring.
        of: RingOf,
    },
    /// Page the leads, because nobody of a shift has signed in.
    TellOfEmptyShift {
        /// The shift.
        shift: ShiftId,
    },
    /// Tell the operator that nobody of a shift has signed in, and that no lead can be written to.
    TellOperatorOfEmptyShift {
        /// The shift.
        shift: ShiftId,
    },
    /// Go the way of every page, and page nobody: what hangs or refuses shows before a page is owed.
    Probe,
    /// Tell the operator that there is no rota.
    TellOperatorOfNoRota,
    /// Tell the operator that entries of the directory end soon.
    TellOperatorOfStaleServices,
    /// Tell the operator that a colleague's second factor was closed.
    TellOperatorOfClosedFactor {
        /// Whose.
        staff: StaffId,
    },
    /// Tell a platform that its endpoint has taken nothing for a day.
    EndpointFailing {
        /// The endpoint.
        endpoint: EndpointId,
    },
    /// Tell a platform that its endpoint is no longer called.
    EndpointDisabled {
        /// The endpoint.
        endpoint: EndpointId,
    },
}

impl Job {
    /// The job with this payload; nothing when this version does not know it.
    #[must_use]
    pub fn read(payload: &str) -> Option<Self> {
        serde_json::from_str(payload).ok()
    }

    /// Whether somebody is woken by it. It is tried until it is done or the alarm is over, and never long after.
    #[must_use]
    pub const fn is_page(&self) -> bool {
        matches!(
            self,
            Self::Pager { .. }
                | Self::Offer { .. }
                | Self::Mail { notice: Notice::Page { .. } | Notice::EmptyShift { .. } | Notice::Offer { .. }, .. }
                | Self::TellOperatorUnheard { .. }
                | Self::TellOfEmptyShift { .. }
                | Self::TellOperatorOfEmptyShift { .. }
        )
    }

    /// One word for what kind it is.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Mail { .. } => "mail",
            Self::Pager { .. } | Self::Offer { .. } => "pager",
            Self::Probe => "probe",
            Self::TellOfWall { .. } | Self::TellOfLeft { .. } | Self::TellOperatorOfWall => "tell_of_wall",
            Self::TellOfUnsafeContact { .. } | Self::TellOperatorOfUnsafeContact => "tell_of_unsafe_contact",
            Self::WishCame { .. } => "wish_came",
            Self::TellService { .. } => "tell_service",
            Self::TellOfDisclosure { .. } => "tell_of_disclosure",
            Self::TellOperatorUnheard { .. } => "tell_of_unheard",
            Self::TellOfUnseen { .. } | Self::TellOperatorOfUnseen => "tell_of_unseen",
            Self::TellOfEmptyShift { .. } | Self::TellOperatorOfEmptyShift { .. } | Self::TellOperatorOfNoRota => {
                "tell_of_rota"
            }
            Self::TellOperatorOfClosedFactor { .. } => "tell_of_closed_factor",
            Self::TellOperatorOfStaleServices => "tell_of_stale_services",
            Self::EndpointFailing { .. } | Self::EndpointDisabled { .. } => "webhook_endpoint",
        }
    }
}

codes! {
    /// Why a service is written to. The mail is the same for each.
    pub enum Occasion {
        /// Something was handed over to it.
        Sent = "sent",
        /// Half of the time for its answer has gone.
        Waits = "waits",
        /// Something was taken back that it has read.
        TakenBack = "taken_back",
    }
}

/// Which ring of which alarm a call of the pager is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingOf {
    /// The alarm.
    pub alarm: AlarmId,
    /// Which ring it is, from 1.
    pub ring: i64,
    /// Whether the alarm ended with this ring.
    pub last: bool,
}

/// What a mail to a colleague is about. None says anything of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Notice {
    /// An alarm rings.
    Page {
        /// The alarm.
        alarm: AlarmId,
        /// Which ring it is, from 1.
        ring: i64,
        /// How soon to look.
        urgency: Urgency,
        /// Whether the alarm ended with this ring: it told whoever holds the case.
        last: bool,
    },
    /// Nobody of a shift has signed in.
    EmptyShift {
        /// The shift.
        shift: ShiftId,
    },
    /// A colleague met a wall.
    Wall,
    /// A colleague put one up, and has left what stands behind it.
    Left,
    /// An urgent case is offered to them.
    Offer {
        /// The case.
        case: CaseId,
        /// Until when it stands.
        until: Timestamp,
    },
    /// There is nothing to take any more of what was offered to them.
    OfferOver,
    /// What they offered was not taken.
    NotTaken,
    /// A case was handed to them.
    HandedOver {
        /// The case.
        case: CaseId,
    },
    /// A second person is needed, and they may be it.
    Second {
        /// The act that waits.
        act: ActId,
    },
    /// Contact was made by a way that was not known to be safe.
    UnsafeContact,
    /// Nobody may work on a case.
    Unseen,
    /// Their second factor was closed.
    FactorClosed,
    /// It was opened again.
    FactorOpen,
    /// The second factor of a colleague was closed.
    ColleagueShutOut,
    /// Entries of the directory end soon.
    StaleServices,
}

/// A job that a worker holds.
#[derive(Debug)]
pub struct Leased {
    /// By what it is held.
    pub lease: Lease,
    /// What is owed.
    pub job: Job,
    /// Whether an earlier attempt ended, and failed; one whose worker died said nothing.
    pub failed_before: bool,
}

/// By which the one probe is known.
const PROBE: &str = "probe";

/// Owes the probe, unless it is owed and not done yet.
///
/// # Errors
/// What the database says.
pub fn owe_probe(tx: &mut Unit<'_>) -> Result<()> {
    let payload = serde_json::to_string(&Job::Probe).map_err(anyhow::Error::new)?;
    again::owe(tx, Job::Probe.kind(), &payload, PROBE)
}

/// Since when the probe is owed, and whether it is done.
///
/// # Errors
/// What the database says.
pub fn probe(rx: &mut Look<'_>) -> Result<Option<(Timestamp, bool)>> {
    again::standing_of(rx, PROBE)
}

/// Owes a job. One with a known `dedupe_key` is owed once.
///
/// # Errors
/// What the database says.
pub fn owe(tx: &mut Unit<'_>, job: &Job, run_at: Timestamp, dedupe_key: Option<&str>) -> Result<()> {
    let payload = serde_json::to_value(job).map_err(anyhow::Error::new)?;
    let kind = payload.get("kind").and_then(|kind| kind.as_str()).unwrap_or_default();
    outbox::enqueue(tx, kind, &payload.to_string(), run_at, dedupe_key)
}

/// Owes a mail to a colleague, if they have an address.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn write_to(
    tx: &mut Unit<'_>,
    to: &StaffId,
    notice: Notice,
    dedupe_key: Option<&str>,
) -> Result<()> {
    if !staff::with_mail(tx)?.contains(to.as_str()) {
        return Ok(());
    }
    let now = tx.now();
    owe(tx, &Job::Mail { staff: to.clone(), notice }, now, dedupe_key)
}

/// Leases those of the jobs that no other worker has taken meanwhile, and that can be done.
///
/// # Errors
/// What the database says.
pub fn lease(tx: &mut Unit<'_>, worker: &str, some: &[DueJob]) -> Result<Vec<Leased>> {
    let mut leased = Vec::with_capacity(some.len());
    for taken in outbox::lease(tx, worker, some)? {
        match Job::read(&taken.payload) {
            Some(job) => leased.push(Leased { lease: taken.lease, job, failed_before: taken.failed_before }),
            None => drop(outbox::bury(tx, &taken.lease, "the payload is not known to this version")?),
        }
    }
    Ok(leased)
}

/// Gives a failed job back for a later attempt, or lays it aside when it has had all of them. Says whether the lease was
/// still ours; otherwise nothing is changed.
///
/// # Errors
/// What the database says.
pub fn fail(tx: &mut Unit<'_>, leased: &Leased, reason: &str) -> Result<bool> {
    let is_endless = leased.job.is_page() || leased.job == Job::Probe || matches!(leased.job, Job::TellService { .. });
    let patience = if is_endless { Patience::Endless } else { Patience::Some };
    outbox::fail(tx, &leased.lease, reason, patience)
}
