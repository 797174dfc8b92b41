//! An advocate at work in the console, without a script: page by page, as the buttons and links lead.

use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use serde_json::json;

use crate::harness::client::{Staff, full, new_key, small};
use crate::harness::tab::{Page, Tab};
use crate::harness::{World, on_both};

/// The path of the case that a page is of.
pub(crate) fn path_of(page: &Page) -> String {
    let form = page.body.split("/console/cases/").nth(1).unwrap();
    format!("/console/cases/{}", &form[..31])
}

/// Presses "Take the most urgent", and gives the page of the case.
pub(crate) async fn take(tab: &mut Tab) -> Page {
    let form = tab.open("/console").await.expect(200).form("/take");
    tab.follow(&form, &[]).await.expect(200)
}

/// A colleague with a tab.
pub(crate) async fn sit(world: &World, role: Role) -> (Staff, Tab) {
    let who = world.staff(role).await;
    let tab = Tab::of(world, &who).await;
    (who, tab)
}

#[test]
fn from_the_queue_to_a_decision() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&small("SPK-2")).await;
        spark.submit(&full("SPK-1")).await;
        let (who, mut tab) = sit(&world, Role::Advocate).await;
        let list = tab.open("/console").await.expect(200);
        list.says("Your queues").says("Held by").says("Europe/London (GMT)");

        let page = take(&mut tab).await;
        page.says("You took this case.").says("You hold this case until");
        let path = path_of(&page);
        let page = tab.follow(&page.form("/start"), &[]).await.expect(200);
        page.says("The review has begun.").says("In review");
        tab.open("/console").await.expect(200).says(&format!("{}, until", who.username));

        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        let page = tab.follow(&form, &[("text", "She is at her sister's.")]).await.expect(200);
        page.says("The note is kept.").says("She is at her sister's.");

        let form = tab.open(&format!("{path}/ask")).await.expect(200).form("/ask");
        let page = tab.follow(&form, &[("action", "preserve_evidence")]).await.expect(200);
        page.says("The platform is asked.").says("Preserve evidence").says("Awaiting platform");

        let form = tab.open(&format!("{path}/decide")).await.expect(200).form("/decide");
        let wrong = tab.submit(&form, &[("outcome", "platform_acted"), ("reason", "They kept it.")]).await.expect(409);
        wrong.says("Not possible any more").says("They kept it.");
        let request =
            spark.caller.get("/v1/requests").await.expect(200).json()["data"][0]["id"].as_str().unwrap().to_owned();
        let done = json!({"state": "done", "taken_at": world.clock.now().to_string()});
        spark.caller.post(&format!("/v1/requests/{request}/response"), &done).await.expect(200);

        let form = tab.open(&path).await.expect(200);
        form.says("In review");
        let form = tab.open(&format!("{path}/decide")).await.expect(200).form("/decide");
        let page = tab.follow(&form, &[("outcome", "platform_acted"), ("reason", "They kept it.")]).await.expect(200);
        page.says("The case is closed.").says("The platform did what it was asked");
    });
}

#[test]
fn a_case_is_set_aside_and_comes_back() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        let path = path_of(&take(&mut tab).await);
        let form = tab.open(&format!("{path}/hold")).await.expect(200).form("/hold");
        let wrong = tab.submit(&form, &[("reason", "She sleeps.")]).await.expect(422);
        wrong.says("There is a problem").says("Say until when").says("She sleeps.");
        assert!(wrong.body.contains("href=\"#hours-0\""), "the summary leads to the field");
        let page = tab.follow(&wrong.form("/hold"), &[("hours", "4")]).await.expect(200);
        page.says("The case is on hold").says("On hold").says("set aside by");
        world.pass(3 * 3_600);
        world.run_jobs().await;
        let lead = world.staff(Role::Lead).await;
        Tab::of(&world, &lead).await.open(&path).await.expect(200).says("On hold");
        world.pass(3_700);
        world.run_jobs().await;
        Tab::of(&world, &lead).await.open(&path).await.expect(200).says("In review").says("kept for");
    });
}

#[test]
fn what_is_urgent_is_lowered_by_two() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut body = full("SPK-1");
        body["answers"] = json!({"not_safe_now": "yes"});
        spark.submit(&body).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        let path = path_of(&take(&mut tab).await);
        let form = tab.open(&format!("{path}/priority")).await.expect(200).form("/priority");
        let lower = [("priority", "p2"), ("reason_code", "safety_confirmed"), ("text", "She is abroad and safe.")];
        tab.follow(&form, &lower).await.expect(200).says("It waits for a second person").says("P0");
        tab.open("/console/second").await.expect(200).says("Lower the priority");

        let (_, mut lead) = sit(&world, Role::Lead).await;
        let list = lead.open("/console/second").await.expect(200);
        list.says("Lower the priority");
        let act = list.body.split("/second/").nth(1).unwrap()[..30].to_owned();
        let page = lead.open(&format!("{path}/second/{act}")).await.expect(200);
        page.says("She is abroad and safe.").says("P2");
        // Nobody signs what they have not read.
        lead.submit(&page.form("/approve"), &[]).await.expect(409).says("you have not read");
        lead.open(&path).await.expect(200);
        let page = lead.open(&format!("{path}/second/{act}")).await.expect(200);
        lead.follow(&page.form("/approve"), &[]).await.expect(200).says("You have signed").says("P2");
    });
}

#[test]
fn a_form_is_sent_once_however_often_it_is_clicked() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (who, mut tab) = sit(&world, Role::Advocate).await;
        let path = path_of(&take(&mut tab).await);
        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        let first = tab.submit(&form, &[("text", "One note.")]).await.expect(303);
        let again = tab.submit(&form, &[("text", "One note.")]).await.expect(303);
        assert_eq!(first.leads_to(), again.leads_to());
        world.pass(1);
        let other = tab.submit(&form, &[("text", "Another note.")]).await.expect(422);
        other.says("This form was sent before, with other words").says("Another note.");
        tab.follow(&other.form("/note"), &[]).await.expect(200);
        let case = path.rsplit('/').next().unwrap().to_owned();
        let notes = who.case(&case).await.0["notes"].clone();
        let texts: Vec<&str> = notes.as_array().unwrap().iter().map(|note| note["text"].as_str().unwrap()).collect();
        assert_eq!(texts, ["One note.", "Another note."]);
    });
}

#[test]
fn a_stale_form_does_nothing_and_keeps_its_words() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (who, mut tab) = sit(&world, Role::Advocate).await;
        let path = path_of(&take(&mut tab).await);
        let form = tab.open(&format!("{path}/hold")).await.expect(200).form("/hold");
        let case = path.rsplit('/').next().unwrap().to_owned();
        let note = json!({"text": "Meanwhile."});
        who.caller.post(&format!("/v1/triage/cases/{case}/notes"), &note).await.expect(201);
        let page = tab.submit(&form, &[("hours", "4"), ("reason", "She sleeps until ten.")]).await.expect(412);
        page.says("has changed since you opened this form").says("She sleeps until ten.").says("wrote a note");
        tab.follow(&page.form("/hold"), &[]).await.expect(200).says("The case is on hold");
    });
}

#[test]
fn a_lost_claim_loses_no_words() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        let (other, mut theirs) = sit(&world, Role::Advocate).await;
        let path = path_of(&take(&mut tab).await);
        let form = tab.open(&format!("{path}/decide")).await.expect(200).form("/decide");
        world.pass(16 * 60);
        world.run_jobs().await;
        take(&mut theirs).await;
        let sent = [("outcome", "supported_elsewhere"), ("reason", "Her refuge has taken over.")];
        let page = tab.submit(&form, &sent).await.expect(409);
        page.says("You do not hold this case any more").says(&format!("{}, until", other.username));
        page.says("Her refuge has taken over.");
        let kept = page.forms().into_iter().find(|form| form.action.ends_with("/note")).unwrap();
        tab.follow(&kept, &[]).await.expect(200).says("The note is kept.").says("Her refuge has taken over.");
    });
}

#[test]
fn who_raises_a_case_out_of_their_queues_reads_where_it_went() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let who = world.staff_with(Role::Advocate, vec![Queue::StalkingViolence, Queue::Other]).await;
        let mut tab = Tab::of(&world, &who).await;
        let path = path_of(&take(&mut tab).await);
        let form = tab.open(&format!("{path}/priority")).await.expect(200).form("/priority");
        let raise = [("priority", "p0"), ("reason_code", "immediate_danger"), ("text", "He stands at her door.")];
        for _ in 0..2 {
            tab.follow(&form, &raise).await.expect(200).says("The case has moved on").says("Emergency");
        }
        tab.open(&path).await.expect(404);
        // By a tool the same: whoever lost the first answer hears it again.
        world.platform("ember").await.submit(&small("EMB-1")).await;
        let case = who.case_of("EMB-1").await;
        who.take(&case).await;
        let (body, version, key) = (
            json!({"priority": "p0", "reason_code": "immediate_danger", "text": "At her door."}),
            who.case(&case).await.1,
            new_key(),
        );
        let path = format!("/v1/triage/cases/{case}/priority");
        let first = who.caller.post_with(&path, &key, Some(&version), &body).await.expect(200);
        let again = who.caller.post_with(&path, &key, Some(&version), &body).await.expect(200);
        assert_eq!((first.json(), again.header("idempotency-replayed")), (again.json(), "true".to_owned()));
        who.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
    });
}

#[test]
fn not_this_one_and_the_queue_gives_another() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&small("SPK-1")).await;
        spark.submit(&small("SPK-2")).await;
        let (who, mut tab) = sit(&world, Role::Advocate).await;
        let first = path_of(&take(&mut tab).await);
        let form = tab.open(&format!("{first}/pass")).await.expect(200).form("/pass");
        tab.follow(&form, &[]).await.expect(200).says("You gave it back.");
        let second = path_of(&take(&mut tab).await);
        assert_ne!(first, second);
        // Whoever knows somebody in a case leaves it at once, and for good.
        let form = tab.open(&format!("{second}/pass")).await.expect(200).form("/pass");
        for _ in 0..2 {
            tab.follow(&form, &[("knows_somebody", "true")]).await.expect(200).says("it is closed to you from now on");
        }
        tab.open(&second).await.expect(404);
        drop(who);
    });
}

#[test]
fn contact_is_recorded_by_ways_that_are_safe_alone() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&full("SPK-1")).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        let path = path_of(&take(&mut tab).await);
        let page = tab.open(&format!("{path}/contact")).await.expect(200);
        page.says("Not safe: she has not said that this way is.");
        let form = page.form("/contact");
        // Whoever sends the way all the same is refused: the page is no rule of its own.
        let call = [
            ("records", "safe_contact"),
            ("channel", "phone"),
            ("channel_confirmed_safe", "true"),
            ("text", "Rang her."),
        ];
        let wrong = tab.submit(&form, &call).await.expect(422);
        wrong.says("There is a problem").says("Rang her.");
        let came = [("records", "safe_contact"), ("channel", "incoming"), ("text", "She rang us.")];
        tab.follow(&wrong.form("/contact"), &came).await.expect(200).says("It is recorded.").says("She rang us.");
        let form = tab.open(&format!("{path}/contact")).await.expect(200).form("/contact");
        let made = [("records", "unsafe_contact"), ("unsafe_channel", "phone"), ("text", "I rang before I read.")];
        tab.follow(&form, &made).await.expect(200).says("It is recorded.");
        // What she tells live replaces what was known: then that way is open, and no other.
        let form = tab.open(&format!("{path}/wishes")).await.expect(200).form("/wishes");
        let told = [
            ("how", "phone"),
            ("alone", "yes"),
            ("may_contact", "yes"),
            ("phone", "+447700912345"),
            ("said", "Ask for Jo."),
        ];
        let wrong = [("how", "phone"), ("alone", "no"), ("may_contact", "yes"), ("phone", "+447700912345")];
        tab.submit(&form, &wrong).await.expect(422).says("There is a problem").says("How she may be reached");
        let page = tab.follow(&form, &told).await.expect(200);
        page.says("How she may be reached is recorded.").says("A call (+447700912345)").says("Ask for Jo.");
        let form = tab.open(&format!("{path}/contact")).await.expect(200).form("/contact");
        tab.follow(&form, &call).await.expect(200).says("Rang her.");
    });
}

#[test]
fn a_case_is_handed_on_to_somebody_who_can_take_it() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        let (other, mut theirs) = sit(&world, Role::Advocate).await;
        let path = path_of(&take(&mut tab).await);
        let page = tab.open(&format!("{path}/hand-over")).await.expect(200);
        page.says(&other.username);
        let form = page.form("/hand-over");
        tab.submit(&form, &[("staff_id", &other.id)]).await.expect(422).says("There is a problem");
        let sent = [("staff_id", other.id.as_str()), ("note", "She rings at nine.")];
        tab.follow(&form, &sent)
            .await
            .expect(200)
            .says("The case is handed over.")
            .says(&format!("kept for {}", other.username));
        theirs.open(&path).await.expect(200).says("She rings at nine.").says("Take this case");
    });
}

#[test]
fn a_proposal_is_taken_back_by_whoever_made_it() {
    on_both(|world| async move {
        let mut body = full("SPK-1");
        body["answers"] = json!({"not_safe_now": "yes"});
        world.platform("spark").await.submit(&body).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        let path = path_of(&take(&mut tab).await);
        let form = tab.open(&format!("{path}/priority")).await.expect(200).form("/priority");
        let lower = [("priority", "p2"), ("reason_code", "safety_confirmed"), ("text", "She is abroad.")];
        tab.follow(&form, &lower).await.expect(200);
        let list = tab.open("/console/second").await.expect(200);
        let act = list.body.split("/second/").nth(1).unwrap()[..30].to_owned();
        let page = tab.open(&format!("{path}/second/{act}")).await.expect(200);
        tab.follow(&page.form("/withdraw"), &[]).await.expect(200).says("You have taken it back.");
        tab.open("/console/second").await.expect(200).says("Nothing of yours waits.");
    });
}

#[test]
fn a_lead_finds_a_mirror_and_an_advocate_does_not() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let report = |reference: &str, from: &str, of: &str| {
            let mut body = small(reference);
            body["reporter"]["platform_account_ref"] = json!(from);
            body["subject"] = json!({"platform_account_ref": of});
            body
        };
        spark.submit(&report("SPK-1", "u_1", "u_2")).await;
        spark.submit(&report("SPK-2", "u_2", "u_1")).await;
        let (lead, mut theirs) = sit(&world, Role::Lead).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        let (case, other) = (lead.case_of("SPK-1").await, lead.case_of("SPK-2").await);
        let path = format!("/console/cases/{case}/related");
        let page = theirs.open(&path).await.expect(200);
        page.says("a senior reads both");
        assert!(page.body.contains(&other));
        let page = tab.open(&path).await.expect(200);
        page.says("None that you may see.");
        assert!(!page.body.contains(&other));
        world.run_jobs().await;
        theirs.open(&format!("/console/cases/{case}")).await.expect(200).says("Mirror reports").says("O21");
        let page = tab.open(&format!("/console/cases/{case}")).await.expect(200);
        page.says("A senior reads this first");
        assert!(
            !page.words().contains("also reported the reporter") && !page.words().contains("O21"),
            "{}",
            page.words()
        );
    });
}

#[test]
fn what_stands_out_is_said_before_anything_can_be_done() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut body = full("SPK-1");
        body["category"] = json!("sexual_assault");
        body["answers"] = json!({"within_forensic_window": "yes"});
        let report = spark.submit(&body).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        let page = take(&mut tab).await;
        let path = path_of(&page);
        page.says("It is a matter of time").says("samples and other evidence may still be taken");
        assert!(!page.words().contains("A wish to withdraw"));
        let told = [("text", "She wants it to end."), ("records", "withdrawal_told"), ("how", "phone")];
        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        tab.follow(&form, &told).await.expect(200).says("A wish to withdraw is on record").says("Look for coercion");
        drop(report);
    });
}

#[test]
fn what_cannot_be_done_now_says_why_and_an_empty_list_says_until_when() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        let (_, mut other) = sit(&world, Role::Advocate).await;
        tab.open("/console").await.expect(200);
        let path = path_of(&take(&mut tab).await);
        other.open("/console").await.expect(200).says("Nothing in your queues is free to take");
        let page = other.open(&path).await.expect(200);
        page.says("Decide: somebody else holds the case").says("Put on hold: somebody else holds the case");
        assert!(!page.body.contains(&format!("href=\"{path}/decide\"")));
        let form = tab.open(&format!("{path}/hold")).await.expect(200).form("/hold");
        tab.follow(&form, &[("hours", "4"), ("reason", "She sleeps.")]).await.expect(200);
        other.open("/console").await.expect(200).says("The next hold ends at");
        other.open("/console?queue=other").await.expect(200);
        other.open(&path).await.expect(200).says("Take it up again");
    });
}
