//! Somebody at a browser: by keyboard alone, or by links and buttons where pages run no script.

use recourse::base::secret::Sensitive;
use recourse::domain::people::door;
use recourse::domain::people::staff::{self, NewMember, Role};
use serde_json::{Value, json};

use super::browser::Browser;
use super::{TEST, World};

/// With what somebody works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hands {
    /// Keys alone, with the script of the pages.
    Keys,
    /// The tabulator and what has the focus, without a script.
    Plain,
}

/// Keys without a letter, as `WebDriver` writes them.
const TAB: char = '\u{E004}';
const DOWN: char = '\u{E015}';
const ENTER: char = '\u{E007}';

/// A colleague with a password and a second factor.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) id: String,
    secret: Sensitive<Vec<u8>>,
}

impl Person {
    pub(crate) const PASSWORD: &str = "correct horse battery";

    pub(crate) async fn hire(world: &World, name: &'static str, role: Role) -> Self {
        let secret = door::new_secret();
        let password_hash = world.app.passwords.hash(Sensitive::new(Self::PASSWORD.to_owned())).await.unwrap();
        let totp_secret = secret.clone();
        let add = move |tx: &mut recourse::domain::unit::Unit<'_>| {
            let (username, queues, is_given) = (name.to_owned(), Vec::new(), false);
            staff::add(
                tx,
                NewMember { username, role, queues, password_hash, is_given, totp_secret, same_person_as: None },
            )
        };
        let member = world.app.write(TEST, add).await.unwrap();
        Self { name, id: member.id.to_string(), secret }
    }

    /// What is owed to them goes to this address.
    pub(crate) async fn gets_mail(&self, world: &World, address: &'static str) {
        let name = self.name;
        world.app.write(TEST, move |tx| staff::set_mail(tx, name, Some(address))).await.unwrap();
    }

    pub(crate) fn code(&self, world: &World) -> String {
        let seconds = u64::try_from(world.clock.now().seconds()).unwrap();
        door::code_at(&self.secret, seconds).unwrap()
    }
}

/// Somebody's place: a browser, and with what they work at it.
pub(crate) struct Seat {
    pub(crate) browser: Browser,
    base: String,
    hands: Hands,
}

impl Seat {
    pub(crate) async fn take(world: &World, hands: Hands) -> Self {
        let browser = Browser::start().await;
        browser.scripts(hands == Hands::Keys).await;
        Self { browser, base: world.base.clone(), hands }
    }

    /// Signs in by the page, over plain http on this machine.
    pub(crate) async fn sign_in(&self, world: &World, who: &Person) {
        self.open("/console/sign-in").await;
        self.write("username", who.name).await;
        self.write("password", Person::PASSWORD).await;
        self.write("code", &who.code(world)).await;
        self.send("Sign in", who.name).await;
    }

    pub(crate) async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.base)).await;
    }

    /// What a person reads.
    pub(crate) async fn text(&self) -> String {
        self.browser.run("return document.body.innerText", json!([])).await.as_str().unwrap().to_owned()
    }

    pub(crate) async fn path(&self) -> String {
        self.browser.run("return location.pathname", json!([])).await.as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let text = self.text().await;
            assert!(
                text.contains(words),
                "{place}, {:?}: {words:?} is not said on {}: {text}",
                self.hands,
                self.path().await
            );
        }
    }

    /// Waits until something holds in the page.
    pub(crate) async fn until(&self, holds: &str) {
        let held = self.browser.comes_to(holds).await;
        assert!(held, "{:?}: {holds} never held on {}: {}", self.hands, self.path().await, self.text().await);
    }

    /// Does something that leads to another page, which then says these words.
    async fn turn(&self, act: impl Future<Output = ()>, words: &str) {
        self.browser.run("window.isTheOldPage = true", json!([])).await;
        act.await;
        self.until("!window.isTheOldPage && document.readyState === 'complete'").await;
        self.says(words).await;
    }

    /// Follows a link, or presses a button, that has a key: by that key, or by going there.
    pub(crate) async fn key(&self, key: &str, words: &str) {
        match self.hands {
            Hands::Keys => self.turn(self.browser.press(key), words).await,
            Hands::Plain => self.go("key", key, words).await,
        }
    }

    /// Goes to something by the tabulator, and presses Enter there.
    async fn go(&self, kind: &str, name: &str, words: &str) {
        let act = async {
            self.reach(kind, name, "").await;
            self.browser.press(&ENTER.to_string()).await;
        };
        self.turn(act, words).await;
    }

    /// Follows a link of the page by what it says.
    pub(crate) async fn follow(&self, link: &str, words: &str) {
        self.go("link", link, words).await;
    }

    /// Sends a form by its button.
    pub(crate) async fn send(&self, button: &str, words: &str) {
        self.go("button", button, words).await;
    }

    /// Writes into a field.
    pub(crate) async fn write(&self, field: &str, text: &str) {
        self.reach("field", field, "").await;
        self.browser.press_all(text.chars()).await;
        let script = "return document.getElementById(arguments[0]).value";
        assert_eq!(self.browser.run(script, json!([field])).await, json!(text), "{:?}: {field}", self.hands);
    }

    /// Chooses one of several, or ticks.
    pub(crate) async fn choose(&self, field: &str, value: &str) {
        self.try_to_choose(field, value).await;
        assert!(self.is_chosen(field, value).await, "{:?}: {field} is not {value}", self.hands);
    }

    /// Tries to choose what cannot be chosen.
    pub(crate) async fn cannot_choose(&self, field: &str, value: &str) {
        self.try_to_choose(field, value).await;
        assert!(!self.is_chosen(field, value).await, "{:?}: {field} can be {value}", self.hands);
    }

    async fn try_to_choose(&self, field: &str, value: &str) {
        let way = self.reach("field", field, value).await;
        match way["steps"].as_u64() {
            // A first press of the space bar chooses what has the focus; arrows go on from there.
            Some(steps) if way["isList"] == json!(false) => {
                self.browser.press(" ").await;
                self.browser.press_all((0..steps).map(|_| DOWN)).await;
            }
            Some(steps) => self.browser.press_all((0..steps).map(|_| DOWN)).await,
            None => panic!("{field}: {way}"),
        }
    }

    async fn is_chosen(&self, field: &str, value: &str) -> bool {
        let script = "const [field, value] = arguments;
            return [...document.querySelectorAll(`main [name=\"${field}\"]`)].some(e =>
                e.value === value && (e.tagName === 'SELECT' || e.checked));";
        self.browser.run(script, json!([field, value])).await == json!(true)
    }

    /// Goes to something by the tabulator, and says how many arrows further a choice is. Who is there already stays.
    async fn reach(&self, kind: &str, name: &str, value: &str) -> Value {
        let way = self.browser.run(WAY, json!([kind, name, value])).await;
        let tabs =
            way["tabs"].as_u64().unwrap_or_else(|| panic!("{kind} {name} {value} is not before the focus: {way}"));
        if tabs > 0 {
            self.browser.press_all((0..tabs).map(|_| TAB)).await;
        }
        let there = self.browser.run(WAY, json!([kind, name, value])).await;
        assert_eq!(there["tabs"], json!(0), "{kind} {name} is not reached in the order of the page: {there}");
        way
    }
}

/// How many presses of the tabulator away something is, as the page's order has it: a group of which one is chosen is one stop.
const WAY: &str = "
    const [kind, name, value] = arguments;
    const isOpen = e => e.checkVisibility() && !e.disabled;
    const group = e => [...document.querySelectorAll(`input[type=radio][name=\"${e.name}\"]`)].filter(r => r.form === e.form);
    const open = e => group(e).filter(isOpen);
    const entry = e => open(e).find(r => r.checked) || open(e)[0];
    const stops = [...document.querySelectorAll('a[href], button, select, textarea, summary, input:not([type=\"hidden\"])')]
        .filter(isOpen).filter(e => e.type !== 'radio' || e === entry(e) || e === document.activeElement);
    const is = {
        link: e => e.tagName === 'A' && e.textContent.includes(name) && e.closest('main'),
        button: e => e.tagName === 'BUTTON' && e.textContent.includes(name) && e.closest('main'),
        field: e => e.name === name && e.closest('main'),
        key: e => e.dataset.key === name,
    }[kind];
    const wanted = stops.find(is);
    if (!wanted) return {tabs: null, title: document.title, stops: stops.map(e => e.outerHTML.slice(0, 60))};
    const tabs = stops.indexOf(wanted) - stops.indexOf(document.activeElement);
    const values = wanted.tagName === 'SELECT' ? [...wanted.options].filter(o => !o.disabled).map(o => o.value)
        : open(wanted).map(r => r.value);
    const all = wanted.tagName === 'SELECT' ? values : group(wanted).map(r => r.value);
    // What cannot be chosen is looked for all around.
    const further = values.indexOf(value) - Math.max(values.indexOf(wanted.value), 0);
    const steps = wanted.type === 'checkbox' ? 0 : values.includes(value) ? (further + values.length) % values.length : all.length;
    return {tabs: tabs < 0 ? null : tabs, steps, isList: wanted.tagName === 'SELECT'};";
