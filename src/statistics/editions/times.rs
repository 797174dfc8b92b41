//! Response times of an edition, from the noised buckets of its table alone.

use serde::Serialize;

use super::bundle::Imprint;
use super::csv;
use super::files::File;
use super::label::{self, Label};
use super::prose;
use super::tables::{Axis, Table};
use crate::statistics::disclosure::rules;
use crate::statistics::disclosure::{Dimension, Histogram, Interval, ResponseTimes, Time, TimeInterval};

/// A platform's response times.
#[derive(Clone, Debug)]
pub(super) struct OfPlatform {
    /// The platform's short name.
    pub(super) slug: String,
    /// Its name.
    pub(super) name: String,
    /// What can be said.
    pub(super) times: ResponseTimes,
}

/// What can be said of each platform, in the order of the table.
pub(super) fn of_platforms(table: &Table) -> Vec<OfPlatform> {
    let Some((place, axis)) = table.axis(Dimension::Platform) else { return Vec::new() };
    let of = |axis: &Axis, code: &str| {
        let buckets = table.slice(place, code).map(|cell| cell.noised).collect();
        let times = Histogram::new(buckets, table.rule, rules().gates).response_times();
        OfPlatform { slug: code.to_owned(), name: axis.title_of(code).to_owned(), times }
    };
    axis.values.iter().map(|value| of(axis, &value.code)).collect()
}

#[derive(Serialize)]
struct TimesJson {
    #[serde(flatten)]
    label: Label,
    table: &'static str,
    derived_from: &'static str,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    platform: String,
    indicator: &'static str,
    unit: &'static str,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    code: Option<&'static str>,
}

/// The table's files: JSON, CSV and its metadata.
pub(super) fn files(imprint: &Imprint, table: &Table) -> anyhow::Result<Vec<File>> {
    let platforms = of_platforms(table);
    let rows: Vec<Row> = platforms.iter().flat_map(rows).collect();
    let label = Label::of(imprint, table.span);
    let heads = ["platform", "platform_name", "indicator", "unit", "value", "low", "high", "code"];
    let mut lines: Vec<Vec<String>> = vec![heads.iter().chain(&label::COLUMNS).map(ToString::to_string).collect()];
    for row in &rows {
        let name = platforms.iter().find(|platform| platform.slug == row.platform);
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let mut line = vec![
            row.platform.clone(),
            name.map(|platform| csv::harmless(&platform.name)).unwrap_or_default(),
            row.indicator.to_owned(),
            row.unit.to_owned(),
            number(row.value),
            number(row.low),
            number(row.high),
            row.code.unwrap_or_default().to_owned(),
        ];
        line.extend(label.cells());
        lines.push(line);
    }
    let mut columns = vec![
        csv::column("platform", "Platform", "string", true),
        csv::column("platform_name", "Platform, in words", "string", true),
        csv::column("indicator", "What is told", "string", true),
        csv::column("unit", "share: between 0 and 1; hours", "string", true),
        csv::column("value", "The value; empty where the code says why", "number", false),
        csv::column("low", "The lower end of the 95 % range", "number", false),
        csv::column("high", "The upper end of the 95 % range; empty when it lies after day 30", "number", false),
        csv::column("code", "few: too few cases to say; after_day_30: not reached by day 30", "string", false),
    ];
    columns.extend(label::columns());
    let title = format!("Response times, {}", prose::period(imprint.edition, table.span));
    let about = csv::About { file: "response-times.csv".to_owned(), title, span: table.span };
    let json = TimesJson { label, table: "response-times", derived_from: "platform-response", rows };
    Ok(vec![
        File::new("response-times.json", serde_json::to_string_pretty(&json)? + "\n"),
        csv::write("response-times.csv", &lines)?,
        File::new(
            "response-times.csv-metadata.json",
            csv::document(imprint, &about, &columns, &["platform", "indicator"])?,
        ),
    ])
}

fn rows(platform: &OfPlatform) -> Vec<Row> {
    let times = &platform.times;
    let share = |indicator, interval: Option<Interval>| {
        let part = |percent: i64| f64::from(i32::try_from(percent).unwrap_or(0)) / 100.0;
        Row {
            platform: platform.slug.clone(),
            indicator,
            unit: "share",
            value: interval.map(|interval| part(interval.value)),
            low: interval.map(|interval| part(interval.low)),
            high: interval.map(|interval| part(interval.high)),
            code: interval.is_none().then_some("few"),
        }
    };
    let time = |indicator, told: Option<TimeInterval>| {
        let hours = |time: Option<Time>| match time {
            Some(Time::Hours(hours)) => i32::try_from(hours).ok().map(f64::from),
            _ => None,
        };
        Row {
            platform: platform.slug.clone(),
            indicator,
            unit: "hours",
            value: hours(told.map(|told| told.value)),
            low: hours(told.map(|told| told.low)),
            high: hours(told.map(|told| told.high)),
            code: match told {
                None => Some("few"),
                Some(TimeInterval { value: Time::AfterDay30, .. }) => Some("after_day_30"),
                Some(_) => None,
            },
        }
    };
    vec![
        share("answered_within_24h", times.within_24h),
        share("answered_within_72h", times.within_72h),
        share("answered_within_7d", times.within_7d),
        share("answered_within_30d", times.within_30d),
        time("median", times.median),
        time("p90", times.p90),
    ]
}
