//! Credentials of services: whose a token is, when it ends, what trials reach, and what somebody with a hand in the database can make of
//! them.

use recourse::domain::directory::{self, Agreement, WayIn};
use recourse::domain::people::partners::{self, PartnerScope};
use recourse::domain::terms::Mode;
use recourse::domain::unit::Unit;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Caller, Partner, token};
use crate::harness::{TEST, on_both};
use crate::partners::{ALL, capacity, found, listed};
use crate::referrals::{Scene, referral};

#[test]
fn a_token_is_a_platforms_or_a_services_and_ends_with_its_credential() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let harbour = world.partner("harbour", Mode::Live, ALL).await;
        // Neither opens what is the other's, nor a colleague's.
        for path in ["/v1/status", "/v1/reports", "/v1/triage/cases"] {
            assert_eq!(harbour.caller.get(path).await.expect(401).code(), "credential_invalid", "{path}");
        }
        for caller in [&scene.spark.caller, &scene.lead.caller] {
            assert_eq!(caller.get("/v1/partner/referrals").await.expect(401).code(), "credential_invalid");
        }
        let nobody = world.caller("");
        let Partner { client_id, client_secret, .. } = &harbour;
        let scoped = token(&nobody, client_id, client_secret, "&scope=referrals:read").await.expect(200).json();
        assert_eq!(scoped["scope"], "referrals:read");
        let reader = world.caller(scoped["access_token"].as_str().unwrap());
        reader.get("/v1/partner/referrals").await.expect(200);
        let put = Caller::send(reader.request(Method::PUT, "/v1/partner/capacity").json(&json!({"full_until": null})));
        assert_eq!(put.await.expect(403).code(), "scope_missing");
        assert_eq!(
            token(&nobody, client_id, client_secret, "&scope=reports:read").await.expect(400).json()["error"],
            "invalid_scope"
        );
        for (id, secret) in [
            (client_id.as_str(), "rcp_live_wrong"),
            ("svk_00000000000000000000000000", client_secret),
            (scene.spark.client_id.as_str(), client_secret),
            (client_id.as_str(), scene.spark.client_secret.as_str()),
        ] {
            assert_eq!(token(&nobody, id, secret, "").await.expect(401).json()["error"], "invalid_client");
        }
        // A new secret voids the old one and its tokens; a revocation voids all.
        let id = client_id.parse().unwrap();
        let new = world.app.write(TEST, move |tx| partners::rotate(tx, &id)).await.unwrap();
        harbour.caller.get("/v1/partner/referrals").await.expect(401);
        token(&nobody, client_id, client_secret, "").await.expect(401);
        let again = Partner::sign_in(&world, &new).await;
        again.caller.get("/v1/partner/referrals").await.expect(200);
        let id = client_id.parse().unwrap();
        world.app.write(TEST, move |tx| partners::revoke(tx, &id)).await.unwrap();
        again.caller.get("/v1/partner/referrals").await.expect(401);
        token(&nobody, client_id, new.secret.expose(), "").await.expect(401);
        // With the service goes what it had.
        let lantern = world.partner("lantern", Mode::Live, ALL).await;
        world.app.write(TEST, |tx| directory::retire(tx, "lantern")).await.unwrap();
        lantern.caller.get("/v1/partner/referrals").await.expect(401);
    });
}

#[test]
fn credentials_somebody_changed_or_made_open_nothing_and_are_named() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let harbour = world.partner("harbour", Mode::Live, ALL).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        let lantern = scene.service("lantern");
        let read = harbour.client_id.clone();
        for (breaks, mends) in [
            (
                format!("UPDATE partner_clients SET service_id = '{lantern}'"),
                format!("UPDATE partner_clients SET service_id = '{}'", scene.service("harbour")),
            ),
            (
                "UPDATE partner_clients SET scopes = 'referrals:read'".to_owned(),
                "UPDATE partner_clients SET scopes = 'referrals:read referrals:write'".to_owned(),
            ),
            ("UPDATE partner_clients SET epoch = 2".to_owned(), "UPDATE partner_clients SET epoch = 1".to_owned()),
        ] {
            world.tamper(&breaks);
            world.pass(2);
            harbour.read(&id).await.expect(401);
            let named = found(&world).await;
            for code in ["not_as_written", "client_not_recorded"] {
                assert!(named.contains(&format!("partner_clients {code} {read}")), "{breaks}: {named:?}");
            }
            world.tamper(&mends);
        }
        world.pass(2);
        harbour.read(&id).await.expect(200);
        assert_eq!(found(&world).await, Vec::<String>::new());
        // A referral moved to another service is nobody's.
        world.tamper(&format!("UPDATE referrals SET service_id = '{lantern}'"));
        let other = world.partner("lantern", Mode::Live, ALL).await;
        other.read(&id).await.expect(404);
        other.says(&id, "decline", &json!({"reason": "other"})).await.expect(404);
        world.tamper(&format!("UPDATE referrals SET service_id = '{}'", scene.service("harbour")));
        harbour.read(&id).await.expect(200);
        // Nor is one whose state, times or mode somebody changed theirs any more.
        for (breaks, mends) in [
            ("UPDATE referrals SET state = 'accepted'", "UPDATE referrals SET state = 'received'"),
            (
                "UPDATE referrals SET received_at = received_at - 1",
                "UPDATE referrals SET received_at = received_at + 1",
            ),
            ("UPDATE referrals SET sent_at = sent_at - 1", "UPDATE referrals SET sent_at = sent_at + 1"),
            ("UPDATE referrals SET ended_at = 1", "UPDATE referrals SET ended_at = NULL"),
        ] {
            world.tamper(breaks);
            harbour.read(&id).await.expect(404);
            world.tamper(mends);
            harbour.read(&id).await.expect(200);
        }
        // What somebody takes out of the record gives nothing back.
        let consent = scene.list(&scene.lead).await["data"][0]["consent_id"].as_str().unwrap().to_owned();
        let narrow = json!({"scopes": ["contact"], "asked_how": "phone", "alone": "yes"});
        scene.lead.act(&scene.case, &format!("consents/{consent}/narrow"), &narrow).await.expect(200);
        world.tamper(
            "DELETE FROM consent_changes; UPDATE audit_events SET details = 'x' WHERE kind = 'consent_narrowed'",
        );
        assert_eq!(harbour.read(&id).await.expect(200).json()["content"], Value::Null);
        world.tamper("UPDATE cases SET mode = 'test'; UPDATE referrals SET mode = 'test'");
        world.partner("harbour", Mode::Test, ALL).await.read(&id).await.expect(404);
    });
}

#[test]
fn an_older_database_gives_no_credential_back_and_takes_no_new_secret_away() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let (revoked, rotated) =
            (world.partner("harbour", Mode::Live, ALL).await, world.partner("lantern", Mode::Live, ALL).await);
        for table in ["partner_clients", "services", "audit_events"] {
            world.tamper(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}"));
        }
        world.pass(60);
        let (one, two) = (revoked.client_id.parse().unwrap(), rotated.client_id.parse().unwrap());
        let end = world.app.write(TEST, move |tx| {
            partners::revoke(tx, &one)?;
            partners::rotate(tx, &two)
        });
        let new = end.await.unwrap();
        world.app.raise_high_water().await.unwrap();
        for table in ["partner_clients", "services", "audit_events"] {
            world.tamper(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}"));
        }
        world.pass(2);
        revoked.caller.get("/v1/partner/referrals").await.expect(200);
        // The next start knows better.
        recourse::app::open(world.config.clone(), world.clock.clone()).await.unwrap();
        world.pass(2);
        revoked.caller.get("/v1/partner/referrals").await.expect(401);
        rotated.caller.get("/v1/partner/referrals").await.expect(401);
        let nobody = world.caller("");
        token(&nobody, &revoked.client_id, &revoked.client_secret, "").await.expect(401);
        token(&nobody, &rotated.client_id, &rotated.client_secret, "").await.expect(401);
        token(&nobody, &rotated.client_id, new.secret.expose(), "").await.expect(200);
        drop(scene);
    });
}

#[test]
fn trials_are_for_credentials_of_trials_and_say_nothing_real() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let (live, trial) =
            (world.partner("harbour", Mode::Live, ALL).await, world.partner("harbour", Mode::Test, ALL).await);
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        trial.read(&id).await.expect(404);
        assert!(listed(&trial, "").await.is_empty());
        live.read(&id).await.expect(200);
        // A trial case, to a service that only a machine answers for.
        let until = world.clock.now().plus(std::time::Duration::from_hours(24 * 100));
        let open = move |tx: &mut Unit<'_>| {
            directory::open(tx, "lantern", vec![WayIn::Api], Agreement { by: "Lena".to_owned(), until, mail: None })
        };
        world.app.write(TEST, open).await.unwrap();
        let scene = scene.on_trial(&world).await;
        let consent = scene.consent(&world, "lantern", &[]).await;
        let body = referral(&world, scene.service("lantern"), &consent);
        for credential in [None, Some(Mode::Live)] {
            if let Some(mode) = credential {
                world.partner("lantern", mode, ALL).await;
            }
            let refused = scene.lead.act(&scene.case, "referrals", &body).await.expect(422);
            assert_eq!(refused.errors(), ["/service_id nobody_receives"], "{credential:?}");
        }
        let reader = world.partner("lantern", Mode::Test, &[PartnerScope::ReferralsRead]).await;
        scene.lead.act(&scene.case, "referrals", &body).await.expect(422);
        world.partner("lantern", Mode::Test, ALL).await;
        let (id, _) = scene.sent(&world, "lantern", &[]).await;
        let view = reader.read(&id).await.expect(200).json();
        assert_eq!(view["state"], "received");
        assert_eq!(reader.says(&id, "accept", &json!({})).await.expect(403).code(), "scope_missing");
        // A trial leaves the real directory as it is.
        let full_until = world.clock.now().plus(std::time::Duration::from_hours(48));
        let trial = world.partner("lantern", Mode::Test, ALL).await;
        let said = capacity(&trial, &json!({"full_until": full_until})).await.expect(200).json();
        assert_eq!(said["mode"], "test");
        scene.draft(&world, "lantern", &consent).await;
    });
}
