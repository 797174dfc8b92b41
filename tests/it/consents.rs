//! What a survivor agrees to: what is one and what is none, what she takes back, and what somebody with a hand in the database
//! can make of it.

use recourse::domain::directory::Mark;
use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use serde_json::{Value, json};

use crate::checking::{check, wrong};
use crate::directory::{entry, stand};
use crate::harness::client::{Answer, Platform, Staff, full, new_key, small};
use crate::harness::{World, on_both};

/// A day, in seconds.
const DAY: u64 = 24 * 3_600;

/// What she agreed to on the telephone, alone, just now as every test begins.
pub(crate) fn given(service: &str) -> Value {
    json!({
        "service_id": service, "scopes": ["identity", "contact", "statement"], "given_by": "survivor",
        "given_at": "2026-11-21T19:00:00Z", "how": "phone", "alone": "yes", "interpreter": "none",
        "told": {"who": true, "what": true, "why": true, "until": true, "can_end": true},
        "channel_confirmed_safe": true, "words": "Yes, tell them what he did.",
    })
}

/// The consent with another value somewhere.
fn but(body: &Value, place: &str, value: Value) -> Value {
    let mut changed = body.clone();
    let (parent, member) = place.rsplit_once('/').unwrap();
    changed.pointer_mut(parent).unwrap()[member] = value;
    changed
}

struct Scene {
    lead: Staff,
    spark: Platform,
    services: Vec<String>,
}

impl Scene {
    async fn set(world: &World) -> Self {
        let mut outs = entry("rainbow");
        outs.marks = vec![Mark::NameOuts];
        let mut theirs = entry("phoneline");
        theirs.kind = recourse::domain::directory::Kind::SelfConcern;
        stand(world, vec![entry("harbour"), entry("lantern"), entry("nightline"), outs, theirs], &["harbour"]).await;
        let (lead, spark) = (world.staff(Role::SafeguardingLead).await, world.platform("spark").await);
        let all = lead.caller.get("/v1/triage/services").await.expect(200).json();
        let id = |slug: &str| {
            let found = all["data"].as_array().unwrap().iter().find(|one| one["slug"] == slug).unwrap();
            found["id"].as_str().unwrap().to_owned()
        };
        let services = ["harbour", "lantern", "nightline", "rainbow", "phoneline"].map(id).to_vec();
        Self { lead, spark, services }
    }

    /// A case that the lead holds.
    async fn case(&self, report: &Value) -> String {
        self.spark.submit(report).await;
        let case = self.lead.case_of(report["platform_report_ref"].as_str().unwrap()).await;
        self.lead.take(&case).await;
        case
    }

    async fn give(&self, case: &str, body: &Value) -> Answer {
        self.lead.act(case, "consents", body).await
    }
}

#[test]
fn what_is_no_consent_is_refused_at_its_place() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let [harbour, lantern, nightline, rainbow, phoneline] = [0, 1, 2, 3, 4].map(|at| scene.services[at].clone());
        let case = scene.case(&full("CON-1")).await;
        let good = given(&harbour);
        let unknown = json!("svc_00000000000000000000000000");
        for (place, value, errors) in [
            ("/service_id", unknown.clone(), "/service_id unknown_service"),
            ("/service_id", json!(phoneline), "/service_id unknown_service"),
            ("/service_id", json!(rainbow), "/name_may_be_said name_outs"),
            ("/scopes", json!([]), "/scopes required"),
            ("/scopes", json!(["contact", "contact"]), "/scopes duplicate"),
            ("/scopes", json!(["evidence"]), "/scopes/0 invalid_value"),
            ("/given_by", json!("child"), "/given_by wrong_giver, /understood required"),
            ("/given_at", json!("2026-11-22T19:00:00Z"), "/given_at out_of_range"),
            ("/given_at", json!("2026-10-01T19:00:00Z"), "/given_at out_of_range"),
            ("/how", json!("somebody_else"), "/how invalid_value"),
            ("/how", json!("portal"), "/how invalid_value"),
            ("/alone", json!("no"), "/alone not_alone"),
            ("/alone", json!("unknown"), "/alone_reason required"),
            ("/alone_reason", json!("He may be there."), "/alone_reason invalid_value"),
            ("/interpreter", json!("other"), "/interpreter interpreter"),
            ("/told/who", json!(false), "/told/who required"),
            ("/told/can_end", json!(false), "/told/can_end required"),
            (
                "/told",
                json!({}),
                "/told/who required, /told/what required, /told/why required, /told/until required, /told/can_end required",
            ),
            ("/understood", json!("They help."), "/understood invalid_value"),
            ("/channel_confirmed_safe", json!(false), "/channel_confirmed_safe channel_not_confirmed"),
            ("/words", json!(" "), "/words required"),
            ("/words", json!("x".repeat(2_001)), "/words too_long"),
            ("/expires_at", json!("2026-11-21T19:04:02Z"), "/expires_at out_of_range"),
            ("/expires_at", json!("2027-05-21T19:00:00Z"), "/expires_at out_of_range"),
            ("/fallbacks", json!([harbour]), "/fallbacks duplicate"),
            ("/fallbacks", json!([lantern, lantern]), "/fallbacks duplicate"),
            ("/fallbacks", json!([lantern, unknown]), "/fallbacks/1 unknown_service"),
            ("/fallbacks", json!([rainbow]), "/name_may_be_said name_outs"),
            ("/fallbacks", json!([lantern, nightline, rainbow]), "/fallbacks too_many, /name_may_be_said name_outs"),
            ("/adviser", json!("Lena"), "/adviser unknown_member"),
        ] {
            let answer = scene.give(&case, &but(&good, place, value.clone())).await.expect(422);
            assert_eq!(answer.errors().join(", "), errors, "{place} {value}");
            assert!(!answer.text.contains("Yes, tell them"), "{}", answer.text);
        }
        let nothing = scene.lead.caller.get(&format!("/v1/triage/cases/{case}/consents")).await.expect(200).json();
        assert_eq!(nothing, json!({"data": [], "has_more": false}));
        // Nobody records one who does not hold the case.
        let other = world.staff(Role::Advocate).await;
        assert_eq!(other.act(&case, "consents", &good).await.code(), "claim_lost");
        scene
            .give(&case, &but(&but(&good, "/service_id", json!(rainbow)), "/name_may_be_said", json!(true)))
            .await
            .expect(201);
    });
}

#[test]
fn one_holds_until_its_day_and_what_she_takes_back_holds_at_once() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let (harbour, lantern) = (&scene.services[0], &scene.services[1]);
        let case = scene.case(&full("CON-1")).await;
        let before = scene.lead.case(&case).await.0;
        let body = but(&given(harbour), "/fallbacks", json!([lantern]));
        let key = new_key();
        let path = format!("/v1/triage/cases/{case}/consents");
        let first = scene.lead.caller.post_with(&path, &key, None, &body).await.expect(201);
        let told = first.json();
        assert_eq!(
            (&told["state"], &told["scopes"]),
            (&json!("in_force"), &json!(["identity", "contact", "statement"]))
        );
        assert_eq!(
            (&told["expires_at"], &told["words"]),
            (&json!("2027-02-19T19:00:00Z"), &json!("Yes, tell them what he did."))
        );
        let again = scene.lead.caller.post_with(&path, &key, None, &body).await.expect(201);
        assert_eq!(again.text, first.text);
        let after = scene.lead.case(&case).await.0;
        for member in ["priority", "state", "queue", "outcome"] {
            assert_eq!(before[member], after[member], "it lowers and moves nothing: {member}");
        }
        assert_eq!(after["consents"][0]["state"], "in_force");
        // Who may not read what she said sees that there is one, and not her words.
        let auditor = world.staff(Role::Auditor).await;
        let seen = auditor.caller.get(&path).await.expect(200);
        assert!(!seen.text.contains("tell them") && seen.json()["data"][0]["state"] == "in_force", "{}", seen.text);

        // She takes back a part, to somebody who does not hold the case, with him beside her.
        let id = told["id"].as_str().unwrap();
        let other = world.staff(Role::Advocate).await;
        let narrow = |scopes: Value| json!({"scopes": scopes, "asked_how": "phone", "alone": "no"});
        for more in
            [json!(["identity", "contact", "statement"]), json!(["answers"]), json!([]), json!(["contact", "contact"])]
        {
            let refused = other.act(&case, &format!("consents/{id}/narrow"), &narrow(more.clone())).await.expect(422);
            assert_eq!(refused.errors(), ["/scopes invalid_value"], "{more}");
        }
        let left =
            other.act(&case, &format!("consents/{id}/narrow"), &narrow(json!(["contact"]))).await.expect(200).json();
        assert_eq!(
            (&left["scopes"], &left["given_scopes"]),
            (&json!(["contact"]), &json!(["identity", "contact", "statement"]))
        );
        assert_eq!(left["changes"][0]["heard_by"], other.id.as_str());
        let wider = other.act(&case, &format!("consents/{id}/narrow"), &narrow(json!(["identity"]))).await;
        assert_eq!(wider.expect(422).errors(), ["/scopes invalid_value"], "what was taken back does not come again");
        let withdraw = json!({"asked_how": "letter", "alone": "unknown"});
        let gone = other.act(&case, &format!("consents/{id}/withdraw"), &withdraw).await.expect(200).json();
        assert_eq!((&gone["state"], &gone["scopes"]), (&json!("withdrawn"), &json!([])));
        for act in ["withdraw", "narrow"] {
            let body = if act == "narrow" { narrow(json!(["contact"])) } else { withdraw.clone() };
            assert_eq!(other.act(&case, &format!("consents/{id}/{act}"), &body).await.code(), "consent_ended");
        }
        let nobodys = "con_00000000000000000000000000";
        other.act(&case, &format!("consents/{nobodys}/withdraw"), &withdraw).await.expect(404);
        let elsewhere = scene.case(&small("CON-2")).await;
        other.act(&elsewhere, &format!("consents/{id}/withdraw"), &withdraw).await.expect(404);
    });
}

#[test]
fn one_ends_at_its_second() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let case = scene.case(&full("CON-1")).await;
        let path = format!("/v1/triage/cases/{case}/consents");
        let second = scene.give(&case, &given(&scene.services[1])).await.expect(201).json();
        let state = async |who: &Staff| {
            let list = who.caller.get(&path).await.expect(200).json();
            let one = list["data"].as_array().unwrap().iter().find(|one| one["id"] == second["id"]).unwrap().clone();
            one["state"].as_str().unwrap().to_owned()
        };
        let end = recourse::base::time::Timestamp::parse("2027-02-19T19:00:00Z").unwrap();
        world.pass(end.since(world.clock.now()).as_secs());
        assert_eq!(state(&world.signed_in_again(&scene.lead).await).await, "in_force");
        world.pass(1);
        assert_eq!(state(&world.signed_in_again(&scene.lead).await).await, "expired");
        assert_eq!(
            check(&world, &[]).1["problems"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|one| one["table"] == "consents")
                .count(),
            0
        );
    });
}

#[test]
fn one_older_than_a_wish_to_withdraw_counts_no_more() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let harbour = &scene.services[0];
        let report = full("CON-1");
        let case = scene.case(&report).await;
        scene.give(&case, &given(harbour)).await.expect(201);
        let list = scene.spark.caller.get("/v1/reports?platform_report_ref=CON-1").await.expect(200).json();
        let id = list["data"][0]["id"].as_str().unwrap().to_owned();
        world.pass(60);
        scene.spark.caller.post(&format!("/v1/reports/{id}/withdrawal"), &json!({})).await.expect(202);
        assert_eq!(scene.lead.case(&case).await.0["consents"][0]["state"], "before_a_wish");
        let stale = scene.give(&case, &given(harbour)).await.expect(422);
        assert_eq!(stale.errors(), ["/given_at before_a_wish"]);
        world.pass(60);
        let now = world.clock.now().to_string();
        let anew = scene.give(&case, &but(&given(harbour), "/given_at", json!(now))).await.expect(201).json();
        assert_eq!(anew["state"], "in_force");
        // A wish that she tells a colleague does the same.
        world.pass(60);
        let told = json!({"text": "She wants it to stop.", "records": "withdrawal_told", "how": "phone"});
        scene.lead.act(&case, "notes", &told).await.expect(201);
        let states = scene.lead.case(&case).await.0["consents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["state"].clone())
            .collect::<Vec<_>>();
        assert_eq!(states, ["before_a_wish", "before_a_wish"]);
    });
}

#[test]
fn a_child_gives_it_herself_and_whoever_may_not_be_alone_gives_it_for_a_week() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let (harbour, lantern) = (&scene.services[0], &scene.services[1]);
        let mut report = small("CON-1");
        report["reporter"]["age_band"] = json!("under_18");
        let case = scene.case(&report).await;
        assert_eq!(scene.give(&case, &given(harbour)).await.expect(422).errors(), ["/given_by wrong_giver"]);
        let child = but(&given(harbour), "/given_by", json!("child"));
        assert_eq!(scene.give(&case, &child).await.expect(422).errors(), ["/understood required"]);
        let understood = but(&child, "/understood", json!("They ask me first, and I can say stop."));
        let told = scene.give(&case, &understood).await.expect(201).json();
        assert_eq!(told["understood"], "They ask me first, and I can say stop.");
        // Whoever works other queues has never heard of it.
        let elsewhere = world.staff_with(Role::Advocate, vec![Queue::Fraud]).await;
        elsewhere.caller.get(&format!("/v1/triage/cases/{case}/consents")).await.expect(404);

        let case = scene.case(&small("CON-2")).await;
        let perhaps =
            but(&but(&given(harbour), "/alone", json!("unknown")), "/alone_reason", json!("Somebody coughed."));
        let with_fallback = but(&perhaps, "/fallbacks", json!([lantern]));
        assert_eq!(scene.give(&case, &with_fallback).await.expect(422).errors(), ["/fallbacks no_fallback"]);
        let longer = but(&perhaps, "/expires_at", json!("2026-12-05T19:00:00Z"));
        assert_eq!(scene.give(&case, &longer).await.expect(422).errors(), ["/expires_at out_of_range"]);
        let week = scene.give(&case, &perhaps).await.expect(201).json();
        assert_eq!(week["expires_at"], "2026-11-28T19:00:00Z");
        world.pass(7 * DAY);
        let lead = world.signed_in_again(&scene.lead).await;
        assert_eq!(lead.case(&case).await.0["consents"][0]["state"], "expired");
    });
}

#[test]
fn whoever_writes_to_the_database_gives_none_widens_none_and_is_found() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let (harbour, lantern) = (&scene.services[0], &scene.services[1]);
        let (case, other) = (scene.case(&full("CON-1")).await, scene.case(&small("CON-2")).await);
        let id = scene.give(&case, &given(harbour)).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        let state = async |case: &str| scene.lead.case(case).await.0["consents"][0]["state"].clone();
        // To another service, and back.
        world.tamper(&format!("UPDATE consents SET service_id = '{lantern}'"));
        assert_eq!(state(&case).await, "unreadable");
        world.tamper(&format!("UPDATE consents SET service_id = '{harbour}'"));
        assert_eq!(state(&case).await, "in_force");
        // To another case, and back.
        world.tamper(&format!("UPDATE consents SET case_id = '{other}'"));
        assert_eq!(state(&other).await, "unreadable");
        let (code, report) = check(&world, &[]);
        let found = wrong(&report, "problems");
        assert!(
            code == Some(1) && found.contains("consents row_gone") && found.contains("consents row_not_recorded"),
            "{report}"
        );
        world.tamper(&format!("UPDATE consents SET case_id = '{case}'"));
        // A change that does not open may have taken back all of it.
        let narrow = json!({"scopes": ["contact"], "asked_how": "phone", "alone": "yes"});
        scene.lead.act(&case, &format!("consents/{id}/narrow"), &narrow).await.expect(200);
        world.tamper("UPDATE consent_changes SET body = (SELECT body FROM consents)");
        assert_eq!(state(&case).await, "withdrawn");
        world.tamper("DELETE FROM consent_changes");
        let (code, report) = check(&world, &[]);
        assert!(code == Some(1) && wrong(&report, "problems").contains("consent_changes row_gone"), "{report}");
    });
}

#[test]
fn what_she_took_back_counts_although_nobody_can_read_who_heard_it() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let case = scene.case(&full("CON-1")).await;
        let given = scene.give(&case, &given(&scene.services[0])).await.expect(201).json();
        let path = format!("consents/{}/withdraw", given["id"].as_str().unwrap());
        scene.lead.act(&case, &path, &json!({"asked_how": "phone", "alone": "yes"})).await.expect(200);
        world.tamper("UPDATE consent_changes SET changed_by = 'nobody'");
        assert_eq!(scene.lead.case(&case).await.0["consents"][0]["state"], "withdrawn");
    });
}

#[test]
fn a_clock_that_is_a_minute_ahead_of_ours_stops_nobody() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let case = scene.case(&full("AHEAD-1")).await;
        let now = world.clock.now();
        let at = |seconds| json!(now.plus(std::time::Duration::from_secs(seconds)));
        let mut body = given(&scene.services[0]);
        body["given_at"] = at(121);
        assert_eq!(scene.give(&case, &body).await.expect(422).errors(), ["/given_at out_of_range"]);
        body["given_at"] = at(90);
        let consent = scene.give(&case, &body).await.expect(201).json();
        assert_eq!(consent["given_at"], json!(now), "it holds from now, not from then");
        let mut draft = crate::referrals::referral(&world, &scene.services[0], consent["id"].as_str().unwrap());
        draft["sheet"]["confirmed_at"] = at(90);
        let draft = scene.lead.act(&case, "referrals", &draft).await.expect(201).json();
        assert_eq!(draft["sheet"]["confirmed_at"], json!(now));
    });
}
