//! The whole life of a case as one table. The diagram in `ARCHITECTURE.md` and the grid of a test are made from it.

use crate::base::code::codes;

codes! {
    /// Where a case stands.
    pub enum State as CaseState {
        /// Nobody has begun.
        Received = "received",
        /// Somebody has begun.
        InReview = "in_review",
        /// Set aside for at most 72 hours, with a reason.
        OnHold = "on_hold",
        /// The platform was asked.
        AwaitingPlatform = "awaiting_platform",
        /// Ended, with an outcome.
        Closed = "closed",
    }
}

codes! {
    /// What moves a case.
    pub enum Action as CaseAction {
        /// Somebody begins.
        Start = "start",
        /// Set aside.
        Hold = "hold",
        /// Taken up again.
        Resume = "resume",
        /// The platform is asked.
        AskPlatform = "ask_platform",
        /// The platform has answered all that was asked.
        PlatformAnswered = "platform_answered",
        /// Ended.
        Close = "close",
        /// Taken up after the end: a report joined, or somebody had a reason.
        Reopen = "reopen",
    }
}

impl State {
    /// The whole table: where the action leads, or nothing when it is refused.
    #[must_use]
    pub const fn next(self, action: Action) -> Option<Self> {
        use Action::{AskPlatform, Close, Hold, PlatformAnswered, Reopen, Resume, Start};
        use State::{AwaitingPlatform, Closed, InReview, OnHold, Received};
        Some(match (self, action) {
            (Received, Start) | (OnHold, Resume) | (AwaitingPlatform, PlatformAnswered | Resume) | (Closed, Reopen) => {
                InReview
            }
            (Received | InReview | AwaitingPlatform, Hold) => OnHold,
            (Received | InReview | AwaitingPlatform, AskPlatform) => AwaitingPlatform,
            (Received | InReview | AwaitingPlatform, Close) => Closed,
            (Received | InReview, Resume | PlatformAnswered | Reopen)
            | (InReview | OnHold | AwaitingPlatform, Start)
            | (OnHold, Hold | AskPlatform | PlatformAnswered | Close | Reopen)
            | (AwaitingPlatform, Reopen)
            | (Closed, Start | Hold | Resume | AskPlatform | PlatformAnswered | Close) => return None,
        })
    }

    /// Whether anything is still to be done.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Closed)
    }

    /// Whether the most urgent case of a queue may be one in this state.
    #[must_use]
    pub const fn is_claimable(self) -> bool {
        matches!(self, Self::Received | Self::InReview)
    }
}

/// The table as text, a row for each state and a column for each action.
#[must_use]
pub fn grid() -> String {
    let cell = |text: &str| format!("{text:<19}");
    let row = |name: &str, cells: Vec<String>| format!("{name:<18}{}", cells.concat()).trim_end().to_owned();
    let mut lines = vec![row("", Action::ALL.iter().map(|action| cell(action.as_str())).collect())];
    for state in State::ALL {
        let to = |action: &Action| cell(state.next(*action).map_or("-", State::as_str));
        lines.push(row(state.as_str(), Action::ALL.iter().map(to).collect()));
    }
    lines.join("\n")
}

/// The table as the Mermaid diagram of `ARCHITECTURE.md`.
#[must_use]
pub fn diagram() -> String {
    let mut lines = vec!["stateDiagram-v2".to_owned(), "    [*] --> received".to_owned()];
    for state in State::ALL {
        for action in Action::ALL {
            if let Some(to) = state.next(*action) {
                lines.push(format!("    {} --> {}: {}", state.as_str(), to.as_str(), action.as_str()));
            }
        }
    }
    lines.join("\n")
}
