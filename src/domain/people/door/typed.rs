//! What people type when they sign in, as they type it: with a capital that the telephone put there, with the gap that an
//! app shows in a code, with the space that came along from a copy, in the digits of their keyboard.

use unicode_normalization::UnicodeNormalization as _;

use crate::base::secret::Sensitive;
use crate::domain::terms::identifiers::{clean, folded};

/// The name of an account that is meant; it need not exist.
#[must_use]
pub fn name(typed: &str) -> String {
    // A Turkish keyboard makes an İ of the first i, and has an ı beside it.
    folded(typed).chars().filter(|c| *c != '\u{307}').map(|c| if c == 'ı' { 'i' } else { c }).collect()
}

/// Whether an account may have this name.
#[must_use]
pub(in crate::domain) fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-@".contains(&b);
    name.bytes().all(plain) && (2..=60).contains(&name.len())
}

/// Whether a new account may have this name: one that begins with a sign is taken for an option wherever it is typed.
#[must_use]
pub fn is_new_name(name: &str) -> bool {
    is_name(name) && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// The one-time code that is meant.
pub(super) fn code(typed: &str) -> String {
    clean(typed).chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

/// Whether what was typed is a code at all: six digits.
pub(super) fn is_code(typed: &str) -> bool {
    let code = code(typed);
    code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit())
}

/// The password that is meant: without the space that a copy or a telephone puts at either end, and composed, so that the
/// same letters are the same from every keyboard.
#[must_use]
pub fn password(typed: &Sensitive<String>) -> Sensitive<String> {
    let outside = |c: char| c.is_whitespace() || matches!(c, '\u{200B}' | '\u{FEFF}');
    Sensitive::new(typed.expose().trim_matches(outside).nfc().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_meant() {
        for typed in
            ["Amina", "AMINA", " amina ", "amina\n", "Amİna", "amına", "ａｍｉｎａ", "amina\u{200B}", "\u{FEFF}amina"]
        {
            assert_eq!(name(typed), "amina", "{typed:?}");
        }
        for other in ["amina1", "am ina", "", "amina\0x", "ámina"] {
            assert_ne!(name(other), "amina", "{other:?}");
        }
        assert!(is_new_name("noor.2@night-shift") && is_new_name("2noor"));
        assert!(!is_new_name("-noor") && !is_new_name(".noor") && !is_new_name("@noor") && is_name("-noor"));
        assert!(is_name("noor.2@night-shift") && !is_name("a") && !is_name("amina#stf") && !is_name("zoë"));
    }

    #[test]
    fn codes_are_read_as_they_are_meant() {
        for typed in [
            "123456",
            "123 456",
            "123-456",
            " 1 2 3 4 5 6\n",
            "123\u{A0}456",
            "123\u{2009}456",
            "١٢٣٤٥٦",
            "۱۲۳ ۴۵۶",
            "１２３４５６",
            "१२३४५६",
            "123\u{2013}456",
        ] {
            assert_eq!(code(typed), "123456", "{typed:?}");
        }
        for other in ["12345", "1234567", "12345a", ""] {
            assert_ne!(code(other), "123456", "{other:?}");
        }
    }
}
