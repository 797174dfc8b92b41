//! The board of leads: the hand-overs of all cases that they see, by state, and which are late. No word of anybody stands on it.

use std::collections::BTreeSet;

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::state::State;
use crate::base::id::{CaseId, ReferralId, ServiceId};
use crate::base::page::{Limit, Page, read_cursor};
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{cases, clocks, referrals};
use crate::domain::access::{self, Act, Acting};
use crate::domain::case;
use crate::domain::people::staff::Role;
use crate::domain::terms::Mode;
use crate::domain::triage::{Phase, Queue};
use crate::domain::unit::Look;
use crate::error::rules::Parameter;
use crate::error::{Error, Forbidden, Refused, Result};

/// A hand-over on the board.
#[derive(Debug, Serialize, ToSchema)]
pub struct OnBoard {
    /// Its id.
    #[schema(value_type = String, example = "ref_00000000000000000000000000")]
    pub id: ReferralId,
    /// Of which case.
    #[schema(value_type = String)]
    pub case_id: CaseId,
    /// To which service.
    #[schema(value_type = String)]
    pub service_id: ServiceId,
    /// Trial or real life.
    pub mode: Mode,
    /// Where it stands.
    pub state: State,
    /// When it was drafted.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// When it was sent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sent_at: Option<Timestamp>,
    /// What it waits for first.
    pub phase: Option<Phase>,
    /// By when.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// Whether that has passed.
    pub late: bool,
}

/// Which part of the board.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Those that stand here.
    pub state: Option<State>,
    /// Those of which something that was due has passed, or none of those.
    pub late: Option<bool>,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

/// A page of the board, the oldest first.
///
/// # Errors
/// `Forbidden` for whoever is no lead; `Parameter` for a cursor of another list.
pub fn board(rx: &mut Look<'_>, who: &Acting, wanted: &Wanted, limit: Limit) -> Result<Page<OnBoard>> {
    if !matches!(who.role, Role::Lead | Role::SafeguardingLead) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    let name = format!("board:{}:{:?}", wanted.state.map_or("", State::as_str), wanted.late);
    let after: Option<(i64, ReferralId)> = match &wanted.cursor {
        None => None,
        Some(text) => {
            let wrong = Refused::Parameter { name: "cursor", wanted: Parameter::Cursor };
            Some(read_cursor(&name, text).ok_or(wrong)?)
        }
    };
    let rows = readable(rx, who, wanted, after, limit.with_probe())?;
    let key = |row: &OnBoard| (row.made_at.micros(), row.id.clone());
    Ok(Page::cut(rows, limit, &name, key))
}

/// As many as can be read, of which there are that many: one that cannot be read ends no page.
fn readable(
    rx: &mut Look<'_>,
    who: &Acting,
    wanted: &Wanted,
    mut after: Option<(i64, ReferralId)>,
    limit: i64,
) -> Result<Vec<OnBoard>> {
    let mut all: Vec<OnBoard> = Vec::new();
    loop {
        let read = rows(rx, who, wanted, after, limit)?;
        let is_last = read.found < limit || read.last.is_none();
        all.extend(read.rows);
        if is_last || i64::try_from(all.len()).unwrap_or(limit) >= limit {
            return Ok(all);
        }
        after = read.last;
    }
}

/// What one statement found: how many rows, the last that can be read, and those of them that are shown.
struct Read {
    found: i64,
    last: Option<(i64, ReferralId)>,
    rows: Vec<OnBoard>,
}

type Row = (
    (Perhaps<ReferralId>, Perhaps<CaseId>, Perhaps<ServiceId>, Perhaps<Mode>, Perhaps<State>),
    (Perhaps<Timestamp>, Perhaps<Option<Timestamp>>),
);

fn rows(
    rx: &mut Look<'_>,
    who: &Acting,
    wanted: &Wanted,
    after: Option<(i64, ReferralId)>,
    limit: i64,
) -> Result<Read> {
    let queues: Vec<Queue> =
        who.queues.iter().copied().filter(|queue| access::allows(who.role, *queue, Act::Read)).collect();
    let now = rx.now();
    let late = || {
        let running = clocks::met_at.is_null().and(clocks::stopped_at.is_null()).and(clocks::due_at.lt(now));
        exists(clocks::table.filter(clocks::referral_id.eq(referrals::id.nullable()).and(running)))
    };
    let mut query = referrals::table
        .inner_join(cases::table.on(cases::id.eq(referrals::case_id)))
        .filter(cases::queue.eq_any(queues).and(not(access::walled(&who.id))))
        .order((referrals::made_at, referrals::id))
        .limit(limit)
        .select((
            (referrals::id, referrals::case_id, referrals::service_id, referrals::mode, referrals::state),
            (referrals::made_at, referrals::sent_at),
        ))
        .into_boxed();
    if let Some(state) = wanted.state {
        query = query.filter(referrals::state.eq(state));
    }
    match wanted.late {
        Some(true) => query = query.filter(late()),
        Some(false) => query = query.filter(not(late())),
        None => {}
    }
    if let Some((at, id)) = after {
        let at = Timestamp::from_micros(at);
        query = query.filter(referrals::made_at.gt(at).or(referrals::made_at.eq(at).and(referrals::id.gt(id))));
    }
    let rows: Vec<Row> = query.load(rx.conn())?;
    let found = i64::try_from(rows.len()).unwrap_or(limit);
    let last = rows.iter().filter_map(|row| Some((row.1.0.0?.micros(), row.0.0.0.clone()?))).next_back();
    let mut all: Vec<OnBoard> = rows.into_iter().filter_map(read).collect();
    let cases: BTreeSet<CaseId> = all.iter().map(|row| row.case_id.clone()).collect();
    let seen: BTreeSet<CaseId> = who.walls().leave(rx, cases.into_iter().collect())?.into_iter().collect();
    all.retain(|row| seen.contains(&row.case_id));
    let ids: Vec<ReferralId> = all.iter().map(|row| row.id.clone()).collect();
    let due = case::clocks::of_referrals(rx, &ids)?;
    for row in &mut all {
        if let Some((phase, due_at)) = due.get(&row.id) {
            (row.phase, row.due_at, row.late) = (Some(*phase), Some(*due_at), *due_at < now);
        }
    }
    Ok(Read { found, last, rows: all })
}

fn read(row: Row) -> Option<OnBoard> {
    let ((id, case, service, mode, state), (made_at, sent_at)) = row;
    Some(OnBoard {
        id: id.0?,
        case_id: case.0?,
        service_id: service.0?,
        mode: mode.0?,
        state: state.0?,
        made_at: made_at.0?,
        sent_at: sent_at.0.flatten(),
        phase: None,
        due_at: None,
        late: false,
    })
}
