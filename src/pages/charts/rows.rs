//! What bars and dots share: rows below one another, each with its label above its mark, and one axis above them all.

use super::ink::{Anchor, Area, Ink, Place, Spot, Stroke, Tone};
use super::measure::{count, width, within, wrap};
use super::{LABEL, SMALL, WIDTH};

/// The height of a line of label.
pub(super) const LINE: i64 = 21;
/// The height of the strip a mark stands in.
pub(super) const STRIP: i64 = 26;
/// The free space below a row.
pub(super) const GAP: i64 = 12;
/// The height of a line of ticks.
const TICK: i64 = 18;

/// A tick: where it is, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    /// How far from the left.
    pub(super) x: i64,
    /// Its words.
    pub(super) words: String,
}

/// The ticks' words with their middles, in as many lines as they need so as not to touch.
pub(super) fn ticks(ink: &mut Ink, ticks: &[Tick]) -> i64 {
    let mut ends: Vec<i64> = Vec::new();
    let mut y = 0;
    for tick in ticks {
        for (index, words) in wrap(&tick.words, SMALL, WIDTH).iter().enumerate() {
            let half = (width(words, SMALL) + 1) / 2;
            let middle = within(tick.x, half, WIDTH - half);
            let free = ends.iter().skip(index).position(|end| *end <= middle - half).map(|line| line + index);
            let line = free.unwrap_or(ends.len());
            if let Some(end) = ends.get_mut(line) {
                *end = middle + half + 8;
            } else {
                ends.push(middle + half + 8);
            }
            let baseline = count(line) * TICK + SMALL;
            y = y.max(baseline);
            ink.words(&Place::at(middle, baseline).anchor(Anchor::Middle).tone(Tone::Quiet), words, "");
        }
    }
    y + 12
}

/// The label of a row; answers where its strip begins.
pub(super) fn label(ink: &mut Ink, top: i64, label: &str) -> i64 {
    let mut y = top;
    for line in wrap(label, LABEL, WIDTH) {
        ink.words(&Place::at(0, y + LABEL).size(LABEL), &line, "");
        y += LINE;
    }
    y + 2
}

/// The grid behind one strip. It leaves the labels free: words on lines are hard to read.
pub(super) fn grid(ink: &mut Ink, top: i64, ticks: &[Tick]) {
    for (index, tick) in ticks.iter().enumerate() {
        let stroke = if index == 0 { Stroke::Axis } else { Stroke::Grid };
        ink.line(stroke, Spot(tick.x, top), Spot(tick.x, top + STRIP));
    }
}

/// A lying whisker, on paper of its own so that it can be seen on a mark.
pub(super) fn whisker(ink: &mut Ink, from: i64, to: i64, y: i64) {
    ink.clear(Area { x: from, y: y - 2, width: to - from, height: 4 });
    ink.line(Stroke::Range, Spot(from, y), Spot(to, y));
    for x in [from, to] {
        ink.line(Stroke::Range, Spot(x, y - 5), Spot(x, y + 5));
    }
}
