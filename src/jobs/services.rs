//! Mails to services, from outside any transaction.

use std::sync::Arc;

use super::mails::to_service;
use super::outbox::Undone;
use crate::app::App;
use crate::base::id::{CaseId, ReferralId};
use crate::domain::paging::owed::{Job, Leased, Occasion};
use crate::domain::referrals::notices;
use crate::domain::unit::{Caller, Unit};
use crate::error::Result;
use crate::outbound::NotSent;

/// Writes to a service, unless what it is about is done by now.
pub(super) async fn write(
    app: &Arc<App>,
    leased: &Leased,
    case: &CaseId,
    referral: &ReferralId,
    occasion: Occasion,
) -> Result<std::result::Result<(), Undone>> {
    let (of, id) = (case.clone(), referral.clone());
    let address = app.read(move |rx| notices::current(rx, &of, &id, occasion)).await?;
    let Some(address) = address else { return Ok(Ok(())) };
    let Some(mailer) = &app.mailer else {
        return Ok(Err(Undone::Never("no mail server is set".to_owned())));
    };
    let (subject, text) = to_service(&app.config.base_url());
    let sent = mailer.send(&address, subject, &text, leased.lease.id.as_str()).await;
    Ok(match sent {
        Ok(()) => {
            let id = referral.clone();
            app.write(Caller::Job("outbox"), move |tx| notices::handed_over(tx, &id)).await?;
            Ok(())
        }
        Err(NotSent::Refused(reason)) => Err(Undone::Never(reason)),
        Err(error @ NotSent::Later(_)) => Err(Undone::Later(error.to_string())),
    })
}

/// Notes that a mail to a service was not taken, for good or once more.
pub(super) fn not_written(tx: &mut Unit<'_>, leased: &Leased, for_good: bool) -> Result<()> {
    let Job::TellService { case, referral, .. } = &leased.job else { return Ok(()) };
    let attempt = (!for_good).then_some(leased.lease.attempt);
    notices::not_taken(tx, case, referral, attempt)
}
