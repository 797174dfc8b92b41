//! The other hand-overs of a case, by their rows alone: what is asked at every late clock opens none of a hundred.

use diesel::prelude::*;

use super::kept::Referral;
use super::state::State;
use crate::base::id::{CaseId, ReferralId};
use crate::db::perhaps::Perhaps;
use crate::db::schema::referrals as table;
use crate::domain::unit::Look;
use crate::error::Result;

/// Whether a hand-over of the case other than `but` is with a service, which may yet help.
pub(super) fn one_lives(rx: &mut Look<'_>, case: &CaseId, but: Option<&ReferralId>) -> Result<bool> {
    let living: Vec<State> = State::ALL.iter().copied().filter(|state| state.is_living()).collect();
    let of_case = table::table.filter(table::case_id.eq(case).and(table::state.eq_any(living)));
    // Of two there is one that is another; one whose id cannot be read is passed over.
    let ids: Vec<Perhaps<ReferralId>> = of_case.select(table::id).limit(super::steps::MOST).load(rx.conn())?;
    Ok(ids.into_iter().filter_map(|id| id.0).any(|id| but != Some(&id)))
}

/// Whether another was made in the place of this one.
pub(super) fn is_replaced(rx: &mut Look<'_>, referral: &Referral) -> Result<bool> {
    let of_case = table::table.filter(table::case_id.eq(&referral.case).and(table::replaces.eq(&referral.id)));
    Ok(of_case.select(table::id).first::<String>(rx.conn()).optional()?.is_some())
}
