//! Paging: an alarm stands for a case that a person must be told about. It rings, again and again and ever higher up,
//! until somebody takes the case; of a p0 or p1, until they have read it and done something. What it says to people is
//! neutral: not a word of the case.

mod at_work;
mod disclosures;
mod factors;
mod ladder;
pub mod missed;
mod offers;
pub mod owed;
pub mod rota;
pub mod shown;
mod stilled;
mod tables;
pub mod unheard;
mod unreadable;
mod unsafe_contacts;
pub mod unseen;
mod walls;

use diesel::prelude::*;

pub(in crate::domain) use at_work::ids_at_work;
pub use at_work::{AtWork, at_work};
pub(in crate::domain) use disclosures::tell_of_disclosure;
pub(in crate::domain) use factors::{tell_of_closed_factor, tell_of_open_factor};
pub use ladder::Ladder;
pub(in crate::domain) use offers::call_for_offer;
pub(in crate::domain) use owed::write_to;
pub use owed::{Job, Notice, RingOf};
pub(in crate::domain) use stilled::{attend, note_stilled, still};
pub(in crate::domain) use tables::TABLES;
pub use unreadable::{call_for_unreadable, ring_unreadable};
pub(in crate::domain) use unsafe_contacts::tell_of_unsafe_contact;
pub use unsafe_contacts::write_of_unsafe_contact;
pub use walls::{look_for_wall, tell_of_left, tell_of_wall, were_turned_away};
pub(in crate::domain) use walls::{note_turned_away, owe_word_of_left};

use super::access::{self, Act};
use super::case;
use super::case::{Case, State};
use super::ledger::audit::{self, Event};
use super::ledger::outbox;
use super::people::staff;
use super::terms::Mode;
use crate::base::code::codes;
use crate::base::id::{AlarmId, CaseId, StaffId};
use crate::base::time::Timestamp;
use crate::db::due::{self, DueRow};
use crate::db::perhaps::readable;
use crate::db::schema::alarms;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::{Error, Result};

codes! {
    /// How high up an alarm rings. Each rung is told together with those below it.
    pub enum Rung {
        /// Who is on the rota for the queue, and whom the case was handed to.
        OnCall = "on_call",
        /// The leads.
        Lead = "lead",
        /// The safeguarding leads.
        SafeguardingLead = "safeguarding_lead",
    }
}

impl Rung {
    const fn level(self) -> i64 {
        match self {
            Self::OnCall => 0,
            Self::Lead => 1,
            Self::SafeguardingLead => 2,
        }
    }

    /// The next one up; the highest stays itself.
    fn up(self) -> Self {
        Self::of_level(self.level() + 1)
    }

    /// The highest that is not above this level.
    fn of_level(level: i64) -> Self {
        Self::ALL.iter().copied().rfind(|rung| rung.level() <= level).unwrap_or(Self::OnCall)
    }
}

codes! {
    /// How soon a person should look: the only thing that a page says of its case.
    pub enum Urgency {
        /// Now: somebody may be in danger.
        Now = "now",
        /// Today.
        Today = "today",
    }
}

/// Why, when and at least how high an alarm rings.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// A code for the case's record.
    pub reason: &'a str,
    /// When it rings first, unless somebody has taken the case by then.
    pub at: Timestamp,
    /// From which rung on.
    pub least: Rung,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = alarms)]
struct Alarm {
    id: AlarmId,
    reason: String,
    least_rung: i64,
    opened_at: Timestamp,
    rings: i64,
    next_at: Timestamp,
    told: Option<String>,
    stilled_by: Option<String>,
}

impl Alarm {
    /// Whether it is about to tell somebody above those on call of what they must know, whoever has the case.
    fn is_due_above(&self, now: Timestamp) -> bool {
        self.least_rung > Rung::OnCall.level() && self.next_at <= now
    }

    /// Whom it told when it rang last.
    fn told(&self) -> Vec<StaffId> {
        ids(self.told.as_ref())
    }
}

/// The ids in a column of them.
fn ids(text: Option<&String>) -> Vec<StaffId> {
    text.into_iter().flat_map(|text| text.split(' ')).filter_map(|id| id.parse().ok()).collect()
}

fn open_of(rx: &mut Look<'_>, case: &CaseId) -> Result<Option<Alarm>> {
    let open = alarms::table.filter(alarms::case_id.eq(case).and(alarms::closed_at.is_null()));
    Ok(open.select(Alarm::as_select()).first(rx.conn()).optional()?)
}

/// The first alarm of a case that is being opened. Its record is written with the case's first.
pub(super) fn begin(tx: &mut Unit<'_>, case: &Case, call: Call<'_>) -> Result<()> {
    let row = (
        alarms::id.eq(AlarmId::random()),
        alarms::case_id.eq(&case.id),
        alarms::reason.eq(call.reason),
        alarms::least_rung.eq(call.least.level()),
        alarms::opened_at.eq(tx.now()),
        alarms::rings.eq(0_i64),
        alarms::next_at.eq(call.at),
    );
    diesel::insert_into(alarms::table).values(row).execute(tx.conn())?;
    Ok(())
}

/// Opens an alarm for a case, whose row is locked. A case has one at a time: a further call makes it ring as early and
/// as high as either would. Trials wake nobody.
pub(super) fn call(tx: &mut Unit<'_>, case: &Case, call: Call<'_>) -> Result<()> {
    if case.mode == Mode::Test {
        return Ok(());
    }
    if let Some(alarm) = open_of(tx, &case.id)? {
        diesel::update(alarms::table.find(&alarm.id))
            .set((
                alarms::reason.eq(call.reason),
                alarms::next_at.eq(call.at.min(alarm.next_at)),
                alarms::least_rung.eq(call.least.level().max(alarm.least_rung)),
            ))
            .execute(tx.conn())?;
    } else {
        begin(tx, case, call)?;
    }
    audit::record(tx, Owner::case(&case.id), Event::AlarmOpened { reason: call.reason.to_owned() })
}

/// Ends the alarm of a case: somebody has taken what wakes nobody, or nothing is to be done any more.
pub(super) fn quiet(tx: &mut Unit<'_>, case: &CaseId) -> Result<()> {
    let open = alarms::table.filter(alarms::case_id.eq(case).and(alarms::closed_at.is_null()));
    diesel::update(open).set(alarms::closed_at.eq(tx.now())).execute(tx.conn())?;
    Ok(())
}

/// The cases with an alarm that told this person when it rang last.
pub(super) fn told_last(rx: &mut Look<'_>, who: &StaffId) -> Result<Vec<CaseId>> {
    let told = alarms::closed_at.is_null().and(alarms::told.like(format!("%{who}%")));
    Ok(readable(alarms::table.filter(told).select(alarms::case_id).load(rx.conn())?))
}

/// Rings the alarm of a case, whose row is locked, at once when none of those whom it told may work on the case any
/// more, or can come in: otherwise the next ones would wait for a ring that nobody heard.
pub(super) fn pass_on(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    let Some(alarm) = open_of(tx, &case.id)? else { return Ok(()) };
    let (told, now) = (alarm.told(), tx.now());
    if told.is_empty() || alarm.next_at <= now {
        return Ok(());
    }
    let shut_out = staff::shut_out(tx)?;
    for staff in &told {
        if !shut_out.contains(staff) && access::bar(tx, staff, case, Act::Claim)?.is_none() {
            return Ok(());
        }
    }
    call(tx, case, Call { reason: "told_are_gone", at: now, least: Rung::OnCall })
}

/// A few of the alarms that are due, each by its case.
pub fn due(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let ((at, case), now) = (due::place(after), rx.now());
    due::walk(limit, |limit| {
        alarms::table
            .filter(alarms::closed_at.is_null().and(alarms::next_at.le(now)))
            .filter(alarms::next_at.gt(at).or(alarms::next_at.eq(at).and(alarms::case_id.gt(case))))
            .order((alarms::next_at, alarms::case_id))
            .limit(limit)
            .select((alarms::next_at, alarms::case_id))
            .load(rx.conn())
    })
}

/// Rings the alarm of a case, if it is due.
///
/// Who is told stands in the case's record, and a page for each is owed in the same transaction: a worker that is
/// killed loses none and rings nobody twice.
pub fn ring_case(tx: &mut Unit<'_>, case: &str) -> Result<()> {
    let id: CaseId = due::id(case)?;
    Owner::case(&id).lock(tx)?;
    let Some(alarm) = open_of(tx, &id)?.filter(|alarm| alarm.next_at <= tx.now()) else { return Ok(()) };
    match case::find(tx, &id)?.filter(|case| case.state != State::Closed) {
        Some(case) => ring(tx, &case, alarm),
        None => quiet(tx, &id),
    }
}

fn ring(tx: &mut Unit<'_>, case: &Case, alarm: Alarm) -> Result<()> {
    let kit = tx.kit();
    let now = tx.now();
    let spans = kit.triage.rules().clocks(case.priority);
    let ladder = Ladder::of(case.priority, spans);
    let rung = ladder.rung(now.since(alarm.opened_at)).max(Rung::of_level(alarm.least_rung));
    let mut holder = case.assigned_to.clone().filter(|_| case.claimed_until.is_some_and(|until| until > now));
    if let Some(staff) = &holder
        && (access::bar(tx, staff, case, Act::Work)?.is_some() || staff::shut_out(tx)?.contains(staff))
    {
        holder = None;
    }
    // Of what wakes somebody a claim alone is no help: whoever took it and does nothing has others told, higher up.
    let idle = holder.is_some() && spans.page_first.is_some() && !case.is_attended(now);
    let rung = if idle { rung.up() } else { rung };
    let mut people = match &holder {
        // Somebody is at it: they are told, and whoever must know anyway. Who cannot be written to hears nothing.
        Some(holder) if rung == Rung::OnCall && hears(tx, holder)? => Vec::new(),
        Some(_) | None => rota::reached(tx, case, rung)?,
    };
    people.extend(holder.clone().filter(|holder| !people.contains(holder)));
    let urgency = if spans.page_first.is_some() { Urgency::Now } else { Urgency::Today };
    let names = people.iter().map(StaffId::as_str).collect::<Vec<_>>().join(" ");
    let next = Ring { case: &case.id, alarm: &alarm, rung, urgency, last: holder.is_some() && !idle };
    owe(tx, &next, &people)?;
    let event = Event::OnCallPaged { reason: alarm.reason, rung: rung.as_str(), people };
    audit::record(tx, Owner::case(&case.id), event)?;
    // Whoever is at it has been told; the next clock tells again.
    let closed_at = holder.filter(|_| !idle).map(|_| now);
    diesel::update(alarms::table.find(&alarm.id))
        .set((
            alarms::rings.eq(alarm.rings + 1),
            alarms::next_at.eq(now.plus(ladder.repeat)),
            alarms::closed_at.eq(closed_at),
            alarms::told.eq(names),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Whether a mail reaches them, or none is written to anybody.
fn hears(rx: &mut Look<'_>, who: &StaffId) -> Result<bool> {
    let with_mail = staff::with_mail(rx)?;
    Ok(with_mail.is_empty() || with_mail.contains(who.as_str()))
}

/// One ring of an alarm; after the last one nobody is told again.
struct Ring<'a> {
    case: &'a CaseId,
    alarm: &'a Alarm,
    rung: Rung,
    urgency: Urgency,
    last: bool,
}

/// Owes the pager of a ring, and a mail for each of these people who has an address.
fn owe(tx: &mut Unit<'_>, ring: &Ring<'_>, people: &[StaffId]) -> Result<()> {
    let Ring { case, alarm, rung, urgency, last } = *ring;
    let (at, number) = (tx.now(), alarm.rings + 1);
    let with_mail = staff::with_mail(tx)?;
    let written = people.iter().filter(|staff| with_mail.contains(staff.as_str()));
    let told = i64::try_from(written.clone().count()).unwrap_or(i64::MAX);
    let of = Some(RingOf { alarm: alarm.id.clone(), ring: number, last });
    let pager = Job::Pager { case: case.clone(), reason: alarm.reason.clone(), rung, urgency, told, of };
    owed::owe(tx, &pager, at, None)?;
    if told == 0 {
        unheard::tell(tx, RingOf { alarm: alarm.id.clone(), ring: number, last })?;
    }
    for staff in written {
        let notice = Notice::Page { alarm: alarm.id.clone(), ring: number, urgency, last };
        let key = page_key(&alarm.id, number, staff);
        owed::owe(tx, &Job::Mail { staff: staff.clone(), notice }, at, Some(&key))?;
    }
    Ok(())
}

/// Whether the mail is still worth sending: a page whose alarm has ended, or has rung again since, is not. So a mail
/// server that comes back after an hour brings one page and not twelve. Nor is one to somebody whose right to the case
/// has ended since.
pub fn is_current(rx: &mut Look<'_>, notice: &Notice, to: &StaffId) -> Result<bool> {
    if let Notice::EmptyShift { shift } = notice {
        return missed::is_empty(rx, shift);
    }
    let Notice::Page { alarm, ring, last, .. } = notice else { return Ok(true) };
    if !rings_yet(rx, &RingOf { alarm: alarm.clone(), ring: *ring, last: *last })? {
        return Ok(false);
    }
    let case: CaseId = alarms::table.find(alarm).select(alarms::case_id).first(rx.conn())?;
    match case::find(rx, &case) {
        Ok(Some(case)) => Ok(access::bar(rx, to, &case, Act::Claim)?.is_none()),
        Ok(None) => Ok(false),
        Err(error @ Error::Unavailable(_)) => Err(error),
        // It rings because it cannot be read.
        Err(_) => Ok(true),
    }
}

/// Whether nothing has come after this ring: neither the next one nor the alarm's end.
pub fn rings_yet(rx: &mut Look<'_>, of: &RingOf) -> Result<bool> {
    let RingOf { alarm, ring, last } = of;
    let row: Option<(i64, Option<Timestamp>)> =
        alarms::table.find(alarm).select((alarms::rings, alarms::closed_at)).first(rx.conn()).optional()?;
    Ok(row.is_some_and(|(rings, closed_at)| rings == *ring && (*last || closed_at.is_none())))
}

/// A page could not be delivered to somebody for good. Where nobody else heard of this ring, the next ones up are told at
/// once, also when the ring was the last one, for whoever holds the case; and where there is nobody above, the operator.
pub fn not_delivered(tx: &mut Unit<'_>, notice: &Notice, to: &StaffId) -> Result<()> {
    audit::record(tx, Owner::staff(to), Event::MailRefused)?;
    if *notice == Notice::Unseen {
        let key = format!("{to}:{}", tx.now().micros());
        return unseen::tell_operator(tx, &key);
    }
    if let Notice::EmptyShift { shift } = notice {
        return missed::tell_operator(tx, shift);
    }
    let Notice::Page { alarm: id, ring, last, .. } = notice else { return Ok(()) };
    let of: Option<CaseId> = alarms::table.find(id).select(alarms::case_id).first(tx.conn()).optional()?;
    let Some(case) = of else { return Ok(()) };
    // Two refusals of one ring at once: the later one sees the earlier.
    Owner::case(&case).lock(tx)?;
    let alarm: Alarm = alarms::table.find(id).select(Alarm::as_select()).first(tx.conn())?;
    let runs = open_of(tx, &case)?.is_some_and(|open| open.id == *id);
    let over = if *last { alarm.rings != *ring } else { !runs };
    if over || others_hear(tx, &alarm, *ring, to)? {
        return Ok(());
    }
    if alarm.least_rung >= Rung::SafeguardingLead.level() {
        return unheard::tell(tx, RingOf { alarm: alarm.id, ring: *ring, last: *last });
    }
    let up = alarm.least_rung + 1;
    if runs {
        let now = (alarms::least_rung.eq(up), alarms::next_at.eq(tx.now()));
        diesel::update(alarms::table.find(id)).set(now).execute(tx.conn())?;
        return Ok(());
    }
    let Some(case) = case::find(tx, &case)?.filter(|case| case.state != State::Closed) else { return Ok(()) };
    call(tx, &case, Call { reason: &alarm.reason, at: tx.now(), least: Rung::of_level(up) })
}

/// Whether a mail of this ring has reached, or is about to reach, somebody else whom it told.
fn others_hear(rx: &mut Look<'_>, alarm: &Alarm, ring: i64, but: &StaffId) -> Result<bool> {
    let others = alarm.told().into_iter().filter(|staff| staff != but);
    outbox::arrives(rx, others.map(|staff| page_key(&alarm.id, ring, &staff)).collect())
}

fn page_key(alarm: &AlarmId, ring: i64, staff: &StaffId) -> String {
    format!("page:{alarm}:{ring}:{staff}")
}
