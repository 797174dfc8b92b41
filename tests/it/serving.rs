//! One process serves a database file; a program that is older than its database serves none; and whatever the database
//! answers, the operator reads our own words.

use std::fs;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::harness::process::{Service, attempt, now, pause};
use crate::harness::{Database, databases, fresh_database};

/// A service on each database, opened once.
async fn services() -> Vec<Service> {
    let mut all = Vec::new();
    for database in databases() {
        let service = Service::new((database == Database::Postgres).then(fresh_database));
        drop(service.open().await);
        all.push(service);
    }
    all
}

fn tamper(service: &Service, statement: &str) {
    if let Some(url) = service.database_url() {
        PgConnection::establish(url).unwrap().batch_execute(statement).unwrap();
    } else {
        let file = service.data().join("recourse.sqlite3");
        SqliteConnection::establish(file.to_str().unwrap()).unwrap().batch_execute(statement).unwrap();
    }
}

fn said(service: &Service, arguments: &[&str]) -> (Option<i32>, String) {
    let output = service.run(arguments);
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn a_second_service_on_one_file_is_refused_and_the_first_goes_on() {
    actix_web::rt::System::new().block_on(async {
        let mut service = Service::new(None);
        service.up().await;
        let lock = service.data().join("recourse.sqlite3.serving");
        let process = fs::read_to_string(&lock).unwrap();
        // Another port, so that nothing but the file is in the way; and another directory with the same database.
        let other = Service::new(None);
        fs::create_dir(other.data()).unwrap();
        fs::copy(service.data().join("keyring.json"), other.data().join("keyring.json")).unwrap();
        let url = format!("sqlite://{}", service.data().join("recourse.sqlite3").display());
        let mut beside = Service::new(Some(url));
        beside.set("RECOURSE_LISTEN", "127.0.0.1:0");
        for (second, place) in [(&other, service.data()), (&beside, other.data())] {
            for arguments in [&["serve"][..], &["migrate"], &["migrate", "down", "--lose-all-data"]] {
                let told = second.refused_at(&place, arguments);
                let words = format!("the process {process} serves ");
                assert!(told.contains(&words) && told.contains("--data") && told.contains("PostgreSQL"), "{told}");
            }
            let told = second.refused_at(&place, &["demo", "--reports", "1"]);
            assert!(told.contains("serves") || told.contains("is no demo"), "{told}");
        }
        // What looks and administers runs beside it.
        for arguments in [
            &["check"][..],
            &["migrate", "status"],
            &["admin", "platform", "add", "spark", "Spark"],
            &["edition", "list"],
        ] {
            let (code, told) = said(&service, arguments);
            assert_eq!(code, Some(0), "{arguments:?}: {told}");
        }
        assert_eq!(attempt(service.http.get(format!("{}/healthz", service.base))).await.unwrap().status, 200);
        // A process that was killed leaves its file, which is in nobody's way.
        service.kill();
        assert!(lock.exists());
        service.up().await;
        assert_ne!(fs::read_to_string(&lock).unwrap(), process);
        // One that ends takes it along.
        assert_eq!(service.terminate(), Some(0));
        assert!(!lock.exists());
        // A start that is refused leaves none behind.
        service.set("RECOURSE_MAIL__URL", "nonsense");
        service.refused(&["serve"]);
        assert!(!lock.exists());
    });
}

#[test]
fn of_many_first_starts_at_once_on_one_file_one_serves() {
    actix_web::rt::System::new().block_on(async {
        let data = tempfile::tempdir().unwrap();
        let place = data.path().join("data");
        let services: Vec<Service> = (0..4).map(|_| Service::new(None)).collect();
        let mut all: Vec<_> = services
            .iter()
            .map(|service| {
                let mut command = service.command(&["serve"]);
                command.env("RECOURSE_DATA", &place);
                let arguments: Vec<_> = command.get_args().map(std::ffi::OsStr::to_owned).collect();
                let mut again = std::process::Command::new(command.get_program());
                let own = service.data();
                again.args(arguments.iter().map(|one| if *one == *own { place.as_os_str() } else { one }));
                again.current_dir(data.path()).stderr(std::process::Stdio::piped()).spawn().unwrap()
            })
            .collect();
        let begin = now();
        let running = loop {
            let running: Vec<usize> = (0..4).filter(|n| all[*n].try_wait().unwrap().is_none()).collect();
            if running.len() == 1 || begin.elapsed().as_secs() > 60 {
                break running;
            }
            pause(std::time::Duration::from_millis(20)).await;
        };
        assert_eq!(running.len(), 1);
        for (n, mut child) in all.into_iter().enumerate() {
            if running == [n] {
                child.kill().unwrap();
            }
            let told = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
            assert!(running == [n] || told.contains("serves") || told.contains("does not belong"), "{told}");
        }
    });
}

#[test]
fn a_database_that_is_newer_than_the_program_is_refused() {
    actix_web::rt::System::new().block_on(async {
        for service in services().await {
            tamper(&service, "INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')");
            for arguments in [
                &["serve"][..],
                &["check"],
                &["admin", "staff", "list"],
                &["migrate"],
                &["migrate", "status"],
                &["migrate", "down", "--lose-all-data"],
            ] {
                let told = service.refused(arguments);
                assert!(told.contains("is 1 migrations ahead of this program: use the newer program"), "{told}");
            }
        }
    });
}

#[test]
fn what_the_database_answers_is_told_in_our_own_words() {
    // Words of the databases and of the libraries that speak to them.
    let theirs =
        ["no such table", "does not exist", "relation", "already exists", "Failed to run", "DieselError", "syntax"];
    actix_web::rt::System::new().block_on(async {
        for service in services().await {
            let (code, told) = said(&service, &["admin", "staff", "add", "noor", "--role", "lead"]);
            assert_eq!(code, Some(0), "{told}");
            tamper(&service, "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)");
            for arguments in [&["migrate", "up"][..], &["serve"]] {
                let told = service.refused(arguments);
                assert!(told.contains("__diesel_schema_migrations has lost rows"), "{told}");
                assert!(!theirs.iter().any(|word| told.contains(word)), "{told}");
            }
            let (code, told) = said(&service, &["migrate", "status"]);
            assert!(code == Some(0) && told.starts_with("pending: "), "{told}");
            // And a part of it gone as well: it cannot be put right here.
            tamper(&service, "ALTER TABLE shifts RENAME TO gone");
            let told = service.refused(&["migrate", "up"]);
            assert!(told.contains("a migration failed, and left no trace"), "{told}");
            assert!(!theirs.iter().any(|word| told.contains(word)), "{told}");
        }
        for service in services().await {
            tamper(&service, "ALTER TABLE shifts RENAME TO gone");
            tamper(&service, "ALTER TABLE staff RENAME TO staff_gone");
            for arguments in [&["admin", "staff", "list"][..], &["admin", "rota", "list"], &["admin", "staff", "add", "noor", "--role", "lead"]] {
                let told = service.refused(arguments);
                assert!(told.contains("nothing was changed: the database is not as this version needs it"), "{told}");
                assert!(told.contains("recourse check") && !theirs.iter().any(|word| told.contains(word)), "{told}");
            }
            let (code, told) = said(&service, &["check"]);
            assert!(code == Some(1) && told.contains("shifts.starts_at: column_missing"), "{told}");
            assert!(told.contains("staff: cannot be looked at to its end"), "{told}");
            assert!(!theirs.iter().any(|word| told.contains(word)), "{told}");
        }
    });
}

#[test]
fn what_cargo_hands_to_the_program_is_no_setting() {
    // `cargo run` puts these into the environment, of a release build too, which no test is.
    let of_build = include_str!("../../build.rs").split("cargo:rustc-env=").skip(1);
    let mut names: Vec<&str> = of_build.filter_map(|rest| rest.split('=').next()).collect();
    let cargo: toml::Table = include_str!("../../.cargo/config.toml").parse().unwrap();
    names.extend(cargo["env"].as_table().unwrap().keys().map(String::as_str));
    assert!(names.len() > 1, "{names:?}");
    let mut service = Service::new(None);
    for name in names {
        service.set(name, "0123456789abcdef");
    }
    assert_eq!(said(&service, &["admin", "roles"]).0, Some(0), "{:?}", said(&service, &["admin", "roles"]));
}

#[test]
fn settings_are_told_of_in_our_own_words_and_never_repeated() {
    let service = |name: &str, value: &str| {
        let mut service = Service::new(None);
        service.set(name, value);
        service.refused(&["admin", "roles"])
    };
    for (name, value, words) in [
        ("RECOURSE_LIMTS__INGEST", "5", "there is no setting `limts` (in the environment); did you mean `limits`?"),
        (
            "RECOURSE_LIMITS__INGESTS",
            "5",
            "there is no setting `limits.ingests` (in the environment); did you mean `limits.ingest`?",
        ),
        ("RECOURSE_MAIL__SERVER", "x", "there is no setting `mail.server`"),
        ("RECOURSE_XYZZY", "x", "there is no setting `xyzzy` (in the environment); docs/operating.md lists them"),
        ("RECOURSE_LIMITS__READ", "hunter2", "`limits.read` (in the environment) must be a whole number"),
        ("RECOURSE_LIMITS__READ", "-1", "`limits.read` (in the environment) must be a whole number"),
        ("RECOURSE_WORKERS", "hunter2", "`workers` (in the environment) must be a whole number"),
        ("RECOURSE_MAIL", "hunter2", "`mail` (in the environment) must be a section"),
        ("RECOURSE_LOG_FORMAT", "hunter2", "`log_format` (in the environment) must be one of text, json"),
        ("RECOURSE_METRICS_LISTEN", "hunter2", "`metrics_listen` (in the environment)"),
        ("RECOURSE_DATABASE_URL", "123", "`database_url` (in the environment) must be a text in quotes"),
        ("RECOURSE_LOG", "@@@", "RECOURSE_LOG is no log filter"),
        ("RECOURSE_LOG", "inof", "RECOURSE_LOG is no log filter"),
    ] {
        let told = service(name, value);
        assert!(told.contains(words), "{name}: {told}");
        assert!(!told.contains("hunter2") && !told.contains("123") && told.lines().count() == 1, "{told}");
    }
    for (text, words) in [
        (
            "listen = \"127.0.0.1:8080\"\n[mail]\nurl = \"smtp://ann:hunter2@x\n",
            "recourse.toml cannot be read at line 3",
        ),
        ("[mail]\nurl = \"a\"\nurl = \"smtp://hunter2\"\n", "recourse.toml cannot be read at line 3"),
        ("limits = { public = \"hunter2\" }\n", "`limits.public` must be a whole number"),
        ("datbase_url = \"hunter2\"\n", "there is no setting `datbase_url`; did you mean `database_url`?"),
    ] {
        let service = Service::new(None);
        let folder = service.data().parent().unwrap().to_owned();
        fs::write(folder.join("recourse.toml"), text).unwrap();
        let told = service.refused(&["admin", "roles"]);
        assert!(told.contains(words) && !told.contains("hunter2"), "{text}: {told}");
    }
    // A directory that is a file, or lies below one.
    let service = Service::new(None);
    let file = service.data().parent().unwrap().join("letter.txt");
    fs::write(&file, "a letter").unwrap();
    for place in [file.clone(), file.join("below")] {
        for arguments in [&["serve"][..], &["check"], &["migrate"]] {
            let told = service.refused_at(&place, arguments);
            assert!(told.contains("data must be a directory, and ") && told.contains("letter.txt is a file"), "{told}");
        }
    }
}
