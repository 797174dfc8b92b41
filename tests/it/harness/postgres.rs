//! Throw-away PostgreSQL servers for tests.
//!
//! Each server is started and watched by a small shell script, its keeper. The keeper takes its orders from a pipe of
//! which this process holds the only other end, so however this process ends, the keeper reads the end of the pipe,
//! stops the server and deletes its directory.

use std::{
    collections::hash_map::RandomState,
    env, fs,
    hash::{BuildHasher, Hasher},
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError},
};

/// How a server differs from the ordinary one, which is fast because it never waits for the disk.
#[derive(Debug)]
pub(crate) struct ClusterOptions {
    /// Commits wait for the disk, as in production, and the data lies on a disk rather than in memory.
    pub(crate) durable: bool,
    /// No file of the server may grow beyond this, so that writing fails the way a full disk does. The limit is
    /// rounded to end inside a page, which makes PostgreSQL call it a full disk (SQLSTATE 53100).
    pub(crate) file_limit_kib: Option<u64>,
    /// Size of a write-ahead log segment, a power of two. It must stay below the file limit, and is 1 under one.
    pub(crate) wal_segsize_mb: Option<u32>,
    pub(crate) max_connections: u32,
    /// The language in which the server words its errors: a locale that the system has. English when absent.
    pub(crate) language: Option<&'static str>,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self { durable: false, file_limit_kib: None, wal_segsize_mb: None, max_connections: 200, language: None }
    }
}

/// The server that all tests of this process share; every test makes its own database on it.
///
/// `None` when PostgreSQL is not installed or `RECOURSE_TEST_POSTGRES=off`. With `RECOURSE_TEST_POSTGRES=required` a
/// missing PostgreSQL is a failure.
pub(crate) fn cluster() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    SHARED.get_or_init(|| private_cluster(&ClusterOptions::default())).as_ref()
}

/// A server for one test, which may stop, kill and restart it. `None` under the same conditions as [`cluster`].
#[expect(clippy::panic, reason = "an installed server that does not start fails the tests instead of skipping them")]
pub(crate) fn private_cluster(options: &ClusterOptions) -> Option<Cluster> {
    let wish = env::var("RECOURSE_TEST_POSTGRES").unwrap_or_default();
    if wish == "off" {
        return None;
    }
    if installation().is_none() {
        assert!(wish != "required", "RECOURSE_TEST_POSTGRES=required, but {MISSING}");
        return None;
    }
    match Cluster::start(options) {
        Ok(cluster) => Some(cluster),
        Err(problem) => panic!("PostgreSQL did not start: {problem}"),
    }
}

/// A server that words its errors in German, as [`private_cluster`]. `None` also where the system has no such locale, unless
/// `RECOURSE_TEST_POSTGRES=required`.
pub(crate) fn german_cluster() -> Option<Cluster> {
    const GERMAN: &str = "de_DE.UTF-8";
    let known = Command::new("locale").arg("-a").output().map_or(Vec::new(), |output| output.stdout);
    let has = String::from_utf8_lossy(&known).lines().any(|name| name.eq_ignore_ascii_case("de_DE.utf8"));
    if !has {
        let required = env::var("RECOURSE_TEST_POSTGRES").is_ok_and(|wish| wish == "required");
        assert!(!required, "RECOURSE_TEST_POSTGRES=required, but the system has no locale {GERMAN}: see scripts/test");
        return None;
    }
    private_cluster(&ClusterOptions { language: Some(GERMAN), ..ClusterOptions::default() })
}

const MISSING: &str = "no usable initdb and postgres were found on PATH or in /usr/lib/postgresql/*/bin: \
                       install the PostgreSQL server (on Debian: apt-get install postgresql)";

/// A running server. Dropping it stops the server and deletes its data.
#[derive(Debug)]
pub(crate) struct Cluster {
    root: PathBuf,
    data: PathBuf,
    port: u16,
    keeper: Mutex<Keeper>,
}

impl Cluster {
    pub(crate) fn start(options: &ClusterOptions) -> Result<Self, String> {
        let bin = installation().ok_or(MISSING)?;
        let mut keeper = Keeper::spawn(bin, options)?;
        let root = PathBuf::from(keeper.answer()?);
        let failed = |step: &str| format!("{step} failed\n{}", tail(&root));
        if !keeper.order("initialise")? {
            return Err(failed("initdb"));
        }
        for port in free_ports().take(20) {
            if keeper.order(&format!("start {port}"))? {
                let data = root.join("data");
                return Ok(Self { root, data, port, keeper: Mutex::new(keeper) });
            }
            if !tail(&root).contains("Address already in use") {
                break;
            }
        }
        Err(failed("postgres"))
    }

    /// Where a client reaches a database of this server, as its superuser.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Cuts every connection and stops without a checkpoint, so that the next start has to recover.
    #[track_caller]
    pub(crate) fn stop_immediately(&self) {
        self.order("quit");
    }

    /// Kills every process of the server at once (SIGKILL).
    #[track_caller]
    pub(crate) fn kill(&self) {
        self.order("kill");
    }

    /// Starts the server again on the same port, and returns when it has recovered and accepts connections. One that
    /// still runs is stopped immediately first.
    #[track_caller]
    pub(crate) fn restart(&self) {
        self.order(&format!("start {}", self.port));
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data
    }

    #[track_caller]
    fn order(&self, order: &str) {
        let done = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).order(order);
        assert_eq!(done, Ok(true), "PostgreSQL was told to {order}\n{}", tail(&self.root));
    }
}

fn log(root: &Path) -> String {
    fs::read(root.join("log"))
        .map_or_else(|problem| problem.to_string(), |log| String::from_utf8_lossy(&log).into_owned())
}

/// The last lines of the log, in their order.
fn tail(root: &Path) -> String {
    let log = log(root);
    let start = log.rmatch_indices('\n').nth(20).map_or(0, |(at, _)| at + 1);
    log.get(start..).unwrap_or_default().to_owned()
}

/// Ports nobody listens on. They lie below those that the system gives to outgoing connections: otherwise a client
/// that tries again and again while a server is down could be given the server's port, and hold it.
pub(crate) fn free_ports() -> impl Iterator<Item = u16> {
    std::iter::repeat_with(|| 20_000 + u16::try_from(RandomState::new().build_hasher().finish() % 12_000).unwrap_or(0))
        .filter(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
}

/// The directory of an `initdb` and a `postgres` that belong together and run: PATH first, then Debian's directories,
/// the newest version first. Links are followed, because the other programs lie beside the real ones.
fn installation() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            let path = env::var_os("PATH").unwrap_or_default();
            env::split_paths(&path).chain(debian_directories()).find_map(|directory| {
                let bin = directory.join("initdb").canonicalize().ok()?.parent()?.to_owned();
                let server = version(&bin.join("postgres"))?;
                (version(&bin.join("initdb"))? == server).then_some(bin)
            })
        })
        .as_deref()
}

fn debian_directories() -> Vec<PathBuf> {
    let mut versions: Vec<u32> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable();
    versions.iter().rev().map(|version| format!("/usr/lib/postgresql/{version}/bin").into()).collect()
}

/// `15.18` out of `initdb (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let (_, version) = said.split_once("(PostgreSQL) ")?;
    output.status.success().then(|| version.split_whitespace().next().map(str::to_owned))?
}

const KEEPER: &str = include_str!("postgres-keeper.sh");

/// The shell that runs the script, and its two pipes.
#[derive(Debug)]
struct Keeper {
    shell: Child,
    answers: BufReader<ChildStdout>,
}

impl Keeper {
    fn spawn(bin: &Path, options: &ClusterOptions) -> Result<Self, String> {
        // The limit counts blocks of 512 bytes and ends half a page (8 KiB) after the last whole one.
        let blocks = options.file_limit_kib.map_or(0, |kib| (kib / 8 * 8 + 4) * 2);
        let segment = options.wal_segsize_mb.unwrap_or(if blocks == 0 { 16 } else { 1 });
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "postgres-keeper"]).arg(bin);
        command.arg(if options.durable { "disk" } else { "memory" });
        command.args([blocks.to_string(), segment.to_string(), settings(options)]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Ctrl-C goes to the terminal's process group: the keeper must outlive it.
        command.process_group(0).current_dir("/").env("LC_ALL", "C");
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("PG")) {
                command.env_remove(name);
            }
        }
        if let Some((uid, gid)) = other_user()? {
            command.uid(uid).gid(gid);
        }
        let mut shell = command.spawn().map_err(|problem| format!("sh: {problem}"))?;
        let answers = BufReader::new(shell.stdout.take().ok_or("sh has no output")?);
        Ok(Self { shell, answers })
    }

    /// Whether the keeper did what it was told. It gives up by itself after a while.
    fn order(&mut self, order: &str) -> Result<bool, String> {
        let orders = self.shell.stdin.as_mut().ok_or("the keeper takes no orders")?;
        writeln!(orders, "{order}").map_err(|problem| format!("the keeper is gone: {problem}"))?;
        Ok(self.answer()? == "ok")
    }

    fn answer(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|problem| format!("the keeper is silent: {problem}"))?;
        line.truncate(line.trim_end().len());
        if line.is_empty() {
            Err("the keeper has ended: is the temporary directory writable?".to_owned())
        } else {
            Ok(line)
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Closes the pipe first, which is the order to clean up. A shell that is gone already has nothing to wait for.
        let _ = self.shell.wait();
    }
}

fn settings(options: &ClusterOptions) -> String {
    let mut settings = format!(
        "listen_addresses = '127.0.0.1'\nmax_connections = {}\ndynamic_shared_memory_type = mmap\n",
        options.max_connections
    );
    if let Some(language) = options.language {
        settings.extend(["lc_messages = '", language, "'\n"]);
    }
    if !options.durable {
        settings.push_str("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n");
    }
    settings
}

/// PostgreSQL refuses to run as root: then the user and group to run it as, by preference `postgres`.
pub(crate) fn other_user() -> Result<Option<(u32, u32)>, String> {
    let id = Command::new("id").arg("-u").output().map_err(|problem| format!("id: {problem}"))?;
    if id.stdout.trim_ascii() != b"0" {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|problem| format!("/etc/passwd: {problem}"))?;
    let ids = |name: &str| {
        let user = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let mut fields = user.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let found = ids("postgres").or_else(|| ids("nobody"));
    found.map(Some).ok_or_else(|| "PostgreSQL cannot run as root, and there is no user postgres or nobody".to_owned())
}
