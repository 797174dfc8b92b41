//! What is set up once and kept: names, declarations, the rota, addresses that are called, editions.

/// What is wrong with a name, or with what a colleague declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// It is no username.
    Username,
    /// It is no short name of a platform.
    Slug,
    /// A spreadsheet takes the short name for a number or a date.
    SlugIsValue,
    /// The name hides something.
    Hidden,
    /// Nobody can see the name.
    Unseen,
    /// The name has more than so many characters.
    TooLong(usize),
    /// A spreadsheet takes the name for a formula.
    Formula,
    /// People would take the name for that of another platform.
    LookAlike {
        /// The other's short name.
        slug: String,
        /// The other's id.
        id: String,
    },
    /// The identifier has more than so many characters.
    IdentifierTooLong(usize),
    /// The number is of no country.
    NoCountry,
    /// The identifier stands for nobody.
    Nobody,
    /// The account is nobody's.
    NoAccount,
}

impl Names {
    /// The code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Username => "bad_username",
            Self::Slug | Self::SlugIsValue => "bad_slug",
            Self::Hidden | Self::Unseen | Self::TooLong(_) | Self::Formula => "bad_name",
            Self::LookAlike { .. } => "look_alike",
            Self::IdentifierTooLong(_) | Self::NoCountry | Self::Nobody => "bad_identifier",
            Self::NoAccount => "bad_account",
        }
    }
}

/// What is wrong with a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shifts {
    /// The account takes no cases.
    TakesNoCases,
    /// It ends before it begins, or is over.
    Over,
    /// It is longer than so many days.
    TooLong(u64),
    /// It begins too far ahead.
    TooFarAhead,
}

impl Shifts {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TakesNoCases => "takes_no_cases",
            Self::Over | Self::TooLong(_) | Self::TooFarAhead => "out_of_range",
        }
    }
}

/// Why a URL may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Url {
    /// It is not a URL, or not written as one plainly is.
    Malformed,
    /// It does not begin with `https://`.
    Scheme,
    /// It names a port that is not open to callers.
    Port,
    /// It holds a name or a password.
    UserInfo,
    /// It holds a fragment.
    Fragment,
    /// Its host is an address.
    Address,
    /// Its host is a name of somebody's inside.
    Host,
}

impl Url {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "bad_url",
            Self::Scheme => "https_required",
            Self::Port => "port_not_allowed",
            Self::UserInfo => "credentials_in_url",
            Self::Fragment => "fragment_in_url",
            Self::Address => "address_not_allowed",
            Self::Host => "host_not_allowed",
        }
    }
}

/// What stands against a change of a webhook, a replay, or a place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hooks {
    /// There are as many endpoints as there may be.
    TooManyEndpoints,
    /// As many keys sign as may.
    TooManyKeys,
    /// The old key would sign for longer than so many hours.
    Overlap(u64),
    /// The span holds more than so many events.
    RangeTooWide(usize),
    /// It is no span.
    Range,
    /// The log has no such event.
    UnknownEvent,
}

impl Hooks {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooManyEndpoints => "too_many_endpoints",
            Self::TooManyKeys => "too_many_keys",
            Self::Overlap(_) => "out_of_range",
            Self::RangeTooWide(_) => "range_too_wide",
            Self::Range => "bad_range",
            Self::UnknownEvent => "unknown_event",
        }
    }
}

/// What stands against a step of an edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publishing {
    /// Its quarter is over, and nobody committed to it before.
    QuarterOver,
    /// Nobody committed to it.
    NotCommitted,
    /// Its quarter runs.
    QuarterRuns,
    /// It is published.
    Published,
    /// The rules are others than those that it was committed to with.
    OtherRules,
    /// The totals are others than the full count.
    TotalsDiffer,
    /// What was built is not what is on record.
    NotOnRecord,
    /// It is not published.
    NotPublished,
    /// It was replaced.
    Replaced,
    /// Its replacement is announced.
    Announced,
    /// The replacement has no reason.
    NoReason,
    /// The reason is no plain line of so many characters.
    Reason(usize),
}

impl Publishing {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::QuarterOver => "quarter_over",
            Self::NotCommitted => "not_committed",
            Self::QuarterRuns => "quarter_runs",
            Self::Published => "published",
            Self::OtherRules => "other_rules",
            Self::TotalsDiffer => "totals_differ",
            Self::NotOnRecord => "not_on_record",
            Self::NotPublished => "not_published",
            Self::Replaced => "replaced",
            Self::Announced => "announced",
            Self::NoReason => "required",
            Self::Reason(_) => "bad_reason",
        }
    }
}

/// What is wrong with a password that somebody chooses, or with what they prove themselves by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// It has fewer than so many characters.
    TooShort(usize),
    /// It has more than so many characters.
    TooLong(usize),
    /// It is the present one.
    Same,
    /// It is among what is tried first.
    Guessed,
    /// The present one was given, and ends now.
    Given,
    /// The present password or the code does not hold.
    NotProved,
    /// The second factor is closed.
    Closed,
}

impl Chosen {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort(_) => "too_short",
            Self::TooLong(_) => "too_long",
            Self::Same => "same_password",
            Self::Guessed => "guessed_first",
            Self::Given => "required",
            Self::NotProved => "not_proved",
            Self::Closed => "second_factor_closed",
        }
    }
}
