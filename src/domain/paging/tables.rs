//! The tables of pages and the rota.

use crate::base::id::{AlarmKind, Kind, ShiftKind};
use crate::domain::vault::stated::{Holds, OpenedBy, Table};

/// What this room's tables hold.
pub(in crate::domain) const TABLES: &[Table] = &[
    Table {
        name: "shifts",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[("id", Holds::Id(ShiftKind::PREFIX)), ("staff_id", Holds::Refers(&["staff"]))],
    },
    Table {
        name: "alarms",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(AlarmKind::PREFIX)),
            ("case_id", Holds::Refers(&["cases"])),
            ("reason", Holds::Text("which rule, clock or fault rings; rules are data")),
            ("told", Holds::RefersToEach("staff")),
        ],
    },
    Table {
        name: "unseen_cases",
        row: "case_id",
        opened_by: OpenedBy::Nobody,
        columns: &[("case_id", Holds::Refers(&["cases"]))],
    },
];
