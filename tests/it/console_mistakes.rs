//! Every page that says that something went wrong, in a real browser: in any light and width it can be read and used, and what was
//! written stands in it.

use std::path::Path;

use recourse::domain::people::staff::Role;
use serde_json::json;

use crate::browser::check;
use crate::faults::lock;
use crate::harness::browser::checker;
use crate::harness::client::{Platform, Staff, full, small};
use crate::harness::hands::{Hands, Person, Seat};
use crate::harness::{Database, World};

const WORDS: &str = "She rang from a box.";

/// Somebody to whom everything goes wrong once.
struct Trouble {
    world: World,
    seat: Seat,
    amina: Person,
    other: Staff,
    checker: String,
    spark: Platform,
    report: String,
    case: String,
    wrong: Vec<String>,
    seen: usize,
}

#[test]
fn whatever_goes_wrong_is_said_on_a_page_that_everybody_can_use() {
    let Some(checker) = checker() else { return };
    actix_web::rt::System::new().block_on(async {
        let world = World::begin(Database::Sqlite, &|_| {}).await;
        let spark = world.platform("spark").await;
        let mut urgent = full("SPK-1");
        urgent["answers"] = json!({"not_safe_now": "yes"});
        let report = spark.submit(&urgent).await;
        spark.submit(&small("SPK-2")).await;
        let amina = Person::hire(&world, "amina", Role::Lead).await;
        let other = world.staff(Role::Lead).await;
        let case = other.case_of("SPK-1").await;
        let seat = Seat::take(&world, Hands::Keys).await;
        let mut trouble =
            Trouble { world, seat, amina, other, checker, spark, report, case, wrong: Vec::new(), seen: 0 };
        trouble.at_the_door().await;
        trouble.with_what_is_missing().await;
        trouble.with_what_others_did().await;
        trouble.with_what_is_not_there().await;
        trouble.with_the_service().await;
        trouble.with_the_session().await;
        assert_eq!(trouble.seen, 27, "each was looked at");
        assert!(trouble.wrong.is_empty(), "{:#?}", trouble.wrong);
    });
}

impl Trouble {
    /// Looks at a page in each light and at each width.
    async fn look(&mut self, name: &str, words: &str) {
        self.seat.says(words).await;
        // Members and codes are written so, and no person knows them.
        let said = self.seat.text().await;
        assert!(!said.contains('`') && !said.contains("member"), "{name}: {said}");
        self.seen += 1;
        let browser = &self.seat.browser;
        browser.run(&self.checker, json!([])).await;
        for (scheme, width, height) in
            [("light", 1_280, 900), ("light", 320, 256), ("dark", 320, 256), ("dark", 1_280, 900)]
        {
            browser.prefer(scheme).await;
            browser.resize(width, height).await;
            let place = format!("{name}, {scheme}, {width}");
            // Each light at one width with every rule, at the other with those that hang on both.
            let is_whole = (scheme == "light") == (width == 1_280);
            let found = browser.run_async(&check(is_whole)).await;
            let least = if is_whole { 10 } else { 1 };
            assert!(found["ran"].as_u64() >= Some(least), "{place}: the checker did not run: {found}");
            self.wrong.extend(found["found"].as_array().unwrap().iter().map(|found| format!("{place}: {found}")));
            let wide = browser.run(LAYOUT, json!([])).await;
            if wide["wide"].as_u64() > Some(u64::from(width)) || wide["lost"] != json!([]) {
                self.wrong.push(format!("{place}: {wide}"));
            }
        }
        let file = format!("{}/target/screenshots/console-mistake-{name}.png", env!("CARGO_MANIFEST_DIR"));
        browser.prefer("light").await;
        browser.picture(Path::new(&file)).await;
    }

    /// Whether what was written stands on the page.
    async fn keeps_words(&self) {
        let held = "return [...document.querySelectorAll('main :is(textarea, input)')].some(field => field.value.includes(arguments[0]))";
        assert_eq!(self.seat.browser.run(held, json!([WORDS])).await, json!(true), "{}", self.seat.text().await);
    }

    /// Each mistake that stands above a form leads to its field.
    async fn leads_to_fields(&self) {
        let lost = "return [...document.querySelectorAll('.errors a')].map(a => a.getAttribute('href'))
            .filter(to => !document.querySelector(`main form :is(input, textarea, select)${to}`))";
        assert_eq!(self.seat.browser.run(lost, json!([])).await, json!([]), "{}", self.seat.path().await);
    }

    fn path(&self, leaf: &str) -> String {
        format!("/console/cases/{}{leaf}", self.case)
    }

    /// Fills a form that stands open, by the names of its fields, and sends it.
    async fn send(&self, filled: &[(&str, &str)]) {
        let fill = "for (const [name, value] of arguments[0]) {
                const all = [...document.querySelectorAll(`main form [name=\"${name}\"]`)];
                const field = all.find(it => it.type === 'radio' && it.value === value) || all[0];
                if (field.type === 'radio') field.checked = true; else field.value = value;
            }
            window.isTheOldPage = true;
            document.querySelector('main form[method=post] button').click();";
        self.seat.browser.run(fill, json!([filled])).await;
        self.seat.until("!window.isTheOldPage && document.readyState === 'complete'").await;
    }

    async fn at_the_door(&mut self) {
        self.seat.open("/console/sign-in").await;
        self.send(&[("username", "amina"), ("password", "guessed"), ("code", "000000")]).await;
        self.look("sign-in", "You are not signed in").await;
        self.seat.open("/console/arrived").await;
        self.look("arrived", "did not keep the sign-in").await;
        self.seat.sign_in(&self.world, &self.amina).await;
    }

    /// Forms that are sent as they come.
    async fn with_what_is_missing(&mut self) {
        self.seat.open(&self.path("")).await;
        self.seat.key("c", "You took this case.").await;
        for leaf in ["note", "contact", "emergency", "wishes", "hold", "hand-over", "priority", "ask", "decide"] {
            self.seat.open(&self.path(&format!("/{leaf}"))).await;
            self.send(&[]).await;
            self.look(leaf, "There is a problem").await;
            self.leads_to_fields().await;
        }
        self.seat.open(&self.path("/contact")).await;
        self.send(&[("records", "standby"), ("text", WORDS)]).await;
        self.look("contact-standby", "There is a problem").await;
        self.leads_to_fields().await;
        self.keeps_words().await;
        self.seat.open(&self.path("/link")).await;
        self.send(&[("case_id", &format!("{WORDS}{}", "0".repeat(40)))]).await;
        self.look("link", "Nothing found").await;
        self.keeps_words().await;
    }

    async fn with_what_others_did(&mut self) {
        // A key that was used for other words.
        self.seat.open(&self.path("/note")).await;
        let key = self
            .seat
            .browser
            .run("return document.querySelector('form[data-words] [name=key]').value", json!([]))
            .await;
        self.send(&[("text", "Another note.")]).await;
        self.seat.open(&self.path("/note")).await;
        self.world.pass(1);
        self.send(&[("key", key.as_str().unwrap()), ("text", WORDS)]).await;
        self.look("used-key", "with other words").await;
        self.keeps_words().await;
        // The case has changed since.
        self.seat.open(&self.path("/hold")).await;
        self.other.act(&self.case, "notes", &json!({"text": "Meanwhile."})).await.expect(201);
        self.send(&[("hours", "4"), ("reason", WORDS)]).await;
        self.look("stale", "wrote a note").await;
        self.keeps_words().await;
        // Somebody signs what they have not read.
        self.other
            .act_seen(
                &self.case,
                "priority",
                &json!({"priority": "p2", "reason_code": "safety_confirmed", "text": "Abroad."}),
            )
            .await
            .expect(202);
        self.seat.open(&self.path("")).await;
        self.seat.follow("Read the proposal", "Approve").await;
        let more = json!({"statement": "He is at the door."});
        self.spark.caller.post(&format!("/v1/reports/{}/additions", self.report), &more).await.expect(201);
        self.send(&[]).await;
        self.look("unread", "Go on to the case").await;
        // The claim is lost, and somebody else has the case.
        for (leaf, button) in [("/decide", "reason"), ("/pass", "")] {
            self.seat.open(&self.path("")).await;
            if leaf == "/pass" {
                self.other.act(&self.case, "release", &json!({})).await.expect(200);
                self.seat.open(&self.path("")).await;
                self.seat.key("c", "You took this case.").await;
            }
            self.seat.open(&self.path(leaf)).await;
            self.world.pass(16 * 60);
            self.world.run_jobs().await;
            self.other.act(&self.case, "claim", &json!({})).await.expect(200);
            let filled = [("outcome", "supported_elsewhere"), ("reason", WORDS)];
            self.send(if button.is_empty() { &[] } else { &filled }).await;
            self.look(&format!("lost{}", leaf.replace('/', "-")), "You do not hold this case any more").await;
        }
        let taken = format!("{}, until", self.other.username);
        self.seat.says(&taken).await;
    }

    async fn with_what_is_not_there(&mut self) {
        for (name, path, words) in [
            ("nowhere", "/console/nowhere".to_owned(), "Nothing found"),
            ("no-case", format!("/console/cases/case_{}", "0".repeat(26)), "Nothing found"),
            ("moved", "/console/moved?queue=emergency".to_owned(), "The case has moved on"),
            ("not-found", "/console/find?q=SPK-99".to_owned(), "Nothing that you can open"),
        ] {
            self.seat.open(&path).await;
            self.look(name, words).await;
        }
        // A button on a page that stood open while somebody else was quicker.
        let quicker = self.other.case_of("SPK-2").await;
        self.seat.open(&format!("/console/cases/{quicker}")).await;
        self.other.act(&quicker, "claim", &json!({})).await.expect(200);
        self.send(&[]).await;
        self.look("quicker", "Somebody else has the case").await;
    }

    async fn with_the_service(&mut self) {
        self.seat.open(&self.path("/note")).await;
        let unlock = lock(&self.world);
        self.send(&[("text", WORDS)]).await;
        self.look("unavailable", "What you wrote").await;
        self.keeps_words().await;
        unlock();
        self.send(&[]).await;
        self.seat.says("The note is kept.").await;
    }

    /// The session has ended while somebody wrote.
    async fn with_the_session(&mut self) {
        self.seat.open(&self.path("/note")).await;
        self.world.pass(31 * 60);
        self.send(&[("text", WORDS)]).await;
        self.look("ended", "Your session has ended").await;
        let sealed = self.seat.browser.run("return document.documentElement.outerHTML", json!([])).await;
        assert!(!sealed.as_str().unwrap().contains(WORDS), "the words are sealed");
        self.seat.write("username", self.amina.name).await;
        self.seat.write("password", Person::PASSWORD).await;
        self.seat.write("code", &self.amina.code(&self.world)).await;
        self.seat.send("Sign in", "What you wrote is back").await;
        self.look("again", "The form has not been sent").await;
        self.keeps_words().await;
        self.seat.send("Go back to the form", "Write a note").await;
        self.look("back", "Write a note").await;
        self.keeps_words().await;
        self.seat.send("Keep this note", "The note is kept.").await;
    }
}

/// How wide the page is, and what of it stands outside the window's sides.
const LAYOUT: &str = "
    const lost = [...document.querySelectorAll('main *')].filter(e => e.checkVisibility() && !e.closest('.unseen, thead')).filter(e => {
        const box = e.getBoundingClientRect();
        return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
    });
    return {wide: document.documentElement.scrollWidth, lost: lost.slice(0, 3).map(e => e.outerHTML.slice(0, 100))};";
