//! The door: what it remembers of each account, and who is let in. Each one-time code works once; ten wrong ones after a
//! right password close the second factor. Every try that fails makes the same reads and writes, whatever was wrong with it
//! and whether there is such an account: time tells nobody.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;

use super::session_row::Carrier;
use super::sessions::{Account, Opened, account, open_session};
use super::{Member, row, totp, typed};
use crate::base::id::{SignInId, StaffId};
use crate::base::secret::{Sensitive, same, silent};
use crate::base::time::Timestamp;
use crate::db::due::{self, DueRow};
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::sign_ins;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Covered, Damaged, Owner, Proved, Secret, refuse};
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

/// What somebody brought to the door. Passwords are compared and hashed before: that is too slow for a transaction.
pub struct Attempt {
    /// Their name, as it was typed.
    pub username: String,
    /// The code, as it was typed.
    pub code: Sensitive<String>,
    /// The hash that the password was compared with; none when there is no such account.
    pub compared: Option<String>,
    /// Whether the password was the one of that hash.
    pub is_right: bool,
    /// The hash of a password of their own, which they choose with this.
    pub chosen: Option<String>,
    /// What would carry the session.
    pub carrier: Carrier,
}

silent! { Attempt }

/// What became of it.
#[derive(Debug)]
pub enum Tried<T> {
    /// They are who they say.
    Proved(T),
    /// Name, password or code is wrong.
    Refused,
    /// All is right, and the password is one that was given: it ends now, and they chose no other. The code holds still.
    MustChoose,
    /// The password is right, and the second factor is closed.
    Closed,
    /// The password is right, and the code was one wrong one too many: the second factor is closed from now on.
    ClosedNow(Member),
}

/// What the door remembers of an account; of nobody, for names that are no account's.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = sign_ins)]
struct Door {
    id: SignInId,
    staff_id: Option<StaffId>,
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
    fn of(tx: &mut Unit<'_>, staff: Option<&StaffId>) -> Result<Self> {
        let row = match staff {
            Some(id) => sign_ins::table.filter(sign_ins::staff_id.eq(id)).into_boxed(),
            None => sign_ins::table.filter(sign_ins::staff_id.is_null()).into_boxed(),
        };
        let Some(id) = row.select(sign_ins::id).first::<SignInId>(tx.conn()).optional()? else {
            return Err(changed(tx, "none"));
        };
        // A change of nothing locks it on either database.
        let row = sign_ins::table.find(&id);
        diesel::update(row).set(sign_ins::refused.eq(sign_ins::refused)).execute(tx.conn())?;
        let door: Self = row.select(Self::as_select()).first(tx.conn())?;
        if door.holds(tx) || staff.is_none() {
            return Ok(door);
        }
        Err(changed(tx, door.id.as_str()))
    }

    fn covered(&self) -> Covered {
        Covered::by("sign_ins")
            .and(self.id.as_str())
            .perhaps(self.staff_id.as_ref().map(|id| id.as_str().as_bytes()))
            .number(self.given_password)
            .and(&self.used_codes)
            .number(self.wrong_codes)
            .perhaps(self.closed_at.map(|at| at.micros().to_be_bytes()).as_ref().map(<[u8; 8]>::as_slice))
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

/// What the door remembers is gone, or is not what it wrote.
fn changed(rx: &Look<'_>, row: &str) -> Error {
    refuse(&rx.kit().keyring, Proved::Door, row);
    Error::Internal(anyhow::anyhow!("a row of sign_ins was changed outside the service"))
}

/// Makes the door of a new account.
pub(super) fn begin(tx: &mut Unit<'_>, staff: &StaffId, given_password: bool) -> Result<()> {
    let mut door = Door {
        id: SignInId::random(),
        staff_id: Some(staff.clone()),
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
        sign_ins::id.eq(&door.id),
        sign_ins::staff_id.eq(staff),
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
pub(in crate::domain) fn lock_door(tx: &mut Unit<'_>, staff: &StaffId) -> Result<()> {
    diesel::update(sign_ins::table.filter(sign_ins::staff_id.eq(staff)))
        .set(sign_ins::refused.eq(sign_ins::refused))
        .execute(tx.conn())?;
    Ok(())
}

/// The account has a password and a second factor that were given just now: no code of it was used or wrong.
pub(super) fn renew(tx: &mut Unit<'_>, staff: &StaffId) -> Result<()> {
    let mut door = Door::of(tx, Some(staff))?;
    door.given_password = true;
    door.used_codes = String::new();
    (door.wrong_codes, door.closed_at) = (0, None);
    door.keep(tx)
}

/// Somebody at the door: a session when name, password and code are right.
pub(in crate::domain) fn sign_in(tx: &mut Unit<'_>, attempt: &Attempt) -> Result<Tried<Opened>> {
    let found = account(tx, &attempt.username)?;
    Ok(match prove(tx, found, attempt)? {
        Tried::Proved(account) => Tried::Proved(open_session(tx, account, attempt.carrier)?),
        Tried::Refused => Tried::Refused,
        Tried::MustChoose => Tried::MustChoose,
        Tried::Closed => Tried::Closed,
        Tried::ClosedNow(member) => Tried::ClosedNow(member),
    })
}

/// Looks at password and code, and remembers what was seen. A password of their own that they chose holds from now on.
pub(in crate::domain) fn prove(tx: &mut Unit<'_>, found: Option<Account>, attempt: &Attempt) -> Result<Tried<Account>> {
    let now = tx.now();
    let id = found.as_ref().map(|account| account.member.id.clone());
    let mut door = Door::of(tx, id.as_ref())?;
    let step = step_of(tx, found.as_ref(), &attempt.code)?;
    let is_same = |account: &Account| attempt.compared.as_deref() == Some(account.password_hash.as_str());
    let account = found.filter(|account| attempt.is_right && is_same(account));
    let tried = match (account, step) {
        (None, _) => Tried::Refused,
        (Some(_), _) if door.closed_at.is_some() => Tried::Closed,
        (Some(_), Some(step)) if door.is_used(step) => Tried::Refused,
        (Some(_), Some(_)) if door.given_password && attempt.chosen.is_none() => Tried::MustChoose,
        (Some(account), Some(step)) => {
            door.use_up(step);
            door.wrong_codes = 0;
            Tried::Proved(account)
        }
        // What is no code at all is no guess.
        (Some(_), None) if !typed::is_code(attempt.code.expose()) => Tried::Refused,
        (Some(account), None) => {
            door.wrong_codes += 1;
            if door.wrong_codes < WRONG_CODES {
                Tried::Refused
            } else {
                door.closed_at = Some(now);
                Tried::ClosedNow(account.member)
            }
        }
    };
    match &tried {
        Tried::Proved(account) => {
            if let Some(chosen) = &attempt.chosen {
                door.given_password = false;
                set_password(tx, &account.member.id, chosen)?;
            }
        }
        Tried::MustChoose => {}
        Tried::Refused | Tried::Closed | Tried::ClosedNow(_) => door.refuse(now),
    }
    door.keep(tx)?;
    if let Tried::ClosedNow(member) = &tried {
        audit::record(tx, Owner::staff(&member.id), Event::SecondFactorClosed { wrong_codes: door.wrong_codes })?;
    }
    Ok(tried)
}

/// The step whose code this is: the present one, or the one before. A code lives its 30 seconds and as long again.
fn step_of(rx: &mut Look<'_>, account: Option<&Account>, code: &Sensitive<String>) -> Result<Option<i64>> {
    let keys = match account {
        Some(account) => rx.keys(Owner::staff(&account.member.id))?,
        // As much is asked of the database for a name that is nobody's.
        None => rx.keys_named(NOBODY.to_owned())?,
    };
    let secret = account.map(|account| {
        keys.existing::<Secret>()?.open::<Vec<u8>>("totp", account.member.id.as_str(), &account.totp_secret)
    });
    let secret = match secret {
        None => super::new_totp_secret(),
        Some(Ok(secret)) => secret,
        Some(Err(error)) if Damaged::is(&error) => {
            tracing::error!(%error, "a second factor cannot be read: run `recourse check`");
            return Ok(None);
        }
        Some(Err(error)) => return Err(error),
    };
    let (codes, typed) = (totp(&secret)?, typed::code(code.expose()));
    let present = rx.now().seconds().div_euclid(STEP);
    let mut found = None;
    for step in [present - 1, present] {
        let of_step = codes.generate(u64::try_from(step * STEP).unwrap_or(0)).to_string();
        if same(of_step.as_bytes(), typed.as_bytes()) {
            found = Some(step);
        }
    }
    Ok(found.filter(|_| account.is_some()))
}

fn set_password(tx: &mut Unit<'_>, id: &StaffId, hash: &str) -> Result<()> {
    row::change(tx, id, |row| hash.clone_into(&mut row.password_hash))?;
    audit::record(tx, Owner::staff(id), Event::PasswordChosen)
}

/// Opens the second factor of an account again. Says whether it was closed.
pub(in crate::domain) fn open_second_factor(tx: &mut Unit<'_>, id: &StaffId) -> Result<bool> {
    let mut door = Door::of(tx, Some(id))?;
    if door.closed_at.is_none() {
        return Ok(false);
    }
    (door.wrong_codes, door.closed_at) = (0, None);
    door.keep(tx)?;
    audit::record(tx, Owner::staff(id), Event::SecondFactorOpened)?;
    Ok(true)
}

/// Since when the second factor of each account is closed of which it is. A row that was changed outside the service
/// closes nobody out.
pub fn closed_factors(rx: &mut Look<'_>) -> Result<Vec<(StaffId, Timestamp)>> {
    let closed = sign_ins::table.filter(sign_ins::closed_at.is_not_null()).order(sign_ins::staff_id);
    let ids: Vec<SignInId> = readable(closed.select(sign_ins::id).load(rx.conn())?);
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        // One that is damaged keeps nobody else from being paged.
        let Some(door) = whole(rx, &id)? else { continue };
        all.extend(door.staff_id.zip(door.closed_at));
    }
    Ok(all)
}

/// The ids of open accounts whose row at the door is gone or was changed outside the service: they cannot sign in.
pub(in crate::domain) fn changed_doors(rx: &mut Look<'_>) -> Result<Vec<String>> {
    let mut changed = Vec::new();
    for member in super::list(rx)? {
        let of = sign_ins::table.filter(sign_ins::staff_id.eq(&member.id));
        let id: Option<Perhaps<SignInId>> = of.select(sign_ins::id).first(rx.conn()).optional()?;
        let holds = match id.and_then(|id| id.0) {
            Some(id) => whole(rx, &id)?.is_some(),
            None => false,
        };
        if !holds {
            changed.push(member.id.into_text());
        }
    }
    Ok(changed)
}

/// The row with this id, when it is as the service wrote it.
fn whole(rx: &mut Look<'_>, id: &SignInId) -> Result<Option<Door>> {
    let row = sign_ins::table.find(id).select(Door::as_select());
    match row.first::<Door>(rx.conn()).optional().map_err(Error::from) {
        Err(error) if error.is_of_a_row() => Ok(None),
        found => Ok(found?.filter(|door| door.holds(rx))),
    }
}

/// Who cannot come in: their second factor is closed, and no session of theirs lives.
pub(in crate::domain) fn shut_out(rx: &mut Look<'_>) -> Result<BTreeSet<StaffId>> {
    let mut all = BTreeSet::new();
    for (id, _) in closed_factors(rx)? {
        if !super::sessions::is_signed_in(rx, &id)? {
            all.insert(id);
        }
    }
    Ok(all)
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
    type Counted = (Option<StaffId>, i64, Option<Timestamp>);
    let id: SignInId = due::id(id)?;
    let none = (sign_ins::refused.eq(0_i64), sign_ins::refused_since.eq(None::<Timestamp>));
    // The lock first: a try that comes meanwhile is counted here or afterwards, and never lost.
    let row = sign_ins::table.find(&id);
    diesel::update(row).set(sign_ins::refused.eq(sign_ins::refused)).execute(tx.conn())?;
    let columns = (sign_ins::staff_id, sign_ins::refused, sign_ins::refused_since);
    let (staff, tries, since): Counted = row.select(columns).first(tx.conn())?;
    let Some(since) = since else { return Ok(()) };
    diesel::update(row).set(none).execute(tx.conn())?;
    match staff {
        Some(staff) => audit::record(tx, Owner::staff(&staff), Event::SignInFailed { tries, since }),
        None => Ok(()),
    }
}
