//! The command line as a shell uses it: pipes that close, full disks, names that stand for nothing, files that
//! spreadsheets saved, listings for scripts.

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use recourse::domain::people::platforms;
use recourse::domain::people::staff;
use serde_json::json;

use crate::harness::client::small;
use crate::harness::process::{Service, attempt};
use crate::harness::{Database, World, databases, fresh_database, on_both};

/// Runs a command against a world's database.
pub(crate) fn recourse(world: &World, arguments: &[&str], typed: &str) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_recourse"));
    command.args(arguments).arg("--data").arg(world.dir()).current_dir(world.dir());
    if let Some(url) = &world.config.database_url {
        command.env("RECOURSE_DATABASE_URL", url.expose());
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that has read enough reads no further.
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
    child.wait_with_output().unwrap()
}

/// What a command that does its work says.
#[track_caller]
pub(crate) fn said(world: &World, arguments: &[&str]) -> String {
    let output = recourse(world, arguments, "");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that is refused says.
#[track_caller]
pub(crate) fn refused(world: &World, arguments: &[&str]) -> String {
    let output = recourse(world, arguments, "");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{arguments:?}: {told}");
    assert!(!told.contains("panicked") && !told.contains("constraint"), "{told}");
    told
}

/// The rest of the line that begins so.
#[track_caller]
pub(crate) fn line<'t>(text: &'t str, name: &str) -> &'t str {
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in {text}")).trim()
}

/// A pipe whose reader has gone already.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// A command as a shell runs it, with its output sent elsewhere.
fn in_shell(command: &Command, arguments: &[&str], to: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec \"$@\" {to}"), "sh"]).arg(command.get_program());
    shell.args(arguments).args(command.get_args()).stdin(Stdio::null());
    shell.current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// Services on each database.
fn services() -> Vec<Service> {
    let url = |database| match database {
        Database::Sqlite => None,
        Database::Postgres => Some(fresh_database()),
    };
    databases().into_iter().map(|database| Service::new(url(database))).collect()
}

#[test]
fn a_reader_that_goes_away_ends_each_command_quietly() {
    actix_web::rt::System::new().block_on(async {
        let service = Service::new(None);
        let _ = service.credential("spark").await;
        let all: [&[&str]; 11] = [
            &["openapi"],
            &["check"],
            &["check", "--json"],
            &["migrate", "status"],
            &["admin", "roles"],
            &["admin", "platform", "list"],
            &["admin", "platform", "list", "--json"],
            &["admin", "rota", "list"],
            &["admin", "outbox", "status"],
            &["admin", "client", "add", "spark"],
            &["edition", "key"],
        ];
        for arguments in all {
            let output = service.command(arguments).stdout(closed()).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!((output.status.code(), &*told), (Some(141), ""), "{arguments:?}");
            let output = service.command(arguments).stdout(File::create("/dev/full").unwrap()).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!((output.status.code(), told.lines().count()), (Some(1), 1), "{arguments:?}: {told}");
            assert!(told.contains("the standard output cannot be written to"), "{arguments:?}: {told}");
        }
        for arguments in [&["--help"][..], &["admin", "staff", "--help"], &["no-such-thing"]] {
            let output = service.command(arguments).stdout(closed()).stderr(closed()).output().unwrap();
            assert!(matches!(output.status.code(), Some(0 | 2 | 141)), "{arguments:?}: {:?}", output.status);
        }
    });
}

#[test]
fn a_secret_that_nobody_heard_voids_none() {
    actix_web::rt::System::new().block_on(async {
        for mut service in services() {
            let new = service.credential("spark").await;
            let id = new.client.to_string();
            let made = service.run(&["admin", "staff", "add", "noor", "--role", "advocate"]);
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            let app = service.open().await;
            let stored = || async {
                let read = app.read(|rx| {
                    let clients = platforms::list(rx)?.into_iter().map(|(_, clients)| clients.len()).sum::<usize>();
                    let hash = staff::account(rx, "noor")?.unwrap().password_hash;
                    Ok((clients, staff::list(rx)?.len(), hash))
                });
                read.await.unwrap()
            };
            let before = stored().await;
            let all: [&[&str]; 4] = [
                &["admin", "client", "rotate", &id],
                &["admin", "client", "add", "spark"],
                &["admin", "staff", "add", "lea", "--role", "lead"],
                &["admin", "staff", "reset", "noor"],
            ];
            for arguments in all {
                let output = service.command(arguments).stdout(closed()).output().unwrap();
                assert_eq!(output.status.code(), Some(141), "{}", String::from_utf8_lossy(&output.stderr));
                let full = File::create("/dev/full").unwrap();
                assert_eq!(service.command(arguments).stdout(full).output().unwrap().status.code(), Some(1));
                // Whoever closes the output, or throws it away, would have heard nothing either.
                for nowhere in [">&-", ">/dev/null", "1</dev/null"] {
                    let output = in_shell(&service.command(&[]), arguments, nowhere).output().unwrap();
                    let told = String::from_utf8_lossy(&output.stderr).into_owned();
                    assert_eq!(output.status.code(), Some(1), "{arguments:?} {nowhere}: {told}");
                    assert!(told.contains("nobody would have the secret"), "{arguments:?} {nowhere}: {told}");
                }
                assert_eq!(stored().await, before, "{arguments:?}");
            }
            service.up().await;
            service.sign_in(&new).await.submit(&small("UNHEARD-1")).await;
            // Once it is heard, it counts: the secret stands in the first line.
            let heard = String::from_utf8(service.run(&["admin", "client", "rotate", &id]).stdout).unwrap();
            let secret = heard.lines().next().unwrap().strip_prefix("client_secret:").unwrap().trim();
            let token = |secret: &str| {
                let form = [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", secret)];
                let body = form.map(|(name, value)| format!("{name}={value}")).join("&");
                let request = service.http.post(format!("{}/oauth/token", service.base)).body(body);
                attempt(request.header("Content-Type", "application/x-www-form-urlencoded"))
            };
            assert_eq!(token(secret).await.unwrap().status, 200);
            assert_eq!(token(new.secret.expose()).await.unwrap().status, 401);
        }
    });
}

#[test]
fn the_service_goes_on_when_nobody_reads_its_log() {
    actix_web::rt::System::new().block_on(async {
        let mut service = Service::new(None);
        service.start_unheard();
        service.ready().await;
        for _ in 0..4 {
            let request = service.http.get(format!("{}/v1/status", service.base));
            assert_eq!(attempt(request).await.unwrap().status, 401);
        }
    });
}

#[test]
fn a_service_that_is_told_to_stop_stops_without_a_complaint() {
    actix_web::rt::System::new().block_on(async {
        for mut service in services() {
            service.set("RECOURSE_MAIL__URL", "smtp://127.0.0.1:1");
            service.up().await;
            let status = service.terminate();
            assert!(status == Some(0) && !service.said().contains("panicked"), "{status:?} {}", service.said());
        }
    });
}

#[test]
fn scopes_of_a_credential_change_and_hold_at_once() {
    on_both(|world| async move {
        said(&world, &["admin", "platform", "add", "spark", "Spark"]);
        let made = said(&world, &["admin", "client", "add", "spark"]);
        let id = line(&made, "client_id:").to_owned();
        let form =
            format!("grant_type=client_credentials&client_id={id}&client_secret={}", line(&made, "client_secret:"));
        let token = || async {
            let request = world.http.post(format!("{}/oauth/token", world.base)).body(form.clone());
            let request = request.header("Content-Type", "application/x-www-form-urlencoded");
            let answer = attempt(request).await.unwrap().expect(200).json();
            world.caller(answer["access_token"].as_str().unwrap())
        };
        let spark = token().await;
        spark.get("/v1/webhook-endpoints").await.expect(200);
        let answer = said(&world, &["admin", "client", "scopes", &id, "reports:write, reports:read"]);
        assert!(answer.starts_with("changed: reports:write reports:read\n"), "{answer}");
        assert_eq!(spark.get("/v1/webhook-endpoints").await.expect(403).code(), "scope_missing");
        assert_eq!(
            spark.get("/v1/status").await.expect(200).json()["scopes"],
            json!(["reports:write", "reports:read"])
        );
        spark.post("/v1/reports", &small("SC-1")).await.expect(201);
        assert_eq!(token().await.get("/v1/requests").await.expect(403).code(), "scope_missing");
        said(&world, &["admin", "client", "scopes", &id, "requests:write"]);
        assert_eq!(spark.post("/v1/reports", &small("SC-2")).await.expect(403).code(), "scope_missing");
        token().await.get("/v1/requests").await.expect(200);
        for (scopes, told) in
            [("reports:wirte", "`reports:wirte` is none; use reports:write"), (" ,", "name at least one of")]
        {
            let answer = refused(&world, &["admin", "client", "scopes", &id, scopes]);
            assert!(answer.contains(told), "{answer}");
            let answer = refused(&world, &["admin", "client", "add", "spark", "--scopes", scopes]);
            assert!(answer.contains(told), "{answer}");
        }
        said(&world, &["admin", "client", "revoke", &id]);
        let answer = refused(&world, &["admin", "client", "scopes", &id, "reports:read"]);
        assert!(answer.contains(&id) && answer.contains("admin platform list"), "{answer}");
    });
}

#[test]
fn the_second_factor_comes_as_authenticator_apps_read_it() {
    on_both(|world| async move {
        for name in ["noor", "no.or@example.org"] {
            for arguments in
                [&["admin", "staff", "add", name, "--role", "advocate"][..], &["admin", "staff", "reset", name]]
            {
                let made = said(&world, arguments);
                let url = line(&made, "otpauth:");
                let label = name.replace('@', "%40");
                assert!(url.starts_with(&format!("otpauth://totp/Recourse:{label}?")), "{url}");
                let secret = line(&made, "totp secret:").split(' ').next().unwrap();
                assert!(url.contains(&format!("secret={secret}")) && url.contains("issuer=Recourse"), "{url}");
                world.pass(60);
                let seconds = u64::try_from(world.clock.now().seconds()).unwrap();
                let code = totp_rs::Totp::from_url(url).unwrap().generate(seconds).to_string();
                let (given, chosen) = (line(&made, "password:"), "copper kettle on the stove");
                let body = json!({"username": name, "password": given, "code": code, "new_password": chosen});
                world.caller("").post("/v1/triage/sessions", &body).await.expect(200);
            }
        }
    });
}

#[test]
fn an_input_that_ends_before_it_began_takes_no_address_away() {
    on_both(|world| async move {
        said(&world, &["admin", "staff", "add", "noor", "--role", "advocate"]);
        let mail = |typed: &str| {
            let output = recourse(&world, &["admin", "rota", "mail", "noor"], typed);
            String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
        };
        assert_eq!(mail("noor@staff.example\n"), "set; it is kept sealed\n");
        assert!(mail("").contains("value: type it, or pipe it in"));
        assert!(mail(&"a".repeat(1 << 16)).contains("no mail address"));
        let address = world.app.read(move |rx| {
            let noor = staff::account(rx, "noor")?.unwrap().member.id;
            staff::mail_of(rx, &noor)
        });
        assert_eq!(address.await.unwrap().unwrap().expose(), "noor@staff.example");
        assert_eq!(mail("\n"), "taken away\n");
        let output = recourse(&world, &["admin", "staff", "declare", "noor", "--kind", "handle"], "");
        assert_eq!(output.status.code(), Some(1));
    });
}

#[test]
fn what_stands_for_nothing_is_named_and_nothing_is_shown_raw() {
    on_both(|world| async move {
        said(&world, &["admin", "platform", "add", "spark", "Spark"]);
        said(&world, &["admin", "staff", "add", "noor", "--role", "advocate"]);
        let nobody = format!("plc_{}", "0".repeat(26));
        let all: [(&[&str], &str); 14] = [
            (
                &["admin", "client", "add", "sprak"],
                "platform: there is none called `sprak`; see `recourse admin platform list`",
            ),
            (&["admin", "client", "rotate", &nobody], "admin platform list"),
            (&["admin", "client", "revoke", &nobody], &nobody),
            (
                &["admin", "staff", "reset", "nour"],
                "account: there is none called `nour`; see `recourse admin staff list`",
            ),
            (&["admin", "staff", "close", "nour"], "`nour`"),
            (&["admin", "staff", "queues", "nour", "fraud"], "`nour`"),
            (&["admin", "staff", "queues", "noor", "fruad"], "`fruad`"),
            (&["admin", "staff", "add", "lea", "--role", "Leiterin"], "`Leiterin`"),
            (&["admin", "staff", "declare", "noor", "--kind", "fax"], "`fax`"),
            (
                &["admin", "rota", "add", "nour", "--from", "2099-01-01T00:00Z", "--until", "2099-01-02T00:00Z"],
                "`nour`",
            ),
            (
                &["admin", "rota", "add", "noor", "--from", "tonight", "--until", "2099-01-02T00:00Z"],
                "from: `tonight` is no time",
            ),
            (&["admin", "rota", "remove", &format!("shf_{}", "0".repeat(26))], "admin rota list"),
            (&["admin", "platform", "add", "spark", "Spark"], "is taken"),
            (&["admin", "staff", "close", "\u{1b}[2J\u{202e}x"], "`\\u{1b}[2J\\u{202e}x`"),
        ];
        for (arguments, told) in all {
            let answer = refused(&world, arguments);
            assert!(answer.contains(told), "{arguments:?}: {answer}");
        }
        for (name, kind, typed, told) in [
            ("noor", "account", "sprak u_1\n", "platform: there is none of the name before the space"),
            ("nour", "account", "spark u_1\n", "account: there is none called `nour`"),
            ("nour", "handle", "jay_1990\n", "account: there is none called `nour`"),
        ] {
            let output = recourse(&world, &["admin", "staff", "declare", name, "--kind", kind], typed);
            let answer = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code() == Some(1) && answer.contains(told), "{answer}");
        }
        for (arguments, told) in [
            (&["admin", "client", "rotate", "xyz"], "see `recourse admin platform list`"),
            (&["admin", "rota", "remove", "xyz"], "see `recourse admin rota list`"),
        ] {
            let output = recourse(&world, arguments, "");
            let answer = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code() == Some(2) && answer.contains(told), "{answer}");
        }
        let app = Arc::clone(&world.app);
        assert_eq!(app.read(platforms::list).await.unwrap().len(), 1);
    });
}
