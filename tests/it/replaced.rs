//! An edition that was replaced says so to whoever reads a page, a table or a picture of it, and its signed files stay.

use std::fs;
use std::path::Path;

use recourse::jobs::editions as jobs;
use recourse::statistics::editions::{self, EditionId, Successor};
use serde_json::Value;

use crate::audit::run;
use crate::harness::client::Caller;
use crate::harness::editions::{advance_to, build, connect, files, published};
use crate::harness::{World, on_both};
use crate::public_pages::{path_of, shown};

const REASON: &str = "Regions were read from <the wrong> column.";

/// Replaces an edition.
pub(crate) async fn replace(world: &World, id: EditionId) -> EditionId {
    let next = announce(world, id).await;
    publish(world, next).await;
    next
}

/// Announces the replacement of an edition.
async fn announce(world: &World, id: EditionId) -> EditionId {
    jobs::replace(&world.app, id, REASON.to_owned()).await.unwrap().entry.edition
}

async fn publish(world: &World, id: EditionId) {
    build(world, id).await.unwrap();
    let committed = world.app.read(move |rx| editions::find(rx, id)).await.unwrap().unwrap();
    advance_to(world, committed.entry.release_at);
    jobs::publish(&world.app, id).await.unwrap();
}

/// Asks until a page says it: the folder is looked at every second.
async fn until_it_says(visitor: &Caller, path: &str, words: &str) {
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
    for _ in 0..1_200 {
        ticks.tick().await;
        if visitor.get(path).await.text.contains(words) {
            return;
        }
    }
    panic!("{path} does not say {words}");
}

/// Every cell of a column of a CSV, without its head.
fn column(text: &str, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let at = reader.headers().unwrap().iter().position(|head| head == name).unwrap();
    reader.records().map(|row| row.unwrap()[at].to_owned()).collect()
}

/// That a file of a replaced edition says so, after its kind.
fn says_so(file: &str, text: &str, out: bool) {
    let words = if out { "Replaced by edition 2026-q4-r on" } else { "Edition 2026-q4-r replaces them, not before" };
    match file.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => {
            let (_, main) = text.split_once("<main id=\"main\">\n<p class=\"notice\">").unwrap();
            assert!(main.split_once("</p>").unwrap().0.contains(words), "{file}");
            assert!(text.contains("Regions were read from &lt;the wrong&gt; column."), "{file}");
        }
        "svg" => assert!(text.contains("2026-q4-r") && text.trim_end().ends_with("</svg>"), "{file}"),
        "csv" => assert!(column(text, "replaced_by").iter().all(|cell| cell == "2026-q4-r"), "{file}"),
        _ if file.ends_with("csv-metadata.json") => {
            let told: Value = serde_json::from_str(text).unwrap();
            assert_eq!(told["dc:isReplacedBy"]["@id"], "/transparency/2026-q4-r", "{file}");
        }
        "json" => {
            let told: Value = serde_json::from_str(text).unwrap();
            assert_eq!(told["replaced_by"]["edition"], "2026-q4-r", "{file}");
            assert_eq!(told["replaced_by"]["reason"], REASON, "{file}");
        }
        _ => panic!("{file} says nothing"),
    }
}

fn is_for_verifying(file: &str) -> bool {
    file.starts_with("manifest.json") || file.starts_with("schemas/") || file == "style.css"
}

#[test]
fn a_replaced_edition_says_so_wherever_it_is_read_and_can_still_be_verified() {
    on_both(|world| async move {
        let ids = connect(&world, 3).await;
        let id = published(&world, &ids, 1_100).await;
        let visitor = shown(&world, id).await;
        let before = files(&world.dir().join(format!("editions/{id}")));
        let next = announce(&world, id).await;
        for out in [false, true] {
            if out {
                publish(&world, next).await;
                shown(&world, next).await;
            }
            let words = if out { "Replaced by edition" } else { "wrong by a fault of ours" };
            until_it_says(&visitor, "/transparency/2026-q4/platforms", words).await;
            for (file, bytes) in &before {
                let read = visitor.get(&path_of(id, file)).await.expect(200);
                assert_eq!(read.header("cache-control"), "public, max-age=300", "{file}");
                assert_eq!(read.header("link").contains("successor-version"), out, "{file}");
                if is_for_verifying(file) {
                    assert_eq!(read.text.as_bytes(), bytes, "{file}");
                } else {
                    says_so(file, &read.text, out);
                }
                let signed = visitor.get(&format!("/transparency/{id}/signed/{file}")).await.expect(200);
                assert_eq!(signed.text.as_bytes(), bytes, "{file}");
            }
            assert_eq!(files(&world.dir().join(format!("editions/{id}"))), before, "what was signed does not change");
        }
        validated(&world, &visitor, id, &before.keys().map(String::as_str).collect::<Vec<_>>()).await;
        the_replacement_names_it(&world, &visitor, next).await;
    });
}

/// What is served with a notice is still what its metadata and schemas say.
async fn validated(world: &World, visitor: &Caller, id: EditionId, all: &[&str]) {
    let place = world.dir().join("served");
    for file in all.iter().filter(|file| file.ends_with("csv") || file.ends_with("json")) {
        let to = place.join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, visitor.get(&path_of(id, file)).await.expect(200).text).unwrap();
    }
    for kind in ["csvw", "json"] {
        if let Some(found) = run("validate.py", kind, &place) {
            assert!(found["files"].as_u64() >= Some(9), "{found}");
        }
    }
}

async fn the_replacement_names_it(world: &World, visitor: &Caller, next: EditionId) {
    for (file, bytes) in files(&world.dir().join(format!("editions/{next}"))) {
        let read = visitor.get(&path_of(next, &file)).await.expect(200);
        assert_eq!(read.text.as_bytes(), bytes, "{file}");
        assert_eq!(
            read.header("cache-control"),
            "public, max-age=31536000, immutable",
            "{file}: it is not replaced again"
        );
        assert_eq!(read.header("link"), "</transparency/2026-q4>; rel=\"predecessor-version\"", "{file}");
        match Path::new(&file).extension().and_then(|ending| ending.to_str()) {
            _ if is_for_verifying(&file) => {}
            Some("html") => {
                assert!(read.text.contains("his edition replaces <a href=\"/transparency/2026-q4\""), "{file}");
            }
            Some("svg") => assert!(read.text.contains("replaces 2026-q4"), "{file}"),
            Some("csv") => {
                assert!(column(&read.text, "replaces").iter().all(|cell| cell == "2026-q4"), "{file}");
                assert!(column(&read.text, "replaced_by").iter().all(String::is_empty), "{file}");
            }
            _ if file.ends_with("csv-metadata.json") => {
                assert_eq!(read.json()["dc:replaces"]["@id"], "/transparency/2026-q4", "{file}");
            }
            _ => assert_eq!(read.json()["replaces"]["edition"], "2026-q4", "{file}"),
        }
    }
    let (shelf, _) = editions::Shelf::read(&world.dir().join("editions"), &jobs::key(&world.app)).unwrap();
    assert_eq!(Successor::of(&shelf, next), None);
}

/// Two tables of one name differ by a factor of four, and say why.
#[test]
fn each_file_says_which_days_it_tells_of() {
    on_both(|world| async move {
        let ids = connect(&world, 2).await;
        let editions = [published(&world, &ids, 1_700).await, published(&world, &ids, 1_700).await];
        let mut spans = Vec::new();
        for id in editions {
            let folder = world.dir().join(format!("editions/{id}"));
            let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
            let manifest: Value = serde_json::from_str(&read("manifest.json")).unwrap();
            let span = manifest["plan"]["platform-response"].as_str().unwrap().to_owned();
            let (first, last, period) = match span.as_str() {
                "year" => ("2026-01-01", "2026-12-31", "2026"),
                _ => ("2027-01-01", "2027-03-31", "January to March 2027"),
            };
            for name in ["platform-category", "platform-response", "response-times"] {
                let json: Value = serde_json::from_str(&read(&format!("{name}.json"))).unwrap();
                let csv = read(&format!("{name}.csv"));
                let members = [("edition", id.to_string()), ("span", span.clone())];
                for (member, value) in
                    members.into_iter().chain([("first_day", first.to_owned()), ("last_day", last.to_owned())])
                {
                    assert_eq!(json[member], value.as_str(), "{id}/{name}");
                    assert!(column(&csv, member).iter().all(|cell| *cell == value), "{id}/{name}");
                }
                let about: Value = serde_json::from_str(&read(&format!("{name}.csv-metadata.json"))).unwrap();
                assert_eq!(about["dc:temporal"], format!("{first}/{last}"), "{id}/{name}");
                // Under the picture, in its last words.
                let picture = read(&format!("{name}.svg"));
                let under: String = picture.split("fill=\"#56606e\">").skip(1).collect::<Vec<_>>().join(" ");
                assert!(under.contains(&format!("edition {id}")) && picture.contains(period), "{id}/{name}: {picture}");
            }
            spans.push(span);
        }
        assert_eq!(spans, ["year", "quarter"]);
    });
}
