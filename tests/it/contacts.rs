//! What notes record of contact with her: by a way that is safe, by one that was not, or that somebody waits, and until when.

use std::time::Duration;

use recourse::base::secret::Sensitive;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::jobs;
use serde_json::{Value, json};

use crate::buried::closing;
use crate::harness::client::{Staff, small};
use crate::harness::smtp::MailServer;
use crate::harness::{World, on_both};
use crate::paging::reachable;
use crate::rights::{events, urgent};
use crate::wishes::{now, told};

/// The clocks of a kind, each as where it stands.
async fn clocks(who: &Staff, case: &str, kind: &str) -> Vec<String> {
    let (seen, _) = who.case(case).await;
    let of_kind = seen["clocks"].as_array().unwrap().iter().filter(|clock| clock["kind"] == json!(kind)).cloned();
    of_kind.map(|clock| clock["state"].as_str().unwrap().to_owned()).collect()
}

fn standby(world: &World, minutes: u64) -> Value {
    let by = world.clock.now().plus(Duration::from_mins(minutes));
    json!({"text": "He has her telephone.", "records": "standby", "look_again_by": by})
}

/// A case of this priority, from a report that opens the portal alone.
async fn case_of(world: &World, who: &Staff, priority: &str) -> String {
    let reference = format!("C-{priority}");
    let mut body = if matches!(priority, "p0" | "p1") { urgent(&reference, priority) } else { small(&reference) };
    body["contact"] = now(&json!([{"type": "portal"}]));
    if priority == "p1" {
        body["answers"] = json!({"very_frightened": "yes"});
    }
    world.platform("spark").await.submit(&body).await;
    let case = who.case_of(&reference).await;
    assert_eq!(who.case(&case).await.0["priority"], priority);
    case
}

#[test]
fn a_contact_names_a_way_that_is_safe_and_was_checked_just_now() {
    on_both(|world| async move {
        let one = world.staff(Role::Advocate).await;
        let case = case_of(&world, &one, "p1").await;
        let soon = world.clock.now().plus(Duration::from_hours(1));
        let wrong = [
            (json!({"records": "safe_contact", "channel_confirmed_safe": true}), vec!["/channel required"]),
            (
                json!({"records": "safe_contact", "channel": "portal"}),
                vec!["/channel_confirmed_safe channel_not_confirmed"],
            ),
            (
                json!({"records": "safe_contact"}),
                vec!["/channel_confirmed_safe channel_not_confirmed", "/channel required"],
            ),
            (
                json!({"records": "safe_contact", "channel_confirmed_safe": true, "channel": "phone"}),
                vec!["/channel channel_not_safe"],
            ),
            (
                json!({"records": "safe_contact", "channel_confirmed_safe": true, "channel": "smoke"}),
                vec!["/channel invalid_value"],
            ),
            (
                json!({"records": "standby", "channel": "phone", "look_again_by": soon}),
                vec!["/channel not_of_this_note"],
            ),
            (json!({"channel": "portal"}), vec!["/channel not_of_this_note"]),
            (json!({"look_again_by": soon}), vec!["/look_again_by not_of_this_note"]),
            (
                json!({"records": "safe_contact", "channel": "incoming", "look_again_by": soon}),
                vec!["/look_again_by not_of_this_note"],
            ),
            (json!({"records": "unsafe_contact"}), vec!["/channel required"]),
            (json!({"records": "unsafe_contact", "channel": "incoming"}), vec!["/channel not_made_by_us"]),
        ];
        for (mut body, places) in wrong {
            body["text"] = json!("As it was.");
            assert_eq!(one.act(&case, "notes", &body).await.expect(422).errors(), places, "{body}");
        }
        assert_eq!(clocks(&one, &case, "first_contact_or_standby").await, ["running"]);
        let by =
            json!({"text": "Wrote.", "records": "safe_contact", "channel": "portal", "channel_confirmed_safe": true});
        let written = one.act(&case, "notes", &by).await.expect(201).json();
        assert_eq!(written["channel"], "portal");
        assert_eq!(clocks(&one, &case, "first_contact_or_standby").await, ["met"]);
        let note = one.case(&case).await.0["notes"][0].clone();
        assert_eq!((&note["channel"], &note["records"]), (&json!("portal"), &json!("safe_contact")));
    });
}

#[test]
fn waiting_with_contact_has_an_end_that_rings() {
    on_both(|world| async move {
        let (one, lead) = (world.staff(Role::Advocate).await, world.staff(Role::Lead).await);
        for (priority, hours) in [("p0", 2_u64), ("p1", 24)] {
            let case = case_of(&world, &one, priority).await;
            one.take(&case).await;
            let bare = json!({"text": "Not safe.", "records": "standby"});
            assert_eq!(one.act(&case, "notes", &bare).await.expect(422).errors(), ["/look_again_by required"]);
            for minutes in [0, hours * 60 + 1] {
                let errors = one.act(&case, "notes", &standby(&world, minutes)).await.expect(422).errors();
                assert_eq!(errors, ["/look_again_by out_of_range"], "{priority} {minutes}");
            }
            one.act(&case, "notes", &standby(&world, hours * 60)).await.expect(201);
            assert_eq!(clocks(&one, &case, "first_contact_or_standby").await, ["met"]);
            assert_eq!(clocks(&one, &case, "look_again").await, ["running"]);
            // Who waits further has looked again.
            one.act(&case, "notes", &standby(&world, 60)).await.expect(201);
            assert_eq!(clocks(&one, &case, "look_again").await, ["running", "met"]);
            let visit = json!({"text": "She rang.", "records": "safe_contact", "channel": "incoming"});
            one.act(&case, "notes", &visit).await.expect(201);
            assert_eq!(clocks(&one, &case, "look_again").await, ["met", "met"]);
            one.act(&case, "notes", &standby(&world, 60)).await.expect(201);
        }
        // Raised, nobody waits longer than they could have chosen to by now.
        let case = one.case_of("C-p1").await;
        one.act(&case, "notes", &standby(&world, 20 * 60)).await.expect(201);
        let raise = json!({"priority": "p0", "reason_code": "immediate_danger", "text": "He stands at the door."});
        one.act_seen(&case, "priority", &raise).await.expect(200);
        let (seen, _) = one.case(&case).await;
        let runs = seen["clocks"].as_array().unwrap().iter();
        let due: Vec<&Value> = runs
            .filter(|clock| clock["kind"] == "look_again" && clock["state"] == "running")
            .map(|clock| &clock["due_at"])
            .collect();
        assert_eq!(due, [&json!(world.clock.now().plus(Duration::from_hours(2)))]);
        // It has passed: a lead hears, whoever holds the case.
        world.pass(2 * 3_600);
        world.run_jobs().await;
        let lead = world.signed_in_again(&lead).await;
        assert_eq!(clocks(&lead, &case, "look_again").await.iter().filter(|state| *state == "running").count(), 1);
        world.pass(1);
        assert!(clocks(&lead, &case, "look_again").await.contains(&"breached".to_owned()));
        let told = events(&world, &case, "alarm_opened").await;
        assert_eq!(told.last().unwrap()["reason"], "look_again_passed", "{told:?}");
        let paged = events(&world, &case, "on_call_paged").await;
        assert_ne!(paged.last().unwrap()["rung"], "on_call", "{paged:?}");
    });
}

#[test]
fn the_first_who_waits_on_a_p0_has_a_lead_told_at_once() {
    on_both(|world| async move {
        let (one, lead) = (world.staff(Role::Advocate).await, world.staff(Role::Lead).await);
        world.on_rota(&one, 24).await;
        let case = case_of(&world, &one, "p0").await;
        one.take(&case).await;
        let rung = async |case: &str| {
            world.run_jobs().await;
            let all = events(&world, case, "on_call_paged").await;
            all.iter().filter(|ring| ring["reason"] == "standby").map(|ring| ring["people"].clone()).collect::<Vec<_>>()
        };
        assert!(rung(&case).await.is_empty());
        one.act(&case, "notes", &standby(&world, 30)).await.expect(201);
        let first = rung(&case).await;
        assert_eq!(first.len(), 1);
        assert!(first[0].as_array().unwrap().contains(&json!(lead.id)), "{first:?}");
        world.pass(60);
        one.act(&case, "notes", &standby(&world, 60)).await.expect(201);
        assert_eq!(rung(&case).await.len(), 1, "who waits further is known");
        // Contact was safe in between: whoever waits now is the first again.
        let visit = json!({"text": "She rang.", "records": "safe_contact", "channel": "incoming"});
        one.act(&case, "notes", &visit).await.expect(201);
        one.act(&case, "notes", &standby(&world, 60)).await.expect(201);
        assert_eq!(rung(&case).await.len(), 2);
        // What was waited for before it was a p0 counts for nothing.
        let other = case_of(&world, &one, "p1").await;
        one.take(&other).await;
        one.act(&other, "notes", &standby(&world, 60)).await.expect(201);
        assert!(rung(&other).await.is_empty());
        let raise = json!({"priority": "p0", "reason_code": "immediate_danger", "text": "He is near."});
        one.act_seen(&other, "priority", &raise).await.expect(200);
        one.case(&other).await;
        one.act(&other, "notes", &standby(&world, 60)).await.expect(201);
        assert_eq!(rung(&other).await.len(), 1);
        // Less urgent, it may be said and need not.
        let calm = case_of(&world, &one, "p4").await;
        one.take(&calm).await;
        one.act(&calm, "notes", &json!({"text": "Not safe.", "records": "standby"})).await.expect(201);
        assert!(clocks(&one, &calm, "look_again").await.is_empty());
        one.act(&calm, "notes", &standby(&world, 7 * 24 * 60 + 1)).await.expect(422);
        one.act(&calm, "notes", &standby(&world, 7 * 24 * 60)).await.expect(201);
        assert!(rung(&calm).await.is_empty());
    });
}

/// Records that she was contacted by a way that is not safe.
async fn anyway(who: &Staff, case: &str) {
    let note =
        json!({"text": "Her line was the only one. He answered.", "records": "unsafe_contact", "channel": "phone"});
    who.act(case, "notes", &note).await.expect(201);
}

#[test]
fn contact_that_was_made_anyway_is_always_taken_counts_for_nothing_and_is_told() {
    for database in crate::harness::databases() {
        let Some(server) = MailServer::start() else { return };
        let url = server.url();
        actix_web::rt::System::new().block_on(async {
            let set = |config: &mut recourse::config::Config| config.mail.url = Some(Sensitive::new(url.clone()));
            let world = World::begin(database, &set).await;
            let (one, lead) = (world.staff(Role::Advocate).await, world.staff(Role::SafeguardingLead).await);
            reachable(&world, &one, "one@staff.example", 24).await;
            reachable(&world, &lead, "safeguarding@staff.example", 0).await;
            let subjects = async |world: &World| {
                world.run_jobs().await;
                let of_lead = server.mails().into_iter().filter(|mail| mail.to == "safeguarding@staff.example");
                of_lead.map(|mail| mail.subject).collect::<Vec<_>>()
            };
            let record = "Please look at the record now".to_owned();
            // Nobody has read it, and her wishes could not be read either.
            let case = case_of(&world, &one, "p1").await;
            anyway(&one, &case).await;
            // Two mails of one moment come in any order.
            let mut told = subjects(&world).await;
            told.sort();
            assert_eq!(told, [record.clone(), "Please sign in now".to_owned()]);
            assert_eq!(clocks(&one, &case, "first_contact_or_standby").await, ["running"]);
            assert_eq!(clocks(&one, &case, "human_review").await, ["running"]);
            one.act(&case, "claim", &json!({})).await.expect(200);
            one.case(&case).await;
            anyway(&one, &case).await;
            assert_eq!(clocks(&one, &case, "human_review").await, ["running"], "it is no work on the case");
            let rung = {
                world.run_jobs().await;
                events(&world, &case, "on_call_paged").await
            };
            assert_eq!(
                (&rung.last().unwrap()["reason"], &rung.last().unwrap()["rung"]),
                (&json!("unsafe_contact"), &json!("safeguarding_lead"))
            );
            // A claim or the end of the case ends an alarm before it has rung, and whoever must know hears all the same.
            let before = subjects(&world).await.len();
            let calm = case_of(&world, &one, "p4").await;
            anyway(&one, &calm).await;
            one.take(&calm).await;
            world.read_by_another(&calm).await;
            one.act_seen(&calm, "decision", &closing("recorded_only")).await.expect(200);
            assert_eq!(subjects(&world).await[before..], *std::slice::from_ref(&record));
            anyway(&one, &calm).await;
            assert_eq!(subjects(&world).await[before..], [record.clone(), record.clone()], "closed, and told");
            assert!(events(&world, &calm, "on_call_paged").await.is_empty());
            // Trials wake nobody.
            let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
            trial.submit(&small("C-trial")).await;
            let list = one.caller.get("/v1/triage/cases?mode=test").await.json();
            anyway(&one, list["data"][0]["id"].as_str().unwrap()).await;
            assert_eq!(subjects(&world).await.len(), before + 2);
            // No safeguarding lead may hear: the log of the service names the case.
            jobs::work_off(&world.app, "test").await.unwrap();
        });
    }
}

#[test]
fn contact_that_was_not_safe_makes_nobody_count() {
    on_both(|world| async move {
        let one = world.staff(Role::Advocate).await;
        let case = case_of(&world, &one, "p4").await;
        anyway(&one, &case).await;
        one.act_seen(&case, "wishes", &told(&json!([{"type": "portal"}]))).await.expect(200);
        assert_eq!(crate::flows::rows(&world).await.len(), 0);
        let visit = json!({"text": "She came.", "records": "safe_contact", "channel": "incoming"});
        one.act(&case, "notes", &visit).await.expect(201);
        assert_eq!(crate::flows::rows(&world).await.len(), 1);
    });
}
