//! The end of what is kept: when what goes of a closed case, and what stays.

use std::collections::BTreeMap;

use recourse::domain::casework::colleagues;
use recourse::domain::people::partners::PartnerScope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::watch::soundness;
use recourse::jobs;
use recourse::statistics::sound;
use serde_json::{Value, json};

use crate::buried::closing;
use crate::command_line::recourse;
use crate::harness::client::{Staff, full, small};
use crate::harness::{TEST, World, on_both, on_both_with};
use crate::referrals::Scene;
use crate::renewal::{age, renew};
use crate::rights::events;
use crate::unsound::findings;

pub(crate) const DAY: u64 = 86_400;
/// A month and a year as the periods have them.
pub(crate) const MONTH: u64 = 31 * DAY;
pub(crate) const YEAR: u64 = 366 * DAY;
/// From its announcement until something goes.
pub(crate) const NOTICE: u64 = 7 * DAY;

/// Has the case closed, by two people where it takes two.
pub(crate) async fn close(world: &World, who: &Staff, case: &str) {
    let answer = who.act_seen(case, "decision", &closing("recorded_only")).await;
    if answer.status == 202 {
        let other = world.staff(Role::SafeguardingLead).await;
        other.approve(case, answer.json()["pending"]["id"].as_str().unwrap()).await.expect(200);
    } else {
        answer.expect(200);
    }
}

/// Time passes, and then it is looked for what goes.
pub(crate) async fn pass(world: &World, seconds: u64) {
    world.pass(seconds);
    jobs::once(&world.app, "erase").await.unwrap();
}

/// What the API says of what is kept of a case, to somebody who may read all of it.
pub(crate) async fn kept(world: &World, case: &str) -> Value {
    let lead = world.staff(Role::SafeguardingLead).await;
    lead.case(case).await.0
}

/// How many of a case's sealed values open, and how many were destroyed; nothing may be wrong.
pub(crate) async fn seals(world: &World, case: &str) -> (u64, u64) {
    let owners = [case.to_owned()];
    let look = world.app.read(move |rx| {
        let mut counts = BTreeMap::new();
        let found = soundness::seals(rx, &sound::tables(), &owners, &mut counts)?;
        Ok((found, counts))
    });
    let (found, counts) = look.await.unwrap();
    assert_eq!(found, []);
    (counts.values().map(|of| of.opens).sum(), counts.values().map(|of| of.erased).sum())
}

pub(crate) async fn erased(world: &World, case: &str) -> Vec<String> {
    let all = events(world, case, "case_erased").await;
    all.iter().map(|event| event["part"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn of_a_closed_case_goes_how_she_is_reached_and_then_all_that_was_said_each_announced_a_week_before() {
    on_both(|world| async move {
        let lead = world.staff(Role::SafeguardingLead).await;
        let spark = world.platform("spark").await;
        let report = spark.submit(&full("KEPT-1")).await;
        let case = lead.case_of("KEPT-1").await;
        lead.take(&case).await;
        lead.act(&case, "notes", &json!({"text": "She rang from a box."})).await.expect(201);
        pass(&world, 400 * DAY).await;
        assert_eq!(kept(&world, &case).await["kept"], Value::Null, "an open case loses nothing");
        let lead = world.signed_in_again(&lead).await;
        lead.take(&case).await;
        close(&world, &lead, &case).await;
        // On the day before it is announced nothing is said; a week later it goes, and not a second sooner.
        pass(&world, 22 * DAY).await;
        assert_eq!(kept(&world, &case).await["kept"]["erase_at"], Value::Null);
        pass(&world, DAY).await;
        assert!(kept(&world, &case).await["kept"]["erase_at"].is_string());
        let announced = events(&world, &case, "case_erasing").await;
        assert_eq!(announced[0]["part"], "contact");
        pass(&world, NOTICE - 1).await;
        assert!(kept(&world, &case).await["reports"][0]["content"]["contact"].is_object());
        pass(&world, 1).await;
        let view = kept(&world, &case).await;
        assert!(view["kept"]["contact_erased_at"].is_string() && view["kept"]["erase_at"].is_null(), "{view}");
        assert_eq!(view["reports"][0]["content"]["contact"], Value::Null);
        assert!(view["reports"][0]["content"]["statement"].is_string());
        assert_eq!(view["contact_in_force"]["may_contact"], json!(false), "{view}");
        assert_eq!(findings(&world).await, []);
        // Two years after the last that happened in it, all of it goes.
        pass(&world, 24 * MONTH - 30 * DAY - NOTICE - 1).await;
        assert_eq!(kept(&world, &case).await["kept"]["erase_at"], Value::Null);
        pass(&world, 1).await;
        assert!(kept(&world, &case).await["kept"]["erase_at"].is_string());
        let fresh = world.platform("spark").await.caller;
        let path = format!("/v1/reports/{report}");
        let before = fresh.get(&path).await.expect(200);
        pass(&world, NOTICE).await;
        assert_eq!(erased(&world, &case).await, ["contact", "content"]);
        let view = kept(&world, &case).await;
        assert!(view["kept"]["erased_at"].is_string(), "{view}");
        assert_eq!(view["damaged"], json!(false));
        for part in ["statement", "reporter", "contact", "subject"] {
            assert_eq!(view["reports"][0]["content"][part], Value::Null, "{part}");
        }
        assert_eq!(view["notes"][0]["text"], Value::Null, "{view}");
        let (opens, gone) = seals(&world, &case).await;
        assert!(opens == 0 && gone > 5, "{opens} open, {gone} gone");
        assert_eq!(findings(&world).await, []);
        // The app learns nothing of it.
        let token = world.platform("spark").await.caller;
        let after = token.get(&path).await.expect(200);
        assert_eq!((&before.text, before.header("etag")), (&after.text, after.header("etag")));
        // Nothing more happens to it.
        pass(&world, YEAR).await;
        assert_eq!(erased(&world, &case).await.len(), 2);
    });
}

#[test]
fn what_a_service_was_sent_and_a_childs_case_are_kept_longer() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        scene.says(&world, &id, "accept", &[]).await.expect(200);
        let done = [("outcome", json!("supported"))];
        scene.says(&world, &id, "close", &done).await.expect(200);
        close(&world, &scene.lead, &scene.case).await;
        let mut child = full("KEPT-CHILD");
        child["reporter"]["platform_account_ref"] = json!("a-child");
        child["answers"]["age_under_18"] = json!("yes");
        child["answers"]["reporter_under_18"] = json!("yes");
        child["reporter"]["age_band"] = json!("under_18");
        scene.spark.submit(&child).await;
        let young = scene.lead.case_of("KEPT-CHILD").await;
        scene.lead.take(&young).await;
        assert_eq!(scene.lead.case(&young).await.0["child"], json!(true));
        close(&world, &scene.lead, &young).await;
        for _ in 0..2 {
            pass(&world, 35 * DAY).await;
        }
        assert_eq!(erased(&world, &scene.case).await, ["contact"]);
        assert_eq!(erased(&world, &young).await, ["contact"]);
        for _ in 0..2 {
            pass(&world, 3 * YEAR).await;
        }
        assert_eq!(erased(&world, &young).await, ["contact"], "she may not be 25 yet");
        let view = kept(&world, &scene.case).await;
        assert!(view["kept"]["erase_at"].is_string() || !erased(&world, &scene.case).await.is_empty(), "{view}");
        pass(&world, NOTICE).await;
        assert_eq!(erased(&world, &scene.case).await, ["contact", "content"]);
        let (opens, gone) = seals(&world, &scene.case).await;
        assert!(opens == 0 && gone > 8, "consent, referral, its steps and all else: {opens} open, {gone} gone");
        for _ in 0..2 {
            pass(&world, 6 * YEAR).await;
        }
        assert_eq!(erased(&world, &young).await, ["contact", "content"]);
        assert_eq!(findings(&world).await, []);
        // For the service there is none any more.
        let harbour = world.partner("harbour", Mode::Live, PartnerScope::ALL).await;
        harbour.read(&id).await.expect(404);
        assert!(crate::partners::listed(&harbour, "").await.is_empty());
        scene.lead = world.signed_in_again(&scene.lead).await;
        scene.list(&scene.lead).await;
    });
}

/// What a command prints, which succeeds.
pub(crate) fn said(world: &World, arguments: &[&str]) -> String {
    let output = recourse(world, arguments, "");
    let both = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{both:?}");
    both.concat()
}

#[test]
fn a_clock_that_leaps_destroys_nothing_that_day_and_a_case_that_is_opened_again_is_kept() {
    on_both(|world| async move {
        let lead = world.staff(Role::SafeguardingLead).await;
        world.platform("spark").await.submit(&full("LEAP-1")).await;
        let case = lead.case_of("LEAP-1").await;
        lead.take(&case).await;
        close(&world, &lead, &case).await;
        pass(&world, 40 * YEAR).await;
        pass(&world, NOTICE - 1).await;
        assert_eq!(erased(&world, &case).await, Vec::<String>::new());
        // She writes again: what was announced is void.
        let spark = world.platform("spark").await;
        spark.submit(&full("LEAP-2")).await;
        let lead = world.signed_in_again(&lead).await;
        let view = lead.case(&case).await.0;
        assert_eq!((&view["state"], &view["kept"]), (&json!("in_review"), &Value::Null), "{view}");
        pass(&world, NOTICE).await;
        assert_eq!(erased(&world, &case).await, Vec::<String>::new());
        assert_eq!(seals(&world, &case).await.1, 0);
    });
}

#[test]
fn words_that_come_after_the_end_are_taken_and_read() {
    on_both(|world| async move {
        let lead = world.staff(Role::SafeguardingLead).await;
        let spark = world.platform("spark").await;
        let report = spark.submit(&full("AFTER-1")).await;
        let case = lead.case_of("AFTER-1").await;
        lead.take(&case).await;
        let lower = json!({"priority": "p3", "reason_code": "professional_judgement", "text": "It was long ago."});
        let act = lead.act_seen(&case, "priority", &lower).await.expect(202).json()["pending"]["id"].clone();
        let other = world.staff(Role::SafeguardingLead).await;
        other.approve(&case, act.as_str().unwrap()).await.expect(200);
        close(&world, &lead, &case).await;
        for span in [25 * DAY, NOTICE, 24 * MONTH, NOTICE] {
            pass(&world, span).await;
        }
        assert_eq!(erased(&world, &case).await, ["contact", "content"]);
        let spark = world.platform("spark").await;
        let more = json!({"statement": "He has found me again.", "identifiers": [{"type": "phone", "value": "+447700900321"}]});
        spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
        let lead = world.signed_in_again(&lead).await;
        let view = lead.case(&case).await.0;
        assert_eq!((&view["state"], &view["kept"]), (&json!("in_review"), &Value::Null), "{view}");
        assert!(["p0", "p1"].contains(&view["priority"].as_str().unwrap()), "nobody knows how grave it was: {view}");
        assert_eq!(view["additions"][0]["statement"], json!("He has found me again."), "{view}");
        assert_eq!(view["reports"][0]["content"]["statement"], Value::Null);
        assert_eq!(view["damaged"], json!(false), "{view}");
        lead.take(&case).await;
        lead.act(&case, "notes", &json!({"text": "I rang the app."})).await.expect(201);
        world.run_jobs().await;
        assert_eq!(findings(&world).await, []);
        let (opens, gone) = seals(&world, &case).await;
        assert!(opens > 2 && gone > 5, "{opens} open, {gone} gone");
        // A new report of the same two people comes to what is known now.
        spark.submit(&full("AFTER-2")).await;
        assert_eq!(lead.case_of("AFTER-2").await, case);
        assert_eq!(findings(&world).await, []);
        // And it ends again.
        let lead = world.signed_in_again(&lead).await;
        lead.take(&case).await;
        close(&world, &lead, &case).await;
        for span in [25 * DAY, NOTICE, 24 * MONTH, NOTICE] {
            pass(&world, span).await;
        }
        assert_eq!(erased(&world, &case).await, ["contact", "content", "contact", "content"]);
        assert_eq!(seals(&world, &case).await.0, 0);
    });
}

#[test]
fn nothing_goes_on_the_word_of_a_row_and_one_such_case_keeps_no_other() {
    on_both(|world| async move {
        let lead = world.staff(Role::SafeguardingLead).await;
        let spark = world.platform("spark").await;
        let mut cases = Vec::new();
        for reference in ["ROW-1", "ROW-2", "ROW-3"] {
            let mut body = full(reference);
            body["reporter"]["platform_account_ref"] = json!(reference);
            spark.submit(&body).await;
            let case = lead.case_of(reference).await;
            lead.take(&case).await;
            close(&world, &lead, &case).await;
            world.pass(1);
            cases.push(case);
        }
        // Somebody with the database makes one look older, and takes an event out of another's record.
        world.tamper(&format!("UPDATE case_keepings SET closed_at = 1 WHERE case_id = '{}'", cases[0]));
        world.tamper(&format!("DELETE FROM audit_events WHERE chain = '{}' AND seq = 1", cases[1]));
        pass(&world, 1).await;
        assert!(kept(&world, &cases[0]).await["kept"]["erase_at"].is_string());
        pass(&world, NOTICE).await;
        assert_eq!(erased(&world, &cases[0]).await, Vec::<String>::new());
        pass(&world, 30 * DAY).await;
        pass(&world, NOTICE).await;
        assert_eq!(erased(&world, &cases[0]).await, Vec::<String>::new());
        assert_eq!(erased(&world, &cases[1]).await, Vec::<String>::new());
        assert_eq!(erased(&world, &cases[2]).await, ["contact"]);
        // Nor does an emptied value pass for one that was destroyed, or one that was destroyed elsewhere.
        let statement = format!("(SELECT contact FROM reports WHERE case_id = '{}')", cases[2]);
        world.tamper(&format!("UPDATE reports SET contact = {statement} WHERE case_id = '{}'", cases[0]));
        let owners = [cases[0].clone()];
        let look = world.app.read(move |rx| soundness::seals(rx, &sound::tables(), &owners, &mut BTreeMap::new()));
        let found = look.await.unwrap();
        assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), ["does_not_open"]);
    });
}

#[test]
fn whoever_knows_somebody_in_a_case_meets_its_wall_after_the_end_and_when_names_are_made_anew() {
    on_both(|world| async move {
        let lead = world.staff(Role::SafeguardingLead).await;
        let mut body = full("WALL-1");
        // One is named by whom she reported, one by how she is reached alone.
        body["contact"]["channels"] = json!([{"type": "email", "value": "her.friend@example.org"}]);
        body["contact"]["never"] = json!([]);
        world.platform("spark").await.submit(&body).await;
        let case = lead.case_of("WALL-1").await;
        lead.take(&case).await;
        let mut walled = Vec::new();
        for (kind, value) in
            [(IdentifierKind::Phone, "+447700900123"), (IdentifierKind::Email, "her.friend@example.org")]
        {
            let who = world.staff(Role::SafeguardingLead).await;
            let (name, declared) = (who.username.clone(), Identifier::new(kind, value));
            world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &declared)).await.unwrap();
            walled.push(who);
        }
        close(&world, &lead, &case).await;
        for spans in [[25 * DAY, NOTICE], [24 * MONTH, NOTICE]] {
            for span in spans {
                pass(&world, span).await;
            }
            age(&world).await;
            renew(&world).await;
            for who in &walled {
                let who = world.signed_in_again(who).await;
                who.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
            }
            assert_eq!(findings(&world).await, []);
        }
        assert_eq!(erased(&world, &case).await, ["contact", "content"]);
        kept(&world, &case).await;
    });
}

#[test]
fn while_the_file_of_periods_cannot_be_used_nothing_goes_and_it_is_told() {
    let broken = |config: &mut recourse::config::Config| config.periods_file = Some("/nowhere/periods.toml".into());
    on_both_with(broken, |world| async move {
        let lead = world.staff(Role::SafeguardingLead).await;
        world.platform("spark").await.submit(&small("BROKEN-1")).await;
        let case = lead.case_of("BROKEN-1").await;
        lead.take(&case).await;
        close(&world, &lead, &case).await;
        for _ in 0..3 {
            pass(&world, 40 * YEAR).await;
        }
        assert_eq!(events(&world, &case, "case_erasing").await.len(), 0);
        let ready = world.http.get(format!("{}/readyz", world.base)).send().await.unwrap().text().await.unwrap();
        assert!(ready.contains("periods_broken"), "{ready}");
    });
}
