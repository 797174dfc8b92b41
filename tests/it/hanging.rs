//! What hangs keeps nothing else waiting: a pager that never answers, a recipient for whom the mail server falls silent, a
//! goodbye that does not come, a colleague who says no more.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use recourse::base::secret::Sensitive;
use recourse::domain::ledger::audit;
use recourse::domain::ledger::outbox;
use recourse::domain::people::staff::Role;
use recourse::jobs;
use serde_json::{Value, json};

use crate::harness::client::full;
use crate::harness::process::pause;
use crate::harness::smtp::MailServer;
use crate::harness::{World, databases, on_both};
use crate::paging::{reachable, with_server};

/// More than are done at once of any kind.
const ALARMS: usize = 40;

async fn emergencies(world: &World, count: usize) {
    let spark = world.platform("spark").await;
    for i in 0..count {
        let mut body = full(&format!("H-{i}"));
        body["reporter"]["platform_account_ref"] = json!(format!("reporter-{i}"));
        body["subject"] = json!({"platform_account_ref": format!("subject-{i}")});
        body["answers"] = json!({"not_safe_now": "yes"});
        spark.submit(&body).await;
    }
}

/// Works on what is owed until this many mails have come, long before anything that hangs is given up.
async fn work_until(world: &World, server: &MailServer, mails: usize) {
    let come = async {
        while server.mails().len() < mails {
            pause(Duration::from_millis(20)).await;
        }
    };
    let late = pause(Duration::from_secs(10));
    tokio::select! {
        () = come => {}
        done = jobs::work_off(&world.app, "test") => panic!("nothing hung: {done:?}"),
        () = late => panic!("{} of {mails} mails came beside what hangs", server.mails().len()),
    }
}

#[test]
fn neither_a_pager_nor_a_recipient_that_hangs_keeps_another_page_waiting() {
    for database in databases() {
        let Some(server) = MailServer::start() else { return };
        // It takes calls and never answers.
        let pager = TcpListener::bind("127.0.0.1:0").unwrap();
        actix_web::rt::System::new().block_on(async {
            let set = |config: &mut recourse::config::Config| {
                config.mail.url = Some(Sensitive::new(server.url()));
                config.pager.url = Some(Sensitive::new(format!("http://{}/hook", pager.local_addr().unwrap())));
            };
            let world = World::begin(database, &set).await;
            for name in ["hang-1", "fine"] {
                let who = world.staff(Role::Advocate).await;
                reachable(&world, &who, &format!("{name}@staff.example"), 24).await;
            }
            emergencies(&world, ALARMS).await;
            world.pass(120);
            jobs::tick(Arc::clone(&world.app)).await.unwrap();
            work_until(&world, &server, ALARMS).await;
            assert!(server.mails().iter().all(|mail| mail.to.starts_with("fine")));
        });
    }
}

#[test]
fn a_mail_that_was_taken_is_sent_once_however_slow_the_goodbye() {
    with_server(&async |world, server| {
        let who = world.staff(Role::Advocate).await;
        reachable(&world, &who, "oncall@staff.example", 24).await;
        emergencies(&world, 1).await;
        server.say("QUIT hang");
        world.pass(120);
        world.run_jobs().await;
        assert_eq!(world.app.read(outbox::depth).await.unwrap(), (0, 0));
        assert_eq!(server.mails().len(), 1);
    });
}

#[test]
fn a_claim_that_runs_out_in_silence_rings_at_once_and_one_that_is_not_urgent_does_not() {
    on_both(|world| async move {
        let holder = world.staff(Role::Advocate).await;
        let other = world.staff(Role::Advocate).await;
        world.on_rota(&other, 24).await;
        emergencies(&world, 1).await;
        let mut calm = full("H-calm");
        calm["answers"] = json!({});
        calm["category"] = json!("romance_fraud");
        calm["other_categories"] = json!([]);
        calm["reporter"]["platform_account_ref"] = json!("calm");
        world.platform("spark").await.submit(&calm).await;
        let (urgent, calm) = (holder.case_of("H-0").await, holder.case_of("H-calm").await);
        for case in [&urgent, &calm] {
            holder.take(case).await;
        }
        world.pass(14 * 60);
        world.run_jobs().await;
        assert_eq!(rung(&world, &urgent, "claim_lapsed").await, Vec::<Value>::new());
        world.pass(61);
        world.run_jobs().await;
        let told = rung(&world, &urgent, "claim_lapsed").await;
        let both = |ids: &Value| [&holder.id, &other.id].iter().all(|id| ids.to_string().contains(id.as_str()));
        assert!(told.len() == 1 && both(&told[0]), "{told:?}");
        assert_eq!(rung(&world, &calm, "claim_lapsed").await, Vec::<Value>::new());
        // It rings until somebody takes it, and no second lapse is made of one.
        world.pass(5 * 60);
        world.run_jobs().await;
        assert_eq!(rung(&world, &urgent, "claim_lapsed").await.len(), 2);
        other.act(&urgent, "claim", &json!({})).await.expect(200);
        world.pass(5 * 60);
        world.run_jobs().await;
        assert_eq!(rung(&world, &urgent, "claim_lapsed").await.len(), 2);
    });
}

/// Whom each ring for this reason told.
async fn rung(world: &World, case: &str, reason: &str) -> Vec<Value> {
    let case = case.to_owned();
    let all = world.app.read(move |rx| audit::list(rx, &case)).await.unwrap();
    let rings = all.iter().filter(|event| event.kind == "on_call_paged");
    let details = rings.map(|event| serde_json::from_str::<Value>(&event.details).unwrap());
    details.filter(|details| details["reason"] == reason).map(|details| details["people"].clone()).collect()
}
