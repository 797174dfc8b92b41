//! A consent as a colleague records it, and what it needs to be one.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::code::codes;
use crate::base::id::ServiceId;
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::case::Case;
use crate::domain::directory::{Kind, Mark, Service};
use crate::domain::terms::words::{Answer, YesNoUnknown};
use crate::error::rules::{Consents, Form};
use crate::error::{Result, Violations};

codes! {
    /// What a service may be given.
    pub enum Share as ConsentScope {
        /// Her name, as she wants to be called, and who she is.
        Identity = "identity",
        /// How she may be reached.
        Contact = "contact",
        /// What happened, in her words and in a summary.
        Statement = "statement",
        /// Her answers.
        Answers = "answers",
        /// Whom she reported.
        Subject = "subject",
    }
}

codes! {
    /// Who gave it. Nobody consents for an adult.
    pub enum Giver as ConsentGiver {
        /// She herself.
        Survivor = "survivor",
        /// She herself, a child.
        Child = "child",
    }
}

codes! {
    /// By which way she gave it. What somebody else passes on is no consent.
    pub enum Given as ConsentWay {
        /// By telephone.
        Phone = "phone",
        /// Face to face.
        InPerson = "in_person",
        /// By video.
        Video = "video",
        /// By a letter of hers.
        Letter = "letter",
        /// On her own pages. A colleague records none of these.
        Portal = "portal",
    }
}

codes! {
    /// Who spoke between her and us.
    pub enum Interpreter as ConsentInterpreter {
        /// Nobody.
        None = "none",
        /// A professional.
        Professional = "professional",
        /// Somebody else, such as a relative: then it is no consent.
        Other = "other",
    }
}

/// What she was told before she agreed. All of it is needed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = ConsentTold)]
#[expect(clippy::struct_excessive_bools, reason = "five separate things, each told or not")]
pub struct Told {
    /// Who gets it.
    pub who: bool,
    /// What they get.
    pub what: bool,
    /// Why.
    pub why: bool,
    /// Until when.
    pub until: bool,
    /// That she can end it.
    pub can_end: bool,
}

/// A consent to be recorded.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// To which service.
    #[schema(value_type = String, example = "svc_00000000000000000000000000", pattern = "^svc_[0-9a-hjkmnp-tv-z]{26}$")]
    pub service_id: ServiceId,
    /// What it may be given; at least one.
    #[schema(min_items = 1, max_items = 5)]
    pub scopes: Vec<Share>,
    /// Who gave it.
    pub given_by: Giver,
    /// When, within the last 30 days.
    #[schema(value_type = String, format = DateTime)]
    pub given_at: Timestamp,
    /// By which way: `phone`, `in_person`, `video` or `letter`.
    pub how: Given,
    /// Whether she was alone. `no` is refused; `unknown` needs `alone_reason`, lasts 7 days and has no fallback.
    pub alone: YesNoUnknown,
    /// With `unknown`: why it is not known.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 2000)]
    pub alone_reason: Option<String>,
    /// Who spoke between you; `other` is refused.
    pub interpreter: Interpreter,
    /// What she was told: all of it.
    pub told: Told,
    /// Of a child: what she understood, in her words.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 2000)]
    pub understood: Option<String>,
    /// That the way on which you spoke was confirmed safe just before.
    pub channel_confirmed_safe: bool,
    /// What she said, in her words.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 2000)]
    pub words: Option<String>,
    /// Until when it holds, at most 180 days from `given_at`; 90 where nobody says.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Services that may be asked in this order if the first does not answer, for the same scopes.
    #[serde(default)]
    #[schema(inline, max_items = 2)]
    pub fallbacks: Vec<ServiceId>,
    /// For a service whose name alone tells something of her: that she said yes to its name.
    #[serde(default)]
    pub name_may_be_said: bool,
}

silent! { NewConsent }

/// The longest words, in characters.
const LONGEST: usize = 2_000;
/// How long ago one may have been given that is recorded now.
const GIVEN_DAYS: u64 = 30;
/// How long one holds: where nobody says, at most, and where nobody knows whether she was alone.
const USUAL_DAYS: u64 = 90;
const LONGEST_DAYS: u64 = 180;
const UNKNOWN_DAYS: u64 = 7;

const fn days(days: u64) -> Duration {
    Duration::from_hours(days * 24)
}

impl NewConsent {
    /// Until when it holds.
    pub(super) fn expires_at(&self) -> Timestamp {
        let usual = if self.alone == YesNoUnknown::Yes { USUAL_DAYS } else { UNKNOWN_DAYS };
        self.expires_at.unwrap_or_else(|| self.given_at.plus(days(usual)))
    }

    /// Looks whether it is a consent. `services` are those that it names, the first one first.
    ///
    /// # Errors
    /// `Invalid` with everything that is wrong.
    pub(super) fn check(
        &self,
        case: &Case,
        services: &[Option<Service>],
        wished_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        let mut v = Violations::default();
        self.check_services(services, &mut v);
        self.check_giver(case, &mut v);
        v.require(!self.scopes.is_empty(), "/scopes", Consents::NoScope);
        let distinct: BTreeSet<Share> = self.scopes.iter().copied().collect();
        v.require(distinct.len() == self.scopes.len(), "/scopes", Consents::Twice);
        v.require(self.how != Given::Portal, "/how", Consents::OnHerPages);
        v.require(self.interpreter != Interpreter::Other, "/interpreter", Consents::Interpreter);
        let Told { who, what, why, until, can_end } = self.told;
        for (place, told) in [("who", who), ("what", what), ("why", why), ("until", until), ("can_end", can_end)] {
            v.require(told, &format!("/told/{place}"), Consents::NotTold);
        }
        v.require(self.channel_confirmed_safe, "/channel_confirmed_safe", Consents::ChannelNotConfirmed);
        v.require(
            self.given_at <= now && now.since(self.given_at) <= days(GIVEN_DAYS),
            "/given_at",
            Consents::GivenAt(GIVEN_DAYS),
        );
        v.require(wished_at.is_none_or(|wish| wish < self.given_at), "/given_at", Consents::BeforeWish);
        let most = if self.alone == YesNoUnknown::Yes { LONGEST_DAYS } else { UNKNOWN_DAYS };
        let expires_at = self.expires_at();
        let fits = expires_at > now && expires_at.since(self.given_at) <= days(most);
        v.require(fits, "/expires_at", Consents::Expires(most));
        let texts = [("/alone_reason", &self.alone_reason), ("/understood", &self.understood), ("/words", &self.words)];
        for (place, text) in texts {
            let Some(text) = text else { continue };
            v.require(!text.trim().is_empty(), place, Form::Required);
            v.require(text.chars().count() <= LONGEST, place, Form::TooLong(LONGEST));
        }
        v.into_result()
    }

    fn check_services(&self, services: &[Option<Service>], v: &mut Violations) {
        v.require(self.fallbacks.len() <= 2, "/fallbacks", Form::TooMany(2));
        let named: BTreeSet<&ServiceId> = self.fallbacks.iter().chain([&self.service_id]).collect();
        v.require(named.len() == self.fallbacks.len() + 1, "/fallbacks", Consents::Twice);
        for (at, service) in services.iter().enumerate() {
            let place = at.checked_sub(1).map_or_else(|| "/service_id".to_owned(), |at| format!("/fallbacks/{at}"));
            let known = service.as_ref().filter(|service| service.entry.kind != Kind::SelfConcern);
            v.require(known.is_some(), &place, Consents::UnknownService);
            let outs = known.is_some_and(|service| service.entry.has(Mark::NameOuts));
            v.require(!outs || self.name_may_be_said, "/name_may_be_said", Consents::NameOuts);
        }
    }

    fn check_giver(&self, case: &Case, v: &mut Violations) {
        v.require(self.alone != YesNoUnknown::No, "/alone", Consents::NotAlone);
        let unknown = self.alone == YesNoUnknown::Unknown;
        v.require(!unknown || self.alone_reason.is_some(), "/alone_reason", Consents::WhyUnknown);
        v.require(unknown || self.alone_reason.is_none(), "/alone_reason", Consents::NotOfThis);
        v.require(!unknown || self.fallbacks.is_empty(), "/fallbacks", Consents::NoFallback);
        let child = self.given_by == Giver::Child;
        v.require(child == case.child, "/given_by", if case.child { Consents::OfAChild } else { Consents::OfAnAdult });
        v.require(!child || self.understood.is_some(), "/understood", Consents::Understood);
        v.require(child || self.understood.is_none(), "/understood", Consents::NotOfThis);
    }
}

/// What she takes back of a consent, as a colleague heard it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Narrowing {
    /// What the service may still be given: less than before, and at least one. To take back all of it, withdraw.
    #[schema(min_items = 1, max_items = 5)]
    pub scopes: Vec<Share>,
    /// By which way she said so.
    pub asked_how: Given,
    /// Whether she was alone. It holds in any case.
    pub alone: Answer,
}

/// That she takes back all of a consent, as a colleague heard it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawing {
    /// By which way she said so.
    pub asked_how: Given,
    /// Whether she was alone. It holds in any case.
    pub alone: Answer,
}
