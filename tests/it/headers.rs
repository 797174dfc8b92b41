//! What every answer tells a browser: that it is nothing to be run, framed, kept or taken for something else, and that no
//! other site may read it.

use recourse::domain::people::staff::Role;
use reqwest::Method;
use serde_json::json;

use crate::harness::client::{Answer, Caller, small};
use crate::harness::{World, on_both, on_both_with};

/// Answers of every sort: of operations, pages and files, of what is refused and of what is not there.
async fn answers(world: &World) -> Vec<(&'static str, Answer)> {
    let spark = world.platform("spark").await;
    let lead = world.staff(Role::Lead).await;
    let nobody = world.caller("");
    let case = {
        spark.submit(&small("SPK-1")).await;
        lead.case_of("SPK-1").await
    };
    let trace = Method::TRACE;
    vec![
        ("report", spark.caller.post("/v1/reports", &small("SPK-2")).await.expect(201)),
        ("not valid", spark.caller.post("/v1/reports", &json!({})).await),
        ("list", spark.caller.get("/v1/reports").await.expect(200)),
        ("case", lead.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(200)),
        ("signed in", nobody.get("/v1/status").await.expect(401)),
        ("not there", nobody.get("/v1/nonsense").await.expect(404)),
        ("no method", Caller::send(nobody.request(trace, "/v1/reports")).await.expect(405)),
        ("health", nobody.get("/healthz").await.expect(200)),
        ("document", nobody.get("/openapi.json").await.expect(200)),
        ("problems", nobody.get("/problems").await.expect(200)),
        ("page", nobody.get("/help").await),
        ("no page", nobody.get("/transparency/2019-q1").await),
    ]
}

#[test]
fn every_answer_keeps_browsers_from_taking_it_for_something_else() {
    on_both(|world| async move {
        for (what, answer) in answers(&world).await {
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
            assert_eq!(answer.header("referrer-policy"), "no-referrer", "{what}");
            let policy = answer.header("content-security-policy");
            for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
                assert!(policy.contains(part), "{what}: {policy}");
            }
            assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{what}: {policy}");
            assert_eq!(answer.header("set-cookie"), "", "{what}");
            let kind = answer.header("content-type");
            let says_how = !kind.starts_with("text/") || kind.contains("charset=utf-8");
            assert!(says_how && (answer.text.is_empty() || !kind.is_empty()), "{what}: {kind}");
            // By plain http nobody is told to come by https alone.
            assert_eq!(answer.header("strict-transport-security"), "", "{what}");
        }
    });
}

#[test]
fn what_an_operation_answers_is_kept_by_nobody_and_read_by_no_other_site() {
    on_both(|world| async move {
        for (what, answer) in answers(&world).await {
            let is_public = ["document", "problems", "page", "no page"].contains(&what);
            assert!(is_public || answer.header("cache-control") == "no-store", "{what}");
            assert_eq!(answer.header("access-control-allow-origin"), "", "{what}");
            assert!(is_public || answer.header("content-security-policy").contains("sandbox"), "{what}");
        }
        // What a browser asks before it lets another site send a credential: the answer allows nothing.
        let asked = world.caller("").request(Method::OPTIONS, "/v1/triage/cases");
        let asked = asked.header("Origin", "https://elsewhere.example").header("Access-Control-Request-Method", "GET");
        let answer = Caller::send(asked.header("Access-Control-Request-Headers", "authorization")).await.expect(405);
        assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")), "{:?}", answer.headers);
    });
}

#[test]
fn what_a_browser_sends_by_itself_is_no_credential() {
    on_both(|world| async move {
        let lead = world.staff(Role::Lead).await.caller;
        lead.get("/v1/triage/queues").await.expect(200);
        for cookie in ["session", "recourse", "__Host-recourse", "Authorization"] {
            let asked = world.caller("").request(Method::GET, "/v1/triage/queues");
            let asked =
                asked.header("Cookie", format!("{cookie}={}", lead.token)).header("Sec-Fetch-Site", "same-origin");
            Caller::send(asked).await.expect(401);
        }
        // A form of another site can have a browser repeat a password that it knows, and is nobody by that.
        let form = world.caller("").request(Method::POST, "/v1/triage/sessions").basic_auth("amina", Some(&lead.token));
        let form = form.header("Content-Type", "text/plain").body("{\"username\":\"amina\"}");
        assert!(Caller::send(form).await.status >= 400);
        let in_address = format!("/v1/triage/queues?access_token={}", lead.token);
        world.caller("").get(&in_address).await.expect(401);
    });
}

#[test]
fn where_it_is_reached_by_https_browsers_are_told_to_come_by_nothing_else() {
    let by_https = |config: &mut recourse::config::Config| {
        config.base_url = Some("https://recourse.example.org".to_owned());
    };
    on_both_with(by_https, |mut world| async move {
        world.base = format!("http://{}", world.config.listen);
        for (what, answer) in answers(&world).await {
            let told = answer.header("strict-transport-security");
            let seconds = told.strip_prefix("max-age=").and_then(|rest| rest.split(';').next()?.parse::<u64>().ok());
            assert!(seconds.is_some_and(|seconds| seconds >= 31_536_000), "{what}: {told}");
            assert!(told.contains("includeSubDomains"), "{what}: {told}");
        }
    });
}
