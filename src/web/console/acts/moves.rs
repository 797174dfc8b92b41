//! Setting a case aside, and taking it up again.

use super::facts::Facts;
use super::shown::Parts;
use super::{Leaf, back};
use crate::domain::access::Read;
use crate::domain::case::{Action, State};
use crate::domain::casework::{self, Transition};
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::error::Result;
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

/// For how many hours a case is set aside. No date is typed at night.
const HOURS: [u64; 6] = [1, 4, 12, 24, 48, 72];

pub(super) fn start() -> Parts {
    Parts {
        title: "Start the review".to_owned(),
        fields: Vec::new(),
        happens: "The case is in review, by you.".to_owned(),
        told: "The platform sees that its report is worked on.".to_owned(),
        stays: "It is not new any more. You can give it back.".to_owned(),
        button: "Start the review".to_owned(),
        is_grave: false,
    }
}

pub(super) fn hold(form: &Form) -> Parts {
    let chosen = form.given("hours");
    let choice = |hours: u64| {
        let label = if hours == 1 { "1 hour".to_owned() } else { format!("{hours} hours") };
        Choice::of(&hours.to_string(), label, chosen)
    };
    Parts {
        title: "Put on hold".to_owned(),
        fields: vec![
            Field::of("hours", "For how long?", Kind::Radios(HOURS.into_iter().map(choice).collect())),
            Field::words("reason", "Why?", form.text("reason").to_owned()).hint("The next colleague reads it."),
        ],
        happens: "Your claim ends, and the case stays yours. Its clocks run on. It comes back by itself when the time is over, or when something comes in.".to_owned(),
        told: "Nobody now. Of a P0 or P1 those on shift are told when the hold ends, unless somebody has taken it by then.".to_owned(),
        stays: "The reason stands in the timeline.".to_owned(),
        button: "Put it on hold".to_owned(),
        is_grave: false,
    }
}

pub(super) fn resume(facts: &Facts) -> Parts {
    let from = match facts.case.state {
        State::AwaitingPlatform => "The platform’s answer is waited for no longer. What it was asked stays asked.",
        State::Received | State::InReview | State::OnHold | State::Closed => "The hold ends.",
    };
    Parts {
        title: "Take it up again".to_owned(),
        fields: Vec::new(),
        happens: format!("{from} The case is in review, and waits for whoever takes it."),
        told: "Of a P0 or P1 those on shift, unless you take it.".to_owned(),
        stays: "Nothing: it can be put on hold again.".to_owned(),
        button: "Take it up again".to_owned(),
        is_grave: false,
    }
}

pub(super) fn reopen(form: &Form) -> Parts {
    Parts {
        title: "Reopen the case".to_owned(),
        fields: vec![
            Field::words("reason", "Why?", form.text("reason").to_owned()).hint("The next colleague reads it."),
        ],
        happens: "The case is in review again, and its clocks begin anew.".to_owned(),
        told: "The platform sees that its report is worked on again. Of a P0 or P1 those on shift are told.".to_owned(),
        stays: "The reason stands in the timeline.".to_owned(),
        button: "Reopen it".to_owned(),
        is_grave: false,
    }
}

pub(super) async fn act(call: &Call, leaf: Leaf, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let (case, reason) = (at.case.clone(), form.text("reason").to_owned());
    let (action, done) = match leaf {
        Leaf::Start => (Action::Start, "started"),
        Leaf::Hold => (Action::Hold, "held"),
        Leaf::Resume => (Action::Resume, "resumed"),
        Leaf::Reopen
        | Leaf::Claim
        | Leaf::Note
        | Leaf::Priority
        | Leaf::Ask
        | Leaf::Decide
        | Leaf::Link
        | Leaf::Pass
        | Leaf::Contact
        | Leaf::Emergency
        | Leaf::Wishes
        | Leaf::HandOver
        | Leaf::Consent
        | Leaf::TakeBack
        | Leaf::Refer
        | Leaf::Send
        | Leaf::Sign
        | Leaf::ServiceSaid
        | Leaf::Recall
        | Leaf::Replace
        | Leaf::Share => (Action::Reopen, "reopened"),
    };
    desk::on_case::<Read>(call, visit, at, move |tx, seen| {
        let until = form.hours("hours")?.map(|hours| tx.now().plus(hours));
        casework::transition(tx, seen, &Transition { action, reason, until })?;
        Ok(back(&case, done))
    })
    .await
}
