//! The whole life of a hand-over as one table, and what each state waits for. None rests without a clock or an end.

use crate::base::code::codes;
use crate::domain::triage::Phase;

codes! {
    /// Where a hand-over stands.
    pub enum State as ReferralState {
        /// Written, and not sent.
        Drafted = "drafted",
        /// Sent; the service has not received it.
        Sent = "sent",
        /// The service has it before it, and has not answered.
        Received = "received",
        /// The service has said yes.
        Accepted = "accepted",
        /// The service has been in contact with her.
        Contacted = "contacted",
        /// The service tried, and could not reach her.
        UnableToContact = "unable_to_contact",
        /// Taken back.
        Withdrawn = "withdrawn",
        /// The service has said no.
        Declined = "declined",
        /// The service has said that it is done.
        Closed = "closed",
        /// Nobody waits for it any more.
        Expired = "expired",
    }
}

codes! {
    /// What moves a hand-over.
    pub enum Move as ReferralMove {
        /// It goes to the service.
        Send = "send",
        /// The service has it before it.
        Receive = "receive",
        /// The service says yes.
        Accept = "accept",
        /// The service says no.
        Decline = "decline",
        /// The service was in contact with her.
        Contacted = "contacted",
        /// The service could not reach her.
        UnableToContact = "unable_to_contact",
        /// The service says that it is done.
        Close = "close",
        /// It is taken back.
        Withdraw = "withdraw",
        /// Nobody waits for it any more.
        Expire = "expire",
    }
}

impl State {
    /// The whole table: where a move leads, or nothing when it is refused.
    #[must_use]
    pub const fn next(self, made: Move) -> Option<Self> {
        use Move::{Accept, Close, Contacted, Decline, Expire, Receive, Send, UnableToContact, Withdraw};
        use State as S;
        Some(match (self, made) {
            (S::Drafted, Send) => S::Sent,
            (S::Sent, Receive) => S::Received,
            (S::Sent | S::Received, Accept) => S::Accepted,
            (S::Sent | S::Received | S::Accepted | S::Contacted | S::UnableToContact, Decline) => S::Declined,
            (S::Accepted | S::UnableToContact, Contacted) => S::Contacted,
            (S::Accepted | S::Contacted, UnableToContact) => S::UnableToContact,
            (S::Accepted | S::Contacted | S::UnableToContact, Close) => S::Closed,
            (S::Drafted | S::Sent | S::Received, Expire) => S::Expired,
            (S::Drafted | S::Sent | S::Received | S::Accepted | S::Contacted | S::UnableToContact, Withdraw) => {
                S::Withdrawn
            }
            (S::Drafted, Receive | Accept | Decline | Contacted | UnableToContact | Close)
            | (S::Sent, Send | Contacted | UnableToContact | Close)
            | (S::Received, Send | Receive | Contacted | UnableToContact | Close)
            | (S::Accepted, Send | Receive | Accept | Expire)
            | (S::Contacted, Send | Receive | Accept | Contacted | Expire)
            | (S::UnableToContact, Send | Receive | Accept | UnableToContact | Expire)
            | (
                S::Withdrawn | S::Declined | S::Closed | S::Expired,
                Send | Receive | Accept | Decline | Contacted | UnableToContact | Close | Withdraw | Expire,
            ) => return None,
        })
    }

    /// What it waits for; nothing where it has ended. A withdrawal waits only where a service has read what was sent.
    #[must_use]
    pub const fn phase(self, was_read: bool) -> Option<Phase> {
        match self {
            Self::Drafted => Some(Phase::Draft),
            Self::Sent => Some(Phase::Receipt),
            Self::Received => Some(Phase::Answer),
            Self::Accepted => Some(Phase::Contact),
            Self::Contacted | Self::UnableToContact => Some(Phase::NextWord),
            Self::Withdrawn if was_read => Some(Phase::Acknowledgement),
            Self::Withdrawn | Self::Declined | Self::Closed | Self::Expired => None,
        }
    }

    /// Whether no service has accepted it, and one still may: a case with such a one is not closed.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Drafted | Self::Sent | Self::Received)
    }

    /// Whether it is with a service, which may yet help.
    #[must_use]
    pub const fn is_living(self) -> bool {
        matches!(self, Self::Sent | Self::Received | Self::Accepted | Self::Contacted | Self::UnableToContact)
    }

    /// Whether a service stands by it.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted | Self::Contacted)
    }

    /// Whether nothing moves it any more.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Withdrawn | Self::Declined | Self::Closed | Self::Expired)
    }
}

/// The table as text: a row for each state, a column for each move.
#[must_use]
pub fn grid() -> String {
    let cell = |text: &str| format!("{text:<18}");
    let row = |name: &str, cells: Vec<String>| format!("{name:<19}{}", cells.concat()).trim_end().to_owned();
    let mut heads: Vec<String> = Move::ALL.iter().map(|made| cell(made.as_str())).collect();
    heads.push("waits for".to_owned());
    let mut lines = vec![row("", heads)];
    for state in State::ALL {
        let to = |made: &Move| cell(state.next(*made).map_or("-", State::as_str));
        let mut cells: Vec<String> = Move::ALL.iter().map(to).collect();
        cells.push(state.phase(true).map_or("-", Phase::as_str).to_owned());
        lines.push(row(state.as_str(), cells));
    }
    lines.join("\n")
}
