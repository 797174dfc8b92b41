//! How a body is written: the shape of any, and the values of reports and additions.

/// What is wrong with how something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// The body is no JSON as the standard has it.
    Malformed,
    /// The body comes under another media type.
    MediaType,
    /// A character was lost.
    BrokenText,
    /// The text holds a NUL character.
    Nul,
    /// The body is another value than one object.
    OneObject,
    /// A member is missing.
    Required,
    /// Nobody knows the member.
    UnknownMember,
    /// The member's name is spelled in another way.
    OtherName,
    /// A member stands twice.
    Twice,
    /// It is no text.
    Text,
    /// It is neither true nor false.
    Boolean,
    /// It is no list.
    List,
    /// It is no object.
    Object,
    /// It is no whole number.
    WholeNumber,
    /// It is none of these codes.
    OneOf(Vec<String>),
    /// It has another form than the API document says.
    Undocumented,
    /// It has more than so many characters.
    TooLong(usize),
    /// It has more than so many entries.
    TooMany(usize),
    /// A batch has no reports, or more than so many.
    Batch(usize),
    /// There are no words of the person.
    NoWords,
    /// It is no category, where `not_sure` would do.
    Category,
    /// It is no category.
    CategoryCode,
    /// It is no platform's reference.
    Reference,
    /// It does not say who sends the report.
    Reporter,
    /// The addition adds nothing.
    NothingAdded,
    /// It does not say by which way the person is reached.
    Channel,
    /// It is no address or number of this way alone.
    ChannelValue,
    /// The identifier is empty.
    NoIdentifier,
    /// It is no answer.
    Answer,
    /// It is no object of answers.
    Answers,
    /// The answer says nothing.
    NotAsked,
    /// Nobody knows the question.
    AnswerKey,
    /// It is no name of an account.
    Account,
    /// It is no country.
    Country,
    /// It is no region.
    Region,
    /// It is no language tag.
    Locale,
    /// It is no date, month or time.
    Date,
    /// It is no time.
    Time,
    /// It ends before it begins.
    Reversed,
    /// It has no beginning.
    NoBeginning,
    /// There are more than so many messages, or more than fit.
    TooManyMessages(usize),
    /// It is no message.
    Message,
}

impl Form {
    /// The code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::MediaType => "media_type",
            Self::BrokenText => "broken_text",
            Self::Nul => "control_character",
            Self::Required | Self::NoWords | Self::Channel | Self::NoIdentifier | Self::NoBeginning => "required",
            Self::UnknownMember | Self::OtherName => "unknown_member",
            Self::Twice => "duplicate_member",
            Self::OneObject
            | Self::Text
            | Self::Boolean
            | Self::List
            | Self::Object
            | Self::WholeNumber
            | Self::OneOf(_)
            | Self::Undocumented
            | Self::Reporter
            | Self::ChannelValue
            | Self::Answer
            | Self::Answers
            | Self::NotAsked
            | Self::Message => "invalid_value",
            Self::TooLong(_) => "too_long",
            Self::TooMany(_) | Self::TooManyMessages(_) => "too_many",
            Self::Batch(_) => "bad_length",
            Self::Category | Self::CategoryCode => "unknown_category",
            Self::Reference => "bad_reference",
            Self::NothingAdded => "nothing_added",
            Self::AnswerKey => "unknown_answer_key",
            Self::Account => "bad_account",
            Self::Country => "bad_country",
            Self::Region => "bad_region",
            Self::Locale => "bad_locale",
            Self::Date => "bad_date",
            Self::Time => "bad_time",
            Self::Reversed => "dates_reversed",
        }
    }
}

/// What a parameter of a call must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// A value of this form.
    Form(Form),
    /// A cursor of this list.
    Cursor,
    /// An event's id.
    Event,
    /// A type of event.
    EventType,
    /// A colleague's id, or the caller.
    Colleague,
    /// A whole number that is not nought.
    FromOne,
    /// A value.
    Value,
    /// Text in UTF-8.
    Utf8,
    /// Text without NUL.
    WithoutNul,
    /// There must be one.
    Given,
    /// There must be one only.
    Once,
    /// One version, the one that was read.
    OneVersion,
    /// One of these names; there are no parameters when there are none.
    Known(Vec<String>),
    /// What the API document says.
    Documented,
}
