//! Notes as colleagues write and read them: what one can record, and what belongs to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::code::codes;
use crate::base::id::{NoteId, OwedWordId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::terms::words::Answer;

codes! {
    /// What a note records as done.
    pub enum Records {
        /// Contact through a channel that was confirmed safe just before.
        SafeContact = "safe_contact",
        /// A reason to wait with contact, because it is not safe.
        Standby = "standby",
        /// The decision whether to hand over or go to the police.
        EscalationDecision = "escalation_decision",
        /// A fresh look at the case; the next one is due after its span.
        ReReview = "re_review",
        /// That she told a colleague that she wants to withdraw. It lowers and closes nothing.
        WithdrawalTold = "withdrawal_told",
        /// That she was asked, live and alone, whether somebody makes her withdraw. `text` has her words.
        CoercionCheck = "coercion_check",
        /// That she told a colleague how she may be reached. It is written by `wishes` alone.
        WishesTold = "wishes_told",
        /// Contact that was made although the way was not known to be safe. `text` says why. It is no contact that counts,
        /// and the safeguarding lead is told now.
        UnsafeContact = "unsafe_contact",
        /// That help came, as she or a service told a colleague: then a case may be closed as `supported_elsewhere` without a
        /// referral that was accepted. `text` says how it is known.
        SupportConfirmed = "support_confirmed",
        /// That something was told to the police, an ambulance or a service without her consent, because it could not wait or
        /// she could not decide. `text` has what was said to them. It needs nobody's leave; the safeguarding lead hears now, and
        /// another person looks at it within 24 hours.
        EmergencyDisclosure = "emergency_disclosure",
        /// That another person looked at an emergency disclosure. `text` has their judgement.
        DisclosureReviewed = "disclosure_reviewed",
    }
}

codes! {
    /// To whom something was told without her consent.
    pub enum DisclosedTo {
        /// The police.
        Police = "police",
        /// An ambulance.
        Ambulance = "ambulance",
        /// Those who protect children.
        ChildrenServices = "children_services",
        /// Those who protect adults who cannot protect themselves.
        AdultServices = "adult_services",
    }
}

codes! {
    /// Why something was told without her consent.
    pub enum DisclosureReason {
        /// A life is in danger.
        Life = "life",
        /// Serious harm is about to be done.
        SeriousHarm = "serious_harm",
        /// A child is at risk.
        ChildAtRisk = "child_at_risk",
        /// She cannot decide for herself just now.
        NoCapacity = "no_capacity",
    }
}

codes! {
    /// What came of asking her first.
    pub enum AskedHer {
        /// She agreed.
        Agreed = "agreed",
        /// She did not want it.
        Refused = "refused",
        /// It was not safe to ask her.
        Unsafe = "unsafe",
        /// She could not be reached.
        Unreachable = "unreachable",
    }
}

codes! {
    /// By which way she was heard.
    pub enum Way {
        /// Through the app of the platform.
        App = "app",
        /// By telephone.
        Phone = "phone",
        /// By video.
        Video = "video",
        /// Face to face.
        InPerson = "in_person",
        /// By mail.
        Email = "email",
        /// By a message: a text message, a messenger.
        Message = "message",
        /// By a letter.
        Letter = "letter",
        /// Through somebody else: a service, a relative, the police.
        SomebodyElse = "somebody_else",
    }
}

codes! {
    /// By which way a contact was made.
    pub enum Reached as ContactWay {
        /// She came to us.
        Incoming = "incoming",
        /// On the pages to which she comes back.
        Portal = "portal",
        /// By e-mail.
        Email = "email",
        /// By a call.
        Phone = "phone",
        /// By a text message.
        Sms = "sms",
        /// Through the platform.
        Platform = "platform",
    }
}

impl Way {
    /// Whether one hears or sees the other at that moment.
    pub(in crate::domain::casework) const fn is_live(self) -> bool {
        match self {
            Self::Phone | Self::Video | Self::InPerson => true,
            Self::App | Self::Email | Self::Message | Self::Letter | Self::SomebodyElse => false,
        }
    }
}

/// A note to be written.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    /// The words, for colleagues.
    #[schema(min_length = 1, max_length = 20000)]
    pub text: String,
    /// What it records as done.
    #[serde(default)]
    pub records: Option<Records>,
    /// For `safe_contact` and `unsafe_contact`, which need it: by which way. A `safe_contact` is made by one of the channels of
    /// `contact_in_force`, or is `incoming`: she came to us.
    #[serde(default)]
    pub channel: Option<Reached>,
    /// For `safe_contact`: that the channel was confirmed safe for this contact; `incoming` needs no such word. Nobody is
    /// rung to stop a clock.
    #[serde(default)]
    pub channel_confirmed_safe: bool,
    /// For `safe_contact`, when her contact wishes could not be read (`contact_barred` of the case): that she was asked
    /// herself how she may be reached, when she came back or by a way that she had named safe. It lifts the bar.
    #[serde(default)]
    pub wishes_asked: bool,
    /// For `safe_contact`: until when the next contact was agreed, at most 30 days ahead. When it passes and the case is
    /// urgent, that raises it.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub check_in_by: Option<Timestamp>,
    /// For `standby`: when somebody looks again whether contact is safe. Of a p0 it is needed and at most 2 hours ahead, of a
    /// p1 needed and 24; of others at most 7 days.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub look_again_by: Option<Timestamp>,
    /// For `withdrawal_told` and `coercion_check`, which need it: by which way she was heard. A check is made by `phone`,
    /// `video` or `in_person`.
    #[serde(default)]
    pub how: Option<Way>,
    /// For `coercion_check`, which needs it: what she said when she was asked whether she is alone. A check counts when it
    /// is `yes`.
    #[serde(default)]
    pub alone: Option<Answer>,
    /// For `withdrawal_told`: when she told it, within the last 30 days; now when absent. How long a check has to wait is
    /// counted from the note.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub told_at: Option<Timestamp>,
    /// For `safe_contact` and `standby`: what of `to_tell` was told to her, or waits because contact is not safe, by its ids.
    #[serde(default)]
    #[schema(inline, max_items = 50)]
    pub tells: Vec<OwedWordId>,
    /// For `emergency_disclosure`, which needs it: to whom.
    #[serde(default)]
    pub to: Option<DisclosedTo>,
    /// For `emergency_disclosure`, which needs it: why.
    #[serde(default)]
    pub why: Option<DisclosureReason>,
    /// For `emergency_disclosure`, which needs it: what came of asking her.
    #[serde(default)]
    pub asked_her: Option<AskedHer>,
    /// For `emergency_disclosure`, which needs it: whether she was told that it was done.
    #[serde(default)]
    pub told_her: Option<bool>,
    /// For `disclosure_reviewed`, which needs it: the note that was looked at.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^note_[0-9a-hjkmnp-tv-z]{26}$")]
    pub reviews: Option<NoteId>,
}

/// A note as colleagues read it.
#[derive(Serialize, ToSchema)]
pub struct NoteView {
    /// Its id.
    #[schema(value_type = String, example = "note_00000000000000000000000000")]
    pub id: NoteId,
    /// Who wrote it.
    #[schema(value_type = String)]
    pub author: StaffId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What it records.
    pub records: Option<Records>,
    /// The words; none of `wishes_told`, which stand in `contact_in_force`.
    pub text: String,
    /// By which way contact was made: for `safe_contact` and `unsafe_contact`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Reached>,
    /// By which way she was heard: for `withdrawal_told`, `coercion_check` and `wishes_told`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<Way>,
    /// Whether she was alone: for `coercion_check` and `wishes_told`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alone: Option<Answer>,
    /// When she told it, where that was said: for `withdrawal_told`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub told_at: Option<Timestamp>,
    /// For `emergency_disclosure`: to whom, why, and what she knows of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<Disclosure>,
    /// For `disclosure_reviewed`: the note that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reviews: Option<NoteId>,
}

/// What was told to others without her consent.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct Disclosure {
    /// To whom.
    pub to: DisclosedTo,
    /// Why.
    pub why: DisclosureReason,
    /// What came of asking her first.
    pub asked_her: AskedHer,
    /// Whether she was told that it was done.
    pub told_her: bool,
}

impl Records {
    /// Whether it weighs what was said, so that its author has read all of that. A contact and a wish are told by whoever
    /// heard of them first.
    pub(super) const fn is_judgement(self) -> bool {
        match self {
            Self::Standby
            | Self::EscalationDecision
            | Self::ReReview
            | Self::CoercionCheck
            | Self::DisclosureReviewed => true,
            // Nobody reads all of a case before they ring for an ambulance.
            Self::SafeContact
            | Self::WithdrawalTold
            | Self::WishesTold
            | Self::UnsafeContact
            | Self::SupportConfirmed
            | Self::EmergencyDisclosure => false,
        }
    }

    /// Whether the case is counted for the public with it. What she wishes makes nobody count who was not counted, nor does contact
    /// that should not have been.
    pub(super) const fn is_counted(self) -> bool {
        match self {
            Self::SafeContact
            | Self::Standby
            | Self::EscalationDecision
            | Self::ReReview
            | Self::EmergencyDisclosure => true,
            Self::WithdrawalTold
            | Self::CoercionCheck
            | Self::WishesTold
            | Self::UnsafeContact
            | Self::SupportConfirmed
            | Self::DisclosureReviewed => false,
        }
    }
}

silent! { NewNote NoteView }
