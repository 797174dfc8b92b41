//! The tables of pages and the rota.

use crate::base::id::{AlarmKind, Kind, ShiftKind, TurnedAwayKind};
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
            ("stilled_by", Holds::RefersToEach("staff")),
        ],
    },
    Table {
        name: "unseen_cases",
        row: "case_id",
        opened_by: OpenedBy::Nobody,
        columns: &[("case_id", Holds::Refers(&["cases"]))],
    },
    Table {
        name: "turned_away",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(TurnedAwayKind::PREFIX)),
            ("staff_id", Holds::Refers(&["staff"])),
            ("case_id", Holds::Text("the id that somebody asked for, whether there is such a case or not")),
        ],
    },
];
