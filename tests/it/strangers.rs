//! What somebody without a credential learns: nothing of what others do, and no second name of a path that a proxy keeps in.

use recourse::domain::people::partners::PartnerScope;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::web::endpoints::{self, Row};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::client::{Caller, new_key};
use crate::harness::{World, on_both};
use crate::rows::path;

/// The status and the body of a call whose target is sent letter by letter: no client tidies it up.
async fn raw(caller: &Caller, method: &str, target: &str) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(caller.base.strip_prefix("http://").unwrap()).await.unwrap();
    let bearer =
        if caller.token.is_empty() { String::new() } else { format!("Authorization: Bearer {}\r\n", caller.token) };
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: recourse\r\nConnection: close\r\n{bearer}Idempotency-Key: {}\r\n\
         Content-Length: 0\r\n\r\n",
        new_key()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    (head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0), body.to_owned())
}

/// Other ways to write a path, each of which a proxy, a router or a library takes for the same.
fn spellings(path: &str) -> Vec<String> {
    let escaped = |byte: u8| format!("%{byte:02x}");
    let mut all: Vec<String> = path
        .char_indices()
        .filter(|(at, letter)| *at > 0 && (path.as_bytes()[at - 1] == b'/' || *letter == '_'))
        .flat_map(|(at, letter)| {
            let (before, after) = (&path[..at], &path[at + letter.len_utf8()..]);
            let code = escaped(path.as_bytes()[at]);
            [format!("{before}{code}{after}"), format!("{before}{}{after}", code.to_uppercase())]
        })
        .collect();
    let whole: String = path.bytes().map(|byte| if byte == b'/' { "/".to_owned() } else { escaped(byte) }).collect();
    all.extend([
        whole,
        format!("/{path}"),
        format!("/.{path}"),
        format!("/%2e{path}"),
        format!("/x/..{path}"),
        format!("/x/%2e%2e{path}"),
        format!("/x/%2e.{path}"),
        format!("{path};"),
        format!("{path};x=1"),
        format!("{path}%20"),
        format!("{path}%00"),
        format!("{path}%2f"),
        format!("{path}%3f"),
        format!("{path}%23"),
        format!("{path}/."),
        format!("{path}/%2e"),
        format!("{path}//"),
        format!("{path}/x/.."),
        format!("{path}%"),
        path.replace('/', "\\"),
        format!("/%2f{}", path.trim_start_matches('/')),
        format!("/{}", path.trim_start_matches('/').replace('/', "%2f")),
    ]);
    all.retain(|other| other != path);
    all
}

/// Whoever may call the row.
fn callers(row: &Row, [nobody, platform, partner, lead]: &[Caller; 4]) -> Caller {
    match row.caller {
        // Pages are no operations of the API.
        endpoints::Caller::Anyone | endpoints::Caller::Browser | endpoints::Caller::Reader => nobody.clone(),
        endpoints::Caller::Platform(_) => platform.clone(),
        endpoints::Caller::Partner(_) => partner.clone(),
        endpoints::Caller::Staff | endpoints::Caller::AnyStaff => lead.clone(),
    }
}

#[test]
fn a_path_has_one_spelling() {
    on_both(|world| async move {
        let platform = world.platform_with("spark", Mode::Live, Scope::ALL).await.caller;
        crate::directory::stand(&world, vec![crate::directory::entry("harbour")], &[]).await;
        let partner = world.partner("harbour", Mode::Live, PartnerScope::ALL).await.caller;
        let all = [world.caller(""), platform, partner, world.staff(Role::Lead).await.caller];
        let mut tried = 0;
        for row in endpoints::all().iter().chain(endpoints::pages()) {
            let (plain, who) = (path(row).replace("{page:.*}", "method"), callers(row, &all));
            // Each is served under its own name, whatever it says to a call without a body.
            let (status, _) = raw(&who, row.method.as_str(), &plain).await;
            assert_ne!(status, 0, "{row:?}");
            let shouted = if plain.starts_with("/transparency") { Vec::new() } else { vec![plain.to_uppercase()] };
            let slashed = if row.path.starts_with("/transparency") { Vec::new() } else { vec![format!("{plain}/")] };
            for other in spellings(&plain).into_iter().chain(shouted).chain(slashed).filter(|other| *other != plain) {
                let (status, body) = raw(&who, row.method.as_str(), &other).await;
                assert!([400, 404].contains(&status), "{row:?} answers to {other}: {status} {body}");
                assert!(status == 400 || body.contains("not_found"), "{row:?} answers to {other}: {status} {body}");
                tried += 1;
            }
        }
        assert!(tried > 1_000, "{tried}");
    });
}

/// Everything that an answer says, but for what is another each time.
async fn said(caller: &Caller, method: &str, path: &str) -> Vec<(String, String)> {
    let request = caller.request(method.parse().unwrap(), path);
    let answer = request.send().await.unwrap();
    let new_each_time = ["date", "x-request-id"];
    let headers = answer.headers().iter().filter(|(name, _)| !new_each_time.contains(&name.as_str()));
    headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

#[test]
fn what_others_behind_a_proxy_read_is_told_to_nobody() {
    on_both(|world| async move {
        let reader = world.caller("");
        // The pages are read from the folder while the service already answers.
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        while reader.get("/").await.status == 503 {
            ticks.tick().await;
        }
        let open = |row: &&Row| row.caller == endpoints::Caller::Anyone && row.method == "GET";
        let mut places: Vec<(String, String)> = endpoints::all()
            .iter()
            .chain(endpoints::pages())
            .filter(open)
            .map(|row| ("GET".to_owned(), path(row).replace("{page:.*}", "method")))
            .collect();
        places.extend([
            ("GET".to_owned(), "/nowhere".to_owned()),
            ("GET".to_owned(), "/%72eadyz".to_owned()),
            ("DELETE".to_owned(), "/help".to_owned()),
            ("POST".to_owned(), "/oauth/token".to_owned()),
            ("POST".to_owned(), "/v1/triage/sessions".to_owned()),
            ("GET".to_owned(), "/v1/reports".to_owned()),
            ("GET".to_owned(), "/v1/triage/cases".to_owned()),
        ]);
        for (method, place) in &places {
            let before = said(&reader, method, place).await;
            for _ in 0..3 {
                said(&reader, method, place).await;
            }
            let after = said(&reader, method, place).await;
            assert_eq!(before, after, "{method} {place} tells how often others have called");
            assert!(before.iter().all(|(name, _)| name != "ratelimit"), "{method} {place}: {before:?}");
            assert!(before.iter().any(|(name, _)| name == "ratelimit-policy"), "{method} {place}: {before:?}");
        }
    });
}

/// When somebody signs in, the limit of her name is used up; whoever knows the name must not see it.
#[test]
fn a_name_does_not_tell_that_somebody_signs_in() {
    on_both(|world: World| async move {
        let watcher = world.caller("");
        let try_as = |name: &str| json!({"username": name, "password": "wrong", "code": "000000"});
        for _ in 0..3 {
            let answer = watcher.post("/v1/triage/sessions", &try_as("amina")).await.expect(401);
            assert_eq!(answer.header("ratelimit"), "");
        }
        let who = world.staff(Role::Lead).await;
        assert!(!who.caller.get("/v1/triage/queues").await.expect(200).header("ratelimit").is_empty(), "her own");
    });
}
