//! Editions whose record and whose folder do not agree: a database from before an announcement, a folder that is gone, a
//! calendar that promised something else. Every command says the same of it, and what is refused has no effect.

use std::fs;

use recourse::error::Error;
use recourse::jobs;
use recourse::statistics::editions::{self, Committed, EditionId};
use serde_json::Value;

use crate::checking::{check, wrong};
use crate::editions::{edition, folder, said};
use crate::harness::editions::{advance_to, build, connect, published, quarter};
use crate::harness::{World, on_both};

/// What the record has of the editions, in order.
async fn record(world: &World) -> Vec<Committed> {
    world.app.read(editions::all).await.unwrap()
}

/// What `check` says is wrong with the editions.
fn flaws(world: &World) -> Vec<String> {
    wrong(&check(world, &[]).1, "problems").into_iter().collect()
}

async fn announce(world: &World, id: EditionId) -> anyhow::Result<EditionId> {
    let committed = jobs::editions::replace(&world.app, id, "A wrong column.".to_owned()).await?;
    Ok(committed.entry.edition)
}

/// What a refusal says.
fn words(error: &anyhow::Error) -> String {
    match error.downcast_ref() {
        Some(Error::Invalid(violations)) => {
            violations.named.iter().map(|violation| recourse::words::rule(&violation.rule).into_owned()).collect()
        }
        _ => error.to_string(),
    }
}

/// The words with which each of the commands that change something is refused; nothing may have changed.
async fn refused_by_all(world: &World, id: EditionId) -> Vec<String> {
    let before = (record(world).await, attempts(world).await);
    let told = [
        build(world, id).await.unwrap_err(),
        jobs::editions::publish(&world.app, id).await.unwrap_err(),
        announce(world, EditionId::of(id.quarter())).await.unwrap_err(),
    ];
    let told: Vec<String> = told.iter().map(words).collect();
    assert_eq!((record(world).await, attempts(world).await), before, "{told:?}");
    told
}

async fn attempts(world: &World) -> i64 {
    use diesel::prelude::*;
    use recourse::db::schema::edition_builds;
    let count = world.app.read(|rx| Ok(edition_builds::table.count().get_result(rx.conn())?));
    count.await.unwrap()
}

#[test]
fn a_replacement_that_an_older_database_does_not_know_is_noted_as_it_was_announced() {
    on_both(|world| async move {
        let ids = connect(&world, 2).await;
        let id = published(&world, &ids, 200).await;
        jobs::editions::commit_due(&world.app).await.unwrap();
        let next = announce(&world, id).await.unwrap();
        let announced = record(&world).await;
        let calendar = world.dir().join("editions/calendar.json");
        let promised = fs::read(&calendar).unwrap();
        world.pass(3 * 24 * 3_600);
        world.tamper(&format!("DELETE FROM editions WHERE id = '{next}'"));
        assert_eq!(flaws(&world), ["editions replacement_unrecorded"]);
        // Announced anew it would be another promise, with another day.
        let told = words(&announce(&world, id).await.unwrap_err());
        assert!(told.contains("announced already"), "{told}");
        assert_eq!((record(&world).await, fs::read(&calendar).unwrap()), (announced.clone(), promised.clone()));
        assert_eq!(flaws(&world), [""; 0]);
        world.tamper(&format!("DELETE FROM editions WHERE id = '{next}'"));
        jobs::once(&world.app, "editions").await.unwrap();
        assert_eq!(record(&world).await, announced);
        build(&world, next).await.unwrap();
        advance_to(&world, announced.iter().find(|one| one.entry.edition == next).unwrap().entry.release_at);
        jobs::editions::publish(&world.app, next).await.unwrap();
        assert_eq!(flaws(&world), [""; 0]);
        assert_eq!(fs::read(&calendar).unwrap(), promised);
    });
}

#[test]
fn a_calendar_that_promised_something_else_stops_all_before_anything_is_written_and_readiness_says_so() {
    on_both(|world| async move {
        let ids = connect(&world, 2).await;
        let id = published(&world, &ids, 200).await;
        jobs::once(&world.app, "editions").await.unwrap();
        let reasons = async || {
            world.pass(3);
            world.caller("").get("/readyz").await.expect(200).json()["reasons"].to_string()
        };
        assert!(!reasons().await.contains("editions_stuck"));
        let calendar = world.dir().join("editions/calendar.json");
        let kept = fs::read_to_string(&calendar).unwrap();
        let mut told: Value = serde_json::from_str(&kept).unwrap();
        told["editions"][1]["key_commitment"] = Value::from("0".repeat(64));
        fs::write(&calendar, told.to_string()).unwrap();
        for words in refused_by_all(&world, id).await {
            assert!(words.contains("calendar.json has committed to 2027-q1"), "{words}");
        }
        // Nor is a replacement noted that our own secret was not committed to.
        fs::write(&calendar, &kept).unwrap();
        announce(&world, id).await.unwrap();
        let mut told: Value = serde_json::from_str(&fs::read_to_string(&calendar).unwrap()).unwrap();
        world.tamper(&format!("DELETE FROM editions WHERE id = '{id}-r'"));
        let position =
            told["editions"].as_array().unwrap().iter().position(|one| one["edition"] == "2026-q4-r").unwrap();
        for (member, value) in [
            ("key_commitment", Value::from("0".repeat(64))),
            ("release_at", Value::from("2027-02-19T09:30:00Z")),
            ("reason", Value::from("\u{202e}hidden")),
        ] {
            let before = told["editions"][position][member].take();
            told["editions"][position][member] = value;
            fs::write(&calendar, told.to_string()).unwrap();
            for words in refused_by_all(&world, id).await {
                assert!(words.contains("2026-q4-r"), "{member}: {words}");
            }
            told["editions"][position][member] = before;
        }
        told["editions"][position]["key_commitment"] = Value::from("0".repeat(64));
        fs::write(&calendar, told.to_string()).unwrap();
        assert!(jobs::once(&world.app, "editions").await.is_err());
        assert!(reasons().await.contains("editions_stuck"));
        fs::write(&calendar, &kept).unwrap();
        jobs::once(&world.app, "editions").await.unwrap();
        assert!(!reasons().await.contains("editions_stuck"));
    });
}

/// What `recourse edition list` says of an edition.
fn listed(world: &World, id: EditionId) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_recourse"));
    command.args(["edition", "list", "--data"]).arg(world.dir()).current_dir(world.dir());
    if let Some(url) = &world.config.database_url {
        command.env("RECOURSE_DATABASE_URL", url.expose());
    }
    let text = said(&command.output().unwrap());
    text.lines().find_map(|line| line.strip_prefix(&format!("{id}: "))).unwrap_or(&text).to_owned()
}

#[test]
fn an_edition_that_is_gone_or_damaged_is_told_alike_by_every_command() {
    on_both(|world| async move {
        let ids = connect(&world, 2).await;
        let id = published(&world, &ids, 200).await;
        jobs::editions::commit_due(&world.app).await.unwrap();
        assert_eq!(listed(&world, id), "published");
        let aside = world.dir().join("aside");
        fs::rename(folder(&world, id), &aside).unwrap();
        for words in refused_by_all(&world, id).await.into_iter().chain([listed(&world, id)]) {
            assert!(words.contains("put it back from a backup"), "{words}");
        }
        // What three commands at once once left behind: an empty folder.
        fs::create_dir(folder(&world, id)).unwrap();
        for words in refused_by_all(&world, id).await.into_iter().chain([listed(&world, id)]) {
            assert!(words.contains("from a backup of the folder"), "{words}");
        }
        fs::remove_dir(folder(&world, id)).unwrap();
        fs::rename(&aside, folder(&world, id)).unwrap();
        // A bundle of something else stands in nobody's way for good, and nothing that is published is built again.
        let bundle = world.app.editions().bundle(id);
        let kept = fs::read(&bundle).unwrap();
        fs::write(&bundle, "{}").unwrap();
        let told = jobs::editions::publish(&world.app, id).await.unwrap_err().to_string();
        assert!(told.contains("the edition itself stands") && !told.contains("build it again"), "{told}");
        fs::write(&bundle, kept).unwrap();
        world.tamper(&format!("UPDATE editions SET published_at = NULL WHERE id = '{id}'"));
        let next = format!("recourse edition publish {id}");
        for words in [listed(&world, id), build(&world, id).await.unwrap_err().to_string()] {
            assert!(words.contains(&next), "{words}");
        }
    });
}

#[test]
fn the_first_quarter_of_a_year_says_what_it_waits_for() {
    on_both(|world| async move {
        jobs::editions::commit_due(&world.app).await.unwrap();
        advance_to(&world, quarter().until());
        let waits = jobs::editions::commit_due(&world.app).await.unwrap().unwrap();
        assert_eq!(waits.edition, EditionId::of(quarter()));
        assert_eq!(record(&world).await.len(), 1);
    });
}

/// One added file is one flaw: the editions after it are not blamed for it, and an auditor's comparison finds it.
#[test]
fn an_added_file_is_found_and_nothing_else_is_blamed_for_it() {
    on_both(|world| async move {
        let ids = connect(&world, 2).await;
        let mut all = Vec::new();
        for _ in 0..3 {
            all.push(published(&world, &ids, 200).await);
        }
        let (place, key) = (world.dir().join("editions"), jobs::editions::key(&world.app));
        fs::write(folder(&world, all[0]).join("more.csv"), "a").unwrap();
        let places = |flaws: Vec<editions::Flaw>| flaws.into_iter().map(|flaw| flaw.place).collect::<Vec<_>>();
        let (_, flaws) = editions::verify(&place, &key).unwrap();
        assert_eq!(places(flaws), [format!("{}/more.csv", all[0])]);
        let bundle = world.app.editions().bundle(all[0]);
        let compare =
            || edition(&["rebuild", bundle.to_str().unwrap(), "--compare", folder(&world, all[0]).to_str().unwrap()]);
        let found = compare();
        assert_eq!(found.status.code(), Some(1));
        assert!(said(&found).contains("does not belong to it: more.csv"), "{}", said(&found));
        fs::remove_file(folder(&world, all[0]).join("more.csv")).unwrap();
        assert!(compare().status.success());
        // One that is taken out is missed by the one after it, and by no other.
        fs::rename(folder(&world, all[0]), world.dir().join("aside")).unwrap();
        let (_, flaws) = editions::verify(&place, &key).unwrap();
        assert_eq!(places(flaws), [format!("{}/manifest.json", all[1])]);
        // So is one that is slipped in beside another.
        let copy = world.dir().join("editions/2020-q1");
        fs::create_dir(&copy).unwrap();
        let (_, flaws) = editions::verify(&place, &key).unwrap();
        assert_eq!(places(flaws).len(), 2);
    });
}
