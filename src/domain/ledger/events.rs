//! The event log of each platform: thin entries that say what changed, for 30 days.
//!
//! An entry gets its place before somebody reads the log, under the lock of the platform's cursor row. Intake therefore
//! shares no counter, and a reader never misses an entry whose transaction began early and committed late. Places are given
//! in short transactions, so many at a time; the log itself is read from a snapshot, and so many entries are looked at.

use std::time::Duration;

use diesel::dsl::{AsSelect, SqlTypeOf};
use diesel::prelude::*;

use crate::base::code::{codes, open_schema};
use crate::base::id::{EndpointId, EventId, PlatformId, ReportId, RequestId};
use crate::base::page::Limit;
use crate::base::time::Timestamp;
use crate::db::AnyConnection;
use crate::db::dialect::native;
use crate::db::perhaps::{Perhaps, first_readable};
use crate::db::schema::{event_cursors, events};
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::error::rules::Hooks;
use crate::error::{Error, Result};

type Backend = <AnyConnection as Connection>::Backend;

/// How long an entry is kept.
pub const KEPT: Duration = Duration::from_hours(30 * 24);
/// How many entries get their place in one transaction.
const PLACED_AT_ONCE: i64 = 250;
/// How many entries are looked at for one page.
const LOOKED_AT: i64 = 2_000;
/// How far apart the order of places and that of times may be: by transactions that take long, and by clocks that are set.
const ASTRAY: Duration = Duration::from_hours(24);

codes! {
    pub enum EventType is "What changed, in the platform's view." {
        /// A report was received.
        ReportReceived = "report.received",
        /// A report's status changed.
        ReportStatusChanged = "report.status_changed",
        /// A report was closed with an outcome.
        ReportClosed = "report.closed",
        /// We ask the platform to do something.
        RequestCreated = "request.created",
        /// The time for an answer is nearly over.
        RequestDueSoon = "request.due_soon",
        /// The time for an answer has passed.
        RequestOverdue = "request.overdue",
        /// An endpoint is tried.
        WebhookTest = "webhook.test",
        /// An endpoint is asked to show that it wants events.
        WebhookChallenge = "webhook.challenge",
    }
}

impl EventType {
    /// Whether such an entry goes to the one endpoint that it is about.
    #[must_use]
    pub const fn is_of_endpoint(self) -> bool {
        match self {
            Self::WebhookTest | Self::WebhookChallenge => true,
            Self::ReportReceived
            | Self::ReportStatusChanged
            | Self::ReportClosed
            | Self::RequestCreated
            | Self::RequestDueSoon
            | Self::RequestOverdue => false,
        }
    }
}

/// The type of an event as answers and messages name it, for the API document: a type may be added.
#[derive(Debug)]
pub struct EventName;

impl utoipa::PartialSchema for EventName {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let about =
            "What changed, in the platform's view. There may be more types one day: pass over what you do not know.";
        open_schema(about, EventType::ALL.iter().copied().map(EventType::as_str))
    }
}

impl utoipa::ToSchema for EventName {}

/// A platform's log: that of real life, or that of its trials.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    /// The platform.
    pub platform: &'a PlatformId,
    /// Of which mode.
    pub mode: Mode,
}

/// An entry to be added.
#[derive(Debug, Insertable)]
#[diesel(table_name = events)]
pub struct NewEvent {
    id: EventId,
    platform_id: PlatformId,
    mode: Mode,
    sequence: i64,
    type_: &'static str,
    created_at: Timestamp,
    report_id: Option<ReportId>,
    request_id: Option<RequestId>,
    endpoint_id: Option<EndpointId>,
}

impl NewEvent {
    /// An entry about a report. `sequence` counts the report's entries from 1: a count of the case's would tell the
    /// platform that reports share one.
    #[must_use]
    pub fn new(log: Log<'_>, kind: EventType, sequence: i64, at: Timestamp, report: ReportId) -> Self {
        Self {
            id: EventId::random(),
            platform_id: log.platform.clone(),
            mode: log.mode,
            sequence,
            type_: kind.as_str(),
            created_at: at,
            report_id: Some(report),
            request_id: None,
            endpoint_id: None,
        }
    }

    /// The entry is about this request as well.
    #[must_use]
    pub fn about_request(self, request: RequestId) -> Self {
        Self { request_id: Some(request), ..self }
    }

    /// A trial or challenge of an endpoint, which goes to that endpoint alone.
    #[must_use]
    pub fn of_endpoint(log: Log<'_>, kind: EventType, at: Timestamp, endpoint: EndpointId) -> Self {
        Self {
            id: EventId::random(),
            platform_id: log.platform.clone(),
            mode: log.mode,
            sequence: 1,
            type_: kind.as_str(),
            created_at: at,
            report_id: None,
            request_id: None,
            endpoint_id: Some(endpoint),
        }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> &EventId {
        &self.id
    }
}

/// Adds entries in one statement, and wakes whoever delivers them.
pub fn insert(tx: &mut Unit<'_>, new: &[NewEvent]) -> Result<()> {
    if !new.is_empty() {
        native!(tx.conn(), |c| diesel::insert_into(events::table).values(new).execute(c))?;
        tx.owe();
    }
    Ok(())
}

/// An entry as the platform reads it.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What changed.
    #[diesel(column_name = type_)]
    pub kind: String,
    /// When.
    pub created_at: Timestamp,
    /// The place among the entries of the same report, from 1.
    pub sequence: i64,
    /// The report it is about.
    pub report_id: Option<ReportId>,
    /// The request it is about.
    pub request_id: Option<RequestId>,
    /// The endpoint that it tries or asks.
    pub endpoint_id: Option<EndpointId>,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this type.
    pub kind: Option<EventType>,
    /// Only about this report.
    pub report: Option<ReportId>,
    /// Only from this instant on.
    pub since: Option<Timestamp>,
    /// Only before this instant.
    pub until: Option<Timestamp>,
}

/// Entries of a log that are yet to be read.
pub(in crate::domain) type Unread<'a> = events::BoxedQuery<'a, Backend, SqlTypeOf<AsSelect<Event, Backend>>>;

/// A page that is yet to be read.
pub(in crate::domain) struct Stretch<'a> {
    /// The wanted entries within it, one more than the page's length when there are more.
    pub(in crate::domain) unread: Unread<'a>,
    /// The last entry that is looked at, where the log goes on behind it.
    pub(in crate::domain) last: Option<EventId>,
}

/// The entries after `after` in the order of the log, among so many as are looked at for one page.
///
/// # Errors
/// `Invalid` when `after` is no entry of this platform's log any more.
pub(in crate::domain) fn list<'a>(
    rx: &mut Look<'_>,
    log: Log<'a>,
    after: Option<&EventId>,
    wanted: &'a Filter,
    limit: Limit,
) -> Result<Stretch<'a>> {
    let begin = match after {
        None => 0,
        Some(id) => {
            let place = of_log(log).filter(events::id.eq(id)).select(events::position);
            let place = place.first::<Option<i64>>(rx.conn()).optional()?.flatten();
            place.ok_or_else(|| Error::invalid("/after", Hooks::UnknownEvent))?
        }
    };
    // What cannot be in the page is passed over at once.
    let kept = rx.now().minus(KEPT);
    let from = begin.max(before(rx, log, wanted.since.map_or(kept, |since| since.max(kept)))?);
    let to = wanted.until.map(|until| behind(rx, log, until)).transpose()?.flatten();
    let ahead = || {
        let mut query = of_log(log).filter(events::position.gt(from)).order(events::position);
        if let Some(to) = to {
            query = query.filter(events::position.lt(to));
        }
        if let Some(kind) = wanted.kind {
            query = query.filter(events::type_.eq(kind.as_str()));
        }
        if let Some(report) = &wanted.report {
            query = query.filter(events::report_id.eq(report));
        }
        query
    };
    let mut edge = ahead().select(events::position).offset(LOOKED_AT).limit(1).load::<Option<i64>>(rx.conn())?;
    let edge = edge.pop().flatten();
    let mut unread = ahead().filter(events::created_at.ge(kept)).limit(limit.with_probe()).select(Event::as_select());
    if let Some(since) = wanted.since {
        unread = unread.filter(events::created_at.ge(since));
    }
    if let Some(until) = wanted.until {
        unread = unread.filter(events::created_at.lt(until));
    }
    let last = match edge {
        None => None,
        Some(edge) => {
            unread = unread.filter(events::position.lt(edge));
            let looked = of_log(log).filter(events::position.lt(edge)).order(events::position.desc());
            looked.select(events::id).first(rx.conn()).optional()?
        }
    };
    Ok(Stretch { unread, last })
}

/// Up to which place there is no entry from `since` on: behind an entry that is so much older all are that came later.
fn before(rx: &mut Look<'_>, log: Log<'_>, since: Timestamp) -> Result<i64> {
    let last = of_log(log)
        .filter(events::created_at.lt(since.minus(ASTRAY)).and(events::position.is_not_null()))
        .order(events::created_at.desc())
        .select(events::position);
    Ok(last.first::<Option<i64>>(rx.conn()).optional()?.flatten().unwrap_or(0))
}

/// From which place on there is no entry before `until`: before an entry that is so much younger all are that came earlier.
fn behind(rx: &mut Look<'_>, log: Log<'_>, until: Timestamp) -> Result<Option<i64>> {
    let first = of_log(log)
        .filter(events::created_at.ge(until.plus(ASTRAY)).and(events::position.is_not_null()))
        .order(events::created_at)
        .select(events::position);
    Ok(first.first(rx.conn()).optional()?.flatten())
}

/// The entries of a log.
fn of_log(log: Log<'_>) -> events::BoxedQuery<'_, Backend> {
    events::table.filter(events::platform_id.eq(log.platform).and(events::mode.eq(log.mode))).into_boxed()
}

/// An entry of this platform that is still kept.
pub fn find(rx: &mut Look<'_>, log: Log<'_>, id: &EventId) -> Result<Event> {
    let Log { platform, mode } = log;
    let kept = events::created_at.ge(rx.now().minus(KEPT));
    let mine = events::table.find(id).filter(events::platform_id.eq(platform).and(events::mode.eq(mode)).and(kept));
    mine.select(Event::as_select()).first(rx.conn()).optional()?.ok_or(Error::NotFound)
}

/// Where the log ends at present, as far as entries have their places.
///
/// # Errors
/// What the database says.
pub fn end(rx: &mut Look<'_>, log: Log<'_>) -> Result<i64> {
    let cursor = event_cursors::table.find((log.platform, log.mode)).select(event_cursors::position);
    Ok(cursor.first(rx.conn()).optional()?.unwrap_or(0))
}

/// The entries that wait for their places, in the order in which they get them.
fn unplaced(log: Log<'_>) -> events::BoxedQuery<'_, Backend> {
    of_log(log).filter(events::position.is_null()).order((events::created_at, events::sequence, events::id))
}

/// Whether entries of a log wait for their places.
///
/// # Errors
/// What the database says.
pub fn has_unplaced(rx: &mut Look<'_>, log: Log<'_>) -> Result<bool> {
    // In the order in which they will be placed, which an index has: without it PostgreSQL, where it knows little of the table,
    // looks through all of it for the first.
    let waiting = unplaced(log).select(events::id);
    Ok(waiting.first::<Perhaps<EventId>>(rx.conn()).optional()?.is_some())
}

/// Gives a place to the entries that have none yet, so many of them. Says whether there are more.
///
/// # Errors
/// What the database says.
pub fn place(tx: &mut Unit<'_>, log: Log<'_>) -> Result<bool> {
    if !has_unplaced(tx, log)? {
        return Ok(false);
    }
    let mut position = lock_cursor(tx, log.platform, log.mode)?;
    // Read under the lock: another may have placed some of them meanwhile.
    let ids: Vec<EventId> = first_readable(PLACED_AT_ONCE, |limit| {
        let loaded: Vec<Perhaps<EventId>> = unplaced(log).select(events::id).limit(limit).load(tx.conn())?;
        Ok(loaded.into_iter().map(|id| id.0).collect())
    })?;
    for id in &ids {
        position += 1;
        diesel::update(events::table.find(id)).set(events::position.eq(position)).execute(tx.conn())?;
    }
    diesel::update(event_cursors::table.find((log.platform, log.mode)))
        .set(event_cursors::position.eq(position))
        .execute(tx.conn())?;
    Ok(i64::try_from(ids.len()).is_ok_and(|count| count >= PLACED_AT_ONCE))
}

fn lock_cursor(tx: &mut Unit<'_>, platform: &PlatformId, mode: Mode) -> Result<i64> {
    let row =
        (event_cursors::platform_id.eq(platform), event_cursors::mode.eq(mode), event_cursors::position.eq(0_i64));
    let cursor = event_cursors::table.find((platform, mode)).select(event_cursors::position);
    native!(tx.conn(), |c| diesel::insert_into(event_cursors::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(match tx.conn() {
        AnyConnection::Sqlite(conn) => cursor.first(conn)?,
        AnyConnection::Postgres(conn) => cursor.for_update().first(conn)?,
    })
}

/// Forgets entries that are older than the log is kept: `limit` of them at the most. How many there were.
pub fn forget_old(tx: &mut Unit<'_>, limit: i64) -> Result<usize> {
    let before = tx.now().minus(KEPT);
    // By their age alone, so that one that cannot be read is forgotten as well.
    let old = events::table.filter(events::created_at.lt(before));
    let last: Option<Timestamp> =
        old.order(events::created_at).offset(limit - 1).select(events::created_at).first(tx.conn()).optional()?;
    let upto = last.unwrap_or(before);
    Ok(diesel::delete(old.filter(events::created_at.le(upto))).execute(tx.conn())?)
}
