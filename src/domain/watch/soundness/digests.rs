//! Whether the record is what was signed of it: no digest is gone from among the others, and every chain that the newest one
//! knows is there and reaches as far as it did.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, NAMED};
use crate::base::time::Timestamp;
use crate::domain::ledger::audit::{self, Digest, Head, KeptHeads};
use crate::domain::unit::Look;
use crate::error::Result;

/// What was signed last, and what contradicts it.
#[derive(Debug)]
pub struct Signed {
    /// When the newest digest was made, of how many chains, and whether its signature holds.
    pub newest: Option<(Timestamp, i64, bool)>,
    /// What is wrong.
    pub found: Vec<Finding>,
}

/// Compares the digests with each other, and the chains with the newest.
///
/// # Errors
/// What the database says.
pub fn digests(rx: &mut Look<'_>) -> Result<Signed> {
    let keyring = &rx.kit().keyring;
    let all = audit::digests(rx)?;
    let (mut found, mut known) = (Vec::new(), BTreeSet::new());
    let of =
        |code, digest: &Digest, detail| Finding { code, table: "audit_digests", id: digest.at.to_string(), detail };
    for digest in &all {
        if !digest.holds(keyring) {
            let detail = "the row was changed outside the service; compare with your copy";
            found.push(of("digest_changed", digest, detail));
        }
        known.insert(&digest.digest);
    }
    let bereft = all.iter().filter(|digest| !digest.previous.is_empty() && !known.contains(&digest.previous));
    let detail =
        "the digest before it, which it names, is not here: somebody removed digests. Compare with your copies";
    found.extend(bereft.map(|digest| of("digest_gone", digest, detail)));
    let Some(newest) = all.last() else { return Ok(Signed { newest: None, found }) };
    let mut kept = KeptHeads::of(newest);
    while let Some(page) = kept.next(rx)? {
        found.extend(against(rx, &page)?);
    }
    if !kept.are(newest) {
        let detail = "what was kept of it, where each chain ended, was changed outside the service: until the next digest \
                      nobody can say which chains were cut. Compare with a backup";
        found.push(of("heads_changed", newest, detail));
    }
    Ok(Signed { newest: Some((newest.at, newest.chains, newest.holds(keyring))), found: some_of_each(found) })
}

/// As many of one kind as are named.
fn some_of_each(found: Vec<Finding>) -> Vec<Finding> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut named = |finding: &Finding| {
        let count = counts.entry(finding.code).or_default();
        *count += 1;
        *count <= NAMED
    };
    found.into_iter().filter(|finding| named(finding)).collect()
}

/// What contradicts a page of heads.
fn against(rx: &mut Look<'_>, page: &BTreeMap<String, Head>) -> Result<Vec<Finding>> {
    let now = audit::heads_of(rx, &page.keys().cloned().collect::<Vec<_>>())?;
    let mut found = Vec::new();
    for (chain, then) in page {
        let of = |code, detail| Finding { code, table: "audit_events", id: chain.clone(), detail };
        let Some(head) = now.get(chain) else {
            let detail = "the newest digest knows this chain, and its case, account or platform is not here: somebody removed \
                          it with its record. Restore it from a backup";
            found.push(of("chain_gone", detail));
            continue;
        };
        // Where it ends as it did, its own links say whether it is whole.
        if head != then && !audit::passed(rx, chain, then)? {
            let detail = "the chain does not reach as far as the newest digest saw it reach, or went on another way: somebody \
                          cut what was recorded last. Restore it from a backup";
            found.push(of("chain_cut", detail));
        }
    }
    Ok(found)
}
