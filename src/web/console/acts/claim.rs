//! Taking a case.

use super::back;
use super::shown::Parts;
use crate::domain::access::Claim;
use crate::domain::casework;
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::error::Result;
use crate::web::desk;
use crate::web::extract::Call;

pub(super) fn parts() -> Parts {
    Parts {
        title: "Take this case".to_owned(),
        fields: Vec::new(),
        happens: "It is yours, and stays yours while you work on it.".to_owned(),
        told: "Nobody. An alarm that rings for it is stilled.".to_owned(),
        stays: "Nothing: you can give it back.".to_owned(),
        button: "Take this case".to_owned(),
        is_grave: false,
    }
}

pub(super) async fn act(call: &Call, visit: Visit, at: At) -> Result<Answered> {
    // Who is first has it, whatever else has happened.
    let at = At { seen: Seen::Unasked, ..at };
    let case = at.case.clone();
    desk::on_case::<Claim>(call, visit, at, move |tx, grant| {
        casework::claim(tx, grant)?;
        Ok(back(&case, "taken"))
    })
    .await
}
