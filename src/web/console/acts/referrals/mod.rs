//! The forms of referrals: what she agrees to, what is handed over on it, and what becomes of that.

pub(super) mod consent;
pub(super) mod moves;
pub(super) mod refer;
pub(super) mod replace;
pub(super) mod said;
pub(super) mod take_back;

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::referral_words as words;
use super::facts::Facts;
use crate::base::id::{CaseId, ReferralId, ServiceId};
use crate::base::time::Timestamp;
use crate::domain::access::Sight;
use crate::domain::directory::{self, Book};
use crate::domain::ledger::idempotency::Answer;
use crate::domain::ledger::seen::Seen;
use crate::domain::referrals::consents::{self, ConsentState, ConsentView};
use crate::domain::referrals::state::State;
use crate::domain::referrals::{self, ReferralView};
use crate::domain::unit::Look;
use crate::error::rules::Form as Rule;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::forms::Form;

/// What is handed over of a case, and to whom something can be.
pub(super) struct Handed {
    consents: Vec<ConsentView>,
    referrals: Vec<ReferralView>,
    /// Services that can be referred to now, by their names.
    services: Vec<(ServiceId, String)>,
    names: BTreeMap<ServiceId, String>,
}

impl Handed {
    /// Reads it. No word of anybody is shown of it.
    pub(super) fn read(rx: &mut Look<'_>, sight: &Sight, book: &Book) -> Result<Self> {
        let (agreed, handed) = (consents::list(rx, sight)?.data, referrals::list(rx, sight)?.data);
        let now = rx.now();
        let can = book.services().iter().filter(|service| service.doubts(now).is_empty());
        let mut services: Vec<(ServiceId, String)> =
            can.map(|service| (service.id.clone(), service.entry.name.clone())).collect();
        services.sort_by(|one, other| one.1.cmp(&other.1));
        let mut names: BTreeMap<ServiceId, String> = services.iter().cloned().collect();
        let of_consents = agreed.iter().map(|one| &one.service_id);
        for id in of_consents.chain(handed.iter().map(|one| &one.service_id)) {
            if !names.contains_key(id)
                && let Some(called) = directory::called(rx, id)?
            {
                names.insert(id.clone(), called.name);
            }
        }
        Ok(Self { consents: agreed, referrals: handed, services, names })
    }

    fn name(&self, id: &ServiceId) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| "A service that is not in the directory".to_owned())
    }
}

/// The services to choose from, and none.
fn services(facts: &Facts, form: &Form, name: &'static str, label: &'static str) -> Field {
    let all = facts.handed.iter().flat_map(|handed| &handed.services);
    let chosen = form.given(name);
    let first = Choice::of("", "None", chosen.or(Some("")));
    let choices = all.map(|(id, name)| Choice::of(id.as_str(), name.clone(), chosen));
    Field::of(name, label, Kind::List(std::iter::once(first).chain(choices).collect()))
}

/// The referrals that stand where an act is possible, each with the version that is seen of it.
fn choose(facts: &Facts, form: &Form, fits: impl Fn(&ReferralView) -> bool) -> Field {
    let handed = facts.handed.as_ref();
    let fitting = handed.iter().flat_map(|handed| handed.referrals.iter()).filter(|one| fits(one));
    let chosen = form.given("referral");
    let is_meant = |one: &ReferralView| chosen.is_some_and(|chosen| chosen.split('.').next() == Some(one.id.as_str()));
    let choice = |one: &ReferralView| {
        let value = format!("{}.{}", one.id, one.version);
        let name = handed.map_or_else(String::new, |handed| handed.name(&one.service_id));
        let label = format!("{name}: {}", words::state(one.state));
        Choice::of(&value, label, is_meant(one).then_some(value.as_str()))
    };
    let choices: Vec<Choice> = fitting.map(choice).collect();
    let hint = if choices.is_empty() {
        "None stands where this can be done now."
    } else {
        "Those that stand where this can be done."
    };
    Field::of("referral", "Which referral?", Kind::Radios(choices)).hint(hint)
}

/// The referral that was chosen, and the version that was seen of it.
fn chosen(form: &Form) -> Result<(ReferralId, Seen)> {
    let missing = || Error::invalid("/referral", Rule::Required);
    let text = form.given("referral").ok_or_else(missing)?;
    let (id, version) = text.split_once('.').unwrap_or((text, ""));
    let seen = version.parse().map_or(Seen::Unsaid, |version: i64| Seen::of(&[version]));
    Ok((id.parse().map_err(|_| missing())?, seen))
}

/// The consents that hold.
fn living(facts: &Facts) -> impl Iterator<Item = &ConsentView> {
    let all = facts.handed.iter().flat_map(|handed| handed.consents.iter());
    all.filter(|one| one.state == ConsentState::InForce)
}

/// How long ago something was. No date is typed at night.
fn ago(form: &Form, name: &'static str, label: &'static str, hours: &[u64]) -> Field {
    let chosen = form.given(name);
    let words = |hours: u64| match hours {
        0 => "Just now".to_owned(),
        1 => "1 hour ago".to_owned(),
        hours => format!("{hours} hours ago"),
    };
    let choice = |hours: &u64| Choice::of(&hours.to_string(), words(*hours), chosen.or(Some("0")));
    Field::of(name, label, Kind::List(hours.iter().map(choice).collect()))
}

/// When it was.
fn time_ago(form: &Form, name: &str, now: Timestamp) -> Result<Timestamp> {
    Ok(now.minus(form.hours(name)?.unwrap_or(Duration::ZERO)))
}

fn radios<'c>(form: &Form, name: &str, label: &str, all: impl Iterator<Item = (&'c str, &'static str)>) -> Field {
    let choices = all.map(|(value, label)| Choice::of(value, label, form.given(name)));
    Field::of(name, label, Kind::Radios(choices.collect()))
}

fn ticks<'c>(form: &Form, name: &str, label: &str, all: impl Iterator<Item = (&'c str, &'static str)>) -> Field {
    let chosen = form.chosen(name);
    let choices = all.map(|(value, label)| Choice::of(value, label, chosen.contains(&value).then_some(value)));
    Field::of(name, label, Kind::Ticks(choices.collect()))
}

fn tick(form: &Form, name: &str, label: &str) -> Field {
    Field::of(name, label, Kind::Tick { is_on: form.is_on(name) })
}

fn line(form: &Form, name: &str, label: &str) -> Field {
    Field::line(name, label, form.text(name).to_owned())
}

/// What was written in a field, if anything was.
fn written(form: &Form, name: &str) -> Option<String> {
    form.given(name).map(str::to_owned)
}

/// Back to the referrals of the case, with the word for what was done.
fn back(case: &CaseId, done: &str) -> Answer {
    super::super::queues::to(format!("/console/cases/{case}/referrals?done={done}"))
}

/// Whether a referral is under way.
const fn is_under_way(state: State) -> bool {
    state.is_living()
}
