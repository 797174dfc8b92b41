//! A database server that speaks German: what it says is never read, so every kind of trouble is answered as it is in
//! English. And connections that were ended while nobody used them cost nobody an answer.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use futures_util::future::join_all;
use recourse::base::secret::Sensitive;
use recourse::config::Config;
use recourse::db::AnyConnection;
use recourse::error::Error;
use serde_json::Value;

use crate::harness::TEST;
use crate::harness::client::{Answer, new_key, small};
use crate::harness::postgres::{Cluster, german_cluster};
use crate::harness::{Database, World, databases, on_both};

/// A connection of somebody else, by the superuser.
fn beside(world: &World) -> PgConnection {
    PgConnection::establish(world.config.database_url.as_ref().unwrap().expose()).unwrap()
}

/// Ends every connection of the world's service, as an administrator or a restart does.
fn end_connections(world: &World) {
    #[derive(QueryableByName)]
    struct Ended {
        #[diesel(sql_type = Bool)]
        ended: bool,
    }
    let all = "SELECT pg_terminate_backend(pid, 5000) AS ended FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended: Vec<Ended> = diesel::sql_query(all).load(&mut beside(world)).unwrap();
    assert!(!ended.is_empty() && ended.iter().all(|row| row.ended));
}

/// A world on a German server, and as somebody who is no superuser: their language is not theirs to choose.
async fn german_world(cluster: &Cluster) -> World {
    let mut owner = PgConnection::establish(&cluster.url("postgres")).unwrap();
    owner.batch_execute("CREATE ROLE recourse LOGIN; ALTER SCHEMA public OWNER TO recourse").unwrap();
    let refused = owner.batch_execute("SELEC").unwrap_err().to_string();
    assert!(refused.contains("Syntaxfehler"), "this server does not speak German: {refused}");
    let url = cluster.url("postgres").replace("postgres@", "recourse@");
    let settings = |config: &mut Config| {
        config.database_url = Some(Sensitive::new(url.clone()));
        config.postgres_connections = 6;
    };
    World::begin(Database::Postgres, &settings).await
}

/// What becomes of a statement that fails in a transaction: its answer as a word.
async fn fate(world: &World, statement: &str) -> &'static str {
    let statement = statement.to_owned();
    let done = world.app.write(TEST, move |tx| match tx.conn() {
        AnyConnection::Postgres(conn) => Ok(conn.batch_execute(&statement)?),
        AnyConnection::Sqlite(_) => Ok(()),
    });
    match done.await {
        Ok(()) => "done",
        Err(Error::Unavailable(_)) => "unavailable",
        Err(_) => "fault",
    }
}

#[test]
fn a_german_server_is_understood_as_an_english_one_is() {
    let Some(cluster) = german_cluster() else { return };
    actix_web::rt::System::new().block_on(async {
        let world = german_world(&cluster).await;
        let spark = world.platform("spark").await.caller;
        // Faults of ours, and a rule of the database: nothing that passes.
        for fault in ["SELEC", "SELECT nothing_such FROM cases", "SELECT * FROM nothing_such", "SELECT no_such(1)"] {
            assert_eq!(fate(&world, fault).await, "fault", "{fault}");
        }
        let twice = "INSERT INTO keyrings SELECT id, created_at FROM keyrings";
        assert_eq!(fate(&world, twice).await, "fault", "a broken constraint");
        // What passes: too slow, ended by the administrator, read only, no room.
        let passing = [
            "SET LOCAL statement_timeout = 20; SELECT pg_sleep(5)",
            "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(5)",
            "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(5)",
            "SET TRANSACTION READ ONLY; DELETE FROM shifts",
            "DO $$ BEGIN RAISE SQLSTATE '53100'; END $$",
            "DO $$ BEGIN RAISE SQLSTATE '53200'; END $$",
            "DO $$ BEGIN RAISE SQLSTATE '57P03'; END $$",
            "DO $$ BEGIN RAISE SQLSTATE '58030'; END $$",
            "DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$",
        ];
        for trouble in passing {
            assert_eq!(fate(&world, trouble).await, "unavailable", "{trouble}");
        }
        // Tables that somebody keeps locked, over HTTP: what reads waits in vain, and what writes cannot take its key.
        let mut other = PgConnection::establish(&cluster.url("postgres")).unwrap();
        other.batch_execute("BEGIN; LOCK TABLE reports, idempotency IN ACCESS EXCLUSIVE MODE").unwrap();
        let (key, body) = (new_key(), small("G-1"));
        let post = spark.post_with("/v1/reports", &key, None, &body);
        let (locked, taken) = futures_util::join!(spark.get("/v1/reports"), post);
        let told = |answer: &Answer| (answer.status, answer.code(), answer.header("retry-after"));
        assert_eq!(told(&locked), (503, "unavailable".to_owned(), "1".to_owned()), "{}", locked.text);
        assert_eq!(told(&taken), (409, "in_flight".to_owned(), "1".to_owned()), "{}", taken.text);
        other.batch_execute("ROLLBACK").unwrap();
        spark.post_with("/v1/reports", &key, None, &body).await.expect(201);
        deadlock(&world).await;
    });
}

/// Two transactions that wait for each other crosswise: the server ends one, which then may come again.
async fn deadlock(world: &World) {
    let crosswise = |first: &'static str, second: &'static str| {
        world.app.write(TEST, move |tx| {
            for lock in [first, second] {
                if let AnyConnection::Postgres(conn) = tx.conn() {
                    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtext($1))")
                        .bind::<Text, _>(lock)
                        .execute(conn)?;
                    // Long enough for the other to have its first lock, too.
                    conn.batch_execute("SELECT pg_sleep(0.2)")?;
                }
            }
            Ok(())
        })
    };
    let (one, other) = futures_util::join!(crosswise("a", "b"), crosswise("b", "a"));
    let ended: Vec<_> = [one, other].into_iter().filter_map(Result::err).collect();
    assert!(matches!(ended[..], [Error::Unavailable(_)]), "{ended:?}");
}

#[test]
fn a_statement_that_cannot_be_understood_is_our_fault_on_both() {
    on_both(|world| async move {
        for statement in ["SELEC", "DELETE FROM nothing_such"] {
            let done = world.app.write(TEST, move |tx| match tx.conn() {
                AnyConnection::Sqlite(conn) => Ok(conn.batch_execute(statement)?),
                AnyConnection::Postgres(conn) => Ok(conn.batch_execute(statement)?),
            });
            let answer = done.await;
            assert!(matches!(answer, Err(Error::Internal(_))), "{statement}: {answer:?}");
        }
    });
}

#[test]
fn connections_that_were_ended_cost_nobody_an_answer() {
    if !databases().contains(&Database::Postgres) {
        return;
    }
    actix_web::rt::System::new().block_on(async {
        let world = World::begin(Database::Postgres, &|config| config.postgres_connections = 12).await;
        costs_no_answer(&world).await;
        if let Some(cluster) = german_cluster() {
            costs_no_answer(&german_world(&cluster).await).await;
        }
    });
}

async fn costs_no_answer(world: &World) {
    let spark = world.platform("spark").await.caller;
    let mut bodies = (0..).map(|n| small(&format!("E-{n}")));
    for round in 0..3 {
        // Many at once, so that the pool is full.
        let many: Vec<Value> = bodies.by_ref().take(24).collect();
        let all = join_all(many.iter().map(|body| spark.post("/v1/reports", body))).await;
        assert!(all.iter().all(|answer| answer.status == 201), "round {round}");
        end_connections(world);
        if round == 1 {
            // One after the other.
            for body in bodies.by_ref().take(14) {
                spark.post("/v1/reports", &body).await.expect(201);
                spark.get("/v1/reports").await.expect(200);
            }
        }
    }
    spark.get("/readyz").await.expect(200);
}
