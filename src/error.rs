//! The one error type. A domain operation says what went wrong here; `web::problem` alone says how it looks, and `words`
//! what is said of it.

use std::borrow::Cow;
use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

pub mod rules;

use self::rules::{Parameter, Rule};

/// The result of every operation.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an operation was refused or could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No credential, or one that does not hold (401).
    #[error("not authenticated: {0:?}")]
    Unauthenticated(Unauthenticated),
    /// A known caller without the right for this (403). Only where the caller may know that the thing exists.
    #[error("forbidden: {0:?}")]
    Forbidden(Forbidden),
    /// There is no such thing, or the caller may not know that there is (404).
    #[error("not found")]
    NotFound,
    /// The thing's data were destroyed on the survivor's wish or by retention (410).
    #[error("erased")]
    Erased,
    /// The thing is in a state that does not allow this (409).
    #[error("conflict: {0:?}")]
    Conflict(Conflict),
    /// The request breaks a precondition of HTTP or the contract before its content is looked at.
    #[error("refused: {0:?}")]
    Refused(Refused),
    /// The content breaks rules of the contract (422).
    #[error("the content breaks the contract's rules")]
    Invalid(Violations),
    /// Too many requests (429).
    #[error("throttled")]
    Throttled {
        /// The named limit that was passed.
        policy: &'static str,
        /// How long until a request passes again.
        retry_after: Duration,
    },
    /// Something this service needs is not there just now; nothing was stored (503).
    #[error("unavailable: {0}")]
    Unavailable(Cow<'static, str>),
    /// A fault of ours (500). Logged once at the boundary, never shown.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

/// Why a caller counts as nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unauthenticated {
    /// No credential was sent.
    Missing,
    /// The credential is not valid, has expired, or was revoked.
    Invalid,
    /// The password is right, and the second factor was closed. Only for whoever has the password.
    SecondFactorClosed,
}

/// Why a known caller may not do this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// The access token lacks a scope.
    Scope(&'static str),
    /// The role has no right to this act.
    Role,
    /// The second person must be somebody else than the first.
    SecondPerson,
    /// A form that comes from no page of ours.
    Origin,
    /// A browser asks for a page before anybody has, and its reading is put on record.
    Ahead,
    /// Only who proposed an act takes it back.
    Proposer,
    /// Whoever reads at a service says first whom they know.
    DeclareFirst,
}

/// Which state stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The state table has no way from here by this action.
    Transition {
        /// The present state.
        from: &'static str,
        /// What was asked for.
        action: &'static str,
    },
    /// Somebody else holds the case.
    ClaimedByOther,
    /// The caller's claim has lapsed, was lost, or never was.
    ClaimLost,
    /// The reference is known with another content.
    DuplicateReference {
        /// The report that has it.
        report: String,
    },
    /// A twin of this request is still being worked on.
    InFlight,
    /// A pending act was already decided.
    ActDecided,
    /// A pending act waits no longer: its case was closed, or whoever proposed it may not work on it any more.
    ActVoid,
    /// A pending act was taken back by whoever proposed it.
    ActWithdrawn,
    /// She has taken back all of a consent already.
    ConsentEnded,
    /// A hand-over is under way that no service has accepted.
    ReferralOpen,
    /// The hand-over stands where this leads nowhere.
    ReferralMoved {
        /// Where it stands.
        state: &'static str,
    },
    /// The settings name no documents of data protection.
    NoPolicy,
    /// What a hand-over rests on has ended: the agreement with the service, or what she agreed to.
    NotInForce,
    /// More is known, or was judged, than the pending act answers.
    ActOutdated,
    /// More was said in the case than the caller has read, in this claim where the act needs one.
    Unread {
        /// Since when all of it is there, as an RFC 3339 time.
        since: String,
    },
    /// The name is taken.
    NameTaken,
    /// The endpoint is not called at present.
    EndpointDisabled,
}

/// A request that is turned away before its content counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The body is not JSON, not UTF-8, or too deep (400).
    Malformed,
    /// A header or query parameter is missing or badly formed (400).
    Parameter {
        /// Its name.
        name: &'static str,
        /// What it must be.
        wanted: Parameter,
    },
    /// The query has a parameter that is not known, or badly formed (400).
    Query {
        /// Which: never a name that the caller made up.
        name: String,
        /// What it must be.
        wanted: Parameter,
    },
    /// No `Idempotency-Key` (400).
    IdempotencyKeyMissing,
    /// The key was used with another body (422).
    IdempotencyKeyReused,
    /// No `If-Match` where one is required (428).
    PreconditionRequired,
    /// The thing has changed since the caller read it (412).
    PreconditionFailed,
    /// Not `application/json` (415).
    MediaType,
    /// Packed, which we do not undo (415).
    Encoding,
    /// The body is longer than allowed (413).
    TooLarge,
    /// The body did not arrive in time (408).
    TooSlow,
    /// The path knows other methods only (405).
    Method,
}

/// One broken rule of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where, as an RFC 6901 pointer into the body.
    pub pointer: String,
    /// Which rule, with its numbers and codes.
    pub rule: Rule,
}

/// So many broken rules of one request are named one by one; the others are counted. Whoever breaks more has a fault in a
/// program, and an answer is bounded.
pub const MOST_VIOLATIONS: usize = 50;

/// All broken rules of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    /// The first of them.
    pub named: Vec<Violation>,
    /// How many more there are.
    pub more: usize,
}

impl Violations {
    /// Notes a broken rule.
    pub fn add(&mut self, pointer: impl Into<String>, rule: impl Into<Rule>) {
        if self.named.len() < MOST_VIOLATIONS {
            self.named.push(Violation { pointer: pointer.into(), rule: rule.into() });
        } else {
            self.more += 1;
        }
    }

    /// Takes over what was found in a part.
    pub fn absorb(&mut self, part: Self) {
        let room = MOST_VIOLATIONS.saturating_sub(self.named.len());
        self.more += part.more + part.named.len().saturating_sub(room);
        self.named.extend(part.named.into_iter().take(room));
    }

    /// Notes a broken rule unless `holds`.
    pub fn require(&mut self, holds: bool, pointer: &str, rule: impl Into<Rule>) {
        if !holds {
            self.add(pointer, rule);
        }
    }

    /// Fails when any rule is broken.
    pub fn into_result(self) -> Result<()> {
        if self.named.is_empty() { Ok(()) } else { Err(Error::Invalid(self)) }
    }
}

impl Error {
    /// A single broken rule.
    pub fn invalid(pointer: &str, rule: impl Into<Rule>) -> Self {
        let mut violations = Violations::default();
        violations.add(pointer, rule);
        Self::Invalid(violations)
    }

    /// Whether a row could not be read: somebody changed it outside the service. `recourse check` names it.
    #[must_use]
    pub fn is_of_a_row(&self) -> bool {
        let Self::Internal(cause) = self else { return false };
        matches!(cause.downcast_ref(), Some(DieselError::DeserializationError(_)))
    }

    /// Passing trouble of the database, which stands in the log with its cause.
    #[must_use]
    pub fn not_done(cause: &DieselError) -> Self {
        tracing::warn!(%cause, NOT_DONE);
        Self::Unavailable(NOT_DONE.into())
    }

    /// The error of an insert under a name that only one may have: it is taken when another transaction was quicker.
    #[must_use]
    pub fn taken(error: DieselError) -> Self {
        if matches!(error, DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) {
            Conflict::NameTaken.into()
        } else {
            error.into()
        }
    }

    /// Whether the same request may succeed later as it is.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::Internal(_) | Self::Throttled { .. } | Self::Conflict(Conflict::InFlight)
        )
    }
}

/// An error as a command tells it. What the database says is in its own words, and may be in its language: in their place
/// stands what to do, and the words themselves go to the log.
#[must_use]
pub fn in_our_words(error: anyhow::Error) -> anyhow::Error {
    let told = match said_by_database(&error) {
        None => return error,
        Some(DieselError::DeserializationError(_)) => {
            "a row of the database cannot be read: `recourse check` names it; put it back from a backup"
        }
        Some(_) => {
            "the database is not as this version needs it: `recourse check` names what is missing; put it back from a backup"
        }
    };
    tracing::debug!(error = %format_args!("{error:#}"), "the database said");
    anyhow::anyhow!(told)
}

fn said_by_database(error: &anyhow::Error) -> Option<&DieselError> {
    error.chain().find_map(|cause| match (cause.downcast_ref::<DieselError>(), cause.downcast_ref::<Error>()) {
        (Some(said), _) => Some(said),
        // It stands in the other's place, and not behind it.
        (None, Some(Error::Internal(inner))) => said_by_database(inner),
        (None, _) => None,
    })
}

impl From<Conflict> for Error {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// What SQLite says when the trouble lies with the machine and not with the statement. Its words are compiled in with it
/// and never change with a language; diesel hands them on without a code. PostgreSQL is asked in another way
/// (`db::trouble`), because its server words its errors in the language of whoever runs it.
const PASSING_ON_SQLITE: [&str; 8] = [
    "database is locked",
    "database table is locked",
    "locking protocol",
    "database or disk is full",
    "disk i/o error",
    "unable to open database file",
    "attempt to write a readonly database",
    "out of memory",
];

/// What a caller is told of passing trouble.
const NOT_DONE: &str = "the database could not do its work";

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        if matches!(error, DieselError::NotFound) {
            return Self::NotFound;
        }
        let passing = matches!(
            error,
            DieselError::BrokenTransactionManager
                | DieselError::RollbackErrorOnCommit { .. }
                | DieselError::DatabaseError(
                    DatabaseErrorKind::ClosedConnection
                        | DatabaseErrorKind::UnableToSendCommand
                        | DatabaseErrorKind::SerializationFailure
                        | DatabaseErrorKind::ReadOnlyTransaction,
                    _,
                )
        );
        let on_sqlite =
            |error: &_| matches!(error, DieselError::DatabaseError(_, told) if is_passing_on_sqlite(told.message()));
        if passing || on_sqlite(&error) { Self::not_done(&error) } else { Self::Internal(anyhow::Error::new(error)) }
    }
}

fn is_passing_on_sqlite(message: &str) -> bool {
    let message = message.to_lowercase();
    PASSING_ON_SQLITE.iter().any(|trouble| message.contains(trouble))
}
