//! Writing a note, and recording what was done.

use super::back;
use super::facts::Facts;
use super::shown::Parts;
use crate::base::id::NoteId;
use crate::base::time::Timestamp;
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

/// What a note can record.
fn records(facts: &Facts, form: &Form) -> Field {
    let chosen = Some(form.given("records").unwrap_or_default());
    let mut all = vec![
        Choice::of("", "A plain note", chosen),
        Choice::of("escalation_decision", "The decision whether to hand over or go to the police", chosen)
            .hint("Meets the clock of that decision."),
        Choice::of("re_review", "A fresh look at the case", chosen).hint("The next one is due after its span."),
        Choice::of("support_confirmed", "Help came: she or a service told us", chosen)
            .hint("The case can then be closed as helped by others. Say below how you know."),
        Choice::of("withdrawal_told", "She told us that she wants to withdraw", chosen)
            .hint("It closes and lowers nothing. Say below how you heard it."),
        Choice::of("coercion_check", "She was asked, live and alone, whether somebody makes her withdraw", chosen)
            .hint("Say below how, whether she was alone, and what she said."),
    ];
    if !facts.disclosures.is_empty() {
        all.push(
            Choice::of("disclosure_reviewed", "What a colleague told others without her consent was looked at", chosen)
                .hint("Say below which, and what you found."),
        );
    }
    Field::of("records", "What does it record?", Kind::Radios(all))
        .hint("For contact that we make, or that she made, use Record a contact.")
}

/// Which disclosure was looked at.
fn reviews(call: &Call, facts: &Facts, form: &Form) -> Option<Field> {
    let chosen = form.given("reviews");
    let first = Choice::of("", "Not of this note", chosen.or(Some("")));
    let writer = facts.seated.writer(call);
    let choice = |(id, at): &(NoteId, Timestamp)| {
        Choice::of(id.as_str(), format!("That of {}", writer.write(*at).clock), chosen)
    };
    let all = std::iter::once(first).chain(facts.disclosures.iter().map(choice)).collect();
    let field = Field::of("reviews", "Which disclosure was looked at?", Kind::List(all));
    (!facts.disclosures.is_empty()).then(|| field.hint("By somebody else than who told."))
}

pub(super) fn parts(call: &Call, facts: &Facts, form: &Form) -> Parts {
    let how = form.given("how");
    let mut fields = vec![records(facts, form)];
    fields.extend(reviews(call, facts, form));
    fields.extend([
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
    ]);
    Parts {
        title: "Write a note".to_owned(),
        fields,
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
        reviews: form.given("reviews").and_then(|id| id.parse().ok()),
        ..NewNote::default()
    })
}
