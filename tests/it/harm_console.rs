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
