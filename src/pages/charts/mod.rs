//! Charts as SVG text, drawn on the server: no script, no style sheet of their own, no dependency.
//!
//! A chart repeats what the table beside it says, so it never says more. Noise and withheld figures are drawn as what
//! they are: a figure that is only known to be small is a hatched stub with words, never a nought, and a figure that
//! was not published is words alone. The same input always gives the same bytes, because an edition is hashed and signed.
//!
//! Every visible element has presentation attributes (the light theme, so that a saved file looks right by itself) and
//! a class, so that a style sheet can change it for dark pages and forced colours. Some classes carry a fill and the
//! others a stroke; a style sheet must set only that one, or hatching and open shapes are filled in:
//!
//! - fill: `c-text`, `c-quiet` (words), `c-mark` (bars, columns, points), `c-band` (noise around a line; keeps its own
//!   opacity), `c-back` (paper, also behind words that would stand on a grid line);
//! - stroke: `c-line` (grid), `c-axis` (nought), `c-mark-edge` (the line of a line chart), `c-range` (whiskers and the
//!   edges of a band), `c-low` (hatching and outline of a stub).

mod bars;
mod columns;
mod dots;
mod ink;
mod lines;
mod measure;
mod panels;
mod rows;
#[cfg(test)]
mod tests;

pub use bars::{Bar, hbar_range};
pub use columns::{Column, Panel, column_sheet, columns, common_top};
pub use dots::{Axis, Dot, Interval, dot_interval};
pub use lines::{Point, Series, common_line_top, line, line_sheet};

use crate::pages::writing::thousands;
use ink::{Ink, Place, Tone};

/// The width of one chart or panel: shown 18 rem wide, its smallest words still measure more than nine pixels.
const WIDTH: i64 = 400;
/// The size of labels and of the values that matter.
const LABEL: i64 = 16;
/// The size of everything else.
const SMALL: i64 = 14;
/// The free space around a chart that stands alone.
const MARGIN: i64 = 16;
/// What stands where there is no figure.
const NOTHING: &str = "too few to say";

/// What a chart is, for those who hear it and for the ids inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Unique on the page: letters, digits, `-` and `_`; anything else becomes `-`.
    pub id: String,
    /// What the chart shows.
    pub title: String,
    /// What can be read from it, in words.
    pub description: String,
}

/// A published figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The figure itself.
    Value(i64),
    /// Only known to be smaller than this.
    Low {
        /// The smallest figure that would have been published.
        below: i64,
    },
    /// Not published, or too few to say anything.
    Nothing,
}

impl Shown {
    /// How far its mark reaches, so that a scale can hold it.
    const fn reach(self, noise: i64) -> i64 {
        match self {
            Self::Value(value) => value.saturating_add(noise.saturating_abs()),
            Self::Low { below } => below,
            Self::Nothing => 0,
        }
    }

    /// The words that stand beside its mark.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Value(value) => thousands(value),
            Self::Low { below } => format!("fewer than {}", thousands(below)),
            Self::Nothing => NOTHING.to_owned(),
        }
    }

    /// What it claims, for programs: the number, `low` or `none`.
    #[must_use]
    pub fn mark(self) -> String {
        match self {
            Self::Value(value) => value.to_string(),
            Self::Low { .. } => "low".to_owned(),
            Self::Nothing => "none".to_owned(),
        }
    }

    /// The attributes that say which row of the table a mark stands for, and what it claims.
    fn datum(self, key: &str) -> String {
        format!(" data-key=\"{}\" data-value=\"{}\"", ink::escape(key), self.mark())
    }
}

/// The lower and upper end of a value's noise; a count never reaches below nought.
fn ends(value: i64, noise: i64) -> (i64, i64) {
    let noise = noise.saturating_abs();
    (value.saturating_sub(noise).max(0), value.saturating_add(noise).max(0))
}

/// The chart of an empty table: it says so, and stays a valid picture.
fn nothing(about: &About, kind: &str) -> String {
    let mut ink = Ink::new(about);
    ink.words(&Place::at(0, 32).size(LABEL).tone(Tone::Quiet), "nothing published", "");
    ink.finish(about, kind, WIDTH, 48)
}

/// The chart as a file of its own: with an XML declaration, a size, a margin and paper behind it.
///
/// Inside a page the page is the paper. Text that is not one of these charts only gets the declaration.
#[must_use]
pub fn standalone(svg: &str) -> String {
    const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    alone(svg).map_or_else(|| format!("{DECLARATION}{svg}"), |alone| format!("{DECLARATION}{alone}\n"))
}

/// A picture that stands alone, with words under it. Text that is no such picture stays as it is.
#[must_use]
pub fn captioned(picture: &str, words: &str) -> String {
    with_caption(picture, words).unwrap_or_else(|| picture.to_owned())
}

fn with_caption(picture: &str, words: &str) -> Option<String> {
    let (start, rest) = picture.split_once(" viewBox=\"0 0 ")?;
    let (size, rest) = rest.split_once('"')?;
    let (width, height) = size.split_once(' ')?;
    let (width, height): (i64, i64) = (width.parse().ok()?, height.parse().ok()?);
    let lines = measure::wrap(words, SMALL, width - 2 * MARGIN);
    let taller = height + measure::count(lines.len()) * (SMALL + 6) + MARGIN / 2;
    // Both the picture and the paper behind it grow.
    let sized = |height: i64| format!(" width=\"{width}\" height=\"{height}\"");
    let drawing = rest.trim_end().strip_suffix("</svg>")?.replacen(&sized(height), &sized(taller), 2);
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let y = height + measure::count(at) * (SMALL + 6) + MARGIN / 2;
        text.push_str(&ink::caption(MARGIN, y, SMALL, line));
    }
    Some(format!("{start} viewBox=\"0 0 {width} {taller}\"{drawing}{text}</svg>\n"))
}

/// The parts of a chart put together again around its paper.
fn alone(svg: &str) -> Option<String> {
    let (start, rest) = svg.split_once(" viewBox=\"0 0 ")?;
    let (size, rest) = rest.split_once('"')?;
    let (width, height) = size.split_once(' ')?;
    let (width, height): (i64, i64) = (width.parse().ok()?, height.parse().ok()?);
    let (width, height) = (width + 2 * MARGIN, height + 2 * MARGIN);
    let (attributes, rest) = rest.split_once('>')?;
    let (names, rest) = rest.split_once("</desc>")?;
    let drawing = rest.strip_suffix("</svg>")?;
    let paper = ink::PAPER;
    Some(format!(
        "{start} viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\"{attributes}>\
         <rect class=\"c-back\" x=\"0\" y=\"0\" width=\"{width}\" height=\"{height}\" fill=\"{paper}\"/>\
         {names}</desc><g transform=\"translate({MARGIN} {MARGIN})\">{drawing}</g></svg>"
    ))
}
