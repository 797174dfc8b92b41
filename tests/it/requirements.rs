//! docs/security-requirements.md names each requirement of OWASP ASVS 5.0.0, Levels 1 and 2, once, and what it says of
//! each is there: tests, code, pages; and what is said not to be here is not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use recourse::domain::vault::Scope;

use crate::structure::{code, sources};

/// The requirements of each section: the digit at a place is the level of the requirement with that number.
const SECTIONS: [(&str, &str); 80] = [
    ("1.1", "22"),
    ("1.2", "1111122223"),
    ("1.3", "112222222223"),
    ("1.4", "222"),
    ("1.5", "123"),
    ("2.1", "122"),
    ("2.2", "112"),
    ("2.3", "12223"),
    ("2.4", "23"),
    ("3.1", "3"),
    ("3.2", "113"),
    ("3.3", "12223"),
    ("3.4", "11222233"),
    ("3.5", "11122333"),
    ("3.6", "3"),
    ("3.7", "22333"),
    ("4.1", "12233"),
    ("4.2", "23333"),
    ("4.3", "22"),
    ("4.4", "1222"),
    ("5.1", "2"),
    ("5.2", "112333"),
    ("5.3", "113"),
    ("5.4", "222"),
    ("6.1", "122"),
    ("6.2", "111111112222"),
    ("6.3", "11223333"),
    ("6.4", "112233"),
    ("6.5", "22222333"),
    ("6.6", "2223"),
    ("6.7", "33"),
    ("6.8", "2222"),
    ("7.1", "222"),
    ("7.2", "1111"),
    ("7.3", "22"),
    ("7.4", "11222"),
    ("7.5", "223"),
    ("7.6", "22"),
    ("8.1", "1233"),
    ("8.2", "1123"),
    ("8.3", "133"),
    ("8.4", "23"),
    ("9.1", "111"),
    ("9.2", "1222"),
    ("10.1", "22"),
    ("10.2", "223"),
    ("10.3", "22223"),
    ("10.4", "1111122222233333"),
    ("10.5", "22222"),
    ("10.6", "22"),
    ("10.7", "222"),
    ("11.1", "2233"),
    ("11.2", "22233"),
    ("11.3", "11233"),
    ("11.4", "1222"),
    ("11.5", "23"),
    ("11.6", "23"),
    ("11.7", "33"),
    ("12.1", "12233"),
    ("12.2", "11"),
    ("12.3", "22223"),
    ("13.1", "2333"),
    ("13.2", "222223"),
    ("13.3", "2233"),
    ("13.4", "1222233"),
    ("14.1", "22"),
    ("14.2", "12223333"),
    ("14.3", "122"),
    ("15.1", "12233"),
    ("15.2", "12233"),
    ("15.3", "1222222"),
    ("15.4", "3333"),
    ("16.1", "2"),
    ("16.2", "22222"),
    ("16.3", "2222"),
    ("16.4", "222"),
    ("16.5", "2223"),
    ("17.1", "23"),
    ("17.2", "22223333"),
    ("17.3", "22"),
];

/// What is not here, and what would stand in the sources, the templates or the lock file if it were.
const NOT_HERE: [(&str, &[&str]); 19] = [
    ("files", &["name = \"actix-multipart\"", "multipart/form-data"]),
    ("XML", &["name = \"quick-xml\"", "name = \"xml-rs\"", "name = \"roxmltree\"", "name = \"libxml\""]),
    ("XPath", &["name = \"sxd-xpath\"", "name = \"xee-xpath\""]),
    ("LDAP", &["name = \"ldap3\""]),
    ("LaTeX", &["pdflatex", "name = \"tectonic\""]),
    ("patterns from input", &["Regex::new", "RegexBuilder"]),
    ("HTML or markup from input", &["name = \"ammonia\"", "name = \"pulldown-cmark\"", "name = \"comrak\""]),
    ("pictures from input", &["name = \"image\"", "name = \"resvg\"", "name = \"usvg\""]),
    ("JNDI", &["jndi:", "InitialContext"]),
    ("memcache", &["name = \"memcache\"", "memcached"]),
    ("GraphQL", &["name = \"async-graphql\"", "name = \"juniper\""]),
    ("WebSocket", &["name = \"actix-ws\"", "name = \"tungstenite\"", "name = \"actix-web-actors\""]),
    ("WebRTC", &["name = \"webrtc\"", "name = \"str0m\""]),
    ("codes by telephone, mail or list", &["recovery_code", "RecoveryCode", "sms_code"]),
    ("other identity providers", &["name = \"openidconnect\"", "name = \"samael\"", "name = \"oauth2\""]),
    ("grants of users", &["\"authorization_code\"", "\"refresh_token\"", "code_challenge"]),
    ("keys from passwords", &["hash_password_into", "pbkdf2", "scrypt"]),
    ("TLS of our own", &["bind_rustls", "listen_rustls", "ServerConfig::builder", "WebPkiClientVerifier"]),
    ("services of our own that call each other", &["name = \"tonic\"", "name = \"lapin\"", "name = \"redis\""]),
];

struct Row {
    number: &'static str,
    level: &'static str,
    words: &'static str,
    state: &'static str,
    why: &'static str,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text_of(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn page() -> &'static str {
    static PAGE: LazyLock<String> = LazyLock::new(|| text_of("docs/security-requirements.md"));
    &PAGE
}

fn cells(line: &'static str) -> Vec<&'static str> {
    line.trim().trim_matches('|').split(" | ").map(str::trim).collect()
}

/// The table, row by row.
fn rows() -> Vec<Row> {
    let lines = page().lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit());
    let row = |line: &'static str| {
        let cells = cells(line);
        let [number, level, words, state, why] = cells[..] else { panic!("no five cells: {line}") };
        Row { number, level, words, state, why }
    };
    lines.map(row).collect()
}

/// The first cells of the table below a heading.
fn listed(heading: &str) -> BTreeSet<&'static str> {
    let (_, section) = page().split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let lines = section.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with('|')).skip(2);
    lines.map(|line| cells(line)[0]).collect()
}

/// The number and level of each requirement of Levels 1 and 2.
fn known() -> BTreeMap<String, char> {
    let mut all = BTreeMap::new();
    for (section, levels) in SECTIONS {
        for (at, level) in levels.chars().enumerate().filter(|(_, level)| *level != '3') {
            all.insert(format!("{section}.{}", at + 1), level);
        }
    }
    all
}

/// What stands between backquotes.
fn named(text: &'static str) -> Vec<&'static str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Whether a file of Rust makes something of this name.
fn makes(text: &str, item: &str) -> bool {
    let kinds = ["fn", "const", "static", "struct", "enum", "trait", "type"];
    kinds.iter().any(|kind| {
        let start = format!("{kind} {item}");
        text.match_indices(&start).any(|(at, _)| {
            let after = text[at + start.len()..].chars().next();
            after.is_none_or(|c| !c.is_alphanumeric() && c != '_')
        })
    })
}

/// What is wrong with a place that the page names; nothing when it is there.
fn missing(place: &str) -> Option<String> {
    if let Some((path, item)) = place.split_once(": ") {
        let Ok(text) = fs::read_to_string(root().join(path)) else { return Some(format!("no file {path}")) };
        let there = match Path::new(path).extension().and_then(|ending| ending.to_str()) {
            Some("rs") => makes(&text, item),
            Some("md") => text.lines().any(|line| line.starts_with('#') && line.trim_start_matches('#').trim() == item),
            _ => text.contains(item),
        };
        return (!there).then(|| format!("no {item} in {path}"));
    }
    let Some((module, name)) = place.split_once("::") else { return Some(format!("what is {place}?")) };
    let main = text_of("tests/it/main.rs");
    let Ok(text) = fs::read_to_string(root().join(format!("tests/it/{module}.rs"))) else {
        return Some(format!("no module {module}"));
    };
    let is_test = text.match_indices("#[test]").any(|(at, _)| {
        let next = text[at..].split_once("fn ").map_or("", |(_, rest)| rest);
        next.split(['(', '<']).next() == Some(name)
    });
    let runs = main.contains(&format!("\nmod {module};\n"));
    (!is_test || !runs).then(|| format!("no test {name} in {module}"))
}

#[test]
fn each_requirement_stands_there_once_with_its_level() {
    let known = known();
    let count = |level| known.values().filter(|one| **one == level).count();
    assert_eq!((count('1'), count('2')), (70, 183));
    let mut seen = BTreeSet::new();
    for Row { number, level, words, .. } in rows() {
        assert!(seen.insert(number), "{number} stands there twice");
        assert_eq!(known.get(number).map(ToString::to_string).as_deref(), Some(level), "{number}");
        assert!((3..=120).contains(&words.len()), "{number}: a few words: {words}");
    }
    let missing: Vec<_> = known.keys().filter(|number| !seen.contains(number.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_counts_of_the_head_are_those_of_the_table() {
    let mut counts = BTreeMap::from([("met", 0), ("not met", 0), ("not applicable", 0)]);
    for row in rows() {
        *counts.get_mut(row.state).unwrap_or_else(|| panic!("{}: what is {}?", row.number, row.state)) += 1;
    }
    let head = format!(
        "**{} met, {} not met, {} not applicable.**",
        counts["met"], counts["not met"], counts["not applicable"]
    );
    assert!(page().contains(&head), "the head should say {head}");
    assert!(counts["met"] >= 140 && counts["not applicable"] <= 91, "{head}");
}

#[test]
fn whatever_is_met_names_what_shows_it_and_that_is_there() {
    let mut wrong = Vec::new();
    for row in rows().iter().filter(|row| row.state == "met") {
        let places = named(row.why);
        if places.is_empty() {
            wrong.push(format!("{}: nothing is named", row.number));
        }
        wrong.extend(places.into_iter().filter_map(missing).map(|what| format!("{}: {what}", row.number)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The look finds what is not there.
    for nowhere in
        ["on_the_wire::nobody", "nowhere::nobody", "src/app.rs: Nobody", "docs/access.md: Nothing", "src/nobody.rs: x"]
    {
        assert!(missing(nowhere).is_some(), "{nowhere}");
    }
}

#[test]
fn whatever_is_not_met_says_when_and_whatever_does_not_apply_says_why() {
    let (coming, absent) = (listed("When"), listed("What is not here"));
    let mut named_here = BTreeSet::new();
    for Row { number, state, why, .. } in rows() {
        let list = match state {
            "not met" => &coming,
            "not applicable" => &absent,
            _ => continue,
        };
        let word = why.split(['.', ':', ';']).next().unwrap_or_default();
        assert!(list.contains(word), "{number}: {word:?} is none of {list:?}");
        named_here.insert(word);
    }
    let idle: Vec<_> = coming.union(&absent).filter(|word| !named_here.contains(**word)).collect();
    assert!(idle.is_empty(), "nothing hangs on {idle:?}");
}

/// When one of these comes, what does not apply today has to be judged.
#[test]
fn what_is_said_not_to_be_here_is_not() {
    let mut texts = sources();
    texts.push(("Cargo.lock".to_owned(), text_of("Cargo.lock")));
    let mut folders = vec![root().join("templates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                texts.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert_eq!(listed("What is not here"), NOT_HERE.iter().map(|(what, _)| *what).collect());
    for (what, signs) in NOT_HERE {
        for (path, text) in texts.iter().filter(|(path, _)| !path.ends_with("tests.rs")) {
            let found = signs.iter().find(|sign| code(text).any(|line| line.contains(**sign)));
            assert!(found.is_none(), "{what} came with {path} ({found:?}): judge its rows anew");
        }
    }
}

#[test]
fn no_other_program_is_run() {
    for (path, text) in sources() {
        let runs = ["process::Command", "Command::new", "libc::system", "libc::exec"];
        assert!(code(&text).all(|line| !runs.iter().any(|call| line.contains(call))), "{path}");
    }
}

#[test]
fn the_inventory_names_every_place_that_uses_cryptography_and_every_purpose_of_a_key() {
    let inventory = text_of("docs/cryptography.md");
    let crates = [
        "sha2::",
        "hmac::",
        "hkdf::",
        "chacha20poly1305::",
        "ed25519_dalek",
        "argon2::",
        "jsonwebtoken::",
        "totp_rs",
        "getrandom::",
        "subtle::",
        "rustls",
        "aws_lc",
    ];
    let mut purposes = 0;
    for (path, text) in sources() {
        let text: String = code(&text).collect::<Vec<_>>().join("\n");
        if crates.iter().any(|name| text.contains(name)) {
            assert!(inventory.contains(&format!("`src/{path}`")), "docs/cryptography.md does not name src/{path}");
        }
        // What says of an operation that it takes a key is no hash.
        for call in text.split("keyed(").skip(1).filter(|call| !call.starts_with(')')) {
            let Some(purpose) = call.split([';', '{']).next().unwrap().split('"').nth(1) else { continue };
            assert!(
                inventory.contains(&format!("`{purpose}`")),
                "docs/cryptography.md does not name {purpose} of {path}"
            );
            purposes += 1;
        }
    }
    assert!(purposes >= 5, "the look finds purposes: {purposes}");
    let levels = text_of("docs/data.md");
    for scope in Scope::ALL {
        assert!(levels.contains(&format!("`{}`", scope.as_str())), "docs/data.md does not name {}", scope.as_str());
    }
}
