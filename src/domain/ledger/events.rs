//! The event log of each platform: thin entries that say what changed, for 30 days.
//!
//! An entry gets its place when somebody reads the log, under the lock of the platform's cursor row. Intake therefore
//! shares no counter, and a reader never misses an entry whose transaction began early and committed late.

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
/// How many entries get their place in one statement's reach.
const PLACED_AT_ONCE: i64 = 1_000;

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

/// The entries after `after` in the order of the log, one more than `limit` when there are more.
///
/// # Errors
/// `Invalid` when `after` is no entry of this platform's log any more.
pub(in crate::domain) fn list<'a>(
    tx: &mut Unit<'_>,
    log: Log<'a>,
    after: Option<&EventId>,
    wanted: &'a Filter,
    limit: Limit,
) -> Result<Unread<'a>> {
    let Log { platform, mode } = log;
    place_new(tx, platform, mode)?;
    let mine = events::platform_id.eq(platform).and(events::mode.eq(mode));
    let from = match after {
        None => 0,
        Some(id) => events::table
            .find(id)
            .filter(mine)
            .select(events::position)
            .first::<Option<i64>>(tx.conn())
            .optional()?
            .flatten()
            .ok_or_else(|| Error::invalid("/after", Hooks::UnknownEvent))?,
    };
    let mut query = events::table
        .filter(mine.and(events::position.gt(from)).and(events::created_at.ge(tx.now().minus(KEPT))))
        .order(events::position)
        .limit(limit.with_probe())
        .select(Event::as_select())
        .into_boxed();
    if let Some(kind) = wanted.kind {
        query = query.filter(events::type_.eq(kind.as_str()));
    }
    if let Some(report) = &wanted.report {
        query = query.filter(events::report_id.eq(report));
    }
    if let Some(since) = wanted.since {
        query = query.filter(events::created_at.ge(since));
    }
    if let Some(until) = wanted.until {
        query = query.filter(events::created_at.lt(until));
    }
    Ok(query)
}

/// An entry of this platform that is still kept.
pub fn find(rx: &mut Look<'_>, log: Log<'_>, id: &EventId) -> Result<Event> {
    let Log { platform, mode } = log;
    let kept = events::created_at.ge(rx.now().minus(KEPT));
    let mine = events::table.find(id).filter(events::platform_id.eq(platform).and(events::mode.eq(mode)).and(kept));
    mine.select(Event::as_select()).first(rx.conn()).optional()?.ok_or(Error::NotFound)
}

/// Where the log ends at present: everything up to there has its place.
pub fn end(tx: &mut Unit<'_>, platform: &PlatformId, mode: Mode) -> Result<i64> {
    place_new(tx, platform, mode)?;
    let cursor = event_cursors::table.find((platform, mode)).select(event_cursors::position);
    Ok(cursor.first(tx.conn()).optional()?.unwrap_or(0))
}

/// Gives a place to the entries that have none yet.
fn place_new(tx: &mut Unit<'_>, platform: &PlatformId, mode: Mode) -> Result<()> {
    let waiting = events::table
        .filter(events::platform_id.eq(platform).and(events::mode.eq(mode)).and(events::position.is_null()))
        .order((events::created_at, events::sequence, events::id))
        .select(events::id);
    if waiting.first::<Perhaps<EventId>>(tx.conn()).optional()?.is_none() {
        return Ok(());
    }
    let mut position = lock_cursor(tx, platform, mode)?;
    loop {
        // Read again under the lock: another reader may have placed some of them meanwhile.
        let ids: Vec<EventId> = first_readable(PLACED_AT_ONCE, |limit| {
            let loaded: Vec<Perhaps<EventId>> = waiting.limit(limit).load(tx.conn())?;
            Ok(loaded.into_iter().map(|id| id.0).collect())
        })?;
        for id in &ids {
            position += 1;
            diesel::update(events::table.find(id)).set(events::position.eq(position)).execute(tx.conn())?;
        }
        if ids.len() < usize::try_from(PLACED_AT_ONCE).unwrap_or(usize::MAX) {
            break;
        }
    }
    diesel::update(event_cursors::table.find((platform, mode)))
        .set(event_cursors::position.eq(position))
        .execute(tx.conn())?;
    Ok(())
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
