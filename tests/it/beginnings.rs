//! Commands that look make no world where none is; a keyring without its database, or the reverse, is told as what it is;
//! and a start that fails says the cause and what to do, whatever language the server speaks.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::harness::postgres::{Cluster, ClusterOptions, cluster, free_ports, german_cluster, private_cluster};
use crate::harness::process::Service;
use crate::harness::{Database, databases};

/// Commands that look at a world or work in one.
const LOOKING: [&[&str]; 9] = [
    &["check"],
    &["check", "--json"],
    &["migrate", "status"],
    &["migrate", "down", "--lose-all-data"],
    &["admin", "platform", "list"],
    &["admin", "platform", "add", "spark", "Spark"],
    &["admin", "outbox", "status"],
    &["edition", "list"],
    &["edition", "key"],
];

/// A database on the shared server in which there is nothing at all.
fn empty_database() -> String {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let name = format!("nothing_{}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let cluster = cluster().unwrap();
    let mut conn = PgConnection::establish(&cluster.url("postgres")).unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    cluster.url(&name)
}

/// A service where nothing stands, on each database.
fn nowhere() -> Vec<Service> {
    let url = |database| (database == Database::Postgres).then(empty_database);
    databases().into_iter().map(|database| Service::new(url(database))).collect()
}

/// What stands in the folder, and how many tables the database has.
fn stands(service: &Service) -> (Vec<String>, i64) {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let files = fs::read_dir(service.data()).into_iter().flatten().map(|file| file.unwrap().file_name());
    let mut files: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
    files.sort();
    let tables = service.database_url().map_or(0, |url| {
        let ask = "SELECT count(*) AS count FROM pg_class WHERE relnamespace = 'public'::regnamespace";
        diesel::sql_query(ask).get_result::<Count>(&mut PgConnection::establish(url).unwrap()).unwrap().count
    });
    (files, tables)
}

#[test]
fn a_command_that_looks_makes_nothing_where_nothing_is() {
    for mut service in nowhere() {
        for has_folder in [false, true] {
            if has_folder {
                fs::create_dir(service.data()).unwrap();
            }
            for arguments in LOOKING {
                let said = service.refused(arguments);
                assert!(said.contains("nothing of Recourse stands in the "), "{arguments:?}: {said}");
                assert!(said.contains("recourse serve"), "it says what to do: {said}");
                assert_eq!((service.data().exists(), stands(&service)), (has_folder, (vec![], 0)), "{arguments:?}");
            }
        }
        if service.database_url().is_none() {
            // A file that holds nothing is no database yet.
            service.set("RECOURSE_DATABASE_URL", &format!("sqlite://{}", service.data().join("it.db").display()));
            fs::write(service.data().join("it.db"), "").unwrap();
            assert!(service.refused(&["check"]).contains("nothing of Recourse stands"));
            assert_eq!(fs::metadata(service.data().join("it.db")).unwrap().len(), 0);
        }
    }
}

#[test]
fn a_keyring_without_its_database_is_told_and_nothing_is_made() {
    for service in nowhere() {
        fs::create_dir(service.data()).unwrap();
        recourse::domain::vault::Keyring::begin(&service.data().join("keyring.json")).unwrap();
        let all = LOOKING.into_iter().filter(|arguments| arguments[0] != "migrate");
        for arguments in all.chain([&["serve"][..], &["migrate"]]) {
            let said = service.refused(arguments);
            assert!(said.contains("keyring.json is here, but its database is not"), "{arguments:?}: {said}");
            assert_eq!(stands(&service), (vec!["keyring.json".to_owned()], 0), "{arguments:?}");
        }
    }
}

#[test]
fn a_database_without_its_keyring_is_told_and_none_is_made() {
    actix_web::rt::System::new().block_on(async {
        for mut service in nowhere() {
            // Set up and opened once, with nothing sealed in it.
            drop(service.open().await);
            let keyring = service.data().join("keyring.json");
            let kept = fs::read(&keyring).unwrap();
            fs::remove_file(&keyring).unwrap();
            for arguments in [&["serve"][..], &["check"], &["admin", "platform", "list"]] {
                let said = service.refused(arguments);
                assert!(said.contains("is missing, but the database was set up with one"), "{said}");
                assert!(!keyring.exists(), "{arguments:?}");
            }
            fs::write(&keyring, kept).unwrap();
            fs::set_permissions(&keyring, Permissions::from_mode(0o600)).unwrap();
            drop(service.lead().await);
            // Another data directory, and the database of this one: nothing is made there.
            let elsewhere = service.data().join("elsewhere");
            if service.database_url().is_none() {
                let file = service.data().join("recourse.sqlite3");
                service.set("RECOURSE_DATABASE_URL", &format!("sqlite://{}", file.display()));
            }
            for command in ["serve", "check"] {
                let said = service.refused_at(&elsewhere, &[command]);
                assert!(said.contains("is missing, but the database holds sealed rows"), "{said}");
                assert!(!elsewhere.exists());
            }
        }
    });
}

#[test]
fn an_older_database_is_brought_up_by_a_start_and_by_nothing_that_looks() {
    actix_web::rt::System::new().block_on(async {
        for mut service in nowhere() {
            let migrated = service.run(&["migrate"]);
            assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
            let said = service.refused(&["admin", "platform", "list"]);
            assert!(said.contains("has no keyring yet"), "{said}");
            drop(service.open().await);
            let forget = "DELETE FROM __diesel_schema_migrations WHERE version = \
                          (SELECT max(version) FROM __diesel_schema_migrations)";
            if let Some(url) = service.database_url() {
                PgConnection::establish(url).unwrap().batch_execute(forget).unwrap();
            } else {
                let file = service.data().join("recourse.sqlite3");
                SqliteConnection::establish(file.to_str().unwrap()).unwrap().batch_execute(forget).unwrap();
            }
            let said = service.refused(&["check"]);
            assert!(said.contains("is 1 migrations behind") && said.contains("recourse migrate"), "{said}");
            let pending = String::from_utf8(service.run(&["migrate", "status"]).stdout).unwrap();
            assert_eq!(pending.lines().count(), 1, "{pending}");
            service.set("RECOURSE_MAIL__URL", "nonsense");
            let said = service.refused(&["serve"]);
            assert!(!said.contains("migration"), "settings are looked at before anything is changed: {said}");
        }
    });
}

#[test]
fn several_first_starts_at_once_on_one_server_agree() {
    if !databases().contains(&Database::Postgres) {
        return;
    }
    let url = empty_database();
    let services: Vec<Service> = (0..4).map(|_| Service::new(Some(url.clone()))).collect();
    let codes: Vec<Option<i32>> = std::thread::scope(|scope| {
        let all: Vec<_> =
            services.iter().map(|service| scope.spawn(|| service.run(&["migrate"]).status.code())).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(codes, [Some(0); 4]);
}

/// A service on a URL, which must be refused with these words, and leaves nothing.
#[track_caller]
fn refuses(url: &str, words: &[&str]) {
    let service = Service::new(Some(url.to_owned()));
    for command in ["serve", "check"] {
        let said = service.refused(&[command]);
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
        assert!(!said.contains("s3cret"), "the password: {said}");
        assert!(!service.data().exists(), "nothing is left behind");
    }
}

/// Has a server ask `recourse` for a password, and nobody else.
fn ask_for_passwords(cluster: &Cluster) {
    let lines = "host all postgres 127.0.0.1/32 trust\nhost all recourse 127.0.0.1/32 scram-sha-256\n\
                 hostssl all faraway 127.0.0.1/32 scram-sha-256\n";
    fs::write(cluster.data_dir().join("pg_hba.conf"), lines).unwrap();
    let mut owner = PgConnection::establish(&cluster.url("postgres")).unwrap();
    let made = "CREATE ROLE recourse LOGIN PASSWORD 's3cret/#1'; CREATE ROLE faraway LOGIN PASSWORD 'x'; \
                CREATE DATABASE closed; REVOKE CONNECT ON DATABASE closed FROM PUBLIC; SELECT pg_reload_conf()";
    for statement in made.split("; ") {
        owner.batch_execute(statement).unwrap();
    }
}

#[test]
fn a_start_says_why_a_server_cannot_be_reached_in_any_language() {
    let Some(german) = german_cluster() else { return };
    let english = private_cluster(&ClusterOptions::default()).unwrap();
    for cluster in [&german, &english] {
        ask_for_passwords(cluster);
        let server = cluster.url("").replace("postgres@", "");
        let host = server.trim_start_matches("postgres://").trim_end_matches('/');
        let with = |user: &str, database: &str| format!("postgres://{user}@{host}/{database}");
        refuses(
            &with("recourse:wrong-s3cret", "postgres"),
            &["the password of `recourse` is wrong", "RECOURSE_DATABASE_URL"],
        );
        refuses(&with("recourse", "postgres"), &["asks for a password of `recourse`", "the URL has none"]);
        refuses(&with("nobody:s3cret", "postgres"), &["does not let `nobody` in", "pg_hba.conf"]);
        let right = "recourse:s3cret%2F%231";
        refuses(&with(right, "missing"), &["there is no database `missing`", "createdb --owner recourse missing"]);
        refuses(&with(right, "closed"), &["may not connect to the database `closed`", "GRANT CONNECT"]);
        refuses(&with("postgres", "missing"), &["there is no database `missing`", "createdb"]);
        refuses(&with("faraway:s3cret", "postgres"), &["does not let `faraway` in", "pg_hba.conf"]);
        refuses(&with("recourse:s3cret/#1", "postgres"), &["its URL cannot be read", "(@ is %40,"]);
        let demands = with(right, "postgres") + "?sslmode=require";
        if cfg!(not(feature = "postgres-tls")) {
            refuses(&demands, &["demands TLS", "--features postgres-tls"]);
        }
        let full = with(right, "postgres") + "?application_name=recourse";
        let allowed = Service::new(Some(full));
        assert!(
            allowed.refused(&["check"]).contains("nothing of Recourse stands in the PostgreSQL database postgres at")
        );
    }
    refuses(
        "postgres://recourse:s3cret@no-such-host.invalid/recourse",
        &["the name `no-such-host.invalid` is not found"],
    );
    let free = free_ports().next().unwrap();
    let closed = format!("postgres://recourse:s3cret@127.0.0.1:{free}/recourse");
    refuses(&closed, &["nothing answers at 127.0.0.1, port", "is PostgreSQL running"]);
}

/// A server that answers as one does that has no connection left, is starting up, or lets nobody in without TLS.
fn answers_with(code: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 512];
            let read = stream.read(&mut asked).unwrap_or(0);
            if asked.get(4..8) == Some(&[0x04, 0xd2, 0x16, 0x2f]) && read == 8 {
                let _ = stream.write_all(b"S");
                continue;
            }
            let fields = format!("SFATAL\0VFATAL\0C{code}\0Mles connexions sont refus\u{e9}es\0\0");
            let mut answer = b"E".to_vec();
            answer.extend(u32::try_from(fields.len() + 4).unwrap().to_be_bytes());
            answer.extend(fields.as_bytes());
            let _ = stream.write_all(&answer);
        }
    });
    port
}

#[test]
fn a_refusal_is_known_by_its_code() {
    let known = [
        ("53300", "no connection left: raise its max_connections"),
        ("57P03", "starting up or shutting down: try again"),
        ("28000", if cfg!(feature = "postgres-tls") { "pg_hba.conf" } else { "without TLS" }),
        ("XX000", "refuses with SQLSTATE XX000"),
    ];
    for (code, words) in known {
        let url = format!("postgres://recourse:s3cret@127.0.0.1:{}/recourse", answers_with(code));
        refuses(&url, &[words, "les connexions sont refus\u{e9}es"]);
    }
}

#[test]
fn a_start_says_why_a_database_file_cannot_be_used() {
    let mut service = Service::new(None);
    fs::create_dir_all(service.data()).unwrap();
    let place = |name: &str| service.data().join(name);
    let (folder, text) = (place("folder"), place("text.db"));
    fs::create_dir(&folder).unwrap();
    fs::write(&text, "this is a letter and no database of any kind").unwrap();
    let missing = service.data().join("no/such/folder/it.db");
    let cases = [
        (folder, "is a directory: name a file in it"),
        (text, "is no SQLite database: name another file"),
        (missing, "does not exist: make it, or name another"),
    ];
    for (file, words) in cases {
        service.set("RECOURSE_DATABASE_URL", &format!("sqlite://{}", file.display()));
        let said = service.refused(&["serve"]);
        assert!(said.contains(words), "{said}");
        let left = stands(&service).0;
        assert_eq!(left, ["folder", "text.db"], "nothing is left behind");
    }
}

/// Lets everybody look into a folder and those above it that are the test's own.
fn open_up(folder: &Path) {
    for folder in folder.ancestors().take(2) {
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_start_says_that_a_file_belongs_to_another() {
    const STRANGER: u32 = 65_534;
    let mine = fs::metadata("/proc/self").map_or(1, |about| std::os::unix::fs::MetadataExt::uid(&about));
    if mine != 0 {
        // Only root can act as two users.
        return;
    }
    actix_web::rt::System::new().block_on(async {
        let service = Service::new(None);
        drop(service.open().await);
        open_up(&service.data());
        for command in ["serve", "check"] {
            let said = service.refused_as(STRANGER, &[command]);
            assert!(said.contains("keyring.json") && said.contains("Permission denied"), "{said}");
        }
        chown(service.data().join("keyring.json"), Some(STRANGER), None).unwrap();
        let file = service.data().join("recourse.sqlite3");
        let said = service.refused_as(STRANGER, &["serve"]);
        assert!(
            said.contains("may not be read and written by this user: it belongs to the user with the number 0"),
            "{said}"
        );
        chown(&file, Some(STRANGER), None).unwrap();
        let said = service.refused_as(STRANGER, &["check"]);
        assert!(said.contains("this user must be allowed to write in"), "the folder is another's: {said}");
        fs::set_permissions(service.data(), Permissions::from_mode(0o700)).unwrap();
        let said = service.refused_as(STRANGER, &["check"]);
        assert!(said.contains("Permission denied"), "{said}");
        let before = stands(&service).0;
        assert_eq!(before, ["highwater.json", "keyring.json", "recourse.sqlite3"]);
    });
}
