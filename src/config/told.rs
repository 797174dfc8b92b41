//! What is wrong with the settings, in our own words. The readers' own repeat what they read, which may be a password.

use std::path::Path;

use figment::error::{Error, Kind};

/// How far a key may be from a known one for that to be meant: three keys in twelve.
const NEAR: f64 = 0.75;

/// What is wrong with the settings that were read, a sentence each.
pub(super) fn all(error: Error) -> String {
    let all: Vec<String> = error.into_iter().map(|error| one(&error)).collect();
    all.join("; ")
}

fn one(error: &Error) -> String {
    let mut path = error.path.clone();
    let source = error.metadata.as_ref().map(|about| about.name.to_string()).unwrap_or_default();
    let place = if source.contains("RECOURSE_") { " (in the environment)" } else { "" };
    match &error.kind {
        Kind::UnknownField(name, known) => {
            if path.last() != Some(name) {
                path.push(name.clone());
            }
            let key = shown(&path);
            match nearest(name, known) {
                Some(near) => {
                    path.pop();
                    path.push(near.to_owned());
                    format!("there is no setting `{key}`{place}; did you mean `{}`?", shown(&path))
                }
                None => format!("there is no setting `{key}`{place}; docs/operating.md lists them"),
            }
        }
        Kind::UnknownVariant(_, known) => format!("`{}`{place} must be one of {}", shown(&path), known.join(", ")),
        Kind::InvalidType(_, wanted) | Kind::InvalidValue(_, wanted) => {
            format!("`{}`{place} must be {}", shown(&path), form(wanted))
        }
        Kind::Message(_)
        | Kind::InvalidLength(..)
        | Kind::MissingField(_)
        | Kind::DuplicateField(_)
        | Kind::ISizeOutOfRange(_)
        | Kind::USizeOutOfRange(_)
        | Kind::Unsupported(_)
        | Kind::UnsupportedKey(..) => {
            format!("`{}`{place} is badly written; docs/operating.md says how it is", shown(&path))
        }
    }
}

/// A key as it was written, without what would move the cursor.
fn shown(path: &[String]) -> String {
    path.join(".").chars().take(80).flat_map(char::escape_debug).collect()
}

fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let likeness = |known: &str| strsim::jaro_winkler(&name.to_lowercase(), known);
    known.iter().copied().filter(|known| likeness(known) > NEAR).max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

fn form(wanted: &str) -> &'static str {
    let rest = wanted.strip_prefix(['u', 'i']);
    if rest.is_some_and(|rest| rest == "size" || rest.bytes().all(|b| b.is_ascii_digit())) {
        "a whole number"
    } else if wanted.contains("socket address") {
        "an address with its port, such as 127.0.0.1:8080"
    } else if wanted.contains("sequence") {
        "a list in brackets, such as [\"hooks.internal:9000\"]"
    } else if wanted.contains("string") {
        "a text in quotes"
    } else if wanted.contains("struct") || wanted.contains("map") {
        "a section with keys of its own, such as [limits]"
    } else {
        "of another form; docs/operating.md says which"
    }
}

/// What is wrong with the form of a settings file, if anything is: where, and never the line itself.
pub(super) fn badly_formed(file: &Path) -> Option<String> {
    let name = file.display();
    let text = match std::fs::read(file) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(_) => return Some(format!("the settings file {name} is not in UTF-8: save it so")),
        },
        Err(error) => return Some(format!("the settings file {name} cannot be read: {error}")),
    };
    // Some editors write a mark at the begin of every file.
    let error = toml::from_str::<toml::Table>(text.trim_start_matches('\u{feff}')).err()?;
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.split('\n').count();
    Some(format!(
        "the settings file {name} cannot be read at line {line}: look for a quote, a bracket or a `=` that is missing, or a \
         key that is there twice"
    ))
}
