//! A real mail server for tests, in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

/// A mail as it arrived.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) id: String,
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// A running mail server.
#[derive(Debug)]
pub(crate) struct MailServer {
    child: Child,
    pub(crate) port: u16,
    file: PathBuf,
    _dir: tempfile::TempDir,
}

/// The Python that `scripts/test` prepares, with the mail server in it. Without it the test is left out, and says so;
/// where everything must run, its absence is a failure.
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/bin/python");
    let works = Command::new(&python).args(["-c", "import aiosmtpd"]).output().is_ok_and(|out| out.status.success());
    assert!(
        works || std::env::var_os("CI").is_none(),
        "no mail server for tests: run ./scripts/test, which installs it"
    );
    if !works {
        eprintln!("left out: no mail server for tests in target/test-tools; ./scripts/test installs it");
    }
    works.then_some(python)
}

impl MailServer {
    /// Starts a server on a free port; nothing where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("mails");
        let (child, port) = spawn(&python()?, &file, 0);
        Some(Self { child, port, file, _dir: dir })
    }

    /// Stops it, as a machine that goes away.
    pub(crate) fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same port.
    pub(crate) fn restart(&mut self) {
        (self.child, _) = spawn(&python().unwrap(), &self.file, self.port);
    }

    /// What has arrived since it was first started.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Has it say something of its own at a step: `AUTH 535 5.7.8 not now`; nothing has it work again.
    pub(crate) fn say(&self, says: &str) {
        let mut file = self.file.clone().into_os_string();
        file.push(".says");
        std::fs::write(file, says).unwrap();
    }

    /// The setting that has mail sent here.
    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }
}

fn spawn(python: &Path, file: &Path, port: u16) -> (Child, u16) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/harness/smtp_server.py");
    let mut child = Command::new(python)
        .arg(script)
        .arg(file)
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().parse().unwrap())
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
