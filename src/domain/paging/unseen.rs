//! Open cases that nobody at all may work on: everybody who could stands behind a wall, or the queue is on nobody's list.
//! No alarm reaches a person there. It is told to the safeguarding leads whom no wall keeps from the case, else to the
//! operator: at once, and again each day while it lasts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use diesel::prelude::*;

use super::owed::{self, Job, Notice};
use crate::base::id::{CaseId, StaffId};
use crate::base::time::Timestamp;
use crate::db::dialect::insert_new;
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::{cases as table, staff as accounts, unseen_cases};
use crate::domain::access::{self, Act};
use crate::domain::case;
use crate::domain::case::{Case, State};
use crate::domain::people::staff::{self, Member, Role};
use crate::domain::terms::Mode;
use crate::domain::triage::Queue;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// How many are read at once.
const SOME: usize = 200;
/// How many of them are looked for. Whoever has more has one cause.
const LOOKED_FOR: usize = 1_000;
/// How many are named to whoever is told.
const NAMED: usize = 20;
/// When it is told again.
const AGAIN: Duration = Duration::from_hours(24);

/// Open cases of real life that nobody may work on, in the order of their ids: at most a thousand.
///
/// # Errors
/// What the database says.
pub fn find(rx: &mut Look<'_>) -> Result<BTreeSet<CaseId>> {
    let declared = staff::declared(rx)?;
    let able: Vec<Member> = staff::list(rx)?.into_iter().filter(|who| access::may_ever(who.role, Act::Claim)).collect();
    let mut unseen = BTreeSet::new();
    for queue in Queue::ALL.iter().copied() {
        let works = |who: &&Member| who.queues.contains(&queue) && access::allows(who.role, queue, Act::Claim);
        // Whoever declared least is behind the fewest walls: only there can all of them be.
        let least = able.iter().filter(works).min_by_key(|who| declared.get(&who.id).copied().unwrap_or(0));
        let behind = match least {
            None => None,
            Some(who) if !declared.contains_key(&who.id) => continue,
            Some(who) => Some(&who.id),
        };
        for case in open_in(rx, queue, behind)? {
            if unseen.len() >= LOOKED_FOR {
                return Ok(unseen);
            }
            if !is_seen(rx, &able, &declared, &case)? {
                unseen.insert(case.id);
            }
        }
    }
    Ok(unseen)
}

/// The open cases of a queue, or those of them that a wall keeps somebody from. One that cannot be read hides no other; it rings for
/// the leads by itself.
fn open_in(rx: &mut Look<'_>, queue: Queue, behind: Option<&StaffId>) -> Result<Vec<Case>> {
    let open = State::ALL.iter().copied().filter(|state| state.is_open());
    let mut found = Vec::new();
    for state in open {
        let mut query = table::table
            .filter(table::mode.eq(Mode::Live).and(table::queue.eq(queue)).and(table::state.eq(state)))
            .order((table::sort_rank, table::id))
            .limit(i64::try_from(LOOKED_FOR).unwrap_or(i64::MAX))
            .select(table::id)
            .into_boxed();
        if let Some(who) = behind {
            query = query.filter(access::walled(who));
        }
        let ids: Vec<CaseId> = readable(query.load(rx.conn())?);
        for some in ids.chunks(SOME) {
            found.extend(case::readable(rx, some)?);
        }
    }
    Ok(found)
}

fn is_seen(rx: &mut Look<'_>, able: &[Member], declared: &BTreeMap<StaffId, i64>, case: &Case) -> Result<bool> {
    let mut able = able.iter().filter(|who| access::may(who, case, Act::Claim)).peekable();
    if able.peek().is_none() {
        return Ok(false);
    }
    let mut declares_nothing = able.clone().filter(|who| !declared.contains_key(&who.id));
    if declares_nothing.next().is_some() {
        return Ok(true);
    }
    let kept_off = access::kept_off(rx, &case.id)?;
    Ok(able.any(|who| !kept_off.contains(&who.id)))
}

/// What is known to be out of sight, and when each was last told.
///
/// # Errors
/// What the database says.
pub fn known(rx: &mut Look<'_>) -> Result<BTreeMap<CaseId, Timestamp>> {
    let rows: Vec<(Perhaps<CaseId>, Timestamp)> =
        unseen_cases::table.select((unseen_cases::case_id, unseen_cases::told_at)).load(rx.conn())?;
    Ok(rows.into_iter().filter_map(|(id, at)| Some((id.0?, at))).collect())
}

/// Whether anything is to be written down: what is found differs from what is known, or is to be told again.
#[must_use]
pub fn is_news(found: &BTreeSet<CaseId>, known: &BTreeMap<CaseId, Timestamp>, now: Timestamp) -> bool {
    !found.iter().eq(known.keys()) || known.values().any(|told_at| told_at.plus(AGAIN) <= now)
}

/// Writes down what is out of sight now, and owes word of what is new and of what was told a day ago.
///
/// # Errors
/// What the database says.
pub fn note_and_tell(tx: &mut Unit<'_>, found: &BTreeSet<CaseId>) -> Result<()> {
    let (now, known) = (tx.now(), known(tx)?);
    let gone: Vec<&CaseId> = known.keys().filter(|id| !found.contains(*id)).collect();
    diesel::delete(unseen_cases::table.filter(unseen_cases::case_id.eq_any(gone))).execute(tx.conn())?;
    let mut to_tell = Vec::new();
    for id in found {
        // Of two processes that look at once, one tells. What stays as it is is not written: there may be very many.
        let is_told = match known.get(id) {
            None => {
                let row = (unseen_cases::case_id.eq(id), unseen_cases::since.eq(now), unseen_cases::told_at.eq(now));
                insert_new!(tx.conn(), unseen_cases::table, row)?
            }
            Some(told_at) if told_at.plus(AGAIN) <= now => {
                let day_old = unseen_cases::table.find(id).filter(unseen_cases::told_at.le(now.minus(AGAIN)));
                diesel::update(day_old).set(unseen_cases::told_at.eq(now)).execute(tx.conn())?
            }
            Some(_) => 0,
        };
        if is_told > 0 {
            to_tell.push(id.clone());
        }
    }
    if to_tell.is_empty() {
        return Ok(());
    }
    let count = to_tell.len();
    to_tell.truncate(NAMED);
    owed::owe(tx, &Job::TellOfUnseen { cases: to_tell, count }, now, None)
}

/// How many are out of sight.
///
/// # Errors
/// What the database says.
pub fn count(rx: &mut Look<'_>) -> Result<i64> {
    Ok(unseen_cases::table.count().get_result(rx.conn())?)
}

/// Owes a mail to each safeguarding lead who may know of one of the cases, and one to the operator when there is a case
/// of which none of them may.
///
/// # Errors
/// What the database says.
pub fn tell(tx: &mut Unit<'_>, cases: &[CaseId], key: &str) -> Result<()> {
    let now = tx.now();
    let with_mail: Vec<Perhaps<StaffId>> = accounts::table
        .filter(accounts::active.eq(true).and(accounts::mail.is_not_null()))
        .filter(accounts::role.eq(Role::SafeguardingLead))
        .select(accounts::id)
        .load(tx.conn())?;
    let with_mail = readable(with_mail);
    let (mut people, mut operator) = (BTreeSet::new(), false);
    for case in cases {
        // To hear that there is such a case would tell whoever it names that there is one.
        let kept_off = access::kept_off(tx, case)?;
        let heard: Vec<&StaffId> = with_mail.iter().filter(|who| !kept_off.contains(*who)).collect();
        operator |= heard.is_empty();
        people.extend(heard);
    }
    for staff in people {
        let mail = Job::Mail { staff: staff.clone(), notice: Notice::Unseen };
        owed::owe(tx, &mail, now, Some(&format!("unseen:{key}:{staff}")))?;
    }
    if operator { tell_operator(tx, key) } else { Ok(()) }
}

/// Owes a mail to the operator.
pub(super) fn tell_operator(tx: &mut Unit<'_>, key: &str) -> Result<()> {
    let now = tx.now();
    owed::owe(tx, &Job::TellOperatorOfUnseen, now, Some(&format!("unseen:{key}:operator")))
}
