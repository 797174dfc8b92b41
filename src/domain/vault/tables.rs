//! The tables of keys.

use super::Scope;
use super::stated::{Holds, OpenedBy, Table, codes};

/// What this room's tables hold.
pub(in crate::domain) const TABLES: &[Table] = &[
    Table {
        name: "keyrings",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[("id", Holds::Text("a name made of the keyring's own keys"))],
    },
    Table {
        name: "key_wraps",
        row: "owner",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("owner", Holds::HasKeys),
            ("scope", Holds::Code(|| codes(Scope::ALL, Scope::as_str))),
            ("recipient_kind", Holds::Text("who opens the wrap: the keyring, and team keys and passkeys later")),
            ("recipient", Holds::Text("the version of the keyring")),
            ("wrapped", Holds::Digest("a data key under the keyring's: it is tried with whatever was sealed under it")),
        ],
    },
];
