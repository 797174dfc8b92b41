//! Clients that generators make of the API document are built and walk through a whole report, and linters find nothing
//! in it.
//!
//! `scripts/test` installs the generators and linters at fixed versions into `target/api-tools`; the programs stand in
//! `tests/clients`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use recourse::base::secret::Sensitive;
use recourse::domain::people::door;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::{self, NewMember, Role};
use recourse::domain::terms::Mode;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::contract::DOCUMENT;
use crate::harness::receiver::{Manner, Message, Receiver};
use crate::harness::{World, on_both_with};
use crate::webhooks::over_loopback;

const PASSWORD: &str = "correct horse battery";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the tools are, or nothing where they were not installed and need not be.
fn tools() -> Option<PathBuf> {
    let place = root().join("target/api-tools");
    if place.join("versions").is_file() {
        return Some(place);
    }
    assert!(std::env::var_os("CI").is_none(), "scripts/test installs what makes clients of the API document");
    let told = "no clients were made of the API document (scripts/test installs the generators)\n";
    crate::harness::say(told);
    None
}

/// A program of the tools.
fn tool(place: &Path, name: &str) -> Command {
    let mut command = Command::new(place.join(name));
    // The Python generator tidies up with `ruff`, which stands beside it.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", place.join("python/bin").display()));
    command.env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true").current_dir(root());
    command
}

#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}\n{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// The two programs with the clients they stand on, made anew from the document of this repository.
fn programs(place: &Path) -> [Command; 2] {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let made = place.join("made");
        let _ = fs::remove_dir_all(&made);
        fs::create_dir_all(&made).unwrap();
        for file in ["walk.ts", "walk.py", "tsconfig.json", "package.json"] {
            fs::copy(root().join("tests/clients").join(file), made.join(file)).unwrap();
        }
        let types = made.join("schema.d.ts");
        let document = "openapi/recourse.yaml";
        run(tool(place, "node_modules/.bin/openapi-typescript").arg(document).arg("-o").arg(types));
        run(tool(place, "node_modules/.bin/tsc").arg("-p").arg(&made));
        let package = made.join("recourse_client");
        let told = run(tool(place, "python/bin/openapi-python-client")
            .args(["generate", "--meta", "none", "--path", document, "--output-path"])
            .arg(package));
        assert!(!told.contains("Warning"), "{told}");
        made
    });
    let mut node = Command::new("node");
    node.arg("walk.js").current_dir(made);
    let mut snake = tool(place, "python/bin/python");
    snake.arg("walk.py").current_dir(made);
    [node, snake]
}

/// A colleague who can sign in, with the code of this moment.
async fn colleague(world: &World, username: &'static str) -> Value {
    let secret = door::new_secret();
    let password_hash = world.app.passwords.hash(Sensitive::new(PASSWORD.to_owned())).await.unwrap();
    let totp_secret = secret.clone();
    let role = Role::Advocate;
    let new = NewMember {
        username: username.to_owned(),
        role,
        queues: Vec::new(),
        password_hash,
        is_given: false,
        totp_secret,
        same_person_as: None,
    };
    world.app.write(TEST, move |tx| staff::add(tx, new)).await.unwrap();
    let seconds = u64::try_from(world.clock.now().seconds()).unwrap();
    let code = door::code_at(&secret, seconds).unwrap();
    json!({"username": username, "password": PASSWORD, "code": code})
}

#[test]
fn generated_clients_walk_through_a_whole_report() {
    let Some(place) = tools() else { return };
    on_both_with(over_loopback, |world| {
        let place = place.clone();
        async move {
            let receiver = Receiver::start(Manner::Answer(204, "")).await;
            for (mut program, name) in programs(&place).into_iter().zip(["tess", "pia"]) {
                world.pass(60);
                let new = world.credential("spark", Mode::Live, Scope::ALL).await;
                let mut told = colleague(&world, name).await;
                told["base"] = json!(world.base);
                told["client"] = json!(new.client.to_string());
                told["secret"] = json!(new.secret.expose());
                told["hook"] = json!(format!("http://127.0.0.1:{}/{name}", receiver.port));
                program.env("TOLD", told.to_string());
                let said = tokio::task::spawn_blocking(move || run(&mut program)).await.unwrap();
                assert_eq!(said.trim(), "walked", "{name}");
            }
            world.deliver().await;
            let kinds: Vec<String> = receiver.messages().iter().map(Message::kind).collect();
            assert!(kinds.contains(&"webhook.challenge".to_owned()), "{kinds:?}");
        }
    });
}

/// A service that is newer than a client has codes, types and members that the client does not know.
#[test]
fn generated_clients_live_on_with_what_they_do_not_know() {
    let Some(place) = tools() else { return };
    actix_web::rt::System::new().block_on(async {
        let problem = json!({
            "type": "/problems#of_tomorrow", "title": "New", "status": 401, "detail": "New.", "instance": "0",
            "code": "of_tomorrow", "errors": [{"pointer": "", "code": "new", "detail": "New.", "more": 1}],
            "retryable": false, "hint": {"new": true},
        });
        let nil = "0".repeat(26);
        let entry = |kind: &str| {
            json!({
                "id": format!("evt_{nil}"), "type": kind, "timestamp": "2026-11-21T19:04:02.123Z", "new": [1],
                "data": {"id": format!("rep_{nil}"), "sequence": 1, "report_id": format!("rep_{nil}"), "new": null},
            })
        };
        let events =
            json!({"data": [entry("report.of_tomorrow"), entry("report.received")], "has_more": false, "new": 1});
        let refusing = Receiver::start(Manner::Say(401, problem.to_string())).await;
        let telling = Receiver::start(Manner::Say(200, events.to_string())).await;
        for mut program in programs(&place) {
            program.env("PROBLEM", format!("http://127.0.0.1:{}", refusing.port));
            program.env("EVENTS", format!("http://127.0.0.1:{}", telling.port));
            let said = tokio::task::spawn_blocking(move || run(&mut program)).await.unwrap();
            assert_eq!(said.lines().collect::<Vec<_>>(), ["of_tomorrow", "report.of_tomorrow report.received"]);
        }
    });
}

#[test]
fn linters_find_nothing() {
    let Some(place) = tools() else { return };
    let document = "openapi/recourse.yaml";
    run(tool(&place, "node_modules/.bin/spectral").args([
        "lint",
        "--fail-severity=hint",
        "--ruleset=tests/clients/spectral.yaml",
        document,
    ]));
    let said = run(tool(&place, "node_modules/.bin/redocly").args([
        "lint",
        "--format=json",
        "--config=tests/clients/redocly.yaml",
        document,
    ]));
    let found: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(found["totals"], json!({"errors": 0, "warnings": 0, "ignored": 0}), "{said}");
}

/// Readers of YAML 1.1 and of 1.2 read what is served as JSON.
#[test]
fn every_reader_of_yaml_reads_the_same() {
    const READ: &str = "import json, sys
from ruamel.yaml import YAML
yaml = YAML(typ='safe', pure=True)
yaml.version = sys.argv[1]
assert yaml.load('- yes') == [sys.argv[1] == '1.1' or 'yes']
print(json.dumps(yaml.load(open('openapi/recourse.yaml')), default=str))";
    let Some(place) = tools() else { return };
    for version in ["1.1", "1.2"] {
        let read = run(tool(&place, "python/bin/python").args(["-c", READ, version]));
        assert!(serde_json::from_str::<Value>(&read).unwrap() == *DOCUMENT, "YAML {version} reads something else");
    }
}
