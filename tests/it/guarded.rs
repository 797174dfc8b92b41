//! Files that others on the machine may write, read or exchange, and keyrings in which a key was exchanged.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;

use recourse::base::secret::base64_text;
use serde_json::{Value, json};

use crate::harness::process::Service;
use crate::harness::{Database, databases, fresh_database};

fn set_mode(place: &Path, mode: u32) {
    fs::set_permissions(place, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_or_database_that_others_may_write_stops_the_start() {
    actix_web::rt::System::new().block_on(async {
        let service = Service::new(None);
        drop(service.open().await);
        let file = service.data().join("recourse.sqlite3");
        for mode in [0o770, 0o707, 0o777, 0o1777, 0o720, 0o702] {
            set_mode(&service.data(), mode);
            for command in ["serve", "check"] {
                let said = service.refused(&[command]);
                assert!(said.contains("others may write in the folder") && said.contains("chmod go-w"), "{said}");
            }
        }
        set_mode(&service.data(), 0o700);
        for mode in [0o660, 0o606, 0o620, 0o602] {
            set_mode(&file, mode);
            for command in ["serve", "check"] {
                let said = service.refused(&[command]);
                assert!(said.contains("can be written by others; run: chmod 600"), "{said}");
            }
        }
        set_mode(&file, 0o600);
        assert_eq!(service.run(&["check"]).status.code(), Some(0));
    });
}

#[test]
fn nothing_is_made_in_a_folder_that_others_may_write() {
    let service = Service::new(None);
    fs::create_dir_all(service.data()).unwrap();
    set_mode(&service.data(), 0o777);
    let said = service.refused(&["serve"]);
    assert!(said.contains("others may write in the folder"), "{said}");
    assert_eq!(fs::read_dir(service.data()).unwrap().count(), 0);
}

#[test]
fn a_keyring_behind_a_link_is_as_safe_as_the_folder_that_it_lies_in() {
    actix_web::rt::System::new().block_on(async {
        let service = Service::new(None);
        drop(service.open().await);
        let (keyring, elsewhere) = (service.data().join("keyring.json"), service.data().join("elsewhere"));
        fs::create_dir(&elsewhere).unwrap();
        fs::rename(&keyring, elsewhere.join("keyring.json")).unwrap();
        symlink(elsewhere.join("keyring.json"), &keyring).unwrap();
        assert_eq!(service.run(&["check"]).status.code(), Some(0));
        set_mode(&elsewhere, 0o777);
        let said = service.refused(&["check"]);
        assert!(said.contains("others may write in the folder") && said.contains("elsewhere"), "{said}");
    });
}

#[test]
fn what_others_may_read_or_exchange_is_found() {
    actix_web::rt::System::new().block_on(async {
        let service = Service::new(None);
        drop(service.open().await);
        let file = service.data().join("recourse.sqlite3");
        let found = || {
            let out = service.run(&["check", "--json"]);
            let told: Value = serde_json::from_slice(&out.stdout).unwrap();
            let codes = told["problems"].as_array().unwrap().iter().map(|problem| problem["code"].clone());
            let mut codes: Vec<Value> = codes.collect();
            // What belongs to the database file is found beside it.
            codes.dedup();
            (out.status.code(), codes)
        };
        assert_eq!(found(), (Some(0), vec![]));
        for mode in [0o644, 0o640, 0o604] {
            set_mode(&file, mode);
            assert_eq!(found(), (Some(1), vec![json!("readable_by_others")]), "{mode:o}");
        }
        for end in ["", "-wal", "-shm"] {
            let one = service.data().join(format!("recourse.sqlite3{end}"));
            if one.exists() {
                set_mode(&one, 0o600);
            }
        }
        // Only root can give a file away.
        if chown(&file, Some(65_534), None).is_ok() {
            assert_eq!(found(), (Some(1), vec![json!("belongs_to_another")]));
            chown(&file, Some(0), None).unwrap();
            chown(service.data(), Some(65_534), None).unwrap();
            assert_eq!(found(), (Some(1), vec![json!("belongs_to_another")]));
            // All of it is one user's: whoever administers as root is nobody's trouble.
            for one in fs::read_dir(service.data()).unwrap() {
                chown(one.unwrap().path(), Some(65_534), None).unwrap();
            }
            assert_eq!(found(), (Some(0), vec![]));
        }
    });
}

#[test]
fn a_keyring_in_which_any_key_was_exchanged_is_another() {
    actix_web::rt::System::new().block_on(async {
        for url in databases().into_iter().map(|database| match database {
            Database::Sqlite => None,
            Database::Postgres => Some(fresh_database()),
        }) {
            let service = Service::new(url);
            drop(service.open().await);
            let place = service.data().join("keyring.json");
            let own: Value = serde_json::from_slice(&fs::read(&place).unwrap()).unwrap();
            let names: Vec<&String> = own.as_object().unwrap().keys().filter(|name| *name != "about").collect();
            assert!(names.len() >= 4, "{names:?}");
            let mut keys = Vec::new();
            for name in &names {
                let mut other = own.clone();
                let slot = if own[*name].is_object() { &mut other[*name]["1"] } else { &mut other[*name] };
                keys.push(slot.as_str().unwrap().to_owned());
                *slot = json!(base64_text(&[7; 32]));
                fs::write(&place, other.to_string()).unwrap();
                for command in ["serve", "check"] {
                    let said = service.refused(&[command]);
                    assert!(said.contains("does not belong to this database"), "{name}: {said}");
                }
            }
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), names.len(), "each key serves one purpose");
            fs::write(&place, own.to_string()).unwrap();
            assert_eq!(service.run(&["check"]).status.code(), Some(0));
        }
    });
}
