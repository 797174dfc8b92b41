//! Accounts and settings as whoever runs the service writes them: names that come back, names that two take at once, and
//! addresses that nothing could be sent to.

use futures_util::future::join;
use recourse::base::id::EndpointId;
use recourse::base::secret::Sensitive;
use recourse::domain::casework::colleagues;
use recourse::domain::paging::owed::{self, Job};
use recourse::domain::people::door;
use recourse::domain::people::platforms;
use recourse::domain::people::staff::{self, NewMember, Role};
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::error::{Conflict, Error};

use crate::harness::TEST;
use crate::harness::client::full;
use crate::harness::process::Service;
use crate::harness::{Database, World, databases, fresh_database, on_both};
use recourse::domain::unit::Unit;

fn services() -> impl Iterator<Item = Service> {
    databases().into_iter().map(|database| {
        Service::new(match database {
            Database::Sqlite => None,
            Database::Postgres => Some(fresh_database()),
        })
    })
}

fn said(service: &Service, arguments: &[&str]) -> (bool, String) {
    let output = service.run(arguments);
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn the_name_of_a_closed_account_is_free_for_whoever_comes_back() {
    for service in services() {
        // The first start makes the database.
        drop(actix_web::rt::System::new().block_on(service.open()));
        let add = |name: &str| said(&service, &["admin", "staff", "add", name, "--role", "advocate"]);
        let (done, first) = add("amina");
        assert!(done && first.starts_with("username:    amina\n"), "{first}");
        let (done, again) = add("Amina");
        assert!(!done && again.contains("this name is taken; choose another"), "{again}");
        for _ in 0..2 {
            assert!(said(&service, &["admin", "staff", "close", "Amina "]).0);
            let (done, back) = add("Amina");
            assert!(done && back.starts_with("username:    amina\n"), "{back}");
        }
        let (_, list) = said(&service, &["admin", "staff", "list"]);
        assert_eq!(list.lines().count(), 1, "one open account of this name: {list}");
        let (done, wrong) = add("zoë");
        assert!(!done && wrong.contains("use 2 to 60 characters of a-z"), "{wrong}");
    }
}

async fn member(world: &World, name: &'static str) -> Result<staff::Member, Error> {
    let new = NewMember {
        username: name.to_owned(),
        role: Role::Lead,
        queues: Vec::new(),
        password_hash: "$none$".to_owned(),
        is_given: false,
        totp_secret: door::new_secret(),
        same_person_as: None,
    };
    world.app.write(TEST, move |tx| staff::add(tx, new)).await
}

#[test]
fn an_account_that_comes_back_has_its_walls_and_nothing_else_of_the_old_one() {
    on_both(|world| async move {
        let old = member(&world, "amina").await.unwrap();
        let number = Identifier::new(IdentifierKind::Phone, "+447700900123");
        world.app.write(TEST, move |tx| colleagues::declare(tx, "amina", &number)).await.unwrap();
        let id = old.id.clone();
        let closed = world.app.write(TEST, move |tx| {
            staff::set_mail(tx, "amina", Some("amina@staff.example"))?;
            let account = staff::account(tx, "amina")?.unwrap();
            let opened = staff::open_session(tx, account, staff::Carrier::Api)?;
            colleagues::close(tx, "amina")?;
            Ok((opened.token, id))
        });
        let (token, old_id) = closed.await.unwrap();
        let new = member(&world, "amina").await.unwrap();
        assert_ne!(new.id, old_id);
        // Her number is in this report: it does not exist for her, and does for another lead.
        world.platform("spark").await.submit(&full("BACK-1")).await;
        let other = world.staff(Role::Lead).await;
        let case = other.case_of("BACK-1").await;
        let look = new.id.clone();
        let opened = world.app.write(TEST, move |tx| {
            let account = staff::account(tx, "amina")?.unwrap();
            let mail = staff::mail_of(tx, &look)?;
            Ok((staff::open_session(tx, account, staff::Carrier::Api)?.token, mail.is_some()))
        });
        let (fresh, has_mail) = opened.await.unwrap();
        world.caller(fresh.expose()).get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        assert!(!has_mail, "the address of the old account is not hers");
        world.caller(token.expose()).get("/v1/triage/queues").await.expect(401);
        // The old one's record stays its own, and whole.
        let events =
            world.app.read(move |rx| recourse::domain::ledger::audit::list(rx, old_id.as_str())).await.unwrap();
        assert!(events.iter().any(|event| event.kind == "staff_closed"));
    });
}

#[test]
fn of_two_who_take_a_name_at_once_one_has_it_and_the_other_is_told() {
    on_both(|world| async move {
        let taken = |done: &Result<(), Error>| matches!(done, Err(Error::Conflict(Conflict::NameTaken)));
        for round in 0..4 {
            let add = || {
                let (slug, name) = (format!("twin-{round}"), format!("Twin {round}"));
                world.app.write(TEST, move |tx| platforms::add(tx, &slug, &name).map(drop))
            };
            let (one, other) = join(add(), add()).await;
            assert!(one.is_ok() ^ other.is_ok() && (taken(&one) || taken(&other)), "{one:?} {other:?}");
        }
        // And of two names that people could not tell apart.
        let add = |slug: &'static str, name: &'static str| {
            world.app.write(TEST, move |tx| platforms::add(tx, slug, name).map(drop))
        };
        let (one, other) = join(add("one", "Meet"), add("other", "Mеet")).await;
        let alike = |done: &Result<(), Error>| matches!(done, Err(Error::Invalid(_)));
        assert!(one.is_ok() ^ other.is_ok() && (alike(&one) || alike(&other)), "{one:?} {other:?}");
        let (one, other) = join(member(&world, "noor"), member(&world, "noor")).await;
        let (one, other) = (one.map(drop), other.map(drop));
        assert!(one.is_ok() ^ other.is_ok() && (taken(&one) || taken(&other)), "{one:?} {other:?}");
    });
}

/// Settings that nothing can be sent to or reached by, with the name that the refusal must say.
const REFUSED: [(&str, &str, &str); 31] = [
    ("MAIL__OPERATOR", "ops", "mail.operator"),
    ("MAIL__OPERATOR", "", "mail.operator"),
    ("MAIL__OPERATOR", "a@example.org, b@example.org", "mail.operator"),
    ("MAIL__OPERATOR", "mailto:hunter2@example.org", "mail.operator"),
    ("MAIL__FROM", "Recourse", "mail.from"),
    ("MAIL__FROM", "", "mail.from"),
    ("MAIL__URL", "", "mail.url"),
    ("MAIL__URL", "mail.example.org:587", "mail.url"),
    ("MAIL__URL", "https://mail.example.org", "mail.url"),
    ("MAIL__URL", "smtp://", "mail.url"),
    ("MAIL__URL", "smtp://ann:hunter2#@mail.example.org", "mail.url"),
    ("MAIL__URL", "smtp://ann:hunter2@mail.example.org?tls=yes", "mail.url"),
    ("MAIL__URL", "smtp://hunter2@mail.example.org", "mail.url"),
    ("PAGER__URL", "foo", "pager.url"),
    ("PAGER__URL", "", "pager.url"),
    ("PAGER__URL", "pager.example.org/hunter2", "pager.url"),
    ("PAGER__URL", "ftp://pager.example.org", "pager.url"),
    ("MAIL__URL", "smtp://mail.example.org:0", "mail.url"),
    ("PAGER__URL", "https://pager.example.org/ring#hunter2", "pager.url"),
    ("PAGER__TOKEN", "hunter2", "pager.token"),
    ("BASE_URL", "recourse.example.org", "base_url"),
    ("BASE_URL", "https://", "base_url"),
    ("BASE_URL", "https://recourse.example.org/", "base_url"),
    ("BASE_URL", "https://recourse.example.org?x=1", "base_url"),
    ("BASE_URL", "https://ann:hunter2@recourse.example.org", "base_url"),
    ("DATABASE_URL", "mysql://ann:hunter2@db", "database URL"),
    ("DATABASE_URL", "postgres://ann:100%hunter2@db/x", "begins no escape"),
    ("DATABASE_URL", "[\"hunter2\"]", "`database_url`"),
    ("LOG", "recourse=hunter2", "RECOURSE_LOG"),
    ("OUTBOUND__ALLOW", "[\"https://hooks.internal\"]", "outbound.allow"),
    ("OUTBOUND__PORTS", "[0]", "outbound.ports"),
];

#[test]
fn an_address_in_the_settings_that_cannot_be_one_stops_the_start_and_is_not_repeated() {
    for (name, value, named) in REFUSED {
        let mut service = Service::new(None);
        service.set(&format!("RECOURSE_{name}"), value);
        let (done, told) = said(&service, &["admin", "roles"]);
        assert!(!done && told.contains(named), "{name}={value}: {told}");
        assert!(!told.contains("hunter2"), "{name}: {told}");
    }
}

#[test]
fn addresses_are_taken_as_people_write_them() {
    let mut service = Service::new(None);
    for (name, value) in [
        ("MAIL__OPERATOR", "Ops <ops@example.org>"),
        ("MAIL__FROM", "Recourse <recourse@example.org>"),
        ("MAIL__URL", "smtp://ann%40example.org:p%23w@mail.example.org:2525?tls=required"),
        ("PAGER__URL", "https://pager.example.org/ring?key=x"),
        ("PAGER__TOKEN", "token"),
        ("BASE_URL", "https://recourse.example.org/api"),
        ("OUTBOUND__ALLOW", "[\"hooks.internal:9000\"]"),
    ] {
        service.set(&format!("RECOURSE_{name}"), value);
    }
    let (done, told) = said(&service, &["admin", "roles"]);
    assert!(done, "{told}");
}

#[test]
fn the_operator_is_told_at_an_address_with_a_name() {
    let Some(server) = crate::harness::smtp::MailServer::start() else { return };
    let url = server.url();
    let settings = |config: &mut recourse::config::Config| {
        config.mail.url = Some(Sensitive::new(url.clone()));
        config.mail.operator = Some(Sensitive::new("Ops <ops@example.org>".to_owned()));
    };
    let server = &server;
    crate::harness::on_both_with(settings, |world| async move {
        let before = server.mails().len();
        let gone = Job::EndpointDisabled { endpoint: EndpointId::random() };
        let owe = move |tx: &mut Unit<'_>| {
            let now = tx.now();
            owed::owe(tx, &gone, now, None)
        };
        world.app.write(TEST, owe).await.unwrap();
        world.run_jobs().await;
        let to: Vec<String> = server.mails()[before..].iter().map(|mail| mail.to.clone()).collect();
        assert_eq!(to, ["ops@example.org"]);
    });
}
