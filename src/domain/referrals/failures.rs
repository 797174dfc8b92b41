//! What follows when a hand-over comes to nothing: a closed case is taken up again, she is owed word, somebody decides anew, and an
//! alarm rings.

use super::kept::Referral;
use super::others;
use crate::domain::case::clocks::{self, ClockKind};
use crate::domain::case::{Case, store};
use crate::domain::casework::owed_words::{self, OwedWord};
use crate::domain::casework::{self, priority};
use crate::domain::paging::{self, Call, Rung};
use crate::domain::unit::Unit;
use crate::error::Result;

/// A hand-over has come to nothing, or nobody knows: `word` is what she is owed to know of it, `reason` what stands in the record.
pub(super) fn failed(
    tx: &mut Unit<'_>,
    case: &mut Case,
    referral: &Referral,
    word: Option<OwedWord>,
    reason: &str,
) -> Result<()> {
    casework::wake(tx, case)?;
    if let Some(word) = word {
        owe(tx, case, referral, word)?;
    }
    if !others::one_lives(tx, &case.id, Some(&referral.id))? {
        let due = priority::due_for(tx, case.priority, &case.queues())?;
        clocks::within(tx, &case.id, ClockKind::EscalationDecision, due.escalation_decision.unwrap_or(due.re_review))?;
    }
    let at = tx.now();
    paging::call(tx, case, Call { reason, at, least: Rung::OnCall })?;
    store::requeue(tx, case)
}

/// Owes her word of a hand-over, under the label that she chose; none where that does not open.
pub(super) fn owe(tx: &mut Unit<'_>, case: &Case, referral: &Referral, word: OwedWord) -> Result<()> {
    let label = referral.kept.as_ref().map(|kept| kept.label.clone()).unwrap_or_default();
    owed_words::owe(tx, case, &referral.id, word, &label)
}
