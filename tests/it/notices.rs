//! Mails to services: the same words whatever they are about, looked at again before they go, and never the end of a referral.

use recourse::base::secret::Sensitive;
use recourse::domain::directory::{self, Agreement, WayIn};
use recourse::domain::people::partners::PartnerScope;
use recourse::domain::terms::Mode;
use recourse::domain::unit::Unit;
use serde_json::{Value, json};

use crate::harness::client::full;
use crate::harness::smtp::{Mail, MailServer};
use crate::harness::{TEST, World};
use crate::referrals::{HOUR, Scene};

/// A service whose mail server is real; on each database.
fn with_mail(test: &impl AsyncFn(World, &mut MailServer)) {
    for database in crate::harness::databases() {
        let Some(mut server) = MailServer::start() else { return };
        let url = server.url();
        actix_web::rt::System::new().block_on(async {
            let set = |config: &mut recourse::config::Config| config.mail.url = Some(Sensitive::new(url.clone()));
            let world = World::begin(database, &set).await;
            test(world, &mut server).await;
        });
    }
}

/// Has services written to at an address of their own.
async fn reachable(world: &World, slugs: &'static [&'static str]) {
    let until = world.clock.now().plus(std::time::Duration::from_hours(300 * 24));
    let open = move |tx: &mut Unit<'_>| {
        for slug in slugs {
            let agreement = Agreement { by: "Lena".to_owned(), until, mail: Some(format!("referrals@{slug}.example")) };
            directory::open(tx, slug, vec![WayIn::Phone], agreement)?;
        }
        Ok(())
    };
    world.app.write(TEST, open).await.unwrap();
}

/// The mails to services.
fn to_services(server: &MailServer) -> Vec<Mail> {
    server.mails().into_iter().filter(|mail| mail.to.contains("referrals@")).collect()
}

async fn notice(scene: &Scene) -> Value {
    scene.list(&scene.lead).await["data"][0]["notice"].clone()
}

#[test]
fn the_mail_is_the_same_on_every_occasion_and_goes_only_while_it_is_about_something() {
    with_mail(&async |world, server| {
        let mut scene = Scene::set(&world).await;
        reachable(&world, &["harbour", "lantern"]).await;
        // When it is sent.
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        assert_eq!(notice(&scene).await, "owed");
        world.run_jobs().await;
        assert_eq!(to_services(server).len(), 1);
        assert_eq!(notice(&scene).await, "handed_over");
        assert_eq!(scene.states(&scene.lead).await["harbour"], "sent", "a mail that was taken is no receipt");
        // At half of the time for an answer.
        scene.wait(&world, 11 * HOUR).await;
        assert_eq!(to_services(server).len(), 1);
        scene.wait(&world, 2 * HOUR).await;
        assert_eq!(to_services(server).len(), 2);
        // At a withdrawal, once somebody has read it; not of one that nobody has.
        let harbour = world.partner("harbour", Mode::Live, PartnerScope::ALL).await;
        harbour.read(&id).await.expect(200);
        let no = json!({"she_asked": true, "words": "No."});
        scene.lead.act(&scene.case, &format!("referrals/{id}/withdraw"), &no).await.expect(200);
        world.run_jobs().await;
        assert_eq!(to_services(server).len(), 3);
        // Of another case, by another service, and one that is read before its mail goes.
        let mut other = full("REF-2");
        other["reporter"]["platform_account_ref"] = json!("somebody-else");
        other["category"] = json!("romance_fraud");
        let second = Scene::with(&world, &other).await;
        reachable(&world, &["harbour", "lantern"]).await;
        let (unread, _) = second.sent(&world, "lantern", &[]).await;
        world.run_jobs().await;
        second.lead.act(&second.case, &format!("referrals/{unread}/withdraw"), &no).await.expect(200);
        let (read, _) = second.sent(&world, "harbour", &[]).await;
        let harbour = world.partner("harbour", Mode::Live, PartnerScope::ALL).await;
        harbour.says(&read, "accept", &json!({})).await.expect(200);
        world.pass(13 * HOUR);
        world.run_jobs().await;
        let mails = to_services(server);
        let to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
        assert_eq!(
            to,
            [
                "referrals@harbour.example",
                "referrals@harbour.example",
                "referrals@harbour.example",
                "referrals@lantern.example"
            ]
        );
        for mail in &mails {
            assert_eq!((&mail.subject, &mail.text), (&mails[0].subject, &mails[0].text), "nothing tells them apart");
            for word in ["ref_", "case_", "now", "urgent", "Jo", "stalk", "REF-1", "harbour", "lantern"] {
                assert!(!mail.text.contains(word) && !mail.subject.contains(word), "{word}: {}", mail.text);
            }
        }
    });
}

#[test]
fn two_hours_without_mail_end_in_an_alarm_and_in_the_delivery() {
    with_mail(&async |world, server| {
        let mut scene = Scene::set(&world).await;
        reachable(&world, &["harbour"]).await;
        server.stop();
        scene.sent(&world, "harbour", &[]).await;
        for minute in 0..120 {
            world.pass(60);
            recourse::jobs::work_off(&world.app, "test").await.unwrap();
            if minute == 1 {
                scene.lead = world.signed_in_again(&scene.lead).await;
                assert_eq!(notice(&scene).await, "owed");
            }
        }
        scene.lead = world.signed_in_again(&scene.lead).await;
        assert_eq!(notice(&scene).await, "not_delivered");
        assert_eq!(scene.states(&scene.lead).await["harbour"], "sent", "it goes on");
        let owed: Vec<String> = scene.owed(&scene.lead).await.into_iter().map(|(_, code)| code).collect();
        assert_eq!(owed, ["no_answer_yet"]);
        assert_eq!(scene.clocks("escalation_decision").await.len(), 1);
        let events = crate::rights::events(&world, &scene.case, "alarm_opened").await;
        let of_notice = events.iter().filter(|event| event["reason"] == "referral_notice_not_delivered");
        assert_eq!(of_notice.count(), 1, "{events:?}");
        server.restart();
        world.pass(60);
        world.run_jobs().await;
        world.run_jobs().await;
        assert_eq!(to_services(server).len(), 1);
        assert_eq!(notice(&scene).await, "handed_over");
        // A worker that dies between the mail and its note: it comes twice, and is one by its id.
        world.tamper("UPDATE outbox SET done_at = NULL, lease_until = NULL WHERE kind = 'tell_service'");
        world.run_jobs().await;
        let ids: Vec<String> = to_services(server).into_iter().map(|mail| mail.id).collect();
        assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
    });
}

#[test]
fn an_address_that_is_refused_is_known_at_once_and_trials_write_to_nobody() {
    with_mail(&async |world, server| {
        let scene = Scene::set(&world).await;
        let until = world.clock.now().plus(std::time::Duration::from_hours(300 * 24));
        let open = move |tx: &mut Unit<'_>, mail: &str| {
            let agreement = Agreement { by: "Lena".to_owned(), until, mail: Some(mail.to_owned()) };
            directory::open(tx, "harbour", vec![WayIn::Phone], agreement)
        };
        for wrong in ["nobody", "a@b.example, c@d.example", "Ines <ines@harbour.example>", "", &"x".repeat(300)] {
            let wrong = wrong.to_owned();
            assert!(world.app.write(TEST, move |tx| open(tx, &wrong)).await.is_err());
        }
        world.app.write(TEST, move |tx| open(tx, "refused-1@harbour.example")).await.unwrap();
        scene.sent(&world, "harbour", &[]).await;
        world.run_jobs().await;
        assert_eq!(notice(&scene).await, "not_delivered");
        let events = crate::rights::events(&world, &scene.case, "alarm_opened").await;
        assert!(events.iter().any(|event| event["reason"] == "referral_notice_not_delivered"), "{events:?}");
        reachable(&world, &["lantern"]).await;
        let scene = scene.on_trial(&world).await;
        scene.sent(&world, "lantern", &[]).await;
        world.run_jobs().await;
        assert_eq!((notice(&scene).await, to_services(server).len()), (Value::Null, 0));
    });
}
