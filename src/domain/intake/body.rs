//! The shape of a report as platforms send it. Field by field this is the contract; `validate` holds its rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::secret::silent;
use crate::domain::terms::acknowledgement::Addressee;
pub use crate::domain::terms::contact::{ChannelBody, ContactBody};
use crate::domain::terms::identifiers::IdentifierKind;
use crate::domain::terms::taxonomy::CategoryCode;
use crate::domain::terms::words::Answer;
pub use crate::domain::terms::words::{
    AgeBand, Answers, Author, Channel, DesiredOutcome, Precision, Relation, Source, YesNoUnknown,
};

/// A report. At most 256 KiB; with a longer chat 2 MiB, of which the newest messages that fit are kept.
#[derive(Serialize, ToSchema)]
pub struct ReportBody {
    /// Your own reference, 1 to 255 printable ASCII characters, unique for ever in this mode.
    #[schema(min_length = 1, max_length = 255, pattern = "^[!-~]([ -~]*[!-~])?$", example = "SPK-2026-004711")]
    pub platform_report_ref: String,
    /// What it is about: a code of `GET /v1/categories`.
    #[schema(max_length = 64, example = "stalking_offline")]
    pub category: String,
    /// What else it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<CategoryCode>, max_items = 10)]
    pub other_categories: Vec<String>,
    /// When it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred: Option<Occurred>,
    /// When it was reported to you, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, max_length = 64)]
    pub reported_at: Option<String>,
    /// Who sends it.
    pub reporter: Reporter,
    /// The person harmed, when somebody else sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survivor: Option<Survivor>,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectBody>,
    /// What they said, in their own words.
    #[schema(min_length = 1, max_length = 20000, example = "He has been outside my work three times this week.")]
    pub statement: String,
    /// Answers by key; the keys and their questions are at `GET /v1/categories`. An absent key was not asked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Answers)]
    pub answers: BTreeMap<String, Answer>,
    /// What they hope for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired_outcome: Option<DesiredOutcome>,
    /// Whether and how they may be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactBody>,
    /// What you know of the two accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_context: Option<PlatformContext>,
    /// The declarations that start the 48-hour clock for an intimate image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intimate_image: Option<IntimateImage>,
    /// Files do not belong here: they are thrown away unread and named in `not_accepted`; the report is taken.
    #[serde(default, skip_serializing)]
    #[schema(value_type = Vec<Object>, max_items = 100)]
    pub attachments: usize,
}

/// When it happened.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Occurred {
    /// A date, a month or an RFC 3339 time.
    #[schema(max_length = 64, example = "2026-11-02")]
    pub from: String,
    /// The same, not before `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64, example = "2026-11-20")]
    pub to: Option<String>,
    /// How exactly it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
}

/// Who sends the report.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reporter {
    /// The person harmed, or who else.
    pub relation: Relation,
    /// Their account, as you know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub platform_account_ref: Option<String>,
    /// Their age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_band: Option<AgeBand>,
    /// ISO 3166-1 alpha-2; `UK` is read as `GB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "GB", pattern = "^[A-Z]{2}$")]
    pub country: Option<String>,
    /// ISO 3166-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "GB-ESX", pattern = "^[A-Z]{2}-[A-Z0-9]{1,3}$")]
    pub region: Option<String>,
    /// Whether they said the country just now; a profile may be out of date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_source: Option<Source>,
    /// BCP 47.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 2, max_length = 100, example = "en-GB")]
    pub locale: Option<String>,
    /// The device they report from, as a name of your own that is the same for the same device. It only serves to tell
    /// whether reporters are independent of each other, and is kept as a keyed hash beside the sealed report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub device_ref: Option<String>,
    /// The same for what they pay with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub payment_ref: Option<String>,
    /// The same for the network they report from. Hash it: no address is needed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub network_ref: Option<String>,
}

/// The person harmed, when somebody else reports. Nobody is told through a third party that she has a case.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Survivor {
    /// Their age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_band: Option<AgeBand>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Z]{2}$")]
    pub country: Option<String>,
    /// ISO 3166-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Z]{2}-[A-Z0-9]{1,3}$")]
    pub region: Option<String>,
    /// Whether they know of this report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub knows: Option<YesNoUnknown>,
}

/// Whom the report is about.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectBody {
    /// Their account, as you know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub platform_account_ref: Option<String>,
    /// The name on the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub display_name: Option<String>,
    /// Telephone numbers, handles and the like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub identifiers: Vec<IdentifierBody>,
}

/// One identifier of the subject.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentifierBody {
    /// What kind.
    #[serde(rename = "type")]
    pub kind: IdentifierKind,
    /// As given.
    #[schema(min_length = 1, max_length = 500)]
    pub value: String,
}

/// What the platform knows of the two accounts.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlatformContext {
    /// When they matched: a date or an RFC 3339 time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64)]
    pub matched_at: Option<String>,
    /// Whether they still are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_matched: Option<bool>,
    /// Messages between them, kept here because unmatching deletes them elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 200)]
    pub messages: Vec<ContextMessage>,
}

/// One message between the two accounts.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContextMessage {
    /// When, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, max_length = 64)]
    pub at: Option<String>,
    /// Who wrote it.
    pub from: Author,
    /// The words.
    #[schema(max_length = 8000)]
    pub text: String,
}

/// The declarations about an intimate image. Incomplete ones are accepted and start no clock.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IntimateImage {
    /// It is one.
    #[serde(default)]
    pub is_intimate_image: bool,
    /// The reporter is in it, or acts for who is.
    #[serde(default)]
    pub is_subject_or_agent: bool,
    /// The declaration is true, in good faith.
    #[serde(default)]
    pub good_faith: bool,
    /// Where it is, in any words that find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub locator: Option<String>,
    /// Where the platform can answer them; `via_recourse` is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 320)]
    pub contact: Option<String>,
    /// Starts the United States clock as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub signature: Option<String>,
}

/// More for a report: at least one of the three.
#[derive(Serialize, ToSchema)]
pub struct AdditionBody {
    /// More words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 20000)]
    pub statement: Option<String>,
    /// More answers. A yes given before stays.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Answers)]
    pub answers: BTreeMap<String, Answer>,
    /// More identifiers of the subject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub identifiers: Vec<IdentifierBody>,
}

impl ReportBody {
    /// Who is told that the report has arrived.
    #[must_use]
    pub fn addressee(&self) -> Addressee<'_> {
        let Reporter { locale, country, country_source, .. } = &self.reporter;
        let country_said_now = *country_source == Some(Source::SaidNow);
        Addressee { locale: locale.as_deref(), country: country.as_deref(), country_said_now }
    }

    /// Whether an age under 18, or in doubt, was given for anybody it concerns.
    #[must_use]
    pub fn names_a_child(&self) -> bool {
        let young = |band: Option<AgeBand>| matches!(band, Some(AgeBand::Under18 | AgeBand::Unsure));
        young(self.reporter.age_band) || young(self.survivor.as_ref().and_then(|survivor| survivor.age_band))
    }

    /// Whether a "no" may have been given under somebody's eyes: on a device that is or may be shared, or by somebody
    /// who is not the survivor (TSP-1, rule 3).
    #[must_use]
    pub fn has_doubtful_no(&self) -> bool {
        let shared = self.contact.as_ref().and_then(|contact| contact.device_shared);
        self.reporter.relation != Relation::SelfReported || shared != Some(YesNoUnknown::No)
    }
}

silent! { ReportBody Occurred Reporter Survivor SubjectBody IdentifierBody PlatformContext ContextMessage IntimateImage AdditionBody }
