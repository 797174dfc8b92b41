//! Members that nobody knows, and what they may have meant: an app that writes `do_not_contact` or `is_minor` says
//! something, although the contract has another place for it. What may matter is taken for the careful thing.

use super::found::Found;
use super::members::plainly_yes_or_no;
use crate::base::json::Json;

/// Words of a wish how to be reached, or not.
const CONTACT: [&str; 7] = ["contact", "contacts", "never", "channel", "channels", "voicemail", "call"];
/// Words of what happened.
const DANGER: [&str; 5] = ["under", "category", "categories", "danger", "emergency"];
/// Words of an age.
const AGE: [&str; 9] = ["age", "minor", "child", "underage", "birth", "birthday", "birthdate", "dob", "born"];
/// Whoever was born in this year or before is an adult for good.
const ADULT_SINCE: u16 = 2005;
/// Where nothing is said of the person who is to be helped.
const ELSEWHERE: [&str; 3] = ["/subject", "/platform_context", "/intimate_image"];

/// Looks what an unknown member of this object may have meant.
pub(super) fn heed(at: &str, name: &str, value: &Json, found: &mut Found) {
    if ELSEWHERE.iter().any(|place| at.starts_with(place)) {
        return;
    }
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    if has(&CONTACT) || name.to_lowercase().contains("device_shared") {
        found.bar_contact();
    }
    let is_of_age = has(&AGE) || (has(&["under"]) && name.contains("18"));
    if (is_of_age || has(&DANGER)) && !is_harmless(value) {
        found.danger_unread();
    }
    if is_of_age && !is_harmless(value) {
        found.age_unread();
    }
}

/// A plain no, the age of an adult, and an adult's date of birth.
fn is_harmless(value: &Json) -> bool {
    let given = match value {
        Json::Number(text) | Json::Text(text) => text.trim(),
        _ => "",
    };
    let is_adult = given.parse::<u8>().is_ok_and(|years| (18..=120).contains(&years)) || given == "18_plus";
    let year = given.split(['-', '/', '.']).find(|part| part.len() == 4).and_then(|year| year.parse::<u16>().ok());
    let is_adults = year.is_some_and(|year| (1900..=ADULT_SINCE).contains(&year));
    is_adult || is_adults || plainly_yes_or_no(value) == Some(false)
}

/// The words of a name: `isMinor`, `is_minor` and `is-minor` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars().take(64) {
        if !c.is_alphanumeric() || c.is_uppercase() {
            words.push(String::new());
        }
        if c.is_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_heeded_by_their_words() {
        assert_eq!(words("isMinor"), ["is", "minor"]);
        assert_eq!(words("do_not_contact"), ["do", "not", "contact"]);
        assert_eq!(words("under_18"), ["under"]);
        let heeded = |at: &str, name: &str, value: Json| {
            let mut found = Found::default();
            heed(at, name, &value, &mut found);
            (found.contact_is_barred(), found.hides_danger(|_| false))
        };
        let yes = || Json::Bool(true);
        assert_eq!(heeded("", "do_not_contact", yes()), (true, false));
        assert_eq!(heeded("/reporter", "contact", yes()), (true, false));
        assert_eq!(heeded("/subject", "contact", yes()), (false, false));
        assert_eq!(heeded("/reporter", "age", Json::Number("12".to_owned())), (false, true));
        assert_eq!(heeded("/reporter", "age", Json::Number("34".to_owned())), (false, false));
        assert_eq!(heeded("/survivor", "isMinor", yes()), (false, true));
        assert_eq!(heeded("/survivor", "is_minor", Json::Bool(false)), (false, false));
        let born = |text: &str| Json::Text(text.to_owned());
        assert_eq!(heeded("/reporter", "birth_date", born("1990-05-01")), (false, false));
        assert_eq!(heeded("/reporter", "dateOfBirth", born("01/05/2011")), (false, true));
        assert_eq!(heeded("", "message", yes()), (false, false));
        assert_eq!(heeded("", "app_language", yes()), (false, false));
    }
}
