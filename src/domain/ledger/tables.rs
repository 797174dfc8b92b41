//! The tables of what happened and what is owed.

use super::events::EventType;
use super::stumbles::Why;
use crate::base::id::{EventKind, JobKind, Kind};
use crate::domain::terms::Mode;
use crate::domain::vault::stated::{Holds, OpenedBy, Sealing, Table, Under, codes};

/// What this room's tables hold.
pub(in crate::domain) const TABLES: &[Table] = &[
    Table {
        name: "audit_events",
        row: "chain",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("chain", Holds::Owner),
            ("actor_kind", Holds::Text("who acted: it stands in the link of the chain")),
            ("actor", Holds::RefersOr(&["platform_clients", "partner_clients", "partner_accounts", "staff"], &[""])),
            ("kind", Holds::Text("what happened: it stands in the link of the chain")),
            ("details", Holds::Text("ids and codes as JSON: they stand in the link of the chain")),
            ("hash", Holds::Digest("the link of the chain, which is made again")),
        ],
    },
    Table {
        name: "audit_ends",
        row: "chain",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("chain", Holds::Owner),
            ("hash", Holds::Digest("the last link before the events went, from which the chain goes on")),
            ("mac", Holds::Digest("a keyed hash over it, which is compared")),
        ],
    },
    Table {
        name: "audit_digests",
        row: "at",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("digest", Holds::Digest("a digest of all heads, which is signed")),
            ("signature", Holds::Digest("the signature, which is verified")),
            ("previous", Holds::Digest("the digest before, which is looked for")),
        ],
    },
    Table {
        name: "audit_heads",
        row: "at",
        opened_by: OpenedBy::Nobody,
        columns: &[(
            "heads",
            Holds::Text("ids and links as JSON: the chains are compared with them, also those that are gone"),
        )],
    },
    Table {
        name: "outbox",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(JobKind::PREFIX)),
            ("kind", Holds::Text("what is owed: it stands in the payload, which is read")),
            ("payload", Holds::Text("ids and codes as JSON, which is read")),
            ("dedupe_key", Holds::Text("what makes two of a kind one")),
            ("lease_by", Holds::Text("the worker that has it")),
            ("last_error", Holds::Text("our word for why it failed")),
        ],
    },
    Table {
        name: "stumbles",
        row: "row_id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("job", Holds::Text("the name of the job")),
            ("row_id", Holds::Text("the row in its way, of any table, which may be gone by now")),
            ("reason", Holds::Code(|| codes(Why::ALL, Why::as_str))),
        ],
    },
    Table {
        name: "events",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(EventKind::PREFIX)),
            ("platform_id", Holds::Refers(&["platforms"])),
            ("mode", Holds::Code(|| codes(Mode::ALL, Mode::as_str))),
            ("type", Holds::Code(|| codes(EventType::ALL, EventType::as_str))),
            ("report_id", Holds::Refers(&["reports"])),
            ("request_id", Holds::Refers(&["requests"])),
            ("endpoint_id", Holds::Text("the endpoint of a trial, which may have been removed since")),
        ],
    },
    Table {
        name: "event_cursors",
        row: "platform_id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("platform_id", Holds::Refers(&["platforms"])),
            ("mode", Holds::Code(|| codes(Mode::ALL, Mode::as_str))),
        ],
    },
    Table {
        name: "idempotency",
        row: "owner",
        opened_by: OpenedBy::Column("owner"),
        columns: &[
            ("scope", Holds::Text("tenant, mode, method and route of a call")),
            ("key", Holds::Text("a keyed hash of the caller's key")),
            ("fingerprint", Holds::Digest("a keyed hash of the body as it came")),
            ("owner", Holds::Owner),
            (
                "answer",
                Holds::Sealed(Sealing { under: Under::Answers, field: "answer", at: Some("r.scope || '|' || r.key") }),
            ),
        ],
    },
];
