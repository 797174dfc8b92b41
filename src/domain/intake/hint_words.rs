//! The words of names, and the lists that say what they may mean.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::base::json::Json;
use crate::domain::terms::identifiers::folded;

/// A name is read so far, in characters.
const LONGEST: usize = 200;
/// Whoever was born in this year or before is an adult for good.
const ADULT_SINCE: u16 = 2005;

/// An entry of a list: one word, or several that stand together. Every name is held against every entry, so an entry is parted
/// once.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(super) struct Entry {
    words: Vec<String>,
    together: String,
    backwards: String,
}

impl From<String> for Entry {
    fn from(text: String) -> Self {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        let backwards = words.iter().rev().map(String::as_str).collect();
        Self { together: words.concat(), backwards, words }
    }
}

impl Entry {
    /// The entry, where it is one word.
    fn one_word(&self) -> Option<&String> {
        if let [word] = self.words.as_slice() { Some(word) } else { None }
    }
}

/// What the lists of `hints.toml` say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub(super) subject: Vec<Entry>,
    pub(super) age: Age,
    pub(super) contact: Contact,
    pub(super) danger: Danger,
}

/// Words of an age.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Age {
    pub(super) years: Vec<Entry>,
    pub(super) child: Vec<Entry>,
    pub(super) adult: Vec<Entry>,
    pub(super) unverified: Vec<Entry>,
}

/// Words of a wish how to be reached, or not.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contact {
    pub(super) any: Vec<Entry>,
    pub(super) wish: Vec<Entry>,
    pub(super) open: Vec<Entry>,
    pub(super) ways: Vec<Entry>,
    pub(super) no: Vec<Entry>,
    pub(super) no_in_front: Vec<Entry>,
    pub(super) may: Vec<Entry>,
    pub(super) seen: Vec<Entry>,
    pub(super) things: Vec<Entry>,
}

/// Words of what happened, or may.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Danger {
    pub(super) yes: Vec<Entry>,
    pub(super) safe: Vec<Entry>,
    pub(super) not: Vec<Entry>,
    calm: Vec<String>,
}

/// The lists are compiled in, and a test reads them; were they broken all the same, reports are taken without them.
pub(super) static WORDS: LazyLock<Words> = LazyLock::new(|| {
    toml::from_str(include_str!("hints.toml")).unwrap_or_else(|error| {
        tracing::error!(%error, "the embedded lists of words do not parse");
        Words::default()
    })
});

/// A name by its words: `isMinor`, `is_minor` and `IS-MINOR` have the same.
pub(super) struct Name {
    words: Vec<String>,
    joined: String,
}

impl Name {
    pub(super) fn of(name: &str) -> Self {
        let chars: Vec<char> = name.chars().take(LONGEST).filter(|c| *c != '\u{200b}').collect();
        let mut words = vec![String::new()];
        for (i, c) in chars.iter().copied().enumerate() {
            let before = i.checked_sub(1).and_then(|i| chars.get(i)).copied().unwrap_or(' ');
            let behind = chars.get(i + 1).copied().unwrap_or(' ');
            let ends_capitals = before.is_uppercase() && c.is_uppercase() && behind.is_lowercase();
            let is_next = (before.is_lowercase() && c.is_uppercase()) || before.is_numeric() != c.is_numeric();
            if !c.is_alphanumeric() || is_next || ends_capitals {
                words.push(String::new());
            }
            if c.is_alphanumeric()
                && let Some(word) = words.last_mut()
            {
                word.push(c);
            }
        }
        words.retain(|word| !word.is_empty());
        let words: Vec<String> = words.iter().map(|word| folded(word)).collect();
        Self { joined: words.concat(), words }
    }

    /// The name without case and marks, as keys of the taxonomy are compared.
    pub(super) fn plain(&self) -> &str {
        &self.joined
    }

    /// All letters and digits of the name.
    pub(super) fn joined(&self) -> &str {
        &self.joined
    }

    /// What the name ends with, from each of its words on.
    pub(super) fn ends(&self) -> impl Iterator<Item = &str> {
        let starts = self.words.iter().scan(0, |at, word| {
            let start = *at;
            *at += word.len();
            Some(start)
        });
        starts.filter_map(|start| self.joined.get(start..))
    }

    /// Whether one of the entries stands in the name, with all its words.
    pub(super) fn has(&self, entries: &[Entry]) -> bool {
        entries.iter().any(|entry| self.has_entry(entry))
    }

    /// Whether an entry of both lists does, with different words.
    pub(super) fn has_both(&self, one: &[Entry], other: &[Entry]) -> bool {
        let pairs = || self.those(one).flat_map(|first| self.those(other).map(move |second| (first, second)));
        pairs().any(|(first, second)| first.words != second.words) || self.runs_together(one, other)
    }

    /// Whether an entry of the first list stands in front of one of the other.
    pub(super) fn has_in_front(&self, front: &[Entry], other: &[Entry]) -> bool {
        let places = other.iter().filter_map(Entry::one_word);
        let last = places.filter_map(|entry| self.words.iter().rposition(|word| word == entry)).max();
        let before = last.and_then(|last| self.words.get(..last)).unwrap_or_default();
        let stands = |entry: &Entry| entry.words.iter().all(|part| before.contains(part));
        front.iter().any(stands) || self.runs_together(front, other)
    }

    fn those<'e>(&self, entries: &'e [Entry]) -> impl Iterator<Item = &'e Entry> {
        entries.iter().filter(|entry| self.has_entry(entry))
    }

    fn has_entry(&self, entry: &Entry) -> bool {
        let stands = |part: &String| {
            self.words.iter().any(|word| word == part || word.strip_prefix("is").is_some_and(|rest| rest == part))
        };
        if entry.words.iter().all(stands) {
            return true;
        }
        // Written together, in either order.
        entry.words.len() > 1
            && self.words.len() == 1
            && (self.joined.contains(&entry.together) || self.joined.contains(&entry.backwards))
    }

    /// Whether a name without separators holds a word of each list, one behind the other: `dontcall`.
    fn runs_together(&self, front: &[Entry], other: &[Entry]) -> bool {
        let [word] = self.words.as_slice() else { return false };
        other.iter().filter_map(Entry::one_word).filter(|entry| word.contains(entry.as_str())).any(|entry| {
            let ends_front = |start: &str| front.iter().any(|before| start.ends_with(&before.together));
            word.match_indices(entry.as_str()).any(|(at, _)| word.get(..at).is_some_and(ends_front))
        })
    }
}

/// Whether it is the age, the ages or the date of birth of adults.
pub(super) fn is_adults(value: &Json) -> bool {
    let (Json::Number(given) | Json::Text(given)) = value else { return false };
    let given = folded(given.get(..64).unwrap_or(given));
    if matches!(given.as_str(), "18_plus" | "adult" | "over 18") {
        return true;
    }
    let parts: Vec<u16> = given.split(['-', '/', '.', '+', ' ', 't']).filter_map(|part| part.parse().ok()).collect();
    if let Some(year) = parts.iter().find(|part| **part > 999) {
        return (1900..=ADULT_SINCE).contains(year);
    }
    let is_years = given.chars().all(|c| c.is_ascii_digit() || "-+ ".contains(c)) && !given.starts_with('-');
    is_years && !parts.is_empty() && parts.iter().all(|years| (18..=120).contains(years))
}

/// Whether the value says that nothing presses.
pub(super) fn is_calm(value: &Json) -> bool {
    matches!(value, Json::Text(text) if text.len() <= 64 && WORDS.danger.calm.contains(&folded(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_read_and_words_are_parted() {
        assert!(toml::from_str::<Words>(include_str!("hints.toml")).map(|words| !words.age.years.is_empty()).unwrap());
        for (name, words) in [
            ("isMinor", &["is", "minor"][..]),
            ("do_not_contact", &["do", "not", "contact"]),
            ("under_18", &["under", "18"]),
            ("isUnder18", &["is", "under", "18"]),
            ("CONTACT_ME", &["contact", "me"]),
            ("AGE", &["age"]),
            ("userDOBValue", &["user", "dob", "value"]),
            ("answers[not_safe_now]", &["answers", "not", "safe", "now"]),
            ("ｄｎｃ", &["dnc"]),
        ] {
            assert_eq!(Name::of(name).words, words, "{name}");
        }
        assert!(Name::of("answers.weapon").ends().any(|end| end == "weapon"));
    }
}
