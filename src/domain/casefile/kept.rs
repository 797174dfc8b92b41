//! What is still kept of a closed case, for whoever reads it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::time::Timestamp;
use crate::domain::case::{Case, State};
use crate::domain::case::{holds, keeping};
use crate::domain::unit::Look;
use crate::error::Result;

/// What is still kept of a closed case.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct KeptView {
    /// When something of it will be destroyed, since its period has passed: how she may be reached, all that was said, or what
    /// happened in it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub erase_at: Option<Timestamp>,
    /// When it was destroyed how she may be reached.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub contact_erased_at: Option<Timestamp>,
    /// When all that was said in it was destroyed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub erased_at: Option<Timestamp>,
    /// When the events of its record were destroyed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub record_ended_at: Option<Timestamp>,
    /// Whether a legal hold stands: nothing is destroyed while it does.
    pub held: bool,
}

/// What is kept of the case; nothing while it is open.
pub(super) fn kept(rx: &mut Look<'_>, case: &Case) -> Result<Option<KeptView>> {
    if case.state != State::Closed {
        return Ok(None);
    }
    let Some(kept) = keeping::of(rx, &case.id)? else { return Ok(None) };
    let held = holds::standing(rx, &case.id)?.in_force;
    let keeping::Keeping { erase_at, contact_erased_at, erased_at, record_ended_at, closed_at: _ } = kept;
    Ok(Some(KeptView { erase_at, contact_erased_at, erased_at, record_ended_at, held }))
}
