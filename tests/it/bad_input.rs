//! Input that breaks the contract: what is said, where it points, and that nothing of it is stored or repeated.

use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Answer, Caller, Platform, full, new_key, small};
use crate::harness::{World, on_both};

/// A refusal is a problem document that names its kind, and its place when the content is wrong.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, code: &str, error: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], json!(status));
    assert_eq!(problem["instance"], json!(answer.header("x-request-id")));
    assert_eq!(problem["type"], json!(format!("/problems#{code}")));
    assert!(problem["title"].is_string() && problem["detail"].is_string() && problem["retryable"] == json!(false));
    if !error.is_empty() {
        assert!(answer.errors().iter().any(|found| found == error), "{error} is not in {:?}", answer.errors());
    }
}

async fn post_raw(platform: &Platform, path: &str, media: &str, body: impl Into<reqwest::Body>) -> Answer {
    let mut request = platform.caller.request(Method::POST, path).header("Idempotency-Key", new_key());
    if !media.is_empty() {
        request = request.header("Content-Type", media);
    }
    Caller::send(request.body(body)).await
}

/// What is stored, as far as the platform and the staff can see it.
pub(crate) async fn stored(world: &World, platform: &Platform) -> (Value, Value, Value) {
    let lead = world.staff(Role::Lead).await;
    let reports = platform.caller.get("/v1/reports?limit=100").await.expect(200).json();
    let events = platform.caller.get("/v1/events?limit=100").await.expect(200).json();
    let mut cases = Vec::new();
    for mode in ["live", "test"] {
        cases.push(lead.caller.get(&format!("/v1/triage/cases?limit=100&mode={mode}")).await.expect(200).json());
    }
    (reports, events, json!(cases))
}

/// The contract's example with one place changed.
fn with(pointer: &str, value: Value) -> Value {
    let mut body = full("SPK-bad");
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    match body.pointer_mut(parent).unwrap() {
        Value::Object(object) => drop(object.insert(member.to_owned(), value)),
        Value::Array(array) => array[member.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer} is not in the example"),
    }
    body
}

/// Bodies of the right syntax that break one rule, and the error each must get.
fn broken_rules() -> Vec<(Value, &'static str)> {
    let nul = "before\0after";
    let mut rules = vec![
        (with("/platform_report_ref", json!("")), "/platform_report_ref bad_reference"),
        (with("/platform_report_ref", json!("x".repeat(256))), "/platform_report_ref bad_reference"),
        (with("/platform_report_ref", json!("caf\u{e9}")), "/platform_report_ref bad_reference"),
        (with("/platform_report_ref", json!(nul)), "/platform_report_ref bad_reference"),
        (with("/category", json!("rudeness")), "/category unknown_category"),
        (with("/other_categories", json!(["harassment", "rudeness"])), "/other_categories/1 unknown_category"),
        (with("/other_categories", json!(vec!["hate"; 11])), "/other_categories too_many"),
        (with("/statement", json!("")), "/statement required"),
        (with("/statement", json!(" \n\t ")), "/statement required"),
        (with("/statement", json!("x".repeat(20_001))), "/statement too_long"),
        (with("/statement", json!(nul)), "/statement control_character"),
        (with("/answers/is_he_nice", json!("yes")), "/answers/is_he_nice unknown_answer_key"),
        (with("/answers/repeated", json!("perhaps")), "/answers/repeated invalid_value"),
        (with("/answers/not_safe_now", json!(true)), "/answers/not_safe_now invalid_value"),
        (with("/answers/not_safe_now", json!(1)), "/answers/not_safe_now invalid_value"),
        (with("/answers/not_safe_now", json!(null)), "/answers/not_safe_now invalid_value"),
        (with("/answers/not_safe_now", json!(["yes"])), "/answers/not_safe_now invalid_value"),
        (with("/desired_outcome", json!(true)), "/desired_outcome invalid_value"),
        (with("/subject", json!("J")), "/subject invalid_value"),
        (with("/contact", json!("by phone")), "/contact invalid_value"),
        (with("/contact/never", json!(["phone", "pigeon"])), "/contact/never/1 invalid_value"),
        (
            with("/platform_context/messages", json!(vec![json!({"from": "subject", "text": "x"}); 201])),
            "/platform_context/messages too_many",
        ),
        (with("/occurred", json!({"from": "2026-11-20", "to": "2026-11-02"})), "/occurred/to dates_reversed"),
        (with("/occurred/from", json!("2026-02-30")), "/occurred/from bad_date"),
        (with("/occurred/to", json!("last week")), "/occurred/to bad_date"),
        (with("/reported_at", json!("2026-11-21 19:04")), "/reported_at bad_time"),
        (with("/reporter/country", json!("gb")), "/reporter/country bad_country"),
        (with("/reporter/country", json!("GBR")), "/reporter/country bad_country"),
        (with("/reporter/region", json!("Sussex")), "/reporter/region bad_region"),
        (with("/reporter/locale", json!("en_GB")), "/reporter/locale bad_locale"),
        (with("/reporter/country", json!("ZZ")), "/reporter/country bad_country"),
        (with("/reporter/platform_account_ref", json!("a\u{7}b")), "/reporter/platform_account_ref bad_account"),
        (with("/reporter/platform_account_ref", json!("x".repeat(256))), "/reporter/platform_account_ref bad_account"),
        (with("/reporter/device_ref", json!(55)), "/reporter/device_ref bad_account"),
        (with("/reporter/age_band", json!(17)), "/reporter/age_band invalid_value"),
        (with("/reporter/age_band", json!(1e300)), "/reporter/age_band invalid_value"),
        (with("/reporter/relation", json!("friend")), "/reporter/relation invalid_value"),
        (with("/survivor", json!({"country": "Gb"})), "/survivor/country bad_country"),
        (with("/subject/display_name", json!("x".repeat(201))), "/subject/display_name too_long"),
        (with("/subject/identifiers/0/value", json!(" ")), "/subject/identifiers/0/value required"),
        (with("/subject/identifiers/0/value", json!(nul)), "/subject/identifiers/0/value control_character"),
        (with("/subject/identifiers/0/type", json!("pigeon")), "/subject/identifiers/0/type invalid_value"),
        (with("/contact/channels/0/type", json!("pigeon")), "/contact/channels/0/type invalid_value"),
        (with("/contact/may_contact", json!("true")), "/contact/may_contact invalid_value"),
        (with("/platform_context/matched_at", json!("soon")), "/platform_context/matched_at bad_date"),
        (with("/platform_context/messages/0/at", json!("2026-11-20")), "/platform_context/messages/0/at bad_time"),
        (
            with("/platform_context/messages/0/text", json!("x".repeat(8_001))),
            "/platform_context/messages/0/text too_long",
        ),
        (with("/intimate_image", json!({"locator": "x".repeat(2_001)})), "/intimate_image/locator too_long"),
        (with("/desired_outcome", json!("revenge")), "/desired_outcome invalid_value"),
        // Shapes.
        (with("/statement", json!(7)), "/statement invalid_value"),
        (with("/statement", json!(null)), "/statement required"),
        (with("/reporter", json!([])), "/reporter invalid_value"),
        (with("/answers", json!("yes")), "/answers invalid_value"),
        (with("/other_categories", json!({})), "/other_categories invalid_value"),
        (with("/verdict", json!("guilty")), "/verdict unknown_member"),
        (with("/reporter/nickname", json!("J")), "/reporter/nickname unknown_member"),
        (json!({}), "/platform_report_ref required"),
        (json!([]), " invalid_value"),
        (json!("report"), " invalid_value"),
        (json!(null), " invalid_value"),
    ];
    for member in ["platform_report_ref", "category", "reporter", "statement"] {
        let mut body = full("SPK-bad");
        body.as_object_mut().unwrap().remove(member);
        let error: &'static str = format!("/{member} required").leak();
        rules.push((body, error));
    }
    rules.push((with("/reporter", json!({})), "/reporter/relation required"));
    rules
}

#[test]
fn each_broken_rule_of_a_trial_is_named_with_its_place_and_nothing_is_stored() {
    on_both(|world| async move {
        let spark = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        spark.submit(&small("SPK-good")).await;
        let before = stored(&world, &spark).await;
        for (body, error) in broken_rules() {
            let answer = spark.caller.post("/v1/reports", &body).await;
            refused(&answer, 422, "validation_failed", error);
            let tried = spark.caller.post("/v1/reports?validate_only=true", &body).await.expect(200).json();
            assert_eq!((&tried["valid"], &tried["errors"]), (&json!(false), &answer.json()["errors"]));
            let batch = spark.caller.post("/v1/reports/batch", &json!({"reports": [body]})).await.expect(207).json();
            assert_eq!(batch["results"][0]["status"], json!(422));
            assert_eq!(batch["results"][0]["problem"]["errors"], answer.json()["errors"]);
        }
        assert_eq!(stored(&world, &spark).await, before);
        // All that is wrong is named at once, of whatever kind it is, and what stands at a bound is taken.
        let mut twice = with("/category", json!("rudeness"));
        twice["reporter"]["country"] = json!("gb");
        twice["reporter"]["age_band"] = json!(17);
        twice["verdict"] = json!("guilty");
        twice["statement"] = json!([1]);
        assert_eq!(spark.caller.post("/v1/reports", &twice).await.expect(422).errors().len(), 5);
        let longest = with("/statement", json!("\u{1f642}".repeat(20_000)));
        spark.caller.post("/v1/reports", &longest).await.expect(201);
    });
}

#[test]
fn bodies_that_cannot_be_read_are_malformed_and_nothing_is_stored() {
    on_both(|world| async move {
        let spark = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let live = world.platform("spark").await;
        let before = stored(&world, &spark).await;
        let text = small("SPK-bad").to_string();
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let put = |member: &str, raw: &str| text.replacen('{', &format!("{{\"{member}\":{raw},"), 1);
        let mut bodies: Vec<Vec<u8>> = ["", " ", "{", "nothing", "{\"a\":}", "{'category': 1}", "\u{feff}{", "NaN"]
            .iter()
            .map(|text| text.as_bytes().to_vec())
            .collect();
        bodies.push(format!("{text}{}", text.replace("SPK-bad", "SPK-worse")).into_bytes());
        for depth in [129, 100_000] {
            bodies.push(nested(depth).into_bytes());
            bodies.push("{\"a\":".repeat(depth.min(40_000)).into_bytes());
        }
        // What is no JSON is none in real life either.
        for body in &bodies {
            let answer = post_raw(&live, "/v1/reports", "application/json", body.clone()).await;
            refused(&answer, 400, "malformed", "");
        }
        // A trial is told of what a live report is read in spite of.
        bodies.extend(["{\"a\": 01}", "{\"a\": \"\\x\"}"].map(|text| text.as_bytes().to_vec()));
        for (depth, member) in [(129, "attachments"), (100_000, "answers"), (129, "statement"), (100_000, "unknown")] {
            bodies.push(put(member, &nested(depth)).into_bytes());
        }
        bodies.push(text.replace("\"He keeps", "\"\n He keeps").into_bytes());
        for (place, with) in
            [("He keeps", b"\xff\xfe".as_slice()), ("He keeps", b"\xed\xa0\x80"), ("SPK-bad", b"\xc3\x28")]
        {
            let at = text.find(place).unwrap();
            bodies.push([&text.as_bytes()[..at], with, &text.as_bytes()[at..]].concat());
        }
        bodies.push([put("attachments", "[\"").as_bytes(), b"\xff\"]}"].concat());
        for body in bodies {
            let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
            let answer = post_raw(&spark, "/v1/reports", "application/json", body).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "malformed"), "{shown}: {}", answer.text);
            refused(&answer, 400, "malformed", "");
        }
        assert_eq!(stored(&world, &spark).await, before);
        // As deep as may be, and no number is too large to be JSON.
        let deep = post_raw(&spark, "/v1/reports", "application/json", put("x", &nested(127))).await;
        refused(&deep, 422, "validation_failed", "/x unknown_member");
        let large = post_raw(&spark, "/v1/reports", "application/json", put("x", "1e999")).await;
        refused(&large, 422, "validation_failed", "/x unknown_member");
        // Brackets in words are no nesting.
        spark.submit(&with("/statement", json!("[{\\\"".repeat(300)))).await;
    });
}

#[test]
fn a_member_that_stands_twice_is_refused_in_a_trial() {
    on_both(|world| async move {
        let spark = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let text = full("SPK-bad").to_string();
        let doubled = [
            ("\"category\":", "\"category\":\"hate\",\"category\":", "/category duplicate_member"),
            ("\"relation\":", "\"relation\":\"self\",\"relation\":", "/reporter/relation duplicate_member"),
            // A yes must never be lost to a later no.
            ("\"repeated\":", "\"repeated\":\"no\",\"repeated\":", "/answers/repeated duplicate_member"),
        ];
        for (from, to, error) in doubled {
            assert!(text.contains(from));
            let answer = post_raw(&spark, "/v1/reports", "application/json", text.replacen(from, to, 1)).await;
            refused(&answer, 422, "validation_failed", error);
        }
        let id = spark.submit(&small("SPK-1")).await;
        let answers = "{\"answers\":{\"repeated\":\"yes\",\"repeated\":\"no\"}}";
        let answer = post_raw(&spark, &format!("/v1/reports/{id}/additions"), "application/json", answers).await;
        refused(&answer, 422, "validation_failed", "/answers/repeated duplicate_member");
    });
}

#[test]
fn media_type_and_size_are_checked() {
    on_both(|world| async move {
        let spark = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let before = stored(&world, &spark).await;
        let text = small("SPK-bad").to_string();
        for media in ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "json"]
        {
            let answer = post_raw(&spark, "/v1/reports", media, text.clone()).await;
            refused(&answer, 415, "media_type", "");
        }
        let large = with("/statement", json!("x".repeat(256 * 1024))).to_string();
        refused(&post_raw(&spark, "/v1/reports", "application/json", large.clone()).await, 413, "too_large", "");
        let chunked = chunked(&world, &spark, large.as_bytes()).await;
        assert!(chunked.starts_with("HTTP/1.1 413") && chunked.contains("too_large"), "{chunked}");
        let batch = format!("{{\"reports\":[{}]}}", " ".repeat(8 * 1024 * 1024));
        refused(&post_raw(&spark, "/v1/reports/batch", "application/json", batch).await, 413, "too_large", "");
        for reports in [json!([]), json!(vec![small("SPK-n"); 101])] {
            let answer = spark.caller.post("/v1/reports/batch", &json!({"reports": reports})).await;
            refused(&answer, 422, "validation_failed", "/reports bad_length");
        }
        assert_eq!(stored(&world, &spark).await, before);
        let packed = spark.caller.request(Method::POST, "/v1/reports").header("Idempotency-Key", new_key());
        let packed = packed.header("Content-Type", "application/json").header("Content-Encoding", "gzip");
        refused(&Caller::send(packed.body(text.clone())).await, 415, "content_encoding", "");
        for media in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON;charset=UTF-8",
            "application/json; charset=utf8",
            "application/json; Charset=\"UTF8\"",
            "application/json;",
        ] {
            let body = small(&format!("SPK-{}", new_key())).to_string();
            post_raw(&spark, "/v1/reports", media, body).await.expect(201);
        }
    });
}

/// Posts a report in chunks, without saying how long it is.
async fn chunked(world: &World, platform: &Platform, body: &[u8]) -> String {
    let mut call = format!(
        "POST /v1/reports HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        platform.caller.token,
        new_key()
    )
    .into_bytes();
    for chunk in body.chunks(9_000) {
        call.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        call.extend(chunk);
        call.extend(b"\r\n");
    }
    call.extend(b"0\r\n\r\n");
    let place = world.base.trim_start_matches("http://").to_owned();
    tokio::task::spawn_blocking(move || {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(place).unwrap();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(&call);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    })
    .await
    .unwrap()
}
