//! The service as a process of its own, which a test may kill and start again on the same data.

use super::TEST;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use recourse::app::{self, App};
use recourse::base::secret::Sensitive;
use recourse::base::time::Clock;
use recourse::config::Config;
use recourse::domain::people::door;
use recourse::domain::people::platforms::{self, NewCredential, Scope};
use recourse::domain::people::staff::{self, NewMember, Role};
use recourse::domain::terms::Mode;
use recourse::domain::triage::Queue;
use reqwest::Method;
use tempfile::TempDir;

use super::client::{Answer, Caller, Platform};
use super::postgres::free_ports;

const PROGRAM: &str = env!("CARGO_BIN_EXE_recourse");

/// The service as the binary runs it.
pub(crate) struct Service {
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    /// Written by the process's standard error; every start appends.
    pub(crate) log: PathBuf,
    dir: TempDir,
    address: String,
    database_url: Option<String>,
    settings: Vec<(String, String)>,
    child: Option<Child>,
}

impl Service {
    /// A service that does not run yet, on a directory of its own, and on `SQLite` unless there is a URL.
    pub(crate) fn new(database_url: Option<String>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", free_ports().next().unwrap());
        let mut service = Self {
            base: format!("http://{address}"),
            http: reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap(),
            log: dir.path().join("log.txt"),
            dir,
            address,
            database_url: None,
            settings: Vec::new(),
            child: None,
        };
        for limit in ["INGEST", "READ", "BULK", "TOKEN", "STAFF", "PORTAL"] {
            service.set(&format!("RECOURSE_LIMITS__{limit}"), "100000");
        }
        service.set("RECOURSE_WORKERS", "2");
        service.database_url = database_url;
        service
    }

    /// Sets a variable of the process's environment.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// The database's URL, when it is on a server.
    pub(crate) fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    /// The data directory: everything that the service writes, and nothing else.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The binary with these arguments, run by `program`.
    fn prepared(&self, command: Command, arguments: &[&str]) -> Command {
        self.prepared_at(&self.data(), command, arguments)
    }

    fn prepared_at(&self, data: &Path, mut command: Command, arguments: &[&str]) -> Command {
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("RECOURSE_")) {
                command.env_remove(name);
            }
        }
        command.args(arguments).arg("--data").arg(data).args(["--listen", &self.address]);
        command.current_dir(self.dir.path()).stdin(Stdio::null());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        if let Some(url) = &self.database_url {
            command.env("RECOURSE_DATABASE_URL", url);
        }
        command
    }

    /// Runs another command of the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.prepared(Command::new(PROGRAM), arguments).output().unwrap()
    }

    /// Runs another command to its end, on a machine whose clock began at this time (`2027-01-03 10:00:00`, UTC) and goes
    /// on from there: nothing else is different from everyday use.
    pub(crate) fn run_at(&self, time: &str, arguments: &[&str]) -> Output {
        self.command_at(time, arguments).output().unwrap()
    }

    /// The same, not yet run.
    pub(crate) fn command_at(&self, time: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("faketime");
        command.args(["-f", &format!("@{time}"), PROGRAM]).env("TZ", "UTC").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        self.prepared(command, arguments)
    }

    /// The most memory that the process has taken so far, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let process = self.child.as_ref().unwrap().id();
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Another command of the binary, not yet run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.prepared(Command::new(PROGRAM), arguments)
    }

    /// Starts the process with a log whose reader has gone, as when `… 2>&1 | tee` was ended.
    pub(crate) fn start_unheard(&mut self) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = self.prepared(Command::new(PROGRAM), &["serve"]);
        self.child = Some(command.stdout(Stdio::null()).stderr(writer).spawn().unwrap());
    }

    /// Runs a command that must fail within a few seconds. What it says.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        self.refused_at(&self.data(), arguments)
    }

    /// The same, with another data directory.
    #[track_caller]
    pub(crate) fn refused_at(&self, data: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new("timeout");
        command.args(["20", PROGRAM]);
        refusal(self.prepared_at(data, command, arguments))
    }

    /// The same, as another user, whom only root can be.
    #[track_caller]
    pub(crate) fn refused_as(&self, user: u32, arguments: &[&str]) -> String {
        let mut command = Command::new("timeout");
        command.args(["20", PROGRAM]).uid(user).gid(user);
        refusal(self.prepared(command, arguments))
    }

    /// Starts the process, and does not wait for it.
    pub(crate) fn start(&mut self) {
        let command = self.prepared(Command::new(PROGRAM), &["serve"]);
        self.spawn(command);
    }

    /// Starts the demo with so many reports, and does not wait for it.
    pub(crate) fn start_demo(&mut self, reports: u32) {
        let command = self.prepared(Command::new(PROGRAM), &["demo", "--reports", &reports.to_string()]);
        self.spawn(command);
    }

    /// Starts the process so that no file of it can grow beyond `kib`: the way a full disk looks.
    pub(crate) fn start_with_file_limit(&mut self, kib: u64) {
        let mut command = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kib * 2);
        command.args(["-c", &script, "sh", PROGRAM]);
        let command = self.prepared(command, &["serve"]);
        self.spawn(command);
    }

    fn spawn(&mut self, mut command: Command) {
        assert!(self.child.is_none(), "the service runs already");
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        self.child = Some(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
    }

    /// Waits until the service answers.
    pub(crate) async fn ready(&mut self) {
        let begin = now();
        while self.http.get(format!("{}/healthz", self.base)).send().await.is_err() {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "the service ended:\n{}", self.said());
            assert!(begin.elapsed() < Duration::from_mins(2), "the service does not answer:\n{}", self.said());
            pause(Duration::from_millis(5)).await;
        }
    }

    /// Starts the process and waits until it answers.
    pub(crate) async fn up(&mut self) {
        self.start();
        self.ready().await;
    }

    /// Ends the process by SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Ends the process as a supervisor does. Its status.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let mut child = self.child.take().unwrap();
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        child.wait().unwrap().code()
    }

    /// What the process wrote to its standard error.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The same service inside the test, for what has no HTTP call.
    pub(crate) async fn open(&self) -> Arc<App> {
        self.open_at(Clock::machine(), |_| {}).await
    }

    /// The same, with a clock and settings of its own.
    pub(crate) async fn open_at(&self, clock: Clock, settings: impl FnOnce(&mut Config)) -> Arc<App> {
        let mut config = Config {
            data: self.data(),
            database_url: self.database_url.clone().map(Sensitive::new),
            base_url: Some(self.base.clone()),
            ..Config::default()
        };
        settings(&mut config);
        app::open(config, clock).await.unwrap()
    }

    /// A credential of a new platform.
    pub(crate) async fn credential(&self, slug: &'static str) -> NewCredential {
        let app = self.open().await;
        let made = app.write(TEST, move |tx| {
            let platform = platforms::add(tx, slug, slug)?;
            platforms::add_client(tx, &platform, Mode::Live, Scope::ALL)
        });
        made.await.unwrap()
    }

    /// Signs a credential in; the service must run.
    pub(crate) async fn sign_in(&self, new: &NewCredential) -> Platform {
        let (client_id, client_secret) = (new.client.to_string(), new.secret.expose().clone());
        let mut caller = self.caller("");
        let request = caller
            .request(Method::POST, "/oauth/token")
            .basic_auth(&client_id, Some(&client_secret))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials");
        let answer = Caller::send(request).await.expect(200);
        answer.json()["access_token"].as_str().unwrap().clone_into(&mut caller.token);
        Platform { caller, client_id, client_secret }
    }

    /// A colleague who sees every queue, signed in from inside.
    pub(crate) async fn lead(&self) -> Caller {
        let app = self.open().await;
        let opened = app.write(TEST, move |tx| {
            let new = NewMember {
                username: "lead".to_owned(),
                role: Role::SafeguardingLead,
                queues: Queue::ALL.to_vec(),
                password_hash: "$none$".to_owned(),
                is_given: false,
                totp_secret: door::new_secret(),
                same_person_as: None,
            };
            staff::add(tx, new)?;
            let account = staff::account(tx, "lead")?.unwrap();
            staff::open_session(tx, account, staff::Carrier::Api)
        });
        self.caller(opened.await.unwrap().token.expose())
    }

    pub(crate) fn caller(&self, token: &str) -> Caller {
        Caller { http: self.http.clone(), base: self.base.clone(), token: token.to_owned() }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether commands can be run at another time. `scripts/test` installs what that needs.
pub(crate) fn other_times() -> bool {
    let able = Command::new("faketime").arg("--version").output().is_ok();
    assert!(able || std::env::var_os("CI").is_none(), "scripts/test installs faketime");
    if !able {
        super::say("no command was run at another time (scripts/test installs faketime)\n");
    }
    able
}

/// What a command says that must fail.
#[track_caller]
fn refusal(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty(), "no answer: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

/// The real time: what runs in processes of its own does not know the tests' clock.
#[expect(clippy::disallowed_methods, reason = "bounds a wait for another process")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Lets other processes go on between two looks at them.
#[expect(clippy::disallowed_methods, reason = "between two looks at what another process does, within a bound")]
pub(crate) async fn pause(span: Duration) {
    actix_web::rt::time::sleep(span).await;
}

/// Sends a request that may stay without an answer.
pub(crate) async fn attempt(request: reqwest::RequestBuilder) -> Option<Answer> {
    Caller::try_send(request).await.ok()
}

/// All entries of a list, page by page.
pub(crate) async fn all_pages(caller: &Caller, path: &str) -> Vec<serde_json::Value> {
    let mut all = Vec::new();
    let mut next = format!("{path}?limit=100");
    loop {
        let page = caller.get(&next).await.expect(200).json();
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}?limit=100&cursor={cursor}"),
            None => return all,
        }
    }
}

/// A small random source with a seed that is printed, so that a failure can be run again.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound` (splitmix64).
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}
