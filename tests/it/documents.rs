//! What documents list by hand is what stands in the code.

use std::path::Path;

use recourse::domain::case::clocks::ClockKind;

/// The places that a section of docs/changing.md counts.
fn places(title: &str) -> Vec<&'static str> {
    let text = include_str!("../../docs/changing.md");
    let (_, section) = text.split_once(&format!("## {title}\n")).unwrap_or_else(|| panic!("no section: {title}"));
    let section = section.split("\n## ").next().unwrap();
    section.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect()
}

#[test]
fn a_change_touches_few_places_and_each_of_them_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (title, most) in
        [("An act on a case", 4), ("An operation of the API", 2), ("A job", 3), ("An owner", 8), ("A kind of clock", 3)]
    {
        let places = places(title);
        assert!((1..=most).contains(&places.len()), "{title}: {places:?}");
        for place in places {
            let mut paths = place.split('`').skip(1).step_by(2).filter(|path| path.contains('/')).peekable();
            assert!(paths.peek().is_some(), "{title}: no file in {place}");
            for path in paths {
                assert!(root.join(path).exists(), "{title}: there is no {path}");
            }
        }
    }
}

#[test]
fn the_book_of_triage_says_what_meets_each_clock() {
    let (_, rows) = include_str!("../../docs/triage.md").split_once("| clock | is met by |").unwrap();
    let rows = rows.split("\n\n").next().unwrap();
    for kind in ClockKind::ALL {
        let code = format!("`{}`", kind.as_str());
        let named = rows.lines().any(|row| row.split('|').nth(1).is_some_and(|cell| cell.contains(&code)));
        assert!(named, "docs/triage.md does not say what meets {}", kind.as_str());
    }
}
