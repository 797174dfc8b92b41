//! No call and no job that comes round every few seconds looks at all that there is. SQLite keeps no statistics here, and guesses
//! which index is the shorter way: what it chose for each statement is looked at, not how long it took.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use recourse::domain::people::partners::PartnerScope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::jobs;
use serde_json::json;

use crate::harness::client::full;
use crate::harness::{World, on_both};
use crate::referrals::Scene;
use crate::turned_away::{listen, statements};

/// A step of a plan.
#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// How SQLite would find the rows of a statement.
pub(crate) async fn plan(world: &World, statement: &str) -> Vec<String> {
    let text = format!("EXPLAIN QUERY PLAN {statement}");
    let steps = world.app.read(move |rx| Ok(diesel::sql_query(text).load::<Step>(rx.conn())?)).await;
    steps.unwrap_or_else(|error| panic!("{statement}: {error}")).into_iter().map(|step| step.detail).collect()
}

/// The tables that grow with every report.
const LONG: [&str; 16] = [
    "cases",
    "reports",
    "assessments",
    "blind_indexes",
    "clocks",
    "events",
    "deliveries",
    "audit_events",
    "key_wraps",
    "idempotency",
    "outbox",
    "requests",
    "acts",
    "flows",
    "referrals",
    "referral_moves",
];

/// What walks on purpose: counts, the look for nothing, and the look for names of older rules, which ends with the run that makes
/// them anew.
const ON_PURPOSE: [&str; 3] = ["COUNT(*)", "(1=0)", "`blind_indexes`.`rules` < ?"];

/// Whether a step walks through a long table: all of it, or all that is of one mode.
fn walks(step: &str) -> bool {
    let mut words = step.split(' ');
    let verb = words.next().unwrap_or_default();
    let is_long = words.next().is_some_and(|table| LONG.contains(&table));
    is_long && (verb == "SCAN" || step.ends_with("(mode=?)"))
}

#[test]
fn no_call_and_no_job_walks_through_all_that_there_is() {
    listen();
    on_both(|world| async move {
        if world.app.db.is_shared() {
            return;
        }
        let spark = world.platform("spark").await;
        let (heard, ()) = statements(&world, async {
            for n in 0..3 {
                let mut body = full(&format!("I-{n}"));
                body["subject"]["identifiers"] = json!([
                    {"type": "phone", "value": format!("+4477009001{n:02}")}, {"type": "handle", "value": "one.of.them"},
                ]);
                spark.caller.post("/v1/reports", &body).await.expect(201);
            }
            let advocate = world.staff(Role::Advocate).await;
            advocate.caller.get("/v1/triage/cases").await.expect(200);
            advocate.caller.get("/v1/triage/pending").await.expect(200);
            advocate.caller.post("/v1/triage/queues/stalking_violence/claim", &json!({})).await.expect(200);
            let mut other = full("I-REFERRED");
            other["reporter"]["platform_account_ref"] = json!("somebody-else");
            let scene = Scene::with(&world, &other).await;
            let harbour = world.partner("harbour", Mode::Live, PartnerScope::ALL).await;
            let (referral, _) = scene.sent(&world, "harbour", &[]).await;
            for query in ["", "?state=sent", "?limit=1"] {
                harbour.caller.get(&format!("/v1/partner/referrals{query}")).await.expect(200);
            }
            harbour.read(&referral).await.expect(200);
            harbour.says(&referral, "accept", &json!({})).await.expect(200);
            harbour.read("ref_00000000000000000000000000").await.expect(404);
            for job in jobs::names().filter(|job| !matches!(*job, "outbox" | "deliveries")) {
                jobs::once(&world.app, job).await.unwrap();
            }
        })
        .await;
        assert!(heard.iter().any(|text| text.contains("`blind_indexes`.`digest` = ?")), "no names were looked up");
        let mut found = BTreeSet::new();
        let is_judged =
            |text: &String| text.starts_with("SELECT") && !ON_PURPOSE.iter().any(|part| text.contains(part));
        for statement in heard.into_iter().filter(is_judged).collect::<BTreeSet<_>>() {
            for step in plan(&world, &statement).await.into_iter().filter(|step| walks(step)) {
                found.insert(format!("{step}: {statement}"));
            }
        }
        assert!(found.is_empty(), "{found:#?}");
    });
}
