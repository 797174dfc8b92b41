//! Changing the priority. A raise holds at once; a lowering of what is urgent waits for a second person.

use super::super::queues;
use super::super::words;
use super::back;
use super::facts::Facts;
use super::shown::Parts;
use crate::domain::access::{self, ChangePriority};
use crate::domain::casework::acts::{self, Change, Done, PriorityReason};
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::triage::Priority;
use crate::error::rules::Form as Rule;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

const REASONS: [(&str, &str); 5] = [
    ("new_information", "Something new is known"),
    ("immediate_danger", "There is danger now"),
    ("professional_judgement", "My judgement"),
    ("safety_confirmed", "She said that she is safe, through a way that was confirmed safe"),
    ("entered_in_error", "An answer was entered by mistake"),
];

pub(super) fn parts(facts: &Facts, form: &Form) -> Parts {
    let now = facts.case.priority;
    let choice = |to: &Priority| {
        let choice = Choice::of(to.as_str(), words::priority(*to), form.given("priority"));
        match (*to).cmp(&now) {
            std::cmp::Ordering::Equal => choice.closed("The case has this priority now."),
            std::cmp::Ordering::Less => choice.hint("A raise: it holds at once."),
            std::cmp::Ordering::Greater if now <= Priority::P1 => {
                choice.hint("A lowering: a second person decides, and until then nothing changes.")
            }
            std::cmp::Ordering::Greater => choice.hint("A lowering: it holds at once."),
        }
    };
    let reasons = REASONS.into_iter().map(|(code, label)| Choice::of(code, label, form.given("reason_code")));
    Parts {
        title: "Change the priority".to_owned(),
        fields: vec![
            Field::of("priority", "To which?", Kind::Radios(Priority::ALL.iter().map(choice).collect())),
            Field::of("reason_code", "Why?", Kind::Radios(reasons.collect())),
            Field::words("text", "Why, in words", form.text("text").to_owned()).hint("The next colleague reads it, and whoever signs."),
        ],
        happens: "A raised case moves up in its queue, and its clocks get shorter; at P0 it moves to the emergency queue, a child’s stays with the children’s. A lowering of a P0 or P1 waits for a lead.".to_owned(),
        told: "At P0 and P1 those on shift, unless you hold the case. The survivor and the platform hear nothing.".to_owned(),
        stays: "Your reason stands in the timeline.".to_owned(),
        button: "Change the priority".to_owned(),
        is_grave: false,
    }
}

pub(super) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let case = at.case.clone();
    // A raise may move the case out of the queues of whoever raised it: also when it is clicked twice, they read where it went.
    desk::moving::<ChangePriority>(call, visit, at, move |tx, grant| {
        let who = grant.who().clone();
        form.require(&["priority", "reason_code", "text"])?;
        let missing = |pointer: &str| Error::invalid(pointer, Rule::Required);
        let to = form.code::<Priority>("priority")?.ok_or_else(|| missing("/priority"))?;
        let reason_code = form.code::<PriorityReason>("reason_code")?.ok_or_else(|| missing("/reason_code"))?;
        let change = Change { to, reason_code, text: form.text("text").to_owned() };
        Ok(match acts::change_priority(tx, grant, change)? {
            Done::Now(now) if !now.queues().iter().any(|queue| access::sees(&who, *queue)) => {
                queues::to(format!("/console/moved?queue={}&mode={}", now.queue.as_str(), now.mode.as_str()))
            }
            Done::Now(_) => back(&case, "reprioritised"),
            Done::Pending(_) => back(&case, "proposed"),
        })
    })
    .await
}
