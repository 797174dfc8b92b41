//! What is not there for a service: another's, what a wall hides, and nothing beside; and whom nobody refers there.

use recourse::domain::directory::{self};
use recourse::domain::terms::Mode;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::unit::Unit;
use reqwest::Method;
use serde_json::json;

use crate::harness::client::{Caller, Partner, new_key};
use crate::harness::operations::told;
use crate::harness::{TEST, on_both};
use crate::partners::{ALL, listed};
use crate::referrals::{Scene, referral};
use crate::turned_away::{listen, statements};

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
