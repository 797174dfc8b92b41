//! The public pages in a real browser: whatever the light, the width or the hands.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::harness::browser::{Browser, checker};
use crate::harness::editions::{connect, published};
use crate::harness::{Database, World};
use crate::public_pages::shown;
use crate::replaced::replace;

/// The pages that show everything there is, with the names of their pictures.
fn pages(edition: &str) -> Vec<(String, &'static str)> {
    let within = format!("/transparency/{edition}");
    vec![
        ("/".to_owned(), "home"),
        ("/help".to_owned(), "help"),
        (within.clone(), "edition"),
        (format!("{within}/national"), "national"),
        (format!("{within}/platforms"), "platforms"),
        (format!("{within}/platform-category"), "platform-category"),
        (format!("{within}/platform-category/platform/app-00"), "one-platform"),
        (format!("{within}/platform-response"), "platform-response"),
        (format!("{within}/response-times"), "response-times"),
        (format!("{within}/platform-outcome"), "platform-outcome"),
        (format!("{within}/category-region"), "category-region"),
        (format!("{within}/corrections"), "corrections"),
        (format!("{}/platforms", within.trim_end_matches("-r")), "replaced"),
        ("/transparency/platforms/app-00".to_owned(), "platform"),
        ("/transparency/method".to_owned(), "method"),
        ("/transparency/calendar".to_owned(), "calendar"),
        ("/transparency/changes".to_owned(), "changes"),
        ("/transparency/budget".to_owned(), "budget"),
        ("/transparency/verify".to_owned(), "verify"),
        ("/transparency/nowhere".to_owned(), "no-such-page"),
    ]
}

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/screenshots/{name}.png"))
}

/// A site with an edition, and a browser that looks at it.
struct Stage {
    world: World,
    browser: Browser,
    edition: String,
    checker: String,
}

impl Stage {
    async fn set(checker: String) -> Self {
        let world = World::begin(Database::Sqlite, &|_| {}).await;
        let ids = connect(&world, 6).await;
        // The last edition of a year holds every table.
        let first = published(&world, &ids, 1_700).await;
        let last = replace(&world, first).await;
        shown(&world, last).await;
        Self { world, browser: Browser::start().await, edition: last.to_string(), checker }
    }

    async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.world.base)).await;
    }

    /// What the page checker finds by the rules of WCAG 2.2 at A and AA, and its good practices: all of them, or as `check` says.
    async fn violations(&self, is_whole: bool) -> Vec<String> {
        self.browser.run(&format!("{}; return !!window.axe", self.checker), json!([])).await;
        let found = self.browser.run_async(&check(is_whole)).await;
        let least = if is_whole { 10 } else { 1 };
        assert!(found["ran"].as_u64() >= Some(least), "the checker did not run: {found}");
        found["found"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    }
}

const CHECK: &str = "
    const done = arguments[arguments.length - 1];
    const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const short = v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html).join(' ');
    axe.run(document, {runOnly: rules}).then(
        r => done({ran: r.passes.length, found: r.violations.map(short)}),
        e => done({ran: 0, found: [String(e)]}));";

/// The rules that hang on the light and the width together. The others look at one of them or at neither: they run in each light and
/// at each width once.
const BOTH: &str = "'color-contrast', 'target-size', 'link-in-text-block'";

/// The check, with every rule or with those alone that hang on both.
pub(crate) fn check(is_whole: bool) -> String {
    let rules = "'wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'";
    if is_whole { CHECK.to_owned() } else { CHECK.replace(rules, BOTH) }
}

fn on_stage<F: Future<Output = ()>>(test: impl FnOnce(Stage) -> F) {
    let Some(checker) = checker() else { return };
    actix_web::rt::System::new().block_on(async { test(Stage::set(checker).await).await });
}

#[test]
fn no_page_stands_in_anybodys_way_in_light_or_dark_wide_or_narrow() {
    on_stage(|stage| async move {
        let mut wrong = Vec::new();
        for scheme in ["light", "dark"] {
            stage.browser.prefer(scheme).await;
            for (path, name) in pages(&stage.edition) {
                for (width, height) in [(1_280, 900), (320, 640)] {
                    let place = format!("{name}, {scheme}, {width}");
                    let is_whole = (scheme == "light") == (width == 1_280);
                    stage.browser.resize(width, height).await;
                    stage.open(&path).await;
                    let (title, wide) = (
                        stage.browser.run("return document.title", json!([])).await,
                        stage.browser.run("return document.documentElement.scrollWidth", json!([])).await,
                    );
                    let lost = title.as_str().unwrap().starts_with("There is no such page");
                    assert_eq!(lost, name == "no-such-page", "{place}: {title}");
                    if wide.as_u64() > Some(u64::from(width)) {
                        wrong.push(format!("{place}: the page is {wide} wide"));
                    }
                    wrong.extend(stage.violations(is_whole).await.into_iter().map(|found| format!("{place}: {found}")));
                    stage.browser.picture(&picture(&format!("{name}-{scheme}-{width}"))).await;
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

#[test]
fn everything_can_be_reached_and_done_by_keyboard_alone_without_a_script() {
    on_stage(|stage| async move {
        let browser = &stage.browser;
        let table = format!("/transparency/{}/platform-category", stage.edition);
        browser.resize(320, 640).await;
        browser.scripts(false).await;
        stage.open(&table).await;
        let wanted = browser
            .run("return [...document.querySelectorAll('a[href], button, select, [tabindex=\"0\"]')].length", json!([]))
            .await;
        let wanted = usize::try_from(wanted.as_u64().unwrap()).unwrap();
        let mut reached = std::collections::BTreeSet::new();
        let [tab, down, enter] = ["\u{E004}", "\u{E015}", "\u{E007}"];
        for step in 0..=wanted {
            browser.press(tab).await;
            let at = browser.run(FOCUSED, json!([])).await;
            let Some(place) = at["place"].as_i64() else { break };
            if step == 0 {
                assert_eq!(at["text"], "Skip to the content");
            }
            assert!(at["seen"].as_bool().unwrap(), "the focus cannot be seen: {at}");
            assert!(at["size"].as_f64() >= Some(24.0), "too small for a finger: {at}");
            reached.insert(place);
        }
        assert!(reached.len() == wanted && wanted > 20, "{} of {wanted} are reached", reached.len());
        // Choosing a platform leads to its page.
        browser.run("document.querySelector('select').focus()", json!([])).await;
        browser.press(down).await;
        browser.run("document.querySelector('form button').focus()", json!([])).await;
        browser.press(enter).await;
        let led = browser.comes_to(&format!("location.pathname === '{table}/platform/app-00'")).await;
        assert!(led, "the form leads nowhere");
    });
}

/// Where the focus is, whether it can be seen, and how large a target it is.
const FOCUSED: &str = "
    const all = [...document.querySelectorAll('a[href], button, select, [tabindex=\"0\"]')];
    const it = document.activeElement, box = it.getBoundingClientRect(), style = getComputedStyle(it);
    const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    return {place: all.indexOf(it) < 0 ? null : all.indexOf(it), text: it.textContent.trim().slice(0, 40),
            seen: inside && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
            // A link within a sentence may be as high as its line (WCAG 2.2, 2.5.8).
            size: it.closest('p:not(.name):not(.leave)') && it.tagName === 'A' ? 24 : Math.min(box.height, Math.max(box.width, 24))};";

#[test]
fn colours_keep_their_contrast_in_both_themes() {
    let style = include_str!("../../templates/pages/style.css");
    let theme = |part: &str| -> std::collections::BTreeMap<String, f64> {
        let lines = part.split('}').next().unwrap().lines().filter_map(|line| line.trim().strip_prefix("--"));
        lines
            .filter_map(|line| line.split_once(": #"))
            .map(|(name, hex)| (name.to_owned(), luminance(hex.trim_end_matches(';'))))
            .collect()
    };
    let (light, dark) = style.split_once("prefers-color-scheme: dark").unwrap();
    for (name, colours) in [
        ("light", theme(light.split(":root {").nth(1).unwrap())),
        ("dark", theme(dark.split(":root {").nth(1).unwrap())),
    ] {
        let contrast = |one: &str, other: &str| {
            let (one, other) = (colours[one], colours[other]);
            (one.max(other) + 0.05) / (one.min(other) + 0.05)
        };
        for ink in ["ink", "quiet", "accent", "urgent"] {
            assert!(contrast(ink, "paper") >= 4.5, "{name}: {ink} {}", contrast(ink, "paper"));
        }
    }
}

fn luminance(hex: &str) -> f64 {
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}
