//! Changes of accounts, with all that ends with a right: the one door to them for whoever keeps the accounts.

use super::rights::{self, Ended};
use crate::base::id::StaffId;
use crate::base::secret::Sensitive;
use crate::domain::people::staff::{self, Account, Declaration, Member, Role};
use crate::domain::terms::identifiers::Identifier;
use crate::domain::triage::Queue;
use crate::domain::unit::{Look, Unit};
use crate::error::{Error, Result};

fn account(rx: &mut Look<'_>, username: &str) -> Result<Account> {
    staff::account(rx, username)?.ok_or(Error::NotFound)
}

/// Gives an account a new password and second factor, and ends its sessions: what it had claimed is free at once.
///
/// # Errors
/// `NotFound` for an unknown account.
pub fn reset(tx: &mut Unit<'_>, username: &str, hash: &str, totp: &Sensitive<Vec<u8>>) -> Result<Ended> {
    let found = account(tx, username)?;
    let id = &found.member.id;
    let mut ended = rights::change(tx, id, |tx| staff::set_credentials(tx, &found, hash, totp))?;
    ended.cases += rights::leave(tx, id)?;
    Ok(ended)
}

/// Closes an account, its sessions and all that stood on its rights at once. What it did stays on record.
///
/// # Errors
/// `NotFound` for an unknown account.
pub fn close(tx: &mut Unit<'_>, username: &str) -> Result<Ended> {
    let id = staff::to_close(tx, username)?.ok_or(Error::NotFound)?;
    rights::change(tx, &id, |tx| staff::close(tx, &id))
}

/// Closes an account that was closed before and is open in a database that was put back. Says whether it was.
///
/// # Errors
/// What the database says.
pub fn close_again(tx: &mut Unit<'_>, id: &StaffId) -> Result<bool> {
    let is_open = staff::is_open(tx, id)?;
    if is_open {
        rights::change(tx, id, |tx| staff::close(tx, id))?;
    }
    Ok(is_open)
}

/// Changes an account's queues, and ends what stood on those that went.
///
/// # Errors
/// `NotFound` for an unknown account.
pub fn set_queues(tx: &mut Unit<'_>, username: &str, queues: &[Queue]) -> Result<Ended> {
    let member = account(tx, username)?.member;
    rights::change(tx, &member.id, |tx| staff::set_queues(tx, &member, queues))
}

/// Changes what an account does here, and ends what the new role has no right to. Its list of queues stays as it is.
///
/// # Errors
/// `NotFound` for an unknown account.
pub fn set_role(tx: &mut Unit<'_>, username: &str, role: Role) -> Result<(Member, Ended)> {
    let member = account(tx, username)?.member;
    let ended = rights::change(tx, &member.id, |tx| staff::set_role(tx, &member, role))?;
    Ok((Member { role, ..member }, ended))
}

/// Declares an identifier of a colleague or of someone close to them. What they have of a case behind the wall ends.
///
/// # Errors
/// `NotFound` for an unknown account; `Invalid` for what cannot be compared, such as a telephone number without its
/// country, and for what stands for nobody.
pub fn declare(tx: &mut Unit<'_>, username: &str, identifier: &Identifier) -> Result<Ended> {
    let declaration = Declaration::of_identifier(identifier)?;
    wall_off(tx, username, &declaration)
}

/// Declares an account of a colleague, or of someone close to them, on a platform, which is named by its slug: in real
/// life and in its trials. What they have of a case behind the wall ends.
///
/// # Errors
/// `NotFound` for an unknown account, or when there is no such platform; `Invalid` for a word that stands for nobody.
pub fn declare_account(tx: &mut Unit<'_>, username: &str, slug: &str, account: &str) -> Result<Ended> {
    let declaration = Declaration::of_account(tx, slug, account)?;
    wall_off(tx, username, &declaration)
}

fn wall_off(tx: &mut Unit<'_>, username: &str, declaration: &Declaration) -> Result<Ended> {
    let id = account(tx, username)?.member.id;
    rights::change(tx, &id, |tx| staff::declare(tx, &id, declaration))
}

/// Ends the session of this token. With the last one of a colleague, what they had claimed is free at once: whoever
/// works on at another device keeps it.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn sign_out(tx: &mut Unit<'_>, who: &StaffId, token: &Sensitive<String>) -> Result<()> {
    if staff::end_session(tx, who, token)? { Ok(()) } else { rights::leave(tx, who).map(drop) }
}
