//! Identifiers: a prefix that says what the thing is, and 128 random bits that say nothing at all.
//!
//! They are never sequential or time-ordered, so that nobody who sees two of them learns who reported first.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Lower-case Crockford base32: no `i`, `l`, `o` or `u`, so that an id survives being read out.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters that carry 128 bits at five bits each.
const LENGTH: usize = 26;

/// What an id names. Each kind is a type of its own, so that a report's id cannot be passed for a case's.
pub trait Kind: 'static {
    /// The part before the underscore.
    const PREFIX: &'static str;
}

/// An identifier of the kind `K`, written `prefix_` and 26 characters.
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Id<K: Kind>(String, PhantomData<fn() -> K>);

impl<K: Kind> Id<K> {
    /// A new id from the operating system's random source.
    #[must_use]
    pub fn random() -> Self {
        let bits = u128::from_be_bytes(crate::base::secret::random_bytes::<16>());
        Self(format!("{}_{}", K::PREFIX, base32(bits, LENGTH)), PhantomData)
    }

    /// The id as callers write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as callers write it, to keep.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }

    /// The same 128 bits as a UUID, for formats that know no other ids.
    #[must_use]
    pub fn uuid(&self) -> String {
        let bits = self.0.rsplit('_').next().and_then(bits).unwrap_or_default();
        let digits = format!("{bits:032x}");
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }

    /// The id that has the bits of a UUID; nothing for what is none.
    #[must_use]
    pub fn from_uuid(text: &str) -> Option<Self> {
        let lengths: Vec<usize> = text.split('-').map(str::len).collect();
        let digits = text.replace('-', "");
        if lengths != [8, 4, 4, 4, 12] || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let bits = u128::from_str_radix(&digits, 16).ok()?;
        Some(Self(format!("{}_{}", K::PREFIX, base32(bits, LENGTH)), PhantomData))
    }
}

/// `bits` in `length` characters of the id alphabet, most significant first.
#[must_use]
pub fn base32(bits: u128, length: usize) -> String {
    (0..length)
        .rev()
        .map(|place| {
            let five = bits.checked_shr(u32::try_from(place * 5).unwrap_or(u32::MAX)).unwrap_or(0) & 31;
            let at = usize::try_from(five).unwrap_or(0);
            char::from(ALPHABET.get(at).copied().unwrap_or(b'0'))
        })
        .collect()
}

/// The bits that `text` holds in the id alphabet, most significant first; nothing where it holds something else, or more than
/// 128 bits.
fn bits(text: &str) -> Option<u128> {
    text.bytes().try_fold(0_u128, |bits, letter| {
        let five = ALPHABET.iter().position(|known| *known == letter).and_then(|at| u128::try_from(at).ok())?;
        bits.checked_mul(32)?.checked_add(five)
    })
}

/// Whether every character belongs to the id alphabet.
#[must_use]
pub fn is_base32(text: &str) -> bool {
    text.bytes().all(|b| ALPHABET.contains(&b))
}

/// The form of the ids with a prefix, as a regular expression.
#[must_use]
pub fn pattern(prefix: &str) -> String {
    format!("^{prefix}_[0-9a-hjkmnp-tv-z]{{{LENGTH}}}$")
}

/// The text is not an id of the wanted kind.
#[derive(Debug, thiserror::Error)]
#[error("not an id of this kind")]
pub struct BadId;

impl<K: Kind> FromStr for Id<K> {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        match text.strip_prefix(K::PREFIX).and_then(|rest| rest.strip_prefix('_')) {
            Some(rest) if rest.len() == LENGTH && is_base32(rest) => Ok(Self(text.to_owned(), PhantomData)),
            _ => Err(BadId),
        }
    }
}

impl<K: Kind> Clone for Id<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<K: Kind> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K: Kind> Eq for Id<K> {}

impl<K: Kind> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Kind> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<K: Kind> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<K: Kind, DB: Backend> ToSql<Text, DB> for Id<K>
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.as_str().to_sql(out)
    }
}

impl<K: Kind, DB: Backend> FromSql<Text, DB> for Id<K>
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(String::from_sql(bytes)?.parse()?)
    }
}

impl<K: Kind> utoipa::PartialSchema for Id<K> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let text = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
        text.pattern(Some(pattern(K::PREFIX))).into()
    }
}

impl<K: Kind> utoipa::ToSchema for Id<K> {}

macro_rules! kinds {
    ($($(#[$doc:meta])* $alias:ident = $marker:ident $prefix:literal;)*) => {$(
        #[doc = concat!("Marks ids that begin with `", $prefix, "_`.")]
        #[derive(Debug)]
        pub enum $marker {}
        impl Kind for $marker {
            const PREFIX: &'static str = $prefix;
        }
        $(#[$doc])*
        pub type $alias = Id<$marker>;
    )*};
}

kinds! {
    /// A dating app that is a tenant.
    PlatformId = PlatformKind "plt";
    /// A platform's credential.
    ClientId = ClientKind "plc";
    /// A service's credential.
    PartnerClientId = PartnerClientKind "svk";
    /// An account of somebody at a service.
    PartnerAccountId = PartnerAccountKind "ptn";
    /// One submission.
    ReportId = ReportKind "rep";
    /// An addition to a report.
    AdditionId = AdditionKind "add";
    /// The unit of an advocate's work.
    CaseId = CaseKind "case";
    /// A pending act that waits for a second person.
    ActId = ActKind "act";
    /// A note on a case.
    NoteId = NoteKind "note";
    /// Something a platform was asked to do.
    RequestId = RequestKind "req";
    /// An entry of a platform's event log.
    EventId = EventKind "evt";
    /// A webhook endpoint.
    EndpointId = EndpointKind "whe";
    /// The signing secrets of a webhook endpoint, from one rotation to the next.
    SigningId = SigningKind "whk";
    /// An event's way to an endpoint.
    DeliveryId = DeliveryKind "dlv";
    /// What is still to be sent again to an endpoint.
    ReplayId = ReplayKind "rpl";
    /// A staff account.
    StaffId = StaffKind "stf";
    /// A session of somebody who is signed in.
    SessionId = SessionKind "ses";
    /// What the door remembers of an account.
    SignInId = SignInKind "sgn";
    /// A stored assessment.
    AssessmentId = AssessmentKind "asm";
    /// A clock of a case.
    ClockId = ClockKind "clk";
    /// A piece of owed work.
    JobId = JobKind "job";
    /// An outside organisation that helps.
    ServiceId = ServiceKind "svc";
    /// What a survivor agreed to.
    ConsentId = ConsentKind "con";
    /// What she took back of it.
    ConsentChangeId = ConsentChangeKind "cnc";
    /// A hand-over of a case to a service.
    ReferralId = ReferralKind "ref";
    /// What became of one, step by step.
    ReferralMoveId = ReferralMoveKind "rfm";
    /// Something that a survivor is owed to know.
    OwedWordId = OwedWordKind "owd";
    /// A legal hold on a case.
    HoldId = HoldKind "hld";
    /// A case that somebody must be told about.
    AlarmId = AlarmKind "alm";
    /// What a colleague declared.
    DeclarationId = DeclarationKind "dec";
    /// Somebody who asked for a case and was told that it is not there.
    TurnedAwayId = TurnedAwayKind "tad";
    /// A stretch of somebody's time on the rota.
    ShiftId = ShiftKind "shf";
    /// An audit event.
    AuditId = AuditKind "aud";
}

/// A request's id in logs and in `X-Request-Id`: 128 random bits, no prefix of a stored thing.
#[must_use]
pub fn request_trace_id() -> String {
    base32(u128::from_be_bytes(crate::base::secret::random_bytes::<16>()), LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_and_back() {
        for _ in 0..64 {
            let id = ServiceId::random();
            assert_eq!(ServiceId::from_uuid(&id.uuid()), Some(id));
        }
        let known = "ffffffff-ffff-ffff-ffff-ffffffffffff";
        assert_eq!(ServiceId::from_uuid(known).unwrap().uuid(), known);
        assert_eq!(ServiceId::from_uuid(&known.to_uppercase()).unwrap().uuid(), known);
        for bad in ["", "ffffffff", "ffffffff-ffff-ffff-ffff-fffffffffff", "+fffffff-ffff-ffff-ffff-ffffffffffff"] {
            assert_eq!(ServiceId::from_uuid(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_round_trip_and_refuse_other_kinds() {
        let id = CaseId::random();
        assert_eq!(id.as_str().len(), 31);
        assert_eq!(id.to_string().parse::<CaseId>().unwrap(), id);
        assert!(id.as_str().parse::<ReportId>().is_err());
        for bad in ["case_", "case_short", "case_ILOU0000000000000000000000", "", "CASE_00000000000000000000000000"] {
            assert!(bad.parse::<CaseId>().is_err(), "{bad}");
        }
    }
}
