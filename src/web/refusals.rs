//! What the log says of a refused call, so that whoever runs the service can answer an integrator who asks with an
//! `instance`: the code, who called, and the places that were wrong. No word of a caller stands in it.

use std::collections::HashSet;
use std::sync::OnceLock;

use serde_json::Value;

use super::{openapi, problem};
use crate::domain::terms::taxonomy::taxonomy;
use crate::error::{Error, Refused};

/// So many places of one call are named.
const NAMED: usize = 8;

/// Who calls, in the request's extensions: a credential's or an account's id, once it is known to be one of ours.
#[derive(Clone, Debug)]
pub(super) struct Known(pub(super) String);

/// What the log says of a refusal. An answer that is no problem document has it in its extensions.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    /// The problem's code.
    pub(super) code: &'static str,
    /// The places and what was wrong there, such as `/statement required`; none when the code says it all.
    pub(super) places: Option<String>,
}

impl Refusal {
    /// Of an error.
    pub(super) fn of(error: &Error) -> Self {
        Self { code: problem::code(error), places: places(error) }
    }

    /// Of an answer that has its code alone.
    pub(super) const fn by_code(code: &'static str) -> Self {
        Self { code, places: None }
    }
}

fn places(error: &Error) -> Option<String> {
    let violations = match error {
        Error::Invalid(violations) => violations,
        Error::Refused(Refused::Parameter { name, .. }) => return Some(step(name).to_owned()),
        Error::Refused(Refused::Query { name, .. }) => return Some(named(name).to_owned()),
        Error::Unauthenticated(_)
        | Error::Forbidden(_)
        | Error::NotFound
        | Error::Erased
        | Error::Conflict(_)
        | Error::Refused(_)
        | Error::Throttled { .. }
        | Error::Unavailable(_)
        | Error::Internal(_) => return None,
    };
    let named = violations.named.iter().take(NAMED).map(|violation| {
        let pointer: Vec<&str> = violation.pointer.split('/').map(step).collect();
        format!("{} {}", pointer.join("/"), violation.rule.code()).trim_start().to_owned()
    });
    let mut all: Vec<String> = named.collect();
    let more = (violations.named.len() + violations.more).saturating_sub(NAMED);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    Some(all.join(", "))
}

/// A parameter, or the query as a whole.
fn named(name: &str) -> &str {
    if name == "query" { name } else { step(name) }
}

/// A step of a pointer, when it is a word of ours or a place in a list. A member's name is the caller's word otherwise.
fn step(text: &str) -> &str {
    let is_place = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.is_empty() || is_place || words().contains(text) { text } else { "?" }
}

/// Every name that the API document gives to a member or a parameter, and the answer keys.
fn words() -> &'static HashSet<String> {
    static WORDS: OnceLock<HashSet<String>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let mut words: HashSet<String> =
            taxonomy().answer_keys().iter().map(|key| key.key.as_str().to_owned()).collect();
        collect(&serde_json::to_value(openapi::document()).unwrap_or_default(), &mut words);
        words
    })
}

fn collect(value: &Value, words: &mut HashSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                words.extend(properties.keys().cloned());
            }
            if let (Some(Value::String(name)), true) = (members.get("name"), members.contains_key("in")) {
                words.insert(name.clone());
            }
            members.values().for_each(|member| collect(member, words));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, words};
    use crate::error::rules::{Form, Parameter};
    use crate::error::{Error, Refused, Violations};

    #[test]
    fn places_are_named_in_words_of_ours_alone() {
        let mut wrong = Violations::default();
        for pointer in
            ["/statement", "/answers/not_safe_now", "/answers/anna-lives-at-12", "/reports/17/subject", "", "/12345"]
        {
            wrong.add(pointer, Form::Date);
        }
        let told = Refusal::of(&Error::Invalid(wrong)).places.unwrap();
        assert_eq!(
            told,
            "/statement bad_date, /answers/not_safe_now bad_date, /answers/? bad_date, /reports/17/subject bad_date, bad_date, /? bad_date"
        );
        let parameter =
            |name| Refusal::of(&Refused::Parameter { name, wanted: Parameter::Cursor }.into()).places.unwrap();
        assert_eq!((&*parameter("limit"), &*parameter("anna")), ("limit", "?"));
        let query = |name: &str| Refused::Query { name: name.to_owned(), wanted: Parameter::Cursor };
        let query = |name| Refusal::of(&query(name).into()).places.unwrap();
        assert_eq!((&*query("limit"), &*query("query"), &*query("anna")), ("limit", "query", "?"));
        let mut many = Violations::default();
        (0..100).for_each(|n| many.add(format!("/reports/{n}"), Form::Date));
        let told = Refusal::of(&Error::Invalid(many)).places.unwrap();
        assert!(told.ends_with("/reports/7 bad_date, and 92 more"), "{told}");
        assert!(
            words().len() < 1_000 && words().contains("If-Match") && !words().contains("properties"),
            "{:?}",
            words()
        );
    }
}
