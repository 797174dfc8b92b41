//! What the service says is held against the API document: every answer that a test receives, and every webhook.
//!
//! A status, a header, a media type or a member that the document does not know fails the test that met it. The schemas
//! of answers are open for whoever reads them, so that a member can be added; here they are closed.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::client::Answer;

/// Headers that say nothing of the API: of HTTP itself, and the same for every answer.
const OF_HTTP: [&str; 13] = [
    "cache-control",
    "connection",
    "content-length",
    "content-security-policy",
    "content-type",
    "cross-origin-resource-policy",
    "date",
    "pragma",
    "referrer-policy",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
    "x-content-type-options",
];
/// Headers that every answer has.
const ALWAYS: [&str; 2] = ["x-request-id", "ratelimit-policy"];

/// The document.
pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(recourse::web::openapi::document()).unwrap());

/// Its components, with closed schemas.
static CLOSED: LazyLock<Value> = LazyLock::new(|| {
    let mut schemas = DOCUMENT["components"]["schemas"].clone();
    schemas.as_object_mut().unwrap().values_mut().for_each(|schema| close(schema, true));
    json!({"schemas": schemas})
});

/// Allows no member but those that a schema names. What is a part of an `allOf` is closed by the whole; so is a
/// component, by whoever refers to it.
fn close(schema: &mut Value, is_part: bool) {
    let Some(object) = schema.as_object_mut() else { return };
    for (keyword, inner) in object.iter_mut() {
        match keyword.as_str() {
            "properties" => inner.as_object_mut().unwrap().values_mut().for_each(|member| close(member, false)),
            "items" | "additionalProperties" => close(inner, false),
            "allOf" => inner.as_array_mut().unwrap().iter_mut().for_each(|part| close(part, true)),
            "oneOf" | "anyOf" => inner.as_array_mut().unwrap().iter_mut().for_each(|one| close(one, false)),
            _ => {}
        }
    }
    let whole = ["$ref", "allOf", "properties"].into_iter().any(|keyword| object.contains_key(keyword));
    if whole && !is_part {
        object.insert("unevaluatedProperties".to_owned(), json!(false));
    }
}

/// The validator of a schema, compiled once in a run.
fn validator(schema: &Value) -> Arc<Validator> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap();
    let made = compiled.entry(schema.to_string()).or_insert_with(|| {
        let mut closed = schema.clone();
        close(&mut closed, false);
        let mut whole = json!({"allOf": [closed]});
        whole["components"] = CLOSED.clone();
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        Arc::new(options.build(&whole).unwrap())
    });
    Arc::clone(made)
}

/// What is wrong with a value by a schema of the document, in lines; nothing when it is as written.
pub(crate) fn flaws(schema: &Value, value: &Value) -> Vec<String> {
    validator(schema).iter_errors(value).map(|flaw| format!("{}: {flaw}", flaw.instance_path())).collect()
}

/// What stands at a reference, or the value itself.
pub(crate) fn resolved(value: &'static Value) -> &'static Value {
    let reference = value["$ref"].as_str().and_then(|place| DOCUMENT.pointer(place.trim_start_matches('#')));
    reference.unwrap_or(value)
}

/// The path of the document that a call goes to: what is written out counts before what stands in braces.
fn template(path: &str) -> Option<&'static str> {
    let paths = DOCUMENT["paths"].as_object().unwrap().keys();
    let fits = |template: &&String| {
        let (mut given, mut known) = (path.split('/'), template.split('/'));
        let same = known.all(|part| given.next().is_some_and(|own| part == own || part.starts_with('{')));
        same && given.next().is_none()
    };
    paths.filter(fits).max_by_key(|template| !template.contains('{')).map(String::as_str)
}

/// Fails the test when an answer is not as the document says.
#[track_caller]
pub(crate) fn check(method: &str, path: &str, answer: &Answer) {
    let is_page = matches!(path, "/" | "/help" | "/transparency") || path.starts_with("/transparency/");
    let head = method == "HEAD";
    let operation = template(path).map(|template| {
        let method = if head { "get".to_owned() } else { method.to_lowercase() };
        (template, &DOCUMENT["paths"][template][method])
    });
    let flaws = match operation {
        None if is_page => Vec::new(),
        // What is no operation: the path or the method is not known, or nobody is let in.
        None | Some((_, Value::Null)) => not_an_operation(answer, head),
        // Where a reading goes on record, HEAD is no method.
        Some(_) if head && answer.status == 405 => not_an_operation(answer, head),
        Some((_, operation)) => match operation["responses"].get(answer.status.to_string()) {
            None => vec!["the status is not in the document".to_owned()],
            Some(response) => of_response(resolved(response), answer, head),
        },
    };
    let place = operation.map_or("an unknown path", |(template, _)| template);
    assert!(flaws.is_empty(), "{method} {place} {}: {}\n{}", answer.status, flaws.join("\n"), answer.text);
}

fn not_an_operation(answer: &Answer, head: bool) -> Vec<String> {
    let allowed = [401, 404, 405, 429, 500, 503].contains(&answer.status);
    let mut all: Vec<String> = (!allowed).then(|| "no operation answers so".to_owned()).into_iter().collect();
    if answer.status == 405 && answer.header("allow").is_empty() {
        all.push("which method would be right is not said".to_owned());
    }
    if !head {
        all.extend(flaws(&json!({"$ref": "#/components/schemas/Problem"}), &answer.json()));
    }
    all
}

fn of_response(response: &'static Value, answer: &Answer, head: bool) -> Vec<String> {
    let mut all = of_headers(response, answer);
    let Some(content) = response["content"].as_object() else {
        all.extend((!answer.text.is_empty()).then(|| "a body, and the document has none".to_owned()));
        return all;
    };
    let media = answer.header("content-type");
    let media = media.split(';').next().unwrap_or_default();
    match content.get(media) {
        _ if head => {}
        None => all.push(format!("the media type {media} is not in the document")),
        Some(content) if media.ends_with("json") => match serde_json::from_str(&answer.text) {
            Ok(body) => all.extend(flaws(&content["schema"], &body)),
            Err(_) => all.push("the body is no JSON".to_owned()),
        },
        Some(_) => {}
    }
    all
}

fn of_headers(response: &Value, answer: &Answer) -> Vec<String> {
    let known: BTreeSet<String> =
        response["headers"].as_object().into_iter().flatten().map(|(name, _)| name.to_lowercase()).collect();
    let mut wanted = BTreeSet::from(ALWAYS);
    match answer.status {
        429 | 503 => wanted.extend(["retry-after"]),
        401 => wanted.extend(["www-authenticate"]),
        200..300 if known.contains("ratelimit") => wanted.extend(["ratelimit"]),
        _ => {}
    }
    match answer.status {
        201 if known.contains("location") => wanted.extend(["location"]),
        _ => {}
    }
    // A verdict (`validate_only`) is no version of anything.
    if known.contains("etag") && answer.json().get("valid").is_none() {
        wanted.extend(["etag"]);
    }
    let sent: BTreeSet<&str> = answer.headers.keys().map(reqwest::header::HeaderName::as_str).collect();
    let unknown = sent.iter().filter(|name| !OF_HTTP.contains(name) && !known.contains(**name));
    let unknown = unknown.map(|name| format!("the header {name} is not in the document"));
    unknown.chain(wanted.difference(&sent).map(|name| format!("the header {name} is missing"))).collect()
}

/// Fails the test when a webhook is not as the document says.
#[track_caller]
pub(crate) fn check_webhook(headers: &std::collections::BTreeMap<String, String>, body: &str) {
    let message: Value = serde_json::from_str(body).unwrap();
    let operation = &DOCUMENT["webhooks"][message["type"].as_str().unwrap()]["post"];
    assert!(operation.is_object(), "a message that is not in the document: {body}");
    for header in operation["parameters"].as_array().unwrap() {
        let flaws = flaws(&header["schema"], &json!(headers.get(header["name"].as_str().unwrap())));
        assert!(flaws.is_empty(), "{}: {flaws:?}", header["name"]);
    }
    let flaws = flaws(&operation["requestBody"]["content"]["application/json"]["schema"], &message);
    assert!(flaws.is_empty(), "{body}: {flaws:?}");
}
