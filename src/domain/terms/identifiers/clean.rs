//! Characters: what is not seen is taken out, and what looks the same because it is the same is written in one way.

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// How much of a value is looked at: what a report may hold of one. The same is left of it when one sign becomes many.
const LONGEST: usize = 500;
/// How often a step is repeated until nothing changes any more. Two rounds are the most that was ever seen.
const ROUNDS: usize = 4;

/// The zero of each script's decimal digits that NFKC leaves alone (Unicode 16, `Nd`).
const ZEROS: [u32; 71] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136,
    0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0,
    0x11C50, 0x11D50, 0x11DA0, 0x11DE0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1E140, 0x1E2F0,
    0x1E4F0, 0x1E5F1, 0x1E950, 0x1CCF0, 0x1D7CE, 0x1FBF0,
];

/// The text without invisible characters, in NFKC, with ASCII digits and plain hyphens, quotes and spaces; case is kept.
pub(in crate::domain) fn clean(text: &str) -> String {
    let mut cleaned: String = text.chars().take(LONGEST).collect();
    for _ in 0..ROUNDS {
        let seen = cleaned.chars().filter(|c| !is_invisible(*c));
        let next = seen.nfkc().filter(|c| !is_invisible(*c)).map(plain).take(LONGEST).collect::<String>();
        let next = next.trim().to_owned();
        if next == cleaned {
            break;
        }
        cleaned = next;
    }
    cleaned
}

/// The text as [`clean`] has it, without regard to case.
pub(in crate::domain) fn folded(text: &str) -> String {
    let mut folded = clean(text);
    for _ in 0..ROUNDS {
        let next = clean(&folded.to_lowercase().replace('ς', "σ"));
        if next == folded {
            break;
        }
        folded = next;
    }
    folded
}

/// What the eye takes it for: letters of other scripts that look like these (UTS 39), a capital I for an l, and no accents.
/// For walls.
pub(super) fn looks_like(text: &str) -> String {
    let mut seen = folded(text);
    for _ in 0..ROUNDS {
        let next = folded(&skeleton(&seen).filter(|c| !is_accent(*c)).collect::<String>());
        let next: String =
            next.nfd().filter(|c| !is_accent(*c)).nfc().map(|c| if c == 'i' { 'l' } else { c }).collect();
        if next == seen {
            break;
        }
        seen = next;
    }
    seen
}

/// Letters and digits alone, without regard to case.
pub(super) fn bare(text: &str) -> String {
    folded(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

/// Characters that take no room and say nothing: joiners, marks of direction, fillers, variation selectors, tags.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// One sign for each of a kind.
fn plain(c: char) -> char {
    match c {
        '\n' | '\u{2028}' | '\u{2029}' | '\r' => '\n',
        c if c.is_control() || c.is_whitespace() => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{2032}' | '\u{60}' | '\u{B4}' => '\'',
        '\u{201C}'..='\u{201F}' | '\u{AB}' | '\u{BB}' => '"',
        c => digit(c).unwrap_or(c),
    }
}

/// The ASCII digit of a decimal digit of any script.
fn digit(c: char) -> Option<char> {
    if c.is_ascii() || !c.is_numeric() {
        return None;
    }
    let code = u32::from(c);
    ZEROS.iter().find_map(|zero| char::from_digit(code.checked_sub(*zero).filter(|value| *value < 10)?, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_are_digits() {
        for zero in ZEROS {
            for value in 0..10 {
                let c = char::from_u32(zero + value).unwrap();
                assert_eq!(clean(&c.to_string()), value.to_string(), "U+{:04X}", zero + value);
            }
        }
        assert_eq!(clean("٠٧٧٠٠٩١٥٧٤٠ ۰۷ ０７ ०७ 𝟎𝟕"), "07700915740 07 07 07 07");
    }

    #[test]
    fn what_is_not_seen_is_not_there() {
        assert_eq!(clean("\u{FEFF}night\u{200B}owl\u{202E} \u{AD}"), "nightowl");
        assert_eq!(clean("caf\u{65}\u{301}"), clean("caf\u{E9}"));
        assert_eq!(folded("ＮｉｇｈｔＯｗｌ"), "nightowl");
        assert_eq!(looks_like("аmіnа"), looks_like("amina"));
        assert_ne!(folded("аmіnа"), folded("amina"));
    }
}
