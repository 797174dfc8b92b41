//! Identifiers of people, normalised once, so that the same number written in two ways makes the same keyed hash.

use super::calling_codes;
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
    country: Option<String>,
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
        Self { kind, value: value.to_owned(), country: None }
    }

    /// Written by somebody in this country (ISO 3166-1 alpha-2): telephone numbers are often written for use inside it.
    #[must_use]
    pub fn in_country(mut self, country: Option<&str>) -> Self {
        self.country = country.map(str::to_owned);
        self
    }

    /// What somebody can be reached by: a mail address where there is an `@`, and otherwise a number.
    #[must_use]
    pub fn of_contact(value: &str) -> Self {
        let kind = if value.contains('@') { IdentifierKind::Email } else { IdentifierKind::Phone };
        Self::new(kind, value)
    }

    /// Whether it is a telephone number of which nobody knows the country: it equals itself alone.
    #[must_use]
    pub fn is_of_no_country(&self) -> bool {
        self.kind == IdentifierKind::Phone && self.normalised().is_some_and(|form| !form.starts_with('+'))
    }

    /// The form in which two spellings of the same identifier are equal; nothing when too little is left to compare.
    #[must_use]
    pub fn normalised(&self) -> Option<String> {
        let text = self.value.trim();
        let form = match self.kind {
            IdentifierKind::Phone => phone(text, self.country.as_deref())?,
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
        assert_eq!(form(Phone, "12"), None);
        assert_eq!(form(Email, "nobody"), None);
    }

    #[test]
    fn a_number_is_the_same_from_inside_its_country_and_from_abroad() {
        let same = [
            ("GB", "07700 900123", "+447700900123"),
            ("GB", "7700 900123", "+447700900123"),
            ("GB", "447700900123", "+447700900123"),
            ("GB", "(0)7700 900123", "+44 (0)7700 900123"),
            ("GB", "(+44) 07700 900123", "0044 7700 900123"),
            ("DE", "0151 23456789", "+49 151 23456789"),
            ("DE", "49 151 23456789", "+49 (0) 151 23456789"),
            ("US", "(415) 555-0132", "+1 415 555 0132"),
            ("US", "1-415-555-0132", "+1 415 555 0132"),
            ("JM", "876 555 0132", "+1 876 555 0132"),
            ("ES", "612 345 678", "+34 612 345 678"),
            ("IT", "393 123 4567", "+39 393 123 4567"),
            ("RU", "8 (812) 123-45-67", "+7 812 1234567"),
            ("RU", "812 123-45-67", "+7 812 1234567"),
            ("HU", "06 20 123 4567", "+36 20 123 4567"),
            ("BY", "8 029 123-45-67", "+375 29 1234567"),
            ("LT", "8 612 34567", "+370 612 34567"),
            ("MX", "55 1234 5678", "+52 1 55 1234 5678"),
            ("IN", "91234 56789", "+91 91234 56789"),
        ];
        let from = |country, text| {
            Identifier::new(IdentifierKind::Phone, text).in_country(Some(country)).normalised().unwrap()
        };
        for (country, inside, abroad) in same {
            assert_eq!(from(country, inside), from("ZZ", abroad), "{country}: {inside} / {abroad}");
            assert_eq!(from(country, inside), from(country, abroad), "{country}: {inside} / {abroad}");
        }
    }

    #[test]
    fn a_number_that_cannot_be_placed_stays_as_it_is() {
        for country in [None, Some("ZZ"), Some("GB")] {
            let number = Identifier::new(IdentifierKind::Phone, "0123-456").in_country(country);
            assert_eq!(number.normalised().as_deref(), Some("0123456"), "{country:?}");
            assert!(number.is_of_no_country(), "{country:?}");
        }
        assert_eq!(form(IdentifierKind::Phone, "+999 123 456").as_deref(), Some("+999123456"));
        assert!(!Identifier::new(IdentifierKind::Phone, "0044 7700 900123").is_of_no_country());
        assert!(!Identifier::new(IdentifierKind::Email, "a@example.org").is_of_no_country());
    }

    #[test]
    fn what_is_no_way_to_reach_anybody_is_not_compared() {
        assert_eq!(Identifier::of_contact("J.Doe@example.org").normalised().as_deref(), Some("j.doe@example.org"));
        assert_eq!(Identifier::of_contact("+44 7700 900123").normalised().as_deref(), Some("+447700900123"));
        assert_eq!(Identifier::of_contact("via_recourse").normalised(), None);
    }
}
