//! How she may be reached, in the long run: through erasure, a hand in the database, hundreds of reports, and whatever comes next.

use std::collections::BTreeSet;

use recourse::domain::casework::colleagues;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use serde_json::{Value, json};

use crate::harness::client::full;
use crate::harness::dice::Dice;
use crate::harness::{TEST, on_both};
use crate::renewal::{age, forget, renew};
use crate::wishes::{lead_and_spark, now, reached, safe, says, told, ways};

#[test]
fn what_was_erased_or_does_not_open_opens_no_way() {
    on_both(|world| async move {
        let (lead, spark) = lead_and_spark(&world).await;
        let mut cases = Vec::new();
        for n in 0..4 {
            let mut body = says(
                &format!("D-{n}"),
                now(&json!([{"type": "email", "value": "ann@example.org"}, {"type": "portal"}])),
            );
            body["reporter"]["platform_account_ref"] = json!(format!("d-{n}"));
            spark.submit(&body).await;
            let case = lead.case_of(&format!("D-{n}")).await;
            lead.take(&case).await;
            cases.push(case);
        }
        let [erased, report, wishes, replaced] = cases.try_into().unwrap();
        for case in [&erased, &wishes, &replaced] {
            lead.act_seen(case, "wishes", &told(&json!([{"type": "portal"}]))).await.expect(200);
        }
        world.tamper(&format!(
            "DELETE FROM key_wraps WHERE owner = '{erased}' AND scope = 'contact';
             UPDATE reports SET contact = identity WHERE case_id IN ('{report}', '{replaced}');
             UPDATE notes SET contact = body WHERE case_id = '{wishes}' AND records = 'wishes_told'"
        ));
        let (gone, _) = lead.case(&erased).await;
        let in_force = &gone["contact_in_force"];
        assert_eq!(
            (&in_force["source"], &in_force["unreadable"], &gone["damaged"]),
            (&json!("nobody"), &json!(false), &json!(false))
        );
        assert!(ways(&in_force["channels"]).is_empty());
        for case in [&report, &wishes] {
            let (seen, _) = lead.case(case).await;
            let in_force = &seen["contact_in_force"];
            assert_eq!(
                (&in_force["unreadable"], &in_force["may_contact"]),
                (&json!(true), &json!(false)),
                "{in_force}"
            );
            assert_eq!((&seen["damaged"], ways(&in_force["channels"]).len()), (&json!(true), 0));
        }
        for case in [&erased, &report, &wishes] {
            assert_eq!(reached(&lead, case, "portal").await.expect(422).errors(), ["/channel channel_not_safe"]);
            world.pass(1);
            lead.act_seen(case, "wishes", &told(&json!([{"type": "portal"}]))).await.expect(200);
            reached(&lead, case, "portal").await.expect(201);
        }
        // What was said before she told it is not even looked at.
        assert_eq!(safe(&lead, &replaced).await, ["portal"]);
        assert!(lead.case(&replaced).await.0["contact_in_force"]["unreadable"] == json!(false));
    });
}

#[test]
fn of_five_hundred_reports_in_one_case_each_is_heard() {
    on_both(|world| async move {
        let (lead, spark) = lead_and_spark(&world).await;
        let both = json!([{"type": "email", "value": "ann@example.org"}, {"type": "sms", "value": "+447700900003"}]);
        for some in 0..5 {
            let body = |n: usize| says(&format!("M-{some}-{n}"), now(&both));
            let reports: Vec<Value> = (0..100).map(body).collect();
            spark.caller.post("/v1/reports/batch", &json!({"reports": reports})).await.expect(207);
        }
        let case = lead.case_of("M-0-0").await;
        lead.take(&case).await;
        assert_eq!(safe(&lead, &case).await, ["email ann@example.org", "sms +447700900003"]);
        world.pass(1);
        spark.submit(&says("M-last", now(&json!([{"type": "sms"}])))).await;
        assert_eq!(safe(&lead, &case).await, ["sms +447700900003"]);
        reached(&lead, &case, "sms").await.expect(201);
        reached(&lead, &case, "email").await.expect(422);
    });
}

#[test]
fn a_number_that_she_tells_stands_at_walls() {
    on_both(|world| async move {
        let (lead, spark) = lead_and_spark(&world).await;
        let other = world.staff(Role::Advocate).await;
        let (name, number) = (other.username.clone(), Identifier::new(IdentifierKind::Phone, "+447700900044"));
        world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &number)).await.unwrap();
        spark.submit(&full("N-1")).await;
        let case = lead.case_of("N-1").await;
        other.act(&case, "claim", &json!({})).await.expect(200);
        lead.act_seen(&case, "wishes", &told(&json!([{"type": "sms", "value": "07700 900044"}]))).await.expect(200);
        other.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        let (seen, _) = lead.case(&case).await;
        assert_eq!(seen["assigned_to"], Value::Null, "whoever is close to her has it no longer");
        // Names that are made anew are made of what she told as well.
        age(&world).await;
        forget(&world, &case).await;
        other.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(200);
        renew(&world).await;
        other.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
    });
}

#[test]
fn whatever_comes_in_through_a_platform_nothing_is_loosened() {
    on_both(|world| async move {
        let (lead, spark) = lead_and_spark(&world).await;
        let mut dice = Dice(12);
        let pool = [
            json!({"type": "portal"}),
            json!({"type": "email", "value": "ann@example.org"}),
            json!({"type": "phone", "value": "+447700900005"}),
            json!({"type": "phone", "value": "07700 900006"}),
            json!({"type": "sms", "value": "+447700900005"}),
            json!({"type": "platform"}),
            json!({"type": "email"}),
        ];
        let list = |dice: &mut Dice| Value::from(pool.iter().filter(|_| dice.roll(4) > 0).cloned().collect::<Vec<_>>());
        for walk in 0..4 {
            let report = |n: usize, contact: Value| {
                let mut body = says(&format!("P-{walk}-{n}"), contact);
                body["reporter"]["platform_account_ref"] = json!(format!("walker-{walk}"));
                body
            };
            spark.submit(&report(0, now(&list(&mut dice)))).await;
            let case = lead.case_of(&format!("P-{walk}-0")).await;
            lead.take(&case).await;
            let mut before: BTreeSet<String> = safe(&lead, &case).await.into_iter().collect();
            for n in 1..9 {
                world.pass(1);
                if n == 5 {
                    let wishes = told(
                        &json!([{"type": "portal"}, {"type": "phone", "value": "+447700900005"}, {"type": "email", "value": "ann@example.org"}]),
                    );
                    let now = lead.act_seen(&case, "wishes", &wishes).await.expect(200).json();
                    before = ways(&now["channels"]).into_iter().collect();
                    assert_eq!(before.len(), 3);
                    continue;
                }
                let mut contact = now(&list(&mut dice));
                if dice.roll(5) == 0 {
                    contact["never"] = Value::from(vec![["portal", "email", "phone"][dice.roll(3)]]);
                }
                spark.submit(&report(n, contact.clone())).await;
                let after: BTreeSet<String> = safe(&lead, &case).await.into_iter().collect();
                assert!(after.is_subset(&before), "{contact} made {before:?} {after:?}");
                before = after;
            }
        }
        // A trial has the same rules.
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        trial.submit(&says("P-t", now(&json!([{"type": "portal"}])))).await;
        let list = lead.caller.get("/v1/triage/cases?mode=test").await.expect(200).json();
        let case = list["data"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(safe(&lead, &case).await, ["portal"]);
    });
}
