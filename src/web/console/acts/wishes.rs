//! Recording what she told live of how she may be reached. It replaces all that was known before.

use super::super::contact_words;
use super::back;
use super::shown::Parts;
use crate::domain::access::WriteNote;
use crate::domain::casework::{self, NewWishes};
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::terms::contact::ChannelBody;
use crate::domain::terms::words::{Answer, Channel};
use crate::error::rules::Form as Rule;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

/// The ways that have a number or an address, with what theirs is called.
const WITH_VALUE: [(Channel, &str); 3] = [
    (Channel::Phone, "A number by which we may call"),
    (Channel::Sms, "A number for text messages"),
    (Channel::Email, "An address for e-mail"),
];
/// The others.
const WITHOUT: [Channel; 2] = [Channel::Portal, Channel::Platform];

pub(super) fn parts(form: &Form) -> Parts {
    let radios = |name: &str, label: &str, all: &[(&str, &str)]| {
        let choices = all.iter().map(|(value, label)| Choice::of(value, *label, form.given(name)));
        Field::of(name, label, Kind::Radios(choices.collect()))
    };
    let mut fields = vec![
        radios(
            "how",
            "By which way did you hear it?",
            &[("phone", "Telephone"), ("video", "Video"), ("in_person", "In person")],
        ),
        radios("alone", "Was she alone?", &[("yes", "Yes: I asked, and she said so"), ("no", "No, or not known")])
            .hint("Only what she says alone counts. If she was not, write a note."),
        radios(
            "may_contact",
            "May we contact her?",
            &[("yes", "Yes, by the ways below"), ("no", "No: she comes to us")],
        ),
    ];
    for (channel, label) in WITH_VALUE {
        let value = form.text(channel.as_str()).to_owned();
        fields.push(Field::line(channel.as_str(), label, value).hint("Empty: this way is not safe."));
    }
    for channel in WITHOUT {
        let is_on = form.is_on(channel.as_str());
        fields.push(Field::of(
            channel.as_str(),
            format!("Safe: {}", contact_words::channel(channel)),
            Kind::Tick { is_on },
        ));
    }
    let never = Channel::ALL.iter().map(|channel| {
        let name = never(*channel);
        Choice { is_chosen: form.is_on(&name), ..Choice::of(channel.as_str(), contact_words::channel(*channel), None) }
    });
    fields.extend(never.map(|choice| {
        let name = format!("never_{}", choice.value);
        Field::of(&name, format!("Never: {}", choice.label), Kind::Tick { is_on: choice.is_chosen })
    }));
    fields.push(
        Field::line("hours", "When may she be reached?", form.text("hours").to_owned())
            .hint("In her words. Up to 500 characters."),
    );
    fields.push(
        Field::words("said", "What else she said of it", form.text("said").to_owned())
            .hint("Whom to ask for, a word between you, what to say when somebody else answers."),
    );
    fields.push(Field::of(
        "voicemail_safe",
        "A voicemail may be left",
        Kind::Tick { is_on: form.is_on("voicemail_safe") },
    ));
    fields.push(radios(
        "device_shared",
        "Does somebody else use or see her device?",
        &[("yes", "Yes"), ("no", "No"), ("unknown", "Not known: counts as yes")],
    ));
    Parts {
        title: "How she may be reached".to_owned(),
        fields,
        happens: "This replaces all that was known before: a number that is not here is not safe any more. What comes through the platform later can take a way from it, and open none.".to_owned(),
        told: "Nobody. Colleagues who open the case read it.".to_owned(),
        stays: "It stands until she tells something else.".to_owned(),
        button: "Record it".to_owned(),
        is_grave: true,
    }
}

fn never(channel: Channel) -> String {
    format!("never_{}", channel.as_str())
}

pub(super) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let case = at.case.clone();
    desk::on_case::<WriteNote>(call, visit, at, move |tx, grant| {
        casework::record_wishes(tx, grant, &wishes(&form)?)?;
        Ok(back(&case, "told"))
    })
    .await
}

/// The ways that are safe.
fn safe(form: &Form) -> Vec<ChannelBody> {
    let with_value = WITH_VALUE.iter().filter_map(|(channel, _)| {
        let value = form.given(channel.as_str())?.trim().to_owned();
        Some(ChannelBody { kind: *channel, value: Some(value) })
    });
    let without = WITHOUT.iter().filter(|channel| form.is_on(channel.as_str()));
    with_value.chain(without.map(|channel| ChannelBody { kind: *channel, value: None })).collect()
}

/// The ways by which she is never to be reached.
fn forbidden(form: &Form) -> impl Iterator<Item = Channel> {
    Channel::ALL.iter().copied().filter(|channel| form.is_on(&never(*channel)))
}

/// The field of a way, by its place in one of these lists; the first one where something is wrong with all of a list.
pub(super) fn field(form: &Form, pointer: &str) -> String {
    let mut steps = pointer.trim_start_matches('/').split('/');
    let is_never = steps.next() == Some("never");
    let place: Option<usize> = steps.next().and_then(|step| step.parse().ok());
    let named = place.and_then(|place| {
        if is_never {
            forbidden(form).nth(place).map(never)
        } else {
            safe(form).get(place).map(|way| way.kind.as_str().to_owned())
        }
    });
    named.unwrap_or_else(|| Channel::Phone.as_str().to_owned())
}

fn wishes(form: &Form) -> Result<NewWishes> {
    form.require(&["how", "alone", "may_contact"])?;
    let missing = |pointer: &str| Error::invalid(pointer, Rule::Required);
    let may_contact = form.given("may_contact").ok_or_else(|| missing("/may_contact"))? == "yes";
    Ok(NewWishes {
        how: form.code("how")?.ok_or_else(|| missing("/how"))?,
        alone: form.code::<Answer>("alone")?.ok_or_else(|| missing("/alone"))?,
        may_contact,
        channels: if may_contact { safe(form) } else { Vec::new() },
        never: forbidden(form).map(|channel| ChannelBody { kind: channel, value: None }).collect(),
        hours: form.given("hours").map(str::to_owned),
        said: form.given("said").map(str::to_owned),
        voicemail_safe: Some(form.is_on("voicemail_safe")),
        device_shared: form.code("device_shared")?,
    })
}
