//! Whether rows that grant something are as the service wrote them.

use super::Finding;
use crate::domain::directory;
use crate::domain::people::partners::accounts;
use crate::domain::people::{partners, platforms, staff};
use crate::domain::unit::Look;
use crate::error::Result;

/// Accounts, sessions, credentials and help services that are refused, because somebody else wrote or changed their rows.
///
/// # Errors
/// What the database says.
pub fn proofs(rx: &mut Look<'_>) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let accounts = "the row was changed outside the service, and the account is refused: find out who can write to the \
                    database; then close it and make it anew (admin staff close, add), or restore the row from a backup";
    let sessions = "the row was made or changed outside the service, and is refused: find out who can write to the database; \
                    delete the row";
    let doors = "what the door remembers of this account is gone or was changed outside the service, and nobody signs in with \
                 it: find out who can write to the database; then close it and make it anew (admin staff close, add), or \
                 restore the row from a backup";
    let clients = "the row was made or changed outside the service, and the credential is refused: find out who can write to \
                   the database; then revoke it (admin client revoke), or restore the row from a backup";
    let partner_clients = "the row was made or changed outside the service, and the credential is refused: find out who can write \
                           to the database; then revoke it (admin service client revoke), or restore the row from a backup";
    let services = "the row was made or changed outside the service, and nobody is led there: find out who can write to the \
                    database; then import the entry anew under another short name, or restore the row from a backup";
    let partner_accounts = "the row was changed outside the service, and the account is refused: find out who can write to the \
                            database; then close it and make it anew (admin service account close, add), or restore the row from \
                            a backup";
    for (table, ids, detail) in [
        ("staff", staff::unproved(rx)?, accounts),
        ("staff_sessions", staff::unproved_sessions(rx)?, sessions),
        ("sign_ins", staff::changed_doors(rx)?, doors),
        ("platform_clients", platforms::unproved(rx)?, clients),
        ("partner_clients", partners::unproved(rx)?, partner_clients),
        ("partner_accounts", accounts::unproved(rx)?, partner_accounts),
        ("partner_sessions", accounts::unproved_sessions(rx)?, sessions),
        ("sign_ins", accounts::changed_doors(rx)?, partner_accounts),
        ("services", directory::unproved(rx)?, services),
    ] {
        found.extend(ids.into_iter().map(|id| Finding { code: "not_as_written", table, id, detail }));
    }
    let walls = "the walls of what they declared do not stand as they were declared, so they are shown no case: have all of it \
                 declared again (admin staff declare), which also proves what stands, or restore staff_identifiers from a backup";
    let changed = staff::walls_changed(rx)?.into_iter();
    found.extend(changed.map(|id| Finding {
        code: "walls_changed",
        table: "staff_identifiers",
        id: id.to_string(),
        detail: walls,
    }));
    Ok(found)
}
