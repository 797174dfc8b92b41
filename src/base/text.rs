//! Characters that a reader does not see: what a short text for people must not hold.

/// Whether a character breaks the line, turns its direction, or takes no room.
#[must_use]
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            // Soft hyphen, marks of direction and joining, fillers.
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            // Tags, further selectors, and what is no character at all.
            | '\u{e0000}'..='\u{e0fff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether a character can be seen by itself.
#[must_use]
pub fn is_seen(letter: char) -> bool {
    // The blank of Braille, and selectors of how a character looks.
    !letter.is_whitespace() && !is_hidden(letter) && !matches!(letter, '\u{2800}' | '\u{fe00}'..='\u{fe0f}')
}

/// Whether a name that a caller made up is a word and nothing else, so that it may be repeated to them: letters in the
/// manner of programs, and no number or name of somebody.
#[must_use]
pub fn is_plain_word(name: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_alphabetic() || b == b'_' || b == b'-';
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    name.len() <= 64
        && digits <= 2
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|b| is_letter(b) || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_from_what_may_name_somebody() {
        for name in ["mood", "is_he_armed", "isMinor", "do-not-contact", "under_18", "_links", "x"] {
            assert!(is_plain_word(name), "{name}");
        }
        for name in
            ["", "07700900123", "user9020", "Amina", "amina khan", "amina@example.org", "+44", "caf\u{e9}", "a/b"]
        {
            assert!(!is_plain_word(name), "{name}");
        }
    }
}
