//! Digests of the whole record. Once a day where every chain ends is signed, and what was signed is kept beside the digest
//! until the next one. So a chain that was cut or removed since is missed by its name, and a digest that was taken away from
//! among the others is missed by the next.

use std::collections::BTreeMap;

use diesel::prelude::*;
use ed25519_dalek::Signer;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::heads::Head;
use crate::base::secret::{base64_text, from_base64_text};
use crate::base::time::Timestamp;
use crate::db::schema::{audit_digests, audit_heads};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Keyring;
use crate::error::Result;

/// Where a chain ended, as it is kept: its id, how many events it had, and the last link in base64.
#[derive(Serialize, Deserialize)]
struct Kept(String, i64, String);

/// The heads of many chains, as they are kept.
#[derive(Debug)]
pub struct HeadsPage {
    at: Timestamp,
    page: i64,
    heads: String,
}

/// Folds chain heads into one digest, page by page, so that a million chains need no more memory than one page.
#[derive(Debug)]
pub struct HeadsDigest {
    at: Timestamp,
    hash: Sha256,
    chains: i64,
    pages: i64,
}

/// A digest as its row has it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_digests)]
pub struct Digest {
    /// When it was made.
    pub at: Timestamp,
    /// How many chains there were.
    pub chains: i64,
    /// The hash over all pages of heads.
    pub digest: Vec<u8>,
    signature: Vec<u8>,
    /// The digest before; empty for the first.
    pub previous: Vec<u8>,
}

impl HeadsDigest {
    /// A digest of this moment.
    #[must_use]
    pub fn begin(at: Timestamp) -> Self {
        Self { at, hash: begun(at), chains: 0, pages: 0 }
    }

    /// Takes in the next chains, in order of their ids, and makes the page that keeps them.
    ///
    /// # Errors
    /// None that can happen: ids and links are always JSON.
    pub fn take(&mut self, heads: &[(String, Head)]) -> Result<HeadsPage> {
        let kept: Vec<Kept> =
            heads.iter().map(|(id, head)| Kept(id.clone(), head.seq, base64_text(&head.hash))).collect();
        let heads = serde_json::to_string(&kept).map_err(anyhow::Error::new)?;
        fold(&mut self.hash, &heads);
        self.chains += i64::try_from(kept.len()).unwrap_or(i64::MAX);
        self.pages += 1;
        Ok(HeadsPage { at: self.at, page: self.pages, heads })
    }

    /// Signs the digest and keeps it: a later change of any chain's past contradicts it. What was kept of those before is
    /// forgotten.
    ///
    /// # Errors
    /// What the database says.
    pub fn sign(self, tx: &mut Unit<'_>, keyring: &Keyring) -> Result<()> {
        let previous = newest(tx)?.map_or_else(Vec::new, |digest| digest.digest);
        let digest = self.hash.finalize().to_vec();
        let mut row = Digest { at: self.at, chains: self.chains, digest, signature: Vec::new(), previous };
        row.signature = keyring.digest_key().sign(row.signed().as_bytes()).to_bytes().to_vec();
        diesel::insert_into(audit_digests::table).values(&row).execute(tx.conn())?;
        diesel::delete(audit_heads::table.filter(audit_heads::at.lt(self.at))).execute(tx.conn())?;
        Ok(())
    }
}

/// Of two digests of the same heads each is another, so that the one after knows which was before.
fn begun(at: Timestamp) -> Sha256 {
    Sha256::new_with_prefix(at.micros().to_be_bytes())
}

fn fold(hash: &mut Sha256, page: &str) {
    hash.update(u64::try_from(page.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(page.as_bytes());
}

impl Digest {
    fn signed(&self) -> String {
        let Self { at, chains, digest, previous, .. } = self;
        format!("recourse audit {} {chains} {} {}", at.micros(), base64_text(digest), base64_text(previous))
    }

    /// Whether it is as it was signed.
    #[must_use]
    pub fn holds(&self, keyring: &Keyring) -> bool {
        ed25519_dalek::Signature::from_slice(&self.signature)
            .is_ok_and(|signature| keyring.digest_key().verify(self.signed().as_bytes(), &signature).is_ok())
    }
}

/// Keeps a page of heads until the next digest.
///
/// # Errors
/// What the database says.
pub fn keep_heads(tx: &mut Unit<'_>, page: &HeadsPage) -> Result<()> {
    diesel::delete(audit_heads::table.find((page.at, page.page))).execute(tx.conn())?;
    let row = (audit_heads::at.eq(page.at), audit_heads::page.eq(page.page), audit_heads::heads.eq(&page.heads));
    diesel::insert_into(audit_heads::table).values(row).execute(tx.conn())?;
    Ok(())
}

/// What is kept of a digest, page by page.
#[derive(Debug)]
pub struct KeptHeads {
    at: Timestamp,
    hash: Sha256,
    chains: i64,
    pages: i64,
}

impl KeptHeads {
    /// Of this digest.
    #[must_use]
    pub fn of(digest: &Digest) -> Self {
        Self { at: digest.at, hash: begun(digest.at), chains: 0, pages: 0 }
    }

    /// The chains of the next page, each with where it ended; nothing behind the last page. One that is not as it was kept
    /// has none.
    ///
    /// # Errors
    /// What the database says.
    pub fn next(&mut self, rx: &mut Look<'_>) -> Result<Option<BTreeMap<String, Head>>> {
        let page = audit_heads::table.find((self.at, self.pages + 1)).select(audit_heads::heads);
        let Some(page): Option<String> = page.first(rx.conn()).optional()? else { return Ok(None) };
        self.pages += 1;
        fold(&mut self.hash, &page);
        let kept: Vec<Kept> = serde_json::from_str(&page).unwrap_or_default();
        self.chains += i64::try_from(kept.len()).unwrap_or(i64::MAX);
        let head = |Kept(id, seq, hash): Kept| Some((id, Head { seq, hash: from_base64_text(&hash)? }));
        Ok(Some(kept.into_iter().filter_map(head).collect()))
    }

    /// Whether all pages together are what the digest says.
    #[must_use]
    pub fn are(self, digest: &Digest) -> bool {
        self.hash.finalize().to_vec() == digest.digest && self.chains == digest.chains
    }
}

/// All digests, the oldest first.
///
/// # Errors
/// What the database says.
pub fn digests(rx: &mut Look<'_>) -> Result<Vec<Digest>> {
    Ok(audit_digests::table.order(audit_digests::at).select(Digest::as_select()).load(rx.conn())?)
}

/// The newest digest.
///
/// # Errors
/// What the database says.
pub fn newest(rx: &mut Look<'_>) -> Result<Option<Digest>> {
    let newest = audit_digests::table.order(audit_digests::at.desc()).select(Digest::as_select());
    Ok(newest.first(rx.conn()).optional()?)
}

/// The digest of this moment.
///
/// # Errors
/// What the database says.
pub fn digest_at(rx: &mut Look<'_>, at: Timestamp) -> Result<Option<Vec<u8>>> {
    let there = audit_digests::table.filter(audit_digests::at.eq(at)).select(audit_digests::digest);
    Ok(there.first(rx.conn()).optional()?)
}
