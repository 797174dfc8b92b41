//! What is destroyed of a hand-over after its end, and when: the contact sheet, which is of no use any more and dangerous.

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{legal_holds, referrals as table};
use crate::domain::case::holds;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Contact, Sealed};
use crate::error::Result;

/// How the hand-overs of a case stand, for how long it is kept: by their rows alone.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::domain) struct Ends {
    /// Whether any has not come to its end.
    pub(in crate::domain) is_open: bool,
    /// Whether a service was ever sent one.
    pub(in crate::domain) is_sent: bool,
    /// When the last one ended.
    pub(in crate::domain) last: Option<Timestamp>,
}

/// How those of a case stand.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn ends(rx: &mut Look<'_>, case: &CaseId) -> Result<Ends> {
    type Row = (Perhaps<Option<Timestamp>>, Perhaps<Option<Timestamp>>);
    let of_case = table::table.filter(table::case_id.eq(case));
    let rows: Vec<Row> = of_case.select((table::sent_at, table::ended_at)).load(rx.conn())?;
    let mut all = Ends::default();
    for (sent_at, ended_at) in rows {
        // A time that cannot be read may be any: nothing goes by it.
        let ended_at = ended_at.0.flatten();
        all.is_open |= ended_at.is_none();
        all.is_sent |= sent_at.0.is_none_or(|at| at.is_some());
        all.last = all.last.max(ended_at);
    }
    Ok(all)
}

/// Destroys the contact sheets of hand-overs that ended so long ago that their period has passed (`sheet_kept` of the file of spans;
/// domain.md 5.6): so many at the most. How many there were. By the rows alone, so that one that does not open is destroyed too.
///
/// # Errors
/// What the database says.
pub fn forget_sheets(tx: &mut Unit<'_>, limit: i64) -> Result<usize> {
    let before = tx.now().minus(tx.kit().referrals.sheet_kept());
    let ended = table::ended_at.is_not_null().and(table::ended_at.le(before));
    let due =
        table::table.filter(table::sheet.is_not_null().and(ended)).order((table::ended_at, table::id)).limit(limit);
    // What is held for proceedings stays: by the rows first, so that what is held hides nothing else, and by the record.
    let now = tx.now();
    let stands = legal_holds::ended_at.is_null().and(legal_holds::until.is_null().or(legal_holds::until.gt(now)));
    let held = legal_holds::table.filter(legal_holds::case_id.eq(table::case_id).and(stands));
    let rows: Vec<(Perhaps<String>, Perhaps<CaseId>)> =
        due.filter(not(exists(held))).select((table::id, table::case_id)).load(tx.conn())?;
    let mut ids = Vec::with_capacity(rows.len());
    for (id, case) in rows {
        let is_held = match &case.0 {
            Some(case) => holds::standing(tx, case)?.in_force,
            None => false,
        };
        ids.extend(id.0.filter(|_| !is_held));
    }
    let gone = diesel::update(table::table.filter(table::id.eq_any(ids)));
    Ok(gone.set(table::sheet.eq(None::<Sealed<Contact>>)).execute(tx.conn())?)
}
