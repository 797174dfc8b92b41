//! Others' words that want to run: through every field that a platform or a colleague can fill, and then over every page.

use std::collections::{BTreeSet, VecDeque};

use recourse::domain::people::platforms;
use recourse::domain::people::staff::Role;
use serde_json::{Value, json};

use crate::harness::browser::checker;
use crate::harness::client::{Platform, Staff, full};
use crate::harness::hands::{Hands, Person, Seat};
use crate::harness::payloads::{packed, payloads};
use crate::harness::{Database, TEST, World};

/// In every page: what ran, and what the page's policy had to stop.
const EARS: &str = "
    window.ran = []; window.stopped = [];
    for (const name of ['alert', 'confirm', 'prompt', 'msgbox']) window[name] = (...words) => { ran.push(name + words); };
    document.addEventListener('securitypolicyviolation', e => stopped.push(e.violatedDirective + ' ' + e.blockedURI + e.sample));";

/// What came of a page: what ran or was stopped, what stands in it that no template writes, and whether it is wider than the
/// window. Whatever a field holds is text.
const LOOK: &str = "
    const known = new Set('HTML HEAD META TITLE LINK SCRIPT BODY A HEADER P NAV UL LI DIV SPAN FORM INPUT BUTTON MAIN H1 H2 H3 SECTION \
        FOOTER TIME STRONG CODE KBD TABLE CAPTION THEAD TBODY TR TH TD SMALL DETAILS SUMMARY LABEL SELECT OPTION TEXTAREA FIELDSET LEGEND \
        DL DT DD OL BLOCKQUOTE BDI'.split(' ').filter(Boolean));
    const strange = [...document.querySelectorAll('*')].filter(e => !known.has(e.tagName)
        || [...e.attributes].some(a => /^on|^style$|^srcdoc$/i.test(a.name))
        || /^\\s*(javascript|data|vbscript):/i.test(e.getAttribute('href') || e.getAttribute('action') || '') && e.rel !== 'icon'
        || (e.tagName === 'SCRIPT' && !e.src.startsWith(location.origin + '/console/')));
    const links = [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href')).filter(to => to.startsWith('/console'));
    document.querySelectorAll('details').forEach(e => { e.open = true; });
    return {ran, stopped, strange: strange.map(e => e.outerHTML.slice(0, 80)), wide: document.documentElement.scrollWidth,
            elsewhere: [...document.querySelectorAll('a[href], form')].map(e => e.getAttribute('href') ?? e.getAttribute('action') ?? '')
                .filter(to => !/^(.console|#|$)/.test(to)),
            whole: [...document.querySelectorAll('.words')].filter(e => e.textContent.includes('A_word_without_an_end')).length,
            links: links.map(to => to.split('#')[0]), title: document.title};";

/// A house full of such words, and a browser that goes through it.
struct Crawl {
    world: World,
    spark: Platform,
    seat: Seat,
    lead: Staff,
    other: Staff,
    wrong: Vec<String>,
    seen: BTreeSet<String>,
    /// How often all of them stood in one place, to the last.
    whole: u64,
}

/// 200 of them fill these: nothing is left out for being too long.
#[test]
fn words_that_want_to_run_are_words_in_every_field_and_on_every_page() {
    if checker().is_none() {
        return;
    }
    let all = payloads();
    assert!(all.iter().collect::<BTreeSet<_>>().len() == all.len() && all.len() >= 200, "{}", all.len());
    actix_web::rt::System::new().block_on(async {
        let world = World::begin(Database::Sqlite, &|_| {}).await;
        let named = |tx: &mut recourse::domain::unit::Unit<'_>| {
            platforms::add(tx, "spark", "\"><img src=x onerror=alert(1)>{{7*7}}")
        };
        world.app.write(TEST, named).await.unwrap();
        let spark = world.platform("spark").await;
        let amina = Person::hire(&world, "amina", Role::Lead).await;
        let (lead, other) = (world.staff(Role::SafeguardingLead).await, world.staff(Role::Lead).await);
        let seat = Seat::take(&world, Hands::Keys).await;
        seat.browser.before_every_page(EARS).await;
        seat.browser.resize(320, 640).await;
        let mut crawl = Crawl { world, spark, seat, lead, other, wrong: Vec::new(), seen: BTreeSet::new(), whole: 0 };
        crawl.seat.sign_in(&crawl.world, &amina).await;
        let case = crawl.report().await;
        crawl.work(&case).await;
        crawl.follow_every_link(&case).await;
        crawl.ask_by_address(&case).await;
        crawl.fill_every_form(&case).await;
        crawl.would_be_heard().await;
        crawl.is_well();
    });
}

impl Crawl {
    /// What a platform can fill, as often as it takes until each field has had each payload.
    async fn report(&self) -> String {
        let long = packed('\n', 20_000).remove(0);
        let messages: Vec<Value> =
            payloads().into_iter().take(200).map(|text| json!({"from": "subject", "text": text})).collect();
        let identifier = |value: String| json!({"type": "handle", "value": value});
        let (handles, names) = (packed(' ', 500), packed(' ', 200));
        let references = packed(' ', 255);
        let mut last = String::new();
        for (n, name) in names.iter().enumerate() {
            let mut body = full(&format!("SPK-{n}"));
            let plain: String = references[n % references.len()].chars().filter(|c| (' '..='~').contains(c)).collect();
            body["platform_report_ref"] = json!(format!("{n}{plain}!").chars().take(255).collect::<String>().trim());
            body["answers"] = json!({"not_safe_now": "yes", name.as_str(): "yes"});
            body["subject"]["display_name"] = json!(name);
            body["occurred"] = json!({"from": name, "precision": name});
            body["other_categories"] = json!([name]);
            body["reporter"]["locale"] = json!(name);
            body[name.as_str()] = json!(name);
            if n == 0 {
                body["statement"] = json!(format!("{long}\n\0"));
                body["platform_context"]["messages"] = json!(messages);
                body["contact"]["channels"] = json!([{"type": "email", "value": name}, {"type": "portal"}]);
            }
            body["subject"]["identifiers"] = json!([identifier(handles[n % handles.len()].clone())]);
            last = self.spark.submit(&body).await;
        }
        let more = json!({"statement": long, "identifiers": handles.iter().map(|value| identifier(value.clone())).collect::<Vec<_>>()});
        self.spark.caller.post(&format!("/v1/reports/{last}/additions"), &more).await.expect(201);
        let cases = self.lead.caller.get("/v1/triage/cases").await.expect(200).json();
        assert_eq!(cases["data"].as_array().unwrap().len(), 1, "one case holds all of them");
        cases["data"][0]["id"].as_str().unwrap().to_owned()
    }

    /// What colleagues write.
    async fn work(&self, case: &str) {
        let (long, short) = (packed('\n', 20_000).remove(0), packed('\n', 4_000));
        let act = async |who: &Staff, act: &str, body: Value, status: u16| {
            self.world.pass(1);
            who.act_seen(case, act, &body).await.expect(status)
        };
        self.lead.take(case).await;
        act(&self.lead, "notes", json!({"text": long}), 201).await;
        act(&self.lead, "notes", json!({"text": long, "records": "unsafe_contact", "channel": "phone"}), 201).await;
        let wishes = json!({"how": "phone", "alone": "yes", "may_contact": true, "hours": packed(' ', 500)[0], "said": packed(' ', 500)[1],
            "channels": [{"type": "email", "value": "'onfocus='alert`1`'@x.example"}, {"type": "portal"}]});
        act(&self.lead, "wishes", wishes, 200).await;
        for text in &short {
            let asked = json!({"action": "provide_information", "details": text, "agreement": "survivor", "agreement_record": text});
            act(&self.lead, "platform-requests", asked, 200).await;
            let open = self.spark.caller.get("/v1/requests?state=open").await.expect(200).json();
            let request = open["data"][0]["id"].clone();
            let answer = json!({"state": "done", "note": text, "taken_at": self.world.clock.now().to_string()});
            let path = format!("/v1/requests/{}/response", request.as_str().unwrap());
            self.spark.caller.post(&path, &answer).await.expect(200);
        }
        let two = json!({"action": "remove_account", "agreement": "two_person", "agreement_record": short[0], "details": short[1],
            "single_contact_check": true});
        act(&self.lead, "platform-requests", two, 202).await;
        act(&self.lead, "priority", json!({"priority": "p2", "reason_code": "safety_confirmed", "text": long}), 202)
            .await;
        act(&self.lead, "decision", json!({"outcome": "unfounded", "reason": long}), 202).await;
        self.world.on_rota(&self.other, 24).await;
        act(&self.lead, "hand-over", json!({"staff_id": self.other.id, "note": long}), 200).await;
        self.other.act(case, "claim", &json!({})).await.expect(200);
        let until = self.world.clock.now().plus(std::time::Duration::from_hours(2)).to_string();
        act(&self.other, "transitions", json!({"action": "hold", "reason": long, "until": until}), 200).await;
    }

    fn is_well(&self) {
        assert!(self.wrong.is_empty(), "{:#?}", &self.wrong[..self.wrong.len().min(40)]);
    }

    /// Opens a page and looks at what came of it. Where its links lead.
    async fn look(&mut self, path: &str) -> Vec<String> {
        self.seat.open(path).await;
        self.look_at(path).await
    }

    async fn look_at(&mut self, place: &str) -> Vec<String> {
        let found = self.seat.browser.run(LOOK, json!([])).await;
        for what in ["ran", "stopped", "strange", "elsewhere"] {
            if found[what] != json!([]) {
                self.wrong.push(format!("{place}: {what}: {}", found[what]));
            }
        }
        if found["wide"].as_u64() > Some(320) {
            self.wrong.push(format!("{place} is {} wide", found["wide"]));
        }
        self.whole += found["whole"].as_u64().unwrap();
        self.seen.insert(found["title"].as_str().unwrap().to_owned());
        found["links"].as_array().unwrap().iter().map(|link| link.as_str().unwrap().to_owned()).collect()
    }

    async fn follow_every_link(&mut self, case: &str) {
        let mut known = BTreeSet::new();
        let mut next: VecDeque<String> = [format!("/console/cases/{case}"), "/console".to_owned()].into();
        while let Some(path) = next.pop_front() {
            // The queues by themselves, and their filters, are one page.
            let is_new = known.insert(path.clone()) && !path.contains("queue=");
            if is_new {
                next.extend(self.look(&path).await);
            }
        }
        self.is_well();
        // A report, an addition, four notes and two proposals.
        assert!(self.whole >= 8, "all of them stood in {} places", self.whole);
        assert!(
            known.iter().any(|path| path.contains("cursor=")) && known.iter().any(|path| path.contains("entries="))
        );
        assert!(known.iter().filter(|path| path.contains("/second/")).count() >= 3, "{known:#?}");
        for title in [
            "Queues",
            "Case",
            "Second person",
            "A proposal",
            "Shift",
            "Find a case",
            "Related cases",
            "Keys",
            "Your account",
        ] {
            assert!(self.seen.iter().any(|seen| seen.starts_with(title)), "{title}: {:?}", self.seen);
        }
    }

    /// What stands in an address.
    async fn ask_by_address(&mut self, case: &str) {
        let own = format!("/console/cases/{case}");
        let places = [
            "/console?done=",
            "/console?queue=",
            "/console?cursor=",
            "/console/sign-in?next=",
            "/console/sign-in?out=",
            "/console/arrived?next=",
            "/console/moved?queue=",
            "/console/",
            "/console/cases/",
        ];
        let places = places.into_iter().map(str::to_owned);
        let of_case = ["?done=", "?cursor=", "?entries=", "/second/", "/note?text="].map(|end| format!("{own}{end}"));
        let escaped =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        let chunks = packed(' ', 1_000);
        for (n, place) in places.chain(of_case).enumerate() {
            self.look(&format!("{place}{}", escaped(&chunks[n % chunks.len()]))).await;
        }
        for chunk in &chunks {
            self.look(&format!("/console/find?q={}", escaped(chunk))).await;
            let field = self.seat.browser.run("return document.getElementById('q').value", json!([])).await;
            assert_eq!(field, json!(chunk), "what was asked for stands in the field");
        }
    }

    /// Each form, sent with a mistake: all that was written comes back in it.
    async fn fill_every_form(&mut self, case: &str) {
        self.other.act_seen(case, "transitions", &json!({"action": "resume"})).await.expect(200);
        let all = packed('\n', 20_000).remove(0);
        let leaves =
            ["note", "contact", "emergency", "wishes", "hold", "hand-over", "priority", "ask", "decide", "link"];
        let paths = leaves.map(|leaf| format!("/console/cases/{case}/{leaf}"));
        for path in paths.iter().map(String::as_str).chain(["/console/sign-in"]) {
            self.seat.open(path).await;
            // One character more than a note may have is a mistake by itself.
            let fill = "for (const field of document.querySelectorAll('main form textarea')) field.value = arguments[0] + 'x'.repeat(20000);
                for (const field of document.querySelectorAll('main form input:is([type=text], [type=password])'))
                    field.value = arguments[0].replaceAll('\\n', ' ').slice(0, field.id === 'username' ? 900 : 9000);
                window.isTheOldPage = true;
                document.querySelector('main form button').click();";
            self.seat.browser.run(fill, json!([all])).await;
            self.seat.until("!window.isTheOldPage && document.readyState === 'complete'").await;
            self.look_at(&format!("{path}, sent")).await;
            let held = self.seat.browser.run("return [...document.querySelectorAll('textarea, input[type=text]')].some(e => e.value.includes('alert(1)'))", json!([])).await;
            assert_eq!(held, json!(true), "{path}: what was written is not on the page: {}", self.seat.text().await);
        }
    }

    /// The same words where they are taken for markup run and are heard, and so is what a page's policy stops.
    async fn would_be_heard(&mut self) {
        let stop =
            "const image = document.createElement('img'); image.src = '//x.example/a.png'; document.body.append(image)";
        self.seat.browser.run(stop, json!([])).await;
        self.seat.until("stopped.some(what => what.startsWith('img-src'))").await;
        self.seat.browser.open("about:blank").await;
        let all = payloads();
        self.seat
            .browser
            .run("for (const text of arguments[0]) document.body.insertAdjacentHTML('beforeend', text)", json!([all]))
            .await;
        self.seat.until("ran.length > 20").await;
        let found = self.seat.browser.run(LOOK, json!([])).await;
        assert!(found["strange"].as_array().unwrap().len() > 100, "{found}");
    }
}
