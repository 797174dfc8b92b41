//! What the inbox calls things: a word or two for each code.

use crate::domain::intake::body::AgeBand;
use crate::domain::referrals::consents::Share;
use crate::domain::referrals::partners::Urgency;
use crate::domain::referrals::state::State;
use crate::domain::referrals::{DeclineReason, HandOver, Outcome};
use crate::domain::terms::identifiers::IdentifierKind;
use crate::domain::triage::Phase;

/// Where one stands.
pub(super) const fn state(state: State) -> &'static str {
    match state {
        State::Drafted => "Not sent",
        State::Sent => "New",
        State::Received => "Read, not answered",
        State::Accepted => "Taken on",
        State::Contacted => "In contact",
        State::UnableToContact => "Not reached",
        State::Withdrawn => "Taken back",
        State::Declined => "Declined",
        State::Closed => "Closed",
        State::Expired => "Not waited for any more",
    }
}

/// How soon somebody is to look at it.
pub(super) const fn urgency(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Now => "Now",
        Urgency::Today => "Today",
        Urgency::ThisWeek => "This week",
        Urgency::Routine => "In its turn",
    }
}

/// By which colour an urgency stands out, as a priority does in the console.
pub(super) const fn level(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Now => "p0",
        Urgency::Today => "p1",
        Urgency::ThisWeek => "p2",
        Urgency::Routine => "p3",
    }
}

/// What is expected next.
pub(super) const fn next(phase: Phase) -> &'static str {
    match phase {
        Phase::Draft => "that it is sent",
        Phase::Receipt => "that somebody reads it",
        Phase::Answer => "a yes or a no",
        Phase::Contact => "a first contact",
        Phase::NextWord => "the next word",
        Phase::Acknowledgement => "that no copy is left",
    }
}

/// To what she agrees.
pub(super) const fn scope(scope: Share) -> &'static str {
    match scope {
        Share::Identity => "who she is",
        Share::Contact => "how she is reached",
        Share::Statement => "what happened",
        Share::Answers => "her answers",
        Share::Subject => "whom she reported",
    }
}

/// Who makes the first contact.
pub(super) const fn hand_over(hand_over: HandOver) -> &'static str {
    match hand_over {
        HandOver::TheyContact => "You contact her.",
        HandOver::SheContacts => "She contacts you.",
        HandOver::JointCall => "Whoever sent this, she and you speak together first.",
    }
}

/// Why it cannot be taken on.
pub(super) const fn reason(reason: DeclineReason) -> &'static str {
    match reason {
        DeclineReason::NoCapacity => "There is no room",
        DeclineReason::OutOfArea => "She is not where we help",
        DeclineReason::OutsideRemit => "We do not help with this",
        DeclineReason::Age => "Her age",
        DeclineReason::Language => "We speak no language of hers",
        DeclineReason::Conflict => "Somebody here knows somebody in it",
        DeclineReason::RiskTooHigh => "We are not made for a danger like this",
        DeclineReason::ConsentMissing => "It does not say that she agreed",
        DeclineReason::Duplicate => "We help her already",
        DeclineReason::Other => "Something else: say what",
    }
}

/// How it ended.
pub(super) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Supported => "She was helped",
        Outcome::SurvivorDeclined => "She did not want it",
        Outcome::NotReached => "She was not reached",
        Outcome::ReferredOn => "Another service helps her",
        Outcome::Other => "Something else: say what",
    }
}

/// A kind of identifier.
pub(super) const fn identifier(kind: IdentifierKind) -> &'static str {
    match kind {
        IdentifierKind::Phone => "Telephone",
        IdentifierKind::Email => "Mail address",
        IdentifierKind::Handle => "Name on a site or app",
        IdentifierKind::ProfileUrl => "Page on a site",
        IdentifierKind::Device => "Device",
        IdentifierKind::Payment => "Account or card",
    }
}

/// An age, as far as it was given.
pub(super) const fn age(band: AgeBand) -> &'static str {
    match band {
        AgeBand::Under18 => "under 18",
        AgeBand::Adult => "18 or older",
        AgeBand::Unsure => "not sure: treat as under 18",
        AgeBand::NotGiven => "not given",
    }
}
