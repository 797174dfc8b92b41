//! Asking another service in the place of one that did not take it.

use super::super::facts::Facts;
use super::super::shown::Parts;
use super::{ago, back, choose, chosen, consent, line, services, tick, time_ago};
use crate::domain::access::Refer;
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::domain::referrals::state::State;
use crate::domain::referrals::{self, Replacement};
use crate::error::rules::Form as Rule;
use crate::error::{Error, Result};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

pub(in crate::web::console::acts) fn parts(facts: &Facts, form: &Form) -> Parts {
    let fits = |one: &referrals::ReferralView| {
        matches!(one.state, State::Sent | State::Received | State::Declined | State::Expired)
    };
    Parts {
        title: "Ask another service instead".to_owned(),
        fields: vec![
            choose(facts, form, fits),
            services(facts, form, "service", "Which service now?").hint("One that she agreed to, on the same consent."),
            line(form, "label", "What does she call it?").hint("A name that tells nothing to somebody beside her."),
            ago(form, "confirmed_hours", "When did she confirm how she is reached?", &[0, 1, 2, 4, 8, 24, 48, 71]),
            tick(form, "knowing_closed", "I know that nobody is there until their answer is due"),
        ],
        happens: "The other service gets the same, after every check. The first one ends.".to_owned(),
        told: "Both services. She is owed to know.".to_owned(),
        stays: "What the first one has read, it has read: it says that it keeps no copy.".to_owned(),
        button: "Ask them".to_owned(),
        is_grave: true,
    }
}

pub(in crate::web::console::acts) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let case = at.case.clone();
    let at = At { seen: Seen::Unasked, ..at };
    desk::on_case::<Refer>(call, visit, at, move |tx, grant| {
        let (id, seen) = chosen(&form)?;
        let to = consent::service(&form, "service")?;
        let new = Replacement {
            service_id: to.ok_or_else(|| Error::invalid("/service", Rule::Required))?,
            consent_id: None,
            confirmed_at: Some(time_ago(&form, "confirmed_hours", tx.now())?),
            label: form.text("label").to_owned(),
            knowing_closed: form.is_on("knowing_closed"),
        };
        referrals::replace(tx, grant, &id, &seen, &new)?;
        Ok(back(&case, "replaced"))
    })
    .await
}
