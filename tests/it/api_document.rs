//! The API document is whole: whoever builds a client from it meets no surprise.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use recourse::domain::ledger::events::EventType;
use recourse::domain::people::staff::Role;
use serde_json::{Value, json};

use crate::harness::contract::{DOCUMENT, flaws, resolved};
use crate::harness::on_both;

/// Path, method and operation.
fn operations() -> Vec<(&'static str, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |(m, o)| (path.as_str(), m.as_str(), o)))
        .collect()
}

#[test]
fn each_operation_has_a_name_of_its_own_a_place_and_a_summary() {
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations() {
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{method} {path}: the name is taken");
        assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{method} {path}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{method} {path}");
        assert!(!operation["description"].as_str().unwrap_or_default().is_empty(), "{method} {path}");
        let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        let described = |name: &str| parameters.iter().any(|p| p["in"] == "path" && p["name"] == name);
        for name in path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
            assert!(described(name), "{method} {path}: {name} is not described");
        }
    }
    assert!(DOCUMENT["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[test]
fn each_operation_names_its_answers_refusals_and_headers() {
    for (path, method, operation) in operations() {
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path}: how does it succeed?");
        let mut wanted = vec!["429", "500"];
        if path.starts_with("/v1/public/") {
            wanted.push("503");
        } else if path.starts_with("/v1/") {
            wanted.extend(["401", "503"]);
        }
        for status in wanted {
            assert!(responses.contains_key(status), "{method} {path}: {status} is missing");
        }
        for (status, response) in responses.iter().map(|(status, response)| (status, resolved(response))) {
            let place = format!("{method} {path} {status}");
            let headers = response["headers"].as_object().unwrap();
            for name in ["X-Request-Id", "RateLimit-Policy"] {
                assert!(headers.contains_key(name), "{place}: {name}");
            }
            let may_wait = ["409", "429", "503"].contains(&status.as_str());
            assert_eq!(headers.contains_key("Retry-After"), may_wait, "{place}");
            if status.starts_with(['4', '5']) && path != "/oauth/token" {
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(*schema, "#/components/schemas/Problem", "{place}: no problem document");
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
    let mut all = Vec::new();
    references(&DOCUMENT, &mut all);
    for reference in all {
        assert!(DOCUMENT.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        for (member, inner) in schema["properties"].as_object().into_iter().flatten() {
            let explained = inner["description"].is_string() || inner.to_string().contains("\"description\"");
            assert!(explained || inner["$ref"].is_string(), "{name}.{member} is not explained");
        }
    }
}

#[test]
fn the_security_schemes_are_those_of_the_operations() {
    let schemes: BTreeSet<&String> = DOCUMENT["components"]["securitySchemes"].as_object().unwrap().keys().collect();
    let mut used = BTreeSet::new();
    for (path, method, operation) in operations() {
        // An open operation says so: without a list, a reader could not tell that from forgetting.
        let requirements = operation["security"].as_array().unwrap();
        let names: Vec<String> = requirements.iter().flat_map(|r| r.as_object().unwrap().keys().cloned()).collect();
        let expected = match path {
            "/oauth/token" => None,
            "/v1/triage/sessions" if method == "post" => None,
            path if path.starts_with("/v1/triage/") => Some("staff"),
            path if path.starts_with("/v1/partner/") => Some("partner"),
            path if path.starts_with("/v1/public/") => None,
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
        let example = |id: &str| {
            let all = operations();
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
        assert_eq!(served.json(), *DOCUMENT);
        assert_eq!(json!(lead.case(&case).await.0["state"]), "in_review");
    });
}

/// Every object of the document, with its place.
fn objects<'a>(value: &'a Value, place: &str, all: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(object) => {
            all.push((place.to_owned(), value));
            for (name, inner) in object {
                objects(inner, &format!("{place}/{name}"), all);
            }
        }
        Value::Array(array) => {
            for (i, inner) in array.iter().enumerate() {
                objects(inner, &format!("{place}/{i}"), all);
            }
        }
        _ => {}
    }
}

#[test]
fn the_examples_are_of_their_schemas() {
    let mut all = Vec::new();
    objects(&DOCUMENT, "", &mut all);
    let mut found = 0;
    for (place, object) in all {
        let Some(example) = object.get("example").filter(|_| !place.contains("/example")) else { continue };
        // Of a body, beside its schema; of a member, inside of it.
        let flaws = flaws(object.get("schema").unwrap_or(object), example);
        assert!(flaws.is_empty(), "{place}: {flaws:?}");
        found += 1;
    }
    assert!(found > 40, "only {found} examples");
}

/// The schemas that callers send something of, with their places: parameters, bodies, and all they refer to.
fn sent() -> Vec<(String, &'static Value)> {
    fn follow(place: String, schema: &'static Value, all: &mut Vec<(String, &'static Value)>) {
        let named = schema["$ref"].as_str();
        let place = named.map_or(place, str::to_owned);
        if all.iter().any(|(known, _)| *known == place) {
            return;
        }
        let schema = resolved(schema);
        all.push((place.clone(), schema));
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            follow(format!("{place}/{name}"), member, all);
        }
        let parts = ["oneOf", "allOf", "anyOf"].into_iter().filter_map(|keyword| schema[keyword].as_array());
        for (i, part) in parts.flatten().enumerate() {
            follow(format!("{place}/{i}"), part, all);
        }
        for keyword in ["items", "additionalProperties", "propertyNames"] {
            if schema[keyword].is_object() {
                follow(format!("{place}/{keyword}"), &schema[keyword], all);
            }
        }
    }
    let mut all = Vec::new();
    for (path, method, operation) in operations() {
        for parameter in operation["parameters"].as_array().into_iter().flatten().map(resolved) {
            follow(format!("{method} {path} {}", parameter["name"]), &parameter["schema"], &mut all);
        }
        for (_, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            follow(format!("{method} {path}"), &content["schema"], &mut all);
        }
    }
    all
}

#[test]
fn everything_that_a_caller_sends_is_bounded() {
    let all = sent();
    assert!(all.len() > 80, "{}", all.len());
    let has = |schema: &Value, names: &[&str]| names.iter().any(|name| !schema[*name].is_null());
    let of = |schema: &Value, name: &str| {
        schema["type"] == name || schema["type"].as_array().is_some_and(|types| types.contains(&json!(name)))
    };
    let unbounded = all.iter().filter(|(_, schema)| {
        (of(schema, "string") && !has(schema, &["maxLength", "pattern", "enum", "format"]))
            || (of(schema, "array") && !has(schema, &["maxItems"]))
            || (of(schema, "integer") && !has(schema, &["maximum"]))
            || (has(schema, &["additionalProperties"])
                && schema["additionalProperties"] != false
                && !has(schema, &["maxProperties"]))
    });
    let places: Vec<&str> = unbounded.map(|(place, _)| place.as_str()).collect();
    assert!(places.is_empty(), "{places:#?}");
}

#[test]
fn words_of_truth_are_quoted() {
    let text = recourse::web::openapi::yaml().unwrap();
    let values = text.lines().map(|line| line.trim_start().trim_start_matches("- "));
    let plain = values.map(|value| value.split_once(": ").map_or(value, |(_, value)| value));
    // A reader of YAML 1.1 takes these words for truth values, and a plain day for a date.
    let mistakable = |value: &str| ["yes", "no", "on", "off", "y", "n"].contains(&value) || value.starts_with("2026-");
    let found: Vec<&str> = plain.filter(|value| mistakable(value)).collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(text.contains("- 'yes'") && text.contains("since: '2026-11-20T00:00:00Z'"));
}

/// A list is read by a name of its own, and names its entries.
#[test]
fn each_list_is_a_type() {
    for (path, method, operation) in operations() {
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        if !resolved(schema)["properties"]["data"].is_object() {
            continue;
        }
        assert!(schema["$ref"].as_str().unwrap().ends_with("List"), "{method} {path}: {schema}");
        let entries = &resolved(schema)["properties"]["data"]["items"]["$ref"];
        assert!(entries.is_string(), "{method} {path}: its entries have no name");
    }
}

#[test]
fn what_may_grow_is_open_and_what_is_known_of_it_is_told() {
    let schemas = &DOCUMENT["components"]["schemas"];
    let catalogue = recourse::web::problem::catalogue();
    let codes = schemas["ProblemCode"]["x-extensible-enum"].as_array().unwrap();
    assert_eq!(codes.len(), catalogue.lines().filter(|line| line.contains(" | `")).count());
    for code in codes {
        assert!(catalogue.contains(&format!(" | `{}` | ", code.as_str().unwrap())), "{code}");
    }
    let types = schemas["EventName"]["x-extensible-enum"].as_array().unwrap();
    assert_eq!(Some(types), schemas["EventType"]["enum"].as_array());
    for (schema, member) in [("Problem", "code"), ("EventView", "type"), ("WebhookPayload", "type")] {
        let open = resolved(&DOCUMENT["components"]["schemas"][schema]["properties"][member]);
        assert!(open["type"] == "string" && open["enum"].is_null(), "{schema}.{member}");
    }
}

#[test]
fn each_type_of_event_is_a_webhook() {
    let told: BTreeSet<&String> = DOCUMENT["webhooks"].as_object().unwrap().keys().collect();
    let known: BTreeSet<String> = EventType::ALL.iter().map(|kind| kind.as_str().to_owned()).collect();
    assert_eq!(told, known.iter().collect());
    for (name, item) in DOCUMENT["webhooks"].as_object().unwrap() {
        let headers =
            item["post"]["parameters"].as_array().unwrap().iter().map(|header| header["name"].as_str().unwrap());
        assert_eq!(headers.collect::<Vec<_>>(), ["webhook-id", "webhook-timestamp", "webhook-signature"], "{name}");
    }
}

/// Two types of one name are one type in the document: whichever comes last stands for both.
#[test]
fn no_two_types_of_the_document_have_one_name() {
    fn walk(place: &Path, all: &mut Vec<String>) {
        for entry in fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                walk(&entry, all);
            } else {
                all.push(fs::read_to_string(entry).unwrap());
            }
        }
    }
    let mut sources = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let mut names = BTreeSet::new();
    for source in sources.iter().filter(|source| source.contains("ToSchema") || source.contains("codes! {")) {
        // A blank line or a closing brace ends what belongs to one type.
        for part in source.split("\n\n") {
            if !part.contains("ToSchema") && !part.contains("codes! {") {
                continue;
            }
            if let Some((_, rest)) = part.split_once("ToSchema for ") {
                names.insert(rest.split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned());
                continue;
            }
            let Some(line) = part.lines().map(str::trim).find(|line| !line.starts_with("use ") && declares(line))
            else {
                continue;
            };
            let renamed = part.split_once("#[schema(as = ").map(|(_, rest)| rest.split(')').next().unwrap());
            let own = line.split("struct ").last().unwrap().split("enum ").last().unwrap();
            // `codes!` says after `as` what a type is called in the document.
            let own = own.split_once(" as ").map_or(own, |(_, called)| called);
            let own = own.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            let name = renamed.unwrap_or(own).to_owned();
            assert!(names.insert(name.clone()), "two types are called {name}");
        }
    }
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap();
    let unknown: Vec<&String> =
        schemas.keys().filter(|name| !names.contains(*name) && !name.ends_with("List")).collect();
    assert!(unknown.is_empty(), "the walk over the sources missed {unknown:?}");
}

fn declares(line: &str) -> bool {
    let line =
        line.trim_start_matches("pub ").trim_start_matches("pub(super) ").trim_start_matches("pub(in crate::web) ");
    line.starts_with("struct ") || line.starts_with("enum ")
}
