//! What happened in a case: its record and its notes as one.

use recourse::base::id::CaseId;
use recourse::base::secret::Sensitive;
use recourse::db::Share;
use recourse::domain::access::Sight;
use recourse::domain::casefile::timeline::{self, Part};
use recourse::domain::casework::colleagues;
use recourse::domain::desk;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::unit::{Entry, Look};
use recourse::error::Error;
use serde_json::{Value, json};

use crate::harness::client::{Staff, full, small};
use crate::harness::{TEST, World, on_both};
use crate::turned_away::{listen, statements};
use crate::walls::walled;

async fn page(who: &Staff, case: &str, query: &str) -> Value {
    who.caller.get(&format!("/v1/triage/cases/{case}/timeline{query}")).await.expect(200).json()
}

fn kinds(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
}

/// All pages of what happened.
async fn whole(who: &Staff, case: &str) -> Vec<Value> {
    let (mut all, mut query) = (Vec::new(), String::new());
    loop {
        let page = page(who, case, &query).await;
        all.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { return all };
        query = format!("?cursor={next}");
    }
}

async fn case(world: &World) -> (Staff, String) {
    let spark = world.platform("spark").await;
    spark.submit(&small("T-1")).await;
    let lead = world.staff(Role::Lead).await;
    let case = lead.case_of("T-1").await;
    (lead, case)
}

#[test]
fn the_record_and_the_notes_are_one_list_with_names_and_the_newest_first() {
    on_both(|world| async move {
        let (lead, case) = case(&world).await;
        let other = world.staff(Role::Advocate).await;
        lead.take(&case).await;
        world.pass(1);
        lead.act(&case, "notes", &json!({"text": "She is with her sister."})).await.expect(201);
        lead.act_seen(&case, "assign", &json!({"staff_id": other.id})).await.expect(200);
        let all = page(&lead, &case, "").await;
        let told = kinds(&all);
        assert_eq!(told[..3], ["assigned", "case_read", "note_written"], "{told:?}");
        assert_eq!(told.last().map(String::as_str), Some("case_opened"));
        let note = &all["data"][2];
        assert_eq!(note["note"]["text"], "She is with her sister.");
        assert_eq!(note["who"], json!({"kind": "staff", "staff_id": lead.id, "username": lead.username}));
        assert_eq!(told.iter().filter(|kind| *kind == "note_written").count(), 1, "a note and its event are one");
        assert_eq!(all["data"][0]["details"]["to"], json!(other.id));
        assert_eq!(all["colleagues"][&other.id], json!(other.username));
        assert_eq!(all["data"].as_array().unwrap().last().unwrap()["who"], json!({"kind": "platform"}));
        assert_eq!((&all["damaged"], &all["next_cursor"]), (&json!(false), &Value::Null));
        // The look itself is a reading on record.
        let again = page(&lead, &case, "").await;
        assert_eq!(
            (&kinds(&again)[0], &again["data"][0]["details"]["content"]),
            (&"case_read".to_owned(), &json!(true))
        );
        assert_eq!(again["seen"].as_i64().unwrap(), all["seen"].as_i64().unwrap() + 1);
    });
}

#[test]
fn auditors_see_that_a_note_was_written_and_no_word_of_it() {
    on_both(|world| async move {
        let (lead, case) = case(&world).await;
        lead.act(&case, "notes", &json!({"text": "She is with her sister."})).await.expect(201);
        let auditor = world.staff(Role::Auditor).await;
        let answer = auditor.caller.get(&format!("/v1/triage/cases/{case}/timeline")).await.expect(200);
        assert!(kinds(&answer.json()).contains(&"note_written".to_owned()));
        assert!(!answer.text.contains("sister"), "{}", answer.text);
        let newest = page(&lead, &case, "").await;
        assert_eq!(newest["data"][0]["details"], json!({"role": "auditor", "content": false, "part": "timeline"}));
    });
}

#[test]
fn a_look_at_what_happened_is_no_reading_of_what_she_said() {
    on_both(|world| async move {
        let (lead, case) = case(&world).await;
        lead.act(&case, "claim", &json!({})).await.expect(200);
        page(&lead, &case, "").await;
        page(&lead, &case, "?since=0").await;
        let version = lead.caller.get("/v1/triage/cases?assigned_to=me").await.json()["data"][0].clone();
        assert_eq!(version["read_at"], Value::Null);
        let tag = format!("\"{}\"", version["version"]);
        let close = json!({"outcome": "supported_elsewhere", "reason": "She has help."});
        let path = format!("/v1/triage/cases/{case}/decision");
        let refused = lead.caller.post_with(&path, &crate::harness::client::new_key(), Some(&tag), &close).await;
        assert_eq!(refused.expect(409).code(), "unread");
    });
}

#[test]
fn what_happened_since_a_number_is_told_without_readings() {
    on_both(|world| async move {
        let (lead, case) = case(&world).await;
        let seen = page(&lead, &case, "").await["seen"].clone();
        lead.case(&case).await;
        assert_eq!(kinds(&page(&lead, &case, &format!("?since={seen}")).await), Vec::<String>::new());
        lead.act(&case, "claim", &json!({})).await.expect(200);
        lead.act(&case, "notes", &json!({"text": "Called."})).await.expect(201);
        let since = page(&lead, &case, &format!("?since={seen}")).await;
        assert_eq!(kinds(&since), ["note_written", "claimed"]);
        assert_eq!(since["data"][0]["note"], Value::Null);
        assert_eq!(since["data"][0]["who"]["username"], json!(lead.username));
        for _ in 0..60 {
            lead.act(&case, "notes", &json!({"text": "Again."})).await.expect(201);
        }
        assert_eq!(kinds(&page(&lead, &case, &format!("?since={seen}")).await).len(), 50);
        let other = small("T-2");
        world.platform("spark").await.submit(&other).await;
        let second = lead.case_of("T-2").await;
        let cursor = page(&lead, &case, "").await["next_cursor"].as_str().unwrap().to_owned();
        lead.caller.get(&format!("/v1/triage/cases/{second}/timeline?cursor={cursor}")).await.expect(400);
    });
}

#[test]
fn nobody_reads_of_a_wall_or_of_a_case_that_they_must_not_know_of() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&full("T-1")).await;
        spark.submit(&small("T-2")).await;
        let safe = world.staff(Role::SafeguardingLead).await;
        let advocate = world.staff(Role::Advocate).await;
        let who = walled(&world, Role::Advocate).await;
        let (behind, open) = (safe.case_of("T-1").await, safe.case_of("T-2").await);
        who.caller.get(&format!("/v1/triage/cases/{behind}")).await.expect(404);
        safe.act(&open, "links", &json!({"case_id": behind})).await.expect(200);
        world.run_jobs().await;
        assert!(kinds(&page(&safe, &behind, "").await).contains(&"wall_met".to_owned()));
        let answer = advocate.caller.get(&format!("/v1/triage/cases/{behind}/timeline")).await.expect(200);
        assert!(!answer.text.contains("wall") && !answer.text.contains(&who.id), "{}", answer.text);
        // The link is in the one's record for those who may know of the other.
        assert!(kinds(&page(&advocate, &open, "").await).contains(&"case_linked".to_owned()));
        let answer = who.caller.get(&format!("/v1/triage/cases/{open}/timeline")).await.expect(200);
        assert!(!answer.text.contains("case_linked") && !answer.text.contains(&behind), "{}", answer.text);
        who.caller.get(&format!("/v1/triage/cases/{behind}/timeline")).await.expect(404);
    });
}

#[test]
fn an_event_or_a_note_that_cannot_be_read_hides_no_other() {
    on_both(|world| async move {
        let (lead, case) = case(&world).await;
        for n in 0..3 {
            lead.act(&case, "notes", &json!({"text": format!("Note {n}.")})).await.expect(201);
        }
        let before = kinds(&page(&lead, &case, "").await);
        let newest = |column: &str| format!("SELECT {column} FROM notes ORDER BY at DESC, id DESC LIMIT 1");
        world.tamper(&format!("UPDATE notes SET body = substr(body, 1, 20) WHERE id = ({})", newest("id")));
        let after = page(&lead, &case, "").await;
        assert_eq!(after["damaged"], json!(true));
        assert_eq!(kinds(&after)[1..], before[..], "that it was written is told");
        let notes = |page: &Value| page["data"].as_array().unwrap().iter().filter(|e| !e["note"].is_null()).count();
        assert_eq!(notes(&after), 2);
        world
            .tamper(&format!("UPDATE audit_events SET details = '{{' WHERE kind = 'case_opened' AND chain = '{case}'"));
        let after = page(&lead, &case, "").await;
        assert_eq!((&after["damaged"], kinds(&after).contains(&"case_opened".to_owned())), (&json!(true), false));
        assert_eq!(kinds(&after).len(), before.len() + 1);
    });
}

#[test]
fn each_page_of_a_long_record_takes_the_same_statements() {
    listen();
    on_both(|world| async move {
        let (lead, case) = case(&world).await;
        for n in 0..70 {
            lead.act(&case, "notes", &json!({"text": format!("Note {n}.")})).await.expect(201);
        }
        let all = whole(&lead, &case).await;
        let texts = all.iter().filter(|entry| !entry["note"].is_null()).count();
        assert_eq!(texts, 70, "each once");
        let first = page(&lead, &case, "").await;
        let cursor = format!("?cursor={}", first["next_cursor"].as_str().unwrap());
        let (of_first, _) = statements(&world, page(&lead, &case, "")).await;
        let (of_second, _) = statements(&world, page(&lead, &case, &cursor)).await;
        // A page behind a cursor asks for the record's end besides, and no page for more than another.
        assert_eq!(of_first.len() + 1, of_second.len(), "{of_first:#?} {of_second:#?}");
    });
}

#[test]
fn nobody_reads_that_a_wall_ended_a_claim_but_those_who_keep_walls() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&full("T-1")).await;
        let (safe, advocate) = (world.staff(Role::SafeguardingLead).await, world.staff(Role::Advocate).await);
        let who = world.staff(Role::Advocate).await;
        let case = safe.case_of("T-1").await;
        who.act(&case, "claim", &json!({})).await.expect(200);
        let (name, number) = (who.username.clone(), Identifier::new(IdentifierKind::Phone, "+44 7700 900 123"));
        world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &number)).await.unwrap();
        let causes = async |reader: &Staff| {
            let page = page(reader, &case, "").await;
            let ended = page["data"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "claim_ended");
            ended.map(|entry| entry["details"]["cause"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(causes(&safe).await, [json!("wall")]);
        assert_eq!(causes(&advocate).await, [Value::Null], "that it ended is told, and not why");
    });
}

#[test]
fn whoever_may_read_no_words_any_more_is_not_shown_those_that_were_read_for_them() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("T-1")).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("T-1").await;
        lead.take(&case).await;
        lead.act(&case, "notes", &json!({"text": "She rang from a box."})).await.expect(201);
        let id: CaseId = case.parse().unwrap();
        let read_by = async |bearer: Sensitive<String>| {
            let (id, who) = (id.clone(), bearer);
            let read = move |rx: &mut Look<'_>, sight: &Sight| timeline::timeline(rx, sight, &Part::From(None));
            world.app.read(move |rx| desk::shown(rx, &who, &id, read)).await.unwrap()
        };
        let record = async |bearer: Sensitive<String>, view| {
            let (id, who) = (id.clone(), bearer);
            let work = move |entry: &mut Entry<'_>| {
                desk::look(entry, &who, &id, |tx, grant| timeline::record(tx, grant, view)).map(drop)
            };
            world.app.enter(&Share::of("lead"), work).await
        };
        let bearer = || Sensitive::new(lead.caller.token.clone());
        record(bearer(), read_by(bearer()).await).await.unwrap();
        // The page is made, and is not on record yet, when a lead becomes an auditor and signs in again.
        let view = read_by(bearer()).await;
        let name = lead.username.clone();
        world.app.write(TEST, move |tx| colleagues::set_role(tx, &name, Role::Auditor).map(drop)).await.unwrap();
        let auditor = world.signed_in_again(&lead).await;
        let refused = record(Sensitive::new(auditor.caller.token.clone()), view).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        auditor.caller.get(&format!("/v1/triage/cases/{case}/timeline")).await.expect(200);
    });
}
