//! What stands in the place of a person and is none.

use std::net::{IpAddr, SocketAddr};

use super::clean::{bare, clean, folded};
use super::rules::NOBODY;
use crate::base::secret::hex;

/// How long digests are, in bytes: MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512.
const DIGESTS: [usize; 6] = [16, 20, 28, 32, 48, 64];
/// A word this short stands for nobody only when it stands alone: `ka` is a word, and Kaname a name.
const SHORT_WORD: usize = 4;
/// Fewer letters and digits tell no devices, networks or ways to pay apart.
const SHORTEST_TELLING: usize = 8;
/// Fewer tell none apart when the names of makers and systems are left out.
const SHORTEST_UNBRANDED: usize = 6;
/// Longer ones are no models.
const LONGEST_MODEL: usize = 12;
/// So few different signs are made up.
const FEW: usize = 3;

/// Whether a reference that a program sends (an account, a device, a network) says that there is none: a word for
/// nothing, zeros, signs without letters, the digest of such a value, an address of every machine.
#[must_use]
pub fn is_no_reference(value: &str) -> bool {
    let bare = bare(value);
    let cleaned = clean(value);
    // What a program writes where it forgot to put the value in.
    let is_gap = cleaned.contains(['{', '}']) || cleaned.starts_with("Optional(") || cleaned.starts_with(['%', '$']);
    is_blank(&bare) || is_word(&bare) || is_gap || is_no_address(&cleaned) || is_digest_of_nothing(&cleaned)
}

/// Whether a value stands for nobody at a wall, where a word that may be somebody's chosen name, or their initials, is taken
/// for it.
#[must_use]
pub fn is_no_one(value: &str) -> bool {
    is_plainly_nothing(&folded(value))
        || is_plain_word(&bare(value))
        || is_no_address(&clean(value))
        || is_digest_of_nothing(&clean(value))
}

/// Whether a name that people type stands for nobody at a wall.
pub(super) fn is_no_name(value: &str) -> bool {
    is_no_one(value) || NOBODY.plain_handles.contains(&bare(value))
}

/// Whether what somebody reports with says that there is none, or tells nobody apart. `kind` is `device`, `payment` or
/// `network`.
#[must_use]
pub fn is_no_means(kind: &str, value: &str) -> bool {
    let bare = bare(value);
    let listed = [&NOBODY.devices, &NOBODY.networks, &NOBODY.payments].into_iter().any(|list| list.contains(&bare));
    if is_no_reference(value) || listed {
        return true;
    }
    match address_in(&clean(value)).filter(|_| kind == "network") {
        Some(ip) => is_no_machines(ip) || NOBODY.resolvers.contains(&ip.to_string()),
        None => !tells_apart(value),
    }
}

/// Whether a reference tells devices, networks or ways to pay apart: digits or mixed letters enough, and no model
/// (`SM-G991B`), brand, browser or gap of a program (`{deviceId}`).
pub(super) fn tells_apart(value: &str) -> bool {
    let text = clean(value);
    if text.contains(|c: char| c.is_whitespace() || "{}()<>%;".contains(c)) {
        return false;
    }
    let kept: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let low = kept.to_lowercase();
    let digits = low.bytes().filter(u8::is_ascii_digit).count();
    let is_digits = digits == low.len();
    // Models are capitals and digits, and short.
    let is_model = !is_digits && kept.len() < LONGEST_MODEL && !kept.contains(char::is_lowercase);
    let unbranded = NOBODY.brands.iter().fold(low.clone(), |rest, brand| rest.replace(brand.as_str(), ""));
    low.len() >= SHORTEST_TELLING
        && !is_model
        && !is_few(&low)
        && (digits > 1 || (digits == 1 && low.len() >= LONGEST_MODEL && low.bytes().all(|b| b.is_ascii_hexdigit())))
        && unbranded.len() >= SHORTEST_UNBRANDED
        && !(is_digits && is_no_count(&low))
}

/// So few different signs that somebody made it up to fill a form: `07700 900000`, `11999999999`.
pub(super) fn is_few(text: &str) -> bool {
    let mut signs: Vec<char> = text.chars().collect();
    signs.sort_unstable();
    signs.dedup();
    signs.len() <= FEW
}

/// Nothing, zeros alone, or one letter over and over where it says nothing: `0000`, `ffff-ffff`, `-`.
pub(super) fn is_blank(bare: &str) -> bool {
    let all = |c: char| bare.chars().all(|other| other == c);
    bare.is_empty() || all('0') || (bare.len() > 3 && all('f'))
}

/// A word for nothing, alone or beside a noun.
pub(super) fn is_word(bare: &str) -> bool {
    is_alone_or_beside(bare, |text| NOBODY.words.iter().any(|word| word == text), |_| true)
}

/// A word that is written for nothing and that nobody is called.
pub(super) fn is_plain_word(bare: &str) -> bool {
    let known = |text: &str| NOBODY.plain.iter().any(|word| word == text);
    // `unknown_user` is nobody, and `the_unknown` may be a name that somebody chose.
    is_alone_or_beside(bare, known, |noun| !NOBODY.chosen.iter().any(|word| word == noun))
}

fn is_alone_or_beside(bare: &str, known: impl Fn(&str) -> bool, counts: impl Fn(&str) -> bool) -> bool {
    let beside = |rest: Option<&str>| rest.is_some_and(|rest| rest.chars().count() >= SHORT_WORD && known(rest));
    let nouns = || NOBODY.nouns.iter().filter(|noun| counts(noun));
    known(bare)
        || nouns().any(|noun| beside(bare.strip_prefix(noun.as_str())) || beside(bare.strip_suffix(noun.as_str())))
}

/// Zeros, and signs that people type to fill a field. Names of other signs (`★★★`, `_._`) are names.
fn is_plainly_nothing(folded: &str) -> bool {
    if folded.chars().any(char::is_alphanumeric) {
        return is_blank(&bare(folded));
    }
    let is_name = folded.len() > 2 && folded.contains('_') && folded.bytes().all(|b| b == b'_' || b == b'.');
    !is_name && folded.chars().all(|c| c.is_ascii() || c.is_whitespace())
}

/// A name that services show in place of one.
pub(super) fn is_no_handle(bare: &str) -> bool {
    // `user_0`, `TEST123`: the word with a number behind it.
    let word = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    is_blank(bare) || is_word(bare) || NOBODY.handles.iter().any(|known| known == word)
}

/// Digits that nobody is given: all the same, or counted up or down.
pub(super) fn is_no_count(digits: &str) -> bool {
    const ROW: &str = "01234567890123456789";
    const BACK: &str = "98765432109876543210";
    let first = digits.chars().next();
    digits.chars().all(|digit| Some(digit) == first)
        || (digits.len() > 6 && (ROW.contains(digits) || BACK.contains(digits)))
}

/// An address of the network that is every machine's, or every house's.
fn is_no_address(value: &str) -> bool {
    address_in(value).is_some_and(is_no_machines)
}

/// The address, with a port or the length of a network behind it; one of the old kind in the new is the old.
fn address_in(value: &str) -> Option<IpAddr> {
    let address = value.split_once('/').map_or(value, |(address, _)| address).trim_matches(['[', ']']);
    let parsed = address.parse::<IpAddr>().ok().or_else(|| Some(value.parse::<SocketAddr>().ok()?.ip()))?;
    Some(parsed.to_canonical())
}

fn is_no_machines(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let is_carriers = first == 100 && (64..128).contains(&second);
            ip.is_loopback()
                || ip.is_private()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || is_carriers
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// The digest of nothing, or of a word for it, in hexadecimal or base64.
fn is_digest_of_nothing(value: &str) -> bool {
    use base64::prelude::*;
    let value = value.rsplit_once(':').map_or(value, |(_, digest)| digest);
    let is_hex = value.bytes().all(|b| b.is_ascii_hexdigit()) && DIGESTS.iter().any(|bytes| bytes * 2 == value.len());
    let begins = if is_hex {
        value.to_ascii_lowercase()
    } else {
        let plain = value.trim_end_matches('=').replace('-', "+").replace('_', "/");
        match BASE64_STANDARD_NO_PAD.decode(plain) {
            Ok(bytes) if DIGESTS.contains(&bytes.len()) => hex(&bytes),
            _ => return false,
        }
    };
    let Some(begins) = begins.get(..16) else { return false };
    NOBODY.digest.iter().any(|row| row.begins.split(' ').any(|known| known == begins))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_nobody_at_a_wall_is_nobody_for_a_match() {
        assert!(NOBODY.plain.iter().all(|word| NOBODY.words.contains(word)));
        assert!(NOBODY.chosen.iter().all(|word| NOBODY.nouns.contains(word)));
        assert!(NOBODY.plain_handles.iter().all(|word| is_no_handle(word) || word == "viarecourse"));
    }

    #[test]
    fn what_programs_send_for_nothing_is_nobody() {
        for value in [
            "unknown",
            "Unknown",
            "[Deleted User]",
            "n/a",
            "N/A",
            "null",
            "(null)",
            "None",
            "undefined",
            "0",
            "0000",
            "-",
            "???",
            "device_unknown",
            "unknown-device",
            "00000000-0000-0000-0000-000000000000",
            "ＵＮＫＮＯＷＮ",
            "un\u{200B}known",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "D41D8CD98F00B204E9800998ECF8427E",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "127.0.0.1",
            "192.168.1.17",
            "10.0.3.4",
            "100.72.1.1",
            "::1",
            "fe80::1",
            "неизвестно",
            "不明",
        ] {
            assert!(is_no_reference(value), "{value}");
        }
        for value in [
            "u_9020",
            "anna",
            "d",
            "card",
            "net-7",
            "kaname",
            "1",
            "42",
            "nathan",
            "8.8.8.8",
            "81.2.69.142",
            "2001:db8::5",
            "f3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        ] {
            assert!(!is_no_reference(value), "{value}");
        }
        for value in [
            "unknown",
            "N/A",
            "-",
            "???",
            "",
            " ",
            "0000",
            "[deleted]",
            "Deleted User",
            "user_unknown",
            "null",
            "…",
            "—",
        ] {
            assert!(is_no_one(value), "{value}");
        }
        for value in
            ["the_void", "the_guest", "D.K.", "ka", "nan", "void", "★★★", "🦉", "_._", "___", "the_unknown", "x_x"]
        {
            assert!(!is_no_one(value), "{value}");
        }
        assert!(is_no_means("device", "9774d56d682e549c") && is_no_means("device", "02:00:00:00:00:00"));
        assert!(is_no_means("network", "Wi-Fi"));
    }

    #[test]
    fn what_reporters_share_makes_no_two_of_them_one() {
        for (kind, values) in [
            (
                "device",
                "iPhone15,2|SM-G991B|Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)|generic|{deviceId}|true|1|iPhone 14 Pro|Android 14|Pixel 7|sdk_gphone64_arm64|22101320C|Linux armv8l|$device_id|%DEVICE%|device-17|a1b2|tinder-ios-17.2",
            ),
            (
                "network",
                "Vodafone|GB|::ffff:10.0.0.1|192.168.0.10:5432|1.1.1.1|8.8.8.8:53|[fd00::1]:443|10.0.0.0/8|T-Mobile|x-forwarded-for|{\"ip\":null}",
            ),
            (
                "payment",
                "visa|card|apple_pay|paypal|free|in_app|western union|gift card|pm_card_visa|4242|GBP|0.00|no_payment",
            ),
        ] {
            for value in values.split('|') {
                assert!(is_no_means(kind, value), "{kind}: {value}");
            }
        }
        for (kind, values) in [
            (
                "device",
                "3f2504e0-4f89-11d3-9a0c-0305e82c3301|AA:BB:CC:DD:EE:0F|352099001761482|dQw4w9WgXcQz|b1946ac92492d234",
            ),
            (
                "network",
                "81.2.69.142|81.2.69.142:5432|2a02:c7f::1|81.2.69.0/24|::ffff:81.2.69.142|f3b0c44298fc1c149afbf4c8996fb924",
            ),
            ("payment", "pm_1NvPm2LkdIwHu7ixR9|4929123456789012|tok_8f3a2b77|DE12500105170648489890"),
        ] {
            for value in values.split('|') {
                assert!(!is_no_means(kind, value), "{kind}: {value}");
            }
        }
    }
}
