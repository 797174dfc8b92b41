//! What every page of the console says of its times and of trials, whichever page it is and however somebody came to it.

use recourse::base::time::Timestamp;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::triage::Queue;
use serde_json::json;

use crate::console_inputs::{FORMS, at_work};
use crate::console_walks::{path_of, sit, take};
use crate::harness::client::{full, small};
use crate::harness::on_both;
use crate::harness::tab::Tab;

#[test]
fn the_two_half_past_ones_of_october_are_told_apart() {
    on_both(|world| async move {
        // The clocks of London go back at two of summer, on the last Sunday of October.
        let summer = Timestamp::parse("2027-10-31T00:30:00Z").unwrap();
        world.clock.advance(summer.since(world.clock.now()));
        let (who, mut tab, path) = at_work(&world).await;
        tab.open("/console").await.expect(200).says("Europe/London (BST)").says("01:30");
        let form = tab.open(&format!("{path}/hold")).await.expect(200).form("/hold");
        let set_aside = format!("set aside by {}, until 01:30 GMT", who.username);
        tab.follow(&form, &[("hours", "1"), ("reason", "She sleeps.")]).await.expect(200).says(&set_aside);
        tab.open("/console").await.expect(200).says(&set_aside);
        tab.open("/console/shift").await.expect(200).says("until 01:30 GMT ( in 60 min )");

        for minutes in [20, 25] {
            world.pass(minutes * 60);
            tab.open("/console").await.expect(200);
        }
        world.platform("spark").await.submit(&small("SPK-2")).await;
        let list = tab.open("/console").await.expect(200);
        list.says("Europe/London (GMT)").says("01:30 BST 45 min ago");
        list.says(&format!("set aside by {}, until 01:30", who.username)).says("01:15 now");
        assert!(!list.words().contains("01:30 GMT"), "the clock of now needs no name");
        tab.open("/console/shift").await.expect(200).says("until 01:30 ( in 15 min )");
        tab.open(&path).await.expect(200).says("waiting since 01:30 BST ( 45 min ago )");
        // Opened by a session of summer, a form of winter names the hour that it was.
        let form = tab.open(&format!("{path}/resume")).await.expect(200).form("/resume");
        world.pass(14 * 60);
        tab.follow(&form, &[]).await.expect(200).says("The case is in review again.");
    });
}

#[test]
fn a_trial_says_so_on_every_page() {
    on_both(|world| async move {
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let mut body = small("SPK-1");
        body["answers"] = json!({"not_safe_now": "yes"});
        trial.submit(&body).await;
        let queues = vec![Queue::Emergency, Queue::StalkingViolence, Queue::Other];
        let who = world.staff_with(Role::Lead, queues).await;
        let mut tab = Tab::of(&world, &who).await;
        let said = "These are a platform’s test reports.";
        let form = tab.open("/console?mode=test").await.expect(200).says(said).form("/take");
        let page = tab.follow(&form, &[]).await.expect(200);
        page.says(said).says("You took this case.");
        let path = path_of(&page);
        let form = tab.open(&format!("{path}/priority")).await.expect(200).form("/priority");
        let lower = [("priority", "p2"), ("reason_code", "safety_confirmed"), ("text", "She is abroad.")];
        tab.follow(&form, &lower).await.expect(200).says(said);
        let list = tab.open("/console/second?mode=test").await.expect(200);
        let act = list.says(said).body.split("/second/").nth(1).unwrap()[..30].to_owned();
        let of_case = FORMS.iter().map(|leaf| format!("{path}/{leaf}"));
        let others = [
            format!("{path}/related"),
            format!("{path}/second/{act}"),
            "/console/moved?queue=fraud&mode=test".to_owned(),
        ];
        for page in of_case.chain(others) {
            tab.open(&page).await.expect(200).says(said);
        }
        // A form that came late, and one that lacks something.
        let form = tab.open(&format!("{path}/hold")).await.expect(200).form("/hold");
        tab.submit(&form, &[]).await.expect(422).says(said);
        who.act(path.rsplit('/').next().unwrap(), "notes", &json!({"text": "Meanwhile."})).await.expect(201);
        tab.submit(&form, &[("hours", "4"), ("reason", "She sleeps.")]).await.expect(412).says(said);
        // Whoever raises one out of their queues reads where it went, and that it is one.
        let narrow = world.staff_with(Role::Advocate, vec![Queue::StalkingViolence]).await;
        trial.submit(&small("SPK-2")).await;
        let mut tab = Tab::of(&world, &narrow).await;
        let form = tab.open("/console?mode=test").await.expect(200).form("/take");
        let path = path_of(&tab.follow(&form, &[]).await.expect(200));
        let form = tab.open(&format!("{path}/priority")).await.expect(200).form("/priority");
        let raise = [("priority", "p0"), ("reason_code", "immediate_danger"), ("text", "He is there.")];
        tab.follow(&form, &raise).await.expect(200).says("The case has moved on").says(said);
        // A real one does not.
        world.platform("spark").await.submit(&small("SPK-3")).await;
        assert!(!take(&mut tab).await.words().contains(said));
    });
}

#[test]
fn places_are_called_as_people_there_call_them() {
    on_both(|world| async move {
        let mut body = full("SPK-1");
        body["reporter"]["region"] = json!("GB-BFS");
        world.platform("spark").await.submit(&body).await;
        let (_, mut tab) = sit(&world, Role::Advocate).await;
        tab.open("/console").await.expect(200).says("Northern Ireland");
        let page = take(&mut tab).await;
        page.says("Northern Ireland");
        tab.open(&format!("{}/note", path_of(&page))).await.expect(200).says("Northern Ireland");
    });
}
