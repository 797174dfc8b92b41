//! Handing the case to somebody: whoever holds it with a note, a lead in any case.

use super::super::seat;
use super::back;
use super::facts::Facts;
use super::shown::Parts;
use crate::base::id::StaffId;
use crate::domain::access::{Assign, HandOver};
use crate::domain::casework;
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::error::rules::Casework;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

pub(super) fn parts(facts: &Facts, form: &Form) -> Parts {
    let chosen = form.given("staff_id");
    let takers = facts.takers.iter().map(|taker| {
        let name = format!("{}, {}", taker.member.username, seat::role(taker.member.role));
        let at_work = if taker.on_shift { "At work now." } else { "Not at work now." };
        Choice::of(taker.member.id.as_str(), name, chosen).hint(at_work)
    });
    let to = Field::of("staff_id", "To whom?", Kind::Radios(takers.collect()));
    let to = if facts.takers.is_empty() {
        to.hint("Nobody else may take this case. Ask whoever runs the service.")
    } else {
        to
    };
    let holds = facts.case.is_held_by(&facts.seated.member.id, facts.seated.now);
    Parts {
        title: "Hand over".to_owned(),
        fields: vec![
            Field::of("as", "", Kind::Hidden { value: if holds { "holder" } else { "lead" } }),
            to,
            Field::words("note", "What the next one must know", form.text("note").to_owned()).hint("It stands in the timeline."),
        ],
        happens: "A P0 or P1 is offered: you keep it until it is taken. Untaken after 5 minutes (30 of a P1) the offer ends, and both of you hear. Any other case is kept for them, and is no longer yours.".to_owned(),
        told: "They hear by a mail that says nothing of the case, and of a P0 or P1 by the pager.".to_owned(),
        stays: "The note cannot be changed.".to_owned(),
        button: "Hand it over".to_owned(),
        is_grave: false,
    }
}

pub(super) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let case = at.case.clone();
    // Who holds it hands it over; a lead hands over what somebody else has, or nobody.
    if form.text("as") == "lead" {
        return desk::on_case::<Assign>(call, visit, at, move |tx, grant| {
            casework::assign(tx, grant, &receiver(&form)?, form.given("note"))?;
            Ok(back(&case, "handed"))
        })
        .await;
    }
    desk::on_case::<HandOver>(call, visit, at, move |tx, grant| {
        let handed = casework::hand_over(tx, grant, &receiver(&form)?, form.text("note"))?;
        Ok(back(&case, if handed.until.is_some() { "offered" } else { "handed" }))
    })
    .await
}

fn receiver(form: &Form) -> Result<StaffId> {
    form.text("staff_id").parse().map_err(|_| Error::invalid("/staff_id", Casework::UnknownColleague))
}
