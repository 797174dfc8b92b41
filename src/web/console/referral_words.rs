//! What the console calls what belongs to referrals: a word or two for each code.

use crate::domain::casework::owed_words::OwedWord;
use crate::domain::referrals::consents::{ConsentState, Giver, Interpreter, Share};
use crate::domain::referrals::state::State;
use crate::domain::referrals::{DeclineReason, HandOver, Notice, Outcome, Step};
use crate::domain::triage::Phase;

/// Where a referral stands.
pub(super) const fn state(state: State) -> &'static str {
    match state {
        State::Drafted => "drafted, not sent",
        State::Sent => "sent, not received",
        State::Received => "received, not answered",
        State::Accepted => "accepted",
        State::Contacted => "in contact with her",
        State::UnableToContact => "could not reach her",
        State::Withdrawn => "taken back",
        State::Declined => "declined",
        State::Closed => "closed",
        State::Expired => "not waited for any more",
    }
}

/// What is waited for.
pub(super) const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Draft => "that it is sent",
        Phase::Receipt => "that they receive it",
        Phase::Answer => "a yes or a no",
        Phase::Contact => "their first contact with her",
        Phase::NextWord => "their next word",
        Phase::Acknowledgement => "that they keep no copy",
    }
}

/// What was done.
pub(super) const fn step(step: Step) -> &'static str {
    match step {
        Step::Send => "sent",
        Step::Receive => "received",
        Step::Accept => "accepted",
        Step::Decline => "declined",
        Step::Contacted => "in contact with her",
        Step::UnableToContact => "could not reach her",
        Step::Close => "closed",
        Step::Withdraw => "taken back",
        Step::Expire => "not waited for any more",
        Step::Acknowledge => "they keep no copy",
    }
}

/// What became of a mail.
pub(super) const fn notice(notice: Notice) -> &'static str {
    match notice {
        Notice::Owed => "A mail to them is on its way.",
        Notice::HandedOver => "A mail to them was taken. That is no receipt.",
        Notice::NotDelivered => "No mail reaches them: ring them.",
    }
}

/// Where a consent stands.
pub(super) const fn consent(state: ConsentState) -> &'static str {
    match state {
        ConsentState::InForce => "in force",
        ConsentState::Expired => "its time has passed",
        ConsentState::Withdrawn => "she took it back",
        ConsentState::BeforeAWish => "older than a wish to withdraw: ask her again",
        ConsentState::Unreadable => "it does not open",
    }
}

/// What she agrees to.
pub(super) const fn share(share: Share) -> &'static str {
    match share {
        Share::Identity => "Who she is",
        Share::Contact => "How she is reached",
        Share::Statement => "What happened",
        Share::Answers => "Her answers",
        Share::Subject => "Whom she reported",
    }
}

/// Who agrees.
pub(super) const fn giver(giver: Giver) -> &'static str {
    match giver {
        Giver::Survivor => "She herself, an adult",
        Giver::Child => "She herself, a child",
    }
}

/// Who spoke between.
pub(super) const fn interpreter(interpreter: Interpreter) -> &'static str {
    match interpreter {
        Interpreter::None => "Nobody",
        Interpreter::Professional => "A professional interpreter",
        Interpreter::Other => "Somebody else",
    }
}

/// Who makes the first contact.
pub(super) const fn hand_over(hand_over: HandOver) -> &'static str {
    match hand_over {
        HandOver::TheyContact => "They contact her",
        HandOver::SheContacts => "She contacts them, and says a word",
        HandOver::JointCall => "She, you and they speak together first",
    }
}

/// Why a service says no.
pub(super) const fn reason(reason: DeclineReason) -> &'static str {
    match reason {
        DeclineReason::NoCapacity => "No room",
        DeclineReason::OutOfArea => "Not where they help",
        DeclineReason::OutsideRemit => "They do not help with this",
        DeclineReason::Age => "Her age",
        DeclineReason::Language => "No language of hers",
        DeclineReason::Conflict => "Somebody there knows somebody in it",
        DeclineReason::RiskTooHigh => "Not made for a danger like this",
        DeclineReason::ConsentMissing => "It does not say that she agreed",
        DeclineReason::Duplicate => "They help her already",
        DeclineReason::Other => "Something else",
    }
}

/// How it ended.
pub(super) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Supported => "She was helped",
        Outcome::SurvivorDeclined => "She did not want it",
        Outcome::NotReached => "She was not reached",
        Outcome::ReferredOn => "Another service helps her",
        Outcome::Other => "Something else",
    }
}

/// What she is owed to know.
pub(super) const fn owed(word: OwedWord) -> &'static str {
    match word {
        OwedWord::CouldNotTakeIt => "they could not take it on",
        OwedWord::NoAnswerYet => "they have not answered yet",
        OwedWord::CouldNotReachYou => "they tried, and could not reach her",
        OwedWord::Ended => "it has come to its end",
        OwedWord::SentToNext => "it went to the next one that she agreed to",
    }
}
