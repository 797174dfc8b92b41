//! What is said of an error to people who work with pages: what happened, and what they can do.

use super::page_rules::page_rule;
use super::problems::{Said, said};
use crate::error::{Conflict, Error, Forbidden, Refused, Unauthenticated};

/// The title and the text of a page that says what went wrong.
#[must_use]
pub fn trouble(error: &Error) -> Said {
    match error {
        Error::Unauthenticated(Unauthenticated::Missing | Unauthenticated::Invalid) => {
            said("Sign in again", "You are not signed in any more.")
        }
        Error::Unauthenticated(Unauthenticated::SecondFactorClosed) => said(
            "Your second factor is closed",
            "Ten wrong codes came with your password. Call a lead: they open it again when they hear your voice.",
        ),
        Error::Forbidden(why) => forbidden(why),
        Error::NotFound => said(
            "Nothing found",
            "There is nothing here that you can open. The address may be wrong, or the case may have gone to a queue that is not on your list.",
        ),
        Error::Erased => {
            said("Erased", "What stood here was erased, on the survivor’s wish or because its time was over.")
        }
        Error::Conflict(why) => conflict(why),
        Error::Refused(why) => refused(why),
        Error::Invalid(wrong) => {
            let first = wrong.named.first().map(|broken| page_rule(&broken.rule));
            said("Something is missing or does not fit", first.unwrap_or_else(|| "Look at the form once more.".into()))
        }
        Error::Throttled { .. } => {
            said("Too many calls at once", "Wait a moment, and try again. Nothing was done with this one.")
        }
        Error::Unavailable(_) => said(
            "Not available just now",
            "The service cannot reach something that it needs. Nothing was stored. Try again in a minute.",
        ),
        Error::Internal(_) => said(
            "A fault of ours",
            "Nothing was stored. Try again, and tell whoever runs the service when it happens again.",
        ),
    }
}

fn forbidden(why: &Forbidden) -> Said {
    match why {
        Forbidden::Scope(_) | Forbidden::Role => {
            said("Not with your role", "Your role has no right to this. Ask a lead.")
        }
        Forbidden::SecondPerson => said(
            "Somebody else decides this",
            "Who proposed something cannot sign or refuse it, with whichever account. You can take it back.",
        ),
        Forbidden::Proposer => {
            said("Somebody else proposed this", "Who proposed something takes it back. You can approve or refuse it.")
        }
        Forbidden::DeclareFirst => said(
            "Say first whom you know",
            "Nothing is shown to you that names somebody whom you know. Say who that is, or that it is nobody: then this opens.",
        ),
        Forbidden::Origin => said(
            "This form did not come from here",
            "The browser says that another site sent it, or does not say where it comes from. Nothing was done. Open the page here, and send the form from it.",
        ),
        Forbidden::Ahead => said(
            "Not opened ahead",
            "The browser asked for this before you did. Each reading of a case is on record: open it when you read it.",
        ),
    }
}

fn conflict(why: &Conflict) -> Said {
    match why {
        Conflict::Transition { .. } => said(
            "Not possible any more",
            "The case has moved on since, and this cannot be done from where it is now. Look at it again.",
        ),
        Conflict::ClaimedByOther => said("Somebody else has the case", "Somebody was quicker, or took it meanwhile."),
        Conflict::ClaimLost => said(
            "You do not hold this case any more",
            "Your claim has ended. Open the case to see whether you can take it again. What you wrote can be kept as a note.",
        ),
        Conflict::DuplicateReference { .. } => said("The reference is taken", "It belongs to another report."),
        Conflict::InFlight => said("It is being done", "The same form is being worked on. Try again in a moment."),
        Conflict::ActDecided => said("Already decided", "Somebody has signed or refused this, or it was taken back."),
        Conflict::ConsentEnded => {
            said("Taken back", "She has taken back all of this consent already. Nothing was done.")
        }
        Conflict::ReferralOpen => said(
            "A referral is under way",
            "No service has accepted it. Record what the service said, or withdraw the referral; then close the case.",
        ),
        Conflict::ReferralMoved { .. } => {
            said("The referral has moved on", "It stands elsewhere by now, and this leads nowhere from there.")
        }
        Conflict::NoPolicy => said(
            "Nothing was sent",
            "Whoever runs the service has not named its documents of data protection yet. In an emergency, ring, and record that you did.",
        ),
        Conflict::NotInForce => said(
            "It rests on nothing any more",
            "The agreement with the service has ended, or what she agreed to does not hold any more. Ring whoever sent it.",
        ),
        Conflict::ActWithdrawn => said("Taken back", "Whoever proposed this has taken it back. Nothing was done."),
        Conflict::ActVoid => said(
            "It waits no longer",
            "The case was closed, or whoever proposed this may not work on it any more. Read the case, and propose anew what still holds.",
        ),
        Conflict::ActOutdated => said(
            "More has come in since",
            "More is known than the proposal answers. Refuse it, read the case again, and propose anew.",
        ),
        Conflict::Unread { .. } => {
            said("Something was said that you have not read", "Open the case and read all of it, then decide.")
        }
        Conflict::NameTaken => said("The name is taken", "Choose another."),
        Conflict::EndpointDisabled => said("The endpoint is not called", "Switch it on again first."),
    }
}

fn refused(why: &Refused) -> Said {
    match why {
        Refused::IdempotencyKeyReused => said(
            "This form was sent before, with other words",
            "What was sent first has been done. If you want to send these words as well, send the form again.",
        ),
        Refused::PreconditionRequired | Refused::PreconditionFailed => said(
            "The case has changed since you opened this form",
            "Nothing was done. Read what happened since, and send the form again if it still holds.",
        ),
        Refused::TooLarge => said(
            "Too long",
            "A form may have up to 1 MiB, and nothing of this one was kept. Go back: what you wrote stands in it still. Shorten it, or send it in parts.",
        ),
        Refused::TooSlow => said("The form did not arrive", "The line broke or was too slow. Send it again."),
        Refused::Method => said("Not like this", "Open the page by its link, and send its form by its button."),
        Refused::Malformed
        | Refused::Parameter { .. }
        | Refused::Query { .. }
        | Refused::IdempotencyKeyMissing
        | Refused::MediaType
        | Refused::Encoding => said(
            "This cannot be read",
            "The address or the form is not as the pages make them. Go back, and begin from the page again.",
        ),
    }
}
