//! The tables of what is noticed across cases.

use crate::domain::vault::stated::{Holds, OpenedBy, Table};

/// What this room's tables hold.
pub(in crate::domain) const TABLES: &[Table] = &[
    Table {
        name: "late_matches",
        row: "case_id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("case_id", Holds::Refers(&["cases"])),
            ("other_id", Holds::Refers(&["cases"])),
            ("code", Holds::Text("the rule that a new report would have met")),
        ],
    },
    Table {
        name: "renewals",
        row: "rules",
        opened_by: OpenedBy::Nobody,
        columns: &[("after_case", Holds::RefersOr(&["cases"], &[""]))],
    },
];
