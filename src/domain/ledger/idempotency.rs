//! The same call twice is done once. The key is taken in the transaction that does the work, so a twin waits for that
//! transaction and then reads its answer; a call that failed stored nothing and may be made again.

use std::time::Instant;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::base::id::BadId;
use crate::base::secret::same;
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::schema::idempotency;
use crate::db::trouble::gave_up_waiting;
use crate::domain::unit::Unit;
use crate::domain::vault::{Owner, SealedAt};
use crate::error::{Conflict, Error, Refused, Result};

/// A caller's key in its scope: tenant, mode, method and route.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Whose key it is, and for which operation.
    pub scope: String,
    /// A keyed hash of the key as the caller sent it.
    pub key: String,
    /// A keyed hash of the body as it came.
    pub fingerprint: [u8; 32],
}

/// An answer as it was sent: replays repeat it byte for byte.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers that belong to the content, by name.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What came of taking a key.
#[derive(Debug)]
pub enum Taken {
    /// Nobody used it: do the work, then call [`keep`].
    Fresh,
    /// It was used for the same call: this is the answer, and whose it is. When their key is destroyed, it is gone.
    Replay(Answer, Owner),
}

/// Takes the key for this transaction. A twin that holds it makes this wait until it ends.
///
/// # Errors
/// `IdempotencyKeyReused` when the key was used with another body; `Erased` when the answer's case is erased.
pub fn take(tx: &mut Unit<'_>, attempt: &Attempt) -> Result<Taken> {
    let kit = tx.kit();
    if insert(tx, attempt)? {
        return Ok(Taken::Fresh);
    }
    let row: (Vec<u8>, Timestamp, Option<String>, Option<Vec<u8>>) = idempotency::table
        .find((&attempt.scope, &attempt.key))
        .select((idempotency::fingerprint, idempotency::created_at, idempotency::owner, idempotency::answer))
        .first(tx.conn())?;
    let (fingerprint, created_at, owner, answer) = row;
    if created_at.plus(kit.idempotency_kept) <= tx.now() {
        // The promise to remember has ended; the nightly job has just not come by.
        diesel::delete(idempotency::table.find((&attempt.scope, &attempt.key))).execute(tx.conn())?;
        insert(tx, attempt)?;
        return Ok(Taken::Fresh);
    }
    if !same(&fingerprint, &attempt.fingerprint) {
        return Err(Refused::IdempotencyKeyReused.into());
    }
    let (Some(owner), Some(answer)) = (owner, answer) else { return Ok(Taken::Fresh) };
    // What is kept for nobody whom this version knows, no key opens.
    let owner: Owner = owner.parse().map_err(|BadId| Error::Erased)?;
    let answer = tx.keys(owner.clone())?.open(&at(&owner, &place(attempt)), &answer)?;
    Ok(Taken::Replay(answer.into_exposed(), owner))
}

/// Keeps the answer of a taken key, sealed. Only answers of success are kept.
pub fn keep(tx: &mut Unit<'_>, attempt: &Attempt, owner: &Owner, answer: &Answer) -> Result<()> {
    let keys = tx.settled_keys(owner.clone(), owner.kind().answers_under())?;
    let sealed = keys.seal(&at(owner, &place(attempt)), answer)?;
    diesel::update(idempotency::table.find((&attempt.scope, &attempt.key)))
        .set((idempotency::owner.eq(owner.id()), idempotency::answer.eq(sealed)))
        .execute(tx.conn())?;
    Ok(())
}

fn insert(tx: &mut Unit<'_>, attempt: &Attempt) -> Result<bool> {
    let row = (
        idempotency::scope.eq(&attempt.scope),
        idempotency::key.eq(&attempt.key),
        idempotency::fingerprint.eq(attempt.fingerprint.to_vec()),
        idempotency::created_at.eq(tx.now()),
    );
    #[expect(clippy::disallowed_methods, reason = "measures how long the statement waited, not when things happened")]
    let since = Instant::now();
    let added =
        native!(tx.conn(), |c| diesel::insert_into(idempotency::table).values(row).on_conflict_do_nothing().execute(c));
    match added {
        Ok(added) => Ok(added == 1),
        // The twin that holds the key took longer than this transaction may wait.
        Err(error) if gave_up_waiting(tx.conn(), &error, since.elapsed()) => Err(Conflict::InFlight.into()),
        Err(error) => Err(error.into()),
    }
}

/// Where an answer is sealed.
fn at<'a>(owner: &Owner, row: &'a str) -> SealedAt<'a> {
    SealedAt { scope: owner.kind().answers_under(), field: "answer", row }
}

fn place(attempt: &Attempt) -> String {
    format!("{}|{}", attempt.scope, attempt.key)
}

/// Forgets keys that are older than they are kept: `limit` of them at the most. How many there were.
pub fn forget_old(tx: &mut Unit<'_>, limit: i64) -> Result<usize> {
    let kit = tx.kit();
    let before = tx.now().minus(kit.idempotency_kept);
    // By their age alone, so that one that cannot be read is forgotten as well.
    let old = idempotency::table.filter(idempotency::created_at.lt(before));
    let last: Option<Timestamp> = old
        .order(idempotency::created_at)
        .offset(limit - 1)
        .select(idempotency::created_at)
        .first(tx.conn())
        .optional()?;
    let upto = last.unwrap_or(before);
    Ok(diesel::delete(old.filter(idempotency::created_at.le(upto))).execute(tx.conn())?)
}

silent! { Answer }
