//! Whether somebody can be reached by what stands in a field, and nothing else is said there: "07700 900123, not after
//! six" is a wish, and whoever dials it without reading it may harm.

use super::clean::{clean, folded};
use super::mail;
use super::rules::PHONES;

/// Services send and call from numbers this short.
const SHORTEST: usize = 5;
/// No number has more digits, with an extension and all that may be dialled in front.
const LONGEST: usize = 30;
/// What people write beside their number to say what it is, and nothing more.
const LABELS: [&str; 28] = [
    "tel",
    "telephone",
    "telefon",
    "telefono",
    "teléfono",
    "téléphone",
    "phone",
    "mobile",
    "mob",
    "cell",
    "handy",
    "mobil",
    "movil",
    "móvil",
    "portable",
    "home",
    "work",
    "private",
    "privat",
    "number",
    "nr",
    "no",
    "whatsapp",
    "wa",
    "signal",
    "sms",
    "fax",
    "m",
];

/// Whether it is a telephone number, with a label at most.
#[must_use]
pub(in crate::domain) fn is_number(text: &str) -> bool {
    let text = folded(text);
    let is_label = |word: &str| LABELS.contains(&word) || PHONES.extension.iter().any(|known| known == word);
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_plain = |c: char| c.is_alphabetic() || c.is_ascii_digit() || " +-()./:;,#*=[]_'~".contains(c);
    (SHORTEST..=LONGEST).contains(&digits) && words.into_iter().all(is_label) && text.chars().all(is_plain)
}

/// Whether it is one mail address, with a name in front at most: `Ann Lee <ann@example.org>`.
#[must_use]
pub(in crate::domain) fn is_address(text: &str) -> bool {
    let text = clean(text);
    let address = match text.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text.strip_prefix("mailto:").unwrap_or(&text),
    };
    let (name, host) = address.rsplit_once('@').unwrap_or_default();
    let is_quoted = name.len() > 1 && name.starts_with('"') && name.ends_with('"');
    let is_name =
        !name.is_empty() && (is_quoted || !name.contains(|c: char| c.is_whitespace() || "@,;<>()".contains(c)));
    is_name && mail::host(host).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_can_be_reached_by_a_value_and_who_says_something_else() {
        for number in [
            "+447700900456",
            "07700 900 456",
            "(0)7700-900456",
            "٠٧٧٠٠٩٠٠٤٥٦",
            "Mobile: 07700 900456",
            "tel:+44-7700-900456",
            "+44 7700 900456 ext. 5",
            "60123",
        ] {
            assert!(is_number(number), "{number}");
        }
        for wish in [
            "do not call",
            "nope",
            "-",
            "none",
            "0",
            "123",
            "07700 900456 not after six",
            "\u{1f4f5} 07700 900456",
            "never 07700900456",
            "07700900456?",
            "ann@example.org",
            "ask my sister 07700 900456",
        ] {
            assert!(!is_number(wish), "{wish}");
        }
        for address in [
            "ann@example.org",
            "Ann Lee <ann@example.org>",
            "mailto:ann@example.org",
            "ann+x@bücher.example",
            "\"ann lee\"@example.org",
        ] {
            assert!(is_address(address), "{address}");
        }
        for wish in [
            "nope",
            "do not write",
            "ann@example.org not at night",
            "ann@",
            "@example.org",
            "ann@localhost",
            "a@b.example, c@d.example",
            "+447700900456",
        ] {
            assert!(!is_address(wish), "{wish}");
        }
    }
}
