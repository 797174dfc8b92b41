//! The tables of platforms and colleagues.

use super::partners::PartnerScope;
use super::platforms;
use super::staff::{Carrier, Role};
use crate::base::id::{
    ClientKind, DeclarationKind, Kind, PartnerAccountKind, PartnerClientKind, PlatformKind, SessionKind, SignInKind,
    StaffKind,
};
use crate::domain::terms::Mode;
use crate::domain::triage::Queue;
use crate::domain::vault::Scope;
use crate::domain::vault::stated::{Holds, OpenedBy, Table, codes};

/// What this room's tables hold.
pub(in crate::domain) const TABLES: &[Table] = &[
    Table {
        name: "platforms",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(PlatformKind::PREFIX)),
            ("slug", Holds::Text("its name in the command line")),
            ("name", Holds::Text("its name for people")),
            ("audit_head", Holds::Digest("the last link of its chain, which is compared")),
        ],
    },
    Table {
        name: "platform_clients",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(ClientKind::PREFIX)),
            ("platform_id", Holds::Refers(&["platforms"])),
            ("mode", Holds::Code(|| codes(Mode::ALL, Mode::as_str))),
            ("secret_hash", Holds::Digest("a keyed hash of the client's secret, which nobody keeps")),
            ("scopes", Holds::Codes(|| codes(platforms::Scope::ALL, platforms::Scope::as_str))),
            ("mac", Holds::Digest("a keyed hash over what the row grants, which is made again")),
        ],
    },
    Table {
        name: "partner_clients",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(PartnerClientKind::PREFIX)),
            ("service_id", Holds::Refers(&["services"])),
            ("mode", Holds::Code(|| codes(Mode::ALL, Mode::as_str))),
            ("secret_hash", Holds::Digest("a keyed hash of the client's secret, which nobody keeps")),
            ("scopes", Holds::Codes(|| codes(PartnerScope::ALL, PartnerScope::as_str))),
            ("mac", Holds::Digest("a keyed hash over what the row grants, which is made again")),
        ],
    },
    Table {
        name: "partner_accounts",
        row: "id",
        opened_by: OpenedBy::Column("service_id"),
        columns: &[
            ("id", Holds::Id(PartnerAccountKind::PREFIX)),
            ("service_id", Holds::Refers(&["services"])),
            ("username", Holds::Text("the name of the account")),
            ("password_hash", Holds::Text("a hash of the password, which nobody keeps")),
            ("totp_secret", Holds::sealed(Scope::Secret, "totp")),
            ("walls", Holds::Digest("keyed hashes of whom they know, which are made again")),
            ("mac", Holds::Digest("a keyed hash over what the row grants, which is made again")),
        ],
    },
    Table {
        name: "partner_sessions",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(SessionKind::PREFIX)),
            ("token_hash", Holds::Digest("a keyed hash of the session's token, which nobody keeps")),
            ("account_id", Holds::Refers(&["partner_accounts"])),
            ("mac", Holds::Digest("a keyed hash over what the row grants, which is made again")),
        ],
    },
    Table {
        name: "staff",
        row: "id",
        opened_by: OpenedBy::Itself,
        columns: &[
            ("id", Holds::Id(StaffKind::PREFIX)),
            ("username", Holds::Text("the name of the account")),
            ("role", Holds::Code(|| codes(Role::ALL, Role::as_str))),
            ("queues", Holds::Codes(|| codes(Queue::ALL, Queue::as_str))),
            ("password_hash", Holds::Text("a hash of the password, which nobody keeps")),
            ("totp_secret", Holds::sealed(Scope::Secret, "totp")),
            ("audit_head", Holds::Digest("the last link of its chain, which is compared")),
            ("mail", Holds::sealed(Scope::Secret, "mail")),
            ("mac", Holds::Digest("a keyed hash over what the row grants, which is made again")),
            ("person", Holds::Refers(&["staff"])),
            ("declared_mac", Holds::Digest("a keyed hash over what they declared, which is made again")),
        ],
    },
    Table {
        name: "staff_sessions",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(SessionKind::PREFIX)),
            ("token_hash", Holds::Digest("a keyed hash of the session's token, which nobody keeps")),
            ("staff_id", Holds::Refers(&["staff"])),
            ("mac", Holds::Digest("a keyed hash over what the row grants, which is made again")),
            ("kind", Holds::Code(|| codes(Carrier::ALL, Carrier::as_str))),
        ],
    },
    Table {
        name: "sign_ins",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(SignInKind::PREFIX)),
            ("staff_id", Holds::Refers(&["staff"])),
            ("partner_id", Holds::Refers(&["partner_accounts"])),
            ("service_id", Holds::Refers(&["services"])),
            ("used_codes", Holds::Text("which steps of the second factor were used, the last one first")),
            ("mac", Holds::Digest("a keyed hash of the row, which the door makes again")),
        ],
    },
    Table {
        name: "staff_identifiers",
        row: "staff_id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("digest", Holds::Digest("a keyed hash of what was declared, which is made again")),
            ("staff_id", Holds::Refers(&["staff"])),
            (
                "kind",
                Holds::Text("what was declared: a kind of identifier, an account on a platform, or a case itself"),
            ),
            ("declaration_id", Holds::Refers(&["declarations"])),
        ],
    },
    Table {
        name: "declarations",
        row: "id",
        opened_by: OpenedBy::Column("staff_id"),
        columns: &[
            ("id", Holds::Id(DeclarationKind::PREFIX)),
            ("staff_id", Holds::Refers(&["staff"])),
            (
                "kind",
                Holds::Text("what was declared: a kind of identifier, an account on a platform, or a case itself"),
            ),
            ("body", Holds::sealed(Scope::Secret, "declaration")),
        ],
    },
];
