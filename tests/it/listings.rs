//! What the command line lists for scripts.

use std::time::Duration;

use recourse::base::time::{Clock, Timestamp};
use serde_json::{Value, json};

use crate::command_line::{line, said};
use crate::harness::on_both;

/// Whether a text is a time as the API writes them.
fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.ends_with('Z') && Timestamp::parse(text).is_some())
}

#[test]
fn listings_are_one_json_object_for_scripts() {
    on_both(|world| async move {
        said(&world, &["admin", "platform", "add", "spark", "Spark"]);
        let made = said(&world, &["admin", "client", "add", "spark", "--mode", "test", "--scopes", "reports:read"]);
        let id = line(&made, "client_id:");
        let json = |arguments: &[&str]| -> Value {
            serde_json::from_str(&said(&world, &[&["admin"], arguments, &["--json"]].concat())).unwrap()
        };
        let platforms = json(&["platform", "list"]);
        let spark = &platforms["data"][0];
        assert_eq!(
            (&spark["slug"], &spark["name"], is_time(&spark["created_at"])),
            (&json!("spark"), &json!("Spark"), true)
        );
        let client = &spark["clients"][0];
        assert_eq!(
            (&client["client_id"], &client["mode"], &client["scopes"]),
            (&json!(id), &json!("test"), &json!(["reports:read"]))
        );
        assert!(is_time(&client["created_at"]) && client["revoked_at"].is_null(), "{client}");
        said(&world, &["admin", "client", "revoke", id]);
        assert!(is_time(&json(&["platform", "list"])["data"][0]["clients"][0]["revoked_at"]));

        assert_eq!(json(&["staff", "list"]), json!({"data": []}));
        said(&world, &["admin", "staff", "add", "noor", "--role", "advocate", "--queues", "fraud,emergency"]);
        let staff = json(&["staff", "list"]);
        let noor = &staff["data"][0];
        assert_eq!((&noor["username"], &noor["role"]), (&json!("noor"), &json!("advocate")));
        assert_eq!(noor["queues"].as_array().unwrap().len(), 2);

        assert_eq!(json(&["rota", "list"]), json!({"data": [], "staffed": false, "told": false}));
        let day = Clock::machine().now().day().plus(Duration::from_hours(48));
        let (from, until) = (day.plus(Duration::from_hours(18)), day.plus(Duration::from_hours(30)));
        let typed = from.plus(Duration::from_hours(1)).to_string().replace('T', " ").replace('Z', "+01:00");
        said(&world, &["admin", "rota", "add", "noor", "--from", &typed, "--until", &until.to_string()]);
        let shift = &json(&["rota", "list"])["data"][0];
        assert_eq!(
            (&shift["username"], &shift["from"], &shift["until"]),
            (&json!("noor"), &json!(from.to_string()), &json!(until.to_string()))
        );

        let outbox = json(&["outbox", "status"]);
        assert_eq!((&outbox["waiting"], &outbox["dead"]), (&json!(0), &json!(0)));
        let roles = json(&["roles"]);
        assert!(
            roles["data"].as_array().unwrap().contains(&json!({"role": "auditor", "queue": "other", "may": ["Read"]}))
        );
    });
}
