//! Names of platforms for people. They stand in tables, pages and spreadsheets that anybody may open.

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

use crate::base::text::{is_hidden, is_seen};
use crate::error::rules::Names;
use crate::error::{Error, Result};

/// How long a name may be, in characters.
const LONGEST: usize = 80;
/// What a spreadsheet takes for the beginning of a formula, also in the width of East Asian letters.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A name as it is kept, without blanks around it.
///
/// # Errors
/// `Invalid` when nobody could see it, it hides something, or a spreadsheet would take it for a formula.
pub(super) fn checked(name: &str) -> Result<String> {
    let name = name.trim();
    let refuse = |rule: Names| Err(Error::invalid("/name", rule));
    if name.chars().any(is_hidden) {
        return refuse(Names::Hidden);
    }
    if !name.chars().any(is_seen) {
        return refuse(Names::Unseen);
    }
    if name.chars().count() > LONGEST {
        return refuse(Names::TooLong(LONGEST));
    }
    if name.starts_with(FORMULA) {
        return refuse(Names::Formula);
    }
    Ok(name.to_owned())
}

/// A name that was kept before names were checked, without what hides in it; the short name when nothing is left.
#[must_use]
pub fn shown(name: &str, slug: &str) -> String {
    let plain: String = name.chars().map(|letter| if is_hidden(letter) { ' ' } else { letter }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    if plain.chars().any(is_seen) { words.join(" ") } else { slug.to_owned() }
}

/// Whether people could take one name for the other: by letters of other scripts that look the same (UTS 39), by case or
/// by blanks. Two rows of a public table must not be told apart by nothing.
pub(super) fn are_alike(one: &str, other: &str) -> bool {
    let looks = |name: &str| {
        let seen: String = name.nfkc().filter(|letter| is_seen(*letter)).collect();
        let bare = |text: String| text.chars().filter(|letter| is_seen(*letter)).collect::<String>();
        // Capitals may look like other letters than their small ones do.
        let small = bare(skeleton(&seen.to_lowercase()).collect()).to_lowercase();
        [small, bare(skeleton(&seen).collect()).to_lowercase(), bare(skeleton(&seen.to_uppercase()).collect())]
    };
    looks(one).iter().zip(looks(other)).any(|(one, other)| *one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_people_cannot_tell_apart_are_alike() {
        for (one, other) in [
            ("Tinder", "Tinder"),
            ("Tinder", "tinder"),
            ("Tinder", "TINDER"),
            ("Tinder", "T\u{456}nder"),
            ("Tinder", "\u{422}inder"),
            ("TINDER", "T\u{399}NDER"),
            ("Tinder", " Tinder  "),
            ("Plenty of Fish", "Plenty  of\u{a0}Fish"),
            ("Plenty of Fish", "PlentyOfFish"),
            ("Ｔｉｎｄｅｒ", "Tinder"),
            ("Hello", "HelI0"),
            ("Zoë", "Zoe\u{308}"),
            ("❤", "❤\u{fe0f}"),
            ("modem", "rnodern"),
            ("Straße", "STRASSE"),
        ] {
            assert!(are_alike(one, other) && are_alike(other, one), "{one:?} {other:?}");
        }
        for (one, other) in [
            ("Tinder", "Tender"),
            ("Tinder", "Tinder 2"),
            ("Spark", "Sparks"),
            ("App 01", "App 10"),
            ("Zoë", "Zoé"),
            ("爱", "受"),
            ("Meet", "Meet+"),
            ("Bumble", "Bumble BFF"),
        ] {
            assert!(!are_alike(one, other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_name_is_one_that_people_see_and_spreadsheets_show() {
        for name in ["Spark", "Zoë & Co.", "爱", "Meet+", "a=b", "9gag", "❤️", "Ελλάδα", "حب", "Plenty of Fish – UK"]
        {
            assert_eq!(checked(name).unwrap(), name);
            assert_eq!(shown(name, "slug"), name);
        }
        assert_eq!(checked("  Spark ").unwrap(), "Spark");
        for name in [
            "=cmd|'/C calc'!A0",
            "+Meet",
            "-1",
            "@heart",
            " =1",
            "＝1",
            "＋1",
            "－1",
            "＠a",
            "",
            " ",
            "\u{a0}",
            "\u{2003}",
            "two\nlines",
            "a\rb",
            "a\tb",
            "a\u{85}b",
            "a\u{2028}b",
            "\u{202e}evil",
            "a\u{200f}",
            "a\u{2067}b",
            "a\u{61c}b",
            "\u{200b}",
            "Sp\u{200b}ark",
            "Sp\u{200d}ark",
            "\u{feff}Spark",
            "\u{ad}",
            "\u{3164}",
            "\u{2800}",
            "\u{fe0f}",
            "a\u{7}",
            "\u{1b}[31mred",
            "a\u{0}",
            "a\u{e0041}",
        ] {
            assert!(checked(name).is_err(), "{name:?} is taken");
        }
        assert!(checked(&"x".repeat(81)).is_err() && checked(&"ë".repeat(80)).is_ok());
    }

    #[test]
    fn an_older_name_is_shown_without_what_hides_in_it() {
        for (name, plain) in [
            ("two\nlines", "two lines"),
            ("\u{202e}evil", "evil"),
            ("", "slug"),
            (" \u{200b}\n", "slug"),
            ("=HYPERLINK(\"x\")", "=HYPERLINK(\"x\")"),
        ] {
            assert_eq!(shown(name, "slug"), plain);
        }
    }
}
