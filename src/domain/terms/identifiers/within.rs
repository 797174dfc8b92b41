//! Names with words around them, and several in one field: "nightowl on instagram", "nightowl / dayowl (old)". For walls
//! alone: which of the words is the name, nobody can say for certain.

use unicode_normalization::char::is_combining_mark;

use super::clean::folded;
use super::nobody::is_no_name;
use super::profile::{self, Profile};
use super::rules::{PROFILES, lists};

/// How many names and addresses of one field are looked at.
const MOST: usize = 64;
/// Shorter numbers are somebody's age or the second account, and no name.
const SHORTEST_NUMBER: usize = 5;
/// What stands between two names.
const BETWEEN: [char; 8] = [',', ';', '|', '/', '\\', '&', '\n', '\t'];

/// Who may be named in a field.
#[derive(Default)]
pub(super) struct Within {
    /// Pages, and names at a service that is said.
    pub(super) profiles: Vec<Profile>,
    /// Names that stand alone on their side of a comma, a slash or an "and": plainly one each.
    pub(super) names: Vec<String>,
    /// Words that may be names.
    pub(super) perhaps: Vec<String>,
}

/// Looks through a field.
pub(super) fn read(text: &str) -> Within {
    let text = folded(text);
    if is_no_name(&text) {
        return Within::default();
    }
    let (mut found, mut pieces) = (Within::default(), vec![String::new()]);
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim();
        if let Some(address) = address(bare) {
            // One that is nobody's page is no name either.
            found.profiles.extend(profile::read(address).filter(|_| found.profiles.len() < MOST));
            pieces.push(String::new());
        } else if PROFILES.between.iter().any(|known| known == bare) {
            pieces.push(String::new());
        } else if let Some(piece) = pieces.last_mut().filter(|_| !is_mail(bare)) {
            piece.push_str(word);
        }
    }
    for piece in pieces.iter().flat_map(|piece| piece.split(BETWEEN)) {
        found.piece(piece);
    }
    found
}

impl Within {
    /// What stands between two signs.
    fn piece(&mut self, text: &str) {
        if is_no_name(text) {
            return;
        }
        let (mut services, mut names) = (Vec::new(), Vec::new());
        for word in text.split_whitespace() {
            let mut tokens: Vec<&str> = word.split(|c| !is_of_name(c)).map(trimmed).filter(|t| !t.is_empty()).collect();
            // A name with a picture in it is the same without, and perhaps two.
            let whole: String = word.chars().filter(|c| is_of_name(*c)).collect();
            if tokens.len() > 1 && word.chars().all(|c| is_of_name(c) || !c.is_ascii()) {
                self.perhaps(tokens.drain(..));
                tokens.push(trimmed(&whole));
            }
            for token in tokens {
                if is_service(token) {
                    services.push(token.to_owned());
                } else if may_be_name(token) && names.len() < MOST && !names.iter().any(|known| known == token) {
                    names.push(token.to_owned());
                }
            }
        }
        if let ([service], [name]) = (services.as_slice(), names.as_slice())
            && let Some(profile) = profile::of_service(service, name)
        {
            if self.profiles.len() < MOST {
                self.profiles.push(profile);
            }
            return;
        }
        if names.len() == 1 && self.names.len() < MOST {
            self.names.extend(names);
        } else {
            self.perhaps(names.iter().map(String::as_str));
        }
    }

    fn perhaps<'t>(&mut self, tokens: impl Iterator<Item = &'t str>) {
        for token in tokens.filter(|token| may_be_name(token)) {
            if self.perhaps.len() < MOST && !self.perhaps.iter().any(|known| known == token) {
                self.perhaps.push(token.to_owned());
            }
        }
    }
}

/// The word without signs around it, if it is an address.
fn address(word: &str) -> Option<&str> {
    let word = word.trim_matches(['(', ')', '[', ']', '<', '>', ',', ';', '"', '\'']);
    let host = word.split('/').next().unwrap_or_default();
    let is_address =
        word.contains("://") || word.starts_with("www.") || (host.contains('.') && host.len() < word.len());
    is_address.then_some(word)
}

/// Addresses of mail are read as such. Behind a sign an `@` begins a name, dots in it or not: `(@night.owl)`, `ig:@night.owl`.
fn is_mail(word: &str) -> bool {
    let (name, host) = word.trim_start_matches('@').split_once('@').unwrap_or_default();
    let ends = |c: char| c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '.' | '_');
    name.ends_with(ends) && host.contains('.')
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '.' | '_' | '-' | '\'' | '#' | '~' | '$')
}

fn trimmed(token: &str) -> &str {
    token.trim_matches(['.', '-', '\'', '#', '~', '$'])
}

fn is_service(token: &str) -> bool {
    PROFILES.service.iter().any(|site| !site.names.is_empty() && lists(&site.names, token))
}

fn may_be_name(token: &str) -> bool {
    let is_short_number = token.len() < SHORTEST_NUMBER && token.bytes().all(|b| b.is_ascii_digit());
    let is_around = PROFILES.around.iter().chain(&PROFILES.between).any(|known| known == token);
    token.chars().count() > 1 && !is_short_number && !is_around && !is_no_name(token)
}
