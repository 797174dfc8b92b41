//! What a service sees of a case: a word of its own stands in every field of a report, an addition, a note, an act and a request, and
//! each scope alone shows those of its list and no other.

use std::collections::BTreeSet;

use recourse::domain::people::partners::PartnerScope;
use recourse::domain::terms::Mode;
use serde_json::{Value, json};

use crate::consents::given;
use crate::harness::client::{Partner, full};
use crate::harness::{World, on_both};
use crate::referrals::{Scene, referral, tagged};

/// Words that stand nowhere else, in no id either, which have no `u`.
fn word(place: &str) -> String {
    format!("zuq{place}zuq")
}

/// The words that stand in a text.
fn words(text: &str) -> BTreeSet<String> {
    text.split("zuq").skip(1).step_by(2).map(str::to_owned).collect()
}

/// A report with a word in every field that takes one.
fn told() -> Value {
    let mut report = full("SEEN-1");
    report["statement"] = json!(word("statement"));
    report["reporter"] = json!({
        "relation": "self", "platform_account_ref": word("account"), "age_band": "18_plus", "country": "GB",
        "region": "GB-ESX", "country_source": "said_now", "locale": "en-GB",
        "device_ref": word("device"), "payment_ref": word("payment"), "network_ref": word("network"),
    });
    report["subject"] = json!({
        "platform_account_ref": word("theiraccount"), "display_name": word("theirname"),
        "identifiers": [
            {"type": "handle", "value": word("theirhandle")}, {"type": "device", "value": word("theirdevice")},
            {"type": "payment", "value": word("theirpayment")}, {"type": "profile_url", "value": format!("https://a.example/{}", word("theirpage"))},
            {"type": "email", "value": format!("{}@a.example", word("theirmail"))},
        ],
    });
    report["platform_context"]["messages"] =
        json!([{"at": "2026-11-20T22:15:00Z", "from": "subject", "text": word("chat")}]);
    report["answers"] = json!({"repeated": "yes", "very_frightened": "yes"});
    report
}

/// A case with a word in whatever colleagues write of it.
async fn lived(world: &World) -> Scene {
    let scene = Scene::with(world, &told()).await;
    let list = scene.spark.caller.get("/v1/reports?platform_report_ref=SEEN-1").await.expect(200).json();
    let report = list["data"][0]["id"].as_str().unwrap().to_owned();
    let more = json!({
        "statement": word("addedstatement"), "answers": {"loitered_or_turned_up": "yes"},
        "identifiers": [{"type": "handle", "value": word("addedhandle")}],
    });
    scene.spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
    let note = json!({"text": word("note")});
    scene.lead.act(&scene.case, "notes", &note).await.expect(201);
    let raise = json!({"priority": "p0", "reason_code": "professional_judgement", "text": word("act")});
    scene.lead.act_seen(&scene.case, "priority", &raise).await.expect(200);
    let ask = json!({"action": "preserve_evidence", "details": word("request")});
    scene.lead.act(&scene.case, "platform-requests", &ask).await.expect(200);
    let wishes = json!({
        "how": "phone", "alone": "yes", "may_contact": true, "channels": [{"type": "portal"}], "words": word("wishes"),
    });
    scene.lead.act_seen(&scene.case, "wishes", &wishes).await;
    scene.lead.case(&scene.case).await;
    world.pass(60);
    scene
}

/// A referral on these scopes, with a word in every field.
async fn handed(world: &World, scene: &Scene, scopes: &[&str]) -> (String, String) {
    let mut consent = given(scene.service("harbour"));
    (consent["scopes"], consent["given_at"]) = (json!(scopes), json!(world.clock.now()));
    consent["words"] = json!(word("consent"));
    let recorded = scene.lead.act(&scene.case, "consents", &consent).await.expect(201).json();
    let consent = recorded["id"].as_str().unwrap().to_owned();
    let mut body = referral(world, scene.service("harbour"), &consent);
    body["label"] = json!(word("label"));
    body["summary"] = if scopes.contains(&"statement") { json!(word("summary")) } else { Value::Null };
    body["subject_reason"] = if scopes.contains(&"subject") { json!(word("reason")) } else { Value::Null };
    for member in ["name_to_use", "safe_times", "if_somebody_else", "shared_with", "never_contact"] {
        body["sheet"][member] = json!(word(&member.replace('_', "")));
    }
    if !scopes.contains(&"contact") {
        (body["handover"], body["word"]) = (json!("she_contacts"), json!(word("word")));
        body["sheet"]["channels"] = json!([]);
    }
    let draft = tagged(&scene.lead.act(&scene.case, "referrals", &body).await.expect(201));
    let sent = tagged(&scene.act(&scene.lead, &draft, "send", &json!({})).await.expect(200));
    (sent.0, consent)
}

/// All that is read of it, its answers too.
async fn seen(partner: &Partner, id: &str) -> BTreeSet<String> {
    let mut all = words(&partner.read(id).await.expect(200).text);
    all.extend(words(&partner.caller.get("/v1/partner/referrals").await.expect(200).text));
    all
}

#[test]
fn each_scope_alone_shows_its_list_and_nothing_else() {
    on_both(|world| async move {
        let scene = lived(&world).await;
        let harbour = world.partner("harbour", Mode::Live, PartnerScope::ALL).await;
        let sheet = ["safetimes", "ifsomebodyelse", "sharedwith", "nevercontact"];
        let subject = ["theirname", "theirhandle", "theirpage", "theirmail", "addedhandle"];
        for (scope, shown, answers) in [
            ("identity", vec!["word", "nametouse"], false),
            ("contact", sheet.to_vec(), false),
            ("statement", vec!["word", "summary", "statement", "addedstatement"], false),
            ("answers", vec!["word"], true),
            ("subject", [&["word"], &subject[..]].concat(), false),
        ] {
            let (id, consent) = handed(&world, &scene, &[scope]).await;
            let wanted: BTreeSet<String> = shown.into_iter().map(str::to_owned).collect();
            assert_eq!(seen(&harbour, &id).await, wanted, "{scope}");
            let view = harbour.read(&id).await.expect(200);
            assert_eq!(view.text.contains("very_frightened"), answers, "{scope}: {}", view.text);
            assert_eq!(view.text.contains("loitered_or_turned_up"), answers, "{scope}: {}", view.text);
            for never in ["SEEN-1", "spark", "\"p0\"", "\"p1\"", "floor", "rep_", "case_", "stf_", "con_", "locale"] {
                assert!(!view.text.contains(never), "{scope}: {never} in {}", view.text);
            }
            // Taken back, nothing of it is left, in whatever way it is asked for.
            let withdrawn = json!({"asked_how": "phone", "alone": "yes"});
            scene.lead.act(&scene.case, &format!("consents/{consent}/withdraw"), &withdrawn).await.expect(200);
            assert_eq!(seen(&harbour, &id).await, BTreeSet::new(), "{scope}");
            harbour.says(&id, "acknowledge", &json!({})).await.expect(200);
            world.pass(1);
        }
    });
}

#[test]
fn what_came_later_is_seen_when_it_is_shared_and_less_when_she_takes_a_part_back() {
    on_both(|world| async move {
        let scene = lived(&world).await;
        let harbour = world.partner("harbour", Mode::Live, PartnerScope::ALL).await;
        let (id, consent) = handed(&world, &scene, &["identity", "contact", "statement", "subject"]).await;
        let before = seen(&harbour, &id).await;
        world.pass(60);
        let list = scene.spark.caller.get("/v1/reports?platform_report_ref=SEEN-1").await.expect(200).json();
        let path = format!("/v1/reports/{}/additions", list["data"][0]["id"].as_str().unwrap());
        let more =
            json!({"statement": word("later"), "identifiers": [{"type": "handle", "value": word("laterhandle")}]});
        scene.spark.caller.post(&path, &more).await.expect(201);
        assert_eq!(seen(&harbour, &id).await, before, "not before it is shared");
        scene.lead.case(&scene.case).await;
        let list = scene.list(&scene.lead).await;
        let tag = (id.clone(), format!("\"{}\"", list["data"][0]["version"]));
        scene.act(&scene.lead, &tag, "share", &json!({})).await.expect(200);
        let shared: BTreeSet<String> = seen(&harbour, &id).await.difference(&before).cloned().collect();
        assert_eq!(shared, ["later", "laterhandle"].map(str::to_owned).into());
        let narrow = json!({"scopes": ["contact"], "asked_how": "phone", "alone": "yes"});
        scene.lead.act(&scene.case, &format!("consents/{consent}/narrow"), &narrow).await.expect(200);
        let left: Vec<String> = seen(&harbour, &id).await.into_iter().collect();
        assert_eq!(left, ["ifsomebodyelse", "nevercontact", "safetimes", "sharedwith"]);
    });
}

#[test]
fn a_long_case_is_read_in_parts_and_the_answer_stays_bounded() {
    on_both(|world| async move {
        let scene = lived(&world).await;
        let list = scene.spark.caller.get("/v1/reports?platform_report_ref=SEEN-1").await.expect(200).json();
        let path = format!("/v1/reports/{}/additions", list["data"][0]["id"].as_str().unwrap());
        for n in 0..16 {
            let long = format!("{} {}", word(&format!("part{n:02}")), "é".repeat(19_000));
            scene.spark.caller.post(&path, &json!({"statement": long})).await.expect(201);
            world.pass(1);
        }
        crate::case_pages::pages(&scene.lead, &scene.case).await;
        let harbour = world.partner("harbour", Mode::Live, PartnerScope::ALL).await;
        let (id, _) = handed(&world, &scene, &["statement"]).await;
        let first = harbour.read(&id).await.expect(200);
        let of = first.json()["content"]["part"]["of"].as_u64().unwrap();
        assert!((2..=8).contains(&of), "{of}");
        let mut all = BTreeSet::new();
        for part in 1..=of {
            let answer = harbour.caller.get(&format!("/v1/partner/referrals/{id}?part={part}")).await.expect(200);
            assert!(answer.text.len() <= 256 * 1024, "{}", answer.text.len());
            all.extend(words(&answer.text));
        }
        assert!((0..16).all(|n| all.contains(&format!("part{n:02}"))) && all.contains("statement"), "{all:?}");
        harbour.caller.get(&format!("/v1/partner/referrals/{id}?part={}", of + 1)).await.expect(404);
    });
}
