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

/// Who sends it: accounts mean somebody on one platform, in one mode.
pub(super) struct Sender {
    platform: PlatformId,
    mode: Mode,
}

impl Sender {
    fn of(caller: &Presented) -> Self {
        Self { platform: caller.platform.clone(), mode: caller.mode }
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

/// Reads a report, judges it and makes the names of all whom it names. Whether the token still counts is for the
/// transaction to say.
///
/// # Errors
/// As [`read_report`]; `Invalid` with every finding when a report of this mode is not to be taken.
pub fn ready_report(keyring: &Keyring, caller: &Presented, sent: Sent<'_>) -> Result<ReadyReport> {
    let mut taken = read_report(sent, caller.mode)?.accept(caller.mode)?;
    let sender = Sender::of(caller);
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
    caller: &Presented,
    taken: Taken<AdditionBody>,
    country: Option<&str>,
) -> ReadyAddition {
    let sender = Sender::of(caller);
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
