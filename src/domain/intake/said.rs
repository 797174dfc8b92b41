//! Answers, ages and accounts: read for what they say, and never for less than that.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::body::{AgeBand, YesNoUnknown};
use super::found::Found;
use super::members::{Codes, Members, Read, one_of, plainest, plainly_yes_or_no};
use crate::base::json::Json;
use crate::domain::terms::identifiers::folded;
use crate::domain::terms::taxonomy::{KeyCode, taxonomy};
use crate::domain::terms::words::Answer;
use crate::error::rules::Form;

/// So many answers may be given: more than there are questions.
const ANSWERS: usize = 200;
/// The longest name of an account, in characters.
const LONGEST_ACCOUNT: usize = 255;

/// The keys of the taxonomy in their plainest spelling.
pub(super) static KEYS: LazyLock<BTreeMap<String, KeyCode>> =
    LazyLock::new(|| taxonomy().answer_keys().iter().map(|row| (plainest(row.key.as_str()), row.key)).collect());

/// What one value says as an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// This, in the word of the contract.
    Exactly(Answer),
    /// This, in other words.
    Plainly(Answer),
    /// Nothing.
    Nothing,
    /// Something that nobody can read.
    Unreadable,
}

fn said(value: &Json) -> Said {
    let given = if let Json::Text(text) = value { text.as_str() } else { "" };
    if let Some(answer) = Answer::parse(given) {
        return Said::Exactly(answer);
    }
    if *value == Json::Null || matches!(value, Json::Text(text) if text.trim().is_empty()) {
        return Said::Nothing;
    }
    let plain = plainest(given.trim());
    let word = Answer::ALL.iter().copied().find(|answer| plainest(answer.as_str()) == plain);
    let spoken = plainly_yes_or_no(value).map(|yes| if yes { Answer::Yes } else { Answer::No });
    word.or(spoken).map_or(Said::Unreadable, Said::Plainly)
}

/// Whether a value plainly answers something else than yes, or nothing.
pub(super) fn is_no_yes(value: &Json) -> bool {
    match said(value) {
        Said::Exactly(answer) | Said::Plainly(answer) => answer != Answer::Yes,
        Said::Nothing => true,
        Said::Unreadable => false,
    }
}

/// The answers. A yes is never lost: not to a second answer under the same key, nor to a key in another spelling. What
/// cannot be read is unknown.
pub(super) fn answers(members: &mut Members, found: &mut Found) -> BTreeMap<String, Answer> {
    let place = members.place("answers");
    let given = match members.take("answers", found) {
        None | Some(Json::Null) => return BTreeMap::new(),
        Some(Json::Object(given)) => given,
        Some(value) => {
            if value.is_nothing() {
                found.read_anyway(&place, &Form::Answers);
            } else {
                found.leave_out(&place, &Form::Answers, &value);
                found.danger_unread();
            }
            return BTreeMap::new();
        }
    };
    if given.len() > ANSWERS {
        found.read_anyway(&place, &Form::TooMany(ANSWERS));
    }
    let mut by_key: BTreeMap<KeyCode, Vec<Said>> = BTreeMap::new();
    for (name, value) in given {
        let said = said(&value);
        let Some(key) = KeyCode::parse(&name).or_else(|| KEYS.get(&plainest(&name)).copied()) else {
            found.leave_out_unknown(&place, &name, &Form::AnswerKey, &value);
            // Who says no to a question for safety is in danger.
            let no_is_danger = plainest(&name).contains("safe");
            let is_no = matches!(said, Said::Exactly(Answer::No) | Said::Plainly(Answer::No));
            let may_be = matches!(said, Said::Exactly(Answer::Yes) | Said::Plainly(Answer::Yes) | Said::Unreadable);
            if may_be || (is_no && no_is_danger) {
                found.danger_unread();
            }
            continue;
        };
        let at = format!("{place}/{}", key.as_str());
        if key.as_str() != name {
            found.read_anyway(&at, &Form::AnswerKey);
        }
        match said {
            Said::Exactly(_) => {}
            Said::Plainly(_) => found.read_anyway(&at, &Form::Answer),
            Said::Nothing => found.read_anyway(&at, &Form::NotAsked),
            Said::Unreadable => found.leave_out(&at, &Form::Answer, &value),
        }
        let all = by_key.entry(key).or_default();
        if !all.is_empty() {
            found.read_anyway(&at, &Form::Twice);
        }
        all.push(said);
    }
    by_key.into_iter().filter_map(|(key, said)| Some((key.as_str().to_owned(), careful(key, &said, found)?))).collect()
}

/// One answer of all that stand under a key: the most careful that they allow.
fn careful(key: KeyCode, all: &[Said], found: &mut Found) -> Option<Answer> {
    let answers = || {
        all.iter().filter_map(|said| match said {
            Said::Exactly(answer) | Said::Plainly(answer) => Some(*answer),
            Said::Nothing | Said::Unreadable => None,
        })
    };
    if answers().any(|answer| answer == Answer::Yes) {
        return Some(Answer::Yes);
    }
    if all.contains(&Said::Unreadable) {
        found.answer_unread(key);
        return Some(Answer::Unknown);
    }
    let first = answers().next()?;
    Some(if answers().all(|answer| answer == first) { first } else { Answer::Unknown })
}

/// An age. A number of years says it too; what cannot be read is unsure, which is treated as under 18.
pub(super) fn age(members: &mut Members, found: &mut Found) -> Option<AgeBand> {
    let place = members.place("age_band");
    let value = members.take("age_band", found)?;
    let given = match &value {
        Json::Null => return None,
        Json::Text(text) if text.trim().is_empty() => return None,
        Json::Text(text) => folded(text),
        Json::Number(number) => number.clone(),
        Json::Bool(_) | Json::List(_) | Json::Object(_) => String::new(),
    };
    if let (Json::Text(text), Some(exact)) = (&value, AgeBand::parse(&given)) {
        if *text != given {
            found.read_anyway(&place, &one_of(Codes(AgeBand::ALL, AgeBand::as_str)));
        }
        return Some(exact);
    }
    let years =
        given.strip_suffix('+').filter(|years| years.parse::<u8>().is_ok_and(|years| years >= 18)).unwrap_or(&given);
    let plain = AgeBand::ALL.iter().copied().find(|band| plainest(band.as_str()) == plainest(&given));
    let read = plain.or_else(|| match years.parse::<u8>().ok()? {
        1..=17 => Some(AgeBand::Under18),
        18..=120 => Some(AgeBand::Adult),
        _ => None,
    });
    match read {
        Some(_) => found.read_anyway(&place, &one_of(Codes(AgeBand::ALL, AgeBand::as_str))),
        None => found.leave_out(&place, &one_of(Codes(AgeBand::ALL, AgeBand::as_str)), &value),
    }
    Some(read.unwrap_or(AgeBand::Unsure))
}

/// Yes, no or unknown.
pub(super) fn yes_no_unknown(members: &mut Members, name: &str, found: &mut Found) -> Read<YesNoUnknown> {
    let place = members.place(name);
    let Some(value) = members.take(name, found) else { return Read::Absent };
    let read = match said(&value) {
        Said::Nothing => return Read::Absent,
        Said::Exactly(answer) | Said::Plainly(answer) => match answer {
            Answer::Yes => Some(YesNoUnknown::Yes),
            Answer::No => Some(YesNoUnknown::No),
            Answer::Unknown | Answer::NotAsked | Answer::Declined => Some(YesNoUnknown::Unknown),
        },
        Said::Unreadable => None,
    };
    let exact = matches!((&value, read), (Json::Text(text), Some(read)) if text == read.as_str());
    let Some(read) = read else {
        found.leave_out(&place, &one_of(Codes(YesNoUnknown::ALL, YesNoUnknown::as_str)), &value);
        return Read::Unusable;
    };
    if !exact {
        found.read_anyway(&place, &one_of(Codes(YesNoUnknown::ALL, YesNoUnknown::as_str)));
    }
    Read::Is(read)
}

/// The name of an account or the like: a text, or a number as its digits.
pub(super) fn account(members: &mut Members, name: &str, found: &mut Found) -> Option<String> {
    let place = members.place(name);
    let value = members.take(name, found)?;
    let text = match &value {
        Json::Null => return None,
        Json::Text(text) if text.trim().is_empty() => return None,
        Json::Text(text) => text.clone(),
        Json::Number(number) => {
            found.read_anyway(&place, &Form::Account);
            number.clone()
        }
        Json::Bool(_) | Json::List(_) | Json::Object(_) => {
            found.leave_out(&place, &Form::Account, &value);
            return None;
        }
    };
    let is_plain = |text: &str| !text.chars().any(char::is_control);
    // Half a name may be somebody else's.
    let is_whole = |text: &str| text.chars().count() <= LONGEST_ACCOUNT;
    if is_plain(&text) && is_whole(&text) {
        return Some(text);
    }
    // A line break at the end is no part of a name.
    let trimmed = text.trim().to_owned();
    if is_plain(&trimmed) && is_whole(&trimmed) {
        found.read_anyway(&place, &Form::Account);
        return Some(trimmed);
    }
    found.leave_out(&place, &Form::Account, &value);
    None
}
