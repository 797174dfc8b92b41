//! Who is at work now: by the rota, or because they did something a moment ago.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::rota::SHIFT;
use crate::base::id::StaffId;
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::shifts;
use crate::domain::access;
use crate::domain::people::staff::{self, Member};
use crate::domain::unit::Look;
use crate::error::Result;

/// A colleague who is at work.
#[derive(Clone, Debug)]
pub struct AtWork {
    /// Who.
    pub member: Member,
    /// Until when they stand on the rota, where they do.
    pub until: Option<Timestamp>,
    /// Whether they did something within the last quarter of an hour.
    pub is_acting: bool,
}

/// All who take cases and are at work now, by name. Who cannot come in is not, whatever the rota says.
///
/// # Errors
/// What the database says.
pub fn at_work(rx: &mut Look<'_>) -> Result<Vec<AtWork>> {
    let now = rx.now();
    let on_shift = shifts::table.filter(shifts::starts_at.le(now).and(shifts::ends_at.gt(now)));
    let on_shift = on_shift.filter(shifts::removed_at.is_null());
    let rows: Vec<(Perhaps<StaffId>, Perhaps<Timestamp>)> =
        on_shift.select((shifts::staff_id, shifts::ends_at)).load(rx.conn())?;
    let mut planned: BTreeMap<StaffId, Timestamp> = BTreeMap::new();
    for (id, ends_at) in rows {
        if let (Some(id), Some(ends_at)) = (id.0, ends_at.0) {
            let until = planned.entry(id).or_insert(ends_at);
            *until = ends_at.max(*until);
        }
    }
    let acting: Vec<StaffId> = staff::acting_since(rx, now.minus(SHIFT))?.into_iter().map(|member| member.id).collect();
    let shut_out = staff::shut_out(rx)?;
    let here = staff::list(rx)?.into_iter().filter(|who| access::takes_cases(who) && !shut_out.contains(&who.id));
    let at_work = here.map(|member| AtWork {
        until: planned.get(&member.id).copied(),
        is_acting: acting.contains(&member.id),
        member,
    });
    Ok(at_work.filter(|who| who.until.is_some() || who.is_acting).collect())
}

/// The ids of those.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn ids_at_work(rx: &mut Look<'_>) -> Result<BTreeSet<StaffId>> {
    Ok(at_work(rx)?.into_iter().map(|who| who.member.id).collect())
}
