//! What the console's script does for somebody who is there, and leaves alone when nobody is. The page's own clock is moved.

use recourse::domain::people::staff::Role;
use serde_json::{Value, json};

use crate::harness::browser::checker;
use crate::harness::client::{Platform, Staff, full, small};
use crate::harness::hands::{Hands, Person, Seat};
use crate::harness::{Database, World};

/// In every page: a clock that goes on when it is told to, as when somebody comes back to the tab; and which calls were made.
pub(crate) const CLOCK: &str = "
    const real = Date.now.bind(Date), send = window.fetch.bind(window);
    let further = 0;
    Date.now = () => real() + further;
    window.later = (seconds) => {
        for (let left = seconds; left >= 0; left -= 80) {
            further += Math.min(left, 80) * 1000;
            document.dispatchEvent(new Event('visibilitychange'));
        }
    };
    window.sleep = (seconds) => { further += seconds * 1000; document.dispatchEvent(new Event('visibilitychange')); };
    window.calls = [];
    window.waiting = 0;
    window.fetch = (to, how) => {
        calls.push(String(to).split('?')[0].split('/').pop());
        waiting++;
        return send(to, how).finally(() => { waiting--; });
    };
    window.key = (how, on = document.body) => {
        const event = new KeyboardEvent('keydown', {key: 'j', bubbles: true, cancelable: true, ...how});
        on.dispatchEvent(event);
        return event.defaultPrevented;
    };
    window.leave = () => {
        const event = new Event('beforeunload', {cancelable: true});
        dispatchEvent(event);
        return event.defaultPrevented;
    };";

/// An advocate at a browser whose clock is moved.
struct Desk {
    world: World,
    spark: Platform,
    amina: Person,
    seat: Seat,
    other: Staff,
}

impl Desk {
    async fn run(&self, script: &str) -> Value {
        self.seat.browser.run(script, json!([])).await
    }

    /// Time goes on at both ends.
    async fn later(&self, seconds: u64) {
        self.world.pass(seconds);
        self.run(&format!("later({seconds})")).await;
    }

    /// How many calls went to an address with this end.
    async fn calls(&self, end: &str) -> u64 {
        self.run(&format!("return calls.filter(to => to === '{end}').length")).await.as_u64().unwrap()
    }

    /// Waits until these words stand in a place.
    async fn says(&self, place: &str, words: &str) {
        self.seat.until(&format!("document.querySelector('{place}')?.textContent.includes('{words}')")).await;
    }

    /// The same, while somebody keeps coming back to the tab.
    async fn hears(&self, place: &str, words: &str) {
        self.seat
            .until(&format!("(later(0), document.querySelector('{place}')?.textContent.includes('{words}'))"))
            .await;
    }

    async fn is_gone(&self, place: &str) {
        self.seat.until(&format!("document.querySelector('{place}') === null")).await;
    }

    /// For how many seconds the case is held, by the service's own record.
    async fn held_for(&self, case: &str) -> i64 {
        self.held_until(case).await - self.world.clock.now().seconds()
    }

    async fn held_until(&self, case: &str) -> i64 {
        let until = self.world.signed_in_again(&self.other).await.case(case).await.0["claimed_until"].clone();
        let until = until.as_str().map(|until| recourse::base::time::Timestamp::parse(until).unwrap().seconds());
        until.unwrap_or_default()
    }

    /// Waits until every call has come back, and the page has what it said of the claim: until then it makes no other.
    async fn settled(&self, case: &str) {
        self.seat.until("waiting === 0").await;
        let told = "Math.floor(Date.parse(document.querySelector('[data-claim] time').dateTime) / 1000)";
        self.seat.until(&format!("{told} === {}", self.held_until(case).await)).await;
    }

    /// Nobody does anything until a minute before the claim ends.
    async fn nearly(&self, case: &str) {
        let left = self.held_for(case).await - 60;
        self.later(u64::try_from(left).unwrap()).await;
    }
}

fn at_a_desk<F: Future<Output = ()>>(story: impl FnOnce(Desk) -> F) {
    if checker().is_none() {
        return;
    }
    actix_web::rt::System::new().block_on(async {
        let world = World::begin(Database::Sqlite, &|_| {}).await;
        let spark = world.platform("spark").await;
        for reference in ["SPK-1", "SPK-2", "SPK-3"] {
            spark.submit(&small(reference)).await;
        }
        let amina = Person::hire(&world, "amina", Role::Advocate).await;
        let other = world.staff(Role::Lead).await;
        let seat = Seat::take(&world, Hands::Keys).await;
        seat.browser.before_every_page(CLOCK).await;
        seat.sign_in(&world, &amina).await;
        story(Desk { world, spark, amina, seat, other }).await;
    });
}

#[test]
fn a_letter_is_a_key_for_nobody_who_writes_composes_or_means_something_else() {
    at_a_desk(|desk| async move {
        let all = "return [{}, {key: 'J'}, {ctrlKey: true}, {metaKey: true}, {altKey: true}, {shiftKey: true}, {repeat: true},
            {isComposing: true}, {keyCode: 229}].map(how => key(how))";
        let taken = [true, true, false, false, false, false, false, false, false];
        assert_eq!(desk.run(all).await, json!(taken));
        // In a field it is what is written, of whatever kind the field is.
        desk.seat.browser.press("f").await;
        desk.seat.until("document.activeElement.tagName === 'SELECT'").await;
        for letter in ["c", "2", "b"] {
            desk.seat.browser.press(letter).await;
        }
        let within =
            "return [...document.querySelectorAll('select')].map(field => key({}, field)).some(taken => taken)";
        assert_eq!(desk.run(within).await, json!(false));
        assert_eq!(desk.seat.path().await, "/console");
        desk.seat.open("/console").await;
        desk.seat.key("c", "You took this case.").await;
        desk.seat.key("w", "Write a note").await;
        let within = "return [...document.querySelectorAll('main :is(input, textarea, select)')].map(field => key({key: 'u'}, field))";
        let taken = desk.run(within).await;
        let taken = taken.as_array().unwrap();
        assert!(taken.len() > 8 && taken.iter().all(|taken| *taken == json!(false)), "{taken:?}");
        // A question mark needs the shift, and a key that nothing has is left to the browser.
        assert_eq!(desk.run("return [key({key: 'q'}), key({key: '?', shiftKey: true})]").await, json!([false, true]));
    });
}

#[test]
fn a_claim_is_kept_while_somebody_is_there_and_cried_before_it_ends() {
    at_a_desk(|desk| async move {
        desk.seat.key("c", "You took this case.").await;
        let case = desk.seat.path().await.rsplit('/').next().unwrap().to_owned();
        desk.seat.key("w", "Write a note").await;
        assert_eq!(desk.calls("heartbeat").await, 0);
        desk.later(60).await;
        assert_eq!(desk.calls("heartbeat").await, 1, "somebody opened the page a minute ago");
        desk.says("[data-claim]", "until 19:20").await;
        assert_eq!(desk.held_for(&case).await, 900);
        // Nobody does anything for five minutes.
        desk.settled(&case).await;
        desk.later(310).await;
        desk.settled(&case).await;
        for sign in ["pointerdown", "input", "scroll", "selectionchange", "focusin"] {
            let before = desk.calls("heartbeat").await;
            desk.later(60).await;
            assert_eq!(desk.calls("heartbeat").await, before, "before {sign}: nobody is there");
            desk.run(&format!("document.dispatchEvent(new Event('{sign}', {{bubbles: true}}))")).await;
            desk.later(60).await;
            assert_eq!(desk.calls("heartbeat").await, before + 1, "{sign}: somebody is there");
            desk.settled(&case).await;
            desk.later(310).await;
            desk.settled(&case).await;
        }
        desk.is_gone(".bar.claim").await;
        desk.nearly(&case).await;
        desk.says(".bar.claim", "Your claim on this case ends at").await;
        desk.says("#alarm", "Press y to keep it.").await;
        desk.seat.browser.press("y").await;
        desk.says("#news", "Kept until").await;
        desk.is_gone(".bar.claim").await;
        assert_eq!(desk.held_for(&case).await, 900);
        desk.later(310).await;
        desk.settled(&case).await;
        desk.nearly(&case).await;
        desk.seat.browser.click("//section[@id='bars']//button[contains(., 'Keep it')]").await;
        desk.is_gone(".bar.claim").await;
        assert_eq!(desk.held_for(&case).await, 900);
        // The machine sleeps. The line is not to blame, and whoever comes back keeps the claim.
        desk.world.pass(840);
        desk.run("sleep(840)").await;
        desk.says(".bar.claim", "Your claim on this case ends at").await;
        let said = desk.run("return document.querySelector('.bar.claim').textContent").await;
        assert!(!said.as_str().unwrap().contains("line"), "{said}");
        desk.run("document.dispatchEvent(new Event('pointerdown')); later(10)").await;
        desk.is_gone(".bar.claim").await;
        // It lapses, and somebody else is quicker.
        desk.later(310).await;
        desk.settled(&case).await;
        desk.nearly(&case).await;
        desk.later(120).await;
        desk.says(".bar.claim", "others can take it").await;
        desk.world.run_jobs().await;
        desk.world.signed_in_again(&desk.other).await.take(&case).await;
        desk.seat.browser.press("y").await;
        desk.says("#alarm", "You do not hold this case any more.").await;
        desk.says("#alarm", "Unsent words stay on this page").await;
    });
}

#[test]
fn before_a_session_ends_somebody_can_stay_and_words_are_not_left_unasked() {
    at_a_desk(|desk| async move {
        desk.seat.key("?", "Letters work outside fields").await;
        desk.later(27 * 60).await;
        desk.is_gone(".bar.idle").await;
        desk.later(90).await;
        desk.says(".bar.idle", "Your session ends at").await;
        desk.says("#alarm", "Your session ends at").await;
        desk.seat.browser.click("//section[@id='bars']//button[contains(., 'Stay signed in')]").await;
        desk.is_gone(".bar").await;
        // Without that it would have ended.
        desk.world.pass(10 * 60);
        desk.seat.open("/console/keys").await;
        desk.seat.says("Letters work outside fields").await;
        desk.later(31 * 60).await;
        desk.says(".bar.over", "Your session ended at").await;
        desk.says("#alarm", "Your session ended at").await;
        desk.seat.sign_in(&desk.world, &desk.amina).await;
        desk.seat.key("c", "You took this case.").await;
        desk.seat.key("w", "Write a note").await;
        assert_eq!(desk.run("return leave()").await, json!(false));
        desk.seat.choose("records", "re_review").await;
        assert_eq!(desk.run("return leave()").await, json!(false), "a choice is made again in a moment");
        desk.seat.write("text", "She rang.").await;
        assert_eq!(desk.run("return leave()").await, json!(true));
        // Whoever sends them leaves no words, and sends them once.
        let send = "const form = document.querySelector('form[data-words]'), button = form.querySelector('button');
            let times = 0;
            document.addEventListener('submit', event => { times += !event.defaultPrevented; event.preventDefault(); });
            form.requestSubmit(button); form.requestSubmit(button);
            return [times, leave(), button.textContent];";
        assert_eq!(desk.run(send).await, json!([1, false, "Sending …"]));
        // What came back with a mistake was not sent.
        desk.seat.open(&desk.seat.path().await.replace("/note", "/hold")).await;
        desk.seat.write("reason", "She sleeps.").await;
        desk.seat.send("Put it on hold", "There is a problem").await;
        assert_eq!(desk.run("return leave()").await, json!(true));
        // The session has ended at the service, and the page hears of it when it keeps the claim.
        desk.world.pass(31 * 60);
        desk.run("later(60)").await;
        desk.seat.until("(later(1), document.querySelector('.bar.over') !== null)").await;
        desk.says(".bar.over", "You are signed out.").await;
        desk.says("#alarm", "Unsent words stay on this page").await;
    });
}

#[test]
fn a_list_tells_what_is_new_once_says_how_old_it_is_and_moves_nothing() {
    at_a_desk(|desk| async move {
        let place = "return [scrollY, ...[...document.querySelectorAll('tr[data-case]')].flatMap(row => {
            const {x, y, width, height} = row.getBoundingClientRect(); return [row.id, x, y, width, height]; })]";
        desk.seat.browser.resize(1_000, 420).await;
        let hear = "window.heard = []; scrollTo(0, 60);
            new MutationObserver(() => heard.push(document.querySelector('#news').textContent))
                .observe(document.querySelector('#news'), {childList: true});";
        desk.run(hear).await;
        let before = desk.run(place).await;
        let mut urgent = full("SPK-8");
        urgent["answers"] = json!({"not_safe_now": "yes", "very_frightened": "yes"});
        desk.spark.submit(&urgent).await;
        desk.spark.submit(&small("SPK-5")).await;
        desk.hears("[data-key=r]", "2 new, one p0 (r)").await;
        desk.spark.submit(&small("SPK-6")).await;
        desk.hears("[data-key=r]", "3 new, one p0 (r)").await;
        urgent["platform_report_ref"] = json!("SPK-9");
        urgent["reporter"]["platform_account_ref"] = json!("u_7");
        desk.spark.submit(&urgent).await;
        desk.hears("[data-key=r]", "4 new, 2 p0 (r)").await;
        desk.seat.until("heard.at(-1) === 'New: 2 p0.'").await;
        let heard = desk.run("return heard.filter(words => words)").await;
        assert_eq!(heard, json!(["New: one p0.", "New: 2 p0."]), "each is said once");
        assert_eq!(desk.run(place).await, before, "nothing moves");
        // The line breaks: whoever looks at the list reads how old it is.
        desk.seat.browser.line(false).await;
        desk.later(180).await;
        desk.hears(".bar.line", "this list is from 19:04 (3 min ago)").await;
        assert_eq!(desk.run(place).await, before, "nothing moves");
        desk.seat.browser.line(true).await;
        desk.seat.until("(later(0), document.querySelector('.bar.line') === null)").await;
        assert_eq!(desk.run(place).await, before, "nothing moves");
        // The session has ended elsewhere: the list says so, and asks no more.
        desk.world.pass(31 * 60);
        desk.seat.until("(later(0), document.querySelector('.bar.over') !== null)").await;
        desk.says("#alarm", "You are signed out.").await;
        let asked = desk.calls("rows").await;
        desk.run("later(200)").await;
        assert_eq!(desk.calls("rows").await, asked);
    });
}
