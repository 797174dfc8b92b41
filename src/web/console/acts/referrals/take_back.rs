//! Recording that she takes back what she agreed to, or a part of it.

use super::super::facts::Facts;
use super::super::shown::Parts;
use super::{back, consent, radios, ticks, words};
use crate::base::id::ConsentId;
use crate::domain::access::WriteNote;
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::domain::referrals::consents::{self, ConsentState, Given, Narrowing, Share, Withdrawing};
use crate::domain::terms::words::Answer;
use crate::error::rules::Form as Rule;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

pub(in crate::web::console::acts) fn parts(facts: &Facts, form: &Form) -> Parts {
    let handed = facts.handed.as_ref();
    let all = handed.iter().flat_map(|handed| handed.consents.iter());
    let open = all.filter(|one| !matches!(one.state, ConsentState::Withdrawn | ConsentState::Unreadable));
    let choices = open.map(|one| {
        let name = handed.map_or_else(String::new, |handed| handed.name(&one.service_id));
        let label = format!("{name}: {}", words::consent(one.state));
        Choice::of(one.id.as_str(), label, form.given("consent"))
    });
    let shares = Share::ALL.iter().map(|share| (share.as_str(), words::share(*share)));
    let alone = [("yes", "Yes"), ("no", "No"), ("unknown", "It is not known")];
    Parts {
        title: "She takes back what she agreed to".to_owned(),
        fields: vec![
            Field::of("consent", "Of which?", Kind::Radios(choices.collect())),
            radios(
                form,
                "what",
                "What does she take back?",
                [("all", "All of it"), ("part", "A part: what is ticked below stays")].into_iter(),
            ),
            ticks(form, "scopes", "What may they still know?", shares).hint("For a part."),
            consent::ways(form, "how", "By which way did she say so?"),
            radios(form, "alone", "Was she alone?", alone.into_iter()).hint("It holds in any case."),
        ],
        happens: "It holds from this moment. What the service was sent on all of it is taken back.".to_owned(),
        told: "The service, where it has read anything: that it keeps no copy. You are told when it does not say so."
            .to_owned(),
        stays: "It stays on record. She can agree again.".to_owned(),
        button: "Record it".to_owned(),
        is_grave: true,
    }
}

pub(in crate::web::console::acts) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let case = at.case.clone();
    // What she takes back holds whatever else has happened.
    let at = At { seen: Seen::Unasked, ..at };
    desk::on_case::<WriteNote>(call, visit, at, move |tx, grant| {
        form.require(&["consent", "what", "how", "alone"])?;
        let required = |name: &str| Error::invalid(&format!("/{name}"), Rule::Required);
        let id: ConsentId = form.text("consent").parse().map_err(|_| required("consent"))?;
        let asked_how = form.code::<Given>("how")?.ok_or_else(|| required("how"))?;
        let alone = form.code::<Answer>("alone")?.ok_or_else(|| required("alone"))?;
        if form.text("what") == "all" {
            consents::withdraw(tx, grant, &id, &Withdrawing { asked_how, alone })?;
        } else {
            let mut scopes = Vec::new();
            for share in form.chosen("scopes") {
                scopes.push(Share::parse(share).ok_or_else(|| Error::invalid("/scopes", Rule::Undocumented))?);
            }
            consents::narrow(tx, grant, &id, &Narrowing { scopes, asked_how, alone })?;
        }
        Ok(back(&case, "taken-back"))
    })
    .await
}
