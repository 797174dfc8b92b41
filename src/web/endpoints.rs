//! Every endpoint in one table: path, method, who may call, which limit counts. Routing is made from it, and the tests
//! that walk all operations with all credentials compare it with the API document.

use std::collections::BTreeMap;

use actix_web::Route;
use actix_web::http::Method;

use super::limits::Policy;
use super::{health, openapi, platform, problem, public, triage};
use crate::domain::people::platforms::Scope;

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Anybody.
    Anyone,
    /// A platform whose token carries the scope, or any token where there is none.
    Platform(Option<Scope>),
    /// A signed-in colleague.
    Staff,
}

/// A row of the table.
pub struct Endpoint {
    /// The path, with `{names}`.
    pub path: &'static str,
    /// The method.
    pub method: Method,
    /// Who may call it.
    pub caller: Caller,
    /// Which limit counts.
    pub policy: Policy,
    /// Whether it needs an `Idempotency-Key`.
    pub keyed: bool,
    /// Whether it needs an `If-Match`.
    pub conditional: bool,
    /// Whether reading it is put on record. Then it has no HEAD, which would record a reading of what nobody saw.
    pub recorded: bool,
    pub(super) route: fn() -> Route,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

const fn row(method: Method, path: &'static str, caller: Caller, policy: Policy, route: fn() -> Route) -> Endpoint {
    Endpoint { path, method, caller, policy, keyed: false, conditional: false, recorded: false, route }
}

impl Endpoint {
    const fn keyed(mut self) -> Self {
        self.keyed = true;
        self
    }

    const fn conditional(mut self) -> Self {
        self.conditional = true;
        self
    }

    const fn recorded(mut self) -> Self {
        self.recorded = true;
        self
    }

    /// Whether the row answers this method. HEAD asks what GET would say.
    pub(super) fn answers(&self, method: &Method) -> bool {
        self.method == *method || (self.has_head() && *method == Method::HEAD)
    }

    /// Whether HEAD is answered too.
    pub(super) fn has_head(&self) -> bool {
        self.method == Method::GET && !self.recorded
    }
}

const WRITE: Caller = Caller::Platform(Some(Scope::ReportsWrite));
const READ: Caller = Caller::Platform(Some(Scope::ReportsRead));
const REQUESTS: Caller = Caller::Platform(Some(Scope::RequestsWrite));
const WEBHOOKS: Caller = Caller::Platform(Some(Scope::WebhooksManage));
const STAFF: Caller = Caller::Staff;
const ENDPOINTS: &str = "/v1/webhook-endpoints";
const ENDPOINT: &str = "/v1/webhook-endpoints/{id}";

/// The table.
#[must_use]
pub fn all() -> Vec<Endpoint> {
    let mut table = open_to_all();
    table.extend(of_platforms());
    table.extend(of_staff());
    table
}

/// The public pages. They are no operations of the API: published editions are files (docs/transparency.md).
#[must_use]
pub fn pages() -> Vec<Endpoint> {
    ["/", "/transparency", "/transparency/{page:.*}"]
        .into_iter()
        .map(|path| row(Method::GET, path, Caller::Anyone, Policy::Public, || actix_web::web::to(public::page)))
        .collect()
}

fn open_to_all() -> Vec<Endpoint> {
    use Policy::{Portal, Read, Token};
    let (get, post) = (Method::GET, Method::POST);
    vec![
        row(get.clone(), "/healthz", Caller::Anyone, Read, || actix_web::web::to(health::alive)),
        row(get.clone(), "/readyz", Caller::Anyone, Read, || actix_web::web::to(health::ready)),
        row(get.clone(), "/openapi.json", Caller::Anyone, Portal, || actix_web::web::to(openapi::json)),
        row(get, "/problems", Caller::Anyone, Portal, || actix_web::web::to(problem::catalogue_page)),
        row(post.clone(), "/oauth/token", Caller::Anyone, Token, || actix_web::web::to(platform::token::issue)),
        row(post, "/v1/triage/sessions", Caller::Anyone, Token, || actix_web::web::to(triage::sessions::open)),
    ]
}

fn of_platforms() -> Vec<Endpoint> {
    use Policy::{Bulk, Ingest, Read};
    use actix_web::web::to;
    use platform::{batch, events, reports, requests, status, webhooks};
    let (get, post) = (|| Method::GET, || Method::POST);
    vec![
        row(get(), "/v1/status", Caller::Platform(None), Read, || to(status::status)),
        row(get(), "/v1/categories", Caller::Platform(None), Read, || to(status::categories)),
        row(post(), "/v1/reports", WRITE, Ingest, || to(reports::submit)).keyed(),
        row(get(), "/v1/reports", READ, Read, || to(reports::list)),
        row(post(), "/v1/reports/batch", WRITE, Bulk, || to(batch::submit)).keyed(),
        row(get(), "/v1/reports/{id}", READ, Read, || to(reports::find)),
        row(post(), "/v1/reports/{id}/additions", WRITE, Ingest, || to(reports::add)).keyed(),
        row(post(), "/v1/reports/{id}/withdrawal", WRITE, Ingest, || to(reports::withdraw)).keyed(),
        row(get(), "/v1/requests", REQUESTS, Read, || to(requests::list)),
        row(get(), "/v1/requests/{id}", REQUESTS, Read, || to(requests::find)),
        row(post(), "/v1/requests/{id}/response", REQUESTS, Ingest, || to(requests::answer)).keyed(),
        row(get(), "/v1/events", READ, Read, || to(events::list)),
        row(post(), "/v1/events/replay", READ, Bulk, || to(events::replay_many)).keyed(),
        row(get(), "/v1/events/{id}", READ, Read, || to(events::find)),
        row(post(), "/v1/events/{id}/replay", READ, Ingest, || to(events::replay)).keyed(),
        row(get(), ENDPOINTS, WEBHOOKS, Read, || to(webhooks::list)),
        row(post(), ENDPOINTS, WEBHOOKS, Ingest, || to(webhooks::create)).keyed(),
        row(get(), ENDPOINT, WEBHOOKS, Read, || to(webhooks::find)),
        row(Method::DELETE, ENDPOINT, WEBHOOKS, Ingest, || to(webhooks::remove)).conditional(),
        row(post(), "/v1/webhook-endpoints/{id}/rotate", WEBHOOKS, Ingest, || to(webhooks::rotate))
            .keyed()
            .conditional(),
        row(post(), "/v1/webhook-endpoints/{id}/test", WEBHOOKS, Ingest, || to(webhooks::test)).keyed(),
        row(post(), "/v1/webhook-endpoints/{id}/enable", WEBHOOKS, Ingest, || to(webhooks::enable)).keyed(),
    ]
}

fn of_staff() -> Vec<Endpoint> {
    use actix_web::web::to;
    use triage::{acts, cases, decisions, late_matches, queues, sessions};
    let limit = Policy::Staff;
    let (get, post) = (|| Method::GET, || Method::POST);
    vec![
        row(Method::DELETE, "/v1/triage/sessions/current", STAFF, limit, || to(sessions::close)),
        row(get(), "/v1/triage/queues", STAFF, limit, || to(queues::list)),
        row(post(), "/v1/triage/queues/{queue}/claim", STAFF, limit, || to(queues::claim)).keyed(),
        row(get(), "/v1/triage/late-matches", STAFF, limit, || to(late_matches::list)),
        row(get(), "/v1/triage/cases", STAFF, limit, || to(cases::list)),
        row(get(), "/v1/triage/cases/{id}", STAFF, limit, || to(cases::view)).recorded(),
        row(post(), "/v1/triage/cases/{id}/claim", STAFF, limit, || to(cases::claim)).keyed(),
        row(post(), "/v1/triage/cases/{id}/heartbeat", STAFF, limit, || to(cases::heartbeat)),
        row(post(), "/v1/triage/cases/{id}/release", STAFF, limit, || to(cases::release)).keyed(),
        row(post(), "/v1/triage/cases/{id}/assign", STAFF, limit, || to(cases::assign)).keyed().conditional(),
        row(post(), "/v1/triage/cases/{id}/transitions", STAFF, limit, || to(cases::transition)).keyed().conditional(),
        row(post(), "/v1/triage/cases/{id}/notes", STAFF, limit, || to(decisions::note)).keyed(),
        row(post(), "/v1/triage/cases/{id}/priority", STAFF, limit, || to(decisions::priority)).keyed().conditional(),
        row(post(), "/v1/triage/cases/{id}/decision", STAFF, limit, || to(decisions::decide)).keyed().conditional(),
        row(post(), "/v1/triage/cases/{id}/platform-requests", STAFF, limit, || to(decisions::ask)).keyed(),
        row(post(), "/v1/triage/cases/{id}/links", STAFF, limit, || to(decisions::link)).keyed(),
        row(get(), "/v1/triage/pending", STAFF, limit, || to(acts::list)),
        row(post(), "/v1/triage/cases/{id}/pending/{act}/approve", STAFF, limit, || to(acts::approve)).keyed(),
        row(post(), "/v1/triage/cases/{id}/pending/{act}/refuse", STAFF, limit, || to(acts::refuse)).keyed(),
    ]
}

/// The rows by path, in the order in which paths must be tried.
pub(super) fn by_path() -> BTreeMap<&'static str, Vec<Endpoint>> {
    // `/v1/reports/batch` sorts before `/v1/reports/{id}`: a letter comes before a brace.
    all().into_iter().chain(pages()).fold(BTreeMap::new(), |mut paths, row| {
        paths.entry(row.path).or_insert_with(Vec::new).push(row);
        paths
    })
}
