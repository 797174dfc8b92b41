//! The calendar: when an edition is published, and which tables stand in it. Both are fixed when it is committed to, so
//! that neither can follow from what was counted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{EditionId, Shelf, Span};
use crate::base::time::Timestamp;
use crate::domain::counting::Quarter;
use crate::statistics::disclosure::{Cadence, Rules};

const DAY: Duration = Duration::from_hours(24);
/// How long a replacement is announced before it is published.
const NOTICE_OF_REPLACEMENT: u32 = 7;

/// An edition in the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarEntry {
    /// Which.
    pub edition: EditionId,
    /// When it was committed to.
    pub committed_at: Timestamp,
    /// SHA-256 of its secret.
    pub key_commitment: String,
    /// SHA-256 of the secret of the one replacement that it may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement_key_commitment: Option<String>,
    /// The hash of the rules it is made by.
    pub params_sha256: String,
    /// The hash of the perturbation tables it is made by.
    pub ptable_sha256: String,
    /// Its tables, with the span of each.
    pub plan: BTreeMap<String, Span>,
    /// When it is published.
    pub release_at: Timestamp,
    /// Why it replaces an earlier one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The public file of what was committed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Who signs the editions, in hexadecimal.
    pub public_key: String,
    /// The editions, the oldest first.
    pub editions: Vec<CalendarEntry>,
}

impl Calendar {
    /// The first edition that this one has committed to, and the other one has not or otherwise. Whoever saved this one
    /// compares what is published with it.
    #[must_use]
    pub fn broken_by(&self, other: &Self) -> Option<EditionId> {
        let promise = |entry: &CalendarEntry| (entry.key_commitment.clone(), entry.plan.clone(), entry.release_at);
        let kept = |entry: &&CalendarEntry| {
            let same = other.editions.iter().find(|one| one.edition == entry.edition);
            same.is_some_and(|one| promise(one) == promise(entry))
        };
        self.editions.iter().find(|entry| !kept(entry)).map(|entry| entry.edition)
    }
}

/// When the edition of a quarter is published.
#[must_use]
pub fn release_at(rules: &Rules, quarter: Quarter) -> Timestamp {
    on_release_hour(rules, quarter.until(), rules.release.after_days, true)
}

/// When a replacement is published that was announced at `announced`.
pub(super) fn replacement_at(rules: &Rules, announced: Timestamp) -> Timestamp {
    on_release_hour(rules, announced.day(), NOTICE_OF_REPLACEMENT, false)
}

fn on_release_hour(rules: &Rules, from: Timestamp, days: u32, on_weekday: bool) -> Timestamp {
    let release = rules.release;
    let mut day = from.plus(DAY * days);
    for _ in 0..7 {
        if !on_weekday || day.weekday() == release.weekday {
            break;
        }
        day = day.plus(DAY);
    }
    day.plus(Duration::from_secs(u64::from(release.hour_utc * 3600 + release.minute_utc * 60)))
}

/// Which tables the edition of a quarter holds. Tables that wait for volume are decided once a year, from what was
/// published of the year before: public figures alone, so that the decision tells nothing new.
#[must_use]
pub fn plan(rules: &Rules, quarter: Quarter, committed: &[CalendarEntry], shelf: &Shelf) -> BTreeMap<String, Span> {
    let of_year = committed
        .iter()
        .find(|entry| entry.edition.quarter().year() == quarter.year() && !entry.edition.quarter().is_last_of_year());
    let mut plan = BTreeMap::new();
    for table in &rules.tables {
        let every_quarter = match (table.cadence, of_year) {
            (Cadence::Quarter, _) => true,
            (Cadence::Year, _) => false,
            (Cadence::Volume, Some(entry)) => entry.plan.contains_key(&table.name),
            (Cadence::Volume, None) => is_busy(rules, &table.name, quarter.year() - 1, shelf),
        };
        if every_quarter {
            plan.insert(table.name.clone(), Span::Quarter);
        } else if quarter.is_last_of_year() {
            plan.insert(table.name.clone(), Span::Year);
        }
    }
    plan
}

/// Whether the median published figure of a table in a year was enough to show it every quarter. "Fewer than" counts as
/// none; a yearly figure counts as four quarters.
fn is_busy(rules: &Rules, table: &str, year: i32, shelf: &Shelf) -> bool {
    let mut figures: Vec<i64> = Vec::new();
    for edition in shelf.in_force().filter(|edition| edition.id.quarter().year() == year) {
        let Some(span) = edition.manifest.plan.get(table) else { continue };
        let shown = edition.figures(table).iter().map(|(_, figure)| figure.unwrap_or(0));
        figures.extend(shown.map(|figure| if *span == Span::Year { figure / 4 } else { figure }));
    }
    figures.sort_unstable();
    figures.get(figures.len() / 2).is_some_and(|median| *median >= rules.busy())
}
