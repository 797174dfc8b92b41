//! The tables of the contract beside the floors: clocks, promises, queues, notes, and what is shown.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use super::{codes, oracle, yes};
use crate::domain::terms::taxonomy::{CategoryCode, Group, KeyCode, taxonomy};
use crate::domain::terms::words::Answer;
use crate::domain::triage::{
    Declarations, Engine, Facts, Priority, Queue, Rules, Signal, intimate_image_clock_applies,
};

fn span(duration: Option<Duration>) -> String {
    duration.map_or_else(|| "-".to_owned(), |duration| format!("{}", duration.as_secs() / 60))
}

#[test]
fn clocks_in_minutes() {
    let mut table = String::new();
    for priority in Priority::ALL.iter().copied() {
        let s = Rules::builtin().clocks(priority);
        let row = [
            s.page_first,
            s.page_repeat,
            Some(s.human_review_staffed),
            Some(s.human_review_unstaffed),
            Some(s.first_contact),
            s.escalation_decision,
            Some(s.re_review),
        ];
        writeln!(table, "{} {}", priority.as_str(), row.map(span).join(" ")).unwrap();
    }
    let contract = "p0 2 5 15 15 30 30 1440\n\
                    p1 15 - 60 240 240 1440 4320\n\
                    p2 - - 1440 1440 2880 7200 10080\n\
                    p3 - - 4320 4320 7200 14400 20160\n\
                    p4 - - 10080 10080 10080 - 43200\n";
    assert_eq!(table, contract);
}

#[test]
fn the_promise_depends_on_the_group_alone_and_the_earlier_holds() {
    let rules = Rules::builtin();
    let long: Vec<_> =
        Group::ALL.iter().copied().filter(|group| rules.promise(*group) == Duration::from_hours(72)).collect();
    assert_eq!(long, [Group::Fraud, Group::Hate, Group::Other]);
    let short = Group::ALL.iter().copied().filter(|group| rules.promise(*group) == Duration::from_hours(24)).count();
    assert_eq!(short, 6);
    let review = |priority, group, staffed| rules.human_review(priority, group, staffed).as_secs() / 60;
    assert_eq!(review(Priority::P4, Group::Stalking, true), 24 * 60);
    assert_eq!(review(Priority::P4, Group::Fraud, true), 72 * 60);
    assert_eq!(review(Priority::P1, Group::Fraud, true), 60);
    assert_eq!(review(Priority::P1, Group::Fraud, false), 240);
}

#[test]
fn the_intimate_image_clock() {
    let rules = Rules::builtin();
    assert_eq!(rules.intimate_image_span(), Duration::from_hours(48));
    assert_eq!(rules.intimate_image_alarms(), [4, 24, 36, 44].map(Duration::from_hours));
    let made = Declarations {
        is_intimate_image: true,
        is_subject_or_agent: true,
        good_faith: true,
        has_locator: true,
        has_contact: true,
    };
    let applies =
        |code: &str, made: &Declarations| intimate_image_clock_applies(CategoryCode::parse(code).unwrap(), made);
    let running: Vec<_> = taxonomy().categories().iter().map(|category| category.code.as_str()).collect();
    let running: Vec<_> = running.into_iter().filter(|code| applies(code, &made)).collect();
    assert_eq!(running, ["intimate_image_shared", "intimate_image_deepfake"]);
    let missing = [
        Declarations { is_intimate_image: false, ..made },
        Declarations { is_subject_or_agent: false, ..made },
        Declarations { good_faith: false, ..made },
        Declarations { has_locator: false, ..made },
        Declarations { has_contact: false, ..made },
    ];
    assert!(missing.iter().all(|made| !applies("intimate_image_shared", made)));
}

#[test]
fn queues_by_child_priority_and_group() {
    let mut table = String::new();
    for group in Group::ALL.iter().copied() {
        let adult = Rules::builtin().queue(false, Priority::P1, group);
        writeln!(table, "{} -> {}", group.as_str(), adult.as_str()).unwrap();
        for priority in Priority::ALL.iter().copied() {
            assert_eq!(Rules::builtin().queue(true, priority, group), Queue::Children);
        }
        assert_eq!(Rules::builtin().queue(false, Priority::P0, group), Queue::Emergency);
        let later = [Priority::P2, Priority::P3, Priority::P4];
        assert!(later.iter().all(|priority| Rules::builtin().queue(false, *priority, group) == adult));
    }
    let contract = "stalking -> stalking_violence\n\
                    violence -> stalking_violence\n\
                    sexual -> sexual_harm\n\
                    image -> image_abuse\n\
                    fraud -> fraud\n\
                    hate -> other\n\
                    child -> children\n\
                    complaint -> complaints\n\
                    other -> other\n";
    assert_eq!(table, contract);
    assert!(Queue::ALL.iter().copied().all(|queue| Queue::parse(queue.as_str()) == Some(queue)));
}

#[test]
fn names_agree_with_what_is_serialised() {
    for priority in Priority::ALL.iter().copied() {
        assert_eq!(serde_json::to_value(priority).unwrap(), priority.as_str());
        assert_eq!(Priority::parse(priority.as_str()), Some(priority));
        assert_eq!(Priority::from_level(priority.level()), Some(priority));
        assert!(priority.one_up() <= priority);
    }
    for queue in Queue::ALL.iter().copied() {
        assert_eq!(serde_json::to_value(queue).unwrap(), queue.as_str());
    }
    for group in Group::ALL.iter().copied() {
        assert_eq!(serde_json::to_value(group).unwrap(), group.as_str());
    }
    for answer in [Answer::Yes, Answer::No, Answer::Unknown, Answer::NotAsked, Answer::Declined] {
        assert_eq!(serde_json::to_value(answer).unwrap(), answer.as_str());
    }
    assert!(Priority::P0 < Priority::P1 && Priority::P3 < Priority::P4);
}

/// A question that no rule reads would be asked for nothing.
#[test]
fn every_answer_key_is_read_by_a_rule() {
    let file = include_str!("../tsp-1.toml");
    for answer_key in taxonomy().answer_keys() {
        let key = answer_key.key.as_str();
        assert!(file.contains(&format!("\"{key}\"")) || file.contains(&format!("\n{key} = ")), "{key}");
    }
    let weighted: BTreeSet<_> = oracle::points().into_iter().map(|(key, _)| key).collect();
    assert_eq!(weighted.len(), oracle::points().len());
}

fn text_of(facts: &Facts, code: &str) -> String {
    let found = Engine::from_rules_text(None).assess(facts);
    found.floors.into_iter().find(|floor| floor.code == code).unwrap().text
}

#[test]
fn texts_carry_what_the_contract_asks_to_show() {
    assert!(text_of(&yes(&[], &["strangulation"]), "O03b").contains("no marks"));
    assert!(text_of(&yes(&[], &["strangulation_last_72h"]), "O03").contains("no marks"));
    assert!(text_of(&yes(&["honour_based_abuse"], &[]), "O13").contains("never contact family"));
    let window = KeyCode::parse("within_forensic_window").unwrap();
    for (answer, shown) in
        [(Answer::Yes, true), (Answer::Unknown, true), (Answer::No, false), (Answer::Declined, false)]
    {
        let mut facts = yes(&["spiking"], &[]);
        facts.answers.insert(window, answer);
        assert_eq!(text_of(&facts, "O08b").contains("Time-critical"), shown, "{answer:?}");
    }
}

#[test]
fn lost_contact_raises_by_one_level_and_is_listed() {
    let engine = Engine::from_rules_text(None);
    let mut facts = yes(&["harassment"], &["very_frightened"]);
    facts.signals.insert(Signal::ContactLost);
    let found = engine.assess(&facts);
    assert_eq!((found.priority, codes(&found)), (Priority::P0, vec!["O11b", "O20"]));
    assert_eq!(found.floors[1].floor, Priority::P0);
    facts.answers.clear();
    let quiet = engine.assess(&facts);
    assert_eq!((quiet.priority, quiet.floors[0].floor), (Priority::P3, Priority::P3));
    assert_eq!(engine.rules().with_raise(&quiet, Priority::P1), Priority::P0, "a person's raise goes up too");
    facts.signals.clear();
    let plain = engine.assess(&facts);
    assert_eq!(engine.rules().with_raise(&plain, Priority::P1), Priority::P1);
    assert_eq!(engine.rules().with_raise(&found, Priority::P4), Priority::P0, "a raise never lowers");
}

#[test]
fn a_key_and_a_category_of_the_same_name_are_two_facts() {
    let engine = Engine::from_rules_text(None);
    let found = |categories: &[&str], keys: &[&str]| engine.assess(&yes(categories, keys));
    assert_eq!(found(&["coercive_control", "threats"], &["harm_to_animals", "firearm_access"]).points_known, 2);
    assert_eq!(codes(&found(&["coercive_control"], &["harm_to_animals"])), Vec::<&str>::new());
    assert_eq!(codes(&found(&["not_sure"], &["trafficking_signs", "in_transit_or_held"])), ["O14", "O14b"]);
}

#[test]
fn what_a_person_said_never_reaches_a_log() {
    let facts = yes(&["threats"], &["not_safe_now"]);
    let found = Engine::from_rules_text(None).assess(&facts);
    let shown = format!("{facts:?} {found:?}");
    assert!(!shown.contains("threats") && !shown.contains("not_safe") && !shown.contains("O01"), "{shown}");
}
