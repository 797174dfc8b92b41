//! Calls that read much, or have much sent again.

use serde_json::Value;

use crate::child::{Given, Tally};
use crate::http::Request;
use crate::line::Line;

/// Filters that no entry of the log passes.
pub(super) fn nothing(given: &Given) -> Vec<Request> {
    let since = "2020-01-01T00:00:00Z";
    ["type=request.due_soon", "type=request.overdue&limit=100", &format!("until={since}")]
        .map(|filter| Request::new(&format!("GET /v1/events?{filter}"), &given.token, "", ""))
        .into()
}

/// The whole log once more, to every endpoint.
pub(super) fn replays(given: &Given) -> Vec<Request> {
    let body = r#"{"since":"2020-01-01T00:00:00Z","until":"2100-01-01T00:00:00Z"}"#;
    vec![Request::post("/v1/events/replay", &given.token, body)]
}

/// Goes through the lists of reports and of events, as far as they go.
pub(super) async fn walk(given: &Given, tally: &Tally) {
    let mut line = Line::to(given.address);
    loop {
        for (path, mark) in [("/v1/reports?limit=100", "cursor"), ("/v1/events?limit=100", "after")] {
            let mut next = String::new();
            loop {
                let request = Request::new(&format!("GET {path}{next}"), &given.token, "", "").number(0).to_vec();
                let answer = line.call(&request).await;
                tally.count(answer.status);
                if answer.status != 200 {
                    continue;
                }
                let Some(cursor) = cursor(&answer.body) else { break };
                next = format!("&{mark}={cursor}");
            }
        }
    }
}

/// Where the next page begins.
pub(super) fn cursor(page: &[u8]) -> Option<String> {
    let page: Value = serde_json::from_slice(page).ok()?;
    page["next_cursor"].as_str().map(str::to_owned)
}
