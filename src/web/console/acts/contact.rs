//! Recording a contact, or why there is none. Only ways that are safe are offered; the others are shown as what they are.

use super::super::{contact_words, referral_words};
use super::back;
use super::facts::Facts;
use super::shown::Parts;
use crate::base::time::Timestamp;
use crate::domain::access::WriteNote;
use crate::domain::casework::owed_words::OwedWordView;
use crate::domain::casework::{self, ContactInForce, NewNote, Reached, Records};
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::domain::terms::words::Channel;
use crate::domain::triage::Priority;
use crate::error::rules::Form as Rule;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

pub(super) fn parts(facts: &Facts, form: &Form) -> Parts {
    let records = form.given("records");
    let what = vec![
        Choice::of("safe_contact", "We were in contact, by a way that is safe, or she came to us", records),
        Choice::of("standby", "We wait, because contact is not safe now", records),
        Choice::of("unsafe_contact", "Contact was made by a way that was not known to be safe", records)
            .hint("It is always taken. It meets no clock, and the safeguarding lead hears of it now."),
    ];
    let mut fields = vec![Field::of("records", "What happened?", Kind::Radios(what))];
    fields.push(Field::of(
        "channel",
        "By which way?",
        Kind::Radios(ways(facts.contact.as_ref(), form.given("channel"))),
    ));
    fields.push(
        Field::of(
            "channel_confirmed_safe",
            "Checked just now: this way is safe at this moment",
            Kind::Tick { is_on: form.is_on("channel_confirmed_safe") },
        )
        .hint("For a contact that we made. Nobody is rung to stop a clock."),
    );
    fields.push(
        Field::of(
            "unsafe_channel",
            "The way that was not known to be safe",
            Kind::List(all_ways(form.given("unsafe_channel"))),
        )
        .hint("Only for contact that was made anyway."),
    );
    fields.push(
        Field::of(
            "look_again_hours",
            "When do we look again whether contact is safe?",
            Kind::List(hours(&[1, 2, 4, 12, 24], form.given("look_again_hours"), "Not said")),
        )
        .hint(look_again(facts.case.priority)),
    );
    fields.push(
        Field::of(
            "check_in_hours",
            "Until when was the next contact agreed?",
            Kind::List(hours(&[12, 24, 48, 72, 168], form.given("check_in_hours"), "None was agreed")),
        )
        .hint("When it passes and she is not heard from, a P0 or P1 is raised."),
    );
    if !facts.owed.is_empty() {
        fields.push(tells(facts, form));
    }
    fields.push(
        Field::words("text", "What was said, or why we wait", form.text("text").to_owned())
            .hint("The next colleague reads it."),
    );
    Parts {
        title: "Record a contact".to_owned(),
        fields,
        happens: "A safe contact, or the reason to wait, meets the clock of the first contact.".to_owned(),
        told: "Of waiting on a P0 a lead, once. Of contact that was not safe the safeguarding lead, now.".to_owned(),
        stays: "What was recorded cannot be changed. A later note can correct it.".to_owned(),
        button: "Record it".to_owned(),
        is_grave: true,
    }
}

/// What she is owed to know of referrals, to be ticked when she was told, or when it waits.
fn tells(facts: &Facts, form: &Form) -> Field {
    let chosen = form.chosen("tells");
    let choice = |one: &OwedWordView| {
        let label = one.label.clone().unwrap_or_else(|| "The service".to_owned());
        let what = one.code.map_or("something that does not open", referral_words::owed);
        let is_chosen = chosen.contains(&one.id.as_str()).then_some(one.id.as_str());
        Choice::of(one.id.as_str(), format!("{label}: {what}"), is_chosen)
    };
    Field::of(
        "tells",
        "What of this does she know now, or waits with it?",
        Kind::Ticks(facts.owed.iter().map(choice).collect()),
    )
    .hint("What she is owed to know of referrals. Its clock ends when a safe contact, or waiting, names it.")
}

fn look_again(priority: Priority) -> &'static str {
    match priority {
        Priority::P0 => "For waiting. On a P0 within two hours: it rings then.",
        Priority::P1 => "For waiting. On a P1 within 24 hours: it rings then.",
        Priority::P2 | Priority::P3 | Priority::P4 => "For waiting, if you like.",
    }
}

/// The ways by which a contact can be recorded: those that are safe, and that she came. The others cannot be chosen.
fn ways(contact: Option<&ContactInForce>, chosen: Option<&str>) -> Vec<Choice> {
    let mut all = vec![Choice::of("incoming", "She came to us", chosen)];
    for channel in Channel::ALL {
        let safe = contact.and_then(|contact| contact.channels.iter().find(|way| way.kind == *channel));
        let choice = Choice::of(channel.as_str(), contact_words::channel(*channel), chosen);
        let is_open =
            contact.is_some_and(|contact| contact.may_contact && !contact.contact_barred && !contact.unreadable);
        all.push(match safe.filter(|_| is_open) {
            Some(way) => match &way.value {
                Some(value) => choice.hint(value.clone()),
                None => choice,
            },
            None => choice.closed("Not safe: she has not said that this way is."),
        });
    }
    all
}

fn all_ways(chosen: Option<&str>) -> Vec<Choice> {
    let first = Choice::of("", "Not of this", chosen.or(Some("")));
    let ways = Channel::ALL.iter().map(|way| Choice::of(way.as_str(), contact_words::channel(*way), chosen));
    std::iter::once(first).chain(ways).collect()
}

fn hours(all: &[u64], chosen: Option<&str>, none: &str) -> Vec<Choice> {
    let first = Choice::of("", none, chosen.or(Some("")));
    let label = |hours: u64| match hours {
        1 => "In 1 hour".to_owned(),
        168 => "In 7 days".to_owned(),
        hours => format!("In {hours} hours"),
    };
    let choices = all.iter().map(|hours| Choice::of(&hours.to_string(), label(*hours), chosen));
    std::iter::once(first).chain(choices).collect()
}

pub(super) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let at = At { seen: Seen::Unasked, ..at };
    let case = at.case.clone();
    desk::on_case::<WriteNote>(call, visit, at, move |tx, grant| {
        let note = note(&form, tx.now())?;
        casework::write_note(tx, grant, &note)?;
        Ok(back(&case, "contacted"))
    })
    .await
}

fn note(form: &Form, now: Timestamp) -> Result<NewNote> {
    let in_hours = |name: &str| Ok::<_, Error>(form.hours(name)?.map(|hours| now.plus(hours)));
    let records = form.code::<Records>("records")?.ok_or_else(|| Error::invalid("/records", Rule::Required))?;
    let channel = match records {
        Records::UnsafeContact => form.code::<Reached>("unsafe_channel")?,
        Records::SafeContact => form.code::<Reached>("channel")?,
        Records::Standby
        | Records::EscalationDecision
        | Records::ReReview
        | Records::WithdrawalTold
        | Records::CoercionCheck
        | Records::WishesTold
        | Records::SupportConfirmed
        | Records::EmergencyDisclosure
        | Records::DisclosureReviewed => None,
    };
    let is_standby = records == Records::Standby;
    Ok(NewNote {
        text: form.text("text").to_owned(),
        records: Some(records),
        channel,
        channel_confirmed_safe: form.is_on("channel_confirmed_safe"),
        check_in_by: in_hours("check_in_hours")?,
        look_again_by: in_hours("look_again_hours")?.filter(|_| is_standby),
        tells: form.chosen("tells").into_iter().filter_map(|id| id.parse().ok()).collect(),
        ..NewNote::default()
    })
}
