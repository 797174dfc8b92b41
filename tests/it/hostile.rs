//! Bodies that are made to cost: lists without end, made-up members, nesting, long places. What is sent is bounded by the
//! document and in the parser, and so is what it is answered.

use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use serde_json::{Map, Value, json};

use crate::harness::client::{full, small};
use crate::harness::on_both;
use crate::lenient::with;

/// How long a problem, a receipt or another answer to a platform may be, and how long the answer to a batch.
const ANSWER: usize = 64 * 1024;
const BATCH: usize = 1024 * 1024;

/// Every list and every map in a request body of the document, with its bound.
fn bounds_of_bodies() -> Vec<(String, Option<u64>)> {
    let document = serde_json::to_value(recourse::web::openapi::document()).unwrap();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for content in operation["requestBody"]["content"].as_object().into_iter().flat_map(Map::values) {
                walk(&document, &content["schema"], &format!("{method} {path} "), &mut found);
            }
        }
    }
    found
}

fn walk(document: &Value, schema: &Value, place: &str, found: &mut Vec<(String, Option<u64>)>) {
    if let Some(name) = schema["$ref"].as_str() {
        let target = document.pointer(name.trim_start_matches('#')).unwrap();
        return walk(document, target, place, found);
    }
    let is =
        |kind: &str| schema["type"] == kind || schema["type"].as_array().is_some_and(|all| all.contains(&json!(kind)));
    if is("array") {
        found.push((format!("{place}[]"), schema["maxItems"].as_u64()));
        walk(document, &schema["items"], &format!("{place}[]"), found);
    }
    let properties = schema["properties"].as_object();
    let is_open = !schema["additionalProperties"].is_null() && schema["additionalProperties"] != false;
    let is_unread = place.ends_with("/attachments[]");
    if is("object") && (is_open || properties.is_none()) && !is_unread {
        found.push((format!("{place}{{}}"), schema["maxProperties"].as_u64()));
        walk(document, &schema["additionalProperties"], &format!("{place}{{}}"), found);
    }
    for (name, member) in properties.into_iter().flatten() {
        walk(document, member, &format!("{place}/{name}"), found);
    }
    for alternatives in ["allOf", "oneOf", "anyOf"] {
        schema[alternatives].as_array().into_iter().flatten().for_each(|one| walk(document, one, place, found));
    }
    let is_bounded = ["enum", "maxLength", "pattern", "format", "const"].iter().any(|bound| !schema[bound].is_null());
    assert!(!is("string") || is_bounded, "{place}: a text without a bound");
}

#[test]
fn every_list_and_map_that_a_caller_sends_has_a_bound_in_the_document() {
    let found = bounds_of_bodies();
    assert!(found.len() > 10, "{found:?}");
    let unbounded: Vec<_> = found.iter().filter(|(_, bound)| bound.is_none()).collect();
    assert!(unbounded.is_empty(), "{unbounded:?}");
}

/// A list or map of a body with so many entries.
fn entries(place: &str, count: usize) -> Value {
    let entry = match place {
        "/other_categories" => json!("hate"),
        "/subject/identifiers" | "/identifiers" => json!({"type": "handle", "value": "@nightowl"}),
        "/contact/channels" => json!({"type": "phone", "value": "+447700900456"}),
        "/contact/never" => json!("phone"),
        "/platform_context/messages" => json!({"from": "subject", "text": "x"}),
        "/attachments" => json!({}),
        "/types" => json!("report.received"),
        "/answers" => return (0..count).map(|n| (format!("key_{n}"), json!("no"))).collect::<Map<_, _>>().into(),
        "/reports" => return (0..count).map(|n| small(&format!("R-{n}"))).collect(),
        _ => panic!("{place}: say here what one more than its bound is"),
    };
    vec![entry; count].into()
}

#[test]
fn one_more_than_each_bound_is_refused_in_a_trial_and_named_in_real_life() {
    on_both(|world| async move {
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let live = world.platform_with("spark", Mode::Live, Scope::ALL).await;
        let report = trial.submit(&small("T-1")).await;
        for (n, (place, bound)) in bounds_of_bodies().into_iter().enumerate() {
            let Some((_, rest)) = place.split_once(' ') else { panic!("{place}") };
            let (path, member) = rest.split_once(' ').unwrap();
            let member = member.trim_end_matches("[]").trim_end_matches("{}");
            if path.starts_with("/v1/triage/") {
                // A colleague sends it: `wishes` tries one more than its bound.
                continue;
            }
            if member.contains("[]") {
                // An item of a batch is read as a report by itself.
                continue;
            }
            let bound = usize::try_from(bound.unwrap()).unwrap();
            let path = path.replace("{id}", &report);
            let of_report = path == "/v1/reports" || path.ends_with("/additions");
            let body = |count: usize, reference: &str| {
                let value = entries(member, count);
                if path == "/v1/reports" {
                    return with(reference, &[(member, value)]);
                }
                let mut body = if path == "/v1/webhook-endpoints" {
                    json!({"url": "https://hooks.example.com"})
                } else {
                    json!({})
                };
                if path == "/v1/events/replay" {
                    body = json!({"since": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z"});
                }
                body[member.trim_start_matches('/')] = value;
                body
            };
            let names_bound = |answer: &crate::harness::client::Answer, list: &str| {
                let told = answer.json()[list].clone();
                let told = told.as_array().unwrap();
                told.iter()
                    .any(|one| one["pointer"] == member && (one["code"] == "too_many" || one["code"] == "bad_length"))
            };
            let refused = trial.caller.post(&path, &body(bound + 1, &format!("M-{n}"))).await.expect(422);
            assert!(names_bound(&refused, "errors"), "{place}: {}", refused.text);
            // What stands at the bound is not refused for it.
            let taken = trial.caller.post(&path, &body(bound, &format!("B-{n}"))).await;
            assert!(taken.status != 422 || !names_bound(&taken, "errors"), "{place}: {}", taken.text);
            if of_report && path == "/v1/reports" {
                let taken = live.caller.post(&path, &body(bound + 1, &format!("L-{n}"))).await.expect(201);
                let named = taken.json()["not_accepted"].to_string();
                let is_contact = member.starts_with("/contact");
                assert!(named.contains("too_many") && (is_contact || named.contains(member)), "{place}: {named}");
            }
        }
    });
}

/// The name of a member that nobody knows.
fn made_up(n: usize) -> String {
    format!("{}_{}", "unknown".repeat(8), char::from(b'a' + u8::try_from(n % 26).unwrap()))
}

/// Bodies that would be answered at length, by their names.
fn hostile() -> Vec<(&'static str, Value)> {
    let mut keys = full("H-KEYS");
    for n in 0..18_000 {
        keys[format!("k{n}")] = json!(0);
    }
    let mut deep = json!("\u{fffd}");
    for n in 0..30 {
        deep = json!({made_up(n): deep, made_up(n + 1): "\u{fffd}"});
    }
    let long_places: Map<String, Value> = (0..26).map(|n| (made_up(n), deep.clone())).collect();
    let mut places = full("H-PLACES");
    places.as_object_mut().unwrap().extend(long_places);
    let mut answers = full("H-ANSWERS");
    answers["answers"] = (0..5_000).map(|n| (format!("question_{n}"), json!("x"))).collect::<Map<_, _>>().into();
    let mut files = full("H-FILES");
    files["attachments"] = (0..5_000).map(|n| json!({"name": format!("\u{fffd}{n}")})).collect();
    let mut lists = full("H-LISTS");
    for list in ["other_categories", "attachments", "verdicts"] {
        lists[list] = vec![json!([[["\u{fffd}"]]]); 2_000].into();
    }
    lists["subject"]["identifiers"] = vec![json!({"type": "?", "value": "\u{fffd}".repeat(20)}); 1_000].into();
    lists["contact"]["channels"] = vec![json!({"type": "?"}); 2_000].into();
    vec![("keys", keys), ("places", places), ("answers", answers), ("files", files), ("lists", lists)]
}

#[test]
fn what_a_hostile_body_is_answered_is_bounded() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        for (name, body) in hostile() {
            let refused = trial.caller.post("/v1/reports", &body).await.expect(422);
            assert!(refused.text.len() <= ANSWER && refused.errors().len() <= 50, "{name}: {}", refused.text.len());
            let more = refused.json()["more_errors"].as_u64();
            assert!(refused.errors().len() < 50 || more.is_some_and(|more| more > 0), "{name}: {more:?}");
            let tried = trial.caller.post("/v1/reports?validate_only=true", &body).await.expect(200);
            assert!(
                tried.text.len() <= ANSWER && tried.json()["more_errors"] == refused.json()["more_errors"],
                "{name}"
            );
            let taken = spark.caller.post("/v1/reports", &body).await.expect(201);
            assert!(taken.text.len() <= ANSWER, "{name}: {}", taken.text.len());
            let longest = taken.json()["not_accepted"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["pointer"].as_str().unwrap().len())
                .max();
            assert!(longest.unwrap() <= 128, "{name}: {longest:?}");
        }
        // A batch of a hundred of the worst.
        let mut worst = hostile().remove(1).1;
        for n in 2..26 {
            worst.as_object_mut().unwrap().remove(&made_up(n));
        }
        worst["subject"] =
            json!({"platform_account_ref": [1], "display_name": {"x": 1}, "identifiers": [{"type": "?"}]});
        worst["other_categories"] = json!(["?", "\u{fffd}"]);
        worst["reporter"]["locale"] = json!("\u{fffd}");
        worst["reporter"]["region"] = json!("?");
        worst["reporter"]["country"] = json!("?");
        worst["occurred"] = json!({"from": "?", "to": 1});
        let batch = |body: &Value, mode: &str| -> Value {
            let item = |n: usize| {
                let mut item = body.clone();
                item["platform_report_ref"] = json!(format!("{}{mode}-{n}", "\u{e9}".repeat(240)));
                item
            };
            json!({"reports": (0..100).map(item).collect::<Vec<_>>()})
        };
        for (platform, mode, status) in [(&trial, "T", 422), (&spark, "L", 201)] {
            let answer = platform.caller.post("/v1/reports/batch", &batch(&worst, mode)).await.expect(207);
            assert_eq!(answer.json()["results"][99]["status"], json!(status), "{}", answer.json()["results"][99]);
            assert!(answer.text.len() <= BATCH, "{mode}: {}", answer.text.len());
        }
        // What was stored comes back in pages that are bounded too.
        let list = spark.caller.get("/v1/reports?limit=100").await.expect(200);
        assert!(list.text.len() <= ANSWER && list.json()["has_more"] == true, "{}", list.text.len());
        let (mut walked, mut cursor) = (0, String::new());
        while walked < 200 {
            let page = spark.caller.get(&format!("/v1/reports?limit=100{cursor}")).await.expect(200).json();
            walked += page["data"].as_array().unwrap().len();
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(walked, 105);
    });
}

#[test]
fn a_list_without_end_hides_nothing_that_would_have_been_heeded() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        // Of an endless chat the newest are kept, and nobody is alarmed by its length.
        let message = |n: usize| json!({"from": "subject", "text": format!("{n}")});
        let chat: Vec<Value> = (0..6_000).map(message).collect();
        let mut calm = with("E-1", &[("/platform_context/messages", chat.into())]);
        calm["category"] = json!("harassment");
        let (case, named) = crate::lenient::taken(&spark, &lead, &calm).await;
        let kept = case["reports"][0]["content"]["platform_context"]["messages"].as_array().unwrap().clone();
        assert_eq!((kept.len(), &kept[0]["text"], &kept[199]["text"]), (200, &json!("5800"), &json!("5999")));
        assert!(named.iter().any(|name| name == "/platform_context too_many"), "{named:?}");
        assert_eq!(case["contact_barred"], false);
        // What was passed over elsewhere may have been a wish, or a yes.
        let mut noisy = small("E-2");
        noisy["notes"] = vec![json!(0); 6_000].into();
        let (case, named) = crate::lenient::taken(&spark, &lead, &noisy).await;
        assert!(named.iter().any(|name| name == "/notes too_many"), "{named:?}");
        assert_eq!((&case["contact_barred"], &case["priority"]), (&json!(true), &json!("p1")));
    });
}
