//! What matches among old cases since their names were made anew. Nobody waits for it at night: it raises nothing and pages
//! nobody, and a lead looks at it by day.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::base::id::CaseId;
use crate::base::page::{Limit, Page, cursor, read_cursor};
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::schema::{case_links, late_matches};
use crate::domain::access::{self, Act, Acting};
use crate::domain::case;
use crate::domain::case::Case;
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::domain::watch::matching;
use crate::error::rules::Parameter;
use crate::error::{Error, Forbidden, Refused, Result};

/// How many rows are looked through for one page, at the most.
const LOOKED_THROUGH: usize = 1_000;

/// Two cases that match since the rules of identifiers changed.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = late_matches)]
pub struct LateMatch {
    /// When that was found.
    pub found_at: Timestamp,
    /// One.
    pub case_id: CaseId,
    /// The other; of the two, the later in the order of ids.
    pub other_id: CaseId,
    /// What a new report would have raised them by: `O17` or `O21`.
    pub code: String,
}

/// Keeps what a case matches that it did not match before.
pub(super) fn compare(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    let found_at = tx.now();
    for (other, code) in matching::beside(tx, &case.id, case.mode)? {
        let (case_id, other_id) = if case.id < other { (case.id.clone(), other) } else { (other, case.id.clone()) };
        let row = LateMatch { found_at, case_id, other_id, code: code.to_owned() };
        native!(tx.conn(), |c| diesel::insert_into(late_matches::table)
            .values(&row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// A page of them for a lead, the oldest first: those of which they see both, which are both open and not linked yet.
///
/// # Errors
/// `Forbidden` for who hands out no cases; `Parameter` for a cursor of another list.
pub fn list(rx: &mut Look<'_>, who: &Acting, mode: Mode, from: Option<&str>, limit: Limit) -> Result<Page<LateMatch>> {
    if !access::may_ever(who.role, Act::Assign) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    let name = format!("late_matches|{}", mode.as_str());
    let mut after: Option<LateMatch> = match from {
        None => None,
        Some(text) => {
            Some(read_cursor(&name, text).ok_or(Refused::Parameter { name: "cursor", wanted: Parameter::Cursor })?)
        }
    };
    let (mut data, mut looked) = (Vec::new(), 0);
    loop {
        let some = behind(rx, after.as_ref(), limit)?;
        let is_last = some.len() <= limit.get();
        for row in some.into_iter().take(limit.get()) {
            looked += 1;
            if is_to_be_seen(rx, who, mode, &row)? {
                data.push(row.clone());
            }
            after = Some(row);
            if data.len() == limit.get() {
                break;
            }
        }
        let is_full = data.len() == limit.get() || looked >= LOOKED_THROUGH;
        if is_last && !is_full {
            return Ok(Page { data, next: None });
        }
        if is_full {
            let next = if behind(rx, after.as_ref(), limit)?.is_empty() { None } else { after };
            return Ok(Page { data, next: next.map(|last| cursor(&name, &last)) });
        }
    }
}

fn behind(rx: &mut Look<'_>, after: Option<&LateMatch>, limit: Limit) -> Result<Vec<LateMatch>> {
    use late_matches as t;
    let mut query = t::table
        .order((t::found_at, t::case_id, t::other_id, t::code))
        .limit(limit.with_probe())
        .select(LateMatch::as_select())
        .into_boxed();
    if let Some(last) = after {
        let same = t::found_at.eq(last.found_at);
        let pair = t::case_id.gt(last.case_id.clone()).or(t::case_id.eq(last.case_id.clone()).and(
            t::other_id
                .gt(last.other_id.clone())
                .or(t::other_id.eq(last.other_id.clone()).and(t::code.gt(last.code.clone()))),
        ));
        query = query.filter(t::found_at.gt(last.found_at).or(same.and(pair)));
    }
    Ok(query.load(rx.conn())?)
}

fn is_to_be_seen(rx: &mut Look<'_>, who: &Acting, mode: Mode, row: &LateMatch) -> Result<bool> {
    for id in [&row.case_id, &row.other_id] {
        let seen = case::find(rx, id)?.filter(|case| case.mode == mode && case.state.is_open());
        let Some(case) = seen.filter(|case| access::may(who, case, Act::Read)) else { return Ok(false) };
        if who.walls().stand_before(rx, &case.id)? {
            return Ok(false);
        }
    }
    let linked = case_links::table.find((&row.case_id, &row.other_id)).select(case_links::case_id);
    Ok(linked.first::<CaseId>(rx.conn()).optional()?.is_none())
}
