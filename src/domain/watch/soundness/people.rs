//! Whether anybody can be paged.

use diesel::dsl::{Filter, Gt, IsNull, Select};
use diesel::prelude::*;

use super::Finding;
use crate::base::id::{CaseId, StaffId};
use crate::base::time::Timestamp;
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::{shifts, staff as accounts};
use crate::domain::access::{self, Act};
use crate::domain::paging::{rota, unseen};
use crate::domain::people::staff;
use crate::domain::triage::Queue;
use crate::domain::unit::Look;
use crate::error::Result;

/// Open cases that nobody may work on.
///
/// # Errors
/// What the database says.
pub fn out_of_sight(rx: &mut Look<'_>) -> Result<Vec<Finding>> {
    let detail = "nobody may work on it: put its queue on a colleague's list (admin staff queues), or add a colleague \
                  whom no wall keeps from it";
    let finding = |id: CaseId| Finding { code: "out_of_sight", table: "cases", id: id.to_string(), detail };
    Ok(unseen::find(rx)?.into_iter().map(finding).collect())
}

/// Who stands on the rota, now or later, and is never told of a case: their account is closed, or takes none.
///
/// # Errors
/// What the database says.
pub fn on_rota(rx: &mut Look<'_>) -> Result<Vec<Finding>> {
    let able: Vec<StaffId> = staff::list(rx)?.into_iter().filter(access::takes_cases).map(|who| who.id).collect();
    let names: Vec<(Perhaps<String>, bool)> = accounts::table
        .filter(accounts::id.eq_any(still_to_come(rx)).and(accounts::id.ne_all(able)))
        .order(accounts::username)
        .select((accounts::username, accounts::active))
        .load(rx.conn())?;
    let detail = "they stand on the rota and are never paged, because the account is closed or takes no cases: give the \
                  shift to another (admin rota list, remove, add)";
    let finding = |(name, active): (Perhaps<String>, bool)| {
        let name = name.0?;
        // The name was given to somebody else since.
        let name = name.split('#').next().unwrap_or_default();
        let id = if active { name.to_owned() } else { format!("{name} (closed)") };
        Some(Finding { code: "on_rota_without_right", table: "staff", id, detail })
    };
    Ok(names.into_iter().filter_map(finding).collect())
}

/// Whether there is a rota. Without one nobody is planned to be at work, and reporters are told so: the operator's choice.
///
/// # Errors
/// What the database says.
pub fn no_rota(rx: &mut Look<'_>) -> Result<Option<Finding>> {
    let detail = "no shift is planned: reporters are told that nobody is planned to be at work, and pages go to the leads \
                  (admin rota add, load)";
    let is_there = rota::is_there(rx)?;
    let finding = Finding { code: "no_rota", table: "shifts", id: "none".to_owned(), detail };
    Ok(Some(finding).filter(|_| !is_there))
}

/// Whose shifts have not ended.
fn still_to_come(rx: &Look<'_>) -> WhoseShifts {
    let ahead = shifts::table.filter(shifts::ends_at.gt(rx.now()));
    ahead.filter(shifts::removed_at.is_null()).select(shifts::staff_id)
}

type Ahead = Filter<shifts::table, Gt<shifts::ends_at, Timestamp>>;
type WhoseShifts = Select<Filter<Ahead, IsNull<shifts::removed_at>>, shifts::staff_id>;

/// Who of those on the rota has no mail address, and which queues have nobody at all who can be written to.
///
/// # Errors
/// What the database says.
pub fn reachable(rx: &mut Look<'_>) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let unreached: Vec<Perhaps<String>> = accounts::table
        .filter(accounts::id.eq_any(still_to_come(rx)))
        .filter(accounts::active.eq(true).and(accounts::mail.is_null()))
        .order(accounts::username)
        .select(accounts::username)
        .load(rx.conn())?;
    for id in readable(unreached) {
        let detail = "they are on the rota and no page reaches them: admin rota mail <name>";
        found.push(Finding { code: "no_address", table: "staff", id, detail });
    }
    let with_mail = accounts::table.filter(accounts::active.eq(true).and(accounts::mail.is_not_null()));
    let with_mail: Vec<StaffId> = readable(with_mail.select(accounts::id).load(rx.conn())?);
    let able = staff::list(rx)?;
    for queue in Queue::ALL.iter().copied() {
        let may = able.iter().filter(|who| access::sees(who, queue) && access::allows(who.role, queue, Act::Claim));
        if !may.into_iter().any(|who| with_mail.contains(&who.id)) {
            let detail = "nobody who may work on the queue has a mail address: admin rota mail <name>";
            found.push(Finding { code: "nobody_to_page", table: "queue", id: queue.as_str().to_owned(), detail });
        }
    }
    Ok(found)
}

/// Whose wall was declared before originals were kept: it stands as the first rules knew it, and meets fewer spellings.
///
/// # Errors
/// What the database says.
pub fn old_walls(rx: &mut Look<'_>) -> Result<Vec<Finding>> {
    let detail = "what they declared meets only some spellings: have it declared again (admin staff declare <name>)";
    let old = staff::to_declare_again(rx)?;
    let finding =
        |(name, kind)| Finding { code: "declare_again", table: "staff", id: format!("{name} {kind}"), detail };
    Ok(old.into_iter().map(finding).collect())
}
