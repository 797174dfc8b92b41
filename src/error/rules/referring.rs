//! Hand-overs to services.

/// What stands against a hand-over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referring {
    /// No such service, or one to which nobody who was harmed is referred.
    UnknownService,
    /// Nothing is agreed with the service, it has expired, or nobody has looked it up.
    NotReferable,
    /// The service says that it takes nobody now.
    Full,
    /// Somebody there, or whoever asks, is close to somebody in the case.
    Conflict,
    /// It takes referrals, and nobody there can receive one.
    NobodyReceives,
    /// It is for children and she is none, or she is a child and it is not trained for them.
    NotForHer,
    /// The consent is of another case, of another service, or does not hold.
    NotInForce,
    /// She has not agreed that this be given.
    NotAgreed,
    /// She has not said now where she is.
    NotSaidNow,
    /// What she confirmed of the contact sheet is older than so many hours.
    Confirmed(u64),
    /// A time that was agreed has passed.
    AgreedPast,
    /// A way that leads to no service: only numbers and addresses do.
    NotDirect,
    /// What stands there is no number or address alone: what is said beside it may be a wish.
    NotANumber,
    /// This hand-over has no such member.
    NotOfThis,
    /// She has said that this way is not safe.
    Forbidden,
    /// It opens after its answer is due.
    ClosedTillLate,
    /// The two have reported each other.
    MirrorReports,
    /// There is no content that the service does not know.
    NothingNew,
    /// What a service says is missing, or does not go with the rest.
    NotOfThisMove,
    /// A service says no without saying why.
    NoReason,
    /// A service says that it is done without saying how it ended.
    NoOutcome,
    /// Not within the last so many days.
    Happened(u64),
}

impl Referring {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownService => "unknown_service",
            Self::NotReferable => "not_referable",
            Self::Full => "full",
            Self::Conflict => "conflict",
            Self::NobodyReceives => "nobody_receives",
            Self::NotForHer => "not_for_her",
            Self::NotInForce => "consent_not_in_force",
            Self::NotAgreed => "not_agreed",
            Self::NotSaidNow => "not_said_now",
            Self::Confirmed(_) => "not_confirmed",
            Self::AgreedPast | Self::Happened(_) => "out_of_range",
            Self::NotANumber => "not_a_number",
            Self::NotDirect | Self::NotOfThis | Self::NotOfThisMove => "invalid_value",
            Self::Forbidden => "channel_forbidden",
            Self::ClosedTillLate => "closed_till_late",
            Self::MirrorReports => "mirror_reports",
            Self::NothingNew => "nothing_new",
            Self::NoReason | Self::NoOutcome => "required",
        }
    }
}
