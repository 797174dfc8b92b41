//! How she may be reached: only what she said herself opens a way, and nothing that comes through a platform opens one again.

use recourse::domain::people::staff::Role;
use serde_json::{Value, json};

use crate::harness::client::{Answer, Platform, Staff, full, new_key};
use crate::harness::{World, on_both};

/// A report of hers that says this of contact.
pub(crate) fn says(reference: &str, contact: Value) -> Value {
    let mut body = full(reference);
    body["contact"] = contact;
    body
}

/// What she says now: these ways are safe.
pub(crate) fn now(channels: &Value) -> Value {
    json!({"source": "said_now", "may_contact": true, "channels": channels})
}

/// What she tells a colleague on the telephone, alone.
pub(crate) fn told(channels: &Value) -> Value {
    json!({"how": "phone", "alone": "yes", "may_contact": true, "channels": channels})
}

/// The ways that are safe, each as `phone +447700900001`.
pub(crate) async fn safe(who: &Staff, case: &str) -> Vec<String> {
    ways(&who.case(case).await.0["contact_in_force"]["channels"])
}

pub(crate) fn ways(list: &Value) -> Vec<String> {
    let one = |way: &Value| match way["value"].as_str() {
        Some(value) => format!("{} {value}", way["type"].as_str().unwrap()),
        None => way["type"].as_str().unwrap().to_owned(),
    };
    list.as_array().unwrap().iter().map(one).collect()
}

pub(crate) async fn reached(who: &Staff, case: &str, channel: &str) -> Answer {
    let note = json!({"text": "As she wished.", "records": "safe_contact", "channel": channel, "channel_confirmed_safe": true});
    who.act(case, "notes", &note).await
}

pub(crate) async fn lead_and_spark(world: &World) -> (Staff, Platform) {
    (world.staff(Role::Lead).await, world.platform("spark").await)
}

#[test]
fn her_first_words_open_ways_and_later_ones_through_a_platform_only_take_them_away() {
    on_both(|world| async move {
        let (lead, spark) = lead_and_spark(&world).await;
        let mail = json!({"type": "email", "value": "Ann@Example.org"});
        let phone = json!({"type": "phone", "value": "+44 7700 900001"});
        let first = spark.submit(&says("W-1", now(&json!([mail, phone, {"type": "portal"}])))).await;
        let case = lead.case_of("W-1").await;
        lead.take(&case).await;
        let (seen, _) = lead.case(&case).await;
        let in_force = &seen["contact_in_force"];
        assert_eq!(ways(&in_force["channels"]), ["email Ann@Example.org", "phone +44 7700 900001", "portal"]);
        assert_eq!((&in_force["source"], &in_force["report_id"]), (&json!("report"), &json!(first)));
        assert_eq!((&in_force["may_contact"], &in_force["tightened_at"]), (&json!(true), &Value::Null));
        // Another spelling is the same; another number is not, and a way that she does not name is safe no longer.
        world.pass(1);
        let again = json!([{"type": "email", "value": "ann@example.org"}, {"type": "phone", "value": "07700 900001"}, {"type": "sms", "value": "07700 900009"}]);
        spark.submit(&says("W-2", now(&again))).await;
        assert_eq!(safe(&lead, &case).await, ["email Ann@Example.org", "phone +44 7700 900001"]);
        world.pass(1);
        spark.submit(&says("W-3", now(&json!([{"type": "email"}, {"type": "phone", "value": "+447700900009"}])))).await;
        let (seen, _) = lead.case(&case).await;
        let in_force = &seen["contact_in_force"];
        assert_eq!(ways(&in_force["channels"]), ["email Ann@Example.org"]);
        assert_eq!(ways(&in_force["never"]), ["portal", "phone +44 7700 900001"]);
        assert_eq!(in_force["tightened_at"], json!(world.clock.now()));
        assert_eq!(reached(&lead, &case, "phone").await.expect(422).errors(), ["/channel channel_not_safe"]);
        reached(&lead, &case, "email").await.expect(201);
        // Of a profile nothing is used, but for what it says is not safe.
        world.pass(1);
        let profile = json!({"source": "profile", "may_contact": true, "channels": [phone], "never": ["portal"]});
        spark.submit(&says("W-4", profile)).await;
        assert_eq!(safe(&lead, &case).await, ["email Ann@Example.org"]);
        let mut silent = full("W-5");
        silent.as_object_mut().unwrap().remove("contact");
        spark.submit(&silent).await;
        assert_eq!(safe(&lead, &case).await, ["email Ann@Example.org"], "who says nothing changes nothing");
        world.pass(1);
        spark.submit(&says("W-6", json!({"may_contact": false}))).await;
        assert!(safe(&lead, &case).await.is_empty());
        world.pass(1);
        spark.submit(&says("W-7", now(&json!([mail, phone])))).await;
        let (seen, _) = lead.case(&case).await;
        assert_eq!(seen["contact_in_force"]["may_contact"], false, "{seen}");
    });
}

#[test]
fn nobody_speaks_for_her() {
    on_both(|world| async move {
        let (lead, spark) = lead_and_spark(&world).await;
        for (n, relation) in ["acting_for", "parent_or_carer", "witness", "platform_staff"].into_iter().enumerate() {
            let reference = format!("F-{n}");
            let mut body =
                says(&reference, now(&json!([{"type": "email", "value": "friend@example.org"}, {"type": "portal"}])));
            body["reporter"]["relation"] = json!(relation);
            spark.submit(&body).await;
            let case = lead.case_of(&reference).await;
            lead.take(&case).await;
            let (seen, _) = lead.case(&case).await;
            let in_force = &seen["contact_in_force"];
            assert_eq!((&in_force["may_contact"], &in_force["source"]), (&json!(false), &json!("nobody")));
            for channel in ["portal", "email", "phone", "sms", "platform"] {
                let refused = reached(&lead, &case, channel).await.expect(422);
                assert_eq!(refused.errors(), ["/channel channel_not_safe"], "{relation} {channel}");
            }
            // She may come by herself.
            let visit = json!({"text": "She rang.", "records": "safe_contact", "channel": "incoming"});
            lead.act(&case, "notes", &visit).await.expect(201);
        }
        let mut profile = now(&json!([{"type": "email", "value": "ann@example.org"}]));
        profile.as_object_mut().unwrap().remove("source");
        spark.submit(&says("F-9", profile)).await;
        let case = lead.case_of("F-9").await;
        lead.take(&case).await;
        assert!(safe(&lead, &case).await.is_empty(), "nobody said it now");
    });
}

#[test]
fn what_she_tells_live_replaces_what_was_and_forbids_by_value() {
    on_both(|world| async move {
        let (lead, spark) = lead_and_spark(&world).await;
        let (old, new) = ("+447700900001", "+447700900002");
        spark.submit(&says("T-1", now(&json!([{"type": "phone", "value": old}])))).await;
        let case = lead.case_of("T-1").await;
        lead.take(&case).await;
        let mut wishes = told(&json!([{"type": "phone", "value": new}, {"type": "sms", "value": "٠٧٧٠٠ ٩٠٠٠٠٢"}]));
        wishes["never"] = json!([{"type": "phone", "value": old}, {"type": "email"}]);
        wishes["hours"] = json!("After six, never on Sundays.");
        wishes["said"] = json!("Ask for \u{202e}Beatrice\u{202c}.");
        wishes["voicemail_safe"] = json!(false);
        wishes["device_shared"] = json!("no");
        let path = format!("/v1/triage/cases/{case}/wishes");
        assert_eq!(lead.caller.post(&path, &wishes).await.status, 428);
        let (_, tag) = lead.case(&case).await;
        let key = new_key();
        let answer = lead.caller.post_with(&path, &key, Some(&tag), &wishes).await.expect(200);
        let twice = lead.caller.post_with(&path, &key, Some(&tag), &wishes).await.expect(200);
        assert_eq!((twice.text.as_str(), twice.header("etag")), (answer.text.as_str(), answer.header("etag")));
        let stale = lead.caller.post_with(&path, &new_key(), Some(&tag), &wishes).await;
        assert_eq!(stale.status, 412, "nobody replaces what they have not seen");
        let (seen, tag) = lead.case(&case).await;
        let mut in_force = answer.json();
        assert_eq!((&in_force, &tag), (&seen["contact_in_force"], &answer.header("etag")));
        let at = in_force["said_at"].take();
        assert_eq!(at, json!(world.clock.now()));
        assert_eq!(
            in_force,
            json!({
                "may_contact": true, "channels": [{"type": "phone", "value": new}, {"type": "sms", "value": "07700 900002"}],
                "never": [{"type": "email"}, {"type": "phone", "value": old}], "voicemail_safe": false,
                "device_shared": "no", "hours": "After six, never on Sundays.", "said": "Ask for \u{202e}Beatrice\u{202c}.",
                "source": "told", "report_id": null, "told_to": lead.id, "how": "phone", "said_at": null,
                "tightened_at": null, "unreadable": false, "contact_barred": false,
            })
        );
        let note =
            seen["notes"].as_array().unwrap().iter().find(|note| note["records"] == "wishes_told").unwrap().clone();
        assert_eq!((&note["how"], &note["alone"], &note["text"]), (&json!("phone"), &json!("yes"), &json!("")));
        reached(&lead, &case, "phone").await.expect(201);
        assert_eq!(reached(&lead, &case, "email").await.expect(422).errors(), ["/channel channel_not_safe"]);
        // The next ones replace them, in the same instant too.
        let next =
            lead.act_seen(&case, "wishes", &told(&json!([{"type": "portal"}, {"type": "phone", "value": new}]))).await;
        assert_eq!(ways(&next.expect(200).json()["channels"]), ["portal", &format!("phone {new}")]);
        // Whoever has her account names the old number: nothing opens, and what is not named closes.
        world.pass(1);
        spark.submit(&says("T-2", now(&json!([{"type": "phone", "value": old}, {"type": "portal"}])))).await;
        assert_eq!(safe(&lead, &case).await, ["portal"]);
        world.pass(1);
        let refusal = json!({"how": "in_person", "alone": "yes", "may_contact": false});
        let refusal = lead.act_seen(&case, "wishes", &refusal).await.expect(200).json();
        assert_eq!((&refusal["may_contact"], &refusal["source"]), (&json!(false), &json!("told")));
        assert_eq!(reached(&lead, &case, "portal").await.status, 422);
    });
}

#[test]
fn wishes_are_told_live_alone_and_lead_somewhere() {
    on_both(|world| async move {
        let (lead, spark) = lead_and_spark(&world).await;
        spark.submit(&full("V-1")).await;
        let case = lead.case_of("V-1").await;
        lead.take(&case).await;
        let number = json!([{"type": "phone", "value": "+447700900002"}]);
        let with = |member: &str, value: Value| {
            let mut wishes = told(&number);
            wishes[member] = value;
            wishes
        };
        let long = "x".repeat(501);
        let wrong = [
            (with("how", json!("message")), "/how not_live"),
            (with("how", json!("app")), "/how not_live"),
            (with("how", json!("telepathy")), "/how invalid_value"),
            (with("alone", json!("no")), "/alone not_alone"),
            (with("alone", json!("unknown")), "/alone not_alone"),
            (with("alone", json!("not_asked")), "/alone not_alone"),
            (with("channels", json!([])), "/channels required"),
            (with("may_contact", json!(false)), "/channels contradicts"),
            (with("channels", json!([{"type": "phone"}])), "/channels/0/value required"),
            (with("channels", json!([{"type": "email", "value": "07700900002"}])), "/channels/0/value invalid_value"),
            (
                with("channels", json!([{"type": "phone", "value": "07700900002 after six"}])),
                "/channels/0/value invalid_value",
            ),
            (with("channels", json!([{"type": "pigeon"}])), "/channels/0/type invalid_value"),
            (with("channels", json!(vec![json!({"type": "portal"}); 11])), "/channels too_many"),
            (with("never", json!([{"type": "phone"}])), "/never/0 contradicts"),
            (
                with("never", json!([{"type": "sms"}, {"type": "phone", "value": "07700 900002"}])),
                "/never/1 contradicts",
            ),
            (with("hours", json!(" ")), "/hours bad_length"),
            (with("hours", json!(long)), "/hours bad_length"),
            (with("colour", json!("red")), "/colour unknown_member"),
        ];
        for (body, place) in wrong {
            let errors = lead.act_seen(&case, "wishes", &body).await.expect(422).errors();
            assert_eq!(errors, [place], "{body}");
        }
        let (seen, _) = lead.case(&case).await;
        assert_eq!(seen["contact_in_force"]["source"], "report", "what was refused changed nothing");
        let direct = json!({"text": "She told.", "records": "wishes_told"});
        assert_eq!(lead.act(&case, "notes", &direct).await.expect(422).errors(), ["/records use_wishes"]);
        // A wish is told to whoever hears of it first, and read by those who may read what was said.
        let auditor = world.staff(Role::Auditor).await;
        assert!(auditor.case(&case).await.0.get("contact_in_force").is_none());
        assert_eq!(auditor.act_seen(&case, "wishes", &told(&number)).await.status, 403);
    });
}

#[test]
fn a_bar_ends_when_she_is_asked_and_comes_again_with_what_cannot_be_read() {
    on_both(|world| async move {
        let (lead, spark) = lead_and_spark(&world).await;
        let report = spark.submit(&says("B-1", json!("evenings only"))).await;
        let case = lead.case_of("B-1").await;
        lead.take(&case).await;
        let (seen, _) = lead.case(&case).await;
        assert_eq!(
            (&seen["contact_barred"], &seen["contact_in_force"]["contact_barred"]),
            (&json!(true), &json!(true))
        );
        // She came, and there was no time to ask: that is on record, and the bar stands.
        let visit = json!({"text": "She rang and hung up.", "records": "safe_contact", "channel": "incoming"});
        lead.act(&case, "notes", &visit).await.expect(201);
        assert_eq!(lead.case(&case).await.0["contact_barred"], true);
        let wishes = told(&json!([{"type": "portal"}, {"type": "email", "value": "ann@example.org"}]));
        let in_force = lead.act_seen(&case, "wishes", &wishes).await.expect(200).json();
        assert_eq!((&in_force["contact_barred"], &in_force["may_contact"]), (&json!(false), &json!(true)));
        reached(&lead, &case, "email").await.expect(201);
        world.pass(1);
        let more = json!({"statement": "More.", "contact": "never by mail"});
        spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
        let (seen, _) = lead.case(&case).await;
        let in_force = &seen["contact_in_force"];
        assert_eq!((&in_force["contact_barred"], &in_force["may_contact"]), (&json!(true), &json!(false)));
        assert_eq!(ways(&in_force["never"]), ["portal", "email ann@example.org"]);
        assert_eq!(reached(&lead, &case, "email").await.expect(422).errors(), ["/wishes_asked contact_barred"]);
    });
}
