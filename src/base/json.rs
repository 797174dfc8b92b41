//! JSON as callers send it. What RFC 8259 allows and readers stumble over is put right before anything is read: a
//! byte-order mark, half a surrogate pair, numbers that a machine number would change.

mod kept;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

use super::secret::silent;
pub use kept::{Kept, MOST_ENTRIES, MOST_VALUES, few, read, read_within};

/// How deep lists and objects may stand in each other.
const DEEPEST: usize = 128;
/// How deep a [`Json`] keeps them. No body of ours is deeper than eight; what lies below is thrown away unread.
pub(super) const KEPT: usize = 32;
/// What is put right in a text makes it longer by so much at most; one of which more would be put right was made for that.
const GROWTH: usize = 2;
const ROOM: usize = 64 * 1024;
/// The longest number that readers hold as it was written. Longer ones are somebody's id, and are kept digit for digit.
const LONGEST_NUMBER: usize = 15;
/// The one member of an object that stands for a long number on the way through the reader.
const LONG_NUMBER: &str = "$number";

/// How exactly a text must keep the rules of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As RFC 8259 has it.
    Exact,
    /// Bytes that are no UTF-8 become U+FFFD, and control characters may stand in texts as they are.
    Forgiving,
}

/// A JSON value as it came. Members that stand twice are all there, in order.
#[derive(Clone, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, in its digits.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

silent! { Json }

impl Json {
    /// Whether nothing is said by it: `null`, a blank text, a list or an object without anything in it.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(_) | Self::Number(_) => false,
            Self::Text(text) => text.trim().is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(members) => members.is_empty(),
        }
    }

    /// The value as JSON text.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(digits) => match RawValue::from_string(digits.clone()) {
                Ok(number) => number.serialize(serializer),
                Err(_) => serializer.serialize_str(digits),
            },
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(members) => serializer.collect_map(members.iter().map(|(name, value)| (name, value))),
        }
    }
}

/// A text that can be read as JSON, from the bytes of a body; nothing when that takes more than the manner allows. The
/// flag says whether anything had to be forgiven. Whether the text is JSON is still to be seen.
#[must_use]
pub fn text(bytes: &[u8], manner: Manner) -> Option<(Cow<'_, str>, bool)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (text, mut forgiven) = match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) if manner == Manner::Forgiving => (String::from_utf8_lossy(bytes), true),
        Err(_) => return None,
    };
    let most = GROWTH * text.len() + ROOM;
    let (mut mended, mut copied, mut at, mut in_string) = (String::new(), 0, 0, false);
    while let Some(byte) = text.as_bytes().get(at) {
        let (length, mend) = step(text.as_bytes().get(at..).unwrap_or_default(), in_string);
        in_string ^= *byte == b'"';
        if let Some(Mend { by, is_forgiven }) = mend {
            if is_forgiven && manner == Manner::Exact {
                return None;
            }
            forgiven |= is_forgiven;
            mended.push_str(text.get(copied..at)?);
            mended.push_str(&by);
            copied = at + length;
            if mended.len() > most {
                return None;
            }
        }
        at += length;
    }
    if copied == 0 {
        return Some((text, forgiven));
    }
    mended.push_str(text.get(copied..)?);
    Some((Cow::Owned(mended), forgiven))
}

/// What stands in the place of something.
struct Mend {
    by: String,
    /// Whether the text was no JSON because of it.
    is_forgiven: bool,
}

/// How many bytes of the rest of a text belong together, and what is to stand in their place.
fn step(rest: &[u8], in_string: bool) -> (usize, Option<Mend>) {
    match rest.first() {
        Some(b'\\') if in_string => {
            let (taken, is_half) = escape(rest);
            (taken, is_half.then(|| Mend { by: "\\ufffd".to_owned(), is_forgiven: false }))
        }
        Some(byte @ 0..0x20) if in_string => (1, Some(Mend { by: format!("\\u{byte:04x}"), is_forgiven: true })),
        Some(b'-' | b'0'..=b'9') if !in_string => {
            let length = rest.iter().take_while(|byte| is_of_number(**byte)).count().max(1);
            let number = rest.get(..length).and_then(|number| std::str::from_utf8(number).ok());
            (length, number.and_then(wrapped).map(|by| Mend { by, is_forgiven: false }))
        }
        Some(_) | None => (1, None),
    }
}

const fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// The number in an object of its own, when a machine number would not hold it as it was written.
fn wrapped(number: &str) -> Option<String> {
    let long = number.len() > LONGEST_NUMBER || number.contains(['e', 'E']);
    // What is no number of JSON stays as it is, and is refused by the reader.
    (long && serde_json::from_str::<&RawValue>(number).is_ok()).then(|| format!("{{\"{LONG_NUMBER}\":\"{number}\"}}"))
}

/// How many bytes the escape at the beginning takes, and whether it is half a surrogate pair.
fn escape(bytes: &[u8]) -> (usize, bool) {
    match unit(bytes) {
        None => (2, false),
        Some(0xd800..=0xdbff) if matches!(bytes.get(6..).and_then(unit), Some(0xdc00..=0xdfff)) => (12, false),
        Some(0xd800..=0xdfff) => (6, true),
        Some(_) => (6, false),
    }
}

/// The UTF-16 unit of a `\u` escape at the beginning.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(bytes.strip_prefix(b"\\u")?.get(..4)?).ok()?;
    let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    plain.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

/// Whether lists and objects stand in each other more than [`DEEPEST`] times. Brackets in strings do not count. A reader
/// does not look at the depth of what it throws away.
#[must_use]
pub fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.as_bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exactly(bytes: &[u8]) -> Option<String> {
        text(bytes, Manner::Exact).and_then(|(text, _)| read(&text)).map(|json| json.to_text())
    }

    fn forgivingly(bytes: &[u8]) -> Option<(String, bool)> {
        let (text, forgiven) = text(bytes, Manner::Forgiving)?;
        read(&text).map(|json| (json.to_text(), forgiven))
    }

    #[test]
    fn what_json_allows_is_read_for_what_it_says() {
        let same = [
            ("\u{feff}{\"a\": 1}", "{\"a\":1}"),
            (r#"["\ud83d"]"#, "[\"\u{fffd}\"]"),
            (r#"["\udc95x"]"#, "[\"\u{fffd}x\"]"),
            (r#"["\ud83d\ud83d\ude42"]"#, "[\"\u{fffd}\u{1f642}\"]"),
            (r#"["\\ud83d"]"#, r#"["\\ud83d"]"#),
            (r#"{"\ud83d": "\ud83d\ude42"}"#, "{\"\u{fffd}\":\"\u{1f642}\"}"),
            ("[12345678901234567890, -0.1, 1e999, 12]", "[12345678901234567890,-0.1,1e999,12]"),
            (r#"{"a": 1, "a": 2}"#, r#"{"a":1,"a":2}"#),
            (r#"["12345678901234567890 1e999"]"#, r#"["12345678901234567890 1e999"]"#),
        ];
        for (given, read) in same {
            assert_eq!(exactly(given.as_bytes()).as_deref(), Some(read), "{given}");
            assert_eq!(forgivingly(given.as_bytes()), Some((read.to_owned(), false)), "{given}");
        }
    }

    #[test]
    fn what_is_no_json_is_forgiven_only_inside_texts() {
        for (given, read) in [
            (b"[\"\xf0\x9f\x98\"]".as_slice(), "[\"\u{fffd}\"]"),
            (b"[\"caf\xe9\"]", "[\"caf\u{fffd}\"]"),
            (b"[\"one\ntwo\tthree\"]", r#"["one\ntwo\tthree"]"#),
        ] {
            assert_eq!(exactly(given), None);
            assert_eq!(forgivingly(given), Some((read.to_owned(), true)));
        }
        for given in ["", "{", "NaN", "{'a': 1}", "[1,]", "01234567890123456789", "[1.2.3e4]", r#"["\uzzzz"]"#, "[] []"]
        {
            assert_eq!(exactly(given.as_bytes()), None, "{given}");
            assert_eq!(forgivingly(given.as_bytes()), None, "{given}");
        }
    }

    #[test]
    fn what_is_put_right_makes_a_text_little_longer() {
        assert!(exactly(format!("[{}1e9]", "1e9,".repeat(3_000)).as_bytes()).is_some());
        assert!(exactly(format!("[{}1e9]", "1e9,".repeat(100_000)).as_bytes()).is_none());
        assert!(forgivingly(format!("[\"{}\"]", "\u{1}".repeat(100_000)).as_bytes()).is_none());
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(exactly(nested(DEEPEST + 1).as_bytes()), None);
        let kept = exactly(nested(DEEPEST).as_bytes()).unwrap();
        assert!(kept.contains('…') && kept.len() < 100, "{kept}");
    }
}
