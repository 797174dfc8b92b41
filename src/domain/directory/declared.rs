//! Whom people of a service know, as keyed hashes on its row: no case that names one of those is handed over to it, and what was
//! handed over before is not shown to it any more. Only the hashes are kept.

use std::collections::BTreeSet;

use crate::base::id::CaseId;
use crate::base::secret::silent;
use crate::domain::access::Walls;
use crate::domain::case::named::{self, Names};
use crate::domain::people::partners::accounts::Account;
use crate::domain::terms::identifiers::RULES;
use crate::domain::unit::Look;
use crate::error::Result;

/// How long a hash is, in bytes.
const HASH: usize = 32;

/// The hashes, and by which rules they were made; none where nobody was declared.
#[derive(Clone, Default)]
pub(in crate::domain) struct Declared {
    rules: Option<i64>,
    hashes: BTreeSet<Vec<u8>>,
}

silent! { Declared }

impl Declared {
    /// Of what the row holds; nothing where that is none of ours.
    pub(super) fn read(written: Option<Vec<u8>>) -> Option<Self> {
        let Some(bytes) = written else { return Some(Self::default()) };
        let (rules, hashes) = bytes.split_first_chunk::<8>()?;
        let hashes = hashes.chunks(HASH).map(<[u8]>::to_vec).collect::<BTreeSet<_>>();
        let is_whole = !hashes.is_empty() && hashes.iter().all(|hash| hash.len() == HASH);
        is_whole.then_some(Self { rules: Some(i64::from_be_bytes(*rules)), hashes })
    }

    /// As the row holds them.
    pub(super) fn written(&self) -> Option<Vec<u8>> {
        let rules = self.rules?.to_be_bytes();
        Some(rules.into_iter().chain(self.hashes.iter().flatten().copied()).collect())
    }

    /// Adds somebody. Older rules stay the older ones: only who declares all of it anew knows what they said.
    pub(super) fn add(&mut self, hashes: &[[u8; HASH]]) {
        self.rules = self.rules.or(Some(RULES));
        self.hashes.extend(hashes.iter().map(|hash| hash.to_vec()));
    }

    /// These, and those of somebody who works there.
    #[must_use]
    pub(in crate::domain) fn and(mut self, account: &Account) -> Self {
        // What cannot be read stands before everything, as what is of older rules does.
        let theirs = Self::read(account.walls.clone()).unwrap_or(Self { rules: Some(0), hashes: BTreeSet::new() });
        self.rules = match (self.rules, theirs.rules) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.hashes.extend(theirs.hashes);
        self
    }

    /// How many hashes there are.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether nobody was declared.
    #[must_use]
    pub(in crate::domain) const fn is_empty(&self) -> bool {
        self.rules.is_none()
    }

    /// Whether one stands before every case: the hashes are of older rules, and are to be declared anew.
    #[must_use]
    pub(in crate::domain) fn hides_all(&self) -> bool {
        self.rules.is_some_and(|rules| rules != RULES)
    }

    /// Whether one stands before the case that names these.
    #[must_use]
    pub(in crate::domain) fn meet(&self, names: &Names) -> bool {
        self.rules.is_some_and(|rules| rules != RULES || Walls::of_declared(self.hashes.clone()).meet(names))
    }

    /// Whether one stands before the case. Hashes of older rules say nothing of a case any more, so they stand before all of them
    /// until they are declared anew.
    ///
    /// # Errors
    /// What the database says.
    pub(in crate::domain) fn stand_before(&self, rx: &mut Look<'_>, case: &CaseId) -> Result<bool> {
        if self.is_empty() { Ok(false) } else { Ok(self.meet(&named::of(rx, case)?)) }
    }

    /// Those of the cases before which none stands, in their order.
    ///
    /// # Errors
    /// What the database says.
    pub(in crate::domain) fn leave(&self, rx: &mut Look<'_>, cases: Vec<CaseId>) -> Result<Vec<CaseId>> {
        if self.hides_all() {
            return Ok(Vec::new());
        }
        Walls::of_declared(self.hashes.clone()).leave(rx, cases)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_nothing_else_is() {
        let mut some = Declared::default();
        assert_eq!(some.written(), None);
        some.add(&[[7; HASH], [9; HASH]]);
        let again = Declared::read(some.written()).unwrap();
        assert_eq!((again.len(), again.rules), (2, Some(RULES)));
        let older = Declared { rules: Some(RULES - 1), ..again.clone() };
        assert!(older.hides_all() && !again.hides_all() && !Declared::default().hides_all());
        for broken in [vec![], vec![0; 7], vec![0; 8], vec![0; 39], vec![0; 41]] {
            assert!(Declared::read(Some(broken)).is_none());
        }
    }
}
