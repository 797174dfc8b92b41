//! Standing columns in panels: how figures are spread, for one or for many side by side.

use std::slice;

use super::ink::{Anchor, Area, Ink, Place, Spot, Stroke, Tone};
use super::measure::{count, widest, within, words_fit, wrap};
use super::panels::{self, Kind, LINE, Layout, Mark, View};
use super::{About, Shown, WIDTH};

/// The size of the words below columns.
const SIZE: i64 = 13;
/// On how many levels they may stand.
const LEVELS: usize = 4;

/// A panel of columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// Which part of the table it is.
    pub key: String,
    /// Its heading.
    pub label: String,
    /// Its columns, from left to right.
    pub columns: Vec<Column>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Which row of the table it is.
    pub key: String,
    /// What it counts.
    pub label: String,
    /// Its figure.
    pub shown: Shown,
}

/// The round end of the scale that all these panels share.
#[must_use]
pub fn common_top(panels: &[Panel]) -> i64 {
    panels::top(&views(panels))
}

/// One panel, on a scale that reaches at least to `top`.
#[must_use]
pub fn columns(about: &About, panel: &Panel, top: i64) -> String {
    panels::draw(about, Kind::Columns, &views(slice::from_ref(panel)), top)
}

/// All panels in one picture, three across, on one scale.
#[must_use]
pub fn column_sheet(about: &About, panels: &[Panel]) -> String {
    panels::draw(about, Kind::Columns, &views(panels), 0)
}

fn views(panels: &[Panel]) -> Vec<View<'_>> {
    panels
        .iter()
        .map(|Panel { label, columns, .. }| View { label, marks: columns.iter().map(mark).collect() })
        .collect()
}

fn mark(column: &Column) -> Mark<'_> {
    Mark { key: &column.key, label: &column.label, shown: column.shown, noise: 0 }
}

/// The columns and the words below them; answers how high those words are.
pub(super) fn marks(ink: &mut Ink, layout: &Layout, view: &View<'_>) -> i64 {
    let of = view.marks.len();
    let thick = layout.slot(of) * 4 / 5;
    for (index, mark) in view.marks.iter().enumerate() {
        let middle = layout.x(index, of);
        let datum = mark.shown.datum(mark.key);
        match mark.shown {
            Shown::Value(value) => ink.mark(layout.column(middle, thick, value), &datum),
            Shown::Low { below } => ink.stub(layout.column(middle, thick, below), &datum),
            Shown::Nothing => {}
        }
    }
    labels(ink, layout, view)
}

/// The words below the columns, on as few levels as keep words whole. A line leads down to those on a lower level.
fn labels(ink: &mut Ink, layout: &Layout, view: &View<'_>) -> i64 {
    let of = view.marks.len();
    let room = |index, levels| {
        let (from, to) = span(layout, index, of, levels);
        (to - from - 8).max(SIZE)
    };
    let mut numbered = view.marks.iter().enumerate();
    let whole = |levels| numbered.clone().all(|(index, mark)| words_fit(mark.label, SIZE, room(index, levels)));
    let levels = (1..LEVELS).find(|levels| whole(*levels)).unwrap_or(LEVELS);
    let wrapped: Vec<Vec<String>> =
        numbered.by_ref().map(|(at, mark)| wrap(mark.label, SIZE, room(at, levels))).collect();
    let mut tops = vec![4];
    for level in 0..levels {
        let lines = wrapped.iter().skip(level).step_by(levels).map(Vec::len).max().unwrap_or(0);
        tops.push(tops.last().unwrap_or(&0) + count(lines) * LINE + 4);
    }
    // All lines first: words of an upper level may stand across one.
    for (index, top) in (0..of).zip(tops.iter().take(levels).cycle()).filter(|(index, _)| index % levels > 0) {
        let x = layout.x(index, of);
        ink.line(Stroke::Grid, Spot(x, layout.base), Spot(x, layout.base + top));
    }
    for ((index, lines), top) in wrapped.iter().enumerate().zip(tops.iter().take(levels).cycle()) {
        let (from, to) = span(layout, index, of, levels);
        let (wide, high) = (widest(lines, SIZE), count(lines.len()) * LINE);
        let x = within(layout.x(index, of), from + (wide + 1) / 2, to - (wide + 1) / 2);
        if levels > 2 {
            ink.clear(Area { x: x - wide / 2, y: layout.base + top, width: wide, height: high });
        }
        for (line, nth) in lines.iter().zip(1..) {
            let place = Place::at(x, layout.base + top + nth * LINE - 3).size(SIZE).anchor(Anchor::Middle);
            ink.words(&place.tone(Tone::Quiet), line, "");
        }
    }
    tops.last().copied().unwrap_or(0)
}

/// From where to where the words of a column may reach: half way to the next words on their level.
///
/// The last ones have the edge of the picture beside them instead, so their neighbours make some room.
fn span(layout: &Layout, index: usize, of: usize, levels: usize) -> (i64, i64) {
    let (slot, middle) = (layout.slot(of), layout.x(index, of));
    let half = slot * count(levels) / 2;
    let yielded = slot * (count(levels) - 1) / 4;
    let (mut from, mut to) = (middle - half, middle + half);
    if index + 1 == of {
        from -= yielded;
    } else if index + 1 + levels == of {
        to -= yielded;
    }
    (from.max(0), to.min(WIDTH))
}
