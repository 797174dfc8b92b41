//! What the console calls things: a word or two for each code.

use crate::domain::case::clocks::ClockKind;
use crate::domain::case::{Outcome, PrioritySource, State};
use crate::domain::casework::acts::ActKind;
use crate::domain::casework::offers::WhyNot;
use crate::domain::terms::region::Region;
use crate::domain::terms::words::DesiredOutcome;
use crate::domain::triage::{Priority, Queue};

pub(super) use crate::web::named::{answer, category, plain, question, relation};

/// A queue.
pub(super) const fn queue(queue: Queue) -> &'static str {
    match queue {
        Queue::Emergency => "Emergency",
        Queue::Children => "Children",
        Queue::StalkingViolence => "Stalking and violence",
        Queue::SexualHarm => "Sexual harm",
        Queue::ImageAbuse => "Image abuse",
        Queue::Fraud => "Fraud",
        Queue::Complaints => "Complaints",
        Queue::Other => "Other",
    }
}

/// A state.
pub(super) const fn state(state: State) -> &'static str {
    match state {
        State::Received => "new",
        State::InReview => "in review",
        State::OnHold => "on hold",
        State::AwaitingPlatform => "awaiting platform",
        State::Closed => "closed",
    }
}

/// Where a priority comes from.
pub(super) const fn source(source: PrioritySource) -> &'static str {
    match source {
        PrioritySource::Rules => "from the rules",
        PrioritySource::Failure => "the rules failed: look yourself",
        PrioritySource::Raised => "raised by a colleague",
        PrioritySource::Lowered => "lowered by two colleagues",
    }
}

/// A priority as it is read: `P0`.
pub(super) fn priority(priority: Priority) -> String {
    priority.as_str().to_uppercase()
}

/// What is due.
pub(super) const fn clock(kind: ClockKind) -> &'static str {
    match kind {
        ClockKind::HumanReview => "Human review",
        ClockKind::FirstContactOrStandby => "First safe contact or standby",
        ClockKind::EscalationDecision => "Escalation decision",
        ClockKind::ReReview => "Next look",
        ClockKind::IntimateImage => "Intimate image: the platform’s 48 hours",
        ClockKind::Request => "The platform’s answer",
        ClockKind::CheckIn => "Agreed check-in",
        ClockKind::LookAgain => "Look again whether contact is safe",
        ClockKind::Referral => "Referral: the next step",
        ClockKind::TellSurvivor => "Tell her what became of a referral",
        ClockKind::DisclosureReview => "Another person looks at what was disclosed",
    }
}

/// Where somebody lives, as far as it is known.
pub(super) const fn region(region: Option<Region>) -> &'static str {
    match region {
        Some(Region::NorthEast) => "North East",
        Some(Region::NorthWest) => "North West",
        Some(Region::YorkshireAndTheHumber) => "Yorkshire and The Humber",
        Some(Region::EastMidlands) => "East Midlands",
        Some(Region::WestMidlands) => "West Midlands",
        Some(Region::EastOfEngland) => "East of England",
        Some(Region::London) => "London",
        Some(Region::SouthEast) => "South East",
        Some(Region::SouthWest) => "South West",
        Some(Region::Wales) => "Wales",
        Some(Region::Scotland) => "Scotland",
        Some(Region::NorthernIreland) => "Northern Ireland",
        Some(Region::OutsideOrUnknown) => "Outside the UK or unknown",
        None => "region not known",
    }
}

/// How a case ended.
pub(super) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::PlatformActed => "The platform did what it was asked",
        Outcome::PlatformRefused => "The platform declined",
        Outcome::PlatformSilent => "The platform never answered",
        Outcome::SupportedElsewhere => "Help came from a service or the police",
        Outcome::RecordedOnly => "Kept on record, as she wished",
        Outcome::Withdrawn => "She withdrew",
        Outcome::UnableToContact => "She could not be reached",
        Outcome::Unfounded => "A report meant to harm",
    }
}

/// What somebody hopes for.
pub(super) const fn wish(wish: DesiredOutcome) -> &'static str {
    match wish {
        DesiredOutcome::RecordOnly => "only that it is on record",
        DesiredOutcome::Advice => "advice and support",
        DesiredOutcome::PlatformAction => "that the platform acts",
        DesiredOutcome::Police => "the police",
        DesiredOutcome::Unsure => "not sure yet",
    }
}

/// What waits for a second person.
pub(super) const fn act(kind: ActKind) -> &'static str {
    match kind {
        ActKind::LowerPriority => "lower the priority",
        ActKind::CloseUnfounded => "close it as a report meant to harm",
        ActKind::CloseUrgent => "close it",
        ActKind::AskPlatform => "ask the platform without her recorded agreement",
    }
}

/// Why something cannot be done now.
pub(super) const fn why_not(why: WhyNot) -> &'static str {
    match why {
        WhyNot::Role => "it is not for your role",
        WhyNot::NotHeld => "take the case first",
        WhyNot::HeldByOther => "somebody else holds the case",
        WhyNot::State => "not from where the case stands",
        WhyNot::Closed => "the case is closed",
        WhyNot::Unread => "read first what came in",
        WhyNot::SecondPerson => "a second person does it",
        WhyNot::Proposer => "it is for whoever proposed it",
        WhyNot::Outdated => "more has come in since it was proposed",
        WhyNot::Void => "it waits no longer",
        WhyNot::ReferralOpen => "a referral is under way that no service has accepted",
        WhyNot::NotOnRecord => "what it needs is not on record yet",
        WhyNot::Damaged => "it does not open",
        WhyNot::NoFurther => "it is there already",
    }
}
