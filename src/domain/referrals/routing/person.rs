//! What holds for a person and a service whatever the rule file says: ages, what she told, who must be kept away, what has
//! expired, is full or is in conflict.

use std::collections::BTreeSet;

use super::asked::{Access, Conflicts, Label, LeftOut, Question, Told};
use crate::base::id::ServiceId;
use crate::base::time::Timestamp;
use crate::domain::directory::{Audience, Evidence, Holds, Kind, Mark, OnBill, Service};
use crate::domain::terms::taxonomy::{CategoryCode, KeyCode};
use crate::domain::terms::words::{AgeBand, Answer};
use crate::domain::triage::Facts;

/// How old she is, as far as anybody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// A child, perhaps with her age.
    Child(Option<u8>),
    /// Nobody can say whether she is a child.
    Unsure,
    /// An adult, perhaps with her age. Whoever said nothing of it is taken for one, unless the case is a child's.
    Adult(Option<u8>),
}

const ADULT: u8 = 18;
const OLDEST: u8 = 120;

impl Age {
    /// What she told counts; but nobody turns a child's case into an adult's by it.
    pub(super) fn of(told: &Told, is_childs_case: bool) -> Self {
        let band = told.age_band;
        if told.age.is_some_and(|age| age < ADULT) || band == Some(AgeBand::Under18) {
            return Self::Child(told.age.filter(|age| *age < ADULT));
        }
        let says_adult = told.age.is_some() || band == Some(AgeBand::Adult);
        match (band, is_childs_case) {
            (Some(AgeBand::Unsure), _) => Self::Unsure,
            (_, true) if says_adult => Self::Unsure,
            (_, true) => Self::Child(None),
            (_, false) => Self::Adult(told.age),
        }
    }

    /// Whether it would change something to know it.
    pub(super) const fn is_open(self) -> bool {
        matches!(self, Self::Child(None) | Self::Unsure)
    }
}

/// A person, as routing sees them.
pub(super) struct Person<'q> {
    pub(super) age: Age,
    /// Whether family, police, immigration and community are kept away (TSP-1, O13).
    pub(super) keeps_away: bool,
    pub(super) country: &'q str,
    pub(super) region: Option<&'q str>,
    pub(super) question: &'q Question,
    pub(super) now: Timestamp,
    /// Services of which somebody knows somebody in the case.
    pub(super) walled: &'q BTreeSet<ServiceId>,
}

/// Whether family is kept out, and nothing goes to police or immigration by itself (TSP-1, O13). It is asked of the answers and
/// not of the rule file, which could name the row otherwise.
pub(in crate::domain::referrals) fn keeps_away(facts: &Facts) -> bool {
    let yes = |key: &str| KeyCode::parse(key).is_some_and(|key| facts.answers.get(&key) == Some(&Answer::Yes));
    ["honour_based_abuse", "forced_marriage", "threat_to_out", "immigration_threat"].into_iter().any(yes)
        || CategoryCode::parse("honour_based_abuse").is_some_and(|code| facts.categories.contains(&code))
}

/// How well a service fits somebody: lower comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fit {
    /// Not hers to choose alone, or for a group of which she has said nothing: after all others.
    pub(super) stands_back: bool,
    is_unheard: bool,
    pub(super) rule: usize,
    told: Fits,
    near: Holds,
    language: Fits,
    was_read: Fits,
}

/// Whether something fits: what does comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fits {
    Yes,
    No,
}

impl From<bool> for Fits {
    fn from(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }
}

impl Person<'_> {
    /// How a service of a rule fits, with what to know of it; or why it is left out. Nothing where it does not help there,
    /// and where it is for those who harm.
    pub(super) fn fit(&self, service: &Service, rule: usize) -> Option<Result<(Fit, Vec<Label>), LeftOut>> {
        let entry = &service.entry;
        if entry.kind == Kind::SelfConcern {
            return None;
        }
        let near = service.places().hold(self.country, self.region)?;
        let mut labels = Vec::new();
        if let Err(why) = self.may_be_led_there(service, &mut labels) {
            return Some(Err(why));
        }
        let told = &self.question.told.groups;
        let is_of_them = entry.for_whom.iter().all(|group| told.contains(group));
        let is_apart = |group: &Audience| !matches!(group, Audience::Women | Audience::Men);
        let fits_told = is_of_them && entry.for_whom.iter().any(is_apart);
        let language = self.question.language.as_deref().map(primary);
        let speaks = language.is_none_or(|wanted| entry.languages.iter().any(|spoken| primary(spoken) == wanted));
        if !speaks {
            let of_no_community = self.keeps_away && !self.question.told.same_community;
            labels.push(if of_no_community { Label::InterpreterOfNoCommunity } else { Label::Interpreter });
        }
        if matches!(near, Holds::Perhaps(_)) {
            labels.push(Label::PartOfCountry);
        }
        let marks = [(Mark::NameOuts, Label::NameOuts), (Mark::ByProfessionals, Label::ByProfessionals)];
        labels.extend(marks.iter().filter(|(mark, _)| entry.has(*mark)).map(|(_, label)| *label));
        if entry.is_voice_only() {
            labels.push(Label::VoiceOnly);
        }
        if entry.on_bill == OnBill::Yes {
            labels.push(Label::OnBill);
        }
        let stands_back =
            labels.iter().any(|label| matches!(label, Label::ForOneGroup | Label::ThroughSafeguardingLead));
        let fit = Fit {
            stands_back,
            is_unheard: entry.is_voice_only() && self.question.access.contains(&Access::NoVoice),
            rule,
            told: fits_told.into(),
            near,
            language: speaks.into(),
            was_read: (entry.evidence == Evidence::Read).into(),
        };
        Some(Ok((fit, labels)))
    }

    fn may_be_led_there(&self, service: &Service, labels: &mut Vec<Label>) -> Result<(), LeftOut> {
        let (entry, Conflicts { services, kinds, .. }) = (&service.entry, &self.question.conflicts);
        let is_asked = services.contains(&service.id) || kinds.contains(&entry.kind);
        if is_asked || self.walled.contains(&service.id) {
            return Err(LeftOut::Conflict);
        }
        self.takes_her_age(service, labels)?;
        if self.keeps_away {
            if entry.kind == Kind::Police {
                return Err(LeftOut::Police);
            }
            if entry.has(Mark::SharesImmigrationStatus) || entry.has(Mark::WorksWithFamily) {
                return Err(LeftOut::TellsOthers);
            }
            if entry.has(Mark::OfACommunity) && !self.question.told.same_community {
                return Err(LeftOut::OfACommunity);
            }
        }
        let told = &self.question.told.groups;
        let other = |one, other| entry.for_whom.contains(&one) && !told.contains(&one) && told.contains(&other);
        if other(Audience::Women, Audience::Men) || other(Audience::Men, Audience::Women) {
            return Err(LeftOut::ForOthers);
        }
        if service.is_expired(self.now) {
            return Err(LeftOut::Expired);
        }
        if service.is_full(self.now) {
            return Err(LeftOut::Full);
        }
        if !entry.for_whom.iter().all(|group| told.contains(group)) {
            labels.push(Label::ForOneGroup);
        }
        Ok(())
    }

    fn takes_her_age(&self, service: &Service, labels: &mut Vec<Label>) -> Result<(), LeftOut> {
        let entry = &service.entry;
        let is_for_children = entry.kind == Kind::Child;
        let is_trained = entry.has(Mark::TrainedForChildren);
        let (from, to) = (entry.ages.from.unwrap_or(0), entry.ages.to.unwrap_or(OLDEST));
        match self.age {
            Age::Child(age) => {
                let is_of_age = age.map_or_else(|| entry.ages.meet(0, ADULT - 1), |age| entry.ages.include(age));
                if !is_trained || !is_of_age {
                    return Err(LeftOut::Age);
                }
                if age.is_none() && (from > 0 || to < ADULT - 1) {
                    labels.push(Label::AskAge);
                }
            }
            Age::Unsure if is_trained && entry.ages.meet(0, ADULT - 1) => labels.push(Label::AskAge),
            Age::Unsure => labels.push(Label::ThroughSafeguardingLead),
            Age::Adult(_) if is_for_children => return Err(LeftOut::ForChildren),
            Age::Adult(age) => {
                let is_of_age = age.map_or_else(|| entry.ages.meet(ADULT, OLDEST), |age| entry.ages.include(age));
                if !is_of_age {
                    return Err(LeftOut::Age);
                }
                if age.is_none() && (from > ADULT || to < OLDEST) {
                    labels.push(Label::AskAge);
                }
            }
        }
        Ok(())
    }
}

/// The language of a tag.
fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}
