//! Asking the platform.

use super::back;
use super::shown::Parts;
use crate::base::time::Timestamp;
use crate::domain::access::AskPlatform;
use crate::domain::casework;
use crate::domain::casework::acts::Done;
use crate::domain::casework::requests::{Agreement, NewRequest, RequestAction, SubjectNotice};
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::error::rules::Form as Rule;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

const ACTIONS: [(RequestAction, &str, &str); 7] = [
    (RequestAction::PreserveEvidence, "Keep the evidence", "Needs nobody’s agreement, and tips nobody off."),
    (RequestAction::RestoreEvidence, "Bring back evidence that is gone", ""),
    (RequestAction::ProvideInformation, "Tell us something", ""),
    (RequestAction::RemoveImage, "Take an intimate image down", "The platform’s 48 hours run from the report."),
    (RequestAction::StopContact, "Stop the contact", "May tip off the subject."),
    (RequestAction::HideAccount, "Hide the account", "May tip off the subject."),
    (RequestAction::RemoveAccount, "Remove the account", "May tip off the subject."),
];

pub(super) fn parts(form: &Form) -> Parts {
    let action = ACTIONS.into_iter().map(|(action, label, hint)| {
        let choice = Choice::of(action.as_str(), label, form.given("action"));
        if hint.is_empty() { choice } else { choice.hint(hint) }
    });
    let agreement = [
        ("", "None is needed, or her own report says that she wishes it"),
        ("survivor", "She agreed: say below how and when"),
        ("two_person", "Two of us decide without her: say below why. A second person signs"),
    ];
    let agreement =
        agreement.into_iter().map(|(value, label)| Choice::of(value, label, form.given("agreement").or(Some(""))));
    let due = [("", "In the usual time for this"), ("24", "In 24 hours"), ("48", "In 48 hours"), ("72", "In 72 hours")];
    let due = due.into_iter().map(|(value, label)| Choice::of(value, label, form.given("due_hours").or(Some(""))));
    let wait = [
        ("", "At once"),
        ("12", "Not in the next 12 hours"),
        ("24", "Not in the next 24 hours"),
        ("72", "Not in the next 72 hours"),
    ];
    let wait = wait.into_iter().map(|(value, label)| Choice::of(value, label, form.given("wait_hours").or(Some(""))));
    Parts {
        title: "Ask the platform".to_owned(),
        fields: vec![
            Field::of("action", "To do what?", Kind::Radios(action.collect())),
            Field::of("agreement", "On what does it stand?", Kind::Radios(agreement.collect())),
            Field::words("agreement_record", "How and when she agreed, or why two of us act without her", form.text("agreement_record").to_owned())
                .hint("Colleagues read it, the platform does not. Up to 4,000 characters."),
            Field::words("details", "What the platform needs to know", form.text("details").to_owned())
                .hint("Never her words: the platform reads it. Up to 4,000 characters."),
            Field::of("single_contact_check", "I have checked whether she may be the only one whom the subject is in contact with", Kind::Tick { is_on: form.is_on("single_contact_check") })
                .hint("For what cuts a contact: the subject must not learn by it who spoke."),
            Field::of("due_hours", "When is the answer due?", Kind::List(due.collect())),
            Field::of("wait_hours", "When may it happen?", Kind::List(wait.collect())).hint("So that it tips nobody off."),
        ],
        happens: "The platform is asked at once, and the case waits for its answer. On two people’s record it is asked when a second person has signed.".to_owned(),
        told: "The platform: what is asked, for which report, by when, and what you write for it. It is told to keep it confidential and to tell the subject nothing.".to_owned(),
        stays: "What was asked cannot be taken back.".to_owned(),
        button: "Ask the platform".to_owned(),
        is_grave: true,
    }
}

pub(super) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let at = At { seen: Seen::Unasked, ..at };
    let case = at.case.clone();
    desk::on_case::<AskPlatform>(call, visit, at, move |tx, grant| {
        let request = request(&form, tx.now())?;
        Ok(match casework::ask(tx, grant, request)? {
            Done::Now(_) => back(&case, "asked"),
            Done::Pending(_) => back(&case, "proposed"),
        })
    })
    .await
}

fn request(form: &Form, now: Timestamp) -> Result<NewRequest> {
    let in_hours = |name: &str| Ok::<_, Error>(form.hours(name)?.map(|hours| now.plus(hours)));
    Ok(NewRequest {
        action: form.code("action")?.ok_or_else(|| Error::invalid("/action", Rule::Required))?,
        report_id: None,
        agreement: form.code::<Agreement>("agreement")?,
        agreement_record: form.given("agreement_record").map(str::to_owned),
        due_at: in_hours("due_hours")?,
        not_before: in_hours("wait_hours")?,
        preserve_until: None,
        subject_notice: Some(SubjectNotice::None),
        single_contact_check: form.is_on("single_contact_check"),
        confidential: true,
        details: form.given("details").map(str::to_owned),
    })
}
