//! What is known of a service: an entry as files have it, and as it is kept.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::areas;
use super::codes::{Audience, Channel, Cost, Evidence, Kind, Mark, Need, OnBill, WayIn};
use super::hours::{Hours, Timetable};
use crate::base::id::ServiceId;
use crate::base::span::Span;
use crate::base::time::Timestamp;
use crate::error::rules::{Directory, Form};
use crate::error::{Result, Violations};
use crate::outbound::mail_address;

/// After so many days an entry has expired, whoever looked it up (domain.md 6.1).
pub const FRESH_DAYS: u64 = 90;
const FRESH: Duration = Duration::from_hours(FRESH_DAYS * 24);

/// An entry of the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its id, where it has one already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ServiceId>,
    /// Its short name in commands and rules.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Whose it is.
    pub organisation: String,
    /// What it is.
    pub kind: Kind,
    /// What it helps with.
    pub helps_with: Vec<Need>,
    /// Where: countries, their parts, and areas of `areas.toml`.
    pub areas: Vec<String>,
    /// Which ages it takes.
    #[serde(default)]
    pub ages: Ages,
    /// For whom it is, where it is not for everyone.
    #[serde(default)]
    pub for_whom: Vec<Audience>,
    /// What else is to be known before anybody is led there.
    #[serde(default)]
    pub marks: Vec<Mark>,
    /// The languages that are spoken there, BCP 47.
    pub languages: Vec<String>,
    /// How it is reached.
    pub channels: Vec<Way>,
    /// What a contact costs.
    pub cost: Cost,
    /// Whether a bill shows it.
    pub on_bill: OnBill,
    /// When somebody is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// How a referral comes to it. An import opens none.
    pub ways_in: Vec<WayIn>,
    /// What it needs of a referral, in words.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Within what time it says that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers_within: Option<Span>,
    /// What was agreed with it. An import changes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
    /// Whether it is shown to everyone.
    pub public: bool,
    /// Where this was read.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Where it comes from.
    pub evidence: Evidence,
    /// When it was looked up.
    #[serde(deserialize_with = "day_or_time")]
    pub checked_at: Timestamp,
    /// From when on it is not relied on; 90 days later where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "perhaps_day_or_time")]
    pub expires_at: Option<Timestamp>,
    /// What else a colleague should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Which ages a service takes, in years; both ends are in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceAges)]
pub struct Ages {
    /// From this age on; from birth where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u8>,
    /// Until this age; without an end where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u8>,
}

impl Ages {
    /// Whether somebody of this age is taken.
    #[must_use]
    pub fn include(self, age: u8) -> bool {
        self.from.unwrap_or(0) <= age && age <= self.to.unwrap_or(u8::MAX)
    }

    /// Whether anybody from this age to that one is taken.
    #[must_use]
    pub fn meet(self, from: u8, to: u8) -> bool {
        self.from.unwrap_or(0) <= to && from <= self.to.unwrap_or(u8::MAX)
    }
}

/// A way on which a service is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceWay)]
pub struct Way {
    /// Which it is.
    pub channel: Channel,
    /// Its number, address or page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What to do there, such as `press 2 in London`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What was agreed with a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceAgreement)]
pub struct Agreement {
    /// Who agreed to it, on their side and on ours.
    pub by: String,
    /// Until when it holds.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// Where they are written to when something waits for them: an address of their work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 254)]
    pub mail: Option<String>,
}

/// The longest texts, in characters, and the longest lists.
const NAME: usize = 120;
const WORDS: usize = 400;
const WAY: usize = 200;
const MANY: usize = 40;

impl Entry {
    /// From when on it is not relied on.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at.unwrap_or_else(|| self.checked_at.plus(FRESH))
    }

    /// Whether somebody may be led there by a mark.
    #[must_use]
    pub fn has(&self, mark: Mark) -> bool {
        self.marks.contains(&mark)
    }

    /// Whether nobody there is reached but by speaking.
    #[must_use]
    pub fn is_voice_only(&self) -> bool {
        !self.channels.is_empty() && self.channels.iter().all(|way| way.channel == Channel::Phone)
    }

    /// The country of its hours: the first that it names.
    #[must_use]
    pub fn country(&self) -> Option<String> {
        areas::Places::of(&self.areas).countries().first().map(|country| (*country).to_owned())
    }

    /// Looks whether it is as an entry may be.
    ///
    /// # Errors
    /// `Invalid` with everything that is wrong, each with its place in the entry.
    pub fn check(&self, now: Timestamp) -> Result<()> {
        let mut wrong = Violations::default();
        self.check_names(&mut wrong);
        self.check_people(&mut wrong);
        self.check_ways(&mut wrong);
        self.check_times(now, &mut wrong);
        wrong.into_result()
    }

    fn check_names(&self, wrong: &mut Violations) {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(2..=60).contains(&self.slug.len()) || self.slug.starts_with('-') || !self.slug.bytes().all(plain) {
            wrong.add("/slug", Directory::Slug);
        }
        for (place, text) in [("/name", &self.name), ("/organisation", &self.organisation)] {
            check_text(place, text, NAME, wrong);
        }
        for (at, text) in self.needs.iter().enumerate() {
            check_text(&format!("/needs/{at}"), text, WORDS, wrong);
        }
        if let Some(note) = &self.note {
            check_text("/note", note, WORDS, wrong);
        }
        for (at, source) in self.sources.iter().enumerate() {
            let is_page = url::Url::parse(source).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
            if !is_page || source.chars().count() > WORDS {
                wrong.add(format!("/sources/{at}"), Directory::Source);
            }
        }
        if self.evidence == Evidence::Read && self.sources.is_empty() {
            wrong.add("/sources", Directory::NoSource);
        }
        for (place, length) in [
            ("/helps_with", self.helps_with.len()),
            ("/areas", self.areas.len()),
            ("/languages", self.languages.len()),
            ("/channels", self.channels.len()),
            ("/sources", self.sources.len()),
            ("/needs", self.needs.len()),
        ] {
            if length > MANY {
                wrong.add(place, Form::TooMany(MANY));
            }
        }
    }

    fn check_people(&self, wrong: &mut Violations) {
        if self.helps_with.is_empty() {
            wrong.add("/helps_with", Directory::Nothing);
        }
        if self.areas.is_empty() {
            wrong.add("/areas", Directory::Nothing);
        }
        for (at, _) in self.areas.iter().enumerate().filter(|(_, area)| !areas::is_known(area)) {
            wrong.add(format!("/areas/{at}"), Directory::Area);
        }
        let Ages { from, to } = self.ages;
        if from.is_some_and(|from| from > 120 || to.is_some_and(|to| to < from)) || to.is_some_and(|to| to > 120) {
            wrong.add("/ages", Directory::Ages);
        }
        if self.kind == Kind::Child && (!self.has(Mark::TrainedForChildren) || (from, to) == (None, None)) {
            wrong.add("/ages", Directory::ForChildren);
        }
        if self.languages.is_empty() {
            wrong.add("/languages", Directory::Nothing);
        }
        for (at, tag) in self.languages.iter().enumerate() {
            let part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
            let language = tag.split('-').next().unwrap_or_default();
            if !(2..=3).contains(&language.len()) || !tag.split('-').all(part) {
                wrong.add(format!("/languages/{at}"), Directory::Language);
            }
        }
    }

    fn check_ways(&self, wrong: &mut Violations) {
        if self.channels.is_empty() {
            wrong.add("/channels", Directory::Nothing);
        }
        for (at, way) in self.channels.iter().enumerate() {
            let value = way.value.as_deref().unwrap_or_default();
            let has_value = !value.trim().is_empty() && value.chars().count() <= WAY;
            let is_place = way.channel == Channel::InPerson;
            if is_place == way.value.is_some() || (!is_place && !has_value) {
                wrong.add(format!("/channels/{at}/value"), Directory::Way);
            }
            if value.chars().any(char::is_control) || has_postcode(value) {
                wrong.add(format!("/channels/{at}/value"), Directory::Address);
            }
            if let Some(note) = &way.note {
                check_text(&format!("/channels/{at}/note"), note, WORDS, wrong);
            }
        }
        if self.hours.as_ref().is_some_and(|hours| Timetable::of(hours, None).is_none()) {
            wrong.add("/hours/text", Directory::Hours);
        }
        if self.ways_in.is_empty() {
            wrong.add("/ways_in", Directory::Nothing);
        }
        if self.ways_in.contains(&WayIn::None) && self.ways_in.len() > 1 {
            wrong.add("/ways_in", Directory::WaysIn);
        }
    }

    fn check_times(&self, now: Timestamp, wrong: &mut Violations) {
        if self.checked_at > now {
            wrong.add("/checked_at", Directory::CheckedAhead);
        }
        let expires_at = self.expires_at();
        if expires_at < self.checked_at || expires_at.since(self.checked_at) > FRESH {
            wrong.add("/expires_at", Directory::Expires(FRESH_DAYS));
        }
        if let Some(agreement) = &self.agreement {
            check_text("/agreement/by", &agreement.by, NAME, wrong);
            let is_address = |mail: &String| mail.len() <= 254 && mail_address(mail).as_ref() == Some(mail);
            wrong.require(agreement.mail.as_ref().is_none_or(is_address), "/agreement/mail", Directory::NoMail);
        }
    }
}

/// A text that people read: something, without control characters, not too long, and no address.
fn check_text(place: &str, text: &str, longest: usize, wrong: &mut Violations) {
    if text.trim().is_empty() {
        wrong.add(place, Form::Required);
    } else if text.chars().count() > longest {
        wrong.add(place, Form::TooLong(longest));
    } else if text.chars().any(char::is_control) {
        wrong.add(place, Form::Text);
    } else if has_postcode(text) {
        wrong.add(place, Directory::Address);
    }
}

/// Whether something like a postcode of the United Kingdom stands in a text: no refuge's address is kept here.
fn has_postcode(text: &str) -> bool {
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_inward = |word: &str| {
        let [digit, one, two] = word.as_bytes() else { return false };
        digit.is_ascii_digit() && one.is_ascii_uppercase() && two.is_ascii_uppercase()
    };
    let is_outward = |word: &str| {
        let letters = word.bytes().take_while(u8::is_ascii_uppercase).count();
        let rest = word.get(letters..).unwrap_or_default();
        (2..=4).contains(&word.len())
            && (1..=2).contains(&letters)
            && rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
    };
    words.windows(2).any(|pair| matches!(pair, [outward, inward] if is_outward(outward) && is_inward(inward)))
}

/// A day (2026-11-24), whose begin is meant, or a time.
fn day_or_time<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    let read = Timestamp::parse(&text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z")));
    read.ok_or_else(|| serde::de::Error::custom("use a day such as \"2026-11-24\", or a time of RFC 3339"))
}

fn perhaps_day_or_time<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Timestamp>, D::Error> {
    day_or_time(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_by_its_postcode() {
        for address in ["12 High Street, BN1 3XY", "SW1A 1AA", "at M1 1AE, second floor"] {
            assert!(has_postcode(address), "{address}");
        }
        for none in
            ["press 2 in London", "0808 802 0300", "Mo-Fr 10 till 4PM", "text 85258", "24 7AM", "P0 and P1 cases"]
        {
            assert!(!has_postcode(none), "{none}");
        }
    }
}
