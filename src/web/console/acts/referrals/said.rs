//! Writing down what a service said by telephone, step by step.

use super::super::facts::Facts;
use super::super::shown::Parts;
use super::{ago, back, choose, chosen, is_under_way, line, radios, time_ago, words, written};
use crate::domain::access::WriteNote;
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::domain::referrals::{self, ByPhone, DeclineReason, Outcome};
use crate::error::rules::Form as Rule;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

const ANSWERS: [(&str, &str); 7] = [
    ("receive", "They have it before them"),
    ("accept", "They take it on"),
    ("decline", "They cannot take it on, or not go on with it"),
    ("contacted", "They were in contact with her"),
    ("unable_to_contact", "They could not reach her"),
    ("close", "They are done"),
    ("acknowledge", "They keep no copy of what was taken back"),
];

fn list<'c>(
    form: &Form,
    name: &'static str,
    label: &'static str,
    all: impl Iterator<Item = (&'c str, &'static str)>,
) -> Field {
    let chosen = form.given(name);
    let first = Choice::of("", "Not of this", chosen.or(Some("")));
    let choices = all.map(|(value, label)| Choice::of(value, label, chosen));
    Field::of(name, label, Kind::List(std::iter::once(first).chain(choices).collect()))
}

pub(in crate::web::console::acts) fn parts(facts: &Facts, form: &Form) -> Parts {
    let fits =
        |one: &referrals::ReferralView| one.sent_at.is_some() && (is_under_way(one.state) || !one.waits_for.is_empty());
    let reasons = DeclineReason::ALL.iter().map(|one| (one.as_str(), words::reason(*one)));
    let outcomes = Outcome::ALL.iter().map(|one| (one.as_str(), words::outcome(*one)));
    Parts {
        title: "Write down what they said".to_owned(),
        fields: vec![
            choose(facts, form, fits),
            radios(form, "answer", "What did they say?", ANSWERS.into_iter()),
            line(form, "who", "Who said it?"),
            ago(form, "hours_ago", "When?", &[0, 1, 2, 4, 8, 24, 48, 72]),
            list(form, "decline_reason", "Why do they say no?", reasons).hint("She is never told."),
            list(form, "outcome", "How did it end?", outcomes),
            line(form, "missing", "What was missing in what they were sent? (optional)"),
            Field::words("words", "What else did they say? (optional)", form.text("words").to_owned()),
        ],
        happens: "It counts as if they had said it themselves, and its clock goes on from here.".to_owned(),
        told: "Whoever is to act: after a no, and when she could not be reached.".to_owned(),
        stays: "It stays on record, with who said it.".to_owned(),
        button: "Write it down".to_owned(),
        is_grave: false,
    }
}

pub(in crate::web::console::acts) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let case = at.case.clone();
    let at = At { seen: Seen::Unasked, ..at };
    desk::on_case::<WriteNote>(call, visit, at, move |tx, grant| {
        let (id, _) = chosen(&form)?;
        let said = ByPhone {
            answer: form.code("answer")?.ok_or_else(|| Error::invalid("/answer", Rule::Required))?,
            who: form.text("who").to_owned(),
            at: time_ago(&form, "hours_ago", tx.now())?,
            reason: form.code("decline_reason")?,
            outcome: form.code("outcome")?,
            missing: written(&form, "missing"),
            words: written(&form, "words"),
        };
        referrals::by_phone(tx, grant, &id, &said)?;
        Ok(back(&case, "said"))
    })
    .await
}
