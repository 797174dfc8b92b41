//! How many rows are touched for somebody who asks for a case that is not there for them, or signs in with a name that is nobody's.
//! PostgreSQL counts for each table and
//! index what is read and written. SQLite counts nothing; it runs the same statements (`turned_away`).

use std::collections::BTreeMap;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use recourse::db::AnyConnection;
use recourse::domain::directory;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use serde_json::{Value, json};

use crate::door::{PASSWORD, Person, sign_in};
use crate::harness::client::{Staff, full};
use crate::harness::operations::{Ids, call, documented, told};
use crate::harness::{TEST, World, on_both, on_both_with};
use crate::partners::ALL;
use crate::referrals::Scene;
use crate::turned_away::{listen, statements};
use crate::walls::walled;

/// What was done with a table or an index since the database began.
#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    scans: i64,
    #[diesel(sql_type = BigInt)]
    rows_read: i64,
    #[diesel(sql_type = BigInt)]
    rows_written: i64,
}

const COUNTS: &str = "
    SELECT relname::text AS name, coalesce(seq_scan, 0) + coalesce(idx_scan, 0) AS scans,
           coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS rows_read,
           n_tup_ins + n_tup_upd + n_tup_del AS rows_written
    FROM pg_stat_user_tables
    UNION ALL
    SELECT indexrelname::text, idx_scan, idx_tup_read, 0 FROM pg_stat_user_indexes";
/// Has a connection tell now what it counted, and not within the next seconds.
const TELL: &str = "SELECT pg_stat_force_next_flush()";

fn tell(conn: &mut AnyConnection) {
    if let AnyConnection::Postgres(conn) = conn {
        conn.batch_execute(TELL).unwrap();
    }
}

fn outside(url: &str) -> PgConnection {
    PgConnection::establish(url).unwrap()
}

/// What the service did so far, by table and index. What every call does to its session and its key is left out.
async fn counted(world: &World, url: &str) -> BTreeMap<String, [i64; 3]> {
    let read = |rx: &mut recourse::domain::unit::Look<'_>| {
        tell(rx.conn());
        Ok(())
    };
    world.app.read(read).await.unwrap();
    let write = |tx: &mut recourse::domain::unit::Unit<'_>| {
        tell(tx.conn());
        Ok(())
    };
    world.app.write(TEST, write).await.unwrap();
    let rows: Vec<Counted> = diesel::sql_query(COUNTS).load(&mut outside(url)).unwrap();
    let of_calls = |name: &str| name.starts_with("staff_sessions") || name.starts_with("idempotency");
    rows.into_iter()
        .filter(|row| !of_calls(&row.name))
        .map(|row| (row.name, [row.scans, row.rows_read, row.rows_written]))
        .collect()
}

/// What is touched by something that is done, where anything is.
pub(crate) async fn touched<T>(
    world: &World,
    url: &str,
    done: impl Future<Output = T>,
) -> (BTreeMap<String, [i64; 3]>, T) {
    outside(url).batch_execute(&format!("TRUNCATE turned_away; {TELL}")).unwrap();
    let before = counted(world, url).await;
    let answer = done.await;
    let mut after = counted(world, url).await;
    for (name, counts) in &mut after {
        let was = before.get(name).copied().unwrap_or_default();
        *counts = [counts[0] - was[0], counts[1] - was[1], counts[2] - was[2]];
    }
    after.retain(|_, counts| *counts != [0; 3]);
    (after, answer)
}

/// A report of as many names as every other one.
fn report(n: usize) -> Value {
    let mut body = full(&format!("SPK-{n}"));
    body["reporter"]["platform_account_ref"] = json!(format!("reporter-{n}"));
    body["subject"]["platform_account_ref"] = json!(format!("subject-{n}"));
    if n > 0 {
        body["subject"]["identifiers"][0]["value"] = json!(format!("+4477009001{n:02}"));
    }
    body
}

/// Who is walled from the first case, that case, and one in a queue that they do not see: among others of the same size.
async fn scene(world: &World, url: &str) -> (Staff, String, String) {
    let spark = world.platform("spark").await;
    let lead = world.staff(Role::SafeguardingLead).await;
    for n in 0..12 {
        let mut body = report(n);
        if n == 1 {
            body["reporter"]["age_band"] = json!("under_18");
        }
        spark.submit(&body).await;
    }
    let (behind, elsewhere) = (lead.case_of("SPK-0").await, lead.case_of("SPK-1").await);
    let who = walled(world, Role::Advocate).await;
    for id in [&behind, &elsewhere] {
        who.caller.get(&format!("/v1/triage/cases/{id}")).await.expect(404);
    }
    // No row that was replaced lies about any more, which a scan would count once.
    outside(url).batch_execute("VACUUM (FREEZE, ANALYZE)").unwrap();
    (who, behind, elsewhere)
}

/// Rows are found by their indexes, and one connection counts them.
fn by_index(config: &mut recourse::config::Config) {
    // One connection: another would tell later what it did before.
    config.postgres_connections = 1;
    // A few rows are read whole; as many as there are in real life are found by their indexes.
    if let Some(url) = &config.database_url {
        let mut conn = outside(url.expose());
        let name: String =
            diesel::select(diesel::dsl::sql::<Text>("current_database()")).get_result(&mut conn).unwrap();
        // One plan for all values: who plans anew looks at the ends of an index where a value lies near them.
        for setting in ["enable_seqscan = off", "plan_cache_mode = force_generic_plan"] {
            conn.batch_execute(&format!("ALTER DATABASE {name} SET {setting}")).unwrap();
        }
    }
}

#[test]
fn the_same_rows_are_touched_whatever_is_hidden() {
    on_both_with(by_index, |world| async move {
        let Some(url) = world.config.database_url.as_ref().map(|url| url.expose().clone()) else { return };
        let (who, behind, elsewhere) = scene(&world, &url).await;
        let nowhere = [
            format!("case_{}", "0".repeat(26)),
            format!("case_3{}", "g".repeat(25)),
            format!("case_7{}", "z".repeat(25)),
        ];
        let mut compared = 0;
        for operation in documented().iter().filter(|o| o.path.starts_with("/v1/triage/cases/{id}")) {
            let ids = |id: &str| Ids { id: id.to_owned(), ..Ids::missing(operation) };
            let ask = async |id: &str| touched(&world, &url, call(&who.caller, operation, &ids(id))).await;
            // Planned once for each connection.
            ask(&behind).await;
            let (wanted, none) = ask(&behind).await;
            assert!(wanted["cases"][1] > 0 && wanted["blind_indexes_pkey"][1] > 0, "{operation:?}: {wanted:#?}");
            assert!(wanted["turned_away"][2] > 0, "{operation:?}: {wanted:#?}");
            for id in nowhere.iter().chain([&elsewhere]) {
                let (did, answer) = ask(id).await;
                assert_eq!(told(&answer), told(&none), "{operation:?} {id}");
                assert_eq!(did, wanted, "{operation:?} {id}");
            }
            compared += 1;
        }
        assert!(compared >= 13, "the document has lost its operations on cases");
    });
}

/// Each statement as its verb and the table that it is of.
fn verbs(all: &[String]) -> Vec<String> {
    let short = |text: &String| {
        let plain = text.replace(['`', '"'], " ");
        let words: Vec<&str> = plain.split_whitespace().collect();
        let of = words.iter().position(|word| matches!(*word, "FROM" | "INTO" | "UPDATE")).map(|at| words[at + 1]);
        format!("{} {}", words[0], of.unwrap_or_default())
    };
    all.iter().map(short).collect()
}

#[test]
fn a_name_makes_as_much_work_as_one_that_is_nobodys() {
    listen();
    on_both(|world| async move {
        let amina = Person::new(&world, "amina", Role::Advocate).await;
        let url = world.config.database_url.as_ref().map(|url| url.expose().clone());
        let wrong = amina.wrong(&world);
        let attempt = |name: &str, password: &str| {
            let body = json!({"username": name, "password": password, "code": wrong});
            let world = &world;
            async move { sign_in(world, &body).await.expect(401) }
        };
        // What is done once for each connection has been done, and both have been refused before.
        for name in ["amina", "anina"] {
            attempt(name, "not this one").await;
        }
        let (wanted, none) = statements(&world, attempt("anina", "not this one")).await;
        assert!(wanted.len() > 5, "{wanted:#?}");
        for password in ["not this one", PASSWORD] {
            let (ran, answer) = statements(&world, attempt("amina", password)).await;
            assert_eq!(told(&answer), told(&none));
            assert_eq!(verbs(&ran), verbs(&wanted));
        }
        let Some(url) = url else { return };
        let written = |all: BTreeMap<String, [i64; 3]>| -> BTreeMap<String, i64> {
            all.into_iter().map(|(name, counts)| (name, counts[2])).filter(|(_, count)| *count != 0).collect()
        };
        let (wanted, _) = touched(&world, &url, attempt("anina", "not this one")).await;
        for password in ["not this one", PASSWORD] {
            let (did, _) = touched(&world, &url, attempt("amina", password)).await;
            assert_eq!(written(did), written(wanted.clone()));
        }
    });
}

#[test]
fn a_service_touches_the_same_rows_whatever_is_hidden_from_it() {
    on_both_with(by_index, |world| async move {
        let Some(url) = world.config.database_url.as_ref().map(|url| url.expose().clone()) else { return };
        let scene = Scene::set(&world).await;
        let (harbour, lantern) =
            (world.partner("harbour", Mode::Live, ALL).await, world.partner("lantern", Mode::Live, ALL).await);
        let mut sent = Vec::new();
        for _ in 0..6 {
            sent.push(scene.sent(&world, "harbour", &[]).await.0);
        }
        // Declared by both, of nobody in the case: as much is looked up for each.
        for slug in ["harbour", "lantern"] {
            let declare = move |tx: &mut recourse::domain::unit::Unit<'_>| {
                directory::declare(tx, slug, &Identifier::new(IdentifierKind::Phone, "+447700900777"))
            };
            world.app.write(TEST, declare).await.unwrap();
        }
        outside(&url).batch_execute("VACUUM (FREEZE, ANALYZE)").unwrap();
        let nowhere = ["0".repeat(26), format!("3{}", "g".repeat(25)), format!("7{}", "z".repeat(25))];
        for answer in ["", "/accept", "/decline", "/contacted", "/unable-to-contact", "/close", "/acknowledge"] {
            let ask = async |id: &str| {
                let path = format!("/v1/partner/referrals/{id}{answer}");
                let asked = async {
                    let body = json!({"reason": "other", "words": "x", "outcome": "supported"});
                    if answer.is_empty() {
                        lantern.caller.get(&path).await
                    } else {
                        lantern.caller.post(&path, &body).await
                    }
                };
                touched(&world, &url, asked).await
            };
            // Planned once for each connection.
            ask(&sent[0]).await;
            let (wanted, none) = ask(&sent[0]).await;
            assert_eq!(none.status, 404, "{answer}: {}", none.text);
            assert!(wanted["referrals"][1] > 0 && wanted["cases"][1] > 0, "{answer}: {wanted:#?}");
            for id in sent.iter().skip(1).cloned().chain(nowhere.iter().map(|id| format!("ref_{id}"))) {
                let (did, other) = ask(&id).await;
                assert_eq!(told(&other), told(&none), "{answer} {id}");
                assert_eq!(did, wanted, "{answer} {id}");
            }
        }
        harbour.read(&sent[0]).await.expect(200);
    });
}
