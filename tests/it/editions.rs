//! Editions: committed to, built, published, verified, rebuilt and replaced; and what nobody can do to them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use recourse::base::time::Timestamp;
use recourse::domain::counting::{FlowKind, Quarter};
use recourse::domain::people::platforms::Scope;
use recourse::domain::terms::Mode;
use recourse::jobs::editions as jobs;
use recourse::statistics::disclosure::rules;
use recourse::statistics::editions::{self, Bundle, EditionId, Manifest, Span};
use serde_json::Value;

use crate::harness::TEST;
use crate::harness::editions::{
    advance_to, build, bundle_of, cell, connect, count_cases, files, listed, published, quarter,
};
use crate::harness::{World, on_both};

pub(crate) fn folder(world: &World, id: EditionId) -> PathBuf {
    world.app.editions().published(id)
}

fn manifest(world: &World, id: EditionId) -> Manifest {
    serde_json::from_slice(&fs::read(folder(world, id).join("manifest.json")).unwrap()).unwrap()
}

/// `recourse edition …`, as a process of its own without settings.
pub(crate) fn edition(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_recourse")).arg("edition").args(arguments).current_dir("/").output().unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn an_edition_is_committed_to_counted_when_its_quarter_is_over_and_published_on_its_day() {
    on_both(|world| async move {
        let ids = connect(&world, 6).await;
        let id = EditionId::of(quarter());
        let unknown = build(&world, id).await.unwrap_err();
        assert!(unknown.to_string().contains("breaks the contract"), "{unknown}");
        jobs::commit_due(&world.app).await.unwrap();
        jobs::commit_due(&world.app).await.unwrap();
        let committed = world.app.read(move |rx| editions::find(rx, id)).await.unwrap().unwrap();
        let calendar: Value =
            serde_json::from_slice(&fs::read(world.dir().join("editions/calendar.json")).unwrap()).unwrap();
        assert_eq!(calendar["editions"][0]["key_commitment"], committed.entry.key_commitment.as_str());
        assert_eq!(calendar["editions"].as_array().unwrap().len(), 1, "committed to once");
        count_cases(&world, &ids, quarter(), 900).await;
        assert!(build(&world, id).await.is_err(), "its quarter runs");
        advance_to(&world, quarter().until());
        let first = build(&world, id).await.unwrap();
        let staged = world.app.editions().staged(id);
        let before = files(&staged);
        assert!(!folder(&world, id).exists(), "nothing is published by a build");
        // Again, for nicer numbers: the same figures, and the attempt is on record.
        world.pass(60);
        let second = build(&world, id).await.unwrap();
        assert_eq!((first.builds.len(), second.builds.len()), (1, 2));
        assert_eq!(second.builds[0].snapshot_commitment, second.builds[1].snapshot_commitment);
        let after = files(&staged);
        let differ: Vec<&String> = before.keys().filter(|path| before[*path] != after[*path]).collect();
        assert_eq!(differ, ["manifest.json", "manifest.json.sig"]);
        let early = jobs::publish(&world.app, id).await.unwrap_err().to_string();
        assert!(early.contains("the calendar decides"), "{early}");
        advance_to(&world, committed.entry.release_at);
        jobs::publish(&world.app, id).await.unwrap();
        jobs::publish(&world.app, id).await.unwrap();
        assert_eq!(manifest(&world, id).build_attempts.len(), 2);
        assert_eq!(manifest(&world, id).key_commitment, committed.entry.key_commitment);
        assert_eq!(files(&folder(&world, id)).keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        // From now on the auditor alone can take the noise off.
        let gone = world.app.read(move |rx| editions::secret(rx, id)).await;
        assert!(matches!(gone, Err(recourse::error::Error::Erased)), "{gone:?}");
        assert!(build(&world, id).await.is_err());
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &fs::metadata(world.app.editions().bundle(id)).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600, "the bundle is its owner's alone");
    });
}

/// What is published late says so: not the day of the calendar, and not that of the build.
#[test]
fn an_edition_says_when_it_was_published_and_its_figures_do_not_hang_on_it() {
    on_both(|world| async move {
        let ids = connect(&world, 2).await;
        jobs::commit_due(&world.app).await.unwrap();
        count_cases(&world, &ids, quarter(), 300).await;
        let id = EditionId::of(quarter());
        advance_to(&world, quarter().until());
        build(&world, id).await.unwrap();
        let staged = files(&world.app.editions().staged(id));
        advance_to(&world, editions::release_at(rules(), quarter()).plus(std::time::Duration::from_hours(5 * 24)));
        jobs::publish(&world.app, id).await.unwrap();
        let now = world.clock.now();
        assert_eq!(now.to_string(), "2027-02-23T09:30:00.123457Z");
        assert_eq!(manifest(&world, id).published_at, now);
        let found = world.app.read(move |rx| editions::find(rx, id)).await.unwrap().unwrap();
        assert_eq!(found.published_at, Some(now), "the record and the files say the same");
        let published = files(&folder(&world, id));
        let page = String::from_utf8(published["index.html"].clone()).unwrap();
        assert!(page.contains("published 23 February 2027"), "{page}");
        for (path, bytes) in &published {
            let dated = [".html", ".csv-metadata.json", "manifest.json", "manifest.json.sig"];
            assert!(*bytes == staged[path] || dated.iter().any(|end| path.ends_with(end)), "{path}");
        }
        let bundle = world.app.editions().bundle(id);
        let same = edition(&["rebuild", bundle.to_str().unwrap(), "--compare", folder(&world, id).to_str().unwrap()]);
        assert!(said(&same).contains("0 differ"), "{}", said(&same));
        // Killed between moving it into place and noting so: the day is the one that its files tell.
        world.tamper("UPDATE editions SET published_at = NULL");
        world.pass(24 * 3_600);
        jobs::publish(&world.app, id).await.unwrap();
        let found = world.app.read(move |rx| editions::find(rx, id)).await.unwrap().unwrap();
        assert_eq!(found.published_at, Some(now));
    });
}

#[test]
fn nobody_commits_to_a_quarter_that_is_over() {
    on_both(|world| async move {
        let before: Quarter = "2026-q3".parse().unwrap();
        let late = world.app.write(TEST, move |tx| editions::commit(tx, before, &BTreeMap::new())).await;
        assert!(matches!(late, Err(recourse::error::Error::Invalid(_))), "{late:?}");
    });
}

#[test]
fn an_auditor_rebuilds_the_same_bytes_and_one_changed_case_changes_nearly_every_draw() {
    on_both(|world| async move {
        let ids = connect(&world, 8).await;
        jobs::commit_due(&world.app).await.unwrap();
        count_cases(&world, &ids, quarter(), 1_500).await;
        let id = EditionId::of(quarter());
        advance_to(&world, quarter().until());
        let honest = build(&world, id).await.unwrap();
        let bundle = world.app.editions().bundle(id);
        let staged = world.app.editions().staged(id);
        let same = edition(&["rebuild", bundle.to_str().unwrap(), "--compare", staged.to_str().unwrap()]);
        assert!(same.status.success(), "{}", said(&same));
        assert!(said(&same).contains("0 differ"), "{}", said(&same));
        // Somebody takes one case out of a table of the year, and the totals with it.
        world.tamper("DELETE FROM flows WHERE case_id = 'test-2026-q4-0' AND flow = 'response'");
        assert!(build(&world, id).await.is_err(), "the totals of each flow tell");
        world.tamper("DELETE FROM flows WHERE case_id = 'test-2026-q4-0'");
        let refused = build(&world, id).await.unwrap_err();
        assert!(refused.to_string().contains("breaks the contract"), "the totals of the job tell: {refused}");
        world.tamper("DELETE FROM flow_totals");
        world.tamper("UPDATE flows SET totalled = FALSE");
        let changed = build(&world, id).await.unwrap();
        assert_eq!(changed.builds.len(), 2, "a refused build counted nothing");
        assert_ne!(changed.builds[0].snapshot_commitment, changed.builds[1].snapshot_commitment);
        let pairs = honest.draws.iter().zip(&changed.draws);
        assert!(pairs.clone().all(|(one, other)| (&one.table, &one.cell) == (&other.table, &other.cell)));
        let all = honest.draws.len();
        let kept = pairs.filter(|(one, other)| one.step == other.step).count();
        // Draws that know nothing of each other agree 6 times in 100 at ε 0.25, and 13 in 100 at 0.5; here 9 in all.
        assert!(kept * 100 < all * 17 && all > 250, "{kept} of {all} draws are the same");
        let differs =
            edition(&["rebuild", bundle.to_str().unwrap(), "--compare", folder(&world, id).to_str().unwrap()]);
        assert_eq!(differs.status.code(), Some(1), "what is not there is not the same");
    });
}

#[test]
fn a_build_that_is_killed_leaves_nothing_half_published() {
    on_both(|world| async move {
        let ids = connect(&world, 12).await;
        jobs::commit_due(&world.app).await.unwrap();
        count_cases(&world, &ids, quarter(), 600).await;
        advance_to(&world, quarter().until());
        let id = EditionId::of(quarter());
        let store = world.app.editions();
        // Killed while it writes: the folder aside is there, and is not whole.
        let half = world.dir().join(format!("editions/.half-{id}"));
        fs::create_dir_all(half.join("platforms")).unwrap();
        fs::write(half.join("platforms/old.html"), "half of something").unwrap();
        fs::create_dir_all(store.staged(id)).unwrap();
        fs::write(store.staged(id).join("index.html"), "half of something").unwrap();
        advance_to(&world, editions::release_at(rules(), quarter()));
        let refused = jobs::publish(&world.app, id).await.unwrap_err().to_string();
        assert!(refused.contains("no manifest"), "{refused}");
        assert!(!folder(&world, id).exists());
        build(&world, id).await.unwrap();
        assert!(!half.exists(), "what a killed build left is gone");
        // An attempt that nobody is to know of: what was built before is put back.
        let kept = world.dir().join("kept");
        copy(&store.staged(id), &kept);
        let bundle = fs::read(store.bundle(id)).unwrap();
        build(&world, id).await.unwrap();
        fs::remove_dir_all(store.staged(id)).unwrap();
        fs::rename(&kept, store.staged(id)).unwrap();
        assert!(jobs::publish(&world.app, id).await.is_err(), "an attempt is missing");
        fs::write(store.bundle(id), &bundle).unwrap();
        assert!(jobs::publish(&world.app, id).await.is_err(), "also with the bundle of then");
        build(&world, id).await.unwrap();
        // Killed between the files and their bundle.
        let newest = fs::read(store.bundle(id)).unwrap();
        fs::write(store.bundle(id), &bundle).unwrap();
        let refused = jobs::publish(&world.app, id).await.unwrap_err().to_string();
        assert!(refused.contains("not of this build"), "{refused}");
        fs::write(store.bundle(id), &newest).unwrap();
        // Killed between moving it into place and noting so.
        fs::rename(store.staged(id), folder(&world, id)).unwrap();
        assert!(build(&world, id).await.is_err(), "what is in its place is not built again");
        jobs::publish(&world.app, id).await.unwrap();
        let found = world.app.read(move |rx| editions::find(rx, id)).await.unwrap().unwrap();
        assert!(found.published_at.is_some());
        let (_, flaws) = editions::verify(&world.dir().join("editions"), &jobs::key(&world.app)).unwrap();
        assert!(flaws.is_empty(), "{flaws:?}");
    });
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let place = to.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, bytes).unwrap();
    }
}

#[test]
fn an_edition_that_comes_out_of_its_order_keeps_the_chain_whole() {
    on_both(|world| async move {
        let ids = connect(&world, 2).await;
        jobs::commit_due(&world.app).await.unwrap();
        count_cases(&world, &ids, quarter(), 200).await;
        // The next quarter is published first: its edition does not wait for one that is late.
        advance_to(&world, quarter().next().from().plus(std::time::Duration::from_hours(24 * 60)));
        let next = published(&world, &ids, 220).await;
        let late = EditionId::of(quarter());
        build(&world, late).await.unwrap();
        jobs::publish(&world.app, late).await.unwrap();
        let (found, flaws) = editions::verify(&world.dir().join("editions"), &jobs::key(&world.app)).unwrap();
        assert_eq!((found, flaws.len()), (vec![next, late], 0));
        assert!(manifest(&world, late).published_at >= manifest(&world, next).published_at, "no day that was not");
        let (shelf, _) = editions::Shelf::read(&world.dir().join("editions"), &jobs::key(&world.app)).unwrap();
        assert_eq!(shelf.latest().unwrap().id, next, "the newest is the newest quarter's");
    });
}

#[test]
fn what_comes_late_is_counted_in_the_quarter_that_is_open() {
    on_both(|world| async move {
        let ids = connect(&world, 2).await;
        jobs::commit_due(&world.app).await.unwrap();
        count_cases(&world, &ids, quarter(), 50).await;
        // A case that was told of on day one; its answer is counted on the last day of the quarter, but nobody runs jobs.
        let spark = world.platform("spark").await;
        spark.submit(&crate::harness::client::small("L-1")).await;
        let lead = world.staff(recourse::domain::people::staff::Role::Lead).await;
        let case = lead.case_of("L-1").await;
        lead.take(&case).await;
        let ask = serde_json::json!({"action": "preserve_evidence"});
        lead.act(&case, "platform-requests", &ask).await.expect(200);
        advance_to(&world, quarter().until().plus(std::time::Duration::from_hours(30)));
        let id = EditionId::of(quarter());
        let bundle = build(&world, id).await.unwrap();
        let responses = |bundle: &Bundle| -> i64 {
            bundle
                .snapshot
                .cells()
                .iter()
                .filter(|c| c.flow == FlowKind::Response && c.platform == "spark")
                .map(|c| c.cases)
                .sum()
        };
        let year = |bundle: &Bundle| bundle.snapshot.cells().iter().any(|cell| cell.span == Span::Year);
        assert!(year(&bundle));
        assert_eq!(responses(&bundle), 1, "what had come due was counted before the quarter was closed");
        // The clock leaps back, and somebody does something: it counts on the first day that is open.
        let other = spark_again(&world, "L-2").await;
        world.tamper("UPDATE editions SET closed_until = closed_until + 8640000000000");
        let lead = world.staff(recourse::domain::people::staff::Role::Lead).await;
        lead.take(&other).await;
        lead.act(&other, "platform-requests", &ask).await.expect(200);
        let late = world.app.read(move |rx| {
            use diesel::prelude::*;
            use recourse::db::schema::flows::dsl;
            let at: Timestamp = dsl::flows.find((other.as_str(), FlowKind::Intake)).select(dsl::at).first(rx.conn())?;
            Ok(at)
        });
        assert_eq!(late.await.unwrap().to_string(), "2027-04-11T00:00:00Z");
    });
}

async fn spark_again(world: &World, reference: &str) -> String {
    let spark = world.platform("spark").await;
    let mut body = crate::harness::client::small(reference);
    body["reporter"]["platform_account_ref"] = serde_json::json!(reference);
    spark.submit(&body).await;
    world.staff(recourse::domain::people::staff::Role::Lead).await.case_of(reference).await
}

#[test]
fn an_edition_is_replaced_once_with_noise_of_its_own() {
    on_both(|world| async move {
        let ids = connect(&world, 4).await;
        let id = published(&world, &ids, 800).await;
        let replace =
            |of: EditionId, reason: &'static str| world.app.write(TEST, move |tx| editions::replace(tx, of, reason));
        for bad in [" ", "\u{200b}", "two\nlines", "\u{202e}evil"] {
            assert!(replace(id, bad).await.is_err(), "{bad:?} is a reason");
        }
        assert!(replace(EditionId::of(quarter().next()), "x").await.is_err(), "what was not published");
        let committed = replace(id, "Regions were read from the wrong column.").await.unwrap();
        assert!(replace(id, "again").await.is_err(), "twice");
        let next = committed.entry.edition;
        assert_eq!(next.to_string(), "2026-q4-r");
        build(&world, next).await.unwrap();
        assert!(jobs::publish(&world.app, next).await.is_err(), "it is announced for a week");
        advance_to(&world, committed.entry.release_at);
        jobs::publish(&world.app, next).await.unwrap();
        assert!(replace(next, "again").await.is_err(), "a replacement is not replaced");
        let (before, after) = (manifest(&world, id), manifest(&world, next));
        // Its noise was committed to with the first one's, before anything was known.
        let promised = world.app.read(move |rx| editions::find(rx, id)).await.unwrap().unwrap();
        assert_eq!(Some(&after.key_commitment), promised.entry.replacement_key_commitment.as_ref());
        assert_eq!(after.supersedes.as_ref().unwrap().edition, id);
        assert_eq!(before.budget, after.budget, "it spends as much again");
        let table = |of: EditionId| fs::read(folder(&world, of).join("platforms.json")).unwrap();
        assert_ne!(table(id), table(next), "wholly new noise");
        let (shelf, flaws) = editions::Shelf::read(&world.dir().join("editions"), &jobs::key(&world.app)).unwrap();
        assert!(flaws.is_empty() && shelf.latest().unwrap().id == next && shelf.editions().len() == 2);
    });
}

/// T12, on the pure part: the register is what makes rows, and a row without cases changes nothing else.
#[test]
fn a_platform_without_cases_changes_nothing_but_its_own_row() {
    let base = bundle_of(&["amber", "bramble"], vec![cell("amber", "stalking", 120), cell("bramble", "fraud", 64)]);
    let mut more = base.clone();
    more.imprint.register = listed(&["amber", "bramble", "quiet"]);
    let tables = |bundle: &Bundle| -> BTreeMap<(String, Vec<String>), Option<i64>> {
        let all = editions::tables(rules(), bundle).unwrap();
        let cells = all.iter().flat_map(|table| {
            table.cells.iter().map(|cell| ((table.rule.name.clone(), cell.values.clone()), cell.figure.value()))
        });
        cells.collect()
    };
    let (before, after) = (tables(&base), tables(&more));
    let added: Vec<_> = after.iter().filter(|(key, _)| !before.contains_key(*key)).collect();
    assert!(added.len() > 20 && added.iter().all(|((_, values), figure)| values[0] == "quiet" && figure.is_none()));
    assert!(before.iter().all(|(key, figure)| after[key] == *figure));
    // A case of a platform that is not in the register has no row to stand in, and stops the build.
    let strange = bundle_of(&["amber"], vec![cell("bramble", "fraud", 64)]);
    assert!(editions::tables(rules(), &strange).is_err());
    // An empty quarter is published too: fewer than, everywhere.
    let empty = bundle_of(&["amber", "bramble"], Vec::new());
    assert!(tables(&empty).values().all(Option::is_none));
}

#[test]
fn a_platform_stands_in_the_tables_when_it_was_connected_before_the_quarter_ended() {
    on_both(|world| async move {
        connect(&world, 2).await;
        jobs::commit_due(&world.app).await.unwrap();
        world.pass(20 * 24 * 3_600);
        world.platform("midway").await;
        world.platform_with("trial", Mode::Test, Scope::ALL).await;
        advance_to(&world, quarter().until());
        world.platform("late").await;
        let bundle = build(&world, EditionId::of(quarter())).await.unwrap();
        let slugs: Vec<&str> = bundle.imprint.register.iter().map(|listed| listed.slug.as_str()).collect();
        assert_eq!(slugs, ["app-00", "app-01", "midway"]);
    });
}

#[test]
fn tables_that_wait_for_volume_become_quarterly_a_year_after_there_was_enough() {
    on_both(|world| async move {
        let ids = connect(&world, 2).await;
        let mut plans = Vec::new();
        for cases in [300, 1_600, 1_700, 1_800, 1_900, 100] {
            let id = published(&world, &ids, cases).await;
            let plan = manifest(&world, id).plan;
            plans.push((id.to_string(), plan.get("platform-category").copied(), plan.contains_key("corrections")));
        }
        let (q, y) = (Some(Span::Quarter), Some(Span::Year));
        let expected = [
            // The first year has nobody before it.
            ("2026-q4", y, true),
            ("2027-q1", None, false),
            ("2027-q2", None, false),
            ("2027-q3", None, false),
            ("2027-q4", y, true),
            ("2028-q1", q, false),
        ];
        assert_eq!(plans, expected.map(|(id, span, last)| (id.to_owned(), span, last)));
    });
}
