//! Lines over time in panels, with a band for the noise of each value and a gap where there is no value.

use std::slice;

use super::ink::{Anchor, Ink, Place, Spot, Stroke, Tone};
use super::measure::{count, strong_width, wrap};
use super::panels::{self, Kind, LINE, Layout, Mark, View};
use super::{About, LABEL, SMALL, Shown, WIDTH, ends};

/// How large a point is.
const RADIUS: i64 = 5;
/// The free space before a value at the end of a line.
const SPACE: i64 = 10;

/// Figures over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Which part of the table it is.
    pub key: String,
    /// Its heading.
    pub label: String,
    /// Its points, the oldest first, one for each period: also for those without a figure.
    pub points: Vec<Point>,
}

/// The figure of one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Which row of the table it is.
    pub key: String,
    /// The period; written below the first and the last point.
    pub label: String,
    /// Its figure.
    pub shown: Shown,
    /// How far the published figure may be from the true one, either way.
    pub noise: i64,
}

/// The round end of the scale that all these series share.
#[must_use]
pub fn common_line_top(series: &[Series]) -> i64 {
    panels::top(&views(series))
}

/// One series, on a scale that reaches at least to `top`.
#[must_use]
pub fn line(about: &About, series: &Series, top: i64) -> String {
    panels::draw(about, Kind::Lines, &views(slice::from_ref(series)), top)
}

/// All series in one picture, a panel for each, three across, on one scale.
#[must_use]
pub fn line_sheet(about: &About, series: &[Series]) -> String {
    panels::draw(about, Kind::Lines, &views(series), 0)
}

fn views(series: &[Series]) -> Vec<View<'_>> {
    series.iter().map(|Series { label, points, .. }| View { label, marks: points.iter().map(mark).collect() }).collect()
}

fn mark(point: &Point) -> Mark<'_> {
    Mark { key: &point.key, label: &point.label, shown: point.shown, noise: point.noise }
}

/// Which point has the last value.
pub(super) fn last_value(view: &View<'_>) -> Option<usize> {
    view.marks.iter().rposition(|mark| matches!(mark.shown, Shown::Value(_)))
}

/// The value that stands behind the last point, if it has one.
fn end(view: &View<'_>) -> Option<String> {
    view.marks.last().filter(|mark| matches!(mark.shown, Shown::Value(_))).map(|mark| mark.shown.words())
}

/// The room right of a plot that the last values need, when the plot begins at `left`.
///
/// The last point stands in the middle of its own room, so half of that is there already.
pub(super) fn right(views: &[View<'_>], left: i64) -> i64 {
    let right = |view: &View<'_>| {
        let words = SPACE + strong_width(&end(view)?, LABEL);
        Some((words - (WIDTH - left - words) / (2 * count(view.marks.len()))).max(0))
    };
    views.iter().filter_map(right).max().unwrap_or(0)
}

/// The line, its points and the words below it; answers how high those words are.
pub(super) fn marks(ink: &mut Ink, layout: &Layout, view: &View<'_>) -> i64 {
    let of = view.marks.len();
    let mut run: Vec<(i64, i64, i64)> = Vec::new();
    for (index, mark) in view.marks.iter().enumerate() {
        match mark.shown {
            Shown::Value(value) => run.push((layout.x(index, of), value, mark.noise)),
            Shown::Low { .. } | Shown::Nothing => join(ink, layout, &std::mem::take(&mut run)),
        }
    }
    join(ink, layout, &run);
    points(ink, layout, view);
    if let (Some(words), Some(Shown::Value(value))) = (end(view), view.marks.last().map(|mark| mark.shown)) {
        let place = Place::at(layout.x(of.saturating_sub(1), of) + SPACE, layout.y(value) + 6).size(LABEL);
        ink.words(&place.tone(Tone::Strong), &words, "");
    }
    periods(ink, layout, view)
}

/// Joins values that follow one another. One by itself has no width for a band, so its noise is a whisker.
fn join(ink: &mut Ink, layout: &Layout, run: &[(i64, i64, i64)]) {
    let noisy = run.iter().any(|(_, _, noise)| *noise != 0);
    let at = |x: i64, value: i64| Spot(x, layout.y(value));
    let lower: Vec<Spot> = run.iter().map(|(x, value, noise)| at(*x, ends(*value, *noise).0)).collect();
    let upper: Vec<Spot> = run.iter().map(|(x, value, noise)| at(*x, ends(*value, *noise).1)).collect();
    if let ([Spot(x, low)], [Spot(_, high)], true) = (lower.as_slice(), upper.as_slice(), noisy) {
        ink.line(Stroke::Range, Spot(*x, *low), Spot(*x, *high));
        for y in [*low, *high] {
            ink.line(Stroke::Range, Spot(*x - 4, y), Spot(*x + 4, y));
        }
    }
    if run.len() > 1 {
        if noisy {
            ink.band(&upper, &lower);
        }
        let values: Vec<Spot> = run.iter().map(|(x, value, _)| at(*x, *value)).collect();
        ink.curve(&values);
    }
}

/// The points themselves, and a stub for each that is only known to be small.
fn points(ink: &mut Ink, layout: &Layout, view: &View<'_>) {
    let of = view.marks.len();
    let thick = (layout.slot(of) * 3 / 5).clamp(2, 28);
    let radius = (layout.slot(of) / 3).clamp(2, RADIUS);
    for (index, mark) in view.marks.iter().enumerate() {
        let middle = layout.x(index, of);
        let datum = mark.shown.datum(mark.key);
        match mark.shown {
            Shown::Value(value) => ink.dot(middle, layout.y(value), radius, &datum),
            Shown::Low { below } => ink.stub(layout.column(middle, thick, below), &datum),
            Shown::Nothing => {}
        }
    }
}

/// The first and the last period below the line.
fn periods(ink: &mut Ink, layout: &Layout, view: &View<'_>) -> i64 {
    let room = layout.width / 2 - SMALL;
    let (left, right) = (layout.left, layout.left + layout.width);
    let ends = match view.marks.as_slice() {
        [] => vec![],
        [only] => vec![(only, layout.x(0, 1), Anchor::Middle)],
        [first, .., last] => vec![(first, left, Anchor::Start), (last, right, Anchor::End)],
    };
    let mut most = 0;
    for (mark, x, anchor) in ends {
        let lines = wrap(mark.label, SMALL, room);
        for (line, nth) in lines.iter().zip(1..) {
            let place = Place::at(x, layout.base + 4 + nth * LINE - 2).anchor(anchor);
            ink.words(&place.tone(Tone::Quiet), line, "");
        }
        most = most.max(count(lines.len()) * LINE);
    }
    most + 4
}
