//! How wide words are, and where a value lies on a scale.

/// The largest value a scale tells apart from larger ones, so that no product overflows.
const HUGE: i64 = 1_000_000_000_000_000;

/// Where a line may break: not at a no-break space.
const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];

/// About how wide the text is, rounded up.
///
/// The fonts of a reader are unknown here: the widths are those of a wide one, so that a guess errs towards free space.
pub(super) fn width(text: &str, size: i64) -> i64 {
    let hundredths: i64 = text.chars().map(hundredths).sum();
    (hundredths * size + 99) / 100
}

/// About how wide the text is in the weight of figures and headings.
pub(super) fn strong_width(text: &str, size: i64) -> i64 {
    width(text, size) * 9 / 8 + 1
}

/// How wide the widest of these texts is.
pub(super) fn widest(texts: &[String], size: i64) -> i64 {
    texts.iter().map(|text| width(text, size)).max().unwrap_or(0)
}

/// The width of a character in hundredths of the size.
const fn hundredths(character: char) -> i64 {
    match character {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '\u{2018}' | '\u{2019}' => 32,
        ' ' | '\u{a0}' | 'f' | 't' | 'r' | 'I' | '(' | ')' | '-' => 40,
        's' | 'c' | 'z' => 55,
        'w' => 82,
        'm' | 'M' | 'W' | '@' | '%' | '\u{2014}' => 100,
        'A'..='Z' | '&' | '<' | '>' | '+' | '=' => 78,
        '\u{0}'..='\u{2ff}' | '\u{2000}'..='\u{206f}' => 63,
        '\u{300}'..='\u{36f}' => 0,
        '\u{370}'..='\u{10ff}' => 80,
        _ => 105,
    }
}

/// The text in lines that fit the room: broken between words, and inside a word only if it alone is too wide.
///
/// The lines are about equally long, so that no single word is left over.
pub(super) fn wrap(text: &str, size: i64, room: i64) -> Vec<String> {
    let mut lines = fill(text, size, room);
    let mut narrow = room - size / 2;
    while lines.len() > 1 && words_fit(text, size, narrow) {
        let narrower = fill(text, size, narrow);
        if narrower.len() > lines.len() {
            break;
        }
        lines = narrower;
        narrow -= size / 2;
    }
    lines
}

/// The text in lines, each as full as it can be.
fn fill(text: &str, size: i64, room: i64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(BLANK).filter(|word| !word.is_empty()) {
        for piece in pieces(word, size, room) {
            match lines.last_mut() {
                Some(line) if width(line, size) + width(" ", size) + width(&piece, size) <= room => {
                    line.push(' ');
                    line.push_str(&piece);
                }
                _ => lines.push(piece),
            }
        }
    }
    lines
}

/// A word, in as many pieces as the room makes necessary.
fn pieces(word: &str, size: i64, room: i64) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for character in word.chars() {
        let mut piece = pieces.pop().unwrap_or_default();
        let longer = format!("{piece}{character}");
        if width(&longer, size) <= room || piece.is_empty() {
            piece = longer;
            pieces.push(piece);
        } else {
            pieces.push(piece);
            pieces.push(character.to_string());
        }
    }
    pieces
}

/// Whether every word fits the room unbroken.
pub(super) fn words_fit(text: &str, size: i64, room: i64) -> bool {
    text.split(BLANK).all(|word| width(word, size) <= room)
}

/// The value, moved between these two if it is not; the first one wins where they have crossed.
pub(super) fn within(value: i64, low: i64, high: i64) -> i64 {
    value.min(high).max(low)
}

/// How many of something there are, as a number to draw with.
pub(super) fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}

/// A scale from nought to a round number, with three to five steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    /// Where it ends.
    pub(super) top: i64,
    /// How far its grid lines are apart.
    step: i64,
}

impl Scale {
    /// The scale that holds this value. The scale of a scale's own end is the same scale.
    pub(super) fn holding(most: i64) -> Self {
        let most = most.clamp(3, HUGE);
        let mut step = 1;
        let mut factors = [2, 5, 10].into_iter().cycle();
        let mut unit = 1;
        while step * 5 < most {
            let factor = factors.next().unwrap_or(10);
            step = unit * factor;
            if factor == 10 {
                unit = step;
            }
        }
        Self { top: (most + step - 1) / step * step, step }
    }

    /// A scale that ends exactly here and has no steps of its own.
    pub(super) fn to(top: i64) -> Self {
        let top = top.clamp(1, HUGE);
        Self { top, step: top }
    }

    /// How far along a length the value lies. What is more than nought stays visible.
    pub(super) fn along(self, value: i64, length: i64) -> i64 {
        let value = value.clamp(0, self.top);
        let along = (value * length + self.top / 2) / self.top;
        if value > 0 { along.max(1) } else { 0 }
    }

    /// The values of its grid lines, with nought.
    pub(super) fn ticks(self) -> Vec<i64> {
        (0..=self.top / self.step).map(|index| index * self.step).collect()
    }
}
