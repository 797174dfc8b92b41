//! The partner API: a service's machine reads what was handed over to it, and answers.

use recourse::domain::ledger::audit;
use recourse::domain::people::partners::PartnerScope;
use recourse::domain::terms::Mode;
use recourse::domain::watch::soundness;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Answer, Caller, Partner, new_key};
use crate::harness::{World, on_both};
use crate::referrals::{HOUR, Scene, referral};

/// All that a credential may ask for.
pub(crate) const ALL: &[PartnerScope] = PartnerScope::ALL;

pub(crate) async fn capacity(partner: &Partner, body: &Value) -> crate::harness::client::Answer {
    Caller::send(partner.caller.request(Method::PUT, "/v1/partner/capacity").json(body)).await
}

/// What `recourse check` finds of credentials and services.
pub(crate) async fn found(world: &World) -> Vec<String> {
    let look = world.app.read(|rx| {
        let owners: Vec<String> = audit::heads(rx, "", 1_000)?.into_iter().map(|(id, _)| id).collect();
        Ok([soundness::records(rx, &owners)?, soundness::proofs(rx)?].concat())
    });
    look.await.unwrap().into_iter().map(|one| format!("{} {} {}", one.table, one.code, one.id)).collect()
}

/// The referrals in the list of a service, with where each stands.
pub(crate) async fn listed(partner: &Partner, query: &str) -> Vec<(String, String)> {
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

/// Says it until the answer is none of "come again".
async fn insist(harbour: &Partner, path: &str, body: &Value) -> Answer {
    let key = new_key();
    for _ in 0..200 {
        let answer = harbour.caller.post_with(path, &key, None, body).await;
        let again = answer.status == 503 || answer.code() == "in_flight";
        if !again {
            return answer;
        }
    }
    panic!("never converges");
}

#[test]
fn two_thousand_answers_at_once_are_one_answer() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let harbour = world.partner("harbour", Mode::Live, ALL).await;
        let (first, _) = scene.sent(&world, "harbour", &[]).await;
        let path = format!("/v1/partner/referrals/{first}/accept");
        let nothing = json!({});
        let all = futures_util::future::join_all((0..2_000).map(|_| insist(&harbour, &path, &nothing))).await;
        let refused: Vec<&Answer> = all.iter().filter(|answer| answer.status != 200).collect();
        assert!(refused.is_empty(), "{} were refused, such as {:?}", refused.len(), refused.first());
        // Of two different ones whoever came first has it; but what was accepted can be declined later.
        let (second, _) = scene.sent(&world, "harbour", &[]).await;
        let path = |answer: &str| format!("/v1/partner/referrals/{second}/{answer}");
        let (yes, no) = ((path("accept"), json!({})), (path("decline"), json!({"reason": "no_capacity"})));
        let both = (0..200).map(|n| if n % 2 == 0 { &yes } else { &no });
        let all = futures_util::future::join_all(both.map(|(path, body)| insist(&harbour, path, body))).await;
        assert!(all.iter().all(|answer| matches!(answer.status, 200 | 409)), "{all:?}");
        let list = scene.list(&scene.lead).await;
        let of = |id: &str| list["data"].as_array().unwrap().iter().find(|one| one["id"] == *id).unwrap().clone();
        let steps = |id: &str| -> Vec<String> {
            let steps = of(id)["steps"].as_array().unwrap().clone();
            steps.iter().map(|step| step["step"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(steps(&first), ["send", "accept"]);
        let steps = steps(&second);
        assert!(steps == ["send", "accept", "decline"] || steps == ["send", "decline"], "{steps:?}");
        assert_eq!(of(&second)["state"], "declined");
    });
}
