//! What ends for a service: agreements, what she takes back, and the time of what was kept.

use recourse::domain::directory::{self, Agreement, WayIn};
use recourse::domain::terms::Mode;
use recourse::domain::unit::Unit;
use serde_json::{Value, json};

use crate::harness::client::new_key;
use crate::harness::{TEST, on_both};
use crate::partners::{ALL, found};
use crate::referrals::{HOUR, Scene};

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
