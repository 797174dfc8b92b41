//! The house as it is drawn: which room may use which, how large a file is, and what is written down of the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use recourse::domain::case::state;
use recourse::web::{openapi, problem};

/// What each room may import of ours. `strata` looks whether rooms stand in a circle.
const ARROWS: [(&str, &[&str]); 17] = [
    ("base", &["base"]),
    ("error", &[]),
    ("db", &["base", "error", "db"]),
    ("outbound", &["base", "error", "outbound"]),
    ("domain", &["base", "error", "db", "outbound", "domain"]),
    ("words", &["error", "words"]),
    ("pages", &["base", "pages"]),
    ("statistics", &["base", "error", "db", "domain", "pages", "statistics"]),
    ("config", &["base", "db", "outbound"]),
    ("web", &["base", "error", "config", "db", "domain", "statistics", "pages", "words", "app", "web"]),
    ("jobs", &["base", "error", "db", "outbound", "domain", "statistics", "app", "jobs"]),
    ("metrics", &["base", "domain"]),
    ("app", &["base", "error", "config", "db", "outbound", "domain", "statistics", "metrics", "app"]),
    ("demo", &["base", "error", "config", "db", "domain", "statistics", "app", "web", "jobs", "demo"]),
    ("telemetry", &["config"]),
    ("commands", &["commands"]),
    ("main", &["commands"]),
];

/// Every file below a folder, in the order of the paths.
fn below(root: &Path) -> Vec<PathBuf> {
    fn walk(dir: &Path, all: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, all) } else { all.push(path) }
        }
    }
    let mut all = Vec::new();
    walk(root, &mut all);
    all.sort();
    all
}

/// A source file: its path below `src`, and its text.
pub(crate) fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = below(&root);
    all.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    all.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// The lines of code: comments are no imports.
pub(crate) fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split("//").next().unwrap_or_default())
}

/// The rooms that a text names: `crate::room`, also in a list `crate::{room, …}` over several lines.
fn named(text: &str) -> BTreeSet<String> {
    let text = code(text).collect::<Vec<_>>().join(" ");
    let mut rooms = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        let words: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => {
                // Only the first word of each entry at the top of the list.
                let mut depth = 0_usize;
                let mut entries = vec![0];
                for (i, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => entries.push(i + 1),
                        _ => {}
                    }
                }
                entries.into_iter().map(|i| &list[i..]).collect()
            }
            None => vec![rest],
        };
        for word in words {
            let word = word.trim_start();
            let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(word.len());
            rooms.insert(word[..end].to_owned());
        }
    }
    rooms
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "use crate::db::Tx; // crate::web\nuse crate::{base::{id, page},\n  error::Error};\nfn f() { crate::app::open() }";
    assert_eq!(named(text).into_iter().collect::<Vec<_>>(), ["app", "base", "db", "error"]);
}

#[test]
fn nothing_is_printed_that_panics_when_nobody_reads_it() {
    for (name, text) in sources() {
        let printed = code(&text).find(|line| line.contains("print!(") || line.contains("println!("));
        assert_eq!(printed, None, "{name}: use base::output");
    }
}

#[test]
fn every_import_follows_the_arrows() {
    let rooms: BTreeSet<String> = sources().iter().map(|(name, _)| room(name)).filter(|room| room != "lib").collect();
    let drawn: BTreeSet<String> = ARROWS.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(rooms, drawn, "left: the rooms of src, right: the rooms of the plan");
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let mut wrong = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| name != "lib.rs") {
        let allowed = arrows[room(name).as_str()];
        for used in named(text).iter().filter(|used| rooms.contains(*used) && !allowed.contains(&used.as_str())) {
            wrong.push(format!("{name} uses {used}"));
        }
        if text.contains("crate::app") && !text.contains("crate::app::App") && !matches!(room(name).as_str(), "demo") {
            wrong.push(format!("{name} takes more of app than App"));
        }
        // The rooms of the library know nothing of the program around it.
        if !matches!(room(name).as_str(), "main" | "commands") && code(text).any(|line| line.contains("recourse::")) {
            wrong.push(format!("{name} uses the library as if it were outside"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn room(name: &str) -> String {
    name.split(['/', '.']).next().unwrap_or_default().to_owned()
}

/// The domain says which rule was broken, by its key; what is said of it stands in `words`.
#[test]
fn the_domain_has_codes_and_no_sentences() {
    let mut found = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| name.starts_with("domain/")) {
        let text = code(text).map(str::trim).collect::<Vec<_>>().join(" ");
        for call in ["Error::invalid(", ".require(", ".add(", "Refused::", "Conflict::", "Forbidden::"] {
            for rest in text.split(call).skip(1) {
                let said = rest.split(';').next().unwrap_or_default();
                if said.split('"').skip(1).step_by(2).any(|literal| literal.contains(' ')) {
                    found.push(format!("{name}: {call}{said}"));
                }
            }
        }
        // These alone repeat what somebody typed: an operator, at a command.
        if text.contains("Typed") {
            found.push(format!("{name}: Typed"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Colleagues come by the desk. What proves a session or gives a grant is visible in the domain alone, so that a handler
/// which does it by hand does not compile, and one file of `web` runs the desk for all surfaces.
#[test]
fn colleagues_come_by_the_desk_alone() {
    let all = sources();
    let inside = [
        ("domain/access/mod.rs", &["member", "reading", "keep_awake", "case", "two_cases", "check_sight", "queue"][..]),
        ("domain/casework/colleagues.rs", &["sign_out"]),
        ("domain/paging/walls.rs", &["note_turned_away"]),
        ("domain/people/staff/mod.rs", &["note_acting"]),
        ("domain/people/staff/sessions.rs", &["session_of", "touch", "end_session"]),
    ];
    for (name, functions) in inside {
        let text = &all.iter().find(|(file, _)| file == name).unwrap().1;
        for function in functions {
            let rest = |from: &str| [format!("{from}fn {function}("), format!("{from}fn {function}<")];
            assert!(rest("").iter().any(|form| text.contains(form)), "{name} has no {function}");
            assert!(!rest("\npub ").iter().any(|form| text.contains(form)), "{function} of {name} is for all to see");
        }
    }
    // Who enters without the desk: platforms and services, who have no session, and whoever has none yet.
    let ways = [".enter(", "domain::desk::{self", "Caller::Job", "Caller::Command"];
    let enters = |text: &str| code(text).any(|line| ways.iter().any(|way| line.contains(way)));
    let has_none = |name: &str| name.starts_with("web/platform/") || name.starts_with("web/partner/");
    let of_web = all.iter().filter(|(name, _)| name.starts_with("web/") && !has_none(name));
    let entering: Vec<&str> = of_web.filter(|(_, text)| enters(text)).map(|(name, _)| name.as_str()).collect();
    // People of services come by one file as well.
    assert_eq!(entering, ["web/desk.rs", "web/inbox/calls.rs", "web/sign_in.rs"]);
}

/// A template is filled by whoever shows it or signs it, and names nothing of ours but what its page was given.
#[test]
fn pages_are_filled_by_surfaces_and_editions_alone() {
    // Fields of forms are parts of pages, and have a template of their own.
    let may = ["web/", "statistics/editions/pages/", "demo/", "pages/fields.rs"];
    let fills = |text: &str| code(text).any(|line| line.contains("askama") || line.contains("<html"));
    let all = sources();
    let filling: Vec<&str> = all.iter().filter(|(_, text)| fills(text)).map(|(name, _)| name.as_str()).collect();
    assert!(filling.len() > 5, "{filling:?}");
    let wrong = filling.iter().filter(|name| !may.iter().any(|place| name.starts_with(place)));
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&&str>::new());
    let templates = below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"));
    assert!(templates.len() > 10, "{templates:?}");
    for template in templates {
        let reaches = named(&fs::read_to_string(&template).unwrap());
        assert!(reaches.is_empty(), "{}: {reaches:?}", template.display());
    }
}

#[test]
fn only_db_knows_which_database_it_is() {
    // Claims pass over locked rows on PostgreSQL (SKIP LOCKED), a case is read with the lock of its row, and SQLite has no such
    // words.
    let exceptions =
        [("domain/case/store.rs", 1), ("domain/casefile/queues/mod.rs", 4), ("domain/ledger/events.rs", 2)];
    let mut found = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| !name.starts_with("db/")) {
        let words = ["AnyConnection::", "diesel::pg", "diesel::sqlite", "PgConnection", "SqliteConnection"];
        let count: usize =
            code(text).map(|line| words.iter().map(|word| line.matches(word).count()).sum::<usize>()).sum();
        if count > 0 {
            found.push((name.clone(), count));
        }
    }
    assert_eq!(found, exceptions.map(|(name, count)| (name.to_owned(), count)));
}

#[test]
fn no_file_is_longer_than_one_can_keep_in_mind() {
    let long = sources().into_iter().filter(|(_, text)| text.lines().count() > 400).map(|(name, _)| name);
    assert_eq!(long.collect::<Vec<_>>(), Vec::<String>::new(), "files of more than 400 lines");
}

#[test]
fn the_states_of_a_case_are_as_written() {
    insta::assert_snapshot!(state::grid());
    let drawn =
        include_str!("../../ARCHITECTURE.md").split("```mermaid\n").nth(1).and_then(|rest| rest.split("\n```").next());
    assert_eq!(drawn, Some(state::diagram().as_str()), "ARCHITECTURE.md draws another table of states");
}

#[test]
fn the_api_document_is_the_one_in_the_repository() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/recourse.yaml");
    let written = fs::read_to_string(path).unwrap_or_default();
    let hint = "refresh it: cargo run -- openapi > openapi/recourse.yaml";
    assert!(written.trim_end() == openapi::yaml().unwrap().trim_end(), "openapi/recourse.yaml is out of date; {hint}");
}

#[test]
fn every_error_has_a_line_in_the_catalogue() {
    let web = sources().into_iter().find(|(name, _)| name == "web/problem.rs").unwrap().1;
    // The codes of the table are the only texts in it: `(status, "code")`.
    let table = web.split("fn of(").nth(1).unwrap().split("pub fn document").next().unwrap();
    let codes: BTreeSet<String> = table.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    let catalogue = problem::catalogue();
    let listed: BTreeSet<String> = catalogue
        .lines()
        .filter_map(|line| line.split('|').nth(2)?.trim().strip_prefix('`')?.strip_suffix('`').map(str::to_owned))
        .collect();
    assert!(codes.len() > 20, "{codes:?}");
    assert_eq!(codes, listed, "left: the table of problems, right: the catalogue");
}
