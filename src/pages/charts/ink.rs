//! The few shapes that charts are made of, each with its class and its colour on light paper.

use super::About;

/// The page.
pub(super) const PAPER: &str = "#fbfaf7";
/// Words that matter, and axes.
const INK: &str = "#1d2430";
/// Words that explain.
const QUIET: &str = "#56606e";
/// The grid.
const LINE: &str = "#d9d6cf";
/// Marks.
const ACCENT: &str = "#0b5c63";

/// How loud words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// A figure or a heading.
    Strong,
    /// A label.
    Plain,
    /// A tick, or words in place of a figure.
    Quiet,
}

/// Which point of the words stands at their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// Their left end.
    Start,
    /// Their middle.
    Middle,
    /// Their right end.
    End,
}

/// Where words stand and how they look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    x: i64,
    y: i64,
    size: i64,
    anchor: Anchor,
    tone: Tone,
}

impl Place {
    /// Plain words that begin here, on this baseline.
    pub(super) const fn at(x: i64, y: i64) -> Self {
        Self { x, y, size: crate::pages::charts::SMALL, anchor: Anchor::Start, tone: Tone::Plain }
    }

    /// This place, for text of another size.
    pub(super) const fn size(self, size: i64) -> Self {
        Self { size, ..self }
    }

    /// This place, for text that is anchored elsewhere.
    pub(super) const fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    /// This place, for text in another tone.
    pub(super) const fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    /// Its left side.
    pub(super) x: i64,
    /// Its upper side.
    pub(super) y: i64,
    /// How wide it is.
    pub(super) width: i64,
    /// How high it is.
    pub(super) height: i64,
}

/// A point of the picture: how far from the left, and how far from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot(pub(super) i64, pub(super) i64);

/// What a straight line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    /// Part of the grid.
    Grid,
    /// Nought.
    Axis,
    /// The reach of noise.
    Range,
}

/// A picture being drawn. All positions are relative to its origin, so that a panel does not know where it stands.
#[derive(Debug)]
pub(super) struct Ink {
    id: String,
    body: String,
    hatched: bool,
    origin: (i64, i64),
}

impl Ink {
    /// An empty picture.
    pub(super) fn new(about: &About) -> Self {
        Self { id: plain_id(&about.id), body: String::new(), hatched: false, origin: (0, 0) }
    }

    /// Draws what follows from here.
    pub(super) const fn move_to(&mut self, x: i64, y: i64) {
        self.origin = (x, y);
    }

    /// Writes words. `datum` is empty unless the words themselves are the mark.
    pub(super) fn words(&mut self, place: &Place, words: &str, datum: &str) {
        let (x, y) = self.point(place.x, place.y);
        let (class, fill, weight) = match place.tone {
            Tone::Strong => ("c-text", INK, " font-weight=\"600\""),
            Tone::Plain => ("c-text", INK, ""),
            Tone::Quiet => ("c-quiet", QUIET, ""),
        };
        let anchor = match place.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let size = place.size;
        self.push(&format!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{weight}{anchor} fill=\"{fill}\"{datum}>{}</text>",
            escape(words)
        ));
    }

    /// Draws a filled mark.
    pub(super) fn mark(&mut self, area: Area, datum: &str) {
        self.rect(area, &format!("class=\"c-mark\" fill=\"{ACCENT}\"{datum}"));
    }

    /// Draws the stub of a figure that is only known to be small.
    pub(super) fn stub(&mut self, area: Area, datum: &str) {
        self.hatched = true;
        // The outline is drawn on its middle: half a line further in, it takes up no more room than a mark.
        let inner = Area { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 };
        let inner = Area { width: inner.width.max(1), height: inner.height.max(1), ..inner };
        let fill =
            format!("class=\"c-low\" fill=\"url(#{}-h)\" stroke=\"{ACCENT}\" stroke-width=\"1\"{datum}", self.id);
        self.rect(inner, &fill);
    }

    /// Clears the grid where words or a whisker will stand.
    pub(super) fn clear(&mut self, area: Area) {
        self.rect(area, &format!("class=\"c-back\" fill=\"{PAPER}\""));
    }

    /// Draws a round mark.
    pub(super) fn dot(&mut self, x: i64, y: i64, radius: i64, datum: &str) {
        let (x, y) = self.point(x, y);
        self.push(&format!("<circle class=\"c-mark\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{ACCENT}\"{datum}/>"));
    }

    /// Draws a straight line.
    pub(super) fn line(&mut self, stroke: Stroke, from: Spot, to: Spot) {
        let (x1, y1) = self.point(from.0, from.1);
        let (x2, y2) = self.point(to.0, to.1);
        let (class, colour, width) = match stroke {
            Stroke::Grid => ("c-line", LINE, 1),
            Stroke::Axis => ("c-axis", INK, 1),
            Stroke::Range => ("c-range", INK, 2),
        };
        self.push(&format!(
            "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{colour}\" \
             stroke-width=\"{width}\"/>"
        ));
    }

    /// Draws the line that joins values.
    pub(super) fn curve(&mut self, points: &[Spot]) {
        let points = self.points(points);
        self.push(&format!(
            "<polyline class=\"c-mark-edge\" points=\"{points}\" fill=\"none\" stroke=\"{ACCENT}\" stroke-width=\"3\" \
             stroke-linejoin=\"round\"/>"
        ));
    }

    /// Draws the noise around such a line: a tint, and edges that can be seen without it.
    pub(super) fn band(&mut self, upper: &[Spot], lower: &[Spot]) {
        let around: Vec<Spot> = upper.iter().chain(lower.iter().rev()).copied().collect();
        let around = self.points(&around);
        self.push(&format!("<polygon class=\"c-band\" points=\"{around}\" fill=\"{ACCENT}\" fill-opacity=\"0.18\"/>"));
        for edge in [upper, lower] {
            let edge = self.points(edge);
            self.push(&format!(
                "<polyline class=\"c-range\" points=\"{edge}\" fill=\"none\" stroke=\"{QUIET}\" stroke-width=\"1\" \
                 stroke-dasharray=\"3 3\"/>"
            ));
        }
    }

    /// The finished picture.
    pub(super) fn finish(self, about: &About, kind: &str, width: i64, height: i64) -> String {
        let Self { id, body, hatched, .. } = self;
        let (title, description) = (escape(&about.title), escape(&about.description));
        let hatch = if hatched { hatch(&id) } else { String::new() };
        // The layout is fixed from left to right, also on a page that reads from right to left.
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart {kind}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             aria-labelledby=\"{id}-t {id}-d\" font-family=\"system-ui, sans-serif\" font-variant=\"tabular-nums\" \
             direction=\"ltr\"><title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{description}</desc>{hatch}{body}\n</svg>"
        )
    }

    fn rect(&mut self, area: Area, attributes: &str) {
        let (x, y) = self.point(area.x, area.y);
        let (width, height) = (area.width, area.height);
        self.push(&format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {attributes}/>"));
    }

    const fn point(&self, x: i64, y: i64) -> (i64, i64) {
        (self.origin.0 + x, self.origin.1 + y)
    }

    fn points(&self, points: &[Spot]) -> String {
        let points: Vec<String> =
            points.iter().map(|&Spot(x, y)| self.point(x, y)).map(|(x, y)| format!("{x},{y}")).collect();
        points.join(" ")
    }

    fn push(&mut self, element: &str) {
        self.body.push('\n');
        self.body.push_str(element);
    }
}

/// The hatching. Its id is the chart's own, because many charts stand on one page.
fn hatch(id: &str) -> String {
    format!(
        "\n<defs><pattern id=\"{id}-h\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><path class=\"c-low\" d=\"M0 2H5\" fill=\"none\" stroke=\"{ACCENT}\" \
         stroke-width=\"2\"/></pattern></defs>"
    )
}

/// The id without anything that would end an attribute, a reference or a list of ids.
fn plain_id(id: &str) -> String {
    id.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' }).collect()
}

/// A line of words under a picture that stands alone.
pub(super) fn caption(x: i64, y: i64, size: i64, words: &str) -> String {
    format!(
        "<text class=\"c-quiet\" x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{QUIET}\">{}</text>\n",
        escape(words)
    )
}

/// The text as XML: escaped, and without the characters that XML does not allow.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            other if other.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}
