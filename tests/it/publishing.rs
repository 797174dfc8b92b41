//! Statistics are published by the program's own commands, in processes of their own, with nothing moved but the clock of
//! the machine.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::editions::{edition, said};
use crate::harness::process::{Service, other_times};
use crate::harness::{Database, databases, fresh_database};

/// A service on each database, as its operator has it after the first start.
pub(crate) fn services() -> Vec<Service> {
    let begun = |database: Database| {
        let service = Service::new((database == Database::Postgres).then(fresh_database));
        actix_web::rt::System::new().block_on(service.open());
        service
    };
    databases().into_iter().map(begun).collect()
}

/// What a command says, which must succeed.
#[track_caller]
fn at(service: &Service, time: &str, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let output = service.run_at(time, &words);
    assert!(output.status.success(), "{time}, {line}: {}", said(&output));
    said(&output)
}

/// What a command says, which must be refused.
#[track_caller]
fn refused_at(service: &Service, time: &str, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let output = service.run_at(time, &words);
    assert_eq!(output.status.code(), Some(1), "{time}, {line}: {}", said(&output));
    said(&output)
}

fn json(place: &Path) -> Value {
    serde_json::from_slice(&fs::read(place).unwrap()).unwrap()
}

/// Verifies what stands in the folder, and rebuilds an edition of it from its bundle, as an auditor does.
#[track_caller]
fn audited(service: &Service, key: &str, id: &str, editions: usize) {
    let folder = service.data().join("editions");
    let verified = edition(&["verify", folder.to_str().unwrap(), "--key", key]);
    assert!(said(&verified).contains(&format!("{editions} editions, 0 flaws")), "{}", said(&verified));
    let bundle = service.data().join(format!("auditor/{id}.json"));
    let rebuilt = edition(&["rebuild", bundle.to_str().unwrap(), "--compare", folder.join(id).to_str().unwrap()]);
    assert!(rebuilt.status.success() && said(&rebuilt).contains("0 differ"), "{}", said(&rebuilt));
}

/// Case 57: committed to, built, published, replaced, verified and rebuilt on the calendar of a real clock.
#[test]
fn a_quarter_goes_its_whole_way_by_the_calendar_of_a_real_clock() {
    if !other_times() {
        return;
    }
    for service in services() {
        // The first start.
        actix_web::rt::System::new().block_on(async { drop(service.open().await) });
        at(&service, "2026-12-05 09:14:27", "admin platform add spark Spark");
        at(&service, "2026-12-05 09:15:02", "admin client add spark --mode live");
        let committed = at(&service, "2026-12-05 09:16:43", "edition commit");
        assert!(committed.contains("published on 2027-02-18T09:30:00Z"), "{committed}");
        let key = at(&service, "2026-12-05 09:17:00", "edition key").trim().to_owned();
        let early = refused_at(&service, "2026-12-31 23:59:10", "edition build 2026-q4");
        assert!(early.contains("not over"), "{early}");
        at(&service, "2027-01-04 10:02:11", "edition build 2026-q4");
        let again = at(&service, "2027-01-04 10:31:57", "edition build 2026-q4");
        assert!(again.contains("attempt 2"), "{again}");
        let early = refused_at(&service, "2027-02-18 09:29:30", "edition publish 2026-q4");
        assert!(early.contains("the calendar decides"), "{early}");
        at(&service, "2027-02-19 08:00:09", "edition publish 2026-q4");
        at(&service, "2027-02-19 08:01:00", "edition publish 2026-q4");
        audited(&service, &key, "2026-q4", 1);
        let manifest = json(&service.data().join("editions/2026-q4/manifest.json"));
        assert_eq!(manifest["build_attempts"].as_array().unwrap().len(), 2);
        at(&service, "2027-03-01 12:00:03", "edition replace 2026-q4 --reason Wrong_column.");
        at(&service, "2027-03-01 12:10:08", "edition build 2026-q4-r");
        let early = refused_at(&service, "2027-03-07 12:00:00", "edition publish 2026-q4-r");
        assert!(early.contains("the calendar decides"), "{early}");
        at(&service, "2027-03-08 09:30:01", "edition publish 2026-q4-r");
        audited(&service, &key, "2026-q4-r", 2);
        let list = at(&service, "2027-03-08 09:31:00", "edition list");
        assert!(list.contains("2026-q4: published") && list.contains("2026-q4-r: published"), "{list}");
    }
}

/// Runs the same command three times at once. All must succeed.
#[track_caller]
fn three_at_once(service: &Service, time: &str, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let command = || service.command_at(time, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for child in [command(), command(), command()] {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{time}, {line}: {}", said(&output));
    }
}

/// Two people at two terminals, a timer, and the service itself: each waits for the one before.
#[test]
fn commands_that_run_at_once_do_their_work_one_after_the_other() {
    if !other_times() {
        return;
    }
    for service in services() {
        at(&service, "2026-12-05 09:14:27", "admin platform add spark Spark");
        three_at_once(&service, "2026-12-05 09:16:43", "edition commit");
        let key = at(&service, "2026-12-05 09:17:00", "edition key").trim().to_owned();
        three_at_once(&service, "2027-01-04 10:02:11", "edition build 2026-q4");
        three_at_once(&service, "2027-02-19 08:00:09", "edition publish 2026-q4");
        audited(&service, &key, "2026-q4", 1);
        let manifest = json(&service.data().join("editions/2026-q4/manifest.json"));
        assert_eq!(manifest["build_attempts"].as_array().unwrap().len(), 3);
        let again = refused_at(&service, "2027-02-19 08:02:00", "edition build 2026-q4");
        assert!(again.contains("2026-q4 is published; see `recourse edition replace"), "{again}");
    }
}

#[test]
fn a_command_that_waits_says_so_and_a_killed_one_holds_up_nobody() {
    let service = Service::new(None);
    actix_web::rt::System::new().block_on(async { drop(service.open().await) });
    let turn = service.data().join("editions/.turn");
    fs::create_dir_all(turn.parent().unwrap()).unwrap();
    // Another process has the turn, says nothing, and does not end by itself.
    let mut holder = Command::new("flock");
    let mut holder = holder.arg("-o").arg(&turn).args(["-c", "echo held; cat"]);
    holder = holder.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut holder = holder.spawn().unwrap();
    let mut held = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut held).unwrap();
    assert_eq!(held, "held\n");
    let mut waiting =
        service.command(&["edition", "commit"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(waiting.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("somebody else works on the editions: waiting"), "{line}");
    assert!(waiting.try_wait().unwrap().is_none());
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(waiting.wait().unwrap().success());
    assert!(service.data().join("editions/calendar.json").exists());
}
