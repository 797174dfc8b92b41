//! Closing a case.

use super::super::words;
use super::back;
use super::facts::Facts;
use super::shown::Parts;
use crate::domain::access::Decide;
use crate::domain::case::Outcome;
use crate::domain::casework::acts::Done;
use crate::domain::casework::offers::WhyNot;
use crate::domain::casework::{self, Closing};
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::error::rules::Form as Rule;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

pub(super) fn parts(facts: &Facts, form: &Form) -> Parts {
    let outcome = |outcome: &Outcome| {
        let choice = Choice::of(outcome.as_str(), words::outcome(*outcome), form.given("outcome"));
        let offer = facts.outcomes.iter().find(|offer| offer.outcome == Some(*outcome));
        match offer.map(|offer| (offer.why_not, offer.second_person)) {
            // What stands in the way of all of them is said when the form is sent: it may have gone by then.
            Some((Some(WhyNot::NotOnRecord), _)) => choice.closed(missing(*outcome)),
            Some((_, true)) => choice.hint("A second person signs."),
            Some((_, false)) | None => choice,
        }
    };
    Parts {
        title: "Decide".to_owned(),
        fields: vec![
            Field::of("outcome", "What came of it?", Kind::Radios(Outcome::ALL.iter().map(outcome).collect())),
            Field::words("reason", "Why, for colleagues", form.text("reason").to_owned()).hint("The next colleague reads it, and whoever signs."),
        ],
        happens: "The case is closed, or waits for a second person where the outcome needs one. More that comes in opens it again.".to_owned(),
        told: "The platform reads the outcome and nothing more. The statistics count the case.".to_owned(),
        stays: "The outcome stands on record. A closed case can be reopened with a reason.".to_owned(),
        button: "Decide".to_owned(),
        is_grave: true,
    }
}

/// Why an outcome is not true now.
const fn missing(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::PlatformActed => "Not true now: the platform has not answered that it did anything.",
        Outcome::PlatformRefused => "Not true now: the platform has refused nothing.",
        Outcome::PlatformSilent => "Not true now: no request is overdue.",
        Outcome::Withdrawn => {
            "Not now: it needs her wish on record, and that she was asked live, alone and by another way since."
        }
        Outcome::SupportedElsewhere => {
            "Not now: no service has accepted a referral, and no note says that help came and how you know."
        }
        Outcome::RecordedOnly | Outcome::UnableToContact | Outcome::Unfounded => "Not from where the case stands now.",
    }
}

pub(super) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let case = at.case.clone();
    desk::on_case::<Decide>(call, visit, at, move |tx, grant| {
        form.require(&["outcome", "reason"])?;
        let outcome = form.code::<Outcome>("outcome")?.ok_or_else(|| Error::invalid("/outcome", Rule::Required))?;
        let closing = Closing { outcome, reason: form.text("reason").to_owned() };
        Ok(match casework::decide(tx, grant, &closing)? {
            Done::Now(_) => back(&case, "closed"),
            Done::Pending(_) => back(&case, "proposed"),
        })
    })
    .await
}
