//! Lying bars with their noise: one row for each, to compare counts.

use super::ink::{Area, Ink, Place, Tone};
use super::measure::{Scale, strong_width, width};
use super::rows::{GAP, STRIP, Tick, grid, label, ticks, whisker};
use super::{About, LABEL, SMALL, Shown, WIDTH, ends, nothing};
use crate::pages::writing::thousands;

/// Where nought is.
const LEFT: i64 = 1;
/// The free space before a value.
const SPACE: i64 = 8;

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Which row of the table it is.
    pub key: String,
    /// What it counts.
    pub label: String,
    /// Its figure.
    pub shown: Shown,
    /// How far the published figure may be from the true one, either way.
    pub noise: i64,
}

/// A chart of lying bars, each with its label above it, its value at its end and a whisker for its noise.
#[must_use]
pub fn hbar_range(about: &About, bars: &[Bar]) -> String {
    const KIND: &str = "chart-bars";
    let Some(most) = bars.iter().map(|bar| bar.shown.reach(bar.noise)).max() else { return nothing(about, KIND) };
    let scale = Scale::holding(most);
    let length = length(bars, scale);
    let marks: Vec<Tick> = scale
        .ticks()
        .into_iter()
        .map(|value| Tick { x: LEFT + scale.along(value, length), words: thousands(value) })
        .collect();
    let mut ink = Ink::new(about);
    let mut y = ticks(&mut ink, &marks);
    for bar in bars {
        let strip = label(&mut ink, y, &bar.label);
        grid(&mut ink, strip, &marks);
        draw(&mut ink, bar, strip, scale, length);
        y = strip + STRIP + GAP;
    }
    ink.finish(about, KIND, WIDTH, y)
}

/// How long the scale may be, so that every value fits behind the end of its bar.
fn length(bars: &[Bar], scale: Scale) -> i64 {
    let widest = WIDTH - LEFT - width(&thousands(scale.top), SMALL) / 2;
    bars.iter()
        .map(|bar| {
            let free = WIDTH - LEFT - SPACE - strong_width(&bar.shown.words(), LABEL);
            let reach = bar.shown.reach(bar.noise).clamp(0, scale.top);
            // A bar's end stands at free or before it: length × reach / top ≤ free.
            if reach == 0 { widest } else { free.saturating_mul(scale.top) / reach }
        })
        .min()
        .unwrap_or(widest)
        .min(widest)
}

/// One bar in its strip.
fn draw(ink: &mut Ink, bar: &Bar, strip: i64, scale: Scale, length: i64) {
    let at = |value| LEFT + scale.along(value, length);
    let words = bar.shown.words();
    let end = at(bar.shown.reach(bar.noise));
    let datum = bar.shown.datum(&bar.key);
    let place = Place::at(end + SPACE, strip + 19).size(LABEL);
    ink.clear(Area { x: end + 2, y: strip, width: SPACE + width(&words, LABEL) - 2, height: STRIP });
    let area = Area { x: LEFT, y: strip + 3, width: end - LEFT, height: STRIP - 6 };
    match bar.shown {
        Shown::Value(value) => {
            ink.mark(Area { width: at(value) - LEFT, ..area }, &datum);
            if bar.noise != 0 {
                let (low, high) = ends(value, bar.noise);
                whisker(ink, at(low), at(high), strip + STRIP / 2);
            }
            ink.words(&place.tone(Tone::Strong), &words, "");
        }
        Shown::Low { .. } => {
            ink.stub(area, &datum);
            ink.words(&place.tone(Tone::Quiet), &words, "");
        }
        Shown::Nothing => ink.words(&place.tone(Tone::Quiet), &words, &datum),
    }
}
