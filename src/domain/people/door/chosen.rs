//! Which passwords of their own people may choose: long, and none that is guessed first. No kinds of characters are asked
//! for: what they bring is a capital at the front and a digit at the end.

use crate::base::secret::Sensitive;
use crate::error::rules::Chosen;
use crate::error::{Error, Result};

/// The shortest, in characters.
const SHORTEST: usize = 12;
/// The longest, in characters.
const LONGEST: usize = 1_000;
/// How many characters must be news: neither the one before again, nor the next or last one of the alphabet or the digits.
const NEWS: usize = 6;
/// How many different characters there must be.
const DIFFERENT: usize = 5;

/// What people choose first, in small letters, a line for each. Whatever is made of these alone is guessed.
const COMMONEST: &str = include_str!("commonest.txt");
/// Rows of keyboards, as people walk along them.
const ROWS: [&str; 8] = [
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "qsdfghjklm",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
];

/// Whether somebody of this name may choose this password in place of the present one. Both as [`super::typed`] reads them.
///
/// # Errors
/// `Invalid` at `/new_password`.
pub fn judge(chosen: &Sensitive<String>, present: &Sensitive<String>, username: &str) -> Result<()> {
    let (chosen, length) = (chosen.expose(), chosen.expose().chars().count());
    let rule = if length < SHORTEST {
        Chosen::TooShort(SHORTEST)
    } else if length > LONGEST {
        Chosen::TooLong(LONGEST)
    } else if chosen == present.expose() {
        Chosen::Same
    } else if is_guessed(chosen, username) {
        Chosen::Guessed
    } else {
        return Ok(());
    };
    Err(Error::invalid("/new_password", rule))
}

/// Whether it is among what is tried first: made of common words, rows of the keyboard and the name of the account alone, or
/// of little that is news.
fn is_guessed(password: &str, username: &str) -> bool {
    let small: Vec<char> = password.to_lowercase().chars().collect();
    let different: std::collections::BTreeSet<&char> = small.iter().collect();
    if different.len() < DIFFERENT || news(&small) < NEWS || repeats(&small) {
        return true;
    }
    // Names of people and of domains stand in a name such as `amina.khan@example`.
    let names = username.split(|c: char| !c.is_alphanumeric()).filter(|part| part.chars().count() > 2);
    let known: Vec<Vec<char>> = COMMONEST
        .lines()
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .chain(names)
        .map(|word| word.chars().collect())
        .collect();
    is_made_of(&small, &known)
}

/// How many characters are neither the one before again nor its neighbour.
fn news(small: &[char]) -> usize {
    let codes: Vec<u32> = small.iter().map(|c| u32::from(*c)).collect();
    let pairs = codes.windows(2).filter(|pair| matches!(pair, [one, next] if one.abs_diff(*next) > 1));
    pairs.count() + 1
}

/// Whether it is one piece again and again.
fn repeats(small: &[char]) -> bool {
    let most = small.len() / 2;
    (1..=most.min(8)).any(|piece| small.iter().zip(small.iter().skip(piece)).all(|(one, next)| one == next))
}

/// The letter that a digit or sign stands for.
const fn meant(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        other => other,
    }
}

/// Whether nothing is left of it but digits and signs when these words and pieces of rows are taken away.
fn is_made_of(text: &[char], known: &[Vec<char>]) -> bool {
    let rows: Vec<Vec<char>> =
        ROWS.iter().flat_map(|row| [row.chars().collect(), row.chars().rev().collect()]).collect();
    // Up to where it can be read so far, from the front.
    let mut reached = vec![false; text.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for at in 0..text.len() {
        let rest = text.get(at..).unwrap_or_default();
        if !reached.get(at).copied().unwrap_or(false) {
            continue;
        }
        let words = known.iter().filter(|word| begins(rest, word)).map(Vec::len);
        let walks = rows.iter().map(|row| walked(rest, row)).filter(|length| *length >= 4);
        let plain = rest.first().is_some_and(|c| !c.is_alphabetic()).then_some(1);
        for length in words.chain(walks).chain(plain).collect::<Vec<_>>() {
            if let Some(there) = reached.get_mut(at + length) {
                *there = true;
            }
        }
    }
    let letters = text.iter().filter(|c| c.is_alphabetic()).count();
    letters > 0 && reached.last().copied().unwrap_or(false)
}

/// Whether the text begins with the word, or with what is meant for it.
fn begins(text: &[char], word: &[char]) -> bool {
    text.len() >= word.len() && text.iter().zip(word).all(|(c, of)| c == of || meant(*c) == *of)
}

/// How many characters of the text go along the row, wherever in it they begin.
fn walked(text: &[char], row: &[char]) -> usize {
    let starts = (0..row.len()).filter_map(|start| row.get(start..));
    starts.map(|row| text.iter().zip(row).take_while(|(one, other)| one == other).count()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(chosen: &str) -> Option<&'static str> {
        let [chosen, present] = [chosen, "the one before this"].map(|text| Sensitive::new(text.to_owned()));
        match judge(&chosen, &present, "amina.khan@house") {
            Ok(()) => None,
            Err(Error::Invalid(broken)) => Some(broken.named[0].rule.code()),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn long_passwords_hold_whatever_they_are_made_of() {
        for chosen in [
            "copper kettle on the stove",
            "tqkzvmxwphrd",
            "482915736028",
            "Der Zug nach Köln um 9",
            "قهوة الصباح مع أمي",
            "滝の音を聞く静かな夜明け前",
            "amina likes a quiet harbour",
            "🦉🌊🔑🎈🧵🪴🐌🧊🪁🎷🌋🪵",
            &"a long sentence ".repeat(40),
        ] {
            assert_eq!(refused(chosen), None, "{chosen}");
        }
    }

    #[test]
    fn what_is_tried_first_does_not() {
        for chosen in [
            "password1234",
            "Password2026!",
            "P@ssw0rd12345",
            "passwordpassword",
            "qwertyuiop12",
            "Qwerty123456!",
            "1q2w3e4r5t6y",
            "1qaz2wsx3edc",
            "iloveyou2026",
            "letmein!letmein!",
            "welcome12345",
            "123456789012",
            "987654321098",
            "aaaaaaaaaaaaaaa",
            "abcabcabcabcabc",
            "abcdefghijklm",
            "amina123456789",
            "AminaKhan2026",
            "recourse2026!!",
            "asdfghjkl123",
            "monkeydragon12",
            "football12345",
            "Sommer2026!!",
            "changeme1234",
            "adminadmin12",
            "111122223333",
        ] {
            assert_eq!(refused(chosen), Some("guessed_first"), "{chosen}");
        }
        assert_eq!(refused("short words"), Some("too_short"));
        assert_eq!(refused(&"x7 qd".repeat(201)), Some("too_long"));
        assert_eq!(refused("the one before this"), Some("same_password"));
    }
}
