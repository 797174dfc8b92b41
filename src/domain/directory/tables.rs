//! The table of services.

use crate::base::id::{Kind, ServiceKind};
use crate::domain::vault::stated::{Holds, OpenedBy, Table};

/// What this room's tables hold.
pub(in crate::domain) const TABLES: &[Table] = &[Table {
    name: "services",
    row: "id",
    opened_by: OpenedBy::Nobody,
    columns: &[
        ("id", Holds::Id(ServiceKind::PREFIX)),
        ("slug", Holds::Text("its name in commands and rules")),
        ("document", Holds::Text("what is known of it, as JSON")),
        ("audit_head", Holds::Digest("the last link of its chain, which is compared")),
        ("walls", Holds::Digest("keyed hashes of those whom its people know")),
        ("mac", Holds::Digest("a keyed hash over what the row grants, which is made again")),
    ],
}];
