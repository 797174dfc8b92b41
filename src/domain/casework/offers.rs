//! Which acts on a case are open to a colleague now, and why not the others. It says what the operations would say, for it asks the
//! very rules that they ask. What hangs on the words of a call, such as a reason that is missing, it does not know.

use serde::Serialize;
use utoipa::ToSchema;

use super::acts;
use super::claims;
use super::decide;
use crate::base::code::codes;
use crate::base::id::ActId;
use crate::domain::access::{self, Act, Acting, Sight};
use crate::domain::case::{Action, Case, Outcome};
use crate::domain::triage::Priority;
use crate::domain::unit::Look;
use crate::domain::vault::Damaged;
use crate::error::{Conflict, Error, Forbidden, Result};

codes! {
    /// An act that a colleague may be offered.
    pub enum Offer as OfferedAct {
        /// Take it.
        Claim = "claim",
        /// Give it back to its queue.
        Release = "release",
        /// Begin the work.
        Start = "start",
        /// Write a note.
        Note = "note",
        /// Record a contact. By which ways she may be reached stands in `contact_in_force`; that she came to us, and what was
        /// done anyway, is always taken.
        Contact = "contact",
        /// Record how she may be reached, as she tells it live.
        Wishes = "wishes",
        /// Set it aside.
        Hold = "hold",
        /// Take it up again that was set aside, or waits for its platform.
        Resume = "resume",
        /// Take it up again that was closed.
        Reopen = "reopen",
        /// Hand it to somebody, as a lead.
        Assign = "assign",
        /// Hand it to somebody, as whoever holds it.
        HandOver = "hand_over",
        /// Give it back, not to be offered it again for a while.
        Pass = "pass",
        /// Leave it for good: they know somebody in it.
        Leave = "leave",
        /// Raise its priority.
        PriorityRaise = "priority_raise",
        /// Lower its priority.
        PriorityLower = "priority_lower",
        /// Ask the platform.
        AskPlatform = "ask_platform",
        /// Close it, with an outcome.
        Decide = "decide",
        /// Link it with another.
        Link = "link",
        /// Approve as the second person.
        Approve = "approve",
        /// Refuse as the second person.
        Refuse = "refuse",
        /// Take back what they proposed.
        Withdraw = "withdraw",
    }
}

codes! {
    /// Why an act is not open.
    pub enum WhyNot as OfferRefused {
        /// The role has no right to it.
        Role = "role",
        /// It is for who holds the case, and that is not this person.
        NotHeld = "not_held",
        /// Somebody else holds the case.
        HeldByOther = "held_by_other",
        /// It leads nowhere from where the case stands.
        State = "state",
        /// The case is closed.
        Closed = "closed",
        /// Not all that was said was read by this person, or not in this claim.
        Unread = "unread",
        /// It is for another person than the one who proposed it.
        SecondPerson = "second_person",
        /// It is for the one who proposed it.
        Proposer = "proposer",
        /// What was proposed answers no longer all that is known.
        Outdated = "outdated",
        /// What was proposed waits no longer.
        Void = "void",
        /// What it needs does not stand on record: an answer of the platform, a wish and a check, an agreement.
        NotOnRecord = "not_on_record",
        /// A referral is under way that no service has accepted.
        ReferralOpen = "referral_open",
        /// What was proposed does not open.
        Damaged = "damaged",
        /// The priority is the most or the least urgent already.
        NoFurther = "no_further",
    }
}

/// So many of the acts that wait in a case are told of.
const SIGNED: i64 = 20;
/// What is done with each of them.
const OF_ACTS: [Offer; 3] = [Offer::Approve, Offer::Refuse, Offer::Withdraw];

/// An act, and whether it is open.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferView {
    /// Which.
    pub act: Offer,
    /// To close with which outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// To sign what.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub act_id: Option<ActId>,
    /// Whether this person may do it now.
    pub open: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<WhyNot>,
    /// Whether it waits for a second person then.
    pub second_person: bool,
}

/// The acts on a case, and whether each is open to this person now.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferList {
    /// The acts. Closing has an entry for each outcome, signing two, and taking back one, for each of the 20 oldest acts that wait.
    pub data: Vec<OfferView>,
    /// The version of the case that this is true of.
    pub version: i64,
}

/// What is open to whoever reads the case, and why not the rest.
///
/// # Errors
/// What the database says.
pub fn offers(rx: &mut Look<'_>, sight: &Sight) -> Result<OfferList> {
    let mut data = Vec::new();
    for act in Offer::ALL.iter().copied() {
        if act == Offer::Decide {
            for outcome in Outcome::ALL.iter().copied() {
                data.push(closing(rx, sight, outcome)?);
            }
        } else if OF_ACTS.contains(&act) {
            data.extend(of_acts(rx, sight, act)?);
        } else {
            data.push(plain(rx, sight, act)?);
        }
    }
    Ok(OfferList { data, version: sight.case().version })
}

/// The same for a page of the case that is being read by this: closing has one entry, what waits for a second person none, and
/// what is not yet read stands in the way of nothing.
///
/// # Errors
/// What the database says.
pub fn of_page(rx: &mut Look<'_>, sight: &Sight) -> Result<Vec<OfferView>> {
    let mut all = Vec::new();
    for act in Offer::ALL.iter().copied().filter(|act| !OF_ACTS.contains(act)) {
        let asked = if act == Offer::PriorityLower {
            let may = access::check(sight.who(), sight.case(), right(act), rx.now());
            may.and_then(|()| acts::can_be_lowered(sight.case()))
        } else {
            ask(rx, sight.case(), sight.who(), act)
        };
        let why_not = why(rx, sight, asked)?.filter(|why| *why != WhyNot::Unread);
        all.push(of(sight.case(), act, why_not));
    }
    Ok(all)
}

/// An act that needs no more to be named.
fn plain(rx: &mut Look<'_>, sight: &Sight, act: Offer) -> Result<OfferView> {
    let asked = ask(rx, sight.case(), sight.who(), act);
    let why_not = why(rx, sight, asked)?;
    Ok(of(sight.case(), act, why_not))
}

fn of(case: &Case, act: Offer, why_not: Option<WhyNot>) -> OfferView {
    let ends = (act == Offer::PriorityRaise && case.priority == Priority::P0)
        || (act == Offer::PriorityLower && case.priority == Priority::P4);
    let why_not = if ends { why_not.or(Some(WhyNot::NoFurther)) } else { why_not };
    let second_person = act == Offer::PriorityLower && why_not.is_none() && acts::waits_to_lower(case);
    OfferView { second_person, ..view(act, why_not) }
}

/// What the operation asks before all that hangs on the words of a call.
fn ask(rx: &mut Look<'_>, case: &Case, who: &Acting, act: Offer) -> Result<()> {
    access::check(who, case, right(act), rx.now())?;
    match act {
        Offer::Claim => claims::may_claim(rx, case, who),
        Offer::Start => case.next(Action::Start).map(drop),
        Offer::Hold => claims::may_hold(case),
        Offer::Resume => case.next(Action::Resume).map(drop),
        Offer::Reopen => case.next(Action::Reopen).map(drop),
        Offer::AskPlatform => case.next(Action::AskPlatform).map(drop),
        Offer::PriorityLower => acts::may_lower(rx, case, who),
        Offer::Decide => decide::may_close(rx, case),
        Offer::Release
        | Offer::Note
        | Offer::Contact
        | Offer::Wishes
        | Offer::Assign
        | Offer::HandOver
        | Offer::Pass
        | Offer::Leave
        | Offer::PriorityRaise
        | Offer::Link
        | Offer::Approve
        | Offer::Refuse
        | Offer::Withdraw => Ok(()),
    }
}

/// The right that the operation asks for.
const fn right(act: Offer) -> Act {
    match act {
        Offer::Claim => Act::Claim,
        Offer::Release | Offer::Start | Offer::Hold | Offer::Pass => Act::Work,
        Offer::Note | Offer::Contact | Offer::Wishes => Act::WriteNote,
        Offer::Resume | Offer::Reopen => Act::Reopen,
        Offer::Assign => Act::Assign,
        Offer::HandOver => Act::HandOver,
        Offer::Leave | Offer::Withdraw => Act::Read,
        Offer::PriorityRaise | Offer::PriorityLower => Act::ChangePriority,
        Offer::AskPlatform => Act::AskPlatform,
        Offer::Decide => Act::Decide,
        Offer::Link => Act::Link,
        Offer::Approve | Offer::Refuse => Act::SignSecond,
    }
}

/// Whether the case may be closed so.
fn closing(rx: &mut Look<'_>, sight: &Sight, outcome: Outcome) -> Result<OfferView> {
    let (case, who) = (sight.case(), sight.who());
    let asked = ask(rx, case, who, Offer::Decide);
    let mut why_not = why(rx, sight, asked)?;
    if why_not.is_none() {
        why_not = match decide::may_end_so(rx, case, outcome) {
            Err(Error::Conflict(_) | Error::Invalid(_)) => Some(WhyNot::NotOnRecord),
            asked => asked.map(|()| None)?,
        };
    }
    let second_person = why_not.is_none() && decide::waits_for_two(rx, case, outcome, who)?;
    Ok(OfferView { outcome: Some(outcome), second_person, ..view(Offer::Decide, why_not) })
}

/// Whether what waits in the case may be signed, or taken back.
fn of_acts(rx: &mut Look<'_>, sight: &Sight, act: Offer) -> Result<Vec<OfferView>> {
    let (case, who) = (sight.case(), sight.who());
    let mut all = Vec::new();
    for id in acts::waiting_in(rx, &case.id, SIGNED)? {
        let mut asked = ask(rx, case, who, act);
        if asked.is_ok() {
            asked = if act == Offer::Withdraw {
                acts::may_withdraw(rx, case, who, &id).map(drop)
            } else {
                acts::may_decide(rx, case, who, &id, act == Offer::Approve)
            };
        }
        let why_not = why(rx, sight, asked)?;
        all.push(OfferView { act_id: Some(id), ..view(act, why_not) });
    }
    Ok(all)
}

const fn view(act: Offer, why_not: Option<WhyNot>) -> OfferView {
    OfferView { act, outcome: None, act_id: None, open: why_not.is_none(), why_not, second_person: false }
}

/// Why an operation would refuse; nothing where it would not.
fn why(rx: &Look<'_>, sight: &Sight, asked: Result<()>) -> Result<Option<WhyNot>> {
    let (case, who) = (sight.case(), sight.who());
    let error = match asked {
        Ok(()) => return Ok(None),
        Err(error) => error,
    };
    // What was proposed does not open.
    if Damaged::is(&error) || error.is_of_a_row() {
        return Ok(Some(WhyNot::Damaged));
    }
    let conflict = match error {
        Error::Forbidden(Forbidden::Role) => return Ok(Some(WhyNot::Role)),
        Error::Forbidden(Forbidden::SecondPerson) => return Ok(Some(WhyNot::SecondPerson)),
        Error::Forbidden(Forbidden::Proposer) => return Ok(Some(WhyNot::Proposer)),
        Error::Invalid(_) => return Ok(Some(WhyNot::NotOnRecord)),
        // The words of the proposal were erased.
        Error::Erased => return Ok(Some(WhyNot::Void)),
        Error::Conflict(conflict) => conflict,
        Error::Unauthenticated(_)
        | Error::Forbidden(Forbidden::Scope(_) | Forbidden::Origin | Forbidden::Ahead | Forbidden::DeclareFirst)
        | Error::NotFound
        | Error::Refused(_)
        | Error::Throttled { .. }
        | Error::Unavailable(_)
        | Error::Internal(_) => return Err(error),
    };
    Ok(Some(match conflict {
        Conflict::Transition { .. } if !case.state.is_open() => WhyNot::Closed,
        Conflict::ClaimLost if case.is_held_by_other(&who.id, rx.now()) => WhyNot::HeldByOther,
        Conflict::Transition { .. } => WhyNot::State,
        Conflict::ClaimLost => WhyNot::NotHeld,
        Conflict::ClaimedByOther => WhyNot::HeldByOther,
        Conflict::Unread { .. } => WhyNot::Unread,
        Conflict::ActOutdated => WhyNot::Outdated,
        Conflict::ActVoid | Conflict::ActDecided | Conflict::ActWithdrawn => WhyNot::Void,
        Conflict::ReferralOpen => WhyNot::ReferralOpen,
        Conflict::ConsentEnded
        | Conflict::ReferralMoved { .. }
        | Conflict::NoPolicy
        | Conflict::NotInForce
        | Conflict::DuplicateReference { .. }
        | Conflict::InFlight
        | Conflict::NameTaken
        | Conflict::EndpointDisabled => {
            return Err(conflict.into());
        }
    }))
}
