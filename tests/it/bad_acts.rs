//! Acts of staff and answers of platforms that break a rule.

use recourse::domain::people::staff::Role;
use serde_json::json;

use crate::bad_input::refused;
use crate::harness::client::{new_key, small};
use crate::harness::on_both;

#[test]
fn staff_and_answers_are_refused_as_clearly_and_change_nothing() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let report = spark.submit(&small("SPK-1")).await;
        let case = lead.case_of("SPK-1").await;
        lead.take(&case).await;
        lead.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        let before = lead.case(&case).await;
        let request = before.0["requests"][0]["id"].as_str().unwrap().to_owned();
        let long = "x".repeat(20_001);
        let rules = [
            ("notes", json!({"text": " "}), "/text bad_length"),
            ("notes", json!({"text": long}), "/text bad_length"),
            ("notes", json!({"text": "x", "records": "tea"}), "/records invalid_value"),
            ("transitions", json!({"action": "hold", "reason": "x"}), "/until required"),
            (
                "transitions",
                json!({"action": "hold", "reason": "x", "until": "2026-11-25T19:04:03Z"}),
                "/until out_of_range",
            ),
            ("transitions", json!({"action": "close"}), "/action not_a_transition"),
            ("transitions", json!({"action": "dance"}), "/action invalid_value"),
            ("priority", json!({"priority": "p1", "text": "x"}), "/reason_code required"),
            (
                "priority",
                json!({"priority": "p9", "reason_code": "new_information", "text": "x"}),
                "/priority invalid_value",
            ),
            ("decision", json!({"outcome": "forgotten", "reason": "x"}), "/outcome invalid_value"),
            ("decision", json!({"outcome": "recorded_only"}), "/reason required"),
            ("assign", json!({"staff_id": "somebody"}), "/staff_id invalid_value"),
            ("platform-requests", json!({"action": "hide_account"}), "/agreement agreement_required"),
            ("platform-requests", json!({"action": "preserve_evidence", "due_at": "soon"}), "/due_at invalid_value"),
            ("links", json!({"case_id": case}), "/case_id same_case"),
        ];
        let tag = format!("\"{}\"", before.0["version"]);
        for (act, body, error) in rules {
            let path = format!("/v1/triage/cases/{case}/{act}");
            let answer = lead.caller.post_with(&path, &new_key(), Some(&tag), &body).await;
            refused(&answer, 422, "validation_failed", error);
        }
        let rules = [
            (format!("/v1/reports/{report}/additions"), json!({}), " nothing_added"),
            (format!("/v1/requests/{request}/response"), json!({"state": "declined"}), "/reason_code required"),
            (format!("/v1/requests/{request}/response"), json!({"state": "done", "note": long}), "/note too_long"),
        ];
        for (path, body, error) in rules {
            refused(&spark.caller.post(&path, &body).await, 422, "validation_failed", error);
        }
        assert_eq!(lead.case(&case).await, before);
    });
}
