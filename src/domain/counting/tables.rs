//! The tables of what is counted.

use super::FlowKind;
use crate::domain::terms::region::Region;
use crate::domain::vault::stated::{Codes, Holds, OpenedBy, Table, codes};

/// What this room's tables hold.
pub(in crate::domain) const TABLES: &[Table] = &[
    Table {
        name: "flows",
        row: "case_id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("case_id", Holds::Text("the case: invented ones have no row, and no key joins them here")),
            ("flow", Holds::Code(flows)),
            ("platform_id", Holds::Refers(&["platforms"])),
            ("category", Holds::Text("the group as it was published, of whatever taxonomy there was")),
            ("region", Holds::Code(regions)),
            ("value", Holds::Text("what the flow says of the case")),
        ],
    },
    Table {
        name: "forwards",
        row: "case_id",
        opened_by: OpenedBy::Nobody,
        columns: &[("case_id", Holds::Refers(&["cases"]))],
    },
    Table {
        name: "flow_totals",
        row: "quarter",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("flow", Holds::Code(flows)),
            ("quarter", Holds::Text("the quarter")),
            ("platform_id", Holds::Refers(&["platforms"])),
            ("category", Holds::Text("the group as it was published, of whatever taxonomy there was")),
            ("region", Holds::Code(regions)),
            ("value", Holds::Text("what the flow says of the cases")),
        ],
    },
];

fn flows() -> Codes {
    codes(FlowKind::ALL, FlowKind::as_str)
}

fn regions() -> Codes {
    codes(Region::ALL, Region::as_str)
}
