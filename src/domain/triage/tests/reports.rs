//! The seventy example reports come out as the data says.

use serde_json::Value;

use super::codes;
use crate::domain::terms::taxonomy::{CategoryCode, KeyCode};
use crate::domain::terms::words::Answer;
use crate::domain::triage::{Declarations, Engine, Facts, Queue, Rules, intimate_image_clock_applies};

fn age_counts(person: &Value) -> bool {
    matches!(person["age_band"].as_str(), Some("under_18" | "unsure"))
}

fn facts(report: &Value) -> Facts {
    let main = report["category"].as_str();
    let others = report["other_categories"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let answers = report["answers"].as_object().into_iter().flatten();
    Facts {
        categories: main.into_iter().chain(others).map(|code| CategoryCode::parse(code).unwrap()).collect(),
        answers: answers
            .map(|(key, answer)| {
                let answer: Answer = serde_json::from_value(answer.clone()).unwrap();
                (KeyCode::parse(key).unwrap(), answer)
            })
            .collect(),
        child: age_counts(&report["reporter"]) || age_counts(&report["survivor"]),
        doubtful_no: report["reporter"]["relation"] != "self" || report["contact"]["device_shared"] != "no",
        ..Facts::default()
    }
}

fn declarations(image: &Value) -> Declarations {
    let made = |name: &str| image[name] == true;
    let given = |name: &str| image[name].as_str().is_some_and(|text| !text.trim().is_empty());
    Declarations {
        is_intimate_image: made("is_intimate_image"),
        is_subject_or_agent: made("is_subject_or_agent"),
        good_faith: made("good_faith"),
        has_locator: given("locator"),
        has_contact: given("contact"),
    }
}

#[test]
fn all_seventy_come_out_as_expected() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reports.jsonl")).unwrap();
    let engine = Engine::from_rules_text(None);
    let mut count = 0;
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let (report, expect) = (&line["report"], &line["expect"]);
        let reference = report["platform_report_ref"].as_str().unwrap();
        let facts = facts(report);
        let found = engine.assess(&facts);
        let expected: Vec<&str> = expect["floors"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let main = CategoryCode::parse(report["category"].as_str().unwrap()).unwrap();
        let queue = Rules::builtin().queue(facts.is_child(), found.priority, main.group());
        let made = declarations(&report["intimate_image"]);
        let clock = facts.categories.iter().any(|code| intimate_image_clock_applies(*code, &made));
        assert_eq!(found.priority.as_str(), expect["priority"], "{reference}");
        assert_eq!(codes(&found), expected, "{reference}");
        assert_eq!(u64::from(found.points_known), expect["points_known"], "{reference}");
        assert_eq!(queue == Queue::Children, expect["child_queue"], "{reference}");
        assert_eq!(clock, expect["intimate_image_clock"], "{reference}");
        assert_eq!((found.ruleset.as_str(), found.failure), ("TSP-1", None), "{reference}");
        count += 1;
    }
    assert_eq!(count, 70);
}
