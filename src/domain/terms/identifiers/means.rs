//! Devices, and ways to pay.

use super::clean::{bare, clean, folded};
use super::nobody::{is_blank, is_no_count, is_no_one, is_word, tells_apart};
use super::rules::NOBODY;
use super::{mail, profile};

/// So few letters and digits tell no devices or accounts apart: the last four of a card are ten thousand people's.
const SHORTEST: usize = 6;

/// What people write before a device's number.
const DEVICE_NAMES: [&str; 9] =
    ["imei", "imeisv", "mac", "serialnumber", "serial", "udid", "uuid", "urn:uuid:", "idfa"];
/// What people write before an account's.
const PAYMENT_NAMES: [&str; 14] = [
    "iban",
    "account",
    "acct",
    "card",
    "wallet",
    "address",
    "btc",
    "eth",
    "bitcoin",
    "ethereum",
    "litecoin",
    "lightning",
    "usdt",
    "upi",
];

/// What a match and a wall compare. A match has nothing where the value is a word for nothing, and may be a name too.
type Two = (Option<String>, String);

/// A device: without separators, and without case where its alphabet has none. `(exact, broad)`.
pub(super) fn device(text: &str) -> Option<Two> {
    if is_no_one(text) || text.contains(['*', '…']) {
        return None;
    }
    let text = unnamed(&clean(text), &DEVICE_NAMES);
    let kept: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let broad = bare(&kept);
    let is_hex = broad.chars().all(|c| c.is_ascii_hexdigit());
    let (exact, broad) = forms(kept, broad, is_hex, &NOBODY.devices)?;
    // A model or a browser, in words: of very many people.
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2);
    let is_phrase = text.contains(char::is_whitespace) && words.any(|word| word.chars().all(char::is_alphabetic));
    Some((exact.filter(|_| !is_phrase), broad))
}

/// A way to pay: an account's number without spaces, a chain's address with the capitals that count, or a name at a
/// service. `(exact, broad)`.
pub(super) fn payment(text: &str) -> Option<Two> {
    // Stars in front of the last digits: many people's.
    if text.contains(['*', '•', '…']) || folded(text).contains("xxxx") {
        return None;
    }
    if text.contains('@')
        && let Some(address) = mail::read(text).into_iter().next()
    {
        return Some((address.exact, address.broad));
    }
    if let Some(profile) = profile::read(text).filter(|profile| profile.is_known) {
        return Some((profile.exact, profile.broad));
    }
    let text = unnamed(clean(text).split('?').next().unwrap_or_default(), &PAYMENT_NAMES);
    if text.contains(['@', '$']) {
        // A name at a bank or a payment service.
        let name = folded(&text).trim_matches(['@', '$', ' ']).to_owned();
        let tells = name.chars().count() > 2 && !is_word(&bare(&name));
        return (!is_no_one(&name)).then(|| (tells.then(|| format!("${name}")), name));
    }
    let kept: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let broad = bare(&kept);
    forms(kept.clone(), broad, !is_chain_address(&text, &kept), &NOBODY.payments)
}

fn forms(kept: String, broad: String, without_case: bool, nobody: &[String]) -> Option<Two> {
    if broad.chars().count() < SHORTEST
        || is_blank(&broad)
        || is_no_one(&broad)
        || is_no_count(&broad)
        || nobody.contains(&broad)
    {
        return None;
    }
    let tells = tells_apart(&kept) || is_chains(&kept);
    let one_case = kept == kept.to_lowercase() || kept == kept.to_uppercase();
    let exact = if without_case || one_case { broad.clone() } else { kept };
    Some(((!is_word(&broad) && tells).then_some(exact), broad))
}

/// Long enough to be a key of a chain, whatever its letters.
fn is_chains(kept: &str) -> bool {
    kept.len() >= 25 && kept.chars().any(|c| c.is_ascii_digit())
}

/// Base58 of a chain (Bitcoin's old form, Tron, Litecoin, Solana, Ripple …): one word of 25 to 44 mixed letters, in which
/// capitals tell wallets apart. IBANs have one case, or spaces.
fn is_chain_address(text: &str, kept: &str) -> bool {
    let one_word = text.chars().count() == kept.chars().count();
    let mixed = kept.chars().any(char::is_uppercase) && kept.chars().any(char::is_lowercase);
    one_word
        && mixed
        && (25..=44).contains(&kept.len())
        && !kept.starts_with("0x")
        && !kept.to_lowercase().starts_with("bc1")
}

/// The value without the word that says what it is.
fn unnamed(text: &str, names: &[&str]) -> String {
    let mut text = text.trim();
    for _ in 0..3 {
        let rest = names.iter().find_map(|name| {
            let (front, rest) = text.split_at_checked(name.len())?;
            let ends = name.ends_with(':') || rest.starts_with([':', ' ', '#', '=', '.']);
            (front.eq_ignore_ascii_case(name) && ends).then_some(rest)
        });
        match rest {
            Some(rest) => text = rest.trim_start_matches([':', ' ', '#', '=', '.', '/']),
            None => break,
        }
    }
    text.to_owned()
}
