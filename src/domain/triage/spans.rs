//! How long each clock of a priority runs. Only spans: what time it is, and what is due, is the callers' matter.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// The clocks of one priority (TSP-1, section "Clocks"). Calendar time; nothing pauses them.
#[derive(Clone, Eq, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spans {
    /// When the on-call is paged; `None`: nobody is.
    #[serde(default, deserialize_with = "some_span")]
    pub page_first: Option<Duration>,
    /// How often the page is repeated; `None`: it is not.
    #[serde(default, deserialize_with = "some_span")]
    pub page_repeat: Option<Duration>,
    /// A person has read it, while someone is on shift.
    #[serde(deserialize_with = "span")]
    pub human_review_staffed: Duration,
    /// A person has read it, while nobody is on shift.
    #[serde(deserialize_with = "span")]
    pub human_review_unstaffed: Duration,
    /// A first safe contact was tried, or a standby recorded.
    #[serde(deserialize_with = "span")]
    pub first_contact: Duration,
    /// Escalation was decided; `None`: no such clock.
    #[serde(default, deserialize_with = "some_span")]
    pub escalation_decision: Option<Duration>,
    /// The case was looked at again.
    #[serde(deserialize_with = "span")]
    pub re_review: Duration,
}

/// The statutory clock of an intimate image.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageClock {
    #[serde(deserialize_with = "span")]
    pub(super) span: Duration,
    #[serde(deserialize_with = "span_list")]
    pub(super) alarms: Vec<Duration>,
}

/// A duration of the rule file: a whole number above 0, a space, and `min`, `h` or `d`.
#[derive(Copy, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Span(pub(super) Duration);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse(&text)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a duration: write \"15 min\", \"4 h\" or \"3 d\""))
    }
}

fn parse(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_once(' ')?;
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    let unit = match unit {
        "min" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    number.checked_mul(unit).map(Duration::from_secs)
}

fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Span::deserialize(deserializer).map(|span| span.0)
}

fn some_span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    span(deserializer).map(Some)
}

fn span_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Duration>, D::Error> {
    let spans: Vec<Duration> = Vec::<Span>::deserialize(deserializer)?.into_iter().map(|span| span.0).collect();
    if spans.is_sorted_by(|earlier, later| earlier < later) {
        Ok(spans)
    } else {
        Err(de::Error::custom("the alarms must rise: put the earliest first, each once"))
    }
}
