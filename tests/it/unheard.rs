//! Changes that were made and could not be told of: they stand, and the command says that they do.

use std::fs::File;
use std::io::Write as _;
use std::process::Stdio;

use recourse::domain::people::platforms;
use recourse::domain::people::staff;

use crate::editions::said;
use crate::publishing::services;

#[test]
fn a_change_that_cannot_be_told_of_stands_and_says_so() {
    for service in services() {
        let run = |arguments: &[&str]| {
            let output = service.run(arguments);
            assert!(output.status.success(), "{}", said(&output));
            said(&output)
        };
        for name in ["noor", "lea", "amina"] {
            run(&["admin", "staff", "add", name, "--role", "advocate"]);
        }
        run(&["admin", "platform", "add", "spark", "Spark"]);
        let made = run(&["admin", "client", "add", "spark"]);
        let client = made.lines().find_map(|line| line.strip_prefix("client_id:")).unwrap().trim().to_owned();
        let (from, until) = ("2026-12-01T18:00:00Z", "2026-12-02T06:00:00Z");
        let all: [&[&str]; 9] = [
            &["admin", "staff", "role", "lea", "lead"],
            &["admin", "staff", "queues", "noor", "emergency,fraud,emergency"],
            &["admin", "rota", "add", "noor", "--from", from, "--until", until],
            &["admin", "staff", "declare", "noor", "--kind", "handle"],
            &["admin", "staff", "close", "amina"],
            &["admin", "platform", "add", "ember", "Ember"],
            &["admin", "client", "scopes", &client, "reports:write"],
            &["admin", "client", "revoke", &client],
            &["edition", "commit"],
        ];
        for arguments in all {
            let mut command = service.command(arguments);
            command.stdin(Stdio::piped()).stdout(File::create("/dev/full").unwrap()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let _ = child.stdin.take().unwrap().write_all(b"jay_1990\n");
            let output = child.wait_with_output().unwrap();
            let told = said(&output);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
            assert!(told.contains("it is done, but the standard output cannot be written to"), "{arguments:?}: {told}");
            assert!(!told.contains("nothing was changed"), "{arguments:?}: {told}");
        }
        let kept = async {
            let app = service.open().await;
            app.read(|rx| Ok((staff::list(rx)?, platforms::list(rx)?))).await.unwrap()
        };
        let (accounts, apps) = actix_web::rt::System::new().block_on(kept);
        let names: Vec<&str> = accounts.iter().map(|account| account.username.as_str()).collect();
        assert_eq!(names, ["lea", "noor"]);
        assert_eq!((accounts[0].role.as_str(), accounts[1].queues.len()), ("lead", 2), "a queue is kept once");
        assert_eq!(apps.len(), 2);
        assert!(apps.iter().flat_map(|(_, clients)| clients).all(|client| client.revoked_at.is_some()));
        assert!(service.data().join("editions/calendar.json").exists());
        assert!(run(&["admin", "rota", "list"]).contains("noor"));
    }
}
