//! A case is withdrawn when she wished it and was asked alone, live and by another way; and by nobody for her.

use std::time::Duration;

use recourse::domain::people::staff::Role;
use serde_json::{Value, json};

use crate::buried::{closing, p0};
use crate::harness::client::{Staff, full, small};
use crate::harness::{World, on_both};
use crate::rights::urgent;

/// Closes as withdrawn, and says what stands against it: `200`, `202`, or the code of the one place.
async fn withdraw(who: &Staff, case: &str) -> String {
    let answer = who.act_seen(case, "decision", &closing("withdrawn")).await;
    match answer.errors().as_slice() {
        [one] => one.strip_prefix("/outcome ").unwrap().to_owned(),
        _ => answer.status.to_string(),
    }
}

async fn note(who: &Staff, case: &str, body: Value) {
    who.act(case, "notes", &body).await.expect(201);
}

/// A day passes; both sign in again, and the first takes and reads the case.
async fn a_day_later(world: &World, one: &Staff, other: &Staff, case: &str) -> (Staff, Staff) {
    world.pass(24 * 3_600);
    let (one, other) = (world.signed_in_again(one).await, world.signed_in_again(other).await);
    one.act(case, "claim", &json!({})).await.expect(200);
    one.case(case).await;
    (one, other)
}

fn check(how: &str, alone: &str) -> Value {
    json!({"text": "\"Nobody makes me. I have moved.\"", "records": "coercion_check", "how": how, "alone": alone})
}

#[test]
fn a_case_is_withdrawn_when_she_wished_it_and_was_asked_alone_by_another_way() {
    on_both(|world| async move {
        let (mut one, mut lead) = (world.staff(Role::Advocate).await, world.staff(Role::Lead).await);
        for (urgency, closes) in [("p0", "202"), ("p4", "200")] {
            let body = if urgency == "p0" { urgent("W-p0", "p0") } else { small("W-p4") };
            let report = world.platform("spark").await.submit(&body).await;
            let case = one.case_of(&format!("W-{urgency}")).await;
            one.take(&case).await;
            assert_eq!(withdraw(&one, &case).await, "no_withdrawal");
            note(&one, &case, check("phone", "yes")).await;
            assert_eq!(withdraw(&one, &case).await, "no_withdrawal");
            world.pass(60);
            let spark = world.platform("spark").await;
            spark.caller.post(&format!("/v1/reports/{report}/withdrawal"), &json!({})).await.expect(202);
            assert_eq!(withdraw(&one, &case).await, "no_coercion_check", "from before the wish");
            note(&one, &case, check("phone", "no")).await;
            assert_eq!(withdraw(&one, &case).await, "checked_not_alone");
            note(&one, &case, check("in_person", "yes")).await;
            if urgency == "p0" {
                assert_eq!(withdraw(&one, &case).await, "checked_too_soon");
                (one, lead) = a_day_later(&world, &one, &lead, &case).await;
                assert_eq!(withdraw(&one, &case).await, "checked_too_soon", "it was not asked again");
            }
            world.pass(1);
            let told = json!({"text": "\"Stop it.\"", "records": "withdrawal_told", "how": "phone"});
            note(&one, &case, told).await;
            world.pass(1);
            if urgency == "p4" {
                note(&one, &case, check("phone", "yes")).await;
                assert_eq!(withdraw(&one, &case).await, "checked_same_way");
            } else {
                assert_eq!(withdraw(&one, &case).await, "no_coercion_check", "a new wish begins anew");
                (one, lead) = a_day_later(&world, &one, &lead, &case).await;
            }
            note(&one, &case, check("video", "yes")).await;
            // What she says afterwards counts: she is asked again.
            world.pass(1);
            let more = json!({"statement": "Please look at it after all."});
            let spark = world.platform("spark").await;
            spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
            assert_eq!(withdraw(&one, &case).await, "no_coercion_check");
            note(&one, &case, check("video", "yes")).await;
            world.pass(1);
            note(&one, &case, json!({"text": "He has her telephone.", "records": "standby", "look_again_by": world.clock.now().plus(Duration::from_hours(1))})).await;
            assert_eq!(withdraw(&one, &case).await, "contact_not_safe");
            world.pass(1);
            note(&one, &case, check("in_person", "yes")).await;
            assert_eq!(withdraw(&one, &case).await, closes);
            if closes == "202" {
                let act = one.case(&case).await.0["pending"][0]["id"].clone();
                lead.approve(&case, act.as_str().unwrap()).await.expect(200);
            }
            assert_eq!(lead.case(&case).await.0["outcome"], "withdrawn");
        }
    });
}

#[test]
fn a_wish_and_its_check_say_how_and_a_date_that_is_typed_makes_no_day_pass() {
    on_both(|world| async move {
        let one = world.staff(Role::Advocate).await;
        let (case, _) = p0(&world, &one, "W-1").await;
        one.take(&case).await;
        let now = world.clock.now();
        let (later, long_ago) = (now.plus(Duration::from_secs(1)), now.minus(Duration::from_hours(31 * 24)));
        let wrong = [
            (json!({"records": "coercion_check", "alone": "yes"}), "/how required"),
            (json!({"records": "coercion_check", "how": "phone"}), "/alone required"),
            (json!({"records": "coercion_check", "how": "message", "alone": "yes"}), "/how not_live"),
            (json!({"records": "coercion_check", "how": "app", "alone": "yes"}), "/how not_live"),
            (json!({"records": "coercion_check", "how": "telepathy", "alone": "yes"}), "/how invalid_value"),
            (json!({"records": "withdrawal_told"}), "/how required"),
            (json!({"records": "withdrawal_told", "how": "phone", "told_at": later}), "/told_at out_of_range"),
            (json!({"records": "withdrawal_told", "how": "phone", "told_at": long_ago}), "/told_at out_of_range"),
            (json!({"records": "standby", "how": "phone", "look_again_by": later}), "/how not_of_this_note"),
            (json!({"alone": "yes"}), "/alone not_of_this_note"),
        ];
        for (mut body, place) in wrong {
            body["text"] = json!("Her words.");
            assert_eq!(one.act(&case, "notes", &body).await.expect(422).errors(), [place], "{body}");
        }
        let told_at = now.minus(Duration::from_hours(48));
        let told = json!({"text": "\"Stop.\"", "records": "withdrawal_told", "how": "email", "told_at": told_at});
        let told = one.act(&case, "notes", &told).await.expect(201).json();
        assert_eq!((&told["how"], &told["told_at"]), (&json!("email"), &json!(told_at)));
        one.act(&case, "notes", &check("phone", "yes")).await.expect(201);
        assert_eq!(withdraw(&one, &case).await, "checked_too_soon");
        // Nobody is asked who may not be contacted by any way.
        let mut body = full("W-2");
        body["contact"] = json!("evenings only, never by phone");
        let spark = world.platform("spark").await;
        spark.submit(&body).await;
        let barred = one.case_of("W-2").await;
        one.take(&barred).await;
        let asked = one.act(&barred, "notes", &check("phone", "yes")).await.expect(422);
        assert_eq!(asked.errors(), ["/wishes_asked contact_barred"]);
    });
}
