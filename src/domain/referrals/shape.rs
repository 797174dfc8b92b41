//! A hand-over as a colleague writes it: what the service needs to help her without harming her.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::consents::Share;
use crate::base::code::codes;
use crate::base::id::{ConsentId, ServiceId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::base::zone::Zone;
use crate::domain::casework::ContactInForce;
use crate::domain::terms::contact::leads_to_her;
use crate::domain::terms::places;
use crate::domain::terms::words::Channel;
use crate::error::rules::{Form, Referring};
use crate::error::{Result, Violations};

codes! {
    /// Who makes the first contact.
    pub enum HandOver as ReferralHandOver {
        /// The service contacts her, by the contact sheet.
        TheyContact = "they_contact",
        /// She contacts the service, and says a word by which it knows her.
        SheContacts = "she_contacts",
        /// She, a colleague and the service speak together first.
        JointCall = "joint_call",
    }
}

/// Where she says she is.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReferralPlace)]
pub struct Place {
    /// The country, ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 2, example = "GB")]
    pub country: String,
    /// The part of it, ISO 3166-2.
    #[serde(default)]
    #[schema(max_length = 6, example = "GB-ESX")]
    pub region: Option<String>,
    /// That she said so now: what a report says may have changed since.
    pub said_now: bool,
}

impl Place {
    /// The place by the codes that everybody knows: `uk` is `GB`.
    pub(super) fn normalised(&self) -> Self {
        let country = places::country(&self.country).unwrap_or_else(|| self.country.clone());
        let region = self.region.as_deref().and_then(places::region);
        Self { country, region, said_now: self.said_now }
    }
}

/// A way on which the service may reach her.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReferralWay)]
pub struct SheetWay {
    /// Which: `phone`, `sms` or `email`.
    pub channel: Channel,
    /// Its number or address.
    #[schema(min_length = 1, max_length = 200)]
    pub value: String,
    /// Of a telephone: whether a voicemail may be left.
    #[serde(default)]
    pub voicemail: Option<bool>,
}

/// Who speaks between her and the service.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReferralInterpreter)]
pub struct InterpreterNeeded {
    /// In which language, BCP 47.
    #[schema(min_length = 2, max_length = 35, example = "pl")]
    pub language: String,
    /// From where not, such as from her own community; `nowhere` when she said so.
    #[schema(min_length = 1, max_length = 500)]
    pub not_from: String,
}

/// How the service reaches her without anybody else noticing.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReferralSheet)]
pub struct Sheet {
    /// What to call her.
    #[schema(min_length = 1, max_length = 100)]
    pub name_to_use: String,
    /// The ways, the best first; none where she contacts the service.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub channels: Vec<SheetWay>,
    /// When it is safe, in words, by the clocks of `zone`.
    #[schema(min_length = 1, max_length = 500)]
    pub safe_times: String,
    /// Her zone, by its IANA name.
    #[schema(value_type = String, max_length = 64, example = "Europe/London")]
    pub zone: Zone,
    /// A time for the first contact that was agreed with her.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub agreed_at: Option<Timestamp>,
    /// What to say when somebody else answers.
    #[schema(min_length = 1, max_length = 500)]
    pub if_somebody_else: String,
    /// Who shares her device or account; `nobody` when she said so.
    #[schema(min_length = 1, max_length = 500)]
    pub shared_with: String,
    /// Whom never to contact; `nobody` when she said so.
    #[schema(min_length = 1, max_length = 500)]
    pub never_contact: String,
    /// Whether somebody speaks between; null where nobody does.
    #[serde(default)]
    pub interpreter: Option<InterpreterNeeded>,
    /// What she needs to take part.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub access_needs: Option<String>,
    /// When she confirmed all of this: within the last 72 hours.
    #[schema(value_type = String, format = DateTime)]
    pub confirmed_at: Timestamp,
}

/// A hand-over to be drafted. Nothing leaves until it is sent.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReferral {
    /// To which service.
    #[schema(value_type = String, example = "svc_00000000000000000000000000", pattern = "^svc_[0-9a-hjkmnp-tv-z]{26}$")]
    pub service_id: ServiceId,
    /// On which consent.
    #[schema(value_type = String, example = "con_00000000000000000000000000", pattern = "^con_[0-9a-hjkmnp-tv-z]{26}$")]
    pub consent_id: ConsentId,
    /// Where she says she is.
    pub place: Place,
    /// What the service is to know, in a few words: with the scope `statement`, and only then.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub summary: Option<String>,
    /// Whether it cannot wait for the next working day.
    #[serde(default)]
    pub time_critical: bool,
    /// Who makes the first contact.
    pub handover: HandOver,
    /// Where she contacts the service: the word that she will say.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 60)]
    pub word: Option<String>,
    /// What she calls this service, on her pages and in what she is told: a name that tells nothing to somebody beside her.
    #[schema(min_length = 1, max_length = 60)]
    pub label: String,
    /// How she is reached.
    pub sheet: Sheet,
    /// That she herself changed a way which she had forbidden before.
    #[serde(default)]
    pub she_changed_this: bool,
    /// With the scope `subject`: why the service must know whom she reported.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub subject_reason: Option<String>,
}

silent! { Place SheetWay InterpreterNeeded Sheet NewReferral }

/// For how long what she confirmed is relied on.
pub(super) const CONFIRMED: Duration = Duration::from_hours(CONFIRMED_HOURS);
const CONFIRMED_HOURS: u64 = 72;

/// Notes a text that is empty or too long.
fn text(v: &mut Violations, place: &str, text: &str, most: usize) {
    v.require(!text.trim().is_empty(), place, Form::Required);
    v.require(text.chars().count() <= most, place, Form::TooLong(most));
}

impl Sheet {
    /// Whether what she confirmed is relied on.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        self.confirmed_at <= now && now.since(self.confirmed_at) <= CONFIRMED
    }

    fn check(&self, v: &mut Violations, now: Timestamp) {
        text(v, "/sheet/name_to_use", &self.name_to_use, 100);
        let texts = [
            ("/sheet/safe_times", &self.safe_times),
            ("/sheet/if_somebody_else", &self.if_somebody_else),
            ("/sheet/shared_with", &self.shared_with),
            ("/sheet/never_contact", &self.never_contact),
        ];
        for (place, said) in texts {
            text(v, place, said, 500);
        }
        if let Some(needs) = &self.access_needs {
            text(v, "/sheet/access_needs", needs, 500);
        }
        if let Some(InterpreterNeeded { language, not_from }) = &self.interpreter {
            let is_tag =
                (2..=35).contains(&language.len()) && language.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            v.require(is_tag, "/sheet/interpreter/language", Form::Locale);
            text(v, "/sheet/interpreter/not_from", not_from, 500);
        }
        v.require(self.is_fresh(now), "/sheet/confirmed_at", Referring::Confirmed(CONFIRMED_HOURS));
        v.require(self.agreed_at.is_none_or(|at| at > now), "/sheet/agreed_at", Referring::AgreedPast);
        v.require(self.channels.len() <= 5, "/sheet/channels", Form::TooMany(5));
        for (at, way) in self.channels.iter().enumerate().take(5) {
            let place = |member: &str| ["/sheet/channels", &at.to_string(), member].join("/");
            let is_direct = matches!(way.channel, Channel::Phone | Channel::Sms | Channel::Email);
            v.require(is_direct, &place("channel"), Referring::NotDirect);
            text(v, &place("value"), &way.value, 200);
            let leads = way.value.trim().is_empty() || leads_to_her(way.channel, &way.value);
            v.require(leads, &place("value"), Referring::NotANumber);
            let is_phone = way.channel == Channel::Phone;
            v.require(way.voicemail.is_some() || !is_phone, &place("voicemail"), Form::Required);
            v.require(way.voicemail.is_none() || is_phone, &place("voicemail"), Referring::NotOfThis);
        }
    }
}

impl NewReferral {
    /// Looks at what stands in it by itself, with what she agreed to give and how she may be reached.
    ///
    /// # Errors
    /// `Invalid` with everything that is wrong.
    pub(super) fn check(&self, scopes: &[Share], wishes: &ContactInForce, now: Timestamp) -> Result<()> {
        let mut v = Violations::default();
        self.check_place(&mut v);
        text(&mut v, "/label", &self.label, 60);
        let may_tell = scopes.contains(&Share::Statement);
        match &self.summary {
            Some(_) if !may_tell => v.add("/summary", Referring::NotAgreed),
            Some(summary) => text(&mut v, "/summary", summary, 1_000),
            None => v.require(!may_tell, "/summary", Form::Required),
        }
        match &self.subject_reason {
            Some(_) if !scopes.contains(&Share::Subject) => v.add("/subject_reason", Referring::NotAgreed),
            Some(reason) => text(&mut v, "/subject_reason", reason, 500),
            None => v.require(!scopes.contains(&Share::Subject), "/subject_reason", Form::Required),
        }
        let she_contacts = self.handover == HandOver::SheContacts;
        match &self.word {
            Some(_) if !she_contacts => v.add("/word", Referring::NotOfThis),
            Some(word) => text(&mut v, "/word", word, 60),
            None => v.require(!she_contacts, "/word", Form::Required),
        }
        self.sheet.check(&mut v, now);
        let has_ways = !self.sheet.channels.is_empty();
        v.require(has_ways || she_contacts, "/sheet/channels", Form::Required);
        v.require(!has_ways || !she_contacts, "/sheet/channels", Referring::NotOfThis);
        v.require(she_contacts || scopes.contains(&Share::Contact), "/handover", Referring::NotAgreed);
        if !self.she_changed_this {
            for at in forbidden(&self.sheet, wishes, &self.place.normalised().country) {
                v.add(["/sheet/channels", &at.to_string(), "channel"].join("/"), Referring::Forbidden);
            }
        }
        v.into_result()
    }

    fn check_place(&self, v: &mut Violations) {
        let Place { country, region, said_now } = &self.place;
        v.require(*said_now, "/place/said_now", Referring::NotSaidNow);
        let known = places::country(country);
        v.require(known.is_some(), "/place/country", Form::Country);
        if let Some(region) = region {
            let of_it = |known: String| known.split('-').next().map(str::to_owned) == places::country(country);
            v.require(places::region(region).is_some_and(of_it), "/place/region", Form::Region);
        }
    }
}

/// The ways of a sheet that she has forbidden, or that may be one of those, by their places.
pub(super) fn forbidden(sheet: &Sheet, wishes: &ContactInForce, country: &str) -> Vec<usize> {
    let is_never = |way: &SheetWay| wishes.forbids(way.channel, &way.value, Some(country));
    sheet.channels.iter().enumerate().filter(|(_, way)| is_never(way)).map(|(at, _)| at).collect()
}
