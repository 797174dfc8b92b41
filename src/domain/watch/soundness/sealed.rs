//! Whether every sealed value opens where it stands.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{Binary, Text};
use serde::Serialize;

use super::Finding;
use crate::db::dialect::native;
use crate::db::perhaps::Perhaps;
use crate::domain::unit::Look;
use crate::domain::vault::stated::{Holds, OpenedBy, Sealing, Table, Under};
use crate::domain::vault::{Keys, Opened, Owner, Scope, SealedAt};
use crate::error::Result;

/// How many values of a scope open, were erased, or are wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seals {
    /// They open.
    pub opens: u64,
    /// Their key was destroyed on purpose.
    pub erased: u64,
    /// They do not open.
    pub wrong: u64,
}

/// A sealed value, as it is read here: a column that is damaged is named elsewhere, and hides none of the others.
#[derive(QueryableByName)]
pub(in crate::domain) struct Value {
    /// What names its row in what is authenticated.
    #[diesel(sql_type = Text)]
    pub(in crate::domain) place: Perhaps<String>,
    #[diesel(sql_type = Text)]
    owner: Perhaps<String>,
    #[diesel(sql_type = Text)]
    scope: Perhaps<String>,
    #[diesel(sql_type = Binary)]
    bytes: Perhaps<Vec<u8>>,
}

/// Tries every sealed value of the owners in these tables, and their keys.
///
/// # Errors
/// What the database says.
pub fn seals(
    rx: &mut Look<'_>,
    tables: &[&Table],
    owners: &[String],
    counts: &mut BTreeMap<&'static str, Seals>,
) -> Result<Vec<Finding>> {
    let keyring = &rx.kit().keyring;
    let mut keys = Keys::load_many(rx, keyring, owners)?;
    let mut tried = Tried { keys: &mut keys, counts, found: Vec::new(), gone: BTreeSet::new() };
    tried.keys_themselves();
    for table in tables {
        for (column, holds) in table.columns {
            let Holds::Sealed(sealing) = holds else { continue };
            for value in values(rx, table, column, sealing, owners)? {
                tried.value(table.name, sealing, value);
            }
        }
    }
    Ok(tried.found)
}

impl Value {
    /// Under which key of its owner it is sealed; nothing where nobody knows.
    pub(in crate::domain) fn scope(&self, sealing: &Sealing) -> Option<Scope> {
        match sealing.under {
            Under::Scope(scope) => Some(scope),
            Under::Named(_) => {
                let name = self.scope.0.as_deref().unwrap_or_default();
                Scope::ALL.iter().copied().find(|known| known.as_str() == name)
            }
            Under::Answers => {
                let owner: Option<Owner> = self.owner.0.as_deref().and_then(|owner| owner.parse().ok());
                owner.map(|owner| owner.kind().answers_under())
            }
        }
    }
}

/// The values of a column that are there.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn values(
    rx: &mut Look<'_>,
    table: &Table,
    column: &str,
    sealing: &Sealing,
    owners: &[String],
) -> Result<Vec<Value>> {
    let at = sealing.at_of(table);
    let (owner, parent) = match table.opened_by {
        OpenedBy::Itself => (at.clone(), String::new()),
        OpenedBy::Column(owner) => (format!("r.{owner}"), String::new()),
        OpenedBy::Parent { column, table, owner } => {
            (format!("p.{owner}"), format!(" JOIN {table} p ON p.id = r.{column}"))
        }
        OpenedBy::Nobody => return Ok(Vec::new()),
    };
    if owners.is_empty() {
        return Ok(Vec::new());
    }
    let scope = match sealing.under {
        Under::Named(column) => format!("r.{column}"),
        Under::Scope(_) | Under::Answers => "CAST('' AS TEXT)".to_owned(),
    };
    // Names of the statements, and nothing else, stand in it.
    let some: Vec<String> = (1..=owners.len()).map(|place| format!("${place}")).collect();
    let statement = format!(
        "SELECT {at} AS place, {owner} AS owner, {scope} AS scope, r.{column} AS bytes FROM {} r{parent} \
         WHERE r.{column} IS NOT NULL AND {owner} IN ({})",
        table.name,
        some.join(", ")
    );
    Ok(native!(rx.conn(), |c| {
        let mut query = diesel::sql_query(statement).into_boxed();
        for owner in owners {
            query = query.bind::<Text, _>(owner);
        }
        query.load(c)
    })?)
}

/// What came of trying by now.
struct Tried<'a, 'k> {
    keys: &'a mut BTreeMap<String, Keys<'k>>,
    counts: &'a mut BTreeMap<&'static str, Seals>,
    found: Vec<Finding>,
    gone: BTreeSet<(String, &'static str)>,
}

impl Tried<'_, '_> {
    /// The keys themselves.
    fn keys_themselves(&mut self) {
        for (owner, keys) in &mut *self.keys {
            for scope in keys.unopenable() {
                self.found.push(Finding {
                    code: "key_does_not_open",
                    table: "key_wraps",
                    id: format!("{owner} {scope}"),
                    detail: "the keyring does not open this key: the row was changed; restore it from a backup",
                });
            }
        }
    }

    /// A value.
    fn value(&mut self, table: &'static str, sealing: &Sealing, value: Value) {
        // A scope that nobody knows opens nothing, which is what is to be said of it.
        let scope = value.scope(sealing).unwrap_or(Scope::Secret);
        let (Some(row), Some(owner), Some(bytes)) = (value.place.0, value.owner.0, value.bytes.0) else { return };
        let Some(keys) = self.keys.get_mut(&owner) else { return };
        let count = self.counts.entry(scope.as_str()).or_default();
        match keys.try_open(&SealedAt { scope, field: sealing.field, row: &row }, &bytes) {
            Opened::Yes => count.opens += 1,
            Opened::Destroyed => count.erased += 1,
            Opened::Erased => {
                count.erased += 1;
                let id = format!("{owner} {}", scope.as_str());
                if self.gone.insert((owner, scope.as_str())) {
                    self.found.push(Finding {
                        code: "key_gone",
                        table: "key_wraps",
                        id,
                        detail: "content is here, and the key that opens it is not, with no erasure on record: put the row \
                                 back from a backup that is older",
                    });
                }
            }
            Opened::No => {
                count.wrong += 1;
                self.found.push(Finding {
                    code: "does_not_open",
                    table,
                    id: row,
                    detail: "a sealed column was changed or moved: restore the row from a backup",
                });
            }
        }
    }
}
