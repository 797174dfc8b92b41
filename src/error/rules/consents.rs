//! What a survivor agrees to.

/// What stands against a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consents {
    /// No service of the directory to which she could be referred.
    UnknownService,
    /// Nothing may be given.
    NoScope,
    /// Something stands twice.
    Twice,
    /// Given on her own pages, and recorded by a colleague.
    OnHerPages,
    /// Somebody who is no professional spoke between.
    Interpreter,
    /// She was not told all of it.
    NotTold,
    /// Nobody confirmed that the channel is safe.
    ChannelNotConfirmed,
    /// Not given within the last so many days.
    GivenAt(u64),
    /// Given before she last wished to withdraw.
    BeforeWish,
    /// It ends too late, or has ended; so many days at the most.
    Expires(u64),
    /// She was not alone.
    NotAlone,
    /// Nobody says why it is not known whether she was alone.
    WhyUnknown,
    /// This consent has no such member.
    NotOfThis,
    /// Nobody knows whether she was alone, so nobody else may be asked in its place.
    NoFallback,
    /// A child's case, and a consent of an adult.
    OfAChild,
    /// An adult's case, and a consent of a child.
    OfAnAdult,
    /// A child's consent without what she understood.
    Understood,
    /// The name of a service tells something of her, and she has not said yes to it.
    NameOuts,
    /// What is left is all of it, or more.
    NothingTakenBack,
}

impl Consents {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownService => "unknown_service",
            Self::NoScope | Self::WhyUnknown | Self::Understood | Self::NotTold => "required",
            Self::Twice => "duplicate",
            Self::OnHerPages | Self::NotOfThis | Self::NothingTakenBack => "invalid_value",
            Self::Interpreter => "interpreter",
            Self::ChannelNotConfirmed => "channel_not_confirmed",
            Self::GivenAt(_) | Self::Expires(_) => "out_of_range",
            Self::BeforeWish => "before_a_wish",
            Self::NotAlone => "not_alone",
            Self::NoFallback => "no_fallback",
            Self::OfAChild | Self::OfAnAdult => "wrong_giver",
            Self::NameOuts => "name_outs",
        }
    }
}
