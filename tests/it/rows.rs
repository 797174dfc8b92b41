//! What stands in an endpoint's row is so: of the key, of the body and its length, and of what may be kept.

use recourse::domain::people::partners::PartnerScope;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::web::endpoints::{self, Body, Caching, Row};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::client::{Answer, Caller, new_key};
use crate::harness::operations::{Ids, call, documented};
use crate::harness::{World, on_both};

const JSON: &str = "application/json";

/// Sends `body` as `media` to a row's path, whose ids name nothing.
async fn send(caller: &Caller, row: &Row, media: &str, body: String) -> Answer {
    let request = caller.request(row.method.as_str().parse().unwrap(), &path(row)).header("Content-Type", media);
    Caller::send(request.header("Idempotency-Key", new_key()).body(body)).await
}

pub(crate) fn path(row: &Row) -> String {
    let nothing = "0".repeat(26);
    let name = |kind: &str| format!("{kind}_{nothing}");
    let thing = ["reports", "requests", "events", "webhook-endpoints", "cases", "sessions", "colleagues", "services"];
    let kind = thing.into_iter().position(|thing| row.path.contains(&format!("/{thing}/{{id}}")));
    let kind = kind.map_or("", |at| ["rep", "req", "evt", "whe", "case", "ses", "stf", "svc"][at]);
    let kind = if row.path.starts_with("/v1/partner/") { "ref" } else { kind };
    let path = row.path.replace("{id}", &name(kind)).replace("{act}", &name("act"));
    path.replace("{con}", &name("con")).replace("{ref}", &name("ref")).replace("{queue}", "fraud")
}

/// The status of a call that announces a body of `length` bytes and never sends it.
async fn announced(caller: &Caller, row: &Row, media: &str, length: usize) -> String {
    let mut stream = tokio::net::TcpStream::connect(caller.base.strip_prefix("http://").unwrap()).await.unwrap();
    let bearer =
        if caller.token.is_empty() { String::new() } else { format!("Authorization: Bearer {}\r\n", caller.token) };
    let head = format!(
        "{} {} HTTP/1.1\r\nHost: recourse\r\n{bearer}Content-Type: {media}\r\nContent-Length: {length}\r\n\r\n",
        row.method,
        path(row)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    String::from_utf8_lossy(&status[9..]).into_owned()
}

/// A JSON object of `length` bytes that says nothing.
fn blank(length: usize) -> String {
    format!("{{{}}}", " ".repeat(length - 2))
}

struct Callers {
    nobody: Caller,
    live: Caller,
    trial: Caller,
    partner: Caller,
    lead: Caller,
    leaver: Caller,
}

impl Callers {
    async fn all(world: &World) -> Self {
        Self {
            nobody: world.caller(""),
            live: world.platform("spark").await.caller,
            trial: world.platform_with("spark", Mode::Test, Scope::ALL).await.caller,
            partner: world.partner("harbour", Mode::Live, PartnerScope::ALL).await.caller,
            lead: world.staff(Role::Lead).await.caller,
            leaver: world.staff(Role::Lead).await.caller,
        }
    }

    fn of(&self, row: &Row) -> &Caller {
        match row.caller {
            // Pages are no operations of the API.
            endpoints::Caller::Anyone | endpoints::Caller::Browser | endpoints::Caller::Reader => &self.nobody,
            endpoints::Caller::Platform(_) => &self.live,
            endpoints::Caller::Partner(_) => &self.partner,
            endpoints::Caller::Staff => &self.lead,
            endpoints::Caller::AnyStaff => &self.leaver,
        }
    }
}

async fn reads_its_body(callers: &Callers, row: &Row) {
    let caller = callers.of(row);
    match row.body {
        Body::None | Body::Words(_) => {}
        Body::Form(longest) => {
            let form = "application/x-www-form-urlencoded";
            assert_eq!(announced(caller, row, form, longest + 1).await, "400", "{row:?}");
            let filled = send(caller, row, form, format!("a={}", "a".repeat(longest - 2))).await;
            assert_eq!((filled.status, &*filled.json()["error"].to_string()), (401, "\"invalid_client\""), "{row:?}");
        }
        Body::Json(longest) | Body::Report(longest) => {
            assert_eq!(announced(caller, row, JSON, longest + 1).await, "413", "{row:?}");
            assert_ne!(send(caller, row, JSON, blank(longest)).await.status, 413, "{row:?}");
            let told = r#"{"reports": [{}]}"#.to_owned();
            let is_report = matches!(row.body, Body::Report(_));
            let mislabelled = send(caller, row, "text/html", told.clone()).await.status;
            assert_eq!(mislabelled != 415, is_report, "{row:?}");
            if is_report {
                assert_eq!(send(&callers.trial, row, "text/html", told).await.status, 415, "{row:?} as a trial");
            }
        }
    }
}

#[test]
fn key_body_and_keeping_are_as_the_row_says() {
    on_both(|world| async move {
        crate::directory::stand(&world, vec![crate::directory::entry("harbour")], &[]).await;
        let (callers, documented) = (Callers::all(&world).await, documented());
        for row in endpoints::all() {
            let caller = callers.of(row);
            if row.keyed {
                let keyless = caller.request(row.method.as_str().parse().unwrap(), &path(row));
                let answer = Caller::send(keyless.header("Content-Type", JSON).body("{}")).await;
                assert_eq!(answer.code(), "idempotency_key_missing", "{row:?}");
            }
            reads_its_body(&callers, row).await;
            let operation = documented.iter().find(|o| o.path == row.path && o.method.as_str() == row.method);
            let operation = operation.unwrap();
            let answer = call(caller, operation, &Ids::missing(operation)).await;
            let kept = match row.caching {
                Caching::As(text) if answer.status < 300 => text,
                _ => "no-store",
            };
            assert_eq!(answer.header("cache-control"), kept, "{row:?}");
        }
    });
}
