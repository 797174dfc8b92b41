//! Reports and additions that are ready for their transaction: read, judged, and with everybody whom they name. None of that
//! needs the database, and of a hostile body it takes seconds, in which nobody else could write. So the transaction is
//! handed what was made, and its thread makes no name.

use super::body::{AdditionBody, ReportBody};
use super::names::{Names, Said, names, names_of_addition, pair};
use super::opened::Sent;
use super::reader::{Taken, read_report};
use super::receipt::{NotAccepted, not_accepted};
use crate::base::id::PlatformId;
use crate::base::secret::{hex, silent};
use crate::domain::access::{Presented, Tenant};
use crate::domain::terms::Mode;
use crate::domain::terms::identifiers::{IdentifierKind, Place};
use crate::domain::vault::Keyring;
use crate::error::Result;

/// The longest reference, in characters.
const LONGEST_REFERENCE: usize = 255;
/// So many bytes tell two broken references apart.
const APART: usize = 6;

/// A report that is ready to be taken in. Only [`ready_report`] makes one.
pub struct ReadyReport {
    pub(super) taken: Taken<ReportBody>,
    pub(super) sender: Sender,
    /// A keyed hash of what the report says, with what could not be used of it.
    pub(super) digest: [u8; 32],
    /// A keyed hash of both accounts, when the survivor herself reports and both are known.
    pub(super) pair: Option<[u8; 32]>,
    pub(super) names: Names,
    pub(super) not_accepted: Vec<NotAccepted>,
}

/// An addition that is ready to be taken in. Only [`ready_addition`] makes one.
pub struct ReadyAddition {
    pub(super) taken: Taken<AdditionBody>,
    pub(super) sender: Sender,
    pub(super) names: Names,
}

/// Who sends it: accounts mean somebody on one platform, in one mode. Nothing is made ready for anybody else, so that a
/// token without the scope buys no work.
#[derive(Clone, Debug)]
pub struct Sender {
    platform: PlatformId,
    mode: Mode,
}

impl Sender {
    /// Whoever is behind this token, as far as the token says. Whether it still counts is for the transaction to say.
    ///
    /// # Errors
    /// `Forbidden` when it does not carry the scope: the transaction would refuse it too.
    pub fn of(caller: &Presented) -> Result<Self> {
        caller.carries_scope()?;
        Ok(Self { platform: caller.platform.clone(), mode: caller.mode })
    }

    /// Trial or real life.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    const fn place(&self) -> Place<'_> {
        Place { platform: &self.platform, mode: self.mode }
    }

    /// Fails when another tenant hands it in: the accounts were named as the sender's.
    pub(super) fn check(&self, tenant: &Tenant) -> Result<()> {
        if self.platform == tenant.platform && self.mode == tenant.mode {
            return Ok(());
        }
        Err(anyhow::anyhow!("a body is handed in by another tenant than the one that it was made ready for").into())
    }
}

/// Reads a report, judges it and makes the names of all whom it names.
///
/// # Errors
/// As [`read_report`]; `Invalid` with every finding when a report of this mode is not to be taken.
pub fn ready_report(keyring: &Keyring, sender: Sender, sent: Sent<'_>) -> Result<ReadyReport> {
    let mut taken = read_report(sent, sender.mode)?.accept(sender.mode)?;
    let digest = digest(keyring, &taken)?;
    tell_apart(&mut taken.body.platform_report_ref, &digest);
    let said = Said::of(&taken);
    let pair = pair(keyring, sender.place(), &said);
    let names = names(keyring, sender.place(), &said);
    let not_accepted = not_accepted(&taken);
    Ok(ReadyReport { taken, sender, digest, pair, names, not_accepted })
}

/// Makes the names of all whom an addition names. `country`: where its report came from, which is asked for when
/// [`Taken::has_numbers`] says so.
#[must_use]
pub fn ready_addition(
    keyring: &Keyring,
    sender: Sender,
    taken: Taken<AdditionBody>,
    country: Option<&str>,
) -> ReadyAddition {
    let names = names_of_addition(keyring, sender.place(), &taken, country);
    ReadyAddition { taken, sender, names }
}

impl Taken<AdditionBody> {
    /// Whether there may be telephone numbers in it, which are often written for use inside the reporter's country.
    #[must_use]
    pub fn has_numbers(&self) -> bool {
        let is_number = |kind| kind == IdentifierKind::Phone;
        self.body.identifiers.iter().any(|identifier| is_number(identifier.kind)) || self.found.has_left_out()
    }
}

/// A reference in which a character was lost may be that of another report: it is told apart by what the report says, so
/// that neither is taken for the other, and the same report sent again is found.
fn tell_apart(reference: &mut String, digest: &[u8; 32]) {
    if reference.contains('\u{fffd}') {
        let kept: String = reference.chars().take(LONGEST_REFERENCE - 1 - 2 * APART).collect();
        *reference = format!("{kept}~{}", hex(digest.get(..APART).unwrap_or_default()));
    }
}

/// A keyed hash of what the report says, with what could not be used of it.
fn digest(keyring: &Keyring, taken: &Taken<ReportBody>) -> Result<[u8; 32]> {
    let canonical = serde_json::to_vec(&taken.body).map_err(anyhow::Error::new)?;
    let left_out = serde_json::to_vec(taken.found.left_out()).map_err(anyhow::Error::new)?;
    let mut parts: Vec<&[u8]> = vec![&canonical];
    if taken.found.has_left_out() {
        parts.push(&left_out);
    }
    Ok(keyring.keyed("report-body", &parts))
}

silent! { ReadyReport ReadyAddition }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::ClientId;
    use crate::domain::people::platforms::Scope;
    use crate::domain::people::tokens::AccessToken;

    #[test]
    fn nothing_is_made_ready_for_a_token_without_the_scope() {
        let token = |scopes: &[Scope]| AccessToken {
            client: ClientId::random(),
            platform: PlatformId::random(),
            mode: Mode::Live,
            scopes: scopes.to_vec(),
            epoch: 0,
        };
        let sender = |scopes| Sender::of(&Presented::new(token(scopes), Some(Scope::ReportsWrite)));
        assert!(sender(&[Scope::ReportsRead, Scope::ReportsWrite]).is_ok());
        assert!(sender(&[Scope::ReportsRead]).is_err());
        assert!(sender(&[]).is_err());
    }
}
