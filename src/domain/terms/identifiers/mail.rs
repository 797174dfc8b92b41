//! Mail addresses, and what services mean by them.

use super::clean::{folded, looks_like};
use super::nobody::{is_blank, is_plain_word, is_word};
use super::rules::{MAIL, MailService, NOBODY, lists};

/// An address in the two forms.
pub(super) struct Address {
    /// For a match; nothing when it is an office's, or a word for nobody.
    pub(super) exact: Option<String>,
    /// For a wall.
    pub(super) broad: String,
}

/// How many addresses of one field are looked at.
const MOST: usize = 8;
/// What stands between addresses, beside spaces.
const BETWEEN: [char; 9] = [',', ';', ':', '/', '|', '(', ')', '<', '>'];
/// A name of so few letters that is also its domain is made up: `aaa@aaa.com`.
const SHORT_TWICE: usize = 4;
/// What people write for an `@`, and for a dot.
const SPELLED: [(&str, &[&str]); 2] =
    [("@", &["at", "arroba", "chiocciola", "ät"]), (".", &["dot", "punto", "punkt", "point", "ponto"])];
/// Endings that people leave out, or write behind a comma.
const ENDINGS: [&str; 9] = ["com", "net", "org", "de", "fr", "uk", "ru", "it", "es"];

/// Reads the addresses of a field as somebody wrote it, without those that stand for nobody.
pub(super) fn read(text: &str) -> Vec<Address> {
    let mut text = folded(text).replace("%40", "@");
    for (open, close) in [('[', ']'), ('(', ')'), ('{', '}')] {
        text = text.replace(&format!("{open}at{close}"), "@").replace(&format!("{open}dot{close}"), ".");
    }
    let text = text.replace(" . ", ".");
    let words = words(&text);
    let mut found: Vec<(String, String)> = Vec::new();
    for one in words.iter().flat_map(|word| word.split(BETWEEN)).filter_map(alone) {
        if !found.contains(&one) && found.len() < MOST {
            found.push(one);
        }
    }
    if found.is_empty() {
        // No word is an address by itself: one with spaces inside is read as a whole.
        found.extend(whole(&text));
    }
    found.iter().filter_map(|(name, domain)| forms(name, domain)).collect()
}

/// The addresses that are spelled in words (`ann at sparrow dot example`), or with a slip in the domain (`ann@gmail,com`,
/// `ann@gmail`). For a wall.
pub(super) fn spelled(text: &str) -> Vec<Address> {
    let text = folded(text);
    if let Some((name, domain)) = text.split_once('@') {
        if name.contains('/') || !name.ends_with(char::is_alphanumeric) {
            return Vec::new();
        }
        let service = |name: &str| MAIL.service.iter().any(|row| lists(&row.domains, &format!("{name}.com")));
        let is_known =
            |name: &str| service(name) || NOBODY.mail_shared.iter().any(|known| *known == format!("{name}.com"));
        let slip = match domain.split_once(',') {
            Some((name, ending)) if !domain.contains('.') && ENDINGS.contains(&ending) => format!("{name}.{ending}"),
            None if is_known(domain) => format!("{domain}.com"),
            _ => return Vec::new(),
        };
        return read(&text.replace(&format!("@{domain}"), &format!("@{slip}")));
    }
    let mut both = [false; 2];
    let mut words: Vec<&str> = text.split_whitespace().collect();
    for word in &mut words {
        for ((sign, spelled), found) in SPELLED.iter().zip(&mut both) {
            if spelled.contains(word) {
                (*word, *found) = (sign, true);
            }
        }
    }
    if both != [true; 2] {
        return Vec::new();
    }
    read(&words.join(" ").replace(" @ ", "@").replace(" . ", "."))
}

/// The words of a text; what stands around an `@` by itself is one: `ann @ sparrow.example`.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let is_behind = |last: &str| last.ends_with('@') && !word.contains('@');
        let is_sign = |last: &str| word.starts_with('@') && !last.contains('@');
        match words.last_mut().filter(|last| is_behind(last) || is_sign(last)) {
            Some(last) => last.push_str(word),
            None => words.push(word.to_owned()),
        }
    }
    words
}

/// Name and domain of a word that is an address by itself.
fn alone(word: &str) -> Option<(String, String)> {
    // The end of a quoted name with spaces in it is not the name.
    let is_end = word.contains("\"@") && !word.starts_with('"');
    let word = word.split('?').next().filter(|word| !is_end && word.matches('@').count() == 1)?;
    parted(word)
}

/// Name and domain of an address with spaces inside.
fn whole(text: &str) -> Option<(String, String)> {
    let text = text.rsplit_once('<').map_or(text, |(_, rest)| rest.split('>').next().unwrap_or(rest));
    let text: String = text.split('?').next().unwrap_or_default().split_whitespace().collect();
    parted(&text)
}

fn parted(text: &str) -> Option<(String, String)> {
    let text = text.trim_matches(['"', '\'', '<', '>', '(', ')', '[', ']', ',', ';', ':', '.', '!']);
    let (name, domain) = text.rsplit_once('@')?;
    // `mailto:`, `E-mail:` and other words in front: no name has a colon that is not quoted.
    let name = name.rsplit_once(':').map_or(name, |(_, name)| name).trim_matches('"');
    let domain = host(domain)?;
    Some(served(untagged(name)?, &domain))
}

/// The two forms; nothing for nobody.
fn forms(name: &str, domain: &str) -> Option<Address> {
    if is_nobody(name, domain) {
        return None;
    }
    let office = NOBODY.mail_offices.contains(&letters(name)) || stands_for_nobody(name) || is_made_up(name, domain);
    let broad = match MAIL.wall_tag.iter().find(|tag| lists(&tag.domains, domain)) {
        Some(tag) => name.split(tag.sign.as_str()).next().filter(|name| !name.is_empty()).unwrap_or(name),
        None => name,
    };
    Some(Address {
        broad: format!("{}@{domain}", looks_like(broad)),
        exact: (!office).then(|| format!("{name}@{domain}")),
    })
}

/// The domain in ASCII (IDNA), without a dot at its end.
pub(super) fn host(text: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii(text.trim_matches('.')).ok()?;
    let whole = ascii.contains('.')
        && !ascii.contains("..")
        && ascii.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    whole.then_some(ascii)
}

/// The name without what its owner put behind it; nothing when nothing is left.
fn untagged(name: &str) -> Option<&str> {
    name.split(MAIL.tag.as_str()).next().filter(|name| !name.is_empty() && !name.contains('@'))
}

/// Name and domain as their service takes them.
fn served(name: &str, domain: &str) -> (String, String) {
    let first = |service: &MailService| service.domains.split(' ').next().unwrap_or_default().to_owned();
    for service in &MAIL.service {
        if lists(&service.domains, domain) {
            let kept: String = name.chars().filter(|c| !service.ignored.contains(*c)).collect();
            let mut signs = service.same.chars();
            let kept = match (signs.next(), signs.next()) {
                (Some(from), Some(to)) => kept.replace(from, &to.to_string()),
                _ => kept,
            };
            return (if kept.is_empty() { name.to_owned() } else { kept }, first(service));
        }
        let owner = domain.strip_suffix(&first(service)).and_then(|front| front.strip_suffix('.'));
        if let Some(owner) = owner.filter(|owner| service.name_in_domain && !owner.is_empty() && !owner.contains('.')) {
            return (owner.to_owned(), first(service));
        }
    }
    (name.to_owned(), domain.to_owned())
}

fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// A name that is written where there is none.
fn stands_for_nobody(name: &str) -> bool {
    let name = letters(name);
    is_blank(&name) || is_word(&name) || NOBODY.mail_names.contains(&name)
}

/// Written to fill a form: `abc@gmail.com`, `a@a.com`, whatever stands at a domain of examples.
fn is_made_up(name: &str, domain: &str) -> bool {
    let front = domain.split('.').next().unwrap_or_default();
    let is_twice = name == front && name.chars().count() <= SHORT_TWICE;
    let is_example =
        |known: &String| domain == known || domain.strip_suffix(known.as_str()).is_some_and(|rest| rest.ends_with('.'));
    is_twice
        || (name.len() < 2 && front.len() < 2)
        || NOBODY.mail_made_up.contains(&letters(name))
        || NOBODY.mail_examples.iter().any(is_example)
}

/// `dk` and `me` are words for nothing at a service for everybody, and somebody at a domain of their own.
fn is_own(name: &str, domain: &str) -> bool {
    let is_shared = NOBODY.mail_shared.iter().any(|known| known == domain)
        || MAIL.service.iter().any(|service| lists(&service.domains, domain))
        || MAIL.wall_tag.iter().any(|tag| lists(&tag.domains, domain));
    !is_shared && NOBODY.mail_own.iter().any(|known| known == name)
}

fn is_nobody(name: &str, domain: &str) -> bool {
    let name = letters(name);
    let is_plain = is_blank(&name) || is_plain_word(&name) || NOBODY.mail_names.contains(&name);
    (is_plain && !is_own(&name, domain))
        || NOBODY.mail_domains.iter().any(|known| known == domain)
        || NOBODY.mail_lines.iter().any(|line| line.split_once('@') == Some((&name, domain)))
}
