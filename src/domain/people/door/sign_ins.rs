//! What the door remembers of each account, and who is let in. Each one-time code works once; ten wrong ones after a right password
//! close the second factor. Every try that fails makes the same reads and writes, whatever was wrong with it and whether there is
//! such an account: time tells nobody.

use std::time::Duration;

use diesel::prelude::*;

use super::attempt::{Attempt, Tried};
use super::holder::{Arriving, Holder};
use super::second_factor::{code_at, new_secret};
use super::typed;
use crate::base::id::{PartnerAccountId, ServiceId, SignInId, StaffId};
use crate::base::secret::{Sensitive, same};
use crate::base::time::Timestamp;
use crate::db::due::{self, DueRow};
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::sign_ins;
use crate::domain::ledger::audit;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Covered, Damaged, Proved, Secret, refuse};
use crate::error::{Error, Result};

/// How many wrong codes after a right password close the second factor.
const WRONG_CODES: i64 = 10;
/// How many used codes are remembered. Each lives a minute; more are needed only when a clock is set back, and then as many
/// as there were sign-ins in the time that comes again.
const REMEMBERED: usize = 64;
/// The length of a step, in seconds (RFC 6238).
const STEP: i64 = 30;
/// How long refused tries are counted before they become one event.
const COUNTED: Duration = Duration::from_mins(1);
/// Whose keys are looked for where there is no account.
const NOBODY: &str = "nobody";

/// What the door remembers of an account; of nobody, for names that are no account's.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = sign_ins)]
struct Door {
    id: SignInId,
    staff_id: Option<StaffId>,
    partner_id: Option<PartnerAccountId>,
    service_id: Option<ServiceId>,
    given_password: bool,
    used_codes: String,
    wrong_codes: i64,
    closed_at: Option<Timestamp>,
    refused: i64,
    refused_since: Option<Timestamp>,
    mac: Vec<u8>,
}

impl Door {
    /// The row of an account, or nobody's. It is locked until the transaction ends; whoever locks cases or the account as
    /// well locks this one first.
    fn of(tx: &mut Unit<'_>, holder: Option<&Holder>) -> Result<Self> {
        let Some(id) = row_of(tx, holder)? else { return Err(changed(tx, "none")) };
        // A change of nothing locks it on either database.
        let row = sign_ins::table.find(&id);
        diesel::update(row).set(sign_ins::refused.eq(sign_ins::refused)).execute(tx.conn())?;
        let door: Self = row.select(Self::as_select()).first(tx.conn())?;
        if holder.is_none() || (door.holds(tx) && door.holder().as_ref() == holder) {
            return Ok(door);
        }
        Err(changed(tx, door.id.as_str()))
    }

    fn holder(&self) -> Option<Holder> {
        holder(self.staff_id.clone(), self.partner_id.clone().zip(self.service_id.clone()))
    }

    fn covered(&self) -> Covered {
        let covered = Covered::by("sign_ins")
            .and(self.id.as_str())
            .perhaps(self.staff_id.as_ref().map(|id| id.as_str().as_bytes()))
            .number(self.given_password)
            .and(&self.used_codes)
            .number(self.wrong_codes)
            .perhaps(self.closed_at.map(|at| at.micros().to_be_bytes()).as_ref().map(<[u8; 8]>::as_slice));
        match (&self.partner_id, &self.service_id) {
            // As it was before services had accounts.
            (None, None) => covered,
            (account, service) => covered
                .perhaps(account.as_ref().map(|id| id.as_str().as_bytes()))
                .perhaps(service.as_ref().map(|id| id.as_str().as_bytes())),
        }
    }

    fn holds(&self, rx: &Look<'_>) -> bool {
        self.covered().fits(&rx.kit().keyring, &self.mac)
    }

    fn is_used(&self, step: i64) -> bool {
        self.used_codes.split(' ').any(|used| used.parse() == Ok(step))
    }

    fn use_up(&mut self, step: i64) {
        let before = self.used_codes.split(' ').filter(|used| !used.is_empty()).take(REMEMBERED - 1);
        self.used_codes =
            std::iter::once(step.to_string()).chain(before.map(str::to_owned)).collect::<Vec<_>>().join(" ");
    }

    /// Counts a try that is refused.
    fn refuse(&mut self, now: Timestamp) {
        self.refused = self.refused.saturating_add(1);
        self.refused_since = self.refused_since.or(Some(now));
    }

    fn keep(&self, tx: &mut Unit<'_>) -> Result<()> {
        let mac = self.covered().proof(&tx.kit().keyring);
        diesel::update(sign_ins::table.find(&self.id))
            .set((
                sign_ins::given_password.eq(self.given_password),
                sign_ins::used_codes.eq(&self.used_codes),
                sign_ins::wrong_codes.eq(self.wrong_codes),
                sign_ins::closed_at.eq(self.closed_at),
                sign_ins::refused.eq(self.refused),
                sign_ins::refused_since.eq(self.refused_since),
                sign_ins::mac.eq(mac),
            ))
            .execute(tx.conn())?;
        Ok(())
    }
}

/// Whose a row is by its columns.
fn holder(staff: Option<StaffId>, partner: Option<(PartnerAccountId, ServiceId)>) -> Option<Holder> {
    match (staff, partner) {
        (Some(id), None) => Some(Holder::Staff(id)),
        (None, Some((account, service))) => Some(Holder::Partner { account, service }),
        (None, None) | (Some(_), Some(_)) => None,
    }
}

/// The id of an account's row, or of nobody's.
fn row_of(rx: &mut Look<'_>, holder: Option<&Holder>) -> Result<Option<SignInId>> {
    let row = match holder {
        Some(Holder::Staff(id)) => sign_ins::table.filter(sign_ins::staff_id.eq(id)).into_boxed(),
        Some(Holder::Partner { account, .. }) => sign_ins::table.filter(sign_ins::partner_id.eq(account)).into_boxed(),
        None => {
            let nobody = sign_ins::staff_id.is_null().and(sign_ins::partner_id.is_null());
            sign_ins::table.filter(nobody).into_boxed()
        }
    };
    Ok(row.select(sign_ins::id).first::<SignInId>(rx.conn()).optional()?)
}

/// What the door remembers is gone, or is not what it wrote.
fn changed(rx: &Look<'_>, row: &str) -> Error {
    refuse(&rx.kit().keyring, Proved::Door, row);
    Error::Internal(anyhow::anyhow!("a row of sign_ins was changed outside the service"))
}

/// Makes the door of a new account.
pub(in crate::domain) fn begin(tx: &mut Unit<'_>, holder: &Holder, given_password: bool) -> Result<()> {
    let (staff_id, partner_id, service_id) = match holder {
        Holder::Staff(id) => (Some(id.clone()), None, None),
        Holder::Partner { account, service } => (None, Some(account.clone()), Some(service.clone())),
    };
    let mut door = Door {
        id: SignInId::random(),
        staff_id,
        partner_id,
        service_id,
        given_password,
        used_codes: String::new(),
        wrong_codes: 0,
        closed_at: None,
        refused: 0,
        refused_since: None,
        mac: Vec::new(),
    };
    door.mac = door.covered().proof(&tx.kit().keyring);
    let row = (
        (sign_ins::id.eq(&door.id), sign_ins::staff_id.eq(&door.staff_id)),
        (sign_ins::partner_id.eq(&door.partner_id), sign_ins::service_id.eq(&door.service_id)),
        sign_ins::given_password.eq(given_password),
        sign_ins::used_codes.eq(&door.used_codes),
        sign_ins::wrong_codes.eq(door.wrong_codes),
        sign_ins::refused.eq(door.refused),
        sign_ins::mac.eq(&door.mac),
    );
    diesel::insert_into(sign_ins::table).values(row).execute(tx.conn())?;
    Ok(())
}

/// Locks the door of an account until the transaction ends: before cases and the account, as whoever signs in does.
pub(in crate::domain) fn lock(tx: &mut Unit<'_>, holder: &Holder) -> Result<()> {
    // By whose it is alone: one whose id cannot be read ends no less.
    let same = sign_ins::refused.eq(sign_ins::refused);
    match holder {
        Holder::Staff(id) => {
            diesel::update(sign_ins::table.filter(sign_ins::staff_id.eq(id))).set(same).execute(tx.conn())?
        }
        Holder::Partner { account, .. } => {
            diesel::update(sign_ins::table.filter(sign_ins::partner_id.eq(account))).set(same).execute(tx.conn())?
        }
    };
    Ok(())
}

/// The account has a password and a second factor that were given just now: no code of it was used or wrong.
pub(in crate::domain) fn renew(tx: &mut Unit<'_>, holder: &Holder) -> Result<()> {
    let mut door = Door::of(tx, Some(holder))?;
    door.given_password = true;
    door.used_codes = String::new();
    (door.wrong_codes, door.closed_at) = (0, None);
    door.keep(tx)
}

/// Looks at password and code, and remembers what was seen. A password of their own that they chose with it is for whoever has the
/// account to keep.
pub(in crate::domain) fn prove(
    tx: &mut Unit<'_>,
    found: Option<&Arriving<'_>>,
    attempt: &Attempt,
) -> Result<Tried<()>> {
    let now = tx.now();
    let holder = found.map(|found| &found.holder);
    let mut door = Door::of(tx, holder)?;
    let step = step_of(tx, found, &attempt.code)?;
    let is_same = |found: &&Arriving<'_>| attempt.compared.as_deref() == Some(found.password_hash);
    let known = found.filter(|_| attempt.is_right).filter(is_same);
    let tried = match (known, step) {
        (None, _) => Tried::Refused,
        (Some(_), _) if door.closed_at.is_some() => Tried::Closed,
        (Some(_), Some(step)) if door.is_used(step) => Tried::Refused,
        (Some(_), Some(_)) if door.given_password && attempt.chosen.is_none() => Tried::MustChoose,
        (Some(_), Some(step)) => {
            door.use_up(step);
            door.wrong_codes = 0;
            door.given_password &= attempt.chosen.is_none();
            Tried::Proved(())
        }
        // What is no code at all is no guess.
        (Some(_), None) if !typed::is_code(attempt.code.expose()) => Tried::Refused,
        (Some(_), None) => {
            door.wrong_codes += 1;
            if door.wrong_codes < WRONG_CODES {
                Tried::Refused
            } else {
                door.closed_at = Some(now);
                Tried::ClosedNow
            }
        }
    };
    match &tried {
        Tried::Proved(()) | Tried::MustChoose => {}
        Tried::Refused | Tried::Closed | Tried::ClosedNow => door.refuse(now),
    }
    door.keep(tx)?;
    if let (Tried::ClosedNow, Some(holder)) = (&tried, holder) {
        audit::record(tx, holder.owner(), holder.closed(door.wrong_codes))?;
    }
    Ok(tried)
}

/// The step whose code this is: the present one, or the one before. A code lives its 30 seconds and as long again.
fn step_of(rx: &mut Look<'_>, found: Option<&Arriving<'_>>, code: &Sensitive<String>) -> Result<Option<i64>> {
    let keys = match found {
        Some(found) => rx.keys(found.holder.owner())?,
        // As much is asked of the database for a name that is nobody's.
        None => rx.keys_named(NOBODY.to_owned())?,
    };
    let secret =
        found.map(|found| keys.existing::<Secret>()?.open::<Vec<u8>>("totp", found.holder.id(), found.totp_secret));
    let secret = match secret {
        None => new_secret(),
        Some(Ok(secret)) => secret,
        Some(Err(error)) if Damaged::is(&error) => {
            tracing::error!(%error, "a second factor cannot be read: run `recourse check`");
            return Ok(None);
        }
        Some(Err(error)) => return Err(error),
    };
    let typed = typed::code(code.expose());
    let present = rx.now().seconds().div_euclid(STEP);
    let mut step_found = None;
    for step in [present - 1, present] {
        let of_step = code_at(&secret, u64::try_from(step * STEP).unwrap_or(0))?;
        if same(of_step.as_bytes(), typed.as_bytes()) {
            step_found = Some(step);
        }
    }
    Ok(step_found.filter(|_| found.is_some()))
}

/// Opens the second factor of an account again. Says whether it was closed.
pub(in crate::domain) fn open_again(tx: &mut Unit<'_>, holder: &Holder) -> Result<bool> {
    let mut door = Door::of(tx, Some(holder))?;
    if door.closed_at.is_none() {
        return Ok(false);
    }
    (door.wrong_codes, door.closed_at) = (0, None);
    door.keep(tx)?;
    audit::record(tx, holder.owner(), holder.opened())?;
    Ok(true)
}

/// The second factors that are closed: whose each is, and since when. A row that was changed outside the service closes nobody out.
pub(in crate::domain) fn closed(rx: &mut Look<'_>) -> Result<Vec<(Holder, Timestamp)>> {
    let closed = sign_ins::table.filter(sign_ins::closed_at.is_not_null()).order(sign_ins::staff_id);
    let ids: Vec<SignInId> = readable(closed.select(sign_ins::id).load(rx.conn())?);
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        // One that is damaged keeps nobody else from being paged.
        let Some(door) = whole(rx, &id)? else { continue };
        all.extend(door.holder().zip(door.closed_at));
    }
    Ok(all)
}

/// Whether the row of this account is as the service wrote it: otherwise nobody signs in with it.
pub(in crate::domain) fn holds_of(rx: &mut Look<'_>, holder: &Holder) -> Result<bool> {
    let of = match holder {
        Holder::Staff(id) => sign_ins::table.filter(sign_ins::staff_id.eq(id)).into_boxed(),
        Holder::Partner { account, .. } => sign_ins::table.filter(sign_ins::partner_id.eq(account)).into_boxed(),
    };
    let id: Option<Perhaps<SignInId>> = of.select(sign_ins::id).first(rx.conn()).optional()?;
    match id.and_then(|id| id.0) {
        Some(id) => Ok(whole(rx, &id)?.is_some_and(|door| door.holder().as_ref() == Some(holder))),
        None => Ok(false),
    }
}

/// The row with this id, when it is as the service wrote it.
fn whole(rx: &mut Look<'_>, id: &SignInId) -> Result<Option<Door>> {
    let row = sign_ins::table.find(id).select(Door::as_select());
    match row.first::<Door>(rx.conn()).optional().map_err(Error::from) {
        Err(error) if error.is_of_a_row() => Ok(None),
        found => Ok(found?.filter(|door| door.holds(rx))),
    }
}

/// The accounts with refused tries that are to become one event, and nobody's.
pub fn refusals_due(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let ((at, id), now) = (due::place(after), rx.now());
    // What lies ahead was written before a clock was set back.
    let over = sign_ins::refused_since.le(now.minus(COUNTED)).or(sign_ins::refused_since.gt(now.plus(COUNTED)));
    due::walk(limit, |limit| {
        sign_ins::table
            .filter(sign_ins::refused_since.is_not_null().and(over))
            .filter(sign_ins::refused_since.gt(at).or(sign_ins::refused_since.eq(at).and(sign_ins::id.gt(id))))
            .order((sign_ins::refused_since, sign_ins::id))
            .limit(limit)
            .select((sign_ins::refused_since.assume_not_null(), sign_ins::id))
            .load(rx.conn())
    })
}

/// Makes one event of the tries that were refused since the last one. Those for names that are nobody's are forgotten.
pub fn note_refusals(tx: &mut Unit<'_>, id: &str) -> Result<()> {
    type Whose = (Option<StaffId>, Option<PartnerAccountId>, Option<ServiceId>);
    let id: SignInId = due::id(id)?;
    let none = (sign_ins::refused.eq(0_i64), sign_ins::refused_since.eq(None::<Timestamp>));
    // The lock first: a try that comes meanwhile is counted here or afterwards, and never lost.
    let row = sign_ins::table.find(&id);
    diesel::update(row).set(sign_ins::refused.eq(sign_ins::refused)).execute(tx.conn())?;
    let whose = (sign_ins::staff_id, sign_ins::partner_id, sign_ins::service_id);
    let columns = (whose, sign_ins::refused, sign_ins::refused_since);
    let ((staff, account, service), tries, since): (Whose, i64, Option<Timestamp>) =
        row.select(columns).first(tx.conn())?;
    let Some(since) = since else { return Ok(()) };
    diesel::update(row).set(none).execute(tx.conn())?;
    match holder(staff, account.zip(service)) {
        Some(holder) => audit::record(tx, holder.owner(), holder.refused(tries, since)),
        None => Ok(()),
    }
}
