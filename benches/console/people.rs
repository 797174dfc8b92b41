//! Advocates who are signed in, by a page or by a tool, and what their browser sends.

use std::sync::atomic::{AtomicU32, Ordering};

use recourse::domain::people::door;
use recourse::domain::people::platforms::{self, Scope};
use recourse::domain::people::staff::{self, Carrier, NewMember, Role};
use recourse::domain::triage::Queue;
use recourse::domain::unit::Caller;

use crate::http::Request;
use crate::service::Database;

/// An advocate with every queue.
pub(crate) struct Advocate {
    username: String,
    /// The token of their tool.
    pub(crate) token: String,
    /// The cookie of their browser.
    pub(crate) cookie: String,
}

impl Advocate {
    /// A new one, signed in by a tool and by a browser.
    pub(crate) fn new(database: &Database) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let username = format!("advocate-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let new = NewMember {
            username: username.clone(),
            role: Role::Advocate,
            queues: Queue::ALL.to_vec(),
            password_hash: "$none$".to_owned(),
            is_given: false,
            totp_secret: door::new_secret(),
            same_person_as: None,
        };
        let added = database.app.write(Caller::Command("bench"), move |tx| staff::add(tx, new));
        database.block_on(added).unwrap();
        let token = session(database, &username, Carrier::Api);
        let cookie = page_session(database, &username);
        Self { username, token, cookie }
    }

    /// The cookie of another browser of theirs.
    pub(crate) fn another_browser(&self, database: &Database) -> String {
        page_session(database, &self.username)
    }
}

fn page_session(database: &Database, username: &str) -> String {
    format!("__Host-recourse={}", session(database, username, Carrier::Page))
}

fn session(database: &Database, username: &str, carrier: Carrier) -> String {
    let username = username.to_owned();
    let opened = database.app.write(Caller::Command("bench"), move |tx| {
        let account = staff::account(tx, &username)?.unwrap();
        staff::open_session(tx, account, carrier)
    });
    database.block_on(opened).unwrap().token.into_exposed()
}

/// A token of the platform that is good from now on: one lasts ten minutes, and filling may take longer.
pub(crate) fn platform_token(database: &Database) -> String {
    let (app, id) = (&database.app, database.client.parse().unwrap());
    let client = database.block_on(app.read(move |rx| platforms::client(rx, &id))).unwrap().unwrap();
    app.tokens.issue(&client, Scope::ALL, app.clock.now()).unwrap()
}

/// A page that a browser asks for. `headers` end each with a line break.
pub(crate) fn page(path: &str, cookie: &str, headers: &str) -> Request {
    let headers = format!("Cookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n{headers}");
    Request::with(&format!("GET {path}"), &headers, "")
}

/// A form that a browser sends.
pub(crate) fn form(path: &str, cookie: &str, fields: &str) -> Request {
    let headers = format!(
        "Cookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    );
    Request::with(&format!("POST {path}"), &headers, fields)
}

/// What stands in an attribute, each time that it follows these words.
pub(crate) fn attributes<'p>(page: &'p str, words: &'p str) -> impl Iterator<Item = &'p str> {
    page.split(words).skip(1).filter_map(|rest| rest.split('"').next())
}
