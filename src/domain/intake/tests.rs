//! Damage anything in a report, and it is never less careful for it: not less urgent, no more ways to reach the person,
//! nothing more that may be done in her name.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::body::{DesiredOutcome, Relation, ReportBody};
use super::facts;
use super::reader::{Taken, read_report};
use crate::domain::terms::Mode;
use crate::domain::triage::{Engine, Priority, Rules, Signal};

/// The seventy written reports, and one with every member there is.
fn reports() -> Vec<Value> {
    let text = include_str!("../../../tests/data/reports.jsonl");
    let written = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["report"].take());
    let mut all: Vec<Value> = written.collect();
    let mut whole: Value = serde_json::from_str(include_str!("../../web/examples/report.json")).unwrap();
    whole["other_categories"] = json!(["threats", "hate"]);
    whole["survivor"] = json!({"age_band": "under_18", "country": "GB", "region": "GB-ESX", "knows": "no"});
    whole["answers"] = json!({"not_safe_now": "yes", "very_frightened": "yes", "repeated": "no", "weapon": "declined"});
    whole["reporter"]["device_ref"] = json!("d-1");
    whole["reporter"]["age_band"] = json!("18_plus");
    whole["contact"] = json!({"source": "said_now", "may_contact": true, "channels": [{"type": "email", "value": "j@example.org"}], "never": ["phone"], "voicemail_safe": false, "device_shared": "no"});
    whole["intimate_image"] = json!({"is_intimate_image": true, "is_subject_or_agent": true, "good_faith": true, "locator": "On his profile.", "contact": "via_recourse"});
    whole["desired_outcome"] = json!("platform_action");
    all.push(whole);
    all
}

/// Values that say nothing in any place of a report.
fn garbage() -> Vec<Value> {
    vec![
        json!("perhaps"),
        json!("\u{fffd}\u{0}"),
        json!("x".repeat(400)),
        json!(-7),
        json!(2.5),
        json!(12_345_678_901_234_567_890_u64),
        json!(["?", "?"]),
        json!([[]]),
        json!({"?": "perhaps"}),
        json!({"type": {"value": ["?"]}}),
    ]
}

fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    if !at.is_empty() {
        all.push(at.to_owned());
    }
    match value {
        Value::Object(object) => object.iter().for_each(|(name, inner)| places(inner, &format!("{at}/{name}"), all)),
        Value::Array(array) => array.iter().enumerate().for_each(|(i, inner)| places(inner, &format!("{at}/{i}"), all)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn damaged(report: &Value, place: &str, by: Value) -> Value {
    let mut report = report.clone();
    *report.pointer_mut(place).unwrap() = by;
    report
}

fn without(report: &Value, place: &str) -> Value {
    let mut report = report.clone();
    let (parent, member) = place.rsplit_once('/').unwrap();
    match report.pointer_mut(parent).unwrap() {
        Value::Object(object) => drop(object.remove(member)),
        Value::Array(array) => drop(array.remove(member.parse::<usize>().unwrap())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => unreachable!(),
    }
    report
}

fn read(report: &Value) -> Option<Taken<ReportBody>> {
    let taken = read_report(report.to_string().as_bytes(), Mode::Live).unwrap();
    taken.accept(Mode::Live).ok()
}

/// What hangs on a report.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself, and none is a state")]
#[derive(Debug, PartialEq)]
struct Weight {
    priority: Priority,
    child: bool,
    ways: Vec<&'static str>,
    barred: bool,
    may_ask: bool,
    agreed: bool,
    unreadable: bool,
}

fn weigh(taken: &Taken<ReportBody>) -> Weight {
    let facts = facts::of_report(Rules::builtin(), taken);
    let body = &taken.body;
    let contact = body.contact.as_ref().filter(|contact| contact.may_contact);
    let allowed = |contact: &crate::domain::intake::body::ContactBody| {
        let ways = contact.channels.iter().map(|channel| channel.kind);
        ways.filter(|way| !contact.never.contains(way)).map(crate::domain::intake::body::Channel::as_str).collect()
    };
    Weight {
        priority: Engine::from_rules_text(None).assess(&facts).priority,
        child: facts.is_child(),
        ways: contact.map(allowed).unwrap_or_default(),
        barred: taken.found.contact_is_barred(),
        may_ask: body.desired_outcome != Some(DesiredOutcome::RecordOnly),
        agreed: body.desired_outcome == Some(DesiredOutcome::PlatformAction)
            && body.reporter.relation == Relation::SelfReported,
        unreadable: facts.signals.contains(&Signal::Unreadable),
    }
}

/// Whether a report without this place is refused.
fn is_needed(place: &str) -> bool {
    ["/platform_report_ref", "/reporter", "/reporter/relation", "/category", "/statement"].contains(&place)
}

fn check(report: &Value, place: &str, by: &Value) {
    let shown = format!("{place} := {by} in {}", report["platform_report_ref"]);
    let whole = weigh(&read(report).expect("a written report is taken"));
    let Some(taken) = read(&damaged(report, place, by.clone())) else {
        assert!(["/platform_report_ref", "/reporter"].contains(&place), "refused: {shown}");
        return;
    };
    let weight = weigh(&taken);
    assert!(!taken.found.broken().is_empty() || weight == whole, "not named: {shown}");
    if let Some(less) = read(&without(report, place)).filter(|_| !is_needed(place)) {
        let less = weigh(&less);
        assert!(weight.priority <= less.priority, "less urgent: {shown}");
        assert!(weight.child || !less.child, "no child any more: {shown}");
    }
    let lost = weight.priority > whole.priority && whole.priority == Priority::P0;
    assert!(!lost || weight.priority == Priority::P1, "{shown}: {weight:?}");
    assert!(weight.ways.iter().all(|way| whole.ways.contains(way)), "more ways: {shown}");
    let unclear = place.starts_with("/contact/");
    assert!(!unclear || weight.ways.is_empty(), "an unclear wish is a wish: {shown}");
    assert!(whole.may_ask || !weight.may_ask, "more may be asked: {shown}");
    assert!(whole.agreed || !weight.agreed, "agreed to more: {shown}");
    match place {
        "/category" => assert!(weight.unreadable && taken.body.category == "not_sure", "{shown}"),
        "/reporter/age_band" | "/survivor/age_band" => assert!(weight.child, "{shown}"),
        "/desired_outcome" => assert_eq!(taken.body.desired_outcome, Some(DesiredOutcome::RecordOnly), "{shown}"),
        "/reporter/relation" => assert_eq!(taken.body.reporter.relation, Relation::Witness, "{shown}"),
        "/contact" => assert!(weight.barred && weight.ways.is_empty(), "{shown}"),
        _ => {}
    }
}

/// Every place of the fullest report, and every kind of garbage.
#[test]
fn no_damage_makes_the_fullest_report_less_careful() {
    let report = reports().pop().unwrap();
    let mut all = Vec::new();
    places(&report, "", &mut all);
    for place in &all {
        for by in garbage() {
            check(&report, place, &by);
        }
    }
    assert!(all.len() > 50, "{}", all.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_makes_any_report_less_careful(which in 0_usize..70, place in any::<prop::sample::Index>(), by in any::<prop::sample::Index>()) {
        let report = reports().swap_remove(which);
        let mut all = Vec::new();
        places(&report, "", &mut all);
        check(&report, &all[place.index(all.len())], &garbage()[by.index(garbage().len())]);
    }

    /// Whatever text, number or structure: it is read, and what a trial is refused for is what a live report is told.
    #[test]
    fn a_live_report_is_told_what_a_trial_is_refused_for(which in 0_usize..70, place in any::<prop::sample::Index>(), text in "\\PC{0,12}", number in any::<f64>(), kind in 0_usize..4) {
        let report = reports().swap_remove(which);
        let mut all = Vec::new();
        places(&report, "", &mut all);
        let by = [json!(text), json!(number), json!([text]), json!({text.clone(): number})][kind].clone();
        let body = damaged(&report, &all[place.index(all.len())], by).to_string();
        let live = read_report(body.as_bytes(), Mode::Live).unwrap();
        let trial = read_report(body.as_bytes(), Mode::Test).unwrap();
        prop_assert_eq!(live.found.broken(), trial.found.broken());
        prop_assert_eq!(trial.found.broken().is_empty(), trial.accept(Mode::Test).is_ok());
    }
}

/// A report of an adult who is safe, with many places.
fn calm() -> Value {
    json!({
        "platform_report_ref": "K", "category": "harassment", "other_categories": [], "statement": "He said no.",
        "reporter": {"relation": "self", "age_band": "18_plus", "country": "GB", "locale": "en-GB", "device_ref": "d"},
        "survivor": {"age_band": "18_plus", "country": "GB"},
        "subject": {"display_name": "J", "identifiers": [{"type": "handle", "value": "@nightowl"}]},
        "answers": {"not_safe_now": "no"}, "occurred": {"from": "2026-11-02"}, "desired_outcome": "record_only",
        "contact": {"may_contact": true, "channels": [{"type": "portal"}], "never": ["sms"], "device_shared": "no"},
        "platform_context": {"still_matched": true, "messages": [{"from": "subject", "text": "No."}]},
    })
}

/// An app may have the contract's own words at any place of its own, however deep.
#[test]
fn a_yes_at_any_place_is_heeded() {
    let report = calm();
    assert_eq!(weigh(&read(&report).unwrap()).priority, Priority::P4);
    let mut all = Vec::new();
    places(&report, "", &mut all);
    all.push(String::new());
    let keys: Vec<&str> =
        crate::domain::terms::taxonomy::taxonomy().answer_keys().iter().map(|row| row.key.as_str()).collect();
    for (n, place) in all.iter().filter(|place| !is_needed(place) && *place != "/answers").enumerate() {
        // Each place with some of the keys, each key at some places.
        for key in keys.iter().skip(n % 9).step_by(9).chain(&["not_safe_now"]) {
            let mut with = report.clone();
            for said in [json!({*key: "yes"}), json!({"more": {"even": [{*key: true}]}}), json!({*key: "perhaps"})] {
                match (with.pointer_mut(place).unwrap(), said) {
                    (Value::Object(members), Value::Object(said)) => members.extend(said),
                    (at, said) => *at = said,
                }
                let shown = format!("{key} at {place}");
                let taken = read(&with).expect(&shown);
                assert!(weigh(&taken).priority <= Priority::P1, "{shown}");
                with = report.clone();
            }
        }
    }
    for key in keys {
        let mut with = report.clone();
        with[key] = json!("yes");
        let taken = read(&with).unwrap();
        assert_eq!(taken.body.answers[key], crate::domain::terms::words::Answer::Yes, "{key}");
        with[key] = json!("no");
        assert_eq!(weigh(&read(&with).unwrap()).priority, Priority::P4, "{key}");
    }
}

/// What says nothing is as if it were not there.
#[test]
fn null_and_blank_are_absent() {
    let report = reports().pop().unwrap();
    let mut all = Vec::new();
    places(&report, "", &mut all);
    // Who wrote nothing among the ways that are not safe meant one of them; items need their members.
    let counts = |place: &str| ["/never/0", "/channels/0", "/messages/0"].iter().any(|part| place.contains(part));
    for place in all.iter().filter(|place| !is_needed(place) && !counts(place)) {
        for nothing in [json!(null), json!(""), json!(" ")] {
            let (Some(damaged), Some(less)) = (read(&damaged(&report, place, nothing)), read(&without(&report, place)))
            else {
                panic!("{place}");
            };
            assert_eq!(weigh(&damaged), weigh(&less), "{place}");
        }
    }
}

/// Names are made anew from what is sealed: whoever stood in what was left out stands there still.
#[test]
fn who_was_named_in_what_was_left_out_is_named_again() {
    let mut report = reports().pop().unwrap();
    report["contact"]["never"] = json!(["evenings"]);
    report["subject"]["identifiers"] =
        (0..25).map(|n| json!({"type": "handle", "value": format!("@owl{n}")})).collect();
    let taken = read(&report).unwrap();
    let (reach, beyond) = crate::domain::intake::left_out::named_in(taken.found.left_out());
    let values = |all: &[crate::domain::intake::body::IdentifierBody]| {
        all.iter().map(|one| one.value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(values(&beyond), values(taken.found.named_beyond()));
    assert_eq!((beyond.len(), reach.len(), taken.found.reach().len()), (5, 1, 1));
    assert_eq!(reach[0].value.as_deref(), Some("j@example.org"));
}

/// What is too large to be kept was there all the same.
#[test]
fn what_there_is_no_room_for_bars_contact_too() {
    use super::found::Found;
    use crate::error::rules::Form;
    let large = crate::base::json::Json::Text("\u{1}".repeat(50_000));
    let (mut own, mut found) = (Found::default(), Found::default());
    own.leave_out("/contact/never/0", &Form::Channel, &large);
    found.take_contact(own, &large, Vec::new());
    assert!(found.contact_is_barred() && found.has_left_out());
    assert!((1..1_000).contains(&found.left_out()[0].value.chars().count()));
}

/// Where a program did not mark the quotes that somebody typed, a text may have taken a yes or a wish with it.
#[test]
fn quotes_in_words_lose_no_report_and_no_care() {
    let body = r#"{"platform_report_ref": "Q", "category": "harassment", "reporter": {"relation": "self"}, "statement": "He said "no", then "wait" to me.", "contact": {"may_contact": true, "channels": [{"type": "portal"}]}}"#;
    let taken = read_report(body.as_bytes(), Mode::Live).unwrap().accept(Mode::Live).unwrap();
    assert_eq!(taken.body.statement, r#"He said "no", then "wait" to me."#);
    let weight = weigh(&taken);
    assert_eq!((weight.priority, weight.barred, weight.ways.len()), (Priority::P1, true, 0));
    assert!(read_report(body.as_bytes(), Mode::Test).is_err());
}
