//! A platform over time: its figures of every edition in force, with what each cannot say. States before numbers, no
//! mark, no rank.

use serde::Deserialize;

use super::EditionId;
use super::pages::Section;
use super::prose;
use super::shelf::{Edition, Shelf};
use super::views::{Grid, GridCell, GridRow};
use crate::pages::charts::{self, About, Bar, Point, Series, Shown};
use crate::statistics::disclosure::rules;
use crate::statistics::disclosure::{Dimension, Figure, TableRule, Time};

type Key = std::collections::BTreeMap<String, String>;

/// What stands over the page, its sections, and links to the editions.
pub(super) type Content = (String, Vec<Section>, Vec<(String, String)>);

/// The page of a platform.
pub(super) fn content(shelf: &Shelf, slug: &str, name: &str) -> Content {
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
    let newest = shelf.latest().and_then(|edition| Some((edition.id, figure_of(edition, slug)?)));
    let summary = match newest {
        Some((id, Figure::Value(value))) => {
            format!("About {} cases on {name} were counted from {}.", prose::thousands(value), id.quarter().in_words())
        }
        Some((id, Figure::Low)) => {
            format!(
                "Too few cases on {name} were counted from {} to show how many, which may be none.",
                id.quarter().in_words()
            )
        }
        None => format!("{name} is connected; its first figures come with the next edition."),
    };
    (summary, sections, links)
}

/// A platform's figure among all; nothing when it was not connected yet.
fn figure_of(edition: &Edition, slug: &str) -> Option<Figure> {
    let is_it = |key: &Key| key.get("platform").is_some_and(|code| code == slug);
    edition.figures("platforms").iter().find(|(key, _)| is_it(key)).map(|(_, value)| figure(*value))
}

fn figure(value: Option<i64>) -> Figure {
    value.map_or(Figure::Low, Figure::Value)
}

fn shown(figure: Figure, rule: &TableRule) -> Shown {
    match figure {
        Figure::Low => Shown::Low { below: rule.threshold },
        Figure::Value(value) => Shown::Value(value),
    }
}

fn cell(key: &str, figure: Figure, rule: &TableRule) -> GridCell {
    GridCell::of(key, figure, rule.threshold, 0)
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
        cells: vec![cell(&edition.to_string(), *value, rule)],
    };
    let grid = Grid {
        caption: format!("Cases on {name}, by quarter"),
        corner: "Quarter".to_owned(),
        columns: vec!["Cases".to_owned()],
        rows: recent.iter().map(row).collect(),
    };
    Some(Section::new("Cases by quarter", "", vec![charts::line(&about, &series, 0)], grid))
}

/// A platform's row of a table, as bars.
fn breakdown(edition: &Edition, rule: &TableRule, dimension: Dimension, slug: &str) -> Section {
    let period = prose::period(
        edition.id,
        edition.manifest.plan.get(&rule.name).copied().unwrap_or(crate::statistics::editions::Span::Quarter),
    );
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
        cells: vec![cell(code, *value, rule)],
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
        _ => "Kinds of harm",
    };
    Section::new(&format!("{heading}, {period}"), "", vec![charts::hbar_range(&about, &bars)], grid)
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
    let span =
        edition.manifest.plan.get("platform-response").copied().unwrap_or(crate::statistics::editions::Span::Quarter);
    let grid = Grid {
        caption: format!("Response times, {}", prose::period(edition.id, span)),
        corner: "Measured".to_owned(),
        columns: vec!["With its 95 % range".to_owned()],
        rows: names.into_iter().filter_map(row).collect(),
    };
    let note = "Of all cases that it was told of, unanswered ones among them.";
    Some(Section::new("", note, Vec::new(), grid))
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
            _ => prose::with_range((time(self.value), time(self.low), time(self.high))),
        }
    }
}
