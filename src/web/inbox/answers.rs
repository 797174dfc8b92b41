//! What somebody of a service says of a hand-over: one form a page.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};

use super::form::{Asked, is_shown_again, or_kept, shown, to, trouble};
use super::seat::Seated;
use super::{calls, words};
use crate::base::code::codes;
use crate::base::id::{ReferralId, ReferralKind};
use crate::domain::ledger::idempotency::Reply;
use crate::domain::referrals::partners;
use crate::domain::referrals::{self, DeclineReason, Outcome, Said};
use crate::domain::vault::Owner;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::body::Raw;
use crate::web::door;
use crate::web::extract::Call;
use crate::web::form_calls::visit;
use crate::web::forms::{Form, LONGEST};
use crate::web::idempotent::render;
use crate::web::row::{Body, Caller, Row};

codes! {
    /// A form, by the last step of its path.
    pub enum Leaf as InboxLeaf {
        /// They take it on.
        Accept = "accept",
        /// They cannot take it on, or not go on with it.
        Decline = "decline",
        /// They were in contact with her.
        Contacted = "contacted",
        /// They could not reach her.
        UnableToContact = "unable-to-contact",
        /// They are done.
        Close = "close",
        /// No copy is left.
        Acknowledge = "acknowledge",
    }
}

impl Leaf {
    fn of(request: &HttpRequest) -> Result<Self> {
        request.path().rsplit('/').next().and_then(Self::parse).ok_or(Error::NotFound)
    }

    const fn answer(self) -> referrals::Answer {
        match self {
            Self::Accept => referrals::Answer::Accept,
            Self::Decline => referrals::Answer::Decline,
            Self::Contacted => referrals::Answer::Contacted,
            Self::UnableToContact => referrals::Answer::UnableToContact,
            Self::Close => referrals::Answer::Close,
            Self::Acknowledge => referrals::Answer::Acknowledge,
        }
    }

    /// What its button says, wherever it stands.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Accept => "Take it on",
            Self::Decline => "Say no",
            Self::Contacted => "Say that you were in contact",
            Self::UnableToContact => "Say that you could not reach her",
            Self::Close => "Say that you are done",
            Self::Acknowledge => "Say that no copy is left",
        }
    }

    /// What will happen, who hears of it, and what cannot be undone.
    const fn will(self) -> [&'static str; 3] {
        match self {
            Self::Accept => [
                "From now on she counts on you. It opens to you and to whoever coordinates at your service.",
                "Whoever sent it. She hears that help is on its way.",
                "She hears of it. You can still say that you cannot go on.",
            ],
            Self::Decline => [
                "Nothing of it is shown to you any more.",
                "Whoever sent it, at once: somebody else is asked. She is never told your reason.",
                "It does not come back.",
            ],
            Self::Contacted => [
                "It stands as being in contact. A next word is expected in time.",
                "Whoever sent it sees it.",
                "It stays on record.",
            ],
            Self::UnableToContact => [
                "It stands as not reached. Say so again when you have reached her.",
                "Whoever sent it, at once: they may know another way.",
                "It stays on record.",
            ],
            Self::Close => [
                "It is done. You see what was handed over for fourteen days more.",
                "Whoever sent it.",
                "It does not open again.",
            ],
            Self::Acknowledge => [
                "It is noted that you keep no copy of what is not shown any more.",
                "Whoever sent it.",
                "It stays on record.",
            ],
        }
    }

    fn fields(self, form: &Form) -> Vec<Field> {
        let missing = || {
            Field::line(
                "missing",
                "What was missing in what you were sent? (optional)",
                form.text("missing").to_owned(),
            )
        };
        let note = Field::words("words", "What should whoever sent it know? (optional)", form.text("words").to_owned());
        let radios = |name: &str, label: &str, choices: Vec<Choice>| Field::of(name, label, Kind::Radios(choices));
        match self {
            Self::Decline => {
                let choice =
                    |one: &DeclineReason| Choice::of(one.as_str(), words::reason(*one), form.given("decline_reason"));
                vec![radios("decline_reason", "Why?", DeclineReason::ALL.iter().map(choice).collect()), missing(), note]
            }
            Self::Close => {
                let choice = |one: &Outcome| Choice::of(one.as_str(), words::outcome(*one), form.given("outcome"));
                vec![radios("outcome", "How did it end?", Outcome::ALL.iter().map(choice).collect()), missing(), note]
            }
            Self::Accept | Self::Contacted | Self::UnableToContact | Self::Acknowledge => vec![note],
        }
    }

    fn said(self, form: &Form) -> Result<Said> {
        let given = |name: &str| form.given(name).map(str::to_owned);
        Ok(match self {
            Self::Decline => {
                form.require(&["decline_reason"])?;
                Said {
                    reason: form.code("decline_reason")?,
                    missing: given("missing"),
                    words: given("words"),
                    ..Said::default()
                }
            }
            Self::Close => {
                form.require(&["outcome"])?;
                Said {
                    outcome: form.code("outcome")?,
                    missing: given("missing"),
                    words: given("words"),
                    ..Said::default()
                }
            }
            Self::Accept | Self::Contacted | Self::UnableToContact | Self::Acknowledge => {
                Said { words: given("words"), ..Said::default() }
            }
        })
    }

    fn asked(self, id: &ReferralId, lead: String, form: &Form) -> Asked {
        let [happens, told, stays] = self.will();
        let path = format!("/inbox/{id}");
        Asked {
            title: self.label(),
            lead: vec![lead],
            fields: self.fields(form),
            happens,
            told,
            stays,
            button: self.label(),
            other: None,
            action: format!("{path}/{}", self.as_str()),
            back: (path, "Back"),
        }
    }
}

async fn show(call: Call) -> Result<HttpResponse> {
    let leaf = Leaf::of(call.request())?;
    form_page(&call, leaf, &Form::default(), None).await
}

async fn form_page(call: &Call, leaf: Leaf, form: &Form, error: Option<&Error>) -> Result<HttpResponse> {
    let id = call.id::<ReferralKind>("id")?;
    let named = id.clone();
    let (seated, stands) = calls::read(call, call.bearer()?, move |rx, who| {
        Ok((Seated::of(rx, who), partners::standing(rx, who, &named)?))
    })
    .await?;
    let stands = format!("It stands now: {}.", words::state(stands.state));
    shown(call, &seated, leaf.asked(&id, stands, form), form, error)
}

/// Takes a form that was sent, once for each key. What is answered holds no word of the case.
async fn send(call: Call, raw: Raw) -> Result<HttpResponse> {
    let (leaf, form) = (Leaf::of(call.request())?, Form::read(&raw.0)?);
    if call.bearer().is_err() {
        return door::with_words(&call, &form);
    }
    if form.is_on("again") {
        let form = form.without("again");
        let shown = form_page(&call, leaf, &form, None).await;
        return or_kept(&call, &form, shown);
    }
    match act(&call, leaf, &form).await {
        Ok(done) => Ok(done),
        Err(Error::Unauthenticated(_)) => door::with_words(&call, &form),
        Err(error) if is_shown_again(&error) => {
            let shown = form_page(&call, leaf, &form, Some(&error)).await;
            or_kept(&call, &form, shown)
        }
        Err(error) => Ok(trouble(&call, &form, &error)),
    }
}

async fn act(call: &Call, leaf: Leaf, form: &Form) -> Result<HttpResponse> {
    let (visit, id) = (visit(call, form)?, call.id::<ReferralKind>("id")?);
    let said = leaf.said(form);
    let named = id.clone();
    let done = calls::once(call, visit, id, move |tx, who| {
        let (case, _) = partners::answer(tx, who, &named, leaf.answer(), said)?;
        Ok(Reply::of(Owner::case(&case), to(format!("/inbox/{named}?done={}", leaf.as_str()))))
    });
    Ok(render(done.await?))
}

pub(super) fn rows() -> Vec<Row> {
    let both = |leaf: Leaf| {
        let path = format!("/inbox/{{id}}/{}", leaf.as_str());
        let shown = Row::page(&path, Method::GET, show, Caller::Reader);
        let sent = Row::page(&path, Method::POST, send, Caller::Reader).reading(Body::Words(LONGEST));
        [shown, sent]
    };
    Leaf::ALL.iter().copied().flat_map(both).collect()
}
