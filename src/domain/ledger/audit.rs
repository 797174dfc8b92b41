//! The audit record: append-only events, chained per case, platform or staff account by hashes under a key of the
//! keyring: whoever has the database alone can make no link.

mod backwards;
mod digests;
mod ends;
mod heads;

use diesel::prelude::*;
use serde::Serialize;

use crate::base::id::{
    ActId, AdditionId, CaseId, ClientId, ConsentId, EndpointId, HoldId, NoteId, PartnerAccountId, PartnerClientId,
    PlatformId, ReferralId, ReportId, RequestId, ServiceId, StaffId,
};
use crate::base::secret::keyed;
use crate::base::time::Timestamp;
use crate::db::ChainKey;
use crate::db::dialect::native;
use crate::db::perhaps::Perhaps;
use crate::db::schema::audit_events;
use crate::domain::triage::{Priority, Queue};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Keyring, Owner};
use crate::error::Result;

pub use backwards::Past;
pub(in crate::domain) use backwards::{between, newest, newest_seq, of_kinds, since};
pub use digests::{Digest, HeadsDigest, HeadsPage, KeptHeads, digest_at, digests, keep_heads, newest as newest_digest};
pub use ends::passed;
pub(in crate::domain) use ends::{end, has_ended};
pub use heads::{Head, chains, heads, heads_of};

/// What happened. Variants hold ids, codes and times only, so that no word of a person can enter the record.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the members are named after what they hold")]
pub enum Event {
    /// A report came in and opened the case.
    CaseOpened { report: ReportId, queue: &'static str, priority: Priority },
    /// A report came in and joined the case.
    ReportJoined { report: ReportId },
    /// More words, answers or identifiers for a report.
    AdditionReceived { report: ReportId, addition: AdditionId },
    /// Someone asked in the app to withdraw.
    WithdrawalAsked { report: ReportId },
    /// The rules were run again.
    Assessed { ruleset: String, priority: Priority, failed: bool },
    /// The priority in force changed.
    PriorityChanged { from: Priority, to: Priority, source: &'static str },
    /// The rule file has another queue for it.
    QueueChanged { from: Queue, to: Queue },
    /// Someone opened the case. `content`: with what people said. `part`: what they looked at instead of the case itself.
    CaseRead {
        role: &'static str,
        content: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        part: Option<&'static str>,
    },
    /// Someone looked which cases may be about the same people.
    RelatedRead { role: &'static str },
    /// Someone met the wall between them and a case that names them or someone close to them.
    WallMet { staff: StaffId },
    /// A claim was taken.
    Claimed { until: Timestamp },
    /// A claim was given back.
    Released,
    /// Who acted gave the case back as none for them. `wall`: because they know somebody in it, so that a wall stands between
    /// them from now on.
    Passed { wall: bool },
    /// What somebody had of the case ended against their will, or was not taken: `claim`, `hold`, `hand_over`, `lapsed_claim` or
    /// `offer`.
    ClaimEnded { staff: StaffId, what: &'static str, cause: &'static str },
    /// A lead handed the case to someone.
    Assigned { to: StaffId },
    /// Whoever held the case handed it to someone. `until`: as an offer, which stands until then.
    HandedOver { to: StaffId, until: Option<Timestamp> },
    /// The case moved along the state table.
    CaseMoved { action: &'static str, from: &'static str, to: &'static str, outcome: Option<&'static str> },
    /// A note was written; `records` says which clock it met.
    NoteWritten { note: NoteId, records: Option<&'static str> },
    /// A second person is needed.
    ActProposed { act: ActId, act_kind: &'static str },
    /// The second person decided.
    ActDecided { act: ActId, act_kind: &'static str, approved: bool },
    /// Whoever proposed it took it back.
    ActWithdrawn { act: ActId, act_kind: &'static str },
    /// What waited for a second person waits no longer: its case or its proposer's right has ended.
    ActVoided { act: ActId, act_kind: &'static str, cause: &'static str },
    /// The platform was asked to do something.
    RequestMade { request: RequestId, action: &'static str, agreement: &'static str },
    /// The platform answered.
    RequestAnswered { request: RequestId, state: &'static str },
    /// The platform let the time pass.
    RequestOverdue { request: RequestId },
    /// A survivor agreed that a service may be given these scopes.
    ConsentGiven { consent: ConsentId, service: ServiceId, scopes: String },
    /// She took back a part of it; these scopes are left.
    ConsentNarrowed { consent: ConsentId, scopes: String },
    /// She took back all of it.
    ConsentWithdrawn { consent: ConsentId },
    /// A hand-over to a service was drafted, on this consent.
    ReferralDrafted { referral: ReferralId, service: ServiceId, consent: ConsentId },
    /// It moved along its table, or the service said that no copy is left.
    ReferralMoved { referral: ReferralId, made: &'static str, state: &'static str },
    /// The second person is asked to send it.
    ReferralAsked { referral: ReferralId },
    /// What came in since may be seen by the service.
    ReferralShared { referral: ReferralId },
    /// The service read it: so much of it, by what she agreed to at that time.
    ReferralRead { referral: ReferralId, scopes: String },
    /// A legal hold was placed: what is said is not destroyed until it ends.
    HoldPlaced { hold: HoldId, why: &'static str, until: Option<Timestamp> },
    /// It was ended.
    HoldEnded { hold: HoldId },
    /// The period of a part has passed, and it will be destroyed then.
    CaseErasing { part: &'static str, at: Timestamp },
    /// It was destroyed.
    CaseErased { part: &'static str },
    /// Two cases were linked: by a person, or by the service when they came to be of one pair.
    CaseLinked { other: CaseId },
    /// Whom the case names was read again, by other rules of identifiers.
    NamesRenewed { rules: i64 },
    /// Somebody is to be told of the case.
    AlarmOpened { reason: String },
    /// These people were told.
    OnCallPaged { reason: String, rung: &'static str, people: Vec<StaffId> },
    /// A mail to the colleague was refused for good.
    MailRefused,
    /// A stretch of time was added to the rota.
    ShiftAdded { from: Timestamp, until: Timestamp },
    /// A stretch of time was taken off the rota.
    ShiftRemoved,
    /// A platform was added.
    PlatformAdded { platform: PlatformId },
    /// A credential was made.
    ClientAdded { client: ClientId, mode: &'static str },
    /// A credential's secret was replaced.
    ClientRotated { client: ClientId },
    /// What a credential may ask for was changed.
    ClientScopesChanged { client: ClientId, scopes: String },
    /// A credential was revoked.
    ClientRevoked { client: ClientId },
    /// A webhook endpoint was made.
    EndpointAdded { endpoint: EndpointId },
    /// A webhook endpoint showed that it wants events.
    EndpointProved { endpoint: EndpointId },
    /// A webhook endpoint got new keys.
    EndpointRotated { endpoint: EndpointId },
    /// A webhook endpoint was switched on again.
    EndpointEnabled { endpoint: EndpointId },
    /// A webhook endpoint is no longer called.
    EndpointDisabled { endpoint: EndpointId, reason: &'static str },
    /// A webhook endpoint was removed.
    EndpointRemoved { endpoint: EndpointId },
    /// A help service was added to the directory.
    ServiceAdded { service: ServiceId },
    /// What the directory says of a help service changed.
    ServiceChanged,
    /// Somebody looked a help service up at its source.
    ServiceChecked,
    /// Ways in to a help service were opened, by an agreement that holds until then.
    ServiceOpened { ways_in: String, until: Timestamp },
    /// Every way in to a help service was closed.
    ServiceClosed,
    /// A help service takes nobody until then; or takes people again.
    ServiceFull { until: Option<Timestamp> },
    /// A help service was taken out of the directory.
    ServiceRetired,
    /// Somebody whom people of a help service know was declared.
    ServiceWallDeclared { identifier: &'static str },
    /// A credential of a help service was made.
    PartnerAdded { client: PartnerClientId, mode: &'static str, scopes: String },
    /// A credential's secret was replaced.
    PartnerRotated { client: PartnerClientId },
    /// A credential was revoked.
    PartnerRevoked { client: PartnerClientId },
    /// An account of somebody at a help service was made.
    PartnerAccountAdded { account: PartnerAccountId, coordinates: bool },
    /// Its password and second factor were set anew.
    PartnerAccountReset { account: PartnerAccountId },
    /// It was closed.
    PartnerAccountClosed { account: PartnerAccountId },
    /// Somebody signed in with it.
    PartnerSignedIn { account: PartnerAccountId },
    /// So many sign-ins with it failed within a minute or so.
    PartnerSignInFailed { account: PartnerAccountId, tries: i64, since: Timestamp },
    /// Wrong codes came with its right password: nobody signs in with it until its second factor is opened again.
    PartnerFactorClosed { account: PartnerAccountId, wrong_codes: i64 },
    /// Its second factor was opened again.
    PartnerFactorOpened { account: PartnerAccountId },
    /// Whoever has it chose a password of their own.
    PartnerPasswordChosen { account: PartnerAccountId },
    /// Whoever has it said whom they know: so many people.
    PartnerDeclared { account: PartnerAccountId, people: usize },
    /// A staff account was made, for this human: by the id of their first account.
    StaffAdded { role: &'static str, person: StaffId },
    /// A staff account was closed.
    StaffClosed,
    /// The role or the queues of an account changed.
    StaffChanged { role: &'static str },
    /// Password and second factor were set anew.
    StaffCredentialsReset,
    /// Somebody signed in.
    SignedIn,
    /// So many sign-ins for this account failed within a minute or so.
    SignInFailed { tries: i64, since: Timestamp },
    /// Wrong codes came with the right password: nobody signs in until somebody opens the second factor again.
    SecondFactorClosed { wrong_codes: i64 },
    /// The second factor was opened again.
    SecondFactorOpened,
    /// They chose a password of their own.
    PasswordChosen,
    /// So many of their sessions were ended, by themselves or by who keeps accounts.
    SessionsEnded { sessions: usize },
    /// An identifier was declared for the wall.
    WallDeclared { identifier: &'static str },
}

#[derive(Insertable)]
#[diesel(table_name = audit_events)]
struct Row {
    chain: String,
    seq: i64,
    at: Timestamp,
    actor_kind: String,
    actor: String,
    kind: String,
    details: String,
    hash: Vec<u8>,
}

/// An event as it is read back.
#[derive(Debug, Queryable)]
pub struct Recorded {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// The kind of who acted.
    pub actor_kind: String,
    /// Who acted.
    pub actor: String,
    /// What happened.
    pub kind: String,
    /// The ids and codes of it, as JSON.
    pub details: String,
    hash: Vec<u8>,
}

/// Begins the chain of an owner whose row is about to be inserted, and returns the head to put on that row.
pub fn begin(tx: &mut Unit<'_>, owner: &Owner, events: &[Event]) -> Result<Head> {
    append(tx, owner, Head { seq: 0, hash: Vec::new() }, events)
}

/// Appends an event to a chain. The owner's row is locked until the transaction ends.
pub fn record(tx: &mut Unit<'_>, owner: Owner, event: Event) -> Result<()> {
    owner.lock(tx)?;
    let head = heads::find(tx, &owner)?;
    let head = append(tx, &owner, head, &[event])?;
    heads::set(tx, owner, head)
}

fn append(tx: &mut Unit<'_>, owner: &Owner, mut head: Head, events: &[Event]) -> Result<Head> {
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        let (kind, details) = told(event)?;
        let mut row = Row {
            chain: owner.id().to_owned(),
            seq: head.seq + 1,
            at: tx.now(),
            actor_kind: tx.actor().kind.to_owned(),
            actor: tx.actor().id.clone(),
            kind,
            details,
            hash: Vec::new(),
        };
        row.hash = link(tx.chain_key(), &head.hash, &row);
        head = Head { seq: row.seq, hash: row.hash.clone() };
        rows.push(row);
    }
    native!(tx.conn(), |c| diesel::insert_into(audit_events::table).values(&rows).execute(c))?;
    Ok(head)
}

/// When an event was written, its kind and its details, as far as they can be read.
type Written = (Perhaps<Timestamp>, Perhaps<String>, Perhaps<String>);

/// How often the very same event stands among the newest 500 of the owner's chain since then: a chain may be long, and whoever
/// asks must not wait for all of it.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn times_since(
    rx: &mut Look<'_>,
    owner: &Owner,
    event: &Event,
    since: Timestamp,
) -> Result<usize> {
    let (kind, details) = told(event)?;
    let newest = audit_events::table.filter(audit_events::chain.eq(owner.id())).order(audit_events::seq.desc());
    let columns = (audit_events::at, audit_events::kind, audit_events::details);
    let newest: Vec<Written> = newest.limit(500).select(columns).load(rx.conn())?;
    let is_same = |(at, its_kind, its_details): &Written| {
        at.0.is_some_and(|at| at > since)
            && its_kind.0.as_ref() == Some(&kind)
            && its_details.0.as_ref() == Some(&details)
    };
    Ok(newest.iter().filter(|event| is_same(event)).count())
}

/// An event as it is written: its kind, and what else it says, as JSON.
fn told(event: &Event) -> Result<(String, String)> {
    let mut details = serde_json::to_value(event).map_err(anyhow::Error::new)?;
    let kind = details.as_object_mut().and_then(|members| members.remove("kind"));
    Ok((kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default().to_owned(), details.to_string()))
}

/// The keyed hash that ties an event to all before it.
fn link(key: &ChainKey, previous: &[u8], row: &Row) -> Vec<u8> {
    let (seq, at) = (row.seq.to_be_bytes(), row.at.micros().to_be_bytes());
    let [chain, actor_kind, actor, kind, details] =
        [&row.chain, &row.actor_kind, &row.actor, &row.kind, &row.details].map(String::as_bytes);
    keyed(key.expose(), "audit-link", &[previous, &seq, &at, chain, actor_kind, actor, kind, details]).to_vec()
}

/// A chain's events, oldest first.
pub fn list(rx: &mut Look<'_>, chain: &str) -> Result<Vec<Recorded>> {
    Ok(audit_events::table
        .filter(audit_events::chain.eq(chain))
        .order(audit_events::seq)
        .select((
            audit_events::seq,
            audit_events::at,
            audit_events::actor_kind,
            audit_events::actor,
            audit_events::kind,
            audit_events::details,
            audit_events::hash,
        ))
        .load(rx.conn())?)
}

/// Whether the record of this owner is as it was written, from its first event to its head.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn is_whole(rx: &mut Look<'_>, chain: &str) -> Result<bool> {
    let head = heads_of(rx, &[chain.to_owned()])?.remove(chain);
    let keyring = &rx.kit().keyring;
    match head {
        Some(head) => verify(rx, keyring, chain, &head),
        None => Ok(false),
    }
}

/// Whether every event that the chain still has was written under this keyring, is unchanged and in its place, and the last
/// one is the head.
pub fn verify(rx: &mut Look<'_>, keyring: &Keyring, chain: &str, head: &Head) -> Result<bool> {
    let key = keyring.chain_key();
    let Some(mut reached) = ends::before_first(rx, chain)? else { return Ok(false) };
    let events = match list(rx, chain) {
        // An event that cannot be read is not as it was written.
        Err(error) if error.is_of_a_row() => return Ok(false),
        events => events?,
    };
    for event in events {
        let row = Row {
            chain: chain.to_owned(),
            seq: event.seq,
            at: event.at,
            actor_kind: event.actor_kind,
            actor: event.actor,
            kind: event.kind,
            details: event.details,
            hash: event.hash,
        };
        if row.seq != reached.seq + 1 || row.hash != link(&key, &reached.hash, &row) {
            return Ok(false);
        }
        reached = Head { seq: row.seq, hash: row.hash };
    }
    Ok(reached == *head)
}

/// Takes back the beginning of a chain whose owner turned out not to be needed, in the same transaction.
pub(in crate::domain) fn undo_begin(tx: &mut Unit<'_>, chain: &CaseId) -> Result<()> {
    diesel::delete(audit_events::table.filter(audit_events::chain.eq(chain.as_str()))).execute(tx.conn())?;
    Ok(())
}
