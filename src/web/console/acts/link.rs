//! Linking a case with another.

use super::back;
use super::shown::Parts;
use crate::base::id::CaseId;
use crate::domain::access::Link;
use crate::domain::casework;
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::error::{Error, Result};
use crate::pages::fields::Field;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::Form;

pub(super) fn parts(form: &Form) -> Parts {
    Parts {
        title: "Link with another case".to_owned(),
        fields: vec![
            Field::line("case_id", "The other case", form.text("case_id").to_owned())
                .hint("Its id, such as it stands at the top of its page: case_ and 26 letters and digits."),
        ],
        happens: "Each shows the other. Both stay cases of their own.".to_owned(),
        told: "Nobody. Colleagues who may see both find the one from the other.".to_owned(),
        stays: "A link cannot be taken away.".to_owned(),
        button: "Link them".to_owned(),
        is_grave: false,
    }
}

pub(super) async fn act(call: &Call, visit: Visit, at: At, form: Form) -> Result<Answered> {
    let at = At { seen: Seen::Unasked, ..at };
    let case = at.case.clone();
    let other = form.text("case_id").trim().parse::<CaseId>();
    // What cannot be an id is as unknown as one that is not there.
    let other = other.map_err(|_| Error::NotFound);
    desk::on_two::<Link>(call, visit, at, other, move |tx, one, two| {
        casework::link(tx, one, two)?;
        Ok(back(&case, "linked"))
    })
    .await
}
