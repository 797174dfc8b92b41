//! The forms of an identifier, by what they are compared for.

use std::collections::BTreeSet;

use super::phone::{self, Number};
use super::{IdentifierKind, calling_codes, clean, handle, mail, profile, slips, within};

/// A form in which spellings are compared, and of what kind it is.
pub(super) type Form = (&'static str, String);

/// The forms of an identifier, by what they are for.
#[derive(Default)]
pub(super) struct Forms {
    /// Of a case, for matches.
    pub(super) exact: BTreeSet<Form>,
    /// Of a case, for walls.
    pub(super) broad: BTreeSet<Form>,
    /// Of a declaration.
    pub(super) declared: BTreeSet<Form>,
}

/// How a number ends.
const ENDING: &str = "phone_ending";
/// How any number ends, of whatever country: for a declaration that does not say which.
const ANY_ENDING: &str = "phone_any_ending";
/// What a person is called at some service.
const NAME: &str = "profile_name";

impl Forms {
    /// What is compared for every use.
    pub(super) fn add(&mut self, kind: IdentifierKind, exact: Option<String>, broad: String) {
        self.exact.extend(exact.map(|exact| (kind.as_str(), exact)));
        self.broad.insert((kind.as_str(), broad.clone()));
        self.declared.insert((kind.as_str(), broad));
    }

    pub(super) fn number(&mut self, number: &Number) {
        let kind = IdentifierKind::Phone;
        if let Some(form) = number.form() {
            self.add(kind, number.exact().map(str::to_owned), form.to_owned());
        }
        let endings = number.endings().into_iter().map(|end| (ENDING, end));
        match number {
            Number::Abroad(_) => self.declared.extend(endings),
            Number::Inside(_) | Number::Nowhere(_) => self.broad.extend(endings),
        }
        self.broad.extend(any_ending(number));
        if let Some(other) = number.form().and_then(calling_codes::also_written) {
            self.broad.insert((kind.as_str(), other.clone()));
            self.declared.insert((kind.as_str(), other));
        }
    }

    /// A number that may be another's too: looked up as it is where its country is said, and otherwise by how it ends.
    fn perhaps(&mut self, number: &Number) {
        if matches!(number, Number::Abroad(_)) {
            return self.number(number);
        }
        self.broad.extend(number.endings().into_iter().map(|end| (ENDING, end)));
        self.broad.extend(any_ending(number));
    }

    /// An address of a profile meets a handle of the same name, and no address of the same name elsewhere.
    pub(super) fn profile(&mut self, profile: &profile::Profile) {
        if let Some(number) = &profile.number {
            let number = if number.starts_with('+') { number.clone() } else { format!("+{number}") };
            return phone::read(&number, None).iter().for_each(|number| self.number(number));
        }
        self.add(IdentifierKind::ProfileUrl, profile.exact.clone(), profile.broad.clone());
        if let Some((_, name)) = profile.name.as_deref().and_then(handle::name) {
            for name in with_short(&name) {
                self.broad.insert((NAME, name.clone()));
                self.declared.insert((IdentifierKind::Handle.as_str(), name));
            }
        }
    }

    pub(super) fn handle(&mut self, named: handle::Named) {
        match named {
            handle::Named::Name(exact, broad) => {
                for name in with_short(&broad) {
                    self.declared.insert((NAME, name.clone()));
                    self.declared.insert((IdentifierKind::Handle.as_str(), name.clone()));
                    self.broad.insert((IdentifierKind::Handle.as_str(), name));
                }
                self.add(IdentifierKind::Handle, exact, broad);
            }
            handle::Named::At(profile) => self.profile(&profile),
        }
    }

    pub(super) fn address(&mut self, address: mail::Address) {
        self.add(IdentifierKind::Email, address.exact, address.broad);
    }

    /// What a value of another kind looks like, at a wall: people put what they have where there is room.
    pub(super) fn also(&mut self, text: &str, kind: IdentifierKind, country: Option<&str>) {
        let mut other = Self::default();
        for address in mail::spelled(text) {
            other.address(address);
        }
        let numbers = match kind {
            IdentifierKind::Phone => slips::read(text, country),
            IdentifierKind::Email | IdentifierKind::Payment => Vec::from_iter(slips::alone(text, country)),
            IdentifierKind::Handle | IdentifierKind::ProfileUrl | IdentifierKind::Device => Vec::new(),
        };
        for number in &numbers {
            other.perhaps(number);
        }
        if kind != IdentifierKind::Phone {
            other.declared.extend(numbers.iter().filter_map(any_ending));
        }
        if kind == IdentifierKind::Payment {
            other.pays(text);
        }
        if kind != IdentifierKind::Email {
            for address in mail::read(text) {
                other.address(address);
            }
        }
        if kind != IdentifierKind::Phone && clean::clean(text).contains('+') {
            let numbers = phone::read(text, None);
            numbers.iter().filter(|number| matches!(number, Number::Abroad(_))).for_each(|number| other.number(number));
        }
        if matches!(kind, IdentifierKind::Handle | IdentifierKind::ProfileUrl) {
            // Of no country, so it is looked up by how it ends.
            let numbers = phone::in_a_name(text);
            self.broad.extend(numbers.iter().flat_map(Number::endings).map(|end| (ENDING, end)));
            let any: Vec<Form> = numbers.iter().filter_map(any_ending).collect();
            self.broad.extend(any.iter().cloned());
            self.declared.extend(any);
            for profile in profile::led_to(text) {
                other.profile(&profile);
            }
        }
        other.within(text, kind);
        self.broad.extend(other.broad);
        self.declared.extend(other.declared);
    }

    /// A name at a service for payments is a name.
    fn pays(&mut self, text: &str) {
        let cleaned = clean::clean(text);
        if let Some(profile) = profile::read(text).filter(|profile| profile.is_known) {
            self.profile(&profile);
        } else if cleaned.starts_with(['$', '@']) && !cleaned.contains(' ') {
            let Some((_, name)) = handle::name(cleaned.trim_start_matches('$')) else { return };
            self.broad.insert((IdentifierKind::Handle.as_str(), name.clone()));
            self.declared.insert((IdentifierKind::Handle.as_str(), name.clone()));
            self.declared.insert((NAME, name));
        }
    }

    /// Names with words around them, and several in one field.
    fn within(&mut self, text: &str, kind: IdentifierKind) {
        let found = match kind {
            IdentifierKind::Handle => within::read(text),
            // Beside the address of a person other words are no names; beside that of a picture they may be.
            IdentifierKind::ProfileUrl => match within::read(text) {
                found if found.profiles.is_empty() => found,
                found if found.profiles.iter().any(|profile| profile.is_known && profile.name.is_some()) => {
                    within::Within { profiles: found.profiles, ..within::Within::default() }
                }
                found => found,
            },
            // Plainly a name, and neither a number nor an address.
            IdentifierKind::Phone if clean::clean(text).starts_with('@') => within::read(text),
            IdentifierKind::Email if clean::clean(text).starts_with('@') && !text.contains('.') => within::read(text),
            IdentifierKind::Phone | IdentifierKind::Email | IdentifierKind::Device | IdentifierKind::Payment => return,
        };
        for profile in &found.profiles {
            self.profile(profile);
        }
        for (name, is_one) in
            found.names.iter().map(|name| (name, true)).chain(found.perhaps.iter().map(|n| (n, false)))
        {
            let Some((_, broad)) = handle::name(name) else { continue };
            self.broad.insert((IdentifierKind::Handle.as_str(), broad.clone()));
            if is_one {
                self.declared.insert((IdentifierKind::Handle.as_str(), broad.clone()));
                self.declared.insert((NAME, broad));
            }
        }
    }
}

/// A name, and what is left of it without the home that Bluesky writes behind it, as walls compare it: an `i` is an `l`.
fn with_short(name: &str) -> Vec<String> {
    let short = name.strip_suffix(".bsky.soclal").filter(|short| !short.is_empty());
    std::iter::once(name).chain(short).map(str::to_owned).collect()
}

/// How a number ends, whatever is known of where it is.
fn any_ending(number: &Number) -> Option<Form> {
    number.endings().into_iter().next().map(|end| (ANY_ENDING, end))
}
