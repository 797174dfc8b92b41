//! What the outbox owes: each kind of job, what it does, and how it ends.

use std::sync::Arc;

use super::mails::words;
use super::services;
use crate::app::App;
use crate::base::id::{CaseId, ShiftId};
use crate::domain::casework;
use crate::domain::ledger::outbox::{self, Lease};
use crate::domain::paging::owed::{self, Job, Leased};
use crate::domain::paging::{self, Notice, Rung, Urgency, missed, unheard, unseen};
use crate::domain::people::staff;
use crate::domain::referrals;
use crate::domain::unit::{Caller, Unit};
use crate::domain::vault::Damaged;
use crate::error::{Error, Result};
use crate::outbound::{NotSent, Ring};

/// Why a job was not done.
pub(super) enum Undone {
    /// It is tried again later.
    Later(String),
    /// It never will be.
    Never(String),
}

/// Does one job and says so in a transaction of its own. A fault of ours counts as an attempt too, and stays to be
/// seen on the job. Says whether it was done.
pub(super) async fn one(app: Arc<App>, leased: Leased) -> bool {
    done(&app, leased).await.unwrap_or_else(|error| {
        // Its lease ends, and it is tried again; the others are not held up by it.
        tracing::error!(%error, "a job could not be finished");
        false
    })
}

async fn done(app: &Arc<App>, leased: Leased) -> Result<bool> {
    let outcome = act(app, &leased).await.unwrap_or_else(|error| {
        tracing::error!(job = %leased.lease.id, %error, "a job met a fault");
        Err(Undone::Later(fault(&error)))
    });
    let word = match &outcome {
        Ok(()) => "done",
        Err(Undone::Later(_)) => "later",
        Err(Undone::Never(_)) => "never",
    };
    app.metrics.tried(&leased.job, word);
    if let Err(Undone::Later(reason) | Undone::Never(reason)) = &outcome {
        tell_of_failure(&leased, word, reason);
    }
    let leased = Arc::new(leased);
    let ended = close(app, Arc::clone(&leased), outcome).await;
    let error = match ended {
        // Nothing can be noted down just now: the lease ends, and the job is tried again.
        Ok(_) | Err(Error::Unavailable(_)) => return ended,
        Err(error) => error,
    };
    tracing::error!(job = %leased.lease.id, %error, "a job could not be closed");
    app.write(Caller::Job("outbox"), move |tx| owed::fail(tx, &leased, &fault(&error)).map(|_| false)).await
}

/// Says in the log why a job failed: the first time, at each doubling of the attempts, and when it is given up.
fn tell_of_failure(leased: &Leased, word: &str, reason: &str) {
    let (job, Lease { id, attempt, .. }) = (&leased.job, &leased.lease);
    let often = attempt.count_ones() == 1;
    if !often && word == "later" {
        return;
    }
    let kind = job.kind();
    if job.is_page() {
        tracing::warn!(target: "pages", job = %id, kind, attempt, outcome = word, reason, "a page was not delivered");
    } else {
        tracing::warn!(job = %id, kind, attempt, outcome = word, reason, "owed work was not done");
    }
}

fn fault(error: &Error) -> String {
    format!("a fault of this service: {error}")
}

/// Notes how a job ended, unless another worker has taken it over: then it is theirs. Says whether it was done.
async fn close(app: &Arc<App>, leased: Arc<Leased>, outcome: std::result::Result<(), Undone>) -> Result<bool> {
    app.write(Caller::Job("outbox"), move |tx| match outcome {
        Ok(()) => outbox::finish(tx, &leased.lease),
        Err(Undone::Later(reason)) => {
            if owed::fail(tx, &leased, &reason)? {
                services::not_written(tx, &leased, false)?;
            }
            Ok(false)
        }
        Err(Undone::Never(reason)) => {
            let buried = outbox::bury(tx, &leased.lease, &reason)?;
            if let (true, Job::Mail { staff, notice }) = (buried, &leased.job) {
                paging::not_delivered(tx, notice, staff)?;
            }
            if buried {
                services::not_written(tx, &leased, true)?;
            }
            Ok(false)
        }
    })
    .await
}

/// The act itself, outside any transaction.
async fn act(app: &Arc<App>, leased: &Leased) -> Result<std::result::Result<(), Undone>> {
    match &leased.job {
        Job::Mail { staff, notice } => mail(app, leased, staff, notice).await,
        Job::Pager { case, reason, rung, urgency, told, of } => {
            // Without a mail server nobody is written to.
            let told = if app.mailer.is_some() { *told } else { 0 };
            // The log is the pager that is always there. An attempt that failed has written its line; one whose worker
            // died may not have.
            if !leased.failed_before {
                tracing::warn!(target: "on_call", case = %case, reason, rung = rung.as_str(), told, "page the on-call");
            }
            let Some(pager) = &app.pager else { return Ok(Ok(())) };
            let of = of.clone();
            // A ring that is over would only call somebody for nothing.
            let rings = app.read(move |rx| of.map_or(Ok(true), |of| paging::rings_yet(rx, &of)));
            if !rings.await? {
                return Ok(Ok(()));
            }
            let sign_in = app.config.base_url();
            let id = leased.lease.id.to_string();
            let ring = Ring { id: &id, urgency: urgency.as_str(), rung: rung.as_str(), told, sign_in: &sign_in };
            Ok(pager.ring(&ring).await.map_err(Undone::Later))
        }
        Job::Offer { .. } => ring_for_offer(app, leased).await,
        Job::TellOfWall { case } => {
            tracing::warn!(target: "on_call", case = %case, "a colleague met a wall: tell the safeguarding lead");
            told_leads(app, leased, case, paging::tell_of_wall).await
        }
        Job::TellOfLeft { case } => {
            tracing::warn!(target: "on_call", case = %case, "a colleague knows somebody in a case and has left it: tell the safeguarding lead");
            told_leads(app, leased, case, paging::tell_of_left).await
        }
        Job::TellOfUnsafeContact { case } => {
            tracing::warn!(target: "on_call", case = %case, "contact was made by a way not known to be safe: tell the safeguarding lead");
            told_leads(app, leased, case, paging::write_of_unsafe_contact).await
        }
        Job::WishCame { case } => {
            let case = case.clone();
            app.write(Caller::Job("outbox"), move |tx| referrals::note_wish(tx, &case)).await?;
            Ok(Ok(()))
        }
        Job::TellService { case, referral, occasion } => services::write(app, leased, case, referral, *occasion).await,
        Job::TellOfDisclosure { case } => {
            tracing::warn!(target: "on_call", case = %case, "something was told to others without consent: tell the safeguarding lead");
            told_leads(app, leased, case, paging::write_of_unsafe_contact).await
        }
        Job::TellOperatorOfUnsafeContact => Ok(tell_operator_of_unsafe_contact(app, leased).await),
        Job::TellOfUnseen { cases, count } => tell_of_unseen(app, leased, cases.clone(), *count).await,
        Job::TellOperatorOfUnseen
        | Job::TellOperatorOfWall
        | Job::TellOperatorOfNoRota
        | Job::TellOperatorOfStaleServices
        | Job::EndpointFailing { .. }
        | Job::EndpointDisabled { .. } => Ok(tell_operator(app, leased).await),
        Job::TellOperatorUnheard { of } => {
            let of = of.clone();
            if app.pager.is_some() || !app.read(move |rx| unheard::is_current(rx, &of)).await? {
                return Ok(Ok(()));
            }
            let text = "An alarm rings and no mail reaches anybody who may work on its case. Call somebody. The log says which case, in a line of on_call; `recourse check` says who has no address.";
            Ok(to_operator(app, leased, "Somebody must be called", text).await)
        }
        Job::TellOperatorOfClosedFactor { staff } => closed_factor(app, leased, staff).await,
        Job::Probe => Ok(probe(app, leased).await.map_err(Undone::Later)),
        Job::TellOfEmptyShift { shift } => empty_shift(app, leased, shift).await,
        Job::TellOperatorOfEmptyShift { shift } => tell_operator_of_empty_shift(app, leased, shift).await,
    }
}

/// Writes to the operator what needs no look at anything.
async fn tell_operator(app: &Arc<App>, leased: &Leased) -> std::result::Result<(), Undone> {
    let (subject, text) = match &leased.job {
        Job::TellOperatorOfUnseen => (
            NEEDS_YOU,
            "Nobody may work on a case that is open: its queue is on nobody's list, or everybody who could stands behind a wall. `recourse check` names it and says what to do.".to_owned(),
        ),
        Job::TellOperatorOfWall => (
            NEEDS_YOU,
            "A colleague was turned away from a case that names them or somebody close to them, or has left one, and there is no safeguarding lead who may hear of it. The log says which case, in a line of on_call.".to_owned(),
        ),
        Job::TellOperatorOfNoRota => (
            NEEDS_YOU,
            "There is no rota. Reporters are told that nobody is planned to be at work, and pages go to the leads. `recourse admin rota add` and `load` plan shifts.".to_owned(),
        ),
        Job::TellOperatorOfStaleServices => {
            tracing::warn!(target: "directory", "entries of the directory end within a fortnight: see `recourse services list --stale`");
            (
                "The directory needs you",
                "What the directory says of some services ends within a fortnight, or has ended: nobody is referred there then. `recourse services list --stale` says which. Ring each number, then `recourse services check` with its name.".to_owned(),
            )
        }
        Job::EndpointFailing { endpoint } => {
            tracing::warn!(target: "webhooks", endpoint = %endpoint, "an endpoint has taken nothing for a day");
            (
                ENDPOINT_NEEDS_YOU,
                format!("The webhook endpoint {endpoint} has taken nothing for a day. It is switched off after five."),
            )
        }
        Job::EndpointDisabled { endpoint } => {
            tracing::warn!(target: "webhooks", endpoint = %endpoint, "an endpoint is no longer called");
            (
                ENDPOINT_NEEDS_YOU,
                format!(
                    "The webhook endpoint {endpoint} is no longer called: `recourse admin webhook list` says why. Its platform can switch it on again."
                ),
            )
        }
        Job::Mail { .. }
        | Job::Pager { .. }
        | Job::Offer { .. }
        | Job::TellOfWall { .. }
        | Job::TellOfLeft { .. }
        | Job::TellOfUnsafeContact { .. }
        | Job::TellOfDisclosure { .. }
        | Job::TellService { .. }
        | Job::WishCame { .. }
        | Job::TellOperatorOfUnsafeContact
        | Job::TellOfUnseen { .. }
        | Job::TellOperatorUnheard { .. }
        | Job::TellOfEmptyShift { .. }
        | Job::TellOperatorOfEmptyShift { .. }
        | Job::Probe
        | Job::TellOperatorOfClosedFactor { .. } => return Ok(()),
    };
    to_operator(app, leased, subject, &text).await
}

/// Says that an urgent case is offered to somebody, in the log, and by the pager while it is.
async fn ring_for_offer(app: &Arc<App>, leased: &Leased) -> Result<std::result::Result<(), Undone>> {
    let Job::Offer { case, staff, until, told } = &leased.job else { return Ok(Ok(())) };
    let (told, level) = (if app.mailer.is_some() { *told } else { 0 }, Rung::OnCall.as_str());
    if !leased.failed_before {
        tracing::warn!(target: "on_call", case = %case, reason = "handed_over", rung = level, told, "page the on-call");
    }
    let Some(pager) = &app.pager else { return Ok(Ok(())) };
    let (case, staff, until) = (case.clone(), staff.clone(), *until);
    if !app.read(move |rx| casework::stands(rx, &case, &staff, until)).await? {
        return Ok(Ok(()));
    }
    let (id, sign_in) = (leased.lease.id.to_string(), app.config.base_url());
    let ring = Ring { id: &id, urgency: Urgency::Now.as_str(), rung: level, told, sign_in: &sign_in };
    Ok(pager.ring(&ring).await.map_err(Undone::Later))
}

/// Has the safeguarding leads told of something in this case.
async fn told_leads(
    app: &Arc<App>,
    leased: &Leased,
    case: &CaseId,
    tell: fn(&mut Unit<'_>, &CaseId, &str) -> Result<()>,
) -> Result<std::result::Result<(), Undone>> {
    let (case, key) = (case.clone(), leased.lease.id.to_string());
    app.write(Caller::Job("outbox"), move |tx| tell(tx, &case, &key)).await?;
    Ok(Ok(()))
}

/// Asks the mail server and the pager whether they would take a page. Nobody is called.
async fn probe(app: &Arc<App>, leased: &Leased) -> std::result::Result<(), String> {
    if let Some(mailer) = &app.mailer {
        mailer.probe().await.map_err(|error| error.to_string())?;
    }
    match &app.pager {
        Some(pager) => pager.probe(leased.lease.id.as_str()).await,
        None => Ok(()),
    }
}

/// Pages the leads, by mail, by the pager and in the log, unless somebody of the shift has signed in by now.
async fn empty_shift(app: &Arc<App>, leased: &Leased, shift: &ShiftId) -> Result<std::result::Result<(), Undone>> {
    let id = shift.clone();
    if !app.read(move |rx| missed::is_empty(rx, &id)).await? {
        return Ok(Ok(()));
    }
    if !leased.failed_before {
        tracing::warn!(target: "on_call", shift = %shift, "nobody of the shift has signed in: page the leads");
    }
    let (id, key) = (shift.clone(), leased.lease.id.to_string());
    app.write(Caller::Job("outbox"), move |tx| missed::tell_leads(tx, &id, &key)).await?;
    let Some(pager) = &app.pager else { return Ok(Ok(())) };
    let (id, sign_in) = (leased.lease.id.to_string(), app.config.base_url());
    let (urgency, rung) = (Urgency::Now.as_str(), Rung::Lead.as_str());
    let call = Ring { id: &id, urgency, rung, told: 0, sign_in: &sign_in };
    Ok(pager.ring(&call).await.map_err(Undone::Later))
}

/// Writes to the operator where no lead can be written to, unless somebody of the shift has signed in by now.
async fn tell_operator_of_empty_shift(
    app: &Arc<App>,
    leased: &Leased,
    shift: &ShiftId,
) -> Result<std::result::Result<(), Undone>> {
    let shift = shift.clone();
    if !app.read(move |rx| missed::is_empty(rx, &shift)).await? {
        return Ok(Ok(()));
    }
    let text = "Nobody of the shift that has begun is signed in, and there is no lead who can be written to. Reporters are told that somebody is planned to be at work. `recourse admin rota list` says whose shift it is.";
    Ok(to_operator(app, leased, "Somebody must be called", text).await)
}

const NEEDS_YOU: &str = "Something needs you";
const ENDPOINT_NEEDS_YOU: &str = "A webhook endpoint needs you";

/// Says whose second factor was closed, and what to do.
async fn closed_factor(
    app: &Arc<App>,
    leased: &Leased,
    staff: &crate::base::id::StaffId,
) -> Result<std::result::Result<(), Undone>> {
    tracing::warn!(target: "on_call", account = %staff, "a second factor was closed: ten wrong codes came with the right password");
    let text = format!(
        "The second factor of the account {staff} was closed: ten wrong codes came with its right password. Call them. If it was not they, somebody has their password: `recourse admin staff reset`. Else `recourse admin staff open-second-factor`, once you have heard their voice."
    );
    Ok(to_operator(app, leased, "A colleague cannot sign in", &text).await)
}

/// Owes the mails about cases that nobody may work on.
async fn tell_of_unseen(
    app: &Arc<App>,
    leased: &Leased,
    cases: Vec<CaseId>,
    count: usize,
) -> Result<std::result::Result<(), Undone>> {
    tracing::warn!(target: "on_call", count, "nobody may work on these cases: see `recourse check`");
    for case in &cases {
        tracing::warn!(target: "on_call", case = %case, "nobody may work on this case");
    }
    let key = leased.lease.id.to_string();
    app.write(Caller::Job("outbox"), move |tx| unseen::tell(tx, &cases, &key)).await?;
    Ok(Ok(()))
}

/// Tells the operator, because no safeguarding lead may hear.
async fn tell_operator_of_unsafe_contact(app: &Arc<App>, leased: &Leased) -> std::result::Result<(), Undone> {
    let text = "A safeguarding lead is to be told of something in a case, and no mail reaches one who may hear of it. The log of the service names the case, under `on_call`. Have a safeguarding lead look at its record now.";
    to_operator(app, leased, "A safeguarding lead must be told", text).await
}

/// Writes to the operator, where an address is set. What it is about stands in the log too.
async fn to_operator(app: &Arc<App>, leased: &Leased, subject: &str, text: &str) -> std::result::Result<(), Undone> {
    let Some(mailer) = &app.mailer else { return Ok(()) };
    let Some(to) = mailer.operator() else { return Ok(()) };
    let sent = mailer.send(to, subject, text, leased.lease.id.as_str()).await;
    sent.map_err(|error| match error {
        NotSent::Refused(reason) => Undone::Never(reason),
        error @ NotSent::Later(_) => Undone::Later(error.to_string()),
    })
}

async fn mail(
    app: &Arc<App>,
    leased: &Leased,
    to: &crate::base::id::StaffId,
    notice: &Notice,
) -> Result<std::result::Result<(), Undone>> {
    let Some(mailer) = &app.mailer else { return Ok(Ok(())) };
    let (to, about) = (to.clone(), notice.clone());
    let address = app
        .read(move |rx| {
            let current = casework::is_current(rx, &about, &to)?;
            if current { staff::mail_of(rx, &to).map(Some) } else { Ok(None) }
        })
        .await;
    let address = match address {
        Err(error) if Damaged::is(&error) => {
            return Ok(Err(Undone::Never("the account's address does not open".to_owned())));
        }
        address => address?,
    };
    let address = match address {
        // The alarm has ended or has rung again, or it is done: this mail would only wake somebody for nothing.
        None => return Ok(Ok(())),
        Some(None) => return Ok(Err(Undone::Never("the account has no mail address".to_owned()))),
        Some(Some(address)) => address,
    };
    let text = words(notice, &format!("{}/console", app.config.base_url()));
    let (word, outcome) = match mailer.send(&address, text.0, &text.1, leased.lease.id.as_str()).await {
        Ok(()) => ("sent", Ok(())),
        Err(NotSent::Refused(reason)) => ("refused", Err(Undone::Never(reason))),
        Err(error @ NotSent::Later(_)) => ("later", Err(Undone::Later(error.to_string()))),
    };
    app.metrics.mail(word);
    Ok(outcome)
}
