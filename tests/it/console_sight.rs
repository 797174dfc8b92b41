//! Pages of the console as few see them: four times as large, by the tabulator alone, with a warning over their foot, on paper.

use recourse::domain::people::staff::Role;
use serde_json::{Value, json};

use crate::console_script::CLOCK;
use crate::harness::browser::checker;
use crate::harness::client::{full, small};
use crate::harness::hands::{Hands, Person, Seat};
use crate::harness::{Database, World};

/// A case that is held, and a browser.
struct Sight {
    seat: Seat,
    path: String,
}

fn in_sight<F: Future<Output = ()>>(story: impl FnOnce(Sight) -> F) {
    if checker().is_none() {
        return;
    }
    actix_web::rt::System::new().block_on(async {
        let world = World::begin(Database::Sqlite, &|_| {}).await;
        let spark = world.platform("spark").await;
        spark.submit(&full("SPK-1")).await;
        spark.submit(&small("SPK-2")).await;
        let amina = Person::hire(&world, "amina", Role::Lead).await;
        let other = world.staff(Role::Lead).await;
        let seat = Seat::take(&world, Hands::Keys).await;
        seat.browser.before_every_page(CLOCK).await;
        seat.sign_in(&world, &amina).await;
        seat.key("c", "You took this case.").await;
        let path = seat.path().await;
        let case = path.rsplit('/').next().unwrap().to_owned();
        let lower = json!({"priority": "p4", "reason_code": "safety_confirmed", "text": "She is abroad and safe."});
        other.act_seen(&case, "priority", &lower).await.expect(202);
        story(Sight { seat, path }).await;
    });
}

/// Where the focus is, and what is wrong with how it is seen: every place that has it shows so, within the window, under nothing.
const FOCUS: &str = "
    const it = document.activeElement;
    if (!it || it === document.body) return null;
    const box = it.getBoundingClientRect(), style = getComputedStyle(it);
    const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
    const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
    const wrong = [];
    if (!(right > left && bottom > top)) wrong.push('outside the window');
    else {
        const above = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        if (above !== it && !it.contains(above) && !above?.contains(it)) wrong.push('under ' + above?.outerHTML.slice(0, 60));
        if (above?.contains(it) && above !== it && above.closest('#bars')) wrong.push('under the warnings');
    }
    if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) wrong.push('no outline');
    return {what: it.outerHTML.slice(0, 90), wrong};";

/// Goes through a page by the tabulator. What is wrong, and how many places had the focus.
async fn tabbed(seat: &Seat, name: &str) -> (Vec<String>, usize) {
    let (mut wrong, mut places) = (Vec::new(), 0);
    for _ in 0..120 {
        seat.browser.press("\u{E004}").await;
        let at = seat.browser.run(FOCUS, json!([])).await;
        if at == Value::Null {
            break;
        }
        places += 1;
        if at["wrong"] != json!([]) {
            wrong.push(format!("{name}: {at}"));
        }
    }
    (wrong, places)
}

const WIDE: &str = "return document.documentElement.scrollWidth";

#[test]
fn four_times_as_large_every_page_fits_and_whatever_has_the_focus_is_seen() {
    in_sight(|Sight { seat, path }| async move {
        let mut wrong = Vec::new();
        // 1280 by 1024 at 400 %.
        seat.browser.resize(320, 256).await;
        let of_case = ["", "/note", "/contact", "/hand-over", "/wishes"].map(|leaf| format!("{path}{leaf}"));
        let others = ["/console?priority=p1", "/console/second", "/console/shift", "/console/keys", "/console/account"];
        for page in of_case.iter().map(String::as_str).chain(others) {
            seat.open(page).await;
            let (found, places) = tabbed(&seat, page).await;
            assert!(places > 8, "{page}: only {places} places had the focus");
            wrong.extend(found);
            let wide = seat.browser.run(WIDE, json!([])).await;
            if wide.as_u64() > Some(320) {
                wrong.push(format!("{page} is {wide} wide"));
            }
        }
        // With a warning at the foot of the window.
        seat.open(&format!("{path}/note")).await;
        seat.browser.run("later(850)", json!([])).await;
        seat.until("document.querySelector('.bar.claim')?.checkVisibility()").await;
        let (found, places) = tabbed(&seat, "with a warning").await;
        assert!(places > 10);
        wrong.extend(found);
        seat.browser.resize(1_280, 900).await;
        seat.open(&path).await;
        wrong.extend(tabbed(&seat, "wide").await.0);
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

#[test]
fn on_paper_a_case_has_its_words_and_nothing_to_press() {
    in_sight(|Sight { seat, path }| async move {
        seat.open(&path).await;
        let controls =
            "return [...document.querySelectorAll('button, input, select, textarea, kbd, nav, footer, .acts, .skip')]
            .filter(e => e.checkVisibility() && e.type !== 'hidden').map(e => e.outerHTML.slice(0, 80))";
        assert_ne!(seat.browser.run(controls, json!([])).await, json!([]));
        seat.browser.paper(true).await;
        assert_eq!(seat.browser.run(controls, json!([])).await, json!([]));
        for words in [
            "Stalking",
            "P1",
            "He has been outside my work",
            "Contact by these ways only",
            "Waits for a second person",
            "Clocks",
            "took the case",
        ] {
            seat.says(words).await;
        }
        let folded = "const message = document.querySelector('.chat li'); return message.checkVisibility() && message.getBoundingClientRect().height > 5";
        assert_eq!(seat.browser.run(folded, json!([])).await, json!(true), "the messages of the match are on paper");
        assert_eq!(
            seat.browser.run("return getComputedStyle(document.body).backgroundColor", json!([])).await,
            json!("rgb(255, 255, 255)")
        );
    });
}
