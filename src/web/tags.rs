//! Entity tags, as callers send back the version that they saw (RFC 9110, 8.8.3 and 13.1). A proxy that packs answers
//! changes the tag on its way: nginx makes it weak, Apache and others add the name of the coding. It is ours all the
//! same, because a version says what was seen, in whichever form.

use actix_web::http::header::{HeaderMap, HeaderName};

/// What stands behind a tag, after one of [`JOINTS`], where the answer was packed.
const CODINGS: [&str; 5] = ["gzip", "br", "zstd", "deflate", "x-gzip"];
const JOINTS: [char; 3] = ['-', ';', ':'];

/// The tags of an `If-Match` or `If-None-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tags {
    /// No such header, or an empty one.
    Absent,
    /// `*`: whichever there is.
    Any,
    /// One of these, without quotes and without the mark of weak ones.
    These(Vec<String>),
}

impl Tags {
    /// Reads a header, which may stand on several lines. What is no tag is left out.
    pub(super) fn of(headers: &HeaderMap, name: HeaderName) -> Self {
        let lines: Vec<&str> = headers.get_all(name).map(|value| value.to_str().unwrap_or("?")).collect();
        let text = lines.join(",");
        match text.trim_matches([' ', ',', '\t']) {
            "" => Self::Absent,
            "*" => Self::Any,
            text => Self::These(read(text)),
        }
    }

    /// The versions that they name.
    pub(super) fn versions(&self) -> Vec<i64> {
        let Self::These(all) = self else { return Vec::new() };
        let version = |given: &String| {
            let end = given.find(|c: char| !c.is_ascii_digit()).unwrap_or(given.len());
            let version: i64 = given.get(..end)?.parse().ok()?;
            is(given, &version.to_string()).then_some(version)
        };
        all.iter().filter_map(version).collect()
    }

    /// Whether one of them is `tag`, weak or strong, packed or not.
    pub(super) fn name(&self, tag: &str) -> bool {
        let Self::These(all) = self else { return false };
        all.iter().any(|given| is(given, tag))
    }
}

/// Whether `given` is `tag`, packed or not.
fn is(given: &str, tag: &str) -> bool {
    given.strip_prefix(tag).is_some_and(|rest| {
        let coding = rest.trim_start_matches(JOINTS);
        rest.is_empty() || (coding.len() < rest.len() && CODINGS.contains(&coding))
    })
}

/// The tags of a list. Commas within quotes belong to a tag; some callers leave the quotes out.
fn read(mut text: &str) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        text = text.trim_start_matches([' ', ',', '\t']);
        let rest = text.strip_prefix("W/").or_else(|| text.strip_prefix("w/")).unwrap_or(text);
        let (tag, after) = match rest.strip_prefix('"') {
            Some(rest) => rest.split_once('"').unwrap_or(("", "")),
            None => rest.split_once(',').unwrap_or((rest, "")),
        };
        if rest.is_empty() {
            return all;
        }
        if !tag.trim().is_empty() {
            all.push(tag.trim().to_owned());
        }
        text = after;
    }
}

/// The strong entity tag of a version.
pub(super) fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderValue, IF_MATCH};

    use super::Tags;

    fn tags(lines: &[&'static str]) -> Tags {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, HeaderValue::from_static(line));
        }
        Tags::of(&headers, IF_MATCH)
    }

    #[test]
    fn a_tag_is_known_in_every_form_that_proxies_give_it() {
        let same = [
            "\"7\"",
            "W/\"7\"",
            "w/\"7\"",
            " \"7\" ",
            "\"7-gzip\"",
            "W/\"7-gzip\"",
            "\"7;gzip\"",
            "\"7--gzip\"",
            "\"7-br\"",
            "\"7:zstd\"",
            "\"6\", \"7\"",
            "\"6\",W/\"7\"",
            "\"a,b\", \"7\"",
            "7",
            "W/7",
            "\"\", \"7\"",
            "\"7\" , ,",
        ];
        for text in same {
            assert!(tags(&[text]).name("7"), "{text}");
        }
        assert!(tags(&["\"1\"", "W/\"7\""]).name("7"), "on two lines");
        let others = [
            "\"77\"",
            "\"17\"",
            "\"7-\"",
            "\"7gzip\"",
            "\"7-gzipped\"",
            "\"a,7\"",
            "\"7",
            "W/\"\"",
            "\"07\"",
            "*",
            "",
            "\"7 8\"",
            "\"*\"",
            "7-gzip-7",
        ];
        for text in others {
            assert!(!tags(&[text]).name("7"), "{text}");
        }
    }

    #[test]
    fn the_versions_are_those_that_tags_name() {
        let lines = ["W/\"7-gzip\", 12, \"07\", \"3x\"", "\"-4\", \"+5\", \"\", \"99999999999999999999\", \"8;br\""];
        assert_eq!(tags(&lines).versions(), [7, 12, 8]);
        assert!(tags(&["*"]).versions().is_empty());
        assert!(tags(&[]).versions().is_empty());
    }

    #[test]
    fn a_star_is_any_and_nothing_is_nothing() {
        for (lines, kind) in
            [(&["*"][..], Tags::Any), (&[" * ,"], Tags::Any), (&[], Tags::Absent), (&["", " ,"], Tags::Absent)]
        {
            assert_eq!(tags(lines), kind, "{lines:?}");
        }
    }
}
