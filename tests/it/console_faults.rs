//! What goes wrong while somebody works in the console: each has a sentence on the page, and no word of theirs is lost.

use std::time::Duration;

use futures_util::future::{join, join_all};
use recourse::base::secret::Sensitive;
use recourse::domain::casework::colleagues;
use recourse::domain::ledger::audit::{self, Event};
use recourse::domain::people::staff::Role;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::triage::Queue;
use recourse::domain::unit::Unit;
use recourse::domain::vault::Owner;
use serde_json::json;

use crate::console_walks::{path_of, sit, take};
use crate::faults::lock;
use crate::harness::client::{Staff, full, small};
use crate::harness::postgres::{ClusterOptions, private_cluster};
use crate::harness::process::pause;
use crate::harness::tab::{Page, PageForm, Tab};
use crate::harness::{Database, TEST, World, on_both};
use crate::rights::events;

/// The page of something that could not be done just now, which brings what was written and sends it again.
#[track_caller]
fn kept(page: Page, words: &str) -> PageForm {
    let page = page.expect(503);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert!(page.headers.contains_key("retry-after"));
    page.says("Not available just now").says("Nothing was stored.").says(words);
    page.forms().into_iter().find(|form| form.action != "/console/sign-out").unwrap()
}

/// Sends a form until the database is there again, which takes a moment.
async fn soon(tab: &mut Tab, form: &PageForm) -> Page {
    for _ in 0..200 {
        let page = tab.submit(form, &[]).await;
        if page.status != 503 {
            return page;
        }
        pause(Duration::from_millis(25)).await;
    }
    panic!("the service does not mend itself")
}

async fn notes(who: &Staff, path: &str) -> Vec<String> {
    let case = who.case(path.rsplit('/').next().unwrap()).await.0;
    case["notes"].as_array().unwrap().iter().map(|note| note["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_written_while_the_database_is_locked_is_sent_again_and_done_once() {
    actix_web::rt::System::new().block_on(async {
        let world = World::begin(Database::Sqlite, &|_| {}).await;
        let spark = world.platform("spark").await;
        for n in 0..3 {
            spark.submit(&small(&format!("SPK-{n}"))).await;
        }
        let (who, mut tab) = sit(&world, Role::Advocate).await;
        let one = path_of(&take(&mut tab).await);
        let two = path_of(&take(&mut tab).await);
        let note = tab.open(&format!("{one}/note")).await.expect(200).form("/note");
        let hold = tab.open(&format!("{two}/hold")).await.expect(200).form("/hold");
        let next = tab.open("/console").await.expect(200).form("/take");
        let unlock = lock(&world);
        let (mut second, mut third) = (tab.clone(), tab.clone());
        let sleeps = [("hours", "4"), ("reason", "She sleeps until ten.")];
        let (first, (second, third)) = join(
            tab.submit(&note, &[("text", "She rang from a box.")]),
            join(second.submit(&hold, &sleeps), third.submit(&next, &[])),
        )
        .await;
        unlock();
        let again = [kept(first, "She rang from a box."), kept(second, "She sleeps until ten."), kept(third, "")];
        for form in again {
            let place = soon(&mut tab, &form).await.expect(303).leads_to().unwrap().to_owned();
            assert_eq!(tab.submit(&form, &[]).await.expect(303).leads_to(), Some(place.as_str()));
        }
        assert_eq!(notes(&who, &one).await, ["She rang from a box."]);
        tab.open(&two).await.expect(200).says("On hold").says("She sleeps until ten.");
        let mine = who.caller.get("/v1/triage/cases?assigned_to=me").await.expect(200).json();
        assert_eq!(mine["data"].as_array().unwrap().len(), 3, "one was taken: {mine}");
    });
}

#[test]
fn what_is_written_while_the_server_of_the_database_is_gone_is_sent_again_and_done_once() {
    let Some(cluster) = private_cluster(&ClusterOptions { durable: true, ..ClusterOptions::default() }) else { return };
    let url = cluster.url("postgres");
    actix_web::rt::System::new().block_on(async move {
        let settings = |config: &mut recourse::config::Config| {
            config.database_url = Some(Sensitive::new(url.clone()));
            config.postgres_connections = 4;
        };
        let world = World::begin(Database::Postgres, &settings).await;
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (who, mut tab) = sit(&world, Role::Advocate).await;
        let path = path_of(&take(&mut tab).await);
        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        // Somebody else's session has ended, and what they wrote is sealed in the page by which they sign in.
        let mut ended = Tab::of_nobody(&world);
        let sign_in = ended.submit(&form, &[("text", "Another word.")]).await.expect(401).form("/sign-in");

        cluster.stop_immediately();
        // Nobody can look up now who comes, and the words are on the page all the same.
        let with = [("username", who.username.as_str()), ("password", "correct horse battery"), ("code", "123456")];
        let (written, mut looking) = ([("text", "She rang from a box.")], tab.clone());
        let (sent, (page, away)) =
            join(tab.submit(&form, &written), join(looking.get(&path), ended.submit(&sign_in, &with))).await;
        let again = kept(sent, "She rang from a box.");
        page.expect(503).says("Not available just now");
        let away = away.expect(503);
        let carried = |form: &PageForm| form.fields.iter().find(|(name, _)| name == "carried").cloned();
        assert_eq!(carried(&away.form("/sign-in")), carried(&sign_in));
        assert!(carried(&sign_in).is_some());

        cluster.restart();
        let place = soon(&mut tab, &again).await.expect(303).leads_to().unwrap().to_owned();
        assert_eq!(soon(&mut tab, &again).await.expect(303).leads_to(), Some(place.as_str()));
        assert_eq!(notes(&who, &path).await, ["She rang from a box."]);
    });
}

#[test]
fn who_loses_a_race_reads_who_won_it_and_is_offered_the_next() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&small("SPK-1")).await;
        world.pass(1);
        spark.submit(&small("SPK-2")).await;
        let (one, mut first) = sit(&world, Role::Advocate).await;
        let (other, mut second) = sit(&world, Role::Advocate).await;
        let case = one.case_of("SPK-1").await;
        let path = format!("/console/cases/{case}");
        let (form, same) = (first.open(&path).await.form("/claim"), second.open(&path).await.form("/claim"));
        let (won, lost) = join(first.submit(&form, &[]), second.submit(&same, &[])).await;
        let (winner, mut loser, lost) = if won.status == 303 { (one, second, lost) } else { (other, first, won) };
        let lost = lost.expect(409);
        lost.says("Somebody else has the case").says(&format!("Held now by: {}, until", winner.username));
        lost.says(&format!("{} took the case", winner.username));
        assert_eq!(events(&world, &case, "claimed").await.len(), 1);
        let next = loser.follow(&lost.form("/take"), &[]).await.expect(200);
        next.says("You took this case.");
        assert_ne!(path_of(&next), path);
    });
}

#[test]
fn of_two_who_judge_at_once_one_reads_what_the_other_did() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (one, mut first) = sit(&world, Role::Advocate).await;
        let (other, mut second) = sit(&world, Role::Lead).await;
        let path = path_of(&take(&mut first).await);
        let form = first.open(&format!("{path}/priority")).await.expect(200).form("/priority");
        let same = second.open(&format!("{path}/priority")).await.expect(200).form("/priority");
        let raise = [("priority", "p2"), ("reason_code", "new_information"), ("text", "He has a key.")];
        let (won, lost) = join(first.submit(&form, &raise), second.submit(&same, &raise)).await;
        let (winner, lost) = if won.status == 303 { (one, lost) } else { (other, won) };
        let lost = lost.expect(412);
        lost.says(&format!("{} changed the priority from P4 to P2", winner.username)).says("He has a key.");
        let case = path.rsplit('/').next().unwrap();
        assert_eq!(events(&world, case, "priority_changed").await.len(), 1);
    });
}

/// What happens to a case while somebody writes about it.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    Lapses,
    Closes,
    Rises,
    MovesAway,
    IsWalled,
}

async fn happen(world: &World, what: Meanwhile, who: &Staff, case: &str) {
    let lead = world.staff(Role::Lead).await;
    let raise = |to: &str| json!({"priority": to, "reason_code": "new_information", "text": "He has a key."});
    match what {
        Meanwhile::Lapses => {
            world.pass(16 * 60);
            world.run_jobs().await;
            lead.act(case, "claim", &json!({})).await.expect(200);
        }
        Meanwhile::Closes => {
            let close = json!({"outcome": "supported_elsewhere", "reason": "By her service."});
            who.confirm_support(case).await;
            who.act_seen(case, "decision", &close).await.expect(200);
        }
        Meanwhile::Rises => drop(lead.act_seen(case, "priority", &raise("p2")).await.expect(200)),
        Meanwhile::MovesAway => drop(lead.act_seen(case, "priority", &raise("p0")).await.expect(200)),
        Meanwhile::IsWalled => {
            let (name, known) = (who.username.clone(), Identifier::new(IdentifierKind::Handle, "@night.owl"));
            world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &known)).await.unwrap();
        }
    }
}

#[test]
fn whatever_happens_to_a_case_while_somebody_writes_is_said_and_loses_no_words() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let all = [Meanwhile::Lapses, Meanwhile::Closes, Meanwhile::Rises, Meanwhile::MovesAway, Meanwhile::IsWalled];
        for (number, what) in all.into_iter().enumerate() {
            // Tokens of platforms end after ten minutes.
            let spark = if number == 0 { spark.clone() } else { world.platform("spark").await };
            let mut body = small(&format!("SPK-{number}"));
            body["subject"] = json!({"identifiers": [{"type": "handle", "value": "@night.owl"}], "platform_account_ref": format!("s-{number}")});
            spark.submit(&body).await;
            let who = world.staff_with(Role::Advocate, vec![Queue::StalkingViolence]).await;
            let mut tab = Tab::of(&world, &who).await;
            let case = who.case_of(&format!("SPK-{number}")).await;
            who.take(&case).await;
            let path = format!("/console/cases/{case}");
            let note = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
            let decide = tab.open(&format!("{path}/decide")).await.expect(200).form("/decide");
            world.pass(1);
            happen(&world, what, &who, &case).await;
            let decided = [("outcome", "supported_elsewhere"), ("reason", "Her refuge has her.")];
            let page = tab.submit(&decide, &decided).await;
            assert!(page.body.contains("Her refuge has her."), "{what:?}: {}", page.words());
            let noted = tab.submit(&note, &[("text", "She rang from a box.")]).await;
            match what {
                Meanwhile::Lapses => {
                    page.expect(409).says("You do not hold this case any more").says("took the case");
                    noted.expect(303);
                }
                Meanwhile::Closes => {
                    let page = page.expect(409);
                    page.says("You do not hold this case any more")
                        .says(&format!("{} moved it from in review to closed", who.username));
                    assert!(
                        page.forms().iter().all(|form| !form.action.ends_with("/claim")),
                        "nobody takes what is closed"
                    );
                    noted.expect(303);
                }
                Meanwhile::Rises => {
                    page.expect(412).says("changed the priority from P4 to P2");
                    noted.expect(303);
                }
                Meanwhile::MovesAway | Meanwhile::IsWalled => {
                    is_as_missing(&mut tab, &decide, (&decided, &page)).await;
                    is_as_missing(&mut tab, &note, (&[("text", "She rang from a box.")], &noted)).await;
                    continue;
                }
            }
            assert!(tab.open(&path).await.expect(200).body.contains("She rang from a box."), "{what:?}");
        }
    });
}

/// An answer is the one that a case which is not there gets, with the words of whoever wrote.
async fn is_as_missing(tab: &mut Tab, form: &PageForm, (filled, page): (&[(&str, &str)], &Page)) {
    assert_eq!(page.status, 404);
    page.says("Nothing found").says("What you wrote has not been sent, and stands here:");
    let written = filled.last().unwrap().1;
    page.says(written);
    let id = form.action.split('/').nth(3).unwrap();
    let action = form.action.replace(id, "case_00000000000000000000000000");
    // A key that was used nowhere: this one belongs to the other path.
    let key = tab.open("/console/account").await.expect(200).form("/sign-out").fields[0].1.clone();
    let fields = PageForm { action, ..form.clone() }.filled(&[filled, &[("key", key.as_str())]].concat());
    let missing = tab.post(&fields_of(form, id), &fields).await.expect(404);
    let told = |page: &Page| page.words().split("Reference for the operator").next().unwrap().to_owned();
    assert_eq!(told(&missing), told(page));
}

fn fields_of(form: &PageForm, id: &str) -> String {
    form.action.replace(id, "case_00000000000000000000000000")
}

#[test]
fn of_what_is_erased_there_is_a_page() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let (who, mut tab) = sit(&world, Role::SafeguardingLead).await;
        let scopes = ["notes", "statement", "contact", "identity", "answers", ""];
        for scope in scopes {
            let mut body = full(&format!("SPK-{scope}"));
            body["reporter"]["platform_account_ref"] = json!(format!("r-{scope}"));
            spark.submit(&body).await;
            let case = who.case_of(&format!("SPK-{scope}")).await;
            who.take(&case).await;
            let lower = json!({"priority": "p3", "reason_code": "professional_judgement", "text": "It was long ago."});
            let act = who.act_seen(&case, "priority", &lower).await.expect(202).json();
            let act = act["pending"]["id"].as_str().unwrap().to_owned();
            let path = format!("/console/cases/{case}");
            let note = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
            let which = if scope.is_empty() { String::new() } else { format!(" AND scope = '{scope}'") };
            world.tamper(&format!("DELETE FROM key_wraps WHERE owner = '{case}'{which}"));
            for leaf in ["", "/note", "/contact", "/wishes", "/hand-over", "/priority", "/ask", "/decide", "/related"] {
                tab.open(&format!("{path}{leaf}")).await.expect(200);
            }
            tab.open(&format!("{path}/second/{act}")).await.expect(200);
            for page in ["/console", "/console/second", "/console/shift", "/console/find?q=SPK-"] {
                tab.open(page).await.expect(200);
            }
            let page = tab.submit(&note, &[("text", "She rang from a box.")]).await;
            if page.status == 410 {
                page.says("Erased").says("She rang from a box.");
            } else {
                page.expect(303);
            }
        }
    });
}

#[test]
fn a_case_of_very_much_is_a_page_like_any_other() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (who, mut tab) = sit(&world, Role::Lead).await;
        let case = who.case_of("SPK-1").await;
        who.take(&case).await;
        let long = "Somebody who writes much writes this. ".repeat(20);
        for some in 0..10 {
            let note = |n: usize| json!({"text": format!("{some}-{n}: {long}")});
            let written = join_all((0..50).map(|n| {
                let (who, case, note) = (who.clone(), case.clone(), note(n));
                async move { who.act(&case, "notes", &note).await.expect(201) }
            }));
            written.await;
            world.pass(1);
        }
        for _ in 0..10 {
            let asked = (0..20).map(|_| async {
                let ask = json!({"action": "preserve_evidence", "details": "All that he wrote last week."});
                who.act(&case, "platform-requests", &ask).await.expect(200)
            });
            join_all(asked).await;
        }
        let owner: Owner = case.parse().unwrap();
        let happens =
            move |tx: &mut Unit<'_>| (0..5_000).try_for_each(|_| audit::record(tx, owner.clone(), Event::Released));
        world.app.write(TEST, happens).await.unwrap();
        let path = format!("/console/cases/{case}");
        let page = tab.open(&path).await.expect(200);
        let timeline = page.body.split("id=\"timeline\"").nth(1).unwrap().split("</section>").next().unwrap();
        assert_eq!(timeline.matches("<li>").count(), 50);
        assert!(page.body.len() < 300 * 1_024, "{} KiB", page.body.len() / 1_024);
        page.says("Earlier entries");
        for page in [format!("{path}/note"), format!("{path}/decide"), "/console/second".to_owned()] {
            let page = tab.open(&page).await.expect(200);
            assert!(page.body.len() < 64 * 1_024, "{} KiB", page.body.len() / 1_024);
        }
        // However much has happened since a form was made, the newest of it is told.
        let form = tab.open(&format!("{path}/hold")).await.expect(200).form("/hold");
        who.act(&case, "notes", &json!({"text": "And one."})).await.expect(201);
        let owner: Owner = case.parse().unwrap();
        let happens =
            move |tx: &mut Unit<'_>| (0..200).try_for_each(|_| audit::record(tx, owner.clone(), Event::Released));
        world.app.write(TEST, happens).await.unwrap();
        let page = tab.submit(&form, &[("hours", "4"), ("reason", "Until ten.")]).await.expect(412);
        let since = page.body.split("id=\"since\"").nth(1).unwrap().split("</section>").next().unwrap();
        assert_eq!(since.matches("<li>").count(), 50);
    });
}

#[test]
fn two_tabs_are_one_person_and_each_knows_what_the_other_did() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (who, mut one) = sit(&world, Role::Advocate).await;
        let path = path_of(&take(&mut one).await);
        let mut two = one.clone();
        let hold = two.open(&format!("{path}/hold")).await.expect(200).form("/hold");
        let form = one.open(&format!("{path}/note")).await.expect(200).form("/note");
        world.pass(1);
        one.follow(&form, &[("text", "From the first tab.")]).await.expect(200);
        let page = two.submit(&hold, &[("hours", "4"), ("reason", "She sleeps until ten.")]).await.expect(412);
        page.says(&format!("{} wrote a note", who.username)).says("She sleeps until ten.");
        // Back, and reload: nothing is done again by looking.
        let before = notes(&who, &path).await;
        for _ in 0..2 {
            one.open(&format!("{path}?done=noted")).await.expect(200).says("The note is kept.");
        }
        assert_eq!(notes(&who, &path).await, before);
        // Signed out in the one, what is written in the other is not lost.
        let out = one.open("/console").await.expect(200).form("/sign-out");
        one.submit(&out, &[]).await.expect(303);
        let page = two.submit(&page.form("/hold"), &[]).await.expect(401);
        page.says("What you wrote is not lost");
        assert!(!page.body.contains("She sleeps"), "it is sealed");
    });
}
