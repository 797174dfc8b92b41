//! The public pages: the bytes that were published, from memory, whatever happens behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use recourse::base::secret::{hex, sha256};
use recourse::domain::terms::acknowledgement::{emergency_lines, help_lines};
use recourse::statistics::editions::{self, EditionId, PublicKey, Shelf};
use recourse::web::site_pages;
use reqwest::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use serde_json::json;

use crate::harness::client::{Answer, Caller, small};
use crate::harness::editions::{bundle_of, cell, connect, files, published, quarter};
use crate::harness::{World, on_both};

/// Asks until the pages show the edition: the folder is looked at every second.
pub(crate) async fn shown(world: &World, id: EditionId) -> Caller {
    let visitor = world.caller("");
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
    for _ in 0..1_200 {
        ticks.tick().await;
        if visitor.get(&format!("/transparency/{id}")).await.status == 200 {
            return visitor;
        }
    }
    panic!("{id} is not shown");
}

/// The path that a file of an edition is served at.
pub(crate) fn path_of(id: EditionId, file: &str) -> String {
    match file.strip_suffix(".html") {
        Some("index") => format!("/transparency/{id}"),
        Some(page) => format!("/transparency/{id}/{page}"),
        None => format!("/transparency/{id}/{file}"),
    }
}

const SITE: [&str; 10] = [
    "/",
    "/help",
    "/transparency/method",
    "/transparency/calendar",
    "/transparency/calendar.json",
    "/transparency/changes",
    "/transparency/budget",
    "/transparency/verify",
    "/transparency/style.css",
    "/transparency/platforms/app-00",
];

#[test]
fn the_home_page_promises_what_is_built_and_every_link_of_it_leads_somewhere() {
    on_both(|world| async move {
        let visitor = world.caller("");
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        let mut home = visitor.get("/").await;
        while home.status == 503 {
            ticks.tick().await;
            home = visitor.get("/").await;
        }
        let home = home.expect(200).text;
        for later in ["hand over", "services that help", "fetch the same words", "everybody hears back"] {
            assert!(!home.contains(later), "not built: {later}");
        }
        assert!(home.contains("174 people") && home.contains("Four Corners"), "a figure has its source");
        let links: Vec<&str> = home.split("href=\"/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(links.len() > 8, "{links:?}");
        for link in links {
            visitor.get(&format!("/{link}")).await.expect(200);
        }
    });
}

/// What a page says: its words, one space apart.
fn words_of(page: &str) -> String {
    let bare: Vec<&str> = page.split('<').map(|piece| piece.split_once('>').map_or("", |(_, words)| words)).collect();
    let bare = bare.join(" ").replace("&nbsp;", " ");
    let words: Vec<&str> = bare.split_whitespace().map(|word| word.trim_matches([':', '.', ',', ';'])).collect();
    format!(" {} ", words.join(" "))
}

#[test]
fn no_signed_page_holds_a_number_to_ring_and_each_leads_to_all_of_them() {
    let emergency = emergency_lines().iter().map(|line| (&line.label, &line.number));
    let lines: Vec<(&String, &String)> =
        emergency.chain(help_lines().iter().map(|line| (&line.label, &line.number))).collect();
    assert!(lines.len() > 8, "{lines:?}");
    let bundle = bundle_of(&["amber", "bramble"], vec![cell("amber", "stalking", 120)]);
    let files = editions::all_files(&bundle).unwrap();
    let pages: Vec<_> = files.iter().filter(|file| file.path.strip_suffix(".html").is_some()).collect();
    assert!(pages.len() > 10, "{}", pages.len());
    for page in pages {
        let text = std::str::from_utf8(&page.bytes).unwrap();
        for place in ["/help", "https://recourse.example/help"] {
            assert!(text.contains(&format!("<a href=\"{place}\">")), "{}: {place}", page.path);
        }
        assert!(!text.contains("tel:"), "{}", page.path);
        let words = words_of(text);
        let held: Vec<_> = lines.iter().filter(|(_, number)| words.contains(&format!(" {number} "))).collect();
        assert!(held.is_empty(), "{}: {held:?}", page.path);
    }
    let key = PublicKey::read(&"58".chars().chain("66".chars().cycle().take(62)).collect::<String>()).unwrap();
    let site = site_pages(&Shelf::default(), &key, quarter().until()).unwrap();
    let help = site.into_iter().find(|page| page.path == "/help").unwrap();
    let help = String::from_utf8(help.bytes).unwrap();
    for (label, number) in lines {
        let dial = number.replace(' ', "");
        assert!(help.contains(&format!("{label}: <a href=\"tel:{dial}\">{number}</a>")), "{label}");
        assert!(words_of(&help).contains(&format!(" {number} ")), "{number} would not be found");
    }
}

/// T7: every file is served as it was published, and nothing of it asks the database.
#[test]
fn what_is_served_is_what_was_signed_while_the_database_is_away() {
    on_both(|world| async move {
        let ids = connect(&world, 3).await;
        let id = published(&world, &ids, 700).await;
        let visitor = shown(&world, id).await;
        // Nothing that any page could ask for is there any more.
        for table in ["flows", "flow_totals", "editions", "edition_builds", "cases", "platforms", "reports"] {
            world.tamper(&format!("ALTER TABLE {table} RENAME TO {table}_away"));
        }
        assert!(world.caller("").get("/v1/status").await.status >= 400);
        let all = files(&world.dir().join(format!("editions/{id}")));
        assert!(all.len() > 40, "{}", all.len());
        for (file, bytes) in &all {
            let answer = visitor.get(&path_of(id, file)).await.expect(200);
            assert_eq!(answer.text.as_bytes(), bytes, "{file}");
            assert_eq!(answer.header("etag"), format!("\"{}\"", hex(&sha256(bytes))), "{file}");
            // It may be replaced one day, and will have to say so.
            assert_eq!(answer.header("cache-control"), "public, max-age=300", "{file}");
            let signed = visitor.get(&format!("/transparency/{id}/signed/{file}")).await.expect(200);
            assert_eq!(signed.text.as_bytes(), bytes, "{file}");
            assert_eq!(signed.header("cache-control"), "public, max-age=31536000, immutable", "{file}");
            assert_eq!(signed.header("content-disposition"), "attachment", "{file}");
        }
        for path in SITE {
            let answer = visitor.get(path).await.expect(200);
            assert_eq!(answer.header("cache-control"), "public, max-age=300", "{path}");
            let policy = answer.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
        }
        let latest = visitor.get("/transparency").await;
        assert_eq!(latest.status, 200, "the client follows: {}", latest.text);
        assert!(latest.text.contains("Edition 2026-q4"));
        assert_eq!(visitor.get("/transparency/2019-q1").await.status, 404);
        assert_eq!(visitor.get("/transparency/2026-q4/auditor.json").await.status, 404);
        for out in [
            "/transparency/%2e%2e/keyring.json",
            "/transparency/2026-q4/..%2f..%2fauditor/2026-q4.json",
            "/transparency//etc/passwd",
        ] {
            assert_eq!(visitor.get(out).await.status, 404, "{out}");
        }
    });
}

#[test]
fn a_page_is_sent_as_small_as_the_caller_takes_it_and_only_once() {
    on_both(|world| async move {
        let ids = connect(&world, 2).await;
        let id = published(&world, &ids, 300).await;
        let visitor = shown(&world, id).await;
        let path = format!("/transparency/{id}/platform-category");
        let path = if visitor.get(&path).await.status == 200 { path } else { format!("/transparency/{id}/platforms") };
        let plain = visitor.get(&path).await.expect(200).text.into_bytes();
        let unpackers: [(&str, Unpack); 2] = [("br", unbrotli), ("gzip", ungzip)];
        for (coding, unpack) in unpackers {
            let asked =
                world.http.get(format!("{}{path}", world.base)).header(ACCEPT_ENCODING, format!("x, {coding};q=0.8"));
            let answer = asked.send().await.unwrap();
            assert_eq!(answer.headers()["content-encoding"], coding);
            let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
            let packed = answer.bytes().await.unwrap();
            assert!(packed.len() * 3 < plain.len(), "{coding}: {} of {}", packed.len(), plain.len());
            assert_eq!(unpack(&packed), plain, "{coding}");
            let again = world.http.get(format!("{}{path}", world.base)).header(IF_NONE_MATCH, &tag);
            let again = again.header(ACCEPT_ENCODING, coding).send().await.unwrap();
            assert_eq!(again.status(), 304);
            assert!(again.bytes().await.unwrap().is_empty());
        }
        let refused = world.http.get(format!("{}{path}", world.base)).header(ACCEPT_ENCODING, "br;q=0, gzip;q=0");
        assert!(!refused.send().await.unwrap().headers().contains_key("content-encoding"));
        let head = world.http.head(format!("{}{path}", world.base)).send().await.unwrap();
        assert_eq!(
            (head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()),
            (200, &*plain.len().to_string())
        );
        let data = visitor.get(&format!("/transparency/{id}/platforms.json")).await.expect(200);
        assert_eq!(data.header("access-control-allow-origin"), "*", "figures may be used on any site");
        assert_eq!(
            visitor.get(&path).await.header("access-control-allow-origin"),
            "",
            "pages may not be read by others' scripts"
        );
    });
}

type Unpack = fn(&[u8]) -> Vec<u8>;

fn ungzip(packed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut plain).unwrap();
    plain
}

fn unbrotli(packed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    brotli::Decompressor::new(packed, 4_096).read_to_end(&mut plain).unwrap();
    plain
}

/// Everything a visitor can see, by path.
async fn everything(visitor: &Caller, id: EditionId, folder: &Path) -> BTreeMap<String, (u16, String)> {
    let mut seen = BTreeMap::new();
    let paths = files(folder).into_keys().map(|file| path_of(id, &file)).chain(SITE.map(str::to_owned));
    for path in paths.chain(["/transparency".to_owned(), "/transparency/platforms/new".to_owned()]) {
        let answer: Answer = visitor.get(&path).await;
        seen.insert(path, (answer.status, answer.text));
    }
    seen
}

#[test]
fn no_number_and_no_row_moves_when_a_report_comes_in_or_is_worked_on() {
    on_both(|world| async move {
        let ids = connect(&world, 2).await;
        let id = published(&world, &ids, 300).await;
        let visitor = shown(&world, id).await;
        let folder = world.dir().join(format!("editions/{id}"));
        let before = everything(&visitor, id, &folder).await;
        let fresh = world.platform("new").await;
        for number in 0..20 {
            fresh.submit(&small(&format!("N-{number}"))).await;
        }
        let lead = world.staff(recourse::domain::people::staff::Role::Lead).await;
        for number in 0..5 {
            let case = lead.case_of(&format!("N-{number}")).await;
            lead.take(&case).await;
            lead.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        }
        world.run_jobs().await;
        // Even made again from the shelf, every page is the same.
        let key = recourse::jobs::editions::key(&world.app);
        let (shelf, _) = editions::Shelf::read(&world.dir().join("editions"), &key).unwrap();
        let now = world.clock.now();
        for page in site_pages(&shelf, &key, now).unwrap() {
            assert!(!page.path.contains("/platforms/new"), "a row never appears because a case exists");
            if let Some((200, seen)) = before.get(&page.path).filter(|_| page.path != "/transparency") {
                assert_eq!(seen.as_bytes(), page.bytes, "{}", page.path);
            }
        }
        assert_eq!(everything(&visitor, id, &folder).await, before);
    });
}

#[test]
fn filters_lead_to_existing_cells_and_to_nothing_else() {
    on_both(|world| async move {
        let ids = connect(&world, 3).await;
        let id = published(&world, &ids, 900).await;
        shown(&world, id).await;
        let plain = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let within = format!("/transparency/{id}/platform-category");
        let lead_to = async |query: &str| {
            let answer = plain.get(format!("{}{within}?{query}", world.base)).send().await.unwrap();
            let place = answer.headers().get("location").map(|place| place.to_str().unwrap().to_owned());
            (answer.status().as_u16(), place)
        };
        let to = |path: &str| (303, Some(format!("{within}{path}")));
        assert_eq!(lead_to("platform=&category=").await, to(""));
        assert_eq!(lead_to("platform=app-01&category=").await, to("/platform/app-01"));
        assert_eq!(lead_to("platform=&category=fraud").await, to("/category/fraud"));
        assert_eq!(lead_to("platform=app-01&category=fraud").await, to("/platform/app-01#fraud"));
        for query in ["platform=nobody", "category=everything", "platform=app-01&category=x", "platform=%3Cscript%3E"] {
            assert_eq!(lead_to(query).await, (404, None), "{query}");
        }
        let odd = lead_to("utm_source=paper").await;
        assert_eq!(odd, (200, None), "what is no filter changes nothing");
        for place in ["/platform/app-01", "/category/fraud"] {
            let page = plain.get(format!("{}{within}{place}", world.base)).send().await.unwrap();
            assert_eq!(page.status(), 200);
            let text = page.text().await.unwrap();
            assert!(text.contains("<select") && text.contains(" selected>"), "the form says where one is");
        }
    });
}

/// The attributes of every mark or cell of a piece of a page.
fn marks(text: &str) -> BTreeSet<(String, String)> {
    let piece = |rest: &str, name: &str| {
        let from = rest.find(&format!("{name}=\"")).map(|at| at + name.len() + 2)?;
        rest[from..].find('"').map(|to| rest[from..from + to].to_owned())
    };
    text.split(" data-key=\"")
        .skip(1)
        .map(|rest| {
            let key = rest.split('"').next().unwrap().to_owned();
            (key, piece(&rest[..rest.find('>').unwrap()], "data-value").unwrap())
        })
        .collect()
}

/// T9: every chart has a role and a name, and the table beside it has the same figures.
#[test]
fn every_chart_says_what_its_table_says() {
    on_both(|world| async move {
        let ids = connect(&world, 4).await;
        let mut last = published(&world, &ids, 1_200).await;
        for cases in [1_000, 1_100, 900, 1_300] {
            last = published(&world, &ids, cases).await;
        }
        let key = recourse::jobs::editions::key(&world.app);
        let (shelf, flaws) = editions::Shelf::read(&world.dir().join("editions"), &key).unwrap();
        assert!(flaws.is_empty(), "{flaws:?}");
        assert_eq!(last.quarter(), quarter().next().next().next().next());
        let mut pages: Vec<(String, String)> = Vec::new();
        for edition in shelf.editions() {
            let html = edition.files.iter().filter(|(path, _)| path.rsplit('.').next() == Some("html"));
            pages.extend(
                html.map(|(path, bytes)| (format!("{}/{path}", edition.id), String::from_utf8(bytes.clone()).unwrap())),
            );
        }
        for file in site_pages(&shelf, &key, world.clock.now()).unwrap() {
            pages.push((file.path, String::from_utf8(file.bytes).unwrap()));
        }
        let mut charts = 0;
        for (place, text) in &pages {
            assert!(!text.contains("<script") && !text.contains(" style=") && !text.contains("<style"), "{place}");
            for section in text.split("<section class=\"figure").skip(1) {
                let section = section.split("</section>").next().unwrap();
                let (drawn, table) = section.split_once("<table").unwrap_or_else(|| panic!("{place}: no table"));
                for svg in drawn.split("<svg ").skip(1) {
                    charts += 1;
                    assert!(svg.contains("role=\"img\"") && svg.contains("aria-labelledby=\""), "{place}");
                    assert!(svg.contains("<title ") && svg.contains("<desc "), "{place}");
                }
                if drawn.contains("<svg ") {
                    assert_eq!(marks(drawn), marks(table), "{place}");
                    assert!(
                        table.contains("<caption>")
                            && table.contains("scope=\"col\"")
                            && table.contains("scope=\"row\"")
                    );
                }
            }
        }
        assert!(charts > 80, "{charts} charts");
    });
}

#[test]
fn the_pages_ask_nothing_of_the_database_by_the_way_they_are_written() {
    let sources = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/public"));
    assert!(sources.len() > 5, "{:?}", sources.keys());
    for (name, source) in sources {
        let source = String::from_utf8(source).unwrap();
        for word in [".db", "crate::db", "Rx<", "Tx<"] {
            assert!(!source.contains(word), "{name}: {word}");
        }
    }
}
