//! What somebody can do with a case: each act as a value, by which the policy is asked, and as a type, so that a grant for
//! one cannot serve another.

use crate::base::code::codes;

/// An act as a type.
pub trait CaseAct: 'static {
    /// Which act it is.
    const ACT: Act;
}

/// Declares the acts: [`Act`] lists them, and each is a type of its own.
macro_rules! acts {
    ($(#[doc = $does:literal] $name:ident = $word:literal,)*) => {
        codes! {
            /// What somebody can do with a case, in the order of the written table.
            pub enum Act {
                $(#[doc = $does] $name = $word,)*
            }
        }

        $(
            #[doc = concat!("The act as a type:", $does)]
            #[derive(Debug)]
            pub enum $name {}

            impl CaseAct for $name {
                const ACT: Act = Act::$name;
            }
        )*
    };
}

acts! {
    /// Read its state, clocks and record.
    Read = "Read",
    /// Read what people said.
    ReadContent = "ReadContent",
    /// Take it.
    Claim = "Claim",
    /// Work on it while holding it.
    Work = "Work",
    /// Write a note.
    WriteNote = "WriteNote",
    /// Raise its priority, or ask for a lower one.
    ChangePriority = "ChangePriority",
    /// Ask the platform to act.
    AskPlatform = "AskPlatform",
    /// Hand it over to a service.
    Refer = "Refer",
    /// Close it.
    Decide = "Decide",
    /// Take it up again.
    Reopen = "Reopen",
    /// Link it with another.
    Link = "Link",
    /// Hand it to somebody.
    Assign = "Assign",
    /// Hand on what they hold.
    HandOver = "HandOver",
    /// Decide as the second person.
    SignSecond = "SignSecond",
}
