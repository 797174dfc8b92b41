//! Closed lists of codes: the same snake-case word in the API, in the database and in the log.

/// Lets an enum with `as_str` and `parse` stand in TEXT columns.
macro_rules! stored_as_text {
    ($name:ident) => {
        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                self.as_str().to_sql(out)
            }
        }

        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let text = <String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(bytes)?;
                Self::parse(&text).ok_or_else(|| concat!("an unknown ", stringify!($name), " in the database").into())
            }
        }
    };
}

/// Declares an enum whose values are codes, with `ALL`, `as_str`, `parse`, JSON, the API schema and TEXT columns. A name
/// that says enough in its room but not to whoever reads the API document has another one there, after `as`. What stands
/// after `is` describes the list here and in the API document; a comment describes it here alone.
macro_rules! codes {
    ($(#[$about:meta])* pub enum $name:ident $(as $schema:ident)? $(is $told:literal)? { $($(#[$meta:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$about])*
        $(#[doc = $told])?
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name {
            $($(#[$meta])* #[serde(rename = $code)] $variant,)*
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// The value with this code.
            #[must_use]
            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == code)
            }
        }

        $crate::base::code::stored_as_text!($name);

        // Made from the codes themselves: the derive would list the names of the variants.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let codes = Self::ALL.iter().map(|value| value.as_str());
                $crate::base::code::schema(concat!($($told)?), codes)
            }
        }

        impl utoipa::ToSchema for $name {
            $(fn name() -> std::borrow::Cow<'static, str> {
                stringify!($schema).into()
            })?
        }
    };
}

pub(crate) use {codes, stored_as_text};

/// The API schema of a list of codes that grows: any text, with those of today named beside it. A client that is made
/// from it lives on when there is one more.
pub(crate) fn open_schema(
    about: &str,
    codes: impl Iterator<Item = &'static str>,
) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    let known = utoipa::openapi::extensions::Extensions::from_iter([("x-extensible-enum", codes.collect::<Vec<_>>())]);
    let text = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
    text.description(Some(about)).extensions(Some(known)).into()
}

/// The API schema of a closed list of codes, with what is said of it there, if anything is.
pub(crate) fn schema(
    told: &str,
    codes: impl Iterator<Item = &'static str>,
) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    let text = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
    text.description((!told.is_empty()).then_some(told)).enum_values(Some(codes)).into()
}
