//! What somebody had written in a form when their session had ended: it goes into the page by which they sign in again, sealed
//! for the account that the form was made for, and is nowhere here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::extract::Call;
use super::forms::{Form, FormKey};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::vault;
use crate::error::Result;

/// How long it can be brought back.
const KEPT: Duration = Duration::from_hours(1);
/// The longest text of it: a form of the greatest length, sealed and written as text.
pub(super) const LONGEST: usize = 3 * 1024 * 1024;
/// Where it stands.
const FIELD: &str = "form";

/// A form, and the path that it goes to.
#[derive(Serialize, Deserialize)]
pub(super) struct Carried {
    /// The path.
    pub(super) path: String,
    /// Its fields.
    pub(super) fields: Vec<(String, String)>,
    at: Timestamp,
}

silent! { Carried }

/// Seals a form for the account that it was made for; nothing when it was made for none.
pub(super) fn seal(call: &Call, form: &Form) -> Result<Option<String>> {
    let app = &call.shared.app;
    let Some(key) = FormKey::read(&app.kit.keyring, form.text("key")) else { return Ok(None) };
    let path = call.request().path().to_owned();
    let carried = Carried { path, fields: form.all(), at: app.clock.now() };
    vault::carry(&app.kit.keyring, &key.holder, FIELD, &carried).map(Some)
}

/// Opens what was sealed for this account, within the hour.
pub(super) fn open(call: &Call, holder: &str, text: &str) -> Option<Carried> {
    let app = &call.shared.app;
    let carried: Carried = vault::carried(&app.kit.keyring, holder, FIELD, text)?.into_exposed();
    (carried.at.plus(KEPT) > app.clock.now()).then_some(carried)
}
