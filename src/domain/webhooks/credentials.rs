//! Changes of a platform's credentials, with all that hangs on them: endpoints end with the last one that holds them.

use super::held::{self, Standing};
use crate::base::id::ClientId;
use crate::domain::people::platforms::{self, Client, NewCredential, Scope};
use crate::domain::unit::Unit;
use crate::error::Result;

/// Replaces a credential's secret. The old one and every token made with it are void at once. With it, how the endpoints
/// stand that it may have made.
///
/// # Errors
/// `NotFound` when there is no such credential, or it was revoked.
pub fn rotate_client(tx: &mut Unit<'_>, id: &ClientId) -> Result<(NewCredential, Standing)> {
    let (client, new) = platforms::rotate_client(tx, id)?;
    Ok((new, after(tx, &client)?))
}

/// Gives a credential of an older database the secret back that it has had since: `secret` is its keyed hash.
///
/// # Errors
/// `NotFound` when there is no such credential, or it was revoked.
pub fn bring_back_secret(tx: &mut Unit<'_>, id: &ClientId, epoch: i64, secret: Vec<u8>) -> Result<()> {
    let client = platforms::bring_back_secret(tx, id, epoch, secret)?;
    after(tx, &client).map(drop)
}

/// Changes what a credential may ask for. Its tokens lose at once what was taken away; what was added comes with the
/// next token.
///
/// # Errors
/// `NotFound` when there is no such credential, or it was revoked.
pub fn set_scopes(tx: &mut Unit<'_>, id: &ClientId, scopes: &[Scope]) -> Result<Standing> {
    let client = platforms::set_scopes(tx, id, scopes)?;
    after(tx, &client)
}

/// Voids a credential and every token made with it, at once. Endpoints that no credential holds any more end with it.
///
/// # Errors
/// `NotFound` when there is no such credential.
pub fn revoke_client(tx: &mut Unit<'_>, id: &ClientId) -> Result<Standing> {
    let client = platforms::revoke_client(tx, id)?;
    after(tx, &client)
}

fn after(tx: &mut Unit<'_>, changed: &Client) -> Result<Standing> {
    held::after_change(tx, &changed.platform_id, changed.mode)
}
