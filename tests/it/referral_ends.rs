//! What becomes of hand-overs that come to nothing, or that she takes back: alarms, fallbacks, what she is told, and children.

use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use serde_json::{Value, json};

use crate::buried::p0;
use crate::consents::given;
use crate::harness::client::full;
use crate::harness::{World, on_both};
use crate::referrals::{HOUR, Scene, referral, tagged};
use crate::rights::events;

async fn alarms(world: &World, case: &str) -> Vec<String> {
    let all = events(world, case, "alarm_opened").await;
    all.iter().map(|event| event["reason"].as_str().unwrap().to_owned()).collect()
}

fn codes(owed: &[(String, String)]) -> Vec<&str> {
    owed.iter().map(|(_, code)| code.as_str()).collect()
}

#[test]
fn one_that_is_declined_rings_is_replaced_and_she_is_told() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let (id, _) = scene.sent(&world, "harbour", &["lantern"]).await;
        let no = [("reason", json!("conflict")), ("words", json!("He is the manager's cousin."))];
        let declined = scene.says(&world, &id, "decline", &no).await.expect(200);
        assert_eq!(alarms(&world, &scene.case).await.last().unwrap(), "referral_declined");
        assert_eq!(scene.clocks("escalation_decision").await.len(), 1, "somebody decides anew");
        assert_eq!(scene.clocks("tell_survivor").await.len(), 1);
        let list = scene.list(&scene.lead).await;
        let owed = &list["to_tell"][0];
        assert_eq!((&owed["code"], &owed["label"]), (&json!("could_not_take_it"), &json!("the garden club")));
        let text = owed.to_string();
        assert!(!text.contains("conflict") && !text.contains("harbour") && !text.contains("cousin"), "{text}");
        // The next one is sent what the first one had, once.
        let next = json!({"service_id": scene.service("lantern"), "label": "the book club"});
        let replaced = scene.act(&scene.lead, &tagged(&declined), "replace", &next).await.expect(200).json();
        assert_eq!((&replaced["state"], &replaced["replaces"]), (&json!("sent"), &json!(id)));
        assert_eq!(replaced["sheet"]["channels"][0]["value"], "+44 7700 900999");
        let twice = scene.act(&scene.lead, &tagged(&declined), "replace", &next).await.expect(409);
        assert_eq!(twice.code(), "referral_moved");
        let owed = scene.owed(&scene.lead).await;
        let code = |code: &str| owed.iter().find(|one| one.1 == code).unwrap().0.as_str();
        let (sent, declined) = (code("sent_to_next"), code("could_not_take_it"));
        // A note names what she was told; what is not owed is named by none.
        let tells = |ids: Vec<&str>, records: &str| {
            let mut note = json!({"text": "She rang.", "records": records, "tells": ids});
            if records == "safe_contact" {
                note["channel"] = json!("incoming");
            } else {
                note["look_again_by"] = json!(world.clock.now().plus(std::time::Duration::from_hours(2)));
            }
            note
        };
        let unknown = tells(vec!["owd_00000000000000000000000000"], "safe_contact");
        assert_eq!(scene.lead.act(&scene.case, "notes", &unknown).await.expect(422).errors(), ["/tells/0 not_owed"]);
        let plain = json!({"text": "x", "tells": [owed[0].0]});
        assert_eq!(
            scene.lead.act(&scene.case, "notes", &plain).await.expect(422).errors(),
            ["/tells not_of_this_note"]
        );
        let first = tells(vec![sent], "safe_contact");
        scene.lead.act(&scene.case, "notes", &first).await.expect(201);
        assert_eq!(scene.clocks("tell_survivor").await.len(), 1, "one is left");
        scene.lead.act(&scene.case, "notes", &tells(vec![declined], "standby")).await.expect(201);
        assert_eq!(scene.clocks("tell_survivor").await.len(), 0);
        assert_eq!(codes(&scene.owed(&scene.lead).await), ["could_not_take_it"], "it waits, and was not told");
    });
}

#[test]
fn a_silent_one_is_followed_by_the_next_that_she_agreed_to_once() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let (id, _) = scene.sent(&world, "harbour", &["closed", "lantern"]).await;
        // P1: receipt is due within two hours.
        scene.wait(&world, 2 * HOUR - 1).await;
        assert_eq!(scene.states(&scene.lead).await["harbour"], "sent");
        scene.wait(&world, 2).await;
        let states = scene.states(&scene.lead).await;
        assert_eq!((states["harbour"].as_str(), states["lantern"].as_str()), ("expired", "sent"), "{states:?}");
        assert!(alarms(&world, &scene.case).await.contains(&"referral_sent_to_next".to_owned()));
        assert_eq!(codes(&scene.owed(&scene.lead).await), ["sent_to_next"]);
        let late = scene.says(&world, &id, "accept", &[]).await.expect(409);
        assert_eq!(late.code(), "referral_moved");
        assert!(!late.text.contains("900999"), "it shows nothing");
        // The second one is silent as well: a person is told, again and again, and nothing goes to a third.
        scene.wait(&world, 3 * HOUR).await;
        let rung = |all: &[String]| all.iter().filter(|reason| *reason == "referral_silent").count();
        assert_eq!(rung(&alarms(&world, &scene.case).await), 1);
        assert_eq!(scene.clocks("escalation_decision").await.len(), 1);
        scene.wait(&world, 3 * HOUR).await;
        assert_eq!(rung(&alarms(&world, &scene.case).await), 2, "until it moves");
        let list = scene.list(&scene.lead).await;
        let second = list["data"].as_array().unwrap().iter().find(|one| one["state"] == "sent").unwrap().clone();
        assert_eq!(second["waits_for"][0]["late"], true);
        // A late yes of one that nobody replaced is taken.
        let yes = scene.says(&world, second["id"].as_str().unwrap(), "accept", &[]).await.expect(200).json();
        assert_eq!(yes["state"], "accepted");
    });
}

#[test]
fn nobody_else_is_asked_by_itself_where_that_might_harm_her() {
    on_both(|world| async move {
        for case in ["received", "reported", "waits", "alone_unknown", "stale_sheet", "threat_to_out", "wish", "wide"] {
            let mut report = full(&format!("REF-{case}"));
            // Each is another person's.
            report["reporter"]["platform_account_ref"] = json!(format!("u_{case}"));
            if case == "threat_to_out" {
                report["answers"]["threat_to_out"] = json!("yes");
            }
            let mut scene = Scene::with(&world, &report).await;
            let mut body = given(scene.service("harbour"));
            body["given_at"] = json!(world.clock.now());
            body["fallbacks"] = json!([scene.service("lantern")]);
            if case == "alone_unknown" {
                body["alone"] = json!("unknown");
                body["alone_reason"] = json!("The line was bad.");
                body["fallbacks"] = json!([]);
            }
            let consent = scene.lead.act(&scene.case, "consents", &body).await.expect(201).json();
            let mut new = referral(&world, scene.service("harbour"), consent["id"].as_str().unwrap());
            if case == "stale_sheet" {
                new["sheet"]["confirmed_at"] = json!(world.clock.now().minus(std::time::Duration::from_hours(71)));
            }
            let draft = tagged(&scene.lead.act(&scene.case, "referrals", &new).await.expect(201));
            let sent = tagged(&scene.act(&scene.lead, &draft, "send", &json!({})).await.expect(200));
            world.pass(1);
            match case {
                "received" => drop(scene.says(&world, &sent.0, "receive", &[]).await.expect(200)),
                "reported" => {
                    let mut more = report.clone();
                    more["platform_report_ref"] = json!("REF-more");
                    scene.spark.submit(&more).await;
                }
                "waits" => {
                    let until = world.clock.now().plus(std::time::Duration::from_hours(3));
                    let note = json!({"text": "He is at home.", "records": "standby", "look_again_by": until});
                    scene.lead.act(&scene.case, "notes", &note).await.expect(201);
                }
                "wish" => {
                    let told = json!({"text": "Stop.", "records": "withdrawal_told", "how": "phone"});
                    scene.lead.act(&scene.case, "notes", &told).await.expect(201);
                }
                _ => {}
            }
            scene.wait(&world, 25 * HOUR).await;
            let states = scene.states(&scene.lead).await;
            let asked = states.contains_key("lantern");
            assert_eq!(asked, case == "wide", "{case}: {states:?}");
            if !asked {
                let rung = alarms(&world, &scene.case).await;
                assert!(rung.contains(&"referral_silent".to_owned()), "{case}: {rung:?}");
                assert!(codes(&scene.owed(&scene.lead).await).contains(&"no_answer_yet"), "{case}");
            }
        }
    });
}

#[test]
fn what_she_takes_back_ends_at_once_and_who_has_read_it_says_that_no_copy_is_left() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        scene.says(&world, &id, "accept", &[]).await.expect(200);
        let consents = scene.lead.case(&scene.case).await.0["consents"].clone();
        let consent = consents[0]["id"].as_str().unwrap().to_owned();
        let other = world.staff(Role::Advocate).await;
        let narrow = json!({"scopes": ["contact", "statement"], "asked_how": "phone", "alone": "yes"});
        other.act(&scene.case, &format!("consents/{consent}/narrow"), &narrow).await.expect(200);
        let phases = |list: &Value| {
            let all = list["data"][0]["waits_for"].as_array().unwrap().iter();
            all.map(|due| due["phase"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(phases(&scene.list(&other).await), ["acknowledgement", "contact"]);
        scene.says(&world, &id, "acknowledge", &[]).await.expect(200);
        assert_eq!(phases(&scene.list(&other).await), ["contact"]);
        assert_eq!(scene.says(&world, &id, "acknowledge", &[]).await.expect(409).code(), "referral_moved");
        let withdraw = json!({"asked_how": "phone", "alone": "no"});
        other.act(&scene.case, &format!("consents/{consent}/withdraw"), &withdraw).await.expect(200);
        let list = scene.list(&other).await;
        assert_eq!(
            (&list["data"][0]["state"], phases(&list)),
            (&json!("withdrawn"), vec!["acknowledgement".to_owned()])
        );
        assert_eq!(list["to_tell"], json!([]), "she asked for it herself");
        assert_eq!(scene.says(&world, &id, "contacted", &[]).await.expect(409).code(), "referral_moved");
        // An hour without a word: somebody is told to ring the service, and again.
        scene.wait(&world, HOUR + 1).await;
        let rung = alarms(&world, &scene.case).await;
        assert_eq!(rung.last().unwrap(), "referral_not_acknowledged", "{rung:?}");
        let said = scene.says(&world, &id, "acknowledge", &[]).await.expect(200).json();
        assert_eq!(said["waits_for"], json!([]));
        // One that nobody has read leaves no copy.
        scene.lead.take(&scene.case).await;
        let (second, _) = scene.sent(&world, "lantern", &[]).await;
        let back = json!({"she_asked": false, "words": "Sent by mistake."});
        let other = world.signed_in_again(&other).await;
        let gone = other.act(&scene.case, &format!("referrals/{second}/withdraw"), &back).await.expect(200).json();
        assert_eq!((&gone["state"], &gone["waits_for"]), (&json!("withdrawn"), &json!([])));
        assert_eq!(codes(&scene.owed(&other).await), ["ended"]);
    });
}

#[test]
fn what_she_took_back_stays_so_when_somebody_takes_the_row_away() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let consent = scene.consent(&world, "harbour", &[]).await;
        let draft = scene.draft(&world, "harbour", &consent).await;
        let withdraw = json!({"asked_how": "phone", "alone": "yes"});
        scene.lead.act(&scene.case, &format!("consents/{consent}/withdraw"), &withdraw).await.expect(200);
        world.tamper("DELETE FROM consent_changes");
        let again = referral(&world, scene.service("harbour"), &consent);
        let refused = scene.lead.act(&scene.case, "referrals", &again).await.expect(422);
        assert_eq!(refused.errors(), ["/consent_id consent_not_in_force"]);
        // One that was taken back does not stand again either.
        world.tamper("UPDATE referrals SET state = 'drafted', ended_at = NULL");
        scene.act(&scene.lead, &(draft.0, "\"2\"".to_owned()), "send", &json!({})).await.expect(500);
        // Nor does one go to another service than the one that was written.
        let consent = scene.consent(&world, "harbour", &[]).await;
        let draft = scene.draft(&world, "harbour", &consent).await;
        let theirs = scene.service("lantern");
        world.tamper(&format!("UPDATE referrals SET service_id = '{theirs}' WHERE id = '{}'", draft.0));
        scene.act(&scene.lead, &draft, "send", &json!({})).await.expect(500);
    });
}

#[test]
fn one_that_fails_after_the_close_wakes_the_case_and_the_app_sees_nothing() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        scene.says(&world, &id, "accept", &[]).await.expect(200);
        world.read_by_another(&scene.case).await;
        let close = json!({"outcome": "supported_elsewhere", "reason": "Harbour has her."});
        scene.lead.act_seen(&scene.case, "decision", &close).await.expect(200);
        let reports = "/v1/reports?platform_report_ref=REF-1";
        let before = scene.spark.caller.get(reports).await.expect(200);
        let report = before.json()["data"][0]["id"].as_str().unwrap().to_owned();
        let one = scene.spark.caller.get(&format!("/v1/reports/{report}")).await.expect(200);
        let log = scene.spark.caller.get("/v1/events").await.expect(200).text;
        let unseen = async |scene: &Scene| {
            assert_eq!(scene.spark.caller.get(reports).await.text, before.text);
            let now = scene.spark.caller.get(&format!("/v1/reports/{report}")).await;
            assert_eq!((now.header("etag"), &now.text), (one.header("etag"), &one.text));
            assert_eq!(scene.spark.caller.get("/v1/events").await.text, log);
        };
        // It says nothing for two days, and then that it could not reach her.
        scene.wait(&world, 48 * HOUR + 1).await;
        scene.spark = world.platform("spark").await;
        let woken = scene.lead.case(&scene.case).await.0;
        assert_eq!((&woken["state"], &woken["outcome"]), (&json!("in_review"), &json!(null)));
        assert!(alarms(&world, &scene.case).await.contains(&"referral_silent".to_owned()));
        unseen(&scene).await;
        scene.says(&world, &id, "unable_to_contact", &[]).await.expect(200);
        let owed = scene.owed(&scene.lead).await;
        assert!(codes(&owed).contains(&"could_not_reach_you") && codes(&owed).contains(&"no_answer_yet"), "{owed:?}");
        // Whatever colleagues do with it, the app sees nothing, until it is asked or says more.
        scene.lead.take(&scene.case).await;
        let until = world.clock.now().plus(std::time::Duration::from_hours(1));
        let hold = json!({"action": "hold", "reason": "She rings back.", "until": until});
        scene.lead.act_seen(&scene.case, "transitions", &hold).await.expect(200);
        let resume = json!({"action": "resume", "reason": "She rang."});
        scene.lead.act_seen(&scene.case, "transitions", &resume).await.expect(200);
        unseen(&scene).await;
        scene.lead.take(&scene.case).await;
        let close = json!({"outcome": "supported_elsewhere", "reason": "Again."});
        let refused = scene.lead.act_seen(&scene.case, "decision", &close).await.expect(422);
        assert_eq!(refused.errors(), ["/outcome support_not_confirmed"], "nobody stands by her any more");
        scene.lead.confirm_support(&scene.case).await;
        world.read_by_another(&scene.case).await;
        scene.lead.act_seen(&scene.case, "decision", &close).await.expect(200);
        unseen(&scene).await;
        scene.spark.submit(&full("REF-1b")).await;
        let now = scene.spark.caller.get(reports).await.json();
        assert_eq!(now["data"][0]["status"], "received", "what it says itself it sees the answer to");
    });
}

#[test]
fn a_childs_goes_out_with_the_safeguarding_lead_and_in_danger_without() {
    on_both(|world| async move {
        let mut report = full("REF-child");
        report["reporter"]["age_band"] = json!("under_18");
        let scene = Scene::with(&world, &report).await;
        let advocate = world.staff_with(Role::Advocate, vec![Queue::Children]).await;
        let child = |service: &str| {
            let mut body = given(service);
            body["given_at"] = json!(world.clock.now());
            (body["given_by"], body["understood"]) = (json!("child"), json!("They call me on Monday."));
            body
        };
        // She agreed to a service for adults: she is not led there.
        let wrong = scene.lead.act(&scene.case, "consents", &child(scene.service("harbour"))).await.expect(201).json();
        let body = referral(&world, scene.service("harbour"), wrong["id"].as_str().unwrap());
        let refused = scene.lead.act(&scene.case, "referrals", &body).await.expect(422);
        assert_eq!(refused.errors(), ["/service_id not_for_her"]);
        let consent = scene.lead.act(&scene.case, "consents", &child(scene.service("kite"))).await.expect(201).json();
        scene.lead.act(&scene.case, "release", &json!({})).await.expect(200);
        advocate.take(&scene.case).await;
        let body = referral(&world, scene.service("kite"), consent["id"].as_str().unwrap());
        let draft = tagged(&advocate.act(&scene.case, "referrals", &body).await.expect(201));
        assert_eq!(scene.act(&scene.lead, &draft, "sign", &json!({})).await.expect(409).code(), "referral_moved");
        let asked = scene.act(&advocate, &draft, "send", &json!({})).await.expect(200);
        assert_eq!(
            (&asked.json()["state"], &asked.json()["about"]["remarks"]),
            (&json!("drafted"), &json!(["to_be_signed"]))
        );
        assert_eq!(alarms(&world, &scene.case).await.last().unwrap(), "referral_to_sign");
        scene.act(&advocate, &tagged(&asked), "sign", &json!({})).await.expect(403);
        scene.lead.case(&scene.case).await;
        let signed = scene.act(&scene.lead, &tagged(&asked), "sign", &json!({})).await.expect(200).json();
        assert_eq!((&signed["state"], &signed["about"]["sent_by"]), (&json!("sent"), &json!(scene.lead.id)));
        assert_eq!(signed["about"]["basis"]["article_9"], "schedule_1_paragraph_18_safeguarding");

        // A p0: ten minutes without the second person, and it goes out all the same, marked.
        let raise = json!({"priority": "p0", "reason_code": "immediate_danger", "text": "He is there."});
        advocate.act_seen(&scene.case, "priority", &raise).await.expect(200);
        let body = referral(&world, scene.service("kite"), consent["id"].as_str().unwrap());
        let draft = tagged(&advocate.act(&scene.case, "referrals", &body).await.expect(201));
        scene.act(&advocate, &draft, "send", &json!({})).await.expect(200);
        let state = async || {
            let list = scene.list(&advocate).await["data"].as_array().unwrap().clone();
            list.into_iter().find(|one| one["id"] == draft.0.as_str()).unwrap()
        };
        world.pass(599);
        world.run_jobs().await;
        assert_eq!(state().await["state"], "drafted");
        world.pass(1);
        world.run_jobs().await;
        let went = state().await;
        assert_eq!((&went["state"], &went["about"]["remarks"]), (&json!("sent"), &json!(["alone_on_shift"])), "{went}");
        assert_eq!(alarms(&world, &scene.case).await.last().unwrap(), "referral_alone_on_shift");
    });
}

#[test]
fn one_person_alone_at_night_gets_help_on_its_way_and_another_looks_at_it() {
    on_both(|world| async move {
        let amina = world.staff(Role::Advocate).await;
        let (case, _) = p0(&world, &amina, "REF-night").await;
        amina.act(&case, "claim", &json!({})).await.expect(200);
        let good = json!({
            "text": "To 999: she is in the house with him, the address as she gave it.", "records": "emergency_disclosure",
            "to": "police", "why": "life", "asked_her": "unreachable", "told_her": false,
        });
        for member in ["to", "why", "asked_her", "told_her"] {
            let mut body = good.clone();
            body.as_object_mut().unwrap().remove(member);
            let refused = amina.act(&case, "notes", &body).await.expect(422);
            assert_eq!(refused.errors(), [format!("/{member} required")]);
            let plain = json!({"text": "x", member: good[member]});
            let refused = amina.act(&case, "notes", &plain).await.expect(422);
            assert_eq!(refused.errors(), [format!("/{member} not_of_this_note")]);
        }
        // Within a quarter of an hour, by one account alone, which has not even read all of it.
        world.pass(600);
        let noted = amina.act(&case, "notes", &good).await.expect(201).json();
        assert_eq!(noted["disclosure"]["to"], "police");
        let seen = amina.case(&case).await.0;
        let of = |kind: &str| {
            let all = seen["clocks"].as_array().unwrap().iter();
            all.filter(|clock| clock["kind"] == kind).map(|clock| clock["state"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(of("escalation_decision"), ["met"]);
        assert_eq!(of("disclosure_review"), ["running"]);
        let pages = events(&world, &case, "alarm_opened").await;
        assert_eq!(pages.last().unwrap()["reason"], "emergency_disclosure");
        // Another person than its author looks at it within a day, or it rings.
        let review = json!({"text": "Right, and in time.", "records": "disclosure_reviewed", "reviews": noted["id"]});
        amina.case(&case).await;
        assert_eq!(amina.act(&case, "notes", &review).await.expect(403).code(), "second_person_required");
        let lead = world.staff(Role::SafeguardingLead).await;
        lead.case(&case).await;
        let nothing =
            json!({"text": "x", "records": "disclosure_reviewed", "reviews": "note_00000000000000000000000000"});
        assert_eq!(lead.act(&case, "notes", &nothing).await.expect(422).errors(), ["/reviews unknown_disclosure"]);
        world.pass(24 * HOUR + 1);
        world.run_jobs().await;
        let rung = events(&world, &case, "alarm_opened").await;
        assert!(rung.iter().any(|event| event["reason"] == "disclosure_review_passed"), "{rung:?}");
        let lead = world.signed_in_again(&lead).await;
        lead.case(&case).await;
        lead.act(&case, "notes", &review).await.expect(201);
        let clocks = lead.case(&case).await.0["clocks"].clone();
        let left = clocks.as_array().unwrap().iter().find(|clock| clock["kind"] == "disclosure_review").unwrap();
        assert_eq!(left["state"], "breached", "it was met, and late: {left}");
    });
}
