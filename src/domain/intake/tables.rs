//! The tables of what comes in beside reports.

use crate::base::id::{AdditionKind, Kind};
use crate::domain::terms::identifiers::Use;
use crate::domain::vault::Scope;
use crate::domain::vault::stated::{Holds, OpenedBy, Sealing, Table, Under, codes};

/// What this room's tables hold.
pub(in crate::domain) const TABLES: &[Table] = &[
    Table {
        name: "additions",
        row: "id",
        opened_by: OpenedBy::Column("case_id"),
        columns: &[
            ("id", Holds::Id(AdditionKind::PREFIX)),
            ("report_id", Holds::Refers(&["reports"])),
            ("case_id", Holds::Refers(&["cases"])),
            ("statement", Holds::sealed(Scope::Statement, "addition")),
            ("answers", Holds::sealed(Scope::Answers, "addition")),
            ("subject", Holds::sealed(Scope::Subject, "addition")),
        ],
    },
    Table {
        name: "left_out",
        row: "source",
        opened_by: OpenedBy::Column("case_id"),
        columns: &[
            ("source", Holds::Refers(&["reports", "additions"])),
            ("scope", Holds::Code(|| codes(Scope::ALL, Scope::as_str))),
            ("case_id", Holds::Refers(&["cases"])),
            ("body", Holds::Sealed(Sealing { under: Under::Named("scope"), field: "left_out", at: None })),
        ],
    },
    Table {
        name: "blind_indexes",
        row: "case_id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("digest", Holds::Digest("a keyed hash of whom the case names, which is made again")),
            ("case_id", Holds::Refers(&["cases"])),
            ("role", Holds::Text("whether it names the reporter, the subject or the case itself, which is compared")),
            ("kind", Holds::Text("a kind of identifier, an account on a platform, or a case itself")),
            ("used", Holds::Code(|| codes(Use::ALL, Use::as_str))),
        ],
    },
];
