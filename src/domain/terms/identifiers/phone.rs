//! Telephone numbers: one field may hold none, one or several, with extensions, words and links around them.

use super::calling_codes;
use super::clean::folded;
use super::nobody::{is_few, is_no_count};
use super::rules::PHONES;

/// From so many digits on, what stands in a field for a name is taken for a number.
const WHOLE_IN_A_NAME: usize = 9;
/// How many numbers of one field are looked at.
const MOST: usize = 64;
/// Fewer digits are no number of a person.
const SHORTEST: usize = 6;
/// No number has more digits (E.164).
const MOST_DIGITS: usize = 15;
/// No number has more digits with what is dialled in front.
const LONGEST: usize = 20;
/// From so many digits on, what stands on one side of a slash is a number by itself.
const WHOLE: usize = 7;
/// From so many digits on, a number of no known country tells people apart well enough for a match.
const TELLING: usize = 8;

/// A number, and how much is known of where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Number {
    /// Written with its country: `+` and all digits.
    Abroad(String),
    /// Written as inside a country, which is only known from who wrote it: as above.
    Inside(String),
    /// Written as inside a country that nobody knows, or that has no such number: its digits.
    Nowhere(String),
}

impl Number {
    /// What a match compares; nothing for digits that many numbers end with, and for a number that forms show.
    pub(super) fn exact(&self) -> Option<&str> {
        self.form().filter(|form| !is_example(form))
    }

    /// The number in the form that walls compare.
    pub(super) fn form(&self) -> Option<&str> {
        match self {
            Self::Abroad(form) | Self::Inside(form) => Some(form),
            Self::Nowhere(digits) => Some(digits.as_str()).filter(|digits| digits.len() >= TELLING),
        }
    }

    /// How the number ends: what is the same from inside and from abroad, in any country. For a wall.
    pub(super) fn endings(&self) -> Vec<String> {
        let (Self::Abroad(text) | Self::Inside(text) | Self::Nowhere(text)) = self;
        let digits = text.trim_start_matches('+');
        let last = |count: usize| digits.get(digits.len().checked_sub(count)?..).map(|end| format!("~{end}"));
        match self {
            // As much as was written: somebody may leave the town out.
            Self::Nowhere(_) | Self::Inside(_) => last(WHOLE).or_else(|| last(SHORTEST)).into_iter().collect(),
            Self::Abroad(_) => last(WHOLE).into_iter().chain(last(SHORTEST)).collect(),
        }
    }
}

/// `07700 900000`, `0600000000`, `555-123-4567`: a number that shows how numbers are written.
fn is_example(form: &str) -> bool {
    let own = form.strip_prefix('+').map_or(form, calling_codes::own_digits);
    // The town 555 is nobody's.
    is_few(own) || (own.len() == 10 && own.starts_with("555") && (form.starts_with("+1") || form.len() == 10))
}

/// The numbers of a field, as somebody in `country` wrote them.
pub(super) fn read(text: &str, country: Option<&str>) -> Vec<Number> {
    let text = folded(text);
    if let Some(numbers) = vanity(&text, country) {
        return numbers;
    }
    let context = text.split(";phone-context=+").nth(1).map(|rest| rest.split(';').next().unwrap_or_default());
    let mut found: Vec<Number> = Vec::new();
    for piece in pieces(&text) {
        let piece = match context {
            Some(code) if !piece.starts_with('+') => format!("+{code}{piece}"),
            _ => piece,
        };
        let whole = place(&piece, country);
        let is_long = digits(&piece).len() > MOST_DIGITS && !matches!(whole, Some(Number::Abroad(_)));
        let numbers = match halves(&piece).filter(|_| is_long) {
            Some(both) => both.iter().filter_map(|half| place(half, country)).collect(),
            None => Vec::from_iter(whole),
        };
        for number in numbers {
            if !found.contains(&number) && found.len() < MOST {
                found.push(number);
            }
        }
    }
    found
}

/// The numbers in a field for a name: long enough to be whole, and no part of a word or an address.
pub(super) fn in_a_name(text: &str) -> Vec<Number> {
    // A number may stand beside an address, and one in an address is no number.
    let is_address = |word: &&str| word.contains('/') && word.chars().any(char::is_alphabetic);
    let text = folded(text).split_whitespace().filter(|word| !is_address(word)).collect::<Vec<_>>().join(" ");
    let mut signs = text.chars().zip(text.chars().skip(1));
    let is_part = |(one, other): (char, char)| {
        (one.is_ascii_digit() && other.is_alphabetic()) || (one.is_alphabetic() && other.is_ascii_digit())
    };
    if text.contains(['/', '@', '_', '#']) || signs.any(is_part) {
        return Vec::new();
    }
    let is_whole = |number: &Number| matches!(number, Number::Nowhere(all) if all.len() >= WHOLE_IN_A_NAME);
    read(&text, None).into_iter().filter(is_whole).collect()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Where the number is; nothing when it is none of a person.
pub(super) fn place(piece: &str, country: Option<&str>) -> Option<Number> {
    // (0) inside an international number is a reading aid, not a digit.
    let (all, abroad) = (digits(piece), digits(&piece.replace("(0)", "")));
    if !(SHORTEST..=LONGEST).contains(&all.len()) {
        return None;
    }
    let with_plus = piece.starts_with('+') || piece.starts_with("(+");
    let abroad = if with_plus { abroad } else { all.clone() };
    let number = match (with_plus, abroad.strip_prefix("00")) {
        (true, None) if !abroad.starts_with('0') => Number::Abroad(calling_codes::from_abroad(&abroad)),
        // Where `00` is followed by a carrier, no country's number stands behind it.
        (_, Some(rest)) if !rest.starts_with('0') && (with_plus || calling_codes::is_placed(rest)) => {
            Number::Abroad(calling_codes::from_abroad(rest))
        }
        _ => inside(&all, country),
    };
    Some(number).filter(|number| !is_service(number))
}

/// A number that was written without `+`.
fn inside(all: &str, country: Option<&str>) -> Number {
    if let Some(form) = dialled_abroad(all, country) {
        return Number::Abroad(form);
    }
    match country.and_then(|country| calling_codes::from_inside(all, country)) {
        Some(form) => Number::Inside(form),
        None => Number::Nowhere(all.to_owned()),
    }
}

/// The number behind what is dialled in `country` for abroad.
fn dialled_abroad(all: &str, country: Option<&str>) -> Option<String> {
    let rows = PHONES.abroad.iter().filter(|row| country.is_some_and(|country| row.is_of(country)));
    let mut behind = rows.flat_map(|row| row.behind(all)).filter(|rest| calling_codes::is_placed(rest));
    behind.next().map(calling_codes::from_abroad)
}

/// Whether the number is an office's or nobody's.
fn is_service(number: &Number) -> bool {
    match number {
        Number::Abroad(form) | Number::Inside(form) => {
            let digits = form.trim_start_matches('+');
            let own = calling_codes::own_digits(digits);
            let listed =
                PHONES.line.iter().any(|line| line == form) || PHONES.service.iter().any(|row| row.has(digits));
            listed || is_harmonised(own) || is_no_count(own) || is_no_count(digits)
        }
        Number::Nowhere(digits) => {
            let free = PHONES.unplaced_service.iter().any(|begin| digits.starts_with(begin.as_str()));
            let listed = PHONES.line.iter().any(|line| line == digits);
            listed || (free && digits.len() > WHOLE) || is_harmonised(digits) || is_no_count(digits)
        }
    }
}

/// The six digits of Europe's lines of social value: 116 123, 116 006 …
fn is_harmonised(digits: &str) -> bool {
    digits.len() == 6 && digits.starts_with("116")
}

/// Letters in place of digits: `1-800-FLOWERS`, `+1 415 555 CATS`. Only where the digits alone are no number. Nothing when
/// it is not written so; and nobody's number when it is a service's, as most of these are.
fn vanity(text: &str, country: Option<&str>) -> Option<Vec<Number>> {
    let letters: Vec<&str> = text.split(|c: char| !c.is_ascii_lowercase()).filter(|word| !word.is_empty()).collect();
    let count: usize = letters.iter().map(|word| word.len()).sum();
    let has_other = text.chars().any(|c| c.is_alphabetic() && !c.is_ascii_lowercase());
    let marked = letters.iter().any(|word| PHONES.extension.iter().any(|known| known == word));
    let first = text.find(|c: char| c.is_ascii_lowercase()).unwrap_or_default();
    let before = digits(text.get(..first).unwrap_or_default()).len();
    let written = digits(text).len();
    if has_other || marked || before < 3 || !(3..=8).contains(&count) || written > WHOLE || written + count < 9 {
        return None;
    }
    match place(&text.chars().map(key).collect::<String>(), country) {
        Some(Number::Nowhere(_)) => None,
        number => Some(Vec::from_iter(number)),
    }
}

/// The key on which a letter stands (ITU-T E.161).
const fn key(letter: char) -> char {
    match letter {
        'a'..='c' => '2',
        'd'..='f' => '3',
        'g'..='i' => '4',
        'j'..='l' => '5',
        'm'..='o' => '6',
        'p'..='s' => '7',
        't'..='v' => '8',
        'w'..='z' => '9',
        other => other,
    }
}

/// What stands in a field, number by number: each with its plus, digits and brackets.
fn pieces(text: &str) -> Vec<String> {
    let mut reader = Reader::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let next = rest.get(c.len_utf8()..).unwrap_or_default();
        if c.is_alphabetic() {
            let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
            reader.word(rest.get(..end).unwrap_or_default());
            rest = rest.get(end..).unwrap_or_default();
            continue;
        }
        reader.sign(c, next);
        rest = next;
    }
    reader.finish();
    let numbers = std::mem::take(&mut reader.found);
    // Grouped by commas, as nobody should: the signs told nothing apart.
    let whole = digits(text);
    let grouped = numbers.is_empty() && !reader.skipped && (WHOLE..=LONGEST).contains(&whole.len());
    if grouped { vec![text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()] } else { numbers }
}

/// Two numbers with nothing but spaces between them; nothing where no space divides it so.
fn halves(piece: &str) -> Option<[String; 2]> {
    let parted = piece.match_indices(' ').filter_map(|(at, _)| piece.split_at_checked(at));
    let apart = |(front, back): &(&str, &str)| digits(front).len().abs_diff(digits(back).len());
    let (front, back) = parted.min_by_key(apart)?;
    let both = digits(front).len() >= WHOLE && digits(back).len() >= WHOLE;
    both.then(|| [front.trim().to_owned(), back.trim().to_owned()])
}

/// Goes through a field sign by sign.
#[derive(Default)]
struct Reader {
    found: Vec<String>,
    current: String,
    /// Behind the sign of an extension.
    is_extension: bool,
    skipped: bool,
}

impl Reader {
    fn finish(&mut self) {
        let piece = std::mem::take(&mut self.current);
        let piece = piece.trim().to_owned();
        let is_new = self.found.len() < 2 * MOST && !self.found.contains(&piece);
        if !self.is_extension && digits(&piece).len() >= SHORTEST && is_new {
            self.found.push(piece);
        }
        self.is_extension = false;
    }

    /// Behind a whole number an extension begins; before one it was something that is dialled in front.
    fn extension(&mut self) {
        let whole = digits(&self.current).len() >= SHORTEST || !self.found.is_empty();
        self.finish();
        self.is_extension = whole;
        self.skipped |= whole;
    }

    fn word(&mut self, word: &str) {
        if PHONES.extension.iter().any(|known| known == word) { self.extension() } else { self.finish() }
    }

    fn sign(&mut self, c: char, next: &str) {
        match c {
            '0'..='9' | '(' | ')' | ' ' | '-' | '.' | '\'' if !(c == '(' && self.is_next_plus(next)) => {
                self.current.push(c);
            }
            '+' => {
                if !digits(&self.current).is_empty() || self.is_extension {
                    self.finish();
                }
                if !self.current.contains('+') {
                    "+".clone_into(&mut self.current);
                }
            }
            '/' => self.slash(next),
            '#' => self.extension(),
            '~' if digits(&self.current).len() >= SHORTEST => self.extension(),
            // `ext=5`, `ext: 5`
            '=' | ':' if self.is_extension && self.current.trim().is_empty() => {}
            ';' if next.trim_start().starts_with("ext") => self.extension(),
            '*' | '[' | ']' | '_' | '·' | '•' if self.current.is_empty() => {}
            '[' | ']' | '_' | '·' | '•' | '~' => self.current.push(' '),
            _ => self.finish(),
        }
    }

    fn is_next_plus(&mut self, next: &str) -> bool {
        let plus = next.trim_start().starts_with('+');
        if plus && !digits(&self.current).is_empty() {
            self.finish();
        }
        plus
    }

    /// Between town and number, between two numbers, or before another ending: `0151/2345678`, `… / 07700 900111`,
    /// `07700 900123/4`.
    fn slash(&mut self, next: &str) {
        let end = next.find(|c: char| !(c.is_ascii_digit() || " -.()+".contains(c))).unwrap_or(next.len());
        let (before, behind) = (digits(&self.current), digits(next.get(..end).unwrap_or_default()));
        if before.len() > TELLING && (1..=3).contains(&behind.len()) {
            let kept = self.current.trim_end();
            let front = kept.get(..kept.len() - behind.len()).unwrap_or_default();
            if digits(kept).len() - behind.len() == digits(front).len() {
                self.found.push(format!("{front}{behind}"));
            }
            self.finish();
            self.is_extension = true;
        } else if before.len() >= WHOLE && behind.len() >= SHORTEST {
            self.finish();
        } else {
            self.current.push(' ');
        }
    }
}
