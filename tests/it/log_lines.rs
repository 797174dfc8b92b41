//! What the log says of a refused call: enough to answer whoever asks with an `instance`, and no word of theirs.

use reqwest::Method;
use serde_json::json;

use crate::harness::client::{Answer, Caller, small};
use crate::harness::process::Service;

/// The lines about a call, and that nothing in them is the caller's.
#[track_caller]
fn lines(service: &Service, answer: &Answer) -> String {
    let id = answer.header("x-request-id");
    let all = service.said();
    let found: Vec<&str> = all.lines().filter(|line| line.contains(&id)).collect();
    assert!(!found.is_empty(), "nothing of {id} in {all}");
    for word in ["anna", "Anna", "rcs_live", "He waits"] {
        assert!(!all.contains(word), "{word} in {all}");
    }
    found.join("\n")
}

#[test]
fn a_refused_call_is_found_by_its_instance_with_code_caller_and_places() {
    actix_web::rt::System::new().block_on(async {
        let mut service = Service::new(None);
        let new = service.credential("spark").await;
        let client = new.client.to_string();
        let lead = service.lead().await;
        service.up().await;
        let spark = service.sign_in(&new).await.caller;
        let has = |answer: &Answer, parts: &[&str]| {
            let told = lines(&service, answer);
            assert!(parts.iter().all(|part| told.contains(part)), "{parts:?} in {told}");
            told
        };

        let body = json!({"platform_report_ref": "anna-1", "category": "harassment", "reporter": {"relation": "Anna"},
            "answers": {"anna-lives-here": "yes"}});
        let answer = spark.post("/v1/reports", &body).await.expect(422);
        assert_eq!(answer.json()["instance"], json!(answer.header("x-request-id")));
        has(&answer, &["status=422", "code=\"validation_failed\"", &format!("caller=\"{client}\""), "places=\"/"]);

        let batch = json!({"reports": [small("B-1"), {"statement": "He waits.", "category": "harassment"}]});
        let answer = spark.post("/v1/reports/batch", &batch).await.expect(207);
        has(&answer, &["item=1", "code=\"validation_failed\"", &client, "status=207"]);

        let answer = spark.get("/v1/reports?limit=anna").await.expect(400);
        has(&answer, &["code=\"bad_parameter\"", "status=400", &client, "places=\"limit\""]);
        let answer = spark.get("/v1/reports?anna=1").await.expect(400);
        has(&answer, &["code=\"bad_parameter\"", "places=\"query\""]);
        let answer = spark.get("/v1/triage/queues").await.expect(401);
        assert!(!has(&answer, &["code=\"credential_invalid\""]).contains("caller"));
        let answer = lead.get(&format!("/v1/triage/cases/case_{}", "0".repeat(26))).await.expect(404);
        has(&answer, &["code=\"not_found\"", "caller=\"stf_"]);
        let answer = spark.get("/v1/status").await.expect(200);
        let told = has(&answer, &["status=200"]);
        assert!(!told.contains("code=") && !told.contains("caller="), "only refusals name a caller: {told}");

        for (id, known) in [(client.as_str(), true), ("anna", false), (&format!("plc_{}", "a".repeat(26)), false)] {
            let request = spark.http.request(Method::POST, format!("{}/oauth/token", spark.base));
            let request = request.header("Content-Type", "application/x-www-form-urlencoded");
            let request = request.basic_auth(id, Some("rcs_live_Anna")).body("grant_type=client_credentials");
            let answer = Caller::send(request).await.expect(401);
            let told = has(&answer, &["code=\"invalid_client\"", "status=401"]);
            assert_eq!(told.contains(&format!("caller=\"{client}\"")), known, "{told}");
            assert!(known || !told.contains("caller="), "{told}");
        }
    });
}

#[test]
fn every_line_of_a_log_for_machines_is_json() {
    actix_web::rt::System::new().block_on(async {
        let mut service = Service::new(None);
        service.set("RECOURSE_LOG_FORMAT", "json");
        service.up().await;
        assert_eq!(service.caller("").get("/v1/status").await.status, 401);
        assert_eq!(service.terminate(), Some(0));
        let said = service.said();
        assert!(said.contains("serving") && said.lines().count() > 1, "{said}");
        for line in said.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
            // When, in UTC; how grave; by which part of the program.
            let at = line["timestamp"].as_str().unwrap();
            assert!(at.ends_with('Z') && recourse::base::time::Timestamp::parse(at).is_some(), "{line}");
            assert!(line["level"].is_string() && line["target"].is_string(), "{line}");
        }
    });
}
