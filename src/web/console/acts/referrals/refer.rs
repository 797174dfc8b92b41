//! Drafting a referral: with all that the service needs to reach her without anybody else noticing.

use super::super::facts::Facts;
use super::super::shown::Parts;
use super::{ago, back, line, living, radios, tick, time_ago, words, written};
use crate::base::id::ConsentId;
use crate::base::time::Timestamp;
use crate::base::zone::Zone;
use crate::domain::access::Refer;
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::domain::referrals::consents;
use crate::domain::referrals::{self, HandOver, InterpreterNeeded, NewReferral, Place, Sheet, SheetWay};
use crate::domain::terms::words::Channel;
use crate::error::rules::Form as Rule;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

const WAYS: [(&str, &str); 3] = [("phone", "Telephone"), ("sms", "Text message"), ("email", "Mail")];

pub(in crate::web::console::acts) fn parts(facts: &Facts, form: &Form) -> Parts {
    let handed = facts.handed.as_ref();
    let agreed = living(facts).map(|one| {
        let name = handed.map_or_else(String::new, |handed| handed.name(&one.service_id));
        let shares = one.scopes.iter().map(|share| words::share(*share)).collect::<Vec<_>>().join(", ");
        Choice::of(one.id.as_str(), name, form.given("consent")).hint(shares)
    });
    let agreed: Vec<Choice> = agreed.collect();
    let hint = if agreed.is_empty() {
        "Nothing that she agreed to holds now: record that first."
    } else {
        "It goes to the service that she named, and shows what she agreed to."
    };
    let fields = vec![
        Field::of("consent", "On what she agreed to", Kind::Radios(agreed)).hint(hint),
        line(form, "country", "In which country is she now?").hint("Two letters: GB."),
        line(form, "region", "In which part of it? (optional)").hint("Its code: GB-LND, GB-ESX."),
        tick(form, "said_now", "She said so now"),
        Field::words("summary", "What are they to know, in a few words?", form.text("summary").to_owned())
            .hint("Only where she agreed that they know what happened."),
        tick(form, "time_critical", "It cannot wait for the next working day"),
        radios(
            form,
            "handover",
            "Who makes the first contact?",
            HandOver::ALL.iter().map(|one| (one.as_str(), words::hand_over(*one))),
        ),
        line(form, "word", "The word that she will say").hint("Where she contacts them."),
        line(form, "label", "What does she call this service?")
            .hint("A name that tells nothing to somebody beside her. What she is told stands under it."),
        line(form, "name_to_use", "What are they to call her?"),
        way(form, "way_1", "How do they reach her?"),
        line(form, "value_1", "Its number or address"),
        voicemail(form, "voicemail_1"),
        way(form, "way_2", "And how else? (optional)"),
        line(form, "value_2", "Its number or address"),
        voicemail(form, "voicemail_2"),
        line(form, "safe_times", "When is it safe?"),
        Field::line("zone", "By the clocks of", form.given("zone").unwrap_or("Europe/London").to_owned()),
        line(form, "if_somebody_else", "What do they say when somebody else answers?"),
        line(form, "shared_with", "Who shares her device or account?").hint("Nobody, when she said so."),
        line(form, "never_contact", "Whom must they never contact?").hint("Nobody, when she said so."),
        line(form, "interpreter_language", "Interpreter: in which language? (optional)"),
        line(form, "interpreter_not_from", "Interpreter: from where not?"),
        line(form, "access_needs", "What does she need to take part? (optional)"),
        ago(form, "confirmed_hours", "When did she confirm all of this?", &[0, 1, 2, 4, 8, 24, 48, 71]),
        tick(form, "she_changed_this", "She herself changed a way that she had forbidden before"),
        line(form, "subject_reason", "Why must they know whom she reported?").hint("Only where she agreed to that."),
    ];
    Parts {
        title: "Draft a referral".to_owned(),
        fields,
        happens: "It is drafted. Nothing leaves until you send it; a clock runs until then.".to_owned(),
        told: "Nobody.".to_owned(),
        stays: "Nothing: it can be taken back.".to_owned(),
        button: "Draft it".to_owned(),
        is_grave: false,
    }
}

fn way(form: &Form, name: &'static str, label: &'static str) -> Field {
    let chosen = form.given(name);
    let first = Choice::of("", "None", chosen.or(Some("")));
    let ways = WAYS.iter().map(|(value, label)| Choice::of(value, *label, chosen));
    Field::of(name, label, Kind::List(std::iter::once(first).chain(ways).collect()))
}

fn voicemail(form: &Form, name: &'static str) -> Field {
    let chosen = form.given(name);
    let all = [("", "Not a telephone"), ("no", "Leave no voicemail"), ("yes", "A voicemail may be left")];
    let choices = all.iter().map(|(value, label)| Choice::of(value, *label, chosen.or(Some(""))));
    Field::of(name, "Of a telephone: a voicemail?", Kind::List(choices.collect()))
}

/// The field at which something is wrong.
pub(in crate::web::console::acts) fn field(pointer: &str) -> &str {
    let pointer = pointer.trim_start_matches('/');
    match pointer {
        "consent_id" | "service_id" => "consent",
        "place/country" => "country",
        "place/region" => "region",
        "place/said_now" => "said_now",
        "sheet/confirmed_at" | "confirmed_at" => "confirmed_hours",
        "sheet/interpreter/language" => "interpreter_language",
        "sheet/interpreter/not_from" => "interpreter_not_from",
        "sheet/channels/1/channel" => "way_2",
        "sheet/channels/1/value" => "value_2",
        "sheet/channels/1/voicemail" => "voicemail_2",
        "sheet/channels" | "sheet/channels/0/channel" => "way_1",
        "sheet/channels/0/value" => "value_1",
        "sheet/channels/0/voicemail" => "voicemail_1",
        other => other.strip_prefix("sheet/").unwrap_or(other),
    }
}

pub(in crate::web::console::acts) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let case = at.case.clone();
    let at = At { seen: Seen::Unasked, ..at };
    desk::on_case::<Refer>(call, visit, at, move |tx, grant| {
        form.require(&["consent", "handover"])?;
        let wrong = |_| Error::invalid("/consent_id", Rule::Undocumented);
        let consent_id: ConsentId = form.text("consent").parse().map_err(wrong)?;
        let service = consents::service_of(tx, &grant, &consent_id)?;
        let service_id = service.ok_or_else(|| Error::invalid("/consent_id", Rule::Undocumented))?;
        let sheet = sheet(&form, tx.now())?;
        let new = NewReferral {
            service_id,
            consent_id,
            place: Place {
                country: form.text("country").to_owned(),
                region: written(&form, "region"),
                said_now: form.is_on("said_now"),
            },
            summary: written(&form, "summary"),
            time_critical: form.is_on("time_critical"),
            handover: form.code::<HandOver>("handover")?.ok_or_else(|| Error::invalid("/handover", Rule::Required))?,
            word: written(&form, "word"),
            label: form.text("label").to_owned(),
            sheet,
            she_changed_this: form.is_on("she_changed_this"),
            subject_reason: written(&form, "subject_reason"),
        };
        referrals::draft(tx, grant, &new)?;
        Ok(back(&case, "drafted"))
    })
    .await
}

fn sheet(form: &Form, now: Timestamp) -> Result<Sheet> {
    let mut channels = Vec::new();
    for (way, value, voicemail) in [("way_1", "value_1", "voicemail_1"), ("way_2", "value_2", "voicemail_2")] {
        if let Some(channel) = form.code::<Channel>(way)? {
            let voicemail = form.given(voicemail).map(|said| said == "yes");
            channels.push(SheetWay { channel, value: form.text(value).to_owned(), voicemail });
        }
    }
    let interpreter = written(form, "interpreter_language")
        .map(|language| InterpreterNeeded { language, not_from: form.text("interpreter_not_from").to_owned() });
    let text = |name: &str| form.text(name).to_owned();
    Ok(Sheet {
        name_to_use: text("name_to_use"),
        channels,
        safe_times: text("safe_times"),
        zone: form.code::<Zone>("zone")?.ok_or_else(|| Error::invalid("/zone", Rule::Required))?,
        agreed_at: None,
        if_somebody_else: text("if_somebody_else"),
        shared_with: text("shared_with"),
        never_contact: text("never_contact"),
        interpreter,
        access_needs: written(form, "access_needs"),
        confirmed_at: time_ago(form, "confirmed_hours", now)?,
    })
}
