//! Identifiers of people, normalised once, so that the same number written in two ways makes the same keyed hash.

use crate::base::code::codes;
use crate::domain::vault::Keyring;

codes! {
    /// What an identifier is.
    pub enum IdentifierKind {
        /// A telephone number.
        Phone = "phone",
        /// An e-mail address.
        Email = "email",
        /// A name on another service.
        Handle = "handle",
        /// The address of a profile.
        ProfileUrl = "profile_url",
        /// A device.
        Device = "device",
        /// A payment account.
        Payment = "payment",
    }
}

/// An identifier to be compared.
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier {
    /// What it is.
    pub kind: IdentifierKind,
    value: String,
}

impl std::fmt::Debug for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identifier({})", self.kind.as_str())
    }
}

impl Identifier {
    /// An identifier as somebody wrote it.
    #[must_use]
    pub fn new(kind: IdentifierKind, value: &str) -> Self {
        Self { kind, value: value.to_owned() }
    }

    /// The form in which two spellings of the same identifier are equal; nothing when too little is left to compare.
    #[must_use]
    pub fn normalised(&self) -> Option<String> {
        let text = self.value.trim();
        let form = match self.kind {
            IdentifierKind::Phone => phone(text)?,
            IdentifierKind::Email => email(text)?,
            IdentifierKind::Handle => text.trim_start_matches('@').to_lowercase(),
            IdentifierKind::ProfileUrl => profile_url(text),
            IdentifierKind::Device | IdentifierKind::Payment => {
                text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
            }
        };
        (form.chars().count() >= 3).then_some(form)
    }

    /// The blind index of the identifier, under a key apart from the sealing keys.
    #[must_use]
    pub fn digest(&self, keyring: &Keyring) -> Option<[u8; 32]> {
        let form = self.normalised()?;
        Some(keyring.keyed("identifier", &[self.kind.as_str().as_bytes(), form.as_bytes()]))
    }
}

/// The blind index of an account on a platform.
#[must_use]
pub fn account_digest(keyring: &Keyring, platform: &str, mode: &str, account: &str) -> [u8; 32] {
    keyring.keyed("account", &[platform.as_bytes(), mode.as_bytes(), account.as_bytes()])
}

/// Digits with the international prefix; a national number keeps its zero, because its country is not known.
fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let international = text.starts_with('+') || digits.starts_with("00");
    let digits = if text.starts_with('+') { digits } else { digits.strip_prefix("00").unwrap_or(&digits).to_owned() };
    // (0) inside an international number is a reading aid, not a digit.
    let digits = if international && text.contains("(0)") { digits.replacen('0', "", 1) } else { digits };
    let plus = if international { "+" } else { "" };
    (digits.len() >= 6).then(|| format!("{plus}{digits}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn form(kind: IdentifierKind, value: &str) -> Option<String> {
        Identifier::new(kind, value).normalised()
    }

    #[test]
    fn spellings_of_one_identifier_are_equal() {
        use IdentifierKind::{Email, Handle, Phone, ProfileUrl};
        let same = [
            (Phone, "+44 7700 900123", "00447700900123"),
            (Phone, "+44 (0)7700 900-123", "+447700900123"),
            (Email, "J.Doe+spark@Example.org", "j.doe@example.org"),
            (Handle, "@NightOwl", "nightowl"),
            (ProfileUrl, "https://www.example.com/u/J/?ref=1", "example.com/u/j"),
        ];
        for (kind, one, other) in same {
            assert_eq!(form(kind, one), form(kind, other), "{one} / {other}");
            assert!(form(kind, one).is_some());
        }
        assert_ne!(form(Phone, "07700900123"), form(Phone, "+447700900123"));
        assert_eq!(form(Phone, "12"), None);
        assert_eq!(form(Email, "nobody"), None);
    }
}
