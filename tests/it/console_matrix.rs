//! Every page of the table of endpoints, as each of those who may come to it: what they are answered. A row that is new, and an
//! answer that is another, changes the grid, which a person has approved.

use std::collections::BTreeMap;

use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use recourse::web::endpoints::{self, Reader};
use reqwest::Method;
use serde_json::json;

use crate::authorisation::ROLES;
use crate::harness::client::{full, small};
use crate::harness::tab::{Page, Tab};
use crate::harness::{World, on_both};
use crate::walls::walled;

/// An id that is nobody's.
const MISSING: &str = "case_00000000000000000000000000";

/// Calls a row with this case, as a page of the service would.
async fn call(tab: &mut Tab, row: &endpoints::Row, case: &str, key: &str) -> Page {
    let path = row.path.replace("{id}", case).replace("{act}", "act_00000000000000000000000000");
    if row.method == Method::GET.as_str() {
        return tab.get(&path).await;
    }
    let fields = [("key", key), ("version", "1"), ("seen", "1"), ("text", "a b"), ("reason", "a b")];
    tab.post(&path, &fields.map(|(name, value)| (name.to_owned(), value.to_owned()))).await
}

/// A key for forms of this tab.
async fn key(tab: &mut Tab) -> String {
    let page = tab.get("/console/account").await.expect(200);
    page.form("/sign-out").fields.iter().find(|(name, _)| name == "key").unwrap().1.clone()
}

/// A key for a row that takes one.
async fn key_for(row: &endpoints::Row, tab: &mut Tab) -> String {
    if row.method == Method::GET.as_str() { String::new() } else { key(tab).await }
}

/// Somebody of this role who has just signed in, with two queues on their list if they have any.
async fn fresh(world: &World, role: Role) -> Tab {
    let queues = if role == Role::Administrator { Vec::new() } else { vec![Queue::Other, Queue::StalkingViolence] };
    Tab::of(world, &world.staff_with(role, queues).await).await
}

/// What is told of an answer: its status, and where it leads.
fn told(page: &Page, case: &str) -> String {
    let to = page.headers.get("location").map(|to| to.to_str().unwrap().replace(case, "ID"));
    if let Some(to) = &to {
        assert!(to.starts_with("/console"), "nobody is led off the console: {to}");
    }
    match to {
        Some(to) if to.contains("/sign-in") => format!("{} door", page.status),
        Some(_) => format!("{} on", page.status),
        None => page.status.to_string(),
    }
}

#[test]
fn every_page_answers_each_as_approved() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut child = small("SPK-child");
        child["reporter"]["age_band"] = json!("under_18");
        spark.submit(&child).await;
        spark.submit(&full("SPK-walled")).await;
        let safeguarding = world.staff(Role::SafeguardingLead).await;
        let (child, wall) = (safeguarding.case_of("SPK-child").await, safeguarding.case_of("SPK-walled").await);
        let mut people = Vec::new();
        for role in ROLES {
            people.push((role, fresh(&world, role).await, Tab::of(&world, &walled(&world, role).await).await));
        }
        let mut grid: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut count = 0;
        for row in endpoints::console() {
            let name = format!("{} {}", row.method, row.path);
            let cells = grid.entry(name.clone()).or_default();
            let is_of_case = row.path.contains("{id}");
            for (who, mut tab) in strangers(&world).await {
                cells.push(format!("{who} {}", told(&call(&mut tab, row, MISSING, "none").await, MISSING)));
            }
            for (role, tab, behind) in &mut people {
                let role = *role;
                if !is_of_case {
                    // Some of these end the session.
                    let mut tab = fresh(&world, role).await;
                    let with = key_for(row, &mut tab).await;
                    let answer = told(&call(&mut tab, row, MISSING, &with).await, MISSING);
                    cells.push(format!("{} {answer}", role.as_str()));
                    continue;
                }
                count += 1;
                let reference = format!("SPK-{count}");
                spark.submit(&small(&reference)).await;
                let own = safeguarding.case_of(&reference).await;
                // What is refused uses up no key.
                let with = key_for(row, tab).await;
                let missing = call(tab, row, MISSING, &with).await;
                let elsewhere = call(tab, row, &child, &with).await;
                let hidden_key = key_for(row, behind).await;
                let hidden = call(behind, row, &wall, &hidden_key).await;
                for other in [&elsewhere, &hidden] {
                    assert_eq!((other.status, plain(other)), (missing.status, plain(&missing)), "{name} by {role:?}");
                }
                let answer = call(tab, row, &own, &with).await;
                cells.push(format!("{} {}/{}", role.as_str(), told(&answer, &own), told(&missing, MISSING)));
            }
        }
        let lines: Vec<String> =
            grid.into_iter().map(|(row, cells)| format!("{row}\n    {}", cells.join(", "))).collect();
        insta::assert_snapshot!("console_grid", lines.join("\n"));
    });
}

/// A page without what names its request.
fn plain(page: &Page) -> String {
    let words = page.words();
    let words = words.split("Reference for the operator").next().unwrap();
    words.split("\"instance\"").next().unwrap().to_owned()
}

/// Those whose cookie is nobody's.
async fn strangers(world: &World) -> Vec<(&'static str, Tab)> {
    let nobody = Tab::of_nobody(world);
    let who = world.staff(Role::Lead).await;
    let mut dead = Tab::of(world, &who).await;
    let cookie = dead.cookie.clone();
    let form = dead.get("/console/account").await.expect(200).form("/sign-out");
    dead.submit(&form, &[]).await.expect(303);
    let api = Tab { cookie: Some(format!("__Host-recourse={}", who.caller.token)), ..nobody.clone() };
    vec![("nobody", nobody), ("dead", Tab { cookie, ..dead }), ("api", api)]
}

/// What every answer below `/console` carries.
const HEADERS: [(&str, &str); 8] = [
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-robots-tag", "noindex, nofollow"),
    ("permissions-policy", "camera=()"),
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    ),
];

#[test]
fn every_answer_carries_what_keeps_it_in() {
    on_both(|world| async move {
        let mut tab = Tab::of(&world, &world.staff(Role::Lead).await).await;
        let mut nobody = Tab::of_nobody(&world);
        for row in endpoints::console() {
            for tab in [&mut tab, &mut nobody] {
                let page = call(tab, row, MISSING, "none").await;
                for (name, value) in HEADERS {
                    let header = page.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
                    assert!(header.contains(value), "{row:?}: {name} is {header:?}");
                }
                let kept = page.headers["cache-control"].to_str().unwrap();
                let is_file = ["/console/style.css", "/console/console.js"].contains(&row.path.as_str());
                assert_eq!(kept == "no-store", !is_file, "{row:?}: {kept}");
                if row.reader == Reader::Person && page.status != 303 {
                    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8", "{row:?}");
                }
            }
        }
        // What is not there, and what nobody may do, is a page as well.
        for (method, path, status) in [(Method::GET, "/console/nowhere", 404), (Method::PUT, "/console", 405)] {
            let request = tab.request(method, path).header("Sec-Fetch-Site", "same-origin");
            let page = tab.send(request).await.expect(status);
            assert_eq!(page.headers["content-type"], "text/html; charset=utf-8", "{path}");
        }
    });
}

#[test]
fn what_is_put_on_record_is_not_read_ahead() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let who = world.staff(Role::Lead).await;
        let case = who.case_of("SPK-1").await;
        let mut tab = Tab::of(&world, &who).await;
        let mut tried = 0;
        for row in endpoints::console().iter().filter(|row| row.recorded) {
            let path = row.path.replace("{id}", &case).replace("{act}", "act_00000000000000000000000000");
            let request = tab.request(Method::GET, &path).header("Sec-Fetch-Site", "same-origin");
            let page = tab.send(request.header("Sec-Purpose", "prefetch;prerender")).await.expect(403);
            page.says("Not opened ahead");
            tried += 1;
        }
        assert!(tried >= 2, "{tried}");
        let read = who.case(&case).await.0;
        assert_eq!(read["read_at"], json!(null));
    });
}

#[test]
fn each_form_from_elsewhere_changes_nothing() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let who = world.staff(Role::Lead).await;
        let case = who.case_of("SPK-1").await;
        let mut tab = Tab::of(&world, &who).await;
        let with = key(&mut tab).await;
        let before = who.case(&case).await;
        for row in endpoints::console().iter().filter(|row| row.method == Method::POST.as_str()) {
            let path = row.path.replace("{id}", &case).replace("{act}", "act_00000000000000000000000000");
            let fields = [("key", with.as_str()), ("version", "1"), ("text", "a b"), ("letter_keys", "off")];
            let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let heads: [&[(&str, &str)]; 5] = [
                &[("Sec-Fetch-Site", "cross-site")],
                &[("Sec-Fetch-Site", "same-site")],
                &[("Origin", "null")],
                &[("Origin", "https://elsewhere.example")],
                &[],
            ];
            for head in heads {
                let request = head
                    .iter()
                    .fold(tab.posting(&path, &fields), |request, (name, value)| request.header(*name, *value));
                assert_eq!(tab.send(request).await.status, 403, "{row:?} {head:?}");
            }
        }
        assert_eq!(who.case(&case).await, before);
        assert!(tab.get("/console/account").await.expect(200).body.contains("data-keys=\"on\""));
    });
}
