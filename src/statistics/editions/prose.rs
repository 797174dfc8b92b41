//! What editions say in words: one place, so that the same thing is always said in the same way.

use super::EditionId;
use super::Span;
use super::bundle::Imprint;
use super::tables::Table;
use crate::base::time::Timestamp;
use crate::pages::writing::{capital, day, number, thousands};
use crate::statistics::disclosure::{Dimension, Figure, Time, TimeInterval};

/// Under which the figures may be used.
pub(super) const LICENCE: &str = "https://creativecommons.org/licenses/by/4.0/";

/// A time in words: hours up to three days, then days.
fn hours_in_words(time: Time) -> String {
    match time {
        Time::AfterDay30 => "after day 30".to_owned(),
        Time::Hours(hours) if hours <= 1 => "1 hour".to_owned(),
        Time::Hours(hours) if hours < 72 => format!("{hours} hours"),
        Time::Hours(hours) => format!("{} days", (hours + 12) / 24),
    }
}

/// A time with its range: `about 3 days (49 hours to 5 days)`; one that lies beyond day 30 altogether is said once.
pub(super) fn with_range(told: TimeInterval) -> String {
    let words = hours_in_words;
    let TimeInterval { value: about, low, high } = told;
    match about {
        Time::AfterDay30 if low == about => words(about),
        Time::AfterDay30 => format!("{} (from {} on)", words(about), words(low)),
        Time::Hours(_) => format!("about {} ({} to {})", words(about), words(low), words(high)),
    }
}

/// What stands under a picture that may be met anywhere: what it shows, and where it comes from.
pub(super) fn caption(imprint: &Imprint, title: &str) -> String {
    let replaces = imprint.replaces.as_ref().map(|(before, _)| format!(", which replaces {before}"));
    format!("{title}. Recourse, edition {}{}. CC BY 4.0", imprint.edition, replaces.unwrap_or_default())
}

/// The stretch of time that a table tells of: `July to September 2026`, or `2025`.
pub(super) fn period(edition: EditionId, span: Span) -> String {
    match span {
        Span::Quarter => edition.quarter().in_words(),
        Span::Year => edition.quarter().year().to_string(),
    }
}

/// How to cite a page that was published then and stands at this address.
pub(super) fn citation(edition: EditionId, published_at: Timestamp, title: &str, address: &str) -> String {
    format!("Recourse, “{title}”, edition {edition}, published {}. {address} (CC BY 4.0)", day(published_at))
}

/// The stretch of time that a table tells of, as a sentence ends: `from July to September 2026`, or `in 2025`.
pub(super) fn in_period(edition: EditionId, span: Span) -> String {
    let period = period(edition, span);
    match span {
        Span::Quarter => format!("from {period}"),
        Span::Year => format!("in {period}"),
    }
}

/// The sentence that stands over a table: what it shows, from published figures alone.
pub(super) fn finding(edition: EditionId, table: &Table) -> String {
    let when = in_period(edition, table.span);
    let shown = table.cells.iter().filter(|cell| cell.figure != Figure::Low).count();
    let all = table.cells.len();
    match table.rule.name.as_str() {
        "national" => match table.cells.first().map(|cell| cell.figure) {
            Some(Figure::Value(value)) => {
                format!("About {} cases were counted on all platforms together {when}", thousands(value))
            }
            _ => format!("Too few cases to show were counted {when}"),
        },
        "platforms" => platforms(table, shown, &when),
        "corrections" if shown == 0 => format!("No correction of earlier figures is large enough to be shown {when}"),
        "corrections" => {
            format!(
                "{} of {} kinds of harm were corrected by a figure that can be shown {when}",
                capital(shown),
                number(all)
            )
        }
        _ => leading(table, shown, &when),
    }
}

fn platforms(table: &Table, shown: usize, when: &str) -> String {
    let values: Vec<i64> = table.cells.iter().filter_map(|cell| cell.figure.value()).collect();
    let enough =
        format!("{} of {} platforms had enough cases to show {when}", capital(shown), number(table.cells.len()));
    match (values.iter().min(), values.iter().max()) {
        (Some(least), Some(most)) if least < most => {
            format!("{enough}: from about {} to about {}", thousands(*least), thousands(*most))
        }
        (Some(least), _) => format!("{enough}: about {}", thousands(*least)),
        _ => format!("No platform had enough cases to show {when}"),
    }
}

/// In how many rows which value has the largest shown figure. Shared firsts count for neither.
fn leading(table: &Table, shown: usize, when: &str) -> String {
    let [rows, columns] = table.axes.as_slice() else { return String::new() };
    let mut firsts: Vec<(usize, &str)> = columns.values.iter().map(|value| (0, value.title.as_str())).collect();
    let mut judged = 0;
    for row in &rows.values {
        let values: Vec<Option<i64>> = table.slice(0, &row.code).map(|cell| cell.figure.value()).collect();
        let most = values.iter().flatten().max();
        let is_first = |at: &usize| most.is_some() && values.get(*at).is_some_and(|value| value.as_ref() == most);
        let at: Vec<usize> = (0..values.len()).filter(is_first).collect();
        if let [only] = at.as_slice() {
            judged += 1;
            if let Some(first) = firsts.get_mut(*only) {
                first.0 += 1;
            }
        }
    }
    firsts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let things = if rows.dimension == Dimension::Platform { "platforms" } else { "kinds of harm" };
    match firsts.first() {
        // What leads in a few rows only is no finding.
        Some((count, title)) if *count > 1 && *count * 2 >= judged => {
            format!(
                "“{title}” is the largest group for {} of the {} {things} where one leads, {when}",
                number(*count),
                number(judged)
            )
        }
        _ => format!("{} of {} figures are large enough to be shown {when}", capital(shown), table.cells.len()),
    }
}
