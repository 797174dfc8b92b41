//! The tables of editions.

use crate::domain::vault::Scope;
use crate::domain::vault::stated::{Holds, OpenedBy, Sealing, Table, Under};

/// What the tables of editions hold.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "editions",
        row: "id",
        opened_by: OpenedBy::Itself,
        columns: &[
            ("id", Holds::Text("its quarter, with -r for the replacement")),
            ("key_commitment", Holds::Text("a hash of its secret, which the public calendar has")),
            ("params_sha256", Holds::Text("a hash of the rules of publication")),
            ("ptable_sha256", Holds::Text("a hash of the tables of chances")),
            ("plan", Holds::Text("what is published, as JSON")),
            ("reason", Holds::Text("why it replaces another; it is published")),
            ("secret", Holds::sealed(Scope::Secret, "edition")),
            (
                "spare",
                // The secret of its replacement, sealed as that one's own.
                Holds::Sealed(Sealing {
                    under: Under::Scope(Scope::Secret),
                    field: "edition",
                    at: Some("r.id || '-r'"),
                }),
            ),
            ("spare_commitment", Holds::Text("a hash of the spare, which the public calendar has")),
        ],
    },
    Table {
        name: "edition_builds",
        row: "edition_id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("edition_id", Holds::Refers(&["editions"])),
            ("snapshot_commitment", Holds::Text("a hash of the snapshot")),
        ],
    },
];
