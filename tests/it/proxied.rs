//! Behind a proxy callers are told apart by what the proxy says of them, and by nothing that they say themselves.

use recourse::config::Config;
use reqwest::Method;
use serde_json::json;

use crate::harness::client::{Answer, Caller};
use crate::harness::process::Service;
use crate::harness::{World, on_both_with};

/// Two calls a network, and this machine is the proxy.
fn behind_a_proxy(config: &mut Config) {
    config.limits.portal = 2;
    config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
}

fn without_a_proxy(config: &mut Config) {
    config.limits.portal = 2;
}

async fn call(world: &World, forwarded: &[&str]) -> Answer {
    let request = world.caller("").request(Method::GET, "/problems");
    Caller::send(forwarded.iter().fold(request, |request, one| request.header("X-Forwarded-For", *one))).await
}

/// Calls until the limit is met, which takes two calls in one second: more when a second ends in between.
async fn exhaust(world: &World, forwarded: &[&str]) {
    for _ in 0..20 {
        if call(world, forwarded).await.status == 429 {
            return;
        }
    }
    panic!("{forwarded:?} was never refused");
}

#[test]
fn callers_behind_a_trusted_proxy_have_limits_of_their_own() {
    on_both_with(behind_a_proxy, |world| async move {
        exhaust(&world, &["203.0.113.7"]).await;
        // Others are not held up by that, in whichever form the proxy writes them.
        for other in ["198.51.100.1", "198.51.101.1:4711", "[2001:db8::7]:4711", "2001:db8:1::7"] {
            call(&world, &[other]).await.expect(200);
        }
        // A network is a /24, as without a proxy, and several headers are one list.
        exhaust(&world, &["203.0.113.99"]).await;
        exhaust(&world, &["1.1.1.1", "203.0.113.7", "10.0.0.5"]).await;
    });
}

#[test]
fn whoever_makes_up_addresses_gets_no_further_limit() {
    for settings in [behind_a_proxy, without_a_proxy] {
        on_both_with(settings, |world| async move {
            let mut refused = 0;
            for number in 0..30_u8 {
                // The proxy adds the caller's own address to the right of what it sent.
                let made_up = format!("{number}.1.1.1, 10.0.0.{number}, 203.0.113.7");
                refused += usize::from(call(&world, &[&made_up]).await.status == 429);
            }
            assert!(refused >= 15, "{refused} of 30");
        });
    }
}

#[test]
fn without_a_trusted_proxy_the_header_is_nothing() {
    on_both_with(without_a_proxy, |world| async move {
        let mut refused = 0;
        for number in 0..30_u8 {
            refused += usize::from(call(&world, &[&format!("203.0.{number}.7")]).await.status == 429);
        }
        assert!(refused >= 15, "{refused} of 30");
    });
}

#[test]
fn sign_ins_and_token_calls_are_told_apart_too() {
    let settings = |config: &mut Config| {
        behind_a_proxy(config);
        config.limits.token = 1;
    };
    on_both_with(settings, |world| async move {
        let sign_in = json!({"username": "nobody", "password": "x", "code": "000000"});
        let asked = async |forwarded: &str, path: &str| {
            let request = world.caller("").request(Method::POST, path).header("X-Forwarded-For", forwarded);
            let request = if path == "/oauth/token" {
                request
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .body("grant_type=client_credentials&client_id=x&client_secret=y")
            } else {
                request.json(&sign_in)
            };
            Caller::send(request).await.status
        };
        for path in ["/v1/triage/sessions", "/oauth/token"] {
            let mut refused = false;
            for _ in 0..20 {
                refused |= asked("203.0.113.7", path).await == 429;
            }
            assert!(refused, "{path}");
            assert_eq!(asked("198.51.100.1", path).await, 401, "{path}");
        }
    });
}

#[test]
fn everybody_is_no_proxy() {
    let mut service = Service::new(None);
    for (networks, words) in
        [("[\"0.0.0.0/0\"]", "everybody"), ("[\"::/0\"]", "everybody"), ("[\"proxy.internal\"]", "trusted_proxies")]
    {
        service.set("RECOURSE_TRUSTED_PROXIES", networks);
        let said = service.refused(&["serve"]);
        assert!(said.contains(words), "{said}");
    }
}
