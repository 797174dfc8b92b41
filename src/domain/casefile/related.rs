//! Cases that may be about the same people, by keyed hashes of whom they name. Asked for by itself, and each look is on record.
//!
//! Which cases name somebody, and which of them the person may see, is asked in one statement: a case that is left out must not
//! be what takes time.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel::sql_types::Bool;
use serde::Serialize;
use utoipa::ToSchema;

use super::queues::stands_in;
use super::read::{CaseSummary, summary};
use crate::base::code::codes;
use crate::base::id::CaseId;
use crate::db::among::{Among, Search};
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::blind_indexes as names;
use crate::db::schema::cases as table;
use crate::domain::access::{self, Act, Acting, Grant, Read, Sight};
use crate::domain::case::named::{self, COMPARED, Names};
use crate::domain::case::{self, Case};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::people::staff::Role;
use crate::domain::terms::identifiers::Use;
use crate::domain::triage::Queue;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;

codes! {
    /// Why a case may be about the same people.
    pub enum Why as WhyRelated {
        /// Both name the same subject.
        SameSubject = "same_subject",
        /// The subject of the one has reported its reporter in the other.
        Mirror = "mirror",
        /// It came from another platform: possibly the same person.
        OtherPlatform = "other_platform",
    }
}

/// A case that may be about the same people.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelatedCase {
    /// Why.
    #[schema(min_items = 1)]
    pub why: Vec<Why>,
    /// The case, as lists show it.
    #[serde(flatten)]
    pub case: CaseSummary,
}

/// The cases that may be about the same people, the newest first. How many there are beside these, nobody is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelatedCaseList {
    /// The cases.
    #[schema(max_items = 200)]
    pub data: Vec<RelatedCase>,
}

/// So many cases are shown.
const SHOWN: usize = 200;
const FOUND: i64 = 200;
/// So many names are looked for in one statement.
const AT_ONCE: usize = 100;

type Digest = Vec<u8>;

/// The people of a case, as far as cases are compared by them.
struct People {
    subjects: BTreeSet<Digest>,
    reporters: BTreeSet<Digest>,
    /// Those of both that are accounts.
    accounts: BTreeSet<Digest>,
}

impl People {
    fn of(rx: &Look<'_>, names: &Names) -> Self {
        let since = rx.now().minus(COMPARED);
        let compared = || names.all.iter().filter(|name| name.used != Use::Wall && name.created_at >= since);
        let of = |role: &str| compared().filter(|name| name.role == role).map(|name| name.digest.clone()).collect();
        let accounts = compared().filter(|name| name.kind == "account").map(|name| name.digest.clone()).collect();
        Self { subjects: of("subject"), reporters: of("reporter"), accounts }
    }

    fn is_of_themselves(&self) -> bool {
        named::is_one_person(&self.subjects, &self.reporters, &self.accounts)
    }
}

/// The cases that may be about the same people as this one, of those that the person may see: of the same platform that name
/// the same subject; for leads also mirrors; for safeguarding leads also those of other platforms. They may be shown when
/// [`record`] has put the look on record.
///
/// # Errors
/// What the database says.
pub fn related(rx: &mut Look<'_>, sight: &Sight) -> Result<RelatedCaseList> {
    let (case, who) = (sight.case(), sight.who());
    let names = named::of(rx, &case.id)?;
    let own = People::of(rx, &names);
    let mut found: BTreeMap<CaseId, (Case, BTreeSet<Why>)> = BTreeMap::new();
    for other in naming(rx, sight, &own.subjects)? {
        found.entry(other.id.clone()).or_insert_with(|| (other, BTreeSet::new())).1.insert(Why::SameSubject);
    }
    let mirrored = if access::may_ever(who.role, Act::Assign) && !own.is_of_themselves() {
        naming(rx, sight, &own.reporters)?
    } else {
        Vec::new()
    };
    let ids: BTreeSet<CaseId> = found.keys().chain(mirrored.iter().map(|other| &other.id)).cloned().collect();
    let ids: Vec<CaseId> = ids.into_iter().collect();
    // Of those that are shown, whether their names are as they were written down.
    let open: BTreeSet<CaseId> = who.walls().leave(rx, ids.clone())?.into_iter().collect();
    let theirs = if mirrored.is_empty() { BTreeMap::new() } else { named::of_several(rx, &ids)? };
    for other in mirrored {
        let Some(people) = theirs.get(&other.id).map(|names| People::of(rx, names)) else { continue };
        if !people.is_of_themselves() && !people.reporters.is_disjoint(&own.subjects) {
            found.entry(other.id.clone()).or_insert_with(|| (other, BTreeSet::new())).1.insert(Why::Mirror);
        }
    }
    let mut all: Vec<(Case, BTreeSet<Why>)> =
        found.into_values().filter(|(other, _)| open.contains(&other.id)).collect();
    all.sort_by(|(one, _), (other, _)| (other.received_at, &other.id).cmp(&(one.received_at, &one.id)));
    all.truncate(SHOWN);
    let shown = all.into_iter().map(|(other, mut why)| {
        if other.platform_id != case.platform_id {
            why.insert(Why::OtherPlatform);
        }
        RelatedCase { why: why.into_iter().collect(), case: summary(&other) }
    });
    Ok(RelatedCaseList { data: shown.collect() })
}

/// The cases that name one of these as their subject, the newest first, of those that the person may see.
fn naming(rx: &mut Look<'_>, sight: &Sight, digests: &BTreeSet<Digest>) -> Result<Vec<Case>> {
    let digests: Vec<&Digest> = digests.iter().collect();
    let mut all = Vec::new();
    for some in digests.chunks(AT_ONCE) {
        all.extend(naming_one_of(rx, sight, some)?);
    }
    all.sort_by(|one, other| (other.received_at, &other.id).cmp(&(one.received_at, &one.id)));
    all.dedup_by(|one, other| one.id == other.id);
    all.truncate(SHOWN);
    Ok(all)
}

fn naming_one_of(rx: &mut Look<'_>, sight: &Sight, digests: &[&Digest]) -> Result<Vec<Case>> {
    let (case, who): (&Case, &Acting) = (sight.case(), sight.who());
    let since = rx.now().minus(COMPARED);
    let queues: Vec<Queue> = Queue::ALL.iter().copied().filter(|queue| access::sees(who, *queue)).collect();
    // Each name is walked by itself in the order of an index, and the walk ends when as many as are shown were found: nobody
    // buries a case under very many that somebody else may see.
    let search = |digest: &&Digest| -> Search {
        let name = diesel::alias!(names as name);
        // As the condition of the index stands, which a database finds by its words.
        let is_compared = sql::<Bool>(&format!("name.used <> '{}'", Use::Wall.as_str()));
        let (made, of_case) = (name.field(names::created_at), name.field(names::case_id));
        let mut query = name
            .inner_join(table::table.on(table::id.eq(of_case)))
            .filter(name.field(names::digest).eq((*digest).clone()).and(name.field(names::role).eq("subject")))
            .filter(made.ge(since).and(is_compared))
            // Written so, the mode and the platform lead to no index: there are many cases of each.
            .filter(table::mode.concat("").eq(case.mode).and(table::id.ne(case.id.clone())))
            .filter(table::queue.eq_any(queues.clone()).or(stands_in(&queues)))
            .filter(diesel::dsl::not(access::walled(&who.id)))
            .order((made.desc(), of_case.desc()))
            .limit(FOUND)
            .select(table::id)
            .into_boxed();
        if who.role != Role::SafeguardingLead {
            query = query.filter(table::platform_id.concat("").eq(case.platform_id.clone()));
        }
        Box::new(query)
    };
    let build = || {
        let among = Among::new(digests.iter().map(search).collect());
        table::table.filter(among).order((table::received_at.desc(), table::id.desc())).limit(FOUND)
    };
    match build().select(Case::as_select()).load(rx.conn()) {
        Err(DieselError::DeserializationError(_)) => {
            let ids: Vec<Perhaps<CaseId>> = build().select(table::id).load(rx.conn())?;
            case::readable(rx, &readable(ids))
        }
        rows => Ok(rows?),
    }
}

/// Puts on record that somebody looked which cases may be about the same people.
///
/// # Errors
/// What the database says.
pub fn record(tx: &mut Unit<'_>, grant: Grant<Read>, view: RelatedCaseList) -> Result<RelatedCaseList> {
    let (case, who) = grant.into_parts();
    audit::record(tx, Owner::case(&case.id), Event::RelatedRead { role: who.role.as_str() })?;
    Ok(view)
}
