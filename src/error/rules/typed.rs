//! What an operator types, pipes in, or hands over in a file. What was typed comes short and printable.

/// What is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// There is none of this name.
    Unknown {
        /// What was typed.
        name: String,
        /// The command that lists what there is.
        listing: &'static str,
    },
    /// It is no word of a closed list.
    NoneOf {
        /// What was typed.
        word: String,
        /// The list.
        known: String,
    },
    /// No word of a closed list was typed.
    Nothing {
        /// The list.
        known: String,
    },
    /// The input cannot be read, for what the system says.
    Unreadable(String),
    /// The input ended without a line.
    NoLine,
    /// It is no account with the platform's name before it.
    Account,
    /// There is no platform of the name before the space, which is not repeated: it may be a part of the account.
    Platform,
    /// A service that there is none of.
    Service,
    /// It is no mail address.
    MailAddress,
    /// It is no time.
    Time(Unread),
    /// The line of a file is no shift.
    Line(Unread),
    /// The file cannot be read.
    FileUnreadable {
        /// Which.
        file: String,
        /// What the system says.
        reason: String,
    },
    /// The file is larger than a rota.
    FileTooLarge,
    /// The file is no text.
    FileNotText,
    /// A line of the file is not in UTF-8.
    LineNotText(usize),
    /// No shift is in the file.
    FileEmpty,
}

impl Typed {
    /// The code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } | Self::NoneOf { .. } | Self::Platform | Self::Service => "unknown",
            Self::Nothing { .. } | Self::NoLine => "required",
            Self::Unreadable(_) | Self::FileUnreadable { .. } => "unreadable",
            Self::Account => "bad_account",
            Self::MailAddress => "bad_address",
            Self::Time(_) => "bad_time",
            Self::Line(_) => "bad_line",
            Self::FileTooLarge => "too_large",
            Self::FileNotText | Self::LineNotText(_) => "not_text",
            Self::FileEmpty => "empty",
        }
    }
}

/// Why a line or a time cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It has fewer columns than a shift.
    Columns,
    /// It has more columns than a shift, and no heading says which is which.
    MoreColumns,
    /// The username is missing.
    NoUsername,
    /// A time is missing.
    NoTime,
    /// A time without a zone.
    NoZone(String),
    /// It is no time.
    NotATime(String),
}
