//! The cases that wait for a comparison, a few of each platform in its turn: whoever sends very many keeps nobody else's waiting.

use std::collections::BTreeMap;

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::base::id::PlatformId;
use crate::db::due::{self, DueRow};
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::{cases, platforms};
use crate::domain::unit::Look;
use crate::error::Result;

/// How far a walk has come in each platform's cases.
pub type Places = BTreeMap<PlatformId, DueRow>;

/// The next that wait, `each` of each platform, behind the places, which move on behind them.
pub fn in_turn(rx: &mut Look<'_>, places: &mut Places, each: i64) -> Result<Vec<DueRow>> {
    let waits = cases::table.filter(cases::platform_id.eq(platforms::id).and(cases::match_at.is_not_null()));
    let whose: Vec<Perhaps<PlatformId>> =
        platforms::table.filter(exists(waits)).select(platforms::id).load(rx.conn())?;
    let mut all = Vec::new();
    for platform in readable(whose) {
        let some = of_one(rx, &platform, places.get(&platform), each)?;
        if let Some(last) = some.last() {
            places.insert(platform, last.clone());
        }
        all.extend(some);
    }
    Ok(all)
}

/// A few of a platform's cases that wait.
fn of_one(rx: &mut Look<'_>, platform: &PlatformId, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let (at, id) = due::place(after);
    due::walk(limit, |limit| {
        cases::table
            .filter(cases::platform_id.eq(platform).and(cases::match_at.is_not_null()))
            // Said by itself, so that an index is entered at the place and not walked up to it.
            .filter(cases::match_at.ge(at))
            .filter(cases::match_at.gt(at).or(cases::match_at.eq(at).and(cases::id.gt(id))))
            .order((cases::match_at, cases::id))
            .limit(limit)
            .select((cases::match_at.assume_not_null(), cases::id))
            .load(rx.conn())
    })
}
