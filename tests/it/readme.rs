//! The README as a newcomer follows it: its blocks are pasted into bash and zsh, beside a running demo.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::process::{Service, pause};

/// The shells, as an interactive one is started: they read comments, `!` and globs in their own ways then.
const SHELLS: [(&str, &[&str]); 2] = [("bash", &["--norc", "--noprofile", "-i"]), ("zsh", &["-f", "-i"])];

/// The README's blocks from the first report to what the public sees, as one text for a shell.
fn blocks() -> String {
    let text = include_str!("../../README.md");
    let from = text.find("## A first report").unwrap();
    let until = text.find("## The whole way").unwrap();
    let blocks = text[from..until].split("```bash\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.collect()
}

#[test]
fn no_block_needs_comments_which_an_interactive_zsh_does_not_know() {
    let text = include_str!("../../README.md");
    for block in text.split("```bash\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        let commented = block.lines().find(|line| line.trim_start().starts_with('#') || line.contains(" # "));
        assert_eq!(commented, None);
    }
}

#[test]
fn its_blocks_do_what_they_say_in_bash_and_in_zsh() {
    let found = |shell: &str| Command::new(shell).arg("-c").arg("exit").status().is_ok();
    let shells: Vec<_> = SHELLS.into_iter().filter(|(shell, _)| found(shell)).collect();
    assert!(shells.len() == 2 || std::env::var_os("CI").is_none(), "scripts/test installs both");
    actix_web::rt::System::new().block_on(async {
        let mut service = Service::new(None);
        service.start_demo(8);
        service.ready().await;
        let note = service.data().join("demo.json");
        for _ in 0..600 {
            if std::fs::read_to_string(&note).is_ok_and(|text| text.contains("webhook_secret")) {
                break;
            }
            pause(Duration::from_millis(100)).await;
        }
        // The published editions are read after the start.
        let reader = service.caller("");
        let calendar = format!("{}/transparency/calendar.json", reader.base);
        for _ in 0..600 {
            if reader.http.get(&calendar).send().await.is_ok_and(|answer| answer.status() == 200) {
                break;
            }
            pause(Duration::from_millis(100)).await;
        }
        let _ = std::os::unix::fs::symlink(service.data(), service.data().with_file_name("recourse-demo"));
        // A one-time code works once, so each shell has a colleague of its own.
        for ((shell, arguments), colleague) in shells.into_iter().zip(["amina", "lena"]) {
            let seen = paste(&service, (shell, arguments), &blocks().replace("amina", colleague));
            for part in [
                "\"slug\": \"spark\"",
                "201 Created",
                "idempotency-replayed: true",
                "\"type\":\"report.received\"",
                "[\"emergency\",",
                "\"queue\":\"stalking_violence\"",
                "\"words\": \"He waits outside my office.",
                "{\"state\":\"in_review\"}",
                "{\"action\":\"preserve_evidence\",\"state\":\"done\",\"answered_at\":\"2",
                "{\"action\":\"hide_account\",\"state\":\"done\",\"answered_at\":\"2",
                "{\"state\":\"sent\",\"waits_for\":[{\"phase\":\"receipt\"",
                "\"next\":\"receipt\",\"next_by\":\"2",
                "{\"state\":\"received\",\"next\":\"answer\",\"to\":\"Jo\",\"sheet\":\"Say that you call about the allotment.\"}",
                "{\"state\":\"contacted\",\"next\":\"next_word\"",
                "{\"state\":\"closed\"}",
                "{\"state\":\"closed\",\"outcome\":\"platform_acted\"}",
                "{\"status\":\"closed\",\"outcome\":\"platform_acted\"}",
                "8 editions, 0 flaws: every file is as it was published",
                "\"platform\":",
            ] {
                assert!(seen.contains(part), "{shell}: {part} is not in\n{seen}");
            }
            for part in ["\"problem\":", "jq: error", "not found", "no matches", "parse error", "curl: ("] {
                assert!(!seen.contains(part), "{shell}: {part} is in\n{seen}");
            }
            // A problem is shown in place of what was wanted.
            let wrong =
                "token=gone\nplatform $base/v1/requests | show '.data[]'\nplatform $base/v1/requests | pick .id\n";
            let first = blocks().split("totp()").next().unwrap().to_owned();
            let declared = blocks().split("platform() {").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
            let declared = format!("platform() {{{}", declared.split("platform \"$base").next().unwrap());
            let seen = paste(&service, (shell, arguments), &format!("{first}\n{declared}\n{wrong}"));
            assert!(seen.contains("{\"problem\":\"credential_invalid\""), "{shell}: {seen}");
            assert!(seen.contains("credential_invalid: It is wrong"), "{shell}: {seen}");
        }
    });
}

/// What a shell shows of a text that is pasted into it.
fn paste(service: &Service, (shell, arguments): (&str, &[&str]), text: &str) -> String {
    let mut command = Command::new(shell);
    command
        .args(arguments)
        .current_dir(service.data().parent().unwrap())
        .env("RECOURSE", env!("CARGO_BIN_EXE_recourse"));
    command.env("PS1", "").env("PS2", "").env("HISTFILE", "/dev/null");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The binary that was just built stands for the one that the README builds.
    let cargo = "cargo() { while [ \"$1\" != -- ]; do shift; done; shift; \"$RECOURSE\" \"$@\"; }\n";
    child.stdin.take().unwrap().write_all(format!("{cargo}{text}\nexit\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
