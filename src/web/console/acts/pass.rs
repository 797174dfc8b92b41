//! Giving a case back: not this one, or not to me.

use super::super::queues::to;
use super::facts::Facts;
use super::shown::Parts;
use crate::domain::access::{Read, Work};
use crate::domain::casework;
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::error::Result;
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

pub(super) fn parts(facts: &Facts, form: &Form) -> Parts {
    let is_mine = facts.case.is_held_by(&facts.seated.member.id, facts.seated.now);
    let back = Choice::of("", "Not this one: give it back", form.given("knows_somebody").or(Some("")))
        .hint("You are not offered it for twelve hours. You can still open it and take it by its id.");
    let back = if is_mine { back } else { back.closed("You do not hold it, so there is nothing to give back.") };
    let know = Choice::of("true", "I know somebody in this", form.given("knows_somebody"))
        .hint("It is closed to you at once, and for good.");
    Parts {
        title: "Give it back".to_owned(),
        fields: vec![
            Field::of("knows_somebody", "Which is it?", Kind::Radios(vec![back, know]))
                .hint("Nobody asks why, and nobody is counted."),
        ],
        happens: "The case is free for the others in its queue. Its clocks run on.".to_owned(),
        told: "Of a P0 or P1 those on shift. When you know somebody in it, the safeguarding lead.".to_owned(),
        stays: "A case that is closed to you opens to you again by nobody but those who keep accounts.".to_owned(),
        button: "Leave this case".to_owned(),
        is_grave: true,
    }
}

pub(super) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let at = At { seen: Seen::Unasked, ..at };
    if form.is_on("knows_somebody") {
        desk::leaving::<Read>(call, visit, at, |tx, grant| {
            casework::leave(tx, grant)?;
            Ok(to("/console?done=known".to_owned()))
        })
        .await
    } else {
        desk::leaving::<Work>(call, visit, at, |tx, grant| {
            casework::pass(tx, grant)?;
            Ok(to("/console?done=passed".to_owned()))
        })
        .await
    }
}
