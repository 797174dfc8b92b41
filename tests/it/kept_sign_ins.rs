//! How long a sign-in lasts whatever is done with it, and what stays of it on record.

use diesel::prelude::*;
use recourse::base::secret::Sensitive;
use recourse::db::schema::audit_events;
use recourse::domain::people::door;
use recourse::domain::people::staff::{self, NewMember, Role};
use serde_json::json;

use crate::harness::{TEST, World, on_both};

const PASSWORD: &str = "correct horse battery";
const CHOSEN: &str = "copper kettle on the stove";

/// What the record of an account says, in its order.
async fn on_record(world: &World, account: &str) -> Vec<String> {
    let chain = account.to_owned();
    let found = world.app.read(move |rx| {
        let all = audit_events::table.filter(audit_events::chain.eq(chain)).order(audit_events::seq);
        Ok(all.select(audit_events::kind).load::<String>(rx.conn())?)
    });
    found.await.unwrap()
}

#[test]
fn a_session_that_is_always_used_ends_after_twelve_hours() {
    on_both(|world| async move {
        let amina = world.staff(Role::Advocate).await;
        for _ in 0..28 {
            world.pass(25 * 60);
            amina.caller.get("/v1/triage/queues").await.expect(200);
        }
        world.pass(20 * 60);
        amina.caller.get("/v1/triage/queues").await.expect(401);
        amina.caller.post("/v1/triage/queues/emergency/claim", &json!({})).await.expect(401);
    });
}

#[test]
fn sign_ins_that_held_and_that_failed_are_on_record() {
    on_both(|world| async move {
        let totp_secret = door::new_secret();
        let password_hash = world.app.passwords.hash(Sensitive::new(PASSWORD.to_owned())).await.unwrap();
        let (username, secret) = ("amina".to_owned(), totp_secret.clone());
        let new = NewMember {
            username,
            role: Role::Advocate,
            queues: Vec::new(),
            password_hash,
            is_given: false,
            totp_secret,
            same_person_as: None,
        };
        let amina = world.app.write(TEST, move |tx| staff::add(tx, new)).await.unwrap().id.to_string();
        let sign_in = async |password: &str, more: serde_json::Value| {
            let seconds = u64::try_from(world.clock.now().seconds()).unwrap();
            let code = door::code_at(&secret, seconds).unwrap();
            let mut body = json!({"username": "amina", "password": password, "code": code});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            world.caller("").post("/v1/triage/sessions", &body).await.status
        };
        assert_eq!(sign_in("wrong", json!({})).await, 401);
        world.pass(61);
        world.run_jobs().await;
        let kept = on_record(&world, &amina).await;
        assert!(kept.contains(&"sign_in_failed".to_owned()) && !kept.contains(&"signed_in".to_owned()), "{kept:?}");
        // A password that was given may have to be changed with the first sign-in.
        let first = sign_in(PASSWORD, json!({})).await;
        assert!(first == 200 || sign_in(PASSWORD, json!({"new_password": CHOSEN})).await == 200, "{first}");
        let kept = on_record(&world, &amina).await;
        assert!(kept.contains(&"signed_in".to_owned()), "{kept:?}");
    });
}
