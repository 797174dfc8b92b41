//! The rota as it is kept at the command line: files that spreadsheets saved, years that were mistyped, and people who are
//! never paged.

use std::time::Duration;

use recourse::base::time::{Clock, Timestamp};
use serde_json::{Value, json};

use crate::checking::{check, wrong};
use crate::command_line::{recourse, refused, said};
use crate::harness::{World, on_both};

/// The begin of a day so many days from now: commands know the machine's clock alone.
fn day(days: u64) -> Timestamp {
    Clock::machine().now().day().plus(Duration::from_hours(24 * days))
}

/// Hours of a day, as a file writes them.
fn at(days: u64, hour: u64) -> String {
    day(days).plus(Duration::from_hours(hour)).to_string()
}

fn listed(world: &World) -> Value {
    serde_json::from_str(&said(world, &["admin", "rota", "list", "--json"])).unwrap()
}

#[test]
fn a_rota_that_a_spreadsheet_saved_is_loaded_or_its_lines_are_named() {
    on_both(|world| async move {
        for name in ["amina", "noor"] {
            said(&world, &["admin", "staff", "add", name, "--role", "advocate"]);
        }
        let file = world.dir().join("rota.csv");
        let path = file.to_str().unwrap();
        let load = |bytes: &[u8]| {
            std::fs::write(&file, bytes).unwrap();
            let output = recourse(&world, &["admin", "rota", "load", path], "");
            (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
        };
        let row = |name: &str, days: u64| format!("{name};{};{}\r\n", at(days, 18), at(days, 30));
        // An empty row first, and two files behind each other, whose headings are written by hand.
        let text = format!(
            "\u{feff};;\r\nUser name;From;Until\r\n{}user_name;from;until\r\n{}",
            row("amina", 2),
            row("noor", 2)
        );
        assert_eq!(load(text.as_bytes()), (Some(0), "2 added\n".to_owned()));
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(load(&wide), (Some(0), "0 added, 2 stood there already\n".to_owned()), "the same again");

        let line = |name: &str, from: &str, until: &str| format!("{name},{from},{until}\n");
        let wrong = [
            line("noor", &at(4, 18), &at(4, 30)),
            line("lena", &at(4, 18), &at(4, 30)),
            line("noor", &at(8, 18), &at(7, 18)),
            line("noor", &at(8, 18), &at(8 + 32, 18)),
            line("noor", "2926-11-27T18:00:00Z", "2926-11-28T06:00:00Z"),
            line("noor", &at(8, 18), "9999-12-31T23:59:59Z"),
        ];
        let (code, told) = load(wrong.concat().as_bytes());
        assert_eq!(code, Some(1), "{told}");
        for words in [
            "file, line 2: there is none called `lena`; see `recourse admin staff list`",
            "file, line 3: a shift ends after it begins",
            "file, line 4: a shift is at most 31 days long: look at the year",
            "file, line 5: a shift begins within two years: look at the year",
            "file, line 6: a shift is at most 31 days long",
        ] {
            assert!(told.contains(words), "{told}");
        }
        assert_eq!(listed(&world)["data"].as_array().unwrap().len(), 2, "all lines or none");
        for odd in [world.dir().to_str().unwrap(), "/no/such/file", "/dev/zero"] {
            assert!(refused(&world, &["admin", "rota", "load", odd]).contains("file: "), "{odd}");
        }
    });
}

#[test]
fn whoever_takes_no_cases_stands_on_no_rota() {
    on_both(|world| async move {
        let add = |name: &str| {
            recourse(&world, &["admin", "rota", "add", name, "--from", &at(0, 0), "--until", &at(3, 0)], "")
        };
        for (name, role) in [("ada", "administrator"), ("otto", "auditor"), ("noor", "advocate"), ("amina", "lead")] {
            said(&world, &["admin", "staff", "add", name, "--role", role]);
            let output = add(name);
            let told = String::from_utf8(output.stderr).unwrap();
            let works = ["noor", "amina"].contains(&name);
            assert_eq!(output.status.success(), works, "{name}: {told}");
            assert!(works || told.contains("username: this account takes no cases"), "{told}");
        }
        assert_eq!((check(&world, &[]).0, listed(&world)["staffed"].clone()), (Some(0), json!(true)));
        // Their shifts stay when they take none any more, and whoever closes an account is told.
        let told = said(&world, &["admin", "staff", "role", "noor", "auditor"]);
        assert!(
            told.contains("changed; queues as before: ") && told.contains("shifts that nobody works now: 1"),
            "{told}"
        );
        let told = said(&world, &["admin", "staff", "close", "amina"]);
        assert!(told.contains("closed\n") && told.contains("shifts that nobody works now: 1; see"), "{told}");
        said(&world, &["admin", "staff", "add", "amina", "--role", "lead"]);
        let (code, report) = check(&world, &[]);
        assert_eq!(
            (code, wrong(&report, "problems")),
            (Some(1), ["staff on_rota_without_right".to_owned()].into()),
            "{report}"
        );
        let named: Vec<&str> =
            report["problems"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(named, ["amina (closed)", "noor"]);
        let rota = listed(&world);
        let closed: Vec<(&Value, &Value)> =
            rota["data"].as_array().unwrap().iter().map(|shift| (&shift["username"], &shift["closed"])).collect();
        assert!(closed.contains(&(&json!("amina"), &json!(true))) && closed.contains(&(&json!("noor"), &json!(false))));
        let text = said(&world, &["admin", "rota", "list"]);
        assert!(text.contains(" amina ") && text.contains("(closed: give the shift to another)"), "{text}");
        assert!(!text.contains("#stf_") && text.contains("nobody is planned to be at work now"), "{text}");
    });
}

#[test]
fn a_role_that_changes_ends_what_stood_on_it() {
    on_both(|world| async move {
        said(&world, &["admin", "staff", "add", "noor", "--role", "lead"]);
        let answer = said(&world, &["admin", "staff", "role", "noor", "advocate"]);
        assert!(answer.starts_with("changed; queues as before: ") && answer.lines().count() == 1, "{answer}");
        let account: Value = serde_json::from_str(&said(&world, &["admin", "staff", "list", "--json"])).unwrap();
        assert_eq!(account["data"][0]["role"], "advocate");
        for (name, role, told) in
            [("nour", "lead", "there is none called `nour`"), ("noor", "chief", "`chief` is none; use advocate")]
        {
            let answer = refused(&world, &["admin", "staff", "role", name, role]);
            assert!(answer.contains(told), "{answer}");
        }
        // A name that begins with a sign is an option wherever it is typed.
        for name in [".noor", "@noor", "_noor"] {
            let answer = refused(&world, &["admin", "staff", "add", "--role", "lead", name]);
            assert!(answer.contains("begin with a letter or digit"), "{name}: {answer}");
        }
    });
}
