//! The operations of the API document, each with a call that it takes.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Caller, new_key, small};
use super::contract::{DOCUMENT, resolved};

/// What a row of the table calls, as the document has it.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) keyed: bool,
    pub(crate) conditional: bool,
    /// The statuses that the document names.
    pub(crate) statuses: BTreeSet<u16>,
}

/// The operations of the document.
pub(crate) fn documented() -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(_, o)| o.get("responses").is_some()) {
            let parameters: Vec<&Value> =
                operation["parameters"].as_array().into_iter().flatten().map(resolved).collect();
            let needs = |name: &str| parameters.iter().any(|p| p["name"] == name && p["required"] == true);
            all.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                keyed: needs("Idempotency-Key"),
                conditional: needs("If-Match"),
                statuses: operation["responses"].as_object().unwrap().keys().map(|s| s.parse().unwrap()).collect(),
            });
        }
    }
    all
}

/// The ids that fill a path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    pub(crate) id: String,
    pub(crate) act: String,
    pub(crate) other: String,
    pub(crate) colleague: String,
    pub(crate) service: String,
    pub(crate) consent: String,
    pub(crate) referral: String,
    pub(crate) next_service: String,
}

impl Ids {
    pub(crate) fn missing(operation: &Operation) -> Self {
        let id = |prefix: &str| format!("{prefix}_{}", "0".repeat(26));
        let thing = if operation.path.starts_with("/v1/triage/sessions") {
            "ses"
        } else if operation.path.starts_with("/v1/triage/colleagues") {
            "stf"
        } else if operation.path.starts_with("/v1/triage/services") {
            "svc"
        } else if operation.path.starts_with("/v1/partner") {
            "ref"
        } else if operation.path.starts_with("/v1/triage") {
            "case"
        } else if operation.path.contains("/requests/") {
            "req"
        } else if operation.path.starts_with("/v1/events") {
            "evt"
        } else if operation.path.starts_with("/v1/webhook-endpoints") {
            "whe"
        } else {
            "rep"
        };
        let (service, consent, referral, next_service) = (id("svc"), id("con"), id("ref"), id("svc"));
        let (id, act, other, colleague) = (id(thing), id("act"), id("case"), id("stf"));
        Self { id, act, other, colleague, service, consent, referral, next_service }
    }
}

fn path(operation: &Operation, ids: &Ids) -> String {
    operation
        .path
        .replace("{id}", &ids.id)
        .replace("{act}", &ids.act)
        .replace("{con}", &ids.consent)
        .replace("{ref}", &ids.referral)
        .replace("{queue}", "stalking_violence")
}

/// A draft of a referral, as of the begin of every test.
pub(crate) fn draft(ids: &Ids) -> Value {
    json!({
        "service_id": ids.service, "consent_id": ids.consent, "place": {"country": "GB", "said_now": true},
        "summary": "She is stalked.", "handover": "they_contact", "label": "the garden club",
        "sheet": {
            "name_to_use": "Jo", "channels": [{"channel": "sms", "value": "+44 7700 900999"}], "safe_times": "mornings",
            "zone": "Europe/London", "if_somebody_else": "Say nothing.", "shared_with": "nobody",
            "never_contact": "nobody", "confirmed_at": "2026-11-21T19:04:02Z",
        },
    })
}

/// A body that the operation takes.
fn body(operation: &Operation, ids: &Ids) -> Option<Value> {
    Some(match operation.id.as_str() {
        "sign_in" => json!({"username": "nobody-here", "password": "wrong", "code": "000000"}),
        "change_password" => {
            json!({"password": "wrong", "code": "000000", "new_password": "copper kettle on the stove"})
        }
        "submit_report" => small(&format!("ref-{}", new_key())),
        "submit_reports" => json!({"reports": [small(&format!("ref-{}", new_key()))]}),
        "add_to_report" => json!({"statement": "He came again."}),
        "answer_request" => json!({"state": "done", "subject_notified": false}),
        "create_webhook_endpoint" => json!({"url": "https://hooks.spark-dating.com/recourse"}),
        "replay_events" => json!({"failed": true}),
        "hand_over_case" => json!({"staff_id": ids.colleague, "note": "She waits for his answer."}),
        "assign_case" => json!({"staff_id": ids.colleague}),
        "move_case" => json!({"action": "start"}),
        "write_note" => json!({"text": "Read."}),
        "record_wishes" => {
            json!({"how": "phone", "alone": "yes", "may_contact": true, "channels": [{"type": "portal"}]})
        }
        "change_priority" => json!({"priority": "p1", "reason_code": "professional_judgement", "text": "He is near."}),
        "decide_case" => json!({"outcome": "recorded_only", "reason": "As she wished."}),
        "ask_platform" => json!({"action": "preserve_evidence"}),
        "record_consent" => crate::consents::given(&ids.service),
        "narrow_consent" => json!({"scopes": ["contact"], "asked_how": "phone", "alone": "yes"}),
        "withdraw_consent" => json!({"asked_how": "phone", "alone": "yes"}),
        "draft_referral" => draft(ids),
        "withdraw_referral" => json!({"she_asked": true, "words": "She does not want it."}),
        "answer_referral_by_phone" => json!({"answer": "receive", "who": "Ines", "at": "2026-11-21T19:04:02Z"}),
        "replace_referral" => json!({"service_id": ids.next_service, "label": "the book club"}),
        "route_case" => json!({"place": {"said_now": false}, "conflicts_asked": false}),
        "decline_partner_referral" => json!({"reason": "no_capacity"}),
        "close_partner_referral" => json!({"outcome": "supported"}),
        "set_capacity" => json!({"full_until": null}),
        "link_cases" => json!({"case_id": ids.other}),
        _ if operation.method == Method::POST && operation.keyed => json!({}),
        _ => return None,
    })
}

/// Calls an operation, with whichever version the thing has where it asks for one.
pub(crate) async fn call(caller: &Caller, operation: &Operation, ids: &Ids) -> Answer {
    let mut version = 1;
    loop {
        let answer = call_seen(caller, operation, ids, version).await;
        if !operation.conditional || answer.status != 412 || version == 30 {
            return answer;
        }
        version += 1;
    }
}

async fn call_seen(caller: &Caller, operation: &Operation, ids: &Ids, version: u8) -> Answer {
    let mut request = caller.request(operation.method.clone(), &path(operation, ids));
    if operation.keyed {
        request = request.header("Idempotency-Key", new_key());
    }
    if operation.conditional {
        request = request.header("If-Match", format!("\"{version}\""));
    }
    if operation.id == "issue_token" {
        let form = "application/x-www-form-urlencoded";
        request = request.header("Content-Type", form).body("grant_type=client_credentials");
    } else if let Some(body) = body(operation, ids) {
        request = request.json(&body);
    }
    let answer = Caller::send(request).await;
    assert!(operation.statuses.contains(&answer.status), "{operation:?}: {} is not documented", answer.status);
    answer
}

/// An answer without the id of its request: what must be the same, byte for byte.
pub(crate) fn told(answer: &Answer) -> (u16, String, String) {
    let instance = answer.json()["instance"].as_str().unwrap_or_default().to_owned();
    assert!(!instance.is_empty(), "no instance: {}", answer.text);
    (answer.status, answer.header("content-type"), answer.text.replace(&instance, ""))
}
