//! Hand-overs to services: from the draft to the end, by telephone; what comes to nothing is told, replaced and rung for; and what
//! she takes back ends.

use std::collections::BTreeMap;

use recourse::domain::directory::Mark;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::referrals::state;
use recourse::domain::terms::Mode;
use serde_json::{Value, json};

use crate::consents::given;
use crate::directory::{entry, stand};
use crate::harness::client::{Answer, Platform, Staff, full, new_key};
use crate::harness::{World, on_both};

/// An hour, in seconds.
pub(crate) const HOUR: u64 = 3_600;

/// A referral with all that one needs, as of now.
pub(crate) fn referral(world: &World, service: &str, consent: &str) -> Value {
    json!({
        "service_id": service, "consent_id": consent,
        "place": {"country": "GB", "region": "GB-ESX", "said_now": true},
        "summary": "Stalked at her work; wants an advocate.", "time_critical": true, "handover": "they_contact",
        "label": "the garden club",
        "sheet": {
            "name_to_use": "Jo",
            "channels": [{"channel": "phone", "value": "+44 7700 900999", "voicemail": false}],
            "safe_times": "weekdays from 10 to 12", "zone": "Europe/London",
            "if_somebody_else": "Say that you call about the allotment.",
            "shared_with": "nobody", "never_contact": "her brother", "confirmed_at": world.clock.now(),
        },
        "she_changed_this": true,
    })
}

/// What a service says by telephone.
pub(crate) fn said(world: &World, answer: &str, more: &[(&str, Value)]) -> Value {
    let mut body = json!({"answer": answer, "who": "Ines of the service", "at": world.clock.now()});
    for (member, value) in more {
        body[*member] = value.clone();
    }
    body
}

/// A case that a safeguarding lead holds, and three services by telephone.
pub(crate) struct Scene {
    pub(crate) lead: Staff,
    pub(crate) spark: Platform,
    pub(crate) services: BTreeMap<String, String>,
    pub(crate) case: String,
}

impl Scene {
    pub(crate) async fn set(world: &World) -> Self {
        Self::with(world, &full("REF-1")).await
    }

    pub(crate) async fn with(world: &World, report: &Value) -> Self {
        let mut kite = entry("kite");
        kite.kind = recourse::domain::directory::Kind::Child;
        (kite.marks, kite.ages.from, kite.ages.to) = (vec![Mark::TrainedForChildren], Some(0), Some(17));
        let entries = vec![entry("harbour"), entry("lantern"), entry("nightline"), entry("closed"), kite];
        stand(world, entries, &["harbour", "lantern", "nightline", "kite"]).await;
        let (lead, spark) = (world.staff(Role::SafeguardingLead).await, world.platform("spark").await);
        let all = lead.caller.get("/v1/triage/services").await.expect(200).json();
        let pair = |one: &Value| (one["slug"].as_str().unwrap().to_owned(), one["id"].as_str().unwrap().to_owned());
        let services = all["data"].as_array().unwrap().iter().map(pair).collect();
        spark.submit(report).await;
        let case = lead.case_of(report["platform_report_ref"].as_str().unwrap()).await;
        lead.take(&case).await;
        // What she agrees to, she agrees to after what she has reported.
        world.pass(60);
        Self { lead, spark, services, case }
    }

    /// The same with a case of a trial, which the lead holds.
    pub(crate) async fn on_trial(self, world: &World) -> Self {
        let spark = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let mut report = full("TRIAL-1");
        report["reporter"]["platform_account_ref"] = json!("u_trial");
        spark.submit(&report).await;
        let list = self.lead.caller.get("/v1/triage/cases?mode=test&platform_report_ref=TRIAL-1").await.expect(200);
        let case = list.json()["data"][0]["id"].as_str().unwrap().to_owned();
        self.lead.take(&case).await;
        world.pass(60);
        Self { case, ..self }
    }

    pub(crate) fn service(&self, slug: &str) -> &str {
        &self.services[slug]
    }

    /// Her consent, as of now.
    pub(crate) async fn consent(&self, world: &World, slug: &str, fallbacks: &[&str]) -> String {
        let mut body = given(self.service(slug));
        body["given_at"] = json!(world.clock.now());
        body["fallbacks"] = fallbacks.iter().map(|slug| json!(self.service(slug))).collect();
        let recorded = self.lead.act(&self.case, "consents", &body).await.expect(201).json();
        recorded["id"].as_str().unwrap().to_owned()
    }

    /// A draft, with its id and tag.
    pub(crate) async fn draft(&self, world: &World, slug: &str, consent: &str) -> (String, String) {
        let body = referral(world, self.service(slug), consent);
        tagged(&self.lead.act(&self.case, "referrals", &body).await.expect(201))
    }

    pub(crate) async fn act(&self, who: &Staff, (id, tag): &(String, String), act: &str, body: &Value) -> Answer {
        let path = format!("/v1/triage/cases/{}/referrals/{id}/{act}", self.case);
        who.caller.post_with(&path, &new_key(), Some(tag), body).await
    }

    /// One that was sent.
    pub(crate) async fn sent(&self, world: &World, slug: &str, fallbacks: &[&str]) -> (String, String) {
        let consent = self.consent(world, slug, fallbacks).await;
        let draft = self.draft(world, slug, &consent).await;
        tagged(&self.act(&self.lead, &draft, "send", &json!({})).await.expect(200))
    }

    /// Has the service say something of it.
    pub(crate) async fn says(&self, world: &World, id: &str, answer: &str, more: &[(&str, Value)]) -> Answer {
        self.lead.act(&self.case, &format!("referrals/{id}/by-phone"), &said(world, answer, more)).await
    }

    pub(crate) async fn list(&self, who: &Staff) -> Value {
        who.caller.get(&format!("/v1/triage/cases/{}/referrals", self.case)).await.expect(200).json()
    }

    /// Where each stands, by its service.
    pub(crate) async fn states(&self, who: &Staff) -> BTreeMap<String, String> {
        let list = self.list(who).await;
        let slug = |id: &Value| self.services.iter().find(|(_, known)| *id == **known).unwrap().0.clone();
        let all = list["data"].as_array().unwrap().iter();
        all.map(|one| (slug(&one["service_id"]), one["state"].as_str().unwrap().to_owned())).collect()
    }

    /// What she is owed to know and was not told, by its code.
    pub(crate) async fn owed(&self, who: &Staff) -> Vec<(String, String)> {
        let list = self.list(who).await;
        let all = list["to_tell"].as_array().unwrap().iter().filter(|one| one["told_at"].is_null());
        let text = |one: &Value, member: &str| one[member].as_str().unwrap().to_owned();
        all.map(|one| (text(one, "id"), text(one, "code"))).collect()
    }

    /// Keeps the case in the lead's hands over a stretch of time, in which the jobs run.
    pub(crate) async fn wait(&mut self, world: &World, seconds: u64) {
        world.pass(seconds);
        world.run_jobs().await;
        self.lead = world.signed_in_again(&self.lead).await;
    }

    /// The running clocks of a kind.
    pub(crate) async fn clocks(&self, kind: &str) -> Vec<String> {
        let case = self.lead.case(&self.case).await.0;
        let running = case["clocks"].as_array().unwrap().iter().filter(|clock| clock["kind"] == kind);
        let running = running.filter(|clock| clock["state"] == "running" || clock["state"] == "breached");
        running.map(|clock| clock["due_at"].as_str().unwrap().to_owned()).collect()
    }
}

/// The id of a referral, and its tag.
pub(crate) fn tagged(answer: &Answer) -> (String, String) {
    (answer.json()["id"].as_str().unwrap().to_owned(), answer.header("etag"))
}

#[test]
fn the_table_of_referrals_has_no_way_but_these() {
    insta::assert_snapshot!(state::grid());
}

#[test]
fn one_is_walked_by_telephone_to_its_close_and_the_app_learns_nothing() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let before = scene.spark.caller.get("/v1/reports?platform_report_ref=REF-1").await.expect(200);
        let consent = scene.consent(&world, "harbour", &[]).await;
        let made =
            scene.lead.act(&scene.case, "referrals", &referral(&world, scene.service("harbour"), &consent)).await;
        let made = made.expect(201);
        let told = made.json();
        assert_eq!((&told["state"], &told["waits_for"][0]["phase"]), (&json!("drafted"), &json!("draft")));
        assert_eq!(told["about"]["basis"]["article_6"], "legitimate_interests");
        let draft = tagged(&made);
        // Nothing leaves by a draft, and the case is not closed over it.
        let close = json!({"outcome": "recorded_only", "reason": "for now"});
        assert_eq!(scene.lead.act_seen(&scene.case, "decision", &close).await.expect(409).code(), "referral_open");
        assert_eq!(scene.says(&world, &draft.0, "accept", &[]).await.expect(409).code(), "referral_moved");
        let stale = (draft.0.clone(), "\"7\"".to_owned());
        scene.act(&scene.lead, &stale, "send", &json!({})).await.expect(412);
        assert!(!scene.clocks("escalation_decision").await.is_empty());
        let sent = scene.act(&scene.lead, &draft, "send", &json!({})).await.expect(200).json();
        assert_eq!((&sent["state"], &sent["waits_for"][0]["phase"]), (&json!("sent"), &json!("receipt")));
        assert_eq!(scene.clocks("escalation_decision").await, Vec::<String>::new(), "it is a decision to escalate");
        scene.act(&scene.lead, &tagged_of(&sent), "send", &json!({})).await.expect(409);
        // Each step is written down by whoever hears it, with who said it; none is skipped.
        let other = world.staff(Role::Advocate).await;
        let path = format!("referrals/{}/by-phone", draft.0);
        let received = other.act(&scene.case, &path, &said(&world, "receive", &[])).await.expect(200).json();
        assert_eq!(received["waits_for"][0]["phase"], "answer");
        assert_eq!(received["waits_for"].as_array().unwrap().len(), 1);
        assert_eq!(scene.lead.act_seen(&scene.case, "decision", &close).await.expect(409).code(), "referral_open");
        for (wrong, place) in [
            (said(&world, "decline", &[]), "/reason required"),
            (said(&world, "accept", &[("outcome", json!("supported"))]), "/outcome invalid_value"),
            (said(&world, "accept", &[("missing", json!("a name"))]), "/missing invalid_value"),
            (said(&world, "close", &[]), "/outcome required"),
            (said(&world, "accept", &[("who", json!(" "))]), "/who required"),
            (said(&world, "accept", &[("at", json!("2026-11-23T00:00:00Z"))]), "/at out_of_range"),
            (said(&world, "accept", &[("at", json!("2026-09-23T00:00:00Z"))]), "/at out_of_range"),
            (said(&world, "send", &[]), "/answer invalid_value"),
        ] {
            assert_eq!(other.act(&scene.case, &path, &wrong).await.expect(422).errors(), [place], "{wrong}");
        }
        other.act(&scene.case, &path, &said(&world, "accept", &[])).await.expect(200);
        assert_eq!(other.act(&scene.case, &path, &said(&world, "accept", &[])).await.code(), "referral_moved");
        scene.wait(&world, HOUR).await;
        let contacted = scene.says(&world, &draft.0, "contacted", &[("words", json!("She is well."))]).await;
        assert_eq!(contacted.expect(200).json()["waits_for"][0]["phase"], "next_word");
        let done = scene.says(&world, &draft.0, "close", &[("outcome", json!("supported"))]).await.expect(200).json();
        assert_eq!((&done["state"], &done["waits_for"]), (&json!("closed"), &json!([])));
        let steps: Vec<&str> = done["steps"].as_array().unwrap().iter().map(|s| s["step"].as_str().unwrap()).collect();
        assert_eq!(steps, ["send", "receive", "accept", "contacted", "close"]);
        assert_eq!(done["steps"][3]["words"], "She is well.");
        assert_eq!(scene.owed(&scene.lead).await, Vec::new(), "whom it helped knows");
        // The case closes as helped by others, which reads to the app as any case of which nothing was asked.
        scene.spark = world.platform("spark").await;
        let same = scene.spark.caller.get("/v1/reports?platform_report_ref=REF-1").await.expect(200);
        assert_eq!(before.text, same.text);
        scene.lead.take(&scene.case).await;
        world.read_by_another(&scene.case).await;
        let close = json!({"outcome": "supported_elsewhere", "reason": "Harbour has helped her."});
        scene.lead.act_seen(&scene.case, "decision", &close).await.expect(200);
        let after = scene.spark.caller.get("/v1/reports?platform_report_ref=REF-1").await.expect(200).json();
        assert_eq!(after["data"][0]["outcome"], "no_platform_action_sought");
        // Who may not read what she said sees where it stands, and none of her words.
        let auditor = world.staff(Role::Auditor).await;
        let path = format!("/v1/triage/cases/{}/referrals", scene.case);
        let seen = auditor.caller.get(&path).await.expect(200);
        for word in ["900999", "garden club", "Stalked at", "She is well", "Ines", "allotment"] {
            assert!(!seen.text.contains(word), "{word}: {}", seen.text);
        }
        assert_eq!(seen.json()["data"][0]["state"], "closed");
    });
}

fn tagged_of(view: &Value) -> (String, String) {
    (view["id"].as_str().unwrap().to_owned(), format!("\"{}\"", view["version"]))
}

#[test]
fn what_would_harm_her_or_lead_nowhere_is_refused_at_its_place() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let consent = scene.consent(&world, "harbour", &["lantern"]).await;
        let good = referral(&world, scene.service("harbour"), &consent);
        let old = world.clock.now().minus(std::time::Duration::from_hours(73));
        for (place, value, errors) in [
            ("/service_id", json!(scene.service("closed")), "/consent_id consent_not_in_force"),
            ("/service_id", json!(scene.service("nightline")), "/consent_id consent_not_in_force"),
            ("/consent_id", json!("con_00000000000000000000000000"), "/consent_id consent_not_in_force"),
            ("/place/said_now", json!(false), "/place/said_now not_said_now"),
            ("/place/country", json!("ZZ"), "/place/country bad_country, /place/region bad_region"),
            ("/place/region", json!("FR-75"), "/place/region bad_region"),
            ("/summary", json!(null), "/summary required"),
            ("/summary", json!("x".repeat(1_001)), "/summary too_long"),
            ("/handover", json!("she_contacts"), "/word required, /sheet/channels invalid_value"),
            ("/word", json!("marigold"), "/word invalid_value"),
            ("/label", json!(" "), "/label required"),
            ("/subject_reason", json!("They ask."), "/subject_reason not_agreed"),
            ("/sheet/channels", json!([]), "/sheet/channels required"),
            ("/sheet/channels/0/voicemail", json!(null), "/sheet/channels/0/voicemail required"),
            (
                "/sheet/channels/0/channel",
                json!("portal"),
                "/sheet/channels/0/channel invalid_value, /sheet/channels/0/voicemail invalid_value",
            ),
            ("/sheet/channels/0/value", json!("07700 900999 never after six"), "/sheet/channels/0/value not_a_number"),
            ("/sheet/zone", json!("Europe/Nowhere"), "/sheet/zone invalid_value"),
            ("/sheet/safe_times", json!(""), "/sheet/safe_times required"),
            ("/sheet/if_somebody_else", json!(""), "/sheet/if_somebody_else required"),
            ("/sheet/never_contact", json!(""), "/sheet/never_contact required"),
            ("/sheet/confirmed_at", json!(old), "/sheet/confirmed_at not_confirmed"),
            ("/sheet/agreed_at", json!(old), "/sheet/agreed_at out_of_range"),
            ("/sheet/interpreter", json!({"language": "pl", "not_from": ""}), "/sheet/interpreter/not_from required"),
            // She said "never by phone".
            ("/she_changed_this", json!(false), "/sheet/channels/0/channel channel_forbidden"),
        ] {
            let mut body = good.clone();
            let (parent, member) = place.rsplit_once('/').unwrap();
            let parent = if parent.is_empty() { &mut body } else { body.pointer_mut(parent).unwrap() };
            match member.parse::<usize>() {
                Ok(at) => parent[at] = value.clone(),
                Err(_) => parent[member] = value.clone(),
            }
            let answer = scene.lead.act(&scene.case, "referrals", &body).await.expect(422);
            assert_eq!(answer.errors().join(", "), errors, "{place} {value}");
            assert!(!answer.text.contains("900999"), "{}", answer.text);
        }
        // Nobody drafts who does not hold the case, or has not read what came in since.
        let other = world.staff(Role::Advocate).await;
        assert_eq!(other.act(&scene.case, "referrals", &good).await.code(), "claim_lost");
        scene.spark.submit(&full("REF-2")).await;
        assert_eq!(scene.lead.act(&scene.case, "referrals", &good).await.expect(409).code(), "unread");
        assert_eq!(scene.list(&scene.lead).await["data"], json!([]));
    });
}
