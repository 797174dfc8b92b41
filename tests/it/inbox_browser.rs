//! The inbox in a real browser: whatever the light, the width or the hands, with its script and without.

use std::path::{Path, PathBuf};

use recourse::domain::directory::WayIn;
use serde_json::json;

use crate::browser::check;
use crate::console_browser::{LAYOUT, LOOKS};
use crate::harness::browser::{Browser, checker};
use crate::harness::hands::{Hands, Seat};
use crate::harness::{Database, World};
use crate::inbox::{Ines, PASSWORD, opens};
use crate::referrals::Scene;

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/screenshots/inbox-{name}.png"))
}

async fn violations(browser: &Browser, checker: &str, is_whole: bool) -> Vec<String> {
    let load = format!("if (!window.axe) {{ {checker} }} return !!window.axe");
    browser.run(&load, json!([])).await;
    let found = browser.run_async(&check(is_whole)).await;
    let least = if is_whole { 10 } else { 1 };
    assert!(found["ran"].as_u64() >= Some(least), "the checker did not run: {found}");
    found["found"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// Signs in by the page, as a person does.
async fn sign_in(seat: &Seat, world: &World, who: &Ines) {
    seat.open("/inbox/sign-in").await;
    seat.write("username", who.name).await;
    seat.write("password", PASSWORD).await;
    seat.write("code", &who.code(world)).await;
    seat.send("Sign in", "What came").await;
}

/// A referral at a service, and somebody of it before a browser.
async fn stage(hands: Hands) -> (World, Scene, Ines, Seat) {
    let world = World::begin(Database::Sqlite, &|_| {}).await;
    let scene = Scene::set(&world).await;
    opens(&world, "harbour", &[WayIn::Inbox]).await;
    let ines = Ines::hire(&world, "harbour", "ines", true).await;
    let seat = Seat::take(&world, hands).await;
    sign_in(&seat, &world, &ines).await;
    (world, scene, ines, seat)
}

#[test]
fn no_page_stands_in_anybodys_way() {
    let Some(checker) = checker() else { return };
    actix_web::rt::System::new().block_on(async {
        let (world, scene, _ines, seat) = stage(Hands::Keys).await;
        let (first, _) = scene.sent(&world, "harbour", &[]).await;
        let mut wrong = Vec::new();
        let of = |leaf: &str| format!("/inbox/{first}{leaf}");
        let before = [("/inbox".to_owned(), "list-first"), ("/inbox/known".to_owned(), "known"), (of(""), "declare-first")];
        let after = [
            ("/inbox".to_owned(), "list"),
            ("/inbox?state=closed".to_owned(), "list-empty"),
            (of(""), "one"),
            (of("/decline"), "decline"),
            (of("/close"), "close"),
            ("/inbox/capacity".to_owned(), "capacity"),
            ("/inbox/arrived".to_owned(), "arrived"),
            ("/inbox/sign-in".to_owned(), "sign-in"),
            ("/inbox/nowhere".to_owned(), "nowhere"),
        ];
        for (round, pages) in [before.to_vec(), after.to_vec()].into_iter().enumerate() {
            if round == 1 {
                seat.open("/inbox/known").await;
                seat.browser.run("document.querySelector('button[name=nobody]').click()", json!([])).await;
                seat.until("location.pathname === '/inbox'").await;
            }
            for (path, name) in pages {
                seat.open(&path).await;
                for (scheme, width, height, is_whole) in LOOKS {
                    let place = format!("{name}, {scheme}, {width}");
                    seat.browser.prefer(scheme).await;
                    seat.browser.resize(width, height).await;
                    let layout = seat.browser.run(LAYOUT, json!([])).await;
                    if layout["wide"].as_u64() > Some(u64::from(width)) {
                        wrong.push(format!("{place}: the page is {} wide", layout["wide"]));
                    }
                    if layout["small"] != json!([]) {
                        wrong.push(format!("{place}: too small: {}", layout["small"]));
                    }
                    let found = violations(&seat.browser, &checker, is_whole).await;
                    wrong.extend(found.into_iter().map(|found| format!("{place}: {found}")));
                    seat.browser.picture(&picture(&format!("{name}-{scheme}-{width}"))).await;
                }
                // Whoever looks over a shoulder, or into a history, reads nothing of it.
                let title = seat.browser.run("return document.title", json!([])).await;
                let title = title.as_str().unwrap();
                assert!(title.ends_with("Inbox") && !title.contains("eferral") && !title.contains("ecourse"), "{title}");
            }
        }
        // A form with a mistake.
        seat.open(&of("/decline")).await;
        seat.browser.run("document.querySelector('form[data-words] button').click()", json!([])).await;
        seat.until("document.querySelector('.errors') !== null").await;
        wrong.extend(violations(&seat.browser, &checker, true).await);
        let leads = "return [...document.querySelectorAll('.errors a')].every(a => document.querySelector(a.getAttribute('href')) !== null)";
        assert_eq!(seat.browser.run(leads, json!([])).await, json!(true));
        seat.browser.picture(&picture("mistake")).await;
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

/// From signing in to the close, by the keyboard alone.
async fn walk(hands: Hands) {
    let (world, scene, _ines, seat) = stage(hands).await;
    let (id, _) = scene.sent(&world, "harbour", &[]).await;
    seat.follow("Say whom you know", "Nothing opens to you before you have said this.").await;
    seat.choose("kind", "email").await;
    seat.write("value", "brother@mail.example").await;
    seat.send("Add them", "It is noted.").await;
    seat.follow("Back to what came", "What came").await;
    seat.follow("New, sent", "Say that you call about the allotment.").await;
    seat.send("Take it on", "You have taken it on.").await;
    seat.follow("Say that you were in contact", "It stands now: Taken on.").await;
    seat.write("words", "She will come on Monday.").await;
    seat.send("Say that you were in contact", "It is noted that you were in contact.").await;
    seat.follow("Say that you are done", "How did it end?").await;
    seat.choose("outcome", "supported").await;
    seat.send("Say that you are done", "It is noted that you are done.").await;
    let lead = world.signed_in_again(&scene.lead).await;
    assert_eq!(scene.states(&lead).await["harbour"], "closed", "{id}");
    assert_eq!(
        seat.browser.run("return [localStorage.length, sessionStorage.length, document.cookie]", json!([])).await,
        json!([0, 0, ""])
    );
}

#[test]
fn one_is_answered_by_the_keyboard_with_a_script_and_without() {
    if checker().is_none() {
        return;
    }
    for hands in [Hands::Keys, Hands::Plain] {
        actix_web::rt::System::new().block_on(walk(hands));
    }
}
