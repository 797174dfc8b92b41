//! Numbers as they slip: letters in the place of digits, and other digits behind a number ("2 missed calls", "24/7"). For
//! walls alone: where the number ends, nobody can say for certain.

use super::calling_codes;
use super::clean::folded;
use super::phone::{Number, place};

/// From so many digits on, a beginning is taken for a number.
const WHOLE: usize = 9;
/// No number has more digits (E.164).
const MOST_DIGITS: usize = 15;
/// No account of this length is a number (a card, a sort code with its account).
const MOST_ALONE: usize = 13;
/// How many groups of digits of one field are looked at.
const MOST: usize = 48;

/// Digits with nothing between them.
struct Group {
    digits: String,
    /// Behind a plus.
    is_abroad: bool,
    /// Behind a word or a plus, or the first.
    is_apart: bool,
}

/// The numbers with which what stands in a field may begin.
pub(super) fn read(text: &str, country: Option<&str>) -> Vec<Number> {
    let groups = groups(&with_zeros(&folded(text)));
    let mut found: Vec<Number> = Vec::new();
    for (at, first) in groups.iter().enumerate() {
        if !first.is_apart && !first.digits.starts_with('0') && first.digits.len() < WHOLE {
            continue;
        }
        let mut digits = String::new();
        let rest = groups.iter().skip(at + 1).take_while(|group| !group.is_apart);
        for group in std::iter::once(first).chain(rest) {
            digits.push_str(&group.digits);
            if digits.len() > MOST_DIGITS {
                break;
            }
            if digits.len() < WHOLE || (first.is_abroad && !calling_codes::is_placed(&digits)) {
                continue;
            }
            let plus = if first.is_abroad { "+" } else { "" };
            found.extend(place(&format!("{plus}{digits}"), country).filter(|number| !found.contains(number)));
        }
    }
    found
}

/// The number of a field that holds nothing else, or has it in front of an `@`: `9876543210@upi`.
pub(super) fn alone(text: &str, country: Option<&str>) -> Option<Number> {
    let text = folded(text);
    let front = text.split('@').next().unwrap_or_default();
    let count = front.chars().filter(char::is_ascii_digit).count();
    let is_number =
        (WHOLE..=MOST_ALONE).contains(&count) && front.chars().all(|c| c.is_ascii_digit() || "+-() .".contains(c));
    is_number.then(|| place(front, country)).flatten()
}

/// `O7700 9OO1O9`: a word of digits in which letters stand for them.
fn with_zeros(text: &str) -> String {
    let one = |word: &str| {
        let is_number = word.chars().all(|c| c.is_ascii_digit() || matches!(c, 'o' | 'l' | 'i'));
        if is_number && word.chars().any(|c| c.is_ascii_digit()) {
            word.replace('o', "0").replace(['l', 'i'], "1")
        } else {
            word.to_owned()
        }
    };
    let is_apart = |c: char| !c.is_alphanumeric();
    let mut all = String::new();
    for piece in text.split_inclusive(is_apart) {
        let word = piece.trim_end_matches(is_apart);
        all.push_str(&one(word));
        all.push_str(piece.get(word.len()..).unwrap_or_default());
    }
    all
}

fn groups(text: &str) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    let (mut is_abroad, mut is_apart, mut is_open) = (false, true, false);
    for c in text.chars() {
        if c.is_ascii_digit() {
            if !is_open && all.len() >= MOST {
                break;
            }
            match all.last_mut().filter(|_| is_open) {
                Some(group) => group.digits.push(c),
                None => all.push(Group { digits: c.to_string(), is_abroad, is_apart }),
            }
            (is_abroad, is_apart, is_open) = (false, false, true);
            continue;
        }
        is_open = false;
        is_abroad = c == '+' || (is_abroad && matches!(c, ' ' | '('));
        is_apart |= c == '+' || c.is_alphabetic();
    }
    all
}
