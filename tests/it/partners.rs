//! The partner API: a service's machine reads what was handed over to it, answers, and sees nothing of anybody else's.

use recourse::domain::directory::{self, Agreement, WayIn};
use recourse::domain::ledger::audit;
use recourse::domain::people::partners::{self, PartnerScope};
use recourse::domain::terms::Mode;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::unit::Unit;
use recourse::domain::watch::soundness;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Caller, Partner, full, new_key, token};
use crate::harness::operations::told;
use crate::harness::{TEST, World, on_both};
use crate::referrals::{HOUR, Scene, referral};
use crate::turned_away::{listen, statements};

const ALL: &[PartnerScope] = PartnerScope::ALL;

async fn capacity(partner: &Partner, body: &Value) -> crate::harness::client::Answer {
    Caller::send(partner.caller.request(Method::PUT, "/v1/partner/capacity").json(body)).await
}

/// What `recourse check` finds of credentials and services.
async fn found(world: &World) -> Vec<String> {
    let look = world.app.read(|rx| {
        let owners: Vec<String> = audit::heads(rx, "", 1_000)?.into_iter().map(|(id, _)| id).collect();
        Ok([soundness::records(rx, &owners)?, soundness::proofs(rx)?].concat())
    });
    look.await.unwrap().into_iter().map(|one| format!("{} {} {}", one.table, one.code, one.id)).collect()
}

/// The referrals in the list of a service, with where each stands.
async fn listed(partner: &Partner, query: &str) -> Vec<(String, String)> {
    let list = partner.caller.get(&format!("/v1/partner/referrals{query}")).await.expect(200).json();
    let text = |one: &Value, member: &str| one[member].as_str().unwrap().to_owned();
    list["data"].as_array().unwrap().iter().map(|one| (text(one, "id"), text(one, "state"))).collect()
}

#[test]
fn one_is_walked_by_its_service_to_the_close() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let harbour = world.partner("harbour", Mode::Live, ALL).await;
        assert!(listed(&harbour, "").await.is_empty());
        let consent = scene.consent(&world, "harbour", &[]).await;
        let (id, tag) = scene.draft(&world, "harbour", &consent).await;
        // A draft is nobody's.
        harbour.read(&id).await.expect(404);
        assert!(listed(&harbour, "").await.is_empty());
        scene.act(&scene.lead, &(id.clone(), tag), "send", &json!({})).await.expect(200);
        assert_eq!(listed(&harbour, "?state=sent").await, [(id.clone(), "sent".to_owned())]);
        let line = harbour.caller.get("/v1/partner/referrals").await.json()["data"][0].clone();
        assert_eq!((&line["urgency"], &line["next"]), (&json!("today"), &json!("receipt")), "{line}");
        // The first reading is the receipt.
        let read = harbour.read(&id).await.expect(200);
        let view = read.json();
        assert_eq!((&view["state"], &view["next"]), (&json!("received"), &json!("answer")), "{view}");
        assert_eq!(view["content"]["contact"]["if_somebody_else"], "Say that you call about the allotment.");
        assert_eq!(scene.states(&scene.lead).await["harbour"], "received");
        harbour.read(&id).await.expect(200);
        let events = crate::rights::events(&world, &scene.case, "referral_read").await;
        assert_eq!(events.len(), 2);
        assert_eq!(events[0]["scopes"], "identity contact statement");
        // Its answers, each of them twice.
        harbour.says(&id, "contacted", &json!({})).await.expect(409);
        for (answer, body, state) in [
            ("accept", json!({"words": "Ines takes it."}), "accepted"),
            ("contacted", json!({}), "contacted"),
            ("unable-to-contact", json!({"words": "She did not answer."}), "unable_to_contact"),
            ("contacted", json!({}), "contacted"),
        ] {
            world.pass(60);
            let said = harbour.says(&id, answer, &body).await.expect(200);
            assert_eq!(said.json()["state"], state, "{}", said.text);
            let version = said.json()["version"].clone();
            let again = harbour.says(&id, answer, &body).await.expect(200);
            assert_eq!(again.json()["version"], version, "nothing changes");
        }
        assert_eq!(harbour.says(&id, "accept", &json!({})).await.expect(409).code(), "referral_moved");
        scene.lead = world.signed_in_again(&scene.lead).await;
        let list = scene.list(&scene.lead).await;
        let steps = list["data"][0]["steps"].as_array().unwrap();
        let by: Vec<(&str, &str)> =
            steps.iter().map(|step| (step["step"].as_str().unwrap(), step["by"].as_str().unwrap())).collect();
        let service =
            ["receive", "accept", "contacted", "unable_to_contact", "contacted"].map(|step| (step, "service"));
        assert_eq!(by, [&[("send", "staff")], &service[..]].concat());
        assert_eq!((&steps[2]["words"], &steps[2]["by_id"]), (&json!("Ines takes it."), &json!(harbour.client_id)));
        let closed = harbour.says(&id, "close", &json!({"outcome": "supported"})).await.expect(200).json();
        assert_eq!((&closed["state"], &closed["next"]), (&json!("closed"), &Value::Null));
        harbour.says(&id, "close", &json!({"outcome": "supported"})).await.expect(200);
        assert_eq!(harbour.says(&id, "close", &json!({"outcome": "other"})).await.code(), "referral_moved");
        // It is seen for fourteen days more.
        for (days, is_seen) in [(13, true), (2, false)] {
            world.pass(days * 24 * HOUR);
            let again = world.partner("harbour", Mode::Live, ALL).await;
            let view = again.read(&id).await.expect(200).json();
            assert_eq!(view["content"].is_object(), is_seen, "{view}");
            assert_eq!(view["state"], "closed");
        }
    });
}

#[test]
fn what_a_service_says_is_looked_at() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let harbour = world.partner("harbour", Mode::Live, ALL).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        for (answer, body, wrong) in [
            ("decline", json!({"reason": "tired"}), "/reason invalid_value"),
            ("decline", json!({}), "/reason required"),
            ("decline", json!({"reason": "age", "words": ""}), "/words required"),
            ("decline", json!({"reason": "age", "missing": "x".repeat(501)}), "/missing too_long"),
            ("close", json!({}), "/outcome required"),
            ("accept", json!({"words": "x".repeat(1_001)}), "/words too_long"),
            ("accept", json!({"reason": "age"}), "/reason unknown_member"),
        ] {
            assert_eq!(harbour.says(&id, answer, &body).await.expect(422).errors(), [wrong], "{answer} {body}");
        }
        // Its no rings, owes her word, and shows it nothing afterwards.
        let no = json!({"reason": "conflict", "missing": "a language"});
        harbour.says(&id, "decline", &no).await.expect(200);
        harbour.says(&id, "decline", &no).await.expect(200);
        assert_eq!(harbour.says(&id, "decline", &json!({"reason": "age"})).await.code(), "referral_moved");
        assert_eq!(harbour.says(&id, "accept", &json!({})).await.code(), "referral_moved");
        let view = harbour.read(&id).await.expect(200).json();
        assert_eq!((&view["state"], &view["content"]), (&json!("declined"), &Value::Null));
        let owed: Vec<String> = scene.owed(&scene.lead).await.into_iter().map(|(_, code)| code).collect();
        assert_eq!(owed, ["could_not_take_it"]);
        let events = crate::rights::events(&world, &scene.case, "alarm_opened").await;
        assert!(events.iter().any(|event| event["reason"] == "referral_declined"), "{events:?}");
        for query in ["?state=lost", "?cursor=abc", "?mood=bad", "?limit=0"] {
            harbour.caller.get(&format!("/v1/partner/referrals{query}")).await.expect(400);
        }
        for part in ["0", "x", "-1"] {
            let path = format!("/v1/partner/referrals/{id}?part={part}");
            assert!(matches!(harbour.caller.get(&path).await.status, 400 | 404), "{part}");
        }
    });
}

#[test]
fn another_services_and_what_a_wall_hides_is_not_there_and_makes_as_much_work() {
    listen();
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let (harbour, lantern) =
            (world.partner("harbour", Mode::Live, ALL).await, world.partner("lantern", Mode::Live, ALL).await);
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        // Declared by both: nobody in the case, so that as much is looked up for each.
        for (slug, value) in [("harbour", "+447700900777"), ("lantern", "+447700900777")] {
            let declare =
                move |tx: &mut Unit<'_>| directory::declare(tx, slug, &Identifier::new(IdentifierKind::Phone, value));
            world.app.write(TEST, declare).await.unwrap();
        }
        let nothing = format!("ref_{}", "0".repeat(26));
        let calls = |id: &str| {
            let path = format!("/v1/partner/referrals/{id}");
            [
                (Method::GET, path.clone()),
                (Method::POST, format!("{path}/accept")),
                (Method::POST, format!("{path}/acknowledge")),
            ]
        };
        let ask = async |who: &Partner, method: &Method, path: &str| {
            let request = who.caller.request(method.clone(), path);
            let is_post = *method == Method::POST;
            let request = if is_post { request.header("Idempotency-Key", new_key()).json(&json!({})) } else { request };
            let (did, answer) = statements(&world, Caller::send(request)).await;
            (told(&answer.expect(404)), did)
        };
        // Whether a credential holds is looked up once a second.
        harbour.read(&nothing).await.expect(404);
        lantern.read(&nothing).await.expect(404);
        let missing = calls(&nothing);
        for ((method, path), (_, none)) in calls(&id).into_iter().zip(missing) {
            assert_eq!(ask(&lantern, &method, &path).await, ask(&lantern, &method, &none).await, "{method} {path}");
        }
        assert!(listed(&lantern, "").await.is_empty());
        harbour.read(&id).await.expect(200);
        // Somebody there knows whom the case names: from now on it is not there, in no list and by no repeated call.
        let key = new_key();
        let path = format!("/v1/partner/referrals/{id}/accept");
        harbour.caller.post_with(&path, &key, None, &json!({})).await.expect(200);
        let declare = |tx: &mut Unit<'_>| {
            directory::declare(tx, "harbour", &Identifier::new(IdentifierKind::Phone, "+447700900123"))
        };
        world.app.write(TEST, declare).await.unwrap();
        harbour.caller.post_with(&path, &key, None, &json!({})).await.expect(404);
        let missing = calls(&nothing);
        for ((method, path), (_, none)) in calls(&id).into_iter().zip(missing) {
            assert_eq!(ask(&harbour, &method, &path).await, ask(&harbour, &method, &none).await, "{method} {path}");
        }
        assert!(listed(&harbour, "").await.is_empty());
        // Nobody is led or referred there either.
        let consent = scene.consent(&world, "harbour", &[]).await;
        let refused =
            scene.lead.act(&scene.case, "referrals", &referral(&world, scene.service("harbour"), &consent)).await;
        assert_eq!(refused.expect(422).errors(), ["/service_id conflict"]);
        let asked = json!({"place": {"country": "GB", "said_now": true}, "conflicts_asked": true});
        let asked = scene.lead.act(&scene.case, "routing", &asked).await;
        assert_eq!(asked.status, 200, "{}", asked.text);
        let left_out = asked.json()["left_out"].as_array().unwrap().clone();
        assert!(
            left_out.iter().any(|one| one["why"] == "conflict" && one["id"] == scene.service("harbour")),
            "{left_out:?}"
        );
    });
}

#[test]
fn a_colleague_refers_nobody_to_a_service_that_they_declared() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let consent = scene.consent(&world, "harbour", &["lantern"]).await;
        let draft = scene.draft(&world, "harbour", &consent).await;
        let name = scene.lead.username.clone();
        let declare = move |tx: &mut Unit<'_>| {
            recourse::domain::casework::colleagues::declare_service(tx, &name, "harbour").map(drop)
        };
        world.app.write(TEST, declare).await.unwrap();
        let refused = scene.act(&scene.lead, &draft, "send", &json!({})).await.expect(422);
        assert_eq!(refused.errors(), ["/service_id conflict"]);
        let body = referral(&world, scene.service("harbour"), &consent);
        assert_eq!(
            scene.lead.act(&scene.case, "referrals", &body).await.expect(422).errors(),
            ["/service_id conflict"]
        );
        // A case is no less theirs for it, and another service's no harder to refer to.
        let body = referral(&world, scene.service("lantern"), &consent);
        scene.lead.act(&scene.case, "referrals", &body).await.expect(201);
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
        let spark = world.platform_with("spark", Mode::Test, recourse::domain::people::platforms::Scope::ALL).await;
        let mut report = full("TRIAL-1");
        report["reporter"]["platform_account_ref"] = json!("u_trial");
        spark.submit(&report).await;
        let list = scene.lead.caller.get("/v1/triage/cases?mode=test&platform_report_ref=TRIAL-1").await.expect(200);
        let case = list.json()["data"][0]["id"].as_str().unwrap().to_owned();
        scene.lead.take(&case).await;
        world.pass(60);
        let scene = Scene { case, ..scene };
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

#[test]
fn a_service_says_that_it_is_full_and_that_it_is_not() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let harbour = world.partner("harbour", Mode::Live, ALL).await;
        let consent = scene.consent(&world, "harbour", &[]).await;
        let (now, hours) = (world.clock.now(), |n| std::time::Duration::from_hours(n));
        for (body, wrong) in [
            (json!({}), "/full_until required"),
            (json!({"full_until": now}), "/full_until out_of_range"),
            (json!({"full_until": now.plus(hours(24 * 91))}), "/full_until out_of_range"),
            (json!({"full_until": "soon"}), "/full_until invalid_value"),
        ] {
            let refused = capacity(&harbour, &body).await.expect(422).errors();
            assert_eq!(refused.len(), 1, "{refused:?}");
            assert!(refused[0].starts_with(wrong.split(' ').next().unwrap()), "{refused:?} {wrong}");
        }
        capacity(&harbour, &json!({"full_until": now.plus(hours(48))})).await.expect(200);
        let body = referral(&world, scene.service("harbour"), &consent);
        let refused = scene.lead.act(&scene.case, "referrals", &body).await.expect(422);
        assert_eq!(refused.errors(), ["/service_id full"]);
        capacity(&harbour, &json!({"full_until": null})).await.expect(200);
        scene.draft(&world, "harbour", &consent).await;
        assert_eq!(found(&world).await, Vec::<String>::new());
    });
}

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
fn what_it_rests_on_ends_and_nothing_is_shown_or_taken_on_any_more() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let harbour = world.partner("harbour", Mode::Live, ALL).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        let until = world.clock.now().plus(std::time::Duration::from_hours(1));
        let open = move |tx: &mut Unit<'_>| {
            directory::open(tx, "harbour", vec![WayIn::Phone], Agreement { by: "Lena".to_owned(), until, mail: None })
        };
        world.app.write(TEST, open).await.unwrap();
        world.pass(HOUR - 1);
        let again = world.partner("harbour", Mode::Live, ALL).await;
        assert!(again.read(&id).await.expect(200).json()["content"].is_object());
        world.pass(1);
        let ended = again.read(&id).await.expect(200).json();
        assert_eq!((&ended["state"], &ended["content"]), (&json!("received"), &Value::Null));
        assert_eq!(again.says(&id, "accept", &json!({})).await.expect(409).code(), "not_in_force");
        drop(harbour);
        // What is not shown is not read: no receipt by it.
        scene.lead = world.signed_in_again(&scene.lead).await;
        scene.lead.take(&scene.case).await;
        scene.lead.case(&scene.case).await;
        let (other, _) = scene.sent(&world, "lantern", &[]).await;
        let lantern = world.partner("lantern", Mode::Live, ALL).await;
        let close = |tx: &mut Unit<'_>| directory::close(tx, "lantern");
        world.app.write(TEST, close).await.unwrap();
        assert_eq!(lantern.read(&other).await.expect(200).json()["state"], "sent");
        // It can still say no, and somebody hears.
        lantern.says(&other, "decline", &json!({"reason": "other"})).await.expect(200);
        assert_eq!(scene.states(&scene.lead).await["lantern"], "declined");
    });
}

#[test]
fn what_she_takes_back_is_not_shown_and_the_service_says_that_no_copy_is_left() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let harbour = world.partner("harbour", Mode::Live, ALL).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        harbour.says(&id, "acknowledge", &json!({})).await.expect(409);
        let key = new_key();
        let accept = format!("/v1/partner/referrals/{id}/accept");
        let accepted = harbour.caller.post_with(&accept, &key, None, &json!({})).await.expect(200);
        assert!(!accepted.text.contains("Jo") && !accepted.text.contains("allotment"), "{}", accepted.text);
        harbour.read(&id).await.expect(200);
        let consent = scene.list(&scene.lead).await["data"][0]["consent_id"].as_str().unwrap().to_owned();
        let narrow = json!({"scopes": ["contact"], "asked_how": "phone", "alone": "yes"});
        scene.lead.act(&scene.case, &format!("consents/{consent}/narrow"), &narrow).await.expect(200);
        let less = harbour.read(&id).await.expect(200).json();
        assert_eq!(less["care"], json!(["keep_no_copy"]));
        assert_eq!(less["content"]["scopes"], json!(["contact"]));
        assert!(less["content"]["summary"].is_null() && less["content"]["identity"].is_null(), "{less}");
        harbour.says(&id, "acknowledge", &json!({"words": "Shredded."})).await.expect(200);
        harbour.says(&id, "acknowledge", &json!({})).await.expect(200);
        assert_eq!(harbour.read(&id).await.json()["care"], json!([]));
        // A wish that came through the app may not be hers: they see it with care, and check first.
        let list = scene.spark.caller.get("/v1/reports?platform_report_ref=REF-1").await.expect(200).json();
        let report = list["data"][0]["id"].as_str().unwrap().to_owned();
        world.pass(60);
        scene.spark.caller.post(&format!("/v1/reports/{report}/withdrawal"), &json!({})).await.expect(202);
        let wished = harbour.read(&id).await.expect(200).json();
        assert_eq!(wished["care"], json!(["check_before_any_contact"]));
        assert!(wished["content"]["contact"].is_object());
        // All of it taken back: id, state and what is owed alone.
        scene.lead = world.signed_in_again(&scene.lead).await;
        let all = json!({"asked_how": "phone", "alone": "yes"});
        scene.lead.act(&scene.case, &format!("consents/{consent}/withdraw"), &all).await.expect(200);
        let none = harbour.read(&id).await.expect(200).json();
        assert_eq!((&none["state"], &none["content"]), (&json!("withdrawn"), &Value::Null));
        assert_eq!((&none["care"], &none["next"]), (&json!(["keep_no_copy"]), &json!("acknowledgement")));
        let replayed = harbour.caller.post_with(&accept, &key, None, &json!({})).await.expect(200);
        assert_eq!(replayed.text, accepted.text, "nothing of her stands in it");
        assert_eq!(harbour.says(&id, "contacted", &json!({})).await.code(), "referral_moved");
        harbour.says(&id, "acknowledge", &json!({})).await.expect(200);
        assert_eq!(harbour.read(&id).await.json()["next"], Value::Null);
    });
}

#[test]
fn a_late_yes_is_taken_and_one_to_what_has_ended_is_not() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let (late, _) = scene.sent(&world, "harbour", &[]).await;
        scene.wait(&world, 30 * HOUR).await;
        let harbour = world.partner("harbour", Mode::Live, ALL).await;
        harbour.says(&late, "accept", &json!({})).await.expect(200);
        // Silent, with one that she named in its place: it is over.
        scene.lead.take(&scene.case).await;
        scene.lead.case(&scene.case).await;
        world.pass(60);
        let (silent, _) = scene.sent(&world, "nightline", &["lantern"]).await;
        scene.wait(&world, 3 * HOUR).await;
        let nightline = world.partner("nightline", Mode::Live, ALL).await;
        let view = nightline.read(&silent).await.expect(200).json();
        assert_eq!((&view["state"], &view["content"]), (&json!("expired"), &Value::Null), "{view}");
        let refused = nightline.says(&silent, "accept", &json!({})).await.expect(409);
        assert!(refused.code() == "referral_moved" && !refused.text.contains("lantern"), "{}", refused.text);
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
fn thirty_days_after_the_end_nobody_has_the_contact_sheet_any_more() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let (ended, _) = scene.sent(&world, "harbour", &[]).await;
        let harbour = world.partner("harbour", Mode::Live, ALL).await;
        harbour.says(&ended, "accept", &json!({})).await.expect(200);
        harbour.says(&ended, "close", &json!({"outcome": "supported"})).await.expect(200);
        let (open, _) = scene.sent(&world, "lantern", &[]).await;
        for (days, is_there) in [(29, true), (1, false)] {
            scene.wait(&world, days * 24 * HOUR).await;
            recourse::jobs::once(&world.app, "tidy").await.unwrap();
            let list = scene.list(&scene.lead).await;
            let sheet = |id: &str| {
                let one = list["data"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
                one["sheet"].is_object()
            };
            assert_eq!((sheet(&ended), sheet(&open)), (is_there, true), "after {days} days more");
        }
        assert_eq!(found(&world).await, Vec::<String>::new());
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
fn two_hundred_answers_at_once_are_one_answer() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let harbour = world.partner("harbour", Mode::Live, ALL).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        let answers = (0..200).map(|n| {
            let (harbour, id) = (harbour.clone(), id.clone());
            async move {
                let (answer, body) =
                    if n % 2 == 0 { ("accept", json!({})) } else { ("decline", json!({"reason": "no_capacity"})) };
                harbour.says(&id, answer, &body).await
            }
        });
        let all = futures_util::future::join_all(answers).await;
        // Whoever came first has it, and all of the other answer are refused; but what was accepted can be declined later.
        assert!(all.iter().all(|answer| matches!(answer.status, 200 | 409 | 503 | 429)), "{all:?}");
        let list = scene.list(&scene.lead).await;
        let steps: Vec<&str> =
            list["data"][0]["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
        assert!(steps == ["send", "accept", "decline"] || steps == ["send", "decline"], "{steps:?}");
        assert_eq!(list["data"][0]["state"], "declined");
    });
}

#[test]
fn what_she_takes_back_after_the_end_is_gone_there_too_and_they_say_so() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let harbour = world.partner("harbour", Mode::Live, ALL).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        harbour.read(&id).await.expect(200);
        harbour.says(&id, "accept", &json!({})).await.expect(200);
        harbour.says(&id, "close", &json!({"outcome": "supported"})).await.expect(200);
        let before = harbour.read(&id).await.expect(200).json();
        assert!(before["content"].is_object());
        let consent = scene.list(&scene.lead).await["data"][0]["consent_id"].as_str().unwrap().to_owned();
        let all = json!({"asked_how": "phone", "alone": "yes"});
        scene.lead.act(&scene.case, &format!("consents/{consent}/withdraw"), &all).await.expect(200);
        let after = harbour.read(&id).await.expect(200).json();
        assert_eq!((&after["state"], &after["content"]), (&json!("closed"), &Value::Null));
        assert_eq!((&after["care"], &after["next"]), (&json!(["keep_no_copy"]), &json!("acknowledgement")));
        assert!(after["version"].as_i64() > before["version"].as_i64(), "whoever goes by the version reads it again");
        harbour.says(&id, "acknowledge", &json!({})).await.expect(200);
        assert_eq!(harbour.read(&id).await.json()["care"], json!([]));
    });
}

#[test]
fn one_row_that_cannot_be_read_hides_none_behind_it() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let harbour = world.partner("harbour", Mode::Live, ALL).await;
        let mut sent = Vec::new();
        for _ in 0..4 {
            sent.push(scene.sent(&world, "harbour", &[]).await.0);
            world.pass(1);
        }
        sent.reverse();
        world.tamper(&format!("UPDATE referrals SET state = 'limbo' WHERE id = '{}'", sent[1]));
        if !world.app.db.is_shared() {
            world.tamper(&format!("UPDATE referrals SET version = x'ff' WHERE id = '{}'", sent[1]));
        }
        let (mut all, mut query) = (Vec::new(), "?limit=1".to_owned());
        loop {
            let page = harbour.caller.get(&format!("/v1/partner/referrals{query}")).await.expect(200).json();
            all.extend(page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            query = format!("?limit=1&cursor={next}");
        }
        assert_eq!(all, [&sent[0], &sent[2], &sent[3]].map(Clone::clone));
        harbour.read(&sent[2]).await.expect(200);
    });
}
