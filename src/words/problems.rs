//! What is said of an error that is not one of content: a title for its kind, and what to do about this one.

use std::borrow::Cow;

use super::rules;
use crate::error::rules::Parameter;
use crate::error::{Conflict, Error, Forbidden, Refused, Unauthenticated};

/// The words of a problem, as whole sentences.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    /// The kind of problem.
    pub title: &'static str,
    /// What to do about this one.
    pub detail: Cow<'static, str>,
}

pub(super) fn said(title: &'static str, detail: impl Into<Cow<'static, str>>) -> Said {
    Said { title, detail: detail.into() }
}

/// The title and the detail of a problem document.
#[must_use]
pub fn problem(error: &Error) -> Said {
    match error {
        Error::Unauthenticated(why) => unauthenticated(*why),
        Error::Forbidden(why) => forbidden(why),
        Error::NotFound => said("Not found", "There is nothing here for this credential."),
        Error::Erased => said("Erased", "What this call answered was erased."),
        Error::Conflict(why) => conflict(why),
        Error::Refused(why) => refused(why),
        Error::Invalid(_) => said("The content breaks a rule", "See `errors`; mend each and send the request again."),
        Error::Throttled { policy, .. } => {
            said("Too many requests", format!("The limit `{policy}` was passed. Wait as long as `Retry-After` says."))
        }
        Error::Unavailable(_) => said(
            "Not available just now",
            "Nothing was stored. Send the same request again, with the same Idempotency-Key.",
        ),
        Error::Internal(_) => said(
            "A fault of this service",
            "It was noted under this request's id. Nothing was stored; you may send the request again.",
        ),
    }
}

fn unauthenticated(why: Unauthenticated) -> Said {
    match why {
        Unauthenticated::Missing => said("No credential", "Send `Authorization: Bearer` with an access token."),
        Unauthenticated::Invalid => {
            said("The credential does not hold", "It is wrong, has expired or was revoked. Get a new one.")
        }
        Unauthenticated::SecondFactorClosed => said(
            "Your second factor is closed",
            "Ten wrong codes came with your password. Call a lead: they open it again when they hear your voice. Sessions that you have go on.",
        ),
    }
}

fn forbidden(why: &Forbidden) -> Said {
    match why {
        Forbidden::Scope(scope) => {
            said("The access token lacks a scope", format!("This call needs the scope `{scope}`."))
        }
        Forbidden::Role => said("Your role has no right to this", "Ask a lead."),
        Forbidden::SecondPerson => said(
            "A second person must decide",
            "Who proposed an act cannot approve or refuse it, by whichever account.",
        ),
        Forbidden::Origin => said("The form comes from elsewhere", "Open the page here, and send the form from it."),
        Forbidden::Ahead => said("Nobody reads ahead", "A reading of this is put on record. Open it when you read it."),
        Forbidden::Proposer => {
            said("Somebody else proposed this", "Who proposed an act takes it back. You can approve or refuse it.")
        }
        Forbidden::DeclareFirst => said(
            "Say first whom you know",
            "What was handed over to a service is read by whoever has said in the inbox whom they know, be it nobody.",
        ),
    }
}

fn conflict(why: &Conflict) -> Said {
    match why {
        Conflict::Transition { from, action } => {
            said("Not possible from this state", format!("`{action}` is not possible from `{from}`."))
        }
        Conflict::ClaimedByOther => {
            said("Somebody else holds the case", "Take another one, or ask a lead to hand it over.")
        }
        Conflict::ClaimLost => {
            let detail = "The claim has lapsed or never was. Claim the case again.";
            said("You do not hold the case", detail)
        }
        Conflict::DuplicateReference { .. } => said(
            "The reference is taken",
            "A report with this platform_report_ref and another content is here already: `report_id` names it. Send an addition, or use a new reference.",
        ),
        Conflict::InFlight => said("The same request is being worked on", "Send it again after `Retry-After`."),
        Conflict::ActDecided => said("Already decided", "Somebody has approved or refused this act."),
        Conflict::ActVoid => {
            let detail = "The case was closed, or whoever proposed this may not work on it any more. Read the case, and propose anew what still holds.";
            said("It waits no longer", detail)
        }
        Conflict::ConsentEnded => said(
            "Taken back",
            "She has taken back all of this consent already. Nothing was done, and nothing is shared by it.",
        ),
        Conflict::ReferralOpen => said(
            "A referral is under way",
            "No service has accepted it. Wait for its answer, record what it said by telephone, or withdraw the referral; then close the case.",
        ),
        Conflict::ReferralMoved { state } => said(
            "Not possible from where the referral stands",
            format!("It is `{state}`, and this leads nowhere from there. Read it again."),
        ),
        Conflict::NoPolicy => said(
            "No documents of data protection are named",
            "Whoever runs the service names the impact assessment, the policy document and the agreement in its settings before the first live referral is sent. Nothing was sent. In an emergency, ring, and record it as `emergency_disclosure`.",
        ),
        Conflict::NotInForce => said(
            "What the referral rests on has ended",
            "The agreement with your service has ended, or what she agreed to does not hold any more. It can be declined, and nothing of it is shown. Ring whoever sent it.",
        ),
        Conflict::ActWithdrawn => {
            said("It was taken back", "Whoever proposed this has taken it back. There is nothing to decide any more.")
        }
        Conflict::ActOutdated => {
            let detail =
                "More is known, or was judged, than this act answers. Refuse it, look again, and propose anew.";
            said("More has come in since", detail)
        }
        Conflict::Unread { since } => said(
            "Not all of it was read",
            format!(
                "Something was said at {since} that you have not read in this claim. Read the case, and decide then."
            ),
        ),
        Conflict::NameTaken => said("The name is taken", "Choose another."),
        Conflict::EndpointDisabled => said("The endpoint is not called", "Switch it on again first."),
    }
}

fn parameter(name: &str, wanted: &Parameter) -> Said {
    said("A parameter is missing or badly formed", format!("`{name}`: {}.", rules::parameter(wanted)))
}

fn refused(why: &Refused) -> Said {
    match why {
        Refused::Malformed => {
            said("The body cannot be read", "Send one JSON object in UTF-8, nested at most 128 deep.")
        }
        Refused::Parameter { name, wanted } => parameter(name, wanted),
        Refused::Query { name, wanted } => parameter(name, wanted),
        Refused::IdempotencyKeyMissing => said(
            "No Idempotency-Key",
            "Send `Idempotency-Key` with 1 to 255 printable ASCII characters, new for each new call.",
        ),
        Refused::IdempotencyKeyReused => said(
            "The key belongs to another call",
            "This Idempotency-Key was used with another content. Use a new key.",
        ),
        Refused::PreconditionRequired => said("No If-Match", "Read the resource and send its ETag in `If-Match`."),
        Refused::PreconditionFailed => {
            said("The resource has changed", "Read it again, look at what changed, and decide anew.")
        }
        Refused::MediaType => said("Not JSON", "Send `Content-Type: application/json`."),
        Refused::Encoding => {
            let detail = "Send it as it is, without `Content-Encoding`.";
            said("The body is packed", detail)
        }
        Refused::TooLarge => {
            let detail = "A body may have 256 KiB, a batch 8 MiB. A report may have more only in `platform_context.messages`, up to 2 MiB in all.";
            said("The body is too large", detail)
        }
        Refused::TooSlow => said("The body did not arrive", "Send the request again."),
        Refused::Method => said("Not with this method", "See `Allow`."),
    }
}
