//! Writing a note, and recording what was done.

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

pub(super) fn parts(form: &Form) -> Parts {
    let records = form.given("records").unwrap_or_default();
    let chosen = Some(records);
    let how = form.given("how");
    Parts {
        title: "Write a note".to_owned(),
        fields: vec![
            Field::of(
                "records",
                "What does it record?",
                Kind::Radios(vec![
                    Choice::of("", "A plain note", chosen),
                    Choice::of("escalation_decision", "The decision whether to hand over or go to the police", chosen)
                        .hint("Meets the clock of that decision."),
                    Choice::of("re_review", "A fresh look at the case", chosen)
                        .hint("The next one is due after its span."),
                    Choice::of("support_confirmed", "Help came: she or a service told us", chosen)
                        .hint("The case can then be closed as helped by others. Say below how you know."),
                    Choice::of("withdrawal_told", "She told us that she wants to withdraw", chosen)
                        .hint("It closes and lowers nothing. Say below how you heard it."),
                    Choice::of(
                        "coercion_check",
                        "She was asked, live and alone, whether somebody makes her withdraw",
                        chosen,
                    )
                    .hint("Say below how, whether she was alone, and what she said."),
                ]),
            )
            .hint("For contact that we make, or that she made, use Record a contact."),
            Field::of("how", "By which way was she heard?", Kind::List(ways(how)))
                .hint("For a wish to withdraw and the check after it."),
            Field::of(
                "alone",
                "Was she alone?",
                Kind::List(vec![
                    Choice::of("", "Not of this note", form.given("alone").or(Some(""))),
                    Choice::of("yes", "Yes: she said so, and nobody could hear", form.given("alone")),
                    Choice::of("no", "No", form.given("alone")),
                    Choice::of("unknown", "Not known", form.given("alone")),
                ]),
            )
            .hint("For the check. It counts when she was."),
            Field::words("text", "What you want the next colleague to know", form.text("text").to_owned())
                .hint("Her own words where you have them. Up to 20,000 characters."),
        ],
        happens: "The note stands in the timeline. The case stays where it is, and its priority stays.".to_owned(),
        told: "Nobody outside. Colleagues who open the case read it.".to_owned(),
        stays: "A note cannot be changed or taken away. A later note can correct it.".to_owned(),
        button: "Keep this note".to_owned(),
        is_grave: false,
    }
}

fn ways(chosen: Option<&str>) -> Vec<Choice> {
    let all = [
        ("", "Not of this note"),
        ("phone", "Telephone"),
        ("video", "Video"),
        ("in_person", "In person"),
        ("app", "Through the app"),
        ("email", "Mail"),
        ("message", "Message"),
        ("letter", "Letter"),
        ("somebody_else", "Through somebody else"),
    ];
    all.into_iter().map(|(value, label)| Choice::of(value, label, chosen.or(Some("")))).collect()
}

pub(super) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    // A note stands beside whatever has happened since.
    let at = At { seen: Seen::Unasked, ..at };
    let case = at.case.clone();
    desk::on_case::<WriteNote>(call, visit, at, move |tx, grant| {
        casework::write_note(tx, grant, &note(&form)?)?;
        Ok(back(&case, "noted"))
    })
    .await
}

fn note(form: &Form) -> Result<NewNote> {
    Ok(NewNote {
        text: form.text("text").to_owned(),
        records: form.code::<Records>("records")?,
        how: form.code("how")?,
        alone: form.code("alone")?,
        ..NewNote::default()
    })
}
