//! Bodies that cost: long, deep, many, or merely valid and very many.

use serde_json::{Value, json};

use crate::child::Given;
use crate::http::{MARK, Request, report_body};

/// A small report with a number of its own and these further members.
fn report(item: usize, further: Value) -> Value {
    let mut body = json!({
        "platform_report_ref": format!("A-{MARK}-{item}"),
        "category": "harassment",
        "reporter": {"relation": "self"},
        "statement": "He keeps writing to me after I said no.",
    });
    if let (Some(body), Value::Object(further)) = (body.as_object_mut(), further) {
        body.extend(further);
    }
    body
}

fn single(given: &Given, body: &str) -> Vec<Request> {
    vec![Request::post("/v1/reports", &given.token, body)]
}

fn batch(given: &Given, body: &str) -> Vec<Request> {
    vec![Request::post("/v1/reports/batch", &given.token, body)]
}

pub(super) fn attachments(given: &Given) -> Vec<Request> {
    single(given, &report(0, json!({"attachments": vec![json!({"a": [1, 2]}); 20_000]})).to_string())
}

pub(super) fn ones(given: &Given) -> Vec<Request> {
    batch(given, &format!("{{\"reports\":[1{}]}}", ",1".repeat(4_000_000)))
}

/// Members that nobody knows.
fn made_up(count: usize) -> Value {
    (0..count).map(|n| (format!("k{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into()
}

pub(super) fn unknown(given: &Given) -> Vec<Request> {
    single(given, &report(0, made_up(18_000)).to_string())
}

/// As many as fit into a batch.
pub(super) fn unknown_batches(given: &Given) -> Vec<Request> {
    let all: Vec<Value> = (0..100).map(|item| report(item, made_up(5_000))).collect();
    batch(given, &json!({"reports": all}).to_string())
}

/// One letter, which the compatible form spells with eighteen.
pub(super) fn ligatures(given: &Given) -> Vec<Request> {
    let text = "\u{fdfa}".repeat(80_000);
    let further = json!({
        "zz": text,
        "subject": {"display_name": "\u{fdfa}".repeat(200), "identifiers": [
            {"type": "handle", "value": "\u{fdfa}".repeat(200)},
        ]},
    });
    single(given, &report(0, further).to_string())
}

pub(super) fn batches(given: &Given) -> Vec<Request> {
    let all: Vec<Value> = (0..100).map(|item| report(item, json!({}))).collect();
    batch(given, &json!({"reports": all}).to_string())
}

pub(super) fn reports(given: &Given) -> Vec<Request> {
    single(given, &report_body())
}

/// Many that name one subject, each by another reporter: what is compared with each grows with them.
pub(super) fn one_subject(given: &Given) -> Vec<Request> {
    let by_another = |item: usize| {
        let who = json!({"relation": "self", "platform_account_ref": format!("r-{MARK}-{item}")});
        json!({"category": "threats", "reporter": who, "subject": {"platform_account_ref": "one-subject"}})
    };
    let all: Vec<Value> = (0..100).map(|item| report(item, by_another(item))).collect();
    batch(given, &json!({"reports": all}).to_string())
}
