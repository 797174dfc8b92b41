//! A platform over time: its figures of every edition in force, with what each cannot say. States before numbers, no
//! mark, no rank.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::shelf::{Edition, Shelf};
use super::views::shown;
use super::{EditionId, Span, prose};
use crate::pages::charts::{self, About, Bar, Point, Series};
use crate::pages::figures::{Grid, GridCell, GridRow, Section};
use crate::pages::writing;
use crate::statistics::disclosure::rules;
use crate::statistics::disclosure::{Dimension, Figure, TableRule, Time, TimeInterval};

type Key = BTreeMap<String, String>;

/// What the editions in force tell of one platform.
#[derive(Clone, Debug)]
pub struct PlatformRecord {
    /// A sentence of the newest edition.
    pub summary: String,
    /// Its figures, over time and of the newest editions.
    pub sections: Vec<Section>,
    /// Where they stand in each edition: path, words.
    pub links: Vec<(String, String)>,
}

impl PlatformRecord {
    /// Of the platform with this short name and name.
    #[must_use]
    pub fn of(shelf: &Shelf, slug: &str, name: &str) -> Self {
        let mut sections = Vec::new();
        sections.extend(over_time(shelf, slug, name));
        let tables = [
            ("platform-response", Dimension::Response),
            ("platform-outcome", Dimension::Outcome),
            ("platform-category", Dimension::Category),
        ];
        let mut links = Vec::new();
        for (table, dimension) in tables {
            let newest = shelf.in_force().rev().find(|edition| edition.manifest.plan.contains_key(table));
            if let (Some(edition), Some(rule)) = (newest, rules().table(table)) {
                sections.push(breakdown(edition, rule, dimension, slug));
                if dimension == Dimension::Response {
                    sections.extend(times(edition, slug));
                }
                let path = format!("/transparency/{}/{table}/platform/{slug}", edition.id);
                links.push((path, format!("{}, edition {}", rule.title, edition.id)));
                if dimension == Dimension::Response {
                    let path = format!("/transparency/{}/response-times#{slug}", edition.id);
                    links.push((path, format!("Response times, edition {}", edition.id)));
                }
            }
        }
        Self { summary: summary(shelf, slug, name), sections, links }
    }
}

fn summary(shelf: &Shelf, slug: &str, name: &str) -> String {
    let newest = shelf.latest().and_then(|edition| Some((edition.id.quarter().in_words(), figure_of(edition, slug)?)));
    match newest {
        Some((quarter, Figure::Value(value))) => {
            format!("About {} cases on {name} were counted from {quarter}.", writing::thousands(value))
        }
        Some((quarter, Figure::Low)) => {
            format!("Too few cases on {name} were counted from {quarter} to show how many, which may be none.")
        }
        None => format!("{name} is connected; its first figures come with the next edition."),
    }
}

/// A platform's figure among all; nothing when it was not connected yet.
fn figure_of(edition: &Edition, slug: &str) -> Option<Figure> {
    let is_it = |key: &Key| key.get("platform").is_some_and(|code| code == slug);
    edition.figures("platforms").iter().find(|(key, _)| is_it(key)).map(|(_, value)| figure(*value))
}

fn figure(value: Option<i64>) -> Figure {
    value.map_or(Figure::Low, Figure::Value)
}

fn over_time(shelf: &Shelf, slug: &str, name: &str) -> Option<Section> {
    let rule = rules().table("platforms")?;
    let told: Vec<(EditionId, Figure)> =
        shelf.in_force().filter_map(|edition| Some((edition.id, figure_of(edition, slug)?))).collect();
    let recent = told.get(told.len().saturating_sub(8)..).unwrap_or_default();
    if recent.len() < 2 {
        return None;
    }
    let series = Series {
        key: slug.to_owned(),
        label: name.to_owned(),
        points: recent
            .iter()
            .map(|(edition, value)| Point {
                key: edition.to_string(),
                label: edition.quarter().to_string(),
                shown: shown(*value, rule),
                noise: rule.usual_noise(),
            })
            .collect(),
    };
    let about = About {
        id: "over-time".to_owned(),
        title: format!("Cases on {name}, by quarter"),
        description:
            "Each figure was moved at random, usually by no more than 12, and rounded to the nearest 5. The table \
                      beside it has the same figures."
                .to_owned(),
    };
    let row = |(edition, value): &(EditionId, Figure)| GridRow {
        id: format!("quarter-{edition}"),
        title: edition.quarter().to_string(),
        link: Some(format!("/transparency/{edition}/platforms")),
        cells: vec![GridCell::of(&edition.to_string(), shown(*value, rule), 0)],
    };
    let grid = Grid {
        caption: format!("Cases on {name}, by quarter"),
        corner: "Quarter".to_owned(),
        columns: vec!["Cases".to_owned()],
        rows: recent.iter().map(row).collect(),
    };
    let charts = vec![charts::line(&about, &series, 0)];
    Some(Section { heading: "Cases by quarter".to_owned(), note: String::new(), charts, grid })
}

/// The stretch of time that a table of an edition tells of.
fn period(edition: &Edition, table: &str) -> String {
    prose::period(edition.id, edition.manifest.plan.get(table).copied().unwrap_or(Span::Quarter))
}

/// A platform's row of a table, as bars.
fn breakdown(edition: &Edition, rule: &TableRule, dimension: Dimension, slug: &str) -> Section {
    let period = period(edition, &rule.name);
    let values = rules().dimension(dimension).map(|dimension| dimension.values.as_slice()).unwrap_or_default();
    let figures: Vec<(&str, &str, Figure)> = values
        .iter()
        .filter_map(|value| {
            let is_it = |key: &Key| {
                key.get("platform").is_some_and(|code| code == slug)
                    && key.get(dimension.as_str()).is_some_and(|code| *code == value.code)
            };
            let found = edition.figures(&rule.name).iter().find(|(key, _)| is_it(key))?;
            Some((value.code.as_str(), value.title.as_str(), figure(found.1)))
        })
        .collect();
    let bar = |(code, title, value): &(&str, &str, Figure)| Bar {
        key: (*code).to_owned(),
        label: (*title).to_owned(),
        shown: shown(*value, rule),
        noise: rule.usual_noise(),
    };
    let bars: Vec<Bar> = figures.iter().map(bar).collect();
    let about = About {
        id: rule.name.clone(),
        title: format!("{}, {period}", rule.title),
        description: format!(
            "Each figure was moved at random, usually by no more than {}, and rounded to the nearest {}. Hatched: fewer than {}. \
             The table beside it has the same figures.",
            rule.usual_noise(),
            rule.round_to,
            rule.threshold
        ),
    };
    let row = |(code, title, value): &(&str, &str, Figure)| GridRow {
        id: format!("{}-{code}", rule.name),
        title: (*title).to_owned(),
        link: None,
        cells: vec![GridCell::of(code, shown(*value, rule), 0)],
    };
    let grid = Grid {
        caption: format!("{}, {period}", rule.title),
        corner: "Counted".to_owned(),
        columns: vec!["Cases".to_owned()],
        rows: figures.iter().map(row).collect(),
    };
    let heading = match dimension {
        Dimension::Response => "How soon it answered",
        Dimension::Outcome => "What came of it",
        Dimension::Category | Dimension::Platform | Dimension::Region => "Kinds of harm",
    };
    let charts = vec![charts::hbar_range(&about, &bars)];
    Section { heading: format!("{heading}, {period}"), note: String::new(), charts, grid }
}

#[derive(Deserialize)]
struct Times {
    rows: Vec<TimesRow>,
}

#[derive(Deserialize)]
struct TimesRow {
    platform: String,
    indicator: String,
    unit: String,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    code: Option<String>,
}

/// What is told of a platform's response times, in words.
fn times(edition: &Edition, slug: &str) -> Option<Section> {
    let file: Times = serde_json::from_slice(edition.files.get("response-times.json")?).ok()?;
    let names = [
        ("answered_within_24h", "Answered within 24 hours"),
        ("answered_within_72h", "Answered within 72 hours"),
        ("answered_within_7d", "Answered within 7 days"),
        ("answered_within_30d", "Answered within 30 days"),
        ("median", "Half of the cases answered within"),
        ("p90", "Nine in ten answered within"),
    ];
    let row = |(indicator, title): (&str, &str)| {
        let told = file.rows.iter().find(|row| row.platform == slug && row.indicator == indicator)?;
        let text = told.words();
        let value = told.value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        let cells = vec![GridCell { key: indicator.to_owned(), value, text, shade: 0 }];
        Some(GridRow { id: indicator.to_owned(), title: title.to_owned(), link: None, cells })
    };
    let grid = Grid {
        caption: format!("Response times, {}", period(edition, "platform-response")),
        corner: "Measured".to_owned(),
        columns: vec!["With its 95 % range".to_owned()],
        rows: names.into_iter().filter_map(row).collect(),
    };
    let note = "Of all cases that it was told of, unanswered ones among them.".to_owned();
    Some(Section { heading: String::new(), note, charts: Vec::new(), grid })
}

impl TimesRow {
    fn words(&self) -> String {
        let percent = |share: Option<f64>| (share.unwrap_or(0.0) * 100.0).round();
        let time = |hours: Option<f64>| hours.map_or(Time::AfterDay30, Time::of_hours);
        match (self.code.as_deref(), self.unit.as_str()) {
            (Some("few"), _) => "too few to say".to_owned(),
            (_, "share") => {
                format!("{} % ({} to {} %)", percent(self.value), percent(self.low), percent(self.high))
            }
            _ => {
                prose::with_range(TimeInterval { value: time(self.value), low: time(self.low), high: time(self.high) })
            }
        }
    }
}
