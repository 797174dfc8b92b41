//! What routing is asked, and what it answers.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::code::codes;
use crate::base::id::ServiceId;
use crate::domain::directory::{Audience, Doubt, Kind, Opening, Service};
use crate::domain::terms::acknowledgement::EmergencyLine;
use crate::domain::terms::words::AgeBand;

codes! {
    /// What keeps her from a way.
    pub enum Access {
        /// She cannot speak, or somebody would hear her.
        NoVoice = "no_voice",
    }
}

/// Where she says she is.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// The part of it, ISO 3166-2.
    pub region: Option<String>,
    /// Whether she said so now.
    pub said_now: bool,
}

/// What she told of herself. What she did not tell is not known, whatever a report says.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Her age in years.
    pub age: Option<u8>,
    /// Her age as far as she told it.
    pub age_band: Option<AgeBand>,
    /// The groups to which she says she belongs.
    pub groups: Vec<Audience>,
    /// Whether she asked for people of her own community.
    pub same_community: bool,
}

/// With whom he, or somebody close to him, has to do.
#[derive(Clone, Debug, Default)]
pub struct Conflicts {
    /// Whether she was asked.
    pub asked: bool,
    /// Services for which one of them works.
    pub services: Vec<ServiceId>,
    /// Kinds of services for which one of them works, such as the police.
    pub kinds: Vec<Kind>,
}

/// What routing is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Where she is.
    pub place: Place,
    /// What she told.
    pub told: Told,
    /// The language in which she wants to speak, BCP 47.
    pub language: Option<String>,
    /// What keeps her from a way.
    pub access: Vec<Access>,
    /// Who is in conflict.
    pub conflicts: Conflicts,
}

codes! {
    /// What to ask her, because it would change what is proposed.
    pub enum Ask as RoutingAsk {
        /// In which country she is now.
        Country = "country",
        /// In which part of it.
        Region = "region",
        /// How old she is.
        Age = "age",
        /// Whether he, or somebody close to him, works for one of them.
        Conflicts = "conflicts",
    }
}

codes! {
    /// What to know of an emergency line before she is led there.
    pub enum Care as RoutingCare {
        /// It is her choice; they may share immigration status.
        HerChoice = "her_choice_they_may_share_immigration_status",
        /// He, or somebody close to him, works for the police: she can ask for officers of another force.
        AskForAnotherForce = "ask_for_another_force",
    }
}

codes! {
    /// What to know of a service before she is led there.
    pub enum Label as RoutingLabel {
        /// It is for one group, and she has not said whether she belongs to it.
        ForOneGroup = "for_one_group",
        /// It is for a part of her country, and she has not said in which she is.
        PartOfCountry = "part_of_country",
        /// Nobody there speaks her language: an interpreter is needed.
        Interpreter = "interpreter",
        /// An interpreter is needed, and none of her own community unless she asks.
        InterpreterOfNoCommunity = "interpreter_not_of_her_community",
        /// Its name alone tells something of her: ask whether it may be said.
        NameOuts = "name_outs",
        /// It is reached by voice alone.
        VoiceOnly = "voice_only",
        /// It takes people from this age on, and hers is not known.
        AskAge = "ask_age",
        /// It takes whom professionals send.
        ByProfessionals = "by_professionals",
        /// Through the safeguarding lead alone: her age is not sure.
        ThroughSafeguardingLead = "through_safeguarding_lead",
        /// A bill may show that somebody rang.
        OnBill = "on_bill",
    }
}

codes! {
    /// Why a service that a rule would propose is not.
    pub enum LeftOut as RoutingLeftOut {
        /// Nobody has looked it up for too long.
        Expired = "expired",
        /// It takes nobody now.
        Full = "full",
        /// He, or somebody close to him, works there.
        Conflict = "conflict",
        /// It does not take her age, or its people are not trained for children.
        Age = "age",
        /// It is for children.
        ForChildren = "for_children",
        /// It is for others than she told.
        ForOthers = "for_others",
        /// It is the police, and would be her choice alone.
        Police = "police",
        /// It tells immigration authorities, or speaks with the family.
        TellsOthers = "tells_others",
        /// It is of one community, and she has not asked for that.
        OfACommunity = "of_a_community",
        /// Three are shown.
        NoRoom = "no_room",
    }
}

/// An emergency line.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RoutingEmergency)]
pub struct Emergency {
    /// The country it serves, ISO 3166-1 alpha-2; `EU` for the number of the European Union.
    #[schema(example = "GB")]
    pub country: String,
    /// Its name, with the country.
    #[schema(example = "Emergency services, United Kingdom")]
    pub label: String,
    /// The number.
    #[schema(example = "999")]
    pub number: String,
    /// How to call without speaking, where there is a way.
    pub silent: Option<String>,
    /// How to reach them by text, where there is a way.
    pub text: Option<String>,
    /// What to know before.
    pub care: Vec<Care>,
}

impl Emergency {
    pub(super) fn of(line: EmergencyLine, care: Vec<Care>) -> Self {
        let EmergencyLine { country, label, number, silent, text } = line;
        Self { country, label, number, silent, text, care }
    }
}

/// A service that is proposed.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// Which.
    pub service: std::sync::Arc<Service>,
    /// Why: the code of the rule and what it says.
    pub rule: String,
    /// The same for a colleague.
    pub why: String,
    /// What to know before.
    pub labels: Vec<Label>,
    /// When it is open.
    pub opening: Opening,
    /// Why nobody is referred there from here; nothing where somebody may be.
    pub doubts: Vec<Doubt>,
}

/// What routing answers.
#[derive(Debug)]
pub struct Proposal {
    /// The version of the rules.
    pub rules: String,
    /// Whom to call in danger: one line, or several where nobody knows where she is.
    pub emergency: Vec<Emergency>,
    /// What to ask her.
    pub ask: Vec<Ask>,
    /// Three services at the most.
    pub services: Vec<Proposed>,
    /// Services for one group: she has not said whether she belongs to it, so they stand beside, and are never hidden.
    pub for_one_group: Vec<Proposed>,
    /// Services for adults, where nobody can say whether she is one: through the safeguarding lead alone.
    pub through_safeguarding_lead: Vec<Proposed>,
    /// What a rule would propose and is not here, by its name, and why: some of it.
    pub left_out: Vec<(std::sync::Arc<Service>, LeftOut)>,
    /// How many more are left out.
    pub more_left_out: usize,
}
