//! The forms of pages: what a browser sends of them, the key that each carries, and what of them comes back.

use std::time::Duration;

use crate::base::secret::{base64_url, from_base64_url, random_bytes, same, silent};
use crate::domain::vault::Keyring;
use crate::error::{Error, Refused, Result, Violations, rules};
use serde::de::value::Error as ValueError;
use serde::de::{DeserializeOwned, IntoDeserializer as _};

/// The longest form of a page, in bytes.
pub(super) const LONGEST: usize = 1024 * 1024;
/// So many fields a form has at the most.
const MOST: usize = 500;
/// The fields that carry no word of anybody's.
const CARRIED: [&str; 4] = ["key", "version", "seen", "again"];
/// The fields in which people write in their own words, be it one.
const IN_WORDS: [&str; 21] = [
    "text",
    "note",
    "reason",
    "said",
    "details",
    "agreement_record",
    "words",
    "missing",
    "summary",
    "who",
    "label",
    "word",
    "understood",
    "alone_reason",
    "name_to_use",
    "safe_times",
    "if_somebody_else",
    "shared_with",
    "never_contact",
    "access_needs",
    "subject_reason",
];
/// The fields of what is chosen, whatever its signs are.
const CHOSEN: [&str; 4] = ["referral", "consent", "zone", "decline_reason"];
/// The most hours that any form of ours offers, and somewhat more: the domain says what is too far ahead.
const MOST_HOURS: u64 = 10_000;

/// A form, as it came.
#[derive(Clone, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form. A browser counts the end of a line as one character and sends two: it is one here as well.
    ///
    /// # Errors
    /// `Malformed` when it is no form in UTF-8, or has more fields than any of ours.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|_| Refused::Malformed)?;
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(text).map_err(|_| Refused::Malformed)?;
        if pairs.len() > MOST {
            return Err(Refused::Malformed.into());
        }
        Ok(Self(pairs.into_iter().map(|(name, value)| (name, value.replace("\r\n", "\n"))).collect()))
    }

    /// A form of these fields, which came before.
    pub(super) const fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// What was written in a field; nothing is written where it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default()
    }

    /// What was written in a field, if anything was.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// All that was chosen of a field.
    pub(super) fn chosen(&self, name: &str) -> Vec<&str> {
        let of_field = self.0.iter().filter(|(field, value)| field == name && !value.is_empty());
        of_field.map(|(_, value)| value.as_str()).collect()
    }

    /// The code that was chosen of a field, or none.
    ///
    /// # Errors
    /// `Invalid` for one that is none of the list: no form of ours sends it.
    pub(super) fn code<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let Some(chosen) = self.given(name) else { return Ok(None) };
        let read = T::deserialize(chosen.into_deserializer());
        read.map(Some).map_err(|_: ValueError| Error::invalid(&format!("/{name}"), rules::Form::Undocumented))
    }

    /// Names all of these fields that hold nothing, so that whoever is tired reads once what is missing.
    ///
    /// # Errors
    /// `Invalid` where any is.
    pub(super) fn require(&self, names: &[&str]) -> Result<()> {
        let mut missing = Violations::default();
        for name in names {
            missing.require(self.given(name).is_some(), &format!("/{name}"), rules::Form::Required);
        }
        missing.into_result()
    }

    /// The number of hours that was chosen of a field, or none.
    ///
    /// # Errors
    /// `Invalid` for what is no such number: what somebody wanted by a time is not done without one.
    pub(super) fn hours(&self, name: &str) -> Result<Option<Duration>> {
        let Some(chosen) = self.given(name) else { return Ok(None) };
        let hours = chosen.parse().ok().filter(|hours| *hours <= MOST_HOURS).map(Duration::from_hours);
        hours.map(Some).ok_or_else(|| Error::invalid(&format!("/{name}"), rules::Form::WholeNumber))
    }

    /// Whether a box was ticked.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    /// The form without a field.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(field, _)| field != name);
        self
    }

    /// All fields.
    pub(super) fn all(&self) -> Vec<(String, String)> {
        self.0.clone()
    }

    /// The fields in which somebody wrote something: more than a code or an id. Not every language has spaces, and one word may
    /// be all that there was to say.
    pub(super) fn words(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_code = |value: &str| value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_said = move |name: &str, value: &str| {
            !CARRIED.contains(&name)
                && !CHOSEN.contains(&name)
                && !value.is_empty()
                && (IN_WORDS.contains(&name) || !is_code(value))
        };
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(move |(name, value)| is_said(name, value))
    }

    /// What two forms that say the same have in common: all but the key and what was seen when it was made.
    pub(super) fn content(&self) -> Vec<u8> {
        let said = self.0.iter().filter(|(name, _)| !CARRIED.contains(&name.as_str()));
        let parts = said.flat_map(|(name, value)| [name, value]);
        parts.flat_map(|part| [part.len().to_be_bytes().as_slice(), part.as_bytes()].concat()).collect()
    }
}

silent! { Form }

/// The key of a form: random, and made for one account. What is sent under it is done once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FormKey {
    /// By which the answer is kept.
    pub(super) random: String,
    /// For whose account the form was made, by its id.
    pub(super) holder: String,
}

impl FormKey {
    /// A new key, as it stands in a form.
    pub(super) fn mint(keyring: &Keyring, holder: &str) -> String {
        let random = base64_url(&random_bytes::<16>());
        let proof = proof(keyring, &random, holder);
        format!("{random}.{holder}.{}", base64_url(&proof))
    }

    /// A key that came with a form; nothing when it is none of ours.
    pub(super) fn read(keyring: &Keyring, text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (random, holder, given) = (parts.next()?, parts.next()?, parts.next()?);
        let fits = parts.next().is_none() && same(&proof(keyring, random, holder), &from_base64_url(given)?);
        fits.then(|| Self { random: random.to_owned(), holder: holder.to_owned() })
    }
}

fn proof(keyring: &Keyring, random: &str, holder: &str) -> [u8; 32] {
    keyring.keyed("form-key", &[random.as_bytes(), holder.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_line_is_one_character() {
        let form = Form::read(b"text=one%0D%0Atwo%0Athree&text=later&empty=").unwrap();
        assert_eq!(form.text("text"), "one\ntwo\nthree");
        assert_eq!((form.given("empty"), form.given("none")), (None, None));
    }

    #[test]
    fn a_letter_that_is_none_is_marked_and_the_rest_is_kept() {
        let form = Form::read(b"text=half+an+emoji+%F0%9F%98+and+more").unwrap();
        assert_eq!(form.text("text"), "half an emoji \u{fffd} and more");
    }

    #[test]
    fn what_somebody_wrote_is_told_from_what_they_chose() {
        let form = Form::read(
            "key=a+b&text=ok&reason=&hours=4&phone=%2B447700912345&staff_id=stf_0A&note=彼女は安全".as_bytes(),
        );
        let form = form.unwrap();
        let words: Vec<(&str, &str)> = form.words().collect();
        assert_eq!(words, [("text", "ok"), ("phone", "+447700912345"), ("note", "彼女は安全")]);
    }

    #[test]
    fn hours_are_a_number_or_wrong() {
        let hours = |text: &str| Form::read(format!("hours={text}").as_bytes()).unwrap().hours("hours");
        assert_eq!(hours("").unwrap(), None);
        assert_eq!(hours("4").unwrap(), Some(Duration::from_hours(4)));
        for bad in ["\u{664}", "4h", "-1", "4.5", "null", "18446744073709551615", "1e3", "%00"] {
            assert!(matches!(hours(bad), Err(Error::Invalid(_))), "{bad}");
        }
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let many = "a=1&".repeat(MOST + 1);
        for bad in [b"\xff".as_slice(), many.as_bytes()] {
            assert!(Form::read(bad).is_err());
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let form = |text: &str| Form::read(text.as_bytes()).unwrap().content();
        assert_ne!(form("a=bc&d=e"), form("a=b&cd=e"));
        assert_eq!(form("a=b&key=1&version=3"), form("a=b&key=2&version=4"));
    }
}
