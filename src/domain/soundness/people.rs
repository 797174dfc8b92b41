//! Whether anybody can be paged.

use diesel::prelude::*;

use super::Finding;
use crate::base::id::{CaseId, StaffId};
use crate::db::Rx;
use crate::db::schema::{shifts, staff as accounts};
use crate::domain::access::{self, Act};
use crate::domain::paging::unseen;
use crate::domain::staff;
use crate::domain::triage::Queue;
use crate::error::Result;

/// Open cases that nobody may work on.
///
/// # Errors
/// What the database says.
pub fn out_of_sight(rx: &mut Rx<'_>) -> Result<Vec<Finding>> {
    let detail = "nobody may work on it: put its queue on a colleague's list (admin staff queues), or add a colleague \
                  whom no wall keeps from it";
    let finding = |id: CaseId| Finding { code: "out_of_sight", table: "cases", id: id.to_string(), detail };
    Ok(unseen::find(rx)?.into_iter().map(finding).collect())
}

/// Who of those on the rota has no mail address, and which queues have nobody at all who can be written to.
///
/// # Errors
/// What the database says.
pub fn reachable(rx: &mut Rx<'_>) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let on_rota: Vec<(String, bool, bool)> = accounts::table
        .filter(accounts::id.eq_any(shifts::table.filter(shifts::ends_at.gt(rx.now())).select(shifts::staff_id)))
        .order(accounts::username)
        .select((accounts::username, accounts::active, accounts::mail.is_not_null()))
        .load(rx.conn())?;
    for (name, active, has_mail) in on_rota {
        let (code, detail) = match (active, has_mail) {
            (false, _) => ("closed_on_rota", "the account is closed and stands on the rota: give the shift to another"),
            (true, false) => ("no_address", "they are on the rota and no page reaches them: admin rota mail <name>"),
            (true, true) => continue,
        };
        found.push(Finding { code, table: "staff", id: name, detail });
    }
    let with_mail: Vec<StaffId> = accounts::table
        .filter(accounts::active.eq(true).and(accounts::mail.is_not_null()))
        .select(accounts::id)
        .load(rx.conn())?;
    let able = staff::list(rx)?;
    for queue in Queue::ALL {
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
pub fn old_walls(rx: &mut Rx<'_>) -> Result<Vec<Finding>> {
    let detail = "what they declared meets only some spellings: have it declared again (admin staff declare <name>)";
    let old = staff::to_declare_again(rx)?;
    let finding =
        |(name, kind)| Finding { code: "declare_again", table: "staff", id: format!("{name} {kind}"), detail };
    Ok(old.into_iter().map(finding).collect())
}
