//! The tables of consents and hand-overs.

use super::notices::Notice;
use super::state::State;
use super::steps::{By, Step};
use crate::base::id::{ConsentChangeKind, ConsentKind, Kind, ReferralKind, ReferralMoveKind};
use crate::domain::terms::Mode;
use crate::domain::vault::Scope;
use crate::domain::vault::stated::{Holds, OpenedBy, Table, codes};

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
    Table {
        name: "referrals",
        row: "id",
        opened_by: OpenedBy::Column("case_id"),
        columns: &[
            ("id", Holds::Id(ReferralKind::PREFIX)),
            ("case_id", Holds::Refers(&["cases"])),
            ("service_id", Holds::Refers(&["services"])),
            ("consent_id", Holds::Refers(&["consents"])),
            ("mode", Holds::Code(|| codes(Mode::ALL, Mode::as_str))),
            ("state", Holds::Code(|| codes(State::ALL, State::as_str))),
            ("made_by", Holds::Refers(&["staff"])),
            ("replaces", Holds::Refers(&["referrals"])),
            ("notice", Holds::Code(|| codes(Notice::ALL, Notice::as_str))),
            ("body", Holds::sealed(Scope::Notes, "referral")),
            ("summary", Holds::sealed(Scope::Statement, "referral_summary")),
            ("sheet", Holds::sealed(Scope::Contact, "referral_sheet")),
        ],
    },
    Table {
        name: "referral_moves",
        row: "id",
        opened_by: OpenedBy::Column("case_id"),
        columns: &[
            ("id", Holds::Id(ReferralMoveKind::PREFIX)),
            ("referral_id", Holds::Refers(&["referrals"])),
            ("case_id", Holds::Refers(&["cases"])),
            ("made", Holds::Code(|| codes(Step::ALL, Step::as_str))),
            ("by_kind", Holds::Code(|| codes(By::ALL, By::as_str))),
            ("by_id", Holds::Refers(&["staff", "partner_clients", "partner_accounts"])),
            ("body", Holds::sealed(Scope::Notes, "referral_move")),
        ],
    },
];
