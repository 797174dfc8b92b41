//! Mail servers in trouble: what passes costs nobody a page, and what is about a recipient is known at once.

use diesel::prelude::*;
use recourse::base::secret::Sensitive;
use recourse::db::schema::outbox as jobs_table;
use recourse::domain::ledger::audit;
use recourse::domain::ledger::outbox;
use recourse::domain::people::staff::Role;
use recourse::jobs;
use serde_json::json;

use crate::harness::World;
use crate::harness::client::full;
use crate::harness::smtp::MailServer;
use crate::paging::reachable;

/// A service whose mail server wants to be signed in to; on each database.
fn with_sign_in(test: &impl AsyncFn(World, &mut MailServer)) {
    for database in crate::harness::databases() {
        let Some(mut server) = MailServer::start() else { return };
        let url = server.url().replace("smtp://", "smtp://recourse:secret@");
        actix_web::rt::System::new().block_on(async {
            let set = |config: &mut recourse::config::Config| config.mail.url = Some(Sensitive::new(url.clone()));
            let world = World::begin(database, &set).await;
            test(world, &mut server).await;
        });
    }
}

/// An advocate on call, a lead, and an emergency that rings now.
async fn emergency(world: &World, on_call: &str) {
    let who = world.staff(Role::Advocate).await;
    reachable(world, &who, on_call, 24).await;
    let lead = world.staff(Role::Lead).await;
    reachable(world, &lead, "lead@staff.example", 0).await;
    let mut body = full("MAIL-1");
    body["answers"] = json!({"not_safe_now": "yes"});
    world.platform("spark").await.submit(&body).await;
    world.pass(120);
    world.run_jobs().await;
}

/// How many jobs wait, how many are dead, and why the mails among them failed.
async fn owed(world: &World) -> (i64, i64, Vec<String>) {
    let look = world.app.read(|rx| {
        let (waiting, dead) = outbox::depth(rx)?;
        let mails = outbox::troubles(rx)?.into_iter().filter(|trouble| trouble.kind == "mail");
        Ok((waiting, dead, mails.map(|trouble| trouble.reason).collect()))
    });
    look.await.unwrap()
}

#[test]
fn a_server_that_refuses_our_password_for_half_a_minute_delays_a_page_by_no_more_than_one() {
    with_sign_in(&async |world, server| {
        server.say("AUTH 535 5.7.8 authentication failed");
        emergency(&world, "oncall@staff.example").await;
        for _ in 0..6 {
            world.pass(5);
            jobs::work_off(&world.app, "test").await.unwrap();
        }
        assert!(server.mails().is_empty());
        let reason = "the mail server answered 535 5.7.8 to our signing in".to_owned();
        assert_eq!(owed(&world).await, (1, 0, vec![reason]));
        server.say("");
        for _ in 0..6 {
            world.pass(10);
            jobs::work_off(&world.app, "test").await.unwrap();
        }
        let to: Vec<String> = server.mails().into_iter().map(|mail| mail.to).collect();
        assert_eq!(to, ["oncall@staff.example"], "once, and nobody else was woken for it");
        assert_eq!(owed(&world).await.0, 0);
    });
}

#[test]
fn what_passes_is_tried_again_within_a_minute_whatever_the_step_and_however_long_it_took() {
    with_sign_in(&async |world, server| {
        emergency(&world, "oncall@staff.example").await;
        assert_eq!(server.mails().len(), 1);
        for says in [
            "GREETING 421 4.3.2 too busy",
            "GREETING 554 5.7.1 your address is on a list",
            "EHLO 550 who are you",
            "AUTH 454 4.7.0 no directory just now",
            "AUTH 535 wrong",
            "MAIL 530 5.7.0 sign in first",
            "MAIL 550 5.7.1 not from you",
            "RCPT 550 5.7.1 relaying denied",
            "RCPT 554 5.7.1 relay access denied",
            "RCPT 450 4.2.0 greylisted",
            "RCPT 552 too many recipients",
            "DATA 554 5.7.1 looks like spam",
            "DATA 552 5.3.4 too big",
        ] {
            let before = server.mails().len();
            server.say(says);
            // The alarm rings again, into the trouble.
            world.pass(300);
            world.run_jobs().await;
            for _ in 0..20 {
                world.pass(10);
                jobs::work_off(&world.app, "test").await.unwrap();
            }
            let (waiting, dead, why) = owed(&world).await;
            assert!(waiting > 0 && dead == 0 && why.len() == 1, "{says}: {waiting} {dead} {why:?}");
            let code = says.split(' ').nth(1).unwrap();
            assert!(why[0].contains(code) && !why[0].contains("staff.example"), "{says}: {why:?}");
            server.say("");
            world.pass(60);
            jobs::work_off(&world.app, "test").await.unwrap();
            assert!(server.mails().len() > before, "{says}");
        }
    });
}

#[test]
fn an_answer_about_the_recipient_sends_the_alarm_up_at_once() {
    with_sign_in(&async |world, server| {
        emergency(&world, "oncall@staff.example").await;
        for (n, says) in ["RCPT 550 5.1.1 no such mailbox", "RCPT 550 never heard of them", "DATA 550 5.2.1 disabled"]
            .into_iter()
            .enumerate()
        {
            server.say(says);
            world.pass(300);
            world.run_jobs().await;
            let (_, dead, why) = owed(&world).await;
            assert!(dead > 0, "{says}: {why:?}");
            server.say("");
            let before = server.mails().len();
            world.run_jobs().await;
            if n == 0 {
                let to: Vec<String> = server.mails()[before..].iter().map(|mail| mail.to.clone()).collect();
                assert!(to.contains(&"lead@staff.example".to_owned()), "{to:?}");
            }
        }
    });
}

#[test]
fn no_connection_no_tls_and_silence_pass_too_and_are_told_apart() {
    let Some(server) = MailServer::start() else { return };
    let plain = server.port;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let urls = [
        (format!("smtp://127.0.0.1:{closed}"), "nothing listens"),
        (format!("smtps://127.0.0.1:{plain}"), "no TLS"),
        (format!("smtp://127.0.0.1:{plain}?tls=required"), "offers no TLS"),
        ("smtp://no-such-host.invalid".to_owned(), "cannot be reached"),
    ];
    for (url, why) in urls {
        crate::harness::on_both_with(
            |config| config.mail.url = Some(Sensitive::new(url.clone())),
            |world| async move {
                emergency(&world, "oncall@staff.example").await;
                let (waiting, dead, told) = owed(&world).await;
                assert_eq!((waiting, dead), (1, 0), "{told:?}");
                assert!(told[0].contains(why), "{told:?}");
            },
        );
    }
}

#[test]
fn a_server_that_says_nothing_holds_up_no_page_for_good() {
    let Some(server) = MailServer::start() else { return };
    server.say("GREETING hang");
    let url = server.url();
    actix_web::rt::System::new().block_on(async {
        let set = |config: &mut recourse::config::Config| config.mail.url = Some(Sensitive::new(url.clone()));
        let world = World::begin(crate::harness::Database::Sqlite, &set).await;
        emergency(&world, "oncall@staff.example").await;
        assert_eq!(owed(&world).await, (1, 0, vec!["the mail server does not answer in time".to_owned()]));
    });
}

#[test]
fn the_operator_reads_why_pages_fail_and_readiness_knows_without_a_page() {
    with_sign_in(&async |world, server| {
        server.say("AUTH 535 5.7.8 authentication failed");
        emergency(&world, "oncall@staff.example").await;
        world.pass(130);
        world.run_jobs().await;
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_recourse"));
        command.args(["admin", "outbox", "status", "--data"]).arg(world.dir()).current_dir(world.dir());
        if let Some(url) = &world.config.database_url {
            command.env("RECOURSE_DATABASE_URL", url.expose());
        }
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let line = said.lines().nth(1).unwrap_or_default();
        assert!(said.starts_with("1 waiting, 0 dead\n"), "{said}");
        assert!(line.starts_with("waiting: 1 mail, owed since 2026-11-21T19:06:02"), "{said}");
        assert!(line.contains("tried 2 times") && line.ends_with("answered 535 5.7.8 to our signing in"), "{said}");
        assert!(!said.contains("staff.example") && !said.contains("case_"), "{said}");
        let metrics = world.app.metrics.text(0, &[]);
        assert!(metrics.contains("recourse_outbox_jobs{state=\"failing\"} 1"), "{metrics}");
        // Readiness knows of it by a probe of its own, which signs in and sends nothing.
        let sent = server.mails().len();
        jobs::once(&world.app, "probe").await.unwrap();
        jobs::work_off(&world.app, "test").await.unwrap();
        world.pass(130);
        let ready = world.caller("").get("/readyz").await.expect(200).json();
        assert!(ready["reasons"].as_array().unwrap().iter().any(|r| r["code"] == "probe_late"), "{ready}");
        server.say("");
        jobs::work_off(&world.app, "test").await.unwrap();
        world.pass(3);
        let ready = world.caller("").get("/readyz").await.expect(200).json();
        assert!(!ready.to_string().contains("probe_late"), "{ready}");
        assert_eq!(server.mails().len(), sent + 1, "the page, once");
    });
}

#[test]
fn an_address_that_does_not_open_sends_the_alarm_up() {
    with_sign_in(&async |world, server| {
        let who = world.staff(Role::Advocate).await;
        reachable(&world, &who, "broken@staff.example", 24).await;
        world.rewrite(&format!("UPDATE staff SET mail = totp_secret WHERE id = '{}'", who.id)).await;
        let lead = world.staff(Role::Lead).await;
        reachable(&world, &lead, "lead@staff.example", 0).await;
        let mut body = full("MAIL-2");
        body["answers"] = json!({"not_safe_now": "yes"});
        world.platform("spark").await.submit(&body).await;
        world.pass(120);
        world.run_jobs().await;
        world.run_jobs().await;
        let to: Vec<String> = server.mails().into_iter().map(|mail| mail.to).collect();
        assert_eq!(to, ["lead@staff.example"]);
        let id = who.id.clone();
        let events = world.app.read(move |rx| audit::list(rx, &id)).await.unwrap();
        assert!(events.iter().any(|event| event.kind == "mail_refused"));
    });
}

#[test]
fn a_page_that_fails_is_never_given_up_while_its_alarm_rings_and_ends_with_it() {
    with_sign_in(&async |world, server| {
        server.say("AUTH 535 5.7.8 authentication failed");
        emergency(&world, "oncall@staff.example").await;
        for _ in 0..40 {
            world.pass(60);
            jobs::work_off(&world.app, "test").await.unwrap();
        }
        let tried = || async {
            let query = jobs_table::table.filter(jobs_table::kind.eq("mail")).select((
                jobs_table::attempts,
                jobs_table::done_at.is_not_null(),
                jobs_table::dead_at.is_not_null(),
            ));
            world.app.read(move |rx| Ok(query.load::<(i64, bool, bool)>(rx.conn())?)).await.unwrap()
        };
        assert_eq!(tried().await, [(41, false, false)]);
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("MAIL-1").await;
        lead.take(&case).await;
        server.say("");
        world.pass(60);
        jobs::work_off(&world.app, "test").await.unwrap();
        assert_eq!(tried().await, [(42, true, false)], "the alarm is over: nobody is woken for nothing");
        assert!(server.mails().is_empty());
    });
}
