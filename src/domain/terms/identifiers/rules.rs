//! Reads the tables of rules beside this file.

use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How numbers are written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Phones {
    pub(super) extension: Vec<String>,
    pub(super) unplaced_service: Vec<String>,
    pub(super) line: Vec<String>,
    pub(super) abroad: Vec<Abroad>,
    pub(super) service: Vec<Service>,
}

/// What is dialled before a calling code, in some countries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Abroad {
    countries: String,
    dialled: String,
}

impl Abroad {
    pub(super) fn is_of(&self, country: &str) -> bool {
        self.countries.split(' ').any(|known| known == country)
    }

    /// What is left of the digits behind each of the prefixes that fit.
    pub(super) fn behind<'d>(&self, digits: &'d str) -> impl Iterator<Item = &'d str> {
        self.dialled.split(' ').filter_map(|prefix| {
            let (front, rest) = digits.split_at_checked(prefix.len())?;
            let fits = front.chars().zip(prefix.chars()).all(|(digit, wanted)| wanted == 'n' || wanted == digit);
            fits.then_some(rest)
        })
    }
}

/// Numbers of organisations, behind calling codes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    code: String,
    begins: String,
}

impl Service {
    /// Whether a number, with its calling code and without the plus, is one of these.
    pub(super) fn has(&self, number: &str) -> bool {
        let behind = self.code.split(' ').filter_map(|code| number.strip_prefix(code));
        behind.into_iter().any(|rest| self.begins.split(' ').any(|begin| rest.starts_with(begin)))
    }
}

/// What services mean by their addresses.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mail {
    pub(super) tag: String,
    pub(super) wall_tag: Vec<WallTag>,
    pub(super) service: Vec<MailService>,
}

/// A sign behind which a name of the owner's choosing stands, often.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WallTag {
    pub(super) domains: String,
    pub(super) sign: String,
}

/// A mail service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailService {
    /// Its domains; the first stands for all.
    pub(super) domains: String,
    /// Signs that do not count.
    pub(super) ignored: String,
    /// Signs that are one: the first is written as the second.
    #[serde(default)]
    pub(super) same: String,
    /// Whether the name may stand in the domain.
    #[serde(default)]
    pub(super) name_in_domain: bool,
}

/// Which part of an address is the person.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profiles {
    pub(super) tracking: Vec<String>,
    pub(super) doubtful: Vec<String>,
    pub(super) person: Vec<String>,
    pub(super) page: Vec<String>,
    pub(super) file: Vec<String>,
    pub(super) marks: Vec<String>,
    pub(super) own_page: Vec<String>,
    pub(super) page_for_all: Vec<String>,
    pub(super) nobodys: Vec<String>,
    pub(super) around: Vec<String>,
    pub(super) between: Vec<String>,
    pub(super) service: Vec<Site>,
    pub(super) number: Vec<Site>,
    pub(super) app: Vec<App>,
}

/// What an app calls its own pages: `whatsapp://send?phone=…`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct App {
    /// Its schemes.
    pub(super) schemes: String,
    /// Where the person of `paths`, `{}`, is on the web.
    #[serde(default)]
    pub(super) at: String,
    /// Where the person stands in the app's link.
    #[serde(default)]
    pub(super) paths: Vec<String>,
    /// Where a telephone number stands.
    #[serde(default)]
    pub(super) numbers: Vec<String>,
}

/// A service with profiles.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Site {
    /// What people call it in front of a handle.
    #[serde(default)]
    pub(super) names: String,
    /// Its hosts; the first stands for all.
    pub(super) hosts: String,
    /// Where the person stands; the first is how it is written.
    pub(super) paths: Vec<String>,
    /// First segments that are no person.
    #[serde(default)]
    pub(super) no_person: String,
    /// Persons that are nobody: whoever is signed in.
    #[serde(default)]
    pub(super) nobody: String,
    /// Signs that do not count.
    #[serde(default)]
    pub(super) ignored: String,
    /// Whether the person may stand in front of the host: `nightowl.tumblr.com`.
    #[serde(default)]
    pub(super) in_host: bool,
    /// Whether capitals tell persons apart.
    #[serde(default)]
    pub(super) keeps_case: bool,
}

/// What stands for nobody.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nobody {
    pub(super) words: Vec<String>,
    pub(super) nouns: Vec<String>,
    pub(super) chosen: Vec<String>,
    pub(super) plain: Vec<String>,
    pub(super) plain_handles: Vec<String>,
    pub(super) handles: Vec<String>,
    pub(super) mail_names: Vec<String>,
    pub(super) mail_offices: Vec<String>,
    pub(super) mail_domains: Vec<String>,
    pub(super) mail_lines: Vec<String>,
    pub(super) mail_own: Vec<String>,
    pub(super) mail_shared: Vec<String>,
    pub(super) devices: Vec<String>,
    pub(super) networks: Vec<String>,
    pub(super) resolvers: Vec<String>,
    pub(super) brands: Vec<String>,
    pub(super) mail_made_up: Vec<String>,
    pub(super) mail_examples: Vec<String>,
    pub(super) payments: Vec<String>,
    pub(super) digest: Vec<Digest>,
}

/// The digests of a value that says nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Digest {
    #[cfg_attr(not(test), expect(dead_code, reason = "says what the digests are of, and a test computes them"))]
    pub(super) of: String,
    pub(super) begins: String,
}

pub(super) static PHONES: LazyLock<Phones> = LazyLock::new(|| read("phones", include_str!("phones.toml")));
pub(super) static MAIL: LazyLock<Mail> = LazyLock::new(|| read("mail", include_str!("mail.toml")));
pub(super) static PROFILES: LazyLock<Profiles> = LazyLock::new(|| read("profiles", include_str!("profiles.toml")));
pub(super) static NOBODY: LazyLock<Nobody> = LazyLock::new(|| read("nobody", include_str!("nobody.toml")));

/// The tables are compiled in, and a test reads them; were one broken all the same, its rules are missing and reports
/// are taken.
fn read<T: DeserializeOwned + Default>(name: &str, text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|error| {
        tracing::error!(%error, name, "an embedded table of identifiers does not parse");
        T::default()
    })
}

/// Whether a list of words, by spaces, has this one.
pub(super) fn lists(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_read() {
        assert!(toml::from_str::<Phones>(include_str!("phones.toml")).map(|t| !t.abroad.is_empty()).unwrap());
        assert!(toml::from_str::<Mail>(include_str!("mail.toml")).map(|t| !t.service.is_empty()).unwrap());
        assert!(toml::from_str::<Profiles>(include_str!("profiles.toml")).map(|t| !t.service.is_empty()).unwrap());
        assert!(toml::from_str::<Nobody>(include_str!("nobody.toml")).map(|t| !t.digest.is_empty()).unwrap());
    }

    #[test]
    fn the_digests_of_nothing_are_what_they_say() {
        use sha2::Digest as _;
        for row in &NOBODY.digest {
            let sha256 = crate::base::secret::hex(&sha2::Sha256::digest(row.of.as_bytes()));
            let sha512 = crate::base::secret::hex(&sha2::Sha512::digest(row.of.as_bytes()));
            let listed: Vec<&str> = row.begins.split(' ').collect();
            assert_eq!((listed[3], listed[5]), (&sha256[..16], &sha512[..16]), "{:?}", row.of);
            assert_eq!(listed.len(), 8);
        }
    }
}
