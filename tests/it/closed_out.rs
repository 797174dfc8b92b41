//! A colleague who is closed out, and has no session that lives, is told of nothing; whoever comes next is, at once.

use recourse::domain::paging::rota;
use recourse::domain::people::staff::{self, Role};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

use crate::cases::clock;
use crate::door::Person;
use crate::harness::client::{Caller, full};
use crate::harness::smtp::MailServer;
use crate::harness::{TEST, World, on_both};
use crate::paging::with_server;

/// The night: one advocate on the rota, a lead and a safeguarding lead at home.
pub(crate) async fn night(world: &World) -> Person {
    let amina = Person::new(world, "amina", Role::Advocate).await;
    let lead = Person::new(world, "lea", Role::Lead).await;
    let safeguarding = Person::new(world, "sana", Role::SafeguardingLead).await;
    let names = [amina.name, lead.name, safeguarding.name];
    let write = world.app.write(TEST, move |tx| {
        for name in names {
            staff::set_mail(tx, name, Some(&format!("{name}@staff.example")))?;
        }
        let now = tx.now();
        rota::add(tx, "amina", now, now.plus(Duration::from_hours(12)))
    });
    write.await.unwrap();
    amina
}

async fn p0(world: &World) {
    let mut body = full("NIGHT-1");
    body["answers"] = json!({"not_safe_now": "yes"});
    world.platform("spark").await.submit(&body).await;
}

/// Who is written to from now on, within so many seconds, by what the mail says first.
async fn told(world: &World, server: &MailServer, seconds: u64) -> Vec<String> {
    let seen = server.mails().len();
    for _ in 0..=seconds / 5 {
        world.run_jobs().await;
        world.pass(5);
    }
    let mut told: Vec<String> = server.mails()[seen..]
        .iter()
        .map(|mail| format!("{}: {}", mail.to.split('@').next().unwrap(), mail.subject))
        .collect();
    told.sort();
    told
}

#[test]
fn a_p0_reaches_the_next_one_when_the_only_night_advocate_is_closed_out() {
    with_server(&async |world, server| {
        let amina = night(&world).await;
        amina.is_shut_out(&world).await;
        let heard = told(&world, server, 0).await;
        assert_eq!(
            heard,
            [
                "amina: You cannot sign in just now",
                "operator: A colleague cannot sign in",
                "sana: A colleague cannot sign in"
            ]
        );
        p0(&world).await;
        let heard = told(&world, server, 240).await;
        assert_eq!(heard, ["lea: Please sign in now"]);
    });
}

#[test]
fn a_page_that_only_she_heard_goes_on_at_once_when_she_is_closed_out() {
    with_server(&async |world, server| {
        let amina = night(&world).await;
        p0(&world).await;
        assert_eq!(told(&world, server, 240).await, ["amina: Please sign in now"]);
        amina.is_shut_out(&world).await;
        let heard = told(&world, server, 0).await;
        assert!(heard.contains(&"lea: Please sign in now".to_owned()), "{heard:?}");
        assert!(!heard.contains(&"amina: Please sign in now".to_owned()), "{heard:?}");
    });
}

#[test]
fn whoever_is_signed_in_stays_on_the_ladder_until_the_session_ends() {
    with_server(&async |world, server| {
        let amina = night(&world).await;
        let session = amina.comes(&world).await.expect(200).json();
        let caller = world.caller(session["access_token"].as_str().unwrap());
        p0(&world).await;
        assert_eq!(told(&world, server, 240).await, ["amina: Please sign in now"]);
        amina.is_shut_out(&world).await;
        let heard = told(&world, server, 0).await;
        assert!(!heard.iter().any(|mail| mail.ends_with("Please sign in now")), "she is at work: {heard:?}");
        Caller::send(caller.request(Method::DELETE, "/v1/triage/sessions/current")).await.expect(204);
        assert_eq!(told(&world, server, 0).await, ["lea: Please sign in now"]);
    });
}

#[test]
fn the_operator_is_called_when_everybody_is_closed_out() {
    with_server(&async |world, server| {
        let amina = Person::new(&world, "amina", Role::SafeguardingLead).await;
        let mail =
            |tx: &mut recourse::domain::unit::Unit<'_>| staff::set_mail(tx, "amina", Some("amina@staff.example"));
        world.app.write(TEST, mail).await.unwrap();
        amina.is_shut_out(&world).await;
        told(&world, server, 0).await;
        p0(&world).await;
        let heard = told(&world, server, 240).await;
        assert_eq!(heard, ["operator: Somebody must be called"]);
    });
}

/// When somebody is to have read a new p1, from when it came: within the hour while somebody is on shift.
async fn hours_to_read(world: &World, reference: &str) -> i64 {
    let mut body = full(reference);
    body["subject"]["platform_account_ref"] = json!(reference);
    world.platform("spark").await.submit(&body).await;
    let reader = world.staff(Role::Lead).await;
    let case = reader.case_of(reference).await;
    let due = clock(&reader.case(&case).await.0, "human_review").0;
    let due = recourse::base::time::Timestamp::parse(&due).unwrap();
    i64::try_from(due.since(world.clock.now()).as_secs() / 3_600).unwrap()
}

#[test]
fn who_is_closed_out_is_not_on_shift_however_lately_they_acted() {
    on_both(|world| async move {
        let amina = Person::new(&world, "amina", Role::Advocate).await;
        assert_eq!(hours_to_read(&world, "SHIFT-0").await, 4, "nobody has acted");
        let session = amina.comes(&world).await.expect(200).json();
        let caller = world.caller(session["access_token"].as_str().unwrap());
        caller.post("/v1/triage/queues/stalking_violence/claim", &json!({})).await.expect(200);
        assert_eq!(hours_to_read(&world, "SHIFT-1").await, 1, "she is at work");
        world.pass(31);
        amina.is_shut_out(&world).await;
        assert_eq!(hours_to_read(&world, "SHIFT-2").await, 1, "her session lives");
        Caller::send(caller.request(Method::DELETE, "/v1/triage/sessions/current")).await.expect(204);
        assert_eq!(hours_to_read(&world, "SHIFT-3").await, 4, "she cannot come in");
    });
}

#[test]
fn an_account_that_somebody_else_made_busy_is_not_on_shift() {
    on_both(|world| async move {
        let auditor = world.staff(Role::Auditor).await;
        world.tamper(&format!(
            "UPDATE staff SET role = 'advocate', acted_at = {} WHERE id = '{}'",
            world.clock.now().micros(),
            auditor.id
        ));
        assert_eq!(hours_to_read(&world, "SHIFT-4").await, 4);
    });
}
