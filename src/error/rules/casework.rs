//! Work on a case, and what platforms are asked.

/// What stands against an act on a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Casework {
    /// There is no reason.
    NoReason,
    /// A hold has no end. It lasts so many hours at most.
    HoldWithoutEnd(u64),
    /// A hold does not end within so many hours.
    HoldOutOfRange(u64),
    /// A note is empty, or has more than so many characters.
    NoteLength(usize),
    /// Nobody confirmed that the channel is safe.
    ChannelNotConfirmed,
    /// The person's wishes could not be read, and nobody asked.
    ContactBarred,
    /// A check-in without a contact.
    CheckInNotAgreed,
    /// A check-in is not within so many days.
    CheckInOutOfRange(u64),
    /// A legal hold ends before now, or in more than ten years.
    HoldEnds,
    /// All that was said in a case was destroyed.
    NothingLeft,
    /// A case and itself.
    SameCase,
    /// A real case and a trial.
    OtherMode,
    /// The case has the priority.
    SamePriority,
    /// No colleague of this id may take the case.
    UnknownColleague,
    /// A hand-over says nothing to whoever gets the case.
    NoHandOverNote,
    /// Whoever hands an urgent case over hands it to somebody who is not at work.
    NotOnShift,
    /// They have the case already.
    TheirsAlready,
    /// The act has a call of its own.
    NotATransition,
    /// A note that needs it does not say by which way she was heard.
    NoHow,
    /// A check for coercion was not made live: by a way on which one hears or sees the other.
    NotLive,
    /// A check for coercion does not say whether she was alone.
    NoAlone,
    /// Only a wish to withdraw was told at a time, and not in the time to come.
    ToldAt,
    /// This kind of note has no such member.
    NotOfThisNote,
    /// Nobody asked to withdraw.
    NoWithdrawal,
    /// Nobody has checked for coercion since the wish, and since she last said something.
    NoCoercionCheck,
    /// She was not alone when it was checked.
    CheckedNotAlone,
    /// It was checked by the way through which the wish came.
    CheckedSameWay,
    /// It was checked within so many hours of the wish.
    CheckedTooSoon(u64),
    /// Contact is not safe by now.
    ContactNotSafe,
    /// A note of a contact does not say by which way.
    NoChannel,
    /// The wishes in force do not list the way.
    ChannelNotSafe,
    /// A contact that she made herself is none that was made anyway.
    SheCame,
    /// Who waits with contact does not say when they look again; so many hours ahead at the most.
    NoLookAgain(u64),
    /// The next look is not within so many hours.
    LookAgainOutOfRange(u64),
    /// Wishes have a call of their own.
    WishesHaveACall,
    /// Wishes were not told live.
    ToldNotLive,
    /// She was not alone when she told her wishes.
    ToldNotAlone,
    /// We may contact her, and by no way.
    NoSafeWay,
    /// We may not contact her, and there are ways.
    NoContactWanted,
    /// A way has no number or address.
    NoValue,
    /// What is said to be safe may be what is forbidden.
    SafeAndNever,
    /// What was told to others without her consent is not said in full.
    NotSaidOfDisclosure,
    /// There is no such disclosure in the case.
    NoDisclosure,
    /// She is not owed this, or was told.
    NotOwed,
    /// Nobody accepted a referral, or confirmed that help came.
    NoSupport,
}

impl Casework {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotOnShift => "not_on_shift",
            Self::TheirsAlready => "theirs_already",
            Self::NoReason
            | Self::NoHandOverNote
            | Self::HoldWithoutEnd(_)
            | Self::NoHow
            | Self::NoAlone
            | Self::NoChannel
            | Self::NoLookAgain(_)
            | Self::NoSafeWay
            | Self::NoValue
            | Self::NotSaidOfDisclosure => "required",
            Self::NoDisclosure => "unknown_disclosure",
            Self::NotOwed => "not_owed",
            Self::NoSupport => "support_not_confirmed",
            Self::HoldOutOfRange(_)
            | Self::HoldEnds
            | Self::CheckInOutOfRange(_)
            | Self::ToldAt
            | Self::LookAgainOutOfRange(_) => "out_of_range",
            Self::NotLive | Self::ToldNotLive => "not_live",
            Self::ToldNotAlone => "not_alone",
            Self::ChannelNotSafe => "channel_not_safe",
            Self::SheCame => "not_made_by_us",
            Self::WishesHaveACall => "use_wishes",
            Self::NoContactWanted | Self::SafeAndNever => "contradicts",
            Self::NotOfThisNote => "not_of_this_note",
            Self::NoWithdrawal => "no_withdrawal",
            Self::NoCoercionCheck => "no_coercion_check",
            Self::CheckedNotAlone => "checked_not_alone",
            Self::CheckedSameWay => "checked_same_way",
            Self::CheckedTooSoon(_) => "checked_too_soon",
            Self::ContactNotSafe => "contact_not_safe",
            Self::NoteLength(_) => "bad_length",
            Self::ChannelNotConfirmed => "channel_not_confirmed",
            Self::ContactBarred => "contact_barred",
            Self::CheckInNotAgreed => "not_agreed",
            Self::NothingLeft => "erased",
            Self::SameCase => "same_case",
            Self::OtherMode => "other_mode",
            Self::SamePriority => "unchanged",
            Self::UnknownColleague => "unknown_colleague",
            Self::NotATransition => "not_a_transition",
        }
    }
}

/// What stands against a request to a platform, or its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// The subject has reported the reporter too.
    MirrorReports,
    /// The case has no such report.
    UnknownReport,
    /// The reporter wants it on record only.
    RecordOnly,
    /// Nobody checked whether the survivor may be the subject's only contact.
    SingleContact,
    /// The time has passed.
    InThePast,
    /// It would begin after it is due.
    AfterDue,
    /// It has more than so many characters.
    TooLong(usize),
    /// It does not say how she agreed.
    NoAgreementRecord,
    /// It does not say why two people act without her agreement.
    NoRecordOfTwo,
    /// She has not agreed.
    NoAgreement,
    /// A refusal has no reason.
    NoDeclineReason,
    /// A removal cannot be refused for this reason.
    DeclineReason,
}

impl Asking {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::MirrorReports => "mirror_reports",
            Self::UnknownReport => "unknown_report",
            Self::RecordOnly => "record_only",
            Self::SingleContact => "single_contact_check_required",
            Self::InThePast => "in_the_past",
            Self::AfterDue => "after_due",
            Self::TooLong(_) => "too_long",
            Self::NoAgreementRecord | Self::NoRecordOfTwo | Self::NoDeclineReason => "required",
            Self::NoAgreement => "agreement_required",
            Self::DeclineReason => "reason_not_allowed",
        }
    }
}
