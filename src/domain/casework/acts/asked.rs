//! Who is asked to be the second person.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::ActState;
use crate::base::id::{ActId, CaseId, StaffId};
use crate::db::schema::acts;
use crate::domain::access::{self, Act, Acting};
use crate::domain::case;
use crate::domain::case::Case;
use crate::domain::paging::{self, Notice, rota, write_to};
use crate::domain::people::staff::{self, Member};
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// Whether somebody may sign, walls aside, what this person has proposed in the case: nobody signs for themselves, by
/// whichever account.
#[must_use]
pub fn may_sign(who: &Member, case: &Case, proposer: &StaffId) -> bool {
    who.person != *proposer && access::may(who, case, Act::SignSecond)
}

/// Owes word that a second person is needed to those at work who may sign; where none is at work, to all who may. A mail for
/// each, and nobody is woken: what cannot wait is in the alarm of the case. Trials tell nobody.
pub(super) fn tell(tx: &mut Unit<'_>, case: &Case, by: &Acting, act: &ActId) -> Result<()> {
    if case.mode == Mode::Test {
        return Ok(());
    }
    let (shut_out, with_mail) = (staff::shut_out(tx)?, staff::with_mail(tx)?);
    let mut able = rota::able(tx, case, Act::SignSecond)?;
    able.retain(|who| may_sign(who, case, &by.person) && !shut_out.contains(&who.id));
    // Who cannot be written to hears nothing, and keeps nobody else from hearing.
    able.retain(|who| with_mail.contains(who.id.as_str()));
    let at_work: BTreeSet<StaffId> = paging::ids_at_work(tx)?;
    if able.iter().any(|who| at_work.contains(&who.id)) {
        able.retain(|who| at_work.contains(&who.id));
    }
    for who in able {
        write_to(tx, &who.id, Notice::Second { act: act.clone() }, Some(&format!("second:{act}:{}", who.id)))?;
    }
    Ok(())
}

/// Whether the person is still asked to sign: the act waits, and they may.
///
/// # Errors
/// What the database says.
pub fn is_asked(rx: &mut Look<'_>, act: &ActId, who: &StaffId) -> Result<bool> {
    let waits = acts::table.find(act).filter(acts::state.eq(ActState::Pending)).select(acts::case_id);
    let Some(case) = waits.first::<CaseId>(rx.conn()).optional()? else { return Ok(false) };
    let Some(case) = case::find(rx, &case)? else { return Ok(false) };
    Ok(access::bar(rx, who, &case, Act::SignSecond)?.is_none())
}
