//! Every page of the inbox, as each of those who may come to it: what they are answered. A row that is new, and an answer that is
//! another, changes the grid, which a person has approved.

use std::collections::BTreeMap;

use recourse::domain::directory::WayIn;
use recourse::web::endpoints::{self, Reader};
use reqwest::Method;

use crate::harness::on_both;
use crate::harness::tab::{Page, Tab};
use crate::inbox::{Ines, opens};
use crate::referrals::Scene;
use crate::turned_away::{listen, statements};

/// An id that is nobody's.
const MISSING: &str = "ref_00000000000000000000000000";

async fn call(tab: &mut Tab, row: &endpoints::Row, id: &str, key: &str) -> Page {
    let path = row.path.replace("{id}", id);
    if row.method == Method::GET.as_str() {
        return tab.get(&path).await;
    }
    let fields = [
        ("key", key),
        ("words", "a b"),
        ("decline_reason", "no_capacity"),
        ("outcome", "supported"),
        ("days", "0"),
        ("nobody", "true"),
    ];
    tab.post(&path, &fields.map(|(name, value)| (name.to_owned(), value.to_owned()))).await
}

/// A key for forms of this tab; none of whoever is not signed in.
async fn key(tab: &mut Tab) -> String {
    let page = tab.get("/inbox").await;
    if page.status != 200 {
        return String::new();
    }
    page.form("/sign-out").fields.iter().find(|(name, _)| name == "key").unwrap().1.clone()
}

fn told(page: &Page, id: &str) -> String {
    let to = page.headers.get("location").map(|to| to.to_str().unwrap().replace(id, "ID"));
    match to {
        Some(to) if to.contains("/sign-in") => format!("{} door", page.status),
        Some(to) => {
            assert!(to.starts_with("/inbox"), "nobody is led off the inbox: {to}");
            format!("{} on", page.status)
        }
        None => page.status.to_string(),
    }
}

#[test]
fn every_page_answers_each_as_approved() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox]).await;
        opens(&world, "lantern", &[WayIn::Inbox]).await;
        let mut own = Ines::ready(&world, "harbour", "ines", true).await;
        let mut undeclared = Ines::at_work(&world, "harbour", "omar", true).await;
        let mut walled = Ines::ready(&world, "harbour", "kim", true).await;
        let known = walled.tab.get("/inbox/known").await.form("/known");
        walled.tab.submit(&known, &[("kind", "phone"), ("value", "+447700900123")]).await.expect(303);
        let mut other = Ines::ready(&world, "lantern", "lena", true).await;
        let mut colleague = Tab::of(&world, &scene.lead).await;
        let mut nobody = Tab::of_nobody(&world);
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        let mut grid: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let rows =
            endpoints::inbox().iter().filter(|row| row.reader == Reader::Person && !row.path.ends_with("sign-out"));
        for row in rows {
            // What changes where it stands is done by those last who may do it.
            let is_known = row.path == "/inbox/known";
            for (name, tab) in [
                ("nobody", &mut nobody),
                ("colleague", &mut colleague),
                ("other service", &mut other.tab),
                ("undeclared", &mut undeclared.tab),
                ("walled", &mut walled.tab),
                ("own", &mut own.tab),
            ] {
                if is_known && name == "undeclared" && row.method == "POST" {
                    continue;
                }
                let key = key(tab).await;
                let page = call(tab, row, &id, &key).await;
                grid.entry(format!("{} {}", row.method, row.path))
                    .or_default()
                    .push(format!("{name}: {}", told(&page, &id)));
                // One that is not there is answered as one that is hidden.
                if row.path.contains("{id}") && matches!(name, "other service" | "walled") {
                    let key = self::key(tab).await;
                    let missing = call(tab, row, MISSING, &key).await;
                    assert!(!page.words().contains("queue"), "cases and queues are none of theirs: {}", page.words());
                    let plain = |page: &Page, id: &str| {
                        let words = page.words().replace(id, "ID");
                        words.split("Reference for the operator").next().unwrap().to_owned()
                    };
                    assert_eq!(
                        (page.status, plain(&page, &id)),
                        (missing.status, plain(&missing, MISSING)),
                        "{name} {row:?}"
                    );
                }
            }
        }
        assert!(grid.len() > 15, "{grid:?}");
        let lines: Vec<String> =
            grid.into_iter().map(|(name, cells)| format!("{name}\n    {}", cells.join(", "))).collect();
        insta::assert_snapshot!("inbox_grid", lines.join("\n"));
    });
}

#[test]
fn what_is_not_there_makes_as_much_work_whatever_the_reason() {
    listen();
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox]).await;
        opens(&world, "lantern", &[WayIn::Inbox]).await;
        // Both have said that they know somebody, so that as much is looked up for each.
        let mut walled = Ines::ready(&world, "harbour", "kim", true).await;
        let mut other = Ines::ready(&world, "lantern", "lena", true).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        for (tab, value) in [(&mut walled.tab, "+447700900123"), (&mut other.tab, "+447700900777")] {
            let known = tab.get("/inbox/known").await.form("/known");
            tab.submit(&known, &[("kind", "phone"), ("value", value)]).await.expect(303);
        }
        for leaf in ["", "/accept", "/close"] {
            for tab in [&mut walled.tab, &mut other.tab] {
                let (there, page) = statements(&world, tab.get(&format!("/inbox/{id}{leaf}"))).await;
                page.expect(404);
                let (none, page) = statements(&world, tab.get(&format!("/inbox/{MISSING}{leaf}"))).await;
                page.expect(404);
                assert_eq!(there, none, "{leaf}");
            }
        }
    });
}
