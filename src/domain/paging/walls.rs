//! Walls that somebody met: who is told. Whoever asks for a case that is not there for them leaves the same row, whether a wall
//! was the reason or not, and a job looks at it afterwards: what is written of a wall takes time, and that must tell nobody.

use std::time::Duration;

use diesel::prelude::*;

use super::owed::{self, Job, Notice};
use crate::base::id::{CaseId, StaffId, TurnedAwayId};
use crate::base::secret::Sensitive;
use crate::db::due::{self, DueRow};
use crate::db::schema::turned_away;
use crate::domain::access;
use crate::domain::case::Case;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::people::staff;
use crate::domain::terms::Mode;
use crate::domain::unit::{Entry, Look, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;

/// So many notes of one colleague wait for the job at most. It takes all that there are every five seconds: whoever leaves more
/// behind asks for ids by a program, and must not fill the database.
const MOST_WAITING: i64 = 1_000;
/// So often a day the record of a case says of one colleague that they met a wall. Whoever asks more often adds nothing to it.
const TOLD_A_DAY: usize = 24;
const A_DAY: Duration = Duration::from_hours(24);

/// Notes that a colleague was told that these cases are not there. Called after a "not found", in a transaction of its own,
/// because the first one was rolled back; it changes nothing that the caller sees. Of a colleague
/// of whom [`MOST_WAITING`] notes wait for the job no more is made.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn note_turned_away(
    entry: &mut Entry<'_>,
    bearer: &Sensitive<String>,
    cases: &[CaseId],
) -> Result<()> {
    let Some((tx, staff)) = access::turned_away(entry, bearer)? else { return Ok(()) };
    let theirs = turned_away::table.filter(turned_away::staff_id.eq(&staff));
    let waiting: i64 = theirs.count().get_result(tx.conn())?;
    if waiting >= MOST_WAITING {
        // Answers are the same whether it is noted or not, so whoever asks by a program learns nothing by it.
        tracing::warn!(%staff, "a colleague asks for so many cases that are not there that no more of it is noted");
        return Ok(());
    }
    for case in cases {
        let row = (
            turned_away::id.eq(TurnedAwayId::random()),
            turned_away::staff_id.eq(&staff),
            turned_away::case_id.eq(case),
            turned_away::at.eq(tx.now()),
        );
        diesel::insert_into(turned_away::table).values(row).execute(tx.conn())?;
    }
    Ok(())
}

/// A few of those who were turned away, each by the id of the row.
pub fn were_turned_away(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let (at, id) = due::place(after);
    due::walk(limit, |limit| {
        turned_away::table
            .filter(turned_away::at.gt(at).or(turned_away::at.eq(at).and(turned_away::id.gt(id))))
            .order((turned_away::at, turned_away::id))
            .limit(limit)
            .select((turned_away::at, turned_away::id))
            .load(rx.conn())
    })
}

/// Looks whether a wall was the reason, and forgets the row. Then the case's record says who was turned away, so often a day
/// at most, and the safeguarding lead is owed word, once for each person and case.
///
/// # Errors
/// What the database says.
pub fn look_for_wall(tx: &mut Unit<'_>, row: &str) -> Result<()> {
    let met: Option<(StaffId, CaseId)> = turned_away::table
        .find(row)
        .select((turned_away::staff_id, turned_away::case_id))
        .first(tx.conn())
        .optional()?;
    let Some((staff, case)) = met else { return Ok(()) };
    diesel::delete(turned_away::table.find(row)).execute(tx.conn())?;
    if !access::meets_wall(tx, &staff, &case)? {
        return Ok(());
    }
    let (now, key) = (tx.now(), format!("wall:{staff}:{case}"));
    let met = Event::WallMet { staff };
    if audit::times_since(tx, &Owner::case(&case), &met, now.minus(A_DAY))? < TOLD_A_DAY {
        audit::record(tx, Owner::case(&case), met)?;
    }
    owed::owe(tx, &Job::TellOfWall { case }, now, Some(&key))
}

/// Owes word of a wall that was met: to the safeguarding leads who may know of the case, else to the operator. To hear
/// of it would tell whoever it names that there is such a case.
///
/// # Errors
/// What the database says.
pub fn tell_of_wall(tx: &mut Unit<'_>, case: &CaseId, key: &str) -> Result<()> {
    tell(tx, case, &Notice::Wall, key)
}

/// Owes that somebody be told, by a job, that a colleague has left a case because they know somebody in it. Trials wake nobody.
pub(in crate::domain) fn owe_word_of_left(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    if case.mode == Mode::Test {
        return Ok(());
    }
    let now = tx.now();
    owed::owe(tx, &Job::TellOfLeft { case: case.id.clone() }, now, None)
}

/// Owes word that a colleague has left a case: to the same, by the same rule.
///
/// # Errors
/// What the database says.
pub fn tell_of_left(tx: &mut Unit<'_>, case: &CaseId, key: &str) -> Result<()> {
    tell(tx, case, &Notice::Left, key)
}

fn tell(tx: &mut Unit<'_>, case: &CaseId, notice: &Notice, key: &str) -> Result<()> {
    let (now, with_mail) = (tx.now(), staff::with_mail(tx)?);
    let kept_off = access::kept_off(tx, case)?;
    let mut nobody = true;
    for who in staff::list(tx)?.into_iter().filter(|who| who.role == staff::Role::SafeguardingLead) {
        if with_mail.contains(who.id.as_str()) && !kept_off.contains(&who.id) {
            nobody = false;
            let mail = Job::Mail { staff: who.id.clone(), notice: notice.clone() };
            owed::owe(tx, &mail, now, Some(&format!("{key}:{}", who.id)))?;
        }
    }
    if nobody {
        owed::owe(tx, &Job::TellOperatorOfWall, now, Some(&format!("{key}:operator")))?;
    }
    Ok(())
}
