//! What colleagues do with a case: one form a page. Each is shown, sent, and shown again with what is wrong and what was written.

mod ask;
mod claim;
mod contact;
mod decide;
mod emergency;
mod facts;
mod hand_over;
mod link;
mod moves;
mod note;
mod pass;
mod priority;
mod referrals;
mod shown;
mod wishes;

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};

use super::door;
use crate::base::code::codes;
use crate::base::id::CaseKind;
use crate::domain::access::Sight;
use crate::domain::casework::Records;
use crate::domain::ledger::idempotency::{Answer, Answered};
use crate::domain::unit::Look;
use crate::error::{Conflict, Error, Refused, Result};
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::form_calls::{at, visit};
use crate::web::forms::{Form, LONGEST};
use crate::web::idempotent::render;
use crate::web::page_errors::{self, Kept};
use crate::web::row::{Body, Caller, Row};
use crate::web::surfaces::CONSOLE;
use facts::Facts;
use shown::{Parts, Shown};

codes! {
    /// A form, by the last step of its path.
    pub enum Leaf {
        /// Taking the case.
        Claim = "claim",
        /// Beginning the work.
        Start = "start",
        /// Writing a note.
        Note = "note",
        /// Recording a contact.
        Contact = "contact",
        /// Recording what was told to others without her consent.
        Emergency = "emergency",
        /// Recording how she may be reached.
        Wishes = "wishes",
        /// Setting the case aside.
        Hold = "hold",
        /// Taking it up again that was set aside, or waits for its platform.
        Resume = "resume",
        /// Taking it up again that was closed.
        Reopen = "reopen",
        /// Handing it to somebody.
        HandOver = "hand-over",
        /// Changing its priority.
        Priority = "priority",
        /// Asking its platform.
        Ask = "ask",
        /// Closing it.
        Decide = "decide",
        /// Linking it with another.
        Link = "link",
        /// Giving it back.
        Pass = "pass",
        /// Recording that she agrees that a service is told.
        Consent = "consent",
        /// Recording that she takes that back.
        TakeBack = "take-back",
        /// Drafting a referral.
        Refer = "refer",
        /// Sending one.
        Send = "send",
        /// Signing a child's.
        Sign = "sign",
        /// Writing down what a service said.
        ServiceSaid = "service-said",
        /// Taking one back.
        Recall = "recall",
        /// Asking another service in its place.
        Replace = "replace",
        /// Sharing what has come in since.
        Share = "share",
    }
}

impl Leaf {
    fn path(self) -> String {
        format!("/console/cases/{{id}}/{}", self.as_str())
    }

    fn of(request: &HttpRequest) -> Result<Self> {
        request.path().rsplit('/').next().and_then(Self::parse).ok_or(Error::NotFound)
    }

    /// What its form asks for, and says.
    fn parts(self, call: &Call, facts: &Facts, form: &Form) -> Parts {
        match self {
            Self::Claim => claim::parts(),
            Self::Start => moves::start(),
            Self::Note => note::parts(call, facts, form),
            Self::Contact => contact::parts(facts, form),
            Self::Emergency => emergency::parts(form),
            Self::Wishes => wishes::parts(form),
            Self::HandOver => hand_over::parts(facts, form),
            Self::Hold => moves::hold(form),
            Self::Resume => moves::resume(facts),
            Self::Reopen => moves::reopen(form),
            Self::Priority => priority::parts(facts, form),
            Self::Ask => ask::parts(form),
            Self::Decide => decide::parts(facts, form),
            Self::Link => link::parts(form),
            Self::Pass => pass::parts(facts, form),
            Self::Consent => referrals::consent::parts(facts, form),
            Self::TakeBack => referrals::take_back::parts(facts, form),
            Self::Refer => referrals::refer::parts(facts, form),
            Self::Send => referrals::moves::send(facts, form),
            Self::Sign => referrals::moves::sign(facts, form),
            Self::Share => referrals::moves::share(facts, form),
            Self::Recall => referrals::moves::recall(facts, form),
            Self::ServiceSaid => referrals::said::parts(facts, form),
            Self::Replace => referrals::replace::parts(facts, form),
        }
    }

    /// Whether it is of what is handed over, and what she agreed to.
    const fn is_of_referrals(self) -> bool {
        match self {
            Self::Consent
            | Self::TakeBack
            | Self::Refer
            | Self::Send
            | Self::Sign
            | Self::ServiceSaid
            | Self::Recall
            | Self::Replace
            | Self::Share => true,
            Self::Claim
            | Self::Start
            | Self::Note
            | Self::Contact
            | Self::Emergency
            | Self::Wishes
            | Self::Hold
            | Self::Resume
            | Self::Reopen
            | Self::HandOver
            | Self::Priority
            | Self::Ask
            | Self::Decide
            | Self::Link
            | Self::Pass => false,
        }
    }

    /// The field at which something is wrong: forms ask for times in hours, and for ways one by one.
    fn field(self, form: &Form, pointer: &str) -> String {
        let name = pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
        let is_unsafe = form.text("records") == Records::UnsafeContact.as_str();
        let field = match (self, name) {
            (Self::Hold, "until") => "hours",
            (Self::Contact, "channel") if is_unsafe => "unsafe_channel",
            (Self::Contact, "look_again_by") => "look_again_hours",
            (Self::Contact, "check_in_by") => "check_in_hours",
            (Self::Note, "wishes_asked") => "records",
            (Self::Contact, "wishes_asked") => "channel",
            (Self::Ask, "due_at") => "due_hours",
            (Self::Ask, "not_before") => "wait_hours",
            (Self::Wishes, "channels" | "never") => return wishes::field(form, pointer),
            (Self::Consent, _) => referrals::consent::field(pointer),
            (Self::Replace, "service_id") => "service",
            (Self::Send | Self::Sign | Self::Share | Self::Replace, "consent_id" | "service_id" | "sheet") => {
                "referral"
            }
            (Self::Refer | Self::Replace, _) => referrals::refer::field(pointer),
            (Self::TakeBack, "asked_how") => "how",
            (Self::ServiceSaid, "at") => "hours_ago",
            (Self::ServiceSaid, "reason") => "decline_reason",
            (_, other) => other,
        };
        field.to_owned()
    }

    /// Does what its form says.
    async fn act(self, call: &Call, form: Form) -> Result<Answered> {
        let (visit, at) = (visit(call, &form)?, at(call, &form)?);
        match self {
            Self::Claim => claim::act(call, visit, at).await,
            Self::Note => note::act(call, visit, at, form).await,
            Self::Start | Self::Hold | Self::Resume | Self::Reopen => moves::act(call, self, visit, at, form).await,
            Self::Contact => contact::act(call, visit, at, form).await,
            Self::Emergency => emergency::act(call, visit, at, form).await,
            Self::Wishes => wishes::act(call, visit, at, form).await,
            Self::HandOver => hand_over::act(call, visit, at, form).await,
            Self::Priority => priority::act(call, visit, at, form).await,
            Self::Ask => ask::act(call, visit, at, form).await,
            Self::Decide => decide::act(call, visit, at, form).await,
            Self::Link => link::act(call, visit, at, form).await,
            Self::Pass => pass::act(call, visit, at, form).await,
            Self::Consent => referrals::consent::act(call, visit, at, form).await,
            Self::TakeBack => referrals::take_back::act(call, visit, at, form).await,
            Self::Refer => referrals::refer::act(call, visit, at, form).await,
            Self::Send => referrals::moves::act_send(call, visit, at, form).await,
            Self::Sign => referrals::moves::act_sign(call, visit, at, form).await,
            Self::Share => referrals::moves::act_share(call, visit, at, form).await,
            Self::Recall => referrals::moves::act_recall(call, visit, at, form).await,
            Self::ServiceSaid => referrals::said::act(call, visit, at, form).await,
            Self::Replace => referrals::replace::act(call, visit, at, form).await,
        }
    }
}

/// Back to the case, with the word for what was done.
fn back(case: &impl std::fmt::Display, done: &str) -> Answer {
    super::queues::to(format!("/console/cases/{case}?done={done}"))
}

/// Shows a form. Whoever holds the case keeps it: they are there.
async fn show(call: Call) -> Result<HttpResponse> {
    let leaf = Leaf::of(call.request())?;
    // Which referral or consent was meant by the link that leads here.
    let named = url::form_urlencoded::parse(call.request().query_string().as_bytes());
    let named = named.filter(|(name, _)| matches!(&**name, "referral" | "consent"));
    let form = Form::of(named.map(|(name, value)| (name.into_owned(), value.into_owned())).collect());
    Shown::of(leaf, load(&call, leaf, None).await?, form).page(&call)
}

/// What a form is made of, read anew; `seen` is what it was made with when it is shown once more.
async fn load(call: &Call, leaf: Leaf, seen: Option<i64>) -> Result<Facts> {
    let id = call.id::<CaseKind>("id")?;
    let app = Arc::clone(&call.shared.app);
    let read = move |rx: &mut Look<'_>, sight: &Sight| {
        let mut facts = facts::read(rx, sight, leaf, seen)?;
        if leaf.is_of_referrals() {
            let book = app.directory.now(rx)?;
            facts.handed = Some(referrals::Handed::read(rx, sight, &book)?);
        }
        Ok(facts)
    };
    desk::look(call, call.bearer()?, id, read, facts::record).await
}

/// Takes a form that was sent.
async fn send(call: Call, raw: Raw) -> Result<HttpResponse> {
    let leaf = Leaf::of(call.request())?;
    let form = Form::read(&raw.0)?;
    if call.bearer().is_err() {
        return door::with_words(&call, &form);
    }
    if form.is_on("again") {
        return again(&call, leaf, form.without("again"), None).await;
    }
    match leaf.act(&call, form.clone()).await {
        Ok(answered) => Ok(render(answered)),
        Err(Error::Unauthenticated(_)) => door::with_words(&call, &form),
        Err(error) => again(&call, leaf, form, Some(error)).await,
    }
}

/// Shows a form once more, with what was written in it and what is wrong. Where it cannot be shown, what was written stands on
/// the page that says so.
async fn again(call: &Call, leaf: Leaf, form: Form, error: Option<Error>) -> Result<HttpResponse> {
    let is_shown = match &error {
        None | Some(Error::Invalid(_) | Error::Conflict(_)) => true,
        Some(Error::Refused(why)) => {
            matches!(why, Refused::PreconditionFailed | Refused::PreconditionRequired | Refused::IdempotencyKeyReused)
        }
        // It may be the other case that is not there.
        Some(Error::NotFound) => leaf == Leaf::Link,
        Some(_) => false,
    };
    let told = match (is_shown, error) {
        (true, error) => match load(call, leaf, form.text("seen").parse().ok()).await {
            Ok(facts) => return Shown::of(leaf, facts, form).with(error).page(call),
            Err(Error::Unauthenticated(_)) => return door::with_words(call, &form),
            Err(error) => error,
        },
        (false, Some(error)) => error,
        (false, None) => Error::NotFound,
    };
    Ok(trouble(call, &form, &told))
}

/// The page of an error with what was written. The same form can be sent again where that may help.
pub(super) fn trouble(call: &Call, form: &Form, error: &Error) -> HttpResponse {
    let kept = Kept::of(form, call.request().path());
    let may_help = matches!(
        error,
        Error::Unavailable(_) | Error::Throttled { .. } | Error::Internal(_) | Error::Conflict(Conflict::InFlight)
    );
    let kept = if may_help { kept } else { kept.without_again() };
    page_errors::of(&CONSOLE, error, &kept, &call.trace)
}

pub(super) fn rows() -> Vec<Row> {
    let both = |leaf: Leaf| {
        let shown = Row::page(&leaf.path(), Method::GET, show, Caller::Browser);
        let sent = Row::page(&leaf.path(), Method::POST, send, Caller::Browser).reading(Body::Words(LONGEST));
        [shown, sent]
    };
    Leaf::ALL.iter().copied().flat_map(both).collect()
}
