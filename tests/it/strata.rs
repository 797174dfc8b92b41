//! The strata of the domain, and that nothing in the house runs in a circle: both are read from the imports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::structure::{code, sources};

/// The rooms of the domain in the order of their strata: each may import those before it.
const STRATA: [&str; 19] = [
    "vault",
    "terms",
    "triage",
    "unit",
    "ledger",
    "people",
    "case",
    "access",
    "counting",
    "paging",
    "directory",
    "casework",
    "referrals",
    "intake",
    "casefile",
    "webhooks",
    "watch",
    "retention",
    "desk",
];

/// A source file: its path below `src`, and its text.
type File = (String, String);

/// The paths of ours that a text names, in `use` lines and within the code: `crate::domain::case::Case`.
fn paths(text: &str) -> Vec<String> {
    let text = code(text).collect::<Vec<_>>().join(" ");
    // Who may see an item is no import.
    let mut rest = String::new();
    for (at, piece) in text.split("pub(in ").enumerate() {
        rest.push_str(if at == 0 { piece } else { piece.split_once(')').map_or("", |(_, after)| after) });
    }
    let mut all = Vec::new();
    let mut inline = String::new();
    for (at, piece) in rest.split("use ").enumerate() {
        match piece.split_once(';') {
            Some((tree, after)) if at > 0 && !tree.contains('"') => {
                expand("", tree, &mut all);
                inline.push(' ');
                inline.push_str(after);
            }
            _ => inline.push_str(piece),
        }
    }
    for root in ["crate::", "super::", "self::"] {
        for (at, _) in inline.match_indices(root) {
            let before = inline[..at].chars().next_back();
            if before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':') {
                let end = inline[at..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
                all.push(inline[at..end.map_or(inline.len(), |end| at + end)].trim_end_matches(':').to_owned());
            }
        }
    }
    all
}

/// The single paths of what stands behind `use`: `a::{b, c::{self, d}}` names three.
fn expand(before: &str, tree: &str, all: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((root, list)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim().trim_end_matches("::self");
        all.push(format!("{before}{path}"));
        return;
    };
    let list = list.trim_end().trim_end_matches('}');
    let (mut depth, mut from) = (0_usize, 0);
    for (at, c) in list.char_indices().chain([(list.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 || at == list.len() => {
                if !list[from..at].trim().is_empty() {
                    expand(&format!("{before}{}", root.trim()), &list[from..at], all);
                }
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// The module that a file is, from the root of the library.
fn module(name: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = name.trim_end_matches(".rs").split('/').collect();
    if parts.last() == Some(&"mod") {
        parts.pop();
    }
    parts
}

/// A path as seen from the root of the library; nothing when it is none of ours.
fn resolve(file: &str, path: &str) -> Option<Vec<String>> {
    let mut parts = path.split("::").peekable();
    let mut base = match parts.next()? {
        "crate" => Vec::new(),
        "self" => module(file),
        "super" => {
            let mut base = module(file);
            base.pop();
            while parts.next_if_eq(&"super").is_some() {
                base.pop();
            }
            base
        }
        _ => return None,
    };
    base.extend(parts.filter(|part| *part != "*" && *part != "self"));
    Some(base.into_iter().map(str::to_owned).collect())
}

/// All that a file imports of ours, as seen from the root.
fn imports(file: &File) -> impl Iterator<Item = Vec<String>> {
    paths(&file.1).into_iter().filter_map(|path| resolve(&file.0, &path))
}

/// The place in the house where a file lies: its folder, or the file itself where it is a room of its own.
fn place(name: &str) -> String {
    let module = module(name);
    let alone = module.len() == 1 || (module.len() == 2 && module[0] == "domain");
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    if alone { module.join("/") } else { folder.to_owned() }
}

/// For each place of the house those that its files import, but for the folders around it and within it.
fn arrows(files: &[File]) -> BTreeMap<String, BTreeSet<String>> {
    let places: BTreeSet<String> = files.iter().map(|(name, _)| place(name)).collect();
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files.iter().filter(|(name, _)| name != "lib.rs") {
        let from = place(&file.0);
        for path in imports(file) {
            let to = (1..=path.len()).rev().map(|end| path[..end].join("/")).find(|place| places.contains(place));
            let is_within = |one: &str, other: &str| format!("{one}/").starts_with(&format!("{other}/"));
            if let Some(to) = to.filter(|to| !is_within(to, &from) && !is_within(&from, to)) {
                arrows.entry(from.clone()).or_default().insert(to);
            }
        }
    }
    arrows
}

/// Walks on from `at`, and says the way when it comes back to a place of it.
fn walk<'a>(
    arrows: &'a BTreeMap<String, BTreeSet<String>>,
    at: &'a str,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<String>> {
    if let Some(begin) = way.iter().position(|place| *place == at) {
        return Some(way[begin..].iter().chain([&at]).map(|place| (*place).to_owned()).collect());
    }
    if done.contains(at) {
        return None;
    }
    way.push(at);
    let found = arrows.get(at).into_iter().flatten().find_map(|to| walk(arrows, to, way, done));
    way.pop();
    done.insert(at);
    found
}

/// A way from a place back to itself.
fn circle(arrows: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    arrows.keys().find_map(|place| walk(arrows, place, &mut Vec::new(), &mut done))
}

/// For each room of the domain the other ones that it imports; with what imports one that stands above it, or no room
/// in particular.
fn strata(files: &[File]) -> (BTreeMap<&'static str, BTreeSet<&'static str>>, Vec<String>) {
    let mut drawn: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut wrong = Vec::new();
    let level = |room: &str| STRATA.iter().position(|known| *known == room);
    for file in files {
        let Some(own) = module(&file.0).get(1).filter(|_| file.0.starts_with("domain/")).and_then(|room| level(room))
        else {
            continue;
        };
        for path in imports(file).filter(|path| path.first().is_some_and(|room| room == "domain")) {
            let used = path.get(1).and_then(|room| level(room));
            match used {
                Some(used) if used == own => {}
                Some(used) if used < own => {
                    drawn.entry(STRATA[own]).or_default().insert(STRATA[used]);
                }
                _ => wrong.push(format!("{} uses {}", file.0, path.join("::"))),
            }
        }
    }
    (drawn, wrong)
}

/// Files of one surface that import another: each folder of `web` is one, but for the document, which knows all of them.
fn between_surfaces(files: &[File]) -> Vec<String> {
    let surface = |parts: &[&str]| {
        let is_surface = parts.len() > 1 && parts[0] == "web" && parts[1] != "openapi";
        is_surface.then(|| parts[1].to_owned())
    };
    let of_file = |name: &str| surface(&name.split('/').collect::<Vec<_>>()).filter(|name| !name.contains('.'));
    let surfaces: BTreeSet<String> = files.iter().filter_map(|(name, _)| of_file(name)).collect();
    let mut wrong = Vec::new();
    for file in files {
        let Some(own) = of_file(&file.0) else { continue };
        for path in imports(file) {
            let used = surface(&path.iter().map(String::as_str).collect::<Vec<_>>());
            if used.is_some_and(|used| surfaces.contains(&used) && used != own) {
                wrong.push(format!("{} uses {}", file.0, path.join("::")));
            }
        }
    }
    wrong
}

/// Each room of the domain with those that it uses, as `ARCHITECTURE.md` has it.
fn drawing() -> String {
    let (drawn, _) = strata(&sources());
    let row = |room: &&str| {
        let used = STRATA.iter().filter(|used| drawn.get(room).is_some_and(|of| of.contains(**used)));
        format!("{room:<9} → {}", used.copied().collect::<Vec<_>>().join(" "))
            .trim_end_matches(" → ")
            .trim_end()
            .to_owned()
    };
    STRATA.iter().map(row).collect::<Vec<_>>().join("\n")
}

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn no_room_of_the_domain_imports_one_that_stands_above_it() {
    let (_, wrong) = strata(&sources());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_strata_are_the_rooms_of_the_domain_in_its_own_order() {
    let listed = document("src/domain/mod.rs");
    let listed: Vec<&str> =
        listed.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(listed, STRATA);
}

#[test]
fn no_rooms_stand_in_a_circle() {
    let found = circle(&arrows(&sources()));
    assert_eq!(found, None, "each uses the next");
}

#[test]
fn no_surface_imports_another() {
    let wrong = between_surfaces(&sources());
    assert!(wrong.is_empty(), "what surfaces share lies in `web` itself: {wrong:#?}");
}

#[test]
fn the_rooms_are_drawn_as_they_are() {
    let (architecture, drawing) = (document("ARCHITECTURE.md"), drawing());
    assert!(architecture.contains(&format!("```\n{drawing}\n```\n")), "put this into ARCHITECTURE.md:\n\n{drawing}\n");
}

#[test]
fn the_arrows_are_drawn_alike_wherever_they_are() {
    let line = "main → commands → { web, jobs } → app → statistics → domain → { db, outbound } → base";
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md", "src/lib.rs"] {
        assert!(document(name).contains(line), "{name} draws other arrows than {line}");
    }
}

fn files(made_up: &[(&str, &str)]) -> Vec<File> {
    made_up.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn an_upward_import_is_found_in_every_form() {
    let text = "use super::events::KEPT; // use crate::domain::watch;\n\
                use crate::domain::{\n    casework::{self, rights::Ended},\n    vault::Keys as K,\n};\n\
                pub(in crate::domain) fn f() { crate::domain::intake::submit(); super::super::paging::call(\"use it;\") }";
    let (uses, wrong) =
        strata(&files(&[("domain/ledger/audit.rs", text), ("domain/unit.rs", "use super::triage::Engine;")]));
    let wrong: Vec<&str> = wrong.iter().filter_map(|line| line.strip_prefix("domain/ledger/audit.rs uses ")).collect();
    let above =
        ["domain::casework", "domain::casework::rights::Ended", "domain::intake::submit", "domain::paging::call"];
    assert_eq!(wrong, above);
    assert_eq!(uses["ledger"].iter().copied().collect::<Vec<_>>(), ["vault"]);
    assert_eq!(uses["unit"].iter().copied().collect::<Vec<_>>(), ["triage"]);
    let (_, whole) = strata(&files(&[("domain/case/mod.rs", "use crate::domain::*;")]));
    assert_eq!(whole, ["domain/case/mod.rs uses domain"]);
}

#[test]
fn a_circle_is_found_between_rooms_and_within_one() {
    let both = |one: &str, other: &str| {
        circle(&arrows(&files(&[
            ("domain/casework/acts/mod.rs", one),
            ("domain/casework/requests/mod.rs", other),
            ("domain/casework/decide.rs", "use super::acts; use super::requests;"),
            ("domain/casework/acts/view.rs", "use crate::domain::casework::decide::Closing;"),
        ])))
    };
    assert_eq!(both("use super::requests::NewRequest;", ""), None);
    let found = both("use super::requests::NewRequest;", "fn f() { crate::domain::casework::acts::propose() }");
    let way = ["domain/casework/acts", "domain/casework/requests", "domain/casework/acts"];
    assert_eq!(found, Some(way.map(str::to_owned).to_vec()));
    let rooms = files(&[("app.rs", "use crate::web::Public;"), ("web/gate.rs", "use crate::app::App;")]);
    assert_eq!(circle(&arrows(&rooms)), Some(["app", "web", "app"].map(str::to_owned).to_vec()));
}

#[test]
fn a_surface_that_imports_another_is_found() {
    let wrong = between_surfaces(&files(&[
        ("web/lists.rs", "use super::platform::List;"),
        ("web/platform/mod.rs", "use super::lists::List;"),
        ("web/triage/cases.rs", "use super::super::platform::List; use crate::web::body::Raw;"),
        ("web/openapi/mod.rs", "use crate::web::triage::cases;"),
        ("web/public/mod.rs", "fn f() { crate::web::triage::cases::list() }"),
    ]));
    let found = ["web/triage/cases.rs uses web::platform::List", "web/public/mod.rs uses web::triage::cases::list"];
    assert_eq!(wrong, found);
}

/// The head of a chain stands on the row of its owner, and is the ledger's own.
#[test]
fn every_statement_that_changes_a_case_or_a_report_stands_in_one_file() {
    for (table, home) in [("cases", "domain/case/store.rs"), ("reports", "domain/case/report.rs")] {
        let mut found = BTreeSet::new();
        for (name, text) in sources().into_iter().filter(|(name, _)| name != "domain/ledger/audit/heads.rs") {
            let text = code(&text).map(str::trim).collect::<Vec<_>>().join(" ");
            let alias = text.split(&format!("{table} as ")).nth(1).and_then(|rest| rest.split([',', ';', '}']).next());
            let text = text.replace(' ', "");
            let changes = |name: &str| {
                ["update(", "insert_into(", "delete("].iter().any(|call| text.contains(&format!("{call}{name}::table")))
            };
            if changes(table) || alias.is_some_and(changes) {
                found.insert(name);
            }
        }
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [home], "{table}");
    }
}
