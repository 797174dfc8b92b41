//! Recording what was told to others without her consent, because it could not wait. Whoever is alone at night comes here after the
//! call, and before anything else.

use super::back;
use super::shown::Parts;
use crate::domain::access::WriteNote;
use crate::domain::casework::{self, NewNote, Records};
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::error::Result;
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

/// A field of which one choice is taken.
fn radios(form: &Form, name: &'static str, label: &'static str, all: &[(&'static str, &'static str)]) -> Field {
    let choices = all.iter().map(|(value, label)| Choice::of(value, *label, form.given(name)));
    Field::of(name, label, Kind::Radios(choices.collect()))
}

pub(super) fn parts(form: &Form) -> Parts {
    let to = [
        ("police", "The police"),
        ("ambulance", "An ambulance"),
        ("children_services", "Those who protect children"),
        ("adult_services", "Those who protect adults who cannot protect themselves"),
    ];
    let why = [
        ("life", "A life is in danger"),
        ("serious_harm", "Serious harm is about to be done"),
        ("child_at_risk", "A child is at risk"),
        ("no_capacity", "She cannot decide for herself just now"),
    ];
    let asked = [
        ("agreed", "She agreed"),
        ("refused", "She did not want it"),
        ("unsafe", "It was not safe to ask her"),
        ("unreachable", "She could not be reached"),
    ];
    Parts {
        title: "Record an emergency".to_owned(),
        fields: vec![
            radios(form, "to", "Whom did you tell?", &to).hint("Call first, and write it down then."),
            radios(form, "why", "Why could it not wait?", &why),
            radios(form, "asked_her", "What came of asking her?", &asked),
            radios(form, "told_her", "Was she told that it was done?", &[("true", "Yes"), ("false", "No")]),
            Field::words("text", "What was said to them", form.text("text").to_owned())
                .hint("No more than they need. The person who looks at it reads this."),
        ],
        happens: "It is on record, and meets the clock of the escalation decision. You need nobody’s leave for it."
            .to_owned(),
        told: "The safeguarding lead, now. Another person looks at it within 24 hours.".to_owned(),
        stays: "What was recorded cannot be changed. A later note can correct it.".to_owned(),
        button: "Record it".to_owned(),
        is_grave: true,
    }
}

pub(super) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    // It is taken whatever has happened since.
    let at = At { seen: Seen::Unasked, ..at };
    let case = at.case.clone();
    desk::on_case::<WriteNote>(call, visit, at, move |tx, grant| {
        casework::write_note(tx, grant, &note(&form)?)?;
        Ok(back(&case, "disclosed"))
    })
    .await
}

fn note(form: &Form) -> Result<NewNote> {
    let told_her = match form.text("told_her") {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    Ok(NewNote {
        text: form.text("text").to_owned(),
        records: Some(Records::EmergencyDisclosure),
        to: form.code("to")?,
        why: form.code("why")?,
        asked_her: form.code("asked_her")?,
        told_her,
        ..NewNote::default()
    })
}
