//! What knocks at doors: tokens that are void, names and secrets that are made up.

use serde_json::json;

use crate::child::Given;
use crate::http::{MARK, Request, report_body};

pub(super) fn void(given: &Given) -> Vec<Request> {
    vec![
        Request::post("/v1/reports", &given.void, &report_body()),
        Request::new("GET /v1/status", &given.void, "", ""),
        Request::new("GET /v1/events", &given.void, "", ""),
    ]
}

pub(super) fn sign_ins(_: &Given) -> Vec<Request> {
    let body = json!({"username": format!("n{MARK}"), "password": "not this one", "code": "000000"}).to_string();
    vec![Request::new("POST /v1/triage/sessions", "", "Content-Type: application/json\r\n", &body)]
}

/// For a credential that is there, and for one that is not.
pub(super) fn secrets(given: &Given) -> Vec<Request> {
    let form = |client: &str| {
        let body = format!("grant_type=client_credentials&client_id={client}&client_secret=sec_{MARK}");
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        Request::new("POST /oauth/token", "", headers, &body)
    };
    let made_up = format!("{}{MARK}", &given.client[..given.client.len() - MARK.len()]);
    vec![form(&given.client), form(&made_up)]
}
