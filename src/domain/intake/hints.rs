//! Members that nobody knows, or not at their place, and what they may have meant: an app that writes `do_not_contact` or
//! `is_minor` says something, although the contract has another place for it. What may matter is taken for the careful thing.

use std::sync::LazyLock;

use super::found::Found;
use super::hint_words::{Name, WORDS, Words, is_adults, is_calm};
use super::members::{plainest, plainly_yes_or_no};
use super::reader::CATEGORIES;
use super::said::{KEYS, is_no_yes};
use crate::base::json::Json;
use crate::domain::terms::taxonomy::KeyCode;

/// A text that is longer is no code, in bytes.
const LONGEST_CODE: usize = 200;

/// The keys of several words, which no name holds by chance.
static LONG_KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let long = KEYS.iter().filter(|(_, key)| key.as_str().contains('_'));
    long.map(|(plain, _)| plain.as_str()).collect()
});

/// Looks what an unknown member of the object at `at` may have meant, with all that is in it.
pub(super) fn heed(at: &str, name: &str, value: &Json, found: &mut Found) {
    member(Place::of(at), name, value, found);
}

/// Looks what the members within a value that cannot be used may have meant.
pub(super) fn heed_within(at: &str, value: &Json, found: &mut Found) {
    within(Place::of(at), value, found);
}

/// What is said of where a member stands.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself, and none is a state")]
#[derive(Clone, Copy)]
struct Place {
    /// It speaks of the person who is reported.
    of_subject: bool,
    /// A platform's own words stand there as well: only a plain wish is one.
    is_busy: bool,
    /// Among the messages of a chat, where programs note many things.
    in_chat: bool,
    /// Among the answers, whose unknown keys are looked at already.
    in_answers: bool,
    /// A plain no stands beside it.
    is_denied: bool,
}

impl Place {
    fn of(at: &str) -> Self {
        let is_at = |place: &str| at.starts_with(place);
        Self {
            of_subject: is_at("/subject") || is_at("/identifiers"),
            is_busy: ["/subject", "/identifiers", "/platform_context", "/intimate_image", "/answers"]
                .into_iter()
                .any(is_at),
            in_chat: is_at("/platform_context/messages"),
            in_answers: is_at("/answers"),
            is_denied: false,
        }
    }
}

/// A member, and what is in it. Values are kept so deep only that this ends ([`crate::base::json`]).
fn member(mut place: Place, name: &str, value: &Json, found: &mut Found) {
    if value.is_nothing() || !found.heeds_one_more() {
        return;
    }
    let name = Name::of(name);
    place.of_subject |= name.has(&WORDS.subject);
    if let Some(key) = KEYS.get(name.plain()) {
        answer(*key, value, found);
    } else {
        if holds_key(&name) && !is_no_yes(value) {
            found.danger_unread();
        }
        if !place.in_chat {
            if speaks_of_contact(place, &name, value) {
                found.bar_contact();
            }
            if !place.in_answers && speaks_of_danger(&name, value) {
                found.danger_unread();
            }
            if !place.of_subject {
                age(&name, value, found);
            }
        }
    }
    within(place, value, found);
}

fn within(mut place: Place, value: &Json, found: &mut Found) {
    match value {
        Json::Object(members) => {
            place.is_denied = members.iter().any(|(_, value)| plainly_yes_or_no(value) == Some(false));
            for (name, value) in members {
                member(place, name, value, found);
            }
        }
        Json::List(items) => items.iter().for_each(|item| within(place, item, found)),
        Json::Text(text) if text.len() <= LONGEST_CODE => {
            let plain = plainest(text);
            // `{"key": "not_safe_now", "value": "yes"}`
            if !place.is_denied && LONG_KEYS.contains(&plain.as_str()) {
                found.danger_unread();
            }
            if let Some(category) = CATEGORIES.get(&plain).filter(|_| !place.in_chat) {
                found.category_elsewhere(*category);
            }
        }
        Json::Text(_) | Json::Number(_) | Json::Bool(_) | Json::Null => {}
    }
}

/// An answer that stands where no answers belong. A yes is one all the same; where it was meant for another time or another
/// person, somebody looks in vain.
fn answer(key: KeyCode, value: &Json, found: &mut Found) {
    if is_no_yes(value) {
        return;
    }
    found.danger_unread();
    if plainly_yes_or_no(value) == Some(true) {
        found.answer_elsewhere(key);
    }
}

/// Whether a key of the taxonomy stands in the name, as in `answers[not_safe_now]`.
fn holds_key(name: &Name) -> bool {
    LONG_KEYS.iter().any(|key| name.joined().contains(key)) || name.ends().any(|end| KEYS.contains_key(end))
}

fn speaks_of_contact(place: Place, name: &Name, value: &Json) -> bool {
    let words: &Words = &WORDS;
    let (yes, no) = (plainly_yes_or_no(value) == Some(true), plainly_yes_or_no(value) == Some(false));
    let contact = &words.contact;
    if !place.is_busy && name.has(&contact.any) {
        return true;
    }
    let is_wish = name.has(&contact.wish)
        || name.has_both(&contact.no, &contact.ways)
        || name.has_in_front(&contact.no_in_front, &contact.ways)
        || name.has_both(&contact.seen, &contact.things);
    let is_leave = name.has(&contact.open) || name.has_both(&contact.may, &contact.ways);
    (is_wish && !no) || (is_leave && !yes)
}

fn speaks_of_danger(name: &Name, value: &Json) -> bool {
    let danger = &WORDS.danger;
    let said = plainly_yes_or_no(value);
    if name.has(&danger.yes) && said != Some(false) && !is_calm(value) {
        return true;
    }
    // `safe_to_email` is a wish.
    let is_of_safety = name.has(&danger.safe) && !name.has(&WORDS.contact.ways);
    is_of_safety && said != Some(!name.has(&danger.not))
}

fn age(name: &Name, value: &Json, found: &mut Found) {
    let words = &WORDS.age;
    let said = plainly_yes_or_no(value);
    if name.has(&words.unverified) {
        if said != Some(true) {
            found.age_unverified();
        }
        return;
    }
    let is_harmless = if name.has(&words.adult) {
        said == Some(true) || is_adults(value)
    } else if name.has(&words.child) {
        said == Some(false) || is_adults(value)
    } else {
        !name.has(&words.years) || is_adults(value)
    };
    if !is_harmless {
        found.danger_unread();
        found.age_unread();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contact barred, danger, child.
    fn heeded(at: &str, name: &str, value: &Json) -> (bool, bool, bool) {
        let mut found = Found::default();
        heed(at, name, value, &mut found);
        (found.contact_is_barred(), found.hides_danger(|_| false), found.may_be_child())
    }

    #[test]
    fn where_nobody_looks_any_more_anything_may_stand() {
        let many = (0..6_000).map(|n| (format!("k{n}"), Json::Bool(true))).collect();
        assert_eq!(heeded("", "app", &Json::Object(many)), (true, true, false));
    }

    #[test]
    fn names_are_heeded_by_their_words() {
        let (yes, no) = (Json::Bool(true), Json::Bool(false));
        let text = |text: &str| Json::Text(text.to_owned());
        let number = |number: u16| Json::Number(number.to_string());
        let (contact, danger, child, nothing) =
            ((true, false, false), (false, true, false), (false, true, true), (false, false, false));
        for (at, name, value, expected) in [
            ("", "do_not_contact", &yes, contact),
            ("/reporter", "contact", &yes, contact),
            ("/subject", "contact", &yes, nothing),
            ("/platform_context", "contact_count", &number(5), nothing),
            ("/platform_context", "do_not_contact", &yes, contact),
            ("/platform_context/messages/0", "contact", &yes, nothing),
            ("/reporter", "age", &number(12), child),
            ("/reporter", "age", &number(34), nothing),
            ("/reporter", "AGE", &number(15), child),
            ("/reporter", "age", &number(0), child),
            ("/reporter", "age_range", &text("25-34"), nothing),
            ("/reporter", "age_range", &text("13-17"), child),
            ("/subject", "age", &number(15), nothing),
            ("", "offender_age", &number(15), nothing),
            ("/survivor", "isMinor", &yes, child),
            ("/survivor", "is_minor", &no, nothing),
            ("/reporter", "birth_date", &text("1990-05-01"), nothing),
            ("/reporter", "dateOfBirth", &text("01/05/2011"), child),
            ("/reporter", "age_verified", &yes, nothing),
            ("", "message", &yes, nothing),
            ("", "app_language", &yes, nothing),
            ("", "phone_no", &text("07700900456"), nothing),
            ("", "safe_to_email", &yes, nothing),
            ("", "safe", &yes, nothing),
            ("", "not_safe", &no, nothing),
            ("", "severity", &text("low"), nothing),
            ("", "severity", &text("high"), danger),
            ("/answers", "children_at_home", &yes, nothing),
        ] {
            assert_eq!(heeded(at, name, value), expected, "{at}/{name}");
        }
    }
}
