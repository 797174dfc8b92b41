//! The members of an object, taken one by one and read for what they say.

use std::collections::BTreeMap;

use super::found::Found;
use super::hints;
use crate::base::json::Json;
use crate::base::text::is_plain_word;
use crate::domain::terms::identifiers::folded;
use crate::error::rules::Form;

/// Yes and no where the word says nothing else in any language that we know of.
const YES: [&str; 17] =
    ["ja", "oui", "sí", "sì", "sim", "tak", "evet", "да", "так", "نعم", "بله", "はい", "是", "是的", "예", "네", "हाँ"];
const NO: [&str; 13] =
    ["nein", "non", "não", "nie", "nej", "hayır", "нет", "ні", "لا", "いいえ", "不是", "아니요", "नहीं"];

/// What a member was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read<T> {
    /// It is not there, or says nothing: `null`, an empty text.
    Absent,
    /// It says this.
    Is(T),
    /// It cannot be used. It was noted and kept.
    Unusable,
}

impl<T> Read<T> {
    /// What it says, if anything.
    pub(super) fn known(self) -> Option<T> {
        self.or_if_unusable(None)
    }

    /// What it says; the careful value when it cannot be used.
    pub(super) fn or_if_unusable(self, careful: Option<T>) -> Option<T> {
        match self {
            Self::Absent => None,
            Self::Is(value) => Some(value),
            Self::Unusable => careful,
        }
    }
}

/// A list of codes: all of them, and the word of each.
#[derive(Clone, Copy)]
pub(super) struct Codes<T: 'static>(pub(super) &'static [T], pub(super) fn(T) -> &'static str);

/// The members of one object. What is left at the end is not known.
pub(super) struct Members {
    at: String,
    // By the name in its plainest spelling, so that `platformReportRef` is found too.
    by_name: BTreeMap<String, Vec<(String, Json)>>,
}

impl Members {
    pub(super) fn new(at: &str, members: Vec<(String, Json)>) -> Self {
        let mut by_name: BTreeMap<String, Vec<(String, Json)>> = BTreeMap::new();
        for (name, value) in members {
            by_name.entry(plainest(&name)).or_default().push((name, value));
        }
        Self { at: at.to_owned(), by_name }
    }

    /// The place of a member.
    pub(super) fn place(&self, name: &str) -> String {
        format!("{}/{name}", self.at)
    }

    /// A member as it came, `null` too; nothing when it is not there. One that stands twice with two values is a list of
    /// them, which no reader of a single value takes; two lists or two objects become one.
    pub(super) fn take(&mut self, name: &str, found: &mut Found) -> Option<Json> {
        let named = self.by_name.remove(&plainest(name))?;
        if named.iter().any(|(other, _)| other != name) {
            found.read_anyway(&self.place(name), &Form::OtherName);
        }
        let mut values: Vec<Json> = named.into_iter().map(|(_, value)| value).collect();
        if values.len() > 1 {
            found.read_anyway(&self.place(name), &Form::Twice);
            values.retain(|value| *value != Json::Null);
            values.dedup();
        }
        Some(together(values))
    }

    /// A text; blank is absent. A number is read as its digits. Of one that is too long the beginning is used, and the
    /// whole goes to the advocate.
    pub(super) fn text(&mut self, name: &str, longest: usize, found: &mut Found) -> Read<String> {
        let place = self.place(name);
        self.take(name, found).map_or(Read::Absent, |value| text(value, &place, longest, found))
    }

    /// Words of a person, in whatever shape and length they come: a list of texts is one text, and anything else but
    /// nothing is kept as it was written.
    pub(super) fn words(&mut self, name: &str, found: &mut Found) -> Option<String> {
        let place = self.place(name);
        let value = self.take(name, found).filter(|value| !value.is_nothing())?;
        let value = match value {
            Json::Text(_) | Json::Number(_) => value,
            Json::List(items) if items.iter().all(|item| matches!(item, Json::Text(_))) => {
                found.read_anyway(&place, &Form::Text);
                let lines =
                    items.into_iter().filter_map(|item| if let Json::Text(line) = item { Some(line) } else { None });
                Json::Text(lines.collect::<Vec<_>>().join("\n"))
            }
            other @ (Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_)) => {
                found.read_anyway(&place, &Form::Text);
                hints::heed_within(&place, &other, found);
                Json::Text(other.to_text())
            }
        };
        text(value, &place, usize::MAX, found).known()
    }

    /// True or false; also `"yes"`, `1` and the like.
    pub(super) fn boolean(&mut self, name: &str, found: &mut Found) -> Read<bool> {
        let place = self.place(name);
        match self.take(name, found) {
            None => Read::Absent,
            Some(value) if value.is_nothing() => Read::Absent,
            Some(Json::Bool(value)) => Read::Is(value),
            Some(value) => {
                let Some(said) = plainly_yes_or_no(&value) else {
                    found.leave_out(&place, &Form::Boolean, &value);
                    return Read::Unusable;
                };
                found.read_anyway(&place, &Form::Boolean);
                Read::Is(said)
            }
        }
    }

    /// One of a list of codes, in whatever case.
    pub(super) fn code<T: Copy>(&mut self, name: &str, codes: Codes<T>, found: &mut Found) -> Read<T> {
        let place = self.place(name);
        self.take(name, found).map_or(Read::Absent, |value| code(&value, &place, codes, found))
    }

    /// The items of a list; a single value is a list of one.
    pub(super) fn list(&mut self, name: &str, found: &mut Found) -> Vec<Json> {
        match self.take(name, found) {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::List(items)) => items,
            Some(value) => {
                found.read_anyway(&self.place(name), &Form::List);
                if value.is_nothing() { Vec::new() } else { vec![value] }
            }
        }
    }

    /// The members of an object.
    pub(super) fn object(&mut self, name: &str, found: &mut Found) -> Read<Self> {
        let place = self.place(name);
        self.take(name, found).map_or(Read::Absent, |value| object(value, &place, found))
    }

    /// Names what nobody took.
    pub(super) fn finish(self, found: &mut Found) {
        for (name, value) in self.by_name.into_values().flatten() {
            found.leave_out_unknown(&self.at, &name, &Form::UnknownMember, &value);
        }
    }

    /// Whether a member stands there that says something.
    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.get(&plainest(name)).is_some_and(|all| all.iter().any(|(_, value)| !value.is_nothing()))
    }
}

/// The members of an object; an empty list is one without members, as some languages write it.
pub(super) fn object(value: Json, place: &str, found: &mut Found) -> Read<Members> {
    match value {
        Json::Object(members) => Read::Is(Members::new(place, members)),
        Json::Null => Read::Absent,
        value @ (Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_)) => {
            if value.is_nothing() {
                found.read_anyway(place, &Form::Object);
                Read::Absent
            } else {
                found.leave_out(place, &Form::Object, &value);
                Read::Unusable
            }
        }
    }
}

/// A text of a place: see [`Members::text`].
pub(super) fn text(value: Json, place: &str, longest: usize, found: &mut Found) -> Read<String> {
    let text = match value {
        Json::Text(text) => text,
        Json::Number(number) => {
            found.read_anyway(place, &Form::Text);
            number
        }
        value @ (Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_)) if value.is_nothing() => {
            if value != Json::Null {
                found.read_anyway(place, &Form::Text);
            }
            return Read::Absent;
        }
        value @ (Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_)) => {
            found.leave_out(place, &Form::Text, &value);
            return Read::Unusable;
        }
    };
    if text.trim().is_empty() {
        return Read::Absent;
    }
    let text = match beyond(&text, longest) {
        None => text,
        Some(beginning) => {
            let beginning = beginning.to_owned();
            found.leave_out(place, &Form::TooLong(longest), &Json::Text(text));
            beginning
        }
    };
    if text.contains('\0') {
        found.read_anyway(place, &Form::Nul);
        return Read::Is(text.replace('\0', "\u{fffd}"));
    }
    Read::Is(text)
}

/// The beginning of a text that has more characters than that.
pub(super) fn beyond(text: &str, longest: usize) -> Option<&str> {
    let (end, _) = text.char_indices().nth(longest)?;
    text.get(..end)
}

/// The rule of a list of codes.
pub(super) fn one_of<T: Copy>(Codes(all, word): Codes<T>) -> Form {
    Form::OneOf(all.iter().map(|code| word(*code).to_owned()).collect())
}

/// A code of a place: see [`Members::code`].
pub(super) fn code<T: Copy>(value: &Json, place: &str, codes: Codes<T>, found: &mut Found) -> Read<T> {
    let Codes(all, word) = codes;
    let rule = || one_of(codes);
    if value.is_nothing() {
        if !matches!(value, Json::Null | Json::Text(_)) {
            found.read_anyway(place, &rule());
        }
        return Read::Absent;
    }
    let given = if let Json::Text(text) = value { text.as_str() } else { "" };
    if let Some(exact) = all.iter().find(|code| word(**code) == given) {
        return Read::Is(*exact);
    }
    let said = plainest(given);
    let Some(plain) = all.iter().find(|code| !said.is_empty() && plainest(word(**code)) == said) else {
        found.leave_out(place, &rule(), value);
        return Read::Unusable;
    };
    found.read_anyway(place, &rule());
    Read::Is(*plain)
}

/// What plainly says yes or no, beside `true` and `false`.
pub(super) fn plainly_yes_or_no(value: &Json) -> Option<bool> {
    match value {
        Json::Bool(said) => Some(*said),
        Json::Number(number) if number == "1" => Some(true),
        Json::Number(number) if number == "0" => Some(false),
        Json::Text(text) => match plainest(text).as_str() {
            "yes" | "y" | "true" | "1" | "on" | "checked" => Some(true),
            "no" | "n" | "false" | "0" => Some(false),
            // As people are asked in their own language.
            word if YES.contains(&word) => Some(true),
            word if NO.contains(&word) => Some(false),
            _ => None,
        },
        Json::Null | Json::Number(_) | Json::List(_) | Json::Object(_) => None,
    }
}

/// A pointer to a member the caller named. A name that is not a plain word is not repeated.
pub(super) fn pointer(parent: &str, member: &str) -> String {
    if is_plain_word(member) { format!("{parent}/{member}") } else { parent.to_owned() }
}

/// A word without case, marks and spaces: `not_safe_now`, `notSafeNow` and `Not safe now` are the same, and so are letters
/// of full width and what an app's keyboard puts between them unseen.
pub(super) fn plainest(word: &str) -> String {
    let marks = |c: char| c == '_' || c == '-' || c.is_whitespace();
    folded(word).chars().filter(|c| !marks(*c)).collect()
}

/// Several values of one member as one.
fn together(mut values: Vec<Json>) -> Json {
    if values.len() < 2 {
        return values.pop().unwrap_or(Json::Null);
    }
    let objects = values.iter().all(|value| matches!(value, Json::Object(_)));
    let lists = values.iter().all(|value| matches!(value, Json::List(_)));
    let (mut members, mut items) = (Vec::new(), Vec::new());
    for value in values {
        match value {
            Json::Object(inner) if objects => members.extend(inner),
            Json::List(inner) if lists => items.extend(inner),
            value
            @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) | Json::Object(_)) => {
                items.push(value);
            }
        }
    }
    if objects { Json::Object(members) } else { Json::List(items) }
}
