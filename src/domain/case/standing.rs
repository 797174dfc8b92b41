//! What stands beside the row of a case of its hand-overs to services, so that whoever closes it need not know them: whether one
//! is under way that nobody accepted, whether one was accepted, and whether its platform sees that it is worked on.

use diesel::prelude::*;

use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::schema::case_standings as table;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// How it stands with the hand-overs of a case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::domain) struct Standing {
    /// Whether one is under way that no service has accepted: such a case is not closed.
    pub(in crate::domain) referral_open: bool,
    /// Whether a service has accepted one, and stands by it or has helped.
    pub(in crate::domain) referral_accepted: bool,
    /// When the case was taken up again, after its end, for something that its platform must not learn of: until the platform is
    /// asked again, or says more, its view of the reports stays as it was.
    pub(in crate::domain) woken_at: Option<Timestamp>,
}

/// How it stands with a case.
pub(in crate::domain) fn of(rx: &mut Look<'_>, case: &CaseId) -> Result<Standing> {
    let row: Option<(bool, bool, Option<Timestamp>)> = table::table
        .find(case)
        .select((table::referral_open, table::referral_accepted, table::woken_at))
        .first(rx.conn())
        .optional()?;
    let standing =
        |(referral_open, referral_accepted, woken_at)| Standing { referral_open, referral_accepted, woken_at };
    Ok(row.map(standing).unwrap_or_default())
}

/// Sets how it stands with a case, whose row is locked.
pub(in crate::domain) fn set(tx: &mut Unit<'_>, case: &CaseId, standing: Standing) -> Result<()> {
    let Standing { referral_open, referral_accepted, woken_at } = standing;
    let set = (
        table::referral_open.eq(referral_open),
        table::referral_accepted.eq(referral_accepted),
        table::woken_at.eq(woken_at),
    );
    let row = (table::case_id.eq(case), set);
    native!(tx.conn(), |c| diesel::insert_into(table::table)
        .values(row)
        .on_conflict(table::case_id)
        .do_update()
        .set(set)
        .execute(c))?;
    Ok(())
}
