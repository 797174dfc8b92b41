//! What comes in as bytes: where a message ends, which methods there are, and what is not served at all.

use std::time::Duration;

use recourse::domain::people::platforms;
use recourse::domain::people::staff::{self, Role};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::client::{Caller, small};
use crate::harness::{World, on_both};

/// Everything that is answered to these bytes before the service hangs up, or for two seconds.
async fn said_to(world: &World, bytes: &str) -> String {
    let address = world.base.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut said)).await;
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn a_message_that_could_end_in_two_places_ends_the_connection() {
    on_both(|world| async move {
        let hidden = "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        let call = |framing: &str, body: &str| {
            format!("POST /v1/reports HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n{body}{hidden}")
        };
        // Two calls with lengths that hold are two answers: the look below sees a hidden one.
        let said = said_to(&world, &call("Content-Length: 2", "{}")).await;
        assert_eq!(said.matches("HTTP/1.1 ").count(), 2, "{said}");
        for (framing, body) in [
            ("Content-Length: 2\r\nContent-Length: 40", "{}"),
            ("Content-Length: 2, 40", "{}"),
            ("Content-Length: +2", "{}"),
            ("Content-Length: -1", "{}"),
            ("Transfer-Encoding: xchunked", "0\r\n\r\n"),
            ("Transfer-Encoding: chunked, identity", "0\r\n\r\n"),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n"),
            ("Content-Length : 2", "{}"),
            ("X: 1\r\n Content-Length: 2", "{}"),
        ] {
            let said = said_to(&world, &call(framing, body)).await;
            assert!(said.matches("HTTP/1.1 ").count() <= 1, "{framing:?}: {said}");
            assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{framing:?}: {said}");
        }
        // With both, the chunks count and the length does not, or nothing is taken at all.
        let long = "Content-Length: 400\r\nTransfer-Encoding: chunked";
        let said = said_to(&world, &call(long, "0\r\n\r\n")).await;
        assert!(said.starts_with("HTTP/1.1 400") || said.matches("HTTP/1.1 ").count() == 2, "{said}");
    });
}

#[test]
fn methods_that_nobody_offers_are_refused_and_say_nothing_back() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        for method in ["TRACE", "CONNECT", "PATCHY", "PROPFIND"] {
            let said = said_to(
                &world,
                &format!("{method} /v1/reports HTTP/1.1\r\nHost: h\r\nX-Canary: zqcanary\r\nConnection: close\r\n\r\n"),
            )
            .await;
            assert!(said.starts_with("HTTP/1.1 4") && !said.contains("zqcanary"), "{method}: {said}");
        }
        for path in ["/v1/reports", "/healthz", "/help", "/oauth/token"] {
            Caller::send(spark.caller.request(Method::TRACE, path)).await.expect(405);
        }
    });
}

#[test]
fn nothing_is_served_but_operations_and_pages() {
    on_both(|world| async move {
        let lead = world.staff(Role::Lead).await.caller;
        for path in [
            "/metrics",
            "/.git/HEAD",
            "/.env",
            "/keyring.json",
            "/recourse.sqlite3",
            "/recourse.toml",
            "/Cargo.lock",
            "/editions/",
            "/auditor/",
            "/static/",
            "/debug",
            "/admin",
            "/server-status",
        ] {
            assert_eq!(lead.get(path).await.status, 404, "{path}");
        }
    });
}

#[test]
fn nobody_is_there_before_somebody_was_made() {
    on_both(|world| async move {
        let (people, apps) = world.app.read(|rx| Ok((staff::list(rx)?, platforms::list(rx)?))).await.unwrap();
        assert!(people.is_empty() && apps.is_empty(), "{people:?} {apps:?}");
        for name in ["admin", "root", "recourse", "demo", "test", "sa"] {
            for password in ["", "admin", "password", name] {
                let body = json!({"username": name, "password": password, "code": "000000"});
                world.caller("").post("/v1/triage/sessions", &body).await.expect(401);
            }
        }
    });
}

#[test]
fn what_looks_like_a_statement_a_page_or_a_format_is_text() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let references = [
            "x' OR '1'='1",
            "x'; DROP TABLE reports; --",
            "%",
            "SPK_1",
            "<script>alert(1)</script>",
            "{0} %s ${1} {{x}}",
        ];
        for reference in ["SPK-1", "SPK-2"] {
            spark.submit(&small(reference)).await;
        }
        for reference in references {
            let mut body = small(reference);
            body["statement"] = json!(format!("{reference}\r\n<img src=x onerror=alert(1)> \u{1b}[31m"));
            let id = spark.submit(&body).await;
            let asked: String = url::form_urlencoded::byte_serialize(reference.as_bytes()).collect();
            let found = spark.caller.get(&format!("/v1/reports?platform_report_ref={asked}")).await.expect(200).json();
            assert_eq!(found["data"].as_array().unwrap().len(), 1, "{reference}: {found}");
            assert_eq!(found["data"][0]["id"], json!(id), "{reference}");
            let found =
                lead.caller.get(&format!("/v1/triage/cases?platform_report_ref={asked}")).await.expect(200).json();
            let case = found["data"][0]["id"].as_str().unwrap();
            let (case, _) = lead.case(case).await;
            assert!(case.to_string().contains(&json!(body["statement"]).to_string()), "{reference}: {case}");
        }
        let all = spark.caller.get("/v1/reports?limit=100").await.expect(200).json();
        assert_eq!(all["data"].as_array().unwrap().len(), 2 + references.len());
    });
}
