//! What the rooms state of their tables is what `recourse check` looks at: every sealed value and every reference is broken,
//! and found; and no column holds ids of rows unless that is stated.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use recourse::base::id::is_base32;
use recourse::db::AnyConnection;
use recourse::domain::counting::Quarter;
use recourse::domain::ledger::audit;
use recourse::domain::people::partners::PartnerScope;
use recourse::domain::people::staff::{self, Role};
use recourse::domain::unit::Look;
use recourse::domain::vault::stated::{Holds, Table};
use recourse::domain::watch::soundness::{self, Finding};
use recourse::error::Result;
use recourse::statistics::editions::{self, EditionId};
use recourse::statistics::sound;

use serde_json::{Value, json};

use crate::harness::client::{Staff, full, new_key};
use crate::harness::receiver::{Manner, Receiver};
use crate::harness::{TEST, World, on_both_with};
use crate::unsound::full_of_life;
use crate::webhooks::{endpoint, over_loopback};

/// The columns of one kind: each with its table.
fn columns(kind: impl Fn(&Holds) -> bool) -> Vec<(&'static Table, &'static str)> {
    let tables = sound::tables().into_iter();
    let of = |table: &'static Table| table.columns.iter().map(move |(column, holds)| (table, *column, holds));
    tables.flat_map(of).filter(|(_, _, holds)| kind(holds)).map(|(table, column, _)| (table, column)).collect()
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Text)]
    words: String,
}

fn load<T>(rx: &mut Look<'_>, statement: &str) -> Vec<T>
where
    T: QueryableByName<diesel::sqlite::Sqlite> + QueryableByName<diesel::pg::Pg> + 'static,
{
    match rx.conn() {
        AnyConnection::Sqlite(conn) => diesel::sql_query(statement).load(conn).unwrap(),
        AnyConnection::Postgres(conn) => diesel::sql_query(statement).load(conn).unwrap(),
    }
}

/// How many rows have something in each of the columns.
async fn filled(world: &World, columns: &[(&'static Table, &'static str)]) -> Vec<i64> {
    let columns = columns.to_vec();
    let count = move |rx: &mut Look<'_>| {
        let of = |(table, column): &(&Table, &str)| {
            let statement = format!("SELECT count(*) AS count FROM {} WHERE {column} IS NOT NULL", table.name);
            load::<Count>(rx, &statement).first().map_or(0, |row| row.count)
        };
        Ok(columns.iter().map(of).collect())
    };
    world.app.read(count).await.unwrap()
}

/// How many findings of the code each table has.
fn counted(found: &[Finding], code: &str) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for one in found.iter().filter(|one| one.code == code) {
        *counts.entry(one.table).or_default() += 1;
    }
    counts
}

/// The seals of everybody, and of editions.
async fn seals(world: &World) -> Vec<Finding> {
    let store = world.app.editions().clone();
    let look = world.app.read(move |rx| {
        let owners: Vec<String> = audit::heads(rx, "", 1_000)?.into_iter().map(|(id, _)| id).collect();
        let mut counts = BTreeMap::new();
        let mut found = soundness::seals(rx, &sound::tables(), &owners, &mut counts)?;
        found.extend(sound::seals(rx, &store, &mut counts)?);
        Ok(found)
    });
    look.await.unwrap()
}

async fn orphans(world: &World) -> Vec<Finding> {
    world.app.read(|rx| soundness::orphans(rx, &sound::tables())).await.unwrap()
}

/// Commits to the edition of the quarter that runs.
async fn commit(world: &World) -> EditionId {
    let commit = world.app.write(TEST, |tx| {
        let quarter = Quarter::of(tx.now());
        editions::commit(tx, quarter, &BTreeMap::new()).map(|_| EditionId::of(quarter))
    });
    commit.await.unwrap()
}

/// A hand-over that is declined and replaced, of which she is told.
async fn referred(world: &World, lead: &Staff, case: &str, given: &Value) {
    let service = given["service_id"].as_str().unwrap();
    let consent = lead.act(case, "consents", given).await.expect(201).json();
    lead.case(case).await;
    let consent = consent["id"].as_str().unwrap();
    let draft = lead.act(case, "referrals", &crate::referrals::referral(world, service, consent)).await.expect(201);
    let (id, tag) = crate::referrals::tagged(&draft);
    let path = |act: &str| format!("/v1/triage/cases/{case}/referrals/{id}/{act}");
    lead.caller.post_with(&path("send"), &new_key(), Some(&tag), &json!({})).await.expect(200);
    let no = crate::referrals::said(world, "decline", &[("reason", json!("no_capacity"))]);
    let (_, tag) = crate::referrals::tagged(&lead.caller.post(&path("by-phone"), &no).await.expect(200));
    let next = json!({"service_id": service, "label": "the book club"});
    lead.caller.post_with(&path("replace"), &new_key(), Some(&tag), &next).await.expect(200);
    let list = lead.caller.get(&format!("/v1/triage/cases/{case}/referrals")).await.expect(200).json();
    let note = json!({"text": "She rang.", "records": "safe_contact", "channel": "incoming", "tells": [list["to_tell"][0]["id"]]});
    lead.act(case, "notes", &note).await.expect(201);
}

/// A database in which every sealed column and every reference is filled.
async fn full_of_everything(world: &World) {
    let cases = full_of_life(world).await;
    let (spark, lead) = (world.platform("spark").await, world.staff(Role::SafeguardingLead).await);
    let receiver = Receiver::start(Manner::Say(200, "thank you".to_owned())).await;
    endpoint(world, &spark, &receiver, &["report.received"]).await;
    let mut body = full("S-1");
    body["category"] = json!("intimate_image_shared");
    body["intimate_image"] = json!({"is_intimate_image": true, "is_subject_or_agent": true, "good_faith": true, "locator": "their profile", "contact": "via_recourse"});
    let report = spark.submit(&body).await;
    let more = json!({"answers": {"isolated": "yes"}, "identifiers": [{"type": "handle", "value": "@nightowl"}], "mood": "bad"});
    spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
    world.deliver().await;
    let lowering = lead.case(&cases[5]).await.0["pending"][0]["id"].as_str().unwrap().to_owned();
    lead.approve(&cases[5], &lowering).await.expect(200);
    lead.act(&cases[5], "links", &json!({"case_id": cases[4]})).await.expect(200);
    let wishes = json!({"how": "phone", "alone": "yes", "may_contact": true, "channels": [{"type": "portal"}]});
    lead.act_seen(&cases[4], "wishes", &wishes).await.expect(200);
    crate::directory::stand(world, vec![crate::directory::entry("lantern")], &["lantern"]).await;
    world.partner("lantern", recourse::domain::terms::Mode::Live, PartnerScope::ALL).await;
    crate::inbox::Ines::ready(world, "lantern", "lena", true).await;
    let services = lead.caller.get("/v1/triage/services").await.expect(200).json();
    let given = crate::consents::given(services["data"][0]["id"].as_str().unwrap());
    let case = lead.case_of("S-1").await;
    lead.take(&case).await;
    let consent = lead.act(&case, "consents", &given).await.expect(201).json();
    let narrow = json!({"scopes": ["contact"], "asked_how": "phone", "alone": "yes"});
    let path = format!("consents/{}/narrow", consent["id"].as_str().unwrap());
    lead.act(&case, &path, &narrow).await.expect(200);
    referred(world, &lead, &case, &given).await;
    let name = lead.username.clone();
    let mail = world.app.write(TEST, move |tx| staff::set_mail(tx, &name, Some("amina@example.org")));
    mail.await.unwrap();
    let edition = commit(world).await;
    let ([one, other], who) = ([&cases[0], &cases[1]], &lead.id);
    world.tamper(&format!(
        "INSERT INTO unseen_cases (case_id, since, told_at) VALUES ('{one}', 1, 1); \
         INSERT INTO case_keepings (case_id, closed_at) VALUES ('{one}', 1); \
         INSERT INTO audit_ends (chain, seq, hash, ended_at, mac) SELECT id, 1, audit_head, 1, audit_head FROM cases WHERE id = '{one}'; \
         INSERT INTO legal_holds (id, case_id, why, placed_at) VALUES ('hld_00000000000000000000000000', '{one}', 'claim', 1); \
         INSERT INTO case_passes (staff_id, case_id, until) VALUES ('{who}', '{one}', 1); \
         INSERT INTO case_offers (case_id, staff_id, given_by, until) VALUES ('{one}', '{who}', '{who}', 1); \
         INSERT INTO late_matches (case_id, other_id, code, found_at) VALUES ('{one}', '{other}', 'O17', 1); \
         INSERT INTO renewals (rules, after_case, looked_at, failed, begun_at) VALUES (0, '{one}', 1, 0, 1); \
         INSERT INTO replays (id, endpoint_id, types, since, after, until, owed, created_at) SELECT 'rpl_00000000000000000000000000', \
         min(id), '', 1, '', 1, 0, 1 FROM webhook_endpoints; \
         INSERT INTO edition_builds (edition_id, attempt, at, snapshot_commitment) VALUES ('{edition}', 1, 1, '')"
    ));
}

#[test]
fn every_sealed_value_is_tried() {
    on_both_with(over_loopback, |world| async move {
        full_of_everything(&world).await;
        assert_eq!(seals(&world).await, []);
        let sealed = columns(|holds| matches!(holds, Holds::Sealed(_)));
        let rows = filled(&world, &sealed).await;
        let mut wanted = BTreeMap::new();
        for ((table, column), rows) in sealed.iter().zip(rows) {
            assert!(rows > 0, "nothing is sealed in {}.{column}", table.name);
            *wanted.entry(table.name).or_default() += usize::try_from(rows).unwrap();
            // Bytes of the same length as any link: they open nothing.
            world.tamper(&format!(
                "UPDATE {} SET {column} = (SELECT audit_head FROM platforms ORDER BY id LIMIT 1) WHERE {column} IS NOT NULL",
                table.name
            ));
        }
        assert_eq!(counted(&seals(&world).await, "does_not_open"), wanted);
    });
}

#[test]
fn every_reference_is_followed() {
    on_both_with(over_loopback, |world| async move {
        full_of_everything(&world).await;
        assert_eq!(orphans(&world).await, []);
        let refers = columns(|holds| {
            let some = matches!(holds, Holds::Refers(_) | Holds::RefersOr(..) | Holds::RefersToEach(_));
            some || matches!(holds, Holds::Owner | Holds::HasKeys)
        });
        // One row of each table is damaged; two of these would come to be the same.
        world.tamper("DELETE FROM readings WHERE staff_id <> (SELECT min(staff_id) FROM readings)");
        let rows = filled(&world, &refers).await;
        let mut wanted = BTreeMap::new();
        for ((table, column), rows) in refers.iter().zip(rows) {
            assert!(rows > 0, "nothing stands in {}.{column}", table.name);
            *wanted.entry(table.name).or_default() += 1;
            world.tamper(&format!(
                "UPDATE {name} SET {column} = 'gone' WHERE {row} = (SELECT min({row}) FROM {name} WHERE {column} IS NOT NULL)",
                name = table.name,
                row = table.row
            ));
        }
        assert_eq!(counted(&orphans(&world).await, "orphan"), wanted);
    });
}

/// Texts that hold ids, and are not followed. Each says why where it is stated.
const NOT_FOLLOWED: [&str; 7] = [
    "audit_events.details",
    "audit_heads.heads",
    "outbox.payload",
    "events.endpoint_id",
    "idempotency.scope",
    "flows.case_id",
    "turned_away.case_id",
];

#[test]
fn a_text_that_holds_ids_of_rows_is_stated_as_a_reference() {
    on_both_with(over_loopback, |world| async move {
        full_of_everything(&world).await;
        let ids = columns(|holds| matches!(holds, Holds::Id(_)));
        let prefixes: BTreeSet<&str> = ids
            .iter()
            .flat_map(|(table, _)| table.columns)
            .filter_map(|(_, holds)| if let Holds::Id(prefix) = holds { Some(*prefix) } else { None })
            .collect();
        let texts = columns(|holds| matches!(holds, Holds::Text(_) | Holds::Code(_) | Holds::Codes(_)));
        let look = move |rx: &mut Look<'_>| -> Result<Vec<String>> {
            let mut found = Vec::new();
            for (table, column) in texts {
                let statement =
                    format!("SELECT DISTINCT {column} AS words FROM {} WHERE {column} IS NOT NULL", table.name);
                let words: Vec<Words> = load(rx, &statement);
                if words.iter().any(|row| prefixes.iter().any(|prefix| holds_an_id(&row.words, prefix))) {
                    found.push(format!("{}.{column}", table.name));
                }
            }
            Ok(found)
        };
        assert_eq!(world.app.read(look).await.unwrap(), NOT_FOLLOWED);
    });
}

/// Whether an id that begins so stands somewhere in the text.
fn holds_an_id(text: &str, prefix: &str) -> bool {
    let begin = format!("{prefix}_");
    text.match_indices(&begin).any(|(at, _)| {
        let rest = &text[at + begin.len()..];
        rest.get(..26).is_some_and(is_base32)
    })
}

#[test]
fn the_secret_of_a_published_edition_is_not_missed_and_that_of_its_replacement_is() {
    on_both_with(over_loopback, |world| async move {
        let id = commit(&world).await;
        assert_eq!(seals(&world).await, []);
        let publish = world.app.write(TEST, move |tx| {
            let now = tx.now();
            editions::mark_published(tx, id, now)
        });
        publish.await.unwrap();
        assert_eq!(seals(&world).await, [], "its key was destroyed when it was published");
        world.tamper(&format!("DELETE FROM key_wraps WHERE owner = '{}'", id.replacement()));
        let found = seals(&world).await;
        let found: Vec<(&str, &str)> = found.iter().map(|one| (one.code, one.id.as_str())).collect();
        assert_eq!(found, [("key_gone", format!("{} secret", id.replacement()).as_str())]);
    });
}
