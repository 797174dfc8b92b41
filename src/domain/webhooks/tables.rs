//! The tables of webhooks.

use super::{DeliveryState, DisabledReason, EndpointState};
use crate::base::id::{DeliveryKind, EndpointKind, Kind, ReplayKind, SigningKind};
use crate::domain::ledger::events::EventType;
use crate::domain::terms::Mode;
use crate::domain::vault::Scope;
use crate::domain::vault::stated::{Holds, OpenedBy, Table, codes};

/// The keys of an endpoint's platform open what belongs to the endpoint.
const OF_ENDPOINT: OpenedBy =
    OpenedBy::Parent { column: "endpoint_id", table: "webhook_endpoints", owner: "platform_id" };

/// What this room's tables hold.
pub(in crate::domain) const TABLES: &[Table] = &[
    Table {
        name: "webhook_endpoints",
        row: "id",
        opened_by: OpenedBy::Column("platform_id"),
        columns: &[
            ("id", Holds::Id(EndpointKind::PREFIX)),
            ("platform_id", Holds::Refers(&["platforms"])),
            ("mode", Holds::Code(|| codes(Mode::ALL, Mode::as_str))),
            ("url", Holds::sealed(Scope::Secret, "url")),
            ("host", Holds::Text("the host of its address")),
            ("types", Holds::Codes(|| codes(EventType::ALL, EventType::as_str))),
            ("state", Holds::Code(|| codes(EndpointState::ALL, EndpointState::as_str))),
            ("disabled_reason", Holds::Code(|| codes(DisabledReason::ALL, DisabledReason::as_str))),
        ],
    },
    Table {
        name: "webhook_secrets",
        row: "id",
        opened_by: OF_ENDPOINT,
        columns: &[
            ("id", Holds::Id(SigningKind::PREFIX)),
            ("endpoint_id", Holds::Refers(&["webhook_endpoints"])),
            ("hmac", Holds::sealed(Scope::Secret, "hmac")),
            ("ed25519", Holds::sealed(Scope::Secret, "ed25519")),
            ("public_key", Holds::Text("the public half, which platforms verify with")),
        ],
    },
    Table {
        name: "replays",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(ReplayKind::PREFIX)),
            ("endpoint_id", Holds::Refers(&["webhook_endpoints"])),
            ("types", Holds::Codes(|| codes(EventType::ALL, EventType::as_str))),
            ("after", Holds::Text("the event behind which it goes on, which may be forgotten by now")),
        ],
    },
    Table {
        name: "deliveries",
        row: "id",
        opened_by: OF_ENDPOINT,
        columns: &[
            ("id", Holds::Id(DeliveryKind::PREFIX)),
            ("event_id", Holds::Refers(&["events"])),
            ("endpoint_id", Holds::Refers(&["webhook_endpoints"])),
            ("state", Holds::Code(|| codes(DeliveryState::ALL, DeliveryState::as_str))),
            ("lease_by", Holds::Text("the worker that has it")),
            ("last_error", Holds::Text("our word for why it failed")),
            ("last_response", Holds::sealed(Scope::Secret, "response")),
        ],
    },
];
