//! The directory: outside organisations that help, what is known of each, since when, and until when it is relied on. An entry
//! that nobody has looked up for 90 days, with which nothing is agreed, or that comes from elsewhere is shown with its doubts, and
//! nobody is referred there.

mod areas;
mod book;
mod changes;
mod codes;
mod declared;
mod entry;
pub mod files;
mod hours;
mod row;
pub mod stale;
mod tables;

pub use areas::{Holds, Places, names as area_names, places_of};
pub use book::{Book, Books, Doubt, Service};
pub use changes::{
    Check, Imported, capacity, check, check_all, check_by_operator, close, declare, declare_own, declared_of, import,
    is_outdated, open, retire, set_capacity, set_full,
};
pub use codes::{Audience, Channel, Cost, Evidence, Kind, Mark, Need, OnBill, WayIn};
pub use entry::{Ages, Agreement, Entry, FRESH_DAYS, Way};
pub use hours::{Hours, Open, Opening};
pub use row::Kept;
pub(in crate::domain) use tables::TABLES;

use crate::base::id::ServiceId;
use crate::domain::unit::Look;
use crate::error::{Error, Result};

/// The service of this id, as it stands in this transaction; nothing where the directory has none.
pub(in crate::domain) fn find(rx: &mut Look<'_>, id: &ServiceId) -> Result<Option<Service>> {
    let kept = row::find(rx, id)?.filter(|kept| kept.retired_at.is_none());
    Ok(kept.map(Service::of))
}

/// The id of the service of this short name.
///
/// # Errors
/// `NotFound` when the directory has none.
pub fn id_of(rx: &mut Look<'_>, slug: &str) -> Result<ServiceId> {
    let kept = row::find_by_slug(rx, slug)?.filter(|kept| kept.retired_at.is_none());
    kept.map(|kept| kept.id).ok_or(Error::NotFound)
}

/// What a service is called, and by which telephones it is rung.
#[derive(Clone, Debug)]
pub struct Called {
    /// Its name.
    pub name: String,
    /// Its telephones.
    pub telephones: Vec<String>,
}

/// What a service is called, whether it is in the directory yet or not any more; nothing where there is none.
///
/// # Errors
/// What the database says.
pub fn called(rx: &mut Look<'_>, id: &ServiceId) -> Result<Option<Called>> {
    let of = |kept: Kept| {
        let ways = kept.entry.channels.into_iter().filter(|way| way.channel == Channel::Phone);
        Called { name: kept.entry.name, telephones: ways.filter_map(|way| way.value).collect() }
    };
    Ok(row::find(rx, id)?.map(of))
}

/// Services whose rows are not as the service wrote them.
pub(in crate::domain) fn unproved(rx: &mut Look<'_>) -> Result<Vec<String>> {
    row::unproved(rx)
}
