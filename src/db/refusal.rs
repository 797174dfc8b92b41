//! Why a `PostgreSQL` server cannot be reached, in our own words and with what to do. A server refuses in the language of
//! whoever runs it, and the driver hands on nothing else; so the cause is looked for step by step, as a person would:
//! the URL, the name, the port, the server's code for its refusal, the database. Nothing here ever holds the password.

use std::env;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use url::Url;

use super::link;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// A message of a server that is longer than this is none of those that are waited for.
const LONGEST: usize = 65_536;

/// What a URL names, as far as the steps need it.
struct Target {
    host: String,
    port: u16,
    user: String,
    has_password: bool,
    database: String,
}

/// The cause, and what to do. `told` is what the driver said.
pub(super) fn explain(url: &str, told: &ConnectionError) -> String {
    let Ok(parsed) = Url::parse(url) else { return UNREADABLE.to_owned() };
    let demands = |(name, value): (_, std::borrow::Cow<'_, str>)| {
        name == "sslmode" && ["require", "verify-ca", "verify-full"].contains(&value.as_ref())
    };
    if !cfg!(feature = "postgres-tls") && parsed.query_pairs().any(demands) {
        return "its URL demands TLS (sslmode), which this build does not speak: build with `--features postgres-tls`, \
                or leave sslmode out and keep the server on this machine or a private network"
            .to_owned();
    }
    let said = driver(url, told);
    match target(&parsed).and_then(|target| cause(&parsed, &target)) {
        Some(cause) => format!("{cause} ({said})"),
        None => said,
    }
}

const UNREADABLE: &str = "its URL cannot be read: write postgres://user:password@host:5432/name, with each character of the \
     password that is no letter or digit as %XX (@ is %40, / is %2F, # is %23)";

/// What the driver said, on one line and without the password. What it says of a URL that it cannot read may be any
/// piece of it, and is left out.
pub(super) fn driver(url: &str, told: &ConnectionError) -> String {
    let told = told.to_string();
    if !told.starts_with("connection to server") && !told.starts_with("could not translate host name") {
        return UNREADABLE.to_owned();
    }
    let mut line = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let given = Url::parse(url).ok().and_then(|url| url.password().map(str::to_owned)).unwrap_or_default();
    for secret in [decoded(&given), given] {
        if !secret.is_empty() {
            line = line.replace(&secret, "…");
        }
    }
    line
}

fn decoded(text: &str) -> String {
    // A form's decoding differs in the plus sign alone.
    let pair = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

/// What the URL names; nothing when it leaves something to files, sockets or several servers.
fn target(url: &Url) -> Option<Target> {
    let elsewhere = ["host", "hostaddr", "port", "user", "password", "dbname", "service"];
    if url.query_pairs().any(|(name, _)| elsewhere.contains(&name.as_ref())) {
        return None;
    }
    let host = decoded(url.host_str()?);
    if host.is_empty() || host.contains(['/', ',']) || url.username().is_empty() {
        return None;
    }
    let user = decoded(url.username());
    let database = decoded(url.path().trim_start_matches('/'));
    let database = if database.is_empty() { user.clone() } else { database };
    let has_password = url.password().is_some() || env::var_os("PGPASSWORD").is_some();
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Some(Target { host, port: url.port().unwrap_or(5_432), user, has_password, database })
}

fn cause(url: &Url, target: &Target) -> Option<String> {
    let Target { host, port, user, database, .. } = target;
    let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, *port)],
        Err(_) => match (host.as_str(), *port).to_socket_addrs() {
            Ok(found) => found.collect(),
            Err(_) => {
                return Some(format!(
                    "the name `{host}` is not found: look at the URL, and at this machine's name server"
                ));
            }
        },
    };
    let Some((address, _)) = addresses.iter().find_map(|address| Some((*address, dial(*address)?))) else {
        return Some(format!(
            "nothing answers at {host}, port {port}: is PostgreSQL running, does it listen there (listen_addresses), and \
             does a firewall let this machine through?"
        ));
    };
    match ask(address, user, database)? {
        Answer::Refuses(code) => Some(refused(&code, address, target)),
        Answer::AsksForPassword if !target.has_password => {
            Some(format!("the server asks for a password of `{user}`, and the URL has none"))
        }
        Answer::AsksForPassword => Some(behind_the_password(url, target)),
        Answer::LetsIn => None,
    }
}

/// A refusal by its code (SQLSTATE).
fn refused(code: &str, address: SocketAddr, target: &Target) -> String {
    let Target { user, database, .. } = target;
    match code {
        "28P01" => wrong_password(user),
        "28000" if !cfg!(feature = "postgres-tls") && offers_tls(address) => format!(
            "the server does not let `{user}` in without TLS, or does not know the role: build with `--features \
             postgres-tls`, or allow this machine in pg_hba.conf with a line that begins with `host`"
        ),
        "28000" => format!(
            "the server does not let `{user}` in from this machine: is there such a role with LOGIN, and a line for it in \
             pg_hba.conf?"
        ),
        "3D000" => no_database(user, database),
        "42501" | "55000" => may_not(user, database),
        "53300" => {
            "the server has no connection left: raise its max_connections, or lower postgres_connections".to_owned()
        }
        "57P03" => "the server is starting up or shutting down: try again in a moment".to_owned(),
        code => format!("the server refuses with SQLSTATE {code}"),
    }
}

fn wrong_password(user: &str) -> String {
    format!("the password of `{user}` is wrong, or there is no such role: look at the URL (RECOURSE_DATABASE_URL)")
}

fn no_database(user: &str, database: &str) -> String {
    format!("there is no database `{database}`: make it with `createdb --owner {user} {database}`, or correct the URL")
}

fn may_not(user: &str, database: &str) -> String {
    format!("`{user}` may not connect to the database `{database}`: GRANT CONNECT, and look at its connection limit")
}

/// The server asks for the password before it looks for the database. So whoever gets into another database has the
/// right one.
fn behind_the_password(url: &Url, target: &Target) -> String {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let Target { user, database, .. } = target;
    for other in ["postgres", "template1"] {
        let mut elsewhere = url.clone();
        elsewhere.set_path(other);
        let Ok(mut conn) = link::connect(elsewhere.as_str()) else { continue };
        let ask = "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1) AS found";
        return match diesel::sql_query(ask).bind::<Text, _>(database).get_result::<Found>(&mut conn) {
            Ok(Found { found: false }) => no_database(user, database),
            _ => may_not(user, database),
        };
    }
    wrong_password(user)
}

/// What a server says to somebody who names a user and a database.
enum Answer {
    LetsIn,
    AsksForPassword,
    /// With its code.
    Refuses(String),
}

fn dial(address: SocketAddr) -> Option<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    Some(stream)
}

/// Begins a session by the wire protocol (version 3.0: `StartupMessage`, `Authentication…`, `ErrorResponse`) and ends it
/// at the first answer that tells.
fn ask(address: SocketAddr, user: &str, database: &str) -> Option<Answer> {
    let mut stream = dial(address)?;
    let parameters = format!("user\0{user}\0database\0{database}\0\0");
    let length = u32::try_from(parameters.len() + 8).ok()?;
    let mut hello = length.to_be_bytes().to_vec();
    hello.extend(196_608_u32.to_be_bytes());
    hello.extend(parameters.as_bytes());
    stream.write_all(&hello).ok()?;
    // A server that lets somebody in tells some twenty settings first.
    for _ in 0..100 {
        let mut head = [0; 5];
        stream.read_exact(&mut head).ok()?;
        let [kind, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?.checked_sub(4)?;
        if length > LONGEST {
            return None;
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        match (kind, body.as_slice()) {
            (b'E', fields) => return code(fields).map(Answer::Refuses),
            (b'R', [0, 0, 0, 0]) => {}
            (b'R', _) => return Some(Answer::AsksForPassword),
            (b'Z', _) => return Some(Answer::LetsIn),
            _ => {}
        }
    }
    None
}

/// The code among the fields of an error: each is a letter, a text and a zero.
fn code(fields: &[u8]) -> Option<String> {
    let field = fields.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(b"C"))?;
    String::from_utf8(field.to_vec()).ok()
}

/// Whether a server would speak TLS (`SSLRequest`).
fn offers_tls(address: SocketAddr) -> bool {
    let mut answer = [0];
    let asked = dial(address).is_some_and(|mut stream| {
        stream.write_all(&[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]).is_ok() && stream.read_exact(&mut answer).is_ok()
    });
    asked && answer == *b"S"
}
