//! What apps call their own pages (`whatsapp://send?phone=…`): they are the persons of the web addresses of the same service.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::clean::clean;
use super::profile::{is_number, placed, take_apart};
use super::rules::{PROFILES, lists};

/// Whom a link of an app leads to.
pub(super) enum Link {
    /// A telephone number.
    Number(String),
    /// A page, by its web address.
    Address(String),
    /// Nobody: a page of the app itself.
    Nobody,
}

/// Reads a link of an app; nothing when the text is none.
pub(super) fn read(text: &str) -> Option<Link> {
    let text = clean(text);
    let (scheme, rest) = text.split_whitespace().find_map(link)?;
    // Taken apart as an address at a host that there is not.
    let Some(parts) = take_apart(&format!("https://app.invalid/{rest}")) else { return Some(Link::Nobody) };
    for app in PROFILES.app.iter().filter(|app| lists(&app.schemes, &scheme)) {
        if let Some(number) = placed(&app.numbers, "", &parts).filter(|text| is_number(text)) {
            return Some(Link::Number(number));
        }
        if let Some(person) = placed(&app.paths, "", &parts) {
            if person.contains("://") {
                return Some(Link::Address(person));
            }
            let person = utf8_percent_encode(person.trim_start_matches('@'), NON_ALPHANUMERIC).to_string();
            return Some(Link::Address(format!("https://{}", app.at.replace("{}", &person))));
        }
    }
    Some(Link::Nobody)
}

/// Scheme and rest of a word that is a link of an app that we know. Android writes the scheme at the end.
fn link(word: &str) -> Option<(String, String)> {
    let word = word.trim_matches(['<', '>', '"', '\'', '(', ')', ',']);
    let (scheme, rest) = word.split_once(':')?;
    let scheme = scheme.to_lowercase();
    let is_page = rest.starts_with("//") || rest.contains('?');
    let rest = rest.trim_start_matches('/');
    let is_known = |scheme: &str| PROFILES.app.iter().any(|app| lists(&app.schemes, scheme));
    if scheme == "intent" {
        let (rest, intent) = rest.split_once("#Intent;")?;
        let named = intent.split(';').find_map(|part| part.strip_prefix("scheme="))?.to_lowercase();
        return is_known(&named).then(|| (named, rest.to_owned()));
    }
    (is_page && is_known(&scheme)).then(|| (scheme, rest.to_owned()))
}
