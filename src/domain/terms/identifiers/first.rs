//! The rules of the first version, which knew one form of each identifier. Walls that were declared under them have no
//! original to be made anew from, so cases keep this form beside the others for as long as such a wall stands.

use super::{IdentifierKind, calling_codes};

/// The one form of an identifier; nothing when too little is left to compare.
pub(super) fn form(kind: IdentifierKind, value: &str, country: Option<&str>) -> Option<String> {
    let text = value.trim();
    let form = match kind {
        IdentifierKind::Phone => phone(text, country)?,
        IdentifierKind::Email => email(text)?,
        IdentifierKind::Handle => text.trim_start_matches('@').to_lowercase(),
        IdentifierKind::ProfileUrl => profile_url(text),
        IdentifierKind::Device | IdentifierKind::Payment => {
            text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
        }
    };
    (form.chars().count() >= 3).then_some(form)
}

/// The number with `+` and its calling code. One that was written for use inside a country is placed by `country`; when
/// that is not known, or has no such number, the digits stay as they are.
fn phone(text: &str, country: Option<&str>) -> Option<String> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let text = text.trim_start_matches(|c: char| c != '+' && !c.is_ascii_digit());
    // (0) inside an international number is a reading aid, not a digit.
    let (all, abroad) = (digits(text), digits(&text.replace("(0)", "")));
    let abroad = if text.starts_with('+') { Some(abroad.as_str()) } else { abroad.strip_prefix("00") };
    let form = match abroad {
        Some(abroad) => calling_codes::from_abroad(abroad),
        None => country.and_then(|country| calling_codes::from_inside(&all, country)).unwrap_or(all),
    };
    (form.trim_start_matches('+').len() >= 6).then_some(form)
}

fn email(text: &str) -> Option<String> {
    let (local, host) = text.rsplit_once('@')?;
    let local = local.split('+').next().unwrap_or(local);
    (!local.is_empty() && host.contains('.')).then(|| format!("{local}@{host}").to_lowercase())
}

fn profile_url(text: &str) -> String {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest).trim_end_matches('/');
    rest.strip_prefix("www.").unwrap_or(rest).to_lowercase()
}
