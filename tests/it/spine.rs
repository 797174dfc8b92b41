//! The whole way of one report.

use recourse::domain::people::staff::Role;
use serde_json::json;

use crate::harness::client::full;
use crate::harness::on_both;

#[test]
fn a_report_goes_its_whole_way() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let advocate = world.staff(Role::Advocate).await;
        let receipt = spark.caller.post("/v1/reports", &full("SPK-1")).await.expect(201);
        assert_eq!(receipt.json()["status"], "received");
        let report = receipt.json()["id"].as_str().unwrap().to_owned();

        let claimed = advocate.caller.post("/v1/triage/queues/stalking_violence/claim", &json!({})).await.expect(200);
        let case = claimed.json()["id"].as_str().unwrap().to_owned();
        advocate.take(&case).await;
        let (read, _) = advocate.case(&case).await;
        assert_eq!(read["priority"], "p1");
        assert_eq!(read["assessment"]["floors"][0]["code"], "O11b");
        assert_eq!(read["reports"][0]["content"]["statement"], "He has been outside my work three times this week.");

        let ask = json!({"action": "hide_account", "agreement": "survivor", "agreement_record": "In the portal, today.", "single_contact_check": true});
        advocate.act(&case, "platform-requests", &ask).await.expect(200);
        let asked = spark.caller.get("/v1/requests").await.expect(200).json();
        let request = asked["data"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(asked["data"][0]["platform_report_ref"], "SPK-1");
        assert_eq!(spark.caller.get(&format!("/v1/reports/{report}")).await.json()["status"], "awaiting_platform");
        let done = json!({"state": "done", "subject_notified": false});
        spark.caller.post(&format!("/v1/requests/{request}/response"), &done).await.expect(200);

        let closing = json!({"outcome": "platform_acted", "reason": "The account is hidden."});
        advocate.act_seen(&case, "decision", &closing).await.expect(200);
        let seen = spark.caller.get(&format!("/v1/reports/{report}")).await.json();
        assert_eq!((&seen["status"], &seen["outcome"]), (&json!("closed"), &json!("platform_acted")));
        let events = spark.caller.get("/v1/events").await.expect(200).json();
        let types: Vec<&str> = events["data"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
        let expected =
            ["report.received", "report.status_changed", "request.created", "report.status_changed", "report.closed"];
        assert_eq!(types, expected);
    });
}
