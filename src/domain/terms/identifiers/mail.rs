//! Mail addresses, and what services mean by them.

use super::clean::{folded, looks_like};
use super::nobody::{is_blank, is_word};
use super::rules::{MAIL, MailService, NOBODY, lists};

/// An address in the two forms.
pub(super) struct Address {
    /// For a match; nothing when it is an office's.
    pub(super) exact: Option<String>,
    /// For a wall.
    pub(super) broad: String,
}

/// Reads an address as somebody wrote it; nothing when there is none, or it stands for nobody.
pub(super) fn read(text: &str) -> Option<Address> {
    let text = folded(text).replace("[at]", "@").replace("(at)", "@").replace("[dot]", ".").replace("(dot)", ".");
    let text = text.rsplit_once('<').map_or(text.as_str(), |(_, rest)| rest.split('>').next().unwrap_or(rest));
    let text = text.trim().strip_prefix("mailto:").unwrap_or(text).split('?').next().unwrap_or_default();
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let text = text.trim_matches(['"', '\'', '<', '>', '(', ')', '[', ']', ',', ';', ':', '.']);
    let (name, domain) = text.rsplit_once('@')?;
    let (name, domain) = (name.trim_matches('"'), host(domain)?);
    let (name, domain) = served(untagged(name)?, &domain);
    if is_nobody(&name, &domain) {
        return None;
    }
    let office = NOBODY.mail_offices.contains(&letters(&name));
    let broad = match MAIL.wall_tag.iter().find(|tag| lists(&tag.domains, &domain)) {
        Some(tag) => name.split(tag.sign.as_str()).next().filter(|name| !name.is_empty()).unwrap_or(&name),
        None => &name,
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

fn is_nobody(name: &str, domain: &str) -> bool {
    let name = letters(name);
    is_blank(&name)
        || is_word(&name)
        || NOBODY.mail_names.contains(&name)
        || NOBODY.mail_domains.iter().any(|known| known == domain)
        || NOBODY.mail_lines.iter().any(|line| line.split_once('@') == Some((&name, domain)))
}
