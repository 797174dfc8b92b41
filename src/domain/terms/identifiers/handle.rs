//! Names on other services.

use unicode_normalization::char::is_combining_mark;

use super::clean::{bare, folded, looks_like};
use super::nobody::{is_no_handle, is_no_name};
use super::profile::{self, Profile};
use super::rules::{PROFILES, lists};

/// Fewer letters alone are a first name more often than a handle.
const SHORTEST_ALONE: usize = 5;

/// What a field for a handle holds.
pub(super) enum Named {
    /// A name, of a service that nobody says. `(exact, broad)`.
    Name(Option<String>, String),
    /// A name at a service that is said: the address, and the name.
    At(Profile),
}

/// Reads a handle; nothing when it stands for nobody.
pub(super) fn read(text: &str) -> Option<Named> {
    let text = folded(text);
    if is_no_name(&text) {
        return None;
    }
    if profile::is_address(&text) {
        return profile::read(&text).map(Named::At);
    }
    if let Some(profile) = labelled(&text) {
        return Some(Named::At(profile));
    }
    name(&text).map(|(exact, broad)| Named::Name(exact, broad))
}

/// The name in its two forms. For a match there is none when it is too short to tell people apart, or a word that may
/// stand for nobody: `ka`, `the_guest`, `★`. Whoever declared exactly this is meant at a wall.
pub(super) fn name(text: &str) -> Option<(Option<String>, String)> {
    let name = folded(text).trim_start_matches(['@', ' ']).trim_end().to_owned();
    let broad = looks_like(&name);
    if is_no_name(&name) || broad.is_empty() {
        return None;
    }
    let tells = weight(&name) >= 3 && is_like_a_handle(&name) && !is_no_handle(&bare(&name));
    Some((tells.then_some(name), broad))
}

/// `instagram: nightowl`, `IG @nightowl`, and `@nightowl@example.social`.
fn labelled(text: &str) -> Option<Profile> {
    if let Some((name, host)) = text.strip_prefix('@').and_then(|rest| rest.split_once('@')) {
        return profile::read(&format!("{host}/@{name}"));
    }
    let (service, name) = text.split_once([':', ' '])?;
    let name = name.trim();
    let one_word = !name.is_empty() && !name.contains(' ');
    profile::of_service(service.trim(), name).filter(|_| one_word)
}

/// What stands before the first space.
pub(super) fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// Whether it is written as handles are: one word of letters, digits and the few signs that services take. A phrase says
/// something of somebody ("my ex", "blocked me"), and a program's gap is one for everybody (`${user.handle}`).
fn is_like_a_handle(name: &str) -> bool {
    let is_word = name.chars().all(|c| {
        c.is_alphanumeric()
            || is_combining_mark(c)
            || !c.is_ascii()
            || matches!(c, '.' | '_' | '-' | '\'' | '#' | '~' | '$' | '@')
    });
    let is_first_name = name.len() < SHORTEST_ALONE && name.bytes().all(|b| b.is_ascii_lowercase());
    let is_service = PROFILES.service.iter().any(|site| !site.names.is_empty() && lists(&site.names, name));
    is_word && !is_first_name && !is_service && !PROFILES.around.iter().any(|known| known == name)
}

/// How much a name tells: two letters of a script with thousands of them tell more than three of ours.
fn weight(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}
