//! Colleagues at the door: what of it is theirs alone.

use std::collections::BTreeSet;

use super::row;
use super::session_row::Carrier;
use super::sessions::{Account, Opened, account, is_signed_in, open_session};
use crate::base::id::StaffId;
use crate::base::time::Timestamp;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::people::door::{self, Arriving, Attempt, Holder, Tried};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;

fn holder(id: &StaffId) -> Holder {
    Holder::Staff(id.clone())
}

/// Makes the door of a new account.
pub(super) fn begin(tx: &mut Unit<'_>, id: &StaffId, given_password: bool) -> Result<()> {
    door::begin(tx, &holder(id), given_password)
}

/// The account has a password and a second factor that were given just now.
pub(super) fn renew(tx: &mut Unit<'_>, id: &StaffId) -> Result<()> {
    door::renew(tx, &holder(id))
}

/// Locks the door of an account until the transaction ends: before cases and the account, as whoever signs in does.
pub(in crate::domain) fn lock_door(tx: &mut Unit<'_>, id: &StaffId) -> Result<()> {
    door::lock(tx, &holder(id))
}

/// Somebody at the door: a session when name, password and code are right. Whose account was tried is told beside.
pub(in crate::domain) fn sign_in(
    tx: &mut Unit<'_>,
    attempt: &Attempt,
    carrier: Carrier,
) -> Result<(Tried<Opened>, Option<StaffId>)> {
    let found = account(tx, &attempt.username)?;
    let id = found.as_ref().map(|account| account.member.id.clone());
    let tried = prove(tx, found, attempt)?.and(|account| open_session(tx, account, carrier))?;
    Ok((tried, id))
}

/// Looks at password and code, and remembers what was seen. A password of their own that they chose holds from now on.
pub(in crate::domain) fn prove(tx: &mut Unit<'_>, found: Option<Account>, attempt: &Attempt) -> Result<Tried<Account>> {
    let Some(account) = found else { return door::prove(tx, None, attempt)?.and(|()| Err(unproved())) };
    let arriving = Arriving {
        holder: holder(&account.member.id),
        password_hash: &account.password_hash,
        totp_secret: &account.totp_secret,
    };
    door::prove(tx, Some(&arriving), attempt)?.and(|()| {
        if let Some(chosen) = &attempt.chosen {
            row::change(tx, &account.member.id, |row| chosen.clone_into(&mut row.password_hash))?;
            audit::record(tx, Owner::staff(&account.member.id), Event::PasswordChosen)?;
        }
        Ok(account)
    })
}

/// Where there is no account nobody is proved.
fn unproved() -> crate::error::Error {
    crate::error::Error::Internal(anyhow::anyhow!("the door proved nobody"))
}

/// Opens the second factor of an account again. Says whether it was closed.
pub(in crate::domain) fn open_second_factor(tx: &mut Unit<'_>, id: &StaffId) -> Result<bool> {
    door::open_again(tx, &holder(id))
}

/// Since when the second factor of each colleague is closed of whom it is.
pub fn closed_factors(rx: &mut Look<'_>) -> Result<Vec<(StaffId, Timestamp)>> {
    let of_staff = |(holder, at): (Holder, Timestamp)| match holder {
        Holder::Staff(id) => Some((id, at)),
        Holder::Partner { .. } => None,
    };
    Ok(door::closed(rx)?.into_iter().filter_map(of_staff).collect())
}

/// The ids of open accounts whose row at the door is gone or was changed outside the service: they cannot sign in.
pub(in crate::domain) fn changed_doors(rx: &mut Look<'_>) -> Result<Vec<String>> {
    let mut changed = Vec::new();
    for member in super::list(rx)? {
        if !door::holds_of(rx, &holder(&member.id))? {
            changed.push(member.id.into_text());
        }
    }
    Ok(changed)
}

/// Who cannot come in: their second factor is closed, and no session of theirs lives.
pub(in crate::domain) fn shut_out(rx: &mut Look<'_>) -> Result<BTreeSet<StaffId>> {
    let mut all = BTreeSet::new();
    for (id, _) in closed_factors(rx)? {
        if !is_signed_in(rx, &id)? {
            all.insert(id);
        }
    }
    Ok(all)
}
