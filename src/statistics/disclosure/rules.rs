//! The rules of publication, as data: which tables there are, over which fixed values, and how each figure is protected.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::base::code::codes;
use crate::base::secret::{hex, sha256};
use crate::domain::counting::FlowKind;

const TEXT: &str = include_str!("disclosure.toml");
pub(super) const PERTURBATION: &str = include_str!("perturbation.toml");

codes! {
    /// How often a table is published.
    pub enum Cadence {
        /// Every quarter.
        Quarter = "quarter",
        /// Once a year, with the last quarter.
        Year = "year",
        /// Once a year until there is enough to show, then every quarter.
        Volume = "volume",
    }
}

codes! {
    /// What a table is broken down by.
    pub enum Dimension {
        /// Connected platforms.
        Platform = "platform",
        /// Category groups without complaints.
        Category = "category",
        /// How soon the platform answered.
        Response = "response",
        /// Where the case stood on day 90.
        Outcome = "outcome",
        /// Regions of the United Kingdom, and elsewhere.
        Region = "region",
    }
}

/// All rules.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The method's version, which enters every draw.
    pub method_version: String,
    /// When an edition is published.
    pub release: Release,
    /// From how many answers on response times are said.
    pub gates: Gates,
    volume: Volume,
    /// The closed list of tables.
    #[serde(rename = "table")]
    pub tables: Vec<TableRule>,
    #[serde(rename = "dimension")]
    dimensions: Vec<DimensionRule>,
}

/// When an edition is published: the first such day of the week that lies far enough after its quarter, at this hour.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Days after the quarter's end, at least.
    pub after_days: u32,
    /// 1 for Monday to 7 for Sunday.
    pub weekday: u32,
    /// UTC.
    pub hour_utc: u32,
    /// UTC.
    pub minute_utc: u32,
}

/// From how many cases on a group's response times are said.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gates {
    /// Shares.
    pub share: i64,
    /// The median.
    pub median: i64,
    /// The time within which nine in ten are answered.
    pub p90: i64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Volume {
    busy: i64,
}

/// A table of the closed list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableRule {
    /// The short code in the method.
    pub code: String,
    /// Its name in addresses and files.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What is counted.
    pub flow: FlowKind,
    /// What it is broken down by, rows first.
    pub dimensions: Vec<Dimension>,
    /// How often it is published.
    pub cadence: Cadence,
    /// How much one case may change the odds of a figure, times a hundred.
    pub epsilon_hundredths: u32,
    /// Below it a figure is "fewer than".
    pub threshold: i64,
    /// Figures are multiples of this.
    pub round_to: i64,
}

impl TableRule {
    /// Whether its figures may be below zero.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        matches!(self.flow, FlowKind::Correction)
    }

    /// By how much nineteen in twenty figures are moved at the most, in cases: 6 at an epsilon of 0.5, 12 at 0.25.
    #[must_use]
    pub const fn usual_noise(&self) -> i64 {
        if self.epsilon_hundredths >= 50 { 6 } else { 12 }
    }

    /// The epsilon as it is written: `0.5`.
    #[must_use]
    pub fn epsilon(&self) -> f64 {
        f64::from(self.epsilon_hundredths) / 100.0
    }
}

/// A dimension with its fixed values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DimensionRule {
    /// Which.
    pub name: Dimension,
    /// Its name for people.
    pub title: String,
    /// Its values, in the order of the tables.
    pub values: Vec<ValueRule>,
}

/// A value of a dimension.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueRule {
    /// Its code in files.
    pub code: String,
    /// Its name for people.
    pub title: String,
}

impl Rules {
    /// The rules of this text.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// From which median figure on a table is published every quarter.
    #[must_use]
    pub const fn busy(&self) -> i64 {
        self.volume.busy
    }

    /// The table of this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&TableRule> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// A dimension's fixed values; nothing for platforms, which are the register's.
    #[must_use]
    pub fn dimension(&self, name: Dimension) -> Option<&DimensionRule> {
        self.dimensions.iter().find(|dimension| dimension.name == name)
    }
}

/// The rules in force. They are part of the program, and a test reads them.
#[must_use]
pub fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::read(TEXT).unwrap_or_default());
    &RULES
}

/// The hash of the rules, as each manifest names it.
#[must_use]
pub fn params_sha256() -> String {
    hex(&sha256(TEXT.as_bytes()))
}

/// The hash of the perturbation tables, as each manifest names it.
#[must_use]
pub fn perturbation_sha256() -> String {
    hex(&sha256(PERTURBATION.as_bytes()))
}
