//! Whoever asks for a case that is not there for them learns nothing from the work that it makes: the same statements run and
//! the same rows are written whether a wall was the reason, a queue, or that there is no such case.

use std::collections::BTreeMap;
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::prelude::*;
use recourse::db::schema::{audit_events, outbox, turned_away};
use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use recourse::domain::unit::Look;
use serde_json::json;

use crate::harness::client::{Caller, Staff, full, small};
use crate::harness::operations::{Ids, call, documented, told};
use crate::harness::{World, on_both};
use crate::walls::{met, walled};

/// What the connections to some databases were told, by the name of the database.
static HEARD: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());

/// Hears one connection. It listens to those databases alone that a test of this file has named.
struct Ear {
    database: String,
}

impl Instrumentation for Ear {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => self.database = database(url),
            InstrumentationEvent::StartQuery { query, .. } => {
                if let Some(heard) = HEARD.lock().unwrap().get_mut(&self.database) {
                    let text = query.to_string();
                    heard.push(text.split(" -- binds").next().unwrap().to_owned());
                }
            }
            _ => {}
        }
    }
}

/// The part of a place that no other test has.
fn database(url: &str) -> String {
    let file = url.strip_suffix("/recourse.sqlite3").map(|folder| folder.rsplit('/').next().unwrap());
    let name = file.or_else(|| url.split(['/', '?', '&', '=', ' ']).find(|part| part.starts_with("test_")));
    name.unwrap_or_default().to_owned()
}

/// From now on connections that are opened are heard, if somebody wants to.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_default_instrumentation(|| Some(Box::new(Ear { database: String::new() }))).unwrap();
    });
}

/// The statements of this world that change or read rows, while something is done.
pub(crate) async fn statements<T>(world: &World, done: impl Future<Output = T>) -> (Vec<String>, T) {
    let place = world.config.database_url.as_ref().map(|url| url.expose().clone());
    let name = database(&place.unwrap_or_else(|| world.dir().join("recourse.sqlite3").display().to_string()));
    assert!(!name.is_empty());
    HEARD.lock().unwrap().insert(name.clone(), Vec::new());
    let answer = done.await;
    let heard = HEARD.lock().unwrap().remove(&name).unwrap();
    let rows = ["SELECT", "INSERT", "UPDATE", "DELETE", "SAVEPOINT", "ROLLBACK", "COMMIT", "BEGIN"];
    let of_rows = |text: &String| rows.iter().any(|verb| text.trim_start().to_uppercase().starts_with(verb));
    (heard.into_iter().filter(of_rows).collect(), answer)
}

/// How many rows stand in the tables that a refused call could leave something in: those who were turned away, owed work and
/// the record.
async fn rows(world: &World) -> [i64; 3] {
    let count = |rx: &mut Look<'_>| {
        Ok([
            turned_away::table.count().get_result(rx.conn())?,
            outbox::table.count().get_result(rx.conn())?,
            audit_events::table.count().get_result(rx.conn())?,
        ])
    };
    world.app.read(count).await.unwrap()
}

/// How many more there are.
fn more(before: [i64; 3], after: [i64; 3]) -> [i64; 3] {
    [after[0] - before[0], after[1] - before[1], after[2] - before[2]]
}

/// A world with a case behind a wall, and others around it. Who stands behind the wall, the walled case, one in another
/// queue, and one that is theirs.
struct Scene {
    who: Staff,
    behind: String,
    outside: String,
    theirs: String,
}

impl Scene {
    async fn set(world: &World) -> Self {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::SafeguardingLead).await;
        let mut child = small("SPK-3");
        child["reporter"]["age_band"] = json!("under_18");
        spark.submit(&full("SPK-1")).await;
        spark.submit(&small("SPK-2")).await;
        spark.submit(&child).await;
        for n in 10..20 {
            spark.submit(&small(&format!("SPK-{n}"))).await;
        }
        let [behind, theirs, outside] =
            [lead.case_of("SPK-1").await, lead.case_of("SPK-2").await, lead.case_of("SPK-3").await];
        let who = walled(world, Role::Advocate).await;
        // Whatever is done once for each connection has been done.
        for _ in 0..20 {
            who.caller.get(&format!("/v1/triage/cases/{behind}")).await.expect(404);
        }
        Self { who, behind, outside, theirs }
    }
}

#[test]
fn the_same_statements_run_whatever_is_hidden() {
    listen();
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let mut compared = 0;
        for operation in documented().iter().filter(|o| o.path.starts_with("/v1/triage/cases/{id}")) {
            let missing = Ids::missing(operation);
            let ids = |id: &str| Ids { id: id.to_owned(), ..Ids::missing(operation) };
            let before = rows(&world).await;
            let (wanted, none) = statements(&world, call(&scene.who.caller, operation, &missing)).await;
            let written = rows(&world).await;
            let noted = |text: &String| text.starts_with("INSERT") && text.contains("turned_away");
            assert!(wanted.iter().any(noted), "{operation:?}: {wanted:#?}");
            for hidden in [&scene.behind, &scene.outside] {
                let from = rows(&world).await;
                let (ran, answer) = statements(&world, call(&scene.who.caller, operation, &ids(hidden))).await;
                let to = rows(&world).await;
                assert_eq!(told(&answer), told(&none), "{operation:?}");
                assert_eq!(ran, wanted, "{operation:?}");
                assert_eq!(more(from, to), more(before, written), "{operation:?}");
            }
            compared += 1;
        }
        assert!(compared >= 13, "the document has lost its operations on cases");
        the_other_case_of_a_link(&world, &scene).await;
        lists_by_reference(&world, &scene).await;
    });
}

async fn the_other_case_of_a_link(world: &World, scene: &Scene) {
    let nowhere = format!("case_{}", "1".repeat(26));
    let link = |other: &str| {
        let body = json!({"case_id": other});
        async move { scene.who.act(&scene.theirs, "links", &body).await.expect(404) }
    };
    let (wanted, none) = statements(world, link(&nowhere)).await;
    for hidden in [&scene.behind, &scene.outside] {
        let (ran, answer) = statements(world, link(hidden)).await;
        assert_eq!((ran, told(&answer)), (wanted.clone(), told(&none)), "a link");
    }
}

async fn lists_by_reference(world: &World, scene: &Scene) {
    let search = |reference: &str| {
        let path = format!("/v1/triage/cases?platform_report_ref={reference}");
        async move { scene.who.caller.get(&path).await.expect(200) }
    };
    let (wanted, none) = statements(world, search("SPK-404")).await;
    for hidden in ["SPK-1", "SPK-3"] {
        let (ran, answer) = statements(world, search(hidden)).await;
        assert_eq!((ran, answer.text), (wanted.clone(), none.text.clone()), "{hidden}");
    }
}

/// How long an answer took.
async fn took(caller: &Caller, path: &str) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "an answer that is held back is held back in real time")]
    let since = Instant::now();
    caller.get(path).await;
    since.elapsed()
}

#[test]
fn what_is_not_found_leaves_at_its_beat() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let nowhere = format!("case_{}", "0".repeat(26));
        for id in [&scene.behind, &scene.outside, &nowhere] {
            let took = took(&scene.who.caller, &format!("/v1/triage/cases/{id}")).await;
            assert!(took >= Duration::from_millis(25), "{id}: {took:?}");
        }
        for reference in ["SPK-1", "SPK-2", "SPK-3", "SPK-404"] {
            let took = took(&scene.who.caller, &format!("/v1/triage/cases?platform_report_ref={reference}")).await;
            assert!(took >= Duration::from_millis(25), "{reference}: {took:?}");
        }
    });
}

#[test]
fn nobody_who_asks_for_ids_at_random_fills_the_database() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let ids: Vec<String> = (0..40).map(|_| recourse::base::id::CaseId::random().to_string()).collect();
        for id in &ids {
            scene.who.caller.get(&format!("/v1/triage/cases/{id}")).await.expect(404);
        }
        assert!(rows(&world).await[0] >= 60);
        world.run_jobs().await;
        assert_eq!(rows(&world).await[0], 0, "a job looks at each and forgets it");
        assert_eq!(met(&world, &scene.behind).await, (20, 1));
    });
}

#[test]
fn nobody_who_meets_a_wall_again_and_again_fills_its_record() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let path = format!("/v1/triage/cases/{}", scene.behind);
        let ask = async |who: &Staff, times: usize| {
            for _ in 0..times {
                who.caller.get(&path).await.expect(404);
            }
            world.run_jobs().await;
            met(&world, &scene.behind).await
        };
        assert_eq!(ask(&scene.who, 10).await, (24, 1), "24 times a day");
        assert_eq!(ask(&scene.who, 1).await, (24, 1));
        let other = walled(&world, Role::Lead).await;
        assert_eq!(ask(&other, 2).await, (26, 2), "of each colleague");
        world.pass(86_401);
        let again = world.signed_in_again(&scene.who).await;
        assert_eq!(ask(&again, 1).await, (27, 2), "and of each day");
    });
}

/// While no job works, as when its process is away.
#[test]
fn so_many_notes_of_one_colleague_wait_and_no_more() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let values = (0..990).map(|n| format!("('tad_{n:026}', '{}', 'case_{n:026}', {n})", scene.who.id));
        let values = values.collect::<Vec<_>>().join(", ");
        world.tamper(&format!("DELETE FROM turned_away; INSERT INTO turned_away VALUES {values}"));
        let nowhere = format!("case_{}", "0".repeat(26));
        for _ in 0..8 {
            for id in [&scene.behind, &nowhere] {
                scene.who.caller.get(&format!("/v1/triage/cases/{id}")).await.expect(404);
            }
        }
        assert_eq!(rows(&world).await[0], 1_000);
        let other = walled(&world, Role::Advocate).await;
        other.caller.get(&format!("/v1/triage/cases/{}", scene.behind)).await.expect(404);
        assert_eq!(rows(&world).await[0], 1_001, "nobody else's are left out");
    });
}

#[test]
fn a_link_that_is_left_out_takes_no_statement() {
    listen();
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let lead = world.staff(Role::SafeguardingLead).await;
        let alone = lead.case_of("SPK-10").await;
        for other in [&scene.behind, &scene.outside] {
            lead.act(&scene.theirs, "links", &json!({"case_id": other})).await.expect(200);
        }
        assert_eq!(lead.case(&scene.theirs).await.0["links"].as_array().unwrap().len(), 2);
        let (wanted, (case, _)) = statements(&world, scene.who.case(&alone)).await;
        assert_eq!(case["links"], json!([]));
        let (ran, (case, _)) = statements(&world, scene.who.case(&scene.theirs)).await;
        assert_eq!(case["links"], json!([]));
        assert_eq!(ran, wanted);
    });
}

#[test]
fn a_damaged_case_is_in_nobody_elses_way() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        world.tamper("UPDATE cases SET queue = 'nonsense'");
        let before = format!("case_{}", "0".repeat(26));
        scene.who.caller.get(&format!("/v1/triage/cases/{before}")).await.expect(404);
        let outside = world.staff_with(Role::Advocate, vec![Queue::Fraud]).await;
        outside.caller.get(&format!("/v1/triage/cases/{before}")).await.expect(404);
    });
}
