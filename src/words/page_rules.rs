//! What to do about a broken rule, for whoever fills in a form: in the words of its labels. Rules that a form can break by what it
//! carries and nobody types have the sentence of the API.

use std::borrow::Cow;

use super::rules;
use crate::error::rules::{Asking, Casework, Form, Rule};

/// What to do about a broken rule. As that of [`rules::rule`], it stands behind a place and repeats nothing.
#[must_use]
pub fn page_rule(rule: &Rule) -> Cow<'static, str> {
    let own = match rule {
        Rule::Form(rule) => form(rule),
        Rule::Casework(rule) => casework(*rule),
        Rule::Asking(rule) => asking(*rule),
        Rule::Consents(_)
        | Rule::Referring(_)
        | Rule::Directory(_)
        | Rule::Shifts(_)
        | Rule::Names(_)
        | Rule::Url(_)
        | Rule::Hooks(_)
        | Rule::Publishing(_)
        | Rule::Chosen(_)
        | Rule::Typed(_) => None,
    };
    own.map_or_else(|| rules::rule(rule), Cow::Borrowed)
}

const fn form(rule: &Form) -> Option<&'static str> {
    match rule {
        Form::OneOf(_) => Some("choose one of those that are shown"),
        Form::WholeNumber => Some("write a whole number"),
        Form::BrokenText => Some("a character in it is broken: write it anew"),
        Form::Nul => Some("the text holds a character that nothing can show: write it anew"),
        Form::Malformed
        | Form::MediaType
        | Form::OneObject
        | Form::Required
        | Form::UnknownMember
        | Form::OtherName
        | Form::Twice
        | Form::Text
        | Form::Boolean
        | Form::List
        | Form::Object
        | Form::Undocumented
        | Form::TooLong(_)
        | Form::TooMany(_)
        | Form::Batch(_)
        | Form::NoWords
        | Form::Category
        | Form::CategoryCode
        | Form::Reference
        | Form::Reporter
        | Form::NothingAdded
        | Form::Channel
        | Form::ChannelValue
        | Form::NoIdentifier
        | Form::Answer
        | Form::Answers
        | Form::NotAsked
        | Form::AnswerKey
        | Form::Account
        | Form::Country
        | Form::Region
        | Form::Locale
        | Form::Date
        | Form::Time
        | Form::Reversed
        | Form::NoBeginning
        | Form::TooManyMessages(_)
        | Form::Message => None,
    }
}

const fn casework(rule: Casework) -> Option<&'static str> {
    Some(match rule {
        Casework::ChannelNotConfirmed => "confirm that the way is safe now, or record that we wait, and why",
        Casework::ContactBarred => {
            "her contact wishes could not be read: ask her, and use “Record how she may be reached”, or record that we wait"
        }
        Casework::CheckInNotAgreed => "a next contact is agreed in a contact: choose that above",
        Casework::NotATransition => "use the form for it: asking the platform, or deciding",
        Casework::UnknownColleague => "choose one of the colleagues who are shown",
        Casework::NotLive => "the check is made by phone, by video or in person: keep what she wrote as a plain note",
        Casework::NoWithdrawal => {
            "nobody has asked to withdraw: close with what happened, or first write a note that she told us"
        }
        Casework::NoCoercionCheck => {
            "first speak with her by phone, by video or in person, when she is alone, and write a note of that check: after the wish, and after all that she has said since; until then hold the case or record that we wait"
        }
        Casework::CheckedNotAlone => {
            "she was not alone, so she was not free to say: ask again when she is, and until then hold the case or record that we wait"
        }
        Casework::ContactNotSafe => {
            "contact is not safe by now: hold the case or record that we wait; it is not withdrawn"
        }
        Casework::NoChannel => "say by which way, or that she came to us",
        Casework::ChannelNotSafe => {
            "she has not said that this way is safe, or it was taken away since: use one that is, record that we wait, or record what happened anyway"
        }
        Casework::SheCame => "she came to us: record it as a contact by a way that is safe",
        Casework::WishesHaveACall => "use “Record how she may be reached” for what she told",
        Casework::ToldNotLive => {
            "only what she says live counts, by phone, by video or in person: keep what she wrote as a plain note"
        }
        Casework::NoSafeWay => "say at least one way that is safe: her own pages, when she comes back by herself",
        Casework::NotSaidOfDisclosure => "say to whom, why, what came of asking her, and whether she was told",
        Casework::NoDisclosure => "choose what was disclosed in this case",
        Casework::NotOwed => "she was told, or is not owed it: read the case again",
        Casework::NoSupport => {
            "no service has accepted a referral: first write a note that help was confirmed, and how you know"
        }
        Casework::NotOfThisNote => "leave it empty: it does not belong to what is recorded here",
        Casework::NoReason
        | Casework::HoldWithoutEnd(_)
        | Casework::HoldOutOfRange(_)
        | Casework::LookAgainOutOfRange(_)
        | Casework::NoteLength(_)
        | Casework::CheckInOutOfRange(_)
        | Casework::HoldEnds
        | Casework::NothingLeft
        | Casework::SameCase
        | Casework::OtherMode
        | Casework::SamePriority
        | Casework::NoHow
        | Casework::NoAlone
        | Casework::ToldAt
        | Casework::NoHandOverNote
        | Casework::NotOnShift
        | Casework::TheirsAlready
        | Casework::CheckedSameWay
        | Casework::CheckedTooSoon(_)
        | Casework::NoLookAgain(_)
        | Casework::ToldNotAlone
        | Casework::NoContactWanted
        | Casework::NoValue
        | Casework::SafeAndNever => return None,
    })
}

const fn asking(rule: Asking) -> Option<&'static str> {
    match rule {
        Asking::AfterDue => {
            Some("the platform would have to wait until after the answer is due: choose a later answer")
        }
        Asking::MirrorReports
        | Asking::UnknownReport
        | Asking::RecordOnly
        | Asking::SingleContact
        | Asking::InThePast
        | Asking::TooLong(_)
        | Asking::NoAgreementRecord
        | Asking::NoRecordOfTwo
        | Asking::NoAgreement
        | Asking::NoDeclineReason
        | Asking::DeclineReason => None,
    }
}
