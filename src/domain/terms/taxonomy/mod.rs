//! The words the project sorts harm by: categories with their statutory mappings, and the answer keys with the
//! question a person is asked.
//!
//! Owns the two data files beside it and the codes made from them. It must not know triage: no floors, weights,
//! clocks or queues. It knows nothing of storage or HTTP either.
//! Source: the contract "TSP-1", sections "Answer keys and floors" and "Categories".

mod data;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

use crate::base::code::codes;

codes! {
    pub enum Group as CategoryGroup is "The group of a category; it decides the queue and the promised first read." {
        /// Stalking, harassment, tracking, exposure of private details.
        Stalking = "stalking",
        /// Threats, control, violence, honour-based abuse, trafficking.
        Violence = "violence",
        /// Sexual assault and spiking.
        Sexual = "sexual",
        /// Intimate images and blackmail with them.
        Image = "image",
        /// Romance, investment, login and identity fraud.
        Fraud = "fraud",
        /// Hate.
        Hate = "hate",
        /// Anything about a person under 18.
        Child = "child",
        /// A complaint about how a platform or service acted.
        Complaint = "complaint",
        /// Everything else, "not sure" among it.
        Other = "other",
    }
}

codes! {
    pub enum KeyGroup is "Which questions belong together when they are shown; triage does not use it." {
        /// What is happening now.
        Safety = "safety",
        /// Threats, injury, weapons.
        Violence = "violence",
        /// How often and for how long.
        Pattern = "pattern",
        /// How near the subject has come.
        Closeness = "closeness",
        /// Control and separation.
        Control = "control",
        /// The state of the subject.
        Perpetrator = "perpetrator",
        /// The situation of the survivor.
        Survivor = "survivor",
        /// Children.
        Child = "child",
        /// Honour, marriage, immigration, trafficking.
        Exploitation = "exploitation",
        /// Intimate images.
        Image = "image",
        /// Money and documents.
        Fraud = "fraud",
    }
}

/// A category's code: only codes of the taxonomy can exist.
#[derive(
    Copy,
    Clone,
    Eq,
    PartialEq,
    Ord,
    PartialOrd,
    Hash,
    Debug,
    ToSchema,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[schema(value_type = String, max_length = 64, example = "stalking_offline")]
pub struct CategoryCode(&'static str);

crate::base::code::stored_as_text!(CategoryCode);

impl CategoryCode {
    /// The code of that name, or `None` when the taxonomy has no such category.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        taxonomy().category_named(text).map(|category| category.code)
    }

    /// The name, as in the API and in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The group of this category.
    #[must_use]
    pub fn group(self) -> Group {
        // A code exists only if the taxonomy holds it; `Other` is never reached.
        taxonomy().category_named(self.0).map_or(Group::Other, |category| category.group)
    }

    /// Everything the taxonomy says about this category.
    #[must_use]
    pub fn category(self) -> Option<&'static Category> {
        taxonomy().category_named(self.0)
    }
}

impl fmt::Display for CategoryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for CategoryCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for CategoryCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // The value itself is never echoed: it may hold what a person wrote.
        Self::parse(&text).ok_or_else(|| de::Error::custom("not a category of the taxonomy"))
    }
}

/// An answer key's code: only keys of the taxonomy can exist.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, ToSchema)]
#[schema(value_type = String, example = "not_safe_now")]
pub struct KeyCode(&'static str);

impl KeyCode {
    /// The key of that name, or `None` when the taxonomy has no such key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        taxonomy().answer_key_named(text).map(|answer_key| answer_key.key)
    }

    /// The name, as in the API and in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for KeyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for KeyCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for KeyCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not an answer key of the taxonomy"))
    }
}

codes! {
    pub enum DsaRole is "How a statement category of the Digital Services Act is used beside the others of the same \
        category of harm." {
        /// What a platform files under.
        Main = "main",
        /// Goes beside the main one.
        Addition = "addition",
        /// Used in place of the main one when it fits better.
        Alternative = "alternative",
    }
}

/// One mapping to the Digital Services Act taxonomy, version 2.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DsaMapping {
    /// Main, addition or alternative.
    pub role: DsaRole,
    /// Statement category, for example `STATEMENT_CATEGORY_CYBER_VIOLENCE`.
    pub category: String,
    /// Keyword, when the category has one that fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyword: Option<String>,
    /// The free words `KEYWORD_OTHER` asks for; neutral, since the subject may read them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specification: Option<String>,
    /// The category to use instead when the person harmed is a woman or girl and agrees to record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_against_women: Option<String>,
    /// The keyword that goes with `category_against_women`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyword_against_women: Option<String>,
}

/// One category of harm, as served by `GET /v1/categories`.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, ToSchema)]
pub struct Category {
    /// The fixed code.
    pub code: CategoryCode,
    /// A short name for a person.
    pub label: String,
    /// The group.
    pub group: Group,
    /// One plain sentence for a person.
    pub meaning: String,
    /// Digital Services Act mappings; empty when none applies.
    pub dsa: Vec<DsaMapping>,
    /// Online Safety Act 2023: Ofcom's kinds of priority illegal content, for example `4` or `2a`; may be empty.
    pub osa_kinds: Vec<String>,
    /// What the kinds alone do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub osa_note: Option<String>,
    /// Australian dating code: `sexual_misconduct`, `serious_non_sexual_harm` or `complaint_about_handling`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub au: Option<String>,
    /// This category alone makes the child rule hold; nothing may be uploaded with it.
    pub child_rule: bool,
    /// The statutory 48 hours can run for it when the five declarations are made.
    pub intimate_image_clock: bool,
    /// False for welfare categories, which never leave in an export or a statistic.
    pub exported: bool,
}

/// One question a report can answer, as served by `GET /v1/categories`.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, ToSchema)]
pub struct AnswerKey {
    /// The fixed key.
    pub key: KeyCode,
    /// One plain question to the person harmed (en-GB), which may always be skipped.
    pub question: String,
    /// Which questions it is shown with.
    pub group: KeyGroup,
}

/// All categories and answer keys, in the order of the contract.
#[derive(Debug, Default)]
pub struct Taxonomy {
    categories: Vec<Category>,
    answer_keys: Vec<AnswerKey>,
    category_index: BTreeMap<&'static str, usize>,
    key_index: BTreeMap<&'static str, usize>,
}

impl Taxonomy {
    /// Every category, in the order in which they are offered.
    #[must_use]
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// Every answer key, in the order of the contract.
    #[must_use]
    pub fn answer_keys(&self) -> &[AnswerKey] {
        &self.answer_keys
    }

    /// The category of that name.
    fn category_named(&self, text: &str) -> Option<&Category> {
        self.categories.get(*self.category_index.get(text)?)
    }

    /// The answer key of that name.
    fn answer_key_named(&self, text: &str) -> Option<&AnswerKey> {
        self.answer_keys.get(*self.key_index.get(text)?)
    }

    /// The position of a category in [`Self::categories`].
    #[must_use]
    pub fn category_position(&self, code: CategoryCode) -> Option<usize> {
        self.category_index.get(code.0).copied()
    }

    /// The position of a key in [`Self::answer_keys`].
    #[must_use]
    pub fn key_position(&self, key: KeyCode) -> Option<usize> {
        self.key_index.get(key.0).copied()
    }
}

static TAXONOMY: LazyLock<Taxonomy> = LazyLock::new(|| {
    // The files are compiled in and a test proves that they parse. Were they broken, an empty taxonomy makes the rule
    // file invalid too, so that triage answers p1 rather than stopping the process.
    data::parse(data::CATEGORIES, data::ANSWER_KEYS).unwrap_or_default()
});

/// The taxonomy that is compiled in.
#[must_use]
pub fn taxonomy() -> &'static Taxonomy {
    &TAXONOMY
}

#[cfg(test)]
mod tests;
