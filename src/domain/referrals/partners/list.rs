//! The list of a service: no word of anybody stands in it.

use std::collections::BTreeSet;

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::super::state::State;
use super::Handed;
use crate::base::id::{CaseId, ReferralId};
use crate::base::page::{Limit, Page, read_cursor};
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{case_keepings, cases, referrals as table};
use crate::domain::access::{Agent, Partner};
use crate::domain::case::clocks;
use crate::domain::directory::{self, Service};
use crate::domain::triage::Priority;
use crate::domain::unit::Look;
use crate::error::rules::Parameter;
use crate::error::{Refused, Result};

/// Which part of the list.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Those that stand here.
    pub state: Option<State>,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

/// The hand-overs of a service, the newest first.
///
/// # Errors
/// `Parameter` for a cursor of another list.
pub fn list(rx: &mut Look<'_>, who: &Partner, asked: &Asked, limit: Limit) -> Result<Page<Handed>> {
    let name = ["partner_referrals", asked.state.map_or("", State::as_str)].join(":");
    let mut after: Option<(i64, ReferralId)> = match &asked.cursor {
        None => None,
        Some(text) => {
            let wrong = Refused::Parameter { name: "cursor", wanted: Parameter::Cursor };
            Some(read_cursor(&name, text).ok_or(wrong)?)
        }
    };
    // No word of anybody stands here: whoever has not said whom they know sees what waits.
    let Some(service) = listed(rx, who)?.filter(|service| !service.declared.hides_all()) else {
        // Nobody walks through all that there is to find that none of it is shown.
        return Ok(Page { data: Vec::new(), next: None });
    };
    let wanted = usize::try_from(limit.with_probe()).unwrap_or(usize::MAX);
    let mut all: Vec<Handed> = Vec::new();
    loop {
        let Found { count, last, rows } = rows(rx, who, asked.state, after.take(), limit.with_probe())?;
        // By the rows that there are: one that cannot be read hides none behind it.
        let is_last = count < wanted;
        after = last;
        let of_cases: BTreeSet<CaseId> = rows.iter().map(|(_, case)| case.clone()).collect();
        let left: BTreeSet<CaseId> = service.declared.leave(rx, of_cases.into_iter().collect())?.into_iter().collect();
        all.extend(rows.into_iter().filter(|(_, case)| left.contains(case)).map(|(row, _)| row));
        if is_last || after.is_none() || all.len() >= wanted {
            break;
        }
    }
    all.truncate(wanted);
    let ids: Vec<ReferralId> = all.iter().map(|row| row.id.clone()).collect();
    let due = clocks::of_referrals(rx, &ids)?;
    for row in &mut all {
        row.expect(&due);
    }
    let key = |row: &Handed| (row.sent_at.map(Timestamp::micros), row.id.clone());
    Ok(Page::cut(all, limit, &name, key))
}

/// The service with its walls, and those of whoever comes from there.
fn listed(rx: &mut Look<'_>, who: &Partner) -> Result<Option<Service>> {
    let found = directory::find(rx, &who.service)?;
    Ok(found.map(|mut service| {
        if let Agent::Person(account) = &who.agent {
            service.declared = service.declared.and(account);
        }
        service
    }))
}

/// What one statement found: how many rows, the last place that can be read, and those of them that can be shown.
struct Found {
    count: usize,
    last: Option<(i64, ReferralId)>,
    rows: Vec<(Handed, CaseId)>,
}

type Row = (
    (Perhaps<ReferralId>, Perhaps<CaseId>, Perhaps<State>, Perhaps<Priority>, Perhaps<i64>),
    (Perhaps<Option<Timestamp>>, Perhaps<Option<Timestamp>>, Perhaps<Option<Timestamp>>, Perhaps<Option<Timestamp>>),
);

fn rows(
    rx: &mut Look<'_>,
    who: &Partner,
    state: Option<State>,
    after: Option<(i64, ReferralId)>,
    limit: i64,
) -> Result<Found> {
    let erased = case_keepings::table.filter(case_keepings::case_id.eq(table::case_id));
    let erased = erased.filter(case_keepings::erased_at.is_not_null());
    let mut query = table::table
        .inner_join(cases::table.on(cases::id.eq(table::case_id)))
        .filter(table::service_id.eq(&who.service).and(table::mode.eq(who.mode)).and(table::sent_at.is_not_null()))
        // Of what was destroyed nobody can say any more that it was theirs.
        .filter(not(exists(erased)))
        .order((table::sent_at.desc(), table::id.desc()))
        .limit(limit)
        .select((
            (table::id, table::case_id, table::state, cases::priority, table::version),
            (table::sent_at, table::received_at, table::answered_at, table::ended_at),
        ))
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(table::state.eq(state));
    }
    if let Some((at, id)) = after {
        let at = Some(Timestamp::from_micros(at));
        query = query.filter(table::sent_at.lt(at).or(table::sent_at.eq(at).and(table::id.lt(id))));
    }
    let rows: Vec<Row> = query.load(rx.conn())?;
    let count = rows.len();
    let last = rows.iter().filter_map(|(one, times)| Some((times.0.0??.micros(), one.0.0.clone()?))).next_back();
    let read = |((id, case, state, priority, version), (sent, received, answered, ended)): Row| {
        let handed = Handed {
            id: id.0?,
            state: state.0?,
            urgency: priority.0?.into(),
            sent_at: Some(sent.0??),
            received_at: received.0.flatten(),
            answered_at: answered.0.flatten(),
            ended_at: ended.0.flatten(),
            next: None,
            next_by: None,
            version: version.0?,
        };
        Some((handed, case.0?))
    };
    Ok(Found { count, last, rows: rows.into_iter().filter_map(read).collect() })
}
