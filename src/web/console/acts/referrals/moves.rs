//! Sending a referral, signing a child's, taking one back, and sharing what has come in since.

use super::super::facts::Facts;
use super::super::shown::Parts;
use super::{back, choose, chosen, is_under_way, tick};
use crate::domain::access::{Refer, SignSecond, WriteNote};
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::domain::referrals::state::State;
use crate::domain::referrals::{self, ReferralView, Remark, Sending, Withdrawal};
use crate::error::Result;
use crate::pages::fields::Field;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

fn is_asked(one: &ReferralView) -> bool {
    one.about.as_ref().is_some_and(|about| about.remarks.contains(&Remark::ToBeSigned))
}

pub(in crate::web::console::acts) fn send(facts: &Facts, form: &Form) -> Parts {
    let of_child = facts.case.child;
    Parts {
        title: "Send a referral".to_owned(),
        fields: vec![
            choose(facts, form, |one| one.state == State::Drafted),
            tick(form, "knowing_closed", "I know that nobody is there until their answer is due")
                .hint("Of a P0 or P1, for a service that opens later."),
        ],
        happens: "Everything is looked at once more, and it goes to the service. A clock runs until they receive it."
            .to_owned(),
        told: if of_child {
            "The safeguarding lead, who signs it first.".to_owned()
        } else {
            "The service: that something waits. Ring them where it is urgent.".to_owned()
        },
        stays: "What they have read, they have read. It can be taken back.".to_owned(),
        button: "Send it".to_owned(),
        is_grave: true,
    }
}

pub(in crate::web::console::acts) fn sign(facts: &Facts, form: &Form) -> Parts {
    Parts {
        title: "Sign a child’s referral".to_owned(),
        fields: vec![choose(facts, form, |one| one.state == State::Drafted && is_asked(one))],
        happens: "It goes to the service.".to_owned(),
        told: "The service: that something waits.".to_owned(),
        stays: "What they have read, they have read. It can be taken back.".to_owned(),
        button: "Sign and send it".to_owned(),
        is_grave: true,
    }
}

pub(in crate::web::console::acts) fn share(facts: &Facts, form: &Form) -> Parts {
    Parts {
        title: "Share what has come in since".to_owned(),
        fields: vec![choose(facts, form, |one| one.sent_at.is_some() && is_under_way(one.state))],
        happens: "The service sees what has come in since it was sent, as far as she agrees now.".to_owned(),
        told: "Nobody: they see it when they look.".to_owned(),
        stays: "What they have read, they have read.".to_owned(),
        button: "Share it".to_owned(),
        is_grave: false,
    }
}

pub(in crate::web::console::acts) fn recall(facts: &Facts, form: &Form) -> Parts {
    Parts {
        title: "Take a referral back".to_owned(),
        fields: vec![
            choose(facts, form, |one| !one.state.has_ended()),
            tick(form, "she_asked", "She asked for it").hint("Otherwise she is owed to know that it ended."),
            Field::words("words", "Why?", form.text("words").to_owned()),
        ],
        happens: "Nothing of it is shown to the service any more.".to_owned(),
        told: "The service, where it has read it: that it keeps no copy.".to_owned(),
        stays: "It does not come back. Another can be drafted.".to_owned(),
        button: "Take it back".to_owned(),
        is_grave: true,
    }
}

/// Sends one.
pub(in crate::web::console::acts) async fn act_send(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let case = at.case.clone();
    desk::on_case::<Refer>(call, visit, unasked(at), move |tx, grant| {
        let (id, seen) = chosen(&form)?;
        let sending = Sending { seen, knowing_closed: form.is_on("knowing_closed") };
        let sent = referrals::send(tx, grant, &id, &sending)?;
        Ok(back(&case, if is_asked(&sent) { "asked" } else { "sent" }))
    })
    .await
}

/// Signs a child's.
pub(in crate::web::console::acts) async fn act_sign(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let case = at.case.clone();
    desk::on_case::<SignSecond>(call, visit, unasked(at), move |tx, grant| {
        let (id, seen) = chosen(&form)?;
        referrals::sign(tx, grant, &id, &seen)?;
        Ok(back(&case, "sent"))
    })
    .await
}

/// Shares what has come in.
pub(in crate::web::console::acts) async fn act_share(
    call: &Call,
    visit: Visit,
    at: At,
    form: Form,
) -> Result<Answered> {
    let case = at.case.clone();
    desk::on_case::<Refer>(call, visit, unasked(at), move |tx, grant| {
        let (id, seen) = chosen(&form)?;
        referrals::share(tx, grant, &id, &seen)?;
        Ok(back(&case, "shared"))
    })
    .await
}

/// Takes one back.
pub(in crate::web::console::acts) async fn act_recall(
    call: &Call,
    visit: Visit,
    at: At,
    form: Form,
) -> Result<Answered> {
    let case = at.case.clone();
    desk::on_case::<WriteNote>(call, visit, unasked(at), move |tx, grant| {
        let (id, _) = chosen(&form)?;
        let withdrawal = Withdrawal { she_asked: form.is_on("she_asked"), words: form.text("words").to_owned() };
        referrals::withdraw(tx, grant, &id, &withdrawal)?;
        Ok(back(&case, "recalled"))
    })
    .await
}

/// Which version of the referral was seen counts, and not which of the case.
fn unasked(at: At) -> At {
    At { seen: Seen::Unasked, ..at }
}
