//! What a reporter is told at once: whom to call in danger, that a person will read it, and by when. Nothing here
//! depends on triage, on the category, or on any other report.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::time::Timestamp;

/// Numbers and words, as data.
const DATA: &str = include_str!("lines.toml");

/// Whom to call in danger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyLine {
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
}

/// A line for people in one kind of trouble.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelpLine {
    /// The country it serves, ISO 3166-1 alpha-2.
    pub country: String,
    /// Its name, with the country.
    pub label: String,
    /// The number, as people write it.
    pub number: String,
    /// When to ring it: a sentence.
    pub about: String,
}

/// Where a sender can report material that we never take.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportTo {
    /// The country it serves.
    pub country: String,
    /// Its name.
    pub label: String,
    /// Its address.
    pub url: String,
}

/// The acknowledgement of a report.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Acknowledgement {
    /// Whom to call in danger. Show them first.
    pub emergency: Vec<EmergencyLine>,
    /// Whether the country was said just now. When not, ask, and show the label with each number.
    pub country_confirmed: bool,
    /// When a person will have read it: the promise of its category group, the same for every report of the group.
    #[schema(value_type = String, format = DateTime)]
    pub human_review_by: Timestamp,
    /// Words to show to the reporter, the same for every category.
    pub text: String,
    /// Whether somebody is planned to be at work, by the rota alone; the text says so too. A change of the rota shows from the
    /// next full hour. The same for every report that comes in within the hour; a report that is sent again has the answer
    /// that it had.
    pub staffed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    checked: String,
    text: Vec<Text>,
    emergency: Vec<EmergencyLine>,
    help: Vec<HelpLine>,
    child_report: Vec<ReportTo>,
    european: Vec<String>,
    unknown_country: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    locale: String,
    danger: String,
    words: String,
    planned: String,
    nobody: String,
}

static LINES: LazyLock<Option<Data>> = LazyLock::new(|| match toml::from_str(DATA) {
    Ok(data) => Some(data),
    Err(error) => {
        tracing::error!(%error, "the embedded emergency lines do not parse");
        None
    }
});

/// Every emergency number that there is, by country.
#[must_use]
pub fn emergency_lines() -> &'static [EmergencyLine] {
    LINES.as_ref().map(|data| data.emergency.as_slice()).unwrap_or_default()
}

/// Every line for one kind of trouble.
#[must_use]
pub fn help_lines() -> &'static [HelpLine] {
    LINES.as_ref().map(|data| data.help.as_slice()).unwrap_or_default()
}

/// The month in which the emergency numbers were last compared with the authorities' own pages, in words.
#[must_use]
pub fn lines_checked() -> &'static str {
    LINES.as_ref().map(|data| data.checked.as_str()).unwrap_or_default()
}

/// What was said of the reporter that the words and numbers depend on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Addressee<'a> {
    /// The language they read, BCP 47.
    pub locale: Option<&'a str>,
    /// Where they are, ISO 3166-1 alpha-2.
    pub country: Option<&'a str>,
    /// Whether they said the country just now.
    pub country_said_now: bool,
}

/// The acknowledgement of a report that was received and is promised a review by then.
#[must_use]
pub fn acknowledge(to: Addressee<'_>, human_review_by: Timestamp, staffed: bool) -> Acknowledgement {
    Acknowledgement {
        emergency: emergency(to.country),
        country_confirmed: to.country.is_some() && to.country_said_now,
        human_review_by,
        text: words(to.locale, staffed),
        staffed,
    }
}

fn words(locale: Option<&str>, staffed: bool) -> String {
    let Some(data) = LINES.as_ref() else { return String::new() };
    let language = |tag: &str| tag.split('-').next().unwrap_or_default().to_lowercase();
    let wanted = locale.map(language);
    let found = data.text.iter().find(|text| Some(language(&text.locale)) == wanted).or_else(|| data.text.first());
    let Some(text) = found else { return String::new() };
    let rota = if staffed { &text.planned } else { &text.nobody };
    format!("{} {} {rota}", text.danger, text.words)
}

/// The emergency numbers of a country; those of several, each with its country, when it is not known.
#[must_use]
pub fn emergency(country: Option<&str>) -> Vec<EmergencyLine> {
    let Some(data) = LINES.as_ref() else { return Vec::new() };
    let of = |code: &str| data.emergency.iter().filter(|line| line.country == code).cloned().collect::<Vec<_>>();
    let known = country.map(of).filter(|lines| !lines.is_empty());
    let european = || country.filter(|code| data.european.iter().any(|known| known == code)).map(|_| of("EU"));
    known.or_else(european).unwrap_or_else(|| data.unknown_country.iter().flat_map(|code| of(code)).collect())
}

/// Where to report child material, for a country; the international list when it is not known.
#[must_use]
pub fn report_child_material_to(country: Option<&str>) -> Option<ReportTo> {
    let data = LINES.as_ref()?;
    let of = |code: &str| data.child_report.iter().find(|place| place.country == code).cloned();
    country.and_then(of).or_else(|| of("*"))
}
