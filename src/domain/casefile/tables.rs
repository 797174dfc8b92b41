//! The table of what the queues hold.

use crate::domain::terms::Mode;
use crate::domain::triage::Queue;
use crate::domain::vault::stated::{Holds, OpenedBy, Table, codes};

/// What this room's table holds.
pub(in crate::domain) const TABLES: &[Table] = &[Table {
    name: "queue_counts",
    row: "queue",
    opened_by: OpenedBy::Nobody,
    columns: &[
        ("mode", Holds::Code(|| codes(Mode::ALL, Mode::as_str))),
        ("queue", Holds::Code(|| codes(Queue::ALL, Queue::as_str))),
    ],
}];
