//! The partner API: what a service's machine calls to read and answer what was handed over to it.

mod capacity;
mod referrals;

use super::row::Row;

/// What services call.
pub(super) fn rows() -> Vec<Row> {
    [referrals::rows(), capacity::rows()].into_iter().flatten().collect()
}
