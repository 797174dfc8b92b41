//! What a page must never do to somebody: show what it hides, count as reading what nobody read, lose words or give them to
//! another, or run what others wrote.

use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use reqwest::Method;
use serde_json::json;

use crate::console_walks::{path_of, sit, take};
use crate::harness::client::{full, small};
use crate::harness::on_both;
use crate::harness::tab::Tab;
use crate::rights::urgent;
use crate::walls::walled;

#[test]
fn words_survive_an_ended_session_for_their_author_alone() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (who, mut tab) = sit(&world, Role::Advocate).await;
        let path = path_of(&take(&mut tab).await);
        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        world.pass(31 * 60);
        let page = tab.submit(&form, &[("text", "She rang from\r\na box.")]).await.expect(401);
        page.says("What you wrote is not lost");
        assert!(!page.body.contains("She rang"), "the words are sealed");
        let sign_in = page.form("/sign-in");
        let carried = sign_in.fields.iter().find(|(name, _)| name == "carried").unwrap().1.clone();

        // Somebody else who signs in here gets nothing of it: only the account's own key opens it.
        let other = world.staff(Role::Advocate).await;
        assert!(!carried.contains(&who.id) && !carried.contains(&other.id));
        let mut again = Tab::of(&world, &world.signed_in_again(&who).await).await;
        let fields = form.filled(&[("text", "She rang from\r\na box."), ("again", "true")]);
        let shown = again.post(&form.action, &fields).await.expect(200);
        assert!(shown.body.contains("She rang from\na box.</textarea>"), "the form is back, filled");
        assert_eq!(who_notes(&world, &path).await, 0, "and not sent");
        // The form of one account is nobody's at another.
        let mut stranger = Tab::of(&world, &other).await;
        stranger.submit(&form, &[("text", "Not mine.")]).await.expect(400);
        assert_eq!(who_notes(&world, &path).await, 0);
    });
}

async fn who_notes(world: &crate::harness::World, path: &str) -> usize {
    let lead = world.staff(Role::Lead).await;
    lead.case(path.rsplit('/').next().unwrap()).await.0["notes"].as_array().unwrap().len()
}

#[test]
fn a_list_that_refreshes_reads_nothing_and_puts_nobody_at_work() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (who, mut tab) = sit(&world, Role::Lead).await;
        let case = who.case_of("SPK-1").await;
        for _ in 0..3 {
            let page = tab.get(&format!("/console/rows?shown={case}")).await.expect(200);
            assert!(page.body.contains(&case));
        }
        tab.open("/console/shift").await.expect(200).says("Nobody is on the rota");
        let record = world.app.read({
            let case = case.clone();
            move |rx| {
                Ok(recourse::domain::ledger::audit::list(rx, &case)?
                    .iter()
                    .filter(|event| event.kind == "case_read")
                    .count())
            }
        });
        assert_eq!(record.await.unwrap(), 0);
        // What is the same is not sent again.
        let first = tab.get(&format!("/console/rows?shown={case}")).await.expect(200);
        let tag = first.headers["etag"].to_str().unwrap().to_owned();
        let request = tab.request(Method::GET, &format!("/console/rows?shown={case}")).header("If-None-Match", tag);
        tab.send(request).await.expect(304);
        // What leaves the list is told by nothing but that.
        let page = tab.get(&format!("/console/rows?shown=case_00000000000000000000000000.{case}")).await.expect(200);
        let rows: serde_json::Value = serde_json::from_str(&page.body).unwrap();
        assert_eq!(rows["rows"]["case_00000000000000000000000000"], json!(null));
    });
}

#[test]
fn a_wall_hides_a_case_on_every_page() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&full("SPK-1")).await;
        spark.submit(&small("SPK-2")).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("SPK-1").await;
        lead.take(&case).await;
        lead.act_seen(&case, "decision", &json!({"outcome": "unfounded", "reason": "It was not him."}))
            .await
            .expect(202);
        let mut tab = Tab::of(&world, &walled(&world, Role::SafeguardingLead).await).await;
        for path in ["/console", "/console/second", "/console/shift", "/console/find?q=SPK-1", "/console/rows?shown="] {
            let page = tab.open(path).await.expect(200);
            assert!(!page.body.contains(&case), "{path}");
        }
        tab.open("/console/find?q=SPK-1").await.expect(200).says("Nothing that you can open");
        tab.open(&format!("/console/find?q={case}")).await.expect(404).says("Nothing found");
        tab.open(&format!("/console/cases/{case}")).await.expect(404).says("Nothing found");
    });
}

#[test]
fn after_signing_out_nothing_is_shown_or_kept() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        let page = take(&mut tab).await;
        let path = path_of(&page);
        assert_eq!(page.headers["cache-control"], "no-store");
        let cookie = tab.cookie.clone();
        tab.submit(&page.form("/sign-out"), &[]).await.expect(303);
        let mut back = Tab { cookie, ..tab };
        assert_eq!(
            back.get(&path).await.expect(303).leads_to().map(|to| to.starts_with("/console/sign-in")),
            Some(true)
        );
    });
}

#[test]
fn words_of_others_are_words() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let script = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)>";
        let mut body = full("SPK-1");
        body["statement"] = json!(format!("{script} \u{202e}evil\u{2066}"));
        body["subject"]["display_name"] = json!(script);
        body["platform_context"]["messages"] = json!([{"from": "subject", "text": script}]);
        spark.submit(&body).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        let page = take(&mut tab).await;
        let path = path_of(&page);
        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        let page = tab.follow(&form, &[("text", &format!("{script}\r\nnext"))]).await.expect(200);
        assert!(!page.body.contains("<script>alert") && !page.body.contains("<img") && !page.body.contains("<svg"));
        page.says(script);
        let wrong = tab.submit(&form, &[("text", script)]).await.expect(422);
        assert!(!wrong.body.contains("<script>alert"));
        // Titles say nothing of a case.
        assert!(page.body.contains("<title>Case · Recourse console</title>"));
    });
}

#[test]
fn an_auditor_reads_what_was_done_and_no_words() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (who, mut tab) = sit(&world, Role::Advocate).await;
        let path = path_of(&take(&mut tab).await);
        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        tab.follow(&form, &[("text", "A colleague's words.")]).await.expect(200);
        let auditor = world.staff_with(Role::Auditor, vec![Queue::Other, Queue::StalkingViolence]).await;
        let mut tab = Tab::of(&world, &auditor).await;
        let page = tab.open(&path).await.expect(200);
        page.says("Your role reads what was done").says(&who.username);
        assert!(
            !page.body.contains("He keeps writing")
                && !page.body.contains("A colleague's words")
                && !page.body.contains("A colleague’s")
        );
        assert!(page.forms().iter().all(|form| form.action == "/console/sign-out"), "there is nothing to be done");
    });
}

#[test]
fn no_way_that_is_not_known_to_be_safe_is_recorded_as_a_safe_contact() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut body = full("SPK-1");
        let phone = json!({"type": "phone", "value": "+447700912003"});
        body["contact"] = json!({"source": "said_now", "may_contact": true, "channels": [phone], "never": ["email"]});
        spark.submit(&body).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        let path = path_of(&take(&mut tab).await);
        let page = tab.open(&format!("{path}/contact")).await.expect(200);
        for channel in ["email", "sms", "portal", "platform"] {
            // What the page does not let anybody choose, the service does not take either.
            let choice = page.body.split(&format!("name=\"channel\" value=\"{channel}\"")).nth(1).unwrap();
            assert!(choice.split('>').next().unwrap().contains(" disabled"), "{channel}");
            let sent = [
                ("records", "safe_contact"),
                ("channel", channel),
                ("channel_confirmed_safe", "true"),
                ("text", "Done."),
            ];
            tab.submit(&page.form("/contact"), &sent).await.expect(422).says("She has not said that this way is safe");
        }
        let unchecked = [("records", "safe_contact"), ("channel", "phone"), ("text", "Rang her.")];
        tab.submit(&page.form("/contact"), &unchecked).await.expect(422).says("Confirm that the way is safe now");
        assert_eq!(who_notes(&world, &path).await, 0);
        let checked = [&unchecked[..], &[("channel_confirmed_safe", "true")]].concat();
        tab.submit(&page.form("/contact"), &checked).await.expect(303);
        assert_eq!(who_notes(&world, &path).await, 1);
    });
}

#[test]
fn whoever_is_behind_a_wall_is_on_no_page_of_it_and_it_on_none_of_theirs() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let about = |reference: &str, number: &str| {
            let mut body = small(reference);
            let known = json!([{"type": "handle", "value": "@night.owl"}, {"type": "phone", "value": number}]);
            body["subject"] = json!({"platform_account_ref": "u_1", "identifiers": known});
            body
        };
        // Two cases of one subject, of which the one names somebody's own number as well.
        spark.submit(&about("SPK-1", "+447700900123")).await;
        spark.submit(&about("SPK-2", "+447700912004")).await;
        let (lead, mut theirs) = sit(&world, Role::Lead).await;
        let hidden = walled(&world, Role::Lead).await;
        let mut tab = Tab::of(&world, &hidden).await;
        let (wall, open) = (lead.case_of("SPK-1").await, lead.case_of("SPK-2").await);
        let related = format!("/console/cases/{open}/related");
        assert!(theirs.open(&related).await.expect(200).body.contains(&wall));
        let page = tab.open(&related).await.expect(200);
        page.says("None that you may see.");
        assert!(!page.body.contains(&wall));
        // Nor is anybody told of them as of somebody who could take it.
        lead.act(&wall, "claim", &json!({})).await.expect(200);
        lead.act(&open, "claim", &json!({})).await.expect(200);
        theirs.open(&format!("/console/cases/{open}/hand-over")).await.expect(200).says(&hidden.username);
        let form = theirs.open(&format!("/console/cases/{wall}/hand-over")).await.expect(200);
        assert!(!form.body.contains(&hidden.username) && !form.body.contains(&hidden.id));
        let sent = [("staff_id", hidden.id.as_str()), ("note", "Please look.")];
        let page = theirs.submit(&form.form("/hand-over"), &sent).await.expect(422);
        page.says("Choose one of the colleagues who are shown");
        // What waits in it, and its row on a page that stands open.
        lead.take(&wall).await;
        let unfounded = json!({"outcome": "unfounded", "reason": "It was not him."});
        lead.act_seen(&wall, "decision", &unfounded).await.expect(202);
        let other = world.staff(Role::Lead).await;
        let waits = Tab::of(&world, &other).await.open("/console/second").await.expect(200);
        assert!(waits.body.contains(&wall));
        let page = tab.open("/console/second").await.expect(200);
        page.says("Nothing waits.");
        assert!(!page.body.contains(&wall));
        let rows = tab.get(&format!("/console/rows?shown={wall}.{open}")).await.expect(200);
        let rows: serde_json::Value = serde_json::from_str(&rows.body).unwrap();
        assert_eq!(rows["rows"][&wall], json!(null));
        assert!(rows["rows"][&open].is_object(), "{rows}");
        // A link with it is none, and linking with it is as with one that is not there.
        lead.act(&open, "links", &json!({"case_id": wall})).await.expect(200);
        let page = tab.open(&format!("/console/cases/{open}")).await.expect(200);
        assert!(!page.body.contains(&wall) && !page.words().contains("linked it"), "{}", page.words());
        let form = tab.open(&format!("/console/cases/{open}/link")).await.expect(200).form("/link");
        let told = async |mut tab: Tab, other: &str| {
            let page = tab.submit(&form, &[("case_id", other)]).await.expect(404);
            page.words().replace(other, "")
        };
        assert_eq!(told(tab.clone(), &wall).await, told(tab.clone(), "case_00000000000000000000000000").await);
    });
}

#[test]
fn a_list_that_refreshes_keeps_nobody_signed_in_and_nobody_at_work() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (who, mut tab) = sit(&world, Role::Advocate).await;
        let case = who.case_of("SPK-1").await;
        tab.open(&format!("/console/cases/{case}")).await.expect(200);
        for _ in 0..4 {
            world.pass(7 * 60);
            tab.get("/console/rows?shown=").await.expect(200);
        }
        // Another looks who is at work: it is nobody, and who only looks is not either.
        let (_, mut other) = sit(&world, Role::Lead).await;
        other.open(&format!("/console/cases/{case}")).await.expect(200);
        other.open("/console/shift").await.expect(200).says("Nobody is on the rota or has done anything");
        other.open("/console/shift").await.expect(200).says("nobody is at work just now");
        world.pass(3 * 60);
        tab.get("/console/rows?shown=").await.expect(401);
        tab.get("/console").await.expect(303);
    });
}

/// The buttons of a page that a letter alone presses, with where their forms go and what they send.
fn pressed(page: &crate::harness::tab::Page) -> Vec<(String, Vec<String>)> {
    let forms = page.body.split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap());
    let pressed =
        forms.filter(|form| form.split("<button").skip(1).any(|b| b.split('>').next().unwrap().contains("data-key")));
    let told = |form: &str| {
        let action = form.split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let names = form.split("name=\"").skip(1).map(|name| name.split('"').next().unwrap().to_owned());
        (action, names.collect())
    };
    pressed.map(told).collect()
}

#[test]
fn no_letter_alone_does_more_than_take_and_begin() {
    on_both(|world| async move {
        let mut body = full("SPK-1");
        body["answers"] = json!({"not_safe_now": "yes"});
        world.platform("spark").await.submit(&body).await;
        let (who, mut tab) = sit(&world, Role::Advocate).await;
        let list = tab.open("/console").await.expect(200);
        assert_eq!(pressed(&list), [("/console/take".to_owned(), vec!["key".to_owned(), "mode".to_owned()])]);
        let case = who.case_of("SPK-1").await;
        let path = format!("/console/cases/{case}");
        let plain = |leaf: &str| {
            let fields = ["key", "version", "seen"].map(str::to_owned);
            (format!("{path}/{leaf}"), fields.to_vec())
        };
        assert_eq!(pressed(&tab.open(&path).await.expect(200)), [plain("claim")]);
        let page = take(&mut tab).await;
        assert_eq!(pressed(&page), [plain("start")]);
        tab.follow(&page.form("/start"), &[]).await.expect(200);
        let form = tab.open(&format!("{path}/priority")).await.expect(200).form("/priority");
        let lower = [("priority", "p2"), ("reason_code", "safety_confirmed"), ("text", "She is abroad.")];
        tab.follow(&form, &lower).await.expect(200);
        let (lead, mut theirs) = sit(&world, Role::Lead).await;
        let list = theirs.open("/console/second").await.expect(200);
        let act = list.body.split("/second/").nth(1).unwrap()[..30].to_owned();
        let before = lead.case(&case).await.0;
        let leaves = recourse::web::endpoints::console().iter().filter(|row| row.method == "GET");
        let leaves: Vec<String> = leaves.map(|row| row.path.replace("{id}", &case).replace("{act}", &act)).collect();
        assert!(leaves.len() > 20, "{leaves:?}");
        for tab in [&mut tab, &mut theirs] {
            for page in leaves.iter().filter(|page| !page.ends_with("sign-in")) {
                let page = tab.open(page).await;
                assert_eq!(
                    pressed(&page).iter().filter(|(to, _)| to != "/console/take").count(),
                    0,
                    "{}",
                    page.words()
                );
            }
        }
        // Opening a page, as most letters do, changes nothing of the case.
        let mut after = lead.case(&case).await.0;
        for changing in ["claimed_until", "next_due_at"] {
            after[changing] = before[changing].clone();
        }
        assert_eq!(after, before);
    });
}

#[test]
fn what_rings_or_is_set_aside_behind_a_wall_is_not_on_the_shift() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&urgent("SPK-1", "p0")).await;
        spark.submit(&urgent("SPK-2", "p1")).await;
        let (lead, mut theirs) = sit(&world, Role::Lead).await;
        let (rings, held) = (lead.case_of("SPK-1").await, lead.case_of("SPK-2").await);
        lead.take(&held).await;
        let until = world.clock.now().plus(std::time::Duration::from_hours(2));
        let set_aside = json!({"action": "hold", "reason": "She sleeps.", "until": until});
        lead.act_seen(&held, "transitions", &set_aside).await.expect(200);
        // Nobody takes it, so it rings.
        world.pass(10 * 60);
        world.run_jobs().await;
        let page = theirs.open("/console/shift").await.expect(200);
        let part =
            |name: &str| page.body.split(&format!("id=\"{name}\"")).nth(1).unwrap().split("</section>").next().unwrap();
        for (name, case) in [("ringing", &rings), ("next", &rings), ("holds", &held)] {
            assert!(part(name).contains(case), "{name}: {}", page.words());
        }
        let mut tab = Tab::of(&world, &walled(&world, Role::Lead).await).await;
        let page = tab.open("/console/shift").await.expect(200);
        assert!(!page.body.contains(&rings) && !page.body.contains(&held));
    });
}
