//! The words and shapes of requests: what can be asked and answered, and the life of a request as one table.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::code::codes;
use crate::base::id::ReportId;
use crate::base::secret::silent;
use crate::base::time::Timestamp;

const DAY: u64 = 24;

codes! {
    /// What a platform can be asked.
    pub enum RequestAction {
        /// Keep what is there, before anybody unmatches or deletes.
        PreserveEvidence = "preserve_evidence",
        /// Stop the subject from writing to the survivor.
        StopContact = "stop_contact",
        /// Hide the account while it is looked at.
        HideAccount = "hide_account",
        /// Remove the account.
        RemoveAccount = "remove_account",
        /// Remove an image, and copies of it.
        RemoveImage = "remove_image",
        /// Bring back evidence that was deleted.
        RestoreEvidence = "restore_evidence",
        /// Tell us something.
        ProvideInformation = "provide_information",
    }
}

impl RequestAction {
    /// How long a platform has when nobody says otherwise.
    pub(super) const fn usual_span(self) -> Duration {
        Duration::from_hours(match self {
            Self::PreserveEvidence | Self::StopContact | Self::HideAccount => DAY,
            Self::RemoveImage => 2 * DAY,
            Self::RemoveAccount | Self::RestoreEvidence => 3 * DAY,
            Self::ProvideInformation => 7 * DAY,
        })
    }

    /// Whether it cuts a contact, so that a subject with a single contact would know who spoke.
    pub(super) const fn may_tip_off(self) -> bool {
        matches!(self, Self::StopContact | Self::HideAccount | Self::RemoveAccount)
    }
}

codes! {
    /// Where a request stands.
    pub enum RequestState {
        /// Asked.
        Open = "open",
        /// The platform has seen it.
        Acknowledged = "acknowledged",
        /// Done.
        Done = "done",
        /// Done in part.
        PartlyDone = "partly_done",
        /// Declined, with a reason.
        Declined = "declined",
        /// The time has passed; a late answer is still taken.
        Overdue = "overdue",
    }
}

impl RequestState {
    /// The whole life of a request: where the platform's answer leads, or nothing when it is refused.
    #[must_use]
    pub const fn next(self, answer: AnswerState) -> Option<Self> {
        Some(match (self, answer) {
            (Self::Open, AnswerState::Acknowledged) => Self::Acknowledged,
            (Self::Overdue, AnswerState::Acknowledged) => Self::Overdue,
            (Self::Open | Self::Acknowledged | Self::Overdue | Self::PartlyDone, AnswerState::Done) => Self::Done,
            (Self::Open | Self::Acknowledged | Self::Overdue, AnswerState::PartlyDone) => Self::PartlyDone,
            (Self::Open | Self::Acknowledged | Self::Overdue, AnswerState::Declined) => Self::Declined,
            (Self::Acknowledged | Self::PartlyDone, AnswerState::Acknowledged)
            | (Self::PartlyDone, AnswerState::PartlyDone | AnswerState::Declined)
            | (
                Self::Done | Self::Declined,
                AnswerState::Acknowledged | AnswerState::Done | AnswerState::PartlyDone | AnswerState::Declined,
            ) => return None,
        })
    }

    /// Whether the platform has said what it did.
    #[must_use]
    pub const fn is_answered(self) -> bool {
        matches!(self, Self::Done | Self::PartlyDone | Self::Declined)
    }
}

codes! {
    /// What a platform can answer.
    pub enum AnswerState {
        /// We have seen it.
        Acknowledged = "acknowledged",
        /// It is done.
        Done = "done",
        /// It is done in part; the note says which.
        PartlyDone = "partly_done",
        /// We do not do it; the reason says why.
        Declined = "declined",
    }
}

codes! {
    /// Why a platform declined, or did only a part.
    pub enum ReasonCode {
        /// There is no such account or content.
        NotFound = "not_found",
        /// It was done before we asked.
        AlreadyDone = "already_done",
        /// There is too little to find it by.
        InsufficientInformation = "insufficient_information",
        /// The platform's rules were not broken.
        PolicyNotBroken = "policy_not_broken",
        /// The law forbids it.
        LegalRestriction = "legal_restriction",
        /// The image is not an intimate one.
        NotIntimateImage = "not_intimate_image",
        /// The reporter is neither in the image nor acts for who is.
        NotSubjectOrAgent = "not_subject_or_agent",
        /// It was reported to the authority for child material; we are told only that.
        ReportedAsChildMaterial = "reported_as_child_material",
        /// Another reason; the note says which.
        Other = "other",
    }
}

codes! {
    /// Whether the platform may tell the subject.
    pub enum SubjectNotice {
        /// It must not.
        None = "none",
        /// It may say that its policy review led to this, and nothing of a report.
        PolicyReview = "policy_review",
    }
}

codes! {
    /// On what a request stands.
    pub enum Agreement {
        /// The survivor agreed, and that is on record.
        Survivor = "survivor",
        /// Two colleagues put on record why it is asked without her.
        TwoPerson = "two_person",
        /// None is needed: keeping evidence only.
        NotNeeded = "not_needed",
    }
}

/// A request to be made.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRequest {
    /// What is asked.
    pub action: RequestAction,
    /// The report it is about; the newest of the case when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^rep_[0-9a-hjkmnp-tv-z]{26}$")]
    pub report_id: Option<ReportId>,
    /// On what it stands. `preserve_evidence` needs nothing; otherwise the survivor's agreement, or `two_person`.
    #[serde(default)]
    pub agreement: Option<Agreement>,
    /// How and when she agreed, or why two people act without her. Colleagues read it, the platform does not.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub agreement_record: Option<String>,
    /// When an answer is due; the usual span of the action when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// The action must not happen before this, so that it tips nobody off.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub not_before: Option<Timestamp>,
    /// Until when evidence is to be kept.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub preserve_until: Option<Timestamp>,
    /// Whether the subject may be told.
    #[serde(default)]
    pub subject_notice: Option<SubjectNotice>,
    /// For actions that cut a contact: that a person has checked whether the survivor may be the subject's only one.
    #[serde(default)]
    pub single_contact_check: bool,
    /// Ask us before you answer an access request about it.
    #[serde(default = "yes")]
    pub confidential: bool,
    /// What the platform needs to know, in words. Never the survivor's.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub details: Option<String>,
}

const fn yes() -> bool {
    true
}

/// The platform's answer.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnswer {
    /// What you did.
    pub state: AnswerState,
    /// Why not, or not all; required with `declined`.
    #[serde(default)]
    pub reason_code: Option<ReasonCode>,
    /// When you did it.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub taken_at: Option<Timestamp>,
    /// Whether the subject was told anything.
    #[serde(default)]
    pub subject_notified: Option<bool>,
    /// Anything else, at most 4,000 characters.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub note: Option<String>,
}

silent! { NewRequest NewAnswer }
