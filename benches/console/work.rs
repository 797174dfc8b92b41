//! Cases that somebody works on: reported, taken, begun, written about, and their platform was asked.

use serde_json::{Value, json};

use crate::http::{Connection, Request, report_body, unique};
use crate::people::{Advocate, platform_token};
use crate::service::Service;

/// The ids of so many, all held by this advocate.
pub(crate) fn cases(service: &Service, who: &Advocate, count: usize) -> Vec<String> {
    let mut connection = Connection::open(service.address);
    let report = Request::post("/v1/reports", &platform_token(&service.database), &report_body());
    (0..count).map(|_| case(report.clone(), who, &mut connection)).collect()
}

fn case(mut report: Request, who: &Advocate, connection: &mut Connection) -> String {
    let number = unique();
    expect(connection, report.number(number), 201);
    let path = format!("GET /v1/triage/cases?platform_report_ref=SPK-{number:012}");
    let found = expect(connection, Request::new(&path, &who.token, "", "").number(0), 200);
    let id = found["data"][0]["id"].as_str().expect("it is in its queue").to_owned();
    let mut act = |act: &str, body: &Value, headers: &str, status| {
        let headers = format!("Idempotency-Key: console-{}\r\nContent-Type: application/json\r\n{headers}", unique());
        let line = format!("POST /v1/triage/cases/{id}/{act}");
        expect(connection, Request::new(&line, &who.token, &headers, &body.to_string()).number(0), status)
    };
    let taken = act("claim", &json!({}), "", 200);
    let tag = format!("If-Match: \"{}\"\r\n", taken["version"]);
    act("transitions", &json!({"action": "start"}), &tag, 200);
    act("notes", &json!({"text": "She is at her sister's until Sunday. The door code was changed."}), "", 201);
    act("platform-requests", &json!({"action": "preserve_evidence"}), "", 200);
    act("notes", &json!({"text": "The platform is asked to keep the messages."}), "", 201);
    id
}

fn expect(connection: &mut Connection, request: &[u8], wanted: u16) -> Value {
    let (status, answer) = connection.call(request);
    assert_eq!(status, wanted, "{answer}");
    serde_json::from_str(answer).unwrap()
}
