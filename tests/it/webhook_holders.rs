//! A platform is told of its events for as long as it has a credential; whoever runs the service sees where, and can end it.

use recourse::base::secret::Sensitive;
use recourse::domain::people::platforms::{NewCredential, Scope};
use recourse::domain::terms::Mode;
use recourse::jobs;
use serde_json::{Value, json};

use crate::checking::{check, wrong};
use crate::command_line::{recourse, refused, said};
use crate::harness::client::{Caller, Platform, small};
use crate::harness::{World, on_both};
use crate::operators::codes;

/// An endpoint of the caller's platform. Its id.
async fn endpoint(caller: &Caller, host: &str) -> String {
    let body = json!({"url": format!("https://{host}/secret-path")});
    caller.post("/v1/webhook-endpoints", &body).await.expect(201).json()["id"].as_str().unwrap().to_owned()
}

/// Each endpoint's state and, where it is off, why.
fn states(world: &World) -> Vec<(String, String)> {
    let listed: Value = serde_json::from_str(&said(world, &["admin", "webhook", "list", "--json"])).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let all = listed["data"].as_array().unwrap();
    all.iter().map(|one| (text(&one["state"]), text(&one["disabled_reason"]))).collect()
}

fn state(state: &str, why: &str) -> (String, String) {
    (state.to_owned(), why.to_owned())
}

#[test]
fn endpoints_end_with_the_last_credential_that_holds_them() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let live = endpoint(&spark.caller, "Hooks.Spark.com").await;
        world.pass(1);
        let test = endpoint(&trial.caller, "try.spark.com").await;
        let second = world.credential("spark", Mode::Live, Scope::ALL).await.client.to_string();
        let told = said(&world, &["admin", "client", "rotate", &second]);
        assert!(told.contains(&format!("{live} hooks.spark.com")) && !told.contains(&test), "{told}");
        assert!(told.contains("recourse admin webhook disable") && !told.contains("secret-path"), "{told}");
        // Another credential holds it yet.
        let told = said(&world, &["admin", "client", "revoke", &second]);
        assert!(told.contains("still are sent") && told.contains(&live), "{told}");
        let told = said(&world, &["admin", "client", "scopes", &spark.client_id, "reports:read"]);
        assert!(told.contains("still are sent") && told.contains(&live), "{told}");
        assert_eq!(states(&world), [state("unproved", "-"), state("unproved", "-")]);
        // One that can only write reads nothing of what an endpoint is sent.
        let told = said(&world, &["admin", "client", "scopes", &spark.client_id, "reports:write"]);
        assert!(told.contains("switched off, because no credential is left") && told.contains(&live), "{told}");
        assert_eq!(
            states(&world),
            [state("disabled", "no_credential"), state("unproved", "-")],
            "trials have their own"
        );
        let told = said(&world, &["admin", "client", "revoke", &trial.client_id]);
        assert!(told.contains("switched off") && told.contains(&test), "{told}");
        assert_eq!(states(&world), [state("disabled", "no_credential"), state("disabled", "no_credential")]);
        assert!(jobs::work_off(&world.app, "w").await.is_ok());
        // A new credential sees why, and switches it on again.
        said(&world, &["admin", "client", "scopes", &spark.client_id, "webhooks:manage"]);
        let path = format!("/v1/webhook-endpoints/{live}");
        let (client, secret) = (spark.client_id.parse().unwrap(), Sensitive::new(spark.client_secret.clone()));
        let caller = Platform::sign_in(&world, &NewCredential { client, secret }).await.caller;
        assert_eq!(caller.get(&path).await.expect(200).json()["disabled_reason"], "no_credential");
        caller.post(&format!("{path}/enable"), &json!({})).await.expect(200);
        assert_eq!(states(&world)[0], state("unproved", "-"));
    });
}

#[test]
fn endpoints_whose_credentials_ended_in_an_earlier_version_end_too() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        endpoint(&spark.caller, "hooks.spark.com").await;
        let other = world.platform("ember").await;
        endpoint(&other.caller, "hooks.ember.com").await;
        let revoke = format!("UPDATE platform_clients SET revoked_at = created_at WHERE id = '{}'", spark.client_id);
        world.rewrite(&revoke).await;
        jobs::once(&world.app, "tidy").await.unwrap();
        assert_eq!(states(&world), [state("unproved", "-"), state("disabled", "no_credential")]);
    });
}

#[test]
fn an_operator_lists_endpoints_and_switches_one_off() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let other = world.platform("ember").await;
        let id = endpoint(&spark.caller, "hooks.spark.com").await;
        endpoint(&other.caller, "hooks.ember.com").await;
        let listed = said(&world, &["admin", "webhook", "list", "--platform", "spark"]);
        assert_eq!(listed, format!("{id} spark live unproved hooks.spark.com\n"));
        assert_eq!(said(&world, &["admin", "webhook", "disable", &id]), "switched off\n");
        assert_eq!(said(&world, &["admin", "webhook", "disable", &id]), "it was off already\n");
        assert_eq!(
            said(&world, &["admin", "webhook", "list", "--platform", "spark"]),
            format!("{id} spark live disabled by_operator hooks.spark.com\n")
        );
        assert_eq!(wrong(&check(&world, &[]).1, "problems"), codes([]));
        let nobody = format!("whe_{}", "0".repeat(26));
        assert!(refused(&world, &["admin", "webhook", "disable", &nobody]).contains("admin webhook list"));
        assert!(refused(&world, &["admin", "webhook", "list", "--platform", "sprak"]).contains("`sprak`"));
        assert_eq!(recourse(&world, &["admin", "webhook", "disable", "xyz"], "").status.code(), Some(2));
    });
}

#[test]
fn the_first_calls_of_a_platform_may_come_all_at_once() {
    on_both(|world| async move {
        // Whoever keeps something for a platform first makes its key; none of the others fails for that.
        for slug in ["ash", "birch", "cedar", "elm", "fir", "hazel"] {
            let caller = world.platform(slug).await.caller;
            let hook = json!({"url": format!("https://{slug}.example.com/hook")});
            let batch = json!({"reports": [small(&format!("FIRST-{slug}"))]});
            let calls = (0..8).map(|number| {
                let (path, body, status) = if number % 2 == 0 {
                    ("/v1/webhook-endpoints", &hook, 201)
                } else {
                    ("/v1/reports/batch", &batch, 207)
                };
                let caller = &caller;
                async move { caller.post(path, body).await.expect(status) }
            });
            futures_util::future::join_all(calls).await;
        }
    });
}
