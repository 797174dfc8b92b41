//! The tables of consents.

use crate::base::id::{ConsentChangeKind, ConsentKind, Kind};
use crate::domain::vault::Scope;
use crate::domain::vault::stated::{Holds, OpenedBy, Table};

/// What this room's tables hold.
pub(in crate::domain) const TABLES: &[Table] = &[
    Table {
        name: "consents",
        row: "id",
        opened_by: OpenedBy::Column("case_id"),
        columns: &[
            ("id", Holds::Id(ConsentKind::PREFIX)),
            ("case_id", Holds::Refers(&["cases"])),
            ("service_id", Holds::Refers(&["services"])),
            ("recorded_by", Holds::Refers(&["staff"])),
            ("body", Holds::sealed(Scope::Notes, "consent")),
            ("words", Holds::sealed(Scope::Statement, "consent_words")),
        ],
    },
    Table {
        name: "consent_changes",
        row: "id",
        opened_by: OpenedBy::Column("case_id"),
        columns: &[
            ("id", Holds::Id(ConsentChangeKind::PREFIX)),
            ("case_id", Holds::Refers(&["cases"])),
            ("consent_id", Holds::Refers(&["consents"])),
            ("changed_by", Holds::Refers(&["staff"])),
            ("body", Holds::sealed(Scope::Notes, "consent_change")),
        ],
    },
];
