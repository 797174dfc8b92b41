//! Entries of the directory of services, and where somebody is led.

/// What is wrong with an entry, or with what routing is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directory {
    /// No short name of the directory.
    Slug,
    /// A short name stands twice, or another entry has it.
    SlugTwice,
    /// An id stands twice.
    IdTwice,
    /// No need, area, language or way is named.
    Nothing,
    /// No area of this name, country or part of one.
    Area,
    /// The ages end before they begin, or are none.
    Ages,
    /// No language.
    Language,
    /// A way has no number, address or page; or an address where none may stand.
    Way,
    /// An address, as a postcode tells: no place stands here.
    Address,
    /// No hours of OpenStreetMap.
    Hours,
    /// No span of time.
    Span,
    /// `none` beside another way in.
    WaysIn,
    /// Looked up in the time to come.
    CheckedAhead,
    /// It expires before it was looked up, or more than so many days after.
    Expires(u64),
    /// An entry that was read names no source.
    NoSource,
    /// No page by https or http.
    Source,
    /// A service for children that says nothing of ages, or not that its people are trained.
    ForChildren,
    /// An agreement ends in the past, or more than so many days ahead.
    AgreementOutOfRange(u64),
    /// No mail address by itself.
    NoMail,
    /// Full until a time that is past, or more than so many days ahead.
    FullOutOfRange(u64),
    /// A way in that is opened by nobody's agreement.
    NoAgreement,
    /// An entry that nobody has read takes no referral.
    NotRead,
    /// Zones that a file gives as numbers are none.
    NoZone,
    /// The file is neither of the forms that are read.
    File(String),
}

impl Directory {
    /// The code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Slug => "bad_slug",
            Self::SlugTwice | Self::IdTwice => "taken",
            Self::Nothing | Self::NoSource | Self::NoAgreement | Self::NoZone => "required",
            Self::Area => "bad_area",
            Self::Ages | Self::ForChildren => "bad_ages",
            Self::Language => "bad_locale",
            Self::Way | Self::Source => "invalid_value",
            Self::Address => "address",
            Self::Hours => "bad_hours",
            Self::Span => "bad_span",
            Self::WaysIn => "bad_ways_in",
            Self::NoMail => "not_an_address",
            Self::CheckedAhead | Self::Expires(_) | Self::AgreementOutOfRange(_) | Self::FullOutOfRange(_) => {
                "out_of_range"
            }
            Self::NotRead => "not_read",
            Self::File(_) => "bad_file",
        }
    }
}
