//! The tables of colleagues' work on a case.

use super::acts::{ActKind, ActState};
use super::notes::{Reached, Records};
use super::owed_words::OwedWord;
use super::requests::{Agreement, ReasonCode, RequestAction, RequestState, SubjectNotice};
use super::rights::Cause;
use crate::base::id::{ActKind as ActIds, AssessmentKind, Kind, NoteKind, OwedWordKind, RequestKind};
use crate::domain::terms::Mode;
use crate::domain::triage::Priority;
use crate::domain::vault::Scope;
use crate::domain::vault::stated::{Holds, OpenedBy, Table, codes};

/// What this room's tables hold.
pub(in crate::domain) const TABLES: &[Table] = &[
    Table {
        name: "assessments",
        row: "id",
        opened_by: OpenedBy::Column("case_id"),
        columns: &[
            ("id", Holds::Id(AssessmentKind::PREFIX)),
            ("case_id", Holds::Refers(&["cases"])),
            ("ruleset", Holds::Text("the version of the rules")),
            ("priority", Holds::Code(|| codes(Priority::ALL, Priority::as_str))),
            ("body", Holds::sealed(Scope::Answers, "assessment")),
        ],
    },
    Table {
        name: "notes",
        row: "id",
        opened_by: OpenedBy::Column("case_id"),
        columns: &[
            ("id", Holds::Id(NoteKind::PREFIX)),
            ("case_id", Holds::Refers(&["cases"])),
            ("author", Holds::Refers(&["staff"])),
            ("records", Holds::Code(|| codes(Records::ALL, Records::as_str))),
            ("body", Holds::sealed(Scope::Notes, "body")),
            ("channel", Holds::Code(|| codes(Reached::ALL, Reached::as_str))),
            ("contact", Holds::sealed(Scope::Contact, "wishes")),
        ],
    },
    Table {
        name: "acts",
        row: "id",
        opened_by: OpenedBy::Column("case_id"),
        columns: &[
            ("id", Holds::Id(ActIds::PREFIX)),
            ("case_id", Holds::Refers(&["cases"])),
            ("kind", Holds::Code(|| codes(ActKind::ALL, ActKind::as_str))),
            ("state", Holds::Code(|| codes(ActState::ALL, ActState::as_str))),
            ("proposed_by", Holds::Refers(&["staff"])),
            ("decided_by", Holds::Refers(&["staff"])),
            ("body", Holds::sealed(Scope::Notes, "act")),
            ("void_cause", Holds::Code(|| codes(Cause::ALL, Cause::as_str))),
        ],
    },
    Table {
        name: "readings",
        row: "case_id",
        opened_by: OpenedBy::Nobody,
        columns: &[("case_id", Holds::Refers(&["cases"])), ("staff_id", Holds::Refers(&["staff"]))],
    },
    Table {
        name: "case_offers",
        row: "case_id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("case_id", Holds::Refers(&["cases"])),
            ("staff_id", Holds::Refers(&["staff"])),
            ("given_by", Holds::Refers(&["staff"])),
        ],
    },
    Table {
        name: "case_passes",
        row: "case_id",
        opened_by: OpenedBy::Nobody,
        columns: &[("case_id", Holds::Refers(&["cases"])), ("staff_id", Holds::Refers(&["staff"]))],
    },
    Table {
        name: "requests",
        row: "id",
        opened_by: OpenedBy::Column("case_id"),
        columns: &[
            ("id", Holds::Id(RequestKind::PREFIX)),
            ("case_id", Holds::Refers(&["cases"])),
            ("report_id", Holds::Refers(&["reports"])),
            ("platform_id", Holds::Refers(&["platforms"])),
            ("mode", Holds::Code(|| codes(Mode::ALL, Mode::as_str))),
            ("action", Holds::Code(|| codes(RequestAction::ALL, RequestAction::as_str))),
            ("state", Holds::Code(|| codes(RequestState::ALL, RequestState::as_str))),
            ("made_by", Holds::Refers(&["staff"])),
            ("subject_notice", Holds::Code(|| codes(SubjectNotice::ALL, SubjectNotice::as_str))),
            ("agreement", Holds::Code(|| codes(Agreement::ALL, Agreement::as_str))),
            ("reason_code", Holds::Code(|| codes(ReasonCode::ALL, ReasonCode::as_str))),
            ("details", Holds::sealed(Scope::Messages, "details")),
            ("answer", Holds::sealed(Scope::Messages, "answer")),
        ],
    },
    Table {
        name: "case_links",
        row: "case_id",
        opened_by: OpenedBy::Nobody,
        columns: &[
            ("case_id", Holds::Refers(&["cases"])),
            ("other_id", Holds::Refers(&["cases"])),
            ("linked_by", Holds::RefersOr(&["staff"], &["system"])),
        ],
    },
    Table {
        name: "owed_words",
        row: "id",
        opened_by: OpenedBy::Column("case_id"),
        columns: &[
            ("id", Holds::Id(OwedWordKind::PREFIX)),
            ("case_id", Holds::Refers(&["cases"])),
            ("referral_id", Holds::Refers(&["referrals"])),
            ("code", Holds::Code(|| codes(OwedWord::ALL, OwedWord::as_str))),
            ("note_id", Holds::Refers(&["notes"])),
            ("body", Holds::sealed(Scope::Notes, "owed_word")),
        ],
    },
];
