//! The tables of cases and their reports.

use super::clocks::ClockKind;
use super::holds::HoldReason;
use super::report::{ReportOutcome, Status};
use super::{Outcome, PrioritySource, State};
use crate::base::id::{CaseKind, ClockKind as ClockIds, HoldKind, Kind, ReportKind};
use crate::domain::terms::Mode;
use crate::domain::terms::region::Region;
use crate::domain::terms::taxonomy::taxonomy;
use crate::domain::terms::words::{DesiredOutcome, Relation};
use crate::domain::triage::{Phase, Priority, Queue};
use crate::domain::vault::Scope;
use crate::domain::vault::stated::{Codes, Holds, OpenedBy, Table, codes};

/// What this room's tables hold.
pub(in crate::domain) const TABLES: &[Table] = &[
    Table {
        name: "cases",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(CaseKind::PREFIX)),
            ("platform_id", Holds::Refers(&["platforms"])),
            ("mode", Holds::Code(|| codes(Mode::ALL, Mode::as_str))),
            ("pair_digest", Holds::Digest("a keyed hash of the two accounts")),
            ("category", Holds::Code(categories)),
            ("state", Holds::Code(|| codes(State::ALL, State::as_str))),
            ("outcome", Holds::Code(|| codes(Outcome::ALL, Outcome::as_str))),
            ("queue", Holds::Code(queues)),
            ("priority", Holds::Code(priorities)),
            ("priority_source", Holds::Code(|| codes(PrioritySource::ALL, PrioritySource::as_str))),
            ("computed_priority", Holds::Code(priorities)),
            ("raised_priority", Holds::Code(priorities)),
            ("lowering_act", Holds::Refers(&["acts"])),
            ("assigned_to", Holds::Refers(&["staff"])),
            ("audit_head", Holds::Digest("the last link of its chain, which is compared")),
            ("region", Holds::Code(|| codes(Region::ALL, Region::as_str))),
            ("also", Holds::Codes(queues)),
            ("names_mac", Holds::Digest("a keyed hash over all whom it names, which is compared")),
        ],
    },
    Table {
        name: "case_queues",
        row: "case_id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("case_id", Holds::Refers(&["cases"])),
            ("queue", Holds::Code(queues)),
            ("mode", Holds::Code(|| codes(Mode::ALL, Mode::as_str))),
            ("state", Holds::Code(|| codes(State::ALL, State::as_str))),
            ("category", Holds::Code(categories)),
        ],
    },
    Table {
        name: "clocks",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(ClockIds::PREFIX)),
            ("case_id", Holds::Refers(&["cases"])),
            ("kind", Holds::Code(|| codes(ClockKind::ALL, ClockKind::as_str))),
            ("request_id", Holds::Refers(&["requests"])),
            ("report_id", Holds::Refers(&["reports"])),
            ("referral_id", Holds::Refers(&["referrals"])),
            ("phase", Holds::Code(|| codes(Phase::ALL, Phase::as_str))),
        ],
    },
    Table {
        name: "case_keepings",
        row: "case_id",
        opened_by: OpenedBy::Nobody,
        columns: &[("case_id", Holds::Refers(&["cases"]))],
    },
    Table {
        name: "legal_holds",
        row: "id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("id", Holds::Id(HoldKind::PREFIX)),
            ("case_id", Holds::Refers(&["cases"])),
            ("why", Holds::Code(|| codes(HoldReason::ALL, HoldReason::as_str))),
        ],
    },
    Table {
        name: "case_standings",
        row: "case_id",
        opened_by: OpenedBy::Nobody,
        columns: &[("case_id", Holds::Refers(&["cases"]))],
    },
    Table {
        name: "reports",
        row: "id",
        opened_by: OpenedBy::Column("case_id"),
        columns: &[
            ("id", Holds::Id(ReportKind::PREFIX)),
            ("platform_id", Holds::Refers(&["platforms"])),
            ("mode", Holds::Code(|| codes(Mode::ALL, Mode::as_str))),
            ("case_id", Holds::Refers(&["cases"])),
            ("platform_report_ref", Holds::Text("the platform's own name for it")),
            ("category", Holds::Code(categories)),
            ("relation", Holds::Code(|| codes(Relation::ALL, Relation::as_str))),
            ("desired_outcome", Holds::Code(|| codes(DesiredOutcome::ALL, DesiredOutcome::as_str))),
            ("body_digest", Holds::Digest("a keyed hash of what it says")),
            ("status", Holds::Code(|| codes(Status::ALL, Status::as_str))),
            ("outcome", Holds::Code(|| codes(ReportOutcome::ALL, ReportOutcome::as_str))),
            ("statement", Holds::sealed(Scope::Statement, "statement")),
            ("identity", Holds::sealed(Scope::Identity, "identity")),
            ("answers", Holds::sealed(Scope::Answers, "answers")),
            ("contact", Holds::sealed(Scope::Contact, "contact")),
            ("subject", Holds::sealed(Scope::Subject, "subject")),
        ],
    },
];

fn categories() -> Codes {
    taxonomy().categories().iter().map(|category| category.code.as_str()).collect()
}

fn queues() -> Codes {
    codes(Queue::ALL, Queue::as_str)
}

fn priorities() -> Codes {
    codes(Priority::ALL, Priority::as_str)
}
