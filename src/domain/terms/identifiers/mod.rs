//! Identifiers of people: which spellings are one, by rules with their reasons as data (the tables beside this file).
//!
//! They are compared for two uses that err in opposite directions. A match (O17, O21, the pair of a case) raises and
//! joins, so two spellings in doubt are two people. A wall keeps a colleague from the case of somebody they know, so two
//! spellings in doubt are one. What is one for a match is one at a wall.
//!
//! At a wall what is declared and what a report says need not be made alike in the same way: a number with its country
//! is declared with its endings, and only a number without one is looked up by how it ends. So a wall forgives what is in
//! doubt, and not what is plainly another's.

mod alike;
mod app_links;
mod calling_codes;
mod clean;
mod first;
mod forms;
mod handle;
mod mail;
mod means;
mod nobody;
mod phone;
mod profile;
mod reach;
mod rules;
mod slips;
#[cfg(test)]
mod tests;
mod within;

use std::collections::BTreeMap;

pub(in crate::domain) use alike::Alike;
pub(in crate::domain) use clean::{clean, folded};
use forms::{Form, Forms};
pub use nobody::{is_no_means, is_no_one, is_no_reference};
use phone::Number;
pub(in crate::domain) use reach::{is_address, is_number};
use unicode_normalization::UnicodeNormalization;

use crate::base::code::codes;
use crate::base::id::{CaseId, PlatformId, ServiceId};
use crate::domain::terms::Mode;
use crate::domain::vault::Keyring;

/// The version of these rules and tables. A change that makes any form another is a new one: the indexes that stand are
/// then made anew (`domain::renewal`).
pub const RULES: i64 = 3;

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

codes! {
    /// What a keyed hash of a case is compared for.
    pub enum Use {
        /// Cases with each other, and nothing else.
        Match = "match",
        /// What colleagues declared, and nothing else.
        Wall = "wall",
        /// Both.
        Both = "both",
    }
}

impl Use {
    /// What one and the other are for, together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Both }
    }
}

/// An identifier as somebody wrote it.
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier {
    /// What it is said to be.
    pub kind: IdentifierKind,
    value: String,
    country: Option<String>,
}

impl std::fmt::Debug for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identifier({})", self.kind.as_str())
    }
}

/// How often a form is made alike again until it settles. Most do at once.
const ROUNDS: usize = 3;

/// The words of a text that may be somebody's name at a wall, without regard to case.
pub(in crate::domain) fn names_within(text: &str) -> Vec<String> {
    let found = within::read(text);
    found.names.into_iter().chain(found.perhaps).collect()
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

    /// The value as it was written.
    pub(in crate::domain) fn value(&self) -> &str {
        &self.value
    }

    /// What somebody can be reached by: a mail address where there is an `@`, and otherwise a number.
    #[must_use]
    pub fn of_contact(value: &str) -> Self {
        let kind = if value.contains(['@', '＠']) { IdentifierKind::Email } else { IdentifierKind::Phone };
        Self::new(kind, value)
    }

    /// Whether it is a telephone number that was written without its country: whose it is, is in doubt.
    #[must_use]
    pub fn is_of_no_country(&self) -> bool {
        let numbers = || phone::read(&self.value, None);
        self.kind == IdentifierKind::Phone && numbers().iter().any(|number| !matches!(number, Number::Abroad(_)))
    }

    /// The forms, made alike until doing it again changes nothing. What does not settle is no match.
    fn forms(&self) -> Forms {
        let mut forms = self.read();
        for _ in 0..ROUNDS {
            let mut again = Forms::default();
            for (kind, form) in &forms.exact {
                let kind = IdentifierKind::parse(kind).unwrap_or(self.kind);
                let read = Self::new(kind, form).read();
                again.exact.extend(read.exact);
                again.broad.extend(read.broad);
                again.declared.extend(read.declared);
            }
            let is_settled = again.exact == forms.exact;
            forms.exact = again.exact;
            forms.broad.extend(again.broad);
            forms.declared.extend(again.declared);
            if is_settled {
                return forms;
            }
        }
        forms.exact.clear();
        forms
    }

    /// The forms of the value as it is written.
    fn read(&self) -> Forms {
        let (mut forms, text) = (Forms::default(), self.value.as_str());
        let means = match self.kind {
            IdentifierKind::Device => means::device(text),
            IdentifierKind::Payment => means::payment(text),
            IdentifierKind::Phone | IdentifierKind::Email | IdentifierKind::Handle | IdentifierKind::ProfileUrl => None,
        };
        if let Some((exact, broad)) = means {
            forms.add(self.kind, exact, broad);
        }
        let (is_phone, is_address) = (self.kind == IdentifierKind::Phone, self.kind == IdentifierKind::ProfileUrl);
        if is_phone {
            for number in phone::read(text, self.country.as_deref()) {
                forms.number(&number);
            }
        }
        // The address of a chat is a number, whatever it was called.
        let profile = if is_phone || is_address { profile::read(text) } else { None };
        let has_profile = profile.is_some();
        if let Some(profile) = profile.filter(|profile| is_address || profile.number.is_some()) {
            forms.profile(&profile);
        }
        let is_name = is_address && !has_profile && !clean::clean(text).contains(['/', '.']);
        if (self.kind == IdentifierKind::Handle || is_name)
            && let Some(named) = handle::read(text)
        {
            forms.handle(named);
        }
        if self.kind == IdentifierKind::Email {
            for address in mail::read(text) {
                forms.address(address);
            }
        }
        forms.also(text, self.kind, self.country.as_deref());
        forms
    }

    /// Whether there is nothing to compare: too little is left, or it stands for nobody.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.forms().declared.is_empty()
    }

    /// The keyed hashes of a case that names it, each with what it is for.
    #[must_use]
    pub fn digests(&self, keyring: &Keyring) -> Vec<([u8; 32], Use)> {
        let forms = self.forms();
        let mut all: BTreeMap<&Form, Use> = forms.broad.iter().map(|form| (form, Use::Wall)).collect();
        for form in &forms.exact {
            all.entry(form).and_modify(|used| *used = Use::Both).or_insert(Use::Match);
        }
        all.into_iter().map(|((kind, form), used)| (hashed(keyring, kind, form), used)).collect()
    }

    /// The keyed hashes of a declaration of it: the wall stands where one of them meets one of a case.
    #[must_use]
    pub fn declared(&self, keyring: &Keyring) -> Vec<[u8; 32]> {
        self.forms().declared.iter().map(|(kind, form)| hashed(keyring, kind, form)).collect()
    }

    /// The keyed hash under the first rules, which knew one form: walls that were declared then stand on it.
    #[must_use]
    pub fn first_digest(&self, keyring: &Keyring) -> Option<[u8; 32]> {
        let form = first::form(self.kind, &self.value, self.country.as_deref())?;
        Some(hashed(keyring, self.kind.as_str(), &form))
    }
}

/// A blind index, under a key apart from the sealing keys.
fn hashed(keyring: &Keyring, kind: &str, form: &str) -> [u8; 32] {
    keyring.keyed("identifier", &[kind.as_bytes(), form.as_bytes()])
}

/// A platform's name for an account, in the form that is compared: the same characters, however they are composed.
#[must_use]
pub fn reference(value: &str) -> String {
    value.trim().nfc().collect()
}

/// Where an account's name means somebody: on a platform, in real life or in its trials.
#[derive(Clone, Copy)]
pub(in crate::domain) struct Place<'a> {
    pub(in crate::domain) platform: &'a PlatformId,
    pub(in crate::domain) mode: Mode,
}

impl Place<'_> {
    /// A keyed hash of what is said there, apart for each `kind` of thing.
    pub(in crate::domain) fn keyed<const N: usize>(self, keyring: &Keyring, kind: &str, said: [&str; N]) -> [u8; 32] {
        let parts: Vec<&[u8]> =
            [self.platform.as_str(), self.mode.as_str()].into_iter().chain(said).map(str::as_bytes).collect();
        keyring.keyed(kind, &parts)
    }
}

/// The blind index of an account on a platform, as cases are matched by it.
#[must_use]
pub(in crate::domain) fn account_digest(keyring: &Keyring, place: Place<'_>, account: &str) -> [u8; 32] {
    place.keyed(keyring, "account", [&reference(account)])
}

/// The blind index of an account at a wall, where it was typed by hand: without regard to case and to how letters are
/// composed.
#[must_use]
pub(in crate::domain) fn account_wall_digest(keyring: &Keyring, place: Place<'_>, account: &str) -> [u8; 32] {
    place.keyed(keyring, "account", [&clean::folded(account)])
}

/// The blind index of a case itself, at the wall of a colleague who knows somebody in it and does not say whom. No rules of
/// spelling make it, so none change it.
#[must_use]
pub(in crate::domain) fn case_wall_digest(keyring: &Keyring, case: &CaseId) -> [u8; 32] {
    keyring.keyed("walled-case", &[case.as_str().as_bytes()])
}

/// A service by which a colleague declares that somebody there is close to them.
#[must_use]
pub(in crate::domain) fn service_wall_digest(keyring: &Keyring, service: &ServiceId) -> [u8; 32] {
    keyring.keyed("wall-service", &[service.as_str().as_bytes()])
}
