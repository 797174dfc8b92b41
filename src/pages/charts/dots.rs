//! A dot with the range it may lie in: for shares and for hours.

use super::ink::{Anchor, Ink, Place, Tone, escape};
use super::measure::{Scale, strong_width, width, wrap};
use super::rows::{GAP, LINE, STRIP, Tick, grid, label, ticks, whisker};
use super::{About, LABEL, NOTHING, Shown, WIDTH, nothing};

/// The free space at both ends of the axis, so that a dot fits there.
const SIDE: i64 = 8;
/// How large a dot is.
const RADIUS: i64 = 7;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dot {
    /// Which row of the table it is.
    pub key: String,
    /// What it measures.
    pub label: String,
    /// Its figure.
    pub shown: Interval,
}

/// A figure with the range it may lie in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interval {
    /// It is known.
    Known {
        /// The figure.
        value: i64,
        /// The lower end of its range.
        low: i64,
        /// The upper end of its range.
        high: i64,
        /// All three in words.
        text: String,
    },
    /// Not published, or too few to say anything.
    Nothing,
}

/// The axis of all dots, from nought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Where it ends.
    pub max: i64,
    /// Its ticks in rising order, from nought: where, and what they say. Words that would touch go to a second line, so
    /// few ticks are better.
    pub ticks: Vec<(i64, String)>,
}

/// A chart of dots with ranges on a common axis. What lies beyond the axis is drawn at its end.
#[must_use]
pub fn dot_interval(about: &About, dots: &[Dot], axis: &Axis) -> String {
    const KIND: &str = "chart-dots";
    if dots.is_empty() {
        return nothing(about, KIND);
    }
    let scale = Scale::to(axis.max);
    let marks: Vec<Tick> =
        axis.ticks.iter().map(|(value, words)| Tick { x: at(scale, *value), words: words.clone() }).collect();
    let mut ink = Ink::new(about);
    let mut y = ticks(&mut ink, &marks);
    for dot in dots {
        let strip = heading(&mut ink, dot, y);
        grid(&mut ink, strip, &marks);
        if let Interval::Known { value, low, high, .. } = &dot.shown {
            let middle = strip + STRIP / 2;
            whisker(&mut ink, at(scale, *low), at(scale, *high), middle);
            ink.dot(at(scale, *value), middle, RADIUS, &datum(dot));
        }
        y = strip + STRIP + GAP;
    }
    ink.finish(about, KIND, WIDTH, y)
}

/// How far from the left a value lies.
fn at(scale: Scale, value: i64) -> i64 {
    SIDE + scale.along(value, WIDTH - 2 * SIDE)
}

/// The label, and the figure in words: at the right of the label where both fit, else below it.
fn heading(ink: &mut Ink, dot: &Dot, top: i64) -> i64 {
    let (words, tone, mark) = match &dot.shown {
        Interval::Known { text, .. } => (text.as_str(), Tone::Strong, String::new()),
        Interval::Nothing => (NOTHING, Tone::Quiet, datum(dot)),
    };
    if width(&dot.label, LABEL) + strong_width(words, LABEL) + 2 * SIDE <= WIDTH {
        let place = Place::at(WIDTH, top + LABEL).size(LABEL).anchor(Anchor::End).tone(tone);
        ink.words(&place, words, &mark);
        return label(ink, top, &dot.label).max(top + LINE);
    }
    let mut y = label(ink, top, &dot.label) - 2;
    let mut mark = mark.as_str();
    for line in wrap(words, LABEL, WIDTH * 8 / 9 - 1) {
        ink.words(&Place::at(0, y + LABEL).size(LABEL).tone(tone), &line, mark);
        // One mark for one figure, however many lines its words take.
        mark = "";
        y += LINE;
    }
    y + 2
}

/// The attributes that say which row of the table a dot stands for, and what it claims.
fn datum(dot: &Dot) -> String {
    match dot.shown {
        Interval::Known { value, low, high, .. } => {
            format!(" data-key=\"{}\" data-value=\"{value}\" data-low=\"{low}\" data-high=\"{high}\"", escape(&dot.key))
        }
        Interval::Nothing => Shown::Nothing.datum(&dot.key),
    }
}
