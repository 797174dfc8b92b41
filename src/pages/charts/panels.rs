//! What columns and lines share: small panels with one common scale, alone or three across.

use super::columns;
use super::ink::{Anchor, Area, Ink, Place, Spot, Stroke, Tone};
use super::lines;
use super::measure::{Scale, count, strong_width, widest, within, words_fit, wrap};
use super::{About, LABEL, NOTHING, SMALL, Shown, WIDTH, nothing};
use crate::pages::writing::thousands;

/// The height between nought and the top of the scale.
const HEIGHT: i64 = 150;
/// The height of a line of small words.
pub(super) const LINE: i64 = 17;
/// The free space between panels.
const GUTTER: (i64, i64) = (36, 32);
/// How many panels stand beside one another.
const ACROSS: usize = 3;
/// The height of a panel's heading, by line.
const HEADING: i64 = 22;
/// What stands in a panel for "too few to say" where there is no room for the words.
const DASH: &str = "\u{2013}";

/// Which marks stand in the panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Columns, each with its value.
    Columns,
    /// Points over time, the last with its value.
    Lines,
}

/// One figure of a panel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark<'a> {
    /// Which row of the table it is.
    pub(super) key: &'a str,
    /// Its words on the axis.
    pub(super) label: &'a str,
    /// Its figure.
    pub(super) shown: Shown,
    /// How far the figure may be from the true one.
    pub(super) noise: i64,
}

/// What a panel shows.
#[derive(Clone, Debug)]
pub(super) struct View<'a> {
    /// Its heading.
    pub(super) label: &'a str,
    /// Its figures, from left to right.
    pub(super) marks: Vec<Mark<'a>>,
}

/// The round end of the scale that holds all of them.
pub(super) fn top(views: &[View<'_>]) -> i64 {
    Scale::holding(most(views)).top
}

fn most(views: &[View<'_>]) -> i64 {
    views.iter().flat_map(|view| &view.marks).map(|mark| mark.shown.reach(mark.noise)).max().unwrap_or(0)
}

/// Words in a panel that stand on a mark, or in place of one.
#[derive(Clone, Debug)]
struct Caption {
    x: i64,
    /// How far above nought its last line ends.
    lift: i64,
    lines: Vec<String>,
    tone: Tone,
    datum: String,
}

/// Where things are inside a panel; the same for all panels of a sheet, so that they can be compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    kind: Kind,
    scale: Scale,
    /// Where the plot begins, from the left.
    pub(super) left: i64,
    /// How wide the plot is.
    pub(super) width: i64,
    /// The free space between the headings and the top of the scale.
    above: i64,
    /// Where nought is, from above.
    pub(super) base: i64,
}

impl Layout {
    fn of(kind: Kind, views: &[View<'_>], top: i64) -> Self {
        let scale = Scale::holding(top.max(most(views)));
        let ticks: Vec<String> = scale.ticks().into_iter().map(thousands).collect();
        let left = widest(&ticks, SMALL) + 8;
        let right = if kind == Kind::Lines { lines::right(views, left) } else { 0 };
        let mut layout = Self { kind, scale, left, width: (WIDTH - left - right).max(1), above: 0, base: HEIGHT };
        // Words on the highest mark may stand above the scale.
        layout.above = views
            .iter()
            .flat_map(|view| layout.captions(view))
            .map(|caption| caption.lift + count(caption.lines.len()) * LINE - HEIGHT)
            .fold(SMALL, i64::max);
        layout
    }

    /// This layout below the headings of a row of panels, of which the longest decides.
    fn under(mut self, row: &[View<'_>]) -> Self {
        let lines = row.iter().map(|view| heading(view).len()).max().unwrap_or(0);
        self.base = count(lines) * HEADING + self.above + HEIGHT;
        self
    }

    /// The middle of a mark, from the left.
    pub(super) fn x(&self, index: usize, of: usize) -> i64 {
        self.left + (2 * count(index) + 1) * self.width / (2 * count(of).max(1))
    }

    /// Where a value is, from above.
    pub(super) fn y(&self, value: i64) -> i64 {
        self.base - self.scale.along(value, HEIGHT)
    }

    /// How much room one of so many marks has.
    pub(super) fn slot(&self, of: usize) -> i64 {
        self.width / count(of).max(1)
    }

    /// A column that stands on nought.
    pub(super) fn column(&self, middle: i64, thick: i64, value: i64) -> Area {
        let thick = thick.max(2);
        let height = self.scale.along(value, HEIGHT);
        Area { x: middle - thick / 2, y: self.base - height, width: thick, height }
    }

    fn captions(&self, view: &View<'_>) -> Vec<Caption> {
        let mut captions = Vec::new();
        let mut index = 0;
        while let Some(mark) = view.marks.get(index) {
            let run = run(view, index);
            captions.extend(self.caption(view, index, run, *mark));
            index += run;
        }
        captions
    }

    /// The words on a mark, or on a run of equal stubs, which need them only once.
    fn caption(&self, view: &View<'_>, index: usize, run: usize, mark: Mark<'_>) -> Option<Caption> {
        let of = view.marks.len();
        let slot = self.slot(of);
        let x = i64::midpoint(self.x(index, of), self.x(index + run - 1, of));
        let words = mark.shown.words();
        let caption = Caption { x, lift: 6, lines: Vec::new(), tone: Tone::Quiet, datum: String::new() };
        match mark.shown {
            Shown::Value(value) => {
                let shown = match self.kind {
                    Kind::Columns => numbers_fit(view, slot),
                    Kind::Lines => lines::last_value(view) == Some(index) && index + 1 < of,
                };
                let half = (strong_width(&words, SMALL) + 1) / 2;
                let noise = if self.kind == Kind::Lines { 4 } else { 0 };
                let lift = self.scale.along(mark.shown.reach(mark.noise).max(value), HEIGHT) + 6 + noise;
                let (x, tone) = (within(x, half, WIDTH - half), Tone::Strong);
                shown.then(|| Caption { x, lift, tone, lines: vec![words], ..caption })
            }
            Shown::Low { below } => {
                let room = slot * count(run) - 2;
                let lift = self.scale.along(below, HEIGHT) + 6;
                words_fit(&words, SMALL, room).then(|| Caption { lift, lines: wrap(&words, SMALL, room), ..caption })
            }
            Shown::Nothing => {
                let fits = words_fit(NOTHING, SMALL, slot - 2);
                let lines = if fits { wrap(NOTHING, SMALL, slot - 2) } else { vec![DASH.to_owned()] };
                Some(Caption { lines, datum: mark.shown.datum(mark.key), ..caption })
            }
        }
    }

    /// The heading, the grid and the paper behind words that stand on it.
    fn ground(&self, ink: &mut Ink, view: &View<'_>) {
        for (index, line) in heading(view).iter().enumerate() {
            let place = Place::at(0, count(index) * HEADING + LABEL).size(LABEL).tone(Tone::Strong);
            ink.words(&place, line, "");
        }
        for value in self.scale.ticks() {
            let y = self.y(value);
            let place = Place::at(self.left - 8, y + 5).anchor(Anchor::End).tone(Tone::Quiet);
            ink.words(&place, &thousands(value), "");
            if value > 0 {
                ink.line(Stroke::Grid, Spot(self.left, y), Spot(self.left + self.width, y));
            }
        }
        for caption in self.captions(view) {
            let (wide, lines) = (widest(&caption.lines, SMALL), count(caption.lines.len()));
            let y = self.base - caption.lift - lines * LINE + 3;
            ink.clear(Area { x: caption.x - wide / 2, y, width: wide, height: lines * LINE });
        }
    }

    /// Nought and all words, above the marks.
    fn words(&self, ink: &mut Ink, view: &View<'_>) {
        ink.line(Stroke::Axis, Spot(self.left, self.base), Spot(self.left + self.width, self.base));
        if view.marks.is_empty() {
            let place = Place::at(self.left + self.width / 2, self.base - 8).anchor(Anchor::Middle).tone(Tone::Quiet);
            ink.words(&place, "nothing published", "");
        }
        for caption in self.captions(view) {
            let mut datum = caption.datum.as_str();
            for (line, above) in caption.lines.iter().zip((0..count(caption.lines.len())).rev()) {
                let place = Place::at(caption.x, self.base - caption.lift - above * LINE).anchor(Anchor::Middle);
                ink.words(&place.tone(caption.tone), line, datum);
                // One mark for one figure, however many lines its words take.
                datum = "";
            }
        }
    }

    /// What the panels leave unsaid for want of room: one line of key for each.
    fn key(&self, views: &[View<'_>]) -> Vec<Shown> {
        let mut key: Vec<Shown> = Vec::new();
        for view in views {
            let (said, of) = (self.captions(view), view.marks.len());
            for (index, mark) in view.marks.iter().enumerate() {
                let middle = self.x(index, of);
                let dashed = said.iter().any(|caption| caption.x == middle && caption.lines == [DASH]);
                let silent = match mark.shown {
                    Shown::Value(_) => false,
                    Shown::Low { .. } => !words_fit(&mark.shown.words(), SMALL, self.slot(of) - 2),
                    Shown::Nothing => dashed,
                };
                if silent && !key.contains(&mark.shown) {
                    key.push(mark.shown);
                }
            }
        }
        key
    }
}

/// The heading in lines; it is written strong, so its lines have less room.
fn heading(view: &View<'_>) -> Vec<String> {
    wrap(view.label, LABEL, WIDTH * 8 / 9 - 1)
}

/// How many equal stubs follow one another from here.
fn run(view: &View<'_>, index: usize) -> usize {
    let marks = view.marks.iter().skip(index);
    let Some(first) = view.marks.get(index).map(|mark| mark.shown) else { return 1 };
    if matches!(first, Shown::Low { .. }) { marks.take_while(|mark| mark.shown == first).count() } else { 1 }
}

/// Whether every value can stand on its column; some with and some without would look like a statement.
fn numbers_fit(view: &View<'_>, slot: i64) -> bool {
    let mut values = view.marks.iter().filter(|mark| matches!(mark.shown, Shown::Value(_)));
    values.all(|mark| strong_width(&mark.shown.words(), SMALL) <= slot)
}

/// A picture of all panels on one scale, at least to `top`.
pub(super) fn draw(about: &About, kind: Kind, views: &[View<'_>], top: i64) -> String {
    let class = match kind {
        Kind::Columns => "chart-columns",
        Kind::Lines => "chart-lines",
    };
    if views.iter().all(|view| view.marks.is_empty()) {
        return nothing(about, class);
    }
    let layout = Layout::of(kind, views, top);
    let across = views.len().clamp(1, ACROSS);
    let mut ink = Ink::new(about);
    let mut y = 0;
    for row in views.chunks(across) {
        let layout = layout.under(row);
        let mut below = 0;
        for (view, column) in row.iter().zip(0..) {
            ink.move_to((WIDTH + GUTTER.0) * column, y);
            layout.ground(&mut ink, view);
            let foot = match kind {
                Kind::Columns => columns::marks(&mut ink, &layout, view),
                Kind::Lines => lines::marks(&mut ink, &layout, view),
            };
            layout.words(&mut ink, view);
            below = below.max(foot);
        }
        y += layout.base + below + GUTTER.1;
    }
    ink.move_to(0, y - GUTTER.1 + 8);
    let key = key(&mut ink, &layout.key(views));
    let wide = count(across) * (WIDTH + GUTTER.0) - GUTTER.0;
    ink.finish(about, class, wide, y - GUTTER.1 + 8 + key)
}

/// The key below the panels; answers how high it is.
fn key(ink: &mut Ink, key: &[Shown]) -> i64 {
    let mut y = 0;
    for shown in key {
        if matches!(shown, Shown::Low { .. }) {
            ink.stub(Area { x: 0, y: y + 2, width: 20, height: 14 }, "");
        } else {
            ink.words(&Place::at(10, y + SMALL).anchor(Anchor::Middle).tone(Tone::Quiet), DASH, "");
        }
        ink.words(&Place::at(28, y + SMALL).tone(Tone::Quiet), &shown.words(), "");
        y += LINE + 4;
    }
    y
}
