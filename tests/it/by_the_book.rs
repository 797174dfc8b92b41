//! Backup and restore by the commands of docs/operating.md, so that the book cannot drift from the service; and what
//! `check` says when the editions are not what is on record.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use recourse::domain::people::staff::Role;
use recourse::jobs::editions as jobs;
use recourse::statistics::editions::{self, EditionId};
use serde_json::json;
use tempfile::TempDir;

use crate::checking::{check, wrong};
use crate::editions::{edition, folder, said};
use crate::harness::client::small;
use crate::harness::editions::{build, connect, files, published};
use crate::harness::{World, empty_database, on_both};
use crate::operators::codes;
use crate::public_pages::shown;

/// The block of the book that begins with this comment.
fn block(title: &str) -> String {
    let book = include_str!("../../docs/operating.md");
    let blocks = book.split("```bash\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut found = blocks.filter(|block| block.lines().next() == Some(&*format!("# {title}")));
    let block = found.next().unwrap_or_else(|| panic!("docs/operating.md has no commands for: {title}"));
    assert!(found.next().is_none(), "{title} stands there twice");
    block.to_owned()
}

/// Where the book's folders are in this test.
struct Places<'p> {
    data: &'p Path,
    kept: &'p Path,
    url: Option<&'p str>,
}

impl Places<'_> {
    /// Runs a block as it stands in the book, but for its folders.
    #[track_caller]
    fn follow(&self, title: &str) -> Output {
        let place = |name: &str| self.kept.join(name).to_str().unwrap().to_owned();
        let commands = block(title)
            .replace("/var/lib/recourse", self.data.to_str().unwrap())
            .replace("/backup/", &place("backup/"))
            .replace("/offline/", &place("offline/"));
        let program = Path::new(env!("CARGO_BIN_EXE_recourse")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("bash");
        shell.args(["-euc", &commands]).env("PATH", path).current_dir(self.kept);
        if let Some(url) = self.url {
            shell.env("RECOURSE_DATABASE_URL", url);
        }
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{title}: {}", said(&output));
        output
    }
}

/// A service on which people have worked: a case, and a published edition.
async fn lived_in(world: &World) -> (String, EditionId) {
    let spark = world.platform("spark").await;
    let lead = world.staff(Role::Lead).await;
    for number in 0..3 {
        spark.submit(&small(&format!("B-{number}"))).await;
    }
    let case = lead.case_of("B-1").await;
    lead.take(&case).await;
    lead.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
    let ids = connect(world, 2).await;
    let id = published(world, &ids, 300).await;
    jobs::commit_due(&world.app).await.unwrap();
    (case, id)
}

#[test]
fn a_backup_and_its_restore_by_the_book_lose_nothing() {
    on_both(|world| async move {
        let (case, id) = lived_in(&world).await;
        let reader = world.staff(Role::Lead).await;
        let kept = tempfile::tempdir().unwrap();
        for place in ["backup", "offline"] {
            fs::create_dir(kept.path().join(place)).unwrap();
        }
        let url = world.config.database_url.as_ref().map(|url| url.expose().clone());
        let name = if url.is_some() { "PostgreSQL" } else { "SQLite" };
        let here = Places { data: world.dir(), kept: kept.path(), url: url.as_deref() };
        let before = said(&here.follow("look"));
        assert!(before.contains("editions: 1 published, 0 flaws") && !before.contains("wrong:"), "{before}");
        for title in ["keyring", &format!("back up {name}"), "back up editions"] {
            here.follow(title);
        }
        let (elsewhere, url) = (tempfile::tempdir().unwrap(), url.map(|_| empty_database()));
        let there = Places { data: elsewhere.path(), kept: kept.path(), url: url.as_deref() };
        for title in ["restore keyring and editions", &format!("restore {name}")] {
            there.follow(title);
        }
        // The auditor's bundle and the high-water file are in no backup; nothing else differs.
        let lines = |text: &str| -> Vec<String> {
            let about_the_bundle = |line: &&str| !line.contains("bundle") && !line.starts_with("high water");
            text.lines().filter(about_the_bundle).map(str::to_owned).collect()
        };
        assert_eq!(lines(&said(&there.follow("look"))), lines(&before));
        let verified = edition(&[
            "verify",
            elsewhere.path().join("editions").to_str().unwrap(),
            "--key",
            &jobs::key(&world.app).to_string(),
        ]);
        assert!(said(&verified).contains("1 editions, 0 flaws"), "{}", said(&verified));
        let restored = world.again(elsewhere, url).await;
        assert_eq!(files(&folder(&restored, id)), files(&folder(&world, id)));
        let page = format!("/transparency/{id}/national");
        let read = shown(&restored, id).await.get(&page).await.expect(200).text;
        assert_eq!(read, shown(&world, id).await.get(&page).await.expect(200).text);
        // What people said can be read, with the sessions of before.
        let words = |answer: crate::harness::client::Answer| answer.expect(200).json()["reports"][0]["content"].clone();
        let path = format!("/v1/triage/cases/{case}");
        let told = words(restored.caller(&reader.caller.token).get(&path).await);
        assert_eq!(told, words(reader.caller.get(&path).await));
        assert!(told["statement"].as_str().is_some_and(|statement| !statement.is_empty()), "{told}");
        // And the next edition is built on what was restored.
        published(&restored, &[], 0).await;
        let (found, flaws) = editions::verify(&restored.dir().join("editions"), &jobs::key(&restored.app)).unwrap();
        assert_eq!((found.len(), flaws.len()), (2, 0), "{flaws:?}");
    });
}

/// What is wrong with the editions, in the words of `check`.
#[track_caller]
fn says(world: &World, expected: &[&str]) {
    let (code, said) = check(world, &[]);
    let expected: std::collections::BTreeSet<String> = expected.iter().map(|code| format!("editions {code}")).collect();
    assert_eq!((code, wrong(&said, "problems")), (Some(i32::from(!expected.is_empty())), expected), "{said}");
}

#[test]
fn check_compares_what_is_on_record_with_what_is_there() {
    on_both(|world| async move {
        let ids = connect(&world, 2).await;
        let (first, last) = (published(&world, &ids, 200).await, published(&world, &ids, 200).await);
        let aside = TempDir::new_in(world.dir()).unwrap();
        let away = aside.path().join("edition");
        says(&world, &[]);
        // Missing, first among others and then alone, and also all of them at once.
        fs::rename(folder(&world, last), &away).unwrap();
        says(&world, &["edition_missing"]);
        fs::rename(folder(&world, first), aside.path().join("first")).unwrap();
        let (_, told) = check(&world, &[]);
        assert_eq!(wrong(&told, "problems"), codes(["editions edition_missing"]));
        assert_eq!(told["problems"].as_array().unwrap().len(), 2, "{told}");
        fs::rename(aside.path().join("first"), folder(&world, first)).unwrap();
        fs::rename(&away, folder(&world, last)).unwrap();
        // One changed byte, and one more file.
        let page = folder(&world, last).join("index.html");
        let bytes = fs::read(&page).unwrap();
        fs::write(&page, [&bytes[..], b" "].concat()).unwrap();
        says(&world, &["edition_changed"]);
        fs::write(&page, bytes).unwrap();
        fs::write(folder(&world, last).join("more.csv"), "a").unwrap();
        says(&world, &["edition_changed"]);
        fs::remove_file(folder(&world, last).join("more.csv")).unwrap();
        // Signed, and not what is on record.
        world.tamper(&format!("DELETE FROM edition_builds WHERE edition_id = '{last}'"));
        says(&world, &["edition_differs"]);
    });
}

/// A database from before an edition was published, with the editions of today.
#[test]
fn an_edition_that_an_older_database_does_not_know_is_noted_again() {
    on_both(|world| async move {
        let ids = connect(&world, 2).await;
        let id = published(&world, &ids, 200).await;
        jobs::commit_due(&world.app).await.unwrap();
        // The auditor has the bundle by now.
        fs::remove_file(world.app.editions().bundle(id)).unwrap();
        for statement in [
            format!("UPDATE editions SET published_at = NULL WHERE id = '{id}'"),
            format!("DELETE FROM edition_builds WHERE edition_id = '{id}'"),
        ] {
            world.tamper(&statement);
        }
        says(&world, &["edition_unrecorded"]);
        assert!(build(&world, id).await.is_err(), "it is in its place");
        jobs::publish(&world.app, id).await.unwrap();
        says(&world, &[]);
        // One from before it was committed to is too old: the promise in the public calendar is not replaced by another.
        let calendar = world.dir().join("editions/calendar.json");
        let promised = fs::read(&calendar).unwrap();
        for statement in
            ["DELETE FROM edition_builds", "DELETE FROM editions", "DELETE FROM key_wraps WHERE owner LIKE '20%'"]
        {
            world.tamper(statement);
        }
        says(&world, &["calendar_differs", "edition_unknown"]);
        let refused = jobs::commit_due(&world.app).await.unwrap_err().to_string();
        assert!(refused.contains("restore a newer database"), "{refused}");
        assert_eq!(fs::read(&calendar).unwrap(), promised);
    });
}
