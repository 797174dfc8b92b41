//! A throw-away `PgBouncer` before a test's PostgreSQL.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::postgres::{free_ports, other_user};
use super::process::{now, pause};

/// A pooler that lends few sessions to many connections, each for one transaction. Dropping it ends it.
pub(crate) struct Pooler {
    child: Child,
    port: u16,
    _dir: TempDir,
}

impl Pooler {
    /// Starts one before the server at `port`. `None` where `PgBouncer` is not installed, unless
    /// `RECOURSE_TEST_POSTGRES=required`.
    pub(crate) async fn start(server: u16, sessions: u32) -> Option<Self> {
        let Some(program) = installed() else {
            let required = std::env::var("RECOURSE_TEST_POSTGRES").is_ok_and(|wish| wish == "required");
            assert!(!required, "RECOURSE_TEST_POSTGRES=required, but pgbouncer was not found: see scripts/test");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        let port = free_ports().next().unwrap();
        let settings = format!(
            "[databases]\n* = user=postgres host=127.0.0.1 port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {sessions}\n\
             max_client_conn = 200\nlogfile = {}\n",
            dir.path().join("log").display()
        );
        let file = dir.path().join("pgbouncer.ini");
        fs::write(&file, settings).unwrap();
        let child = spawn(&program, &file, dir.path());
        let mut pooler = Self { child, port, _dir: dir };
        pooler.ready().await;
        Some(pooler)
    }

    async fn ready(&mut self) {
        let begin = now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(self.child.try_wait().unwrap().is_none(), "pgbouncer ended");
            assert!(begin.elapsed() < Duration::from_secs(20), "pgbouncer does not answer");
            pause(Duration::from_millis(10)).await;
        }
    }

    /// Where a client reaches a database through it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .map(|dir| dir.join("pgbouncer"))
        .find(|file| file.is_file())
}

/// As another user when this is root, who may not run it.
fn spawn(program: &Path, settings: &Path, dir: &Path) -> Child {
    let mut command = Command::new(program);
    command.arg(settings).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    if let Some((uid, gid)) = other_user().unwrap() {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o777)).unwrap();
        command.uid(uid).gid(gid);
    }
    command.spawn().unwrap()
}
