//! What destroying is. It walks what the rooms state of their tables, so that no sealed column is forgotten.

use diesel::prelude::*;
use diesel::sql_types::{Binary, Text};

use super::Part;
use crate::base::id::CaseId;
use crate::db::dialect::native;
use crate::domain::case::State;
use crate::domain::case::keeping::{self, Keeping};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::unit::Unit;
use crate::domain::vault::stated::{Holds, OpenedBy, Sealing, Table};
use crate::domain::vault::{self, Damaged, Owner, Scope, SealedAt};
use crate::domain::watch::soundness;
use crate::error::Result;

impl Part {
    /// The one scope that goes; all of them where there is none.
    const fn scope(self) -> Option<Scope> {
        match self {
            Self::Contact => Some(Scope::Contact),
            Self::Content | Self::Record => None,
        }
    }
}

/// Destroys a part of a case whose day has come.
pub(super) fn erase(tx: &mut Unit<'_>, case: &CaseId, kept: Keeping, part: Part) -> Result<()> {
    is_as_recorded(tx, case, kept)?;
    let owner = Owner::case(case);
    let (now, gone) = (Some(tx.now()), Keeping { erase_at: None, ..kept });
    let gone = match part {
        Part::Contact => Keeping { contact_erased_at: now, ..gone },
        Part::Content => Keeping { erased_at: now, ..gone },
        Part::Record => Keeping { record_ended_at: now, ..gone },
    };
    keeping::set(tx, case, gone)?;
    if part == Part::Record {
        return audit::end(tx, &owner);
    }
    let which = Which { owner: &owner, scope: part.scope() };
    for table in soundness::tables() {
        for (column, holds) in table.columns {
            if let Holds::Sealed(sealing) = holds {
                empty(tx, table, column, sealing, &which)?;
            }
        }
    }
    vault::destroy(tx, &owner, part.scope())?;
    tx.forget_keys(&owner);
    audit::record(tx, owner, Event::CaseErased { part: part.as_str() })
}

/// Nothing goes on the word of a row alone: whoever has the database could have this done to what they want gone.
fn is_as_recorded(tx: &mut Unit<'_>, case: &CaseId, kept: Keeping) -> Result<()> {
    let moved = audit::of_kinds(tx, &Owner::case(case), &["case_moved"])?.pop();
    let closed_at = moved.filter(|event| event.text("to") == Some(State::Closed.as_str())).map(|event| event.at);
    let erased = audit::of_kinds(tx, &Owner::case(case), &["case_erased"])?.pop();
    let erased_at = erased.filter(|event| event.text("part") == Some(Part::Content.as_str())).map(|event| event.at);
    // What was destroyed before the case was opened again is no matter of this close.
    let is_erased = kept.erased_at.is_none_or(|at| erased_at == Some(at));
    if closed_at == Some(kept.closed_at) && is_erased && audit::is_whole(tx, case.as_str())? {
        return Ok(());
    }
    Err(Damaged::error(format!("the record of {case} is not whole, or says otherwise: nothing of it is destroyed")))
}

/// What is to be emptied: whose values, and of which scope.
struct Which<'a> {
    owner: &'a Owner,
    scope: Option<Scope>,
}

/// Puts in the place of each value of a column the word that it was destroyed.
fn empty(tx: &mut Unit<'_>, table: &Table, column: &str, sealing: &Sealing, which: &Which<'_>) -> Result<()> {
    let at = sealing.at_of(table);
    // Names of the statements, and nothing else, stand in it.
    let of_owner = match table.opened_by {
        OpenedBy::Column(owner) => format!("r.{owner} = $3"),
        OpenedBy::Parent { column, table, owner } => {
            format!("r.{column} IN (SELECT id FROM {table} WHERE {owner} = $3)")
        }
        OpenedBy::Itself | OpenedBy::Nobody => return Ok(()),
    };
    let statement = format!("UPDATE {} AS r SET {column} = $1 WHERE {at} = $2 AND {of_owner}", table.name);
    let (keyring, owner) = (&tx.kit().keyring, which.owner.id());
    for value in soundness::values(tx, table, column, sealing, &[owner.to_owned()])? {
        let scope = value.scope(sealing).filter(|scope| which.scope.is_none_or(|wanted| wanted == *scope));
        let (Some(scope), Some(place)) = (scope, value.place.0) else { continue };
        let gone = vault::in_place_of(keyring, owner, &SealedAt { scope, field: sealing.field, row: &place });
        native!(tx.conn(), |c| diesel::sql_query(&statement)
            .bind::<Binary, _>(gone)
            .bind::<Text, _>(place)
            .bind::<Text, _>(owner)
            .execute(c))?;
    }
    Ok(())
}
