//! Input is never repeated in a problem, and no change of a report makes the service stumble.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::web::problem;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Caller, full, new_key, small};
use crate::harness::{World, on_both};

/// A word that nobody would write, in the forms that input takes.
const CANARY: &str = "kestrel-7741-marmalade";

/// Every place of a value, as pointers.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(object) => object.iter().for_each(|(name, inner)| places(inner, &format!("{at}/{name}"), all)),
        Value::Array(array) => array.iter().enumerate().for_each(|(i, inner)| places(inner, &format!("{at}/{i}"), all)),
        _ => {}
    }
}

/// The same body with another value in one place.
fn changed(body: &Value, place: &str, value: Value) -> Value {
    let mut body = body.clone();
    *body.pointer_mut(place).unwrap() = value;
    body
}

/// Every body that an operation takes, and where it goes.
async fn calls(world: &World) -> Vec<(Caller, String, Value)> {
    let spark = world.platform("spark").await;
    let lead = world.staff(Role::Lead).await;
    let report = spark.submit(&small("SPK-1")).await;
    let id = lead.case_of("SPK-1").await;
    lead.take(&id).await;
    lead.act(&id, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
    let request = lead.case(&id).await.0["requests"][0]["id"].as_str().unwrap().to_owned();
    let case = |act: &str| format!("/v1/triage/cases/{id}/{act}");
    let addition = json!({"statement": "More.", "answers": {"repeated": "yes"}, "identifiers": [{"type": "handle", "value": "@j"}]});
    let asked = json!({"action": "hide_account", "agreement": "survivor", "agreement_record": "Today.", "due_at": "2026-11-30T10:00:00Z", "single_contact_check": true, "details": "Soon."});
    let answer = json!({"state": "declined", "reason_code": "not_found", "taken_at": "2026-11-22T10:00:00Z", "subject_notified": false, "note": "None."});
    let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await.caller;
    let staff = &lead.caller;
    let platform = &spark.caller;
    vec![
        (platform.clone(), "/v1/reports".into(), full("SPK-2")),
        (trial, "/v1/reports".into(), full("SPK-2")),
        (platform.clone(), "/v1/reports?validate_only=true".into(), full("SPK-3")),
        (platform.clone(), "/v1/reports/batch".into(), json!({"reports": [full("SPK-4")]})),
        (platform.clone(), format!("/v1/reports/{report}/additions"), addition),
        (platform.clone(), format!("/v1/reports/{report}/withdrawal"), json!({"why": "x"})),
        (platform.clone(), format!("/v1/requests/{request}/response"), answer),
        (staff.clone(), case("notes"), json!({"text": "Read.", "records": "standby"})),
        (staff.clone(), case("transitions"), json!({"action": "hold", "reason": "x", "until": "2026-11-22T10:00:00Z"})),
        (staff.clone(), case("priority"), json!({"priority": "p1", "reason_code": "new_information", "text": "x"})),
        (staff.clone(), case("decision"), json!({"outcome": "unfounded", "reason": "x"})),
        (staff.clone(), case("assign"), json!({"staff_id": lead.id})),
        (staff.clone(), case("platform-requests"), asked),
        (staff.clone(), case("links"), json!({"case_id": id})),
        (world.caller(""), "/v1/triage/sessions".into(), json!({"username": "amina", "password": "x", "code": "1"})),
    ]
}

/// The version of the case as it is now, where the act has to name it.
async fn tag(caller: &Caller, path: &str) -> Option<String> {
    let (case, act) = path.rsplit_once('/')?;
    if !["transitions", "priority", "decision", "assign"].contains(&act) {
        return None;
    }
    Some(format!("\"{}\"", caller.get(case).await.expect(200).json()["version"]))
}

#[test]
fn no_problem_repeats_what_was_sent() {
    on_both(|world| async move {
        let mut refusals = 0;
        let word = format!("expected {CANARY} at line 1, `{CANARY}`");
        for (caller, path, body) in calls(&world).await {
            let mut all = Vec::new();
            places(&body, "", &mut all);
            for place in all {
                for value in [
                    json!(word),
                    json!([word]),
                    json!({word.clone(): word}),
                    json!(774_177_417_741_u64),
                    json!(format!("{CANARY}\0")),
                ] {
                    let tag = tag(&caller, &path).await;
                    let sent = changed(&body, &place, value);
                    let answer = caller.post_with(&path, &new_key(), tag.as_deref(), &sent).await;
                    assert!(answer.status < 500, "{path} {place}: {}", answer.text);
                    let not_accepted = answer.json()["not_accepted"].to_string();
                    assert!(!not_accepted.contains(CANARY) && !not_accepted.contains("774177417741"), "{not_accepted}");
                    if answer.status < 400 && !path.ends_with("batch") && !path.ends_with("validate_only=true") {
                        continue;
                    }
                    let receipt = answer.json()["results"][0]["report"].is_object();
                    let told = answer.text.contains(CANARY) || answer.text.contains("774177417741");
                    assert!(receipt || !told, "{path} {place}: {}", answer.text);
                    refusals += 1;
                }
            }
        }
        assert!(refusals > 400, "{refusals}");
    });
}

#[test]
fn neither_headers_nor_parameters_nor_paths_are_repeated() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let get = [
            format!("/{CANARY}"),
            format!("/v1/reports/{CANARY}"),
            format!("/v1/reports?cursor={CANARY}"),
            format!("/v1/reports?limit={CANARY}"),
            format!("/v1/reports?{CANARY}=1"),
            format!("/v1/events?type={CANARY}"),
            format!("/v1/events?after={CANARY}"),
            format!("/v1/triage/cases?assigned_to={CANARY}"),
            format!("/v1/triage/cases?state={CANARY}"),
            format!("/v1/triage/cases/{CANARY}"),
        ];
        for path in get {
            for caller in [&spark.caller, &lead.caller, &world.caller(CANARY)] {
                let answer = caller.get(&path).await;
                assert!(
                    (400..500).contains(&answer.status) && !answer.text.contains(CANARY),
                    "{path}: {}",
                    answer.text
                );
            }
        }
        let headers = [
            ("Idempotency-Key", format!("{CANARY}\u{e9}")),
            ("Content-Type", CANARY.to_owned()),
            ("Authorization", CANARY.to_owned()),
            ("Authorization", format!("Basic {CANARY}")),
        ];
        for (name, value) in headers {
            let request = world.caller("").request(Method::POST, "/v1/reports").body("{}");
            let request = if name == "Authorization" { request } else { request.bearer_auth(&spark.caller.token) };
            let answer = Caller::send(request.header(name, value)).await;
            assert!((400..500).contains(&answer.status) && !answer.text.contains(CANARY), "{name}: {}", answer.text);
        }
        let form = format!("grant_type={CANARY}&client_id={CANARY}&client_secret={CANARY}&scope={CANARY}");
        let request = world.caller("").request(Method::POST, "/oauth/token");
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
        let answer = Caller::send(request).await.expect(400);
        assert!(!answer.text.contains(CANARY) && answer.json()["error"] == "unsupported_grant_type", "{}", answer.text);
    });
}

/// Values that have broken programs before.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "yes",
            "self",
            "GB",
            "2026-11-21T19:04:00Z",
            "9999-12",
            "0000-01-01",
            "+262143-12-31",
            "\0",
            "rep_"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{0,12}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

#[test]
fn no_change_of_a_report_is_a_fault() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut runner = TestRunner::deterministic();
        let mut taken = 0;
        for n in 0..300 {
            let mut body = full(&format!("SPK-{n}"));
            let changes = (1_usize..4).new_tree(&mut runner).unwrap().current();
            for _ in 0..changes {
                let mut all = Vec::new();
                places(&body, "", &mut all);
                let place = prop::sample::select(all).new_tree(&mut runner).unwrap().current();
                body = changed(&body, &place, values().new_tree(&mut runner).unwrap().current());
            }
            let answer = spark.caller.post("/v1/reports", &body).await;
            assert!(matches!(answer.status, 200 | 201 | 400 | 409 | 422), "{} {}: {body}", answer.status, answer.text);
            if answer.status == 201 {
                taken += 1;
            } else if answer.status >= 400 {
                assert_eq!(answer.header("content-type"), problem::MEDIA_TYPE);
            }
        }
        let listed = spark.caller.get("/v1/reports?limit=100").await.expect(200).json();
        assert_eq!(listed["data"].as_array().unwrap().len(), taken.min(100), "what was refused is not stored");
    });
}

#[test]
fn the_catalogue_of_problems_is_written_down() {
    let written = include_str!("../../docs/problems.md");
    let refresh = "write docs/problems.md anew: UPDATE_DOCS=1 cargo test --test it catalogue";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/problems.md"), problem::catalogue()).unwrap();
        return;
    }
    assert!(written == problem::catalogue(), "{refresh}");
}
