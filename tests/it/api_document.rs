//! The API document is whole: whoever builds a client from it meets no surprise.

use std::collections::BTreeSet;

use recourse::domain::staff::Role;
use serde_json::{Value, json};

use crate::harness::on_both;

fn document() -> Value {
    serde_json::to_value(recourse::web::openapi::document()).unwrap()
}

/// Path, method and operation.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |(m, o)| (path.as_str(), m.as_str(), o)))
        .collect()
}

#[test]
fn each_operation_has_a_name_of_its_own_a_place_and_a_summary() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{method} {path}: the name is taken");
        assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{method} {path}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{method} {path}");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let described = |name: &str| parameters.iter().any(|p| p["in"] == "path" && p["name"] == name);
        for name in path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
            assert!(described(name), "{method} {path}: {name} is not described");
        }
    }
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[test]
fn each_operation_names_its_answers_refusals_and_headers() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path}: how does it succeed?");
        let mut wanted = vec!["429", "503"];
        if !operation["security"].is_null() {
            wanted.extend(["400", "401"]);
        }
        for status in wanted {
            assert!(responses.contains_key(status), "{method} {path}: {status} is missing");
        }
        for (status, response) in responses {
            let place = format!("{method} {path} {status}");
            let headers = response["headers"].as_object().unwrap();
            for name in ["X-Request-Id", "RateLimit", "RateLimit-Policy"] {
                assert!(headers.contains_key(name), "{place}: {name}");
            }
            assert_eq!(headers.contains_key("Retry-After"), status == "429" || status == "503", "{place}");
            if status.starts_with(['4', '5']) && path != "/oauth/token" {
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                let elsewhere = path == "/readyz" && response["content"].is_object();
                assert!(*schema == "#/components/schemas/Problem" || elsewhere, "{place}: no problem document");
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_member_is_explained() {
    fn references<'a>(value: &'a Value, all: &mut Vec<&'a str>) {
        match value {
            Value::Object(object) => {
                all.extend(object.get("$ref").and_then(Value::as_str));
                object.values().for_each(|inner| references(inner, all));
            }
            Value::Array(array) => array.iter().for_each(|inner| references(inner, all)),
            _ => {}
        }
    }
    let document = document();
    let mut all = Vec::new();
    references(&document, &mut all);
    for reference in all {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (member, inner) in schema["properties"].as_object().into_iter().flatten() {
            let explained = inner["description"].is_string() || inner.to_string().contains("\"description\"");
            assert!(explained || inner["$ref"].is_string(), "{name}.{member} is not explained");
        }
    }
}

#[test]
fn the_security_schemes_are_those_of_the_operations() {
    let document = document();
    let schemes: BTreeSet<&String> = document["components"]["securitySchemes"].as_object().unwrap().keys().collect();
    let mut used = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let requirements = operation["security"].as_array().cloned().unwrap_or_default();
        let names: Vec<String> = requirements.iter().flat_map(|r| r.as_object().unwrap().keys().cloned()).collect();
        let expected = match path {
            "/oauth/token" | "/v1/triage/sessions" => None,
            path if path.starts_with("/v1/triage/") => Some("staff"),
            path if path.starts_with("/v1/") => Some("platform"),
            _ => None,
        };
        assert_eq!(names.first().map(String::as_str), expected, "{method} {path}");
        used.extend(names);
    }
    assert_eq!(schemes, used.iter().collect());
}

#[test]
fn the_examples_are_taken_as_they_stand() {
    on_both(|world| async move {
        let document = document();
        let example = |id: &str| {
            let all = operations(&document);
            let (_, _, operation) = all.iter().find(|(_, _, operation)| operation["operationId"] == id).unwrap();
            let example = operation["requestBody"]["content"]["application/json"]["example"].clone();
            assert!(example.is_object(), "{id} has no example");
            example
        };
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let report = example("submit_report");
        spark.submit(&report).await;
        let case = lead.case_of(report["platform_report_ref"].as_str().unwrap()).await;
        lead.take(&case).await;
        lead.act(&case, "platform-requests", &example("ask_platform")).await.expect(200);
        let request = lead.case(&case).await.0["requests"][0]["id"].as_str().unwrap().to_owned();
        spark.caller.post(&format!("/v1/requests/{request}/response"), &example("answer_request")).await.expect(200);
        spark.caller.post("/v1/webhook-endpoints", &example("create_webhook_endpoint")).await.expect(201);
        spark.caller.post("/v1/events/replay", &example("replay_events")).await.expect(202);
        let served = world.caller("").get("/openapi.json").await.expect(200);
        assert_eq!(served.json(), document);
        assert_eq!(json!(lead.case(&case).await.0["state"]), "in_review");
    });
}
