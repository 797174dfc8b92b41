//! The same call twice is done once. The key is taken in the transaction that does the work, so a twin waits for that
//! transaction and then reads its answer; a call that failed stored nothing and may be made again.

use std::time::Instant;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::base::secret::same;
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::Tx;
use crate::db::dialect::native;
use crate::db::schema::idempotency;
use crate::db::trouble::gave_up_waiting;
use crate::domain::unit::Kit;
use crate::domain::vault::{Identity, Keys, Sealed, Secret};
use crate::error::{Conflict, Refused, Result};

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

/// Who owns the key that seals a stored answer; when that key is destroyed, the answer is gone.
#[derive(Clone, Debug)]
pub enum Owner {
    /// A case: the answer repeats what belongs to its reporter.
    Case(String),
    /// A platform or staff account.
    Account(String),
}

/// What came of taking a key.
#[derive(Debug)]
pub enum Taken {
    /// Nobody used it: do the work, then call [`keep`].
    Fresh,
    /// It was used for the same call: this is the answer, and who owns it.
    Replay(Answer, Owner),
}

/// Takes the key for this transaction. A twin that holds it makes this wait until it ends.
///
/// # Errors
/// `IdempotencyKeyReused` when the key was used with another body; `Erased` when the answer's case is erased.
pub fn take(tx: &mut Tx<'_>, kit: &Kit, attempt: &Attempt) -> Result<Taken> {
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
    let mut keys = Keys::load(tx, &kit.keyring, &owner)?;
    let place = place(attempt);
    let answer = if is_case(&owner) {
        keys.existing::<Identity>()?.open("answer", &place, &Sealed::from_stored(answer))?
    } else {
        keys.existing::<Secret>()?.open("answer", &place, &Sealed::from_stored(answer))?
    };
    let owner = if is_case(&owner) { Owner::Case(owner) } else { Owner::Account(owner) };
    Ok(Taken::Replay(answer.into_exposed(), owner))
}

/// Keeps the answer of a taken key, sealed. Only answers of success are kept.
pub fn keep(tx: &mut Tx<'_>, kit: &Kit, attempt: &Attempt, owner: &Owner, answer: &Answer) -> Result<()> {
    let (Owner::Case(id) | Owner::Account(id)) = owner;
    let place = place(attempt);
    let sealed = match owner {
        Owner::Case(_) => {
            let mut keys = Keys::settle::<Identity>(tx, &kit.keyring, id)?;
            keys.existing::<Identity>()?.seal("answer", &place, answer)?.into_stored()
        }
        Owner::Account(_) => {
            let mut keys = Keys::settle::<Secret>(tx, &kit.keyring, id)?;
            keys.existing::<Secret>()?.seal("answer", &place, answer)?.into_stored()
        }
    };
    set(tx, attempt, id, sealed)
}

/// As [`keep`], with the keys of a case that are open already.
pub fn keep_with(tx: &mut Tx<'_>, keys: &mut Keys<'_>, attempt: &Attempt, case: &str, answer: &Answer) -> Result<()> {
    let sealed = keys.existing::<Identity>()?.seal("answer", &place(attempt), answer)?.into_stored();
    set(tx, attempt, case, sealed)
}

fn insert(tx: &mut Tx<'_>, attempt: &Attempt) -> Result<bool> {
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

fn set(tx: &mut Tx<'_>, attempt: &Attempt, owner: &str, sealed: Vec<u8>) -> Result<()> {
    diesel::update(idempotency::table.find((&attempt.scope, &attempt.key)))
        .set((idempotency::owner.eq(owner), idempotency::answer.eq(sealed)))
        .execute(tx.conn())?;
    Ok(())
}

fn is_case(owner: &str) -> bool {
    owner.starts_with("case_")
}

fn place(attempt: &Attempt) -> String {
    format!("{}|{}", attempt.scope, attempt.key)
}

/// Forgets keys that are older than they are kept: `limit` of them at the most. How many there were.
pub fn forget_old(tx: &mut Tx<'_>, kit: &Kit, limit: i64) -> Result<usize> {
    let before = tx.now().minus(kit.idempotency_kept);
    let old: Vec<(String, String)> = idempotency::table
        .filter(idempotency::created_at.lt(before))
        .limit(limit)
        .select((idempotency::scope, idempotency::key))
        .load(tx.conn())?;
    for (scope, key) in &old {
        diesel::delete(idempotency::table.find((scope, key))).execute(tx.conn())?;
    }
    Ok(old.len())
}

silent! { Answer }
