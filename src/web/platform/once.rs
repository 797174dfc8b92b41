//! Calls of platforms that create or change: done once for each key, in one transaction, and answered the same ever after.

use actix_web::HttpResponse;

use crate::domain::access::{self, Presented, Tenant};
use crate::domain::ledger::idempotency::{self, Answered, Keyed, Reply};
use crate::domain::unit::Unit;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::extract::Call;
use crate::web::idempotent::{keyed_aside, render};

/// Does the work of a call for the platform behind the token, and answers.
pub(super) async fn once(
    call: &Call,
    raw: &Raw,
    token: Presented,
    work: impl FnOnce(&mut Unit<'_>, Tenant) -> Result<Reply> + Send + 'static,
) -> Result<HttpResponse> {
    let keyed = keyed_aside(call, raw).await?;
    Ok(render(run(call, token, keyed, work).await?))
}

/// Does the work of a call whose answer becomes a part of a larger one. What is wrong with the key is told when it is
/// known who calls.
pub(super) async fn run(
    call: &Call,
    token: Presented,
    keyed: Result<Keyed>,
    work: impl FnOnce(&mut Unit<'_>, Tenant) -> Result<Reply> + Send + 'static,
) -> Result<Answered> {
    call.shared
        .app
        .enter(&call.share(), move |entry| {
            let (tx, who) = access::platform_acting(entry, &token)?;
            let attempt = keyed?.of(&format!("{}:{}", who.platform, who.mode.as_str()));
            // A platform's own reports stay its own.
            idempotency::once(tx, &attempt, |_, _| Ok(()), |tx| work(tx, who))
        })
        .await
}
