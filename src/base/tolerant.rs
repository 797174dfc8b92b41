//! JSON with the small faults that programs make when they put what a person wrote into it: `\'`, a cut `\u12`, a comma too
//! many, comments, `NaN`, `TRUE`, zeros or a semicolon behind the end, the whole of it twice. Read only where a report of danger would be lost otherwise. What is no JSON at all
//! (names or texts without double quotes, an object without its end, two that differ in one body) stays none.

use serde_json::value::RawValue;

use super::json::{Json, KEPT};

/// Stands for what cannot be known any more.
const LOST: char = '\u{fffd}';

/// The object that the text is plainly meant to be; nothing when it is none. The flag says that a text held quotes, so that
/// nobody can be certain where it ends. One of more than `most` values is none either: it would take memory for all of them.
#[must_use]
pub fn read(text: &str, most: usize) -> Option<(Json, bool)> {
    let mut reader = Reader { rest: text, is_doubtful: false, left: most };
    let value = reader.value(0)?;
    reader.end();
    // Sent twice in one.
    while reader.peek() == Some('{') {
        if reader.value(0)? != value {
            return None;
        }
        reader.end();
    }
    (reader.rest.is_empty() && matches!(value, Json::Object(_))).then_some((value, reader.is_doubtful))
}

struct Reader<'t> {
    rest: &'t str,
    is_doubtful: bool,
    /// So many values may come.
    left: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    /// Goes past the sign if it stands here.
    fn passes(&mut self, sign: char) -> bool {
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// The signs from here on that are of a kind.
    fn run(&mut self, is_part: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        run
    }

    /// Goes past what says nothing: spaces of every kind, marks of order, zeros, comments.
    fn blank(&mut self) {
        self.rest = behind_blank(self.rest);
    }

    /// Goes past what may stand behind the end: what says nothing, half a sign of UTF-16, the end of a statement in a program.
    fn end(&mut self) {
        self.blank();
        self.run(|c| c.is_whitespace() || matches!(c, '\u{feff}' | '\0' | LOST | ';'));
        self.blank();
    }

    /// A value that stands so deep. What stands deeper than anything of ours is passed over, without a call for each level.
    fn value(&mut self, depth: usize) -> Option<Json> {
        self.blank();
        self.left = self.left.checked_sub(1)?;
        match self.peek()? {
            '{' | '[' if depth > KEPT => self.pass_over(),
            '{' => self.object(depth),
            '[' => self.list(depth),
            '"' => self.text(ends_value).map(Json::Text),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        self.next();
        let mut members = Vec::new();
        while !self.ends('}', members.is_empty())? {
            let name = self.text(ends_name)?;
            self.blank();
            if !self.passes(':') {
                return None;
            }
            members.push((name, self.value(depth + 1)?));
        }
        Some(Json::Object(members))
    }

    fn list(&mut self, depth: usize) -> Option<Json> {
        self.next();
        let mut items = Vec::new();
        while !self.ends(']', items.is_empty())? {
            items.push(self.value(depth + 1)?);
        }
        Some(Json::List(items))
    }

    /// Whether the list or object ends here; nothing when neither an end nor a comma stands between two values.
    fn ends(&mut self, sign: char, is_first: bool) -> Option<bool> {
        let mut is_parted = is_first;
        self.blank();
        while self.passes(',') {
            is_parted = true;
            self.blank();
        }
        if self.passes(sign) {
            return Some(true);
        }
        is_parted.then_some(false)
    }

    /// Passes over a list or object, with all that is in it.
    fn pass_over(&mut self) -> Option<Json> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                '"' => {
                    self.text(|rest| ends_name(rest) || ends_value(rest))?;
                    continue;
                }
                '{' | '[' => open += 1,
                '}' | ']' => open -= 1,
                _ => {}
            }
            self.next();
            if open == 0 {
                return Some(Json::Text("…".to_owned()));
            }
        }
    }

    /// A text. Quotes that somebody typed stand in it where a program did not mark them: one that nothing follows which may
    /// follow a text is such a one.
    fn text(&mut self, ends: impl Fn(&str) -> bool) -> Option<String> {
        if !self.passes('"') {
            return None;
        }
        let mut text = String::new();
        loop {
            text.push_str(self.run(|c| c != '"' && c != '\\'));
            if self.next()? == '"' {
                if ends(self.rest) {
                    return Some(text);
                }
                self.is_doubtful = true;
                text.push('"');
                continue;
            }
            match self.next()? {
                sign @ ('"' | '\\' | '/' | '\'') => text.push(sign),
                'b' => text.push('\u{8}'),
                'f' => text.push('\u{c}'),
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                'u' => text.push(self.character()),
                // A backslash that somebody typed.
                sign => text.extend(['\\', sign]),
            }
        }
    }

    /// The character behind `\u`.
    fn character(&mut self) -> char {
        let Some(first) = self.unit() else { return LOST };
        let pair = match first {
            0xd800..=0xdbff => {
                let before = self.rest;
                let second = if self.passes('\\') && self.passes('u') { self.unit() } else { None };
                let second = second.filter(|second| (0xdc00..=0xdfff).contains(second));
                if second.is_none() {
                    self.rest = before;
                }
                second.into_iter().fold(vec![first], |mut pair, second| {
                    pair.push(second);
                    pair
                })
            }
            _ => vec![first],
        };
        char::decode_utf16(pair).next().and_then(Result::ok).unwrap_or(LOST)
    }

    /// Four hexadecimal digits. Fewer are passed over.
    fn unit(&mut self) -> Option<u16> {
        let digits = self.rest.chars().take(4).take_while(char::is_ascii_hexdigit).count();
        let (unit, rest) = self.rest.split_at_checked(digits)?;
        self.rest = rest;
        u16::from_str_radix(unit, 16).ok().filter(|_| digits == 4)
    }

    /// A number, and the words that stand without quotes. What is no number (`NaN`, `007`) is kept as it was written.
    fn word(&mut self) -> Option<Json> {
        let word = self.run(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        match word.to_ascii_lowercase().as_str() {
            "true" => Some(Json::Bool(true)),
            "false" => Some(Json::Bool(false)),
            "null" | "none" | "nil" | "undefined" => Some(Json::Null),
            "nan" | "infinity" | "-infinity" | "+infinity" | "inf" | "-inf" | "yes" | "no" => {
                Some(Json::Text(word.to_owned()))
            }
            _ => Self::number(word),
        }
    }

    fn number(word: &str) -> Option<Json> {
        let is_digits =
            || word.contains(|c: char| c.is_ascii_digit()) && !word.contains(|c: char| c.is_ascii_alphabetic());
        match word {
            number if serde_json::from_str::<&RawValue>(number).is_ok() => Some(Json::Number(number.to_owned())),
            digits if is_digits() => Some(Json::Text(digits.to_owned())),
            _ => None,
        }
    }
}

/// What stands behind spaces and comments. A comment without its end is none.
fn behind_blank(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\0'));
        let behind = if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/")
        } else if let Some(comment) = rest.strip_prefix("//") {
            comment.split_once('\n')
        } else {
            None
        };
        let Some((_, behind)) = behind else { return rest };
        rest = behind;
    }
}

/// Whether what follows may follow a name.
fn ends_name(rest: &str) -> bool {
    behind_blank(rest).starts_with(':')
}

/// Whether what follows may follow a value: an end, or a comma with something behind it that JSON knows.
fn ends_value(rest: &str) -> bool {
    let rest = behind_blank(rest);
    let Some(behind) = rest.strip_prefix(',') else { return rest.is_empty() || rest.starts_with(['}', ']']) };
    let behind = behind_blank(behind);
    let is_word = ["true", "false", "null"].iter().any(|word| behind.starts_with(word));
    is_word || behind.is_empty() || behind.starts_with(|c: char| c.is_ascii_digit() || "\"{[}],-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plainly_meant_is_read() {
        for (given, expected) in [
            (r#"{"a": "it\'s"}"#, r#"{"a":"it's"}"#),
            (r#"{"a": "\o/ C:\Users"}"#, r#"{"a":"\\o/ C:\\Users"}"#),
            (r#"{"a": "x\u12"}"#, "{\"a\":\"x\u{fffd}\"}"),
            (r#"{"a": "x\uZZ"}"#, "{\"a\":\"x\u{fffd}ZZ\"}"),
            (r#"{"a": "\ud83d\ude42\ud83d\u0041"}"#, "{\"a\":\"\u{1f642}\u{fffd}A\"}"),
            (r#"{"a": "\ud83d\uZ"}"#, "{\"a\":\"\u{fffd}\u{fffd}Z\"}"),
            (r#"{"a": [1, 2,], "b": {},}"#, r#"{"a":[1,2],"b":{}}"#),
            (r#"{,"a": 1,,"b": 2}"#, r#"{"a":1,"b":2}"#),
            (
                r#"{"a": NaN, "b": -Infinity, "c": undefined, "d": True}"#,
                r#"{"a":"NaN","b":"-Infinity","c":null,"d":true}"#,
            ),
            (
                r#"{"a": 007, "b": .5, "c": 1e999, "d": -0.1, "e": 1.2.3}"#,
                r#"{"a":"007","b":".5","c":1e999,"d":-0.1,"e":"1.2.3"}"#,
            ),
            ("\u{feff}\u{feff} {\"a\": 1}\0\0\n\u{a0}", r#"{"a":1}"#),
            (r#"{"a": TRUE, "b": NULL, "c": Yes};"#, r#"{"a":true,"b":null,"c":"Yes"}"#),
            (
                "/* x */{ // one\n\"a\" /* {} */ : \"x\" // two\n, /*,*/ \"b\": 2 /**/ } // three\n",
                r#"{"a":"x","b":2}"#,
            ),
            (r#"{"a": "http://x/*", "b": "*/",}"#, r#"{"a":"http://x/*","b":"*/"}"#),
            ("{\"a\": 1}\n{\"a\": 1};", r#"{"a":1}"#),
            ("{\"a\": \"one\ntwo\u{7}\"}", r#"{"a":"one\ntwo\u0007"}"#),
        ] {
            let read = read(given, 1_000).map(|(json, is_doubtful)| (json.to_text(), is_doubtful));
            assert_eq!(read, Some((expected.to_owned(), false)), "{given}");
        }
        for (given, expected) in [
            (r#"{"a": "he said "no" to me", "b": [true]}"#, r#"{"a":"he said \"no\" to me","b":[true]}"#),
            (r#"{"a": "he said "no", then left", "b": "x"}"#, r#"{"a":"he said \"no\", then left","b":"x"}"#),
            (r#"{"a": ["x "y" z", true], "b": 1}"#, r#"{"a":["x \"y\" z",true],"b":1}"#),
        ] {
            let read = read(given, 1_000).map(|(json, is_doubtful)| (json.to_text(), is_doubtful));
            assert_eq!(read, Some((expected.to_owned(), true)), "{given}");
        }
    }

    #[test]
    fn what_is_no_json_is_none() {
        for given in [
            "",
            " ",
            "{",
            "nothing",
            "NaN",
            "[1]",
            "\"a\"",
            "{'a': 1}",
            "{a: 1}",
            "{\"a\":}",
            "{\"a\": 1 \"b\": 2}",
            "{\"a\" 1}",
            "{} {\"a\": 1}",
            "{\"a\": 1} {\"a\": 1} x",
            "{\"a\": 1 /* b }",
            "{\"a\": 1} // b",
            "{\"a\": \"x",
            "{\"a\": \"x\\\"}",
            "{\"a\": [1}",
            "{\"a\": maybe}",
            "{\"a\": 1}}",
            "{\"a\": -}",
        ] {
            assert!(read(given, 1_000).is_none(), "{given}");
        }
    }

    #[test]
    fn depth_takes_no_room() {
        let deep =
            |open: &str, close: &str| format!("{{\"a\":{}1{},\"b\":2}}", open.repeat(100_000), close.repeat(100_000));
        for text in [deep("[", "]"), deep("{\"x\":", "}"), deep("[\"]\",", "]")] {
            let read = read(&text, 1_000).map(|(json, _)| json.to_text()).unwrap();
            assert!(read.contains('…') && read.ends_with("\"b\":2}") && read.len() < 2_000, "{}", read.len());
        }
        assert!(
            read(&"{\"a\":".repeat(40_000), 1_000).is_none()
                && read(&format!("{{\"a\":{}", "[".repeat(100_000)), 1_000).is_none()
        );
    }

    #[test]
    fn more_values_than_are_wanted_are_none() {
        let list = |length: usize| format!("{{\"a\": [{}], }}", "1,".repeat(length));
        assert!(read(&list(98), 100).is_some() && read(&list(99), 100).is_none());
    }
}
