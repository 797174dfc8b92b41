//! The body of a report or addition: bytes become the members of one object. A live body is read for what it is plainly
//! meant to be, for a frightened person waits; a trial only as RFC 8259 has it, for an engineer does.

use super::found::Found;
use super::members::{plainest, pointer};
use crate::base::json::{self, Json, Kept, Manner};
use crate::base::{charset, tolerant};
use crate::domain::terms::Mode;
use crate::error::rules::Form;
use crate::error::{Error, Refused, Result};

/// What programs call an object that holds a whole report.
const WRAPPERS: [&str; 9] =
    ["data", "report", "addition", "body", "payload", "content", "request", "item", "attributes"];
/// With more members than this beside it, nobody can say what is meant.
const BESIDE: usize = 10;

/// A body as it was sent.
#[derive(Debug, Default)]
pub struct Sent<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The encoding that its media type names.
    pub charset: Option<&'a str>,
    /// Whether the media type is another than JSON. Only a live body is read all the same.
    pub is_mislabelled: bool,
    /// Whether it is a part of a body that had to be put right to be read.
    pub is_mended: bool,
}

impl<'a> From<&'a [u8]> for Sent<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { bytes, ..Self::default() }
    }
}

/// The one object that a body must be.
pub(super) struct Object {
    /// Its members, as they came.
    pub(super) members: Vec<(String, Json)>,
    /// How long its text is, in bytes.
    pub(super) length: usize,
    /// What was found wrong with it so far.
    pub(super) found: Found,
}

/// Opens a body.
pub(super) fn open(sent: &Sent<'_>, mode: Mode) -> Result<Object> {
    let refused = || if sent.is_mislabelled { Refused::MediaType } else { Refused::Malformed };
    let read = match mode {
        Mode::Live => lenient(sent, json::MOST_VALUES),
        Mode::Test => json::text(sent.bytes, Manner::Exact).and_then(|(text, _)| {
            let Kept { value, cut } = json::read_within(&text, json::MOST_VALUES)?;
            Some(Opened { value, cut, length: text.len(), is_mended: false, is_doubtful: false })
        }),
    };
    let Opened { value, cut, length, is_mended, is_doubtful } = read.ok_or_else(refused)?;
    let Json::Object(members) = value else {
        return Err(Error::invalid("", Form::OneObject));
    };
    let (members, is_wrapped) = if mode == Mode::Live { unwrapped(members) } else { (members, false) };
    let mut found = Found::default();
    if is_wrapped || is_mended || sent.is_mended {
        found.read_anyway("", &Form::Malformed);
    }
    if is_doubtful {
        // A text that took the next member with it may have taken a yes, or a wish.
        found.danger_unread();
        found.bar_contact();
    }
    if sent.is_mislabelled {
        found.read_anyway("", &Form::MediaType);
    }
    name_what_was_passed_over(&cut, &mut found);
    // Files are thrown away unread.
    for (name, value) in members.iter().filter(|(name, _)| name != "attachments") {
        name_broken_texts(value, &pointer("", name), &mut found);
    }
    Ok(Object { members, length, found })
}

/// Names the members of which not everything was read: there was more than any body of ours has. What was passed over may have
/// been a yes, or a wish; but not among the files, and of a chat the newest are kept.
fn name_what_was_passed_over(cut: &[String], found: &mut Found) {
    for name in cut {
        let place = if name.is_empty() { String::new() } else { pointer("", name) };
        found.read_anyway(&place, &Form::TooMany(json::MOST_ENTRIES));
        if !matches!(plainest(name).as_str(), "attachments" | "platformcontext") {
            found.danger_unread();
            found.bar_contact();
        }
    }
}

/// The members of a report or an addition that stands as a whole in another object, with what stands beside it.
fn unwrapped(mut members: Vec<(String, Json)>) -> (Vec<(String, Json)>, bool) {
    const OWN: [&str; 6] = ["platformreportref", "category", "statement", "reporter", "answers", "identifiers"];
    let is_own = |members: &[(String, Json)]| members.iter().any(|(name, _)| OWN.contains(&plainest(name).as_str()));
    let wraps = |(name, value): &(String, Json)| {
        WRAPPERS.contains(&plainest(name).as_str()) && matches!(value, Json::Object(inner) if is_own(inner))
    };
    if members.len() > BESIDE || is_own(&members) {
        return (members, false);
    }
    let mut wrappers = members.iter().enumerate().filter(|(_, member)| wraps(member)).map(|(at, _)| at);
    let (Some(at), None) = (wrappers.next(), wrappers.next()) else { return (members, false) };
    let Json::Object(mut inner) = members.swap_remove(at).1 else { return (members, false) };
    inner.append(&mut members);
    (inner, true)
}

/// The value of a body.
struct Opened {
    value: Json,
    /// Where not everything was read.
    cut: Vec<String>,
    length: usize,
    is_mended: bool,
    /// Nobody can be certain where one of its texts ends.
    is_doubtful: bool,
}

/// The value that a live body is plainly meant to be, where `most` values are all that is in it.
#[must_use]
pub fn read_body(sent: &Sent<'_>, most: usize) -> Option<Json> {
    lenient(sent, most).filter(|opened| !opened.is_doubtful && opened.cut.is_empty()).map(|opened| opened.value)
}

/// Reads a live body for what it is plainly meant to be.
fn lenient(sent: &Sent<'_>, most: usize) -> Option<Opened> {
    let decoded = charset::other_than_utf8(sent.bytes, sent.charset);
    let bytes = decoded.as_deref().map_or(sent.bytes, str::as_bytes);
    let opened = |value, cut, is_mended, is_doubtful| Opened {
        value,
        cut,
        length: bytes.len(),
        is_mended: is_mended || decoded.is_some(),
        is_doubtful,
    };
    let Some((Kept { value, cut }, is_mended)) = as_it_stands(bytes, most) else {
        let (value, is_doubtful) = tolerant::read(&String::from_utf8_lossy(bytes), most)?;
        return Some(opened(value, Vec::new(), true, is_doubtful));
    };
    match value {
        // Encoded twice, or a list of the one report.
        Json::Text(inner) => match as_it_stands(inner.as_bytes(), most) {
            Some((Kept { value: value @ Json::Object(_), cut }, _)) => Some(opened(value, cut, true, false)),
            _ => Some(opened(Json::Text(inner), cut, is_mended, false)),
        },
        Json::List(mut items) if matches!(items.as_slice(), [Json::Object(_)]) => {
            items.pop().map(|value| opened(value, cut, true, false))
        }
        value @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_)) => {
            Some(opened(value, cut, is_mended, false))
        }
    }
}

fn as_it_stands(bytes: &[u8], most: usize) -> Option<(Kept, bool)> {
    let (text, forgiven) = json::text(bytes, Manner::Forgiving)?;
    Some((json::read_within(&text, most)?, forgiven))
}

/// Names each text in which a character was lost: cut in half by a program, here or before.
fn name_broken_texts(value: &Json, place: &str, found: &mut Found) {
    match value {
        Json::Text(text) if text.contains('\u{fffd}') => found.read_anyway(place, &Form::BrokenText),
        Json::List(items) => {
            for (i, item) in items.iter().enumerate() {
                name_broken_texts(item, &format!("{place}/{i}"), found);
            }
        }
        Json::Object(members) => {
            for (name, member) in members {
                name_broken_texts(member, &pointer(place, name), found);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
    }
}
