//! What people send to the console by accident or to see what happens: it is answered by a page that says what was wrong, and
//! brings what was written back.

use recourse::domain::people::staff::Role;

use crate::console_doors::{PASSWORD, account, code};
use crate::console_walks::{path_of, sit, take};
use crate::harness::client::{Staff, small};
use crate::harness::tab::{Page, PageForm, Tab};
use crate::harness::{World, on_both};

/// Every form of a case.
pub(crate) const FORMS: [&str; 22] = [
    "note",
    "contact",
    "emergency",
    "wishes",
    "hold",
    "resume",
    "reopen",
    "hand-over",
    "priority",
    "ask",
    "decide",
    "link",
    "pass",
    "consent",
    "take-back",
    "refer",
    "send",
    "sign",
    "service-said",
    "recall",
    "replace",
    "share",
];

/// Somebody who holds a case and works on it.
pub(crate) async fn at_work(world: &World) -> (Staff, Tab, String) {
    world.platform("spark").await.submit(&small("SPK-1")).await;
    let (who, mut tab) = sit(world, Role::Advocate).await;
    let page = take(&mut tab).await;
    let path = path_of(&page);
    tab.follow(&page.form("/start"), &[]).await.expect(200);
    (who, tab, path)
}

async fn notes(who: &Staff, path: &str) -> Vec<String> {
    let case = who.case(path.rsplit('/').next().unwrap()).await.0;
    case["notes"].as_array().unwrap().iter().map(|note| note["text"].as_str().unwrap().to_owned()).collect()
}

/// What stands in a field of the form that came back.
fn value<'f>(form: &'f PageForm, name: &str) -> &'f str {
    form.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str()).unwrap()
}

/// Something is wrong at this field: it says so, and the summary above leads there.
#[track_caller]
fn is_marked(page: &Page, target: &str) {
    page.says("There is a problem");
    assert!(page.body.contains(&format!("href=\"#{target}\"")), "no link to {target}: {}", page.words());
    assert!(page.body.contains(&format!("id=\"{target}\"")), "{target} is not there");
    let field = target.strip_suffix("-0").unwrap_or(target);
    assert!(page.body.contains(&format!("id=\"{field}-error\"")), "nothing is said at {field}");
}

#[test]
fn a_note_has_twenty_thousand_characters_of_whatever_kind() {
    on_both(|world| async move {
        let (who, mut tab, path) = at_work(&world).await;
        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        let most = "\u{1f642}".repeat(20_000);
        let page = tab.submit(&form, &[("text", &format!("{most}\u{1f642}"))]).await.expect(422);
        is_marked(&page, "text");
        page.says("Write 1 to 20,000 characters");
        assert_eq!(value(&page.form("/note"), "text").chars().count(), 20_001, "nothing is cut");
        tab.submit(&page.form("/note"), &[("text", &most)]).await.expect(303);
        world.pass(1);
        // A browser counts the end of a line as one character, and sends two.
        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        let lines = "x\r\n".repeat(10_000);
        let page = tab.submit(&form, &[("text", &format!("{lines}x"))]).await.expect(422);
        tab.submit(&page.form("/note"), &[("text", &lines)]).await.expect(303);
        assert_eq!(notes(&who, &path).await, [most, "x\n".repeat(10_000)]);
    });
}

#[test]
fn what_is_too_long_for_a_form_is_told_how_to_go_on() {
    on_both(|world| async move {
        let (who, mut tab, path) = at_work(&world).await;
        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        let empty =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form.filled(&[("text", "")])).finish();
        let room = 1_024 * 1_024 - empty.len();
        let page = tab.submit(&form, &[("text", &"x".repeat(room))]).await.expect(422);
        is_marked(&page, "text");
        assert_eq!(value(&page.form("/note"), "text").len(), room, "it is back, to be shortened");
        for more in [1, 1_024 * 1_024] {
            let page = tab.submit(&form, &[("text", &"x".repeat(room + more))]).await.expect(413);
            assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
            page.says("Too long").says("up to 1 MiB").says("Go back").says("in parts");
        }
        assert_eq!(notes(&who, &path).await, Vec::<String>::new());
    });
}

/// Texts that break what was not made for them, as a browser sends them, and as they are read.
fn odd() -> Vec<(String, String)> {
    let sent =
        |text: &str| (url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>(), text.to_owned());
    let zalgo = "Z\u{351}\u{36b}\u{343}\u{36a}\u{302}a\u{328}\u{34a}l\u{334}go ".repeat(40);
    let script = "<script>alert(1)</script></textarea><img src=x onerror=alert(2)>\"'>{{7*7}} &amp;lt; %3Cb%3E";
    let hebrew =
        "\u{202e}right to left\u{2066} \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{627}\u{644}\u{633}\u{644}\u{627}\u{645}";
    // Bytes that are no text: what they stood for is marked, and the rest is kept.
    let cut = "half+%ff+a+byte+%ED%A0%BD+a+pair+%F0%9F%98+an+emoji".to_owned();
    let read = "half \u{fffd} a byte \u{fffd}\u{fffd}\u{fffd} a pair \u{fffd} an emoji".to_owned();
    vec![sent(&format!("\n{hebrew} {zalgo} a \0 nul {script}")), sent("null"), (cut, read)]
}

/// The fields of a page into which people write.
fn written_fields(page: &Page) -> Vec<String> {
    let marks = page.body.split('<').skip(1).map(|mark| mark.split('>').next().unwrap());
    let written = marks.filter(|mark| mark.starts_with("textarea ") || mark.starts_with("input type=\"text\""));
    written.map(|mark| mark.split("name=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn whatever_is_written_in_whichever_field_comes_back_or_is_kept() {
    on_both(|world| async move {
        let (who, mut tab, path) = at_work(&world).await;
        let mut tried = 0;
        for leaf in FORMS {
            for (sent, text) in odd() {
                let page = tab.open(&format!("{path}/{leaf}")).await.expect(200);
                let form = page.form(&format!("/{leaf}"));
                let names = written_fields(&page);
                if names.is_empty() {
                    break;
                }
                let mut body = url::form_urlencoded::Serializer::new(String::new());
                body.extend_pairs(form.fields.iter().filter(|(name, _)| !names.contains(name)));
                let body = names.iter().fold(body.finish(), |body, name| format!("{body}&{name}={sent}"));
                let request = tab.posting(&form.action, &[]).header("Sec-Fetch-Site", "same-origin").body(body);
                let page = tab.send(request).await;
                tried += 1;
                if leaf == "note" {
                    page.expect(303);
                    world.pass(1);
                    assert_eq!(notes(&who, &path).await.last(), Some(&text));
                    continue;
                }
                assert!([404, 409, 422].contains(&page.status), "{leaf} {text:?}: {} {}", page.status, page.words());
                assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
                let back = page.form(&format!("/{leaf}"));
                for name in &names {
                    assert_eq!(value(&back, name), text, "{leaf} {name}");
                }
                assert!(!page.body.contains("<script>alert") && !page.body.contains("<img"), "{leaf}");
            }
        }
        assert!(tried >= 9 * 3, "{tried}");
        // The queries of pages, too.
        let (mut nobody, mut n) = (Tab::of_nobody(&world), 0);
        for (sent, _) in odd() {
            for query in [
                "find?q=",
                "?queue=",
                "?category=",
                "?priority=",
                "?cursor=",
                "?mode=",
                "rows?shown=",
                "second?",
                "moved?queue=",
                "account?done=",
            ] {
                let page =
                    tab.get(&format!("/console{}{query}{sent}", if query.starts_with('?') { "" } else { "/" })).await;
                assert!(page.status < 500, "{query}{sent}: {} {}", page.status, page.words());
                n += 1;
            }
            for query in ["cursor=", "entries=", "done="] {
                let page = tab.get(&format!("{path}?{query}{sent}")).await;
                assert!(page.status < 500, "{query}{sent}: {} {}", page.status, page.words());
            }
            let door = nobody.get(&format!("/console/sign-in?next={sent}")).await.expect(200).form("/sign-in");
            assert_eq!(value(&door, "next"), "");
        }
        assert!(n >= 30, "{n}");
    });
}

#[test]
fn whatever_is_sent_to_the_door_is_a_page() {
    on_both(|world| async move {
        let mut nobody = Tab::of_nobody(&world);
        for (sent, _) in odd() {
            let body = ["username", "password", "code", "new_password", "next", "carried"]
                .map(|name| format!("{name}={sent}"));
            let request = nobody.posting("/console/sign-in", &[]).header("Sec-Fetch-Site", "same-origin");
            let page = nobody.send(request.body(body.join("&"))).await;
            assert!([401, 422].contains(&page.status), "{sent}: {} {}", page.status, page.words());
            assert_eq!(value(&page.form("/sign-in"), "next"), "");
            assert!(!page.body.contains("<script>alert"));
        }
        // Bytes that are no text at all are no form.
        let request = nobody.posting("/console/sign-in", &[]).header("Sec-Fetch-Site", "same-origin");
        nobody.send(request.body(b"username=\xff".to_vec())).await.expect(400).says("This cannot be read");
    });
}

#[test]
fn nobody_is_led_elsewhere_by_what_the_address_asks_for() {
    on_both(|world| async move {
        let secret = account(&world, "amina", false).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        let mut nobody = Tab::of_nobody(&world);
        let bad = [
            "//elsewhere",
            "///elsewhere",
            "https://elsewhere",
            "https:elsewhere",
            "/\\elsewhere",
            "\\\\elsewhere",
            "/console/../x",
            "/console/..%2f..%2fx",
            "/console//elsewhere",
            "%2f%2felsewhere",
            "/%2felsewhere",
            "/consoles",
            "/console@elsewhere",
            "/console\r\nSet-Cookie: a=b",
            "\t//elsewhere",
            "javascript:alert(1)",
            "/console/sign-out",
            "/console/sign-in?next=/console",
        ];
        for bad in bad {
            let next: String = url::form_urlencoded::byte_serialize(bad.as_bytes()).collect();
            let door = nobody.get(&format!("/console/sign-in?next={next}")).await.expect(200);
            assert_eq!(value(&door.form("/sign-in"), "next"), "", "{bad}");
            assert!(!door.body.contains("elsewhere"), "{bad}");
            let arrived = tab.get(&format!("/console/arrived?next={next}")).await.expect(303);
            assert_eq!(arrived.leads_to(), Some("/console"), "{bad}");
            // Once written into the form itself.
            if bad == "//elsewhere" {
                let own = code(&world, &secret);
                let with = [("username", "amina"), ("password", PASSWORD), ("code", &own), ("next", bad)];
                let page = nobody.clone().submit(&door.form("/sign-in"), &with).await.expect(303);
                assert_eq!(page.leads_to(), Some("/console/arrived?next=/console"));
            }
        }
    });
}

#[test]
fn numbers_and_codes_that_no_form_offers_are_refused_at_their_field() {
    on_both(|world| async move {
        let (who, mut tab, path) = at_work(&world).await;
        let reason = ("reason", "She sleeps until ten.");
        let text = ("text", "She rang from a box.");
        let mut tried = Vec::new();
        for odd in ["\u{664}", "4h", "null", "18446744073709551615"] {
            tried.push(("hold", vec![reason, ("hours", odd)], "hours-0"));
            tried.push(("contact", vec![text, ("records", "standby"), ("look_again_hours", odd)], "look_again_hours"));
            let came = [text, ("records", "safe_contact"), ("channel", "incoming"), ("check_in_hours", odd)];
            tried.push(("contact", came.to_vec(), "check_in_hours"));
            tried.push((
                "ask",
                vec![("action", "preserve_evidence"), ("details", "All of it."), ("due_hours", odd)],
                "due_hours",
            ));
            tried.push((
                "ask",
                vec![("action", "preserve_evidence"), ("details", "All of it."), ("wait_hours", odd)],
                "wait_hours",
            ));
        }
        tried.push(("hold", vec![reason, ("hours", "73")], "hours-0"));
        tried.push((
            "contact",
            vec![text, ("records", "safe_contact"), ("channel", "incoming"), ("check_in_hours", "721")],
            "check_in_hours",
        ));
        tried.push(("contact", vec![text, ("records", "unsafe_contact")], "unsafe_channel"));
        let told = [text, ("why", "life"), ("asked_her", "unsafe"), ("told_her", "false")];
        tried.push(("emergency", told.to_vec(), "to-0"));
        tried.push(("emergency", [&told[..3], &[("to", "police"), ("told_her", "perhaps")]].concat(), "told_her-0"));
        tried.push((
            "contact",
            vec![text, ("records", "safe_contact"), ("channel_confirmed_safe", "true")],
            "channel-0",
        ));
        tried.push((
            "ask",
            vec![("action", "preserve_evidence"), ("due_hours", "24"), ("wait_hours", "72"), ("details", "All of it.")],
            "wait_hours",
        ));
        let told = [("how", "phone"), ("alone", "yes"), ("may_contact", "yes"), ("said", "Ask for Jo.")];
        tried.push(("wishes", [&told[..], &[("phone", "+447700912002"), ("email", "not one")]].concat(), "email"));
        tried.push(("wishes", [&told[..], &[("sms", "+447700912002"), ("never_sms", "true")]].concat(), "never_sms"));
        tried.push(("wishes", told.to_vec(), "phone"));
        for leaf in ["null", "P2", "\u{200b}p2"] {
            tried.push(("priority", vec![text, ("reason_code", "new_information"), ("priority", leaf)], "priority-0"));
            tried.push(("decide", vec![reason, ("outcome", leaf)], "outcome-0"));
            tried.push(("note", vec![text, ("records", leaf)], "records-0"));
            tried.push(("hand-over", vec![("note", "She rings at nine."), ("staff_id", leaf)], "staff_id-0"));
        }
        let before = notes(&who, &path).await;
        for (leaf, filled, target) in tried {
            let mut form = tab.open(&format!("{path}/{leaf}")).await.expect(200);
            let page = tab.submit(&form.form(&format!("/{leaf}")), &filled).await;
            assert_eq!(page.status, 422, "{leaf} {filled:?}: {}", page.words());
            if target == "staff_id-0" {
                page.says("There is a problem");
            } else {
                is_marked(&page, target);
            }
            let words = filled.iter().find(|(_, value)| value.contains(' ')).unwrap();
            form = page;
            assert_eq!(value(&form.form(&format!("/{leaf}")), words.0), words.1, "{leaf}");
        }
        assert_eq!(notes(&who, &path).await, before, "nothing was done");
    });
}

#[test]
fn a_form_without_what_it_carries_does_nothing_and_loses_nothing() {
    on_both(|world| async move {
        let (who, mut tab, path) = at_work(&world).await;
        let (other, mut theirs) = sit(&world, Role::Advocate).await;
        let form = tab.open(&format!("{path}/hold")).await.expect(200).form("/hold");
        let filled = [("hours", "4"), ("reason", "She sleeps until ten.")];
        let foreign = theirs.open("/console/account").await.expect(200).form("/sign-out").fields[0].1.clone();
        let own = value(&form, "key").to_owned();
        let forged = own.replace(&who.id, &other.id);
        assert_ne!(own, forged);
        for key in ["", "null", &foreign, &forged, &own[1..], "a.b.c", "\u{664}"] {
            let page = tab.submit(&form, &[&filled[..], &[("key", key)]].concat()).await.expect(400);
            page.says("This cannot be read").says("She sleeps until ten.");
        }
        let without = |name: &str| {
            let fields = form.filled(&filled).into_iter().filter(|(field, _)| field != name).collect::<Vec<_>>();
            PageForm { fields, ..form.clone() }
        };
        tab.submit(&without("key"), &[]).await.expect(400).says("She sleeps until ten.");
        for version in ["", "null", "-1", "0", "99999999999999999999", "\u{661}", "1.0"] {
            let page = tab.submit(&without("version"), &[("version", version)]).await;
            assert!([412, 428].contains(&page.status), "{version}: {}", page.status);
            page.says("has changed since you opened this form").says("She sleeps until ten.");
        }
        for seen in ["", "null", "-1", "9223372036854775807", "99999999999999999999"] {
            let stale = tab.submit(&without("seen"), &[("seen", seen), ("version", "0")]).await.expect(412);
            stale.says("She sleeps until ten.");
        }
        assert_eq!(who.case(path.rsplit('/').next().unwrap()).await.0["state"], "in_review");
        // A field that stands twice is what stands first, and a key is one for each form that it was put into.
        let twice = [form.filled(&filled), vec![("reason".to_owned(), "Another.".to_owned())]].concat();
        tab.post(&form.action, &twice).await.expect(303);
        tab.open(&path).await.expect(200).says("On hold").says("She sleeps until ten.");
        let note = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        for _ in 0..2 {
            tab.submit(&note, &[("key", &own), ("text", "She rang.")]).await.expect(303);
        }
        assert_eq!(notes(&who, &path).await.iter().filter(|text| *text == "She rang.").count(), 1);
    });
}
