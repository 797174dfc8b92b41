//! Every way a rule file can be wrong gives p1 and a message that helps; nothing stops a report from being taken.

use super::yes;
use crate::domain::triage::engine::guarded;
use crate::domain::triage::{Engine, Facts, Priority, Rules};

const BUILTIN: &str = include_str!("../tsp-1.toml");

/// What is replaced, by what, and what the message must say.
const BREAKS: &[(&str, &str, &str)] = &[
    ("[[floor]]\ncode = \"O02\"", "[[floor]\ncode = \"O02\"", "unclosed array table"),
    ("when.any_yes = [\"weapon\"]", "when.any_yes = [\"wepon\"]", "floor O04b: `wepon` is not an answer key"),
    ("any_category = [\"trafficking\"]", "any_category = [\"traffic\"]", "floor O14: `traffic` is not a category"),
    ("any_group = [\"stalking\",", "any_group = [\"stalkers\",", "floor O18: `stalkers` is not a group"),
    ("none_fired = [\"O18\"]", "none_fired = [\"O99\"]", "floor O18b: `O99` is not a floor above this row"),
    ("none_fired = [\"O18\"]", "none_fired = [\"O24\"]", "`O24` is not a floor above this row"),
    ("code = \"O02b\"\nfloor = \"p1\"", "code = \"O02b\"\nfloor = \"p7\"", "floor O02b: `p7` is not a floor"),
    ("code = \"O02b\"", "code = \"O02\"", "floor O02: another row already has this code"),
    ("code = \"O11b\"", "code = \" \"", "code and text may not be empty"),
    ("when.any_yes = [\"weapon\"]", "", "floor O04b: it has no `when`"),
    ("when.any_yes = [\"weapon\"]", "when.any_yes = []", "floor O04b: a list is empty"),
    ("when.any_yes = [\"weapon\"]", "when.any_of = []", "floor O04b: a condition is empty"),
    ("when.any_yes = [\"weapon\"]", "when.any_of = [{}]", "floor O04b: a condition is empty"),
    ("when.any_yes = [\"weapon\"]", "when.anyone = [\"weapon\"]", "unknown field `anyone`"),
    ("when.any_yes = [\"weapon\"]", "when.child = false", "floor O04b: `child = false`"),
    ("when.signal = \"contact_lost\"", "when.signal = \"lost\"", "unknown variant `lost`"),
    (
        "when.signal = \"unreadable\"",
        "when.signal = \"contact_lost\"",
        "no row of p1 has `when.signal = \"unreadable\"`",
    ),
    ("code = \"O27\"\nfloor = \"p1\"", "code = \"O27\"\nfloor = \"p2\"", "add one like O27 of TSP-1"),
    ("\nby_person = true", "\nby_person = false", "floor O19: floor = \"any\" and by_person = true go together"),
    ("code = \"O18b\"\nfloor = \"p2\"", "code = \"O18b\"\nfloor = \"p0\"", "floor O18b: none_fired names O18"),
    ("when.signal = \"mirror_reports\"", "when.any_fired = [\"O18b\"]", "floor O21: any_fired names O18b"),
    ("key = \"within_forensic_window\"", "key = \"window\"", "floor O08b: `window` is not an answer key"),
    ("is = [\"yes\", \"unknown\"]", "is = []", "floor O08b: a note needs the answers"),
    ("repeated = 1", "repeat = 1", "points.pattern: `repeat` is not an answer key"),
    ("repeated = 1", "repeated = -1", "expected u32"),
    ("repeated = 1", "repeated = 0", "points.pattern: `repeated` must weigh from 1 to 1000"),
    ("gifts_or_deliveries = 1", "repeated = 1", "`repeated` has points in two groups"),
    ("p3 = 2\n", "", "missing field `p3`"),
    ("p3 = 2\n", "p3 = 6\n", "[bands]: p1 must need more points"),
    ("[bands]\n", "[bands]\np0 = 30\n", "unknown field `p0`"),
    ("first_contact = \"48 h\"", "first_contact = \"2 weeks\"", "`2 weeks` is not a duration"),
    ("first_contact = \"48 h\"", "first_contact = \"0 h\"", "`0 h` is not a duration"),
    ("first_contact = \"48 h\"", "", "missing field `first_contact`"),
    ("fraud = \"72 h\"\n", "", "[promise]: the group `fraud` is missing"),
    ("fraud = \"fraud\"\n", "", "[queues.groups]: the group `fraud` is missing"),
    ("fraud = \"fraud\"\n", "fraud = \"scams\"\n", "unknown variant `scams`"),
    ("\"36 h\", \"44 h\"", "\"44 h\", \"36 h\"", "the alarms must rise"),
    ("span = \"48 h\"", "span = \"40 h\"", "[intimate_image_clock]"),
    ("format = 1", "format = 2", "it says format 2, but this program reads format 1"),
    ("version = \"TSP-1\"", "version = \"\"", "version and purpose may not be empty"),
    ("version = \"TSP-1\"", "version = \"TSP-1\"\nauthor = \"me\"", "unknown field `author`"),
];

#[test]
fn a_broken_file_gives_p1_and_says_what_to_do() {
    for (from, to, message) in BREAKS {
        assert!(BUILTIN.contains(from), "nothing to break: {from}");
        let engine = Engine::from_rules_text(Some(&BUILTIN.replacen(from, to, 1)));
        let reason = engine.failure().unwrap_or_else(|| panic!("accepted: {from} -> {to}"));
        assert!(reason.contains(message), "{to}: {reason}");
        let found = engine.assess(&Facts::default());
        assert_eq!((found.priority, found.ruleset.as_str()), (Priority::P1, "none"));
        assert!(found.floors.is_empty() && found.failure.as_deref() == Some(reason));
        assert_eq!(engine.rules().version(), "TSP-1", "clocks and queues come from the built-in rules");
    }
}

#[test]
fn an_empty_file_is_broken_too() {
    for text in ["", "floor = []", "\u{0}"] {
        assert!(Engine::from_rules_text(Some(text)).failure().is_some());
    }
}

#[test]
fn a_message_names_the_line() {
    let wrong = BUILTIN.replacen("any_yes = [\"weapon\"]", "any_yes = [\"wepon\"]", 1);
    let line = wrong.lines().position(|line| line.contains("wepon")).unwrap() + 1;
    let error = Rules::parse(&wrong).unwrap_err().to_string();
    assert!(error.contains(&format!("line {line}, floor O04b")), "{error}");
}

#[test]
fn the_builtin_file_is_whole() {
    assert!(Rules::parse(BUILTIN).is_ok());
    let engine = Engine::from_rules_text(None);
    assert_eq!((engine.failure(), engine.rules().version()), (None, "TSP-1"));
    assert!(engine.rules().purpose().contains("not a validated risk assessment"));
}

#[test]
fn an_operators_file_is_used() {
    let own = BUILTIN.replacen("version = \"TSP-1\"", "version = \"TSP-1-north\"", 1);
    let own = own.replacen("code = \"O11b\"\nfloor = \"p1\"", "code = \"O11b\"\nfloor = \"p0\"", 1);
    let found = Engine::from_rules_text(Some(&own)).assess(&yes(&["harassment"], &["very_frightened"]));
    assert_eq!((found.ruleset.as_str(), found.priority), ("TSP-1-north", Priority::P0));
}

/// A p0 row that leans on another row: the other row's keys can be critical too.
#[test]
fn critical_unknowns_follow_rows_that_lean_on_rows() {
    let own = "[[floor]]\ncode = \"X1\"\nfloor = \"p0\"\nwhen.all_yes = [\"crypto\"]\nwhen.any_fired = [\"O16\"]\ntext = \"x\"\n";
    let engine =
        Engine::from_rules_text(Some(&BUILTIN.replacen("[points.pattern]", &format!("{own}[points.pattern]"), 1)));
    assert_eq!(engine.failure(), None);
    let critical = |keys: &[&str], key: &str| {
        engine.assess(&yes(&["phishing"], keys)).critical_unknowns.iter().any(|critical| critical == key)
    };
    assert!(critical(&["crypto"], "money_moving_now"));
    assert!(critical(&["money_moving_now"], "crypto"));
    assert!(!critical(&[], "crypto") && !critical(&[], "money_moving_now"));
    assert!(!critical(&["crypto", "money_moving_now"], "remote_access_to_device"), "X1 fires already");
}

#[test]
fn a_panic_gives_p1_and_repeats_nothing() {
    let found = guarded(&|| panic!("what a person wrote"));
    assert_eq!((found.priority, found.ruleset.as_str()), (Priority::P1, "none"));
    assert!(!found.failure.unwrap().contains("wrote"));
}
