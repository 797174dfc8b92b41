//! A wish that cannot be read permits nothing, and what can be read plainly forbids nothing.

use recourse::domain::people::staff::Role;
use serde_json::json;

use crate::console_walks::{path_of, sit, take};
use crate::harness::client::full;
use crate::harness::on_both;
use crate::lenient::{taken, with};

#[test]
fn a_wish_that_cannot_be_read_is_no_permission() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let mut body = full("W-1");
        body["desired_outcome"] = json!("act!");
        body["contact"] = json!({"source": "said_now", "may_contact": true, "channels": [{"type": "phone", "value": "+447700900456"}], "never": ["evenings"]});
        let (case, named) = taken(&spark, &lead, &body).await;
        assert_eq!(named, ["/contact/never/0 invalid_value"]);
        let id = case["id"].as_str().unwrap().to_owned();
        let report = &case["reports"][0];
        assert_eq!((&report["desired_outcome"], &case["contact_barred"]), (&json!("record_only"), &json!(true)));
        let contact = &report["content"]["contact"];
        assert_eq!(
            (&contact["may_contact"], &contact["never"]),
            (&json!(false), &json!(["portal", "email", "phone", "sms", "platform"]))
        );
        assert!(contact["channels"].is_null() || contact["channels"] == json!([]), "{contact}");
        // The advocate reads what was left out before anything else, as it came.
        let left = report["content"]["left_out"].as_array().unwrap();
        let whole = left.iter().find(|left| left["pointer"] == "/contact").unwrap();
        assert!(whole["value"].as_str().unwrap().contains("evenings"), "{left:?}");
        assert!(left.iter().any(|left| left["value"] == "\"act!\""), "{left:?}");
        lead.take(&id).await;
        let ask = json!({"action": "hide_account", "agreement": "survivor", "agreement_record": "Today.", "single_contact_check": true});
        assert_eq!(lead.act(&id, "platform-requests", &ask).await.expect(422).errors(), ["/action record_only"]);
        // Nobody reaches her until somebody has asked her.
        let call =
            json!({"text": "Wrote.", "records": "safe_contact", "channel": "email", "channel_confirmed_safe": true});
        assert_eq!(lead.act(&id, "notes", &call).await.expect(422).errors(), ["/wishes_asked contact_barred"]);
        let soon = world.clock.now().plus(std::time::Duration::from_hours(2));
        let waits = json!({"text": "Waiting for her.", "records": "standby", "look_again_by": soon});
        lead.act(&id, "notes", &waits).await.expect(201);
        assert_eq!(lead.case(&id).await.0["contact_barred"], true);
        let asked = json!({"text": "She came back: by mail.", "records": "safe_contact", "channel": "incoming", "wishes_asked": true});
        lead.act(&id, "notes", &asked).await.expect(201);
        assert_eq!(lead.case(&id).await.0["contact_barred"], false);
        // What she said then counts when it is written down as her wishes: what she sent could not be read.
        assert_eq!(lead.act(&id, "notes", &call).await.expect(422).errors(), ["/channel channel_not_safe"]);
        let told = json!({"how": "phone", "alone": "yes", "may_contact": true, "channels": [{"type": "email", "value": "ann@example.org"}]});
        lead.act_seen(&id, "wishes", &told).await.expect(200);
        lead.act(&id, "notes", &call).await.expect(201);
        // The same pair's next report bars it anew.
        let mut next = full("W-2");
        next["contact"] = json!({"may_contact": true, "call_after": "ten"});
        spark.submit(&next).await;
        assert_eq!(lead.case(&id).await.0["contact_barred"], true);
    });
}

#[test]
fn what_says_plainly_what_it_says_bars_nothing() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        for (n, contact) in [
            json!({"may_contact": "true", "channels": {"type": "portal"}, "never": "phone", "device_shared": false}),
            json!({"may_contact": 1, "channels": [{"type": "PORTAL"}], "never": ["phone"], "device_shared": "no"}),
            json!({"mayContact": true, "channels": [{"type": "portal", "value": null}], "never": ["phone", "phone"], "deviceShared": "NO"}),
        ]
        .into_iter()
        .enumerate()
        {
            let (case, _) = taken(&spark, &lead, &with(&format!("W-p-{n}"), &[("/contact", contact.clone())])).await;
            let read = &case["reports"][0]["content"]["contact"];
            assert_eq!(case["contact_barred"], false, "{contact}");
            let expected = json!({"may_contact": true, "channels": [{"type": "portal"}], "never": ["phone"], "device_shared": "no"});
            assert_eq!(*read, expected, "{contact}");
        }
    });
}

#[test]
fn a_reporter_whom_nobody_can_name_is_a_witness() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let (case, _) = taken(&spark, &lead, &full("W-1")).await;
        let id = case["id"].clone();
        // An unknown word for who reports, and none, makes a witness, in whose name nobody acts.
        for (n, (relation, code)) in [
            (json!("friend"), "invalid_value"),
            (json!(null), "required"),
            (json!([]), "required"),
            (json!(" "), "required"),
        ]
        .into_iter()
        .enumerate()
        {
            let mut friend = full(&format!("W-3-{n}"));
            friend["reporter"]["relation"] = relation;
            friend["desired_outcome"] = json!("platform_action");
            let (case, named) = taken(&spark, &lead, &friend).await;
            assert_eq!(
                (named.as_slice(), &case["reports"][0]["relation"]),
                (&[format!("/reporter/relation {code}")][..], &json!("witness"))
            );
            assert_ne!(case["id"], id, "it joins nothing");
        }
    });
}

#[test]
fn the_form_of_a_note_says_where_to_write_down_what_she_answers() {
    on_both(|world| async move {
        let mut body = full("W-1");
        body["contact"] = json!({"may_contact": true, "call_after": "ten"});
        world.platform("spark").await.submit(&body).await;
        let (who, mut tab) = sit(&world, Role::Advocate).await;
        let page = take(&mut tab).await;
        let path = path_of(&page);
        let case = path.rsplit('/').next().unwrap().to_owned();
        assert_eq!(who.case(&case).await.0["contact_barred"], true);
        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        let check = [
            ("records", "coercion_check"),
            ("how", "phone"),
            ("alone", "yes"),
            ("text", "She says that it is her wish."),
        ];
        let page = tab.submit(&form, &check).await.expect(422);
        page.says("Her contact wishes could not be read: ask her, and use “Record how she may be reached”");
        assert!(page.body.contains("href=\"#records") && !page.words().contains("wishes_asked"), "{}", page.words());
        // There it is lifted, and the words that came back are kept.
        let form = tab.open(&format!("{path}/wishes")).await.expect(200).form("/wishes");
        tab.follow(
            &form,
            &[("how", "phone"), ("alone", "yes"), ("may_contact", "yes"), ("portal", "true"), ("device_shared", "no")],
        )
        .await
        .expect(200);
        assert_eq!(who.case(&case).await.0["contact_barred"], false);
        tab.submit(&page.form("/note"), &[]).await.expect(303);
    });
}
