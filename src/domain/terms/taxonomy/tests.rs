//! The data files hold exactly what the contract lists.

use super::data::{ANSWER_KEYS, CATEGORIES, parse};
use super::{CategoryCode, Group, KeyCode, taxonomy};

const CONTRACT: [(&str, &str); 30] = [
    ("stalking_online", "stalking"),
    ("stalking_offline", "stalking"),
    ("harassment", "stalking"),
    ("threats", "violence"),
    ("coercive_control", "violence"),
    ("tracking_or_takeover", "stalking"),
    ("doxxing", "stalking"),
    ("sexual_assault", "sexual"),
    ("spiking", "sexual"),
    ("physical_assault", "violence"),
    ("intimate_image_shared", "image"),
    ("intimate_image_threat", "image"),
    ("intimate_image_deepfake", "image"),
    ("sextortion", "image"),
    ("cyberflashing", "image"),
    ("romance_fraud", "fraud"),
    ("investment_fraud", "fraud"),
    ("phishing", "fraud"),
    ("impersonation", "fraud"),
    ("hate", "hate"),
    ("honour_based_abuse", "violence"),
    ("trafficking", "violence"),
    ("self_harm_encouragement", "other"),
    ("survivor_at_risk_of_suicide", "other"),
    ("under_18_on_platform", "child"),
    ("grooming", "child"),
    ("child_sexual_abuse", "child"),
    ("returned_after_removal", "other"),
    ("platform_failed_to_act", "complaint"),
    ("not_sure", "other"),
];

#[test]
fn the_embedded_files_parse() {
    let taxonomy = parse(CATEGORIES, ANSWER_KEYS).unwrap();
    assert_eq!((taxonomy.categories().len(), taxonomy.answer_keys().len()), (30, 91));
}

#[test]
fn categories_and_groups_are_those_of_the_contract_in_order() {
    let found: Vec<_> = taxonomy().categories().iter().map(|c| (c.code.as_str(), c.group.as_str())).collect();
    assert_eq!(found, CONTRACT);
}

#[test]
fn flags_are_those_of_the_contract() {
    let flagged = |holds: fn(&crate::domain::terms::taxonomy::Category) -> bool| -> Vec<&str> {
        taxonomy().categories().iter().filter(|c| holds(c)).map(|c| c.code.as_str()).collect()
    };
    assert_eq!(flagged(|c| c.child_rule), ["under_18_on_platform", "grooming", "child_sexual_abuse"]);
    assert_eq!(flagged(|c| c.intimate_image_clock), ["intimate_image_shared", "intimate_image_deepfake"]);
    assert_eq!(flagged(|c| !c.exported), ["survivor_at_risk_of_suicide"]);
}

#[test]
fn mappings_are_well_formed() {
    for category in taxonomy().categories() {
        let code = category.code;
        assert!(!category.label.is_empty() && category.meaning.ends_with('.'), "{code}");
        for (position, mapping) in category.dsa.iter().enumerate() {
            assert_eq!(
                position == 0,
                mapping.role == crate::domain::terms::taxonomy::DsaRole::Main,
                "{code}: the first mapping is the main one"
            );
            assert!(mapping.category.starts_with("STATEMENT_CATEGORY_"), "{code}");
            assert!(mapping.keyword.iter().all(|keyword| keyword.starts_with("KEYWORD_")), "{code}");
            let is_other = mapping.keyword.as_deref() == Some("KEYWORD_OTHER");
            assert_eq!(is_other, mapping.specification.is_some(), "{code}: KEYWORD_OTHER needs its words");
            assert_eq!(mapping.category_against_women.is_some(), mapping.keyword_against_women.is_some(), "{code}");
        }
    }
}

#[test]
fn questions_are_one_plain_sentence_each() {
    for answer_key in taxonomy().answer_keys() {
        let question = &answer_key.question;
        assert!(question.ends_with('?') && question.matches('?').count() == 1, "{}: {question}", answer_key.key);
        assert!(question.len() <= 180, "{}: {question}", answer_key.key);
    }
}

#[test]
fn codes_round_trip_and_unknown_ones_are_refused_without_echo() {
    for category in taxonomy().categories() {
        assert_eq!(CategoryCode::parse(category.code.as_str()), Some(category.code));
        assert_eq!(category.code.group(), category.group);
        assert_eq!(Group::parse(category.group.as_str()), Some(category.group));
        let json = serde_json::to_string(&category.code).unwrap();
        assert_eq!(json, format!("\"{}\"", category.code));
        assert_eq!(serde_json::from_str::<CategoryCode>(&json).unwrap(), category.code);
    }
    for answer_key in taxonomy().answer_keys() {
        let json = serde_json::to_string(&answer_key.key).unwrap();
        assert_eq!(serde_json::from_str::<KeyCode>(&json).unwrap(), answer_key.key);
    }
    let error = serde_json::from_str::<KeyCode>("\"secret words\"").unwrap_err().to_string();
    assert!(!error.contains("secret"), "{error}");
    assert_eq!(CategoryCode::parse("Threats"), None);
}

#[test]
fn a_broken_file_says_where() {
    let twice = format!(
        "{CATEGORIES}\n[[category]]\ncode = \"hate\"\ngroup = \"hate\"\nlabel = \"\"\nmeaning = \"\"\ndsa = []\nosa_kinds = []\n"
    );
    assert!(parse(&twice, ANSWER_KEYS).unwrap_err().contains("`hate` stands twice"));
    let unknown = CATEGORIES.replacen("\nlabel", "\nlable", 1);
    assert!(parse(&unknown, ANSWER_KEYS).unwrap_err().contains("lable"));
}
