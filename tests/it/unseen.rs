//! Cases that nobody at all may work on: who is told, when, and where it stands.

use std::process::Command;

use diesel::prelude::*;
use recourse::base::secret::Sensitive;
use recourse::db::schema::outbox;
use recourse::domain::casework::colleagues;
use recourse::domain::people::staff::{self, Role};
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::triage::Queue;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::client::{Staff, full, small};
use crate::harness::smtp::MailServer;
use crate::harness::{World, databases, on_both};
use crate::operators::{metrics_of, scrape};

/// What `recourse check` says is out of everybody's sight.
fn checked(world: &World) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recourse"));
    command.args(["check", "--json", "--data"]).arg(world.dir()).current_dir(world.dir());
    if let Some(url) = &world.config.database_url {
        command.env("RECOURSE_DATABASE_URL", url.expose());
    }
    let said: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    let found = said["problems"].as_array().unwrap().iter().filter(|problem| problem["code"] == "out_of_sight");
    found.map(|problem| problem["id"].as_str().unwrap().to_owned()).collect()
}

async fn declare(world: &World, who: &Staff) {
    let name = who.username.clone();
    let number = Identifier::new(IdentifierKind::Phone, "+44 7700 900123");
    world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &number)).await.unwrap();
}

async fn set_queues(world: &World, who: &Staff, queues: &'static [Queue]) {
    let name = who.username.clone();
    world.app.write(TEST, move |tx| colleagues::set_queues(tx, &name, queues)).await.unwrap();
}

/// How often it was told since the beginning.
async fn told(world: &World) -> usize {
    let jobs = outbox::table.filter(outbox::kind.eq("tell_of_unseen")).select(outbox::id);
    let all: Vec<String> = world.app.read(move |rx| Ok(jobs.load(rx.conn())?)).await.unwrap();
    all.len()
}

async fn readiness(world: &World) -> Value {
    world.pass(2);
    world.caller("").get("/readyz").await.json()["reasons"].clone()
}

#[test]
fn a_case_that_walls_hide_from_everybody_is_said_and_never_where_anybody_may_ask() {
    on_both(|world| async move {
        let url = metrics_of(&world);
        let only = world.staff(Role::Advocate).await;
        declare(&world, &only).await;
        let spark = world.platform("spark").await;
        spark.submit(&small("U-0")).await;
        world.run_jobs().await;
        let before = readiness(&world).await;
        assert!(scrape(&world, &url).await.contains("\nrecourse_cases_unseen 0\n"));
        spark.submit(&full("U-1")).await;
        world.run_jobs().await;
        assert!(scrape(&world, &url).await.contains("\nrecourse_cases_unseen 1\n"));
        let found = checked(&world);
        assert_eq!(found.len(), 1, "{found:?}");
        only.caller.get(&format!("/v1/triage/cases/{}", found[0])).await.expect(404);
        let after = readiness(&world).await;
        let codes = |reasons: &Value| -> Vec<Value> {
            reasons.as_array().unwrap().iter().map(|r| r["code"].clone()).filter(|c| *c != "no_way_to_page").collect()
        };
        assert_eq!(codes(&before), codes(&after));
        // Once, and again a day later.
        assert_eq!(told(&world).await, 1);
        for _ in 0..3 {
            world.pass(3_600);
            world.run_jobs().await;
        }
        assert_eq!(told(&world).await, 1);
        world.pass(86_400);
        world.run_jobs().await;
        assert_eq!(told(&world).await, 2);
        // Somebody comes who may: it is over.
        let lead = world.staff(Role::Lead).await;
        world.run_jobs().await;
        assert!(scrape(&world, &url).await.contains("\nrecourse_cases_unseen 0\n"));
        assert_eq!(checked(&world), Vec::<String>::new());
        lead.act(&found[0], "claim", &json!({})).await.expect(200);
    });
}

#[test]
fn it_is_found_when_the_last_one_who_could_loses_the_right() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff_with(Role::Lead, vec![Queue::StalkingViolence]).await;
        let auditor = world.staff(Role::Auditor).await;
        spark.submit(&full("L-1")).await;
        let case = lead.case_of("L-1").await;
        let steps: [(&str, usize); 8] = [
            ("begin", 0),
            ("queues", 1),
            ("queues back", 0),
            ("role", 1),
            ("role back", 0),
            ("declare", 1),
            ("another", 0),
            ("close", 1),
        ];
        let mut another = None;
        for (step, count) in steps {
            let name = lead.username.clone();
            match step {
                "queues" => set_queues(&world, &lead, &[Queue::Emergency, Queue::Children]).await,
                "queues back" => set_queues(&world, &lead, &[Queue::StalkingViolence]).await,
                "declare" => declare(&world, &lead).await,
                "another" => another = Some(world.staff_with(Role::Advocate, vec![Queue::StalkingViolence]).await),
                "close" => {
                    let gone = another.take().unwrap().username;
                    world.app.write(TEST, move |tx| colleagues::close(tx, &gone)).await.unwrap();
                }
                "role" | "role back" => {
                    let role = if step == "role" { Role::Auditor } else { Role::Lead };
                    world.app.write(TEST, move |tx| colleagues::set_role(tx, &name, role)).await.unwrap();
                }
                _ => {}
            }
            world.run_jobs().await;
            let found = checked(&world);
            assert_eq!(found, vec![case.clone(); count], "{step}");
        }
        // An auditor reads what was done, and can help nobody.
        auditor.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(200);
    });
}

#[test]
fn a_queue_on_nobodys_list_is_as_much_out_of_sight_and_closed_cases_and_trials_are_not() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world
            .platform_with(
                "spark",
                recourse::domain::terms::Mode::Test,
                recourse::domain::people::platforms::Scope::ALL,
            )
            .await;
        let who = world.staff(Role::Advocate).await;
        let mut child = small("C-1");
        child["reporter"]["age_band"] = json!("under_18");
        trial.submit(&child).await;
        assert_eq!(checked(&world).len(), 0, "a trial is nobody's distress");
        spark.submit(&child).await;
        assert_eq!(checked(&world).len(), 1, "no advocate has the children's queue on their list by itself");
        set_queues(&world, &who, &[Queue::Children]).await;
        assert_eq!(checked(&world).len(), 0);
        let case = who.case_of("C-1").await;
        who.take(&case).await;
        let other = world.staff_with(Role::Advocate, vec![Queue::Children]).await;
        other.case(&case).await;
        set_queues(&world, &other, &[Queue::Fraud]).await;
        let close = json!({"outcome": "supported_elsewhere", "reason": "With her service."});
        who.confirm_support(&case).await;
        who.act_seen(&case, "decision", &close).await.expect(200);
        set_queues(&world, &who, &[Queue::Fraud]).await;
        assert_eq!(checked(&world).len(), 0);
    });
}

#[test]
fn the_safeguarding_lead_hears_unless_it_names_them_and_then_the_operator_does() {
    for database in databases() {
        let Some(server) = MailServer::start() else { return };
        actix_web::rt::System::new().block_on(async {
            let set = |config: &mut recourse::config::Config| {
                config.mail.url = Some(Sensitive::new(server.url()));
                config.mail.operator = Some(Sensitive::new("ops@house.example".to_owned()));
            };
            let world = World::begin(database, &set).await;
            let spark = world.platform("spark").await;
            let lead = world.staff_with(Role::SafeguardingLead, vec![Queue::Fraud]).await;
            let name = lead.username.clone();
            let mail =
                move |tx: &mut recourse::domain::unit::Unit<'_>| staff::set_mail(tx, &name, Some("sg@house.example"));
            world.app.write(TEST, mail).await.unwrap();
            let to = |server: &MailServer| -> Vec<String> { server.mails().into_iter().map(|mail| mail.to).collect() };
            spark.submit(&small("M-1")).await;
            world.run_jobs().await;
            assert_eq!(to(&server), ["sg@house.example"], "it lies in a queue that is on nobody's list");
            let text = &server.mails()[0].text;
            assert!(text.contains("recourse check") && !text.contains("case_") && !text.contains("M-1"), "{text}");
            // One that names her tells her nothing: that there is one would tell that somebody reported.
            declare(&world, &lead).await;
            spark.submit(&full("M-2")).await;
            world.run_jobs().await;
            assert_eq!(to(&server), ["sg@house.example", "ops@house.example"]);
        });
    }
}
