//! What keeps the service and the demo from starting: keys, settings and data that are not theirs.

use crate::harness::process::{Service, attempt};
use crate::harness::{Database, databases, fresh_database};
use recourse::domain::people::platforms;
use reqwest::Method;
use serde_json::json;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

/// Leaves the note of a demo that is not there.
fn leave_note(service: &Service) {
    let platform = json!({"slug": "spark", "client_id": format!("plc_{}", "0".repeat(26)), "client_secret": "none"});
    let note = json!({"base_url": "http://127.0.0.1:1", "platforms": [platform], "staff": []});
    fs::create_dir_all(service.data()).unwrap();
    fs::write(service.data().join("demo.json"), note.to_string()).unwrap();
}

#[test]
fn the_demo_fills_no_database_that_has_people_already() {
    actix_web::rt::System::new().block_on(async {
        let urls = databases().into_iter().map(|database| match database {
            Database::Sqlite => None,
            Database::Postgres => Some(fresh_database()),
        });
        for url in urls.collect::<Vec<_>>() {
            let service = Service::new(url.clone());
            let _ = service.credential("spark").await;
            // The installation's own directory.
            let said = service.refused(&["demo", "--reports", "1"]);
            assert!(said.contains("is no demo; choose a fresh directory with --data"), "{said}");
            // A directory of its own, and the installation's database.
            let file = format!("sqlite://{}", service.data().join("recourse.sqlite3").display());
            let stranger = Service::new(Some(url.clone().unwrap_or(file)));
            let said = stranger.refused(&["demo", "--reports", "1"]);
            assert!(said.contains("holds platforms or staff and is no demo"), "{said}");
            assert!(!stranger.data().join("keyring.json").exists(), "nothing is made on the way");
            // An old demo's note makes neither of them a demo, nor a database in which nothing is.
            let empty = Service::new(url.as_ref().map(|_| fresh_database()));
            for elsewhere in [&service, &stranger, &empty] {
                leave_note(elsewhere);
                let said = elsewhere.refused(&["demo", "--reports", "1"]);
                assert!(said.contains("demo.json tells of a demo that is not in this database"), "{said}");
            }
            for elsewhere in [&stranger, &empty] {
                let left: Vec<_> = fs::read_dir(elsewhere.data()).unwrap().map(|e| e.unwrap().file_name()).collect();
                assert_eq!(left, ["demo.json"], "nothing is made on the way");
            }
            let app = service.open().await;
            let slugs = app.read(|rx| Ok(platforms::list(rx)?.into_iter().map(|(p, _)| p.slug).collect::<Vec<_>>()));
            assert_eq!(slugs.await.unwrap(), ["spark"]);
        }
    });
}

#[test]
fn a_service_does_not_start_on_keys_or_settings_that_are_wrong() {
    actix_web::rt::System::new().block_on(async {
        let mut service = Service::new(None);
        let _ = service.credential("spark").await;
        let _ = service.lead().await;
        let keyring = service.data().join("keyring.json");
        let _open = service.open().await;
        for name in ["keyring.json", "recourse.sqlite3", "recourse.sqlite3-wal", "recourse.sqlite3-shm"] {
            let mode = fs::metadata(service.data().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }

        fs::set_permissions(&keyring, Permissions::from_mode(0o640)).unwrap();
        assert!(service.refused(&["serve"]).contains("can be read by others; run: chmod 600"));
        fs::set_permissions(&keyring, Permissions::from_mode(0o600)).unwrap();

        let own = fs::read(&keyring).unwrap();
        fs::remove_file(&keyring).unwrap();
        let said = service.refused(&["serve"]);
        assert!(said.contains("is missing, but the database holds sealed rows"), "{said}");
        assert!(!keyring.exists(), "no new keyring is made over sealed rows");
        fs::write(&keyring, "{}").unwrap();
        fs::set_permissions(&keyring, Permissions::from_mode(0o600)).unwrap();
        assert!(service.refused(&["serve"]).contains("cannot be read as one"));

        let other = Service::new(None);
        let _ = other.credential("other").await;
        fs::copy(other.data().join("keyring.json"), &keyring).unwrap();
        assert!(service.refused(&["serve"]).contains("does not belong to this database"));

        fs::write(&keyring, own).unwrap();
        assert!(service.refused(&["work"]).contains("needs PostgreSQL"));
        assert!(service.refused(&["serve", "--no-jobs"]).contains("needs PostgreSQL"));
        service.up().await;
        assert!(attempt(service.caller("").request(Method::GET, "/readyz")).await.unwrap().status == 200);
        service.kill();
        service.set("RECOURSE_LIMTS__INGEST", "5");
        let said = service.refused(&["serve"]);
        assert!(said.contains("limts"), "{said}");
    });
}
