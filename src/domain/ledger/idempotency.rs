//! The same call twice is done once. The key is taken in the transaction that does the work, so a twin waits for that
//! transaction and then reads its answer; a call that failed stored nothing and may be made again.

use std::time::Instant;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::base::id::BadId;
use crate::base::secret::{base64_text, same, silent};
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::schema::idempotency;
use crate::db::trouble::gave_up_waiting;
use crate::domain::unit::Unit;
use crate::domain::vault::{Keyring, Owner, SealedAt};
use crate::error::{Conflict, Error, Refused, Result};

/// A call with its key, as it comes: whose key it is, is known when it is known who calls.
#[derive(Clone, Debug)]
pub struct Keyed {
    operation: String,
    key: String,
    fingerprint: [u8; 32],
}

impl Keyed {
    /// A call of `operation` under the key that the caller made of these parts. `content` is all that a repetition must
    /// have in common with it. Only keyed hashes are stored: callers make keys of whatever they have at hand.
    #[must_use]
    pub fn new(keyring: &Keyring, operation: String, key: &[&[u8]], content: &[&[u8]]) -> Self {
        let key = base64_text(&keyring.keyed("idempotency-key", key));
        Self { operation, key, fingerprint: keyring.keyed("idempotency", content) }
    }

    /// The call as one of this caller: the keys of others are none of theirs.
    #[must_use]
    pub fn of(self, who: &str) -> Attempt {
        let Self { operation, key, fingerprint } = self;
        Attempt { scope: format!("{who} {operation}"), key, fingerprint }
    }
}

/// A call with its key, of one caller.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Whose key it is, and for which operation.
    scope: String,
    /// A keyed hash of the key as the caller sent it.
    key: String,
    /// A keyed hash of what was sent.
    fingerprint: [u8; 32],
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

impl Answer {
    /// The answer with a further header, which replays repeat.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }
}

/// What a call did: its answer, and whose it is. Under their keys it is kept, and with them it is gone.
#[derive(Debug)]
pub struct Reply {
    owner: Owner,
    answer: Answer,
}

impl Reply {
    /// An answer of this owner.
    #[must_use]
    pub const fn of(owner: Owner, answer: Answer) -> Self {
        Self { owner, answer }
    }
}

/// What a call is answered.
#[derive(Debug)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// Whether an earlier call got it.
    pub is_repeated: bool,
}

/// Does the work of a call, once for each key, and keeps its answer; or gives the answer that is kept, after `may_repeat`
/// has agreed that this caller may have what is its owner's. Only answers of success are kept.
///
/// # Errors
/// What `work` or `may_repeat` returned; `IdempotencyKeyReused` when the key was used for another call; `Erased` when the
/// owner of the answer is erased; `InFlight` when a twin takes too long.
pub fn once(
    tx: &mut Unit<'_>,
    attempt: &Attempt,
    may_repeat: impl FnOnce(&mut Unit<'_>, &Owner) -> Result<()>,
    work: impl FnOnce(&mut Unit<'_>) -> Result<Reply>,
) -> Result<Answered> {
    if let Taken::Replay(answer, owner) = take(tx, attempt)? {
        may_repeat(tx, &owner)?;
        return Ok(Answered { answer, is_repeated: true });
    }
    let Reply { owner, answer } = work(tx)?;
    keep(tx, attempt, &owner, &answer)?;
    Ok(Answered { answer, is_repeated: false })
}

/// What came of taking a key.
enum Taken {
    /// Nobody used it.
    Fresh,
    /// It was used for the same call: this is the answer, and whose it is.
    Replay(Answer, Owner),
}

/// Takes the key for this transaction. A twin that holds it makes this wait until it ends.
fn take(tx: &mut Unit<'_>, attempt: &Attempt) -> Result<Taken> {
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

/// Keeps the answer of a taken key, sealed.
fn keep(tx: &mut Unit<'_>, attempt: &Attempt, owner: &Owner, answer: &Answer) -> Result<()> {
    let keys = tx.stored_keys(owner.clone(), owner.kind().answers_under())?;
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
