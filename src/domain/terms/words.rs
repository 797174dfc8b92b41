//! The closed lists of words in a report.

use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::base::code::codes;

codes! {
    /// Who sends the report.
    pub enum Relation {
        /// The person harmed.
        SelfReported = "self",
        /// Someone acting for them.
        ActingFor = "acting_for",
        /// A parent or carer.
        ParentOrCarer = "parent_or_carer",
        /// Someone who saw it.
        Witness = "witness",
        /// The platform's own staff.
        PlatformStaff = "platform_staff",
    }
}

codes! {
    /// An age as far as it was given.
    pub enum AgeBand {
        /// Under 18.
        Under18 = "under_18",
        /// 18 or older.
        Adult = "18_plus",
        /// Not sure: treated as under 18.
        Unsure = "unsure",
        /// Not given.
        NotGiven = "not_given",
    }
}

codes! {
    /// What the person hopes for.
    pub enum DesiredOutcome {
        /// Only that it is on record.
        RecordOnly = "record_only",
        /// Advice and support.
        Advice = "advice",
        /// That the platform acts.
        PlatformAction = "platform_action",
        /// The police.
        Police = "police",
        /// Not sure yet.
        Unsure = "unsure",
    }
}

codes! {
    /// Whether something was said just now, or comes from a profile.
    pub enum Source {
        /// Said by the person, now.
        SaidNow = "said_now",
        /// From the platform's profile of them.
        Profile = "profile",
    }
}

codes! {
    /// How exactly a time is known.
    pub enum Precision {
        /// To the minute.
        Exact = "exact",
        /// To the day.
        Day = "day",
        /// To the month.
        Month = "month",
        /// Roughly.
        About = "about",
    }
}

codes! {
    /// A way to reach someone.
    pub enum Channel {
        /// Only when they come back by themselves.
        Portal = "portal",
        /// E-mail.
        Email = "email",
        /// A call.
        Phone = "phone",
        /// A text message.
        Sms = "sms",
        /// Through the platform.
        Platform = "platform",
    }
}

codes! {
    /// An answer where not knowing is an answer.
    pub enum YesNoUnknown {
        /// Yes.
        Yes = "yes",
        /// No.
        No = "no",
        /// Not known; treated as yes where that is safer.
        Unknown = "unknown",
    }
}

codes! {
    /// Who wrote a message.
    pub enum Author {
        /// The reported person.
        Subject = "subject",
        /// The reporter.
        Reporter = "reporter",
    }
}

codes! {
    #[derive(Default)]
    pub enum Answer is "An answer to one question. Only `Yes` fires a floor or scores, and only `No` is a no (TSP-1, \
        rule 3)." {
        /// Yes.
        Yes = "yes",
        /// No.
        No = "no",
        /// The person does not know.
        Unknown = "unknown",
        /// Nobody asked; a key that is absent is this.
        #[default]
        NotAsked = "not_asked",
        /// The person would rather not say.
        Declined = "declined",
    }
}

/// Answers by key as callers send them, for the API document.
#[derive(Debug)]
pub struct Answers;

impl PartialSchema for Answers {
    fn schema() -> RefOr<Schema> {
        let key = ObjectBuilder::new().schema_type(Type::String).max_length(Some(64));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("Answers by key; the keys and their questions are at `GET /v1/categories`."))
            .property_names(Some(Schema::Object(key.build())))
            .additional_properties(Some(Ref::from_schema_name(Answer::name())))
            .max_properties(Some(200))
            .into()
    }
}

impl ToSchema for Answers {
    fn schemas(all: &mut Vec<(String, RefOr<Schema>)>) {
        all.push((Answer::name().into(), Answer::schema()));
    }
}
