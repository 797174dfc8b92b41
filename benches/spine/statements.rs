//! The statements of one report as SQL text: the same for the loop on the bare `SQLite` and for `pgbench`. Their rows
//! are as many and as large as those that the service wrote for a report.

use std::sync::{Arc, Mutex};

use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel::sql_types::BigInt;
use diesel::{Connection as _, prelude::*};
use recourse::db::Place;

use crate::service::Database;

/// How large the values of a real report are, and how many rows it made.
#[derive(Debug, QueryableByName)]
pub(crate) struct Sizes {
    #[diesel(sql_type = BigInt)]
    statement: i64,
    #[diesel(sql_type = BigInt)]
    identity: i64,
    #[diesel(sql_type = BigInt)]
    answers: i64,
    #[diesel(sql_type = BigInt)]
    contact: i64,
    #[diesel(sql_type = BigInt)]
    subject: i64,
    #[diesel(sql_type = BigInt)]
    assessment: i64,
    #[diesel(sql_type = BigInt)]
    wrapped: i64,
    #[diesel(sql_type = BigInt)]
    answer: i64,
    #[diesel(sql_type = BigInt)]
    clocks: i64,
    #[diesel(sql_type = BigInt)]
    names: i64,
    #[diesel(sql_type = BigInt)]
    wraps: i64,
    #[diesel(sql_type = BigInt)]
    alarms: i64,
}

impl Sizes {
    /// Measures the one report of a database.
    pub(crate) fn of(place: &Place) -> Self {
        let length = |column: &str, table: &str| format!("(SELECT CAST(max(length({column})) AS BIGINT) FROM {table})");
        let count = |table: &str| format!("(SELECT CAST(count(*) AS BIGINT) FROM {table})");
        let query = diesel::sql_query(format!(
            "SELECT {} AS statement, {} AS identity, {} AS answers, {} AS contact, {} AS subject, {} AS assessment, \
             {} AS wrapped, {} AS answer, {} AS clocks, {} AS names, \
             (SELECT CAST(count(*) AS BIGINT) FROM key_wraps WHERE owner LIKE 'case_%') AS wraps, {} AS alarms",
            length("statement", "reports"),
            length("identity", "reports"),
            length("answers", "reports"),
            length("contact", "reports"),
            length("subject", "reports"),
            length("body", "assessments"),
            length("wrapped", "key_wraps"),
            length("answer", "idempotency"),
            count("clocks"),
            count("blind_indexes"),
            count("alarms"),
        ));
        match place {
            Place::Sqlite(path) => {
                query.get_result(&mut SqliteConnection::establish(path.to_str().unwrap()).unwrap()).unwrap()
            }
            Place::Postgres(url) => query.get_result(&mut PgConnection::establish(url).unwrap()).unwrap(),
        }
    }

    /// The values that are bytes, by name. Those of 32 bytes are another for every report.
    pub(crate) fn blobs(&self) -> [(&'static str, i64); 12] {
        [
            ("statement", self.statement),
            ("identity", self.identity),
            ("answers", self.answers),
            ("contact", self.contact),
            ("subject", self.subject),
            ("assessment", self.assessment),
            ("wrapped", self.wrapped),
            ("answer", self.answer),
            ("pair", 32),
            ("digest", 32),
            ("hash", 32),
            ("name", 32),
        ]
    }
}

/// What the service runs for a report that opens a case, in its order. Names in colons are values of the report.
pub(crate) fn of_a_report(sizes: &Sizes) -> Vec<String> {
    let rows = |count: i64, row: &dyn Fn(i64) -> String| (1..=count).map(row).collect::<Vec<_>>().join(", ");
    let clock = |i| format!("('c{i}' || :clock, :case, 'human_review', :now, :now)");
    let name = |i| format!("(:name{i}, :case, 'subject', 'account', :now)");
    let wrap = |i| format!("(:case, 'scope-{i}', 'keyring', '1', :wrapped, :now)");
    let mut all = vec![
        "SELECT id, platform_id, mode, secret_hash, scopes, epoch, created_at, revoked_at, mac FROM platform_clients \
         WHERE id = :client LIMIT 1"
            .to_owned(),
        "INSERT INTO idempotency (scope, key, fingerprint, created_at) VALUES (:scope, :key, :digest, :now) \
         ON CONFLICT DO NOTHING"
            .to_owned(),
        "SELECT id, case_id, body_digest, status, received_at, human_review_by, staffed, version FROM reports \
         WHERE platform_report_ref = :reference AND platform_id = :platform AND mode = 'live' LIMIT 1"
            .to_owned(),
        "SELECT count(*) FROM shifts WHERE starts_at <= :now AND ends_at > :now AND shown_from <= :now AND \
         (shown_until IS NULL OR shown_until > :now)"
            .to_owned(),
        "SELECT id FROM cases WHERE pair_digest = :pair AND platform_id = :platform AND mode = 'live' LIMIT 1"
            .to_owned(),
        "SELECT role, queues FROM staff WHERE active = TRUE AND acted_at >= :now".to_owned(),
        "INSERT INTO audit_events (chain, seq, at, actor_kind, actor, kind, details, hash) VALUES (:case, 1, :now, \
         'platform', :client, 'case_opened', \
         '{\"priority\":\"p1\",\"queue\":\"stalking_violence\",\"report\":\"rep_00000000000000000000000000\"}', :hash)"
            .to_owned(),
        "INSERT INTO cases (id, platform_id, mode, pair_digest, category, child, state, queue, priority, \
         priority_source, computed_priority, next_due_at, sort_rank, received_at, audit_seq, audit_head, \
         version, names_mac) VALUES (:case, :platform, 'live', :pair, 'stalking_offline', FALSE, 'received', \
         'stalking_violence', 'p1', 'rules', 'p1', :now, :now, :now, 1, :hash, 1, :hash) ON CONFLICT DO NOTHING"
            .to_owned(),
        format!("INSERT INTO clocks (id, case_id, kind, started_at, due_at) VALUES {}", rows(sizes.clocks, &clock)),
        format!(
            "INSERT INTO blind_indexes (digest, case_id, role, kind, created_at) VALUES {}",
            rows(sizes.names, &name)
        ),
        "INSERT INTO assessments (id, case_id, seq, at, ruleset, priority, body) VALUES (:assessment_id, :case, 1, \
         :now, 'TSP-1', 'p1', :assessment)"
            .to_owned(),
    ];
    if sizes.alarms > 0 {
        all.push(
            "INSERT INTO alarms (id, case_id, reason, least_rung, opened_at, rings, next_at) VALUES (:job, :case, \
             'p1', 0, :now, 0, :now)"
                .to_owned(),
        );
    }
    all.extend([
        "INSERT INTO reports (id, platform_id, mode, case_id, platform_report_ref, category, relation, \
         desired_outcome, received_at, human_review_by, body_digest, status, statement, identity, answers, contact, \
         subject, event_seq, version, staffed) VALUES (:report, :platform, 'live', :case, :reference, 'stalking_offline', 'self', \
         'advice', :now, :now, :digest, 'received', :statement, :identity, :answers, :contact, :subject, 1, 1, FALSE) \
         ON CONFLICT DO NOTHING"
            .to_owned(),
        "INSERT INTO events (id, platform_id, mode, sequence, type, created_at, report_id) VALUES (:event, :platform, \
         'live', 1, 'report.received', :now, :report)"
            .to_owned(),
        format!(
            "INSERT INTO key_wraps (owner, scope, recipient_kind, recipient, wrapped, created_at) VALUES {}",
            rows(sizes.wraps, &wrap)
        ),
        "UPDATE idempotency SET owner = :case, answer = :answer WHERE scope = :scope AND key = :key".to_owned(),
    ]);
    all
}

/// What a statement does and to which table, as `INSERT cases`.
pub(crate) fn gist(statement: &str) -> String {
    let clean = statement.replace(['"', '`', '(', ')'], " ");
    let mut words = clean.split_whitespace();
    let verb = words.next().unwrap_or_default().to_owned();
    let table = match verb.as_str() {
        "UPDATE" => words.next(),
        "INSERT" => words.nth(1),
        _ => words.skip_while(|word| *word != "FROM").nth(1),
    };
    format!("{verb} {}", table.unwrap_or_default())
}

/// Notes every statement of the connections that are opened from now on, until [`Listener::heard`].
pub(crate) struct Listener;

static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Listener {
    pub(crate) fn begin() -> Self {
        #[expect(clippy::unnecessary_wraps, reason = "diesel wants it so")]
        fn listener() -> Option<Box<dyn Instrumentation>> {
            Some(Box::new(|event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { query, .. } = event {
                    HEARD.lock().unwrap().push(query.to_string());
                }
            }))
        }
        diesel::connection::set_default_instrumentation(listener).unwrap();
        Self
    }

    /// Forgets what was said until now.
    #[expect(clippy::unused_self, reason = "only who listens can forget")]
    pub(crate) fn forget(&self) {
        HEARD.lock().unwrap().clear();
    }

    /// What was said, without the frames of transactions.
    #[expect(clippy::unused_self, reason = "ends the listening")]
    pub(crate) fn heard(self) -> Vec<String> {
        diesel::connection::set_default_instrumentation(|| None).unwrap();
        let all = std::mem::take(&mut *HEARD.lock().unwrap());
        let frames = ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"];
        all.into_iter().filter(|text| !frames.iter().any(|frame| text.starts_with(frame))).collect()
    }
}

/// A value of a report.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Int(i64),
    Blob(Vec<u8>),
}

/// The values that stay the same for every report of a run.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) platform: String,
    pub(crate) client: String,
    pub(crate) scope: String,
    pub(crate) now: i64,
    pub(crate) sizes: Arc<Sizes>,
}

impl Common {
    pub(crate) fn new(database: &Database, sizes: Sizes) -> Self {
        let (platform, client) = (database.platform.clone(), database.client.clone());
        let scope = format!("{client} POST /v1/reports");
        Self { platform, client, scope, now: database.app.clock.now().micros(), sizes: Arc::new(sizes) }
    }

    /// The value of a name in the report number `number`.
    pub(crate) fn value(&self, name: &str, number: u64) -> Value {
        let id = |prefix: &str, length: usize| Value::Text(format!("{prefix}{number:0length$}"));
        match name {
            "platform" => Value::Text(self.platform.clone()),
            "client" => Value::Text(self.client.clone()),
            "scope" => Value::Text(self.scope.clone()),
            "now" => Value::Int(self.now),
            "clock" => id("lk_", 25),
            "assessment_id" => id("asm_", 26),
            _ => {
                if let Some(prefix) = id_prefix(name) {
                    id(prefix, 26)
                } else {
                    let (stem, place) = numbered(name);
                    let (_, size) = self.sizes.blobs().into_iter().find(|blob| blob.0 == stem).unwrap();
                    let mut bytes = vec![0xa5; usize::try_from(size).unwrap()];
                    bytes[..8].copy_from_slice(&number.to_be_bytes());
                    bytes[8] = place;
                    Value::Blob(bytes)
                }
            }
        }
    }
}

/// The prefix of the ids that a name stands for.
pub(crate) fn id_prefix(name: &str) -> Option<&'static str> {
    Some(match name {
        "case" => "case_",
        "report" => "rep_",
        "event" => "evt_",
        "job" => "job_",
        "reference" => "SPK-",
        "key" => "spine-",
        _ => return None,
    })
}

/// `name3` is the third `name` of its report.
pub(crate) fn numbered(name: &str) -> (&str, u8) {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (stem, name[stem.len()..].parse().unwrap_or(0))
}
