//! What is counted for the public: each case once in each flow, by what people did with it, whatever comes late.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;
use recourse::db::schema::flows;
use recourse::domain::counting::{FlowKind, Quarter};
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::terms::region::Region;
use recourse::jobs;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::client::{Staff, small};
use crate::harness::{World, on_both};

pub(crate) const DAY: u64 = 24 * 3_600;

/// A row of the flows: case, flow, day, category, region, value.
pub(crate) type Row = (String, FlowKind, String, String, Region, String);

pub(crate) async fn rows(world: &World) -> Vec<Row> {
    type Raw = (String, FlowKind, recourse::base::time::Timestamp, String, Region, String);
    let read = world.app.read(|rx| {
        let all: Vec<Raw> = flows::table
            .order((flows::at, flows::flow, flows::case_id))
            .select((flows::case_id, flows::flow, flows::at, flows::category, flows::region, flows::value))
            .load(rx.conn())?;
        Ok(all)
    });
    let day = |at: recourse::base::time::Timestamp| at.to_string()[..10].to_owned();
    read.await.unwrap().into_iter().map(|(case, flow, at, c, r, v)| (case, flow, day(at), c, r, v)).collect()
}

/// The rows of a flow: day and value.
async fn of(world: &World, flow: FlowKind) -> Vec<(String, String)> {
    rows(world).await.into_iter().filter(|row| row.1 == flow).map(|row| (row.2, row.5)).collect()
}

pub(crate) async fn lead(world: &World) -> Staff {
    world.staff(Role::SafeguardingLead).await
}

/// A report that lies in its queue. Its case.
pub(crate) async fn reported(world: &World, body: &Value) -> String {
    world.platform("spark").await.submit(body).await;
    lead(world).await.case_of(body["platform_report_ref"].as_str().unwrap()).await
}

/// Somebody takes the case and does this.
pub(crate) async fn does(world: &World, case: &str, act: &str, body: &Value) -> u16 {
    let who = lead(world).await;
    who.act(case, "claim", &json!({})).await;
    let status = who.act_seen(case, act, body).await.status;
    // Where the act did not end the claim already.
    who.act(case, "release", &json!({})).await;
    status
}

pub(crate) fn wished(reference: &str) -> Value {
    let mut body = small(reference);
    body["desired_outcome"] = json!("platform_action");
    body
}

pub(crate) fn closing(outcome: &str) -> Value {
    json!({"outcome": outcome, "reason": "as agreed"})
}

/// Closes with an outcome, with the second person's word where it waits for one.
async fn closed_by_two(world: &World, case: &str, outcome: &str) {
    let first = lead(world).await;
    first.take(case).await;
    let answer = first.act_seen(case, "decision", &closing(outcome)).await;
    if answer.status == 202 {
        lead(world).await.approve(case, answer.json()["pending"]["id"].as_str().unwrap()).await.expect(200);
    }
    assert_eq!(first.case(case).await.0["outcome"], outcome);
}

/// Closes as withdrawn, when she has said so and was asked alone.
async fn withdrawn(world: &World, case: &str) {
    let who = lead(world).await;
    who.take(case).await;
    let told = json!({"text": "\"Leave it.\"", "records": "withdrawal_told", "how": "phone"});
    who.act(case, "notes", &told).await.expect(201);
    let check = json!({"text": "\"It is my own wish.\"", "records": "coercion_check", "how": "video", "alone": "yes"});
    who.act(case, "notes", &check).await.expect(201);
    who.act_seen(case, "decision", &closing("withdrawn")).await.expect(200);
}

pub(crate) const ASK: fn() -> Value = || json!({"action": "preserve_evidence"});

#[test]
fn a_case_is_counted_when_a_person_has_done_something_about_it_and_only_once() {
    on_both(|world| async move {
        let case = reported(&world, &small("F-1")).await;
        assert!(rows(&world).await.is_empty(), "a report alone is counted nowhere");
        lead(&world).await.take(&case).await;
        assert!(rows(&world).await.is_empty(), "to begin reading is not yet to have read");
        world.pass(2 * DAY);
        let hold = json!({"action": "hold", "reason": "later", "until": "2026-11-24T19:04:02Z"});
        assert_eq!(does(&world, &case, "transitions", &hold).await, 200);
        assert_eq!(of(&world, FlowKind::Intake).await, [("2026-11-23".to_owned(), String::new())]);
        world.pass(2 * DAY);
        world.run_jobs().await;
        assert_eq!(does(&world, &case, "platform-requests", &ASK()).await, 200);
        assert_eq!(does(&world, &case, "decision", &closing("recorded_only")).await, 200);
        let intake = of(&world, FlowKind::Intake).await;
        assert_eq!(intake, [("2026-11-23".to_owned(), String::new())], "the day is set once");
        // A note that records what was done counts; a thought does not.
        let other = reported(&world, &small("F-2")).await;
        assert_eq!(does(&world, &other, "notes", &json!({"text": "to be read"})).await, 201);
        assert_eq!(of(&world, FlowKind::Intake).await.len(), 1);
        let standby = json!({"text": "not safe to ring", "records": "standby"});
        assert_eq!(does(&world, &other, "notes", &standby).await, 201);
        assert_eq!(of(&world, FlowKind::Intake).await.len(), 2);
    });
}

#[test]
fn abuse_of_the_service_trials_complaints_and_welfare_are_not_counted() {
    on_both(|world| async move {
        let fake = reported(&world, &small("F-1")).await;
        closed_by_two(&world, &fake, "unfounded").await;
        let gone = reported(&world, &small("F-2")).await;
        withdrawn(&world, &gone).await;
        for (reference, category) in [("F-3", "platform_failed_to_act"), ("F-4", "survivor_at_risk_of_suicide")] {
            let mut body = small(reference);
            body["category"] = json!(category);
            let case = reported(&world, &body).await;
            closed_by_two(&world, &case, "recorded_only").await;
        }
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        trial.submit(&small("F-5")).await;
        let list = lead(&world).await.caller.get("/v1/triage/cases?mode=test").await;
        assert_eq!(list.status, 200);
        assert!(rows(&world).await.is_empty());
        // A note that comes later counts neither.
        let standby = json!({"text": "not safe to ring", "records": "standby"});
        for case in [&fake, &gone] {
            assert_eq!(does(&world, case, "notes", &standby).await, 201);
        }
        assert!(rows(&world).await.is_empty());
        // One that was counted and turns out to be abuse stays counted, and is a correction.
        let late = reported(&world, &small("F-6")).await;
        let standby = json!({"text": "not safe to ring", "records": "standby"});
        assert_eq!(does(&world, &late, "notes", &standby).await, 201);
        world.pass(40 * DAY);
        closed_by_two(&world, &late, "unfounded").await;
        let all: Vec<(FlowKind, String, String)> =
            rows(&world).await.into_iter().map(|row| (row.1, row.2, row.5)).collect();
        let expected = [
            (FlowKind::Intake, "2026-11-21".to_owned(), String::new()),
            (FlowKind::Correction, "2026-12-31".to_owned(), "removed".to_owned()),
        ];
        assert_eq!(all, expected);
    });
}

#[test]
fn the_answer_is_counted_on_day_30_and_the_standing_on_day_90() {
    on_both(|world| async move {
        // When the platform answers, in seconds after it was asked; nothing is never.
        let answers = [
            (Some(1_800), "within_1h"),
            (Some(3_601), "within_6h"),
            (Some(6 * DAY), "within_7d"),
            (Some(30 * DAY - 1), "within_30d"),
            (None, "none_by_day_30"),
        ];
        for (number, (after, bucket)) in answers.into_iter().enumerate() {
            let before = of(&world, FlowKind::Response).await.len();
            let case = reported(&world, &wished(&format!("F-{number}"))).await;
            assert_eq!(does(&world, &case, "platform-requests", &ASK()).await, 200);
            assert_eq!(does(&world, &case, "platform-requests", &ASK()).await, 200, "a second request changes nothing");
            let asked = world.clock.now();
            if let Some(after) = after {
                world.pass(after);
                let spark = world.platform("spark").await;
                let all = spark.caller.get("/v1/requests?limit=100").await.expect(200).json();
                let id =
                    all["data"].as_array().unwrap().iter().rfind(|one| one["state"] != "done").unwrap()["id"].clone();
                let path = format!("/v1/requests/{}/response", id.as_str().unwrap());
                let acknowledged = spark.caller.post(&path, &json!({"state": "acknowledged"})).await;
                assert_eq!(acknowledged.status, 200, "{}", acknowledged.text);
                spark.caller.post(&path, &json!({"state": "done"})).await.expect(200);
            }
            world.clock.advance((30 * DAY_SPAN).saturating_sub(world.clock.now().since(asked)));
            world.run_jobs().await;
            let found = of(&world, FlowKind::Response).await;
            assert_eq!(found.len(), before + 1, "{bucket}");
            let day = asked.plus(30 * DAY_SPAN).to_string()[..10].to_owned();
            assert!(found.contains(&(day, bucket.to_owned())), "{bucket}: {found:?}");
        }
        let outcomes = of(&world, FlowKind::Outcome).await.len();
        world.pass(120 * DAY);
        world.run_jobs().await;
        let standing = of(&world, FlowKind::Outcome).await;
        assert_eq!((standing.len(), outcomes < 5), (5, true));
        assert!(standing.iter().all(|(_, value)| value == "open_at_day_90"), "{standing:?}");
        world.pass(200 * DAY);
        world.run_jobs().await;
        assert_eq!(rows(&world).await.len(), 15, "three flows of five cases, once each");
    });
}

pub(crate) const DAY_SPAN: std::time::Duration = std::time::Duration::from_hours(24);

#[test]
fn a_job_that_comes_late_counts_the_case_as_it_stood_on_its_day() {
    on_both(|world| async move {
        let (open, closed) = (reported(&world, &wished("F-1")).await, reported(&world, &wished("F-2")).await);
        for case in [&open, &closed] {
            assert_eq!(does(&world, case, "platform-requests", &ASK()).await, 200);
        }
        world.pass(80 * DAY);
        let came = json!({"text": "Her service rang.", "records": "support_confirmed"});
        assert_eq!(does(&world, &closed, "notes", &came).await, 201);
        assert_eq!(does(&world, &closed, "decision", &closing("supported_elsewhere")).await, 200);
        // Nobody runs the jobs. After day 90 one is closed and the other one opened again.
        world.pass(20 * DAY);
        assert_eq!(does(&world, &open, "notes", &came).await, 201);
        assert_eq!(does(&world, &open, "decision", &closing("supported_elsewhere")).await, 200);
        let again = json!({"action": "reopen", "reason": "she wrote again"});
        assert_eq!(lead(&world).await.act_seen(&closed, "transitions", &again).await.status, 200);
        world.run_jobs().await;
        let mut standing: BTreeMap<String, String> = BTreeMap::new();
        for row in rows(&world).await.into_iter().filter(|row| row.1 == FlowKind::Outcome) {
            assert_eq!(row.2, "2027-02-19", "the day that it was due");
            standing.insert(row.0, row.5);
        }
        assert_eq!(standing[&open], "open_at_day_90");
        assert_eq!(standing[&closed], "supported_elsewhere");
    });
}

#[test]
fn who_is_erased_leaves_every_later_table_and_nothing_earlier() {
    on_both(|world| async move {
        let case = reported(&world, &wished("F-1")).await;
        assert_eq!(does(&world, &case, "platform-requests", &ASK()).await, 200);
        world.tamper(&format!("DELETE FROM key_wraps WHERE owner = '{case}'"));
        world.pass(100 * DAY);
        world.run_jobs().await;
        let all: Vec<FlowKind> = rows(&world).await.into_iter().map(|row| row.1).collect();
        assert_eq!(all, [FlowKind::Intake]);
    });
}

#[test]
fn one_account_is_counted_twice_in_a_quarter_at_the_most() {
    on_both(|world| async move {
        for number in 0..4 {
            let mut body = small(&format!("F-{number}"));
            body["reporter"]["platform_account_ref"] = json!("u_flood");
            body["subject"] = json!({"platform_account_ref": format!("u_{number}")});
            let case = reported(&world, &body).await;
            assert_eq!(does(&world, &case, "decision", &closing("recorded_only")).await, 200);
        }
        assert_eq!(of(&world, FlowKind::Intake).await.len(), 2);
        assert_eq!(of(&world, FlowKind::Capped).await.len(), 2, "and that is for good");
        let mut other = small("F-other");
        other["reporter"]["platform_account_ref"] = json!("u_other");
        let case = reported(&world, &other).await;
        assert_eq!(does(&world, &case, "decision", &closing("recorded_only")).await, 200);
        assert_eq!(of(&world, FlowKind::Intake).await.len(), 3);
        // A new quarter, counted anew.
        world.pass(45 * DAY);
        let mut late = small("F-late");
        late["reporter"]["platform_account_ref"] = json!("u_flood");
        late["subject"] = json!({"platform_account_ref": "u_late"});
        let case = reported(&world, &late).await;
        assert_eq!(does(&world, &case, "decision", &closing("recorded_only")).await, 200);
        assert_eq!(of(&world, FlowKind::Intake).await.len(), 4);
    });
}

#[test]
fn the_region_is_that_of_the_person_harmed() {
    on_both(|world| async move {
        let mut own = small("F-1");
        own["reporter"]["region"] = json!("GB-ESX");
        let mut witness = small("F-2");
        witness["reporter"] = json!({"relation": "witness", "region": "GB-ESX"});
        witness["survivor"] = json!({"region": "GB-GLG"});
        let mut abroad = small("F-3");
        abroad["reporter"]["region"] = json!("FR-75C");
        let mut silent = small("F-4");
        silent["reporter"] = json!({"relation": "witness", "region": "GB-ESX"});
        for body in [&own, &witness, &abroad, &silent] {
            let case = reported(&world, body).await;
            assert_eq!(does(&world, &case, "decision", &closing("recorded_only")).await, 200);
        }
        let mut found: Vec<(String, Region)> = rows(&world).await.into_iter().map(|row| (row.3, row.4)).collect();
        found.sort();
        let stalking = |region| ("stalking".to_owned(), region);
        let expected =
            [Region::SouthEast, Region::Scotland, Region::OutsideOrUnknown, Region::OutsideOrUnknown].map(stalking);
        assert_eq!(found, expected);
    });
}

/// On `PostgreSQL` a quarter is closed only when everybody who was counting has finished, and nobody counts behind it.
#[test]
fn closing_a_quarter_waits_for_whoever_is_counting() {
    on_both(|world| async move {
        if !world.app.db.is_shared() {
            // One writer: nobody is ever counting while a quarter is closed.
            return;
        }
        jobs::editions::commit_due(&world.app).await.unwrap();
        let (entered, has_entered) = std::sync::mpsc::channel();
        let (go, may_go) = std::sync::mpsc::channel::<()>();
        let app = Arc::clone(&world.app);
        let counting = actix_web::rt::spawn(async move {
            app.write(TEST, move |tx| {
                recourse::db::dialect::enter_flows(tx.conn())?;
                entered.send(()).unwrap();
                may_go.recv().unwrap();
                Ok(())
            })
            .await
        });
        tokio::task::spawn_blocking(move || has_entered.recv().unwrap()).await.unwrap();
        let app = Arc::clone(&world.app);
        let until = Quarter::of(world.clock.now()).until();
        let mut closing = Box::pin(async move {
            app.write(TEST, move |tx| recourse::domain::counting::close(tx, "2026-q4", until)).await
        });
        let early = tokio::time::timeout(std::time::Duration::from_millis(300), &mut closing).await;
        assert!(early.is_err(), "it was closed while somebody was counting");
        go.send(()).unwrap();
        counting.await.unwrap().unwrap();
        closing.await.unwrap();
    });
}
