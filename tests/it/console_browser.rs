//! The console in a real browser: whatever the light, the width or the hands, with its script and without.

use std::path::{Path, PathBuf};

use recourse::base::secret::Sensitive;
use recourse::domain::people::door;
use recourse::domain::people::staff::{self, NewMember, Role};
use serde_json::{Value, json};

use crate::browser::check;
use crate::harness::browser::{Browser, checker};
use crate::harness::client::{Staff, full, small};
use crate::harness::{Database, TEST, World};

const PASSWORD: &str = "correct horse battery";

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/screenshots/console-{name}.png"))
}

/// A service with cases, and a browser in which a lead has signed in by its page.
struct Stage {
    world: World,
    browser: Browser,
    checker: String,
    case: String,
}

impl Stage {
    async fn set(checker: String) -> Self {
        let world = World::begin(Database::Sqlite, &|_| {}).await;
        let spark = world.platform("spark").await;
        for n in 2..6 {
            spark.submit(&small(&format!("SPK-{n}"))).await;
        }
        let mut urgent = full("SPK-1");
        urgent["answers"] = json!({"not_safe_now": "yes", "very_frightened": "yes"});
        spark.submit(&urgent).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("SPK-1").await;
        let stage = Self { world, browser: Browser::start().await, checker, case };
        stage.sign_in().await;
        stage
    }

    /// Signs in as a person does: by the page, over plain http on this machine.
    async fn sign_in(&self) {
        let secret = door::new_secret();
        let password_hash = self.world.app.passwords.hash(Sensitive::new(PASSWORD.to_owned())).await.unwrap();
        let totp_secret = secret.clone();
        let add = move |tx: &mut recourse::domain::unit::Unit<'_>| {
            let (username, role, queues) = ("amina".to_owned(), Role::Lead, Vec::new());
            let new =
                NewMember { username, role, queues, password_hash, is_given: false, totp_secret, same_person_as: None };
            staff::add(tx, new)
        };
        self.world.app.write(TEST, add).await.unwrap();
        let seconds = u64::try_from(self.world.clock.now().seconds()).unwrap();
        let code = door::code_at(&secret, seconds).unwrap();
        self.open("/console/sign-in").await;
        let fill = "for (const [name, value] of Object.entries(arguments[0])) document.getElementById(name).value = value; \
                    document.querySelector('form.form button').click()";
        self.browser.run(fill, json!([{"username": "amina", "password": PASSWORD, "code": code}])).await;
        self.at("/console").await;
    }

    async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.world.base)).await;
    }

    /// Waits until the browser shows a page at this path.
    async fn at(&self, path: &str) {
        self.until(&format!("location.pathname === '{path}' && document.readyState === 'complete'")).await;
    }

    async fn until(&self, holds: &str) {
        if self.browser.comes_to(holds).await {
            return;
        }
        let place = self.browser.run("return location.pathname + ': ' + document.body.innerText", json!([])).await;
        panic!("{holds} never held: {place}");
    }

    async fn violations(&self, is_whole: bool) -> Vec<String> {
        let checker = format!("if (!window.axe) {{ {} }} return !!window.axe", self.checker);
        self.browser.run(&checker, json!([])).await;
        let found = self.browser.run_async(&check(is_whole)).await;
        let least = if is_whole { 10 } else { 1 };
        assert!(found["ran"].as_u64() >= Some(least), "the checker did not run: {found}");
        found["found"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    }

    async fn text(&self) -> String {
        self.browser.run("return document.body.innerText", json!([])).await.as_str().unwrap().to_owned()
    }
}

/// Something is handed over of the case, so that its pages have all that they can have; and it is nobody's again.
async fn handed_over(world: &World, lead: &Staff, case: &str) {
    let entries = ["harbour", "lantern"].map(crate::directory::entry).to_vec();
    crate::directory::stand(world, entries, &["harbour", "lantern"]).await;
    let all = lead.caller.get("/v1/triage/services").await.expect(200).json();
    lead.take(case).await;
    world.pass(60);
    let service = all["data"][0]["id"].as_str().unwrap();
    let mut given = crate::consents::given(service);
    given["given_at"] = json!(world.clock.now());
    let consent = lead.act(case, "consents", &given).await.expect(201).json();
    for _ in 0..2 {
        let body = crate::referrals::referral(world, service, consent["id"].as_str().unwrap());
        let (id, tag) = crate::referrals::tagged(&lead.act(case, "referrals", &body).await.expect(201));
        let path = format!("/v1/triage/cases/{case}/referrals/{id}/send");
        let send = json!({"knowing_closed": true});
        lead.caller.post_with(&path, &crate::harness::client::new_key(), Some(&tag), &send).await.expect(200);
        world.pass(1);
    }
    let list = lead.caller.get(&format!("/v1/triage/cases/{case}/referrals")).await.expect(200).json();
    let no = crate::referrals::said(world, "decline", &[("reason", json!("no_capacity"))]);
    let id = list["data"][0]["id"].as_str().unwrap();
    lead.act(case, &format!("referrals/{id}/by-phone"), &no).await.expect(200);
    lead.act(case, "release", &json!({})).await.expect(200);
}

fn on_stage<F: Future<Output = ()>>(test: impl FnOnce(Stage) -> F) {
    let Some(checker) = checker() else { return };
    actix_web::rt::System::new().block_on(async { test(Stage::set(checker).await).await });
}

/// Every page, by the name of its picture.
fn pages(case: &str) -> Vec<(String, &'static str)> {
    let of = |leaf: &str| format!("/console/cases/{case}{leaf}");
    vec![
        ("/console".to_owned(), "queues"),
        ("/console?queue=fraud&priority=p4".to_owned(), "queues-empty"),
        (of(""), "case"),
        (of("/note"), "note"),
        (of("/contact"), "contact"),
        (of("/emergency"), "emergency"),
        (of("/wishes"), "wishes"),
        (of("/hold"), "hold"),
        (of("/hand-over"), "hand-over"),
        (of("/priority"), "priority"),
        (of("/ask"), "ask"),
        (of("/decide"), "decide"),
        (of("/link"), "link"),
        (of("/pass"), "pass"),
        (of("/related"), "related"),
        (of("/routing"), "routing"),
        (of("/referrals"), "referrals"),
        (of("/consent"), "consent"),
        (of("/refer"), "refer"),
        (of("/take-back"), "take-back"),
        (of("/service-said"), "service-said"),
        (of("/replace"), "replace"),
        ("/console/referrals".to_owned(), "board"),
        ("/console/second".to_owned(), "second"),
        ("/console/shift".to_owned(), "shift"),
        ("/console/find?q=SPK-1".to_owned(), "find"),
        ("/console/keys".to_owned(), "keys"),
        ("/console/account".to_owned(), "account"),
        ("/console/sign-in".to_owned(), "sign-in"),
        ("/console/arrived".to_owned(), "arrived"),
        ("/console/nowhere".to_owned(), "nowhere"),
    ]
}

/// What is wrong with the layout of a page: it is wider than the window, or something to press is too small for a finger.
pub(crate) const LAYOUT: &str = "
    const small = [...document.querySelectorAll('button, .button, input, select, textarea, a.row, .acts a, nav a')].filter(e => {
        const r = e.getBoundingClientRect();
        return r.width > 0 && e.type !== 'hidden' && (r.height < 23.5 || r.width < 23.5) && !['radio', 'checkbox'].includes(e.type);
    }).map(e => e.outerHTML.slice(0, 120));
    return {wide: document.documentElement.scrollWidth, small: small.slice(0, 3)};";

/// How each page is looked at: the light, the window, and whether with every rule.
pub(crate) const LOOKS: [(&str, u32, u32, bool); 5] = [
    ("light", 1_280, 900, true),
    ("light", 768, 1_024, false),
    ("light", 320, 640, false),
    ("dark", 320, 640, true),
    ("dark", 1_280, 900, false),
];

#[test]
fn no_page_stands_in_anybodys_way() {
    on_stage(|stage| async move {
        let mut wrong = Vec::new();
        handed_over(&stage.world, &stage.world.staff(Role::Lead).await, &stage.case).await;
        for (path, name) in pages(&stage.case) {
            stage.open(&path).await;
            for (scheme, width, height, is_whole) in LOOKS {
                let place = format!("{name}, {scheme}, {width}");
                stage.browser.prefer(scheme).await;
                stage.browser.resize(width, height).await;
                let layout = stage.browser.run(LAYOUT, json!([])).await;
                if layout["wide"].as_u64() > Some(u64::from(width)) {
                    wrong.push(format!("{place}: the page is {} wide", layout["wide"]));
                }
                if layout["small"] != json!([]) {
                    wrong.push(format!("{place}: too small: {}", layout["small"]));
                }
                wrong.extend(stage.violations(is_whole).await.into_iter().map(|found| format!("{place}: {found}")));
                stage.browser.picture(&picture(&format!("{name}-{scheme}-{width}"))).await;
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

#[test]
fn a_form_with_mistakes_is_as_easy_to_use() {
    on_stage(|stage| async move {
        let mut wrong = Vec::new();
        for leaf in ["note", "priority", "decide", "ask"] {
            stage.open(&format!("/console/cases/{}", stage.case)).await;
            if leaf == "note" {
                stage.browser.run("document.querySelector('form[action$=\"/claim\"] button').click()", json!([])).await;
                stage.until("document.querySelector('[data-claim]') !== null").await;
            }
            stage.open(&format!("/console/cases/{}/{leaf}", stage.case)).await;
            stage.browser.run("document.querySelector('form[data-words] button').click()", json!([])).await;
            stage.until("document.querySelector('.errors') !== null").await;
            for width in [1_280, 320] {
                stage.browser.resize(width, 800).await;
                wrong.extend(stage.violations(true).await.into_iter().map(|found| format!("{leaf}, {width}: {found}")));
            }
            let leads = "return [...document.querySelectorAll('.errors a')].every(a => document.querySelector(a.getAttribute('href')) !== null)";
            assert_eq!(
                stage.browser.run(leads, json!([])).await,
                json!(true),
                "{leaf}: each mistake leads to its field"
            );
            stage.browser.picture(&picture(&format!("mistakes-{leaf}"))).await;
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

#[test]
fn by_keys_alone_from_the_queue_to_a_note() {
    on_stage(|stage| async move {
        let browser = &stage.browser;
        stage.open("/console").await;
        browser.press("j").await;
        stage.until("document.activeElement.matches('a.row')").await;
        browser.press("c").await;
        let path = format!("/console/cases/{}", stage.case);
        stage.at(&path).await;
        assert!(stage.text().await.contains("You took this case."));
        browser.press("s").await;
        stage.until("document.body.innerText.includes('The review has begun.')").await;
        browser.press("w").await;
        stage.at(&format!("{path}/note")).await;
        // In a field a letter is a letter.
        browser.run("document.getElementById('text').focus()", json!([])).await;
        for letter in ["d", "c", "x"] {
            browser.press(letter).await;
        }
        assert_eq!(browser.run("return document.getElementById('text').value", json!([])).await, json!("dcx"));
        stage.at(&format!("{path}/note")).await;
        browser.run("document.querySelector('form[data-words] button').click()", json!([])).await;
        stage.until("document.body.innerText.includes('The note is kept.')").await;
        // No key alone lowers, closes, contacts or signs: each opens a form.
        for (key, leaf) in
            [("p", "priority"), ("t", "contact"), ("d", "decide"), ("x", "pass"), ("o", "hand-over"), ("e", "related")]
        {
            stage.open(&path).await;
            browser.press(key).await;
            stage.at(&format!("{path}/{leaf}")).await;
        }
        assert_eq!(
            browser.run("return [localStorage.length, sessionStorage.length, document.cookie]", json!([])).await,
            json!([0, 0, ""])
        );
    });
}

#[test]
fn letters_are_no_keys_where_they_are_switched_off() {
    on_stage(|stage| async move {
        let browser = &stage.browser;
        stage.open("/console/account").await;
        browser
            .run("document.querySelector('input[name=letter_keys]').form.querySelector('button').click()", json!([]))
            .await;
        stage.until("document.body.dataset.keys === 'off'").await;
        stage.open("/console").await;
        for key in ["2", "b", "c"] {
            browser.press(key).await;
        }
        stage.at("/console").await;
        assert_eq!(browser.run("return location.search", json!([])).await, json!(""));
    });
}

#[test]
fn without_a_script_everything_is_done_by_links_and_buttons() {
    on_stage(|stage| async move {
        let browser = &stage.browser;
        browser.scripts(false).await;
        stage.open("/console").await;
        browser.run("document.querySelector('button[data-key=c]').click()", json!([])).await;
        let path = format!("/console/cases/{}", stage.case);
        stage.at(&path).await;
        browser.run("document.querySelector('a[data-key=h]').click()", json!([])).await;
        stage.at(&format!("{path}/hold")).await;
        let fill = "document.getElementById('hours-1').click(); document.getElementById('reason').value = 'She sleeps.'; \
                    document.querySelector('form[data-words] button').click()";
        browser.run(fill, json!([])).await;
        stage.at(&path).await;
        assert!(stage.text().await.contains("The case is on hold"), "{}", stage.text().await);
    });
}

#[test]
fn a_list_that_stands_open_changes_its_words_and_moves_nothing() {
    on_stage(|stage| async move {
        let browser = &stage.browser;
        stage.open("/console").await;
        let order = "return [...document.querySelectorAll('tr[data-case]')].map(row => row.id)";
        let before: Value = browser.run(order, json!([])).await;
        let other = stage.world.staff(Role::Lead).await;
        other.take(&stage.case).await;
        // Somebody comes back to the tab: the list asks at once.
        let shown = "document.dispatchEvent(new Event('visibilitychange'))";
        browser.run(shown, json!([])).await;
        let held = format!("document.getElementById('{}').innerText.includes('{}')", stage.case, other.username);
        for _ in 0..40 {
            browser.run(shown, json!([])).await;
        }
        stage.until(&held).await;
        assert_eq!(browser.run(order, json!([])).await, before);
    });
}
