//! Acts that wait for a second person, and what became of them, as colleagues read them.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::result::Error as DieselError;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ActKind, ActState, Body, Kept, PriorityReason};
use crate::base::id::{ActId, CaseId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::schema::acts;
use crate::domain::case::Outcome;
use crate::domain::casework::requests::NewRequest;
use crate::domain::casework::rights::Cause;
use crate::domain::triage::Priority;
use crate::domain::unit::Look;
use crate::domain::vault::{Notes, Owner, Sealed};
use crate::error::{Error, Result};

/// What an act would do, for whoever is to sign it: nobody signs what they cannot read.
#[derive(Serialize, ToSchema)]
pub struct Proposal {
    /// Why, in words.
    pub text: Option<String>,
    /// The priority it would set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Why, as a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<PriorityReason>,
    /// The outcome with which it would close the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The request it would make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<NewRequest>,
}

impl From<Body> for Proposal {
    fn from(body: Body) -> Self {
        let bare = |text| Self { text, priority: None, reason_code: None, outcome: None, request: None };
        match body {
            Body::LowerPriority(lowering) => Self {
                priority: Some(lowering.to),
                reason_code: Some(lowering.reason_code),
                ..bare(Some(lowering.text))
            },
            Body::Close { outcome, reason, .. } => Self { outcome: Some(outcome), ..bare(Some(reason)) },
            Body::AskPlatform(request) => Self { request: Some(*request), ..bare(None) },
        }
    }
}

/// An act as colleagues see it.
#[derive(Serialize, ToSchema)]
pub struct ActView {
    /// Its id.
    #[schema(value_type = String, example = "act_00000000000000000000000000")]
    pub id: ActId,
    /// What it would do.
    pub kind: ActKind,
    /// Where it stands.
    pub state: ActState,
    /// Who proposed it.
    #[schema(value_type = String)]
    pub proposed_by: StaffId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub proposed_at: Timestamp,
    /// What it would do and why, while it waits; absent for roles that may not read content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
    /// When it was decided, or became void.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// Who decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub decided_by: Option<StaffId>,
    /// Why it is void.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub void_cause: Option<Cause>,
}

type Waiting = (ActId, ActKind, ActState, StaffId, Timestamp, Sealed<Notes>);

/// These acts of the case that wait for a second person, in one statement; with `words`, what they would do. Where one of them
/// cannot be read they are read one by one.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn waiting(
    rx: &mut Look<'_>,
    case: &CaseId,
    ids: &[String],
    words: bool,
) -> Result<BTreeMap<String, Result<ActView>>> {
    let mut all = BTreeMap::new();
    match rows_of(rx, ids) {
        Err(DieselError::DeserializationError(_)) => {
            for id in ids {
                match rows_of(rx, std::slice::from_ref(id)) {
                    Ok(rows) => {
                        all.extend(rows.into_iter().next().map(|row| (id.clone(), opened(rx, case, row, words))));
                    }
                    Err(error) => all.extend([(id.clone(), Err(error.into()))]),
                }
            }
        }
        rows => all.extend(rows?.into_iter().map(|row| (row.0.to_string(), opened(rx, case, row, words)))),
    }
    Ok(all)
}

fn rows_of(rx: &mut Look<'_>, ids: &[String]) -> QueryResult<Vec<Waiting>> {
    acts::table
        .filter(acts::id.eq_any(ids.to_vec()))
        .select((acts::id, acts::kind, acts::state, acts::proposed_by, acts::proposed_at, acts::body))
        .load(rx.conn())
}

/// What the vault says of its words.
fn opened(rx: &mut Look<'_>, case: &CaseId, row: Waiting, words: bool) -> Result<ActView> {
    let (id, kind, state, proposed_by, proposed_at, sealed) = row;
    let key = if words { Some(rx.keys(Owner::case(case))?.existing::<Notes>()) } else { None };
    let proposal = match key {
        Some(Ok(key)) => Some(key.open::<Kept>("act", id.as_str(), &sealed)?.into_exposed().body.into()),
        None | Some(Err(Error::Erased)) => None,
        Some(Err(error)) => return Err(error),
    };
    let (ended_at, decided_by, void_cause) = (None, None, None);
    Ok(ActView { id, kind, state, proposed_by, proposed_at, proposal, ended_at, decided_by, void_cause })
}

/// How many acts that wait no longer a case shows.
const SHOWN: i64 = 20;

/// The acts of a case that wait no longer, the newest first: what became of what somebody proposed.
pub(in crate::domain) fn ended(rx: &mut Look<'_>, case: &CaseId) -> Result<Vec<ActView>> {
    type Row = (ActId, ActKind, ActState, StaffId, Timestamp, Option<Timestamp>, Option<StaffId>, Option<Cause>);
    let rows: Vec<Row> = acts::table
        .filter(acts::case_id.eq(case).and(acts::state.ne(ActState::Pending)))
        .order((acts::decided_at.desc(), acts::id))
        .limit(SHOWN)
        .select((
            acts::id,
            acts::kind,
            acts::state,
            acts::proposed_by,
            acts::proposed_at,
            acts::decided_at,
            acts::decided_by,
            acts::void_cause,
        ))
        .load(rx.conn())?;
    let view = |(id, kind, state, proposed_by, proposed_at, ended_at, decided_by, void_cause): Row| ActView {
        id,
        kind,
        state,
        proposed_by,
        proposed_at,
        proposal: None,
        ended_at,
        decided_by,
        void_cause,
    };
    Ok(rows.into_iter().map(view).collect())
}

silent! { Proposal ActView }
