//! Calls that break the contract beside their body: methods, headers, parameters, paths.

use recourse::domain::people::staff::Role;
use reqwest::Method;
use serde_json::json;

use crate::bad_input::{refused, stored};
use crate::harness::client::{Caller, Platform, new_key, small};
use crate::harness::on_both;

/// A wrong query is refused with the name of the parameter, save for names that the caller made up.
async fn names_its_parameter(platform: &Platform, path: &str) {
    let answer = platform.caller.get(path).await;
    refused(&answer, 400, "bad_parameter", "");
    let name = path.split(['?', '=']).nth(1).unwrap();
    let told = if path.contains("limits") || path.contains("%00") { "query" } else { name };
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with(&format!("`{told}`: ")), "{path}: {detail}");
}

async fn other_methods_are_named(platform: &Platform) {
    for (method, path, allow) in
        [("DELETE", "/v1/reports", "GET, POST"), ("PUT", "/healthz", "GET"), ("GET", "/oauth/token", "POST")]
    {
        let answer = Caller::send(platform.caller.request(method.parse().unwrap(), path)).await;
        refused(&answer, 405, "method_not_allowed", "");
        assert_eq!(answer.header("allow"), allow);
    }
}

#[test]
fn headers_parameters_and_paths_are_checked() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        for n in 0..3 {
            spark.submit(&small(&format!("SPK-{n}"))).await;
        }
        let before = stored(&world, &spark).await;
        let keyless = spark.caller.request(Method::POST, "/v1/reports").json(&small("SPK-bad"));
        refused(&Caller::send(keyless).await, 400, "idempotency_key_missing", "");
        for key in ["", "caf\u{e9}", "x".repeat(256).as_str()] {
            let answer = spark.caller.post_with("/v1/reports", key, None, &small("SPK-bad")).await;
            refused(&answer, 400, "idempotency_key_missing", "");
        }
        let case = lead.case_of("SPK-1").await;
        let hold = json!({"action": "start"});
        let transitions = format!("/v1/triage/cases/{case}/transitions");
        refused(&lead.caller.post(&transitions, &hold).await, 428, "precondition_required", "");
        for tag in ["\"0\"", "\"999\"", "W/\"999\"", "nonsense", "11"] {
            let answer = lead.caller.post_with(&transitions, &new_key(), Some(tag), &hold).await;
            refused(&answer, 412, "precondition_failed", "");
        }
        let page = spark.caller.get("/v1/reports?limit=1").await.expect(200).json();
        let cursor = page["next_cursor"].as_str().unwrap().to_owned();
        let cases = lead.caller.get("/v1/triage/cases?limit=1").await.expect(200).json();
        let other = cases["next_cursor"].as_str().unwrap();
        let bad = [
            "/v1/reports?limit=many".to_owned(),
            "/v1/reports?limit=-1".to_owned(),
            "/v1/reports?limit=".to_owned(),
            "/v1/reports?limits=5".to_owned(),
            "/v1/reports?limit=5&limit=6".to_owned(),
            "/v1/reports?cursor=%00".to_owned(),
            "/v1/reports?cursor=abc".to_owned(),
            format!("/v1/reports?cursor={other}"),
            format!("/v1/requests?cursor={cursor}"),
            "/v1/requests?state=wished".to_owned(),
            "/v1/events?after=evt_1".to_owned(),
            "/v1/events?type=report.read".to_owned(),
        ];
        for path in bad {
            names_its_parameter(&spark, &path).await;
        }
        for (path, told) in [
            ("limits=5", "`query`: a parameter is not known; there are platform_report_ref, limit, cursor."),
            ("limit=many", "`limit`: use a whole number."),
        ] {
            assert_eq!(spark.caller.get(&format!("/v1/reports?{path}")).await.json()["detail"], told);
        }
        let bad = [
            format!("cursor={cursor}"),
            format!("queue=fraud&cursor={other}"),
            "queue=gossip".to_owned(),
            "state=lost".to_owned(),
            "priority=p9".to_owned(),
            "assigned_to=you".to_owned(),
            "mode=dream".to_owned(),
            "platform_report_reff=SPK-1".to_owned(),
        ];
        for query in bad {
            refused(&lead.caller.get(&format!("/v1/triage/cases?{query}")).await, 400, "bad_parameter", "");
        }
        spark.caller.get("/v1/reports?limit=5000").await.expect(200);
        // PostgreSQL cannot hold such a text: a refusal, and no fault.
        for query in ["platform_report_ref=SPK%00", "cursor=%00"] {
            refused(&lead.caller.get(&format!("/v1/triage/cases?{query}")).await, 400, "bad_parameter", "");
        }
        let name = json!({"username": "a\0b", "password": "x", "code": "1"});
        refused(&world.caller("").post("/v1/triage/sessions", &name).await, 401, "credential_invalid", "");
        for path in ["/v1", "/v1/report", "/v1/reports/", "/v2/reports", "/v1/reports/x/y", "/%00", "/v1/reports/%ff"] {
            refused(&spark.caller.get(path).await, 404, "not_found", "");
        }
        other_methods_are_named(&spark).await;
        assert_eq!(stored(&world, &spark).await, before);
    });
}
