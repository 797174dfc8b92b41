//! Recording that she agrees that a service is told.

use std::time::Duration;

use super::super::facts::Facts;
use super::super::shown::Parts;
use super::{ago, back, line, radios, services, tick, ticks, time_ago, words, written};
use crate::base::id::ServiceId;
use crate::base::time::Timestamp;
use crate::domain::access::Refer;
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::domain::referrals::consents::{self, Given, Giver, Interpreter, NewConsent, Share, Told};
use crate::domain::terms::words::YesNoUnknown;
use crate::error::rules::Form as Rule;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

/// What she is told before she agrees.
const TOLD: [(&str, &str); 5] = [
    ("who", "Who gets it"),
    ("what", "What they get"),
    ("why", "Why"),
    ("until", "Until when"),
    ("can_end", "That she can end it at any time"),
];
const WAYS: [(&str, &str); 4] = [
    ("phone", "By telephone"),
    ("in_person", "Face to face"),
    ("video", "By video"),
    ("letter", "By a letter of hers"),
];
const DAYS: [u64; 5] = [7, 30, 60, 90, 180];

/// Her ways to agree that a colleague can record.
pub(super) fn ways(form: &Form, name: &str, label: &str) -> Field {
    radios(form, name, label, WAYS.into_iter())
}

pub(in crate::web::console::acts) fn parts(facts: &Facts, form: &Form) -> Parts {
    let giver = if facts.case.child { Giver::Child } else { Giver::Survivor };
    let shares = Share::ALL.iter().map(|share| (share.as_str(), words::share(*share)));
    let interpreters = [Interpreter::None, Interpreter::Professional].into_iter();
    let days = |days: &u64| Choice::of(&days.to_string(), format!("{days} days"), form.given("days"));
    let usual = Choice::of("", "As long as is usual", form.given("days").or(Some("")));
    let mut fields = vec![
        services(facts, form, "service", "To which service?").hint("Those that something can be sent to now."),
        ticks(form, "scopes", "What may they know?", shares),
        radios(form, "given_by", "Who agrees?", std::iter::once((giver.as_str(), words::giver(giver))))
            .hint("Nobody agrees for an adult, and what somebody else passes on is no consent."),
        ways(form, "how", "By which way did she say so?"),
        ago(form, "given_hours", "When?", &[0, 1, 2, 4, 8, 24, 48, 72]),
        radios(form, "alone", "Was she alone?", [("yes", "Yes"), ("unknown", "It is not known")].into_iter())
            .hint("If somebody was beside her, ask her again when she is alone."),
        line(form, "alone_reason", "Why is it not known?")
            .hint("Then it holds for seven days, and nobody else is asked."),
        radios(
            form,
            "interpreter",
            "Who spoke between you?",
            interpreters.map(|one| (one.as_str(), words::interpreter(one))),
        ),
        ticks(form, "told", "What was she told?", TOLD.into_iter()).hint("All of it is needed."),
    ];
    if facts.case.child {
        fields.push(Field::words(
            "understood",
            "What did she understand, in her words?",
            form.text("understood").to_owned(),
        ));
    }
    fields.extend([
        tick(form, "channel_confirmed_safe", "Checked just before: the way on which you spoke is safe"),
        Field::words("words", "What did she say? (her words, optional)", form.text("words").to_owned()),
        Field::of(
            "days",
            "How long does it hold?",
            Kind::List(std::iter::once(usual).chain(DAYS.iter().map(days)).collect()),
        ),
        services(facts, form, "fallback_1", "If they do not answer, who next? (optional)"),
        services(facts, form, "fallback_2", "And then? (optional)"),
        tick(
            form,
            "name_may_be_said",
            "She said yes to the name of the service, where the name alone tells something of her",
        ),
    ]);
    Parts {
        title: "Record that she agrees".to_owned(),
        fields,
        happens: "A referral can rest on it. It is no lawful basis by itself, and lowers nothing.".to_owned(),
        told: "Nobody yet. If she does not agree, that costs her nothing else.".to_owned(),
        stays: "It stays on record. What she takes back holds at once.".to_owned(),
        button: "Record it".to_owned(),
        is_grave: false,
    }
}

/// The field at which something is wrong.
pub(in crate::web::console::acts) fn field(pointer: &str) -> &'static str {
    let mut parts = pointer.trim_start_matches('/').split('/');
    match (parts.next().unwrap_or_default(), parts.next()) {
        ("scopes", _) => "scopes",
        ("given_by", _) => "given_by",
        ("given_at", _) => "given_hours",
        ("how", _) => "how",
        ("alone", _) => "alone",
        ("alone_reason", _) => "alone_reason",
        ("interpreter", _) => "interpreter",
        ("told", _) => "told",
        ("understood", _) => "understood",
        ("channel_confirmed_safe", _) => "channel_confirmed_safe",
        ("words", _) => "words",
        ("expires_at", _) => "days",
        ("fallbacks", Some("1")) => "fallback_2",
        ("fallbacks", _) => "fallback_1",
        ("name_may_be_said", _) => "name_may_be_said",
        _ => "service",
    }
}

pub(in crate::web::console::acts) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let case = at.case.clone();
    let at = At { seen: Seen::Unasked, ..at };
    desk::on_case::<Refer>(call, visit, at, move |tx, grant| {
        let new = consent(&form, tx.now())?;
        consents::give(tx, grant, &new)?;
        Ok(back(&case, "agreed"))
    })
    .await
}

/// The id of a service that was chosen.
pub(super) fn service(form: &Form, name: &str) -> Result<Option<ServiceId>> {
    let wrong = |_| Error::invalid(&format!("/{name}"), Rule::Undocumented);
    form.given(name).map(|id| id.parse().map_err(wrong)).transpose()
}

fn consent(form: &Form, now: Timestamp) -> Result<NewConsent> {
    form.require(&["given_by", "how", "alone", "interpreter"])?;
    let required = |name: &str| Error::invalid(&format!("/{name}"), Rule::Required);
    let given_at = time_ago(form, "given_hours", now)?;
    let told = form.chosen("told");
    let mut scopes = Vec::new();
    for share in form.chosen("scopes") {
        scopes.push(Share::parse(share).ok_or_else(|| Error::invalid("/scopes", Rule::Undocumented))?);
    }
    let days: Option<u64> = match form.given("days") {
        None => None,
        Some(days) => Some(days.parse().map_err(|_| Error::invalid("/expires_at", Rule::WholeNumber))?),
    };
    let days = days.map(|days| Duration::from_hours(days.min(10_000) * 24));
    let fallbacks = [service(form, "fallback_1")?, service(form, "fallback_2")?];
    Ok(NewConsent {
        service_id: service(form, "service")?.ok_or_else(|| required("service_id"))?,
        scopes,
        given_by: form.code::<Giver>("given_by")?.ok_or_else(|| required("given_by"))?,
        given_at,
        how: form.code::<Given>("how")?.ok_or_else(|| required("how"))?,
        alone: form.code::<YesNoUnknown>("alone")?.ok_or_else(|| required("alone"))?,
        alone_reason: written(form, "alone_reason"),
        interpreter: form.code::<Interpreter>("interpreter")?.ok_or_else(|| required("interpreter"))?,
        told: Told {
            who: told.contains(&"who"),
            what: told.contains(&"what"),
            why: told.contains(&"why"),
            until: told.contains(&"until"),
            can_end: told.contains(&"can_end"),
        },
        understood: written(form, "understood"),
        channel_confirmed_safe: form.is_on("channel_confirmed_safe"),
        words: written(form, "words"),
        expires_at: days.map(|days| given_at.plus(days)),
        fallbacks: fallbacks.into_iter().flatten().collect(),
        name_may_be_said: form.is_on("name_may_be_said"),
    })
}
